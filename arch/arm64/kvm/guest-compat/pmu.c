// SPDX-License-Identifier: GPL-2.0-only
/* What earlier releases were as a guest's PMU */

#include <linux/bits.h>
#include <linux/kvm_host.h>

#include <linux/perf/arm_pmuv3.h>

#include <asm/arm_pmuv3.h>
#include <asm/cpufeature.h>
#include <asm/kvm_emulate.h>
#include <asm/sysreg.h>

#include "pmu.h"

/**
 * guest_compat_pmmir_raz - Is PMMIR_EL1 RAZ/WI to a vCPU without a PMU?
 * @kvm:	the VM
 *
 * Return: true as up to 6.15, and, where there is no FEAT_FGT, up to 7.1; but
 *	   5.10 did not know the register. Userspace never had it.
 */
bool guest_compat_pmmir_raz(struct kvm *kvm)
{
	u8 revision = kvm_guest_compat(kvm, GUEST_COMPAT_PMU_REGISTERS);

	return revision == 1 || (revision == 2 && !cpus_have_final_cap(ARM64_HAS_FGT));
}

/**
 * guest_compat_reset_pmcr - PMCR_EL0 at reset, as it was up to 6.1
 *
 * What PMCR_EL0 was reset to, up to 6.1: what the architecture calls UNKNOWN
 * had a pattern, the rest the value of the CPU at hand. Does not sleep.
 *
 * Return: the value; PMCR_EL0.N is not the VM's.
 */
u64 guest_compat_reset_pmcr(void)
{
	u64 dfr0 = read_sanitised_ftr_reg(SYS_ID_AA64DFR0_EL1);
	u64 val;

	/* PMCR_EL0 may be UNDEFINED */
	if (!pmuv3_implemented(SYS_FIELD_GET(ID_AA64DFR0_EL1, PMUVer, dfr0)))
		return 0;

	val = read_sysreg(pmcr_el0) & ~(u64)ARMV8_PMU_PMCR_MASK;
	val |= ARMV8_PMU_PMCR_MASK & 0xdecafbad & ~ARMV8_PMU_PMCR_E;
	if (!kvm_supports_32bit_el0())
		val |= ARMV8_PMU_PMCR_LC;

	return val;
}

/**
 * guest_compat_pmceid - The common events that the guest is told of
 * @vcpu:	the vCPU, which has a PMU
 * @pmceid1:	PMCEID1_EL0, not PMCEID0_EL0
 * @host:	what the host's PMU has
 * @now:	what this kernel makes of it
 *
 * Return: the register's value, before KVM_ARM_VCPU_PMU_V3_FILTER.
 */
u64 guest_compat_pmceid(const struct kvm_vcpu *vcpu, bool pmceid1, u64 host, u64 now)
{
	u8 revision = kvm_guest_compat(vcpu->kvm, GUEST_COMPAT_PMCEID_EL0);

	/* Asked for by name, and newer than any revision but the last */
	if (kvm_vcpu_has_pmuv3_strict(vcpu))
		return now;

	if (pmceid1) {
		if (revision == 0)
			return host;
		if (revision <= 2)
			return host & ~BIT_ULL(ARMV8_PMUV3_PERFCTR_STALL_SLOT - 32);
	} else {
		if (revision <= 1)
			return host;
		if (revision <= 3)
			return host | BIT_ULL(ARMV8_PMUV3_PERFCTR_CHAIN);
	}

	return now;
}
