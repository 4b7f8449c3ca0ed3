/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of system registers, by their encoding, and of KVM's registers, by their id */
#ifndef SELFTEST_KVM_REG_NAMES_H
#define SELFTEST_KVM_REG_NAMES_H

#include <stdio.h>

#include <linux/kernel.h>

#include "kvm_util.h"
#include "processor.h"

#define S(n)	{ SYS_##n, #n }

static const struct sysreg_name {
	u32		reg;
	const char	*name;
} sysreg_names[] = {
	/* Debug, trace, branch records, system PMU */
	S(OSDTRRX_EL1), S(MDCCINT_EL1), S(MDSCR_EL1), S(OSDTRTX_EL1),
	S(MDSELR_EL1), S(MDSTEPOP_EL1), S(OSECCR_EL1), S(MDRAR_EL1),
	S(OSLAR_EL1), S(OSLSR_EL1), S(OSDLR_EL1), S(DBGPRCR_EL1),
	S(DBGCLAIMSET_EL1), S(DBGCLAIMCLR_EL1), S(DBGAUTHSTATUS_EL1),
	S(SPMACCESSR_EL1), S(SPMIIDR_EL1), S(SPMDEVARCH_EL1), S(SPMDEVAFF_EL1),
	S(SPMCFGR_EL1), S(SPMINTENSET_EL1), S(SPMINTENCLR_EL1),
	S(PMCCNTSVR_EL1), S(PMICNTSVR_EL1), S(TRCTRACEIDR), S(TRCVICTLR),
	S(TRCIDR8), S(TRCPRGCTLR), S(TRCQCTLR), S(TRCVIIECTLR), S(TRCIDR9),
	S(TRCITEEDCR), S(TRCVISSCTLR), S(TRCIDR10), S(TRCSTATR),
	S(TRCVIPCSSCTLR), S(TRCIDR11), S(TRCCONFIGR), S(TRCIDR12), S(TRCIDR13),
	S(TRCAUXCTLR), S(TRCSEQRSTEVR), S(TRCSEQSTR), S(TRCEVENTCTL0R),
	S(TRCIDR0), S(TRCEVENTCTL1R), S(TRCIDR1), S(TRCRSR), S(TRCIDR2),
	S(TRCSTALLCTLR), S(TRCIDR3), S(TRCTSCTLR), S(TRCIDR4), S(TRCSYNCPR),
	S(TRCIDR5), S(TRCCCCTLR), S(TRCIDR6), S(TRCBBCTLR), S(TRCIDR7),
	S(TRCOSLAR), S(TRCOSLSR), S(TRCCIDCCTLR0), S(TRCCIDCCTLR1),
	S(TRCVMIDCCTLR0), S(TRCVMIDCCTLR1), S(TRCDEVID), S(TRCCLAIMSET),
	S(TRCCLAIMCLR), S(TRCAUTHSTATUS), S(TRCDEVARCH), S(BRBCR_EL1),
	S(BRBFCR_EL1), S(BRBTS_EL1), S(BRBINFINJ_EL1), S(BRBSRCINJ_EL1),
	S(BRBTGTINJ_EL1), S(BRBIDR0_EL1), S(MDCCSR_EL0), S(DBGDTR_EL0),
	S(DBGDTRRX_EL0), S(SPMCR_EL0), S(SPMCNTENSET_EL0), S(SPMCNTENCLR_EL0),
	S(SPMOVSCLR_EL0), S(SPMZR_EL0), S(SPMSELR_EL0), S(SPMOVSSET_EL0),
	S(DBGVCR32_EL2), S(BRBCR_EL2), S(BRBCR_EL12), S(SPMACCESSR_EL12),
	S(SPMSCR_EL1),
	/* EL1 and EL0 */
	S(MIDR_EL1), S(MPIDR_EL1), S(REVIDR_EL1), S(ID_PFR0_EL1),
	S(ID_PFR1_EL1), S(ID_DFR0_EL1), S(ID_AFR0_EL1), S(ID_MMFR0_EL1),
	S(ID_MMFR1_EL1), S(ID_MMFR2_EL1), S(ID_MMFR3_EL1), S(ID_ISAR0_EL1),
	S(ID_ISAR1_EL1), S(ID_ISAR2_EL1), S(ID_ISAR3_EL1), S(ID_ISAR4_EL1),
	S(ID_ISAR5_EL1), S(ID_MMFR4_EL1), S(ID_ISAR6_EL1), S(MVFR0_EL1),
	S(MVFR1_EL1), S(MVFR2_EL1), S(ID_PFR2_EL1), S(ID_DFR1_EL1),
	S(ID_MMFR5_EL1), S(ID_AA64PFR0_EL1), S(ID_AA64PFR1_EL1),
	S(ID_AA64PFR2_EL1), S(ID_AA64ZFR0_EL1), S(ID_AA64SMFR0_EL1),
	S(ID_AA64FPFR0_EL1), S(ID_AA64DFR0_EL1), S(ID_AA64DFR1_EL1),
	S(ID_AA64DFR2_EL1), S(ID_AA64AFR0_EL1), S(ID_AA64AFR1_EL1),
	S(ID_AA64ISAR0_EL1), S(ID_AA64ISAR1_EL1), S(ID_AA64ISAR2_EL1),
	S(ID_AA64ISAR3_EL1), S(ID_AA64MMFR0_EL1), S(ID_AA64MMFR1_EL1),
	S(ID_AA64MMFR2_EL1), S(ID_AA64MMFR3_EL1), S(ID_AA64MMFR4_EL1),
	S(SCTLR_EL1), S(ACTLR_EL1), S(CPACR_EL1), S(SCTLR2_EL1), S(RGSR_EL1),
	S(GCR_EL1), S(ZCR_EL1), S(TRFCR_EL1), S(TRCITECR_EL1), S(SMPRI_EL1),
	S(SMCR_EL1), S(SCTLRMASK_EL1), S(ACTLRMASK_EL1), S(CPACRMASK_EL1),
	S(SCTLR2MASK_EL1), S(CPACRALIAS_EL1), S(ACTLRALIAS_EL1),
	S(SCTLRALIAS_EL1), S(SCTLR2ALIAS_EL1), S(TTBR0_EL1), S(TTBR1_EL1),
	S(TCR_EL1), S(TCR2_EL1), S(APIAKEYLO_EL1), S(APIAKEYHI_EL1),
	S(APIBKEYLO_EL1), S(APIBKEYHI_EL1), S(APDAKEYLO_EL1), S(APDAKEYHI_EL1),
	S(APDBKEYLO_EL1), S(APDBKEYHI_EL1), S(APGAKEYLO_EL1), S(APGAKEYHI_EL1),
	S(GCSCR_EL1), S(GCSPR_EL1), S(GCSCRE0_EL1), S(TCRMASK_EL1),
	S(TCR2MASK_EL1), S(TCRALIAS_EL1), S(TCR2ALIAS_EL1), S(SPSR_EL1),
	S(ELR_EL1), S(ALLINT), S(ICC_PMR_EL1), S(AFSR0_EL1), S(AFSR1_EL1),
	S(ESR_EL1), S(ERRIDR_EL1), S(ERRSELR_EL1), S(ERXGSR_EL1), S(ERXFR_EL1),
	S(ERXCTLR_EL1), S(ERXSTATUS_EL1), S(ERXADDR_EL1), S(ERXPFGF_EL1),
	S(ERXPFGCTL_EL1), S(ERXPFGCDN_EL1), S(ERXMISC0_EL1), S(ERXMISC1_EL1),
	S(ERXMISC2_EL1), S(ERXMISC3_EL1), S(TFSR_EL1), S(TFSRE0_EL1),
	S(FAR_EL1), S(PFAR_EL1), S(PAR_EL1), S(PMSCR_EL1), S(PMSNEVFR_EL1),
	S(PMSICR_EL1), S(PMSIRR_EL1), S(PMSFCR_EL1), S(PMSEVFR_EL1),
	S(PMSLATFR_EL1), S(PMSIDR_EL1), S(PMBLIMITR_EL1), S(PMBPTR_EL1),
	S(PMBSR_EL1), S(PMSDSFR_EL1), S(PMBMAR_EL1), S(PMBIDR_EL1),
	S(TRBLIMITR_EL1), S(TRBPTR_EL1), S(TRBBASER_EL1), S(TRBSR_EL1),
	S(TRBMAR_EL1), S(TRBMPAM_EL1), S(TRBTRG_EL1), S(TRBIDR_EL1),
	S(PMSSCR_EL1), S(PMINTENSET_EL1), S(PMINTENCLR_EL1), S(PMUACR_EL1),
	S(PMECR_EL1), S(PMMIR_EL1), S(PMIAR_EL1), S(MAIR_EL1), S(MAIR2_EL1),
	S(PIRE0_EL1), S(PIR_EL1), S(POR_EL1), S(S2POR_EL1), S(AMAIR_EL1),
	S(AMAIR2_EL1), S(LORSA_EL1), S(LOREA_EL1), S(LORN_EL1), S(LORC_EL1),
	S(MPAMIDR_EL1), S(LORID_EL1), S(MPAM1_EL1), S(MPAM0_EL1), S(MPAMSM_EL1),
	S(VBAR_EL1), S(ISR_EL1), S(DISR_EL1), S(ICC_IAR0_EL1), S(ICC_EOIR0_EL1),
	S(ICC_HPPIR0_EL1), S(ICC_BPR0_EL1), S(ICC_NMIAR1_EL1),
	S(ICC_PPI_HMR0_EL1), S(ICC_PPI_HMR1_EL1), S(ICC_IDR0_EL1),
	S(ICC_HPPIR_EL1), S(ICC_ICSR_EL1), S(ICC_IAFFIDR_EL1),
	S(ICC_PPI_ENABLER0_EL1), S(ICC_PPI_ENABLER1_EL1), S(ICC_DIR_EL1),
	S(ICC_RPR_EL1), S(ICC_SGI1R_EL1), S(ICC_ASGI1R_EL1), S(ICC_SGI0R_EL1),
	S(ICC_IAR1_EL1), S(ICC_EOIR1_EL1), S(ICC_HPPIR1_EL1), S(ICC_BPR1_EL1),
	S(ICC_CTLR_EL1), S(ICC_SRE_EL1), S(ICC_IGRPEN0_EL1), S(ICC_IGRPEN1_EL1),
	S(ICC_PPI_CACTIVER0_EL1), S(ICC_PPI_CACTIVER1_EL1),
	S(ICC_PPI_SACTIVER0_EL1), S(ICC_PPI_SACTIVER1_EL1),
	S(ICC_PPI_CPENDR0_EL1), S(ICC_PPI_CPENDR1_EL1), S(ICC_PPI_SPENDR0_EL1),
	S(ICC_PPI_SPENDR1_EL1), S(CONTEXTIDR_EL1), S(RCWSMASK_EL1),
	S(TPIDR_EL1), S(ACCDATA_EL1), S(RCWMASK_EL1), S(SCXTNUM_EL1),
	S(CNTKCTL_EL1), S(CCSIDR_EL1), S(CLIDR_EL1), S(CCSIDR2_EL1),
	S(GMID_EL1), S(SMIDR_EL1), S(AIDR_EL1), S(ICC_APR_EL1), S(ICC_CR0_EL1),
	S(ICC_PCR_EL1), S(CSSELR_EL1), S(CTR_EL0), S(DCZID_EL0), S(GCSPR_EL0),
	S(SVCR), S(FPCR), S(FPSR), S(FPMR), S(PMICNTR_EL0), S(PMICFILTR_EL0),
	S(PMCR_EL0), S(PMCNTENSET_EL0), S(PMCNTENCLR_EL0), S(PMOVSCLR_EL0),
	S(PMSWINC_EL0), S(PMSELR_EL0), S(PMCEID0_EL0), S(PMCEID1_EL0),
	S(PMCCNTR_EL0), S(PMXEVTYPER_EL0), S(PMXEVCNTR_EL0), S(PMZR_EL0),
	S(PMUSERENR_EL0), S(PMOVSSET_EL0), S(POR_EL0), S(TPIDR_EL0),
	S(TPIDRRO_EL0), S(TPIDR2_EL0), S(SCXTNUM_EL0), S(AMCR_EL0),
	S(AMCFGR_EL0), S(AMCGCR_EL0), S(AMUSERENR_EL0), S(AMCNTENCLR0_EL0),
	S(AMCNTENSET0_EL0), S(AMCNTENCLR1_EL0), S(AMCNTENSET1_EL0),
	S(CNTFRQ_EL0), S(CNTPCT_EL0), S(CNTVCT_EL0), S(CNTPCTSS_EL0),
	S(CNTVCTSS_EL0), S(CNTP_TVAL_EL0), S(CNTP_CTL_EL0), S(CNTP_CVAL_EL0),
	S(CNTV_TVAL_EL0), S(CNTV_CTL_EL0), S(CNTV_CVAL_EL0), S(PMCCFILTR_EL0),
	/* EL2, and the _EL12 names of EL1 registers */
	S(VPIDR_EL2), S(VMPIDR_EL2), S(SCTLR_EL2), S(ACTLR_EL2), S(SCTLR2_EL2),
	S(HCR_EL2), S(MDCR_EL2), S(CPTR_EL2), S(HSTR_EL2), S(HFGRTR_EL2),
	S(HFGWTR_EL2), S(HFGITR_EL2), S(HACR_EL2), S(ZCR_EL2), S(TRFCR_EL2),
	S(HCRX_EL2), S(SMPRIMAP_EL2), S(SMCR_EL2), S(NVHCR_EL2), S(TTBR0_EL2),
	S(TTBR1_EL2), S(TCR_EL2), S(TCR2_EL2), S(VTTBR_EL2), S(VTCR_EL2),
	S(VNCR_EL2), S(HDBSSBR_EL2), S(HDBSSPROD_EL2), S(GCSCR_EL2),
	S(GCSPR_EL2), S(DACR32_EL2), S(HDFGRTR2_EL2), S(HDFGWTR2_EL2),
	S(HFGRTR2_EL2), S(HFGWTR2_EL2), S(HDFGRTR_EL2), S(HDFGWTR_EL2),
	S(HAFGRTR_EL2), S(HFGITR2_EL2), S(SPSR_EL2), S(ELR_EL2), S(SP_EL1),
	S(SPSR_irq), S(SPSR_abt), S(SPSR_und), S(SPSR_fiq), S(IFSR32_EL2),
	S(AFSR0_EL2), S(AFSR1_EL2), S(ESR_EL2), S(VSESR_EL2), S(FPEXC32_EL2),
	S(TFSR_EL2), S(FAR_EL2), S(HPFAR_EL2), S(PMSCR_EL2), S(MAIR2_EL2),
	S(MAIR_EL2), S(PIRE0_EL2), S(PIR_EL2), S(POR_EL2), S(S2PIR_EL2),
	S(AMAIR_EL2), S(AMAIR2_EL2), S(MPAMHCR_EL2), S(MPAMVPMV_EL2),
	S(MPAM2_EL2), S(MPAMVPM0_EL2), S(MPAMVPM1_EL2), S(MPAMVPM2_EL2),
	S(MPAMVPM3_EL2), S(MPAMVPM4_EL2), S(MPAMVPM5_EL2), S(MPAMVPM6_EL2),
	S(MPAMVPM7_EL2), S(VBAR_EL2), S(RVBAR_EL2), S(RMR_EL2), S(VDISR_EL2),
	S(ICH_APR_EL2), S(ICH_HFGRTR_EL2), S(ICC_SRE_EL2), S(ICH_HFGWTR_EL2),
	S(ICH_HFGITR_EL2), S(ICH_PPI_DVIR0_EL2), S(ICH_PPI_DVIR1_EL2),
	S(ICH_PPI_ENABLER0_EL2), S(ICH_PPI_ENABLER1_EL2), S(ICH_PPI_PENDR0_EL2),
	S(ICH_PPI_PENDR1_EL2), S(ICH_PPI_ACTIVER0_EL2), S(ICH_PPI_ACTIVER1_EL2),
	S(ICH_HCR_EL2), S(ICH_VTR_EL2), S(ICH_MISR_EL2), S(ICH_EISR_EL2),
	S(ICH_VCTLR_EL2), S(ICH_ELRSR_EL2), S(ICH_CONTEXTR_EL2),
	S(ICH_VMCR_EL2), S(CONTEXTIDR_EL2), S(TPIDR_EL2), S(SCXTNUM_EL2),
	S(CNTVOFF_EL2), S(CNTPOFF_EL2), S(CNTHCTL_EL2), S(CNTHP_TVAL_EL2),
	S(CNTHP_CTL_EL2), S(CNTHP_CVAL_EL2), S(CNTHV_TVAL_EL2),
	S(CNTHV_CTL_EL2), S(CNTHV_CVAL_EL2), S(SCTLR_EL12), S(ACTLR_EL12),
	S(CPACR_EL12), S(SCTLR2_EL12), S(ZCR_EL12), S(TRFCR_EL12),
	S(TRCITECR_EL12), S(SMCR_EL12), S(SCTLRMASK_EL12), S(ACTLRMASK_EL12),
	S(CPACRMASK_EL12), S(SCTLR2MASK_EL12), S(TTBR0_EL12), S(TTBR1_EL12),
	S(TCR_EL12), S(TCR2_EL12), S(GCSCR_EL12), S(GCSPR_EL12),
	S(TCRMASK_EL12), S(TCR2MASK_EL12), S(SPSR_EL12), S(ELR_EL12),
	S(AFSR0_EL12), S(AFSR1_EL12), S(ESR_EL12), S(TFSR_EL12), S(FAR_EL12),
	S(PFAR_EL12), S(PMSCR_EL12), S(MAIR_EL12), S(PIRE0_EL12), S(PIR_EL12),
	S(POR_EL12), S(AMAIR_EL12), S(MPAM1_EL12), S(VBAR_EL12),
	S(CONTEXTIDR_EL12), S(SCXTNUM_EL12), S(CNTKCTL_EL12), S(CNTP_TVAL_EL02),
	S(CNTP_CTL_EL02), S(CNTP_CVAL_EL02), S(CNTV_TVAL_EL02),
	S(CNTV_CTL_EL02), S(CNTV_CVAL_EL02), S(SP_EL2),
	/* The kernel's header names these in another form, or not at all. */
	{ sys_reg(3, 0, 4, 1, 0), "SP_EL0" },
	{ sys_reg(3, 0, 4, 2, 0), "SPSel" },
	{ sys_reg(3, 0, 4, 2, 2), "CurrentEL" },
	{ sys_reg(3, 0, 4, 2, 3), "PAN" },
	{ sys_reg(3, 0, 4, 2, 4), "UAO" },
	{ sys_reg(3, 0, 4, 3, 1), "PM" },
	{ sys_reg(3, 3, 2, 4, 0), "RNDR" },
	{ sys_reg(3, 3, 2, 4, 1), "RNDRRS" },
	{ sys_reg(3, 3, 4, 2, 0), "NZCV" },
	{ sys_reg(3, 3, 4, 2, 1), "DAIF" },
	{ sys_reg(3, 3, 4, 2, 5), "DIT" },
	{ sys_reg(3, 3, 4, 2, 6), "SSBS" },
	{ sys_reg(3, 3, 4, 2, 7), "TCO" },
	{ sys_reg(3, 3, 4, 5, 0), "DSPSR_EL0" },
	{ sys_reg(3, 3, 4, 5, 1), "DLR_EL0" },
	{ sys_reg(3, 3, 13, 2, 6), "AMCG1IDR_EL0" },
};

#undef S

/*
 * Families of numbered registers, such as DBGBVR<n>_EL1. CRm and op2 of the
 * encoding give the number <n>, by one of these formulas.
 */
enum sysreg_index {
	BY_CRM,			/* CRm */
	BY_CRM_OP2,		/* CRm * 8 + op2 */
	BY_OP2_AND_3,		/* op2 & 3 */
	BY_OP2_CRM_16,		/* op2 / 4 * 16 + CRm */
	BY_OP2_CRM_8,		/* (op2 & 1) * 8 + CRm / 2 */
};

static const struct sysreg_family {
	u32			reg;		/* register 0 */
	u8			crm;		/* mask: bits of CRm that are part of the number */
	u8			op2;		/* mask: bits of op2 that are part of the number */
	enum sysreg_index	index;
	const char		*name;
} sysreg_families[] = {
	{ sys_reg(2, 0, 0, 0, 4), 15, 0, BY_CRM, "DBGBVR%u_EL1" },
	{ sys_reg(2, 0, 0, 0, 5), 15, 0, BY_CRM, "DBGBCR%u_EL1" },
	{ sys_reg(2, 0, 0, 0, 6), 15, 0, BY_CRM, "DBGWVR%u_EL1" },
	{ sys_reg(2, 0, 0, 0, 7), 15, 0, BY_CRM, "DBGWCR%u_EL1" },
	{ sys_reg(2, 0, 14, 8, 0), 3, 7, BY_CRM_OP2, "PMEVCNTSVR%u_EL1" },
	{ sys_reg(2, 1, 0, 0, 5), 3, 0, BY_CRM, "TRCCNTRLDVR%u" },
	{ sys_reg(2, 1, 0, 4, 5), 3, 0, BY_CRM, "TRCCNTCTLR%u" },
	{ sys_reg(2, 1, 0, 8, 5), 3, 0, BY_CRM, "TRCCNTVR%u" },
	{ sys_reg(2, 1, 0, 0, 4), 3, 0, BY_CRM, "TRCSEQEVR%u" },
	{ sys_reg(2, 1, 0, 8, 4), 3, 0, BY_CRM, "TRCEXTINSELR%u" },
	{ sys_reg(2, 1, 0, 0, 7), 7, 0, BY_CRM, "TRCIMSPEC%u" },
	{ sys_reg(2, 1, 1, 0, 0), 15, 1, BY_CRM, "TRCRSCTLR%u" },
	{ sys_reg(2, 1, 1, 0, 2), 7, 0, BY_CRM, "TRCSSCCR%u" },
	{ sys_reg(2, 1, 1, 8, 2), 7, 0, BY_CRM, "TRCSSCSR%u" },
	{ sys_reg(2, 1, 1, 0, 3), 7, 0, BY_CRM, "TRCSSPCICR%u" },
	{ sys_reg(2, 1, 2, 0, 0), 14, 1, BY_OP2_CRM_8, "TRCACVR%u" },
	{ sys_reg(2, 1, 2, 0, 2), 14, 1, BY_OP2_CRM_8, "TRCACATR%u" },
	{ sys_reg(2, 1, 3, 0, 0), 14, 0, BY_OP2_CRM_8, "TRCCIDCVR%u" },
	{ sys_reg(2, 1, 3, 0, 1), 14, 0, BY_OP2_CRM_8, "TRCVMIDCVR%u" },
	{ sys_reg(2, 1, 8, 0, 0), 15, 4, BY_OP2_CRM_16, "BRBINF%u_EL1" },
	{ sys_reg(2, 1, 8, 0, 1), 15, 4, BY_OP2_CRM_16, "BRBSRC%u_EL1" },
	{ sys_reg(2, 1, 8, 0, 2), 15, 4, BY_OP2_CRM_16, "BRBTGT%u_EL1" },
	{ sys_reg(2, 3, 14, 0, 0), 1, 7, BY_CRM_OP2, "SPMEVCNTR%u_EL0" },
	{ sys_reg(2, 3, 14, 2, 0), 1, 7, BY_CRM_OP2, "SPMEVTYPER%u_EL0" },
	{ sys_reg(2, 3, 14, 4, 0), 1, 7, BY_CRM_OP2, "SPMEVFILTR%u_EL0" },
	{ sys_reg(2, 3, 14, 6, 0), 1, 7, BY_CRM_OP2, "SPMEVFILT2R%u_EL0" },
	{ sys_reg(3, 0, 12, 8, 4), 0, 3, BY_OP2_AND_3, "ICC_AP0R%u_EL1" },
	{ sys_reg(3, 0, 12, 9, 0), 0, 3, BY_OP2_AND_3, "ICC_AP1R%u_EL1" },
	{ sys_reg(3, 0, 12, 14, 0), 1, 7, BY_CRM_OP2, "ICC_PPI_PRIORITYR%u_EL1" },
	{ sys_reg(3, 3, 13, 4, 0), 1, 7, BY_CRM_OP2, "AMEVCNTR0%u_EL0" },
	{ sys_reg(3, 3, 13, 6, 0), 1, 7, BY_CRM_OP2, "AMEVTYPER0%u_EL0" },
	{ sys_reg(3, 3, 13, 12, 0), 1, 7, BY_CRM_OP2, "AMEVCNTR1%u_EL0" },
	{ sys_reg(3, 3, 13, 14, 0), 1, 7, BY_CRM_OP2, "AMEVTYPER1%u_EL0" },
	{ sys_reg(3, 3, 14, 8, 0), 3, 7, BY_CRM_OP2, "PMEVCNTR%u_EL0" },
	{ sys_reg(3, 3, 14, 12, 0), 3, 7, BY_CRM_OP2, "PMEVTYPER%u_EL0" },
	{ sys_reg(3, 4, 12, 8, 0), 0, 3, BY_OP2_AND_3, "ICH_AP0R%u_EL2" },
	{ sys_reg(3, 4, 12, 9, 0), 0, 3, BY_OP2_AND_3, "ICH_AP1R%u_EL2" },
	{ sys_reg(3, 4, 12, 12, 0), 1, 7, BY_CRM_OP2, "ICH_LR%u_EL2" },
	{ sys_reg(3, 4, 12, 14, 0), 1, 7, BY_CRM_OP2, "ICH_PPI_PRIORITYR%u_EL2" },
	{ sys_reg(3, 4, 13, 8, 0), 1, 7, BY_CRM_OP2, "AMEVCNTVOFF0%u_EL2" },
	{ sys_reg(3, 4, 13, 10, 0), 1, 7, BY_CRM_OP2, "AMEVCNTVOFF1%u_EL2" },
};

/* The fields of an encoding, at their bits in MRS and MSR */
static inline u32 sysreg_crm(u32 reg)
{
	return reg >> 8 & 15;
}

static inline u32 sysreg_op2(u32 reg)
{
	return reg >> 5 & 7;
}

static inline u32 sysreg_number(const struct sysreg_family *f, u32 reg)
{
	u32 crm = sysreg_crm(reg) & f->crm, op2 = sysreg_op2(reg);

	switch (f->index) {
	case BY_CRM:
		return crm + (op2 & f->op2) * 16;
	case BY_CRM_OP2:
		return crm * 8 + op2;
	case BY_OP2_AND_3:
		return op2 & 3;
	case BY_OP2_CRM_16:
		return op2 / 4 * 16 + crm;
	default:
		return (op2 & f->op2) * 8 + crm / 2;
	}
}

/* Returns false if the table has no name. @buf is S<op0>_<op1>_C<CRn>_C<CRm>_<op2> then. */
static inline bool sysreg_name(char *buf, size_t size, u32 reg)
{
	const struct sysreg_family *f;
	int i;

	for (i = 0; i < ARRAY_SIZE(sysreg_names); i++) {
		if (sysreg_names[i].reg == reg) {
			snprintf(buf, size, "%s", sysreg_names[i].name);
			return true;
		}
	}

	for (i = 0; i < ARRAY_SIZE(sysreg_families); i++) {
		f = &sysreg_families[i];
		if ((reg & ~sys_reg(0, 0, 0, f->crm, f->op2)) == f->reg) {
			snprintf(buf, size, f->name, sysreg_number(f, reg));
			return true;
		}
	}

	snprintf(buf, size, "S%u_%u_C%u_C%u_%u", reg >> 19 & 3, reg >> 16 & 7, reg >> 12 & 15,
		 sysreg_crm(reg), sysreg_op2(reg));
	return false;
}

/*
 * The ids of KVM_REG_ARM_TIMER_CNT and _CVAL have each other's encoding. This mistake
 * became ABI, so search this table first.
 */
#define F(n)	{ KVM_REG_ARM_##n, "KVM_REG_ARM_" #n }

static const struct kvm_reg_name {
	u64		id;
	const char	*name;
} kvm_reg_names[] = {
	F(TIMER_CTL), F(TIMER_CNT), F(TIMER_CVAL), F(PTIMER_CTL),
	F(PTIMER_CNT), F(PTIMER_CVAL), F(PSCI_VERSION),
	F(SMCCC_ARCH_WORKAROUND_1), F(SMCCC_ARCH_WORKAROUND_2),
	F(SMCCC_ARCH_WORKAROUND_3), F(STD_BMAP), F(STD_HYP_BMAP),
	F(VENDOR_HYP_BMAP), F(VENDOR_HYP_BMAP_2),
	{ KVM_REG_ARM64_SVE_VLS, "KVM_REG_ARM64_SVE_VLS" },
};

#undef F

#define ID_FIELD(id, f)							\
	(((id) & KVM_REG_ARM64_SYSREG_##f##_MASK) >> KVM_REG_ARM64_SYSREG_##f##_SHIFT)

/* Returns the encoding of the system register that has this id. */
static inline u32 kvm_sysreg(u64 id)
{
	return sys_reg(ID_FIELD(id, OP0), ID_FIELD(id, OP1), ID_FIELD(id, CRN),
		       ID_FIELD(id, CRM), ID_FIELD(id, OP2));
}

#undef ID_FIELD

static inline void core_reg_name(char *buf, size_t size, u32 off)
{
	static const char * const spsr[] = {
		"SPSR_EL1", "SPSR_abt", "SPSR_und", "SPSR_irq", "SPSR_fiq"
	};

	if (off < KVM_REG_ARM_CORE_REG(regs.sp))
		snprintf(buf, size, "X%d", off / 2);
	else if (off == KVM_REG_ARM_CORE_REG(regs.sp))
		snprintf(buf, size, "SP_EL0");
	else if (off == KVM_REG_ARM_CORE_REG(regs.pc))
		snprintf(buf, size, "PC");
	else if (off == KVM_REG_ARM_CORE_REG(regs.pstate))
		snprintf(buf, size, "PSTATE");
	else if (off == KVM_REG_ARM_CORE_REG(sp_el1))
		snprintf(buf, size, "SP_EL1");
	else if (off == KVM_REG_ARM_CORE_REG(elr_el1))
		snprintf(buf, size, "ELR_EL1");
	else if (off < KVM_REG_ARM_CORE_REG(spsr[KVM_NR_SPSR]))
		snprintf(buf, size, "%s", spsr[(off - KVM_REG_ARM_CORE_REG(spsr[0])) / 2]);
	else if (off < KVM_REG_ARM_CORE_REG(fp_regs.fpsr))
		snprintf(buf, size, "V%d",
			 (u32)(off - KVM_REG_ARM_CORE_REG(fp_regs.vregs[0])) / 4);
	else
		snprintf(buf, size, "%s",
			 off == KVM_REG_ARM_CORE_REG(fp_regs.fpsr) ? "FPSR" : "FPCR");
}

static inline void sve_reg_name(char *buf, size_t size, u32 off)
{
	u32 n = off >> 5 & 0x1f, slice = off & 0x1f;

	if (off >= KVM_REG_ARM64_SVE_FFR_BASE)
		snprintf(buf, size, "FFR");
	else
		snprintf(buf, size, "%c%d",
			 off >= KVM_REG_ARM64_SVE_PREG_BASE ? 'P' : 'Z', n);
	if (slice)
		snprintf(buf + strlen(buf), size - strlen(buf), "[%d]", slice);
}

static inline void reg_name(char *buf, size_t size, u64 id)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kvm_reg_names); i++) {
		if (kvm_reg_names[i].id == id) {
			snprintf(buf, size, "%s", kvm_reg_names[i].name);
			return;
		}
	}

	switch (id & KVM_REG_ARM_COPROC_MASK) {
	case KVM_REG_ARM_CORE:
		return core_reg_name(buf, size, id & 0xffff);
	case KVM_REG_ARM64_SYSREG:
		sysreg_name(buf, size, kvm_sysreg(id));
		return;
	case KVM_REG_ARM64_SVE:
		return sve_reg_name(buf, size, id & 0xffff);
	case KVM_REG_ARM_DEMUX:
		snprintf(buf, size, "CCSIDR_EL1<%d>", (int)(id & KVM_REG_ARM_DEMUX_VAL_MASK));
		return;
	case KVM_REG_ARM_FW:
		snprintf(buf, size, "KVM_REG_ARM_FW_REG(%d)", (int)(id & 0xffff));
		return;
	case KVM_REG_ARM_FW_FEAT_BMAP:
		snprintf(buf, size, "KVM_REG_ARM_FW_FEAT_BMAP_REG(%d)", (int)(id & 0xffff));
		return;
	default:
		snprintf(buf, size, "%#llx", (unsigned long long)id);
	}
}

#endif /* SELFTEST_KVM_REG_NAMES_H */
