/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers for KVM_CAP_GUEST_COMPAT and its VM attributes */
#ifndef SELFTEST_KVM_GUEST_COMPAT_H
#define SELFTEST_KVM_GUEST_COMPAT_H

#include <errno.h>
#include <string.h>

#include "kvm_util.h"
#include "kselftest.h"

/* A vector and the room for it */
struct compat_vector {
	union {
		struct kvm_guest_compat_vector hdr;
		u8 bytes[32768];
	};
};

/* What an ioctl did, as 0 or -errno */
static inline int compat_ret(int ret)
{
	return ret < 0 ? -errno : ret;
}

static inline int compat_get(struct kvm_vm *vm, u64 attr, void *arg)
{
	return compat_ret(__kvm_device_attr_get(vm->fd, KVM_VM_GUEST_COMPAT_CTRL, attr, arg));
}

static inline int compat_set(struct kvm_vm *vm, u64 attr, void *arg)
{
	return compat_ret(__kvm_device_attr_set(vm->fd, KVM_VM_GUEST_COMPAT_CTRL, attr, arg));
}

static inline int compat_select(struct kvm_vm *vm, u64 baseline)
{
	return compat_ret(__vm_enable_cap(vm, KVM_CAP_GUEST_COMPAT, baseline));
}

static inline void compat_list(struct kvm_vm *vm, struct compat_vector *v)
{
	int ret;

	memset(v, 0, sizeof(*v));
	v->hdr.size = sizeof(*v);
	ret = compat_get(vm, KVM_GUEST_COMPAT_LIST, v);
	TEST_ASSERT(!ret, "KVM_GUEST_COMPAT_LIST: %d", ret);
}

/* Of the last there is none after */
static inline struct kvm_guest_compat_behaviour *compat_entry(struct compat_vector *v, u32 i)
{
	if (i >= v->hdr.nr_behaviours)
		return NULL;

	return (void *)v->bytes + v->hdr.behaviours + i * v->hdr.behaviour_size;
}

static inline struct kvm_guest_compat_baseline *compat_baseline(struct compat_vector *v, u32 i)
{
	if (i >= v->hdr.nr_baselines)
		return NULL;

	return (void *)v->bytes + v->hdr.baselines + i * v->hdr.baseline_size;
}

static inline bool compat_has_release(const struct kvm_guest_compat_behaviour *b, u32 release)
{
	return b->releases[release / 64] & (1ULL << (release % 64));
}

/* Whether two vectors of one kernel have the same revisions */
static inline bool compat_same(struct compat_vector *a, struct compat_vector *b)
{
	u32 i;

	if (a->hdr.nr_behaviours != b->hdr.nr_behaviours)
		return false;

	for (i = 0; i < a->hdr.nr_behaviours; i++)
		if (compat_entry(a, i)->id != compat_entry(b, i)->id ||
		    compat_entry(a, i)->revision != compat_entry(b, i)->revision)
			return false;

	return true;
}

static inline struct kvm_guest_compat_behaviour *compat_find(struct compat_vector *v,
							     const char *name)
{
	struct kvm_guest_compat_behaviour *b;
	u32 i;

	for (i = 0; (b = compat_entry(v, i)); i++)
		if (!strcmp(b->name, name))
			return b;

	return NULL;
}

static inline int compat_set_revision(struct kvm_vm *vm, u32 id, u32 revision)
{
	struct kvm_guest_compat_revision arg = {
		.size = sizeof(arg), .id = id, .revision = revision,
	};

	return compat_set(vm, KVM_GUEST_COMPAT_REVISION, &arg);
}

static inline int compat_get_revision(struct kvm_vm *vm, u32 id)
{
	struct kvm_guest_compat_revision arg = { .size = sizeof(arg), .id = id };

	return compat_get(vm, KVM_GUEST_COMPAT_REVISION, &arg) ?: (int)arg.revision;
}

/* By name; the test has no use for a kernel that does not know it */
static inline void compat_set_named(struct kvm_vm *vm, const char *name, u32 revision)
{
	struct compat_vector v;
	struct kvm_guest_compat_behaviour *b;
	int ret;

	compat_list(vm, &v);
	b = compat_find(&v, name);
	TEST_ASSERT(b, "no behaviour \"%s\"", name);
	ret = compat_set_revision(vm, b->id, revision);
	TEST_ASSERT(!ret, "%s=%u: %d", name, revision, ret);
}

/* One line of a check that must not hide those after it */
#define COMPAT_CHECK(ok, fmt, ...)						\
({										\
	bool __ok = (ok);							\
										\
	if (!__ok)								\
		ksft_print_msg("%s:%d: " fmt "\n", __func__, __LINE__, ##__VA_ARGS__); \
	__ok;									\
})

#define COMPAT_EQ(have, want)							\
({										\
	long __have = (have), __want = (want);					\
										\
	COMPAT_CHECK(__have == __want, "%s is %ld, not %ld", #have, __have, __want); \
})

struct compat_test {
	const char *name;
	bool (*run)(void);
};

/* A test that says why here has found nothing to test */
static const char *compat_skip;

static inline void compat_run(const struct compat_test *tests, unsigned int nr)
{
	unsigned int i;

	ksft_print_header();
	if (!kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		ksft_exit_skip("no KVM_CAP_GUEST_COMPAT\n");
	ksft_set_plan(nr);
	for (i = 0; i < nr; i++) {
		bool ok;

		compat_skip = NULL;
		ok = tests[i].run();
		if (ok && compat_skip)
			ksft_test_result_skip("%s: %s\n", tests[i].name, compat_skip);
		else
			ksft_test_result(ok, "%s\n", tests[i].name);
	}
	ksft_finished();
}

#endif /* SELFTEST_KVM_GUEST_COMPAT_H */
