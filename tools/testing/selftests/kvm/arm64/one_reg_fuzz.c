// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes random values to each listed register by KVM_SET_ONE_REG: in VMs with one or two
 * vCPUs, before and after they run, after a second KVM_ARM_VCPU_INIT, and at baselines
 * (if the kernel has KVM_CAP_GUEST_COMPAT).
 *
 * A write that KVM refuses must change nothing. The value of a write that succeeds must
 * read back, except for the bits in the table below. KVM must accept each value that it
 * shows. No other register changes, and a VM with a vCPU keeps its baseline.
 *
 * Each round has its own VM, and depends only on the seed and on its number. So -r
 * repeats a round.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "bare_vm.h"
#include "guest_asm.h"
#include "guest_compat.h"
#include "reg_names.h"

#define CALLS_PER_ROUND	250
#define MAX_REGS	1024
#define MAX_BYTES	256
#define MAX_BASELINES	64
#define MAX_SHOWN	32

#define RELEASE(release)	(KVM_GUEST_COMPAT_##release##_V1 >> 8)
#define SYSREG(name)	KVM_ARM64_SYS_REG(SYS_##name)

#define ID_FIRST	SYSREG(ID_PFR0_EL1)
#define ID_LAST		ARM64_SYS_REG(3, 0, 0, 7, 7)
#define AA32_FIRST	SYSREG(ID_PFR0_EL1)
#define AA32_LAST	ARM64_SYS_REG(3, 0, 0, 3, 7)
#define MMFR4		SYSREG(ID_MMFR4_EL1)
#define PFR0		SYSREG(ID_AA64PFR0_EL1)
#define PFR1		SYSREG(ID_AA64PFR1_EL1)
#define MMFR2		SYSREG(ID_AA64MMFR2_EL1)
#define ISAR2		SYSREG(ID_AA64ISAR2_EL1)
#define DFR0		SYSREG(ID_DFR0_EL1)
#define AA64DFR0	SYSREG(ID_AA64DFR0_EL1)
#define PMINTENSET	SYSREG(PMINTENSET_EL1)
#define PMINTENCLR	SYSREG(PMINTENCLR_EL1)
#define PMCR		SYSREG(PMCR_EL0)
#define PMCNTENSET	SYSREG(PMCNTENSET_EL0)
#define PMCNTENCLR	SYSREG(PMCNTENCLR_EL0)
#define PMOVSCLR	SYSREG(PMOVSCLR_EL0)
#define PMSWINC		SYSREG(PMSWINC_EL0)
#define PMOVSSET	SYSREG(PMOVSSET_EL0)
#define CNTP_CTL	KVM_REG_ARM_PTIMER_CTL
#define CNTV_CTL	KVM_REG_ARM_TIMER_CTL
#define PMEVCNTR0	SYSREG(PMEVCNTRn_EL0(0))
#define PMEVCNTR30	SYSREG(PMEVCNTRn_EL0(30))
#define X(n)		ARM64_CORE_REG(regs.regs[n])
#define PC		ARM64_CORE_REG(regs.pc)
#define PSTATE		ARM64_CORE_REG(regs.pstate)

#define COUNTERS	(~BIT_ULL(31))

/* Exceptions: bits of the registers @first to @last */
static struct exempt {
	enum {
		READS_ELSE,	/* after a write that succeeds, the bits can have any value */
		IGNORED,	/* they read as written, or keep their old value */
		ZERO_IGNORED,	/* if all are written as 0, they can keep their old value */
		TIME,		/* they change without a write */
		FROZEN_VALUE,	/* KVM refuses even the value that it shows */
	} kind;
	u64 first;
	u64 last;
	u64 mask;
	const char *why;
	u32 kept_until;		/* no exception at baselines up to this release */
	u32 kernel_until;	/* exception only on kernels up to this release */
	bool no_aarch32;	/* exception only on hosts without AArch32 */
	bool hidden;		/* exception only if KVM shows 0 to all VMs of this host */
} exempts[] = {
	{ TIME, KVM_REG_ARM_TIMER_CNT, KVM_REG_ARM_TIMER_CNT, ~0ULL, "counts" },
	{ TIME, KVM_REG_ARM_PTIMER_CNT, KVM_REG_ARM_PTIMER_CNT, ~0ULL, "counts" },
	{ TIME, CNTP_CTL, CNTP_CTL, BIT(2), "ISTATUS is computed" },
	{ TIME, CNTV_CTL, CNTV_CTL, BIT(2), "ISTATUS is computed" },
	{ READS_ELSE, CNTP_CTL, CNTP_CTL, GENMASK_ULL(63, 32), "RES0: not kept up to 6.17",
	  .kernel_until = RELEASE(6_17) },
	{ READS_ELSE, CNTV_CTL, CNTV_CTL, GENMASK_ULL(63, 32), "RES0: not kept up to 6.17",
	  .kernel_until = RELEASE(6_17) },
	{ READS_ELSE, PMINTENSET, PMINTENCLR, COUNTERS, "counters that do not exist" },
	{ READS_ELSE, PMCNTENSET, PMOVSCLR, COUNTERS, "counters that do not exist" },
	{ READS_ELSE, PMOVSSET, PMOVSSET, COUNTERS, "counters that do not exist" },
	{ READS_ELSE, PMSWINC, PMSWINC, ~0ULL, "write-only" },
	{ READS_ELSE, PMEVCNTR0, PMEVCNTR30, GENMASK_ULL(63, 32), "RES0 before FEAT_PMUv3p5" },
	{ READS_ELSE, PMCR, PMCR, GENMASK_ULL(63, 16), "IMP and IDCODE are KVM's; RES0" },
	{ READS_ELSE, PMCR, PMCR, GENMASK_ULL(15, 11), "N: more counters than there are" },
	{ READS_ELSE, PMCR, PMCR, BIT(1) | BIT(2) | GENMASK_ULL(10, 7), "P, C strobe; RES0" },
	{ READS_ELSE, AA64DFR0, AA64DFR0, GENMASK_ULL(11, 8), "PMUVer: IMPDEF is taken for none" },
	{ READS_ELSE, DFR0, DFR0, GENMASK_ULL(27, 24), "PerfMon: IMPDEF is taken for none" },
	{ READS_ELSE, X(0), X(30), GENMASK_ULL(63, 32), "AArch32 state has 32 bits" },
	{ READS_ELSE, PC, PC, GENMASK_ULL(63, 32), "AArch32 state has 32 bits" },
	{ IGNORED, PFR0, PFR0, GENMASK_ULL(43, 40), "MPAM: shown until 6.12.5, the host's is taken",
	  RELEASE(6_12) - 1 },
	{ IGNORED, PFR1, PFR1, GENMASK_ULL(19, 16), "MPAM_frac: as MPAM",
	  RELEASE(6_12) - 1 },
	{ IGNORED, MMFR2, MMFR2, GENMASK_ULL(27, 24), "NV: shown until 6.14, the host's is taken",
	  RELEASE(6_12) },
	{ IGNORED, MMFR2, MMFR2, GENMASK_ULL(23, 20), "CCIDX: shown until 6.2, as NV",
	  RELEASE(6_1) },
	{ IGNORED, MMFR4, MMFR4, GENMASK_ULL(27, 24), "CCIDX: shown until 6.2, as NV",
	  RELEASE(6_1) },
	{ IGNORED, ISAR2, ISAR2, GENMASK_ULL(3, 0), "WFxT: where CNTVOFF_EL2 is broken, as NV",
	  .hidden = true },
	{ IGNORED, AA32_FIRST, AA32_LAST, ~0ULL, "AArch32's: RAZ/WI", .no_aarch32 = true },
	{ READS_ELSE, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2,
	  BIT(0) | BIT(4), "UNKNOWN is NOT_AVAIL, AVAIL is NOT_REQUIRED" },
	{ ZERO_IGNORED, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1,
	  BIT(0) | BIT(1), "NOT_AVAIL selects nothing" },
	{ ZERO_IGNORED, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2,
	  BIT(1), "neither does UNKNOWN" },
	{ ZERO_IGNORED, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3,
	  BIT(0) | BIT(1), "as WORKAROUND_1" },
	{ FROZEN_VALUE, KVM_REG_ARM64_SVE_VLS, KVM_REG_ARM64_SVE_VLS, 0, "finalized" },
};

/* A write of @written can change the registers @first to @last. */
static const struct linked {
	u64 written;
	u64 first;
	u64 last;
	const char *why;
} links[] = {
	{ PMINTENSET, PMINTENCLR, PMINTENCLR, "the same bits" },
	{ PMINTENCLR, PMINTENSET, PMINTENSET, "the same bits" },
	{ PMCNTENSET, PMCNTENCLR, PMCNTENCLR, "the same bits" },
	{ PMCNTENCLR, PMCNTENSET, PMCNTENSET, "the same bits" },
	{ PMOVSSET, PMOVSCLR, PMOVSCLR, "the same bits" },
	{ PMOVSCLR, PMOVSSET, PMOVSSET, "the same bits" },
	{ PMCR, PMINTENSET, PMINTENCLR, "N counters" },
	{ PMCR, PMCNTENSET, PMOVSCLR, "N counters" },
	{ PMCR, PMOVSSET, PMOVSSET, "N counters" },
	{ AA64DFR0, PMEVCNTR0, PMEVCNTR30, "32 bits before FEAT_PMUv3p5" },
	{ PFR1, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2,
	  "SSBS is another way to have it" },
	{ PSTATE, X(0), X(30), "AArch32 state has 32 bits" },
	{ PSTATE, PC, PC, "AArch32 state has 32 bits" },
};

enum check {
	REFUSED_KEEPS,
	ACCEPTED_READS,
	SHOWN_WRITES,
	ALONE,
	OUTLIVES_INIT,
	SHARED,
	FROZEN,
	NR_CHECKS
};

static const char * const checks[NR_CHECKS] = {
	[REFUSED_KEEPS]		= "a refused write changes nothing",
	[ACCEPTED_READS]	= "an accepted write reads back",
	[SHOWN_WRITES]		= "what reads back can be written",
	[ALONE]			= "a write changes no other register",
	[OUTLIVES_INIT]		= "ID registers outlive KVM_ARM_VCPU_INIT",
	[SHARED]		= "vCPUs share the ID registers",
	[FROZEN]		= "a VM with a vCPU stays the release that it is",
};

static u64 nr_checked[NR_CHECKS], nr_failed[NR_CHECKS];

struct value {
	u8 bytes[MAX_BYTES];
};

struct regs {
	unsigned int nr;
	u64 id[MAX_REGS];
	struct value val[MAX_REGS];
};

/* The registers of a new VM of each baseline. choose() takes values from here. */
static struct baseline {
	u32 baseline;
	struct regs regs;
} baselines[MAX_BASELINES];
static unsigned int nr_baselines;

static u64 seed = 1, round_nr, calls_done, nr_accepted, nr_refused;
static u64 rnd_state;

static u64 rnd(void)
{
	u64 z = (rnd_state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static u64 below(u64 n)
{
	return rnd() % n;
}

static bool one_in(u64 n)
{
	return !below(n);
}

/* Registers */

static const char *name_of(u64 id)
{
	static char names[2][64];
	static int which;
	char *name = names[which = !which];

	reg_name(name, sizeof(names[0]), id);
	return name;
}

static bool is_id_reg(u64 id)
{
	return id >= ID_FIRST && id <= ID_LAST;
}

static int get_reg(struct kvm_vcpu *vcpu, u64 id, struct value *val)
{
	memset(val, 0, sizeof(*val));
	return compat_ret(__vcpu_get_reg(vcpu, id, val));
}

static int set_reg(struct kvm_vcpu *vcpu, u64 id, const struct value *val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)val };

	return compat_ret(__vcpu_ioctl(vcpu, KVM_SET_ONE_REG, &reg));
}

static u64 first_64(const struct value *val)
{
	u64 v;

	memcpy(&v, val, sizeof(v));
	return v;
}

static void set_first_64(struct value *val, u64 v)
{
	memcpy(val, &v, sizeof(v));
}

static bool same(const struct value *a, const struct value *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* The baseline of the current VM; 0: native */
static u32 current_baseline;
static bool has_aarch32;

/* The kernel's native release; 0: no KVM_CAP_GUEST_COMPAT */
static u32 native_release;

/* Returns the bits, of the first 64, that have an exception of this kind. */
static u64 exempt_bits(u64 id, int kind)
{
	u64 mask = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(exempts); i++) {
		const struct exempt *e = &exempts[i];

		if (current_baseline && compat_release(current_baseline) <= e->kept_until)
			continue;
		if (e->no_aarch32 && has_aarch32)
			continue;
		if (e->kernel_until && native_release > e->kernel_until)
			continue;
		if (e->kind == kind && id >= e->first && id <= e->last)
			mask |= e->mask;
	}

	return mask;
}

static bool is_frozen(u64 id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(exempts); i++)
		if (exempts[i].kind == FROZEN_VALUE && exempts[i].first == id)
			return true;

	return false;
}

static bool is_linked(u64 written, u64 id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(links); i++)
		if (links[i].written == written && id >= links[i].first && id <= links[i].last)
			return true;

	return written == id;
}

static bool same_but(const struct value *a, const struct value *b, u64 mask)
{
	struct value x = *a, y = *b;

	set_first_64(&x, first_64(a) & ~mask);
	set_first_64(&y, first_64(b) & ~mask);
	return same(&x, &y);
}

/* Compares a register that was not written. */
static bool unchanged(u64 id, const struct value *before, const struct value *after)
{
	return same_but(before, after, exempt_bits(id, TIME));
}

/* Clears what is beyond the vCPU's longest vector: the ids are for the architecture's. */
static void cut_to_vl(struct kvm_vcpu *vcpu, u64 id, struct value *val)
{
	bool z = (id & 0xffff) < KVM_REG_ARM64_SVE_PREG_BASE;
	struct value vls;
	size_t bytes = 0;

	if ((id & KVM_REG_ARM_COPROC_MASK) != KVM_REG_ARM64_SVE || id == KVM_REG_ARM64_SVE_VLS)
		return;
	get_reg(vcpu, KVM_REG_ARM64_SVE_VLS, &vls);
	for (unsigned int vq = 1; vq <= 512; vq++)
		if (vls.bytes[(vq - 1) / 8] & BIT((vq - 1) % 8))
			bytes = vq * 16 / (z ? 1 : 8);
	if (bytes < sizeof(val->bytes))
		memset(val->bytes + bytes, 0, sizeof(val->bytes) - bytes);
}

static bool as_written(struct kvm_vcpu *vcpu, u64 id, const struct value *before,
		       const struct value *val, const struct value *after)
{
	u64 ignored = exempt_bits(id, IGNORED), level = exempt_bits(id, ZERO_IGNORED);
	struct value want = *val;

	if (level && !(first_64(val) & level) && same(before, after))
		return true;

	cut_to_vl(vcpu, id, &want);
	/* Each of these bits must be as written, or keep its old value. */
	if ((first_64(after) ^ first_64(val)) & (first_64(after) ^ first_64(before)) & ignored)
		return false;

	return same_but(&want, after,
			exempt_bits(id, TIME) | exempt_bits(id, READS_ELSE) | ignored);
}

/* Each check prints a register only once, and at most MAX_SHOWN registers. */
static bool shown_before(enum check what, u64 id)
{
	static u64 shown[NR_CHECKS][MAX_SHOWN];
	unsigned int i;

	for (i = 0; i < MAX_SHOWN && shown[what][i]; i++)
		if (shown[what][i] == id)
			return true;
	if (i == MAX_SHOWN)
		return true;
	shown[what][i] = id;

	return false;
}

static void __printf(4, 5) expect(enum check what, bool ok, u64 id, const char *fmt, ...)
{
	va_list ap;

	nr_checked[what]++;
	if (ok)
		return;
	nr_failed[what]++;
	if (!shown_before(what, id)) {
		char buf[384];

		va_start(ap, fmt);
		vsnprintf(buf, sizeof(buf), fmt, ap);
		va_end(ap);
		ksft_print_msg("%s: call %lu, -s %#lx -r %lu: %s\n", checks[what],
			       calls_done, seed, round_nr, buf);
	}
}

/* A VM and what it is */

struct machine {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu[2];
	unsigned int nr_vcpus;
	int gic_fd;
	bool gic_ready;
	u32 baseline;
	char what[128];
	/* regs[n] are the registers of vCPU n. The values are current if valid[n] is set. */
	struct regs regs[2];
	bool valid[2];
	/* A register of vCPU n was written since all of them were read. */
	bool written[2];
};

static void *guest_memory;

static int cmp_id(const void *a, const void *b)
{
	u64 x = *(u64 *)a, y = *(u64 *)b;

	return x < y ? -1 : x > y;
}

/* Some kernels list timer registers twice, so this removes duplicates. */
static void list_regs(struct kvm_vcpu *vcpu, struct regs *regs)
{
	struct kvm_reg_list *list = vcpu_get_reg_list(vcpu);

	TEST_ASSERT(list->n <= MAX_REGS, "%lu registers are too many", (u64)list->n);
	qsort(list->reg, list->n, sizeof(u64), cmp_id);
	regs->nr = 0;
	for (u64 i = 0; i < list->n; i++)
		if (!i || list->reg[i] != list->reg[i - 1])
			regs->id[regs->nr++] = list->reg[i];
	free(list);
}

static void read_regs(struct kvm_vcpu *vcpu, struct regs *regs)
{
	list_regs(vcpu, regs);
	for (unsigned int i = 0; i < regs->nr; i++) {
		int ret = get_reg(vcpu, regs->id[i], &regs->val[i]);

		TEST_ASSERT(!ret, "%s is listed, and reads %d", name_of(regs->id[i]), ret);
	}
}

static struct regs *current_regs(struct machine *m, unsigned int v)
{
	if (!m->valid[v]) {
		read_regs(m->vcpu[v], &m->regs[v]);
		m->written[v] = false;
	}
	m->valid[v] = true;
	return &m->regs[v];
}

/* Returns the registers of an earlier read. List and values can be out of date. */
static struct regs *listed(struct machine *m, unsigned int v)
{
	return m->regs[v].nr ? &m->regs[v] : current_regs(m, v);
}

static void invalidate(struct machine *m)
{
	m->valid[0] = false;
	m->valid[1] = false;
}

static struct value *find(struct regs *regs, u64 id)
{
	u64 *p = bsearch(&id, regs->id, regs->nr, sizeof(u64), cmp_id);

	return p ? &regs->val[p - regs->id] : NULL;
}

static bool supported(unsigned int cap)
{
	return kvm_check_cap(cap) > 0;
}

static void init_features(struct kvm_vm *vm, struct kvm_vcpu_init *init)
{
	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, init);
	memset(init->features, 0, sizeof(init->features));
	if (!one_in(8))
		init->features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	if (supported(KVM_CAP_ARM_PMU_V3) && one_in(2))
		init->features[0] |= BIT(KVM_ARM_VCPU_PMU_V3);
	if (supported(KVM_CAP_ARM_SVE) && one_in(2))
		init->features[0] |= BIT(KVM_ARM_VCPU_SVE);
	if (supported(KVM_CAP_ARM_PTRAUTH_ADDRESS) && one_in(2))
		init->features[0] |= BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
				     BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC);
}

static void init_vcpu(struct kvm_vcpu *vcpu)
{
	int feature = KVM_ARM_VCPU_SVE;

	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &vcpu->init);
	/* EPERM after a second KVM_ARM_VCPU_INIT: the vCPU is still finalized. */
	if (vcpu->init.features[0] & BIT(KVM_ARM_VCPU_SVE))
		__vcpu_ioctl(vcpu, KVM_ARM_VCPU_FINALIZE, &feature);
}

static void new_gic(struct machine *m)
{
	u64 redists = REDIST_REGION_ATTR_ADDR(m->nr_vcpus, GICR_BASE_GPA, 0, 0);

	if (one_in(3))
		return;
	m->gic_fd = __vgic_create(m->vm, KVM_DEV_TYPE_ARM_VGIC_V3, 0, GICD_BASE_GPA, redists);
	if (m->gic_fd >= 0) {
		strcat(m->what, ", GICv3");
		return;
	}
	m->gic_fd = __vgic_create(m->vm, KVM_DEV_TYPE_ARM_VGIC_V2, 0, GICD_BASE_GPA,
				  GICC_BASE_GPA);
	if (m->gic_fd >= 0)
		strcat(m->what, ", GICv2");
}

static void init_gic(struct machine *m)
{
	if (m->gic_fd < 0 || m->gic_ready)
		return;
	__vgic_v3_init(m->gic_fd);
	m->gic_ready = true;
}

static struct machine *new_machine(u32 baseline, bool plain)
{
	static struct machine m;
	struct kvm_vcpu_init init;

	memset(&m, 0, sizeof(m));
	m.gic_fd = -1;
	m.baseline = baseline;
	current_baseline = baseline;
	m.vm = vm_create_barebones();
	if (kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		TEST_ASSERT(!compat_select(m.vm, baseline), "baseline %#x is refused", baseline);
	m.nr_vcpus = plain ? 1 : 1 + below(2);

	init_features(m.vm, &init);
	snprintf(m.what, sizeof(m.what), "baseline %#x, %u vCPUs, features %#x", baseline,
		 m.nr_vcpus, init.features[0]);
	for (unsigned int i = 0; i < m.nr_vcpus; i++) {
		m.vcpu[i] = __vm_vcpu_add(m.vm, i);
		m.vcpu[i]->init = init;
	}
	/* Create the GIC before the vCPUs are initialised, after that, or not at all. */
	if (!plain && one_in(2))
		new_gic(&m);
	for (unsigned int i = 0; i < m.nr_vcpus; i++)
		init_vcpu(m.vcpu[i]);
	if (!plain && m.gic_fd < 0)
		new_gic(&m);
	if (!one_in(4))
		init_gic(&m);
	vm_set_user_memory_region(m.vm, 0, 0, 0, getpagesize(), guest_memory);

	return &m;
}

static void free_machine(struct machine *m)
{
	if (m->gic_fd >= 0)
		close(m->gic_fd);
	kvm_vm_free(m->vm);
}

/* Values to write */

static bool is_firmware(u64 id)
{
	return (id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM_FW ||
	       (id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM_FW_FEAT_BMAP;
}

static struct value choose(u64 id, const struct value *cur)
{
	static const u64 edges[] = { 0, 1, ~0ULL, 1ULL << 63, ~0ULL >> 1, 0xffffffff,
				     0x1111111111111111, 0xf, 0x8000000000000000 };
	struct value val = *cur, *other;
	unsigned int nibble = below(16) * 4;

	/* Most firmware registers are levels or bitmaps with few values. */
	if (is_firmware(id) && one_in(4)) {
		set_first_64(&val, below(4));
		return val;
	}

	switch (below(12)) {
	case 0:
		break;
	case 1 ... 4:	/* one field */
		set_first_64(&val, (first_64(cur) & ~(0xfULL << nibble)) | below(16) << nibble);
		break;
	case 5:		/* a field, plus or minus one */
		set_first_64(&val, first_64(cur) + ((one_in(2) ? 1ULL : -1ULL) << nibble));
		break;
	case 6:
		set_first_64(&val, first_64(cur) ^ BIT_ULL(below(64)));
		break;
	case 7:
		set_first_64(&val, edges[below(ARRAY_SIZE(edges))]);
		break;
	case 8:
		memset(&val, one_in(2) ? 0xff : 0, sizeof(val));
		break;
	case 9:
		for (unsigned int i = 0; i < sizeof(val); i++)
			val.bytes[i] = rnd();
		break;
	default:	/* the value of a new VM of some baseline */
		other = find(&baselines[below(nr_baselines)].regs, id);
		if (other)
			val = *other;
	}
	memset(val.bytes + KVM_REG_SIZE(id), 0, sizeof(val) - KVM_REG_SIZE(id));

	return val;
}

/* Returns whether the register is the VM's: a write to one vCPU changes it in all. */
static bool is_shared(u64 id)
{
	static const u64 others[] = {
		SYSREG(MIDR_EL1), SYSREG(REVIDR_EL1), SYSREG(AIDR_EL1), SYSREG(CTR_EL0),
		PMCR,			/* for N */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i] == id)
			return true;

	return is_id_reg(id) || is_firmware(id);
}

/* Prefers ID and firmware registers: they have more rules, and are few. */
static u64 choose_reg(struct regs *regs)
{
	u64 id;

	if (one_in(16))
		return ARM64_SYS_REG(3, 0, 0, 1 + below(7), below(8));
	if (one_in(12)) {
		do {
			id = regs->id[below(regs->nr)];
		} while (!is_firmware(id));
		return id;
	}

	return regs->id[below(regs->nr)];
}

/* Calls and checks */

/*
 * Updates m->regs after a write that succeeded. If the write changed other registers,
 * the next compare() finds that, and names a later call.
 */
static void record_write(struct machine *m, unsigned int v, u64 id, const struct value *val)
{
	struct regs *regs = &m->regs[v];

	if (is_shared(id)) {
		invalidate(m);
		return;
	}
	if (!m->valid[v])
		return;
	m->written[v] = true;
	*find(regs, id) = *val;
	for (unsigned int i = 0; i < regs->nr; i++)
		if (is_linked(id, regs->id[i]))
			get_reg(m->vcpu[v], regs->id[i], &regs->val[i]);
}

/* All registers of the vCPU but @written, and those linked to it, must be as @before. */
static void compare(struct machine *m, unsigned int v, enum check what, struct regs *before,
		    u64 written, const char *call)
{
	static struct regs after;

	read_regs(m->vcpu[v], &after);
	/* The list depends on ID registers. */
	expect(what, is_id_reg(written) ||
	       (before->nr == after.nr && !memcmp(before->id, after.id, after.nr * sizeof(u64))),
	       written, "%s: the list of registers, %u and now %u (%s)", call, before->nr,
	       after.nr, m->what);

	for (unsigned int i = 0; i < before->nr; i++) {
		struct value *val = find(&after, before->id[i]);

		if (!val || is_linked(written, before->id[i]))
			continue;
		expect(what, unchanged(before->id[i], &before->val[i], val),
		       before->id[i], "%s: %s was %#lx, is %#lx (%s)", call, name_of(before->id[i]),
		       first_64(&before->val[i]), first_64(val), m->what);
	}
	m->regs[v] = after;
	m->valid[v] = true;
	m->written[v] = false;
}

static void one_write(struct machine *m, unsigned int v)
{
	struct kvm_vcpu *vcpu = m->vcpu[v];
	struct value before, val, after;
	static struct regs all;
	bool whole;
	char call[128];
	u64 id;
	int ret;

	id = choose_reg(listed(m, v));

	if (get_reg(vcpu, id, &before))
		return;
	val = choose(id, &before);
	/* A comparison reads hundreds of registers, and takes most of the time. */
	whole = one_in(is_id_reg(id) ? 4 : 16);
	if (whole)
		all = *current_regs(m, v);

	ret = set_reg(vcpu, id, &val);
	calls_done++;
	TEST_ASSERT(!get_reg(vcpu, id, &after), "%s can be read no more", name_of(id));
	snprintf(call, sizeof(call), "%s = %#lx, was %#lx: %d", name_of(id), first_64(&val),
		 first_64(&before), ret);

	if (ret) {
		nr_refused++;
		expect(REFUSED_KEEPS, unchanged(id, &before, &after), id,
		       "%s, and reads %#lx (%s)", call, first_64(&after), m->what);
		expect(SHOWN_WRITES, is_frozen(id) || !same(&val, &before), id, "%s (%s)", call,
		       m->what);
		if (whole)
			compare(m, v, m->written[v] ? ALONE : REFUSED_KEEPS, &all, 0, call);
		return;
	}

	nr_accepted++;
	expect(ACCEPTED_READS, as_written(vcpu, id, &before, &val, &after), id,
	       "%s, and reads %#lx (%s)", call, first_64(&after), m->what);
	record_write(m, v, id, &after);
	if (whole) {
		compare(m, v, ALONE, &all, id, call);
	} else if (one_in(4)) {
		ret = set_reg(vcpu, id, &after);
		expect(SHOWN_WRITES, !ret, id, "%s, and writing back what it reads, %#lx: %d (%s)",
		       call, first_64(&after), ret, m->what);
	}
}

/*
 * With immediate_exit, KVM only prepares the vCPU's first run. Without, the guest runs
 * with whatever state it has, until the timer interrupts it.
 */
static void run(struct machine *m, unsigned int v)
{
	struct itimerval soon = { .it_interval = { 0, 2000 }, .it_value = { 0, 2000 } };
	struct itimerval never = {};

	/* If a vCPU runs before the GIC is initialised, KVM ends the VM. */
	init_gic(m);
	m->vcpu[v]->run->immediate_exit = one_in(2);
	setitimer(ITIMER_REAL, &soon, NULL);
	__vcpu_run(m->vcpu[v]);
	setitimer(ITIMER_REAL, &never, NULL);
	m->vcpu[v]->run->immediate_exit = 0;
	invalidate(m);
}

static void init_again(struct machine *m, unsigned int v)
{
	static struct regs before;
	struct value val;

	before = *current_regs(m, v);
	init_vcpu(m->vcpu[v]);
	invalidate(m);
	for (unsigned int i = 0; i < before.nr; i++) {
		if (!is_id_reg(before.id[i]))
			continue;
		get_reg(m->vcpu[v], before.id[i], &val);
		expect(OUTLIVES_INIT, same(&before.val[i], &val), before.id[i],
		       "%s was %#lx, is %#lx (%s)",
		       name_of(before.id[i]), first_64(&before.val[i]), first_64(&val), m->what);
	}
}

static void compare_vcpus(struct machine *m)
{
	struct regs *a = current_regs(m, 0);
	struct value val;

	if (m->nr_vcpus < 2)
		return;
	for (unsigned int i = 0; i < a->nr; i++) {
		if (!is_id_reg(a->id[i]))
			continue;
		get_reg(m->vcpu[1], a->id[i], &val);
		expect(SHARED, same(&a->val[i], &val), a->id[i], "%s is %#lx and %#lx (%s)",
		       name_of(a->id[i]), first_64(&a->val[i]), first_64(&val), m->what);
	}
}

static void select_again(struct machine *m)
{
	static struct compat_vector before, after;
	u32 other = baselines[below(nr_baselines)].baseline;
	int ret;

	if (!m->baseline)
		return;
	compat_list(m->vm, &before);
	ret = compat_select(m->vm, other);
	compat_list(m->vm, &after);
	expect(FROZEN, other == m->baseline ? !ret : !ret || ret == -EBUSY, other,
	       "baseline %#x instead of %#x: %d", other, m->baseline, ret);
	expect(FROZEN, compat_same(&before, &after), other,
	       "baseline %#x instead of %#x changed the VM", other, m->baseline);
}

static void one_round(u64 calls)
{
	struct machine *m;
	u64 end = calls_done + calls, tries = 0;

	rnd_state = seed + (round_nr << 32);
	rnd();
	m = new_machine(baselines[below(nr_baselines)].baseline, false);
	while (calls_done < end && tries++ < 4 * calls) {
		unsigned int v = below(m->nr_vcpus);

		switch (below(128)) {
		case 0:
			run(m, v);
			break;
		case 1:
			init_again(m, v);
			break;
		case 2:
			compare_vcpus(m);
			break;
		case 3:
			select_again(m);
			break;
		default:
			one_write(m, v);
		}
	}
	free_machine(m);
}

/* Reads the registers of a new native VM, and of one of each baseline. */
static void learn_baselines(void)
{
	struct kvm_guest_compat_baseline *b;
	struct machine *m;

	baselines[nr_baselines++].baseline = COMPAT_NATIVE;
	if (kvm_check_cap(KVM_CAP_GUEST_COMPAT)) {
		native_release = compat_native_release();
		for (u32 i = 0; (b = compat_baseline(i)) && nr_baselines < MAX_BASELINES; i++)
			baselines[nr_baselines++].baseline = b->baseline;
	}
	for (unsigned int i = 0; i < nr_baselines; i++) {
		rnd_state = 0;
		m = new_machine(baselines[i].baseline, true);
		read_regs(m->vcpu[0], &baselines[i].regs);
		has_aarch32 = compat_has_aarch32(m->vcpu[0]);
		free_machine(m);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(exempts); i++) {
		struct exempt *e = &exempts[i];
		struct value *val = find(&baselines[nr_baselines - 1].regs, e->first);

		if (e->hidden && val && first_64(val) & e->mask)
			e->mask = 0;
	}
}

/* The signal itself interrupts KVM_RUN. */
static void do_nothing(int signal)
{
}

static void help(void)
{
	printf("usage: one_reg_fuzz [-n CALLS] [-s SEED] [-r ROUND]\n"
	       "  -n CALLS   how many writes (2000)\n"
	       "  -s SEED    for a run that is the same each time (1)\n"
	       "  -r ROUND   only this round\n");
	exit(KSFT_FAIL);
}

int main(int argc, char *argv[])
{
	struct sigaction act = { .sa_handler = do_nothing };
	u64 calls = 2000, shown = 0;
	s64 only = -1;
	int opt;

	while ((opt = getopt(argc, argv, "n:s:r:")) != -1) {
		switch (opt) {
		case 'n':
			calls = strtoull(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'r':
			only = strtoull(optarg, NULL, 0);
			break;
		default:
			help();
		}
	}

	ksft_print_header();
	ksft_set_plan(NR_CHECKS);
	ksft_print_msg("seed %#lx, %lu calls\n", seed, calls);
	test_disable_default_vgic();
	sigaction(SIGALRM, &act, NULL);
	guest_memory = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(guest_memory != MAP_FAILED, "no memory");
	for (u32 *insn = guest_memory; insn < (u32 *)(guest_memory + getpagesize()); )
		insn = emit_asm(insn, GUEST_ASM("b ."));
	learn_baselines();

	if (only >= 0) {
		round_nr = only;
		one_round(CALLS_PER_ROUND);
	} else {
		for (; calls_done < calls; round_nr++) {
			one_round(min_t(u64, CALLS_PER_ROUND, calls - calls_done));
			if (calls_done - shown >= 10000) {
				shown = calls_done;
				ksft_print_msg("%lu calls\n", calls_done);
			}
		}
	}

	ksft_print_msg("%lu calls in %lu rounds, %lu accepted, %lu refused\n", calls_done,
		       only >= 0 ? 1 : round_nr, nr_accepted, nr_refused);
	for (int i = 0; i < NR_CHECKS; i++) {
		if (!nr_checked[i]) {
			ksft_test_result_skip("%s: nothing to check\n", checks[i]);
			continue;
		}
		ksft_print_msg("%lu checks, %lu failed\n", nr_checked[i], nr_failed[i]);
		ksft_test_result(!nr_failed[i], "%s\n", checks[i]);
	}
	ksft_finished();
}
