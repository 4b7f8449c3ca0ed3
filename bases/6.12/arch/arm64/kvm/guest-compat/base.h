/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_BASE_H__
#define __KVM_ARM64_GUEST_COMPAT_BASE_H__

/*
 * Definitions that the tables and topics need and that 6.12 lacks. They are about
 * registers that this kernel does not list, fields that it does not show, and
 * features that its VMs do not have. Only this file and native.c differ from those
 * of other kernels; see Documentation/virt/kvm/guest-compat/distributions.rst
 */

/* ARRAY_SIZE() needs this header, and does not include it */
#include <linux/build_bug.h>

/* Fields of ID registers */
#define ID_AA64PFR2_EL1_GCIE_MASK	GENMASK(15, 12)
#define ID_AA64ZFR0_EL1_EltPerm_MASK	GENMASK(15, 12)
#define ID_AA64ZFR0_EL1_F16MM_MASK	GENMASK(51, 48)
#define ID_AA64FPFR0_EL1_F16MM2_MASK	GENMASK(15, 15)
#define ID_AA64FPFR0_EL1_F8MM4_MASK	GENMASK(26, 26)
#define ID_AA64FPFR0_EL1_F8MM8_MASK	GENMASK(27, 27)
#define ID_AA64ISAR3_EL1_LSFE_MASK	GENMASK(19, 16)
#define ID_AA64ISAR3_EL1_LSUI_MASK	GENMASK(27, 24)
#define ID_AA64ISAR3_EL1_FPRCVT_MASK	GENMASK(31, 28)

/* Registers in listed.h */
#define SYS_SCTLR2_EL1			sys_reg(3, 0, 1, 0, 3)
#define SYS_CNTVCT_EL0			sys_reg(3, 3, 14, 0, 2)
#define SYS_NVHCR_EL2			sys_reg(3, 4, 1, 5, 0)
#define SYS_PIRE0_EL2			sys_reg(3, 4, 10, 2, 2)
#define SYS_POR_EL2			sys_reg(3, 4, 10, 2, 4)
#define KVM_REG_ARM_VENDOR_HYP_BMAP_2	KVM_REG_ARM_FW_FEAT_BMAP_REG(3)

/* Userspace cannot write this value */
#define KVM_ARM_PSCI_1_3		PSCI_VERSION(1, 3)

/* KVM_CHECK_EXTENSION does not know these */
#define KVM_CAP_ARM_WRITABLE_IMP_ID_REGS	239
#define KVM_CAP_ARM_EL2				240
#define KVM_CAP_ARM_EL2_E2H0			241

/* Never set: on this kernel, userspace cannot write MIDR_EL1, REVIDR_EL1 and AIDR_EL1 */
#define KVM_ARCH_FLAG_WRITABLE_IMP_ID_REGS	(BITS_PER_LONG - 1)

#define kvm_vcpu_has_pmuv3_strict(vcpu)	({ (void)(vcpu); false; })
#define vgic_is_v5(kvm)			({ (void)(kvm); false; })

#endif /* __KVM_ARM64_GUEST_COMPAT_BASE_H__ */
