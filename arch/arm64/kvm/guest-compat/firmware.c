// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware that KVM emulated in earlier releases. The revisions set defaults of
 * firmware registers; userspace can write these once there is a vCPU.
 */

#include <linux/bits.h>
#include <linux/kvm_host.h>

#include <asm/kvm_emulate.h>

#include <kvm/arm_hypercalls.h>
#include <kvm/arm_psci.h>

#include "firmware.h"

/* The services of each revision. Later services have no row, and need unknown=1. */
static const struct {
	u64 std, std_hyp, vendor_hyp;
} services[] = {
	/* Stolen time is older than 5.10. Before 5.13 brought PTP, KVM did not give its UID. */
	{ 0, BIT(KVM_REG_ARM_STD_HYP_BIT_PV_TIME), 0 },
	{ BIT(KVM_REG_ARM_STD_BIT_TRNG_V1_0), BIT(KVM_REG_ARM_STD_HYP_BIT_PV_TIME), 0 },
	{ BIT(KVM_REG_ARM_STD_BIT_TRNG_V1_0), BIT(KVM_REG_ARM_STD_HYP_BIT_PV_TIME),
	  BIT(KVM_REG_ARM_VENDOR_HYP_BIT_FUNC_FEAT) | BIT(KVM_REG_ARM_VENDOR_HYP_BIT_PTP) },
};

static const u32 psci_versions[] = {
	KVM_ARM_PSCI_1_0,
	KVM_ARM_PSCI_1_1,
	KVM_ARM_PSCI_1_3,
};

/* Versions and services without a row are later than the highest revision, and need it. */
static bool unknown(struct kvm *kvm, unsigned int id, u8 revision)
{
	return kvm_guest_compat(kvm, GUEST_COMPAT_UNKNOWN) &&
	       revision == guest_compat_highest(id);
}

void guest_compat_psci_version(struct kvm *kvm, u8 revision)
{
	kvm->arch.psci_version = psci_versions[revision];
	if (unknown(kvm, GUEST_COMPAT_PSCI_VERSION, revision))
		kvm->arch.psci_version = 0;	/* the latest */
}

void guest_compat_smccc_services(struct kvm *kvm, u8 revision)
{
	struct kvm_smccc_features *smccc = &kvm->arch.smccc_feat;

	if (unknown(kvm, GUEST_COMPAT_SMCCC_SERVICES, revision)) {
		kvm_arm_init_smccc_features(kvm);
		return;
	}

	smccc->std_bmap = services[revision].std;
	smccc->std_hyp_bmap = services[revision].std_hyp;
	smccc->vendor_hyp_bmap = services[revision].vendor_hyp;
}

void guest_compat_unknown(struct kvm *kvm, u8 revision)
{
	guest_compat_psci_version(kvm, kvm_guest_compat(kvm, GUEST_COMPAT_PSCI_VERSION));
	guest_compat_smccc_services(kvm, kvm_guest_compat(kvm, GUEST_COMPAT_SMCCC_SERVICES));
}
