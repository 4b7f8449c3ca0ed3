// SPDX-License-Identifier: GPL-2.0-only
/* Registers that earlier releases did not trap */

#include <linux/kvm_host.h>

#include <asm/kvm_arm.h>
#include <asm/kvm_emulate.h>

#include "traps.h"

/* The trap bits of HCR_EL2 that KVM clears for this vCPU */
u64 guest_compat_untrapped(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;
	u64 hcr = 0;

	if (!kvm->guest_compat.differs)
		return 0;

	/* KVM has to trap the registers of TID1 if userspace may have written them */
	if (!kvm_guest_compat(kvm, GUEST_COMPAT_IMP_ID_TRAPS) && !vcpu_has_nv(vcpu) &&
	    !test_bit(KVM_ARCH_FLAG_WRITABLE_IMP_ID_REGS, &kvm->arch.flags))
		hcr |= HCR_TID1;

	/* Since 7.0, KVM traps GMID_EL1 in VMs without MTE, to report it as FEAT_IDST says */
	if (!kvm_guest_compat(kvm, GUEST_COMPAT_IDST) && !vcpu_has_nv(vcpu))
		hcr |= HCR_TID5;

	if (!kvm_guest_compat(kvm, GUEST_COMPAT_AARCH32_ID_TRAPS) && vcpu_el1_is_32bit(vcpu))
		hcr |= HCR_TID3;

	return hcr;
}
