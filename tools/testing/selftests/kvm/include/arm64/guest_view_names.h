/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names for guest_view: AArch32 registers, functions of hypercalls, registers of the GIC.
 * reg_names.h has AArch64 registers.
 */
#ifndef SELFTEST_KVM_GUEST_VIEW_NAMES_H
#define SELFTEST_KVM_GUEST_VIEW_NAMES_H

#include <stdio.h>

#include <linux/arm-smccc.h>
#include <linux/arm_sdei.h>
#include <linux/psci.h>

#include "kvm_util.h"
#include "gic_v2.h"
#include "gic_v3.h"
#include "processor.h"

/* Number of a register of coprocessor 14 or 15, from the operands of MRC */
#define CP(cp, opc1, crn, crm, opc2)	\
	(((cp) - 14) << 14 | (opc1) << 11 | (crn) << 7 | (crm) << 3 | (opc2))

#define R(cp, opc1, crn, crm, opc2, name)	{ CP(cp, opc1, crn, crm, opc2), name }

static const struct cp_name {
	u32		reg;
	const char	*name;
} cp_names[] = {
	R(14, 0, 0, 0, 0, "DBGDIDR"), R(14, 0, 0, 1, 0, "DBGDSCRint"),
	R(14, 0, 0, 2, 0, "DBGDCCINT"), R(14, 0, 0, 5, 0, "DBGDTRRXint"),
	R(14, 0, 0, 6, 0, "DBGWFAR"), R(14, 0, 0, 7, 0, "DBGVCR"), R(14, 0, 0, 0, 2, "DBGDTRRXext"),
	R(14, 0, 0, 2, 2, "DBGDSCRext"), R(14, 0, 0, 3, 2, "DBGDTRTXext"),
	R(14, 0, 0, 6, 2, "DBGOSECCR"), R(14, 0, 1, 0, 0, "DBGDRAR"), R(14, 0, 1, 0, 4, "DBGOSLAR"),
	R(14, 0, 1, 1, 4, "DBGOSLSR"), R(14, 0, 1, 3, 4, "DBGOSDLR"), R(14, 0, 1, 4, 4, "DBGPRCR"),
	R(14, 0, 2, 0, 0, "DBGDSAR"), R(14, 0, 7, 0, 7, "DBGDEVID2"),
	R(14, 0, 7, 1, 7, "DBGDEVID1"), R(14, 0, 7, 2, 7, "DBGDEVID"),
	R(14, 0, 7, 8, 6, "DBGCLAIMSET"), R(14, 0, 7, 9, 6, "DBGCLAIMCLR"),
	R(14, 0, 7, 14, 6, "DBGAUTHSTATUS"), R(14, 7, 0, 0, 0, "JIDR"), R(14, 7, 1, 0, 0, "JOSCR"),
	R(14, 7, 2, 0, 0, "JMCR"), R(15, 0, 0, 0, 0, "MIDR"), R(15, 0, 0, 0, 1, "CTR"),
	R(15, 0, 0, 0, 2, "TCMTR"), R(15, 0, 0, 0, 3, "TLBTR"), R(15, 0, 0, 0, 4, "MIDR(alias 4)"),
	R(15, 0, 0, 0, 5, "MPIDR"), R(15, 0, 0, 0, 6, "REVIDR"), R(15, 0, 0, 0, 7, "MIDR(alias 7)"),
	R(15, 0, 0, 1, 0, "ID_PFR0"), R(15, 0, 0, 1, 1, "ID_PFR1"), R(15, 0, 0, 1, 2, "ID_DFR0"),
	R(15, 0, 0, 1, 3, "ID_AFR0"), R(15, 0, 0, 1, 4, "ID_MMFR0"), R(15, 0, 0, 1, 5, "ID_MMFR1"),
	R(15, 0, 0, 1, 6, "ID_MMFR2"), R(15, 0, 0, 1, 7, "ID_MMFR3"), R(15, 0, 0, 2, 0, "ID_ISAR0"),
	R(15, 0, 0, 2, 1, "ID_ISAR1"), R(15, 0, 0, 2, 2, "ID_ISAR2"), R(15, 0, 0, 2, 3, "ID_ISAR3"),
	R(15, 0, 0, 2, 4, "ID_ISAR4"), R(15, 0, 0, 2, 5, "ID_ISAR5"), R(15, 0, 0, 2, 6, "ID_MMFR4"),
	R(15, 0, 0, 2, 7, "ID_ISAR6"), R(15, 0, 0, 3, 4, "ID_PFR2"), R(15, 0, 0, 3, 5, "ID_DFR1"),
	R(15, 0, 0, 3, 6, "ID_MMFR5"), R(15, 1, 0, 0, 0, "CCSIDR"), R(15, 1, 0, 0, 1, "CLIDR"),
	R(15, 1, 0, 0, 2, "CCSIDR2"), R(15, 1, 0, 0, 7, "AIDR"), R(15, 2, 0, 0, 0, "CSSELR"),
	R(15, 0, 1, 0, 0, "SCTLR"), R(15, 0, 1, 0, 1, "ACTLR"), R(15, 0, 1, 0, 2, "CPACR"),
	R(15, 0, 1, 0, 3, "ACTLR2"), R(15, 0, 2, 0, 0, "TTBR0"), R(15, 0, 2, 0, 1, "TTBR1"),
	R(15, 0, 2, 0, 2, "TTBCR"), R(15, 0, 2, 0, 3, "TTBCR2"), R(15, 0, 3, 0, 0, "DACR"),
	R(15, 0, 4, 6, 0, "ICC_PMR"), R(15, 0, 5, 0, 0, "DFSR"), R(15, 0, 5, 0, 1, "IFSR"),
	R(15, 0, 5, 1, 0, "ADFSR"), R(15, 0, 5, 1, 1, "AIFSR"), R(15, 0, 6, 0, 0, "DFAR"),
	R(15, 0, 6, 0, 2, "IFAR"), R(15, 0, 7, 4, 0, "PAR"), R(15, 0, 9, 12, 0, "PMCR"),
	R(15, 0, 9, 12, 1, "PMCNTENSET"), R(15, 0, 9, 12, 2, "PMCNTENCLR"),
	R(15, 0, 9, 12, 3, "PMOVSR"), R(15, 0, 9, 12, 4, "PMSWINC"), R(15, 0, 9, 12, 5, "PMSELR"),
	R(15, 0, 9, 12, 6, "PMCEID0"), R(15, 0, 9, 12, 7, "PMCEID1"), R(15, 0, 9, 13, 0, "PMCCNTR"),
	R(15, 0, 9, 13, 1, "PMXEVTYPER"), R(15, 0, 9, 13, 2, "PMXEVCNTR"),
	R(15, 0, 9, 14, 0, "PMUSERENR"), R(15, 0, 9, 14, 1, "PMINTENSET"),
	R(15, 0, 9, 14, 2, "PMINTENCLR"), R(15, 0, 9, 14, 3, "PMOVSSET"),
	R(15, 0, 9, 14, 4, "PMCEID2"), R(15, 0, 9, 14, 5, "PMCEID3"), R(15, 0, 9, 14, 6, "PMMIR"),
	R(15, 0, 1, 1, 2, "NSACR"), R(15, 0, 12, 1, 1, "DISR"), R(15, 0, 12, 9, 5, "ICC_NMIAR1"),
	R(15, 0, 10, 2, 0, "MAIR0"), R(15, 0, 10, 2, 1, "MAIR1"), R(15, 0, 10, 3, 0, "AMAIR0"),
	R(15, 0, 10, 3, 1, "AMAIR1"), R(15, 0, 12, 0, 0, "VBAR"), R(15, 0, 12, 1, 0, "ISR"),
	R(15, 0, 12, 8, 0, "ICC_IAR0"), R(15, 0, 12, 8, 2, "ICC_HPPIR0"),
	R(15, 0, 12, 8, 3, "ICC_BPR0"), R(15, 0, 12, 11, 3, "ICC_RPR"),
	R(15, 0, 12, 12, 0, "ICC_IAR1"), R(15, 0, 12, 12, 2, "ICC_HPPIR1"),
	R(15, 0, 12, 12, 3, "ICC_BPR1"), R(15, 0, 12, 12, 4, "ICC_CTLR"),
	R(15, 0, 12, 12, 5, "ICC_SRE"), R(15, 0, 12, 12, 6, "ICC_IGRPEN0"),
	R(15, 0, 12, 12, 7, "ICC_IGRPEN1"),
	/* FCSEIDR is left out: KVM does not switch it, and under QEMU, VMs share it. */
	R(15, 0, 13, 0, 1, "CONTEXTIDR"), R(15, 0, 13, 0, 2, "TPIDRURW"),
	R(15, 0, 13, 0, 3, "TPIDRURO"), R(15, 0, 13, 0, 4, "TPIDRPRW"),
	R(15, 0, 14, 0, 0, "CNTFRQ"), R(15, 0, 14, 1, 0, "CNTKCTL"),
	R(15, 0, 14, 2, 0, "CNTP_TVAL"), R(15, 0, 14, 2, 1, "CNTP_CTL"),
	R(15, 0, 14, 3, 0, "CNTV_TVAL"), R(15, 0, 14, 3, 1, "CNTV_CTL"),
	R(15, 0, 14, 15, 7, "PMCCFILTR"),
};

#undef R

/* Returns the number of the register with this name. */
static u32 cp_reg(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(cp_names); i++) {
		if (!strcmp(cp_names[i].name, name))
			return cp_names[i].reg;
	}
	TEST_FAIL("No register %s", name);
}

/* Returns whether the register has a name. Otherwise @buf has the operands of MRC. */
static bool cp_name(char *buf, size_t size, u32 reg)
{
	static const char * const dbg[] = { "BVR", "BCR", "WVR", "WCR" };
	u32 opc1 = reg >> 11 & 7, crn = reg >> 7 & 15, crm = reg >> 3 & 15, opc2 = reg & 7;
	bool cp15 = reg & BIT(14);
	int i;

	for (i = 0; i < ARRAY_SIZE(cp_names); i++) {
		if (cp_names[i].reg == reg) {
			snprintf(buf, size, "%s", cp_names[i].name);
			return true;
		}
	}

	if (!cp15 && !opc1 && !crn && opc2 >= 4)
		snprintf(buf, size, "DBG%s%u", dbg[opc2 - 4], crm);
	else if (!cp15 && !opc1 && crn == 1 && opc2 == 1)
		snprintf(buf, size, "DBGBXVR%u", crm);
	else if (cp15 && !opc1 && crn == 14 && crm >= 8)
		snprintf(buf, size, "PMEV%s%u", crm >= 12 ? "TYPER" : "CNTR", (crm & 3) * 8 + opc2);
	else if (cp15 && !opc1 && crn == 12 && (crm == 8 || crm == 9) && (opc2 < 4) == (crm == 9))
		snprintf(buf, size, "ICC_AP%uR%u", crm - 8, opc2 & 3);
	else
		snprintf(buf, size, "p%d,%u,c%u,c%u,%u", cp15 ? 15 : 14, opc1, crn, crm, opc2);
	return *buf != 'p';
}

/* 64-bit registers, by the operands of MRRC */
#define R(cp, opc1, crm, name)	{ ((cp) - 14) << 8 | (opc1) << 4 | (crm), name }

static const struct cp_name cp64_names[] = {
	R(14, 0, 1, "DBGDRAR"), R(14, 0, 2, "DBGDSAR"), R(15, 0, 2, "TTBR0"), R(15, 1, 2, "TTBR1"),
	R(15, 0, 7, "PAR"), R(15, 0, 9, "PMCCNTR"), R(15, 0, 14, "CNTPCT"), R(15, 1, 14, "CNTVCT"),
	R(15, 2, 14, "CNTP_CVAL"), R(15, 3, 14, "CNTV_CVAL"), R(15, 8, 14, "CNTPCTSS"),
	R(15, 9, 14, "CNTVCTSS"), R(15, 0, 12, "ICC_SGI1R"), R(15, 1, 12, "ICC_ASGI1R"),
	R(15, 2, 12, "ICC_SGI0R"),
};

#undef R

static bool cp64_name(char *buf, size_t size, u32 n)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(cp64_names); i++) {
		if (cp64_names[i].reg == n) {
			snprintf(buf, size, "%s(64)", cp64_names[i].name);
			return true;
		}
	}
	snprintf(buf, size, "p%d,%u,c%u(64)", n & BIT(8) ? 15 : 14, n >> 4 & 15, n & 15);
	return false;
}

enum { ONLY_ASKED = 1, VARIES = 2 };

/* Functions for which the kernel's headers have no name */
#define FAST(bits, owner, nr)	\
	ARM_SMCCC_CALL_VAL(ARM_SMCCC_FAST_CALL, ARM_SMCCC_SMC_##bits, ARM_SMCCC_OWNER_##owner, nr)
#define FAST32(owner, nr)	FAST(32, owner, nr)
#define FAST64(owner, nr)	FAST(64, owner, nr)

#define FN(id, name, ...)	{ id, name, ##__VA_ARGS__ }
#define PSCI(v, name, ...)	FN(PSCI_##v##_FN_##name, #name, ##__VA_ARGS__)
#define PSCI64(v, name, ...)	FN(PSCI_##v##_FN64_##name, #name "64", ##__VA_ARGS__)

/* Functions with a name. ONLY_ASKED: not called, because it ends or stops the machine */
static const struct function {
	u32		id;
	const char	*name;
	u32		flags;
	u64		arg;
} functions[] = {
	FN(ARM_SMCCC_VERSION_FUNC_ID, "SMCCC_VERSION"),
	FN(ARM_SMCCC_ARCH_FEATURES_FUNC_ID, "SMCCC_ARCH_FEATURES", 0,
	   ARM_SMCCC_ARCH_FEATURES_FUNC_ID),
	FN(ARM_SMCCC_ARCH_SOC_ID, "SMCCC_ARCH_SOC_ID"),
	FN(FAST32(ARCH, 0x3), "SMCCC_ARCH_FEATURE_AVAILABILITY"),
	FN(ARM_SMCCC_ARCH_WORKAROUND_3, "SMCCC_ARCH_WORKAROUND_3"),
	FN(FAST32(ARCH, 0x4000), "SMCCC_ARCH_WORKAROUND_4"),
	FN(ARM_SMCCC_ARCH_WORKAROUND_2, "SMCCC_ARCH_WORKAROUND_2"),
	FN(ARM_SMCCC_ARCH_WORKAROUND_1, "SMCCC_ARCH_WORKAROUND_1"), PSCI(0_2, PSCI_VERSION),
	PSCI(0_2, CPU_SUSPEND, ONLY_ASKED), PSCI64(0_2, CPU_SUSPEND, ONLY_ASKED),
	PSCI(0_2, CPU_OFF, ONLY_ASKED), PSCI(0_2, CPU_ON), PSCI64(0_2, CPU_ON),
	PSCI(0_2, AFFINITY_INFO), PSCI64(0_2, AFFINITY_INFO), PSCI(0_2, MIGRATE),
	PSCI64(0_2, MIGRATE), PSCI(0_2, MIGRATE_INFO_TYPE), PSCI(0_2, MIGRATE_INFO_UP_CPU),
	PSCI64(0_2, MIGRATE_INFO_UP_CPU), PSCI(0_2, SYSTEM_OFF, ONLY_ASKED),
	PSCI(0_2, SYSTEM_RESET, ONLY_ASKED), PSCI(1_0, PSCI_FEATURES, 0, PSCI_1_0_FN_PSCI_FEATURES),
	PSCI(1_0, CPU_FREEZE, ONLY_ASKED), PSCI(1_0, CPU_DEFAULT_SUSPEND, ONLY_ASKED),
	PSCI64(1_0, CPU_DEFAULT_SUSPEND, ONLY_ASKED), PSCI(1_0, NODE_HW_STATE),
	PSCI64(1_0, NODE_HW_STATE), PSCI(1_0, SYSTEM_SUSPEND, ONLY_ASKED),
	PSCI64(1_0, SYSTEM_SUSPEND, ONLY_ASKED),
	FN(PSCI_1_0_FN_SET_SUSPEND_MODE, "PSCI_SET_SUSPEND_MODE"),
	FN(PSCI_1_0_FN_STAT_RESIDENCY, "PSCI_STAT_RESIDENCY"),
	FN(PSCI_1_0_FN64_STAT_RESIDENCY, "PSCI_STAT_RESIDENCY64"),
	FN(PSCI_1_0_FN_STAT_COUNT, "PSCI_STAT_COUNT"),
	FN(PSCI_1_0_FN64_STAT_COUNT, "PSCI_STAT_COUNT64"), PSCI(1_1, SYSTEM_RESET2, ONLY_ASKED),
	FN(PSCI_1_1_FN64_SYSTEM_RESET2, "SYSTEM_RESET2_64", ONLY_ASKED), PSCI(1_1, MEM_PROTECT),
	PSCI(1_1, MEM_PROTECT_CHECK_RANGE), PSCI64(1_1, MEM_PROTECT_CHECK_RANGE),
	PSCI(1_3, SYSTEM_OFF2, ONLY_ASKED),
	FN(PSCI_1_3_FN64_SYSTEM_OFF2, "SYSTEM_OFF2_64", ONLY_ASKED),
	FN(FAST32(STANDARD, 0x16), "PSCI_CLEAN_INV_MEMREGION", ONLY_ASKED),
	FN(FAST64(STANDARD, 0x16), "PSCI_CLEAN_INV_MEMREGION64", ONLY_ASKED),
	FN(ARM_SMCCC_TRNG_VERSION, "TRNG_VERSION"),
	FN(ARM_SMCCC_TRNG_FEATURES, "TRNG_FEATURES", 0, ARM_SMCCC_TRNG_RND32),
	FN(ARM_SMCCC_TRNG_GET_UUID, "TRNG_GET_UUID"),
	FN(ARM_SMCCC_TRNG_RND32, "TRNG_RND", VARIES, 32),
	FN(ARM_SMCCC_TRNG_RND64, "TRNG_RND64", VARIES, 32),
	FN(SDEI_1_0_FN_SDEI_VERSION, "SDEI_1_0_FN_SDEI_VERSION"),
	FN(FAST32(STANDARD, 0xff00), "STD_CALL_COUNT"),
	FN(FAST32(STANDARD, 0xff01), "STD_CALL_UID"),
	FN(FAST32(STANDARD, 0xff03), "STD_CALL_REVISION"),
	FN(ARM_SMCCC_HV_PV_TIME_FEATURES, "PV_TIME_FEATURES", 0, ARM_SMCCC_HV_PV_TIME_ST),
	FN(ARM_SMCCC_HV_PV_TIME_ST, "PV_TIME_ST"),
	FN(FAST32(STANDARD_HYP, 0xff01), "STD_HYP_CALL_UID"),
	FN(ARM_SMCCC_VENDOR_HYP_KVM_FEATURES_FUNC_ID, "VENDOR_HYP_KVM_FEATURES"),
	FN(ARM_SMCCC_VENDOR_HYP_KVM_PTP_FUNC_ID, "VENDOR_HYP_KVM_PTP", VARIES),
	FN(FAST64(VENDOR_HYP, 0x2), "VENDOR_HYP_KVM_HYP_MEMINFO"),
	FN(FAST64(VENDOR_HYP, 0x3), "VENDOR_HYP_KVM_MEM_SHARE"),
	FN(FAST64(VENDOR_HYP, 0x4), "VENDOR_HYP_KVM_MEM_UNSHARE"),
	FN(FAST64(VENDOR_HYP, 0x7), "VENDOR_HYP_KVM_MMIO_GUARD"),
	FN(FAST64(VENDOR_HYP, 0x40), "VENDOR_HYP_KVM_DISCOVER_IMPL_VER"),
	FN(FAST64(VENDOR_HYP, 0x41), "VENDOR_HYP_KVM_DISCOVER_IMPL_CPUS"),
	FN(FAST32(VENDOR_HYP, 0xff00), "VENDOR_HYP_CALL_COUNT"),
	FN(ARM_SMCCC_VENDOR_HYP_CALL_UID_FUNC_ID, "VENDOR_HYP_CALL_UID"),
	FN(FAST32(VENDOR_HYP, 0xff03), "VENDOR_HYP_CALL_REVISION"),
	FN(KVM_PSCI_FN_CPU_SUSPEND, "PSCI 0.1 CPU_SUSPEND", ONLY_ASKED),
	FN(KVM_PSCI_FN_CPU_OFF, "PSCI 0.1 CPU_OFF", ONLY_ASKED),
	FN(KVM_PSCI_FN_CPU_ON, "PSCI 0.1 CPU_ON"), FN(KVM_PSCI_FN_MIGRATE, "PSCI 0.1 MIGRATE"),
};

#undef FN
#undef PSCI
#undef PSCI64

/* Calls preserve x4 to x17 (SMCCC). This is x<n> before a call. */
#define PRESERVED(n)	(0x5a5a00000000UL + (n))

/* Calls with invalid arguments. AArch32 guests use the lower halves of the registers. */
#define UPPER		0xffffffff00000000
#define ENTRY		0x40001000
#define ODD(name, ...)	{ name, { __VA_ARGS__ } }

static const struct odd_call {
	const char	*name;
	u64		reg[4];
	bool		varies;		/* only the sign of the result is a fact */
} odd_calls[] = {
	ODD("PSCI_VERSION, upper half set", UPPER | PSCI_0_2_FN_PSCI_VERSION),
	ODD("PSCI_FEATURES(PSCI_VERSION, upper half set)",
	    PSCI_1_0_FN_PSCI_FEATURES, UPPER | PSCI_0_2_FN_PSCI_VERSION),
	ODD("PSCI_FEATURES(PSCI_VERSION as SMC64)", PSCI_1_0_FN_PSCI_FEATURES, FAST64(STANDARD, 0)),
	ODD("PSCI_FEATURES(PSCI_VERSION as no fast call)", PSCI_1_0_FN_PSCI_FEATURES,
	    PSCI_0_2_FN_PSCI_VERSION & ~BIT(ARM_SMCCC_TYPE_SHIFT)),
	ODD("PSCI_FEATURES(0)", PSCI_1_0_FN_PSCI_FEATURES, 0),
	ODD("PSCI_FEATURES(SMCCC_VERSION)", PSCI_1_0_FN_PSCI_FEATURES, ARM_SMCCC_VERSION_FUNC_ID),
	ODD("AFFINITY_INFO64(0)", PSCI_0_2_FN64_AFFINITY_INFO, 0, 0),
	ODD("AFFINITY_INFO64(Aff0 = 1)", PSCI_0_2_FN64_AFFINITY_INFO, 1, 0),
	ODD("AFFINITY_INFO64(Aff1 = 1)", PSCI_0_2_FN64_AFFINITY_INFO, 1UL << 8, 0),
	ODD("AFFINITY_INFO64(Aff2 = 1)", PSCI_0_2_FN64_AFFINITY_INFO, 1UL << 16, 0),
	ODD("AFFINITY_INFO64(Aff3 = 1)", PSCI_0_2_FN64_AFFINITY_INFO, 1UL << 32, 0),
	ODD("AFFINITY_INFO64(bit 24)", PSCI_0_2_FN64_AFFINITY_INFO, 1UL << 24, 0),
	ODD("AFFINITY_INFO64(bit 30)", PSCI_0_2_FN64_AFFINITY_INFO, 1UL << 30, 0),
	ODD("AFFINITY_INFO64(bit 31)", PSCI_0_2_FN64_AFFINITY_INFO, 1UL << 31, 0),
	ODD("AFFINITY_INFO64(bit 40)", PSCI_0_2_FN64_AFFINITY_INFO, 1UL << 40, 0),
	ODD("AFFINITY_INFO64(bit 63)", PSCI_0_2_FN64_AFFINITY_INFO, 1UL << 63, 0),
	ODD("AFFINITY_INFO64(0, level 1)", PSCI_0_2_FN64_AFFINITY_INFO, 0, 1),
	ODD("AFFINITY_INFO64(0, level 3)", PSCI_0_2_FN64_AFFINITY_INFO, 0, 3),
	ODD("AFFINITY_INFO64(0, level 4)", PSCI_0_2_FN64_AFFINITY_INFO, 0, 4),
	ODD("AFFINITY_INFO64(0, level 1 << 32)", PSCI_0_2_FN64_AFFINITY_INFO, 0, 1UL << 32),
	ODD("AFFINITY_INFO64(Aff0 = 1, level 1)", PSCI_0_2_FN64_AFFINITY_INFO, 1, 1),
	ODD("AFFINITY_INFO64(bit 31, level 1)", PSCI_0_2_FN64_AFFINITY_INFO, 1UL << 31, 1),
	ODD("AFFINITY_INFO64(all, level 3)", PSCI_0_2_FN64_AFFINITY_INFO, ~0UL, 3),
	ODD("AFFINITY_INFO(bit 31)", PSCI_0_2_FN_AFFINITY_INFO, 1UL << 31, 0),
	ODD("AFFINITY_INFO(upper half set)", PSCI_0_2_FN_AFFINITY_INFO, UPPER, 0),
	ODD("AFFINITY_INFO(0, level's upper half set)", PSCI_0_2_FN_AFFINITY_INFO, 0, UPPER),
	ODD("CPU_ON64(0)", PSCI_0_2_FN64_CPU_ON, 0, ENTRY),
	ODD("CPU_ON64(Aff0 = 1)", PSCI_0_2_FN64_CPU_ON, 1, ENTRY),
	ODD("CPU_ON64(Aff3 = 1)", PSCI_0_2_FN64_CPU_ON, 1UL << 32, ENTRY),
	ODD("CPU_ON64(bit 24)", PSCI_0_2_FN64_CPU_ON, 1UL << 24, ENTRY),
	ODD("CPU_ON64(bit 31)", PSCI_0_2_FN64_CPU_ON, 1UL << 31, ENTRY),
	ODD("CPU_ON64(bit 40)", PSCI_0_2_FN64_CPU_ON, 1UL << 40, ENTRY),
	ODD("CPU_ON64(all)", PSCI_0_2_FN64_CPU_ON, ~0UL, ENTRY),
	ODD("CPU_ON64(0, entry of ones)", PSCI_0_2_FN64_CPU_ON, 0, ~0UL),
	ODD("CPU_ON(bit 31)", PSCI_0_2_FN_CPU_ON, 1UL << 31, ENTRY),
	ODD("CPU_ON(upper half set)", PSCI_0_2_FN_CPU_ON, UPPER, ENTRY),
	ODD("MIGRATE_INFO_TYPE(1)", PSCI_0_2_FN_MIGRATE_INFO_TYPE, 1),
	ODD("MIGRATE(1)", PSCI_0_2_FN_MIGRATE, 1),
	ODD("SMCCC_VERSION(1, 2, 3)", ARM_SMCCC_VERSION_FUNC_ID, 1, 2, 3),
	ODD("SMCCC_VERSION, upper half set", UPPER | ARM_SMCCC_VERSION_FUNC_ID),
	ODD("SMCCC_VERSION as SMC64", FAST64(ARCH, 0)),
	ODD("SMCCC_VERSION as no fast call",
	    ARM_SMCCC_VERSION_FUNC_ID & ~BIT(ARM_SMCCC_TYPE_SHIFT)),
	ODD("SMCCC_ARCH_FEATURES(SMCCC_VERSION, upper half set)",
	    ARM_SMCCC_ARCH_FEATURES_FUNC_ID, UPPER | ARM_SMCCC_VERSION_FUNC_ID),
	ODD("SMCCC_ARCH_FEATURES(WORKAROUND_1, upper half set)",
	    ARM_SMCCC_ARCH_FEATURES_FUNC_ID, UPPER | ARM_SMCCC_ARCH_WORKAROUND_1),
	ODD("SMCCC_ARCH_FEATURES(0)", ARM_SMCCC_ARCH_FEATURES_FUNC_ID, 0),
	ODD("SMCCC_ARCH_FEATURES(PV_TIME_FEATURES)",
	    ARM_SMCCC_ARCH_FEATURES_FUNC_ID, ARM_SMCCC_HV_PV_TIME_FEATURES),
	ODD("SMCCC_ARCH_FEATURES(PSCI_VERSION)",
	    ARM_SMCCC_ARCH_FEATURES_FUNC_ID, PSCI_0_2_FN_PSCI_VERSION),
	ODD("SMCCC_ARCH_WORKAROUND_1(1, 2, 3)", ARM_SMCCC_ARCH_WORKAROUND_1, 1, 2, 3),
	ODD("SMCCC_ARCH_WORKAROUND_2(1)", ARM_SMCCC_ARCH_WORKAROUND_2, 1),
	ODD("SMCCC_ARCH_WORKAROUND_2(2)", ARM_SMCCC_ARCH_WORKAROUND_2, 2),
	ODD("SMCCC_ARCH_WORKAROUND_3(1, 2, 3)", ARM_SMCCC_ARCH_WORKAROUND_3, 1, 2, 3),
	ODD("TRNG_FEATURES(TRNG_RND64)", ARM_SMCCC_TRNG_FEATURES, ARM_SMCCC_TRNG_RND64),
	ODD("TRNG_FEATURES(TRNG_RND, upper half set)",
	    ARM_SMCCC_TRNG_FEATURES, UPPER | ARM_SMCCC_TRNG_RND32),
	ODD("TRNG_FEATURES(PSCI_VERSION)", ARM_SMCCC_TRNG_FEATURES, PSCI_0_2_FN_PSCI_VERSION),
	ODD("TRNG_RND(0)", ARM_SMCCC_TRNG_RND32, 0),
	ODD("TRNG_RND(97)", ARM_SMCCC_TRNG_RND32, 97),
	ODD("TRNG_RND64(0)", ARM_SMCCC_TRNG_RND64, 0),
	ODD("TRNG_RND64(193)", ARM_SMCCC_TRNG_RND64, 193),
	{ "TRNG_RND64(upper half set)", { ARM_SMCCC_TRNG_RND64, UPPER | 32 }, true },
	ODD("PV_TIME_FEATURES(PV_TIME_FEATURES)",
	    ARM_SMCCC_HV_PV_TIME_FEATURES, ARM_SMCCC_HV_PV_TIME_FEATURES),
	ODD("PV_TIME_FEATURES(0)", ARM_SMCCC_HV_PV_TIME_FEATURES, 0),
	ODD("PV_TIME_FEATURES(PV_TIME_ST, upper half set)",
	    ARM_SMCCC_HV_PV_TIME_FEATURES, UPPER | ARM_SMCCC_HV_PV_TIME_ST),
	ODD("VENDOR_HYP_KVM_FEATURES(1, 2, 3)", ARM_SMCCC_VENDOR_HYP_KVM_FEATURES_FUNC_ID, 1, 2, 3),
	{ "VENDOR_HYP_KVM_PTP(1)", { ARM_SMCCC_VENDOR_HYP_KVM_PTP_FUNC_ID, 1 }, true },
	{ "VENDOR_HYP_KVM_PTP(2)", { ARM_SMCCC_VENDOR_HYP_KVM_PTP_FUNC_ID, 2 }, true },
	{ "VENDOR_HYP_KVM_PTP(0, upper half set)",
	  { ARM_SMCCC_VENDOR_HYP_KVM_PTP_FUNC_ID, UPPER }, true },
	ODD("VENDOR_HYP_CALL_UID(1, 2, 3)", ARM_SMCCC_VENDOR_HYP_CALL_UID_FUNC_ID, 1, 2, 3),
	ODD("VENDOR_HYP_KVM_DISCOVER_IMPL_CPUS(~0)", FAST64(VENDOR_HYP, 0x41), ~0UL),
};

#undef ODD

/* System instructions: all of S1_<op1>_<Cn>_<Cm>_<op2> */
#define NR_INSTRUCTIONS	(8 * 16 * 16 * 8)

static u32 nth_instruction(int n)
{
	return sys_insn(1, n >> 11, n >> 7 & 15, n >> 3 & 15, n & 7);
}

#define I(n)	{ SYS_##n, #n }

static const struct {
	u32		insn;
	const char	*name;
} instructions[] = {
	I(DC_ISW), I(DC_IGSW), I(DC_IGDSW), I(DC_CSW), I(DC_CGSW), I(DC_CGDSW), I(DC_CISW),
	I(DC_CIGSW), I(DC_CIGDSW), I(IC_IALLUIS), I(IC_IALLU), I(IC_IVAU), I(DC_IVAC),
	I(DC_IGVAC), I(DC_IGDVAC), I(DC_CVAC), I(DC_CGVAC), I(DC_CGDVAC), I(DC_CVAU),
	I(DC_CVAP), I(DC_CGVAP), I(DC_CGDVAP), I(DC_CVADP), I(DC_CGVADP), I(DC_CGDVADP),
	I(DC_CIVAC), I(DC_CIGVAC), I(DC_CIGDVAC), I(DC_ZVA), I(DC_GVA), I(DC_GZVA),
	I(DC_CIVAPS), I(DC_CIGDVAPS),
};

#undef I

/* Returns whether the instruction has a name. Otherwise @buf has its encoding. */
static bool instruction_name(char *buf, size_t size, u32 insn)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(instructions); i++) {
		if (instructions[i].insn == insn) {
			snprintf(buf, size, "%.2s %s", instructions[i].name,
				 instructions[i].name + strlen("DC_"));
			return true;
		}
	}
	snprintf(buf, size, "SYS #%u, C%u, C%u, #%u", insn >> 16 & 7, insn >> 12 & 15,
		 insn >> 8 & 15, insn >> 5 & 7);
	return false;
}

/* Versions of the GIC: bit opts.gic */
#define V2		BIT(2)
#define V3		BIT(3)
#define NO_WRITE	BIT(4)

/* Offsets of the first of numbered registers */
#define GICC_APR	GICC_APR0
#define GICC_NSAPR	GICC_NSAPR0

#define GICR_MPAMIDR	0x0018
#define GICR_PARTIDR	0x001c

enum gic_frame_id { GICD, GICR, GICR_SGI, GICC, GITS };

#define REGS(frame, flags, name, len)	\
	{ frame, flags, frame##_##name, len, #frame "_" #name }
#define REG(frame, flags, name)		REGS(frame, flags, name, 0)
#define SGI(name, len)			{ GICR_SGI, V3, GICD_##name, len, "GICR_" #name }

/* Registers with a name. If @len is not 0, the name gets a number. */
static const struct gic_reg {
	enum gic_frame_id	frame;
	u32			flags;
	u32			off;
	u32			len;
	const char		*name;
} gic_regs[] = {
	REG(GICD, V2 | V3, CTLR), REG(GICD, V2 | V3, TYPER), REG(GICD, V2 | V3, IIDR),
	REG(GICD, V3, TYPER2), REG(GICD, V3, STATUSR), REG(GICD, V3, SETSPI_NSR),
	REG(GICD, V3, CLRSPI_NSR), REG(GICD, V3, SETSPI_SR), REG(GICD, V3, CLRSPI_SR),
	REGS(GICD, V2 | V3, IGROUPR, 0x80), REGS(GICD, V2 | V3, ISENABLER, 0x80),
	REGS(GICD, V2 | V3, ICENABLER, 0x80), REGS(GICD, V2 | V3, ISPENDR, 0x80),
	REGS(GICD, V2 | V3, ICPENDR, 0x80), REGS(GICD, V2 | V3, ISACTIVER, 0x80),
	REGS(GICD, V2 | V3, ICACTIVER, 0x80), REGS(GICD, V2 | V3, IPRIORITYR, 0x400),
	REGS(GICD, V2 | V3, ITARGETSR, 0x400), REGS(GICD, V2 | V3, ICFGR, 0x100),
	REGS(GICD, V3, IGRPMODR, 0x80), REGS(GICD, V2 | V3, NSACR, 0x100), REG(GICD, V2 | V3, SGIR),
	REGS(GICD, V2 | V3, CPENDSGIR, 0x10), REGS(GICD, V2 | V3, SPENDSGIR, 0x10),
	REGS(GICD, V3, IROUTER, 0x2000), REG(GICD, V3, PIDR2), REG(GICD, V2, ICPIDR2),

	REG(GICR, V3, CTLR), REG(GICR, V3, IIDR), REGS(GICR, V3, TYPER, 8), REG(GICR, V3, STATUSR),
	REG(GICR, V3, WAKER), REG(GICR, V3, MPAMIDR), REG(GICR, V3, PARTIDR),
	REGS(GICR, V3, SETLPIR, 8), REGS(GICR, V3, CLRLPIR, 8), REGS(GICR, V3, PROPBASER, 8),
	REGS(GICR, V3, PENDBASER, 8), REGS(GICR, V3, INVLPIR, 8), REGS(GICR, V3, INVALLR, 8),
	REG(GICR, V3, SYNCR), REG(GICR, V3, PIDR2),

	SGI(IGROUPR, 0x80), SGI(ISENABLER, 0x80),
	SGI(ICENABLER, 0x80), SGI(ISPENDR, 0x80), SGI(ICPENDR, 0x80), SGI(ISACTIVER, 0x80),
	SGI(ICACTIVER, 0x80), SGI(IPRIORITYR, 0x400), SGI(ICFGR, 0x100), SGI(IGRPMODR, 0x80),
	SGI(NSACR, 0x100),

	/*
	 * IAR is read only once, while no interrupt can be pending. EOIR and
	 * DIR are never written: to end an interrupt that is not active is
	 * UNPREDICTABLE, and the write goes to the hardware.
	 */
	REG(GICC, V2, CTLR), REG(GICC, V2, PMR), REG(GICC, V2, BPR), REG(GICC, V2 | NO_WRITE, IAR),
	REG(GICC, V2 | NO_WRITE, EOIR), REG(GICC, V2, RPR), REG(GICC, V2, HPPIR),
	REG(GICC, V2, ABPR), REG(GICC, V2 | NO_WRITE, AIAR), REG(GICC, V2 | NO_WRITE, AEOIR),
	REG(GICC, V2, AHPPIR), REGS(GICC, V2, APR, 0x10),
	REGS(GICC, V2, NSAPR, 0x10), REG(GICC, V2, IIDR), REG(GICC, V2 | NO_WRITE, DIR),

	REG(GITS, V3, CTLR), REG(GITS, V3, IIDR),
	REGS(GITS, V3, TYPER, 8), REGS(GITS, V3, CBASER, 8), REGS(GITS, V3, CWRITER, 8),
	REGS(GITS, V3, CREADR, 8), REGS(GITS, V3, BASER, 0x40), REG(GITS, V3, PIDR2),
};

#undef REGS
#undef REG
#undef SGI

#endif /* SELFTEST_KVM_GUEST_VIEW_NAMES_H */
