// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_view - print what a guest, and its VMM, can see of the machine
 *
 * A guest that moves to another host kernel must see the same machine there. The
 * guests of this program read everything that KVM decides: system registers, hypercalls,
 * the vGIC, caches, exceptions that KVM injects. They also write each register that they
 * can, and read all others again. They make calls with senseless arguments, and access
 * addresses without memory. The program prints one line for each fact. Order and names
 * do not depend on the kernel, so that 'diff' compares two kernels. Of a value that
 * counts, it prints "runs".
 *
 * Without arguments the program is a test: two looks must give the same facts.
 *
 * The program supports hosts from 5.10 on, so it uses bare VMs. Guests store facts to
 * their memory, because an exit for each fact would take minutes on an emulated host.
 */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/arm-smccc.h>
#include <linux/psci.h>
#include <perf/arm_pmuv3.h>

#include "bare_vm.h"
#include "gic_v3.h"
#include "guest_compat.h"
#include "guest_view_code.h"
#include "guest_view_names.h"
#include "reg_names.h"

#define LOOK_SECONDS		200	/* time limit of one run of the guest */

/* The guest's memory. It runs with the MMU off: all addresses are physical. */
#define RAM_BASE		0x40000000UL
#define RAM_SIZE		SZ_4M
#define VECTORS_GPA		RAM_BASE
#define CODE_GPA		(RAM_BASE + 0x1000)
#define READ_ALL_GPA		(RAM_BASE + 0x180000)
#define TABLE_GPA		(RAM_BASE + 0x200000)
#define RESULTS_GPA		(RAM_BASE + 0x280000)

static struct {
	int		gic;		/* version of the vGIC, 2 or 3; 0: no vGIC */
	bool		native;		/* select the baseline of the kernel's own release */
	const char	*without;
	bool		mte;		/* 64-bit guests have memory tagging */
	bool		el2;		/* 64-bit guests have EL2, and start there */
	const char	*only;		/* classes of the looks to take; NULL: all */
} opts;

/* ---------------------------------- Facts --------------------------------- */

struct facts {
	char	*text;		/* "class<tab>name<tab>value" lines */
	size_t	len;
};

/* The file of this process. Each look is a process, and has its own file. */
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

/* Formats a name. The next call overwrites it. */
static __printf(1, 2) const char *fact_name(const char *fmt, ...)
{
	static char name[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	return name;
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

/* Returns whether @word is in the comma-separated @list. */
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

/* Selects native. Returns true if the VM had this vector before. */
static bool select_native(struct kvm_vm *vm)
{
	struct compat_vector before, after;

	compat_list(vm, &before);
	compat_make_native(vm);
	compat_list(vm, &after);
	return compat_same(&before, &after);
}

/* kvm-compat, which includes this file, sets this. It is called before a vCPU is created. */
static void (*vm_made)(struct kvm_vm *vm);

/* Creates a VM by the options, with a vCPU after reset, and without devices. */
static struct bare_vm make_vcpu(u32 ipa_bits, bool aarch32)
{
	struct bare_vm_desc d = bare_vm_default(opts.gic);
	struct bare_vm g;
	u32 features;

	d.its = opts.gic == 3 && !is_listed(opts.without, "its");
	d.ipa_bits = ipa_bits;
	d.ram_base = RAM_BASE;
	d.ram_size = RAM_SIZE;
	bare_vm_create(&g, &d);
	if (opts.native)
		select_native(g.vm);
	if (vm_made)
		vm_made(g.vm);
	features = vm_vcpu_features(g.vm, opts.without);
	if (aarch32) {
		/* Of these features, a 32-bit guest can only have a PMU. */
		features &= BIT(KVM_ARM_VCPU_PSCI_0_2) | BIT(KVM_ARM_VCPU_PMU_V3);
		features |= BIT(KVM_ARM_VCPU_EL1_32BIT);
	} else {
		if (opts.mte)
			vm_enable_cap(g.vm, KVM_CAP_ARM_MTE, 0);
		if (opts.el2)
			features |= BIT(KVM_ARM_VCPU_HAS_EL2);
	}
	bare_vm_init_vcpu(&g, 0, features);
	return g;
}

static struct bare_vm make_vm(u32 ipa_bits, bool aarch32)
{
	struct bare_vm g = make_vcpu(ipa_bits, aarch32);

	bare_vm_init_devices(&g);
	return g;
}

static void set_x(struct bare_vm *g, int n, u64 val)
{
	vcpu_set_reg(g->vcpu[0], ARM64_CORE_REG(regs.regs[n]), val);
}

static u64 get_x(struct bare_vm *g, int n)
{
	return vcpu_get_reg(g->vcpu[0], ARM64_CORE_REG(regs.regs[n]));
}

static u64 get_pc(struct bare_vm *g)
{
	return vcpu_get_reg(g->vcpu[0], ARM64_CORE_REG(regs.pc));
}

static void set_pc(struct bare_vm *g, u64 gpa)
{
	vcpu_set_reg(g->vcpu[0], ARM64_CORE_REG(regs.pc), gpa);
}

static u64 gpa_of(struct bare_vm *g, const u32 *insn)
{
	return RAM_BASE + ((u8 *)insn - g->ram);
}

static void put_code(struct bare_vm *g, u64 gpa, struct code_block code)
{
	emit_code(bare_vm_mem(g, gpa), code.start, code.end);
}

/* Like an operating system, enables FP, SVE and SME, so that they do not trap to EL1. */
static void prepare_el1(struct bare_vm *g)
{
	put_code(g, VECTORS_GPA, CODE_BLOCK(guest_skip_vectors));
	/* HCR_EL2.E2H is set, so the guest's EL2 accesses these by their names for EL1. */
	vcpu_set_reg(g->vcpu[0], KVM_ARM64_SYS_REG(opts.el2 ? SYS_VBAR_EL2 : SYS_VBAR_EL1),
		     VECTORS_GPA);
	vcpu_set_reg(g->vcpu[0], KVM_ARM64_SYS_REG(opts.el2 ? SYS_CPTR_EL2 : SYS_CPACR_EL1),
		     CPACR_EL1_FPEN | CPACR_EL1_ZEN | CPACR_EL1_SMEN);
}

static struct bare_vm make_guest(void)
{
	struct bare_vm g = make_vm(BARE_VM_IPA_BITS, false);

	prepare_el1(&g);
	return g;
}

static struct bare_vm make_guest_of(struct code_block code)
{
	struct bare_vm g = make_guest();

	put_code(&g, CODE_GPA, code);
	return g;
}

static struct bare_vm make_guest32(void)
{
	return make_vm(BARE_VM_IPA_BITS, true);
}

/* The signal interrupts a guest that takes too long. */
static void alarm_handler(int sig)
{
}

/* Returns 0, or the errno of KVM_RUN. */
static int try_run(struct bare_vm *g)
{
	return __vcpu_run(g->vcpu[0]) ? errno : 0;
}

static void end_at_stop(struct bare_vm *g, int err)
{
	struct kvm_run *run = g->vcpu[0]->run;

	TEST_ASSERT(!err && run->exit_reason == KVM_EXIT_MMIO && run->mmio.phys_addr == STOP_GPA,
		    "The guest stopped at %#lx: %s, exit %u (%s) for %#llx", get_pc(g),
		    strerror(err), run->exit_reason, exit_reason_str(run->exit_reason),
		    run->mmio.phys_addr);
	vcpu_finish_store(g->vcpu[0]);
}

/* Runs the guest from @gpa to its store to STOP_GPA. */
static void run_guest(struct bare_vm *g, u64 gpa)
{
	int err;

	set_pc(g, gpa);
	alarm(LOOK_SECONDS);
	/* Without a vGIC, KVM_RUN also returns EINTR if an interrupt's level changes. */
	do {
		err = try_run(g);
	} while (err == EINTR && !opts.gic && alarm(LOOK_SECONDS));
	end_at_stop(g, err);
}

/* As run_guest(), for code that stores results to the address in x20 */
static void run_for_results(struct bare_vm *g, u64 gpa)
{
	set_x(g, 20, RESULTS_GPA);
	run_guest(g, gpa);
}

/*
 * As run_guest(), and lists in @exits the exits before the last. Returns the errno of
 * KVM_RUN, such as ENOSYS if the syndrome does not describe the access.
 */
static int run_to_stop(struct bare_vm *g, u64 gpa, char *exits, size_t size)
{
	struct kvm_run *run = g->vcpu[0]->run;
	int err;

	*exits = 0;
	set_pc(g, gpa);
	while (!(err = try_run(g))) {
		if (run->exit_reason != KVM_EXIT_MMIO || run->mmio.phys_addr == STOP_GPA) {
			end_at_stop(g, 0);
			break;
		}
		snprintf(exits + strlen(exits), size - strlen(exits), "KVM_EXIT_MMIO %s %u %#llx, ",
			 run->mmio.is_write ? "write" : "read", run->mmio.len,
			 run->mmio.phys_addr);
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
	}
	return err;
}

/*
 * Runs the guest until it exits, is powered off, or is stuck: KVM lets it execute one
 * instruction for ever. It counts as stuck if six interruptions find it at the same
 * address, so that a slow guest on a busy machine does not. Returns 0 or an errno.
 */
static int run_or_stick(struct bare_vm *g)
{
	struct kvm_mp_state mp;
	u64 pc, last = 0;
	int err, same = 0;

	do {
		alarm(1);
		err = try_run(g);
		vcpu_ioctl(g->vcpu[0], KVM_GET_MP_STATE, &mp);
		pc = get_pc(g);
		same = pc == last ? same + 1 : 0;
		last = pc;
	} while (err == EINTR && mp.mp_state == KVM_MP_STATE_RUNNABLE && same < 5);
	alarm(LOOK_SECONDS);
	return err;
}

/* ---------------------------- System registers ---------------------------- */

#define NR_ENCODINGS	(2 * 8 * 16 * 16 * 8)	/* op0 2 and 3 */

struct reading {
	u64	val;
	u64	exception;	/* not 0: the read gave an exception, and val is ESR_EL1 */
};

/* Returns encoding number @n, in the order of op0, op1, CRn, CRm, op2. */
static u32 nth_sysreg(int n)
{
	return sys_reg(2 + (n >> 14), n >> 11 & 7, n >> 7 & 15, n >> 3 & 15, n & 7);
}

/* Placeholders in the code of guest_view_code.h: S2_0_C0_C0_0, and "sys #0, C0, C0, #0" */
#define PLACE_OF_SYSREG	0xd5100000
#define PLACE_OF_SYS	0xd5080000
#define IS_READ		BIT(21)
#define RT		GENMASK(4, 0)

/* Emits @code with @reg, a register or an instruction, in place of the placeholder. */
static u32 *emit_for(u32 *insn, struct code_block code, u32 reg)
{
	u32 *end = emit_code(insn, code.start, code.end);

	for (; insn < end; insn++) {
		u32 place = *insn & ~(IS_READ | RT);

		if (place == PLACE_OF_SYSREG || place == PLACE_OF_SYS)
			*insn |= reg;
	}
	return end;
}

#define EMIT(insn, name, reg)	emit_for(insn, CODE_BLOCK(name), reg)

/*
 * The values of these registers are not facts: the guest's own code sets them, or they
 * count. look_at_interrupts() tests writes of the timers' registers.
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
	{ SYS_RNDR_EL0, "random" },
	{ SYS_RNDRRS_EL0, "random" },
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

/* A write of these would end an interrupt that is not active. */
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
		fact(class, name, "ESR %#lx", r->val);
	else if (instead)
		fact(class, name, "%s", instead);
	else
		fact(class, name, "%#lx", r->val);
}

static void sysreg_fact(u32 reg, const struct reading *r)
{
	char name[64];

	/* Thousands of encodings have no register. Print those that are not UNDEF. */
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
 * When a guest accesses a debug register, KVM gives it the hardware's debug registers
 * until the vCPU is scheduled out, which is chance. So the guest accesses each of them
 * once more, as the first one after KVM_RUN.
 */
static bool is_debug_reg(u32 reg)
{
	return reg >> 19 == 2 && (reg >> 16 & 7) != 1;
}

static void access_debug_regs(struct bare_vm *g, u32 *insn, const struct reading *first, bool write)
{
	struct reading *r = bare_vm_mem(g, RESULTS_GPA);
	char name[64];
	u64 code;
	u32 reg;
	int i;

	for (i = 0; i < NR_ENCODINGS; i++) {
		reg = nth_sysreg(i);
		if (!is_debug_reg(reg) || (!sysreg_name(name, sizeof(name), reg) &&
					   is_undef(&first[i]) && is_undef(&r[i])))
			continue;
		code = gpa_of(g, insn);
		if (write) {
			r[i] = first[i].exception ? (struct reading){} : first[i];
			insn = EMIT(insn, guest_write_back, reg);
		} else {
			insn = EMIT(insn, guest_read, reg);
		}
		insn = EMIT(insn, guest_stop, 0);
		set_x(g, 20, RESULTS_GPA + i * sizeof(*r));
		run_guest(g, code);
	}
	TEST_ASSERT(gpa_of(g, insn) < TABLE_GPA, "Guest too long");
}

/* If @write is not set, emits code that only skips the result. */
static u32 *emit_write_back(u32 *insn, u32 reg, bool write)
{
	return write ? EMIT(insn, guest_write_back, reg) : EMIT(insn, guest_skip_reading, 0);
}

/*
 * The guest reads every encoding. Then it writes to each the value that it read, or 0 if
 * the read gave an exception.
 */
static void look_at_sysregs(void)
{
	struct bare_vm g = make_guest();
	struct reading *r = bare_vm_mem(&g, RESULTS_GPA);
	struct reading *first = malloc(NR_ENCODINGS * sizeof(*r));
	u32 *insn = bare_vm_mem(&g, CODE_GPA);
	u64 writes;
	int i;

	for (i = 0; i < NR_ENCODINGS; i++)
		insn = EMIT(insn, guest_read, nth_sysreg(i));
	insn = EMIT(insn, guest_stop, 0);
	writes = gpa_of(&g, insn);
	for (i = 0; i < NR_ENCODINGS; i++)
		insn = emit_write_back(insn, nth_sysreg(i), !never_written(nth_sysreg(i)));
	insn = EMIT(insn, guest_stop, 0);

	run_for_results(&g, CODE_GPA);
	access_debug_regs(&g, insn, r, false);
	memcpy(first, r, NR_ENCODINGS * sizeof(*r));
	for (i = 0; i < NR_ENCODINGS; i++) {
		sysreg_fact(nth_sysreg(i), &r[i]);
		if (r[i].exception)
			r[i] = (struct reading){};
	}

	run_for_results(&g, writes);
	access_debug_regs(&g, insn + SZ_64K / sizeof(*insn), first, true);
	for (i = 0; i < NR_ENCODINGS; i++)
		write_fact(nth_sysreg(i), &first[i], &r[i]);
	free(first);
	bare_vm_free(&g);
}

/* ------------------- Registers that depend on each other ------------------ */

/*
 * To each register that it can write, the guest writes ones, zeroes, and the first value
 * again. After each write it reads all registers. This shows which bits the register
 * keeps, and which other registers change. The VM is a new one, and its counters are off.
 */

static const u32 not_changed[] = {
	/* The guest needs its vectors. */
	SYS_VBAR_EL1,
	/* A write changes the compare value by the current counter. */
	SYS_CNTP_TVAL_EL0, SYS_CNTV_TVAL_EL0,
	/* The architecture allows only writes of values that were read. */
	SYS_ICC_AP0R0_EL1, SYS_ICC_AP0R1_EL1, SYS_ICC_AP0R2_EL1, SYS_ICC_AP0R3_EL1,
	SYS_ICC_AP1R0_EL1, SYS_ICC_AP1R1_EL1, SYS_ICC_AP1R2_EL1, SYS_ICC_AP1R3_EL1,
	/*
	 * With only Group 0 enabled, hosts from 6.19 on hang in the maintenance
	 * interrupt when QEMU emulates them.
	 */
	SYS_ICC_IGRPEN0_EL1,
};

/* MMU and caches must stay off, and the guest little endian. */
static u64 ones_for(u32 reg)
{
	if (reg != SYS_SCTLR_EL1)
		return ~0UL;
	return ~(SCTLR_ELx_M | SCTLR_ELx_C | SCTLR_ELx_I | SCTLR_ELx_EE | SCTLR_EL1_E0E);
}

/*
 * Returns whether chance decides if KVM or the CPU executes the access: see
 * is_debug_reg(). They differ in RES0 bits. KVM always traps registers of the OS locks.
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

/* If a write only changes some bits, prints the value and these bits. Otherwise, prints all. */
static void bits_fact(const char *class, const char *name, u64 at_first, u64 before,
		      u64 ones, u64 zeroes)
{
	u64 writable = ones ^ zeroes;

	if (at_first == before && ones == (before | writable) && zeroes == (before & ~writable))
		fact(class, name, "%#lx writable %#lx", at_first, writable);
	else
		fact(class, name, "%#lx then %#lx ones %#lx zeroes %#lx", at_first, before, ones,
		     zeroes);
}

/* The values written, in the order of guest_write_and_read_all */
static const char * const writes[] = { "ones", "zeroes", "back" };

#define NR_WRITES	ARRAY_SIZE(writes)

struct known_sysreg {
	u32		reg;
	char		name[64];
	struct reading	read, written;	/* results of find_sysregs() */
};

/* In a separate guest, reads and writes back each register with a name. */
static int find_sysregs(struct known_sysreg *s)
{
	struct bare_vm g = make_guest();
	struct reading *r = bare_vm_mem(&g, RESULTS_GPA);
	u32 *insn = bare_vm_mem(&g, CODE_GPA);
	int i, nr = 0;
	u64 writing;

	for (i = 0; i < NR_ENCODINGS; i++) {
		s[nr].reg = nth_sysreg(i);
		nr += sysreg_name(s[nr].name, sizeof(s[nr].name), s[nr].reg);
	}

	for (i = 0; i < nr; i++)
		insn = EMIT(insn, guest_read, s[i].reg);
	insn = EMIT(insn, guest_stop, 0);
	writing = gpa_of(&g, insn);
	for (i = 0; i < nr; i++)
		insn = emit_write_back(insn, s[i].reg, is_changed(s[i].reg));
	insn = EMIT(insn, guest_stop, 0);

	run_for_results(&g, CODE_GPA);
	for (i = 0; i < nr; i++) {
		s[i].read = r[i];
		if (r[i].exception)
			r[i] = (struct reading){};
	}
	run_for_results(&g, writing);
	for (i = 0; i < nr; i++)
		s[i].written = r[i];
	bare_vm_free(&g);
	return nr;
}

static bool is_reread(const struct known_sysreg *s)
{
	return !s->read.exception && !not_value(s->reg) && !is_chance(s->reg);
}

static void effect_facts(const struct known_sysreg *w, struct known_sysreg **read, int nr,
			 const struct reading *r)
{
	/* @r: all registers before the writes, then for each write its result and all registers */
	const struct reading *before = r, *after = r + nr + 1;
	const struct reading *ones = NULL, *zeroes = NULL;
	int i, j;

	for (i = 0; i < NR_WRITES; i++, after += nr + 1) {
		if (after[-1].exception)
			read_fact("effect", fact_name("%s %s", w->name, writes[i]), &after[-1],
				  NULL);
		for (j = 0; j < nr; j++) {
			if (read[j] == w && i == 0)
				ones = &after[j];
			else if (read[j] == w && i == 1)
				zeroes = &after[j];
			if (same_reading(&after[j], &before[j]) || (read[j] == w && i < 2))
				continue;
			read_fact("effect", fact_name("%s %s: %s", w->name, writes[i],
						      read[j]->name), &after[j], NULL);
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
	struct bare_vm g = make_guest();
	u32 *insn = bare_vm_mem(&g, CODE_GPA);
	u64 code;

	for (i = 0; i < nr; i++) {
		if (!is_reread(&s[i]))
			continue;
		insn = EMIT(insn, guest_read, s[i].reg);
		read[nr_read++] = &s[i];
	}
	insn = EMIT(insn, guest_return, 0);

	/* Disable all counters. */
	code = gpa_of(&g, insn);
	for (i = 0; i < ARRAY_SIZE(counters_off); i++)
		insn = EMIT(insn, guest_write, counters_off[i]);
	insn = EMIT(insn, guest_stop, 0);
	set_x(&g, 23, ~0UL);
	run_for_results(&g, code);

	for (i = 0; i < nr; i++) {
		if (s[i].written.exception || !is_changed(s[i].reg))
			continue;
		code = gpa_of(&g, insn);
		insn = EMIT(insn, guest_write_and_read_all, s[i].reg);
		set_x(&g, 19, CODE_GPA);
		set_x(&g, 23, ones_for(s[i].reg));
		set_x(&g, 24, 0);
		set_x(&g, 25, s[i].read.exception ? 0 : s[i].read.val);
		run_for_results(&g, code);
		effect_facts(&s[i], read, nr_read, bare_vm_mem(&g, RESULTS_GPA));
	}
	TEST_ASSERT(gpa_of(&g, insn) < TABLE_GPA, "Guest too long");
	free(s);
	bare_vm_free(&g);
}

/* ------------------------------ Instructions ------------------------------ */

/* System instructions. The argument is a page of the guest, or names set and way 0. */
static void look_at_instructions(void)
{
	struct bare_vm g = make_guest();
	struct reading *r = bare_vm_mem(&g, RESULTS_GPA);
	u32 *insn = bare_vm_mem(&g, CODE_GPA);
	char name[64];
	int i;

	for (i = 0; i < NR_INSTRUCTIONS; i++)
		insn = EMIT(insn, guest_instruction, nth_instruction(i));
	insn = EMIT(insn, guest_stop, 0);
	set_x(&g, 19, TABLE_GPA);
	run_for_results(&g, CODE_GPA);
	for (i = 0; i < NR_INSTRUCTIONS; i++) {
		if (instruction_name(name, sizeof(name), nth_instruction(i)) || !is_undef(&r[i]))
			read_fact("insn", name, &r[i], "done");
	}
	bare_vm_free(&g);
}

/* Data and instruction caches of seven levels, and two values that select no cache */
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
 * ID registers that AArch32 does not have. From 5.19 on, KVM emulates the read but does
 * not advance the PC, so that the guest reads the register for ever.
 */
static bool ends_never(int n)
{
	return n >= CP(15, 0, 0, 4, 0) && n < CP(15, 0, 1, 0, 0);
}

static u32 *emit_step_a32(u32 *insn, u32 op)
{
	*insn++ = a32_movw(1, 0);
	*insn++ = op;
	*insn++ = A32_STORE_READING;
	return insn;
}

static u32 *emit_read_a32(u32 *insn, u32 op)
{
	*insn++ = a32_movw(0, 0);
	return emit_step_a32(insn, op);
}

static u32 *emit_load_a32(u32 *insn, int reg, u32 val)
{
	*insn++ = a32_movw(reg, val & 0xffff);
	*insn++ = a32_movt(reg, val >> 16);
	return insn;
}

static u32 *emit_stop_a32(u32 *insn)
{
	insn = emit_load_a32(insn, 0, STOP_GPA);
	*insn++ = a32_str(0, 0);
	return insn;
}

/* As access_debug_regs() */
static void read_debug_regs32(struct bare_vm *g, u32 *insn)
{
	struct reading32 *r = bare_vm_mem(g, RESULTS_GPA);
	char name[64];
	u64 code;
	int i;

	for (i = 0; i < CP(15, 0, 0, 0, 0); i++) {
		if (!cp_name(name, sizeof(name), i) && r[i].exception)
			continue;
		code = gpa_of(g, insn);
		insn = emit_load_a32(insn, 2, RESULTS_GPA + i * sizeof(*r));
		insn = emit_read_a32(insn, a32_mrc(i, 0));
		insn = emit_stop_a32(insn);
		run_guest(g, code);
	}
}

#define A32_VECTORS	8
/* Exceptions from which the guest continues */
static const struct {
	u32	vector;		/* offset of the vector */
	u32	too_far;	/* LR minus the address of the next instruction */
} vectors32[] = {
	{ 0x04 },		/* undefined */
	{ 0x0c },		/* prefetch abort: see look_at_outside32() */
	{ 0x10, 4 },		/* data abort */
};

/*
 * Writes vectors that put the offset of the vector into r1. The guest then continues at
 * the next instruction, or after a prefetch abort at the address in r8. Returns the
 * address behind the start of the guest's code.
 *
 * Vectors return by a branch, not by "movs pc, lr": under QEMU, the guest does not get
 * the SPSR that KVM sets for an injected exception.
 */
static u32 *prepare_guest32(struct bare_vm *g)
{
	u32 *vectors = bare_vm_mem(g, VECTORS_GPA), *insn = vectors + A32_VECTORS;
	int i;

	for (i = 0; i < A32_VECTORS; i++)
		vectors[i] = a32_branch(0);
	for (i = 0; i < ARRAY_SIZE(vectors32); i++) {
		u32 *vector = vectors + vectors32[i].vector / 4;

		*vector = a32_branch(insn - vector);
		*insn++ = a32_movw(1, vectors32[i].vector);
		if (vectors32[i].vector == 0x0c)
			*insn++ = a32_mov(5, 8);
		else
			*insn++ = a32_sub_imm(5, 14, vectors32[i].too_far);
		*insn++ = A32_CPS_SVC;
		*insn++ = a32_go(5);
	}

	insn = bare_vm_mem(g, CODE_GPA);
	insn = emit_load_a32(insn, 0, VECTORS_GPA);
	*insn++ = a32_mcr(cp_reg("VBAR"), 0);
	return emit_load_a32(insn, 2, RESULTS_GPA);
}

/* As not_value() */
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

/* In a separate guest, reads one register of ends_never(). */
static void look_at_unending(void)
{
	struct bare_vm g = make_guest32();
	u32 *insn = bare_vm_mem(&g, CODE_GPA);
	char name[64];

	*insn++ = a32_mrc(CP(15, 0, 0, 4, 0), 0);
	insn = emit_load_a32(insn, 1, STOP_GPA);
	*insn++ = a32_str(1, 1);
	set_pc(&g, CODE_GPA);
	cp_name(name, sizeof(name), CP(15, 0, 0, 4, 0));
	if (run_or_stick(&g) && get_pc(&g) == CODE_GPA)
		fact("guest32", name, "the guest reads it for ever");
	else
		fact("guest32", name, "%#lx", get_x(&g, 0));
	bare_vm_free(&g);
}

static bool has_aarch32(void)
{
	struct bare_vm g;
	bool el0;

	if (!kvm_check_cap(KVM_CAP_ARM_EL1_32BIT))
		return false;
	g = make_guest();
	el0 = compat_has_aarch32(g.vcpu[0]);
	bare_vm_free(&g);
	return el0;
}

/* Numbers of registers: the 32-bit ones of both coprocessors, then the 64-bit ones */
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

/* The guest reads each encoding. */
static void look_at_registers32(void)
{
	struct bare_vm g = make_guest32();
	struct reading32 *r = bare_vm_mem(&g, RESULTS_GPA);
	u32 *insn = prepare_guest32(&g);
	char name[64];
	bool named;
	int i;

	for (i = 0; i < NR_CP; i++)
		insn = emit_read_a32(insn, read_insn32(i));
	insn = emit_stop_a32(insn);
	run_guest(&g, CODE_GPA);
	read_debug_regs32(&g, insn);
	for (i = 0; i < NR_CP; i++, r++) {
		if (ends_never(i))
			continue;
		named = cp_any_name(name, sizeof(name), i);
		if (named || !r->exception)
			read32_fact("guest32", name, r, is_wide(i), not_value32(name));
	}
	bare_vm_free(&g);
}

/* Bits of SCTLR that SCTLR_EL1 does not have, and the key of DBGOSLAR */
#define SCTLR_V		BIT(13)
#define SCTLR_TE	BIT(30)
#define OSLAR_KEY	0xc5acce55

/*
 * As look_at_effects(): to each register with a name, the guest writes ones, zeroes and
 * the first value, and reads all registers.
 */
static const struct {
	const char	*name;
	u32		ones;		/* 0: it is not written */
} ones32[] = {
	{ "SCTLR", (u32)~(SCTLR_ELx_M | SCTLR_ELx_C | SCTLR_ELx_I | SCTLR_ELx_EE |
			  SCTLR_V | SCTLR_TE) },
	{ "DBGOSLAR", OSLAR_KEY }, { "VBAR" }, { "CNTP_TVAL" }, { "CNTV_TVAL" }, { "ICC_IGRPEN0" },
};

static u32 ones_for32(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ones32); i++) {
		if (!strcmp(ones32[i].name, name))
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
	int i, j;

	for (i = 0; i < NR_WRITES; i++, after += nr + 1) {
		for (j = 0; j < nr; j++) {
			if (read[j].read.exception || not_value32(read[j].name) ||
			    same_reading32(&after[j], &before[j], is_wide(read[j].n)))
				continue;
			read32_fact("effect32", fact_name("%s %s: %s", w->name, writes[i],
							  read[j].name), &after[j],
				    is_wide(read[j].n), NULL);
		}
	}
}

/* Emits a write. The value goes to r0, its upper half to r3. */
static u32 *emit_write_a32(u32 *insn, int n, u32 val, u32 high)
{
	insn = emit_load_a32(insn, 0, val);
	insn = emit_load_a32(insn, 3, high);
	insn = emit_step_a32(insn, write_insn32(n));
	*insn++ = A32_ISB;
	return insn;
}

static u32 *emit_write_back_a32(u32 *insn, const struct known_cp *s)
{
	if (s->read.exception)
		return emit_write_a32(insn, s->n, 0, 0);
	return emit_write_a32(insn, s->n, s->read.val, s->read.high);
}

static int list_registers32(struct known_cp *s)
{
	int i, nr = 0;

	for (i = 0; i < NR_CP; i++) {
		if (!cp_any_name(s[nr].name, sizeof(s[nr].name), i) || ends_never(i))
			continue;
		/* As is_chance(), with DBGOSLAR, DBGOSLSR, DBGOSDLR and DBGPRCR as exceptions */
		if (i < CP(15, 0, 0, 0, 0) && (i & ~(7 << 3)) != CP(14, 0, 1, 0, 4))
			continue;
		s[nr].n = i;
		s[nr].ones = ones_for32(s[nr].name);
		nr++;
	}
	return nr;
}

/*
 * The guest reads all registers, then writes each one back. Leaves the address of the
 * code that reads all in r6, and returns the end of the guest's code.
 */
static u32 *read_and_write_all32(struct bare_vm *g, u32 *insn, struct known_cp *s, int nr)
{
	u32 *read_all = bare_vm_mem(g, READ_ALL_GPA);
	struct reading32 *r = bare_vm_mem(g, RESULTS_GPA);
	u64 code;
	int i;

	/* Disable all counters. */
	insn = emit_load_a32(insn, 0, ~0U);
	*insn++ = a32_mcr(cp_reg("PMCNTENCLR"), 0);
	*insn++ = a32_mcr(cp_reg("PMINTENCLR"), 0);
	*insn++ = a32_mcr(cp_reg("PMOVSR"), 0);
	insn = emit_load_a32(insn, 6, READ_ALL_GPA);
	*insn++ = a32_call(6);
	insn = emit_stop_a32(insn);
	for (i = 0; i < nr; i++)
		read_all = emit_read_a32(read_all, read_insn32(s[i].n));
	*read_all = A32_RETURN;
	run_guest(g, CODE_GPA);
	for (i = 0; i < nr; i++)
		s[i].read = r[i];

	code = gpa_of(g, insn);
	insn = emit_load_a32(insn, 2, RESULTS_GPA);
	for (i = 0; i < nr; i++) {
		if (s[i].ones)
			insn = emit_write_back_a32(insn, &s[i]);
		else
			insn = emit_step_a32(insn, A32_NOP);
	}
	insn = emit_stop_a32(insn);
	run_guest(g, code);
	for (i = 0; i < nr; i++)
		s[i].written = r[i];
	return insn;
}

static void look_at_effects32(void)
{
	struct known_cp *s = calloc(1024, sizeof(*s));
	struct bare_vm g = make_guest32();
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
		code = gpa_of(&g, insn);
		insn = emit_load_a32(insn, 2, RESULTS_GPA);
		*insn++ = a32_call(6);
		insn = emit_write_a32(insn, s[i].n, s[i].ones, s[i].ones);
		*insn++ = a32_call(6);
		insn = emit_write_a32(insn, s[i].n, 0, 0);
		*insn++ = a32_call(6);
		insn = emit_write_back_a32(insn, &s[i]);
		*insn++ = a32_call(6);
		insn = emit_stop_a32(insn);
		run_guest(&g, code);
		effect32_facts(&s[i], s, nr, bare_vm_mem(&g, RESULTS_GPA));
	}
	TEST_ASSERT(gpa_of(&g, insn) < READ_ALL_GPA, "Guest too long");
	free(s);
	bare_vm_free(&g);
}

static void look_at_caches32(void)
{
	struct bare_vm g = make_guest32();
	struct reading32 *r = bare_vm_mem(&g, RESULTS_GPA);
	u32 *insn = prepare_guest32(&g);
	int i;

	for (i = 0; i < NR_CSSELR; i++) {
		insn = emit_load_a32(insn, 0, i);
		*insn++ = a32_mcr(cp_reg("CSSELR"), 0);
		*insn++ = A32_ISB;
		insn = emit_read_a32(insn, a32_mrc(cp_reg("CSSELR"), 0));
		insn = emit_read_a32(insn, a32_mrc(cp_reg("CCSIDR"), 0));
	}
	insn = emit_stop_a32(insn);
	run_guest(&g, CODE_GPA);
	for (i = 0; i < NR_CSSELR; i++, r += 2)
		fact("cache32", fact_name("CSSELR=%d", i), "CSSELR %#x CCSIDR %#x", r[0].val,
		     r[1].val);
	bare_vm_free(&g);
}

/* Calls by HVC, with 32-bit registers */
static void look_at_calls32(void)
{
	struct bare_vm g = make_guest32();
	struct reading32 *r = bare_vm_mem(&g, RESULTS_GPA);
	u32 *insn = prepare_guest32(&g);
	int i, j;

	for (i = 0; i < ARRAY_SIZE(odd_calls); i++) {
		for (j = 0; j < 4; j++)
			insn = emit_load_a32(insn, j == 2 ? 9 : j, odd_calls[i].reg[j]);
		*insn++ = a32_mov(10, 2);
		*insn++ = a32_mov(2, 9);
		*insn++ = A32_HVC;
		*insn++ = a32_mov(2, 10);
		*insn++ = A32_STORE_READING;
	}
	insn = emit_stop_a32(insn);
	run_guest(&g, CODE_GPA);
	for (i = 0; i < ARRAY_SIZE(odd_calls); i++, r++) {
		if (odd_calls[i].varies && (int)r->val >= 0)
			fact("hvc32", odd_calls[i].name, "ok");
		else
			fact("hvc32", odd_calls[i].name, "%#x", r->val);
	}
	bare_vm_free(&g);
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
		{ "DCCIMVAC", a32_mcr(CP(15, 0, 7, 14, 1), 7) },
		{ "DCIMVAC", a32_mcr(CP(15, 0, 7, 6, 1), 7) },
		{ "ICIMVAU", a32_mcr(CP(15, 0, 7, 5, 1), 7) },
	};
	static const struct {
		const char	*name;
		u32		address;
	} places[] = {
		{ "before memory", RAM_BASE - 8 },
		{ "behind memory", RAM_BASE + RAM_SIZE },
		{ "the last 8 bytes", -8U },
	};
	struct bare_vm g = make_guest32();
	struct reading32 *r = bare_vm_mem(&g, RESULTS_GPA);
	u32 *insn = prepare_guest32(&g);
	const char *name;
	char exits[200];
	u64 code;
	int i, j, ret;

	insn = emit_stop_a32(insn);
	run_guest(&g, CODE_GPA);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (j = 0; j < ARRAY_SIZE(accesses32); j++) {
			code = gpa_of(&g, insn);
			insn = emit_load_a32(insn, 0, 0);
			insn = emit_load_a32(insn, 2, RESULTS_GPA);
			insn = emit_load_a32(insn, 7, places[i].address);
			insn = emit_load_a32(insn, 8, gpa_of(&g, insn) + 4 * 4);
			insn = emit_step_a32(insn, accesses32[j].insn);
			insn = emit_read_a32(insn, a32_mrc(cp_reg("DFSR"), 0));
			insn = emit_read_a32(insn, a32_mrc(cp_reg("IFSR"), 0));
			insn = emit_stop_a32(insn);
			name = fact_name("%s, %s", accesses32[j].name, places[i].name);
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
	bare_vm_free(&g);
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
	const char		*name;
	struct code_block	calls, sweep;
} conduits[] = {
	{ "hvc", CODE_BLOCK(guest_hvc), CODE_BLOCK(guest_sweep_hvc) },
	{ "smc", CODE_BLOCK(guest_smc), CODE_BLOCK(guest_sweep_smc) },
	/* An SMCCC call has the immediate 0. */
	{ "hvc#1", CODE_BLOCK(guest_hvc1) },
	{ "smc#1", CODE_BLOCK(guest_smc1) },
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
	/* An argument that comes back is no result. */
	if (c->reg[1] == arg)
		c->reg[1] = 0;
	if (c->exception)
		fact(class, name, "ESR %#lx", c->reg[0]);
	else if (varies && (long)c->reg[0] >= 0)
		fact(class, name, "ok");
	else if (c->reg[1] | c->reg[2] | c->reg[3])
		fact(class, name, "%#lx %#lx %#lx %#lx", c->reg[0], c->reg[1], c->reg[2],
		     c->reg[3]);
	else
		fact(class, name, "%#lx", c->reg[0]);
}

/* Calls each function with a name, and asks for it by PSCI_FEATURES and ARCH_FEATURES. */
static void call_named(const struct conduit *conduit)
{
	const struct function *f, *asks[] = {
		find_function(PSCI_1_0_FN_PSCI_FEATURES),
		find_function(ARM_SMCCC_ARCH_FEATURES_FUNC_ID),
	};
	struct bare_vm g = make_guest_of(conduit->calls);
	struct call *calls = bare_vm_mem(&g, TABLE_GPA), *c = calls;
	int i;

	for (f = functions; f < functions + ARRAY_SIZE(functions); f++) {
		if (!(f->flags & ONLY_ASKED))
			*c++ = (struct call){ { f->id, f->arg } };
		for (i = 0; i < ARRAY_SIZE(asks); i++)
			*c++ = (struct call){ { asks[i]->id, f->id } };
	}
	set_x(&g, 19, TABLE_GPA);
	set_x(&g, 20, TABLE_GPA + (c - calls) * sizeof(*c));
	run_guest(&g, CODE_GPA);

	c = calls;
	for (f = functions; f < functions + ARRAY_SIZE(functions); f++) {
		if (!(f->flags & ONLY_ASKED))
			call_fact(conduit->name, f->name, c++, f->arg, f->flags & VARIES);
		for (i = 0; i < ARRAY_SIZE(asks); i++)
			call_fact(conduit->name, fact_name("%s(%s)", asks[i]->name, f->name), c++,
				  f->id, false);
	}
	bare_vm_free(&g);
}

/* Adds the range to a sweep, without functions that have a name. */
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
 * Calls functions without a name: of each owner the first 256, and the last 256 of the
 * 32-bit ones, where the SMCCC (DEN0028) puts counts and ids. It reserves the owners 7
 * to 47, so 16 of each must do for these.
 */
static void call_unnamed(const struct conduit *conduit)
{
	struct bare_vm g = make_guest_of(conduit->sweep);
	u32 *range = bare_vm_mem(&g, TABLE_GPA);
	struct answer *f = bare_vm_mem(&g, RESULTS_GPA);
	u32 owner, bits, base, nr;

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
	set_x(&g, 19, TABLE_GPA);
	run_for_results(&g, CODE_GPA);

	for (; f->id; f++)
		fact(conduit->name, fact_name("%#lx", f->id), "%s%#lx", f->exception ? "ESR " : "",
		     f->ret);
	bare_vm_free(&g);
}

/* Calls with odd arguments. The fact has all registers that the SMCCC knows. */
static void look_at_odd_calls(void)
{
	struct bare_vm g = make_guest_of(CODE_BLOCK(guest_hvc_all));
	struct call_all *c = bare_vm_mem(&g, TABLE_GPA);
	char value[200];
	int i, j, len;
	u64 arg;

	for (i = 0; i < ARRAY_SIZE(odd_calls); i++) {
		for (j = 0; j < SMCCC_REGS; j++)
			c[i].reg[j] = j < 4 ? odd_calls[i].reg[j] : PRESERVED(j);
	}
	set_x(&g, 19, TABLE_GPA);
	set_x(&g, 20, TABLE_GPA + ARRAY_SIZE(odd_calls) * sizeof(*c));
	run_guest(&g, CODE_GPA);
	for (i = 0; i < ARRAY_SIZE(odd_calls); i++, c++) {
		bool varies = odd_calls[i].varies && (long)c->reg[0] >= 0;

		len = snprintf(value, sizeof(value), "%s%#lx", c->exception ? "ESR " : "",
			       varies ? 0 : c->reg[0]);
		for (j = 1; j < SMCCC_REGS; j++) {
			arg = j < 4 ? odd_calls[i].reg[j] : PRESERVED(j);
			/* Skip results that vary, also 0: half of a counter can be 0. */
			if (c->reg[j] == arg || (j < 4 && (varies || !c->reg[j])))
				continue;
			len += snprintf(value + len, sizeof(value) - len, " x%d %#lx", j,
					c->reg[j]);
		}
		fact("hvc", odd_calls[i].name, "%s", value);
	}
	bare_vm_free(&g);
}

/* Calls that end or stop the machine. The fact is the exit that the VMM gets. */
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
	struct kvm_mp_state mp;
	struct bare_vm g;
	struct call *c;
	char end[100];
	int i, err;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		g = make_guest_of(CODE_BLOCK(guest_hvc));
		c = bare_vm_mem(&g, TABLE_GPA);
		memcpy(c->reg, calls[i].reg, sizeof(calls[i].reg));
		set_x(&g, 19, TABLE_GPA);
		set_x(&g, 20, TABLE_GPA + sizeof(*c));
		set_pc(&g, CODE_GPA);
		err = run_or_stick(&g);
		vcpu_ioctl(g.vcpu[0], KVM_GET_MP_STATE, &mp);
		if (err)
			snprintf(end, sizeof(end), "KVM_RUN %s", strerrorname_np(err));
		else if (g.vcpu[0]->run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
			snprintf(end, sizeof(end), "KVM_EXIT_SYSTEM_EVENT %u: %u, %#llx",
				 g.vcpu[0]->run->system_event.type,
				 g.vcpu[0]->run->system_event.ndata,
				 g.vcpu[0]->run->system_event.data[0]);
		else
			snprintf(end, sizeof(end), "returns %#lx", c->reg[0]);
		fact("power", calls[i].name, "%s, x0 %#lx, MP_STATE %u", end, get_x(&g, 0),
		     mp.mp_state);
		bare_vm_free(&g);
	}
}

static void look_at_calls(const struct conduit *conduit)
{
	call_named(conduit);
	if (conduit->sweep.start)
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

static const struct gic_frame {
	enum gic_frame_id	id;
	u32			versions;
	u64			base;
	u32			len;
	const char		*name;
} gic_frames[] = {
	{ GICD, V2, GICD_BASE_GPA, SZ_4K, "GICD" },
	{ GICD, V3, GICD_BASE_GPA, SZ_64K, "GICD" },
	{ GICR, V3, GICR_BASE_GPA, SZ_64K, "GICR" },
	{ GICR_SGI, V3, GICR_BASE_GPA + SZ_64K, SZ_64K, "GICR_SGI" },
	{ GICC, V2, GICC_BASE_GPA, SZ_8K, "GICC" },
	/* The second frame is left out: its only register sends an interrupt. */
	{ GITS, V3, GITS_BASE_GPA, SZ_64K, "GITS" },
};

static bool has_frame(struct bare_vm *g, const struct gic_frame *f)
{
	return f->versions & BIT(opts.gic) && (f->id != GITS || g->its_fd >= 0);
}

static const struct gic_reg *find_gic_reg(const struct gic_frame *f, u32 off)
{
	const struct gic_reg *r;

	for (r = gic_regs; r < gic_regs + ARRAY_SIZE(gic_regs); r++) {
		if (r->frame == f->id && r->flags & f->versions && off >= r->off &&
		    off < r->off + max(r->len, 4u))
			return r;
	}
	return NULL;
}

/* Only registers are written. Writes to the reserved rest of a frame would take ten seconds. */
static bool is_written(const struct gic_reg *r)
{
	return r && !(r->flags & NO_WRITE);
}

static void gic_fact(const struct gic_frame *f, u32 off, const struct gic_word *w)
{
	const struct gic_reg *r = find_gic_reg(f, off);
	const char *name, *half = off & 4 ? "[63:32]" : "[31:0]";

	/* Leave out numbered and unnamed words that are 0 and cannot be written. */
	if ((!r || r->len) && !(w->at_first | w->before | w->ones | w->zeroes))
		return;
	if (!r)
		name = fact_name("%s+%#x", f->name, off);
	else if (!r->len)
		name = r->name;
	else if (r->len == 8)
		name = fact_name("%s%s", r->name, half);
	else if (r->off == GICD_IROUTER || r->frame == GITS)
		name = fact_name("%s%u%s", r->name, (off - r->off) / 8, half);
	else
		name = fact_name("%s%u", r->name, (off - r->off) / 4);

	if (is_written(r))
		bits_fact("gic", name, w->at_first, w->before, w->ones, w->zeroes);
	else
		fact("gic", name, "%#x", w->at_first);
}

/* Makes the table of a part of a frame: all words to read, or those to write. */
static void make_ranges(struct gic_range *range, const struct gic_frame *f, u32 from, u32 to,
			bool write)
{
	u64 end = 0;
	u32 off;

	for (off = from; off < to; off += 4) {
		if (write && !is_written(find_gic_reg(f, off)))
			continue;
		if (f->base + off != end)
			*range++ = (struct gic_range){ f->base + off, 0, write };
		range[-1].len += 4;
		end = f->base + off + 4;
	}
	*range = (struct gic_range){};
}

/* Runs the guest for each 4 KiB: on a kernel with KASAN, emulated, this takes a minute. */
static void look_at_frame(struct bare_vm *g, const struct gic_frame *f, u32 *at_first, bool write)
{
	u32 from, to, off;

	for (from = 0; from < f->len; from = to) {
		struct gic_word *w = bare_vm_mem(g, RESULTS_GPA);

		to = min_t(u32, f->len, from + SZ_4K);
		/* The guest stores nothing about writes to a word that stays 0. */
		memset(w, 0, (to - from) / 4 * sizeof(*w));
		make_ranges(bare_vm_mem(g, TABLE_GPA), f, from, to, write);
		set_x(g, 19, TABLE_GPA);
		run_for_results(g, CODE_GPA);
		for (off = from; off < to; off += 4) {
			struct gic_word word = {};

			if (!write) {
				at_first[off / 4] = w++->at_first;
				continue;
			}
			if (is_written(find_gic_reg(f, off)))
				word = *w++;
			word.at_first = at_first[off / 4];
			gic_fact(f, off, &word);
		}
	}
}

/* The guest reads all words before it writes any. */
static void look_at_gic(void)
{
	static u32 at_first[ARRAY_SIZE(gic_frames)][SZ_64K / 4];
	struct bare_vm g = make_guest_of(CODE_BLOCK(guest_gic));
	int i, write;

	for (write = 0; write < 2; write++) {
		for (i = 0; i < ARRAY_SIZE(gic_frames); i++) {
			if (has_frame(&g, &gic_frames[i]))
				look_at_frame(&g, &gic_frames[i], at_first[i], write);
		}
	}
	bare_vm_free(&g);
}

/* --------------------------------- Caches --------------------------------- */

static void look_at_caches(void)
{
	struct bare_vm g = make_guest_of(CODE_BLOCK(guest_caches));
	struct cache *c = bare_vm_mem(&g, RESULTS_GPA);
	int i;

	run_for_results(&g, CODE_GPA);
	for (i = 0; i < NR_CSSELR; i++, c++)
		fact("cache", fact_name("CSSELR_EL1=%d", i),
		     "CSSELR_EL1 %#lx CCSIDR_EL1 %#lx CCSIDR2_EL1 %s%#lx", c->csselr, c->ccsidr,
		     c->exception ? "ESR " : "", c->ccsidr2);
	bare_vm_free(&g);
}

/* ----------------------------- Outside of memory -------------------------- */

static const struct access {
	const char		*name;
	struct code_block	code;
} accesses[] = {
	{ "load", CODE_BLOCK(guest_load) },
	{ "load of a byte", CODE_BLOCK(guest_load_byte) },
	{ "load of a pair", CODE_BLOCK(guest_load_pair) },
	{ "load exclusive", CODE_BLOCK(guest_load_exclusive) },
	{ "store", CODE_BLOCK(guest_store) },
	{ "store of a pair", CODE_BLOCK(guest_store_pair) },
	{ "prefetch", CODE_BLOCK(guest_prefetch) },
	{ "fetch", CODE_BLOCK(guest_fetch) },
	{ "DC IVAC", CODE_BLOCK(guest_dc_ivac) },
	{ "DC CVAC", CODE_BLOCK(guest_dc_cvac) },
	{ "DC CIVAC", CODE_BLOCK(guest_dc_civac) },
	{ "DC ZVA", CODE_BLOCK(guest_dc_zva) },
	{ "IC IVAU", CODE_BLOCK(guest_ic_ivau) },
};

/* Every host can have such a VM. Some of the addresses are beyond it, but not beyond the host. */
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

static void outside_facts(struct bare_vm *g, const char *access, const char *place, int err,
			  const char *exits)
{
	const char *name = fact_name("%s, %s", access, place);

	if (err)
		fact("outside", name, "KVM_RUN %s", strerrorname_np(err));
	else
		fact("outside", name, "%s%s", exits, get_x(g, 21) ? "exception" : "done");
	if (err || !get_x(g, 21))
		return;

	fact("outside", fact_name("%s, %s: ESR_EL1", access, place), "%#lx", get_x(g, 0));
	fact("outside", fact_name("%s, %s: FAR_EL1", access, place), "%#lx", get_x(g, 18));
}

static void look_at_outside(void)
{
	struct bare_vm g = make_vm(OUTSIDE_IPA_BITS, false);
	char exits[200];
	int i, j, err;

	prepare_el1(&g);
	put_code(&g, VECTORS_GPA, CODE_BLOCK(guest_resume_vectors));
	for (i = 0; i < ARRAY_SIZE(accesses); i++) {
		/* Each access has its own address: the guest does not flush changed code. */
		u64 code = CODE_GPA + i * SZ_4K;

		put_code(&g, code, accesses[i].code);
		for (j = 0; j < ARRAY_SIZE(outside); j++) {
			set_x(&g, 19, outside[j].address);
			set_x(&g, 21, 0);
			err = run_to_stop(&g, code, exits, sizeof(exits));
			outside_facts(&g, accesses[i].name, outside[j].name, err, exits);
		}
	}
	bare_vm_free(&g);
}

/* ------------------------------- Interrupts ------------------------------- */

#define VTIMER_PPI	27
#define PTIMER_PPI	30

/* Returns whether the interrupt of the vCPU's device is pending. */
static bool is_pending(struct bare_vm *g, int ppi, u64 device)
{
	if (!opts.gic)
		return g->vcpu[0]->run->s.regs.device_irq_level & device;

	/* This needs a separate KVM_RUN, because KVM updates a timer's interrupt when it starts. */
	put_code(g, READ_ALL_GPA, CODE_BLOCK(guest_read_pending));
	set_x(g, 19, opts.gic == 3 ? GICR_BASE_GPA + SZ_64K + GICR_ISPENDR0 :
				     GICD_BASE_GPA + GICD_ISPENDR);
	run_guest(g, READ_ALL_GPA);
	return get_x(g, 0) & BIT(ppi);
}

static const struct timer {
	const char		*name;
	struct code_block	code;
	int			ppi;
	u64			device;
	u64			values[4];
} timers[] = {
	{ "CNTV_CVAL_EL0", CODE_BLOCK(guest_cntv_cval), VTIMER_PPI, KVM_ARM_DEV_EL1_VTIMER,
	  { 0, 1, BIT(63), ~0UL } },
	{ "CNTV_TVAL_EL0", CODE_BLOCK(guest_cntv_tval), VTIMER_PPI, KVM_ARM_DEV_EL1_VTIMER,
	  { 0, 0x7fffffff, 0xffffffff, BIT(32) } },
	{ "CNTP_CVAL_EL0", CODE_BLOCK(guest_cntp_cval), PTIMER_PPI, KVM_ARM_DEV_EL1_PTIMER,
	  { 0, 1, BIT(63), ~0UL } },
	{ "CNTP_TVAL_EL0", CODE_BLOCK(guest_cntp_tval), PTIMER_PPI, KVM_ARM_DEV_EL1_PTIMER,
	  { 0, 0x7fffffff, 0xffffffff, BIT(32) } },
};

/*
 * Tries each combination of enabled and masked. A timer of 0x7fffffff, two seconds at
 * 1 GHz, must not expire, so try again if the machine was slower.
 */
static void look_at_timer(const struct timer *t)
{
	struct bare_vm g = make_guest_of(t->code);
	bool pending;
	time_t begin;
	int i, ctl;
	u64 read;

	for (i = 0; i < ARRAY_SIZE(t->values); i++) {
		for (ctl = 0; ctl < 4; ctl++) {
			do {
				begin = time(NULL);
				set_x(&g, 1, t->values[i]);
				set_x(&g, 2, ctl);
				run_guest(&g, CODE_GPA);
				read = get_x(&g, 0);
				pending = is_pending(&g, t->ppi, t->device);
			} while (time(NULL) > begin + 1);
			fact("irq", fact_name("%s %#lx, CTL %d", t->name, t->values[i], ctl),
			     "CTL %#lx, interrupt %s", read, pending ? "pending" : "-");
		}
	}
	bare_vm_free(&g);
}

/* Tries each combination of enabled, interrupt enabled and overflowed. */
static void look_at_pmu_line(void)
{
	struct bare_vm g = make_guest_of(CODE_BLOCK(guest_pmu_line));
	const char *name;
	int bits;

	for (bits = 0; bits < 32; bits++) {
		u64 counter = bits & BIT(4) ? BIT(31) : BIT(0);

		set_x(&g, 1, bits & BIT(0) ? ARMV8_PMU_PMCR_E : 0);
		set_x(&g, 2, bits & BIT(1) ? counter : 0);
		set_x(&g, 3, bits & BIT(2) ? counter : 0);
		set_x(&g, 4, bits & BIT(3) ? counter : 0);
		run_guest(&g, CODE_GPA);
		name = fact_name("PMCR.E %d, of %#lx PMCNTENSET %d PMINTENSET %d PMOVSSET %d",
				 bits & 1, counter, bits >> 1 & 1, bits >> 2 & 1, bits >> 3 & 1);
		fact("irq", name, "interrupt %s",
		     is_pending(&g, DEFAULT_PMU_PPI, KVM_ARM_DEV_PMU) ? "pending" : "-");
	}
	bare_vm_free(&g);
}

/* PMSWINC_EL0 alone increments these counters. */
static void look_at_pmu_increments(void)
{
	enum {
		SW_INCR	= ARMV8_PMUV3_PERFCTR_SW_INCR,
		CHAIN	= ARMV8_PMUV3_PERFCTR_CHAIN,
	};
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
	struct bare_vm g = make_guest_of(CODE_BLOCK(guest_pmu_increment));
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set_x(&g, 1, cases[i].pmcr);
		set_x(&g, 2, cases[i].typer[0]);
		set_x(&g, 3, cases[i].typer[1]);
		set_x(&g, 4, cases[i].cntr[0]);
		set_x(&g, 5, cases[i].cntr[1]);
		set_x(&g, 6, cases[i].enabled);
		run_guest(&g, CODE_GPA);
		fact("pmu", fact_name("PMSWINC_EL0, %s", cases[i].name),
		     "PMEVCNTR0_EL0 %#lx PMEVCNTR1_EL0 %#lx PMOVSSET_EL0 %#lx", get_x(&g, 7),
		     get_x(&g, 8), get_x(&g, 9));
	}

	put_code(&g, READ_ALL_GPA, CODE_BLOCK(guest_pmu_reset));
	for (i = 0; i < ARRAY_SIZE(resets); i++) {
		set_x(&g, 1, resets[i]);
		run_guest(&g, READ_ALL_GPA);
		fact("pmu", fact_name("PMCR_EL0 %#lx", resets[i]),
		     "PMEVCNTR0_EL0 %#lx PMCCNTR_EL0 %#lx PMCR_EL0 %#lx", get_x(&g, 7),
		     get_x(&g, 8), get_x(&g, 9));
	}
	bare_vm_free(&g);
}

static void sgi_facts(const char *reg, struct code_block code)
{
	struct bare_vm g = make_guest_of(code);
	int group;

	for (group = 0; group < 2; group++) {
		set_x(&g, 1, group);
		set_x(&g, 19, GICR_BASE_GPA + SZ_64K);
		run_guest(&g, CODE_GPA);
		fact("irq", fact_name("%s, SGI 0 of group %d", reg, group), "GICR_ISPENDR0 %#lx",
		     get_x(&g, 0));
	}
	bare_vm_free(&g);
}

static bool wants_pmu(void)
{
	return !is_listed(opts.without, "pmu") && kvm_check_cap(KVM_CAP_ARM_PMU_V3);
}

static void look_at_interrupts(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(timers); i++)
		look_at_timer(&timers[i]);
	if (opts.gic == 3) {
		sgi_facts("ICC_SGI0R_EL1", CODE_BLOCK(guest_sgi0r));
		sgi_facts("ICC_SGI1R_EL1", CODE_BLOCK(guest_sgi1r));
		sgi_facts("ICC_ASGI1R_EL1", CODE_BLOCK(guest_asgi1r));
	}
	if (wants_pmu()) {
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
	struct bare_vm g = make_guest_of(CODE_BLOCK(guest_debug));
	struct reading *r = bare_vm_mem(&g, RESULTS_GPA);
	const char *name;
	int i, lock;

	put_code(&g, VECTORS_GPA, CODE_BLOCK(guest_resume_vectors));
	for (lock = 0; lock < 2; lock++) {
		set_x(&g, 1, lock);
		run_for_results(&g, CODE_GPA);
		for (i = 0; i < ARRAY_SIZE(debug_exceptions); i++) {
			name = fact_name("OSLAR_EL1 %d: %s", lock, debug_exceptions[i]);
			if (r[i].exception)
				fact("debug", name, "ESR %#lx", r[i].val);
			else
				fact("debug", name, "none");
		}
	}
	bare_vm_free(&g);
}

/* ------------------------------- Exceptions ------------------------------- */

#define PSR_MASKED	(PSR_MODE_EL1h | PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT)
#define PSR_UNMASKED	(PSR_MASKED & ~PSR_A_BIT)
#define SERROR_ESR	0x1234

#define CASE(name, code, pstate, ...)	\
	{ name, CODE_BLOCK(code), pstate, { .exception = { __VA_ARGS__ } } }

static const struct exception {
	const char		*name;
	struct code_block	code;
	u64			pstate;
	struct kvm_vcpu_events	events;
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

#undef CASE

#define exception_fact(x, what, fmt, ...)					\
	fact("exception", fact_name("%s: %s", (x)->name, what), fmt, ##__VA_ARGS__)

/* The state that a VMM would save now */
static void saved_facts(const struct exception *x, const char *when, struct bare_vm *g)
{
	struct kvm_vcpu_events e = {};

	vcpu_events_get(g->vcpu[0], &e);
	fact("exception", fact_name("%s: %s, KVM_GET_VCPU_EVENTS", x->name, when),
	     "serror_pending %u serror_has_esr %u serror_esr %#llx ext_dabt_pending %u",
	     e.exception.serror_pending, e.exception.serror_has_esr, e.exception.serror_esr,
	     e.exception.ext_dabt_pending);
	fact("exception", fact_name("%s: %s, PC", x->name, when), "%#lx", get_pc(g) - RAM_BASE);
	fact("exception", fact_name("%s: %s, PSTATE", x->name, when), "%#lx",
	     vcpu_get_reg(g->vcpu[0], ARM64_CORE_REG(regs.pstate)));
}

/* Maps two gigabytes one to one: the one below the RAM, and the one of the RAM. */
static void make_tables(struct bare_vm *g)
{
	u64 *table = bare_vm_mem(g, TABLE_GPA);

	table[0] = PTE_AF | PTE_ATTRINDX(1) | PTE_VALID;
	table[1] = RAM_BASE | PTE_AF | PTE_SHARED | PTE_VALID;
	set_x(g, 19, TABLE_GPA);
}

/* Prints the registers that guest_record_vectors has set. */
static void guest_facts(const struct exception *x, struct bare_vm *g)
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
			       recorded[i].reg == 12 ? val - RAM_BASE : val);
	}
}

/*
 * Returns whether the guest sleeps in WFI. If so, an interruption finds the PC behind
 * the WFI. Otherwise the guest has not reached it, and continues.
 */
static bool sleeps(struct bare_vm *g)
{
	int err;

	do {
		alarm(1);
		err = try_run(g);
	} while (err && get_pc(g) != CODE_GPA + WFI_END);
	alarm(LOOK_SECONDS);
	if (!err)
		end_at_stop(g, 0);
	return err;
}

static void look_at_exception(const struct exception *x)
{
	struct bare_vm g = make_guest_of(x->code);
	struct kvm_vcpu_events e = x->events;
	int ret;

	put_code(&g, VECTORS_GPA, CODE_BLOCK(guest_record_vectors));
	make_tables(&g);
	set_pc(&g, CODE_GPA);
	vcpu_set_reg(g.vcpu[0], ARM64_CORE_REG(regs.pstate), x->pstate);
	ret = __vcpu_ioctl(g.vcpu[0], KVM_SET_VCPU_EVENTS, &e);
	exception_fact(x, "KVM_SET_VCPU_EVENTS", "%s", ret ? strerrorname_np(errno) : "ok");
	saved_facts(x, "set", &g);

	if (x->code.start == guest_wfi) {
		exception_fact(x, "WFI", "%s", sleeps(&g) ? "sleeps" : "wakes");
	} else if (!run_or_stick(&g)) {
		end_at_stop(&g, 0);
		guest_facts(x, &g);
	} else {
		/* 7.3 does this on Cortex-A57 (erratum 834220), if a table walk aborts. */
		exception_fact(x, "vector", "never, the guest goes on at one place");
	}
	saved_facts(x, "taken", &g);
	bare_vm_free(&g);
}

static void look_at_exceptions(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(exceptions); i++)
		look_at_exception(&exceptions[i]);
}

/* ----------------------------------- VMM ---------------------------------- */

static void vmm_fact(struct bare_vm *g, u64 id)
{
	char name[64], val[520] = "", *c = val;
	struct kvm_one_reg one = { .id = id };
	int i, len = KVM_REG_SIZE(id);
	u8 buf[256] = {};

	one.addr = (u64)buf;
	reg_name(name, sizeof(name), id);
	if (__vcpu_ioctl(g->vcpu[0], KVM_GET_ONE_REG, &one)) {
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

/* The register list, and each register's value at reset */
static void look_at_vmm_list(void)
{
	struct bare_vm g = make_vm(BARE_VM_IPA_BITS, false);
	struct kvm_reg_list *list = vcpu_get_reg_list(g.vcpu[0]);
	u64 i;

	for (i = 0; i < list->n; i++)
		vmm_fact(&g, list->reg[i]);
	free(list);
	bare_vm_free(&g);
}

/* The VMM sets KVM_ARM_VCPU_PMU_V3, but never KVM_ARM_VCPU_PMU_V3_INIT. */
static void look_at_uninitialized_pmu(void)
{
	struct bare_vm g;
	int err;

	if (!wants_pmu())
		return;
	g = make_vcpu(BARE_VM_IPA_BITS, false);
	err = opts.gic ? __bare_vm_create_gic(&g) : 0;
	TEST_ASSERT(!err, "Cannot make the vGIC: %s", strerror(err));
	prepare_el1(&g);
	put_code(&g, CODE_GPA, CODE_BLOCK(guest_stop));
	set_pc(&g, CODE_GPA);
	err = try_run(&g);
	fact("vmm", "KVM_RUN without KVM_ARM_VCPU_PMU_V3_INIT", "%s",
	     err ? strerrorname_np(err) : "ok");
	bare_vm_free(&g);
}

static void look_at_vmm(void)
{
	look_at_vmm_list();
	look_at_uninitialized_pmu();
}

/* ---------------------------------- Looks --------------------------------- */

static const struct look {
	const char	*class;		/* class of the look's facts, or the first of several */
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
 * Each look is a process. They run in parallel, and an assertion of the library ends only
 * one of them.
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
	/* The alarm interrupts a guest that hangs, and the look reports that. */
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = alarm_handler }, NULL);
	alarm(LOOK_SECONDS);
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
	/* EL2 runs on the registers that this look would change. */
	if (l->look == look_at_effects && opts.el2)
		return false;
	return !opts.only || is_listed(opts.only, l->class);
}

/*
 * KVM logs each encoding that it does not know, which would take minutes on a serial
 * console. So lower the console's log level. A keeper process restores it when the last
 * process with the pipe has ended, for whatever reason. Without the privilege, the level
 * stays.
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
	int	pipe;		/* the writing end */
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

/* Returns false if a look failed. */
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

static bool host_has_gic(int version)
{
	return kvm_supports_vgic(version == 3 ? KVM_DEV_TYPE_ARM_VGIC_V3 :
						KVM_DEV_TYPE_ARM_VGIC_V2);
}

static int newest_gic(void)
{
	return host_has_gic(3) ? 3 : host_has_gic(2) ? 2 : 0;
}

/* kvm-compat in tools/kvm/guest-compat includes this file for the code above. */
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

/* Prints the first lines that differ, and frees both. */
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

/* Returns whether the level comes back if the process is killed while the console is quiet. */
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
	/* The keeper is no child of this process, so poll. */
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

/* Otherwise, facts would differ also because of the host default. */
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
	if (bare_vm_unsupported())
		ksft_exit_skip("%s\n", bare_vm_unsupported());
	ksft_set_plan(ARRAY_SIZE(classes) + 4);
	opts.gic = newest_gic();

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
	copy = (struct facts){ strdup(first.text), first.len };
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

static int not_offered(const char *what)
{
	fprintf(stderr, "guest_view: the host does not offer %s\n", what);
	return KSFT_SKIP;
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
	if (bare_vm_unsupported()) {
		fprintf(stderr, "guest_view: %s\n", bare_vm_unsupported());
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
		opts.gic = newest_gic();
	if (opts.gic && !host_has_gic(opts.gic))
		return not_offered("this vGIC");
	if (opts.mte && !kvm_check_cap(KVM_CAP_ARM_MTE))
		return not_offered("memory tagging");
	if (opts.el2 && !kvm_check_cap(KVM_CAP_ARM_EL2))
		return not_offered("EL2");

	ok = look_at_all(&f);
	print_facts(&f, machine);
	return ok ? KSFT_PASS : KSFT_FAIL;
}

#endif /* GUEST_VIEW_LIBRARY */
