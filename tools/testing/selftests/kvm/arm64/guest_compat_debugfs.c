// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_debugfs - The file guest_compat of a VM in debugfs shows the VM's
 * vector, also while other VMs are created and destroyed.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "guest_compat.h"

#define DEBUGFS		"/sys/kernel/debug"

static FILE *open_file(struct kvm_vm *vm)
{
	char name[64];

	snprintf(name, sizeof(name), DEBUGFS "/kvm/%d-%d/guest_compat", getpid(), vm->fd);
	return fopen(name, "r");
}

/* Checks the file: the first line is "baseline @says", the others are the vector. */
static bool is_right(struct kvm_vm *vm, const char *says)
{
	FILE *f = open_file(vm);
	char line[4096], name[64];
	struct compat_vector v;
	struct kvm_guest_compat_behaviour *b;
	u32 i, id, rev, dflt, high;
	bool ok;

	if (!CHECK(f, "no file: %d", errno))
		return false;

	compat_list(vm, &v);
	ok = CHECK_EQ(!!fgets(line, sizeof(line), f), 1);
	line[strcspn(line, "\n")] = '\0';
	ok &= CHECK(!strncmp(line, "baseline ", 9) && !strcmp(line + 9, says),
		    "not \"%s\": %s", says, line);
	ok &= CHECK_EQ(fgets(line, sizeof(line), f) && line[0] == '#', 1);

	for (i = 0; (b = compat_entry(&v, i)); i++) {
		ok &= CHECK_EQ(!!fgets(line, sizeof(line), f), 1) &&
		      CHECK_EQ(sscanf(line, "%u %63s %u %u %u:", &id, name, &rev, &dflt,
				      &high), 5) &&
		      CHECK_EQ(strcmp(name, b->name), 0) && CHECK_EQ(id, b->id) &&
		      CHECK_EQ(rev, b->revision) && CHECK_EQ(dflt, b->dflt) &&
		      CHECK_EQ(high, b->highest);
	}
	ok &= CHECK(!fgets(line, sizeof(line), f), "more: %s", line);
	fclose(f);
	return ok;
}

static bool test_baselines(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct kvm_guest_compat_baseline *base;
	bool ok = true;
	u32 i;

	for (i = 0; (base = compat_baseline(i)); i++) {
		ok &= CHECK_EQ(compat_select(vm, base->baseline), 0);
		ok &= is_right(vm, base->name);
	}
	compat_make_native(vm);
	ok &= is_right(vm, "native");
	kvm_vm_free(vm);
	return ok;
}

static bool test_overrides(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v;
	bool ok = true;

	ok &= CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_6_1_V1), 0);
	compat_set_named(vm, "gicd_iidr", 2);
	ok &= is_right(vm, "6.1-v1,gicd_iidr=2");
	compat_set_named(vm, "psci_version", 0);
	ok &= is_right(vm, "6.1-v1,psci_version=0,gicd_iidr=2");
	compat_set_named(vm, "gicd_iidr", 3);
	compat_set_named(vm, "psci_version", 1);
	ok &= is_right(vm, "6.1-v1");

	/* A vector of another kernel, at a baseline that this kernel does not know */
	compat_make_native(vm);
	compat_list(vm, &v);
	v.hdr.baseline = 0xff01;
	compat_find(&v, "psci_version")->revision = 0;
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v), 0);
	ok &= is_right(vm, "native,psci_version=0");
	kvm_vm_free(vm);
	return ok;
}

static bool stop;

static void *come_and_go(void *arg)
{
	int kvm_fd = open_kvm_dev_path_or_exit();

	while (!READ_ONCE(stop))
		close(__kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)0));
	close(kvm_fd);
	return NULL;
}

static bool test_come_and_go(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	pthread_t thread;
	bool ok = true;
	char line[256];
	FILE *f;
	int i;

	compat_make_native(vm);
	WRITE_ONCE(stop, false);
	pthread_create(&thread, NULL, come_and_go, NULL);
	for (i = 0; ok && i < 300; i++)
		ok &= is_right(vm, "native");
	WRITE_ONCE(stop, true);
	pthread_join(thread, NULL);

	/* The file is still open when the VM is destroyed. */
	f = open_file(vm);
	kvm_vm_free(vm);
	ok &= CHECK(f && !fgets(line, sizeof(line), f), "it can be read still");
	if (f)
		fclose(f);
	return ok;
}

static void unmount(void)
{
	umount(DEBUGFS);
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "the file of a VM has each baseline", test_baselines },
		{ "the file of a VM has each behaviour that was set", test_overrides },
		{ "the files of other VMs come and go", test_come_and_go },
	};

	if (access(DEBUGFS "/kvm", F_OK) && !mount("none", DEBUGFS, "debugfs", 0, NULL))
		atexit(unmount);
	if (access(DEBUGFS "/kvm", F_OK))
		ksft_exit_skip("no debugfs\n");
	compat_run(tests, ARRAY_SIZE(tests));
}
