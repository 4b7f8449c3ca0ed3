// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_vcpu_ids - vCPUs whose ids are not their indices
 *
 * What KVM and userspace say of a vCPU to a GICv3 has to arrive at that vCPU: its
 * timer's interrupt, KVM_IRQ_LINE, and the LPIs of a collection whose RDbase is
 * the Processor_Number that its redistributor tells. Up to 6.6 the ITS took
 * that for an index; which no guest can have relied on, as a vCPU whose id was
 * not its index got no interrupt of its timer. It runs on these kernels, too:
 * hence the plain memory slot, not the library's.
 */
#include <string.h>
#include <sys/mman.h>

#include <linux/sizes.h>

#include "kselftest.h"
#include "kvm_util.h"
#include "gic.h"
#include "gic_v3.h"
#include "processor.h"
#include "vgic.h"

#define IPA_BITS		40
#define RAM_BASE		0x40000000ULL
#define RAM_SIZE		SZ_1M
#define RAM_LPI_CONFIG		0x10000
#define RAM_DEVICES		0x20000
#define RAM_COLLECTIONS		0x30000
#define RAM_QUEUE		0x40000
#define RAM_ITT			0x50000
#define RAM_PENDING(i)		(0x60000 + (i) * SZ_64K)

#define NR_VCPUS	2
#define TIMER_PPI	27
#define LINE_PPI	20
#define FIRST_LPI	8192

/* Has the virtual timer expire, waits for a while, and leaves by a store */
static const u32 guest_code[] = {
	0xd51be35f, 0xd2800020,		/* msr cntv_cval_el0, xzr; mov x0, #1 */
	0xd51be320, 0xd5033fdf,		/* msr cntv_ctl_el0, x0; isb */
	0xd2a00202,			/* mov x2, #0x100000 */
	0xf1000442, 0x54ffffe1,		/* subs x2, x2, #1; b.ne .-4 */
	0xd2a14001, 0xf9000020,		/* mov x1, #0x0a000000; str x0, [x1] */
};

struct machine {
	const u32	*ids;
	struct kvm_vm	*vm;
	struct kvm_vcpu	*vcpu[NR_VCPUS];
	u8		*ram;
	int		gic, its;
};

/* The affinity of a vCPU with so small an id is the id */
static u64 redist(const struct machine *m, u32 i, u64 reg)
{
	return (u64)m->ids[i] << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT | reg;
}

static void set_redist(const struct machine *m, u32 i, u64 reg, u32 val)
{
	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, redist(m, i, reg), &val);
}

static void set_redist64(const struct machine *m, u32 i, u64 reg, u64 val)
{
	set_redist(m, i, reg, val);
	set_redist(m, i, reg + 4, val >> 32);
}

static void set_its(const struct machine *m, u64 reg, u64 val)
{
	kvm_device_attr_set(m->its, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, reg, &val);
}

static int its_ctrl(const struct machine *m, u64 attr)
{
	return __kvm_device_attr_set(m->its, KVM_DEV_ARM_VGIC_GRP_CTRL, attr, NULL);
}

static void make_its(struct machine *m)
{
	u64 base = GITS_BASE_GPA;

	m->its = kvm_create_device(m->vm, KVM_DEV_TYPE_ARM_VGIC_ITS);
	kvm_device_attr_set(m->its, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_ITS_ADDR_TYPE, &base);
	TEST_ASSERT(!its_ctrl(m, KVM_DEV_ARM_VGIC_CTRL_INIT), "ITS");
}

static void make_gic(struct machine *m)
{
	u64 dist = GICD_BASE_GPA, redists = REDIST_REGION_ATTR_ADDR(NR_VCPUS, GICR_BASE_GPA, 0, 0);

	m->gic = kvm_create_device(m->vm, KVM_DEV_TYPE_ARM_VGIC_V3);
	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &dist);
	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_ADDR,
			    KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION, &redists);
	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

static void make_vm(struct machine *m, const u32 *ids)
{
	struct kvm_userspace_memory_region slot = {
		.guest_phys_addr = RAM_BASE, .memory_size = RAM_SIZE,
	};
	struct kvm_vcpu_init init;
	u32 i;

	m->ids = ids;
	m->vm = ____vm_create(VM_SHAPE(VM_MODE_P40V48_4K));
	m->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(m->ram != MAP_FAILED, "No memory for the guest");
	slot.userspace_addr = (u64)m->ram;
	vm_ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &slot);
	memcpy(m->ram, guest_code, sizeof(guest_code));
	vm_ioctl(m->vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] = BIT(KVM_ARM_VCPU_PSCI_0_2);
	for (i = 0; i < NR_VCPUS; i++) {
		m->vcpu[i] = __vm_vcpu_add(m->vm, ids[i]);
		vcpu_ioctl(m->vcpu[i], KVM_ARM_VCPU_INIT, &init);
		vcpu_set_reg(m->vcpu[i], ARM64_CORE_REG(regs.pc), RAM_BASE);
	}
	make_gic(m);
	make_its(m);
}

static void free_vm(struct machine *m)
{
	close(m->its);
	close(m->gic);
	kvm_vm_free(m->vm);
	munmap(m->ram, RAM_SIZE);
}

/* The lines of a PPI that are up: a bit for each vCPU, by index */
static u32 lines(const struct machine *m, u32 ppi)
{
	u32 i, level, up = 0;

	for (i = 0; i < NR_VCPUS; i++) {
		kvm_device_attr_get(m->gic, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, redist(m, i, 0),
				    &level);
		up |= (level >> ppi & 1) << i;
	}
	return up;
}

static bool is(const struct machine *m, const char *what, u32 have, u32 want)
{
	if (have != want)
		ksft_print_msg("%s: vCPUs %#x, not %#x (by index)\n", what, have, want);
	return have == want;
}

static bool test_timer(struct machine *m)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < NR_VCPUS; i++) {
		vcpu_run(m->vcpu[i]);
		ok &= is(m, "timers", lines(m, TIMER_PPI), BIT(i + 1) - 1);
	}
	return ok;
}

static bool test_irq_line(struct machine *m)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < NR_VCPUS; i++) {
		struct kvm_irq_level line = {
			.irq = KVM_ARM_IRQ_TYPE_PPI << KVM_ARM_IRQ_TYPE_SHIFT |
			       m->ids[i] << KVM_ARM_IRQ_VCPU_SHIFT | LINE_PPI,
			.level = 1,
		};

		__vm_ioctl(m->vm, KVM_IRQ_LINE, &line);
		ok &= is(m, "lines", lines(m, LINE_PPI), BIT(i + 1) - 1);
	}
	return ok;
}

/* LPI 8192 + i is sent to the vCPU with index i, as its redistributor calls it */
static void send_lpis(struct machine *m)
{
	const u64 valid = BIT_ULL(63), dev = 0x10ULL << 32;
	const u64 cmd[][4] = {
		{ 0x09, 0, valid | (u64)m->ids[0] << 16 | 0 },		/* MAPC */
		{ 0x09, 0, valid | (u64)m->ids[1] << 16 | 1 },
		{ 0x08 | dev, 4, valid | (RAM_BASE + RAM_ITT) },	/* MAPD */
		{ 0x0a | dev, 0 | (u64)FIRST_LPI << 32, 0 },		/* MAPTI */
		{ 0x0a | dev, 1 | (u64)(FIRST_LPI + 1) << 32, 1 },
		{ 0x03 | dev, 0 }, { 0x03 | dev, 1 },			/* INT */
	};
	const u64 baser = valid | GIC_PAGE_SIZE_64K << 8;
	u32 i;

	memcpy(m->ram + RAM_QUEUE, cmd, sizeof(cmd));
	memset(m->ram + RAM_LPI_CONFIG, 0xe1, 2);
	for (i = 0; i < NR_VCPUS; i++) {
		set_redist64(m, i, GICR_PROPBASER, (RAM_BASE + RAM_LPI_CONFIG) | 13);
		set_redist64(m, i, GICR_PENDBASER, RAM_BASE + RAM_PENDING(i));
		set_redist(m, i, GICR_CTLR, GICR_CTLR_ENABLE_LPIS);
	}
	set_its(m, GITS_BASER, baser | (RAM_BASE + RAM_DEVICES));
	set_its(m, GITS_BASER + 8, baser | (RAM_BASE + RAM_COLLECTIONS));
	set_its(m, GITS_CBASER, valid | (RAM_BASE + RAM_QUEUE) | 15);
	set_its(m, GITS_CTLR, GITS_CTLR_ENABLE);
	set_its(m, GITS_CWRITER, sizeof(cmd));
}

/* The vCPUs' tables of pending LPIs, saved, have each its own */
static bool test_lpis(struct machine *m)
{
	bool ok = true;
	u32 i;

	send_lpis(m);
	TEST_ASSERT(!its_ctrl(m, KVM_DEV_ARM_ITS_SAVE_TABLES), "ITS tables");
	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_CTRL,
			    KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, NULL);
	for (i = 0; i < NR_VCPUS; i++)
		ok &= is(m, "pending LPIs", m->ram[RAM_PENDING(i) + FIRST_LPI / 8], BIT(i));
	return ok;
}

/* A saved collection's target is an id: of these two, one more than there is */
static bool test_restore(struct machine *m)
{
	u32 none = max(m->ids[0], m->ids[1]) + 1, i;
	u64 *table = (u64 *)(m->ram + RAM_COLLECTIONS);
	bool ok = true;

	for (i = 0; i <= NR_VCPUS; i++) {
		u32 id = i < NR_VCPUS ? m->ids[i] : none;
		bool there = id != none, taken;

		table[0] = cpu_to_le64(BIT_ULL(63) | (u64)id << 16);
		table[1] = 0;
		memset(m->ram + RAM_DEVICES, 0, SZ_64K);
		TEST_ASSERT(!its_ctrl(m, KVM_DEV_ARM_ITS_CTRL_RESET), "ITS reset");
		set_its(m, GITS_BASER, BIT_ULL(63) | GIC_PAGE_SIZE_64K << 8 |
			(RAM_BASE + RAM_DEVICES));
		set_its(m, GITS_BASER + 8, BIT_ULL(63) | GIC_PAGE_SIZE_64K << 8 |
			(RAM_BASE + RAM_COLLECTIONS));
		taken = !its_ctrl(m, KVM_DEV_ARM_ITS_RESTORE_TABLES);
		if (taken != there) {
			ksft_print_msg("a collection of vCPU %u is %s\n", id,
				       taken ? "taken" : "refused");
			ok = false;
		}
	}
	return ok;
}

static const u32 ids[][NR_VCPUS] = { { 0, 1 }, { 1, 0 }, { 0, 5 } };

static const struct {
	const char	*name;
	bool		(*run)(struct machine *m);
} tests[] = {
	{ "a timer interrupts its vCPU", test_timer },
	{ "KVM_IRQ_LINE reaches the vCPU", test_irq_line },
	{ "LPIs go to RDbase's vCPU", test_lpis },
	{ "collections of vCPUs that there are can be restored", test_restore },
};

static bool has_gicv3(void)
{
	struct kvm_vm *vm = ____vm_create(VM_SHAPE(VM_MODE_P40V48_4K));
	bool has = !__kvm_test_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3);

	kvm_vm_free(vm);
	return has;
}

int main(void)
{
	int ipa_bits = kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE);
	struct machine m;
	u32 i, t;

	ksft_print_header();
	if (ipa_bits && ipa_bits < IPA_BITS)
		ksft_exit_skip("less than %u bits of guest physical addresses\n", IPA_BITS);
	if (!has_gicv3())
		ksft_exit_skip("no GICv3\n");
	ksft_set_plan(ARRAY_SIZE(ids) * ARRAY_SIZE(tests));
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		make_vm(&m, ids[i]);
		for (t = 0; t < ARRAY_SIZE(tests); t++)
			ksft_test_result(tests[t].run(&m), "vCPUs %u, %u: %s\n", ids[i][0],
					 ids[i][1], tests[t].name);
		free_vm(&m);
	}
	ksft_finished();
}
