/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What guest_view knows by name, beside the registers of reg_names.h: AArch32's
 * registers, the functions of hypercalls, the GIC's registers
 */
#ifndef SELFTEST_KVM_GUEST_VIEW_NAMES_H
#define SELFTEST_KVM_GUEST_VIEW_NAMES_H

#include <stdio.h>

#include <linux/arm-smccc.h>
#include <linux/psci.h>

#include "gic_v3.h"
#include "kvm_util.h"

#define CP(cp, opc1, crn, crm, opc2)	\
	((cp) << 14 | (opc1) << 11 | (crn) << 7 | (crm) << 3 | (opc2))
#define N(cp, opc1, crn, crm, opc2, name)	{ CP(cp, opc1, crn, crm, opc2), name }

static const struct cp_name {
	u32		reg;	/* in the order of the coprocessors 14, 15 */
	const char	*name;
} cp_names[] = {
	N(0, 0, 0, 0, 0, "DBGDIDR"), N(0, 0, 0, 1, 0, "DBGDSCRint"),
	N(0, 0, 0, 2, 0, "DBGDCCINT"), N(0, 0, 0, 5, 0, "DBGDTRRXint"),
	N(0, 0, 0, 6, 0, "DBGWFAR"), N(0, 0, 0, 7, 0, "DBGVCR"),
	N(0, 0, 0, 0, 2, "DBGDTRRXext"), N(0, 0, 0, 2, 2, "DBGDSCRext"),
	N(0, 0, 0, 3, 2, "DBGDTRTXext"), N(0, 0, 0, 6, 2, "DBGOSECCR"),
	N(0, 0, 1, 0, 0, "DBGDRAR"), N(0, 0, 1, 0, 4, "DBGOSLAR"), N(0, 0, 1, 1, 4, "DBGOSLSR"),
	N(0, 0, 1, 3, 4, "DBGOSDLR"), N(0, 0, 1, 4, 4, "DBGPRCR"),
	N(0, 0, 2, 0, 0, "DBGDSAR"), N(0, 0, 7, 0, 7, "DBGDEVID2"),
	N(0, 0, 7, 1, 7, "DBGDEVID1"), N(0, 0, 7, 2, 7, "DBGDEVID"),
	N(0, 0, 7, 8, 6, "DBGCLAIMSET"), N(0, 0, 7, 9, 6, "DBGCLAIMCLR"),
	N(0, 0, 7, 14, 6, "DBGAUTHSTATUS"), N(0, 7, 0, 0, 0, "JIDR"),
	N(0, 7, 1, 0, 0, "JOSCR"), N(0, 7, 2, 0, 0, "JMCR"),
	N(1, 0, 0, 0, 0, "MIDR"), N(1, 0, 0, 0, 1, "CTR"), N(1, 0, 0, 0, 2, "TCMTR"),
	N(1, 0, 0, 0, 3, "TLBTR"), N(1, 0, 0, 0, 4, "MIDR(alias 4)"),
	N(1, 0, 0, 0, 5, "MPIDR"), N(1, 0, 0, 0, 6, "REVIDR"), N(1, 0, 0, 0, 7, "MIDR(alias 7)"),
	N(1, 0, 0, 1, 0, "ID_PFR0"), N(1, 0, 0, 1, 1, "ID_PFR1"), N(1, 0, 0, 1, 2, "ID_DFR0"),
	N(1, 0, 0, 1, 3, "ID_AFR0"), N(1, 0, 0, 1, 4, "ID_MMFR0"), N(1, 0, 0, 1, 5, "ID_MMFR1"),
	N(1, 0, 0, 1, 6, "ID_MMFR2"), N(1, 0, 0, 1, 7, "ID_MMFR3"), N(1, 0, 0, 2, 0, "ID_ISAR0"),
	N(1, 0, 0, 2, 1, "ID_ISAR1"), N(1, 0, 0, 2, 2, "ID_ISAR2"), N(1, 0, 0, 2, 3, "ID_ISAR3"),
	N(1, 0, 0, 2, 4, "ID_ISAR4"), N(1, 0, 0, 2, 5, "ID_ISAR5"), N(1, 0, 0, 2, 6, "ID_MMFR4"),
	N(1, 0, 0, 2, 7, "ID_ISAR6"), N(1, 0, 0, 3, 4, "ID_PFR2"), N(1, 0, 0, 3, 5, "ID_DFR1"),
	N(1, 0, 0, 3, 6, "ID_MMFR5"), N(1, 1, 0, 0, 0, "CCSIDR"), N(1, 1, 0, 0, 1, "CLIDR"),
	N(1, 1, 0, 0, 2, "CCSIDR2"), N(1, 1, 0, 0, 7, "AIDR"), N(1, 2, 0, 0, 0, "CSSELR"),
	N(1, 0, 1, 0, 0, "SCTLR"), N(1, 0, 1, 0, 1, "ACTLR"), N(1, 0, 1, 0, 2, "CPACR"),
	N(1, 0, 1, 0, 3, "ACTLR2"), N(1, 0, 2, 0, 0, "TTBR0"), N(1, 0, 2, 0, 1, "TTBR1"),
	N(1, 0, 2, 0, 2, "TTBCR"), N(1, 0, 2, 0, 3, "TTBCR2"), N(1, 0, 3, 0, 0, "DACR"),
	N(1, 0, 4, 6, 0, "ICC_PMR"), N(1, 0, 5, 0, 0, "DFSR"), N(1, 0, 5, 0, 1, "IFSR"),
	N(1, 0, 5, 1, 0, "ADFSR"), N(1, 0, 5, 1, 1, "AIFSR"), N(1, 0, 6, 0, 0, "DFAR"),
	N(1, 0, 6, 0, 2, "IFAR"), N(1, 0, 7, 4, 0, "PAR"), N(1, 0, 9, 12, 0, "PMCR"),
	N(1, 0, 9, 12, 1, "PMCNTENSET"), N(1, 0, 9, 12, 2, "PMCNTENCLR"),
	N(1, 0, 9, 12, 3, "PMOVSR"), N(1, 0, 9, 12, 4, "PMSWINC"),
	N(1, 0, 9, 12, 5, "PMSELR"), N(1, 0, 9, 12, 6, "PMCEID0"),
	N(1, 0, 9, 12, 7, "PMCEID1"), N(1, 0, 9, 13, 0, "PMCCNTR"),
	N(1, 0, 9, 13, 1, "PMXEVTYPER"), N(1, 0, 9, 13, 2, "PMXEVCNTR"),
	N(1, 0, 9, 14, 0, "PMUSERENR"), N(1, 0, 9, 14, 1, "PMINTENSET"),
	N(1, 0, 9, 14, 2, "PMINTENCLR"), N(1, 0, 9, 14, 3, "PMOVSSET"),
	N(1, 0, 9, 14, 4, "PMCEID2"), N(1, 0, 9, 14, 5, "PMCEID3"), N(1, 0, 9, 14, 6, "PMMIR"),
	N(1, 0, 1, 1, 2, "NSACR"), N(1, 0, 12, 1, 1, "DISR"), N(1, 0, 12, 9, 5, "ICC_NMIAR1"),
	N(1, 0, 10, 2, 0, "MAIR0"), N(1, 0, 10, 2, 1, "MAIR1"), N(1, 0, 10, 3, 0, "AMAIR0"),
	N(1, 0, 10, 3, 1, "AMAIR1"), N(1, 0, 12, 0, 0, "VBAR"), N(1, 0, 12, 1, 0, "ISR"),
	N(1, 0, 12, 8, 0, "ICC_IAR0"), N(1, 0, 12, 8, 2, "ICC_HPPIR0"),
	N(1, 0, 12, 8, 3, "ICC_BPR0"), N(1, 0, 12, 11, 3, "ICC_RPR"),
	N(1, 0, 12, 12, 0, "ICC_IAR1"), N(1, 0, 12, 12, 2, "ICC_HPPIR1"),
	N(1, 0, 12, 12, 3, "ICC_BPR1"), N(1, 0, 12, 12, 4, "ICC_CTLR"),
	N(1, 0, 12, 12, 5, "ICC_SRE"), N(1, 0, 12, 12, 6, "ICC_IGRPEN0"),
	N(1, 0, 12, 12, 7, "ICC_IGRPEN1"),
	/* Not FCSEIDR: KVM does not switch it, and QEMU has it, so that VMs see each other's */
	N(1, 0, 13, 0, 1, "CONTEXTIDR"), N(1, 0, 13, 0, 2, "TPIDRURW"),
	N(1, 0, 13, 0, 3, "TPIDRURO"), N(1, 0, 13, 0, 4, "TPIDRPRW"),
	N(1, 0, 14, 0, 0, "CNTFRQ"), N(1, 0, 14, 1, 0, "CNTKCTL"),
	N(1, 0, 14, 2, 0, "CNTP_TVAL"), N(1, 0, 14, 2, 1, "CNTP_CTL"),
	N(1, 0, 14, 3, 0, "CNTV_TVAL"), N(1, 0, 14, 3, 1, "CNTV_CTL"),
	N(1, 0, 14, 15, 7, "PMCCFILTR"),
};

/* Returns whether it has a name */
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

static const struct cp_name cp64_names[] = {
	{ 0 << 8 | 0 << 4 | 1, "DBGDRAR" }, { 0 << 8 | 0 << 4 | 2, "DBGDSAR" },
	{ 1 << 8 | 0 << 4 | 2, "TTBR0" }, { 1 << 8 | 1 << 4 | 2, "TTBR1" },
	{ 1 << 8 | 0 << 4 | 7, "PAR" }, { 1 << 8 | 0 << 4 | 9, "PMCCNTR" },
	{ 1 << 8 | 0 << 4 | 14, "CNTPCT" }, { 1 << 8 | 1 << 4 | 14, "CNTVCT" },
	{ 1 << 8 | 2 << 4 | 14, "CNTP_CVAL" }, { 1 << 8 | 3 << 4 | 14, "CNTV_CVAL" },
	{ 1 << 8 | 8 << 4 | 14, "CNTPCTSS" }, { 1 << 8 | 9 << 4 | 14, "CNTVCTSS" },
	{ 1 << 8 | 0 << 4 | 12, "ICC_SGI1R" }, { 1 << 8 | 1 << 4 | 12, "ICC_ASGI1R" },
	{ 1 << 8 | 2 << 4 | 12, "ICC_SGI0R" },
};

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

/* Functions with a name. Those that end or stop the machine are only asked for. */
static const struct function {
	u32		id;
	const char	*name;
	u32		flags;
	u64		arg;
} functions[] = {
	{ ARM_SMCCC_VERSION_FUNC_ID, "SMCCC_VERSION" },
	{ ARM_SMCCC_ARCH_FEATURES_FUNC_ID, "SMCCC_ARCH_FEATURES", 0,
	  ARM_SMCCC_ARCH_FEATURES_FUNC_ID },
	{ ARM_SMCCC_ARCH_SOC_ID, "SMCCC_ARCH_SOC_ID" },
	{ 0x80000003, "SMCCC_ARCH_FEATURE_AVAILABILITY" },
	{ ARM_SMCCC_ARCH_WORKAROUND_3, "SMCCC_ARCH_WORKAROUND_3" },
	{ 0x80004000, "SMCCC_ARCH_WORKAROUND_4" },
	{ ARM_SMCCC_ARCH_WORKAROUND_2, "SMCCC_ARCH_WORKAROUND_2" },
	{ ARM_SMCCC_ARCH_WORKAROUND_1, "SMCCC_ARCH_WORKAROUND_1" },
	{ PSCI_0_2_FN_PSCI_VERSION, "PSCI_VERSION" },
	{ PSCI_0_2_FN_CPU_SUSPEND, "CPU_SUSPEND", ONLY_ASKED },
	{ PSCI_0_2_FN64_CPU_SUSPEND, "CPU_SUSPEND64", ONLY_ASKED },
	{ PSCI_0_2_FN_CPU_OFF, "CPU_OFF", ONLY_ASKED },
	{ PSCI_0_2_FN_CPU_ON, "CPU_ON" },
	{ PSCI_0_2_FN64_CPU_ON, "CPU_ON64" },
	{ PSCI_0_2_FN_AFFINITY_INFO, "AFFINITY_INFO" },
	{ PSCI_0_2_FN64_AFFINITY_INFO, "AFFINITY_INFO64" },
	{ PSCI_0_2_FN_MIGRATE, "MIGRATE" },
	{ PSCI_0_2_FN64_MIGRATE, "MIGRATE64" },
	{ PSCI_0_2_FN_MIGRATE_INFO_TYPE, "MIGRATE_INFO_TYPE" },
	{ PSCI_0_2_FN_MIGRATE_INFO_UP_CPU, "MIGRATE_INFO_UP_CPU" },
	{ PSCI_0_2_FN64_MIGRATE_INFO_UP_CPU, "MIGRATE_INFO_UP_CPU64" },
	{ PSCI_0_2_FN_SYSTEM_OFF, "SYSTEM_OFF", ONLY_ASKED },
	{ PSCI_0_2_FN_SYSTEM_RESET, "SYSTEM_RESET", ONLY_ASKED },
	{ PSCI_1_0_FN_PSCI_FEATURES, "PSCI_FEATURES", 0, PSCI_1_0_FN_PSCI_FEATURES },
	{ PSCI_1_0_FN_CPU_FREEZE, "CPU_FREEZE", ONLY_ASKED },
	{ PSCI_1_0_FN_CPU_DEFAULT_SUSPEND, "CPU_DEFAULT_SUSPEND", ONLY_ASKED },
	{ PSCI_1_0_FN64_CPU_DEFAULT_SUSPEND, "CPU_DEFAULT_SUSPEND64", ONLY_ASKED },
	{ PSCI_1_0_FN_NODE_HW_STATE, "NODE_HW_STATE" },
	{ PSCI_1_0_FN64_NODE_HW_STATE, "NODE_HW_STATE64" },
	{ PSCI_1_0_FN_SYSTEM_SUSPEND, "SYSTEM_SUSPEND", ONLY_ASKED },
	{ PSCI_1_0_FN64_SYSTEM_SUSPEND, "SYSTEM_SUSPEND64", ONLY_ASKED },
	{ PSCI_1_0_FN_SET_SUSPEND_MODE, "PSCI_SET_SUSPEND_MODE" },
	{ PSCI_1_0_FN_STAT_RESIDENCY, "PSCI_STAT_RESIDENCY" },
	{ PSCI_1_0_FN64_STAT_RESIDENCY, "PSCI_STAT_RESIDENCY64" },
	{ PSCI_1_0_FN_STAT_COUNT, "PSCI_STAT_COUNT" },
	{ PSCI_1_0_FN64_STAT_COUNT, "PSCI_STAT_COUNT64" },
	{ PSCI_1_1_FN_SYSTEM_RESET2, "SYSTEM_RESET2", ONLY_ASKED },
	{ PSCI_1_1_FN64_SYSTEM_RESET2, "SYSTEM_RESET2_64", ONLY_ASKED },
	{ PSCI_1_1_FN_MEM_PROTECT, "MEM_PROTECT" },
	{ PSCI_1_1_FN_MEM_PROTECT_CHECK_RANGE, "MEM_PROTECT_CHECK_RANGE" },
	{ PSCI_1_1_FN64_MEM_PROTECT_CHECK_RANGE, "MEM_PROTECT_CHECK_RANGE64" },
	{ PSCI_1_3_FN_SYSTEM_OFF2, "SYSTEM_OFF2", ONLY_ASKED },
	{ PSCI_1_3_FN64_SYSTEM_OFF2, "SYSTEM_OFF2_64", ONLY_ASKED },
	{ 0x84000016, "PSCI_CLEAN_INV_MEMREGION", ONLY_ASKED },
	{ 0xc4000016, "PSCI_CLEAN_INV_MEMREGION64", ONLY_ASKED },
	{ ARM_SMCCC_TRNG_VERSION, "TRNG_VERSION" },
	{ ARM_SMCCC_TRNG_FEATURES, "TRNG_FEATURES", 0, ARM_SMCCC_TRNG_RND32 },
	{ ARM_SMCCC_TRNG_GET_UUID, "TRNG_GET_UUID" },
	{ ARM_SMCCC_TRNG_RND32, "TRNG_RND", VARIES, 32 },
	{ ARM_SMCCC_TRNG_RND64, "TRNG_RND64", VARIES, 32 },
	{ 0xc4000020, "SDEI_1_0_FN_SDEI_VERSION" },
	{ 0x8400ff00, "STD_CALL_COUNT" },
	{ 0x8400ff01, "STD_CALL_UID" },
	{ 0x8400ff03, "STD_CALL_REVISION" },
	{ ARM_SMCCC_HV_PV_TIME_FEATURES, "PV_TIME_FEATURES", 0, ARM_SMCCC_HV_PV_TIME_ST },
	{ ARM_SMCCC_HV_PV_TIME_ST, "PV_TIME_ST" },
	{ 0x8500ff01, "STD_HYP_CALL_UID" },
	{ ARM_SMCCC_VENDOR_HYP_KVM_FEATURES_FUNC_ID, "VENDOR_HYP_KVM_FEATURES" },
	{ ARM_SMCCC_VENDOR_HYP_KVM_PTP_FUNC_ID, "VENDOR_HYP_KVM_PTP", VARIES },
	{ 0xc6000002, "VENDOR_HYP_KVM_HYP_MEMINFO" },
	{ 0xc6000003, "VENDOR_HYP_KVM_MEM_SHARE" },
	{ 0xc6000004, "VENDOR_HYP_KVM_MEM_UNSHARE" },
	{ 0xc6000007, "VENDOR_HYP_KVM_MMIO_GUARD" },
	{ 0xc6000040, "VENDOR_HYP_KVM_DISCOVER_IMPL_VER" },
	{ 0xc6000041, "VENDOR_HYP_KVM_DISCOVER_IMPL_CPUS" },
	{ 0x8600ff00, "VENDOR_HYP_CALL_COUNT" },
	{ ARM_SMCCC_VENDOR_HYP_CALL_UID_FUNC_ID, "VENDOR_HYP_CALL_UID" },
	{ 0x8600ff03, "VENDOR_HYP_CALL_REVISION" },
	{ 0x95c1ba5e, "PSCI 0.1 CPU_SUSPEND", ONLY_ASKED },
	{ 0x95c1ba5f, "PSCI 0.1 CPU_OFF", ONLY_ASKED },
	{ 0x95c1ba60, "PSCI 0.1 CPU_ON" },
	{ 0x95c1ba61, "PSCI 0.1 MIGRATE" },
};

/* The SMCCC has x4 to x17 preserved: what they hold before a call */
#define PRESERVED(n)	(0x5a5a00000000UL + (n))

/* Calls with arguments that nobody should make. In AArch32 the registers' lower halves. */
#define UPPER		0xffffffff00000000
#define ENTRY		0x40001000
#define ODD(name, ...)	{ name, { __VA_ARGS__ } }

static const struct odd_call {
	const char	*name;
	u64		reg[4];
	bool		varies;		/* of the result only the sign says something */
} odd_calls[] = {
	ODD("PSCI_VERSION, upper half set", UPPER | PSCI_0_2_FN_PSCI_VERSION),
	ODD("PSCI_FEATURES(PSCI_VERSION, upper half set)",
	    PSCI_1_0_FN_PSCI_FEATURES, UPPER | PSCI_0_2_FN_PSCI_VERSION),
	ODD("PSCI_FEATURES(PSCI_VERSION as SMC64)", PSCI_1_0_FN_PSCI_FEATURES, 0xc4000000),
	ODD("PSCI_FEATURES(PSCI_VERSION as no fast call)", PSCI_1_0_FN_PSCI_FEATURES, 0x04000000),
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
	ODD("SMCCC_VERSION as SMC64", 0xc0000000),
	ODD("SMCCC_VERSION as no fast call", 0x00000000),
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
	ODD("VENDOR_HYP_KVM_DISCOVER_IMPL_CPUS(~0)", 0xc6000041, ~0UL),
};

#undef ODD

/* Instructions of the system: what S1_... stands for */
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

/* Returns whether it has a name; without, it is named by its encoding. */
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

#define V2	BIT(0)
#define V3	BIT(1)
#define NO_READ	BIT(2)	/* has an effect */
#define NO_WRITE BIT(3)

enum gic_frame { DIST, REDIST, SGI, CPU, ITS };

/* Registers with names; those that have a length are numbered. */
static const struct gic_reg {
	enum gic_frame	frame;
	u32		flags;
	u32		off;
	u32		len;
	const char	*name;
} gic_regs[] = {
	{ DIST, V2 | V3, GICD_CTLR, 0, "GICD_CTLR" },
	{ DIST, V2 | V3, GICD_TYPER, 0, "GICD_TYPER" },
	{ DIST, V2 | V3, GICD_IIDR, 0, "GICD_IIDR" },
	{ DIST, V3, GICD_TYPER2, 0, "GICD_TYPER2" },
	{ DIST, V3, GICD_STATUSR, 0, "GICD_STATUSR" },
	{ DIST, V3, GICD_SETSPI_NSR, 0, "GICD_SETSPI_NSR" },
	{ DIST, V3, GICD_CLRSPI_NSR, 0, "GICD_CLRSPI_NSR" },
	{ DIST, V3, GICD_SETSPI_SR, 0, "GICD_SETSPI_SR" },
	{ DIST, V3, GICD_CLRSPI_SR, 0, "GICD_CLRSPI_SR" },
	{ DIST, V2 | V3, GICD_IGROUPR, 0x80, "GICD_IGROUPR" },
	{ DIST, V2 | V3, GICD_ISENABLER, 0x80, "GICD_ISENABLER" },
	{ DIST, V2 | V3, GICD_ICENABLER, 0x80, "GICD_ICENABLER" },
	{ DIST, V2 | V3, GICD_ISPENDR, 0x80, "GICD_ISPENDR" },
	{ DIST, V2 | V3, GICD_ICPENDR, 0x80, "GICD_ICPENDR" },
	{ DIST, V2 | V3, GICD_ISACTIVER, 0x80, "GICD_ISACTIVER" },
	{ DIST, V2 | V3, GICD_ICACTIVER, 0x80, "GICD_ICACTIVER" },
	{ DIST, V2 | V3, GICD_IPRIORITYR, 0x400, "GICD_IPRIORITYR" },
	{ DIST, V2 | V3, GICD_ITARGETSR, 0x400, "GICD_ITARGETSR" },
	{ DIST, V2 | V3, GICD_ICFGR, 0x100, "GICD_ICFGR" },
	{ DIST, V3, GICD_IGRPMODR, 0x80, "GICD_IGRPMODR" },
	{ DIST, V2 | V3, GICD_NSACR, 0x100, "GICD_NSACR" },
	{ DIST, V2 | V3, GICD_SGIR, 0, "GICD_SGIR" },
	{ DIST, V2 | V3, GICD_CPENDSGIR, 0x10, "GICD_CPENDSGIR" },
	{ DIST, V2 | V3, GICD_SPENDSGIR, 0x10, "GICD_SPENDSGIR" },
	{ DIST, V3, GICD_IROUTER, 0x2000, "GICD_IROUTER" },
	{ DIST, V3, GICD_PIDR2, 0, "GICD_PIDR2" },
	{ DIST, V2, 0xfe8, 0, "GICD_ICPIDR2" },

	{ REDIST, V3, GICR_CTLR, 0, "GICR_CTLR" },
	{ REDIST, V3, GICR_IIDR, 0, "GICR_IIDR" },
	{ REDIST, V3, GICR_TYPER, 8, "GICR_TYPER" },
	{ REDIST, V3, GICR_STATUSR, 0, "GICR_STATUSR" },
	{ REDIST, V3, GICR_WAKER, 0, "GICR_WAKER" },
	{ REDIST, V3, 0x18, 0, "GICR_MPAMIDR" },
	{ REDIST, V3, 0x1c, 0, "GICR_PARTIDR" },
	{ REDIST, V3, GICR_SETLPIR, 8, "GICR_SETLPIR" },
	{ REDIST, V3, GICR_CLRLPIR, 8, "GICR_CLRLPIR" },
	{ REDIST, V3, GICR_PROPBASER, 8, "GICR_PROPBASER" },
	{ REDIST, V3, GICR_PENDBASER, 8, "GICR_PENDBASER" },
	{ REDIST, V3, GICR_INVLPIR, 8, "GICR_INVLPIR" },
	{ REDIST, V3, GICR_INVALLR, 8, "GICR_INVALLR" },
	{ REDIST, V3, GICR_SYNCR, 0, "GICR_SYNCR" },
	{ REDIST, V3, GICR_PIDR2, 0, "GICR_PIDR2" },
	{ SGI, V3, GICD_IGROUPR, 0x80, "GICR_IGROUPR" },
	{ SGI, V3, GICD_ISENABLER, 0x80, "GICR_ISENABLER" },
	{ SGI, V3, GICD_ICENABLER, 0x80, "GICR_ICENABLER" },
	{ SGI, V3, GICD_ISPENDR, 0x80, "GICR_ISPENDR" },
	{ SGI, V3, GICD_ICPENDR, 0x80, "GICR_ICPENDR" },
	{ SGI, V3, GICD_ISACTIVER, 0x80, "GICR_ISACTIVER" },
	{ SGI, V3, GICD_ICACTIVER, 0x80, "GICR_ICACTIVER" },
	{ SGI, V3, GICD_IPRIORITYR, 0x400, "GICR_IPRIORITYR" },
	{ SGI, V3, GICD_ICFGR, 0x100, "GICR_ICFGR" },
	{ SGI, V3, GICD_IGRPMODR, 0x80, "GICR_IGRPMODR" },
	{ SGI, V3, GICD_NSACR, 0x100, "GICR_NSACR" },

	/*
	 * IAR is read before anything can be pending, and not again; to end
	 * what is not active is unpredictable, and goes to the hardware.
	 */
	{ CPU, V2, 0x00, 0, "GICC_CTLR" },
	{ CPU, V2, 0x04, 0, "GICC_PMR" },
	{ CPU, V2, 0x08, 0, "GICC_BPR" },
	{ CPU, V2 | NO_WRITE, 0x0c, 0, "GICC_IAR" },
	{ CPU, V2 | NO_WRITE, 0x10, 0, "GICC_EOIR" },
	{ CPU, V2, 0x14, 0, "GICC_RPR" },
	{ CPU, V2, 0x18, 0, "GICC_HPPIR" },
	{ CPU, V2, 0x1c, 0, "GICC_ABPR" },
	{ CPU, V2 | NO_WRITE, 0x20, 0, "GICC_AIAR" },
	{ CPU, V2 | NO_WRITE, 0x24, 0, "GICC_AEOIR" },
	{ CPU, V2, 0x28, 0, "GICC_AHPPIR" },
	{ CPU, V2, 0xd0, 0x10, "GICC_APR" },
	{ CPU, V2, 0xe0, 0x10, "GICC_NSAPR" },
	{ CPU, V2, 0xfc, 0, "GICC_IIDR" },
	{ CPU, V2 | NO_WRITE, 0x1000, 0, "GICC_DIR" },

	{ ITS, V3, GITS_CTLR, 0, "GITS_CTLR" },
	{ ITS, V3, GITS_IIDR, 0, "GITS_IIDR" },
	{ ITS, V3, GITS_TYPER, 8, "GITS_TYPER" },
	{ ITS, V3, GITS_CBASER, 8, "GITS_CBASER" },
	{ ITS, V3, GITS_CWRITER, 8, "GITS_CWRITER" },
	{ ITS, V3, GITS_CREADR, 8, "GITS_CREADR" },
	{ ITS, V3, GITS_BASER, 0x40, "GITS_BASER" },
	{ ITS, V3, 0xffe8, 0, "GITS_PIDR2" },
};

#endif /* SELFTEST_KVM_GUEST_VIEW_NAMES_H */
