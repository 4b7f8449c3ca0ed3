// SPDX-License-Identifier: GPL-2.0-only
/*
 * The register list of earlier releases. VMMs rely on it: a VMM fails when the
 * destination does not have a register that the source listed. The list does not
 * say what the guest can access.
 */

#include <linux/kvm_host.h>

#include <asm/kvm_emulate.h>

#include "firmware.h"
#include "reglist.h"

#define KVM_REG_ARM64_SYSREG_MASK	GENMASK(15, 0)

#define SYSREG(...)	ARM64_SYS_REG(__VA_ARGS__)
#define PMMIR		SYSREG(3, 0, 9, 14, 6)

#define FROM_NOW	{ GUEST_COMPAT_LIST_NEVER, GUEST_COMPAT_LIST_NOW }

static const struct {
	u64	first;
	u64	last;
	u8	behaviour;
	u8	listed[3];	/* enum guest_compat_listed at each revision */
} listed_regs[] = {
	{ KVM_REG_ARM_STD_BMAP, KVM_REG_ARM_VENDOR_HYP_BMAP, GUEST_COMPAT_LIST_BMAP, FROM_NOW },
	{ KVM_REG_ARM_VENDOR_HYP_BMAP_2, KVM_REG_ARM_VENDOR_HYP_BMAP_2,
	  GUEST_COMPAT_LIST_BMAP_2, FROM_NOW },
	/* OSLSR_EL1 */
	{ SYSREG(2, 0, 1, 1, 4), SYSREG(2, 0, 1, 1, 4), GUEST_COMPAT_OS_LOCK, FROM_NOW },
	/* TCR2_EL1 */
	{ SYSREG(3, 0, 2, 0, 3), SYSREG(3, 0, 2, 0, 3), GUEST_COMPAT_LIST_TCR2_PIR,
	  { GUEST_COMPAT_LIST_NEVER, GUEST_COMPAT_LIST_ALWAYS, GUEST_COMPAT_LIST_NOW } },
	{ PMMIR, PMMIR, GUEST_COMPAT_LIST_PMMIR, FROM_NOW },
	/* PIRE0_EL1, PIR_EL1 */
	{ SYSREG(3, 0, 10, 2, 2), SYSREG(3, 0, 10, 2, 3), GUEST_COMPAT_LIST_TCR2_PIR,
	  { GUEST_COMPAT_LIST_NEVER, GUEST_COMPAT_LIST_ALWAYS, GUEST_COMPAT_LIST_NOW } },
	{ KVM_REG_ARM_PTIMER_CNT, KVM_REG_ARM_PTIMER_CNT, GUEST_COMPAT_LIST_PTIMER, FROM_NOW },
	{ KVM_REG_ARM_PTIMER_CTL, KVM_REG_ARM_PTIMER_CVAL, GUEST_COMPAT_LIST_PTIMER, FROM_NOW },
};

static const struct {
	u64	first;
	u64	last;
} known_regs[] = {
#define REGS(first, last)	{ SYS_##first, SYS_##last },
#define REG(reg)		{ SYS_##reg, SYS_##reg },
#include "listed.h"
#undef REG
#undef REGS
};

/* Does a release up to 7.3 list the register for some VM? */
static bool known(u64 id)
{
	u32 encoding = (id & KVM_REG_ARM64_SYSREG_MASK) << Op2_shift;

	if ((id & KVM_REG_ARM_COPROC_MASK) != KVM_REG_ARM64_SYSREG)
		return (id >= KVM_REG_ARM_PSCI_VERSION &&
			id <= KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3) ||
		       (id >= KVM_REG_ARM_STD_BMAP && id <= KVM_REG_ARM_VENDOR_HYP_BMAP_2);

	for (int i = 0; i < ARRAY_SIZE(known_regs); i++) {
		if (encoding >= known_regs[i].first && encoding <= known_regs[i].last)
			return true;
	}

	return false;
}

/* Has the VMM enabled a feature that came with the register? Such a VMM knows it. */
static bool asked_for(const struct kvm_vcpu *vcpu, u64 id)
{
	switch (id) {
	case PMMIR:
		return kvm_vcpu_has_pmuv3_strict(vcpu);
	case KVM_REG_ARM_VENDOR_HYP_BMAP_2:
		return test_bit(KVM_ARCH_FLAG_WRITABLE_IMP_ID_REGS, &vcpu->kvm->arch.flags);
	default:
		return false;
	}
}

/**
 * guest_compat_listed - how KVM lists a register at the VM's revisions
 * @vcpu:	the vCPU
 * @id:		the register, as KVM_GET_REG_LIST has it
 *
 * Userspace can also read and write a register that KVM does not list, if the
 * guest has it: a VMM that names the register knows it.
 *
 * Return: how it is listed.
 */
enum guest_compat_listed guest_compat_listed(const struct kvm_vcpu *vcpu, u64 id)
{
	struct kvm *kvm = vcpu->kvm;

	if (!kvm->guest_compat.differs || asked_for(vcpu, id))
		return GUEST_COMPAT_LIST_NOW;

	if (!kvm_guest_compat(kvm, GUEST_COMPAT_UNKNOWN) && !known(id))
		return GUEST_COMPAT_LIST_NEVER;

	for (int i = 0; i < ARRAY_SIZE(listed_regs); i++) {
		u8 revision = kvm_guest_compat(kvm, listed_regs[i].behaviour);

		if (id >= listed_regs[i].first && id <= listed_regs[i].last)
			return listed_regs[i].listed[revision];
	}

	return GUEST_COMPAT_LIST_NOW;
}

/*
 * Capabilities that KVM does not report below a revision. A VMM that finds such a
 * capability uses what came with it, and expects to save and restore that. A lower
 * revision does not offer this. A VMM can still enable and use the capability.
 */
static const struct {
	long	ext;
	u8	behaviour;
	u8	revision;
} announced[] = {
	/* The physical timer's registers */
	{ KVM_CAP_COUNTER_OFFSET, GUEST_COMPAT_LIST_PTIMER, 1 },
	/* KVM_REG_ARM_VENDOR_HYP_BMAP_2, which announces the ID registers to the guest */
	{ KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, GUEST_COMPAT_LIST_BMAP_2, 1 },
	/* The hypercall */
	{ KVM_CAP_PTP_KVM, GUEST_COMPAT_SMCCC_SERVICES, 2 },
	/* KVM_ARM_VCPU_HAS_EL2 */
	{ KVM_CAP_ARM_EL2, GUEST_COMPAT_NESTED, 1 },
	{ KVM_CAP_ARM_EL2_E2H0, GUEST_COMPAT_NESTED, 1 },
};

/**
 * guest_compat_announced - does KVM_CHECK_EXTENSION report a capability?
 * @kvm:	the VM, or NULL for new VMs
 * @ext:	the capability
 *
 * Return: false if the VM's revisions lack what the capability announces.
 */
bool guest_compat_announced(struct kvm *kvm, long ext)
{
	for (int i = 0; i < ARRAY_SIZE(announced); i++) {
		if (announced[i].ext != ext)
			continue;
		if (kvm_guest_compat_revision_of(kvm, announced[i].behaviour) <
		    announced[i].revision)
			return false;
	}

	return true;
}
