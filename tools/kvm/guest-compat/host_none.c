// SPDX-License-Identifier: GPL-2.0-only
/* Machines of another architecture: dumps can be read, none made */
#include <sys/utsname.h>

#include "compat.h"

void host_begin(void)
{
}

const char *no_kvm(void)
{
	static char msg[300];
	struct utsname u;

	uname(&u);
	snprintf(msg, sizeof(msg), "this machine (%s) has no KVM/arm64: run it on an arm64 host.\n"
		 "plan, diff, explain and report work here, on dumps made there", u.machine);
	return msg;
}

json_t *host_facts(void)
{
	return json_object();
}

json_t *host_baselines(void)
{
	return NULL;
}

json_t *look_at_machine(const char *baseline, const char *without, bool no_trial)
{
	return NULL;
}

int try_machine(const json_t *machine, const char *baseline, struct losses *losses)
{
	return ERROR;
}

int save_cmd(int argc, char **argv)
{
	return ERROR;
}

int restore_cmd(int argc, char **argv)
{
	return ERROR;
}

int list_cmd(const char *file)
{
	say("state files are read on arm64");
	return ERROR;
}
