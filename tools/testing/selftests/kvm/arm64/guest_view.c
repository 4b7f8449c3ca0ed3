// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_view - show all that a guest can see of its machine, and its VMM
 *
 * A guest that is moved to another host kernel must find there what it found
 * before. This program has guests look at everything that KVM decides: each
 * system register, the functions that hypercalls offer, the vGIC, the caches,
 * the exceptions that KVM makes up. What they see is printed as one line a
 * fact, in an order and by names that do not depend on the kernel, so that
 * 'diff' tells two kernels apart. What runs by itself is said to run.
 *
 * Without arguments it is a test: a second look shows the same.
 *
 * It is meant for kernels from 5.10 on, hence the plain memory slot instead of
 * the library's. The guests run with the MMU off, and leave what they find in
 * memory: an exit a fact would take minutes where the host is emulated.
 */
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sizes.h>

#include "kvm_util.h"
#include "gic.h"
#include "gic_v3.h"
#include "guest_compat.h"
#include "guest_view_code.h"
#include "guest_view_names.h"
#include "processor.h"
#include "reg_names.h"
#include "vgic.h"

#define GICC_BASE_GPA		GICR_BASE_GPA
#define PMU_PPI			23
#define NR_IRQS			96
#define LIMIT			200	/* seconds that a look may take */

/* The guest's memory. It runs with the MMU off: all addresses are physical. */
#define IPA_BITS		40
#define RAM_BASE		0x40000000ULL
#define RAM_SIZE		SZ_4M
#define RAM_VECTORS		0x0
#define RAM_CODE		0x1000
#define RAM_TABLE		0x200000
#define RAM_RESULTS		0x280000
/* Nothing is there: an access leaves the guest, or aborts. */
#define NOTHING			0x10000000ULL
/* A store there says that the guest is done. */
#define STOP			0x0a000000ULL

static struct {
	int		gic;		/* 2, 3, 0: none */
	bool		native;		/* select the baseline of the kernel's own release */
	const char	*without;
	bool		mte;		/* memory tagging, of 64-bit guests */
	bool		el2;		/* and EL2, where they start */
	const char	*only;		/* the looks to take */
} opts;

/* ---------------------------------- Facts --------------------------------- */

struct facts {
	char	*text;		/* "class<tab>name<tab>value" lines */
	size_t	len;
};

/* Where the process writes them: each class of facts has one of its own. */
static FILE *out;

static void __printf(3, 4) fact(const char *class, const char *name, const char *fmt, ...)
{
	va_list ap;

	fprintf(out, "%s\t%s\t", class, name);
	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
	fputc('\n', out);
}

static int nr_facts(const struct facts *f, const char *class)
{
	size_t n = strlen(class);
	int nr = 0;
	const char *line;

	for (line = f->text; line && *line; line = strchr(line, '\n') + 1)
		nr += !strncmp(line, class, n) && line[n] == '\t';
	return nr;
}

/* ---------------------------------- Guests -------------------------------- */

struct guest {
	struct kvm_vm	*vm;
	struct kvm_vcpu	*vcpu;
	u8		*ram;
	int		gic_fd;
	int		its_fd;
};

static const struct feature {
	int		bit;
	long		cap;
	const char	*option;
} features[] = {
	{ KVM_ARM_VCPU_PMU_V3, KVM_CAP_ARM_PMU_V3, "pmu" },
	{ KVM_ARM_VCPU_SVE, KVM_CAP_ARM_SVE, "sve" },
	{ KVM_ARM_VCPU_PTRAUTH_ADDRESS, KVM_CAP_ARM_PTRAUTH_ADDRESS, "pauth" },
	{ KVM_ARM_VCPU_PTRAUTH_GENERIC, KVM_CAP_ARM_PTRAUTH_GENERIC, "pauth" },
};

static bool wanted(const char *option)
{
	return !(opts.without && strstr(opts.without, option));
}

static void set_attr(int fd, u32 group, u64 attr, void *val)
{
	int ret = __kvm_device_attr_set(fd, group, attr, val);

	TEST_ASSERT(!ret, "Attribute %u:%lu: %s", group, (unsigned long)attr, strerror(errno));
}

static void make_gic(struct guest *g)
{
	u64 dist = GICD_BASE_GPA, its = GITS_BASE_GPA, cpu = GICC_BASE_GPA;
	u64 redist = REDIST_REGION_ATTR_ADDR(1, GICR_BASE_GPA, 0, 0);
	u32 group = KVM_DEV_ARM_VGIC_GRP_ADDR, irqs = NR_IRQS;
	bool v3 = opts.gic == 3;

	g->gic_fd = kvm_create_device(g->vm, v3 ? KVM_DEV_TYPE_ARM_VGIC_V3 :
						  KVM_DEV_TYPE_ARM_VGIC_V2);
	set_attr(g->gic_fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &irqs);
	set_attr(g->gic_fd, group, v3 ? KVM_VGIC_V3_ADDR_TYPE_DIST :
					KVM_VGIC_V2_ADDR_TYPE_DIST, &dist);
	set_attr(g->gic_fd, group, v3 ? KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION :
					KVM_VGIC_V2_ADDR_TYPE_CPU, v3 ? &redist : &cpu);
	set_attr(g->gic_fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	if (!v3 || !wanted("its"))
		return;

	g->its_fd = kvm_create_device(g->vm, KVM_DEV_TYPE_ARM_VGIC_ITS);
	set_attr(g->its_fd, group, KVM_VGIC_ITS_ADDR_TYPE, &its);
	set_attr(g->its_fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

static void init_pmu(struct guest *g)
{
	int irq = PMU_PPI;

	if (opts.gic)
		set_attr(g->vcpu->fd, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_IRQ, &irq);
	set_attr(g->vcpu->fd, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT, NULL);
}

static void init_vcpu(struct guest *g, bool aarch32)
{
	int i, sve = KVM_ARM_VCPU_SVE;
	struct kvm_vcpu_init init = {};

	vm_ioctl(g->vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] = BIT(KVM_ARM_VCPU_PSCI_0_2);
	if (aarch32)
		init.features[0] |= BIT(KVM_ARM_VCPU_EL1_32BIT);
	else if (opts.el2)
		init.features[0] |= BIT(KVM_ARM_VCPU_HAS_EL2);
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		/* A 32-bit vCPU can have a PMU, but nothing that is of 64-bit guests. */
		if (aarch32 && features[i].bit != KVM_ARM_VCPU_PMU_V3)
			continue;
		if (wanted(features[i].option) &&
		    __vm_ioctl(g->vm, KVM_CHECK_EXTENSION, (void *)features[i].cap) > 0)
			init.features[0] |= BIT(features[i].bit);
	}

	vcpu_ioctl(g->vcpu, KVM_ARM_VCPU_INIT, &init);
	if (init.features[0] & BIT(sve))
		vcpu_ioctl(g->vcpu, KVM_ARM_VCPU_FINALIZE, &sve);
	if (opts.gic)
		make_gic(g);
	if (init.features[0] & BIT(KVM_ARM_VCPU_PMU_V3))
		init_pmu(g);
}

/* Returns whether that changed nothing that was selected */
static bool select_native(struct kvm_vm *vm)
{
	struct compat_vector before, after;

	compat_list(vm, &before);
	TEST_ASSERT(!compat_select(vm, KVM_GUEST_COMPAT_NATIVE),
		    "What the kernel is by itself cannot be selected: %s", strerror(errno));
	compat_list(vm, &after);
	return compat_same(&before, &after);
}

static struct guest make_guest(bool aarch32)
{
	struct kvm_userspace_memory_region slot = {};
	struct guest g = { .gic_fd = -1, .its_fd = -1 };

	g.vm = ____vm_create(VM_SHAPE(VM_MODE_P40V48_4K));
	if (opts.native)
		select_native(g.vm);
	if (opts.mte && !aarch32)
		vm_enable_cap(g.vm, KVM_CAP_ARM_MTE, 0);
	g.ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(g.ram != MAP_FAILED, "No memory for the guest");
	slot.guest_phys_addr = RAM_BASE;
	slot.memory_size = RAM_SIZE;
	slot.userspace_addr = (u64)g.ram;
	vm_ioctl(g.vm, KVM_SET_USER_MEMORY_REGION, &slot);
	g.vcpu = __vm_vcpu_add(g.vm, 0);
	init_vcpu(&g, aarch32);
	return g;
}

static void free_guest(struct guest *g)
{
	if (g->its_fd >= 0)
		close(g->its_fd);
	if (g->gic_fd >= 0)
		close(g->gic_fd);
	kvm_vm_free(g->vm);
	munmap(g->ram, RAM_SIZE);
}

static void set_reg(struct guest *g, u64 id, u64 val)
{
	vcpu_set_reg(g->vcpu, id, val);
}

static void set_x(struct guest *g, int n, u64 val)
{
	set_reg(g, ARM64_CORE_REG(regs.regs[n]), val);
}

static u64 get_x(struct guest *g, int n)
{
	return vcpu_get_reg(g->vcpu, ARM64_CORE_REG(regs.regs[n]));
}

static void *in_ram(struct guest *g, u64 off)
{
	return g->ram + off;
}

static void put_code(struct guest *g, u64 off, const char *code, const char *end)
{
	memcpy(in_ram(g, off), code, end - code);
}

/* Has the store done that stopped the guest */
static void finish_store(struct guest *g)
{
	g->vcpu->run->immediate_exit = 1;
	__vcpu_run(g->vcpu);
	g->vcpu->run->immediate_exit = 0;
}

static void end_at_stop(struct guest *g, int err)
{
	struct kvm_run *run = g->vcpu->run;

	TEST_ASSERT(!err && run->exit_reason == KVM_EXIT_MMIO && run->mmio.phys_addr == STOP,
		    "The guest stopped at %#lx: %s, exit %u (%s) for %#llx",
		    (unsigned long)vcpu_get_reg(g->vcpu, ARM64_CORE_REG(regs.pc)),
		    strerror(err), run->exit_reason, exit_reason_str(run->exit_reason),
		    (unsigned long long)run->mmio.phys_addr);
	finish_store(g);
}

/* Runs it from @off until it says that it is done */
static void run_guest(struct guest *g, u64 off)
{
	set_reg(g, ARM64_CORE_REG(regs.pc), RAM_BASE + off);
	end_at_stop(g, __vcpu_run(g->vcpu) ? errno : 0);
}

/* As an operating system does it: everything that may be trapped is not. */
static void prepare_el1(struct guest *g)
{
	put_code(g, RAM_VECTORS, guest_skip_vectors, guest_skip_vectors_end);
	/* With HCR_EL2.E2H, which it has, the guest's EL2 is there by the names of EL1 */
	set_reg(g, KVM_ARM64_SYS_REG(opts.el2 ? SYS_VBAR_EL2 : SYS_VBAR_EL1),
		RAM_BASE + RAM_VECTORS);
	set_reg(g, KVM_ARM64_SYS_REG(opts.el2 ? SYS_CPTR_EL2 : SYS_CPACR_EL1),
		0x3330000);	/* FPEN, ZEN, SMEN */
}

/* ---------------------------- System registers ---------------------------- */

#define NR_ENCODINGS	(2 * 8 * 16 * 16 * 8)	/* op0 2 and 3 */

struct read {
	u64	val;
	u64	exception;	/* then val is ESR_EL1 */
};

/* All encodings in their order, op0 first */
static u32 nth_sysreg(int n)
{
	return sys_reg(2 + (n >> 14), n >> 11 & 7, n >> 7 & 15, n >> 3 & 15, n & 7);
}

/* Registers whose value is the guest's own doing here, or runs by itself */
static const struct {
	u32		reg;
	const char	*why;
} not_values[] = {
	{ SYS_VBAR_EL1, "own" },
	{ SYS_ELR_EL1, "own" },
	{ SYS_ESR_EL1, "own" },
	{ SYS_SPSR_EL1, "own" },
	{ SYS_CNTPCT_EL0, "runs" },
	{ SYS_CNTVCT_EL0, "runs" },
	{ SYS_CNTPCTSS_EL0, "runs" },
	{ SYS_CNTVCTSS_EL0, "runs" },
	{ SYS_CNTP_TVAL_EL0, "runs" },
	{ SYS_CNTV_TVAL_EL0, "runs" },
	{ SYS_CNTP_TVAL_EL02, "runs" },
	{ SYS_CNTV_TVAL_EL02, "runs" },
	{ SYS_CNTHP_TVAL_EL2, "runs" },
	{ SYS_CNTHV_TVAL_EL2, "runs" },
	{ sys_reg(3, 3, 2, 4, 0), "random" },
	{ sys_reg(3, 3, 2, 4, 1), "random" },
};

/* To write these is to end an interrupt that is not active. */
static bool never_written(u32 reg)
{
	return reg == SYS_ICC_EOIR0_EL1 || reg == SYS_ICC_EOIR1_EL1 || reg == SYS_ICC_DIR_EL1;
}

static bool is_undef(const struct read *r)
{
	return r->exception && r->val == ESR_ELx_IL;
}

static void read_fact(const char *class, const char *name, const struct read *r,
		      const char *instead)
{
	if (is_undef(r))
		fact(class, name, "UNDEF");
	else if (r->exception)
		fact(class, name, "ESR %#lx", (unsigned long)r->val);
	else if (instead)
		fact(class, name, "%s", instead);
	else
		fact(class, name, "%#lx", (unsigned long)r->val);
}

static void sysreg_fact(u32 reg, const struct read *r)
{
	const char *why = NULL;
	char name[64];
	int i;

	/* Thousands of encodings are nobody's: only where they are not UNDEF */
	if (!sysreg_name(name, sizeof(name), reg) && is_undef(r))
		return;
	for (i = 0; i < ARRAY_SIZE(not_values); i++) {
		if (not_values[i].reg == reg)
			why = not_values[i].why;
	}
	read_fact("guest", name, r, why);
}

static void write_fact(u32 reg, const struct read *then, const struct read *now)
{
	char name[64];
	bool named = sysreg_name(name, sizeof(name), reg);

	if (never_written(reg) || (!named && then->exception && is_undef(now)))
		return;
	read_fact("write", name, now, "taken");
}

/*
 * A guest owns the debug registers for a time once it has used one: as long as
 * its vCPU is not scheduled out, which is chance. So each of these is accessed
 * once more, as the first one after KVM_RUN.
 */
static bool is_debug_reg(u32 reg)
{
	return reg >> 19 == 2 && (reg >> 16 & 7) != 1;
}

static void access_debug_regs(struct guest *g, u64 code, const struct read *then, bool write)
{
	struct read *r = in_ram(g, RAM_RESULTS);
	u32 reg, *insn = in_ram(g, code);
	char name[64];
	int i;

	for (i = 0; i < NR_ENCODINGS; i++) {
		reg = nth_sysreg(i);
		if (!is_debug_reg(reg) || (!sysreg_name(name, sizeof(name), reg) &&
					   is_undef(&then[i]) && is_undef(&r[i])))
			continue;
		code = (u8 *)insn - g->ram;
		*insn++ = 0xd2800015;			/* mov x21, #0 */
		*insn++ = (write ? 0xd5000000 : 0xd5200000) | reg;
		*insn++ = 0xa8815680;			/* stp x0, x21, [x20], #16 */
		memcpy(insn, guest_stop, guest_stop_end - guest_stop);
		insn += (guest_stop_end - guest_stop) / 4;
		set_x(g, 0, then[i].exception ? 0 : then[i].val);
		set_x(g, 20, RAM_BASE + RAM_RESULTS + i * sizeof(*r));
		run_guest(g, code);
	}
	TEST_ASSERT((u8 *)insn - g->ram < RAM_TABLE, "Guest too long");
}

/*
 * Reads every encoding, then writes to each what it read, or zeroes where it
 * cannot be read.
 */
static void look_at_sysregs(void)
{
	struct guest g = make_guest(false);
	struct read *r = in_ram(&g, RAM_RESULTS);
	struct read *then = malloc(NR_ENCODINGS * sizeof(*r));
	u32 *insn = in_ram(&g, RAM_CODE);
	u64 writes, debug;
	int i;

	prepare_el1(&g);
	for (i = 0; i < NR_ENCODINGS; i++) {
		*insn++ = 0xd2800015;			/* mov x21, #0 */
		*insn++ = 0xd5200000 | nth_sysreg(i);	/* mrs x0, … */
		*insn++ = 0xa8815680;			/* stp x0, x21, [x20], #16 */
	}
	memcpy(insn, guest_stop, guest_stop_end - guest_stop);
	insn += (guest_stop_end - guest_stop) / 4;
	writes = (u8 *)insn - g.ram;
	for (i = 0; i < NR_ENCODINGS; i++) {
		if (never_written(nth_sysreg(i))) {
			*insn++ = 0x91004294;		/* add x20, x20, #16 */
			continue;
		}
		*insn++ = 0xa9405680;			/* ldp x0, x21, [x20] */
		*insn++ = 0xd5000000 | nth_sysreg(i);	/* msr …, x0 */
		*insn++ = 0xa8815680;			/* stp x0, x21, [x20], #16 */
	}
	memcpy(insn, guest_stop, guest_stop_end - guest_stop);
	debug = (u8 *)insn - g.ram + (guest_stop_end - guest_stop);

	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, RAM_CODE);
	access_debug_regs(&g, debug, r, false);
	memcpy(then, r, NR_ENCODINGS * sizeof(*r));
	for (i = 0; i < NR_ENCODINGS; i++) {
		sysreg_fact(nth_sysreg(i), &r[i]);
		if (r[i].exception)
			r[i] = (struct read){};
	}

	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, writes);
	access_debug_regs(&g, debug + SZ_64K, then, true);
	for (i = 0; i < NR_ENCODINGS; i++)
		write_fact(nth_sysreg(i), &then[i], &r[i]);
	free(then);
	free_guest(&g);
}

/*
 * Registers that a guest can set as it likes while it uses nothing of what
 * they control: which of their bits take a write. Not ICC_AP*R*_EL1, where only
 * what was read may be written; nor ICC_IGRPEN0_EL1: with group 0 alone enabled,
 * hosts from 6.19 on that QEMU emulates do not get past its maintenance
 * interrupt.
 */
static const u32 bits_of[] = {
	SYS_CSSELR_EL1, SYS_CNTKCTL_EL1, SYS_TCR_EL1, SYS_TCR2_EL1,
	SYS_MAIR_EL1, SYS_MAIR2_EL1, SYS_AMAIR_EL1, SYS_AMAIR2_EL1, SYS_PIR_EL1, SYS_PIRE0_EL1,
	SYS_POR_EL1, SYS_POR_EL0, SYS_TTBR0_EL1, SYS_TTBR1_EL1, SYS_CONTEXTIDR_EL1,
	SYS_PAR_EL1, SYS_AFSR0_EL1, SYS_AFSR1_EL1, SYS_ACTLR_EL1, SYS_ZCR_EL1, SYS_DISR_EL1,
	SYS_LORC_EL1, SYS_LORSA_EL1, SYS_LOREA_EL1, SYS_LORN_EL1, SYS_ERRSELR_EL1,
	SYS_PMUSERENR_EL0, SYS_PMSELR_EL0, SYS_PMCNTENSET_EL0, SYS_PMCNTENCLR_EL0,
	SYS_PMINTENSET_EL1, SYS_PMINTENCLR_EL1, SYS_PMOVSSET_EL0, SYS_PMOVSCLR_EL0,
	SYS_PMCCNTR_EL0, SYS_PMCCFILTR_EL0,
	sys_reg(3, 3, 14, 8, 0), sys_reg(3, 3, 14, 12, 0),	/* PMEVCNTR0, PMEVTYPER0 */
	SYS_PMCR_EL0, SYS_SCXTNUM_EL1, SYS_SCXTNUM_EL0, SYS_TPIDR2_EL0, SYS_FPMR,
	SYS_DBGCLAIMSET_EL1, SYS_DBGCLAIMCLR_EL1, SYS_OSDLR_EL1, SYS_DBGPRCR_EL1,
	SYS_ICC_SRE_EL1, SYS_ICC_CTLR_EL1, SYS_ICC_PMR_EL1, SYS_ICC_BPR0_EL1,
	SYS_ICC_BPR1_EL1, SYS_ICC_IGRPEN1_EL1,
};

enum { BITS_BEFORE, BITS_ONES, BITS_ONES_READ, BITS_ZEROES, BITS_ZEROES_READ, NR_BITS };

static u32 *emit_access(u32 *insn, u32 op)
{
	*insn++ = 0xd2800015;		/* mov x21, #0 */
	*insn++ = op;
	*insn++ = 0xd5033fdf;		/* isb */
	*insn++ = 0xa8815680;		/* stp x0, x21, [x20], #16 */
	return insn;
}

/* How a register, or a word, answers: the bits that take a write where that is all */
static void bits_fact(const char *class, const char *name, u64 at_first, u64 before,
		      u64 ones, u64 zeroes)
{
	u64 writable = ones ^ zeroes;

	if (at_first == before && ones == (before | writable) && zeroes == (before & ~writable))
		fact(class, name, "%#lx writable %#lx", (unsigned long)at_first,
		     (unsigned long)writable);
	else
		fact(class, name, "%#lx then %#lx ones %#lx zeroes %#lx",
		     (unsigned long)at_first, (unsigned long)before, (unsigned long)ones,
		     (unsigned long)zeroes);
}

static void look_at_bits(void)
{
	struct guest g = make_guest(false);
	struct read (*r)[NR_BITS] = in_ram(&g, RAM_RESULTS);
	u32 *insn = in_ram(&g, RAM_CODE);
	char name[64];
	int i, j;

	prepare_el1(&g);
	for (i = 0; i < ARRAY_SIZE(bits_of); i++) {
		u32 mrs = 0xd5200000 | bits_of[i], msr = 0xd5000000 | bits_of[i];

		insn = emit_access(insn, mrs);
		*insn++ = 0x92800000;		/* mov x0, #-1 */
		insn = emit_access(insn, msr);
		insn = emit_access(insn, mrs);
		*insn++ = 0xd2800000;		/* mov x0, #0 */
		insn = emit_access(insn, msr);
		insn = emit_access(insn, mrs);
		*insn++ = 0xf85b0280;		/* ldur x0, [x20, #-80]: as it was */
		*insn++ = msr;
	}
	memcpy(insn, guest_stop, guest_stop_end - guest_stop);

	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, RAM_CODE);
	for (i = 0; i < ARRAY_SIZE(bits_of); i++) {
		sysreg_name(name, sizeof(name), bits_of[i]);
		for (j = 0; j < NR_BITS && !r[i][j].exception; j++)
			;
		if (j < NR_BITS)
			read_fact("bits", name, &r[i][j], NULL);
		else
			bits_fact("bits", name, r[i][BITS_BEFORE].val, r[i][BITS_BEFORE].val,
				  r[i][BITS_ONES_READ].val, r[i][BITS_ZEROES_READ].val);
	}
	free_guest(&g);
}

/* --------------------------- AArch32's registers --------------------------- */

#define NR_MRC		(2 * 8 * 16 * 16 * 8)
#define NR_MRRC		(2 * 16 * 16)

struct read32 {
	u32	val;
	u32	undef;
	u32	high;
	u32	unused;
};

static u32 nth_mrc(int n)	/* to r0 */
{
	return 0xee100010 | (n >> 11 & 7) << 21 | (n >> 7 & 15) << 16 |
	       (14 + (n >> 14)) << 8 | (n & 7) << 5 | (n >> 3 & 15);
}

/*
 * Identification registers that AArch32 does not have. From 5.19 on KVM answers
 * for them but leaves the PC where it is: the guest reads them for ever.
 */
static bool ends_never(int n)
{
	return n >= CP(1, 0, 0, 4, 0) && n < CP(1, 0, 1, 0, 0);
}

static u32 nth_mrrc(int n)	/* to r0, r3 */
{
	return 0xec530000 | (14 + (n >> 8)) << 8 | (n >> 4 & 15) << 4 | (n & 15);
}

#define NOP32	0xe320f000

static u32 *emit_read32(u32 *insn, u32 op)
{
	*insn++ = 0xe3a01000;		/* mov r1, #0 */
	*insn++ = op;
	*insn++ = 0xe8a2001b;		/* stmia r2!, {r0, r1, r3, r4} */
	return insn;
}

static u32 *emit_load32(u32 *insn, int reg, u32 val)
{
	*insn++ = 0xe3000000 | (val >> 12 & 15) << 16 | reg << 12 | (val & 0xfff);
	val >>= 16;
	*insn++ = 0xe3400000 | (val >> 12 & 15) << 16 | reg << 12 | (val & 0xfff);
	return insn;
}

/* As access_debug_regs() */
static void read_debug_regs32(struct guest *g, u32 *insn)
{
	struct read32 *r = in_ram(g, RAM_RESULTS);
	char name[64];
	u64 code;
	int i;

	for (i = 0; i < CP(1, 0, 0, 0, 0); i++) {
		if (!cp_name(name, sizeof(name), i) && r[i].undef)
			continue;
		code = (u8 *)insn - g->ram;
		insn = emit_load32(insn, 2, RAM_BASE + RAM_RESULTS + i * sizeof(*r));
		insn = emit_read32(insn, nth_mrc(i));
		insn = emit_load32(insn, 0, STOP);
		*insn++ = 0xe5800000;		/* str r0, [r0] */
		run_guest(g, code);
	}
}

/* Returns the end of what it made */
static u32 *load_guest32(struct guest *g)
{
	u32 *insn = in_ram(g, RAM_VECTORS);
	int i;

	for (i = 0; i < 8; i++)
		insn[i] = 0xeafffffe;	/* b . */
	insn[1] = 0xea000005;		/* b to the eighth */
	/*
	 * Not "movs pc, lr": under QEMU the SPSR of an exception that KVM makes
	 * is not the one that the guest gets.
	 */
	insn[8] = 0xe3a01001;		/* mov r1, #1 */
	insn[9] = 0xe1a0500e;		/* mov r5, lr */
	insn[10] = 0xf1020013;		/* cps #0x13 */
	insn[11] = 0xe1a0f005;		/* mov pc, r5 */
	insn = in_ram(g, RAM_CODE);
	insn = emit_load32(insn, 0, RAM_BASE + RAM_VECTORS);
	*insn++ = 0xee0c0f10;		/* mcr p15, 0, r0, c12, c0, 0: VBAR */
	insn = emit_load32(insn, 2, RAM_BASE + RAM_RESULTS);
	for (i = 0; i < NR_MRC; i++)
		insn = emit_read32(insn, ends_never(i) ? NOP32 : nth_mrc(i));
	for (i = 0; i < NR_MRRC; i++)
		insn = emit_read32(insn, nth_mrrc(i));
	insn = emit_load32(insn, 0, STOP);
	*insn++ = 0xe5800000;		/* str r0, [r0] */
	return insn;
}

/* The counters run; VBAR is the guest's own. */
static const char *not_value32(const char *name)
{
	if (!strncmp(name, "CNTPCT", 6) || !strncmp(name, "CNTVCT", 6) ||
	    !strcmp(name, "CNTP_TVAL") || !strcmp(name, "CNTV_TVAL"))
		return "runs";
	return strcmp(name, "VBAR") ? NULL : "own";
}

static void read32_fact(const char *name, bool named, const struct read32 *r, bool wide)
{
	struct read v = {
		.val = r->undef ? ESR_ELx_IL : wide ? (u64)r->high << 32 | r->val : r->val,
		.exception = r->undef,
	};

	if (named || !r->undef)
		read_fact("guest32", name, &v, not_value32(name));
}

/* One of those in a guest of its own: whether it gets past it */
static void look_at_unending(void)
{
	struct guest g = make_guest(true);
	u32 *insn = in_ram(&g, RAM_CODE);
	bool stuck = true;
	char name[64];
	int i;

	*insn++ = nth_mrc(CP(1, 0, 0, 4, 0));
	insn = emit_load32(insn, 1, STOP);
	*insn++ = 0xe5811000;		/* str r1, [r1] */
	set_reg(&g, ARM64_CORE_REG(regs.pc), RAM_BASE + RAM_CODE);
	for (i = 0; i < 3 && stuck; i++) {
		alarm(1);
		stuck = __vcpu_run(g.vcpu) &&
			vcpu_get_reg(g.vcpu, ARM64_CORE_REG(regs.pc)) == RAM_BASE + RAM_CODE;
	}
	cp_name(name, sizeof(name), CP(1, 0, 0, 4, 0));
	if (stuck)
		fact("guest32", name, "the guest reads it for ever");
	else
		fact("guest32", name, "%#lx", (unsigned long)get_x(&g, 0));
	free_guest(&g);
}

static bool has_aarch32(void)
{
	struct guest g;
	bool el0;

	if (!kvm_check_cap(KVM_CAP_ARM_EL1_32BIT))
		return false;
	g = make_guest(false);
	el0 = compat_has_aarch32(g.vcpu);
	free_guest(&g);
	return el0;
}

static void look_at_aarch32(void)
{
	struct read32 *r;
	char name[64];
	struct guest g;
	bool named;
	u32 *end;
	int i;

	if (!has_aarch32()) {
		fact("guest32", "KVM_ARM_VCPU_EL1_32BIT", "not there");
		return;
	}

	g = make_guest(true);
	r = in_ram(&g, RAM_RESULTS);
	end = load_guest32(&g);
	run_guest(&g, RAM_CODE);
	read_debug_regs32(&g, end);
	for (i = 0; i < NR_MRC; i++, r++) {
		if (ends_never(i))
			continue;
		named = cp_name(name, sizeof(name), i);
		read32_fact(name, named, r, false);
	}
	for (i = 0; i < NR_MRRC; i++, r++) {
		named = cp64_name(name, sizeof(name), i);
		read32_fact(name, named, r, true);
	}
	free_guest(&g);
	look_at_unending();
}

/* ------------------------------- Hypercalls ------------------------------- */

static const struct conduit {
	const char	*name;
	const char	*calls, *calls_end;
	const char	*sweep, *sweep_end;
} conduits[] = {
	{ "hvc", guest_hvc, guest_hvc_end, guest_sweep_hvc, guest_sweep_hvc_end },
	{ "smc", guest_smc, guest_smc_end, guest_sweep_smc, guest_sweep_smc_end },
	/* With an immediate that SMCCC does not know, it is no such call. */
	{ "hvc#1", guest_hvc1, guest_hvc1_end },
	{ "smc#1", guest_smc1, guest_smc1_end },
};

static const struct function *find_function(u32 id)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		if (functions[i].id == id)
			return &functions[i];
	}
	return NULL;
}

static void call_fact(const char *class, const char *name, struct call *c, u64 arg, bool varies)
{
	/* The argument comes back, and says nothing. */
	if (c->reg[1] == arg)
		c->reg[1] = 0;
	if (c->exception)
		fact(class, name, "ESR %#lx", (unsigned long)c->reg[0]);
	else if (varies && (long)c->reg[0] >= 0)
		fact(class, name, "ok");
	else if (c->reg[1] | c->reg[2] | c->reg[3])
		fact(class, name, "%#lx %#lx %#lx %#lx", (unsigned long)c->reg[0],
		     (unsigned long)c->reg[1], (unsigned long)c->reg[2],
		     (unsigned long)c->reg[3]);
	else
		fact(class, name, "%#lx", (unsigned long)c->reg[0]);
}

static void make_calls(struct guest *g, const struct conduit *c, struct call *calls, int nr)
{
	memcpy(in_ram(g, RAM_TABLE), calls, nr * sizeof(*calls));
	put_code(g, RAM_CODE, c->calls, c->calls_end);
	set_x(g, 19, RAM_BASE + RAM_TABLE);
	set_x(g, 20, RAM_BASE + RAM_TABLE + nr * sizeof(*calls));
	run_guest(g, RAM_CODE);
	memcpy(calls, in_ram(g, RAM_TABLE), nr * sizeof(*calls));
}

/* Each function with a name: what it returns, and what is said when asked for it */
static void call_named(const struct conduit *conduit)
{
	static const struct function *asks[] = { NULL, NULL, NULL };
	struct call calls[ARRAY_SIZE(functions) * 3];
	struct guest g = make_guest(false);
	char name[100];
	int i, j, n = 0;

	asks[1] = find_function(0x8400000a);
	asks[2] = find_function(0x80000001);
	prepare_el1(&g);
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		const struct function *f = &functions[i];

		if (!(f->flags & ONLY_ASKED))
			calls[n++] = (struct call){ { f->id, f->arg } };
		for (j = 1; j < ARRAY_SIZE(asks); j++)
			calls[n++] = (struct call){ { asks[j]->id, f->id } };
	}
	make_calls(&g, conduit, calls, n);

	n = 0;
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		const struct function *f = &functions[i];

		if (!(f->flags & ONLY_ASKED))
			call_fact(conduit->name, f->name, &calls[n++], f->arg,
				  f->flags & VARIES);
		for (j = 1; j < ARRAY_SIZE(asks); j++, n++) {
			snprintf(name, sizeof(name), "%s(%s)", asks[j]->name, f->name);
			call_fact(conduit->name, name, &calls[n], f->id, false);
		}
	}
	free_guest(&g);
}

/* The ranges of a sweep end before and begin after a function with a name. */
static u32 *add_range(u32 *range, u32 first, u32 last)
{
	u32 id;

	for (id = first; id != last + 1; id++) {
		if (!find_function(id))
			continue;
		if (id != first) {
			*range++ = first;
			*range++ = id - 1;
		}
		first = id + 1;
	}
	if (first != last + 1) {
		*range++ = first;
		*range++ = last;
	}
	return range;
}

/*
 * Without names: of each owner, the first 256 functions, and the last 256 of the
 * 32-bit ones, where its counts and ids are. The SMCCC (DEN0028) has nobody for
 * the owners 7 to 47: of these a few of either.
 */
static void call_unnamed(const struct conduit *conduit)
{
	struct guest g = make_guest(false);
	u32 *range = in_ram(&g, RAM_TABLE);
	struct found *f = in_ram(&g, RAM_RESULTS);
	u32 owner, bits, base, nr;
	char name[32];

	prepare_el1(&g);
	for (owner = 0; owner < 0x40; owner++) {
		nr = owner >= 7 && owner <= 47 ? 16 : 256;
		for (bits = 2; bits < 4; bits++) {
			base = bits << 30 | owner << 24;
			range = add_range(range, base, base + nr - 1);
			if (bits == 2)
				range = add_range(range, base + SZ_64K - nr, base + SZ_64K - 1);
		}
	}
	memset(range, 0, 2 * sizeof(*range));
	put_code(&g, RAM_CODE, conduit->sweep, conduit->sweep_end);
	set_x(&g, 19, RAM_BASE + RAM_TABLE);
	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, RAM_CODE);

	for (; f->id; f++) {
		snprintf(name, sizeof(name), "%#lx", (unsigned long)f->id);
		fact(conduit->name, name, f->exception ? "ESR %#lx" : "%#lx",
		     (unsigned long)f->ret);
	}
	free_guest(&g);
}

static void look_at_calls(const struct conduit *conduit)
{
	call_named(conduit);
	if (conduit->sweep)
		call_unnamed(conduit);
}

static void look_at_hvc(void)
{
	look_at_calls(&conduits[0]);
	look_at_calls(&conduits[2]);
}

static void look_at_smc(void)
{
	look_at_calls(&conduits[1]);
	look_at_calls(&conduits[3]);
}

/* ----------------------------------- GIC ---------------------------------- */

static const struct {
	enum gic_frame	frame;
	u32		flags;
	u64		base;
	u32		len;
	const char	*name;
} gic_frames[] = {
	{ DIST, V2, GICD_BASE_GPA, SZ_4K, "GICD" },
	{ DIST, V3, GICD_BASE_GPA, SZ_64K, "GICD" },
	{ REDIST, V3, GICR_BASE_GPA, SZ_64K, "GICR" },
	{ SGI, V3, GICR_BASE_GPA + SZ_64K, SZ_64K, "GICR_SGI" },
	{ CPU, V2, GICC_BASE_GPA, SZ_8K, "GICC" },
	/* The other frame has one register, and a write there is an interrupt. */
	{ ITS, V3, GITS_BASE_GPA, SZ_64K, "GITS" },
};

static const struct gic_reg *find_gic_reg(enum gic_frame frame, u32 version, u32 off)
{
	const struct gic_reg *r;

	for (r = gic_regs; r < gic_regs + ARRAY_SIZE(gic_regs); r++) {
		if (r->frame == frame && r->flags & version && off >= r->off &&
		    off < r->off + max(r->len, 4u))
			return r;
	}
	return NULL;
}

/* Most of a frame is reserved: read once, as the writes would take ten seconds. */
static bool is_written(const struct gic_reg *r)
{
	return r && !(r->flags & NO_WRITE);
}

static void gic_fact(int frame, u32 version, u32 off, const struct gic_word *w)
{
	const struct gic_reg *r = find_gic_reg(gic_frames[frame].frame, version, off);
	char name[64];

	/* Without a length it is always there, without a name only if it does anything. */
	if ((!r || r->len) && !(w->at_first | w->before | w->ones | w->zeroes))
		return;
	if (!r)
		snprintf(name, sizeof(name), "%s+%#x", gic_frames[frame].name, off);
	else if (!r->len)
		snprintf(name, sizeof(name), "%s", r->name);
	else if (r->len == 8)
		snprintf(name, sizeof(name), "%s%s", r->name, off & 4 ? "[63:32]" : "[31:0]");
	else if (r->off == GICD_IROUTER || r->frame == ITS)
		snprintf(name, sizeof(name), "%s%u%s", r->name, (off - r->off) / 8,
			 off & 4 ? "[63:32]" : "[31:0]");
	else
		snprintf(name, sizeof(name), "%s%u", r->name, (off - r->off) / 4);

	if (is_written(r))
		bits_fact("gic", name, w->at_first, w->before, w->ones, w->zeroes);
	else
		fact("gic", name, "%#x", w->at_first);
}

/* A range for each stretch of words that are treated alike */
static struct gic_range *add_frame(struct gic_range *range, int frame, u32 version)
{
	const struct gic_reg *r;
	bool write;
	u32 off;

	for (off = 0; off < gic_frames[frame].len; off += 4) {
		r = find_gic_reg(gic_frames[frame].frame, version, off);
		write = is_written(r);
		if (!off || range[-1].write != write)
			*range++ = (struct gic_range){ gic_frames[frame].base + off, 0, write };
		range[-1].len += 4;
	}
	return range;
}

static bool has_frame(struct guest *g, int frame, u32 version)
{
	return gic_frames[frame].flags & version &&
	       (gic_frames[frame].frame != ITS || g->its_fd >= 0);
}

static void look_at_gic(void)
{
	u32 off, version = opts.gic == 3 ? V3 : V2;
	struct guest g = make_guest(false);
	struct gic_range *range = in_ram(&g, RAM_TABLE);
	struct gic_word *w = in_ram(&g, RAM_RESULTS);
	int i;

	for (i = 0; i < ARRAY_SIZE(gic_frames); i++) {
		if (has_frame(&g, i, version))
			range = add_frame(range, i, version);
	}
	*range = (struct gic_range){};
	prepare_el1(&g);
	put_code(&g, RAM_CODE, guest_gic, guest_gic_end);
	set_x(&g, 19, RAM_BASE + RAM_TABLE);
	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, RAM_CODE);

	for (i = 0; i < ARRAY_SIZE(gic_frames); i++) {
		if (!has_frame(&g, i, version))
			continue;
		for (off = 0; off < gic_frames[i].len; off += 4)
			gic_fact(i, version, off, w++);
	}
	free_guest(&g);
}

/* --------------------------------- Caches --------------------------------- */

static void look_at_caches(void)
{
	struct guest g = make_guest(false);
	struct cache *c = in_ram(&g, RAM_RESULTS);
	char name[32];
	int i;

	prepare_el1(&g);
	put_code(&g, RAM_CODE, guest_caches, guest_caches_end);
	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, RAM_CODE);
	/* Seven levels, data and instruction; and two values that are no cache */
	for (i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "CSSELR_EL1=%d", i);
		fact("cache", name, "CSSELR_EL1 %#lx CCSIDR_EL1 %#lx CCSIDR2_EL1 %s%#lx",
		     (unsigned long)c[i].csselr, (unsigned long)c[i].ccsidr,
		     c[i].exception ? "ESR " : "", (unsigned long)c[i].ccsidr2);
	}
	free_guest(&g);
}

/* ------------------------------- Exceptions ------------------------------- */

#define PSR_MASKED	(PSR_MODE_EL1h | PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT)
#define PSR_UNMASKED	(PSR_MASKED & ~PSR_A_BIT)
#define SERROR_ESR	0x1234

#define CASE(name, code, pstate, ...)	\
	{ name, code, code##_end, pstate, { .exception = { __VA_ARGS__ } } }

static const struct exception {
	const char			*name;
	const char			*code, *end;
	u64				pstate;
	struct kvm_vcpu_events		events;
} exceptions[] = {
	CASE("SError", guest_wait, PSR_UNMASKED, .serror_pending = 1),
	CASE("SError masked", guest_wait, PSR_MASKED, .serror_pending = 1),
	CASE("SError with ESR", guest_wait, PSR_UNMASKED,
	     .serror_pending = 1, .serror_has_esr = 1, .serror_esr = SERROR_ESR),
	CASE("SError with ESR masked", guest_wait, PSR_MASKED,
	     .serror_pending = 1, .serror_has_esr = 1, .serror_esr = SERROR_ESR),
	CASE("SError in WFI", guest_wfi, PSR_MASKED, .serror_pending = 1),
	CASE("WFI", guest_wfi, PSR_MASKED),
	CASE("external abort", guest_wait, PSR_UNMASKED, .ext_dabt_pending = 1),
	CASE("external abort masked", guest_wait, PSR_MASKED, .ext_dabt_pending = 1),
	CASE("SError and external abort", guest_wait, PSR_MASKED,
	     .serror_pending = 1, .ext_dabt_pending = 1),
	CASE("undefined instruction", guest_undef, PSR_MASKED),
	CASE("fetch from nothing", guest_fetch_nothing, PSR_MASKED),
	CASE("walk through nothing", guest_walk_nothing, PSR_MASKED),
};

static void __printf(3, 4) exception_fact(const struct exception *x, const char *what,
					  const char *fmt, ...)
{
	char name[100], value[100];
	va_list ap;

	snprintf(name, sizeof(name), "%s: %s", x->name, what);
	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	fact("exception", name, "%s", value);
}

/* What the VMM would save now */
static void saved_facts(const struct exception *x, const char *when, struct guest *g)
{
	struct kvm_vcpu_events e = {};
	char what[64];
	u64 pc, pstate;

	vcpu_events_get(g->vcpu, &e);
	pc = vcpu_get_reg(g->vcpu, ARM64_CORE_REG(regs.pc));
	pstate = vcpu_get_reg(g->vcpu, ARM64_CORE_REG(regs.pstate));
	snprintf(what, sizeof(what), "%s, KVM_GET_VCPU_EVENTS", when);
	exception_fact(x, what,
		       "serror_pending %u serror_has_esr %u serror_esr %#lx ext_dabt_pending %u",
		       e.exception.serror_pending, e.exception.serror_has_esr,
		       (unsigned long)e.exception.serror_esr, e.exception.ext_dabt_pending);
	snprintf(what, sizeof(what), "%s, PC", when);
	exception_fact(x, what, "%#lx", (unsigned long)(pc - RAM_BASE));
	snprintf(what, sizeof(what), "%s, PSTATE", when);
	exception_fact(x, what, "%#lx", (unsigned long)pstate);
}

/* Identity for the RAM and for what is below it, a gigabyte each */
static void make_tables(struct guest *g)
{
	u64 *table = in_ram(g, RAM_TABLE);

	table[0] = 1 << 10 | 1 << 2 | 1;
	table[1] = RAM_BASE | 1 << 10 | 3 << 8 | 1;
	set_x(g, 19, RAM_BASE + RAM_TABLE);
}

/* What the guest noted */
static void guest_facts(const struct exception *x, struct guest *g)
{
	static const struct {
		const char	*name;
		int		reg;	/* see guest_note_vectors */
	} noted[] = {
		{ "vector", 10 }, { "step", 20 }, { "ESR_EL1", 11 }, { "ELR_EL1", 12 },
		{ "SPSR_EL1", 13 }, { "FAR_EL1", 14 }, { "ISR_EL1", 15 },
	};
	u64 val;
	int i;

	if (get_x(g, 10) == -1UL) {
		exception_fact(x, "vector", "none");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(noted); i++) {
		val = get_x(g, noted[i].reg);
		exception_fact(x, noted[i].name, "%#lx",
			       (unsigned long)(noted[i].reg == 12 ? val - RAM_BASE : val));
	}
}

/*
 * A guest that sleeps is interrupted, and is then where its WFI ends: one that
 * was just slow to get there is not, and runs on.
 */
static bool sleeps(struct guest *g)
{
	u64 pc;

	do {
		alarm(1);
		if (!__vcpu_run(g->vcpu)) {
			finish_store(g);
			return false;
		}
		pc = vcpu_get_reg(g->vcpu, ARM64_CORE_REG(regs.pc));
	} while (pc != RAM_BASE + RAM_CODE + WFI_END);
	return true;
}

/*
 * Whether a guest comes to its end. One that KVM has try the same instruction
 * for ever is where it was each time that it is interrupted. Cortex-A57 with
 * erratum 834220 is such a case on 7.3, for aborts of a table walk.
 */
static bool ends(struct guest *g)
{
	u64 pc, last = 0;
	int same = 0;

	do {
		alarm(1);
		if (!__vcpu_run(g->vcpu)) {
			end_at_stop(g, 0);
			return true;
		}
		pc = vcpu_get_reg(g->vcpu, ARM64_CORE_REG(regs.pc));
		same = pc == last ? same + 1 : 0;
		last = pc;
	} while (same < 5);
	return false;
}

static void look_at_exception(const struct exception *x)
{
	struct guest g = make_guest(false);
	struct kvm_vcpu_events e = x->events;
	int ret;

	prepare_el1(&g);
	put_code(&g, RAM_VECTORS, guest_note_vectors, guest_note_vectors_end);
	make_tables(&g);
	put_code(&g, RAM_CODE, x->code, x->end);
	set_reg(&g, ARM64_CORE_REG(regs.pc), RAM_BASE + RAM_CODE);
	set_reg(&g, ARM64_CORE_REG(regs.pstate), x->pstate);
	ret = __vcpu_ioctl(g.vcpu, KVM_SET_VCPU_EVENTS, &e);
	exception_fact(x, "KVM_SET_VCPU_EVENTS", "%s", ret ? strerrorname_np(errno) : "ok");
	saved_facts(x, "set", &g);

	if (x->code == guest_wfi)
		exception_fact(x, "WFI", sleeps(&g) ? "sleeps" : "wakes");
	else if (ends(&g))
		guest_facts(x, &g);
	else
		exception_fact(x, "vector", "never, the guest goes on at one place");
	alarm(LIMIT);
	saved_facts(x, "taken", &g);
	free_guest(&g);
}

static void look_at_exceptions(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(exceptions); i++)
		look_at_exception(&exceptions[i]);
}

/* ----------------------------------- VMM ---------------------------------- */

static void vmm_fact(struct guest *g, u64 id)
{
	char name[64], val[520] = "", *c = val;
	struct kvm_one_reg one = { .id = id };
	int i, len = KVM_REG_SIZE(id);
	u8 buf[256] = {};

	one.addr = (u64)buf;
	reg_name(name, sizeof(name), id);
	if (__vcpu_ioctl(g->vcpu, KVM_GET_ONE_REG, &one)) {
		fact("vmm", name, "%s", strerrorname_np(errno));
		return;
	}
	if (id == KVM_REG_ARM_TIMER_CNT || id == KVM_REG_ARM_PTIMER_CNT) {
		fact("vmm", name, "runs");
		return;
	}

	while (len > 1 && !buf[len - 1])
		len--;
	for (i = len - 1; i >= 0; i--)
		c += sprintf(c, i == len - 1 ? "%x" : "%02x", buf[i]);
	fact("vmm", name, "0x%s", val);
}

/* The list, and what everything on it is at reset */
static void look_at_vmm_list(void)
{
	struct guest g = make_guest(false);
	struct kvm_reg_list *list = vcpu_get_reg_list(g.vcpu);
	u64 i;

	for (i = 0; i < list->n; i++)
		vmm_fact(&g, list->reg[i]);
	free(list);
	free_guest(&g);
}

/* ---------------------------------- Looks --------------------------------- */

static const struct look {
	const char	*class;		/* of the facts, or the first of them */
	void		(*look)(void);
} looks[] = {
	{ "guest", look_at_sysregs },
	{ "bits", look_at_bits },
	{ "guest32", look_at_aarch32 },
	{ "hvc", look_at_hvc },
	{ "smc", look_at_smc },
	{ "gic", look_at_gic },
	{ "cache", look_at_caches },
	{ "exception", look_at_exceptions },
	{ "vmm", look_at_vmm_list },
};

static const char * const classes[] = {
	"guest", "write", "bits", "guest32", "hvc", "smc", "hvc#1", "smc#1", "gic", "cache",
	"exception", "vmm",
};

struct child {
	pid_t	pid;
	FILE	*out;
};

static void interrupted(int sig)
{
}

/*
 * Each look is a process of its own: they run side by side, and what the
 * library gives up on ends only one.
 */
static struct child start_look(const struct look *l)
{
	struct child c = { .out = fdopen(memfd_create(l->class, 0), "w+") };

	TEST_ASSERT(c.out, "No memory for the facts");
	fflush(NULL);
	c.pid = fork();
	if (c.pid)
		return c;

	/* A guest that hangs is interrupted, and said to have been. */
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = interrupted }, NULL);
	alarm(LIMIT);
	out = c.out;
	l->look();
	fflush(out);
	_exit(0);
}

static bool end_look(const struct look *l, struct child *c, struct facts *f)
{
	int status = -1;
	long len;

	waitpid(c->pid, &status, 0);
	len = lseek(fileno(c->out), 0, SEEK_END);
	f->text = realloc(f->text, f->len + len + 1);
	TEST_ASSERT(f->text && pread(fileno(c->out), f->text + f->len, len, 0) == len,
		    "The facts cannot be read");
	f->len += len;
	f->text[f->len] = 0;
	fclose(c->out);
	if (status)
		fprintf(stderr, "guest_view: the look at \"%s\" failed, status %#x\n",
			l->class, status);
	return !status;
}

static bool wanted_look(const struct look *l)
{
	if (l->look == look_at_gic && !opts.gic)
		return false;
	return !opts.only || strstr(opts.only, l->class);
}

/*
 * KVM's complaints about each encoding that it does not know would take minutes
 * on a serial console. Without the privilege they do.
 */
static void quiet_console(bool quiet)
{
	klogctl(quiet ? 6 : 7, NULL, 0);	/* SYSLOG_ACTION_CONSOLE_OFF, _ON */
}

static pid_t main_pid;

/* Not by a look that gives up while others go on */
static void restore_console(void)
{
	if (getpid() == main_pid)
		quiet_console(false);
}

/* Whether the whole of it was seen */
static bool look_at_all(struct facts *f)
{
	struct child c[ARRAY_SIZE(looks)];
	bool ok = true;
	int i;

	*f = (struct facts){};
	quiet_console(true);
	for (i = 0; i < ARRAY_SIZE(looks); i++) {
		if (wanted_look(&looks[i]))
			c[i] = start_look(&looks[i]);
	}
	for (i = 0; i < ARRAY_SIZE(looks); i++) {
		if (wanted_look(&looks[i]))
			ok &= end_look(&looks[i], &c[i], f);
	}
	quiet_console(false);
	return ok;
}

static bool has_ipa_bits(void)
{
	int bits = kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE);

	return !bits || bits >= IPA_BITS;
}

static bool host_has_gic(int version)
{
	struct kvm_vm *vm = ____vm_create(VM_SHAPE(VM_MODE_P40V48_4K));
	int ret = __kvm_test_create_device(vm, version == 3 ? KVM_DEV_TYPE_ARM_VGIC_V3 :
							      KVM_DEV_TYPE_ARM_VGIC_V2);

	kvm_vm_free(vm);
	return !ret;
}

/* ---------------------------------- Tests --------------------------------- */

static char *cut_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = 0;
	*text = end + 1;
	return line;
}

/* Line by line; the first that differ are shown. Both are used up. */
static bool same_facts(struct facts *a, struct facts *b)
{
	char *p = a->text, *q = b->text, *x, *y;
	int shown = 0;

	do {
		x = cut_line(&p);
		y = cut_line(&q);
		if (!x != !y || (x && strcmp(x, y))) {
			ksft_print_msg("\"%s\", then \"%s\"\n", x ?: "", y ?: "");
			shown++;
		}
	} while (x && y && shown < 10);
	free(a->text);
	free(b->text);
	return !shown;
}

static struct facts copy_facts(const struct facts *f)
{
	return (struct facts){ strdup(f->text), f->len };
}

/* Else there is more to see than what is the same */
static bool starts_as_own_baseline(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	bool same = select_native(vm);

	kvm_vm_free(vm);
	return same;
}

static int run_tests(void)
{
	struct facts first, again, copy;
	bool ok;
	int i;

	ksft_print_header();
	if (!has_ipa_bits())
		ksft_exit_skip("less than %u bits of guest physical addresses\n", IPA_BITS);
	ksft_set_plan(ARRAY_SIZE(classes) + 3);
	opts.gic = host_has_gic(3) ? 3 : host_has_gic(2) ? 2 : 0;

	ok = look_at_all(&first);
	ksft_test_result(ok, "everything was looked at\n");
	for (i = 0; i < ARRAY_SIZE(classes); i++) {
		if (!opts.gic && !strcmp(classes[i], "gic"))
			ksft_test_result_skip("no vGIC\n");
		else
			ksft_test_result(nr_facts(&first, classes[i]), "facts of class %s\n",
					 classes[i]);
	}

	ok = look_at_all(&again);
	copy = copy_facts(&first);
	ok &= same_facts(&copy, &again);
	ksft_test_result(ok, "a second look shows the same\n");

	if (!kvm_check_cap(KVM_CAP_GUEST_COMPAT)) {
		ksft_test_result_skip("no KVM_CAP_GUEST_COMPAT\n");
	} else if (!starts_as_own_baseline()) {
		ksft_test_result_skip("VMs start as something else than the kernel's baseline\n");
	} else {
		opts.native = true;
		ok = look_at_all(&again);
		ok &= same_facts(&first, &again);
		ksft_test_result(ok, "the kernel's own baseline changes nothing\n");
	}
	ksft_finished();
}

/* ---------------------------------- Main ---------------------------------- */

static int help(void)
{
	fprintf(stderr,
		"usage: guest_view                               test\n"
		"       guest_view show [-m] [-g 3|2|0] [-x pmu,sve,pauth,its] [-t] [-e] [-o LOOK,…]\n"
		"  -m  tab-separated: class, name, value\n"
		"  -g  version of the vGIC, 0 for none (the newest that there is)\n"
		"  -x  without these\n"
		"  -t  with memory tagging (KVM_CAP_ARM_MTE)\n"
		"  -e  with EL2 (KVM_CAP_ARM_EL2)\n"
		"  -o  only guest (and write), bits, guest32, hvc, smc, gic, cache, exception, vmm\n");
	return KSFT_FAIL;
}

static void print_facts(struct facts *f, bool machine)
{
	char *c;

	for (c = f->text; c && *c; c++) {
		if (*c == '\t' && !machine)
			*c = ' ';
	}
	fputs(f->text ?: "", stdout);
}

int main(int argc, char **argv)
{
	bool machine = false, ok;
	struct facts f;
	int opt;

	main_pid = getpid();
	atexit(restore_console);
	if (argc == 1)
		return run_tests();
	if (strcmp(argv[1], "show"))
		return help();
	if (!has_ipa_bits()) {
		fprintf(stderr, "guest_view: less than %u bits of guest physical addresses\n",
			IPA_BITS);
		return KSFT_FAIL;
	}

	opts.gic = -1;
	argc--;
	argv++;
	while ((opt = getopt(argc, argv, "mg:x:teo:")) != -1) {
		switch (opt) {
		case 'm':
			machine = true;
			break;
		case 'g':
			opts.gic = atoi_non_negative("GIC", optarg);
			break;
		case 'x':
			opts.without = optarg;
			break;
		case 't':
			opts.mte = true;
			break;
		case 'e':
			opts.el2 = true;
			break;
		case 'o':
			opts.only = optarg;
			break;
		default:
			return help();
		}
	}
	if (optind != argc || opts.gic == 1 || opts.gic > 3)
		return help();
	if (opts.gic < 0)
		opts.gic = host_has_gic(3) ? 3 : host_has_gic(2) ? 2 : 0;
	if (opts.gic && !host_has_gic(opts.gic)) {
		fprintf(stderr, "guest_view: the host does not offer this vGIC\n");
		return KSFT_SKIP;
	}

	if (opts.mte && !kvm_check_cap(KVM_CAP_ARM_MTE)) {
		fprintf(stderr, "guest_view: the host does not offer memory tagging\n");
		return KSFT_SKIP;
	}

	if (opts.el2 && !kvm_check_cap(KVM_CAP_ARM_EL2)) {
		fprintf(stderr, "guest_view: the host does not offer EL2\n");
		return KSFT_SKIP;
	}

	ok = look_at_all(&f);
	print_facts(&f, machine);
	return ok ? KSFT_PASS : KSFT_FAIL;
}
