/* SPDX-License-Identifier: GPL-2.0-only */
/* What a VMM is told: KVM_GET_REG_LIST, KVM_ARM_PREFERRED_TARGET */
#ifndef __KVM_ARM64_GUEST_COMPAT_REGLIST_H__
#define __KVM_ARM64_GUEST_COMPAT_REGLIST_H__

#include "behaviour.h"

enum {
	GUEST_COMPAT_LIST_BMAP		= 5,
	GUEST_COMPAT_LIST_BMAP_2	= 6,
	GUEST_COMPAT_LIST_PTIMER	= 7,
	GUEST_COMPAT_LIST_PMMIR		= 8,
	GUEST_COMPAT_OS_LOCK		= 9,
	GUEST_COMPAT_LIST_TCR2_PIR	= 10,
	GUEST_COMPAT_PREFERRED_TARGET	= 17,
	GUEST_COMPAT_NESTED		= 78,
};

/* How a register is listed */
enum guest_compat_listed {
	GUEST_COMPAT_LIST_NOW,		/* listed if the VM has the feature */
	GUEST_COMPAT_LIST_NEVER,	/* not listed, even if the VM has the feature */
	GUEST_COMPAT_LIST_ALWAYS,	/* listed and accepted, even without the feature */
};

enum guest_compat_listed guest_compat_listed(const struct kvm_vcpu *vcpu, u64 id);
bool guest_compat_announced(struct kvm *kvm, long ext);

#endif /* __KVM_ARM64_GUEST_COMPAT_REGLIST_H__ */

#ifdef GUEST_COMPAT_ROWS

/* Registers that are listed since a release */
#define LIST_NEW(_id, _name, _description, _since)				\
[GUEST_COMPAT_##_id] = {							\
	.name		= _name,						\
	.description	= _description,						\
	.since		= {							\
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),			\
		[GUEST_COMPAT_##_since]	= GUEST_COMPAT_REV(1),			\
	},									\
}

LIST_NEW(LIST_BMAP, "list_bmap", "Hypercall bitmaps in the register list", V5_19),
LIST_NEW(LIST_BMAP_2, "list_bmap_2", "Second hypercall bitmap in the register list", V6_15),
LIST_NEW(LIST_PTIMER, "list_ptimer", "Physical timer in the register list", V6_4),
LIST_NEW(LIST_PMMIR, "list_pmmir", "PMMIR_EL1 in the register list", V7_3),

/* KVM lists them since 6.5, and since 6.13 only if the VM has their features */
[GUEST_COMPAT_LIST_TCR2_PIR] = {
	.name		= "list_tcr2_pir",
	.description	= "TCR2_EL1, PIR_EL1 and PIRE0_EL1 in the register list",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V6_5]	= GUEST_COMPAT_REV(1),
		[GUEST_COMPAT_V6_13]	= GUEST_COMPAT_REV(2),
	},
},

/*
 * One behaviour for both: without the register, no VMM could save whether the guest
 * holds the lock; and without the lock, there is nothing to save.
 */
[GUEST_COMPAT_OS_LOCK] = {
	.name		= "os_lock",
	.description	= "The OS Lock, and OSLSR_EL1 in the register list",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* cannot be taken */
		[GUEST_COMPAT_V5_18]	= GUEST_COMPAT_REV(1),
	},
},

/* Up to 6.5, KVM returned their own targets on a few early CPUs, and accepted no other */
[GUEST_COMPAT_PREFERRED_TARGET] = {
	.name		= "preferred_target",
	.description	= "The target that KVM_ARM_PREFERRED_TARGET returns",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V6_6]	= GUEST_COMPAT_REV(1),
	},
},

/* A vCPU with EL2 has registers that no earlier release lists */
[GUEST_COMPAT_NESTED] = {
	.name		= "nested",
	.description	= "KVM_ARM_VCPU_INIT with KVM_ARM_VCPU_HAS_EL2",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* refused */
		[GUEST_COMPAT_V6_16]	= GUEST_COMPAT_REV(1),
	},
},

#undef LIST_NEW

#endif /* GUEST_COMPAT_ROWS */

#ifdef GUEST_COMPAT_NEEDS

/* Otherwise a guest could use registers that a VMM loses, because KVM does not list them */
{ GUEST_COMPAT_ID_AA64MMFR3_TCRX, 1, 1, GUEST_COMPAT_LIST_TCR2_PIR, 1, 2 },
{ GUEST_COMPAT_NESTED, 1, 1, GUEST_COMPAT_LIST_TCR2_PIR, 1, 2 },
{ GUEST_COMPAT_NESTED, 1, 1, GUEST_COMPAT_LIST_PTIMER, 1, 1 },

#endif /* GUEST_COMPAT_NEEDS */
