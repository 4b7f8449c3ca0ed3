// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_latch - a guest that probes once and then relies on it for ever
 *
 * At its start the guest reads what KVM tells it: ID registers, the GIC, the
 * firmware. From then on, in each pass of its loop, it probes again, and uses
 * each thing that it has found then: an instruction or a register that an ID
 * field announces, a firmware call, a counter, a timer, an interrupt. Whatever
 * is no longer as in the first pass it complains of.
 *
 * Without arguments it is a test that moves the guest between VMs of this
 * kernel, from each baseline to the newest and back. "save FILE" and "restore
 * FILE [FILE]" move it between kernels, from 5.10 on; hence the plain memory
 * slot, not the library's, and code that does not depend on where this program
 * was linked: the names of what it does are in its memory, too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/sizes.h>

#include "guest_compat.h"
#include "guest_latch_code.h"
#include "gic.h"
#include "gic_v3.h"
#include "processor.h"
#include "reg_names.h"
#include "vgic.h"

#define RAM_BASE	0x40000000ULL
#define RAM_SIZE	SZ_64K
#define RAM_ITEMS	0x2000		/* what is below is the guest's code */
#define IPA_BITS	40

/* Stores here are for the host: a pass is done, item n has changed */
#define EXIT_PASS	0x0a000000ULL
#define EXIT_CHANGED(n)	(0x0a001000ULL + (n) * 8)

/* ---------------------------------- Guest --------------------------------- */

#define RET		0xd65f03c0
#define ISB		0xd5033fdf
#define HVC		0xd4000002
#define SMC		0xd4000003
#define LSR_63		0xd37ffc00	/* lsr x0, x0, #63 */
#define LDR_W0_X0	0xb9400000
#define MRS(reg)	(0xd5200000 | (reg))
#define MSR(reg)	(0xd5000000 | (reg))
#define MSR_ZERO(reg)	(MSR(reg) | 31)
/* Not an instruction, but these: */
#define WAIT_IRQ	1

/* Acknowledges an interrupt within a quarter of a million attempts; x0: which */
static const u32 wait_irq[] = {
	0xd2a00081,			/* mov x1, #0x40000 */
	MRS(SYS_ICC_IAR1_EL1),
	0xf10ffc1f, 0x54000061,		/* cmp x0, #1023; b.ne .+12 */
	0xf1000421, 0x54ffff81,		/* subs x1, x1, #1; b.ne .-16 */
};

#define GICR_SGI	(GICR_BASE_GPA + SZ_64K)

struct probe {
	const char	*name;
	u64		arg, arg1;
	u32		code[4];
};

#define MMIO(reg, addr)		{ reg, addr, 0, { LDR_W0_X0 } }
#define CALL(name, fn)		{ name, fn, 0, { HVC } }
#define PSCI(name, fn)		{ "PSCI_FEATURES " name, 0x8400000a, fn, { HVC } }
#define ARCH(name, fn)		{ "ARCH_FEATURES " name, 0x80000001, fn, { HVC } }
#define CACHE(name, csselr)	{ "CCSIDR_EL1 " name, csselr, 0,		\
				  { MSR(SYS_CSSELR_EL1), ISB, MRS(SYS_CCSIDR_EL1) } }

/* What it asks, beside the ID registers */
static const struct probe probes[] = {
	CACHE("L1D", 0), CACHE("L1I", 1), CACHE("L2", 2), CACHE("L3", 4),
	MMIO("GICD_TYPER", GICD_BASE_GPA + GICD_TYPER),
	MMIO("GICD_IIDR", GICD_BASE_GPA + GICD_IIDR),
	MMIO("GICD_TYPER2", GICD_BASE_GPA + GICD_TYPER2),
	MMIO("GICD_PIDR2", GICD_BASE_GPA + GICD_PIDR2),
	MMIO("GICR_CTLR", GICR_BASE_GPA + GICR_CTLR),
	MMIO("GICR_IIDR", GICR_BASE_GPA + GICR_IIDR),
	MMIO("GICR_TYPER", GICR_BASE_GPA + GICR_TYPER),
	MMIO("GICR_PIDR2", GICR_BASE_GPA + GICR_PIDR2),
	{ "ICC_CTLR_EL1", 0, 0, { MRS(SYS_ICC_CTLR_EL1) } },
	{ "PMCR_EL0 N, IMP, IDCODE", 0, 0, { MRS(SYS_PMCR_EL0), 0xd34bfc00 } },	/* lsr #11 */
	CALL("PSCI_VERSION", 0x84000000),
	CALL("SMCCC_VERSION", 0x80000000),
	CALL("TRNG_VERSION", 0x84000050),
	CALL("STD_HYP PV_TIME_FEATURES", 0xc5000020),
	CALL("VENDOR_HYP UID", 0x8600ff01),
	CALL("VENDOR_HYP FEATURES", 0x86000000),
	/* Whether it is a conduit, not what PSCI_VERSION says */
	{ "SMC", 0x84000000, 0, { SMC, LSR_63, 0xd2400000 } },	/* eor x0, x0, #1 */
	PSCI("CPU_SUSPEND", 0xc4000001), PSCI("CPU_OFF", 0x84000002),
	PSCI("CPU_ON", 0xc4000003), PSCI("AFFINITY_INFO", 0xc4000004),
	PSCI("MIGRATE_INFO_TYPE", 0x84000006), PSCI("SYSTEM_OFF", 0x84000008),
	PSCI("SYSTEM_RESET", 0x84000009), PSCI("SYSTEM_SUSPEND", 0xc400000e),
	PSCI("SYSTEM_RESET2", 0xc4000012), PSCI("MEM_PROTECT", 0x84000013),
	PSCI("SYSTEM_OFF2", 0xc4000015), PSCI("SMCCC_VERSION", 0x80000000),
	ARCH("WORKAROUND_1", 0x80008000), ARCH("WORKAROUND_2", 0x80007fff),
	ARCH("WORKAROUND_3", 0x80003fff), ARCH("PV_TIME", 0xc5000020),
};

struct use {
	const char	*name;
	const char	*of;		/* what announces it, in a field */
	u8		shift, min;
	u64		arg, arg1;
	u32		code[10];
};

#define INSN(name, of, shift, min, ...)	{ name, of, shift, min, 0, 0, { __VA_ARGS__ } }
#define REG(name, of, shift, min)	INSN(#name, of, shift, min, MRS(SYS_##name))
/* movi v0.16b, #1; movi v1.16b, #2; the instruction; fmov x0, d0 */
#define SIMD(name, of, shift, min, insn)					\
	INSN(name, of, shift, min, 0x4f00e420, 0x4f00e441, insn, 0x9e660000)

#define PFR0	"ID_AA64PFR0_EL1"
#define PFR1	"ID_AA64PFR1_EL1"
#define ISAR0	"ID_AA64ISAR0_EL1"
#define ISAR1	"ID_AA64ISAR1_EL1"
#define ISAR2	"ID_AA64ISAR2_EL1"
#define MMFR1	"ID_AA64MMFR1_EL1"
#define MMFR2	"ID_AA64MMFR2_EL1"
#define MMFR3	"ID_AA64MMFR3_EL1"
#define DFR0	"ID_AA64DFR0_EL1"

/* What it uses from then on. Memory is Device memory, so there are no atomics. */
static const struct use uses[] = {
	SIMD("AESE", ISAR0, 4, 1, 0x4e284820),
	SIMD("SHA1H", ISAR0, 8, 1, 0x5e280820),
	SIMD("SHA256H", ISAR0, 12, 1, 0x5e014020),
	SIMD("SHA512SU0", ISAR0, 12, 2, 0xcec08020),
	INSN("CRC32W", ISAR0, 16, 1, 0x1ac04800),
	SIMD("SQRDMLAH", ISAR0, 28, 1, 0x6e818420),
	SIMD("EOR3", ISAR0, 32, 1, 0xce010420),
	SIMD("SDOT", ISAR0, 44, 1, 0x4e819420),
	SIMD("FMLAL", ISAR0, 48, 1, 0x4e21ec20),
	INSN("CFINV", ISAR0, 52, 1, 0xd500401f),
	INSN("AXFLAG", ISAR0, 52, 2, 0xd500405f),
	INSN("TLBI VMALLE1OS", ISAR0, 56, 1, 0xd508811f),
	INSN("TLBI RVAE1IS", ISAR0, 56, 2, 0xd508823f),
	INSN("RNDR", ISAR0, 60, 1, 0xd53b2400, 0xd2800020),	/* mov x0, #1 */
	INSN("DC CVAP", ISAR1, 0, 1, 0xd50b7c22),
	INSN("DC CVADP", ISAR1, 0, 2, 0xd50b7d22),
	INSN("FJCVTZS", ISAR1, 12, 1, 0x4f00e420, 0x1e7e0000),
	SIMD("FCADD", ISAR1, 16, 1, 0x6e81e420),
	INSN("LDAPR", ISAR1, 20, 1, 0xf8bfc040),
	INSN("STLUR", ISAR1, 20, 2, 0xd9000042),
	INSN("PACGA", ISAR1, 24, 1, 0x9ac03000),
	INSN("PACGA (QARMA3)", ISAR2, 8, 1, 0x9ac03000),
	INSN("PACGA (implementation)", ISAR1, 28, 1, 0x9ac03000),
	SIMD("FRINT32Z", ISAR1, 32, 1, 0x1e684020),
	INSN("SB", ISAR1, 36, 1, 0xd50330ff),
	SIMD("BFDOT", ISAR1, 44, 1, 0x6e41fc20),
	SIMD("USDOT", ISAR1, 52, 1, 0x4e819c20),
	INSN("WFIT", ISAR2, 0, 2, 0xd5031020),
	INSN("CNT", ISAR2, 52, 1, 0xdac01c00),
	SIMD("FADD (half)", PFR0, 16, 1, 0x4e411420),
	INSN("CNTD", PFR0, 32, 1, 0x04e0e3e0),
	INSN("PSTATE.DIT", PFR0, 48, 1, 0xd53b42a0),
	INSN("PSTATE.SSBS", PFR1, 4, 2, 0xd53b42c0, 0xd2800020),
	INSN("IRG", PFR1, 8, 1, 0x9adf1000, 0xd2800020),
	INSN("PSTATE.PAN", MMFR1, 20, 1, 0xd500409f, 0xd5384260),
	INSN("PSTATE.UAO", MMFR2, 4, 1, 0xd5384280),
	REG(ZCR_EL1, PFR0, 32, 1),
	REG(ERRIDR_EL1, PFR0, 28, 1),
	REG(DISR_EL1, PFR0, 28, 1),
	INSN("MPAM1_EL1", PFR0, 40, 1, 0xd538a500),
	REG(LORID_EL1, MMFR1, 16, 1),
	INSN("CCSIDR2_EL1", MMFR2, 20, 1, 0xd5390040),
	REG(TCR2_EL1, MMFR3, 0, 1),
	REG(SCTLR2_EL1, MMFR3, 4, 1),
	REG(PIR_EL1, MMFR3, 8, 1),
	REG(POR_EL1, MMFR3, 16, 1),
	REG(FPMR, "ID_AA64PFR2_EL1", 32, 1),
	{ "DBGBVR0_EL1", DFR0, 0, 6, 0x40001000, 0,
	  { MSR(sys_reg(2, 0, 0, 0, 4)), MRS(sys_reg(2, 0, 0, 0, 4)) } },

	REG(PMCEID0_EL0, DFR0, 8, 1),
	REG(PMCEID1_EL0, DFR0, 8, 1),
	REG(PMMIR_EL1, DFR0, 8, 4),
	/* All bits of the second counter's type, which never counts */
	{ "PMEVTYPER1_EL0", DFR0, 8, 1, ~0ULL, 0,
	  { MSR(sys_reg(3, 3, 14, 12, 1)), MRS(sys_reg(3, 3, 14, 12, 1)) } },
	/* Two reads of the cycle counter differ */
	{ "cycle counter", DFR0, 8, 1, BIT(31), 1,
	  { MSR(SYS_PMCR_EL0) | 1, MSR_ZERO(SYS_PMCCFILTR_EL0), MSR(SYS_PMCNTENSET_EL0), ISB,
	    MRS(SYS_PMCCNTR_EL0) | 1, ISB, ISB, MRS(SYS_PMCCNTR_EL0),
	    0xeb01001f, 0x9a9f07e0 } },		/* cmp x0, x1; cset x0, ne */
	/* How far one PMSWINC_EL0 gets an event counter */
	{ "event counter", DFR0, 8, 1, 1, 0,
	  { MSR(SYS_PMCR_EL0), MSR_ZERO(sys_reg(3, 3, 14, 12, 0)), MSR(SYS_PMCNTENSET_EL0), ISB,
	    MRS(sys_reg(3, 3, 14, 8, 0)) | 1, MSR(SYS_PMSWINC_EL0), ISB,
	    MRS(sys_reg(3, 3, 14, 8, 0)), 0xcb010000 } },	/* sub x0, x0, x1 */

	/* The counter does not go back: x0 was taken from memory, and goes there */
	{ "CNTVCT_EL0", NULL, 0, 0, 0, 0,
	  { MRS(SYS_CNTVCT_EL0), 0xf9000040,	/* str x0, [x2] */
	    0xeb01001f, 0x9a9f37e0 } },		/* cmp x0, x1; cset x0, hs */
	{ "SGI", PFR0, 24, 1, 1 << 24 | 1, 0,
	  { MSR(SYS_ICC_SGI1R_EL1), ISB, WAIT_IRQ, MSR(SYS_ICC_EOIR1_EL1) } },
	{ "virtual timer", PFR0, 24, 1, 1, 0,
	  { MSR_ZERO(SYS_CNTV_CVAL_EL0), MSR(SYS_CNTV_CTL_EL0), ISB, WAIT_IRQ,
	    MSR_ZERO(SYS_CNTV_CTL_EL0), ISB, MSR(SYS_ICC_EOIR1_EL1) } },
	{ "physical timer", PFR0, 24, 1, 1, 0,
	  { MSR_ZERO(SYS_CNTP_CVAL_EL0), MSR(SYS_CNTP_CTL_EL0), ISB, WAIT_IRQ,
	    MSR_ZERO(SYS_CNTP_CTL_EL0), ISB, MSR(SYS_ICC_EOIR1_EL1) } },
	/* An interrupt's group is written, read, and set again */
	{ "GICR_IGROUPR0", "GICD_IIDR", 12, 2, GICR_SGI + GICR_IGROUPR0, 0,
	  { 0x12800401, 0xb9000001,		/* mov w1, #~0x20; str w1, [x0] */
	    0xb9400003,				/* ldr w3, [x0] */
	    0x12800001, 0xb9000001,		/* mov w1, #~0; str w1, [x0] */
	    0x2a0303e0 } },			/* mov w0, w3 */

	{ "AFFINITY_INFO", "PSCI_FEATURES AFFINITY_INFO", 0, 0, 0xc4000004, 0,
	  { 0xd2800002, HVC } },		/* mov x2, #0 */
	{ "MIGRATE_INFO_TYPE", "PSCI_FEATURES MIGRATE_INFO_TYPE", 0, 0, 0x84000006, 0, { HVC } },
	{ "WORKAROUND_1", "ARCH_FEATURES WORKAROUND_1", 0, 0, 0x80008000, 0, { HVC } },
	{ "WORKAROUND_3", "ARCH_FEATURES WORKAROUND_3", 0, 0, 0x80003fff, 0, { HVC } },
	{ "TRNG_RND", "TRNG_VERSION", 16, 1, 0xc4000053, 64, { HVC } },
	/* Time, so only whether it was given */
	{ "VENDOR_HYP PTP", "VENDOR_HYP FEATURES", 0, 2, 0x86000001, 0,
	  { HVC, LSR_63 } },
};

static u32 add_item(u8 *ram, u32 nr, const char *name, u64 arg, u64 arg1, const u32 *code,
		    u32 words)
{
	struct item *item = (struct item *)(ram + RAM_ITEMS) + nr;
	u32 i, n = 0;

	TEST_ASSERT((u8 *)(item + 1) <= ram + RAM_SIZE, "too many items");
	item->arg = arg;
	item->arg1 = arg1;
	item->of = NO_ITEM;
	for (i = 0; i < words && code[i]; i++) {
		if (code[i] == WAIT_IRQ) {
			memcpy(&item->code[n], wait_irq, sizeof(wait_irq));
			n += ARRAY_SIZE(wait_irq);
		} else {
			item->code[n++] = code[i];
		}
	}
	TEST_ASSERT(n < ARRAY_SIZE(item->code), "%s is too long", name);
	item->code[n] = RET;
	snprintf(item->name, sizeof(item->name), "%s", name);
	return nr + 1;
}

static u32 find_item(u8 *ram, u32 nr, const char *name)
{
	struct item *items = (struct item *)(ram + RAM_ITEMS);

	while (nr--)
		if (!strcmp(items[nr].name, name))
			return nr;
	TEST_FAIL("no item \"%s\"", name);
	return NO_ITEM;
}

static u32 add_id_reg(u8 *ram, u32 nr, u32 reg)
{
	char name[32];

	if (!sysreg_name(name, sizeof(name), reg))
		snprintf(name, sizeof(name), "ID register 3.0.0.%u.%u", sysreg_crm(reg),
			 sysreg_op2(reg));
	return add_item(ram, nr, name, 0, 0, (u32[]){ MRS(reg) }, 1);
}

/* Writes the guest to its memory, and returns how many items it has */
static u32 load_guest(u8 *ram)
{
	static const u32 others[] = {
		SYS_MIDR_EL1, SYS_REVIDR_EL1, SYS_MPIDR_EL1, SYS_AIDR_EL1, SYS_SMIDR_EL1,
		SYS_CTR_EL0, SYS_DCZID_EL0, SYS_CLIDR_EL1, SYS_CNTFRQ_EL0, SYS_OSLSR_EL1,
	};
	u32 crm, op2, i, nr = 0;

	TEST_ASSERT(latch_guest_end - latch_guest <= RAM_ITEMS, "the guest is too long");
	memcpy(ram, latch_guest, latch_guest_end - latch_guest);
	for (crm = 1; crm <= 7; crm++)
		for (op2 = 0; op2 <= 7; op2++)
			nr = add_id_reg(ram, nr, sys_reg(3, 0, 0, crm, op2));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		nr = add_id_reg(ram, nr, others[i]);
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		nr = add_item(ram, nr, probes[i].name, probes[i].arg, probes[i].arg1,
			      probes[i].code, ARRAY_SIZE(probes[i].code));
	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		const struct use *use = &uses[i];
		struct item *item = (struct item *)(ram + RAM_ITEMS) + nr;

		nr = add_item(ram, nr, use->name, use->arg, use->arg1, use->code,
			      ARRAY_SIZE(use->code));
		item->use = 1;
		item->shift = use->shift;
		item->min = use->min;
		if (use->of)
			item->of = find_item(ram, nr - 1, use->of);
	}
	return nr;
}

/* ----------------------------------- VMs ---------------------------------- */

struct machine {
	struct kvm_vm	*vm;
	struct kvm_vcpu	*vcpu;
	u8		*ram;
	u64		features;
	int		gic;
};

static const struct {
	int	bit;
	long	cap;
} features[] = {
	{ KVM_ARM_VCPU_PMU_V3, KVM_CAP_ARM_PMU_V3 },
	{ KVM_ARM_VCPU_SVE, KVM_CAP_ARM_SVE },
	{ KVM_ARM_VCPU_PTRAUTH_ADDRESS, KVM_CAP_ARM_PTRAUTH_ADDRESS },
	{ KVM_ARM_VCPU_PTRAUTH_GENERIC, KVM_CAP_ARM_PTRAUTH_GENERIC },
};

static u64 host_features(void)
{
	u64 all = BIT(KVM_ARM_VCPU_PSCI_0_2);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(features); i++)
		if (kvm_check_cap(features[i].cap) > 0)
			all |= BIT(features[i].bit);
	return all;
}

static void make_gic(struct machine *m)
{
	u64 dist = GICD_BASE_GPA, redist = REDIST_REGION_ATTR_ADDR(1, GICR_BASE_GPA, 0, 0);

	m->gic = kvm_create_device(m->vm, KVM_DEV_TYPE_ARM_VGIC_V3);
	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &dist);
	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_ADDR,
			    KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION, &redist);
	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

static bool has_gicv3(void)
{
	struct kvm_vm *vm = ____vm_create(VM_SHAPE(VM_MODE_P40V48_4K));
	bool has = !__kvm_test_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3);

	kvm_vm_free(vm);
	return has;
}

/* Instead of a baseline: nothing is asked for, as it is of older kernels */
#define ANY_BASELINE	0

/* The vector lengths are what the host has, on both sides */
static void make_vm(struct machine *m, u32 baseline, u64 vcpu_features)
{
	struct kvm_userspace_memory_region slot = {};
	int sve = KVM_ARM_VCPU_SVE;
	struct kvm_vcpu_init init;

	m->vm = ____vm_create(VM_SHAPE(VM_MODE_P40V48_4K));
	if (baseline != ANY_BASELINE)
		TEST_ASSERT(!compat_select(m->vm, baseline), "baseline %u", baseline);
	m->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(m->ram != MAP_FAILED, "No memory for the guest");
	slot.guest_phys_addr = RAM_BASE;
	slot.memory_size = RAM_SIZE;
	slot.userspace_addr = (u64)m->ram;
	vm_ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &slot);

	m->features = vcpu_features;
	m->vcpu = __vm_vcpu_add(m->vm, 0);
	vm_ioctl(m->vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] = vcpu_features;
	vcpu_ioctl(m->vcpu, KVM_ARM_VCPU_INIT, &init);
	if (vcpu_features & BIT(sve))
		vcpu_ioctl(m->vcpu, KVM_ARM_VCPU_FINALIZE, &sve);
	make_gic(m);
	if (vcpu_features & BIT(KVM_ARM_VCPU_PMU_V3)) {
		m->vm->arch.has_gic = true;
		compat_pmu_init(m->vcpu);
	}
}

static void free_vm(struct machine *m)
{
	close(m->gic);
	kvm_vm_free(m->vm);
	munmap(m->ram, RAM_SIZE);
}

static struct item *items(u8 *ram)
{
	return (struct item *)(ram + RAM_ITEMS);
}

#define MAX_CHANGED	400

/* The items that the guest complained of in a pass, each once */
struct changes {
	u32	nr;
	u32	item[MAX_CHANGED];
	u64	now[MAX_CHANGED];
};

static const char *value(char *buf, size_t size, u64 val)
{
	if (val >> 63 && !(val << 1 >> 7))
		snprintf(buf, size, "an exception, EC %#lx", val << 1 >> 1);
	else
		snprintf(buf, size, "%#lx", val);
	return buf;
}

static void show_changes(const struct machine *m, const struct changes *c)
{
	char then[40], now[40];
	u32 i;

	for (i = 0; i < c->nr; i++) {
		struct item *item = &items(m->ram)[c->item[i]];

		ksft_print_msg("%s%s: %s%s%s\n", item->use ? "use of " : "", item->name,
			       item->use && item->first == c->now[i] ? "announced, and " :
			       value(then, sizeof(then), item->first),
			       item->use && item->first == c->now[i] ? "" : ", now ",
			       value(now, sizeof(now), c->now[i]));
	}
}

/* To the end of a pass; the store that says so is done when this returns */
static void run_pass(struct machine *m, struct changes *c)
{
	struct kvm_run *run = m->vcpu->run;
	u64 addr;

	memset(c, 0, sizeof(*c));
	do {
		vcpu_run(m->vcpu);
		TEST_ASSERT(run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write,
			    "exit %u (%s)", run->exit_reason, exit_reason_str(run->exit_reason));
		addr = run->mmio.phys_addr;
		if (addr >= EXIT_CHANGED(0) && c->nr < MAX_CHANGED) {
			c->item[c->nr] = (addr - EXIT_CHANGED(0)) / 8;
			memcpy(&c->now[c->nr++], run->mmio.data, sizeof(u64));
		}
	} while (addr != EXIT_PASS);

	run->immediate_exit = 1;
	__vcpu_run(m->vcpu);
	run->immediate_exit = 0;
}

/* What a guest that has just been moved complains of, once and once more */
static void run_moved(struct machine *m, struct changes *c)
{
	struct changes again;

	run_pass(m, c);
	run_pass(m, &again);
	TEST_ASSERT(!memcmp(c, &again, sizeof(again)), "the guest changes its mind");
}

#define ICC_ATTR(reg)	(KVM_ARM64_SYS_REG(reg) & 0xffff)

/* What a guest would do to have its interrupts, is done for it */
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
	{ KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, ICC_ATTR(SYS_ICC_PMR_EL1), 0xf0 },
	{ KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, ICC_ATTR(SYS_ICC_IGRPEN1_EL1), 1 },
};

/* The first pass: what is announced, and does not work on the kernel itself? */
static void start_guest(struct machine *m, struct changes *c)
{
	const u64 regs[][2] = {
		{ ARM64_CORE_REG(regs.regs[20]), RAM_BASE + RAM_ITEMS },
		{ ARM64_CORE_REG(regs.regs[21]), load_guest(m->ram) },
		{ ARM64_CORE_REG(regs.regs[22]), EXIT_CHANGED(0) },
		{ ARM64_CORE_REG(regs.regs[26]), EXIT_PASS },
		{ ARM64_CORE_REG(regs.pc), RAM_BASE + SZ_2K },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(regs); i++)
		vcpu_set_reg(m->vcpu, regs[i][0], regs[i][1]);
	for (i = 0; i < ARRAY_SIZE(gic_setup); i++)
		kvm_device_attr_set(m->gic, gic_setup[i].group, gic_setup[i].attr,
				    (void *)&gic_setup[i].val);
	run_pass(m, c);
}

/* ------------------------------ Save and restore -------------------------- */

#define MAX_RECORDS	1024

struct record {
	u32	group;		/* of the vGIC's attributes, or NO_GROUP */
	u32	len;
	u64	id;		/* attribute, or register */
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

static const struct {
	u32	group;
	u64	attr;
} gic_attrs[] = {
	{ KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_IIDR },
	{ KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_CTLR },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, GICR_WAKER },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, GICR_CTLR },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, SZ_64K + GICR_IGROUPR0 },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, SZ_64K + GICR_ISENABLER0 },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, SZ_64K + GICR_ISPENDR0 },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, SZ_64K + GICR_ISACTIVER0 },
#define ICC(reg)	{ KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, ICC_ATTR(reg) }
	ICC(SYS_ICC_SRE_EL1), ICC(SYS_ICC_CTLR_EL1), ICC(SYS_ICC_PMR_EL1),
	ICC(SYS_ICC_BPR1_EL1), ICC(SYS_ICC_IGRPEN1_EL1),
};

static int record_do(struct machine *m, bool set, struct record *r)
{
	struct kvm_one_reg reg = { .id = r->id, .addr = (u64)r->data };

	if (r->group == NO_GROUP)
		return ioctl(m->vcpu->fd, set ? KVM_SET_ONE_REG : KVM_GET_ONE_REG, &reg);
	return set ? __kvm_device_attr_set(m->gic, r->group, r->id, r->data) :
		     __kvm_device_attr_get(m->gic, r->group, r->id, r->data);
}

static void add_record(struct state *s, struct machine *m, u32 group, u64 id, u32 len)
{
	struct record *r = &s->records[s->nr++];

	TEST_ASSERT(s->nr <= MAX_RECORDS && len <= sizeof(r->data), "too much state");
	*r = (struct record){ .group = group, .len = len, .id = id };
	TEST_ASSERT(!record_do(m, false, r), "%#lx cannot be read", id);
}

static void save_vm(struct machine *m, struct state *s)
{
	struct kvm_reg_list *list = vcpu_get_reg_list(m->vcpu);
	struct utsname u;
	u64 i;

	memset(s, 0, sizeof(*s));
	memcpy(s->magic, state_magic, sizeof(s->magic));
	uname(&u);
	snprintf(s->release, sizeof(s->release), "%s", u.release);
	s->features = m->features;
	s->size = sizeof(*s);
	for (i = 0; i < list->n; i++)
		add_record(s, m, NO_GROUP, list->reg[i], KVM_REG_SIZE(list->reg[i]));
	free(list);
	for (i = 0; i < ARRAY_SIZE(gic_attrs); i++)
		add_record(s, m, gic_attrs[i].group, gic_attrs[i].attr, 8);
	memcpy(s->ram, m->ram, RAM_SIZE);
}

/* Returns how much was refused, which a VMM would give up for, and says what */
static u32 restore_vm(struct machine *m, u32 baseline, struct state *s)
{
	char name[64];
	u32 i, refused = 0;

	make_vm(m, baseline, s->features);
	memcpy(m->ram, s->ram, RAM_SIZE);
	for (i = 0; i < s->nr; i++) {
		struct record *r = &s->records[i];

		/* It comes before KVM_ARM_VCPU_FINALIZE, and is the same */
		if (r->id == KVM_REG_ARM64_SVE_VLS || !record_do(m, true, r))
			continue;
		if (r->group == NO_GROUP)
			reg_name(name, sizeof(name), r->id);
		else
			snprintf(name, sizeof(name), "vGIC %u/%#lx", r->group, r->id);
		ksft_print_msg("refused: %s = %#lx: %s\n", name, *(u64 *)r->data, strerror(errno));
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
	struct machine m;
	struct changes c;

	make_vm(&m, ANY_BASELINE, host_features());
	start_guest(&m, &c);
	show_changes(&m, &c);
	save_vm(&m, &state);
	write_state(file, &state);
	printf("saved on %s: %u announced and not there\n", state.release, c.nr);
	return 0;
}

static int restore(const char *file, const char *again)
{
	struct machine m;
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

/* A guest of each baseline, and what it misses at the newest on any CPU */
static const struct {
	const char	*name;
	u32		baseline;
	const char	*missed;
} guests[] = {
	{ "5.10", KVM_GUEST_COMPAT_5_10_V1, "TRNG_VERSION" },
	{ "6.1", KVM_GUEST_COMPAT_6_1_V1, "SMC" },
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
	struct machine m;
	struct changes c;

	make_vm(&m, baseline, host_features());
	start_guest(&m, &c);
	save_vm(&m, &state);
	free_vm(&m);
}

/* Moves the guest in @state, which is then as it is after that */
static u32 move(u32 baseline, struct changes *c)
{
	struct machine m;
	u32 refused = restore_vm(&m, baseline, &state);

	run_moved(&m, c);
	show_changes(&m, c);
	save_vm(&m, &state);
	free_vm(&m);
	return refused;
}

/*
 * Only what a guest that was started there sees otherwise has changed. To what
 * is not said: there is what the newest has, what came with the state, and
 * mixtures of both.
 */
static bool differ_there(const struct changes *c, u8 *ram, const char *missed)
{
	bool ok = true, found = !missed;
	u32 i;

	for (i = 0; i < c->nr; i++) {
		struct item *was = &items(state.ram)[c->item[i]];
		struct item *other = &items(ram)[c->item[i]];

		ok &= COMPAT_CHECK(was->first != other->first || was->ran != other->ran,
				   "%s: only for a guest that was moved", was->name);
		found |= missed && !strcmp(was->name, missed);
	}
	return ok & COMPAT_CHECK(found, "%s has not changed", missed);
}

/* Nothing that was not among @before */
static bool are_among(const struct changes *c, const struct changes *before)
{
	bool ok = true;
	u32 i, j;

	for (i = 0; i < c->nr; i++) {
		for (j = 0; j < before->nr && before->item[j] != c->item[i]; j++)
			;
		ok &= COMPAT_CHECK(j < before->nr, "%s changes only on the way back",
				   items(state.ram)[c->item[i]].name);
	}
	return ok;
}

static void run_tests(void)
{
	static u8 newest[RAM_SIZE];
	u32 i, native = COMPAT_NATIVE;

	ksft_set_plan(3 * ARRAY_SIZE(guests));
	start(native);
	memcpy(newest, state.ram, RAM_SIZE);
	for (i = 0; i < ARRAY_SIZE(guests); i++) {
		const char *name = guests[i].name;
		struct changes there, back;
		u32 nr;

		start(guests[i].baseline);
		nr = move(guests[i].baseline, &there);
		nr += move(guests[i].baseline, &back);
		ksft_test_result(!(nr + there.nr + back.nr), "%s: moves, and misses nothing\n",
				 name);
		move(native, &there);
		ksft_test_result(differ_there(&there, newest, guests[i].missed),
				 "%s: misses what the newest has otherwise\n", name);
		move(guests[i].baseline, &back);
		ksft_test_result(are_among(&back, &there),
				 "%s: misses no more when it comes back\n", name);
	}
}

int main(int argc, char **argv)
{
	int ipa_bits = kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE);

	if (ipa_bits && ipa_bits < IPA_BITS)
		ksft_exit_skip("less than %u bits of guest physical addresses\n", IPA_BITS);
	if (argc == 3 && !strcmp(argv[1], "save"))
		return save(argv[2]);
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "restore"))
		return restore(argv[2], argv[3]);

	ksft_print_header();
	if (!kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		ksft_exit_skip("no KVM_CAP_GUEST_COMPAT\n");
	if (!has_gicv3())
		ksft_exit_skip("no GICv3\n");
	run_tests();
	ksft_finished();
}
