/* SPDX-License-Identifier: GPL-2.0-only */
/* The PMU's registers, as the guest and the VMM see them */
#ifndef __KVM_ARM64_GUEST_COMPAT_PMU_H__
#define __KVM_ARM64_GUEST_COMPAT_PMU_H__

#include "behaviour.h"

#define GUEST_COMPAT_PMU_REGISTERS	12
#define GUEST_COMPAT_PMCR_EL0		13
#define GUEST_COMPAT_PMCEID_EL0		14
#define GUEST_COMPAT_PMEVTYPER		76
#define GUEST_COMPAT_PMU_OVERFLOW	80

/* The bits of PMEVTYPER<n>_EL0 up to 6.4, whatever the PMU's version */
#define GUEST_COMPAT_PMEVTYPER_MASK	0xc800ffffULL

bool guest_compat_pmmir_raz(struct kvm *kvm);
u64 guest_compat_reset_pmcr(void);
u64 guest_compat_pmceid(const struct kvm_vcpu *vcpu, bool pmceid1, u64 host, u64 now);

#endif /* __KVM_ARM64_GUEST_COMPAT_PMU_H__ */

#ifdef GUEST_COMPAT_ROWS

/*
 * On 5.10, a vCPU without a PMU had its registers. They were RAZ/WI to the guest,
 * and listed; userspace could write any bit of any counter. Since 5.11, only
 * PMMIR_EL1 was RAZ/WI to the guest: up to 6.15 on CPUs with FEAT_FGT, up to 7.2.9
 * on others. From 5.11 to 5.18, AArch32 guests could read and write the other
 * registers as memory. No VMM could save that, so no revision has it.
 */
[GUEST_COMPAT_PMU_REGISTERS] = {
	.name		= "pmu_registers",
	.description	= "Access to PMU registers and counters that the vCPU does not have",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V5_11]	= GUEST_COMPAT_REV(1),	/* none but PMMIR_EL1 */
		[GUEST_COMPAT_V6_16]	= GUEST_COMPAT_REV(2),	/* PMMIR_EL1 if no FEAT_FGT */
		[GUEST_COMPAT_V7_2]	= GUEST_COMPAT_REV(3),	/* none */
	},
},

/* Up to 6.1, IMP and IDCODE were the host's, and reset left a pattern in other bits */
[GUEST_COMPAT_PMCR_EL0] = {
	.name		= "pmcr_el0",
	.description	= "PMCR_EL0.{IMP,IDCODE}, and PMCR_EL0 at reset",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V6_2]	= GUEST_COMPAT_REV(1),
	},
},

[GUEST_COMPAT_PMCEID_EL0] = {
	.name		= "pmceid_el0",
	.description	= "The events that PMCEID0_EL0 and PMCEID1_EL0 announce",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* the host's */
		[GUEST_COMPAT_V5_12]	= GUEST_COMPAT_REV(1),	/* never STALL_SLOT */
		[GUEST_COMPAT_V6_2]	= GUEST_COMPAT_REV(2),	/* always CHAIN */
		[GUEST_COMPAT_V6_6]	= GUEST_COMPAT_REV(3),	/* never STALL_SLOT_* */
		[GUEST_COMPAT_V6_15]	= GUEST_COMPAT_REV(4),	/* always SW_INCR */
	},
},

[GUEST_COMPAT_PMEVTYPER] = {
	.name		= "pmevtyper_bits",
	.description	= "The bits that PMEVTYPER<n>_EL0 and PMCCFILTR_EL0 have",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* those of Armv8.1 */
		[GUEST_COMPAT_V6_5]	= GUEST_COMPAT_REV(1),	/* event bits follow PMUVer */
		[GUEST_COMPAT_V6_7]	= GUEST_COMPAT_REV(2),	/* all bits follow the VM */
	},
},

/* Changed in 6.13, 6.12.2, 6.11.11, 6.6.64, 6.1.120, 5.15.174 and 5.10.231 */
[GUEST_COMPAT_PMU_OVERFLOW] = {
	.name		= "pmu_overflow",
	.description	= "The PMU's interrupt when a disabled counter has overflowed",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* low */
		[GUEST_COMPAT_V5_15]	= GUEST_COMPAT_REV(1),	/* high, as if enabled */
		[GUEST_COMPAT_V5_16]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V6_1]	= GUEST_COMPAT_REV(1),
		[GUEST_COMPAT_V6_2]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V6_6]	= GUEST_COMPAT_REV(1),
		[GUEST_COMPAT_V6_7]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V6_11]	= GUEST_COMPAT_REV(1),
	},
},

#endif /* GUEST_COMPAT_ROWS */

#ifdef GUEST_COMPAT_NEEDS

/* A guest without a PMU uses the PMU's registers if ID registers announce one */
{ GUEST_COMPAT_ID_AA64DFR0_PMUVER, 0, 0, GUEST_COMPAT_PMU_REGISTERS, 0, 0 },
{ GUEST_COMPAT_ID_DFR0_PERFMON, 0, 0, GUEST_COMPAT_PMU_REGISTERS, 0, 0 },

#endif /* GUEST_COMPAT_NEEDS */
