// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmm_sequences - make the KVM calls of real VMMs, at every baseline
 *
 * A VMM that does not know of baselines must work at each baseline as it does on
 * the kernel of that release: boot, save, and restore into a new VM. This test has
 * the calls of five VMMs for vCPUs, timers and the GIC, as tables of steps. A step
 * fails the test if its error is fatal to the VMM. The tables leave out calls that
 * are the same on all architectures (irqfds, routing, dirty logging). Where a VMM
 * may read registers in any order, the table has the order in which it writes them.
 *
 * The tables follow these sources:
 *
 *  - Firecracker 81b38b9dad60 (1.17.0-dev)
 *  - cloud-hypervisor ae44c2971c83 (v53.0 and 246 commits)
 *  - kvm-ioctls 0.24, the library by which these two call KVM
 *  - crosvm f1e797a68dad
 *  - QEMU: target/arm/kvm.c of 03380dd993de (before 10.1), the rest of 10.0.13
 *  - kvmtool b48735e5d562, and arm64/kvm-cpu.c of e7b0bde8aadc
 *
 * Each sequence runs natively, on each kernel from 5.10 on. A failure there means
 * that the table is wrong. It then runs at every baseline, selected by the host
 * default and by KVM_ENABLE_CAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <asm/hwcap.h>
#include <linux/arm-smccc.h>
#include <linux/sizes.h>

#include "gic_v3.h"
#include "guest_compat.h"
#include "processor.h"
#include "vmm_guest_code.h"

#define PARAMETER	"/sys/module/kvm/parameters/guest_compat"

#define NR_VCPUS	2
#define MAX_REGS	1024
#define MAX_GIC		98304
#define RAM_BASE	0x80000000ULL
#define RAM_SIZE	SZ_1M
#define PVTIME_IPA	(RAM_BASE + SZ_64K)
#define GICD_BASE	0x3fff0000ULL
#define GICR_BASE	(GICD_BASE - NR_VCPUS * 2 * SZ_64K)
#define GITS_BASE	(GICR_BASE - 2 * SZ_64K)
#define GICC_BASE	(GICD_BASE - SZ_64K)
#define PMU_IRQ		23

#define FEATURE_PMU	BIT(KVM_ARM_VCPU_PMU_V3)
#define FEATURE_SVE	BIT(KVM_ARM_VCPU_SVE)
#define FEATURE_PAUTH	(BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) | BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC))
#define SVE_AND_PAUTH	(FEATURE_SVE | FEATURE_PAUTH)
#define ALL_FEATURES	(FEATURE_PMU | SVE_AND_PAUTH)

/* Classes of registers that a VMM reads or writes in different steps */
#define CORE		BIT(0)	/* X0 to SPSR_EL1 */
#define FPSIMD		BIT(1)
#define SVE		BIT(2)
#define VLS		BIT(3)
#define FIRMWARE	BIT(4)	/* PSCI_VERSION, ARCH_WORKAROUND_* */
#define BITMAP		BIT(5)
#define CCSIDR		BIT(6)
#define COUNTER		BIT(7)
#define SYSREG		BIT(8)	/* and timers */
#define CPREG		(FIRMWARE | BITMAP | CCSIDR | SYSREG)
#define ALL_REGS	(CORE | FPSIMD | SVE | VLS | COUNTER | CPREG)

/* get_regs()'s flags; the bits below are the VMM's number of entries for KVM_GET_REG_LIST */
#define RETRY		BIT(16)	/* after E2BIG, call again with the number that KVM returned */
#define SORT		BIT(17)	/* by id */

/* Conditions: a step may need some of them */
#define V2		BIT(0)
#define V3		BIT(1)
#define ITS		BIT(2)
#define FIRST		BIT(3)	/* the vCPU is the first, which boots the guest */
#define WITH_SVE	BIT(4)
#define WITH_PMU	BIT(5)
#define SINCE_6_4	BIT(6)	/* the VMM uses features of KVM that came in 6.4 */
#define V1N1		BIT(7)	/* Firecracker's CPU template of this name */

struct vcpu_state {
	struct kvm_vcpu_init init;
	struct reg { u64 id; u8 val[256]; } regs[MAX_REGS];
	u32 nr_regs;
	struct kvm_mp_state mp_state;
	struct kvm_vcpu_events events;
};

static struct state {
	struct vcpu_state vcpu[NR_VCPUS];
	struct gic_val { u32 group; u64 attr, val; } gic[MAX_GIC];
	u32 nr_gic, gic_next;
} states[3], *saved;

struct vmm {
	const char *name;
	u32 gic;		/* KVM_DEV_TYPE_* */
	u32 nr_irqs;
	u32 features;		/* set in KVM_ARM_VCPU_INIT if the host has them */
	u32 needs;		/* skip this row if the host lacks one of these features */
	u32 is;			/* conditions that hold for this row */
	const struct step *boot, *save;
	const struct step *again;	/* restore into the VM that was saved, or NULL */
	const struct step *restore;
};

struct vm {
	const struct vmm *vmm;
	struct state *state;		/* reads go here */
	struct state *from;		/* writes come from here */
	int fd, gic, its;
	u32 cpu;			/* the vCPU of the current step */
	struct {
		int fd;
		struct kvm_run *run;
		struct kvm_vcpu_init init;
		u64 mpidr;
	} vcpu[NR_VCPUS];
	void *ram;
	bool saving;			/* gic_regs() reads; otherwise it writes */
	u32 forwarded;			/* number of KVM_EXIT_HYPERCALL */
	bool seen;			/* @view is valid: compare the guest's values with it */
	u64 view[NR_VCPUS][ARRAY_SIZE(views)];
};

struct step {
	const char *name;
	int (*call)(struct vm *vm, const struct step *s);
	u64 arg, val;
	const void *list;
	u32 when;		/* skip the step unless all these conditions hold */
	bool each;		/* do the step for each vCPU */
	bool tolerated;		/* go on if the step fails */
};

static enum { NATIVE, HOST_DEFAULT, ENABLE_CAP, NR_WAYS } way;
static const char * const ways[] = {
	"natively", "by the host default", "by KVM_ENABLE_CAP",
};

static struct kvm_guest_compat_baseline baselines[64], *baseline;
static u32 nr_baselines;

/* The host, while its default is native */
static struct {
	u32 features;
	bool gic_v2, gic_v3;
	bool v6_4;		/* PTIMER_*, KVM_ARM_SET_COUNTER_OFFSET, SMCCC filters */
	bool v1n1;		/* ID registers are writable (6.7), and the CPU fits the template */
} host;

static int kvm_fd;
static u32 qemu_target;
static u64 qemu_vls[KVM_ARM64_SVE_VLS_WORDS];

/* Added to the message of a step that fails */
static char detail[96];
#define say(...) snprintf(detail, sizeof(detail), __VA_ARGS__)

/* --------------------------------- Steps ---------------------------------- */

static int kvm_call(int fd, unsigned long nr, const void *arg)
{
	int ret = ioctl(fd, nr, arg);

	return ret < 0 ? -errno : ret;
}

static int vcpu_call(struct vm *vm, unsigned long nr, const void *arg)
{
	return kvm_call(vm->vcpu[vm->cpu].fd, nr, arg);
}

static int attr_call(int fd, unsigned long nr, u32 group, u64 attr, void *addr)
{
	struct kvm_device_attr da = { .group = group, .attr = attr, .addr = (u64)addr };
	int ret = kvm_call(fd, nr, &da);

	if (ret)
		say("group %u, attribute 0x%lx", group, (long)attr);
	return ret;
}

static int one_reg(struct vm *vm, unsigned long nr, u64 id, void *val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)val };
	int ret = vcpu_call(vm, nr, &reg);

	if (ret && nr == KVM_SET_ONE_REG)
		say("setting register 0x%lx to 0x%lx", (long)id, *(long *)val);
	else if (ret)
		say("getting register 0x%lx", (long)id);
	return ret;
}

static int check_cap(int fd, long cap)
{
	return kvm_call(fd, KVM_CHECK_EXTENSION, (void *)cap);
}

/* Returns the conditions that hold for the VM and its current vCPU. */
static u32 conditions(struct vm *vm)
{
	u32 features = vm->vcpu[vm->cpu].init.features[0], is = vm->vmm->is;

	is |= vm->vmm->gic == KVM_DEV_TYPE_ARM_VGIC_V3 ? V3 : V2;
	if (!vm->cpu)
		is |= FIRST;
	if (features & FEATURE_SVE)
		is |= WITH_SVE;
	if (features & FEATURE_PMU)
		is |= WITH_PMU;
	return is;
}

static int required_caps(struct vm *vm, const struct step *s)
{
	const int *cap;

	for (cap = s->list; *cap >= 0; cap++) {
		say("capability %d", *cap);
		if (check_cap(kvm_fd, *cap) <= 0)
			return -ENOTSUP;
	}
	return 0;
}

/*
 * @arg: size of the IPA space in bits; 0: the VMM uses the host's limit. At baselines,
 * the test uses at most 40 bits instead. Baselines do not change the limit, and since
 * 6.18 KVM needs a second to destroy a VM of 48 bits on an emulated host.
 */
static int create_vm(struct vm *vm, const struct step *s)
{
	int bits = check_cap(kvm_fd, KVM_CAP_ARM_VM_IPA_SIZE);
	struct kvm_enable_cap cap = { .cap = KVM_CAP_GUEST_COMPAT };

	if (s->arg)
		bits = s->arg;
	else if (baseline && bits > 40)
		bits = 40;
	vm->fd = kvm_call(kvm_fd, KVM_CREATE_VM, (void *)(u64)max(bits, 0));
	if (vm->fd >= 0 && way == ENABLE_CAP) {
		cap.args[0] = baseline->baseline;
		return kvm_call(vm->fd, KVM_ENABLE_CAP, &cap);
	}
	return vm->fd;
}

static int add_memory(struct vm *vm, const struct step *s)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = RAM_BASE, .memory_size = RAM_SIZE,
	};

	vm->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(vm->ram != MAP_FAILED, "mmap() failed, errno %d", errno);
	memcpy(vm->ram, guest_code, guest_code_end - guest_code);
	region.userspace_addr = (u64)vm->ram;
	return kvm_call(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static int create_vcpu(struct vm *vm, const struct step *s)
{
	int fd = kvm_call(vm->fd, KVM_CREATE_VCPU, (void *)(u64)vm->cpu);
	void *run = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	vm->vcpu[vm->cpu].fd = fd;
	vm->vcpu[vm->cpu].run = run;
	return fd < 0 ? fd : run == MAP_FAILED ? -errno : 0;
}

static u32 features_of(int fd)
{
	u32 features = 0;

	if (check_cap(fd, KVM_CAP_ARM_PMU_V3) > 0)
		features |= FEATURE_PMU;
	if (check_cap(fd, KVM_CAP_ARM_SVE) > 0)
		features |= FEATURE_SVE;
	if (check_cap(fd, KVM_CAP_ARM_PTRAUTH_ADDRESS) > 0 &&
	    check_cap(fd, KVM_CAP_ARM_PTRAUTH_GENERIC) > 0)
		features |= FEATURE_PAUTH;
	return features;
}

/* init_vcpu()'s @arg: the source of the target and the features */
enum {
	PREFERRED,	/* KVM_ARM_PREFERRED_TARGET, and the VMM's row */
	SCRATCH,	/* QEMU's scratch VM, and the VMM's row */
	SAVED,		/* the saved vCPU */
	AGAIN,		/* this vCPU's last KVM_ARM_VCPU_INIT */
};

static int init_vcpu(struct vm *vm, const struct step *s)
{
	struct kvm_vcpu_init *init = &vm->vcpu[vm->cpu].init;
	int ret = 0;

	if (s->arg == SAVED) {
		*init = vm->from->vcpu[vm->cpu].init;
		init->features[0] &= ~BIT(KVM_ARM_VCPU_POWER_OFF);
	} else if (s->arg != AGAIN) {
		if (s->arg == PREFERRED)
			ret = kvm_call(vm->fd, KVM_ARM_PREFERRED_TARGET, init);
		else
			init->target = qemu_target;
		init->features[0] = BIT(KVM_ARM_VCPU_PSCI_0_2) |
				    (vm->vmm->features & features_of(vm->fd));
		if (vm->cpu)
			init->features[0] |= BIT(KVM_ARM_VCPU_POWER_OFF);
	}
	say("target %u, features 0x%x", init->target, init->features[0]);
	return ret ?: vcpu_call(vm, KVM_ARM_VCPU_INIT, init);
}

static int finalize(struct vm *vm, const struct step *s)
{
	int feature = KVM_ARM_VCPU_SVE;

	return vcpu_call(vm, KVM_ARM_VCPU_FINALIZE, &feature);
}

static int enable_cap(struct vm *vm, const struct step *s)
{
	struct kvm_enable_cap cap = { .cap = s->arg };

	return check_cap(kvm_fd, s->arg) > 0 ? kvm_call(vm->fd, KVM_ENABLE_CAP, &cap) : 0;
}

static int set_reg(struct vm *vm, const struct step *s)
{
	u64 val = s->val;

	return one_reg(vm, KVM_SET_ONE_REG, s->arg, &val);
}

static int get_reg(struct vm *vm, const struct step *s)
{
	u64 val;

	return one_reg(vm, KVM_GET_ONE_REG, s->arg, &val);
}

static int get_mpidr(struct vm *vm, const struct step *s)
{
	u64 mpidr;
	int ret = one_reg(vm, KVM_GET_ONE_REG, KVM_ARM64_SYS_REG(SYS_MPIDR_EL1), &mpidr);

	vm->vcpu[vm->cpu].mpidr = mpidr & 0xffffff;
	return ret;
}

static int pmu(struct vm *vm, const struct step *s)
{
	int fd = vm->vcpu[vm->cpu].fd, irq = PMU_IRQ;
	u32 group = KVM_ARM_VCPU_PMU_V3_CTRL;

	return attr_call(fd, KVM_HAS_DEVICE_ATTR, group, KVM_ARM_VCPU_PMU_V3_IRQ, &irq) ?:
	       attr_call(fd, KVM_SET_DEVICE_ATTR, group, KVM_ARM_VCPU_PMU_V3_IRQ, &irq) ?:
	       attr_call(fd, KVM_HAS_DEVICE_ATTR, group, KVM_ARM_VCPU_PMU_V3_INIT, NULL) ?:
	       attr_call(fd, KVM_SET_DEVICE_ATTR, group, KVM_ARM_VCPU_PMU_V3_INIT, NULL);
}

static int pvtime(struct vm *vm, const struct step *s)
{
	u32 group = KVM_ARM_VCPU_PVTIME_CTRL, attr = KVM_ARM_VCPU_PVTIME_IPA;
	u64 ipa = PVTIME_IPA + vm->cpu * 64;
	int fd = vm->vcpu[vm->cpu].fd;

	return attr_call(fd, KVM_HAS_DEVICE_ATTR, group, attr, &ipa) ? 0 :
	       attr_call(fd, KVM_SET_DEVICE_ATTR, group, attr, &ipa);
}

/* @arg: KVM_CREATE_DEVICE_TEST, or 0 */
static int create_gic(struct vm *vm, const struct step *s)
{
	struct kvm_create_device dev = { .type = vm->vmm->gic, .fd = -1, .flags = s->arg };
	int ret = kvm_call(vm->fd, KVM_CREATE_DEVICE, &dev);

	vm->gic = dev.fd;
	return ret;
}

static int create_its(struct vm *vm, const struct step *s)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_ARM_VGIC_ITS, .fd = -1 };
	int ret = kvm_call(vm->fd, KVM_CREATE_DEVICE, &dev);

	vm->its = dev.fd;
	return ret;
}

/* @arg: group, @list: attribute, @val: value. A step with the condition ITS is for the ITS. */
static int set_dev(struct vm *vm, const struct step *s)
{
	u64 val = s->val;

	return attr_call(s->when & ITS ? vm->its : vm->gic, KVM_SET_DEVICE_ATTR, s->arg,
			 (u64)s->list, &val);
}

static int set_nr_irqs(struct vm *vm, const struct step *s)
{
	u32 nr = vm->vmm->nr_irqs;

	return attr_call(vm->gic, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr);
}

/* The following steps write the saved state. */
static int load_saved(struct vm *vm, const struct step *s)
{
	vm->from = saved;
	return 0;
}

static void close_vm(struct vm *vm)
{
	u32 i;

	for (i = 0; i < NR_VCPUS; i++) {
		if (vm->vcpu[i].fd <= 0)
			continue;
		munmap(vm->vcpu[i].run, getpagesize());
		close(vm->vcpu[i].fd);
	}
	if (vm->gic > 0)
		close(vm->gic);
	if (vm->its > 0)
		close(vm->its);
	if (vm->fd > 0)
		close(vm->fd);
	if (vm->ram)
		munmap(vm->ram, RAM_SIZE);
}

/* --------------------------- The vCPUs' registers ------------------------- */

static u32 reg_class(u64 id)
{
	u64 core = id & ~(KVM_REG_ARCH_MASK | KVM_REG_SIZE_MASK | KVM_REG_ARM_CORE);

	switch (id & KVM_REG_ARM_COPROC_MASK) {
	case KVM_REG_ARM_CORE:
		return core < KVM_REG_ARM_CORE_REG(fp_regs) ? CORE : FPSIMD;
	case KVM_REG_ARM64_SVE:
		return id == KVM_REG_ARM64_SVE_VLS ? VLS : SVE;
	case KVM_REG_ARM_FW:
		return FIRMWARE;
	case KVM_REG_ARM_FW_FEAT_BMAP:
		return BITMAP;
	case KVM_REG_ARM_DEMUX:
		return CCSIDR;
	}
	return id == KVM_REG_ARM_TIMER_CNT || id == KVM_REG_ARM_PTIMER_CNT ? COUNTER : SYSREG;
}

static struct reg *find_reg(struct vcpu_state *state, u64 id)
{
	u32 i;

	for (i = 0; i < state->nr_regs; i++)
		if (state->regs[i].id == id)
			return &state->regs[i];

	return NULL;
}

static int cmp_regs(const void *a, const void *b)
{
	const struct reg *ra = a, *rb = b;

	return ra->id < rb->id ? -1 : ra->id > rb->id;
}

/* Lists the registers, and reads those of the classes @arg. @val: RETRY, SORT, room */
static int get_regs(struct vm *vm, const struct step *s)
{
	static union { struct kvm_reg_list list; u64 room[MAX_REGS + 1]; } l;
	struct vcpu_state *to = &vm->state->vcpu[vm->cpu];
	int ret;
	u64 i;

	l.list.n = s->val & 0xffff;
	ret = vcpu_call(vm, KVM_GET_REG_LIST, &l);
	if (ret == -E2BIG && s->val & RETRY)
		ret = vcpu_call(vm, KVM_GET_REG_LIST, &l);
	say("%lu registers", (long)l.list.n);
	TEST_ASSERT(ret || l.list.n <= MAX_REGS,
		    "MAX_REGS is %u, but KVM lists %lu registers: increase it", MAX_REGS,
		    (long)l.list.n);
	for (i = to->nr_regs = 0; i < l.list.n && !ret; i++) {
		struct reg *reg = &to->regs[to->nr_regs];

		reg->id = l.list.reg[i];
		if (!(reg_class(reg->id) & s->arg))
			continue;
		ret = one_reg(vm, KVM_GET_ONE_REG, reg->id, reg->val);
		to->nr_regs++;
	}
	if (s->val & SORT)
		qsort(to->regs, to->nr_regs, sizeof(to->regs[0]), cmp_regs);
	return ret;
}

/* Writes the registers of the classes @arg, in the order of the saved list. */
static int put_regs(struct vm *vm, const struct step *s)
{
	struct vcpu_state *from = &vm->from->vcpu[vm->cpu];
	int ret = 0;
	u32 i;

	for (i = 0; i < from->nr_regs && !ret; i++)
		if (reg_class(from->regs[i].id) & s->arg)
			ret = one_reg(vm, KVM_SET_ONE_REG, from->regs[i].id, from->regs[i].val);
	return ret;
}

/* @arg: the ioctl, @val: the offset of its structure in struct vcpu_state */
static int get_struct(struct vm *vm, const struct step *s)
{
	return vcpu_call(vm, s->arg, (void *)&vm->state->vcpu[vm->cpu] + s->val);
}

static int put_struct(struct vm *vm, const struct step *s)
{
	return vcpu_call(vm, s->arg, (void *)&vm->from->vcpu[vm->cpu] + s->val);
}

/* --------------------------------- The GIC -------------------------------- */

struct gic_reg {
	u32 group;
	u32 offset;
	u32 bytes;
	u8 bits;	/* if not 0: bits for each interrupt; only the SPIs' are accessed */
	u8 prio;	/* the CPU interface has it if it has that many priority bits */
	u16 clear;	/* write all ones to the register at this offset first */
};

#define GICD	KVM_DEV_ARM_VGIC_GRP_DIST_REGS
#define GICR	KVM_DEV_ARM_VGIC_GRP_REDIST_REGS
#define GICC	KVM_DEV_ARM_VGIC_GRP_CPU_REGS
#define GITS	KVM_DEV_ARM_VGIC_GRP_ITS_REGS
#define SYSREGS	KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS
#define LEVEL	KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO
#define BANKED	(GICD | BIT(31))	/* GICv2: each vCPU has its own */
#define LINE	(VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT)
#define ICC(r)	.group = SYSREGS, .offset = SYS_ICC_##r##_EL1 >> Op2_shift, .bytes = 8

static int gic_val(struct vm *vm, u32 group, u64 attr)
{
	struct state *state = vm->saving ? vm->state : vm->from;
	int fd = group == GITS ? vm->its : vm->gic;
	struct gic_val *val;
	u32 i;

	if (vm->saving) {
		TEST_ASSERT(state->nr_gic < MAX_GIC,
			    "MAX_GIC is %u, but there are more values: increase it", MAX_GIC);
		val = &state->gic[state->nr_gic++];
		*val = (struct gic_val) { .group = group, .attr = attr };
		return attr_call(fd, KVM_GET_DEVICE_ATTR, group, attr, &val->val);
	}

	/* Most restores have the order of the save, so start after the last match. */
	for (i = 0; i < state->nr_gic; i++) {
		val = &state->gic[(state->gic_next + i) % state->nr_gic];
		if (val->group == group && val->attr == attr) {
			state->gic_next = val - state->gic + 1;
			return attr_call(fd, KVM_SET_DEVICE_ATTR, group, attr, &val->val);
		}
	}
	TEST_FAIL("The table restores group %u, attribute 0x%lx, but did not save it", group,
		  (long)attr);
}

static int prio_bits(struct vm *vm, u64 cpu)
{
	u64 ctlr = 0;

	attr_call(vm->gic, KVM_GET_DEVICE_ATTR, SYSREGS, cpu | SYS_ICC_CTLR_EL1 >> Op2_shift,
		  &ctlr);
	return ((ctlr >> 8) & 7) + 1;
}

/* Reads or writes the registers of @list. Registers of vCPUs are the current vCPU's. */
static int gic_regs(struct vm *vm, const struct step *s)
{
	u64 v2_cpu = (u64)vm->cpu << KVM_DEV_ARM_VGIC_CPUID_SHIFT;
	u64 v3_cpu = vm->vcpu[vm->cpu].mpidr << 32;
	const struct gic_reg *reg;
	int ret = 0;

	for (reg = s->list; reg->group; reg++) {
		u32 group = reg->group & ~BIT(31), size = group == GITS || group == SYSREGS ? 8 : 4;
		u64 start = reg->offset, bytes = reg->bytes, off, cpu = 0;

		if (group == GICC || reg->group == BANKED)
			cpu = v2_cpu;
		else if (group == GICR || group == SYSREGS || (group == LEVEL && !reg->bits))
			cpu = v3_cpu;
		if (reg->prio && prio_bits(vm, cpu) < reg->prio)
			continue;
		if (reg->bits) {
			start += reg->bits * 32 / 8;
			bytes = (vm->vmm->nr_irqs - 32) * reg->bits / 8;
		}

		for (off = start; off < start + bytes && !ret; off += size) {
			u64 attr = cpu | (group == LEVEL ? LINE | off * 8 : off);
			u32 ones = ~0;

			if (reg->clear && !vm->saving)
				ret = attr_call(vm->gic, KVM_SET_DEVICE_ATTR, group,
						attr - reg->offset + reg->clear, &ones);
			ret = ret ?: gic_val(vm, group, attr);
		}
	}
	return ret;
}

/* gic_regs() reads (@arg is 1) or writes (0) in the following steps. */
static int saving(struct vm *vm, const struct step *s)
{
	vm->saving = s->arg;
	vm->from->gic_next = 0;
	if (vm->saving)
		vm->state->nr_gic = 0;
	return 0;
}

/* ------------------------------ Runs of steps ----------------------------- */

static int run_steps(struct vm *vm, const struct step *steps)
{
	const char *at = baseline ? baseline->name : "this kernel";
	const struct step *s;
	int ret = 0;

	for (s = steps; s->name && !ret; s++) {
		u32 cpu = vm->cpu, last = s->each ? NR_VCPUS : cpu + 1;

		for (vm->cpu = s->each ? 0 : cpu; vm->cpu < last && !ret; vm->cpu++) {
			if (s->when & ~conditions(vm))
				continue;
			detail[0] = '\0';
			ret = s->call(vm, s);
			if (ret >= 0 || s->tolerated) {
				ret = 0;
			} else if (ret != -ECANCELED) {
				ksft_print_msg("%s, %s %s: vCPU %u, %s: %s (%d), expected 0%s%s\n",
					       vm->vmm->name, at, ways[way], vm->cpu, s->name,
					       strerror(-ret), ret,
					       detail[0] ? ": " : "", detail);
				/* Outer tables do not print the failure again. */
				ret = -ECANCELED;
			}
		}
		vm->cpu = cpu;
	}
	return ret;
}

static int nested_steps(struct vm *vm, const struct step *s)
{
	return run_steps(vm, s->list);
}

/* Completes the guest's TRNG_VERSION: version 1.0, and 0 in X1 to X3. */
static int answer_hypercall(struct vm *vm)
{
	u64 val[4] = {};
	int i, ret = 0;

	vm->forwarded++;
	for (i = 0; i < 4 && !ret; i++)
		ret = one_reg(vm, KVM_GET_ONE_REG, ARM64_CORE_REG(regs.regs[i]), &val[i]);
	for (i = 0; i < 4 && !ret; i++) {
		val[i] = i ? 0 : 0x10000;
		ret = one_reg(vm, KVM_SET_ONE_REG, ARM64_CORE_REG(regs.regs[i]), &val[i]);
	}
	return ret;
}

static int run_guest(struct vm *vm, const struct step *s)
{
	struct kvm_run *run = vm->vcpu[vm->cpu].run;
	int ret;
	u32 i;

	do {
		ret = vcpu_call(vm, KVM_RUN, NULL);
		if (!ret && run->exit_reason == KVM_EXIT_HYPERCALL)
			ret = answer_hypercall(vm) ?: -EINTR;
	} while (ret == -EINTR);
	say("exit %u", run->exit_reason);
	if (ret)
		return ret;
	if (run->exit_reason != KVM_EXIT_MMIO || run->mmio.phys_addr != GUEST_EXIT)
		return -EPROTO;

	/* KVM completes the guest's store in the next KVM_RUN. */
	run->immediate_exit = 1;
	ret = vcpu_call(vm, KVM_RUN, NULL);
	run->immediate_exit = 0;
	if (ret != -EINTR)
		return -EPROTO;

	/* The first two views are counters: they may increase. */
	for (i = 0, ret = 0; i < ARRAY_SIZE(views) && !ret; i++) {
		u64 val, had = vm->view[vm->cpu][i];

		ret = one_reg(vm, KVM_GET_ONE_REG, ARM64_CORE_REG(regs.regs[views[i].x]), &val);
		if (!ret && vm->seen && (i < 2 ? val < had : val != had)) {
			say("the guest read %s as 0x%lx before, and as 0x%lx now", views[i].name,
			    (long)had, (long)val);
			return -EBADMSG;
		}
		vm->view[vm->cpu][i] = val;
	}
	return ret;
}

#define RESET_PSTATE	(PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT | PSR_MODE_EL1h)
#define OF(member)	offsetof(struct vcpu_state, member)

/* Initialisers of steps */
#define PSTATE			"PSTATE", set_reg, ARM64_CORE_REG(regs.pstate), RESET_PSTATE
#define PC			"PC", set_reg, ARM64_CORE_REG(regs.pc), RAM_BASE, \
				.when = FIRST
#define X(n, val)		"X" #n, set_reg, ARM64_CORE_REG(regs.regs[n]), val
#define FDT			X(0, RAM_BASE + RAM_SIZE / 2), .when = FIRST
#define GET_MP_STATE		"KVM_GET_MP_STATE", get_struct, KVM_GET_MP_STATE, OF(mp_state)
#define SET_MP_STATE		"KVM_SET_MP_STATE", put_struct, KVM_SET_MP_STATE, OF(mp_state)
#define GET_EVENTS		"KVM_GET_VCPU_EVENTS", get_struct, KVM_GET_VCPU_EVENTS, OF(events)
#define SET_EVENTS		"KVM_SET_VCPU_EVENTS", put_struct, KVM_SET_VCPU_EVENTS, OF(events)
#define GET_REGS(what, how)	"KVM_GET_REG_LIST and registers", get_regs, what, how
#define FINALIZE		"KVM_ARM_VCPU_FINALIZE", finalize, .when = WITH_SVE
#define PMU			"PMU_V3_IRQ and INIT", pmu, EACH, .when = WITH_PMU
#define GIC_CTRL(attr)		"GIC " #attr, set_dev, KVM_DEV_ARM_VGIC_GRP_CTRL, 0, \
				(void *)KVM_DEV_ARM_##attr
#define ITS_CTRL(attr)		"ITS " #attr, set_dev, KVM_DEV_ARM_VGIC_GRP_CTRL, 0, \
				(void *)KVM_DEV_ARM_##attr, .when = ITS
#define GIC_ADDR(type, addr)	"GIC " #type, set_dev, KVM_DEV_ARM_VGIC_GRP_ADDR, addr, \
				(void *)KVM_VGIC_##type
#define ITS_ADDR		"ITS ADDR_TYPE", set_dev, KVM_DEV_ARM_VGIC_GRP_ADDR, GITS_BASE, \
				(void *)KVM_VGIC_ITS_ADDR_TYPE, .when = ITS
#define CREATE_ITS		"KVM_CREATE_DEVICE ITS", create_its, .when = ITS
#define NR_IRQS			"GIC NR_IRQS", set_nr_irqs
#define REGS(regs)		#regs, gic_regs, .list = regs
#define READ_GIC		"start reading the GIC", saving, 1
#define WRITE_GIC		"start writing the GIC", saving, 0
#define LOAD			"start writing the saved state", load_saved
#define STEPS(steps)		#steps, nested_steps, .list = steps
#define RUN			"KVM_RUN", run_guest, EACH
#define EACH			.each = true
#define TOLERATED		.tolerated = true

/*
 * Firecracker saves these registers, and not GICD_IIDR. cloud-hypervisor uses the same
 * lists. QEMU uses the same lists of the CPU interface and the ITS.
 */
static const struct gic_reg gicd_v3[] = {
	{ GICD, GICD_CTLR, 4 }, { GICD, GICD_STATUSR, 4 }, { GICD, GICD_ICENABLER, .bits = 1 },
	{ GICD, GICD_ISENABLER, .bits = 1 }, { GICD, GICD_IGROUPR, .bits = 1 },
	{ GICD, GICD_IROUTER, .bits = 64 }, { GICD, GICD_ICFGR, .bits = 2 },
	{ GICD, GICD_ICPENDR, .bits = 1 }, { GICD, GICD_ISPENDR, .bits = 1 },
	{ GICD, GICD_ICACTIVER, .bits = 1 }, { GICD, GICD_ISACTIVER, .bits = 1 },
	{ GICD, GICD_IPRIORITYR, .bits = 8 }, {}
};

static const struct gic_reg gicr[] = {
	{ GICR, GICR_STATUSR, 4 }, { GICR, GICR_WAKER, 4 }, { GICR, GICR_PROPBASER, 8 },
	{ GICR, GICR_PENDBASER, 8 }, { GICR, GICR_CTLR, 4 }, {}
};

#define SGI(reg) .group = GICR, .offset = SZ_64K + GICD_##reg

static const struct gic_reg gicr_sgi[] = {
	{ SGI(IGROUPR), 4 }, { SGI(ICENABLER), 4 }, { SGI(ISENABLER), 4 }, { SGI(ICFGR), 8 },
	{ SGI(ICPENDR), 4 }, { SGI(ISPENDR), 4 }, { SGI(ICACTIVER), 4 }, { SGI(ISACTIVER), 4 },
	{ SGI(IPRIORITYR), 32 }, {}
};

static const struct gic_reg icc[] = {
	{ ICC(SRE) }, { ICC(CTLR) }, { ICC(IGRPEN0) }, { ICC(IGRPEN1) }, { ICC(PMR) },
	{ ICC(BPR0) }, { ICC(BPR1) }, { ICC(AP0R0) }, { ICC(AP0R1), .prio = 6 },
	{ ICC(AP0R2), .prio = 7 }, { ICC(AP0R3), .prio = 7 }, { ICC(AP1R0) },
	{ ICC(AP1R1), .prio = 6 }, { ICC(AP1R2), .prio = 7 }, { ICC(AP1R3), .prio = 7 }, {}
};

static const struct gic_reg gicc[] = {
	{ GICC, 0x0, 12 }, { GICC, 0x1c, 4 }, { GICC, 0xd0, 16 }, {}
};

static const struct gic_reg its[] = {
	{ GITS, GITS_IIDR, 8 }, { GITS, GITS_CBASER, 8 }, { GITS, GITS_CREADR, 8 },
	{ GITS, GITS_CWRITER, 8 }, { GITS, GITS_BASER, 64 }, {}
};

static const struct gic_reg its_ctlr[] = { { GITS, GITS_CTLR, 8 }, {} };

static const struct step its_save[] = { { REGS(its) }, { REGS(its_ctlr) }, {} };

static const struct step its_restore[] = {
	{ REGS(its) }, { ITS_CTRL(ITS_RESTORE_TABLES) }, { REGS(its_ctlr) }, {}
};

/* ------------------------------- Firecracker ------------------------------ */

static const int fc_caps[] = {
	KVM_CAP_IOEVENTFD, KVM_CAP_IRQFD, KVM_CAP_USER_MEMORY, KVM_CAP_ARM_PSCI_0_2,
	KVM_CAP_DEVICE_CTRL, KVM_CAP_MP_STATE, KVM_CAP_ONE_REG, -1
};

/* The template that makes a Neoverse V1 look like an N1: it sets the bits of filter to val. */
static const struct { u64 id, filter, val; } v1n1[] = {
	{ KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1), 0x000f000f00000000, 0 },
	{ KVM_ARM64_SYS_REG(SYS_ID_AA64ISAR0_EL1), 0xf0ff0fff0000f000, 0x1000 },
	{ KVM_ARM64_SYS_REG(SYS_ID_AA64ISAR1_EL1), 0x00fff00000fff00f, 0x100001 },
	{ KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR2_EL1), 0x0000000f00000000, 0 },
};

/* Firecracker reads the first vCPU, and writes all vCPUs. @arg: the ioctl */
static int fc_template(struct vm *vm, const struct step *s)
{
	static u64 vals[ARRAY_SIZE(v1n1)];
	int ret = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(v1n1) && !ret; i++) {
		ret = one_reg(vm, s->arg, v1n1[i].id, &vals[i]);
		vals[i] = (vals[i] & ~v1n1[i].filter) | v1n1[i].val;
	}
	return ret;
}

/* Firecracker checks the capability on /dev/kvm, not on the VM. */
static int fc_reset_counter(struct vm *vm, const struct step *s)
{
	return check_cap(kvm_fd, KVM_CAP_COUNTER_OFFSET) > 0 ? set_reg(vm, s) : 0;
}

/* Firecracker sets Ctype<n> and LoC from sysfs. Here sysfs has three levels of caches. */
static int fc_clidr(struct vm *vm, const struct step *s)
{
	u64 clidr;
	int ret = one_reg(vm, KVM_GET_ONE_REG, s->arg, &clidr);

	clidr = (clidr & ~(GENMASK(20, 0) | GENMASK(26, 24))) | 0x3000123;
	return ret ?: one_reg(vm, KVM_SET_ONE_REG, s->arg, &clidr);
}

/*
 * Adds the physical timer to the saved registers. Amazon's 5.10 and 6.1 list it, other
 * kernels only since 6.4. So Firecracker can write it where KVM does not list it.
 */
static int fc_add_ptimer(struct vm *vm, const struct step *s)
{
	const struct reg ptimer[] = {
		{ KVM_REG_ARM_PTIMER_CTL }, { KVM_REG_ARM_PTIMER_CVAL }, { KVM_REG_ARM_PTIMER_CNT },
	};
	struct vcpu_state *to = &vm->state->vcpu[vm->cpu];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ptimer); i++)
		if (!find_reg(to, ptimer[i].id))
			to->regs[to->nr_regs++] = ptimer[i];
	memcpy(find_reg(to, KVM_REG_ARM_PTIMER_CNT)->val, &vm->view[vm->cpu][0], sizeof(u64));
	return 0;
}

/* cloud-hypervisor uses the same calls for a GICv3. Both create the GIC after the vCPUs. */
static const struct step fc_create_gic[] = {
	{ "KVM_CREATE_DEVICE", create_gic },
	{ GIC_ADDR(V3_ADDR_TYPE_DIST, GICD_BASE), .when = V3 },
	{ GIC_ADDR(V3_ADDR_TYPE_REDIST, GICR_BASE), .when = V3 },
	{ GIC_ADDR(V2_ADDR_TYPE_DIST, GICD_BASE), .when = V2 },
	{ GIC_ADDR(V2_ADDR_TYPE_CPU, GICC_BASE), .when = V2 },
	{ CREATE_ITS },
	{ ITS_ADDR },
	{ ITS_CTRL(VGIC_CTRL_INIT) },
	{ NR_IRQS },
	{ GIC_CTRL(VGIC_CTRL_INIT) }, {}
};

static const struct step fc_init[] = {
	{ "KVM_ARM_VCPU_INIT", init_vcpu, PREFERRED },
	{ FINALIZE }, {}
};

static const struct step fc_configure[] = {
	{ "set the CPU template", fc_template, KVM_SET_ONE_REG, .when = V1N1 },
	{ PSTATE },
	{ PC },
	{ FDT },
	{ "KVM_REG_ARM_PTIMER_CNT = 0", fc_reset_counter, KVM_REG_ARM_PTIMER_CNT, 0,
	  .when = FIRST }, {}
};

static const struct step fc_create[] = {
	{ "required capabilities", required_caps, .list = fc_caps },
	{ "KVM_CREATE_VM", create_vm },
	{ "KVM_CREATE_VCPU", create_vcpu, EACH },
	{ STEPS(fc_create_gic) },
	{ "memory", add_memory }, {}
};

static const struct step fc_boot[] = {
	{ STEPS(fc_create) },
	{ "PVTIME_IPA", pvtime, EACH },
	{ STEPS(fc_init), EACH },
	{ "get the CPU template", fc_template, KVM_GET_ONE_REG, .when = V1N1 },
	{ STEPS(fc_configure), EACH },
	{ "CLIDR_EL1", fc_clidr, KVM_ARM64_SYS_REG(SYS_CLIDR_EL1), EACH, TOLERATED },
	{ "MPIDR_EL1", get_mpidr, EACH },
	{ RUN }, {}
};

static const struct gic_reg fc_gicd_v2[] = {
	{ GICD, 0x0, 4 }, { GICD, 0x180, .bits = 1 }, { GICD, 0x100, .bits = 1 },
	{ GICD, 0x080, .bits = 1 }, { GICD, 0xc00, .bits = 2 }, { GICD, 0x280, .bits = 1 },
	{ GICD, 0x200, .bits = 1 }, { GICD, 0x380, .bits = 1 }, { GICD, 0x300, .bits = 1 },
	{ GICD, 0x400, .bits = 8 }, { GICD, 0xf10, 16 }, { GICD, 0xf20, 16 }, {}
};

static const struct step fc_gicr[] = { { REGS(gicr) }, { REGS(gicr_sgi) }, { REGS(icc) }, {} };

static const struct step fc_gic[] = {
	{ REGS(fc_gicd_v2), .when = V2 },
	{ REGS(gicc), EACH, .when = V2 },
	{ REGS(gicd_v3), .when = V3 },
	{ STEPS(fc_gicr), EACH, .when = V3 }, {}
};

static const struct step fc_save_vcpu[] = {
	{ GET_MP_STATE },
	{ GET_REGS(ALL_REGS, 500 | RETRY) },
	{ "add PTIMER_*, as Amazon's kernels list it", fc_add_ptimer, .when = SINCE_6_4 },
	{ "MPIDR_EL1", get_mpidr }, {}
};

static const struct step fc_save[] = {
	{ STEPS(fc_save_vcpu), EACH },
	{ GIC_CTRL(VGIC_SAVE_PENDING_TABLES), .when = V3 },
	{ ITS_CTRL(ITS_SAVE_TABLES) },
	{ READ_GIC }, { STEPS(fc_gic) },
	{ STEPS(its_save), .when = V3 }, {}
};

static const struct step fc_restore_vcpu[] = {
	{ "KVM_ARM_VCPU_INIT", init_vcpu, SAVED },
	{ "KVM_REG_ARM64_SVE_VLS", put_regs, VLS },
	{ FINALIZE },
	{ "registers in order", put_regs, ALL_REGS & ~VLS },
	{ SET_MP_STATE },
	{ "PVTIME_IPA", pvtime },
	{ "MPIDR_EL1", get_mpidr }, {}
};

static const struct step fc_restore[] = {
	{ STEPS(fc_create) },
	{ LOAD }, { STEPS(fc_restore_vcpu), EACH },
	{ WRITE_GIC }, { STEPS(fc_gic) },
	{ STEPS(its_restore), .when = V3 },
	{ RUN }, {}
};

/* ---------------------------- cloud-hypervisor ---------------------------- */

static const int ch_caps[] = {
	KVM_CAP_IMMEDIATE_EXIT, KVM_CAP_IOEVENTFD, KVM_CAP_IRQCHIP, KVM_CAP_IRQFD,
	KVM_CAP_IRQ_ROUTING, KVM_CAP_MP_STATE, KVM_CAP_ONE_REG, KVM_CAP_USER_MEMORY, -1
};

/* If the VM has the capability, cloud-hypervisor writes only the first vCPU's counter. */
static int ch_put_counter(struct vm *vm, const struct step *s)
{
	struct reg *reg = find_reg(&vm->from->vcpu[vm->cpu], KVM_REG_ARM_TIMER_CNT);

	return vm->cpu && check_cap(vm->fd, KVM_CAP_COUNTER_OFFSET) > 0 ? 0 :
	       one_reg(vm, KVM_SET_ONE_REG, KVM_REG_ARM_TIMER_CNT, reg->val);
}

static const struct step ch_configure[] = {
	{ STEPS(fc_init) },
	{ "MPIDR_EL1", get_mpidr },
	{ PSTATE },
	{ PC },
	{ FDT }, {}
};

static const struct step ch_boot[] = {
	{ "required capabilities", required_caps, .list = ch_caps },
	{ "KVM_CREATE_VM", create_vm },
	{ "memory", add_memory },
	{ "KVM_CREATE_VCPU", create_vcpu, EACH },
	{ STEPS(fc_create_gic) },
	{ STEPS(ch_configure), EACH },
	{ PMU },
	{ RUN }, {}
};

static const struct step ch_gic[] = {
	{ REGS(gicd_v3) },
	{ REGS(gicr), EACH }, { REGS(gicr_sgi), EACH },
	{ REGS(icc), EACH }, {}
};

static const struct step ch_save[] = {
	{ "KVM_REG_ARM_TIMER_CNT", get_reg, KVM_REG_ARM_TIMER_CNT },
	{ GIC_CTRL(VGIC_SAVE_PENDING_TABLES) },
	{ ITS_CTRL(ITS_SAVE_TABLES) },
	{ GET_MP_STATE, EACH },
	{ GET_REGS(ALL_REGS, 500), EACH },
	{ READ_GIC }, { STEPS(ch_gic) },
	{ STEPS(its_save) }, {}
};

static const struct step ch_restore_vcpu[] = {
	{ "KVM_CREATE_VCPU", create_vcpu },
	{ "KVM_ARM_VCPU_INIT", init_vcpu, PREFERRED },
	{ "KVM_REG_ARM64_SVE_VLS", put_regs, VLS },
	{ FINALIZE },
	{ "MPIDR_EL1", get_mpidr },
	{ "core registers", put_regs, CORE },
	{ "SVE registers", put_regs, SVE },
	{ "FP and SIMD registers", put_regs, FPSIMD },
	{ "system registers in order", put_regs, CPREG | COUNTER },
	{ SET_MP_STATE }, {}
};

static const struct step ch_restore[] = {
	{ "required capabilities", required_caps, .list = ch_caps },
	{ "KVM_CREATE_VM", create_vm },
	{ "memory", add_memory },
	{ LOAD }, { STEPS(ch_restore_vcpu), EACH },
	{ STEPS(fc_create_gic) },
	{ PMU, TOLERATED },
	{ WRITE_GIC }, { STEPS(ch_gic) },
	{ STEPS(its_restore) },
	{ "KVM_REG_ARM_TIMER_CNT", ch_put_counter, EACH },
	{ RUN }, {}
};

/* --------------------------------- crosvm --------------------------------- */

/* crosvm does this for virtio-pvclock. */
static int cr_counter_offset(struct vm *vm, const struct step *s)
{
	struct kvm_arm_counter_offset offset = {};

	return kvm_call(vm->fd, KVM_ARM_SET_COUNTER_OFFSET, &offset);
}

/* The first id of the TRNG's 64-bit calls. No call has this id. */
#define TRNG_VERSION64	(ARM_SMCCC_TRNG_VERSION | ARM_SMCCC_SMC_64 << ARM_SMCCC_CALL_CONV_SHIFT)

/* crosvm emulates the TRNG itself, so it filters its calls. */
static int cr_filter(struct vm *vm, const struct step *s)
{
	struct kvm_smccc_filter filter = {
		.base = s->arg, .nr_functions = 16, .action = KVM_SMCCC_FILTER_FWD_TO_USER,
	};

	return attr_call(vm->fd, KVM_SET_DEVICE_ATTR, KVM_ARM_VM_SMCCC_CTRL,
			 KVM_ARM_VM_SMCCC_FILTER, &filter);
}

static int cr_forwarded(struct vm *vm, const struct step *s)
{
	return vm->forwarded ? 0 : -ENOMSG;
}

/* kvmtool makes the same calls. Both create the GIC before the vCPUs. */
static const struct step cr_create_gic[] = {
	{ "KVM_CREATE_DEVICE", create_gic },
	{ GIC_ADDR(V3_ADDR_TYPE_REDIST, GICR_BASE), .when = V3 },
	{ GIC_ADDR(V3_ADDR_TYPE_DIST, GICD_BASE), .when = V3 },
	{ GIC_ADDR(V2_ADDR_TYPE_CPU, GICC_BASE), .when = V2 },
	{ GIC_ADDR(V2_ADDR_TYPE_DIST, GICD_BASE), .when = V2 }, {}
};

static const struct step cr_configure[] = { { FDT }, { PC }, { PSTATE }, {} };

static const struct step cr_create[] = {
	{ "KVM_CREATE_VM", create_vm },
	{ "memory", add_memory },
	{ STEPS(cr_create_gic) },
	{ NR_IRQS },
	{ CREATE_ITS },
	{ ITS_ADDR },
	{ "KVM_ARM_SET_COUNTER_OFFSET", cr_counter_offset, .when = SINCE_6_4 },
	{ "KVM_CREATE_VCPU", create_vcpu, EACH },
	{ STEPS(fc_init), EACH },
	{ GIC_CTRL(VGIC_CTRL_INIT) },
	{ ITS_CTRL(VGIC_CTRL_INIT) },
	{ PMU, TOLERATED },
	{ "PVTIME_IPA", pvtime, EACH },
	{ "KVM_ARM_VM_SMCCC_FILTER", cr_filter, ARM_SMCCC_TRNG_VERSION, .when = SINCE_6_4 },
	{ "KVM_ARM_VM_SMCCC_FILTER", cr_filter, TRNG_VERSION64, .when = SINCE_6_4 },
	{ "PSCI_VERSION", get_reg, KVM_REG_ARM_PSCI_VERSION, TOLERATED },
	{ "MPIDR_EL1", get_mpidr, EACH },
	{ STEPS(cr_configure), EACH }, {}
};

static const struct step cr_boot[] = {
	{ STEPS(cr_create) },
	{ RUN },
	{ "KVM forwards TRNG_VERSION", cr_forwarded, .when = SINCE_6_4 }, {}
};

/* crosvm saves all words of the redistributors and of the distributor, also GICD_IIDR. */
static const struct gic_reg cr_gicr[] = { { GICR, 0, 2 * SZ_64K }, {} };

static const struct gic_reg cr_gicd[] = { { GICD, 0, SZ_64K }, {} };

static const struct gic_reg cr_icc[] = {
	{ ICC(PMR) }, { ICC(BPR0) }, { ICC(AP0R0) }, { ICC(AP0R1), .prio = 6 },
	{ ICC(AP0R2), .prio = 7 }, { ICC(AP0R3), .prio = 7 }, { ICC(AP1R0) },
	{ ICC(AP1R1), .prio = 6 }, { ICC(AP1R2), .prio = 7 }, { ICC(AP1R3), .prio = 7 },
	{ ICC(BPR1) }, { ICC(CTLR) }, { ICC(SRE) }, { ICC(IGRPEN0) }, { ICC(IGRPEN1) }, {}
};

static const struct step cr_save_gic[] = {
	{ REGS(cr_icc) }, { REGS(cr_gicr) }, { GET_MP_STATE }, {}
};

static const struct step cr_save[] = {
	{ GET_REGS(ALL_REGS & ~BITMAP, MAX_REGS | SORT), EACH },
	{ GIC_CTRL(VGIC_SAVE_PENDING_TABLES) },
	{ READ_GIC }, { STEPS(cr_save_gic), EACH }, { REGS(cr_gicd) }, {}
};

static const struct step cr_restore_gic[] = {
	{ REGS(cr_icc) }, { REGS(cr_gicr) }, { SET_MP_STATE }, {}
};

static const struct step cr_restore_vcpu[] = {
	{ "core registers", put_regs, CORE },
	{ "FP and SIMD registers", put_regs, FPSIMD },
	{ "system registers, sorted", put_regs, SYSREG | COUNTER },
	{ "CCSIDR_EL1", put_regs, CCSIDR },
	{ "firmware registers", put_regs, FIRMWARE }, {}
};

static const struct step cr_restore[] = {
	{ STEPS(cr_create) },
	{ LOAD }, { WRITE_GIC }, { STEPS(cr_restore_gic), EACH }, { REGS(cr_gicd) },
	{ STEPS(cr_restore_vcpu), EACH },
	{ RUN }, {}
};

/* ---------------------------------- QEMU ---------------------------------- */

static const int qemu_caps[] = {
	KVM_CAP_USER_MEMORY, KVM_CAP_DESTROY_MEMORY_REGION_WORKS,
	KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, KVM_CAP_INTERNAL_ERROR_DATA, KVM_CAP_IOEVENTFD,
	KVM_CAP_IOEVENTFD_ANY_LENGTH, KVM_CAP_DEVICE_CTRL, -1
};

/* QEMU fails if it cannot read these ID registers. Each is CRm << 4 | op2. */
static const u8 qemu_id_regs[] = {
	0x40, 0x41, 0x45, 0x50, 0x51, 0x60, 0x61, 0x62, 0x70, 0x71, 0x72, 0x73, 0x10, 0x11, 0x12,
	0x14, 0x15, 0x16, 0x17, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x30, 0x31, 0x32,
	0x34, 0x35, 0x36,
};

static int qemu_read_id_regs(struct vm *vm, const struct step *s)
{
	int ret = 0;
	u64 val;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(qemu_id_regs) && !ret; i++)
		ret = one_reg(vm, KVM_GET_ONE_REG,
			      ARM64_SYS_REG(3, 0, 0, qemu_id_regs[i] >> 4, qemu_id_regs[i] & 7),
			      &val);
	return ret;
}

/* @arg: the ioctl */
static int qemu_access_vls(struct vm *vm, const struct step *s)
{
	return one_reg(vm, s->arg, KVM_REG_ARM64_SVE_VLS, qemu_vls);
}

/* QEMU reads KVM_REG_ARM64_SVE_VLS here without KVM_ARM_VCPU_FINALIZE. */
static const struct step qemu_scratch_steps[] = {
	{ "KVM_CREATE_VM", create_vm },
	{ "KVM_CAP_ARM_MTE", enable_cap, KVM_CAP_ARM_MTE, TOLERATED },
	{ "KVM_CREATE_VCPU", create_vcpu },
	{ "KVM_ARM_VCPU_INIT", init_vcpu, PREFERRED },
	{ "ID registers", qemu_read_id_regs },
	{ "PMCR_EL0", get_reg, KVM_ARM64_SYS_REG(SYS_PMCR_EL0), .when = WITH_PMU },
	{ "ID_AA64ZFR0_EL1", get_reg, KVM_ARM64_SYS_REG(SYS_ID_AA64ZFR0_EL1), .when = WITH_SVE },
	{ "KVM_REG_ARM64_SVE_VLS", qemu_access_vls, KVM_GET_ONE_REG, .when = WITH_SVE }, {}
};

/* QEMU creates a scratch VM to find the host's features. */
static int qemu_scratch(struct vm *vm, const struct step *s)
{
	struct vm scratch = { .vmm = vm->vmm };
	int ret = run_steps(&scratch, qemu_scratch_steps);

	qemu_target = scratch.vcpu[0].init.target;
	close_vm(&scratch);
	return ret;
}

/* QEMU refuses a stream with a register that its own list does not have. */
static int qemu_find_regs(struct vm *vm, const struct step *s)
{
	struct vcpu_state *from = &vm->from->vcpu[vm->cpu];
	u32 i;

	for (i = 0; i < from->nr_regs; i++) {
		say("register 0x%lx", (long)from->regs[i].id);
		if (!find_reg(&vm->state->vcpu[vm->cpu], from->regs[i].id))
			return -ENOENT;
	}
	return 0;
}

static const struct step qemu_init_vcpu[] = {
	{ "KVM_CREATE_VCPU", create_vcpu },
	{ "KVM_ARM_VCPU_INIT", init_vcpu, SCRATCH },
	{ "KVM_REG_ARM64_SVE_VLS", qemu_access_vls, KVM_SET_ONE_REG, .when = WITH_SVE },
	{ FINALIZE },
	{ "PSCI_VERSION", get_reg, KVM_REG_ARM_PSCI_VERSION, TOLERATED },
	{ "MPIDR_EL1", get_mpidr },
	{ GET_REGS(ALL_REGS & ~VLS, RETRY | SORT) }, {}
};

static const struct step qemu_reset_vcpu[] = {
	{ "KVM_ARM_VCPU_INIT again", init_vcpu, AGAIN },
	{ GET_REGS(ALL_REGS & ~VLS, RETRY | SORT) },
	{ GET_EVENTS },
	{ GET_MP_STATE }, {}
};

static const struct step qemu_put_vcpu[] = {
	{ "core registers", put_regs, CORE },
	{ "SVE, FP and SIMD registers", put_regs, SVE | FPSIMD },
	{ "system registers and counters", put_regs, CPREG | COUNTER },
	{ SET_EVENTS },
	{ SET_MP_STATE }, {}
};

static const struct step qemu_put_reset_vcpu[] = {
	{ FDT },
	{ PSTATE },
	{ PC },
	{ "system registers without counters", put_regs, CPREG },
	{ SET_EVENTS },
	{ SET_MP_STATE }, {}
};

static const struct gic_reg qemu_gicd_ctlr[] = { { GICD, GICD_CTLR, 4 }, {} };

static const struct gic_reg qemu_gicr_bases[] = {
	{ GICR, GICR_PROPBASER, 8 }, { GICR, GICR_PENDBASER, 8 }, {}
};

static const struct gic_reg qemu_gicr[] = {
	{ GICR, GICR_CTLR, 4 }, { GICR, GICR_STATUSR, 4 }, { GICR, GICR_WAKER, 4 },
	{ SGI(IGROUPR), 4 }, { SGI(ICENABLER), 4 }, { SGI(ISENABLER), 4 }, { SGI(ICFGR) + 4, 4 },
	{ LEVEL, 0, 4 }, { SGI(ICPENDR), 4 }, { SGI(ISPENDR), 4 }, { SGI(ICACTIVER), 4 },
	{ SGI(ISACTIVER), 4 }, { SGI(IPRIORITYR), 32 }, {}
};

static const struct gic_reg qemu_gicd[] = {
	{ GICD, GICD_STATUSR, 4 }, { GICD, GICD_ISENABLER, .bits = 1, .clear = GICD_ICENABLER },
	{ GICD, GICD_IGROUPR, .bits = 1 }, { GICD, GICD_IROUTER, .bits = 64 },
	{ GICD, GICD_ICFGR, .bits = 2 }, { LEVEL, 0, .bits = 1 },
	{ GICD, GICD_ISPENDR, .bits = 1, .clear = GICD_ICPENDR },
	{ GICD, GICD_ISACTIVER, .bits = 1, .clear = GICD_ICACTIVER },
	{ GICD, GICD_IPRIORITYR, .bits = 8 }, {}
};

static const struct gic_reg qemu_gicd_v2[] = {
	{ GICD, 0x000, 4 }, { GICD, 0x100, .bits = 1, .clear = 0x180 }, { GICD, 0x080, .bits = 1 },
	{ GICD, 0x800, .bits = 8 }, { GICD, 0xc00, .bits = 2 },
	{ GICD, 0x200, .bits = 1, .clear = 0x280 }, { GICD, 0x300, .bits = 1, .clear = 0x380 },
	{ GICD, 0x400, .bits = 8 }, {}
};

static const struct gic_reg qemu_gicd_v2_banked[] = {
	{ BANKED, 0x100, 4, .clear = 0x180 }, { BANKED, 0x080, 4 }, { BANKED, 0x800, 32 },
	{ BANKED, 0xc00, 8 }, { BANKED, 0x200, 4, .clear = 0x280 },
	{ BANKED, 0x300, 4, .clear = 0x380 }, { BANKED, 0x400, 32 },
	{ BANKED, 0xf20, 16, .clear = 0xf10 }, {}
};

static const struct step qemu_gic[] = {
	{ REGS(qemu_gicd_v2), .when = V2 },
	{ REGS(qemu_gicd_v2_banked), EACH, .when = V2 },
	{ REGS(gicc), EACH, .when = V2 },
	{ REGS(qemu_gicd_ctlr), .when = V3 },
	{ REGS(qemu_gicr_bases), EACH, .when = V3 },
	{ REGS(qemu_gicr), EACH, .when = V3 },
	{ REGS(qemu_gicd), .when = V3 },
	{ REGS(icc), EACH, .when = V3 }, {}
};

/*
 * At reset, QEMU writes its own reset values to the GIC. They equal KVM's, so the table
 * reads the GIC after KVM's reset and writes the values back.
 */
static const struct step qemu_create[] = {
	{ "required capabilities", required_caps, .list = qemu_caps },
	{ "scratch VM", qemu_scratch },
	{ "KVM_CREATE_VM", create_vm, 40 },
	{ "KVM_CAP_ARM_NISV_TO_USER", enable_cap, KVM_CAP_ARM_NISV_TO_USER, TOLERATED },
	{ "memory", add_memory },
	{ "KVM_CREATE_DEVICE_TEST", create_gic, KVM_CREATE_DEVICE_TEST },
	{ STEPS(qemu_init_vcpu), EACH },
	{ STEPS(qemu_reset_vcpu), EACH },
	{ "KVM_CREATE_DEVICE", create_gic },
	{ NR_IRQS },
	{ GIC_CTRL(VGIC_CTRL_INIT) },
	{ CREATE_ITS },
	{ ITS_CTRL(VGIC_CTRL_INIT) },
	{ PMU },
	{ "PVTIME_IPA", pvtime, EACH },
	{ GIC_ADDR(V3_ADDR_TYPE_DIST, GICD_BASE), .when = V3 },
	{ GIC_ADDR(V3_ADDR_TYPE_REDIST_REGION, GICR_BASE | (u64)NR_VCPUS << 52), .when = V3 },
	{ GIC_ADDR(V2_ADDR_TYPE_DIST, GICD_BASE), .when = V2 },
	{ GIC_ADDR(V2_ADDR_TYPE_CPU, GICC_BASE), .when = V2 },
	{ ITS_ADDR },
	{ STEPS(qemu_put_vcpu), EACH },
	{ STEPS(qemu_reset_vcpu), EACH },
	{ ITS_CTRL(ITS_CTRL_RESET) },
	{ READ_GIC }, { STEPS(qemu_gic) },
	{ WRITE_GIC }, { STEPS(qemu_gic) },
	{ STEPS(qemu_put_reset_vcpu), EACH }, {}
};

static const struct step qemu_boot[] = { { STEPS(qemu_create) }, { RUN }, {} };

static const struct step qemu_save_vcpu[] = {
	{ "KVM_REG_ARM_TIMER_CNT", get_reg, KVM_REG_ARM_TIMER_CNT },
	{ GET_EVENTS },
	{ GET_REGS(ALL_REGS & ~VLS, RETRY | SORT) },
	{ GET_MP_STATE }, {}
};

static const struct step qemu_save[] = {
	{ GIC_CTRL(VGIC_SAVE_PENDING_TABLES), .when = V3 },
	{ ITS_CTRL(ITS_SAVE_TABLES), TOLERATED },
	{ STEPS(qemu_save_vcpu), EACH },
	{ READ_GIC }, { STEPS(qemu_gic) },
	{ STEPS(its_save), .when = V3 }, {}
};

static const struct step qemu_load_vcpu[] = {
	{ "registers of the stream", qemu_find_regs },
	{ "system registers and counters", put_regs, CPREG | COUNTER }, {}
};

static const struct step qemu_load[] = {
	{ LOAD }, { STEPS(qemu_load_vcpu), EACH },
	{ WRITE_GIC }, { STEPS(qemu_gic) },
	{ STEPS(its_restore), .when = V3 },
	{ STEPS(qemu_put_vcpu), EACH },
	{ RUN }, {}
};

static const struct step qemu_incoming[] = { { STEPS(qemu_create) }, { STEPS(qemu_load) }, {} };

static const struct step qemu_loadvm[] = {
	{ STEPS(qemu_reset_vcpu), EACH },
	{ ITS_CTRL(ITS_CTRL_RESET) },
	{ STEPS(qemu_load) }, {}
};

/* ---------------------------------- kvmtool ------------------------------- */

static const int kvmtool_caps[] = {
	KVM_CAP_COALESCED_MMIO, KVM_CAP_USER_MEMORY, KVM_CAP_IRQCHIP, KVM_CAP_ONE_REG,
	KVM_CAP_ARM_PSCI, -1
};

static const struct step kvmtool_create_vcpu[] = {
	{ "KVM_CREATE_VCPU", create_vcpu },
	{ STEPS(fc_init) }, {}
};

static const struct step kvmtool_reset_vcpu[] = {
	{ PSTATE }, { X(1, 0) }, { X(2, 0) }, { X(3, 0) }, { FDT }, { PC }, {}
};

static const struct step kvmtool_boot[] = {
	{ "required capabilities", required_caps, .list = kvmtool_caps },
	{ "KVM_CREATE_VM", create_vm, 32 },
	{ STEPS(cr_create_gic) },
	{ CREATE_ITS },
	{ ITS_ADDR },
	{ ITS_CTRL(VGIC_CTRL_INIT) },
	{ "KVM_CAP_ARM_MTE", enable_cap, KVM_CAP_ARM_MTE },
	{ "memory", add_memory },
	{ STEPS(kvmtool_create_vcpu), EACH },
	{ NR_IRQS },
	{ GIC_CTRL(VGIC_CTRL_INIT) },
	{ "PVTIME_IPA", pvtime, EACH },
	{ PMU },
	{ "MPIDR_EL1", get_mpidr, EACH },
	{ STEPS(kvmtool_reset_vcpu), EACH },
	{ RUN }, {}
};

/* ------------------------------- All of them ------------------------------ */

#define ON_V2		.gic = KVM_DEV_TYPE_ARM_VGIC_V2
#define ON_V3		.gic = KVM_DEV_TYPE_ARM_VGIC_V3
#define FIRECRACKER	.nr_irqs = 128, .boot = fc_boot, .save = fc_save, .restore = fc_restore
#define CROSVM		.nr_irqs = 64, .boot = cr_boot
#define QEMU		.nr_irqs = 288, .features = ALL_FEATURES, .boot = qemu_boot, \
			.save = qemu_save, .again = qemu_loadvm, .restore = qemu_incoming
#define KVMTOOL		.nr_irqs = 64, .features = ALL_FEATURES, .boot = kvmtool_boot

/*
 * crosvm does not save a VM with an ITS. It cannot save one with SVE: it reads V0 to
 * V31, and KVM refuses these ids if a vCPU has SVE. kvmtool saves no VMs.
 */
static const struct vmm vmms[] = {
	{ "Firecracker", ON_V3, FIRECRACKER, .is = ITS },
	{ "Firecracker, GICv2", ON_V2, FIRECRACKER },
	{ "Firecracker, SVE and PAUTH", ON_V3, FIRECRACKER, .is = ITS,
	  .features = SVE_AND_PAUTH, .needs = SVE_AND_PAUTH },
	{ "Firecracker, V1N1", ON_V3, FIRECRACKER, .is = ITS | V1N1 },
	{ "Firecracker, from a list with PTIMER_*", ON_V3, FIRECRACKER, .is = ITS | SINCE_6_4 },
	{ "cloud-hypervisor", ON_V3, .nr_irqs = 256, .is = ITS,
	  .features = FEATURE_PMU | FEATURE_SVE, .boot = ch_boot, .save = ch_save,
	  .restore = ch_restore },
	{ "crosvm", ON_V3, CROSVM, .features = FEATURE_PMU | FEATURE_PAUTH,
	  .save = cr_save, .restore = cr_restore },
	{ "crosvm, pvclock, TRNG and ITS", ON_V3, CROSVM, .is = ITS | SINCE_6_4,
	  .features = ALL_FEATURES },
	{ "crosvm, GICv2", ON_V2, CROSVM, .features = ALL_FEATURES },
	{ "QEMU", ON_V3, QEMU, .is = ITS },
	{ "QEMU, GICv2", ON_V2, QEMU },
	{ "kvmtool", ON_V3, KVMTOOL, .is = ITS },
	{ "kvmtool, GICv2", ON_V2, KVMTOOL },
};

static bool run_sequence(const struct vmm *vmm)
{
	struct vm vm = { .vmm = vmm, .state = &states[0], .from = &states[0] };
	struct vm to = { .vmm = vmm, .state = &states[1], .from = &states[1] };
	int ret;
	u32 i;

	kvm_fd = open_kvm_dev_path_or_exit();
	ret = run_steps(&vm, vmm->boot);
	if (!ret && vmm->save) {
		ret = run_steps(&vm, vmm->save);
		for (i = 0; i < NR_VCPUS; i++)
			vm.state->vcpu[i].init = vm.vcpu[i].init;
		saved = vm.state;
		vm.state = &states[2];
		vm.seen = true;
		to.seen = true;
		memcpy(to.view, vm.view, sizeof(to.view));
		if (!ret && vmm->again)
			ret = run_steps(&vm, vmm->again);
		ret = ret ?: run_steps(&to, vmm->restore);
	}
	close_vm(&to);
	close_vm(&vm);
	close(kvm_fd);
	return !ret;
}

static const char *why_not(const struct vmm *vmm)
{
	if (vmm->gic == KVM_DEV_TYPE_ARM_VGIC_V2 ? !host.gic_v2 : !host.gic_v3)
		return "the host does not offer this vGIC";
	if (vmm->needs & ~host.features)
		return "the host lacks SVE or PAUTH";
	if (vmm->is & SINCE_6_4 && !host.v6_4)
		return "the kernel is older than 6.4";
	if (vmm->is & V1N1 && !host.v1n1)
		return "ID registers cannot be written, or the CPU lacks SHA2, DCPOP or LRCPC";
	if (way != NATIVE && !nr_baselines)
		return "no KVM_CAP_GUEST_COMPAT";
	return NULL;
}

static void set_default(const char *val)
{
	int fd = open(PARAMETER, O_WRONLY);

	TEST_ASSERT(fd >= 0 && write(fd, val, strlen(val)) > 0,
		    "writing \"%s\" to %s: expected success, got errno %d", val, PARAMETER, errno);
	close(fd);
}

static char first_default[4096];

static void restore_default(void)
{
	set_default(first_default);
}

/* Sets the host default to native, and fills @host. The old default returns at exit. */
static void look_at_host(void)
{
	unsigned long cpu = getauxval(AT_HWCAP), need = HWCAP_SHA2 | HWCAP_DCPOP | HWCAP_LRCPC;
	struct kvm_create_device dev = { .flags = KVM_CREATE_DEVICE_TEST };
	int fd = open(PARAMETER, O_RDONLY);
	struct kvm_vm *vm;

	if (fd >= 0) {
		TEST_ASSERT(read(fd, first_default, sizeof(first_default) - 1) > 0,
			    "reading %s: expected its value, got errno %d", PARAMETER, errno);
		close(fd);
		set_default("native");
		atexit(restore_default);
	}

	vm = vm_create_barebones();
	dev.type = KVM_DEV_TYPE_ARM_VGIC_V2;
	host.gic_v2 = !kvm_call(vm->fd, KVM_CREATE_DEVICE, &dev);
	dev.type = KVM_DEV_TYPE_ARM_VGIC_V3;
	host.gic_v3 = !kvm_call(vm->fd, KVM_CREATE_DEVICE, &dev);
	host.features = features_of(vm->fd);
	host.v6_4 = check_cap(vm->fd, KVM_CAP_COUNTER_OFFSET) > 0;
	host.v1n1 = check_cap(vm->fd, KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES) > 0 &&
		    (cpu & need) == need;
	if (check_cap(vm->fd, KVM_CAP_GUEST_COMPAT) > 0) {
		while (nr_baselines < ARRAY_SIZE(baselines) && compat_baseline(nr_baselines)) {
			baselines[nr_baselines] = *compat_baseline(nr_baselines);
			nr_baselines++;
		}
	}
	kvm_vm_free(vm);
}

/* Gives one result for all baselines. The messages before it name the baselines that fail. */
static void test_vmm(const struct vmm *vmm)
{
	const char *why = why_not(vmm);
	bool ok = true;
	u32 i;

	if (why) {
		ksft_test_result_skip("%s, %s: %s\n", vmm->name, ways[way], why);
		return;
	}

	for (i = 0; i < (way == NATIVE ? 1 : nr_baselines); i++) {
		baseline = way == NATIVE ? NULL : &baselines[i];
		if (way == HOST_DEFAULT)
			set_default(baseline->name);
		ok &= run_sequence(vmm);
	}
	if (way == HOST_DEFAULT)
		set_default("native");
	ksft_test_result(ok, "%s, %s\n", vmm->name, ways[way]);
}

int main(void)
{
	u32 i;

	ksft_print_header();
	look_at_host();
	ksft_set_plan(ARRAY_SIZE(vmms) * NR_WAYS);
	for (way = NATIVE; way < NR_WAYS; way++)
		for (i = 0; i < ARRAY_SIZE(vmms); i++)
			test_vmm(&vmms[i]);
	ksft_finished();
}
