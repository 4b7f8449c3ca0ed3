// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgic_vcpu_ids - vCPUs whose ids are not their indices
 *
 * Interrupts of a GICv3 must arrive at the vCPU that they are for: the timer's, those of
 * KVM_IRQ_LINE, and the LPIs of a collection whose RDbase is the Processor_Number of
 * the vCPU's redistributor. Up to 6.6 the ITS took that number for an index. No guest
 * relied on this, because the timer did not interrupt a vCPU whose id was not its index.
 * The test runs on such kernels, too, and therefore uses a bare VM.
 */
#include <string.h>

#include "bare_vm.h"
#include "check.h"
#include "gic_v3.h"
#include "guest_asm.h"

#define RAM_BASE		0x40000000ULL
#define RAM_LPI_CONFIG		(RAM_BASE + 0x10000)
#define RAM_DEVICES		(RAM_BASE + 0x20000)
#define RAM_COLLECTIONS		(RAM_BASE + 0x30000)
#define RAM_QUEUE		(RAM_BASE + 0x40000)
#define RAM_ITT			(RAM_BASE + 0x50000)
#define RAM_PENDING(i)		(RAM_BASE + 0x60000 + (i) * SZ_64K)

#define NR_VCPUS	2
#define TIMER_PPI	27
#define LINE_PPI	20
#define LPI_ID_BITS	14

/* Lets the virtual timer expire, waits for a while, and exits by a store. */
GUEST_CODE(guest_code,
	   "	msr	cntv_cval_el0, xzr\n"
	   "	mov	x0, #1\n"
	   "	msr	cntv_ctl_el0, x0\n"
	   "	isb\n"
	   "	mov	x2, #0x100000\n"
	   "1:	subs	x2, x2, #1\n"
	   "	b.ne	1b\n"
	   "	mov	x1, #0x0a000000\n"
	   "	str	x0, [x1]\n");

struct machine {
	struct bare_vm	vm;
	const u32	*ids;	/* ids of the vCPUs */
};

/* Below 16, the id of a vCPU is its affinity. */
static u64 redist(const struct machine *m, u32 i, u64 reg)
{
	return (u64)m->ids[i] << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT | reg;
}

static void set_redist(const struct machine *m, u32 i, u64 reg, u32 val)
{
	kvm_device_attr_set(m->vm.gic_fd, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, redist(m, i, reg),
			    &val);
}

static void set_redist64(const struct machine *m, u32 i, u64 reg, u64 val)
{
	set_redist(m, i, reg, val);
	set_redist(m, i, reg + 4, val >> 32);
}

static void set_its(const struct machine *m, u64 reg, u64 val)
{
	kvm_device_attr_set(m->vm.its_fd, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, reg, &val);
}

static int its_ctrl(const struct machine *m, u64 attr)
{
	return __kvm_device_attr_set(m->vm.its_fd, KVM_DEV_ARM_VGIC_GRP_CTRL, attr, NULL);
}

static void make_vm(struct machine *m, const u32 *ids)
{
	struct bare_vm_desc d = bare_vm_default(3);
	u32 i;

	d.nr_vcpus = NR_VCPUS;
	d.its = true;
	m->ids = ids;
	bare_vm_create(&m->vm, &d);
	memcpy(m->vm.ram, guest_code, guest_code_end - guest_code);
	for (i = 0; i < NR_VCPUS; i++) {
		m->vm.vcpu[i] = __vm_vcpu_add(m->vm.vm, ids[i]);
		bare_vm_init_vcpu(&m->vm, i, BIT(KVM_ARM_VCPU_PSCI_0_2));
		vcpu_set_reg(m->vm.vcpu[i], ARM64_CORE_REG(regs.pc), RAM_BASE);
	}
	bare_vm_init_devices(&m->vm);
}

/* Returns the level of the PPI for each vCPU: bit i is that of vCPU index i. */
static u32 lines(const struct machine *m, u32 ppi)
{
	u32 i, level, up = 0;

	for (i = 0; i < NR_VCPUS; i++) {
		kvm_device_attr_get(m->vm.gic_fd, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, redist(m, i, 0),
				    &level);
		up |= (level >> ppi & 1) << i;
	}
	return up;
}

static bool test_timer(struct machine *m)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < NR_VCPUS; i++) {
		vcpu_run(m->vm.vcpu[i]);
		ok &= CHECK_EQ(lines(m, TIMER_PPI), BIT(i + 1) - 1);
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

		__vm_ioctl(m->vm.vm, KVM_IRQ_LINE, &line);
		ok &= CHECK_EQ(lines(m, LINE_PPI), BIT(i + 1) - 1);
	}
	return ok;
}

static void set_tables(struct machine *m)
{
	const u64 baser = GITS_BASER_VALID | GITS_BASER_PAGE_SIZE_64K;

	set_its(m, GITS_BASER, baser | RAM_DEVICES);
	set_its(m, GITS_BASER + 8, baser | RAM_COLLECTIONS);
}

/* Sends one LPI to each vCPU. RDbase is the Processor_Number of its redistributor. */
static void send_lpis(struct machine *m)
{
	const u64 valid = BIT_ULL(63), dev = 0x10ULL << 32;
	const u64 lpi[] = { (u64)MIN_LPI << 32, (u64)(MIN_LPI + 1) << 32 };
	const u64 cmd[][4] = {
		{ GITS_CMD_MAPC, 0, valid | (u64)m->ids[0] << 16 | 0 },
		{ GITS_CMD_MAPC, 0, valid | (u64)m->ids[1] << 16 | 1 },
		{ GITS_CMD_MAPD | dev, 4, valid | RAM_ITT },
		{ GITS_CMD_MAPTI | dev, lpi[0] | 0, 0 },
		{ GITS_CMD_MAPTI | dev, lpi[1] | 1, 1 },
		{ GITS_CMD_INT | dev, 0 },
		{ GITS_CMD_INT | dev, 1 },
	};
	u32 i;

	memcpy(bare_vm_mem(&m->vm, RAM_QUEUE), cmd, sizeof(cmd));
	memset(bare_vm_mem(&m->vm, RAM_LPI_CONFIG), 0xe0 | LPI_PROP_ENABLED, 2);
	for (i = 0; i < NR_VCPUS; i++) {
		set_redist64(m, i, GICR_PROPBASER, RAM_LPI_CONFIG | (LPI_ID_BITS - 1));
		set_redist64(m, i, GICR_PENDBASER, RAM_PENDING(i));
		set_redist(m, i, GICR_CTLR, GICR_CTLR_ENABLE_LPIS);
	}
	set_tables(m);
	set_its(m, GITS_CBASER, GITS_CBASER_VALID | RAM_QUEUE | (SZ_64K / SZ_4K - 1));
	set_its(m, GITS_CTLR, GITS_CTLR_ENABLE);
	set_its(m, GITS_CWRITER, sizeof(cmd));
}

/* In the saved tables of pending LPIs, each vCPU has its own LPI. */
static bool test_lpis(struct machine *m)
{
	bool ok = true;
	u32 i;

	send_lpis(m);
	TEST_ASSERT(!its_ctrl(m, KVM_DEV_ARM_ITS_SAVE_TABLES), "ITS tables");
	kvm_device_attr_set(m->vm.gic_fd, KVM_DEV_ARM_VGIC_GRP_CTRL,
			    KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, NULL);
	for (i = 0; i < NR_VCPUS; i++)
		ok &= CHECK_EQ_MSG(*(u8 *)bare_vm_mem(&m->vm, RAM_PENDING(i) + MIN_LPI / 8), BIT(i),
				   "pending LPIs of vCPU %u", m->ids[i]);
	return ok;
}

/* A saved collection has the id of its vCPU. KVM refuses an id that no vCPU has. */
static bool test_restore(struct machine *m)
{
	u32 none = max(m->ids[0], m->ids[1]) + 1, i;
	u64 *table = bare_vm_mem(&m->vm, RAM_COLLECTIONS);
	bool ok = true;

	for (i = 0; i <= NR_VCPUS; i++) {
		u32 id = i < NR_VCPUS ? m->ids[i] : none;
		bool there = id != none, taken;

		table[0] = cpu_to_le64(BIT_ULL(63) | (u64)id << 16);
		table[1] = 0;
		memset(bare_vm_mem(&m->vm, RAM_DEVICES), 0, SZ_64K);
		TEST_ASSERT(!its_ctrl(m, KVM_DEV_ARM_ITS_CTRL_RESET), "ITS reset");
		set_tables(m);
		taken = !its_ctrl(m, KVM_DEV_ARM_ITS_RESTORE_TABLES);
		ok &= CHECK(taken == there, "a collection of vCPU %u is %s", id,
			    taken ? "taken" : "refused");
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

int main(void)
{
	const char *why = bare_vm_unsupported();
	struct machine m;
	u32 i, t;

	ksft_print_header();
	if (why)
		ksft_exit_skip("%s\n", why);
	if (!kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_ITS))
		ksft_exit_skip("no GICv3\n");
	ksft_set_plan(ARRAY_SIZE(ids) * ARRAY_SIZE(tests));
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		make_vm(&m, ids[i]);
		for (t = 0; t < ARRAY_SIZE(tests); t++)
			ksft_test_result(tests[t].run(&m), "vCPUs %u, %u: %s\n", ids[i][0],
					 ids[i][1], tests[t].name);
		bare_vm_free(&m.vm);
	}
	ksft_finished();
}
