// SPDX-License-Identifier: GPL-2.0-only
/* The PMU of earlier releases */

#include <linux/bits.h>
#include <linux/kvm_host.h>

#include <asm/cpufeature.h>
#include <asm/kvm_emulate.h>
#include <asm/sysreg.h>

#include <kvm/arm_pmu.h>

#include "pmu.h"

/**
 * guest_compat_pmmir_raz - is PMMIR_EL1 RAZ/WI to a vCPU without a PMU?
 * @kvm:	the VM
 *
 * It was from 5.11 to 6.15 and, on CPUs without FEAT_FGT, to 7.1. 5.10 did not know
 * the register. Without a PMU, userspace never had it.
 *
 * Return: true if it is.
 */
bool guest_compat_pmmir_raz(struct kvm *kvm)
{
	u8 revision = kvm_guest_compat(kvm, GUEST_COMPAT_PMU_REGISTERS);

	return revision == 1 || (revision == 2 && !cpus_have_final_cap(ARM64_HAS_FGT));
}

/**
 * guest_compat_reset_pmcr - PMCR_EL0 at reset, as it was up to 6.1
 *
 * Up to 6.1, KVM reset the bits that the architecture leaves UNKNOWN to a pattern,
 * and took the others from the CPU that reset the vCPU. Does not sleep.
 *
 * Return: the value, of which PMCR_EL0.N is the CPU's and not the VM's.
 */
u64 guest_compat_reset_pmcr(void)
{
	u64 dfr0 = read_sanitised_ftr_reg(SYS_ID_AA64DFR0_EL1);
	u64 val;

	/* Without PMUv3, PMCR_EL0 may be UNDEFINED */
	if (!pmuv3_implemented(SYS_FIELD_GET(ID_AA64DFR0_EL1, PMUVer, dfr0)))
		return 0;

	val = read_sysreg(pmcr_el0) & ~(u64)ARMV8_PMU_PMCR_MASK;
	val |= ARMV8_PMU_PMCR_MASK & 0xdecafbad & ~ARMV8_PMU_PMCR_E;
	if (!kvm_supports_32bit_el0())
		val |= ARMV8_PMU_PMCR_LC;

	return val;
}

/**
 * guest_compat_pmceid - the common events that KVM announces to the guest
 * @vcpu:	the vCPU, which has a PMU
 * @pmceid1:	true for PMCEID1_EL0, false for PMCEID0_EL0
 * @host:	the register of the host's PMU
 * @now:	the value that this kernel shows natively
 *
 * Return: the register's value, before KVM_ARM_VCPU_PMU_V3_FILTER.
 */
u64 guest_compat_pmceid(const struct kvm_vcpu *vcpu, bool pmceid1, u64 host, u64 now)
{
	u8 revision = kvm_guest_compat(vcpu->kvm, GUEST_COMPAT_PMCEID_EL0);

	/* The VMM asked for a strict PMU, which only kernels of the last revision have */
	if (kvm_vcpu_has_pmuv3_strict(vcpu))
		return now;
	/* On an older kernel, the native revision is not the last one, but @now is right for it */
	if (revision == guest_compat_native_revision(GUEST_COMPAT_PMCEID_EL0))
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
