// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_view - show all that a guest can see of its machine, and its VMM
 *
 * A guest that is moved to another host kernel must find there what it found
 * before. This program has guests look at everything that KVM decides: each
 * system register, the functions that hypercalls offer, the vGIC, the caches,
 * the exceptions that KVM makes up. They write, too, each register that they can,
 * and look what has become of all the others; they call with arguments that make
 * no sense, and access what is not there. What they see is printed as one line a
 * fact, in an order and by names that do not depend on the kernel, so that
 * 'diff' tells two kernels apart. What runs by itself is said to run.
 *
 * Without arguments it is a test: a second look shows the same.
 *
 * It is meant for kernels from 5.10 on, hence the plain memory slot instead of
 * the library's. The guests run with the MMU off, and leave what they find in
 * memory: an exit a fact would take minutes where the host is emulated.
 */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/arm-smccc.h>
#include <linux/psci.h>
#include <linux/sizes.h>
#include <perf/arm_pmuv3.h>

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
#define RAM_READ_ALL		0x180000
#define RAM_TABLE		0x200000
#define RAM_RESULTS		0x280000

static struct {
	int		gic;		/* 2, 3, 0: none */
	bool		native;		/* select the baseline of the kernel's own release */
	const char	*without;
	bool		mte;		/* memory tagging, of 64-bit guests */
	bool		el2;		/* and EL2, where they start */
	const char	*only;		/* the looks to take */
	bool		no_pmu_init;	/* the PMU is there, and not initialized */
} opts;

/* ---------------------------------- Facts --------------------------------- */

struct facts {
	char	*text;		/* "class<tab>name<tab>value" lines */
	size_t	len;
};

/* Where the process writes them: each look has a file of its own. */
static FILE *facts_file;

static void __printf(3, 4) fact(const char *class, const char *name, const char *fmt, ...)
{
	va_list ap;

	fprintf(facts_file, "%s\t%s\t", class, name);
	va_start(ap, fmt);
	vfprintf(facts_file, fmt, ap);
	va_end(ap);
	fputc('\n', facts_file);
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

/* Whether a word is one of those between the commas */
static bool is_listed(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at;

	for (at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, word, len) && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

static bool wanted(const char *option)
{
	return !(opts.without && is_listed(opts.without, option));
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
	if (init.features[0] & BIT(KVM_ARM_VCPU_PMU_V3) && !opts.no_pmu_init)
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

/* What a program that has this one as its library does to a VM before it has a vCPU */
static void (*vm_made)(struct kvm_vm *vm);

static struct guest make_guest_of(int ipa_bits, bool aarch32)
{
	enum vm_guest_mode mode = ipa_bits == 36 ? VM_MODE_P36V48_4K : VM_MODE_P40V48_4K;

	struct kvm_userspace_memory_region slot = {};
	struct guest g = { .gic_fd = -1, .its_fd = -1 };

	g.vm = ____vm_create(VM_SHAPE(mode));
	if (opts.native)
		select_native(g.vm);
	if (vm_made)
		vm_made(g.vm);
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

static struct guest make_guest(bool aarch32)
{
	return make_guest_of(IPA_BITS, aarch32);
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

static u64 offset_of(struct guest *g, u32 *insn)
{
	return (u8 *)insn - g->ram;
}

static void put_code(struct guest *g, u64 off, const char *code, const char *end)
{
	memcpy(in_ram(g, off), code, end - code);
}

/* A guest that takes too long is interrupted. */
static void alarm_handler(int sig)
{
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
	int ret;

	set_reg(g, ARM64_CORE_REG(regs.pc), RAM_BASE + off);
	/* Without a vGIC, each change of an interrupt's level ends KVM_RUN, as an alarm does. */
	do {
		ret = __vcpu_run(g->vcpu) ? errno : 0;
	} while (ret == EINTR && !opts.gic && alarm(LIMIT));
	end_at_stop(g, ret);
}

/*
 * Runs it from @off until it is done, and says which exits it makes before. Returns
 * the errno of KVM_RUN: ENOSYS where KVM cannot tell what an access is.
 */
static int run_to_stop(struct guest *g, u64 off, char *exits, size_t size)
{
	struct kvm_run *run = g->vcpu->run;

	*exits = 0;
	set_reg(g, ARM64_CORE_REG(regs.pc), RAM_BASE + off);
	while (!__vcpu_run(g->vcpu)) {
		if (run->exit_reason != KVM_EXIT_MMIO || run->mmio.phys_addr == STOP) {
			end_at_stop(g, 0);
			return 0;
		}
		snprintf(exits + strlen(exits), size - strlen(exits), "KVM_EXIT_MMIO %s %u %#llx, ",
			 run->mmio.is_write ? "write" : "read", run->mmio.len,
			 (unsigned long long)run->mmio.phys_addr);
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
	}
	return errno;
}

/* As an operating system does it: everything that may be trapped is not. */
static void prepare_el1(struct guest *g)
{
	put_code(g, RAM_VECTORS, guest_skip_vectors, guest_skip_vectors_end);
	/* With HCR_EL2.E2H, which it has, the guest's EL2 is there by the names of EL1 */
	set_reg(g, KVM_ARM64_SYS_REG(opts.el2 ? SYS_VBAR_EL2 : SYS_VBAR_EL1),
		RAM_BASE + RAM_VECTORS);
	set_reg(g, KVM_ARM64_SYS_REG(opts.el2 ? SYS_CPTR_EL2 : SYS_CPACR_EL1),
		CPACR_EL1_FPEN | CPACR_EL1_ZEN | CPACR_EL1_SMEN);
}

/* ---------------------------- System registers ---------------------------- */

#define NR_ENCODINGS	(2 * 8 * 16 * 16 * 8)	/* op0 2 and 3 */

struct reading {
	u64	val;
	u64	exception;	/* then val is ESR_EL1 */
};

/* All encodings in their order, op0 first */
static u32 nth_sysreg(int n)
{
	return sys_reg(2 + (n >> 14), n >> 11 & 7, n >> 7 & 15, n >> 3 & 15, n & 7);
}

/* Where guest_view_code.h has S2_0_C0_C0_0, or "sys #0, C0, C0, #0" */
#define PLACE_OF_SYSREG	0xd5100000
#define PLACE_OF_SYS	0xd5080000
#define IS_READ		BIT(21)
#define RT		GENMASK(4, 0)

/* Appends code, with a register or an instruction in its place */
static u32 *append_code(u32 *insn, const char *code, const char *end, u32 reg)
{
	u32 word;

	for (; code < end; code += sizeof(word)) {
		memcpy(&word, code, sizeof(word));
		switch (word & ~(IS_READ | RT)) {
		case PLACE_OF_SYSREG:
		case PLACE_OF_SYS:
			word |= reg;
			break;
		}
		*insn++ = word;
	}
	return insn;
}

#define APPEND(insn, code, reg)	append_code(insn, code, code##_end, reg)

/*
 * Registers whose value is the guest's own doing here, or runs by itself. What
 * sets one of these is looked at by look_at_interrupts().
 */
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

static const char *not_value(u32 reg)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(not_values); i++) {
		if (not_values[i].reg == reg)
			return not_values[i].why;
	}
	return NULL;
}

/* To write these is to end an interrupt that is not active. */
static bool never_written(u32 reg)
{
	return reg == SYS_ICC_EOIR0_EL1 || reg == SYS_ICC_EOIR1_EL1 || reg == SYS_ICC_DIR_EL1;
}

static bool is_undef(const struct reading *r)
{
	return r->exception && r->val == ESR_ELx_IL;
}

static bool same_reading(const struct reading *a, const struct reading *b)
{
	return a->val == b->val && a->exception == b->exception;
}

static void read_fact(const char *class, const char *name, const struct reading *r,
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

static void sysreg_fact(u32 reg, const struct reading *r)
{
	char name[64];

	/* Thousands of encodings are nobody's: only where they are not UNDEF */
	if (!sysreg_name(name, sizeof(name), reg) && is_undef(r))
		return;
	read_fact("guest", name, r, not_value(reg));
}

static void write_fact(u32 reg, const struct reading *read, const struct reading *written)
{
	char name[64];
	bool named = sysreg_name(name, sizeof(name), reg);

	if (never_written(reg) || (!named && read->exception && is_undef(written)))
		return;
	read_fact("write", name, written, "taken");
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

static void access_debug_regs(struct guest *g, u32 *insn, const struct reading *first, bool write)
{
	struct reading *r = in_ram(g, RAM_RESULTS);
	char name[64];
	u64 code;
	u32 reg;
	int i;

	for (i = 0; i < NR_ENCODINGS; i++) {
		reg = nth_sysreg(i);
		if (!is_debug_reg(reg) || (!sysreg_name(name, sizeof(name), reg) &&
					   is_undef(&first[i]) && is_undef(&r[i])))
			continue;
		code = offset_of(g, insn);
		if (write) {
			r[i] = first[i].exception ? (struct reading){} : first[i];
			insn = APPEND(insn, guest_write_back, reg);
		} else {
			insn = APPEND(insn, guest_read, reg);
		}
		insn = APPEND(insn, guest_stop, 0);
		set_x(g, 20, RAM_BASE + RAM_RESULTS + i * sizeof(*r));
		run_guest(g, code);
	}
	TEST_ASSERT(offset_of(g, insn) < RAM_TABLE, "Guest too long");
}

/*
 * Reads every encoding, then writes to each what it read, or zeroes where it
 * cannot be read.
 */
static void look_at_sysregs(void)
{
	struct guest g = make_guest(false);
	struct reading *r = in_ram(&g, RAM_RESULTS);
	struct reading *first = malloc(NR_ENCODINGS * sizeof(*r));
	u32 *insn = in_ram(&g, RAM_CODE);
	u64 writes;
	int i;

	prepare_el1(&g);
	for (i = 0; i < NR_ENCODINGS; i++)
		insn = APPEND(insn, guest_read, nth_sysreg(i));
	insn = APPEND(insn, guest_stop, 0);
	writes = offset_of(&g, insn);
	for (i = 0; i < NR_ENCODINGS; i++) {
		if (never_written(nth_sysreg(i)))
			insn = APPEND(insn, guest_skip_reading, 0);
		else
			insn = APPEND(insn, guest_write_back, nth_sysreg(i));
	}
	insn = APPEND(insn, guest_stop, 0);

	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, RAM_CODE);
	access_debug_regs(&g, insn, r, false);
	memcpy(first, r, NR_ENCODINGS * sizeof(*r));
	for (i = 0; i < NR_ENCODINGS; i++) {
		sysreg_fact(nth_sysreg(i), &r[i]);
		if (r[i].exception)
			r[i] = (struct reading){};
	}

	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, writes);
	access_debug_regs(&g, insn + SZ_64K / sizeof(*insn), first, true);
	for (i = 0; i < NR_ENCODINGS; i++)
		write_fact(nth_sysreg(i), &first[i], &r[i]);
	free(first);
	free_guest(&g);
}

/* ------------------- Registers that depend on each other ------------------ */

/*
 * Each register that the guest can write is written, ones, zeroes and what it was
 * at first, and each time all are read: what it keeps, and what else has changed.
 * A VM is made anew for that. Counters stand still in it.
 */

/* Ones that the guest does not come back from are left out. */
static const struct {
	u32	reg;
	u64	ones;
} harmless_ones[] = {
	/* The guest goes on as it is: MMU and caches off, little endian. */
	{ SYS_SCTLR_EL1, ~(SCTLR_ELx_M | SCTLR_ELx_C | SCTLR_ELx_I | SCTLR_ELx_EE |
			   SCTLR_EL1_E0E) },
};

static const u32 not_changed[] = {
	/* The guest's own */
	SYS_VBAR_EL1,
	/* To write them sets the compare value to what the counter is then. */
	SYS_CNTP_TVAL_EL0, SYS_CNTV_TVAL_EL0,
	/* Only what was read may be written. */
	sys_reg(3, 0, 12, 8, 4), sys_reg(3, 0, 12, 8, 5), sys_reg(3, 0, 12, 8, 6),
	sys_reg(3, 0, 12, 8, 7), sys_reg(3, 0, 12, 9, 0), sys_reg(3, 0, 12, 9, 1),
	sys_reg(3, 0, 12, 9, 2), sys_reg(3, 0, 12, 9, 3),
	/*
	 * With group 0 alone enabled, hosts from 6.19 on that QEMU emulates do not
	 * get past its maintenance interrupt.
	 */
	SYS_ICC_IGRPEN0_EL1,
};

static u64 ones_for(u32 reg)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(harmless_ones); i++) {
		if (harmless_ones[i].reg == reg)
			return harmless_ones[i].ones;
	}
	return ~0UL;
}

/*
 * Whether it is chance if KVM or the CPU answers for it, see is_debug_reg(): they
 * differ in bits that are RES0. Registers of the OS locks are always trapped.
 */
static bool is_chance(u32 reg)
{
	return is_debug_reg(reg) && reg != SYS_OSLAR_EL1 && reg != SYS_OSLSR_EL1 &&
	       reg != SYS_OSDLR_EL1 && reg != SYS_DBGPRCR_EL1;
}

static bool is_changed(u32 reg)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(not_changed); i++) {
		if (not_changed[i] == reg)
			return false;
	}
	return !never_written(reg) && !is_chance(reg);
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

/* What is written, in the order of guest_write_and_read_all */
static const char * const writes[] = { "ones", "zeroes", "back" };

#define NR_WRITES	ARRAY_SIZE(writes)

struct known_sysreg {
	u32		reg;
	char		name[64];
	struct reading	read, written;	/* each once, without the others */
};

/* Those with names, in a guest of their own */
static int find_sysregs(struct known_sysreg *s)
{
	struct guest g = make_guest(false);
	struct reading *r = in_ram(&g, RAM_RESULTS);
	u32 *insn = in_ram(&g, RAM_CODE);
	int i, nr = 0;
	u64 writing;

	for (i = 0; i < NR_ENCODINGS; i++) {
		s[nr].reg = nth_sysreg(i);
		nr += sysreg_name(s[nr].name, sizeof(s[nr].name), s[nr].reg);
	}

	prepare_el1(&g);
	for (i = 0; i < nr; i++)
		insn = APPEND(insn, guest_read, s[i].reg);
	insn = APPEND(insn, guest_stop, 0);
	writing = offset_of(&g, insn);
	for (i = 0; i < nr; i++) {
		if (is_changed(s[i].reg))
			insn = APPEND(insn, guest_write_back, s[i].reg);
		else
			insn = APPEND(insn, guest_skip_reading, 0);
	}
	insn = APPEND(insn, guest_stop, 0);

	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, RAM_CODE);
	for (i = 0; i < nr; i++) {
		s[i].read = r[i];
		if (r[i].exception)
			r[i] = (struct reading){};
	}
	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, writing);
	for (i = 0; i < nr; i++)
		s[i].written = r[i];
	free_guest(&g);
	return nr;
}

static bool is_reread(const struct known_sysreg *s)
{
	return !s->read.exception && !not_value(s->reg) && !is_chance(s->reg);
}

static void effect_facts(const struct known_sysreg *w, struct known_sysreg **read, int nr,
			 const struct reading *r)
{
	/* Each time all of them, with the write itself before them from the first on */
	const struct reading *before = r, *after = r + nr + 1;
	const struct reading *ones = NULL, *zeroes = NULL;
	char name[160];
	int i, j;

	for (i = 0; i < NR_WRITES; i++, after += nr + 1) {
		if (after[-1].exception) {
			snprintf(name, sizeof(name), "%s %s", w->name, writes[i]);
			read_fact("effect", name, &after[-1], NULL);
		}
		for (j = 0; j < nr; j++) {
			if (read[j] == w && i == 0)
				ones = &after[j];
			else if (read[j] == w && i == 1)
				zeroes = &after[j];
			if (same_reading(&after[j], &before[j]) || (read[j] == w && i < 2))
				continue;
			snprintf(name, sizeof(name), "%s %s: %s", w->name, writes[i],
				 read[j]->name);
			read_fact("effect", name, &after[j], NULL);
		}
	}

	for (j = 0; j < nr && read[j] != w; j++)
		;
	if (j == nr)
		return;
	if (ones->exception || zeroes->exception)
		read_fact("bits", w->name, ones->exception ? ones : zeroes, NULL);
	else
		bits_fact("bits", w->name, before[j].val, before[j].val, ones->val, zeroes->val);
}

static const u32 counters_off[] = {
	SYS_PMCNTENCLR_EL0, SYS_PMINTENCLR_EL1, SYS_PMOVSCLR_EL0
};

static void look_at_effects(void)
{
	struct known_sysreg *s = calloc(2048, sizeof(*s)), *read[1024];
	int i, nr = find_sysregs(s), nr_read = 0;
	struct guest g = make_guest(false);
	u32 *insn = in_ram(&g, RAM_CODE);
	u64 code;

	prepare_el1(&g);
	for (i = 0; i < nr; i++) {
		if (!is_reread(&s[i]))
			continue;
		insn = APPEND(insn, guest_read, s[i].reg);
		read[nr_read++] = &s[i];
	}
	insn = APPEND(insn, guest_return, 0);

	/* Counters stand still. */
	code = offset_of(&g, insn);
	for (i = 0; i < ARRAY_SIZE(counters_off); i++)
		insn = APPEND(insn, guest_write, counters_off[i]);
	insn = APPEND(insn, guest_stop, 0);
	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	set_x(&g, 23, ~0UL);
	run_guest(&g, code);

	for (i = 0; i < nr; i++) {
		if (s[i].written.exception || !is_changed(s[i].reg))
			continue;
		code = offset_of(&g, insn);
		insn = APPEND(insn, guest_write_and_read_all, s[i].reg);
		set_x(&g, 19, RAM_BASE + RAM_CODE);
		set_x(&g, 20, RAM_BASE + RAM_RESULTS);
		set_x(&g, 23, ones_for(s[i].reg));
		set_x(&g, 24, 0);
		set_x(&g, 25, s[i].read.exception ? 0 : s[i].read.val);
		run_guest(&g, code);
		effect_facts(&s[i], read, nr_read, in_ram(&g, RAM_RESULTS));
	}
	TEST_ASSERT(offset_of(&g, insn) < RAM_TABLE, "Guest too long");
	free(s);
	free_guest(&g);
}

/* ------------------------------ Instructions ------------------------------ */

/* Those of the system, with a page of the guest's as argument, or its set and way 0 */
static void look_at_instructions(void)
{
	struct guest g = make_guest(false);
	struct reading *r = in_ram(&g, RAM_RESULTS);
	u32 *insn = in_ram(&g, RAM_CODE);
	char name[64];
	int i;

	prepare_el1(&g);
	for (i = 0; i < NR_INSTRUCTIONS; i++)
		insn = APPEND(insn, guest_instruction, nth_instruction(i));
	insn = APPEND(insn, guest_stop, 0);
	set_x(&g, 19, RAM_BASE + RAM_TABLE);
	set_x(&g, 20, RAM_BASE + RAM_RESULTS);
	run_guest(&g, RAM_CODE);
	for (i = 0; i < NR_INSTRUCTIONS; i++) {
		if (instruction_name(name, sizeof(name), nth_instruction(i)) || !is_undef(&r[i]))
			read_fact("insn", name, &r[i], "done");
	}
	free_guest(&g);
}

/* Seven levels, data and instruction; and two values that are no cache */
#define NR_CSSELR	16

/* --------------------------- AArch32's registers --------------------------- */

#define NR_MRC		(2 * 8 * 16 * 16 * 8)
#define NR_MRRC		(2 * 16 * 16)

struct reading32 {
	u32	val;
	u32	exception;	/* the offset of its vector */
	u32	high;
	u32	unused;
};

/* The assembler of a 64-bit program does not know these. */
#define A32_NOP			0xe320f000
#define A32_ISB			0xf57ff06f
#define A32_HVC			0xe1400070
#define A32_RETURN		0xe12fff1e	/* bx lr */
#define A32_STORE_READING	0xe8a2001b	/* stmia r2!, {r0, r1, r3, r4} */
#define A32_LOAD_PAIR		0xe8970018	/* ldm r7, {r3, r4} */
#define A32_CPS_SVC		0xf1020013

static u32 a32_call(u32 rm)		/* blx */
{
	return 0xe12fff30 | rm;
}

static u32 a32_go(u32 rm)		/* bx */
{
	return 0xe12fff10 | rm;
}

static u32 a32_branch(int words)
{
	return 0xea000000 | ((words - 2) & 0xffffff);
}

static u32 a32_mov(u32 rd, u32 rm)
{
	return 0xe1a00000 | rd << 12 | rm;
}

static u32 a32_mov_imm(u32 rd, u32 imm)
{
	return 0xe3a00000 | rd << 12 | imm;
}

static u32 a32_sub_imm(u32 rd, u32 rn, u32 imm)
{
	return 0xe2400000 | rn << 16 | rd << 12 | imm;
}

static u32 a32_movw(u32 rd, u32 imm)
{
	return 0xe3000000 | (imm >> 12 & 15) << 16 | rd << 12 | (imm & 0xfff);
}

static u32 a32_movt(u32 rd, u32 imm)
{
	return 0xe3400000 | (imm >> 12 & 15) << 16 | rd << 12 | (imm & 0xfff);
}

static u32 a32_ldr(u32 rt, u32 rn)
{
	return 0xe5900000 | rn << 16 | rt << 12;
}

static u32 a32_str(u32 rt, u32 rn)
{
	return 0xe5800000 | rn << 16 | rt << 12;
}

static u32 a32_mrc(u32 n, u32 rt)
{
	return 0xee100010 | (n >> 11 & 7) << 21 | (n >> 7 & 15) << 16 | rt << 12 |
	       (14 + (n >> 14)) << 8 | (n & 7) << 5 | (n >> 3 & 15);
}

static u32 a32_mcr(u32 n, u32 rt)
{
	return a32_mrc(n, rt) & ~BIT(20);
}

static u32 a32_mrrc(u32 n)		/* r0, r3 */
{
	return 0xec530000 | (14 + (n >> 8)) << 8 | (n >> 4 & 15) << 4 | (n & 15);
}

static u32 a32_mcrr(u32 n)		/* r0, r3 */
{
	return a32_mrrc(n) & ~BIT(20);
}

/*
 * Identification registers that AArch32 does not have. From 5.19 on KVM answers
 * for them but leaves the PC where it is: the guest reads them for ever.
 */
static bool ends_never(int n)
{
	return n >= CP(1, 0, 0, 4, 0) && n < CP(1, 0, 1, 0, 0);
}

static u32 *append_step32(u32 *insn, u32 op)
{
	*insn++ = a32_mov_imm(1, 0);
	*insn++ = op;
	*insn++ = A32_STORE_READING;
	return insn;
}

static u32 *append_read32(u32 *insn, u32 op)
{
	*insn++ = a32_mov_imm(0, 0);
	return append_step32(insn, op);
}

static u32 *append_load32(u32 *insn, int reg, u32 val)
{
	*insn++ = a32_movw(reg, val & 0xffff);
	*insn++ = a32_movt(reg, val >> 16);
	return insn;
}

static u32 *append_stop32(u32 *insn)
{
	insn = append_load32(insn, 0, STOP);
	*insn++ = a32_str(0, 0);
	return insn;
}

/* As access_debug_regs() */
static void read_debug_regs32(struct guest *g, u32 *insn)
{
	struct reading32 *r = in_ram(g, RAM_RESULTS);
	char name[64];
	u64 code;
	int i;

	for (i = 0; i < CP(1, 0, 0, 0, 0); i++) {
		if (!cp_name(name, sizeof(name), i) && r[i].exception)
			continue;
		code = offset_of(g, insn);
		insn = append_load32(insn, 2, RAM_BASE + RAM_RESULTS + i * sizeof(*r));
		insn = append_read32(insn, a32_mrc(i, 0));
		insn = append_stop32(insn);
		run_guest(g, code);
	}
}

#define A32_VECTORS	8
/* The offsets of the vectors of the exceptions that come back, and of LR from the next one */
static const struct {
	u32	vector;
	u32	too_far;
} vectors32[] = {
	{ 0x04 },		/* undefined */
	{ 0x0c },		/* prefetch abort: see append_access32() */
	{ 0x10, 4 },		/* data abort */
};

/*
 * A guest whose exceptions put their vector into r1 and go on with the next
 * instruction, after a fetch where r8 says. Returns its code, after the start.
 *
 * They go back by a branch and not by "movs pc, lr": under QEMU the SPSR of an
 * exception that KVM makes is not the one that the guest gets.
 */
static u32 *prepare_guest32(struct guest *g)
{
	u32 *vectors = in_ram(g, RAM_VECTORS), *insn = vectors + A32_VECTORS;
	int i;

	for (i = 0; i < A32_VECTORS; i++)
		vectors[i] = a32_branch(0);
	for (i = 0; i < ARRAY_SIZE(vectors32); i++) {
		u32 *vector = vectors + vectors32[i].vector / 4;

		*vector = a32_branch(insn - vector);
		*insn++ = a32_mov_imm(1, vectors32[i].vector);
		if (vectors32[i].vector == 0x0c)
			*insn++ = a32_mov(5, 8);
		else
			*insn++ = a32_sub_imm(5, 14, vectors32[i].too_far);
		*insn++ = A32_CPS_SVC;
		*insn++ = a32_go(5);
	}

	insn = in_ram(g, RAM_CODE);
	insn = append_load32(insn, 0, RAM_BASE + RAM_VECTORS);
	*insn++ = a32_mcr(CP(1, 0, 12, 0, 0), 0);		/* VBAR */
	return append_load32(insn, 2, RAM_BASE + RAM_RESULTS);
}

/* The counters run; VBAR is the guest's own. */
static const char *not_value32(const char *name)
{
	if (!strncmp(name, "CNTPCT", 6) || !strncmp(name, "CNTVCT", 6) ||
	    !strcmp(name, "CNTP_TVAL") || !strcmp(name, "CNTV_TVAL"))
		return "runs";
	return strcmp(name, "VBAR") ? NULL : "own";
}

static void read32_fact(const char *class, const char *name, const struct reading32 *r, bool wide,
			const char *instead)
{
	struct reading v = {
		.val = r->exception ? ESR_ELx_IL : wide ? (u64)r->high << 32 | r->val : r->val,
		.exception = r->exception,
	};

	read_fact(class, name, &v, instead);
}

/* One of those in a guest of its own: whether it gets past it */
static void look_at_unending(void)
{
	struct guest g = make_guest(true);
	u32 *insn = in_ram(&g, RAM_CODE);
	bool stuck = true;
	char name[64];
	int i;

	*insn++ = a32_mrc(CP(1, 0, 0, 4, 0), 0);
	insn = append_load32(insn, 1, STOP);
	*insn++ = a32_str(1, 1);
	set_reg(&g, ARM64_CORE_REG(regs.pc), RAM_BASE + RAM_CODE);
	for (i = 0; i < 3 && stuck; i++) {
		alarm(1);
		stuck = __vcpu_run(g.vcpu) &&
			vcpu_get_reg(g.vcpu, ARM64_CORE_REG(regs.pc)) == RAM_BASE + RAM_CODE;
	}
	alarm(LIMIT);
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

/* Registers by coprocessor, those of 64 bits after the others */
#define NR_CP		(NR_MRC + NR_MRRC)

static bool is_wide(int n)
{
	return n >= NR_MRC;
}

static bool cp_any_name(char *buf, size_t size, int n)
{
	return is_wide(n) ? cp64_name(buf, size, n - NR_MRC) : cp_name(buf, size, n);
}

static u32 read_insn32(int n)
{
	return is_wide(n) ? a32_mrrc(n - NR_MRC) : ends_never(n) ? A32_NOP : a32_mrc(n, 0);
}

static u32 write_insn32(int n)
{
	return is_wide(n) ? a32_mcrr(n - NR_MRC) : a32_mcr(n, 0);
}

/* Each encoding is read. */
static void look_at_registers32(void)
{
	struct reading32 *r;
	struct guest g = make_guest(true);
	u32 *insn = prepare_guest32(&g);
	char name[64];
	bool named;
	int i;

	r = in_ram(&g, RAM_RESULTS);
	for (i = 0; i < NR_CP; i++)
		insn = append_read32(insn, read_insn32(i));
	insn = append_stop32(insn);
	run_guest(&g, RAM_CODE);
	read_debug_regs32(&g, insn);
	for (i = 0; i < NR_CP; i++, r++) {
		if (ends_never(i))
			continue;
		named = cp_any_name(name, sizeof(name), i);
		if (named || !r->exception)
			read32_fact("guest32", name, r, is_wide(i), not_value32(name));
	}
	free_guest(&g);
}

/*
 * As in AArch64, see look_at_effects(): each register with a name is written ones,
 * zeroes and what it was at first, and all are read.
 */
static const struct {
	u32	reg;
	u32	ones;		/* 0: it is not written */
} ones32[] = {
	/* M, C, I, V, EE, TE */
	{ CP(1, 0, 1, 0, 0), ~(BIT(0) | BIT(2) | BIT(12) | BIT(13) | BIT(25) | BIT(30)) },
	{ CP(0, 0, 1, 0, 4), 0xc5acce55 },	/* DBGOSLAR has a key */
	{ CP(1, 0, 12, 0, 0), 0 },		/* VBAR */
	{ CP(1, 0, 14, 2, 0), 0 },		/* CNTP_TVAL */
	{ CP(1, 0, 14, 3, 0), 0 },		/* CNTV_TVAL */
	{ CP(1, 0, 12, 12, 6), 0 },		/* ICC_IGRPEN0 */
	{ CP(1, 0, 12, 8, 1), 0 },		/* ICC_EOIR0 */
	{ CP(1, 0, 12, 12, 1), 0 },		/* ICC_EOIR1 */
	{ CP(1, 0, 12, 11, 1), 0 },		/* ICC_DIR */
};

static u32 ones_for32(int n, const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ones32); i++) {
		if (ones32[i].reg == n)
			return ones32[i].ones;
	}
	return strncmp(name, "ICC_AP", 6) ? ~0U : 0;
}

struct known_cp {
	int			n;
	char			name[32];
	u32			ones;		/* 0: it is not written */
	struct reading32	read, written;	/* each once, without the others */
};

static bool same_reading32(const struct reading32 *a, const struct reading32 *b, bool wide)
{
	return a->val == b->val && a->exception == b->exception && (!wide || a->high == b->high);
}

static void effect32_facts(const struct known_cp *w, const struct known_cp *read, int nr,
			   const struct reading32 *r)
{
	const struct reading32 *before = r, *after = r + nr + 1;
	char name[100];
	int i, j;

	for (i = 0; i < NR_WRITES; i++, after += nr + 1) {
		for (j = 0; j < nr; j++) {
			if (read[j].read.exception || not_value32(read[j].name) ||
			    same_reading32(&after[j], &before[j], is_wide(read[j].n)))
				continue;
			snprintf(name, sizeof(name), "%s %s: %s", w->name, writes[i], read[j].name);
			read32_fact("effect32", name, &after[j], is_wide(read[j].n), NULL);
		}
	}
}

/* The value is in r0 and r3. */
static u32 *append_write32(u32 *insn, int n, u32 val, u32 high)
{
	insn = append_load32(insn, 0, val);
	insn = append_load32(insn, 3, high);
	insn = append_step32(insn, write_insn32(n));
	*insn++ = A32_ISB;
	return insn;
}

static u32 *append_write_back32(u32 *insn, const struct known_cp *s)
{
	if (s->read.exception)
		return append_write32(insn, s->n, 0, 0);
	return append_write32(insn, s->n, s->read.val, s->read.high);
}

static int list_registers32(struct known_cp *s)
{
	int i, nr = 0;

	for (i = 0; i < NR_CP; i++) {
		if (!cp_any_name(s[nr].name, sizeof(s[nr].name), i) || ends_never(i))
			continue;
		/* See is_chance(): DBGOSLAR, DBGOSLSR, DBGOSDLR, DBGPRCR */
		if (i < CP(1, 0, 0, 0, 0) && (i & ~(7 << 3)) != CP(0, 0, 1, 0, 4))
			continue;
		s[nr].n = i;
		s[nr].ones = ones_for32(i, s[nr].name);
		nr++;
	}
	return nr;
}

/* Reads all, then writes to each what it is. r6: what reads them. Returns the end of the code. */
static u32 *read_and_write_all32(struct guest *g, u32 *insn, struct known_cp *s, int nr)
{
	u32 *read_all = in_ram(g, RAM_READ_ALL);
	struct reading32 *r = in_ram(g, RAM_RESULTS);
	u64 code;
	int i;

	/* Counters stand still. */
	insn = append_load32(insn, 0, ~0U);
	*insn++ = a32_mcr(CP(1, 0, 9, 12, 2), 0);		/* PMCNTENCLR */
	*insn++ = a32_mcr(CP(1, 0, 9, 14, 2), 0);		/* PMINTENCLR */
	*insn++ = a32_mcr(CP(1, 0, 9, 12, 3), 0);		/* PMOVSR */
	insn = append_load32(insn, 6, RAM_BASE + RAM_READ_ALL);
	*insn++ = a32_call(6);
	insn = append_stop32(insn);
	for (i = 0; i < nr; i++)
		read_all = append_read32(read_all, read_insn32(s[i].n));
	*read_all = A32_RETURN;
	run_guest(g, RAM_CODE);
	for (i = 0; i < nr; i++)
		s[i].read = r[i];

	code = offset_of(g, insn);
	insn = append_load32(insn, 2, RAM_BASE + RAM_RESULTS);
	for (i = 0; i < nr; i++) {
		if (s[i].ones)
			insn = append_write_back32(insn, &s[i]);
		else
			insn = append_step32(insn, A32_NOP);
	}
	insn = append_stop32(insn);
	run_guest(g, code);
	for (i = 0; i < nr; i++)
		s[i].written = r[i];
	return insn;
}

static void look_at_effects32(void)
{
	struct known_cp *s = calloc(1024, sizeof(*s));
	struct guest g = make_guest(true);
	u32 *insn = prepare_guest32(&g);
	int i, nr = list_registers32(s);
	u64 code;

	insn = read_and_write_all32(&g, insn, s, nr);
	for (i = 0; i < nr; i++) {
		if (!s[i].ones)
			continue;
		read32_fact("write32", s[i].name, &s[i].written, false, "taken");
		if (s[i].written.exception)
			continue;
		code = offset_of(&g, insn);
		insn = append_load32(insn, 2, RAM_BASE + RAM_RESULTS);
		*insn++ = a32_call(6);
		insn = append_write32(insn, s[i].n, s[i].ones, s[i].ones);
		*insn++ = a32_call(6);
		insn = append_write32(insn, s[i].n, 0, 0);
		*insn++ = a32_call(6);
		insn = append_write_back32(insn, &s[i]);
		*insn++ = a32_call(6);
		insn = append_stop32(insn);
		run_guest(&g, code);
		effect32_facts(&s[i], s, nr, in_ram(&g, RAM_RESULTS));
	}
	TEST_ASSERT(offset_of(&g, insn) < RAM_READ_ALL, "Guest too long");
	free(s);
	free_guest(&g);
}

static void look_at_caches32(void)
{
	struct guest g = make_guest(true);
	struct reading32 *r = in_ram(&g, RAM_RESULTS);
	u32 *insn = prepare_guest32(&g);
	char name[32];
	int i;

	for (i = 0; i < NR_CSSELR; i++) {
		insn = append_load32(insn, 0, i);
		*insn++ = a32_mcr(CP(1, 2, 0, 0, 0), 0);	/* CSSELR */
		*insn++ = A32_ISB;
		insn = append_read32(insn, a32_mrc(CP(1, 2, 0, 0, 0), 0));
		insn = append_read32(insn, a32_mrc(CP(1, 1, 0, 0, 0), 0));	/* CCSIDR */
	}
	insn = append_stop32(insn);
	run_guest(&g, RAM_CODE);
	for (i = 0; i < NR_CSSELR; i++, r += 2) {
		snprintf(name, sizeof(name), "CSSELR=%d", i);
		fact("cache32", name, "CSSELR %#x CCSIDR %#x", r[0].val, r[1].val);
	}
	free_guest(&g);
}

/* Calls by HVC, with 32-bit registers */
static void look_at_calls32(void)
{
	struct guest g = make_guest(true);
	struct reading32 *r = in_ram(&g, RAM_RESULTS);
	u32 *insn = prepare_guest32(&g);
	int i, j;

	for (i = 0; i < ARRAY_SIZE(odd_calls); i++) {
		for (j = 0; j < 4; j++)
			insn = append_load32(insn, j == 2 ? 9 : j, odd_calls[i].reg[j]);
		*insn++ = a32_mov(10, 2);
		*insn++ = a32_mov(2, 9);
		*insn++ = A32_HVC;
		*insn++ = a32_mov(2, 10);
		*insn++ = A32_STORE_READING;
	}
	insn = append_stop32(insn);
	run_guest(&g, RAM_CODE);
	for (i = 0; i < ARRAY_SIZE(odd_calls); i++, r++) {
		if (odd_calls[i].varies && (int)r->val >= 0)
			fact("hvc32", odd_calls[i].name, "ok");
		else
			fact("hvc32", odd_calls[i].name, "%#x", r->val);
	}
	free_guest(&g);
}

/* As look_at_outside() */
static void look_at_outside32(void)
{
	const struct {
		const char	*name;
		u32		insn;	/* r7: the address */
	} accesses32[] = {
		{ "load", a32_ldr(0, 7) },
		{ "store", a32_str(0, 7) },
		{ "load multiple", A32_LOAD_PAIR },
		{ "fetch", a32_go(7) },
		{ "DCCIMVAC", a32_mcr(CP(1, 0, 7, 14, 1), 7) },
		{ "DCIMVAC", a32_mcr(CP(1, 0, 7, 6, 1), 7) },
		{ "ICIMVAU", a32_mcr(CP(1, 0, 7, 5, 1), 7) },
	};
	static const struct {
		const char	*name;
		u32		address;
	} places[] = {
		{ "before memory", RAM_BASE - 8 },
		{ "behind memory", RAM_BASE + RAM_SIZE },
		{ "the last 8 bytes", -8U },
	};
	struct guest g = make_guest(true);
	struct reading32 *r = in_ram(&g, RAM_RESULTS);
	u32 *insn = prepare_guest32(&g);
	char name[64], exits[200];
	u64 code;
	int i, j, ret;

	insn = append_stop32(insn);
	run_guest(&g, RAM_CODE);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (j = 0; j < ARRAY_SIZE(accesses32); j++) {
			code = offset_of(&g, insn);
			insn = append_load32(insn, 0, 0);
			insn = append_load32(insn, 2, RAM_BASE + RAM_RESULTS);
			insn = append_load32(insn, 7, places[i].address);
			insn = append_load32(insn, 8, RAM_BASE + offset_of(&g, insn) + 4 * 4);
			insn = append_step32(insn, accesses32[j].insn);
			insn = append_read32(insn, a32_mrc(CP(1, 0, 5, 0, 0), 0));	/* DFSR */
			insn = append_read32(insn, a32_mrc(CP(1, 0, 5, 0, 1), 0));	/* IFSR */
			insn = append_stop32(insn);
			snprintf(name, sizeof(name), "%s, %s", accesses32[j].name, places[i].name);
			ret = run_to_stop(&g, code, exits, sizeof(exits));
			if (ret)
				fact("outside32", name, "KVM_RUN %s", strerrorname_np(ret));
			else if (r[0].exception)
				fact("outside32", name, "%svector %#x DFSR %#x IFSR %#x", exits,
				     r[0].exception, r[1].val, r[2].val);
			else
				fact("outside32", name, "%sdone", exits);
		}
	}
	free_guest(&g);
}

static void look_at_aarch32(void)
{
	if (!has_aarch32()) {
		fact("guest32", "KVM_ARM_VCPU_EL1_32BIT", "not there");
		return;
	}
	look_at_registers32();
	look_at_unending();
	look_at_effects32();
	look_at_caches32();
	look_at_calls32();
	look_at_outside32();
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

	asks[1] = find_function(PSCI_1_0_FN_PSCI_FEATURES);
	asks[2] = find_function(ARM_SMCCC_ARCH_FEATURES_FUNC_ID);
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
	struct answer *f = in_ram(&g, RAM_RESULTS);
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

/* With odd arguments, and what is in all registers that the SMCCC knows after it */
static void look_at_odd_calls(void)
{
	struct guest g = make_guest(false);
	struct call_all *c = in_ram(&g, RAM_TABLE);
	char value[200];
	int i, j, len;
	u64 arg;

	prepare_el1(&g);
	for (i = 0; i < ARRAY_SIZE(odd_calls); i++) {
		for (j = 0; j < SMCCC_REGS; j++)
			c[i].reg[j] = j < 4 ? odd_calls[i].reg[j] : PRESERVED(j);
	}
	put_code(&g, RAM_CODE, guest_hvc_all, guest_hvc_all_end);
	set_x(&g, 19, RAM_BASE + RAM_TABLE);
	set_x(&g, 20, RAM_BASE + RAM_TABLE + ARRAY_SIZE(odd_calls) * sizeof(*c));
	run_guest(&g, RAM_CODE);
	for (i = 0; i < ARRAY_SIZE(odd_calls); i++, c++) {
		bool varies = odd_calls[i].varies && (long)c->reg[0] >= 0;

		len = snprintf(value, sizeof(value), c->exception ? "ESR %#lx" : "%#lx",
			       varies ? 0 : (unsigned long)c->reg[0]);
		for (j = 1; j < SMCCC_REGS; j++) {
			arg = j < 4 ? odd_calls[i].reg[j] : PRESERVED(j);
			/* Results that vary can be anything: half of a counter is 0 for a while */
			if (c->reg[j] == arg || (j < 4 && (varies || !c->reg[j])))
				continue;
			len += snprintf(value + len, sizeof(value) - len, " x%d %#lx", j,
					(unsigned long)c->reg[j]);
		}
		fact("hvc", odd_calls[i].name, "%s", value);
	}
	free_guest(&g);
}

/* Calls that end or stop the machine: what the VMM gets of it */
static void look_at_power(void)
{
	static const struct call_to_end {
		const char	*name;
		u64		reg[3];
	} calls[] = {
		{ "SYSTEM_OFF", { PSCI_0_2_FN_SYSTEM_OFF } },
		{ "SYSTEM_RESET", { PSCI_0_2_FN_SYSTEM_RESET } },
		{ "SYSTEM_RESET2(0)", { PSCI_1_1_FN_SYSTEM_RESET2, 0 } },
		{ "SYSTEM_RESET2(vendor)", { PSCI_1_1_FN_SYSTEM_RESET2, BIT(31) } },
		{ "SYSTEM_RESET2(vendor, 5)", { PSCI_1_1_FN64_SYSTEM_RESET2, BIT(31), 5 } },
		{ "SYSTEM_OFF2(0)", { PSCI_1_3_FN_SYSTEM_OFF2, 0 } },
		{ "SYSTEM_RESET2(1)", { PSCI_1_1_FN_SYSTEM_RESET2, 1 } },
		{ "SYSTEM_RESET2(upper half set)", { PSCI_1_1_FN64_SYSTEM_RESET2, UPPER } },
		{ "SYSTEM_OFF2(HIBERNATE_OFF)",
		  { PSCI_1_3_FN64_SYSTEM_OFF2, PSCI_1_3_OFF_TYPE_HIBERNATE_OFF } },
		{ "SYSTEM_OFF2(2)", { PSCI_1_3_FN_SYSTEM_OFF2, 2 } },
		{ "SYSTEM_OFF2(0, 1)", { PSCI_1_3_FN64_SYSTEM_OFF2, 0, 1 } },
		{ "SYSTEM_OFF2(upper half set)", { PSCI_1_3_FN64_SYSTEM_OFF2, UPPER } },
		{ "SYSTEM_SUSPEND", { PSCI_1_0_FN_SYSTEM_SUSPEND, RAM_BASE } },
		{ "CPU_OFF", { PSCI_0_2_FN_CPU_OFF } },
		{ "CPU_SUSPEND", { PSCI_0_2_FN_CPU_SUSPEND, 0, RAM_BASE } },
	};
	const struct conduit *hvc = &conduits[0];
	struct kvm_mp_state mp;
	struct kvm_run *run;
	char end[100];
	struct guest g;
	struct call *c;
	u64 pc, last;
	int i, same, ret;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		last = 0;
		same = 0;
		g = make_guest(false);
		run = g.vcpu->run;
		prepare_el1(&g);
		c = in_ram(&g, RAM_TABLE);
		memcpy(c->reg, calls[i].reg, sizeof(calls[i].reg));
		put_code(&g, RAM_CODE, hvc->calls, hvc->calls_end);
		set_x(&g, 19, RAM_BASE + RAM_TABLE);
		set_x(&g, 20, RAM_BASE + RAM_TABLE + sizeof(*c));
		set_reg(&g, ARM64_CORE_REG(regs.pc), RAM_BASE + RAM_CODE);
		/*
		 * One that is stopped is interrupted. So is one that is slow to get
		 * there, on a busy machine: it can run, and has not called yet.
		 */
		do {
			alarm(1);
			ret = __vcpu_run(g.vcpu) ? errno : 0;
			vcpu_ioctl(g.vcpu, KVM_GET_MP_STATE, &mp);
			pc = vcpu_get_reg(g.vcpu, ARM64_CORE_REG(regs.pc));
			same = pc == last ? same + 1 : 0;
			last = pc;
		} while (ret == EINTR && mp.mp_state == KVM_MP_STATE_RUNNABLE && same < 5);
		alarm(LIMIT);
		if (ret)
			snprintf(end, sizeof(end), "KVM_RUN %s", strerrorname_np(ret));
		else if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
			snprintf(end, sizeof(end), "KVM_EXIT_SYSTEM_EVENT %u: %u, %#llx",
				 run->system_event.type, run->system_event.ndata,
				 (unsigned long long)run->system_event.data[0]);
		else
			snprintf(end, sizeof(end), "returns %#lx", (unsigned long)c->reg[0]);
		fact("power", calls[i].name, "%s, x0 %#lx, MP_STATE %u", end,
		     (unsigned long)get_x(&g, 0), mp.mp_state);
		free_guest(&g);
	}
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
	look_at_odd_calls();
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
	for (i = 0; i < NR_CSSELR; i++) {
		snprintf(name, sizeof(name), "CSSELR_EL1=%d", i);
		fact("cache", name, "CSSELR_EL1 %#lx CCSIDR_EL1 %#lx CCSIDR2_EL1 %s%#lx",
		     (unsigned long)c[i].csselr, (unsigned long)c[i].ccsidr,
		     c[i].exception ? "ESR " : "", (unsigned long)c[i].ccsidr2);
	}
	free_guest(&g);
}

/* ----------------------------- Outside of memory -------------------------- */

#define ACCESS(name, code)	{ name, code, code##_end }

static const struct access {
	const char	*name;
	const char	*code, *end;
} accesses[] = {
	ACCESS("load", guest_load),
	ACCESS("load of a byte", guest_load_byte),
	ACCESS("load of a pair", guest_load_pair),
	ACCESS("load exclusive", guest_load_exclusive),
	ACCESS("store", guest_store),
	ACCESS("store of a pair", guest_store_pair),
	ACCESS("prefetch", guest_prefetch),
	ACCESS("fetch", guest_fetch),
	ACCESS("DC IVAC", guest_dc_ivac),
	ACCESS("DC CVAC", guest_dc_cvac),
	ACCESS("DC CIVAC", guest_dc_civac),
	ACCESS("DC ZVA", guest_dc_zva),
	ACCESS("IC IVAU", guest_ic_ivau),
};

#undef ACCESS

/* A VM of OUTSIDE_IPA_BITS, which every host can have: some are within the host's limit. */
#define OUTSIDE_IPA_BITS	36

static const struct {
	const char	*name;
	u64		address;
} outside[] = {
	{ "before memory", RAM_BASE - 64 },
	{ "behind memory", RAM_BASE + RAM_SIZE },
	{ "the last of the VM", BIT(OUTSIDE_IPA_BITS) - 64 },
	{ "1 << 36", BIT(36) },
	{ "1 << 39", BIT(39) },
	{ "1 << 40", BIT(40) },
	{ "1 << 43", BIT(43) },
	{ "1 << 44", BIT(44) },
	{ "1 << 47", BIT(47) },
	{ "1 << 48", BIT(48) },
	{ "1 << 51", BIT(51) },
};

static void outside_facts(struct guest *g, const struct access *access, const char *place,
			  int ret, const char *exits)
{
	char name[100];

	snprintf(name, sizeof(name), "%s, %s", access->name, place);
	if (ret)
		fact("outside", name, "KVM_RUN %s", strerrorname_np(ret));
	else
		fact("outside", name, "%s%s", exits, get_x(g, 21) ? "exception" : "done");
	if (ret || !get_x(g, 21))
		return;

	snprintf(name, sizeof(name), "%s, %s: ESR_EL1", access->name, place);
	fact("outside", name, "%#lx", (unsigned long)get_x(g, 0));
	snprintf(name, sizeof(name), "%s, %s: FAR_EL1", access->name, place);
	fact("outside", name, "%#lx", (unsigned long)get_x(g, 18));
}

static void look_at_outside(void)
{
	struct guest g = make_guest_of(OUTSIDE_IPA_BITS, false);
	u64 code = RAM_CODE;
	char exits[200];
	int i, j, ret;

	prepare_el1(&g);
	put_code(&g, RAM_VECTORS, guest_resume_vectors, guest_resume_vectors_end);
	for (i = 0; i < ARRAY_SIZE(accesses); i++) {
		put_code(&g, code, accesses[i].code, accesses[i].end);
		for (j = 0; j < ARRAY_SIZE(outside); j++) {
			set_x(&g, 19, outside[j].address);
			set_x(&g, 21, 0);
			ret = run_to_stop(&g, code, exits, sizeof(exits));
			outside_facts(&g, &accesses[i], outside[j].name, ret, exits);
		}
		code += accesses[i].end - accesses[i].code;
	}
	free_guest(&g);
}

/* ------------------------------- Interrupts ------------------------------- */

#define VTIMER_PPI	27
#define PTIMER_PPI	30

/* Whether a device of the vCPU has its interrupt pending */
static bool is_pending(struct guest *g, int ppi, u64 device)
{
	if (!opts.gic)
		return g->vcpu->run->s.regs.device_irq_level & device;

	/* In a KVM_RUN of its own, as the state of a timer follows when it starts. */
	put_code(g, RAM_READ_ALL, guest_read_pending, guest_read_pending_end);
	set_x(g, 19, opts.gic == 3 ? GICR_BASE_GPA + SZ_64K + GICR_ISPENDR0 :
				     GICD_BASE_GPA + GICD_ISPENDR);
	run_guest(g, RAM_READ_ALL);
	return get_x(g, 0) & BIT(ppi);
}

static const struct timer {
	const char	*name;
	const char	*code, *end;
	int		ppi;
	u64		device;
	u64		values[4];
} timers[] = {
#define TIMER(name, code, which, ...)						\
	{ name, code, code##_end, which##_PPI, KVM_ARM_DEV_EL1_##which, { __VA_ARGS__ } }
	TIMER("CNTV_CVAL_EL0", guest_cntv_cval, VTIMER, 0, 1, BIT(63), ~0UL),
	TIMER("CNTV_TVAL_EL0", guest_cntv_tval, VTIMER, 0, 0x7fffffff, 0xffffffff, BIT(32)),
	TIMER("CNTP_CVAL_EL0", guest_cntp_cval, PTIMER, 0, 1, BIT(63), ~0UL),
	TIMER("CNTP_TVAL_EL0", guest_cntp_tval, PTIMER, 0, 0x7fffffff, 0xffffffff, BIT(32)),
#undef TIMER
};

/* Each way that it can be on and masked */
static void look_at_timer(const struct timer *t)
{
	struct guest g = make_guest(false);
	char what[64];
	int i, ctl;

	prepare_el1(&g);
	put_code(&g, RAM_CODE, t->code, t->end);
	for (i = 0; i < ARRAY_SIZE(t->values); i++) {
		for (ctl = 0; ctl < 4; ctl++) {
			u64 read;

			set_x(&g, 1, t->values[i]);
			set_x(&g, 2, ctl);
			run_guest(&g, RAM_CODE);
			read = get_x(&g, 0);
			snprintf(what, sizeof(what), "%s %#lx, CTL %d", t->name,
				 (unsigned long)t->values[i], ctl);
			fact("irq", what, "CTL %#lx, interrupt %s", (unsigned long)read,
			     is_pending(&g, t->ppi, t->device) ? "pending" : "-");
		}
	}
	free_guest(&g);
}

static void look_at_timers(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(timers); i++)
		look_at_timer(&timers[i]);
}

/* Each way that a counter can be on, may interrupt, and has overflowed */
static void look_at_pmu_line(void)
{
	static const u64 counters[] = { BIT(0), BIT(31) };
	struct guest g = make_guest(false);
	char name[100];
	int i, bits;

	prepare_el1(&g);
	put_code(&g, RAM_CODE, guest_pmu_line, guest_pmu_line_end);
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		for (bits = 0; bits < 16; bits++) {
			set_x(&g, 1, bits & BIT(0));
			set_x(&g, 2, bits & BIT(1) ? counters[i] : 0);
			set_x(&g, 3, bits & BIT(2) ? counters[i] : 0);
			set_x(&g, 4, bits & BIT(3) ? counters[i] : 0);
			run_guest(&g, RAM_CODE);
			snprintf(name, sizeof(name),
				 "PMCR.E %d, of %#lx PMCNTENSET %d PMINTENSET %d PMOVSSET %d",
				 bits & 1, (unsigned long)counters[i], bits >> 1 & 1,
				 bits >> 2 & 1, bits >> 3 & 1);
			fact("irq", name, "interrupt %s",
			     is_pending(&g, PMU_PPI, KVM_ARM_DEV_PMU) ? "pending" : "-");
		}
	}
	free_guest(&g);
}

/* Counters that only PMSWINC_EL0 counts up */
static void look_at_pmu_increments(void)
{
	enum { SW_INCR = 0x0, CHAIN = 0x1e };
	static const struct {
		const char	*name;
		u64		pmcr, typer[2], cntr[2], enabled;
	} cases[] = {
		{ "both", ARMV8_PMU_PMCR_E, { SW_INCR, SW_INCR }, { 5, 6 }, 3 },
		{ "off", 0, { SW_INCR, SW_INCR }, { 5, 6 }, 3 },
		{ "disabled", ARMV8_PMU_PMCR_E, { SW_INCR, SW_INCR }, { 5, 6 }, 0 },
		{ "overflow", ARMV8_PMU_PMCR_E, { SW_INCR, SW_INCR }, { ~0U, 6 }, 3 },
		{ "overflow, PMCR_EL0.LP", ARMV8_PMU_PMCR_E | ARMV8_PMU_PMCR_LP,
		  { SW_INCR, SW_INCR }, { ~0U, ~0UL }, 3 },
		{ "chain", ARMV8_PMU_PMCR_E, { SW_INCR, CHAIN }, { ~0U, 6 }, 3 },
		{ "chain overflows", ARMV8_PMU_PMCR_E, { SW_INCR, CHAIN }, { ~0U, ~0U }, 3 },
		{ "chain, disabled", ARMV8_PMU_PMCR_E, { SW_INCR, CHAIN }, { ~0U, 6 }, 1 },
		{ "not at EL1", ARMV8_PMU_PMCR_E, { ARMV8_PMU_EXCLUDE_EL1, SW_INCR }, { 5, 6 }, 3 },
		{ "other event", ARMV8_PMU_PMCR_E, { 0x3ff, SW_INCR }, { 5, 6 }, 2 },
	};
	static const u64 resets[] = {
		ARMV8_PMU_PMCR_P, ARMV8_PMU_PMCR_C, ARMV8_PMU_PMCR_P | ARMV8_PMU_PMCR_C, 0xfc8, 0xff
	};
	struct guest g = make_guest(false);
	char name[64];
	int i;

	prepare_el1(&g);
	put_code(&g, RAM_CODE, guest_pmu_increment, guest_pmu_increment_end);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set_x(&g, 1, cases[i].pmcr);
		set_x(&g, 2, cases[i].typer[0]);
		set_x(&g, 3, cases[i].typer[1]);
		set_x(&g, 4, cases[i].cntr[0]);
		set_x(&g, 5, cases[i].cntr[1]);
		set_x(&g, 6, cases[i].enabled);
		run_guest(&g, RAM_CODE);
		snprintf(name, sizeof(name), "PMSWINC_EL0, %s", cases[i].name);
		fact("pmu", name, "PMEVCNTR0_EL0 %#lx PMEVCNTR1_EL0 %#lx PMOVSSET_EL0 %#lx",
		     (unsigned long)get_x(&g, 7), (unsigned long)get_x(&g, 8),
		     (unsigned long)get_x(&g, 9));
	}

	put_code(&g, RAM_READ_ALL, guest_pmu_reset, guest_pmu_reset_end);
	for (i = 0; i < ARRAY_SIZE(resets); i++) {
		set_x(&g, 1, resets[i]);
		run_guest(&g, RAM_READ_ALL);
		snprintf(name, sizeof(name), "PMCR_EL0 %#lx", (unsigned long)resets[i]);
		fact("pmu", name, "PMEVCNTR0_EL0 %#lx PMCCNTR_EL0 %#lx PMCR_EL0 %#lx",
		     (unsigned long)get_x(&g, 7), (unsigned long)get_x(&g, 8),
		     (unsigned long)get_x(&g, 9));
	}
	free_guest(&g);
}

static void sgi_facts(const char *name, const char *code, const char *end)
{
	struct guest g = make_guest(false);
	char what[64];
	int group;

	prepare_el1(&g);
	put_code(&g, RAM_CODE, code, end);
	for (group = 0; group < 2; group++) {
		set_x(&g, 1, group);
		set_x(&g, 19, GICR_BASE_GPA + SZ_64K);
		run_guest(&g, RAM_CODE);
		snprintf(what, sizeof(what), "%s, SGI 0 of group %d", name, group);
		fact("irq", what, "GICR_ISPENDR0 %#lx", (unsigned long)get_x(&g, 0));
	}
	free_guest(&g);
}

static void look_at_interrupts(void)
{
	look_at_timers();
	if (opts.gic == 3) {
		sgi_facts("ICC_SGI0R_EL1", guest_sgi0r, guest_sgi0r_end);
		sgi_facts("ICC_SGI1R_EL1", guest_sgi1r, guest_sgi1r_end);
		sgi_facts("ICC_ASGI1R_EL1", guest_asgi1r, guest_asgi1r_end);
	}
	if (wanted("pmu") && kvm_check_cap(KVM_CAP_ARM_PMU_V3)) {
		look_at_pmu_line();
		look_at_pmu_increments();
	}
}

/* -------------------------- Debug exceptions ------------------------------ */

static void look_at_debug(void)
{
	static const char * const debug_exceptions[] = {
		"breakpoint", "watchpoint", "software step", "BRK"
	};
	struct guest g = make_guest(false);
	struct reading *r = in_ram(&g, RAM_RESULTS);
	char name[64];
	int i, lock;

	prepare_el1(&g);
	put_code(&g, RAM_VECTORS, guest_resume_vectors, guest_resume_vectors_end);
	put_code(&g, RAM_CODE, guest_debug, guest_debug_end);
	for (lock = 0; lock < 2; lock++) {
		set_x(&g, 1, lock);
		set_x(&g, 20, RAM_BASE + RAM_RESULTS);
		run_guest(&g, RAM_CODE);
		for (i = 0; i < ARRAY_SIZE(debug_exceptions); i++) {
			snprintf(name, sizeof(name), "OSLAR_EL1 %d: %s", lock, debug_exceptions[i]);
			if (r[i].exception)
				fact("debug", name, "ESR %#lx", (unsigned long)r[i].val);
			else
				fact("debug", name, "none");
		}
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

	table[0] = PTE_AF | PTE_ATTRINDX(1) | PTE_VALID;
	table[1] = RAM_BASE | PTE_AF | PTE_SHARED | PTE_VALID;
	set_x(g, 19, RAM_BASE + RAM_TABLE);
}

/* What the guest left in registers, see guest_record_vectors */
static void guest_facts(const struct exception *x, struct guest *g)
{
	static const struct {
		const char	*name;
		int		reg;
	} recorded[] = {
		{ "vector", 10 }, { "step", 20 }, { "ESR_EL1", 11 }, { "ELR_EL1", 12 },
		{ "SPSR_EL1", 13 }, { "FAR_EL1", 14 }, { "ISR_EL1", 15 },
	};
	u64 val;
	int i;

	if (get_x(g, 10) == -1UL) {
		exception_fact(x, "vector", "none");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(recorded); i++) {
		val = get_x(g, recorded[i].reg);
		exception_fact(x, recorded[i].name, "%#lx",
			       (unsigned long)(recorded[i].reg == 12 ? val - RAM_BASE : val));
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
	put_code(&g, RAM_VECTORS, guest_record_vectors, guest_record_vectors_end);
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

/* A VMM that gives a vCPU a PMU and never initializes it */
static void look_at_uninitialized_pmu(void)
{
	struct guest g;
	int ret;

	if (!wanted("pmu") || !kvm_check_cap(KVM_CAP_ARM_PMU_V3))
		return;
	opts.no_pmu_init = true;
	g = make_guest(false);
	prepare_el1(&g);
	put_code(&g, RAM_CODE, guest_stop, guest_stop_end);
	set_reg(&g, ARM64_CORE_REG(regs.pc), RAM_BASE + RAM_CODE);
	ret = __vcpu_run(g.vcpu) ? errno : 0;
	fact("vmm", "KVM_RUN without KVM_ARM_VCPU_PMU_V3_INIT", "%s",
	     ret ? strerrorname_np(ret) : "ok");
	free_guest(&g);
}

static void look_at_vmm(void)
{
	look_at_vmm_list();
	look_at_uninitialized_pmu();
}

/* ---------------------------------- Looks --------------------------------- */

static const struct look {
	const char	*class;		/* of the facts, or the first of them */
	void		(*look)(void);
} looks[] = {
	{ "guest", look_at_sysregs },
	{ "bits", look_at_effects },
	{ "insn", look_at_instructions },
	{ "guest32", look_at_aarch32 },
	{ "hvc", look_at_hvc },
	{ "smc", look_at_smc },
	{ "gic", look_at_gic },
	{ "cache", look_at_caches },
	{ "outside", look_at_outside },
	{ "irq", look_at_interrupts },
	{ "debug", look_at_debug },
	{ "power", look_at_power },
	{ "exception", look_at_exceptions },
	{ "vmm", look_at_vmm },
};

static const char * const classes[] = {
	"guest", "write", "bits", "effect", "insn", "guest32", "hvc", "smc", "hvc#1", "smc#1",
	"gic", "cache", "outside", "irq", "debug", "power", "exception", "vmm",
};

struct child {
	pid_t	pid;
	FILE	*facts;
};

/*
 * Each look is a process of its own: they run side by side, and what the
 * library gives up on ends only one.
 */
static struct child start_look(const struct look *l)
{
	struct child c = { .facts = fdopen(memfd_create(l->class, 0), "w+") };

	TEST_ASSERT(c.facts, "No memory for the facts");
	fflush(NULL);
	c.pid = fork();
	if (c.pid)
		return c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A guest that hangs is interrupted, and said to have been. */
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = alarm_handler }, NULL);
	alarm(LIMIT);
	facts_file = c.facts;
	l->look();
	fflush(facts_file);
	_exit(0);
}

static bool end_look(const struct look *l, struct child *c, struct facts *f)
{
	int status = -1;
	long len;

	waitpid(c->pid, &status, 0);
	len = lseek(fileno(c->facts), 0, SEEK_END);
	f->text = realloc(f->text, f->len + len + 1);
	TEST_ASSERT(f->text && pread(fileno(c->facts), f->text + f->len, len, 0) == len,
		    "The facts cannot be read");
	f->len += len;
	f->text[f->len] = 0;
	fclose(c->facts);
	if (status)
		fprintf(stderr, "guest_view: the look at \"%s\" failed, status %#x\n",
			l->class, status);
	return !status;
}

static bool wanted_look(const struct look *l)
{
	if (l->look == look_at_gic && !opts.gic)
		return false;
	/* What EL2 writes to its registers is what it runs on. */
	if (l->look == look_at_effects && opts.el2)
		return false;
	return !opts.only || is_listed(opts.only, l->class);
}

/*
 * KVM's complaints about each encoding that it does not know would take minutes
 * on a serial console, so its level is lowered. A process of its own puts that
 * back when nobody is left who has the pipe, however they ended. Without the
 * privilege the level stays.
 */
#define PRINTK	"/proc/sys/kernel/printk"

static int console_level(void)
{
	FILE *f = fopen(PRINTK, "r");
	int level = -1;

	if (f) {
		if (fscanf(f, "%d", &level) != 1)
			level = -1;
		fclose(f);
	}
	return level;
}

static bool set_console_level(int level)
{
	FILE *f = fopen(PRINTK, "w");

	if (!f)
		return false;
	fprintf(f, "%d\n", level);
	return !fclose(f);
}

struct quiet {
	pid_t	keeper;
	int	pipe;		/* its end of the writer */
};

static void keep_console_level(int fd, int level)
{
	char end;

	setsid();
	while (read(fd, &end, 1) < 0 && errno == EINTR)
		;
	set_console_level(level);
	_exit(0);
}

static struct quiet quiet_console(void)
{
	struct quiet q = { .pipe = -1 };
	int fds[2], level = console_level();

	if (level <= 1)
		return q;
	TEST_ASSERT(!pipe2(fds, O_CLOEXEC), "No pipe: %s", strerror(errno));
	fflush(NULL);
	q.keeper = fork();
	TEST_ASSERT(q.keeper >= 0, "No process: %s", strerror(errno));
	if (!q.keeper) {
		close(fds[1]);
		keep_console_level(fds[0], level);
	}
	close(fds[0]);
	q.pipe = fds[1];
	set_console_level(1);
	return q;
}

static void restore_console(struct quiet *q)
{
	if (q->pipe < 0)
		return;
	close(q->pipe);
	waitpid(q->keeper, NULL, 0);
}

/* Whether the whole of it was seen */
static bool look_at_all(struct facts *f)
{
	struct child c[ARRAY_SIZE(looks)];
	struct quiet quiet = quiet_console();
	bool ok = true;
	int i;

	*f = (struct facts){};
	for (i = 0; i < ARRAY_SIZE(looks); i++) {
		if (wanted_look(&looks[i]))
			c[i] = start_look(&looks[i]);
	}
	for (i = 0; i < ARRAY_SIZE(looks); i++) {
		if (wanted_look(&looks[i]))
			ok &= end_look(&looks[i], &c[i], f);
	}
	restore_console(&quiet);
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

/* kvm-compat in tools/kvm/guest-compat has all above as its library. */
#ifndef GUEST_VIEW_LIBRARY

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

/* Killed while the console is quiet */
static bool console_comes_back(int level)
{
	struct quiet quiet;
	pid_t pid = fork();
	int i;

	if (!pid) {
		quiet = quiet_console();
		kill(getpid(), quiet.pipe < 0 || console_level() == level ? SIGTERM : SIGKILL);
		pause();
	}
	waitpid(pid, &i, 0);
	if (!WIFSIGNALED(i) || WTERMSIG(i) != SIGKILL)
		return false;
	/* The process that puts it back is nobody's child by now. */
	for (i = 0; i < 100 && console_level() != level; i++)
		usleep(100000);
	return console_level() == level;
}

static void test_console(void)
{
	int level = console_level();

	if (level <= 1 || !set_console_level(level))
		ksft_test_result_skip("the console's level cannot be lowered\n");
	else
		ksft_test_result(console_comes_back(level),
				 "the console is as it was after the program was killed\n");
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
	ksft_set_plan(ARRAY_SIZE(classes) + 4);
	opts.gic = host_has_gic(3) ? 3 : host_has_gic(2) ? 2 : 0;

	test_console();
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
		"  -o  only guest (and write), bits (and effect), insn, guest32 (and all of AArch32),\n"
		"      hvc, smc, gic, cache, outside, irq, debug, power, exception, vmm\n");
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

#endif /* GUEST_VIEW_LIBRARY */
