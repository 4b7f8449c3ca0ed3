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

/* The bits of an event's type up to 6.4, whatever the PMU's version */
#define GUEST_COMPAT_PMEVTYPER_MASK	0xc800ffffULL

bool guest_compat_pmmir_raz(struct kvm *kvm);
u64 guest_compat_reset_pmcr(void);
u64 guest_compat_pmceid(const struct kvm_vcpu *vcpu, bool pmceid1, u64 host, u64 now);

#endif /* __KVM_ARM64_GUEST_COMPAT_PMU_H__ */

#ifdef GUEST_COMPAT_ROWS

/*
 * 5.10 had the registers of a PMU even without one: RAZ/WI to the guest, and
 * listed for userspace, which had any bit of them, for whatever counters. After
 * it, PMMIR_EL1 was RAZ/WI to the guest: until 6.16 where there is FEAT_FGT, and
 * 7.2.10 where there is none. From 5.11 to 5.18 AArch32 guests could read and
 * write the others, as memory: a baseline of these takes a revision of its own.
 */
[GUEST_COMPAT_PMU_REGISTERS] = {
	.name		= "pmu_registers",
	.description	= "Registers of PMUs, and counters, that a vCPU has not",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V5_11]	= GUEST_COMPAT_REV(1),	/* none but PMMIR_EL1 */
		[GUEST_COMPAT_V6_16]	= GUEST_COMPAT_REV(2),	/* and it without FEAT_FGT */
		[GUEST_COMPAT_V7_2]	= GUEST_COMPAT_REV(3),	/* none */
	},
},

/* IMP and IDCODE were the host's, other bits an arbitrary pattern at reset */
[GUEST_COMPAT_PMCR_EL0] = {
	.name		= "pmcr_el0",
	.description	= "PMCR_EL0.{IMP,IDCODE}, and its bits at reset",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V6_2]	= GUEST_COMPAT_REV(1),
	},
},

[GUEST_COMPAT_PMCEID_EL0] = {
	.name		= "pmceid_el0",
	.description	= "PMCEID0_EL0, PMCEID1_EL0: the events there are",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* the host's */
		[GUEST_COMPAT_V5_12]	= GUEST_COMPAT_REV(1),	/* less STALL_SLOT */
		[GUEST_COMPAT_V6_2]	= GUEST_COMPAT_REV(2),	/* and CHAIN */
		[GUEST_COMPAT_V6_6]	= GUEST_COMPAT_REV(3),	/* less STALL_SLOT_* */
		[GUEST_COMPAT_V6_15]	= GUEST_COMPAT_REV(4),	/* and SW_INCR */
	},
},

[GUEST_COMPAT_PMEVTYPER] = {
	.name		= "pmevtyper_bits",
	.description	= "The bits of PMEVTYPER<n>_EL0 and PMCCFILTR_EL0",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* ARMv8.1's */
		[GUEST_COMPAT_V6_5]	= GUEST_COMPAT_REV(1),	/* the event's by PMUVer */
		[GUEST_COMPAT_V6_7]	= GUEST_COMPAT_REV(2),	/* all by what the VM has */
	},
},

/* Since 6.12, 6.11.11, a 6.6 up to 6.6.87, 6.1.120 and 5.10.231 */
[GUEST_COMPAT_PMU_OVERFLOW] = {
	.name		= "pmu_overflow",
	.description	= "The PMU's interrupt for a counter that is disabled",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* low */
		[GUEST_COMPAT_V6_1]	= GUEST_COMPAT_REV(1),	/* as if it was enabled */
		[GUEST_COMPAT_V6_2]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V6_6]	= GUEST_COMPAT_REV(1),
		[GUEST_COMPAT_V6_7]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V6_11]	= GUEST_COMPAT_REV(1),
	},
},

#endif /* GUEST_COMPAT_ROWS */

#ifdef GUEST_COMPAT_NEEDS

/* A guest that is told of a PMU, without having one, uses its registers */
{ GUEST_COMPAT_ID_AA64DFR0_PMUVER, 0, 0, GUEST_COMPAT_PMU_REGISTERS, 0, 0 },
{ GUEST_COMPAT_ID_DFR0_PERFMON, 0, 0, GUEST_COMPAT_PMU_REGISTERS, 0, 0 },

#endif /* GUEST_COMPAT_NEEDS */
