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
	.description	= "When a guest takes an unmasked SError of KVM_SET_VCPU_EVENTS",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* when it runs, by HCR_EL2.VSE */
		[GUEST_COMPAT_V6_17]	= GUEST_COMPAT_REV(1),	/* at once */
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
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* as without a walk */
		[GUEST_COMPAT_V6_18]	= GUEST_COMPAT_REV(1),	/* the level */
	},
},

/* 6.8.0 to 6.8.4 had 0 again, by mistake */
[GUEST_COMPAT_IPA_RANGE] = {
	.name		= "ipa_range",
	.description	= "Guest accesses beyond the VM's IPA size",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* MMIO, as without memory */
		[GUEST_COMPAT_V5_18]	= GUEST_COMPAT_REV(1),	/* an abort */
	},
},

#endif /* GUEST_COMPAT_ROWS */
