/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers for KVM_CAP_GUEST_COMPAT and its attributes */
#ifndef SELFTEST_KVM_GUEST_COMPAT_H
#define SELFTEST_KVM_GUEST_COMPAT_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/kvm_guest_compat.h>

#include "kvm_util.h"
#include "check.h"
#include "processor.h"

/* A vector, with room for more entries than a kernel has */
struct compat_vector {
	union {
		struct kvm_guest_compat_vector hdr;
		u8 bytes[32768];
	};
};

/* Turns the result of an ioctl into 0 or -errno. */
static inline int compat_ret(int ret)
{
	return ret < 0 ? -errno : ret;
}

static inline int compat_get(struct kvm_vm *vm, u64 attr, void *arg)
{
	return compat_ret(__kvm_device_attr_get(vm->fd, KVM_GUEST_COMPAT_CTRL, attr, arg));
}

static inline int compat_set(struct kvm_vm *vm, u64 attr, void *arg)
{
	return compat_ret(__kvm_device_attr_set(vm->fd, KVM_GUEST_COMPAT_CTRL, attr, arg));
}

int compat_dev_get(u64 attr, void *arg);
int compat_select(struct kvm_vm *vm, u64 baseline);
void compat_list(struct kvm_vm *vm, struct compat_vector *v);

static inline u32 compat_nr(const struct compat_vector *v)
{
	return (v->hdr.size - sizeof(v->hdr)) / v->hdr.entry_size;
}

struct kvm_guest_compat_behaviour *compat_entry(struct compat_vector *v, u32 i);

struct compat_baselines {
	union {
		struct kvm_guest_compat_baselines hdr;
		u8 bytes[16384];
	};
};

struct kvm_guest_compat_baseline *compat_baseline(u32 i);
int compat_check(struct kvm_vm *vm, void *vector, struct kvm_guest_compat_check *arg);

static inline bool compat_has_release(const struct kvm_guest_compat_behaviour *b, u32 release)
{
	return b->releases[release / 64] & (1ULL << (release % 64));
}

bool compat_same(struct compat_vector *a, struct compat_vector *b);
struct kvm_guest_compat_behaviour *compat_find(struct compat_vector *v, const char *name);
int compat_set_revision(struct kvm_vm *vm, u32 id, u32 revision);
int compat_get_revision(struct kvm_vm *vm, u32 id);

/* The kernel accepts revisions 0 to @highest of @name only if @with is 0. */
extern const struct compat_together {
	const char *name;
	u32 highest;
	const char *with;
} compat_together[12];

bool compat_not_alone(const char *name, u32 revision);
bool compat_protected_mode(void);
void compat_set_named(struct kvm_vm *vm, const char *name, u32 revision);

#define COMPAT_NATIVE		KVM_GUEST_COMPAT_NATIVE
#define COMPAT_NR_BASELINES	14

/*
 * The baselines that the tests know, in the order of releases. The kernel must offer
 * those that are not newer than itself, the first compat_nr_baselines(). It may offer
 * others, too.
 */
extern const u32 compat_baselines[COMPAT_NR_BASELINES];

/* Returns the release of a baseline, as in releases[] and native of a vector. */
static inline u32 compat_release(u32 baseline)
{
	return baseline >> 8;
}

u32 compat_native_release(void);
u32 compat_nr_baselines(void);
u32 compat_highest(const char *name);

/* Returns whether the release of @baseline is later than the kernel. */
static inline bool compat_is_later(u32 baseline)
{
	return compat_release(baseline) > compat_native_release();
}

void compat_make(struct kvm_vm *vm, u32 baseline);

/* The host default does not matter then. */
static inline void compat_make_native(struct kvm_vm *vm)
{
	compat_make(vm, COMPAT_NATIVE);
}

bool compat_host_default(void);
struct kvm_vcpu *compat_vcpu(struct kvm_vm *vm, u32 id, u32 features, void *guest_code);
struct kvm_vm *compat_vm(u32 baseline, u32 features, void *guest_code, struct kvm_vcpu **vcpu);
bool compat_has_aarch32(struct kvm_vcpu *vcpu);
void compat_pmu_init(struct kvm_vcpu *vcpu);

/* Number of the guest's accesses that gave UNDEF. The handler skips such an access. */
extern unsigned long compat_undefs;

void compat_undef_handler(struct ex_regs *regs);
void compat_catch_undefs(struct kvm_vcpu *vcpu);

/* For guest code: whether the access gives UNDEF */
#define COMPAT_UNDEF(access)							\
({										\
	unsigned long __before = READ_ONCE(compat_undefs);			\
										\
	access;									\
	READ_ONCE(compat_undefs) != __before;					\
})

bool compat_guest_done(struct kvm_vcpu *vcpu);

static inline int compat_get_reg(struct kvm_vcpu *vcpu, u64 id, u64 *val)
{
	return compat_ret(__vcpu_get_reg(vcpu, id, val));
}

static inline int compat_set_reg(struct kvm_vcpu *vcpu, u64 id, u64 val)
{
	return compat_ret(__vcpu_set_reg(vcpu, id, val));
}

bool compat_listed(const struct kvm_reg_list *list, u64 id);
bool compat_each(const char *name, u32 since, bool (*check)(struct kvm_vm *vm, bool rev));

struct compat_test {
	const char *name;
	bool (*run)(void);
};

/* A test that cannot run on this host sets this to the reason, and returns true. */
extern const char *compat_skip;
/* The current test, for a function that runs as several tests */
extern const struct compat_test *compat_this;

void compat_run(const struct compat_test *tests, unsigned int nr);

#endif /* SELFTEST_KVM_GUEST_COMPAT_H */
