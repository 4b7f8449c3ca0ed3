// SPDX-License-Identifier: GPL-2.0-only
/*
 * What earlier releases answered as a guest's firmware. Both are defaults of
 * firmware registers, which userspace can only write once there is a vCPU.
 */

#include <linux/bits.h>
#include <linux/kvm_host.h>

#include <asm/kvm_emulate.h>

#include <kvm/arm_psci.h>

#include "firmware.h"

void guest_compat_psci_version(struct kvm *kvm, u8 revision)
{
	static const u32 versions[] = {
		KVM_ARM_PSCI_1_0,
		KVM_ARM_PSCI_1_1,
		KVM_ARM_PSCI_1_3,
	};

	/* A later one is a row's next revision: VMs have that of the table. */
	static_assert(KVM_ARM_PSCI_LATEST == KVM_ARM_PSCI_1_3);

	kvm->arch.psci_version = versions[revision];
}

#define ALL_SERVICES(name)	GENMASK(KVM_REG_ARM_##name##_BMAP_BIT_COUNT - 1, 0)

void guest_compat_smccc_services(struct kvm *kvm, u8 revision)
{
	struct kvm_smccc_features *smccc = &kvm->arch.smccc_feat;

	/* Stolen time is older than 5.10 */
	smccc->std_hyp_bmap = ALL_SERVICES(STD_HYP);
	smccc->std_bmap = revision >= 1 ? ALL_SERVICES(STD) : 0;
	/* Before PTP, KVM did not even say that it is KVM */
	smccc->vendor_hyp_bmap = revision >= 2 ? ALL_SERVICES(VENDOR_HYP) : 0;
}
