// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own tables and its parser, compiled for this program as the host
 * tests do it, so that what is said here is what the kernel does.
 */
#include <fnmatch.h>

#include "../../testing/selftests/kvm/guest_compat_host/host.h"

#include "compat.h"

_Static_assert(MAX_ID == GUEST_COMPAT_MAX_ID, "a vector has room for all ids");

unsigned int nr_behaviours(void)
{
	return guest_compat_nr;
}

const char *behaviour_name(unsigned int id)
{
	return id < guest_compat_nr ? guest_compat_behaviours[id].name : "";
}

const char *behaviour_description(unsigned int id)
{
	return guest_compat_behaviours[id].description;
}

unsigned int behaviour_id(const char *name)
{
	for (unsigned int id = 1; id < guest_compat_nr; id++)
		if (!strcmp(guest_compat_behaviours[id].name, name))
			return id;
	return 0;
}

/* The first release that had a revision, or 0 */
unsigned int behaviour_since(unsigned int id, unsigned int revision)
{
	for (unsigned int r = 1; r < GUEST_COMPAT_END; r++)
		if (guest_compat_revision(id, r) == revision)
			return r;
	return 0;
}

const char *release_str(unsigned int release)
{
	return release_name(release);
}

/* "6.12.117-1": of 6.12. 0 if these tables do not reach it */
unsigned int release_number(const char *kernel)
{
	unsigned int major, minor;
	int release;

	if (sscanf(kernel, "%u.%u", &major, &minor) != 2 || minor > 19)
		return 0;
	release = (int)GUEST_COMPAT_RELEASE((int)major, (int)minor);
	return release >= 1 && release < GUEST_COMPAT_END ? release : 0;
}

bool behaviour_has_field(unsigned int id, const char *reg, uint64_t bits)
{
	const struct guest_compat_id_field *f = guest_compat_behaviours[id].arch;

	/* A sys_reg() has five bits of nothing below the encoding. */
	return f && f->reg >> 5 == encoding_of(reg) && f->mask & bits;
}

const char *vector_of_string(const char *string, struct vector *v)
{
	struct kvm_guest_compat compat = {};

	memset(v, 0, sizeof(*v));
	kvm_said[0] = '\0';
	if (guest_compat_parse(&compat, string)) {
		kvm_said[strcspn(kvm_said, "\n")] = '\0';
		return kvm_said;
	}
	v->known = true;
	memcpy(v->revision, compat.revision, sizeof(v->revision));
	return NULL;
}

/* The newest baseline that is no newer, and what the release has otherwise */
void string_of_release(unsigned int release, char *string, size_t size)
{
	const struct guest_compat_baseline *base = &guest_compat_baselines[0];
	struct kvm_guest_compat compat;
	size_t len;

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++)
		if (guest_compat_baselines[i].release <= release)
			base = &guest_compat_baselines[i];
	guest_compat_name(string, size, base);
	guest_compat_of(&compat, base);
	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		u8 revision = guest_compat_revision(id, release);

		len = strlen(string);
		if (base->release != release && revision != compat.revision[id])
			snprintf(string + len, size - len, ",%s=%u",
				 guest_compat_behaviours[id].name, revision);
	}
}

#define KERNEL(pattern, from, to, string, evidence)	{ pattern, from, to, string, evidence },
const struct kernel_row kernel_rows[] = {
#include "kernels.inc"
};

#undef KERNEL

const unsigned int nr_kernel_rows = ARRAY_SIZE(kernel_rows);

/* By the numbers of the point release: "6.1.192-2" is after "6.1.19" */
static int compare_versions(const char *a, const char *b)
{
	unsigned int x[3] = {}, y[3] = {};

	if (sscanf(a, "%u.%u.%u", &x[0], &x[1], &x[2]) < 2 ||
	    sscanf(b, "%u.%u.%u", &y[0], &y[1], &y[2]) < 2)
		return 0;
	for (int i = 0; i < 3; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* "table" is the release's, and may have behaviours after it that are otherwise */
bool string_of_row(const struct kernel_row *k, const char *kernel, char *string, size_t size)
{
	size_t len = strlen("table");

	if (strncmp(k->string, "table", len)) {
		snprintf(string, size, "%s", k->string);
		return true;
	}
	if (!release_number(kernel))
		return false;
	string_of_release(release_number(kernel), string, size);
	if (k->string[len]) {
		struct kvm_guest_compat compat = {};

		snprintf(string + strlen(string), size - strlen(string), "%s", k->string + len);
		if (!guest_compat_parse(&compat, string))
			guest_compat_format(string, size, &compat);
	}
	return true;
}

bool string_of_kernel(const char *kernel, char *string, size_t size, const char **evidence)
{
	for (unsigned int i = 0; i < nr_kernel_rows; i++) {
		const struct kernel_row *k = &kernel_rows[i];

		if (fnmatch(k->pattern, kernel, 0) ||
		    (*k->from && compare_versions(kernel, k->from) < 0) ||
		    (*k->to && compare_versions(kernel, k->to) > 0))
			continue;
		*evidence = k->evidence;
		if (!strcmp(k->string, "-"))
			return false;
		if (!string_of_row(k, kernel, string, size))
			continue;
		return true;
	}
	*evidence = "";
	return false;
}

/* Debian's 5.10 and 6.1 tell the point release in uname -v only. */
void kernel_version(const char *release, const char *version, char *buf, size_t size)
{
	const char *debian = strstr(version, "Debian ");

	if (debian && debian[7] >= '0' && debian[7] <= '9')
		snprintf(buf, size, "%.*s", (int)strcspn(debian + 7, " "), debian + 7);
	else
		snprintf(buf, size, "%s", release);
}
