// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_latch - a guest that probes features once and then relies on them
 *
 * In the first pass of its loop, the guest reads the ID registers, the GIC and the
 * firmware, and uses each feature that they announce: instructions, registers,
 * firmware calls, counters, timers, interrupts. In each later pass it does the same
 * steps, and reports each result that differs from that of the first pass.
 *
 * Without arguments the program is a test. It moves the guest between VMs of this
 * kernel, from each baseline to the newest and back. "save FILE" and "restore FILE
 * [FILE]" move the guest between kernels from 5.10 on. So it uses a bare VM, and
 * keeps code, steps and their names in the guest's memory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/arm-smccc.h>
#include <linux/psci.h>

#include "bare_vm.h"
#include "gic_v3.h"
#include "guest_compat.h"
#include "guest_latch_code.h"
#include "reg_names.h"
#include "vgic_regs.h"

#define RAM_BASE	0x40000000ULL
#define RAM_SIZE	SZ_64K
#define RAM_STEPS	0x2000		/* the guest's code is below */

/* By a store to these, the guest reports the end of a pass, or that step n has changed. */
#define EXIT_PASS	0x0a000000ULL
#define EXIT_CHANGED(n)	(0x0a001000ULL + (n) * 8)

/* ---------------------------------- Guest --------------------------------- */

static struct step *steps(u8 *ram)
{
	return (struct step *)(ram + RAM_STEPS);
}

/* The memory to which load_guest() writes, and the number of steps so far */
static u8 *loading;
static u32 nr_steps;

static struct step *add_step(const char *name, u64 arg, u64 arg1, const u32 *code, u32 size)
{
	struct step *step = &steps(loading)[nr_steps++];

	TEST_ASSERT((u8 *)(step + 1) <= loading + RAM_SIZE, "too many steps");
	TEST_ASSERT(size < sizeof(step->code), "%s is too long", name);
	step->arg = arg;
	step->arg1 = arg1;
	step->announced_by = NO_STEP;
	emit_asm(emit_code(step->code, code, (void *)code + size), GUEST_ASM("ret"));
	snprintf(step->name, sizeof(step->name), "%s", name);
	return step;
}

static void add_id_reg(u32 reg)
{
	u32 mrs = insn_mrs(reg, 0);
	char name[32];

	if (!sysreg_name(name, sizeof(name), reg))
		snprintf(name, sizeof(name), "ID register 3.0.0.%u.%u", sysreg_crm(reg),
			 sysreg_op2(reg));
	add_step(name, 0, 0, &mrs, sizeof(mrs));
}

static u32 find_step(const char *name)
{
	u32 i;

	for (i = nr_steps; i--; )
		if (!strcmp(steps(loading)[i].name, name))
			return i;
	TEST_FAIL("no step \"%s\"", name);
	return NO_STEP;
}

/* The guest does the step only if step @of had at least @min in the field at bit @shift. */
static void announce(struct step *step, const char *of, u8 shift, u8 min)
{
	step->use = 1;
	step->shift = shift;
	step->min = min;
	if (of)
		step->announced_by = find_step(of);
}

#define PROBE(name, arg, arg1, asm_code)					\
({										\
	const struct guest_asm *__code = GUEST_ASM(asm_code);			\
										\
	add_step(name, arg, arg1, __code->insn, __code->size);			\
})

#define MMIO(reg, addr)		PROBE(reg, addr, 0, "ldr w0, [x0]")
#define CALL(name, fn)		PROBE(name, fn, 0, "hvc #0")
#define PSCI(name, fn)								\
	PROBE("PSCI_FEATURES " name, PSCI_1_0_FN_PSCI_FEATURES, fn, "hvc #0")
#define ARCH(name, fn)								\
	PROBE("ARCH_FEATURES " name, ARM_SMCCC_ARCH_FEATURES_FUNC_ID, fn, "hvc #0")
#define CACHE(name, csselr)							\
	PROBE("CCSIDR_EL1 " name, csselr, 0,					\
	      "msr	csselr_el1, x0\n"					\
	      "isb\n"								\
	      "mrs	x0, ccsidr_el1")

/* Probes other than ID registers */
static void add_probes(void)
{
	CACHE("L1D", 0);
	CACHE("L1I", 1);
	CACHE("L2", 2);
	CACHE("L3", 4);
	MMIO("GICD_TYPER", GICD_BASE_GPA + GICD_TYPER);
	MMIO("GICD_IIDR", GICD_BASE_GPA + GICD_IIDR);
	MMIO("GICD_TYPER2", GICD_BASE_GPA + GICD_TYPER2);
	MMIO("GICD_PIDR2", GICD_BASE_GPA + GICD_PIDR2);
	MMIO("GICR_CTLR", GICR_BASE_GPA + GICR_CTLR);
	MMIO("GICR_IIDR", GICR_BASE_GPA + GICR_IIDR);
	MMIO("GICR_TYPER", GICR_BASE_GPA + GICR_TYPER);
	MMIO("GICR_PIDR2", GICR_BASE_GPA + GICR_PIDR2);
	PROBE("ICC_CTLR_EL1", 0, 0, "mrs x0, icc_ctlr_el1");
	PROBE("PMCR_EL0 N, IMP, IDCODE", 0, 0,
	      "mrs	x0, pmcr_el0\n"
	      "lsr	x0, x0, #11");
	CALL("PSCI_VERSION", PSCI_0_2_FN_PSCI_VERSION);
	CALL("SMCCC_VERSION", ARM_SMCCC_VERSION_FUNC_ID);
	CALL("TRNG_VERSION", ARM_SMCCC_TRNG_VERSION);
	CALL("STD_HYP PV_TIME_FEATURES", ARM_SMCCC_HV_PV_TIME_FEATURES);
	CALL("VENDOR_HYP UID", ARM_SMCCC_VENDOR_HYP_CALL_UID_FUNC_ID);
	CALL("VENDOR_HYP FEATURES", ARM_SMCCC_VENDOR_HYP_KVM_FEATURES_FUNC_ID);
	/* Only whether SMC works: the result does not depend on the PSCI version. */
	PROBE("SMC", PSCI_0_2_FN_PSCI_VERSION, 0,
	      "smc	#0\n"
	      "lsr	x0, x0, #63\n"
	      "eor	x0, x0, #1");
	PSCI("CPU_SUSPEND", PSCI_0_2_FN64_CPU_SUSPEND);
	PSCI("CPU_OFF", PSCI_0_2_FN_CPU_OFF);
	PSCI("CPU_ON", PSCI_0_2_FN64_CPU_ON);
	PSCI("AFFINITY_INFO", PSCI_0_2_FN64_AFFINITY_INFO);
	PSCI("MIGRATE_INFO_TYPE", PSCI_0_2_FN_MIGRATE_INFO_TYPE);
	PSCI("SYSTEM_OFF", PSCI_0_2_FN_SYSTEM_OFF);
	PSCI("SYSTEM_RESET", PSCI_0_2_FN_SYSTEM_RESET);
	PSCI("SYSTEM_SUSPEND", PSCI_1_0_FN64_SYSTEM_SUSPEND);
	PSCI("SYSTEM_RESET2", PSCI_1_1_FN64_SYSTEM_RESET2);
	PSCI("MEM_PROTECT", PSCI_1_1_FN_MEM_PROTECT);
	PSCI("SYSTEM_OFF2", PSCI_1_3_FN64_SYSTEM_OFF2);
	PSCI("SMCCC_VERSION", ARM_SMCCC_VERSION_FUNC_ID);
	ARCH("WORKAROUND_1", ARM_SMCCC_ARCH_WORKAROUND_1);
	ARCH("WORKAROUND_2", ARM_SMCCC_ARCH_WORKAROUND_2);
	ARCH("WORKAROUND_3", ARM_SMCCC_ARCH_WORKAROUND_3);
	ARCH("PV_TIME", ARM_SMCCC_HV_PV_TIME_FEATURES);
}

#define USE(name, of, shift, min, arg, arg1, asm_code)				\
	announce(PROBE(name, arg, arg1, asm_code), of, shift, min)
#define INSN(name, of, shift, min, asm_code)					\
	USE(name, of, shift, min, 0, 0, asm_code)
#define REG(name, of, shift, min)						\
	INSN(#name, of, shift, min, ASM_MRS("x0", SYS_##name))
#define SIMD(name, of, shift, min, asm_code)					\
	INSN(name, of, shift, min,						\
	     "movi	v0.16b, #1\n"						\
	     "movi	v1.16b, #2\n"						\
	     asm_code "\n"							\
	     "fmov	x0, d0")

/* Acknowledges an interrupt, in up to 262144 attempts. x0 is its number, or 1023. */
#define WAIT_IRQ								\
	"	mov	x1, #0x40000\n"						\
	"1:	mrs	x0, icc_iar1_el1\n"					\
	"	cmp	x0, #1023\n"						\
	"	b.ne	2f\n"							\
	"	subs	x1, x1, #1\n"						\
	"	b.ne	1b\n"							\
	"2:\n"

#define PFR0	"ID_AA64PFR0_EL1"
#define PFR1	"ID_AA64PFR1_EL1"
#define ISAR0	"ID_AA64ISAR0_EL1"
#define ISAR1	"ID_AA64ISAR1_EL1"
#define ISAR2	"ID_AA64ISAR2_EL1"
#define MMFR1	"ID_AA64MMFR1_EL1"
#define MMFR2	"ID_AA64MMFR2_EL1"
#define MMFR3	"ID_AA64MMFR3_EL1"
#define DFR0	"ID_AA64DFR0_EL1"

/* With the MMU off, memory has the Device type, so the guest uses no atomics. */
static void add_instructions(void)
{
	SIMD("AESE", ISAR0, 4, 1, "aese v0.16b, v1.16b");
	SIMD("SHA1H", ISAR0, 8, 1, "sha1h s0, s1");
	SIMD("SHA256H", ISAR0, 12, 1, "sha256h q0, q1, v1.4s");
	SIMD("SHA512SU0", ISAR0, 12, 2, "sha512su0 v0.2d, v1.2d");
	INSN("CRC32W", ISAR0, 16, 1, "crc32w w0, w0, w0");
	SIMD("SQRDMLAH", ISAR0, 28, 1, "sqrdmlah v0.4s, v1.4s, v1.4s");
	SIMD("EOR3", ISAR0, 32, 1, "eor3 v0.16b, v1.16b, v1.16b, v1.16b");
	SIMD("SDOT", ISAR0, 44, 1, "sdot v0.4s, v1.16b, v1.16b");
	/* fmlal v0.4s, v1.4h, v1.4h: clang 14 has no .arch extension for it */
	SIMD("FMLAL", ISAR0, 48, 1, ".inst 0x4e21ec20");
	INSN("CFINV", ISAR0, 52, 1, "cfinv");
	INSN("AXFLAG", ISAR0, 52, 2, "axflag");
	INSN("TLBI VMALLE1OS", ISAR0, 56, 1, "tlbi vmalle1os");
	INSN("TLBI RVAE1IS", ISAR0, 56, 2, "tlbi rvae1is, xzr");
	INSN("RNDR", ISAR0, 60, 1,
	     "mrs	x0, rndr\n"
	     "mov	x0, #1");
	INSN("DC CVAP", ISAR1, 0, 1, "dc cvap, x2");
	INSN("DC CVADP", ISAR1, 0, 2, "dc cvadp, x2");
	INSN("FJCVTZS", ISAR1, 12, 1,
	     "movi	v0.16b, #1\n"
	     "fjcvtzs	w0, d0");
	SIMD("FCADD", ISAR1, 16, 1, "fcadd v0.4s, v1.4s, v1.4s, #90");
	INSN("LDAPR", ISAR1, 20, 1, "ldapr x0, [x2]");
	INSN("STLUR", ISAR1, 20, 2, "stlur x2, [x2]");
	INSN("PACGA", ISAR1, 24, 1, "pacga x0, x0, x0");
	INSN("PACGA (QARMA3)", ISAR2, 8, 1, "pacga x0, x0, x0");
	INSN("PACGA (implementation)", ISAR1, 28, 1, "pacga x0, x0, x0");
	SIMD("FRINT32Z", ISAR1, 32, 1, "frint32z d0, d1");
	INSN("SB", ISAR1, 36, 1, "sb");
	SIMD("BFDOT", ISAR1, 44, 1, "bfdot v0.4s, v1.8h, v1.8h");
	SIMD("USDOT", ISAR1, 52, 1, "usdot v0.4s, v1.16b, v1.16b");
	INSN("WFIT", ISAR2, 0, 2, "wfit x0");
	/* cnt x0, x0: binutils 2.40 and clang 14 do not know it */
	INSN("CNT", ISAR2, 52, 1, ".inst 0xdac01c00");
	/* fadd v0.8h, v1.8h, v1.8h: neither for this one */
	SIMD("FADD (half)", PFR0, 16, 1, ".inst 0x4e411420");
	INSN("CNTD", PFR0, 32, 1, "cntd x0");
	INSN("PSTATE.DIT", PFR0, 48, 1, "mrs x0, dit");
	INSN("PSTATE.SSBS", PFR1, 4, 2,
	     "mrs	x0, ssbs\n"
	     "mov	x0, #1");
	INSN("IRG", PFR1, 8, 1,
	     "irg	x0, x0\n"
	     "mov	x0, #1");
	INSN("PSTATE.PAN", MMFR1, 20, 1,
	     "msr	pan, #0\n"
	     "mrs	x0, pan");
	INSN("PSTATE.UAO", MMFR2, 4, 1, "mrs x0, uao");
}

static void add_registers(void)
{
	REG(ZCR_EL1, PFR0, 32, 1);
	REG(ERRIDR_EL1, PFR0, 28, 1);
	REG(DISR_EL1, PFR0, 28, 1);
	REG(MPAM1_EL1, PFR0, 40, 1);
	REG(LORID_EL1, MMFR1, 16, 1);
	REG(CCSIDR2_EL1, MMFR2, 20, 1);
	REG(TCR2_EL1, MMFR3, 0, 1);
	REG(SCTLR2_EL1, MMFR3, 4, 1);
	REG(PIR_EL1, MMFR3, 8, 1);
	REG(POR_EL1, MMFR3, 16, 1);
	REG(FPMR, "ID_AA64PFR2_EL1", 32, 1);
	USE("DBGBVR0_EL1", DFR0, 0, 6, RAM_BASE + SZ_4K, 0,
	    "msr	dbgbvr0_el1, x0\n"
	    "mrs	x0, dbgbvr0_el1");
}

static void add_pmu(void)
{
	REG(PMCEID0_EL0, DFR0, 8, 1);
	REG(PMCEID1_EL0, DFR0, 8, 1);
	REG(PMMIR_EL1, DFR0, 8, 4);
	/* Which bits does PMEVTYPER1_EL0 keep? Counter 1 is never enabled. */
	USE("PMEVTYPER1_EL0", DFR0, 8, 1, ~0ULL, 0,
	    "msr	pmevtyper1_el0, x0\n"
	    "mrs	x0, pmevtyper1_el0");
	/* Do two reads of the cycle counter differ? */
	USE("cycle counter", DFR0, 8, 1, BIT(31), 1,
	    "msr	pmcr_el0, x1\n"
	    "msr	pmccfiltr_el0, xzr\n"
	    "msr	pmcntenset_el0, x0\n"
	    "isb\n"
	    "mrs	x1, pmccntr_el0\n"
	    "isb\n"
	    "isb\n"
	    "mrs	x0, pmccntr_el0\n"
	    "cmp	x0, x1\n"
	    "cset	x0, ne");
	/* By how much does one PMSWINC_EL0 increase an event counter? */
	USE("event counter", DFR0, 8, 1, 1, 0,
	    "msr	pmcr_el0, x0\n"
	    "msr	pmevtyper0_el0, xzr\n"
	    "msr	pmcntenset_el0, x0\n"
	    "isb\n"
	    "mrs	x1, pmevcntr0_el0\n"
	    "msr	pmswinc_el0, x0\n"
	    "isb\n"
	    "mrs	x0, pmevcntr0_el0\n"
	    "sub	x0, x0, x1");
}

static void add_interrupts(void)
{
	/* Has CNTVCT_EL0 gone back since the last pass? That value is in step.arg1. */
	USE("CNTVCT_EL0", NULL, 0, 0, 0, 0,
	    "mrs	x0, cntvct_el0\n"
	    "str	x0, [x2]\n"
	    "cmp	x0, x1\n"
	    "cset	x0, hs");
	USE("SGI", PFR0, 24, 1, 1 << ICC_SGI1R_SGI_ID_SHIFT | 1, 0,
	    "msr	icc_sgi1r_el1, x0\n"
	    "isb\n"
	    WAIT_IRQ
	    "msr	icc_eoir1_el1, x0");
	USE("virtual timer", PFR0, 24, 1, 1, 0,
	    "msr	cntv_cval_el0, xzr\n"
	    "msr	cntv_ctl_el0, x0\n"
	    "isb\n"
	    WAIT_IRQ
	    "msr	cntv_ctl_el0, xzr\n"
	    "isb\n"
	    "msr	icc_eoir1_el1, x0");
	USE("physical timer", PFR0, 24, 1, 1, 0,
	    "msr	cntp_cval_el0, xzr\n"
	    "msr	cntp_ctl_el0, x0\n"
	    "isb\n"
	    WAIT_IRQ
	    "msr	cntp_ctl_el0, xzr\n"
	    "isb\n"
	    "msr	icc_eoir1_el1, x0");
	/* Does the group of interrupt 5 change? Then set it back. */
	USE("GICR_IGROUPR0", "GICD_IIDR", 12, 2, GICR_BASE_GPA + SZ_64K + GICR_IGROUPR0, 0,
	    "mov	w1, #~0x20\n"
	    "str	w1, [x0]\n"
	    "ldr	w3, [x0]\n"
	    "mov	w1, #~0\n"
	    "str	w1, [x0]\n"
	    "mov	w0, w3");
}

static void add_calls(void)
{
	USE("AFFINITY_INFO", "PSCI_FEATURES AFFINITY_INFO", 0, 0, PSCI_0_2_FN64_AFFINITY_INFO, 0,
	    "mov	x2, #0\n"
	    "hvc	#0");
	USE("MIGRATE_INFO_TYPE", "PSCI_FEATURES MIGRATE_INFO_TYPE", 0, 0,
	    PSCI_0_2_FN_MIGRATE_INFO_TYPE, 0, "hvc #0");
	USE("WORKAROUND_1", "ARCH_FEATURES WORKAROUND_1", 0, 0, ARM_SMCCC_ARCH_WORKAROUND_1, 0,
	    "hvc #0");
	USE("WORKAROUND_3", "ARCH_FEATURES WORKAROUND_3", 0, 0, ARM_SMCCC_ARCH_WORKAROUND_3, 0,
	    "hvc #0");
	USE("TRNG_RND", "TRNG_VERSION", 16, 1, ARM_SMCCC_TRNG_RND64, 64, "hvc #0");
	/* The results are times, so compare only whether the call succeeds. */
	USE("VENDOR_HYP PTP", "VENDOR_HYP FEATURES", 0, 2, ARM_SMCCC_VENDOR_HYP_KVM_PTP_FUNC_ID, 0,
	    "hvc	#0\n"
	    "lsr	x0, x0, #63");
}

/* Writes code and steps to the guest's memory, and returns the number of steps. */
static u32 load_guest(u8 *ram)
{
	static const u32 others[] = {
		SYS_MIDR_EL1, SYS_REVIDR_EL1, SYS_MPIDR_EL1, SYS_AIDR_EL1, SYS_SMIDR_EL1,
		SYS_CTR_EL0, SYS_DCZID_EL0, SYS_CLIDR_EL1, SYS_CNTFRQ_EL0, SYS_OSLSR_EL1,
	};
	u32 crm, op2, i;

	TEST_ASSERT(latch_guest_end - latch_guest <= RAM_STEPS, "the guest is too long");
	memcpy(ram, latch_guest, latch_guest_end - latch_guest);
	loading = ram;
	nr_steps = 0;
	for (crm = 1; crm <= 7; crm++)
		for (op2 = 0; op2 <= 7; op2++)
			add_id_reg(sys_reg(3, 0, 0, crm, op2));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		add_id_reg(others[i]);
	add_probes();
	add_instructions();
	add_registers();
	add_pmu();
	add_interrupts();
	add_calls();
	return nr_steps;
}

/* ----------------------------------- VMs ---------------------------------- */

/* Instead of a baseline: make_vm() selects nothing. Older kernels cannot select. */
#define ANY_BASELINE	0

/*
 * @features: 0 for all features that the host has. The vector lengths are the host's,
 * so the hosts of a move must have the same.
 */
static void make_vm(struct bare_vm *m, u32 baseline, u32 features)
{
	struct bare_vm_desc d = bare_vm_default(3);

	d.ram_size = RAM_SIZE;
	bare_vm_create(m, &d);
	if (baseline != ANY_BASELINE)
		TEST_ASSERT(!compat_select(m->vm, baseline), "baseline %#x", baseline);
	bare_vm_init_vcpu(m, 0, features ?: vm_vcpu_features(m->vm, NULL));
	bare_vm_init_devices(m);
}

#define MAX_CHANGED	400

/* The steps that changed in a pass, as the guest reported them */
struct changes {
	u32	nr;
	u32	step[MAX_CHANGED];
	u64	result[MAX_CHANGED];
};

static const char *value(char *buf, size_t size, u64 val)
{
	if (val >> 63 && !(val << 1 >> 7))
		snprintf(buf, size, "an exception, EC %#lx", val << 1 >> 1);
	else
		snprintf(buf, size, "%#lx", val);
	return buf;
}

static void show_changes(const struct bare_vm *m, const struct changes *c)
{
	char first[40], result[40];
	u32 i;

	for (i = 0; i < c->nr; i++) {
		struct step *step = &steps(m->ram)[c->step[i]];

		value(result, sizeof(result), c->result[i]);
		if (step->use && step->first == c->result[i])
			ksft_print_msg("use of %s: announced, and %s\n", step->name, result);
		else
			ksft_print_msg("%s%s: %s, now %s\n", step->use ? "use of " : "",
				       step->name, value(first, sizeof(first), step->first),
				       result);
	}
}

/* Runs the guest to the end of a pass, and completes the store that reports the end. */
static void run_pass(struct bare_vm *m, struct changes *c)
{
	const char *why;
	u64 addr, val;

	memset(c, 0, sizeof(*c));
	do {
		why = vcpu_run_to_store(m->vcpu[0], &addr, &val);
		TEST_ASSERT(!why, "%s", why);
		if (addr >= EXIT_CHANGED(0) && c->nr < MAX_CHANGED) {
			c->step[c->nr] = (addr - EXIT_CHANGED(0)) / 8;
			c->result[c->nr++] = val;
		}
	} while (addr != EXIT_PASS);
	vcpu_finish_store(m->vcpu[0]);
}

/* Runs two passes of a guest that has been moved. Both must report the same changes. */
static void run_moved(struct bare_vm *m, struct changes *c)
{
	struct changes again;

	run_pass(m, c);
	run_pass(m, &again);
	TEST_ASSERT(!memcmp(c, &again, sizeof(again)),
		    "a second pass of the guest found something else");
}

/* The test sets up the GIC, so that the guest need not. */
static const struct {
	u32	group;
	u64	attr;
	u64	val;
} gic_setup[] = {
	{ KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_SS_G1 },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, GICR_WAKER, 0 },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, SZ_64K + GICR_IGROUPR0, ~0U },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, SZ_64K + GICR_ISENABLER0,
	  BIT(1) | BIT(27) | BIT(30) },
	{ KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, VGIC_ICC_ATTR(SYS_ICC_PMR_EL1), 0xf0 },
	{ KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, VGIC_ICC_ATTR(SYS_ICC_IGRPEN1_EL1), 1 },
};

/* Runs the first pass. Its changes are features that are announced and do not work. */
static void start_guest(struct bare_vm *m, struct changes *c)
{
	const u64 regs[][2] = {
		{ ARM64_CORE_REG(regs.regs[20]), RAM_BASE + RAM_STEPS },
		{ ARM64_CORE_REG(regs.regs[21]), load_guest(m->ram) },
		{ ARM64_CORE_REG(regs.regs[22]), EXIT_CHANGED(0) },
		{ ARM64_CORE_REG(regs.regs[26]), EXIT_PASS },
		{ ARM64_CORE_REG(regs.pc), RAM_BASE + SZ_2K },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(regs); i++)
		vcpu_set_reg(m->vcpu[0], regs[i][0], regs[i][1]);
	for (i = 0; i < ARRAY_SIZE(gic_setup); i++)
		kvm_device_attr_set(m->gic_fd, gic_setup[i].group, gic_setup[i].attr,
				    (void *)&gic_setup[i].val);
	run_pass(m, c);
}

/* ------------------------------ Save and restore -------------------------- */

#define MAX_RECORDS	1024

struct record {
	u32	group;		/* of the vGIC's attribute; NO_GROUP: a register */
	u32	len;
	u64	id;		/* the attribute, or the register's id */
	u8	data[256];
};

#define NO_GROUP	(~0U)

struct state {
	char		magic[16];
	char		release[72];
	u64		features;
	u32		nr;
	u32		size;
	struct record	records[MAX_RECORDS];
	u8		ram[RAM_SIZE];
};

static const char state_magic[16] = "KVM guest latch";

/* Returns 0 or an errno. */
static int record_do(struct bare_vm *m, bool set, struct record *r)
{
	struct kvm_one_reg one = { .id = r->id, .addr = (u64)r->data };
	const struct vgic_reg *reg;
	u32 irq;

	if (r->group == NO_GROUP)
		return ioctl(m->vcpu[0]->fd, set ? KVM_SET_ONE_REG : KVM_GET_ONE_REG, &one) ?
		       errno : 0;
	if (!set)
		return vgic_attr_do(m, false, r->group, r->id, r->data, r->len);
	reg = vgic_find_reg(m->d.gic, r->group, r->id, &irq);
	return reg ? vgic_attr_restore(m, reg, r->id, r->data, r->len) : ENXIO;
}

static int add_record(struct state *s, struct bare_vm *m, u32 group, u64 id, u32 len)
{
	struct record *r = &s->records[s->nr++];

	TEST_ASSERT(s->nr <= MAX_RECORDS && len <= sizeof(r->data), "too much state");
	*r = (struct record){ .group = group, .len = len, .id = id };
	return record_do(m, false, r);
}

/* The argument of add_attr() */
struct saving {
	struct state	*s;
	struct bare_vm	*m;
};

static void add_attr(const struct vgic_attr *a, void *arg)
{
	struct saving *to = arg;

	/* KVM does not have each register in the table, so skip those that it refuses. */
	if (add_record(to->s, to->m, a->reg->group, a->attr, a->len))
		to->s->nr--;
}

static void save_vm(struct bare_vm *m, struct state *s)
{
	struct kvm_reg_list *list = vcpu_get_reg_list(m->vcpu[0]);
	struct utsname u;
	u64 i;

	memset(s, 0, sizeof(*s));
	memcpy(s->magic, state_magic, sizeof(s->magic));
	uname(&u);
	snprintf(s->release, sizeof(s->release), "%s", u.release);
	s->features = m->vcpu[0]->init.features[0];
	s->size = sizeof(*s);
	for (i = 0; i < list->n; i++)
		TEST_ASSERT(!add_record(s, m, NO_GROUP, list->reg[i],
					KVM_REG_SIZE(list->reg[i])),
			    "%#lx cannot be read", (unsigned long)list->reg[i]);
	free(list);
	vgic_walk_attrs(m, add_attr, &(struct saving){ s, m });
	memcpy(s->ram, m->ram, RAM_SIZE);
}

/* Prints what KVM refuses, and returns the number. A VMM would give up at the first. */
static u32 restore_vm(struct bare_vm *m, u32 baseline, struct state *s)
{
	char name[64];
	u32 i, refused = 0;
	int err;

	make_vm(m, baseline, s->features);
	memcpy(m->ram, s->ram, RAM_SIZE);
	for (i = 0; i < s->nr; i++) {
		struct record *r = &s->records[i];

		/* KVM refuses it after KVM_ARM_VCPU_FINALIZE. It is the same: see make_vm(). */
		if (r->group == NO_GROUP && r->id == KVM_REG_ARM64_SVE_VLS)
			continue;
		err = record_do(m, true, r);
		if (!err)
			continue;
		if (r->group == NO_GROUP)
			reg_name(name, sizeof(name), r->id);
		else
			snprintf(name, sizeof(name), "vGIC %u/%#lx", r->group, r->id);
		ksft_print_msg("refused: %s = %#lx: %s\n", name, *(u64 *)r->data, strerror(err));
		refused++;
	}
	return refused;
}

static void write_state(const char *file, const struct state *s)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	TEST_ASSERT(fd >= 0 && write(fd, s, sizeof(*s)) == sizeof(*s) && !close(fd),
		    "%s: %s", file, strerror(errno));
}

static void read_state(const char *file, struct state *s)
{
	int fd = open(file, O_RDONLY);

	TEST_ASSERT(fd >= 0 && read(fd, s, sizeof(*s)) == sizeof(*s) &&
		    !memcmp(s->magic, state_magic, sizeof(s->magic)) && s->size == sizeof(*s) &&
		    s->nr <= MAX_RECORDS, "%s is no state of this program's", file);
	close(fd);
}

static struct state state;

static int save(const char *file)
{
	struct bare_vm m;
	struct changes c;

	make_vm(&m, ANY_BASELINE, 0);
	start_guest(&m, &c);
	show_changes(&m, &c);
	save_vm(&m, &state);
	write_state(file, &state);
	printf("saved on %s: %u announced and not there\n", state.release, c.nr);
	return 0;
}

static int restore(const char *file, const char *again)
{
	struct bare_vm m;
	struct changes c;
	struct utsname u;
	u32 refused;

	uname(&u);
	read_state(file, &state);
	refused = restore_vm(&m, ANY_BASELINE, &state);
	run_moved(&m, &c);
	show_changes(&m, &c);
	printf("%s to %s: %u refused, %u changed\n", state.release, u.release, refused, c.nr);
	if (again) {
		save_vm(&m, &state);
		write_state(again, &state);
	}
	return refused || c.nr;
}

/* ---------------------------------- Tests --------------------------------- */

/* A guest of each baseline. Since baseline @since, @missed changes on any CPU. */
static const struct {
	const char	*name;
	u32		baseline;
	const char	*missed;
	u32		since;
} guests[] = {
	{ "5.10", KVM_GUEST_COMPAT_5_10_V1, "TRNG_VERSION", KVM_GUEST_COMPAT_5_15_V1 },
	{ "5.15", KVM_GUEST_COMPAT_5_15_V1, "SMC", KVM_GUEST_COMPAT_6_6_V1 },
	{ "6.1", KVM_GUEST_COMPAT_6_1_V1, "SMC", KVM_GUEST_COMPAT_6_6_V1 },
	{ "6.6", KVM_GUEST_COMPAT_6_6_V1 },
	{ "6.11", KVM_GUEST_COMPAT_6_11_V1 },
	{ "6.12", KVM_GUEST_COMPAT_6_12_V1 },
	{ "6.16", KVM_GUEST_COMPAT_6_16_V1 },
	{ "6.17", KVM_GUEST_COMPAT_6_17_V1 },
	{ "6.18", KVM_GUEST_COMPAT_6_18_V1 },
	{ "6.19", KVM_GUEST_COMPAT_6_19_V1 },
	{ "7.0", KVM_GUEST_COMPAT_7_0_V1 },
	{ "7.1", KVM_GUEST_COMPAT_7_1_V1 },
	{ "7.2", KVM_GUEST_COMPAT_7_2_V1 },
};

static void start(u32 baseline)
{
	struct bare_vm m;
	struct changes c;

	make_vm(&m, baseline, 0);
	start_guest(&m, &c);
	save_vm(&m, &state);
	bare_vm_free(&m);
}

/* Restores the guest in @state, runs it, and saves it to @state. */
static u32 move(u32 baseline, struct changes *c)
{
	struct bare_vm m;
	u32 refused = restore_vm(&m, baseline, &state);

	run_moved(&m, c);
	show_changes(&m, c);
	save_vm(&m, &state);
	bare_vm_free(&m);
	return refused;
}

/*
 * A step may only change if a guest that was started on the destination has another
 * result (@ram). The new result is not compared: it can be the destination's, that of
 * the restored state, or a mixture.
 */
static bool differ_there(const struct changes *c, u8 *ram, const char *missed)
{
	bool ok = true, found = !missed;
	u32 i;

	for (i = 0; i < c->nr; i++) {
		struct step *was = &steps(state.ram)[c->step[i]];
		struct step *other = &steps(ram)[c->step[i]];

		ok &= CHECK(was->first != other->first || was->ran != other->ran,
				   "%s: only for a guest that was moved", was->name);
		found |= missed && !strcmp(was->name, missed);
	}
	return ok & CHECK(found, "%s has not changed", missed);
}

/* Each change in @c must be in @before, too. */
static bool are_among(const struct changes *c, const struct changes *before)
{
	bool ok = true;
	u32 i, j;

	for (i = 0; i < c->nr; i++) {
		for (j = 0; j < before->nr && before->step[j] != c->step[i]; j++)
			;
		ok &= CHECK(j < before->nr, "%s changes only on the way back",
				   steps(state.ram)[c->step[i]].name);
	}
	return ok;
}

static void run_tests(void)
{
	static u8 newest[RAM_SIZE];
	u32 i, nr_guests = 0, native = COMPAT_NATIVE;

	/* Guests of baselines that are newer than the kernel are left out. */
	while (nr_guests < ARRAY_SIZE(guests) && !compat_is_later(guests[nr_guests].baseline))
		nr_guests++;

	ksft_set_plan(3 * nr_guests);
	start(native);
	memcpy(newest, state.ram, RAM_SIZE);
	for (i = 0; i < nr_guests; i++) {
		const char *name = guests[i].name;
		const char *missed = compat_is_later(guests[i].since) ? NULL : guests[i].missed;
		struct changes there, back;
		u32 nr;

		start(guests[i].baseline);
		nr = move(guests[i].baseline, &there);
		nr += move(guests[i].baseline, &back);
		ksft_test_result(!(nr + there.nr + back.nr), "%s: moves, and misses nothing\n",
				 name);
		move(native, &there);
		ksft_test_result(differ_there(&there, newest, missed),
				 "%s: misses what the newest has otherwise\n", name);
		move(guests[i].baseline, &back);
		ksft_test_result(are_among(&back, &there),
				 "%s: misses no more when it comes back\n", name);
	}
}

int main(int argc, char **argv)
{
	if (bare_vm_unsupported())
		ksft_exit_skip("%s\n", bare_vm_unsupported());
	if (argc == 3 && !strcmp(argv[1], "save"))
		return save(argv[2]);
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "restore"))
		return restore(argv[2], argv[3]);

	ksft_print_header();
	if (!kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		ksft_exit_skip("no KVM_CAP_GUEST_COMPAT\n");
	if (!kvm_supports_vgic_v3())
		ksft_exit_skip("no GICv3\n");
	run_tests();
	ksft_finished();
}
