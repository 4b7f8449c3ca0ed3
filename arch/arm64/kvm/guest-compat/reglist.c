// SPDX-License-Identifier: GPL-2.0-only
/*
 * The register list of earlier releases. It is a contract with VMMs, who treat
 * any register that the other side does not have as an error, and says nothing
 * about what the guest can access.
 */

#include <linux/kvm_host.h>

#include <asm/kvm_emulate.h>

#include "reglist.h"

#define SYSREG(...)	ARM64_SYS_REG(__VA_ARGS__)
#define PMMIR_EL1	SYSREG(3, 0, 9, 14, 6)

static const struct {
	u64	first;
	u64	last;
	u8	behaviour;
} listed_regs[] = {
	{ KVM_REG_ARM_STD_BMAP,	KVM_REG_ARM_VENDOR_HYP_BMAP, GUEST_COMPAT_LIST_BMAP },
	{ KVM_REG_ARM_VENDOR_HYP_BMAP_2, KVM_REG_ARM_VENDOR_HYP_BMAP_2, GUEST_COMPAT_LIST_BMAP_2 },
	/* OSLSR_EL1 */
	{ SYSREG(2, 0, 1, 1, 4),  SYSREG(2, 0, 1, 1, 4),   GUEST_COMPAT_LIST_OSLSR },
	/* TCR2_EL1 */
	{ SYSREG(3, 0, 2, 0, 3),  SYSREG(3, 0, 2, 0, 3),   GUEST_COMPAT_LIST_TCR2_PIR },
	{ PMMIR_EL1,		  PMMIR_EL1,		   GUEST_COMPAT_LIST_PMMIR },
	/* PIRE0_EL1, PIR_EL1 */
	{ SYSREG(3, 0, 10, 2, 2), SYSREG(3, 0, 10, 2, 3),  GUEST_COMPAT_LIST_TCR2_PIR },
	{ KVM_REG_ARM_PTIMER_CNT, KVM_REG_ARM_PTIMER_CNT,  GUEST_COMPAT_LIST_PTIMER },
	{ KVM_REG_ARM_PTIMER_CTL, KVM_REG_ARM_PTIMER_CVAL, GUEST_COMPAT_LIST_PTIMER },
};

/**
 * guest_compat_listed - Is a register listed, by what was selected for the VM?
 * @vcpu:	the vCPU
 * @id:		the register, as KVM_GET_REG_LIST has it
 *
 * A register that is not listed is not accepted either.
 *
 * Return: GUEST_COMPAT_LIST_NEVER, GUEST_COMPAT_LIST_ALWAYS, or
 *	   GUEST_COMPAT_LIST_NOW if the VM's features decide.
 */
u8 guest_compat_listed(const struct kvm_vcpu *vcpu, u64 id)
{
	struct kvm *kvm = vcpu->kvm;

	if (!kvm->arch.guest_compat.differs)
		return GUEST_COMPAT_LIST_NOW;

	/* Asked for by name, and no earlier release had it */
	if (id == PMMIR_EL1 && kvm_vcpu_has_pmuv3_strict(vcpu))
		return GUEST_COMPAT_LIST_NOW;

	for (int i = 0; i < ARRAY_SIZE(listed_regs); i++) {
		u8 behaviour = listed_regs[i].behaviour;
		u8 revision = kvm_guest_compat(kvm, behaviour);

		if (id >= listed_regs[i].first && id <= listed_regs[i].last)
			return guest_compat_behaviours[behaviour].list[revision];
	}

	return GUEST_COMPAT_LIST_NOW;
}
