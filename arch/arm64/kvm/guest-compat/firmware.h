/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_FIRMWARE_H__
#define __KVM_ARM64_GUEST_COMPAT_FIRMWARE_H__

#include "behaviour.h"

#define GUEST_COMPAT_PSCI_VERSION	1
#define GUEST_COMPAT_SMCCC_SERVICES	2
#define GUEST_COMPAT_SMCCC_SMC		19
#define GUEST_COMPAT_UNKNOWN		77
#define GUEST_COMPAT_PSCI_TARGET	79

void guest_compat_psci_version(struct kvm *kvm, u8 revision);
void guest_compat_smccc_services(struct kvm *kvm, u8 revision);
void guest_compat_unknown(struct kvm *kvm, u8 revision);

#endif /* __KVM_ARM64_GUEST_COMPAT_FIRMWARE_H__ */

#ifdef GUEST_COMPAT_ROWS

[GUEST_COMPAT_PSCI_VERSION] = {
	.name		= "psci_version",
	.description	= "PSCI version, unless userspace writes another",
	.select		= guest_compat_psci_version,
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* 1.0 */
		[GUEST_COMPAT_V5_18]	= GUEST_COMPAT_REV(1),	/* 1.1 */
		[GUEST_COMPAT_V6_13]	= GUEST_COMPAT_REV(2),	/* 1.3 */
	},
},

[GUEST_COMPAT_SMCCC_SERVICES] = {
	.name		= "smccc_services",
	.description	= "Hypercalls that KVM offers, unless userspace writes the bitmaps",
	.select		= guest_compat_smccc_services,
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* stolen time */
		[GUEST_COMPAT_V5_12]	= GUEST_COMPAT_REV(1),	/* and TRNG */
		[GUEST_COMPAT_V5_13]	= GUEST_COMPAT_REV(2),	/* and PTP */
	},
},

[GUEST_COMPAT_SMCCC_SMC] = {
	.name		= "smccc_smc",
	.description	= "What a call of KVM by SMC #0 returns",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* NOT_SUPPORTED */
		[GUEST_COMPAT_V6_4]	= GUEST_COMPAT_REV(1),	/* as HVC */
	},
},

[GUEST_COMPAT_PSCI_TARGET] = {
	.name		= "psci_target",
	.description	= "Bits outside the affinity in the target of CPU_ON and AFFINITY_INFO",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* ignored */
		[GUEST_COMPAT_V5_15]	= GUEST_COMPAT_REV(1),	/* INVALID_PARAMETERS */
	},
},

/*
 * Hypercalls, PSCI versions, fields of ID registers and listed registers that are
 * newer than the tables, and have no row there. No baseline shows them.
 */
[GUEST_COMPAT_UNKNOWN] = {
	.name		= "unknown",
	.description	= "Hypercalls, ID register fields and listed registers without a behaviour",
	.select		= guest_compat_unknown,
	.native		= GUEST_COMPAT_REV(1),			/* shown */
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* hidden */
	},
},

#endif /* GUEST_COMPAT_ROWS */
