/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fields of ID registers that earlier releases showed differently. If a change
 * came between two measured releases, its release is from the kernel's history.
 */
#ifndef __KVM_ARM64_GUEST_COMPAT_IDREGS_H__
#define __KVM_ARM64_GUEST_COMPAT_IDREGS_H__

#include <asm/sysreg.h>

#include "behaviour.h"

enum {
	GUEST_COMPAT_ID_AA64MMFR2_NV		= 4,
	GUEST_COMPAT_ID_AA64MMFR2_CCIDX		= 20,
	GUEST_COMPAT_ID_MMFR4_CCIDX		= 21,
	GUEST_COMPAT_ID_AA64PFR0_CSV3		= 22,
	GUEST_COMPAT_ID_AA64PFR0_GIC		= 23,
	GUEST_COMPAT_ID_AA64PFR0_MPAM		= 24,
	GUEST_COMPAT_ID_AA64PFR1_MPAM_FRAC	= 25,
	GUEST_COMPAT_ID_AA64PFR1_RAS_FRAC	= 26,
	GUEST_COMPAT_ID_AA64PFR1_MTE_FRAC	= 27,
	GUEST_COMPAT_ID_AA64PFR1_DF2		= 28,
	GUEST_COMPAT_ID_AA64PFR2_FPMR		= 29,
	GUEST_COMPAT_ID_AA64PFR2_MTEFAR		= 30,
	GUEST_COMPAT_ID_AA64PFR2_MTESTOREONLY	= 31,
	GUEST_COMPAT_ID_AA64PFR2_GCIE		= 32,
	GUEST_COMPAT_ID_AA64ZFR0_B16B16		= 33,
	GUEST_COMPAT_ID_AA64ZFR0_F16MM		= 34,
	GUEST_COMPAT_ID_AA64ZFR0_ELTPERM	= 35,
	GUEST_COMPAT_ID_AA64FPFR0		= 36,
	GUEST_COMPAT_ID_AA64FPFR0_F8MM		= 37,
	GUEST_COMPAT_ID_AA64FPFR0_F16MM2	= 38,
	GUEST_COMPAT_ID_AA64DFR0_DEBUGVER	= 39,
	GUEST_COMPAT_ID_AA64DFR0_PMUVER		= 40,
	GUEST_COMPAT_ID_AA64DFR0_PMSVER		= 41,
	GUEST_COMPAT_ID_DFR0_COPDBG		= 42,
	GUEST_COMPAT_ID_DFR0_PERFMON		= 43,
	GUEST_COMPAT_ID_AA64ISAR1_XS		= 44,
	GUEST_COMPAT_ID_AA64ISAR1_LS64		= 45,
	GUEST_COMPAT_ID_AA64ISAR2_APA3		= 46,
	GUEST_COMPAT_ID_AA64ISAR2_GPA3		= 47,
	GUEST_COMPAT_ID_AA64ISAR2_WFXT		= 48,
	GUEST_COMPAT_ID_AA64ISAR2_BC		= 49,
	GUEST_COMPAT_ID_AA64ISAR2_CSSC		= 50,
	GUEST_COMPAT_ID_AA64ISAR2_RPRFM		= 51,
	GUEST_COMPAT_ID_AA64ISAR2_MOPS		= 52,
	GUEST_COMPAT_ID_AA64ISAR2_LUT		= 53,
	GUEST_COMPAT_ID_AA64ISAR2_ATS1A		= 54,
	GUEST_COMPAT_ID_AA64ISAR3_FAMINMAX	= 55,
	GUEST_COMPAT_ID_AA64ISAR3_FPRCVT	= 56,
	GUEST_COMPAT_ID_AA64ISAR3_LSFE		= 57,
	GUEST_COMPAT_ID_AA64ISAR3_LSUI		= 58,
	GUEST_COMPAT_ID_AA64MMFR1_ECBHB		= 59,
	GUEST_COMPAT_ID_AA64MMFR1_TIDCP1	= 60,
	GUEST_COMPAT_ID_AA64MMFR1_HCX		= 61,
	GUEST_COMPAT_ID_AA64MMFR3_TCRX		= 62,
	GUEST_COMPAT_ID_AA64MMFR3_S1PIE		= 63,
	GUEST_COMPAT_ID_AA64MMFR3_S1POE		= 64,
	GUEST_COMPAT_ID_AA64MMFR3_SCTLRX	= 65,
	GUEST_COMPAT_ID_AA64MMFR4_E2H0		= 66,
	GUEST_COMPAT_ID_AA64MMFR4_NV_FRAC	= 67,
	GUEST_COMPAT_ID_DFR0_AARCH64_ONLY	= 82,
	GUEST_COMPAT_ID_PFR1_AARCH64_ONLY	= 83,
};

/* What this kernel shows natively */
#define GUEST_COMPAT_ID_NOW		0x0000
/* The value of the host's sanitised register */
#define GUEST_COMPAT_ID_HOST		0x0100
/* n, which must be the field's value for a feature that is not implemented */
#define GUEST_COMPAT_ID_VALUE(n)	(0x0200 | (n))
/* What this kernel shows, but at most n */
#define GUEST_COMPAT_ID_AT_MOST(n)	(0x0300 | (n))
/* The VM's PMU, or the host's if the VM has none, but at most n */
#define GUEST_COMPAT_ID_HOST_PMU(n)	(0x0400 | (n))
/* What this kernel shows, until userspace restores the host's value */
#define GUEST_COMPAT_ID_KEPT		0x0500

#define GUEST_COMPAT_ID_KIND		0xff00
#define GUEST_COMPAT_ID_ARG		0x00ff

/**
 * struct guest_compat_id_field - how a behaviour sets fields of an ID register
 * @reg:	the register's encoding
 * @mask:	the field, or the fields
 * @rules:	GUEST_COMPAT_ID_* for each revision, and _NOW for the last. A kernel
 *		applies no rule at its native revision.
 *
 * The behaviour's .arch points to it. Behaviours of other topics have none.
 */
struct guest_compat_id_field {
	u32	reg;
	u64	mask;
	u16	rules[4];
};

u64 guest_compat_id_rule(u16 rule, u64 mask, u64 host, u64 now);
u64 guest_compat_id_default(const u8 *revision, u32 reg, u64 host, u64 now);
u64 guest_compat_id_fields(const u8 *revision, u32 reg, u16 kind);

#endif /* __KVM_ARM64_GUEST_COMPAT_IDREGS_H__ */

#ifdef GUEST_COMPAT_ROWS

#define ID_LIST(...)	__VA_ARGS__

/* @_since: the releases that changed it, as in .since; @_rules: for each revision */
#define ID_FIELDS(_id, _name, _text, _reg, _mask, _since, _rules)		\
[GUEST_COMPAT_##_id] = {							\
	.name		= _name,						\
	.description	= _text,						\
	.since		= { [GUEST_COMPAT_V5_10] = GUEST_COMPAT_REV(0), ID_LIST _since }, \
	.arch		= &(const struct guest_compat_id_field){		\
		.reg	= SYS_##_reg,						\
		.mask	= (_mask),						\
		.rules	= { ID_LIST _rules },					\
	},									\
}

/* The rule @_first up to a release, and what this kernel shows since then */
#define ID_CHANGED(_id, _name, _text, _reg, _mask, _first, _since)		\
	ID_FIELDS(_id, _name, _text, _reg, _mask,				\
		  ([GUEST_COMPAT_##_since] = GUEST_COMPAT_REV(1)),		\
		  (GUEST_COMPAT_ID_##_first, GUEST_COMPAT_ID_NOW))

/* 0 until KVM, or the arm64 code that KVM asks, knew the field */
#define ID_NEW(_id, _name, _reg, _field, _since)				\
	ID_CHANGED(_id, _name, #_reg "." #_field, _reg,				\
		   _reg##_##_field##_MASK, VALUE(0), _since)

/* The host's value until KVM hid or limited the field */
#define ID_HID(_id, _name, _reg, _field, _since)				\
	ID_CHANGED(_id, _name, #_reg "." #_field, _reg,				\
		   _reg##_##_field##_MASK, HOST, _since)

/* A guest without EL2 cannot use NV. A VM with EL2 has the native value. */
ID_HID(ID_AA64MMFR2_NV, "id_aa64mmfr2_nv", ID_AA64MMFR2_EL1, NV, V6_15),

/* Since 6.3, KVM emulates CCSIDR_EL1 in its 32-bit format */
ID_HID(ID_AA64MMFR2_CCIDX, "id_aa64mmfr2_ccidx", ID_AA64MMFR2_EL1, CCIDX, V6_3),
ID_HID(ID_MMFR4_CCIDX, "id_mmfr4_ccidx", ID_MMFR4_EL1, CCIDX, V6_3),

/* Since 5.11, CSV3 depends on whether the kernel knows the host as vulnerable */
ID_HID(ID_AA64PFR0_CSV3, "id_aa64pfr0_csv3", ID_AA64PFR0_EL1, CSV3, V5_11),
/*
 * Since 5.18, it is 1 if the host can have a vGICv3. Before, a host with a GICv4.1
 * showed 3; but on 5.16 and 5.17, VMs with a vGICv3 had 1.
 */
ID_HID(ID_AA64PFR0_GIC, "id_aa64pfr0_gic", ID_AA64PFR0_EL1, GIC, V5_18),
/*
 * A Linux guest that finds one of these fields uses the MPAM registers, which KVM
 * lets no guest do. So a new VM never gets the fields, and KVM only keeps them when
 * userspace restores them. KVM hides them since 6.13, 6.12.6 and 6.6.67.
 */
#define ID_MPAM(_id, _name, _reg, _field)					\
	ID_FIELDS(_id, _name, #_reg "." #_field, _reg, _reg##_##_field##_MASK,	\
		  ([GUEST_COMPAT_V6_6] = GUEST_COMPAT_REV(1),			\
		   [GUEST_COMPAT_V6_7] = GUEST_COMPAT_REV(0),			\
		   [GUEST_COMPAT_V6_12] = GUEST_COMPAT_REV(1)),			\
		  (GUEST_COMPAT_ID_KEPT, GUEST_COMPAT_ID_NOW))
ID_MPAM(ID_AA64PFR0_MPAM, "id_aa64pfr0_mpam", ID_AA64PFR0_EL1, MPAM),
ID_MPAM(ID_AA64PFR1_MPAM_FRAC, "id_aa64pfr1_mpam_frac", ID_AA64PFR1_EL1, MPAM_frac),
/* Since 6.17, only where KVM handles the registers of RASv1p1 */
ID_HID(ID_AA64PFR1_RAS_FRAC, "id_aa64pfr1_ras_frac", ID_AA64PFR1_EL1, RAS_frac, V6_17),
/* 0 announces asynchronous faults, whether or not the CPU has them */
ID_NEW(ID_AA64PFR1_MTE_FRAC, "id_aa64pfr1_mte_frac", ID_AA64PFR1_EL1, MTE_frac, V6_16),
ID_NEW(ID_AA64PFR1_DF2, "id_aa64pfr1_df2", ID_AA64PFR1_EL1, DF2, V6_17),
ID_NEW(ID_AA64PFR2_FPMR, "id_aa64pfr2_fpmr", ID_AA64PFR2_EL1, FPMR, V6_12),
ID_NEW(ID_AA64PFR2_MTEFAR, "id_aa64pfr2_mtefar", ID_AA64PFR2_EL1, MTEFAR, V6_17),
ID_NEW(ID_AA64PFR2_MTESTOREONLY, "id_aa64pfr2_mtestoreonly", ID_AA64PFR2_EL1, MTESTOREONLY, V6_17),
ID_NEW(ID_AA64PFR2_GCIE, "id_aa64pfr2_gcie", ID_AA64PFR2_EL1, GCIE, V7_1),

ID_NEW(ID_AA64ZFR0_B16B16, "id_aa64zfr0_b16b16", ID_AA64ZFR0_EL1, B16B16, V6_7),
ID_NEW(ID_AA64ZFR0_F16MM, "id_aa64zfr0_f16mm", ID_AA64ZFR0_EL1, F16MM, V6_14),
ID_NEW(ID_AA64ZFR0_ELTPERM, "id_aa64zfr0_eltperm", ID_AA64ZFR0_EL1, EltPerm, V6_14),

/* 6.12 brought the register; later releases brought these other fields */
ID_CHANGED(ID_AA64FPFR0, "id_aa64fpfr0", "ID_AA64FPFR0_EL1 but for F8MM8, F8MM4 and F16MM2",
	   ID_AA64FPFR0_EL1,
	   ~(ID_AA64FPFR0_EL1_RES0 | ID_AA64FPFR0_EL1_F8MM8_MASK |
	     ID_AA64FPFR0_EL1_F8MM4_MASK | ID_AA64FPFR0_EL1_F16MM2_MASK),
	   VALUE(0), V6_12),
ID_CHANGED(ID_AA64FPFR0_F8MM, "id_aa64fpfr0_f8mm", "ID_AA64FPFR0_EL1.{F8MM8,F8MM4}",
	   ID_AA64FPFR0_EL1, ID_AA64FPFR0_EL1_F8MM8_MASK | ID_AA64FPFR0_EL1_F8MM4_MASK,
	   VALUE(0), V6_14),
ID_NEW(ID_AA64FPFR0_F16MM2, "id_aa64fpfr0_f16mm2", ID_AA64FPFR0_EL1, F16MM2, V7_2),

/* The host's; since 5.12, at most that of Armv8.0; since 6.7, at most that of v8.8 */
ID_FIELDS(ID_AA64DFR0_DEBUGVER, "id_aa64dfr0_debugver", "ID_AA64DFR0_EL1.DebugVer",
	  ID_AA64DFR0_EL1, ID_AA64DFR0_EL1_DebugVer_MASK,
	  ([GUEST_COMPAT_V5_12] = GUEST_COMPAT_REV(1),
	   [GUEST_COMPAT_V6_7] = GUEST_COMPAT_REV(2)),
	  (GUEST_COMPAT_ID_HOST,
	   GUEST_COMPAT_ID_AT_MOST(ID_AA64DFR0_EL1_DebugVer_IMP),
	   GUEST_COMPAT_ID_NOW)),

/*
 * At most that of Armv8.1, even without a PMU; since 5.11, 0 without a PMU; since
 * 5.12, at most that of v8.4; since 6.2, what this kernel shows
 */
ID_FIELDS(ID_AA64DFR0_PMUVER, "id_aa64dfr0_pmuver", "ID_AA64DFR0_EL1.PMUVer",
	  ID_AA64DFR0_EL1, ID_AA64DFR0_EL1_PMUVer_MASK,
	  ([GUEST_COMPAT_V5_11] = GUEST_COMPAT_REV(1),
	   [GUEST_COMPAT_V5_12] = GUEST_COMPAT_REV(2),
	   [GUEST_COMPAT_V6_2] = GUEST_COMPAT_REV(3)),
	  (GUEST_COMPAT_ID_HOST_PMU(ID_AA64DFR0_EL1_PMUVer_V3P1),
	   GUEST_COMPAT_ID_AT_MOST(ID_AA64DFR0_EL1_PMUVer_V3P1),
	   GUEST_COMPAT_ID_AT_MOST(ID_AA64DFR0_EL1_PMUVer_V3P4),
	   GUEST_COMPAT_ID_NOW)),

/* PMSVer announces SPE, which guests never had */
ID_HID(ID_AA64DFR0_PMSVER, "id_aa64dfr0_pmsver", ID_AA64DFR0_EL1, PMSVer, V5_13),

/* The host's; since 6.7, at most that of v8.8 */
ID_HID(ID_DFR0_COPDBG, "id_dfr0_copdbg", ID_DFR0_EL1, CopDbg, V6_7),

/*
 * At most that of Armv8.1, even without a PMU; since 5.12, 0 without a PMU, and at
 * most that of v8.4; since 6.2, what this kernel shows
 */
ID_FIELDS(ID_DFR0_PERFMON, "id_dfr0_perfmon", "ID_DFR0_EL1.PerfMon",
	  ID_DFR0_EL1, ID_DFR0_EL1_PerfMon_MASK,
	  ([GUEST_COMPAT_V5_12] = GUEST_COMPAT_REV(1),
	   [GUEST_COMPAT_V6_2] = GUEST_COMPAT_REV(2)),
	  (GUEST_COMPAT_ID_HOST_PMU(ID_DFR0_EL1_PerfMon_PMUv3p1),
	   GUEST_COMPAT_ID_AT_MOST(ID_DFR0_EL1_PerfMon_PMUv3p4),
	   GUEST_COMPAT_ID_NOW)),

/*
 * AArch32's ID registers are RAZ on CPUs without AArch32. But from 6.5 to 7.3, KVM
 * filled in PerfMon there. Kernels with this row do not, hence .native.
 */
[GUEST_COMPAT_ID_DFR0_AARCH64_ONLY] = {
	.name		= "id_dfr0_aarch64_only",
	.description	= "ID_DFR0_EL1.PerfMon on CPUs without AArch32",
	.native		= GUEST_COMPAT_REV(0),
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* 0 */
		[GUEST_COMPAT_V6_5]	= GUEST_COMPAT_REV(1),	/* the VM's PMU */
	},
},

/* From 6.18 to 7.0, KVM filled in GIC there, because the GIC fields followed the vGIC */
[GUEST_COMPAT_ID_PFR1_AARCH64_ONLY] = {
	.name		= "id_pfr1_aarch64_only",
	.description	= "ID_PFR1_EL1.GIC on CPUs without AArch32",
	.since		= {
		[GUEST_COMPAT_V6_18]	= GUEST_COMPAT_REV(1),	/* the VM's vGIC */
		[GUEST_COMPAT_V7_1]	= GUEST_COMPAT_REV(0),	/* 0 again */
	},
},

ID_NEW(ID_AA64ISAR1_XS, "id_aa64isar1_xs", ID_AA64ISAR1_EL1, XS, V6_11),
ID_NEW(ID_AA64ISAR1_LS64, "id_aa64isar1_ls64", ID_AA64ISAR1_EL1, LS64, V7_0),

ID_NEW(ID_AA64ISAR2_APA3, "id_aa64isar2_apa3", ID_AA64ISAR2_EL1, APA3, V5_18),
ID_NEW(ID_AA64ISAR2_GPA3, "id_aa64isar2_gpa3", ID_AA64ISAR2_EL1, GPA3, V5_18),
ID_NEW(ID_AA64ISAR2_WFXT, "id_aa64isar2_wfxt", ID_AA64ISAR2_EL1, WFxT, V5_19),
ID_NEW(ID_AA64ISAR2_BC, "id_aa64isar2_bc", ID_AA64ISAR2_EL1, BC, V6_0),
ID_NEW(ID_AA64ISAR2_CSSC, "id_aa64isar2_cssc", ID_AA64ISAR2_EL1, CSSC, V6_2),
ID_NEW(ID_AA64ISAR2_RPRFM, "id_aa64isar2_rprfm", ID_AA64ISAR2_EL1, RPRFM, V6_2),
ID_NEW(ID_AA64ISAR2_MOPS, "id_aa64isar2_mops", ID_AA64ISAR2_EL1, MOPS, V6_7),
ID_NEW(ID_AA64ISAR2_LUT, "id_aa64isar2_lut", ID_AA64ISAR2_EL1, LUT, V6_9),
ID_NEW(ID_AA64ISAR2_ATS1A, "id_aa64isar2_ats1a", ID_AA64ISAR2_EL1, ATS1A, V7_2),

ID_NEW(ID_AA64ISAR3_FAMINMAX, "id_aa64isar3_faminmax", ID_AA64ISAR3_EL1, FAMINMAX, V6_14),
ID_NEW(ID_AA64ISAR3_FPRCVT, "id_aa64isar3_fprcvt", ID_AA64ISAR3_EL1, FPRCVT, V6_14),
ID_NEW(ID_AA64ISAR3_LSFE, "id_aa64isar3_lsfe", ID_AA64ISAR3_EL1, LSFE, V6_18),
ID_NEW(ID_AA64ISAR3_LSUI, "id_aa64isar3_lsui", ID_AA64ISAR3_EL1, LSUI, V7_1),

/* KVM shows it since 6.11, 6.6.101 and 6.1.149 */
ID_FIELDS(ID_AA64MMFR1_ECBHB, "id_aa64mmfr1_ecbhb", "ID_AA64MMFR1_EL1.ECBHB",
	  ID_AA64MMFR1_EL1, ID_AA64MMFR1_EL1_ECBHB_MASK,
	  ([GUEST_COMPAT_V6_1] = GUEST_COMPAT_REV(1),
	   [GUEST_COMPAT_V6_2] = GUEST_COMPAT_REV(0),
	   [GUEST_COMPAT_V6_6] = GUEST_COMPAT_REV(1),
	   [GUEST_COMPAT_V6_7] = GUEST_COMPAT_REV(0),
	   [GUEST_COMPAT_V6_11] = GUEST_COMPAT_REV(1)),
	  (GUEST_COMPAT_ID_VALUE(0), GUEST_COMPAT_ID_NOW)),
ID_NEW(ID_AA64MMFR1_TIDCP1, "id_aa64mmfr1_tidcp1", ID_AA64MMFR1_EL1, TIDCP1, V6_0),
ID_NEW(ID_AA64MMFR1_HCX, "id_aa64mmfr1_hcx", ID_AA64MMFR1_EL1, HCX, V6_5),

ID_NEW(ID_AA64MMFR3_TCRX, "id_aa64mmfr3_tcrx", ID_AA64MMFR3_EL1, TCRX, V6_5),
ID_NEW(ID_AA64MMFR3_S1PIE, "id_aa64mmfr3_s1pie", ID_AA64MMFR3_EL1, S1PIE, V6_5),
ID_NEW(ID_AA64MMFR3_S1POE, "id_aa64mmfr3_s1poe", ID_AA64MMFR3_EL1, S1POE, V6_12),
ID_NEW(ID_AA64MMFR3_SCTLRX, "id_aa64mmfr3_sctlrx", ID_AA64MMFR3_EL1, SCTLRX, V6_17),

/* Up to 6.8, the register read as zero, even without FEAT_E2H0 */
ID_NEW(ID_AA64MMFR4_E2H0, "id_aa64mmfr4_e2h0", ID_AA64MMFR4_EL1, E2H0, V6_9),
ID_NEW(ID_AA64MMFR4_NV_FRAC, "id_aa64mmfr4_nv_frac", ID_AA64MMFR4_EL1, NV_frac, V6_15),

#undef ID_LIST
#undef ID_FIELDS
#undef ID_CHANGED
#undef ID_NEW
#undef ID_HID
#undef ID_MPAM

#endif /* GUEST_COMPAT_ROWS */

#ifdef GUEST_COMPAT_NEEDS

/* Below id_gic 2, nothing clears GCIE in a VM without a GICv5 */
{ GUEST_COMPAT_ID_AA64PFR2_GCIE, 1, 1, GUEST_COMPAT_ID_GIC, 2, 2 },
/* A guest enables permission indirection and overlays in TCR2_EL1 */
{ GUEST_COMPAT_ID_AA64MMFR3_S1PIE, 1, 1, GUEST_COMPAT_ID_AA64MMFR3_TCRX, 1, 1 },
{ GUEST_COMPAT_ID_AA64MMFR3_S1POE, 1, 1, GUEST_COMPAT_ID_AA64MMFR3_TCRX, 1, 1 },

#endif /* GUEST_COMPAT_NEEDS */
