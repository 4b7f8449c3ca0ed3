/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions that KVM injects */
#ifndef __KVM_ARM64_GUEST_COMPAT_EXCEPTIONS_H__
#define __KVM_ARM64_GUEST_COMPAT_EXCEPTIONS_H__

#include "behaviour.h"

enum {
	GUEST_COMPAT_SERROR_PENDING	= 73,
	GUEST_COMPAT_ESR_IL		= 74,
	GUEST_COMPAT_SEA_LEVEL		= 75,
	GUEST_COMPAT_IPA_RANGE		= 81,
};

u64 guest_compat_esr_il(const struct kvm_vcpu *vcpu);

#endif /* __KVM_ARM64_GUEST_COMPAT_EXCEPTIONS_H__ */

#ifdef GUEST_COMPAT_ROWS

[GUEST_COMPAT_SERROR_PENDING] = {
	.name		= "serror_pending",
	.description	= "KVM_SET_VCPU_EVENTS with an SError that is not masked",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* pending, HCR_EL2.VSE */
		[GUEST_COMPAT_V6_17]	= GUEST_COMPAT_REV(1),	/* taken by KVM_SET_VCPU_EVENTS */
	},
},

[GUEST_COMPAT_ESR_IL] = {
	.name		= "esr_il",
	.description	= "ESR_EL1.IL of injected exceptions",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* that of the last exit */
		[GUEST_COMPAT_V7_2]	= GUEST_COMPAT_REV(1),	/* 1 */
	},
},

[GUEST_COMPAT_SEA_LEVEL] = {
	.name		= "sea_level",
	.description	= "ESR_EL1.xFSC of an external abort on a translation table walk",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* as of no walk */
		[GUEST_COMPAT_V6_18]	= GUEST_COMPAT_REV(1),	/* the level */
	},
},

[GUEST_COMPAT_IPA_RANGE] = {
	.name		= "ipa_range",
	.description	= "Accesses to addresses that are too large for the VM",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* MMIO, as without memory */
		[GUEST_COMPAT_V5_18]	= GUEST_COMPAT_REV(1),	/* an abort */
	},
},

#endif /* GUEST_COMPAT_ROWS */
