/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_BASE_H__
#define __KVM_ARM64_GUEST_COMPAT_BASE_H__

/*
 * Definitions that the tables and topics need and that 6.1 lacks. They are about
 * registers that this kernel does not list, fields that it does not show, and
 * features that its VMs do not have. Only this file and native.c differ from those
 * of other kernels; see Documentation/virt/kvm/guest-compat/distributions.rst
 */

/* ARRAY_SIZE() needs this header, and does not include it */
#include <linux/build_bug.h>

/* ID registers, and fields of them */
#define SYS_ID_AA64PFR2_EL1		sys_reg(3, 0, 0, 4, 2)
#define SYS_ID_AA64FPFR0_EL1		sys_reg(3, 0, 0, 4, 7)
#define SYS_ID_AA64ISAR3_EL1		sys_reg(3, 0, 0, 6, 3)
#define SYS_ID_AA64MMFR3_EL1		sys_reg(3, 0, 0, 7, 3)
#define SYS_ID_AA64MMFR4_EL1		sys_reg(3, 0, 0, 7, 4)
#define ID_DFR0_EL1_CopDbg_MASK		GENMASK(3, 0)
#define ID_DFR0_EL1_PerfMon_MASK	GENMASK(27, 24)
#define ID_DFR0_EL1_PerfMon_PMUv3p1	4
#define ID_DFR0_EL1_PerfMon_PMUv3p4	5
#define ID_MMFR4_EL1_CCIDX_MASK		GENMASK(27, 24)
#define ID_AA64PFR1_EL1_MTE_frac_MASK	GENMASK(43, 40)
#define ID_AA64PFR1_EL1_DF2_MASK	GENMASK(59, 56)
#define ID_AA64PFR2_EL1_MTESTOREONLY_MASK	GENMASK(7, 4)
#define ID_AA64PFR2_EL1_MTEFAR_MASK	GENMASK(11, 8)
#define ID_AA64PFR2_EL1_GCIE_MASK	GENMASK(15, 12)
#define ID_AA64PFR2_EL1_FPMR_MASK	GENMASK(35, 32)
#define ID_AA64ZFR0_EL1_EltPerm_MASK	GENMASK(15, 12)
#define ID_AA64ZFR0_EL1_B16B16_MASK	GENMASK(27, 24)
#define ID_AA64ZFR0_EL1_F16MM_MASK	GENMASK(51, 48)
#define ID_AA64FPFR0_EL1_F16MM2_MASK	GENMASK(15, 15)
#define ID_AA64FPFR0_EL1_F8MM4_MASK	GENMASK(26, 26)
#define ID_AA64FPFR0_EL1_F8MM8_MASK	GENMASK(27, 27)
#define ID_AA64FPFR0_EL1_RES0			\
	(GENMASK_ULL(63, 32) | GENMASK_ULL(25, 16) | GENMASK_ULL(14, 8))
#define ID_AA64ISAR2_EL1_RPRFM_MASK	GENMASK(51, 48)
#define ID_AA64ISAR2_EL1_CSSC_MASK	GENMASK(55, 52)
#define ID_AA64ISAR2_EL1_LUT_MASK	GENMASK(59, 56)
#define ID_AA64ISAR2_EL1_ATS1A_MASK	GENMASK(63, 60)
#define ID_AA64ISAR3_EL1_FAMINMAX_MASK	GENMASK(7, 4)
#define ID_AA64ISAR3_EL1_LSFE_MASK	GENMASK(19, 16)
#define ID_AA64ISAR3_EL1_LSUI_MASK	GENMASK(27, 24)
#define ID_AA64ISAR3_EL1_FPRCVT_MASK	GENMASK(31, 28)
#define ID_AA64MMFR3_EL1_TCRX_MASK	GENMASK(3, 0)
#define ID_AA64MMFR3_EL1_SCTLRX_MASK	GENMASK(7, 4)
#define ID_AA64MMFR3_EL1_S1PIE_MASK	GENMASK(11, 8)
#define ID_AA64MMFR3_EL1_S1POE_MASK	GENMASK(19, 16)
#define ID_AA64MMFR4_EL1_NV_frac_MASK	GENMASK(23, 20)
#define ID_AA64MMFR4_EL1_E2H0_MASK	GENMASK(27, 24)

/* Registers in listed.h */
#define SYS_SCTLR2_EL1			sys_reg(3, 0, 1, 0, 3)
#define SYS_TCR2_EL1			sys_reg(3, 0, 2, 0, 3)
#define SYS_PIRE0_EL1			sys_reg(3, 0, 10, 2, 2)
#define SYS_PIR_EL1			sys_reg(3, 0, 10, 2, 3)
#define SYS_POR_EL1			sys_reg(3, 0, 10, 2, 4)
#define SYS_FPMR			sys_reg(3, 3, 4, 4, 2)
#define SYS_POR_EL0			sys_reg(3, 3, 10, 2, 4)
#define SYS_CNTPCT_EL0			sys_reg(3, 3, 14, 0, 1)
#define SYS_CNTVCT_EL0			sys_reg(3, 3, 14, 0, 2)
#define SYS_VPIDR_EL2			sys_reg(3, 4, 0, 0, 0)
#define SYS_VMPIDR_EL2			sys_reg(3, 4, 0, 0, 5)
#define SYS_ACTLR_EL2			sys_reg(3, 4, 1, 0, 1)
#define SYS_SCTLR2_EL2			sys_reg(3, 4, 1, 0, 3)
#define SYS_HCR_EL2			sys_reg(3, 4, 1, 1, 0)
#define SYS_MDCR_EL2			sys_reg(3, 4, 1, 1, 1)
#define SYS_CPTR_EL2			sys_reg(3, 4, 1, 1, 2)
#define SYS_HSTR_EL2			sys_reg(3, 4, 1, 1, 3)
#define SYS_HACR_EL2			sys_reg(3, 4, 1, 1, 7)
#define SYS_NVHCR_EL2			sys_reg(3, 4, 1, 5, 0)
#define SYS_TTBR0_EL2			sys_reg(3, 4, 2, 0, 0)
#define SYS_TTBR1_EL2			sys_reg(3, 4, 2, 0, 1)
#define SYS_TCR_EL2			sys_reg(3, 4, 2, 0, 2)
#define SYS_TCR2_EL2			sys_reg(3, 4, 2, 0, 3)
#define SYS_VTTBR_EL2			sys_reg(3, 4, 2, 1, 0)
#define SYS_VTCR_EL2			sys_reg(3, 4, 2, 1, 2)
#define SYS_VNCR_EL2			sys_reg(3, 4, 2, 2, 0)
#define SYS_HDFGRTR2_EL2		sys_reg(3, 4, 3, 1, 0)
#define SYS_HDFGWTR2_EL2		sys_reg(3, 4, 3, 1, 1)
#define SYS_HFGRTR2_EL2			sys_reg(3, 4, 3, 1, 2)
#define SYS_HFGWTR2_EL2			sys_reg(3, 4, 3, 1, 3)
#define SYS_HFGITR2_EL2			sys_reg(3, 4, 3, 1, 7)
#define SYS_AFSR0_EL2			sys_reg(3, 4, 5, 1, 0)
#define SYS_AFSR1_EL2			sys_reg(3, 4, 5, 1, 1)
#define SYS_HPFAR_EL2			sys_reg(3, 4, 6, 0, 4)
#define SYS_MAIR_EL2			sys_reg(3, 4, 10, 2, 0)
#define SYS_PIRE0_EL2			sys_reg(3, 4, 10, 2, 2)
#define SYS_PIR_EL2			sys_reg(3, 4, 10, 2, 3)
#define SYS_POR_EL2			sys_reg(3, 4, 10, 2, 4)
#define SYS_AMAIR_EL2			sys_reg(3, 4, 10, 3, 0)
#define SYS_VBAR_EL2			sys_reg(3, 4, 12, 0, 0)
#define SYS_TPIDR_EL2			sys_reg(3, 4, 13, 0, 2)
#define SYS_CNTVOFF_EL2			sys_reg(3, 4, 14, 0, 3)
#define SYS_CNTHCTL_EL2			sys_reg(3, 4, 14, 1, 0)
#define SYS_CNTHP_CTL_EL2		sys_reg(3, 4, 14, 2, 1)
#define SYS_CNTHP_CVAL_EL2		sys_reg(3, 4, 14, 2, 2)
#define SYS_CNTHV_CTL_EL2		sys_reg(3, 4, 14, 3, 1)
#define SYS_CNTHV_CVAL_EL2		sys_reg(3, 4, 14, 3, 2)
#define SYS_SP_EL2			sys_reg(3, 6, 4, 1, 0)
#define KVM_REG_ARM_VENDOR_HYP_BMAP_2	KVM_REG_ARM_FW_FEAT_BMAP_REG(3)

/* Userspace cannot write this value */
#define KVM_ARM_PSCI_1_3		PSCI_VERSION(1, 3)

/* KVM_CHECK_EXTENSION does not know these */
#define KVM_CAP_COUNTER_OFFSET		227
#define KVM_CAP_ARM_WRITABLE_IMP_ID_REGS	239
#define KVM_CAP_ARM_EL2			240
#define KVM_CAP_ARM_EL2_E2H0		241

/* Never set: on this kernel, userspace cannot write MIDR_EL1, REVIDR_EL1 and AIDR_EL1 */
#define KVM_ARCH_FLAG_WRITABLE_IMP_ID_REGS	(BITS_PER_LONG - 1)

/*
 * Never detected: this kernel does not look for FEAT_FGT. Only revision 2 of
 * pmu_registers depends on it, which came with 6.16 and is not offered here.
 */
#define ARM64_HAS_FGT			ARM64_NCAPS

/* There is no filter of hypercalls to set up beside them */
#define kvm_arm_init_smccc_features(kvm)	kvm_arm_init_hypercalls(kvm)

#define pmuv3_implemented(pmuver)					\
({									\
	unsigned int __ver = (pmuver);					\
									\
	__ver && __ver != ID_AA64DFR0_EL1_PMUVer_IMP_DEF;		\
})

#define vcpu_has_nv(vcpu)		({ (void)(vcpu); false; })
#define kvm_vcpu_has_pmuv3_strict(vcpu)	({ (void)(vcpu); false; })
#define vgic_is_v5(kvm)			({ (void)(kvm); false; })

#endif /* __KVM_ARM64_GUEST_COMPAT_BASE_H__ */
