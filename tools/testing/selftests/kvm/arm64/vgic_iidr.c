// SPDX-License-Identifier: GPL-2.0
/*
 * Test GICD_IIDR.Revision for GICv2 and GICv3: which values userspace can write, until
 * when, and what each revision changes for the guest and for userspace.
 *
 * For groups, the test compares IGROUPR as userspace reads it, IGROUPR as the guest
 * reads it, and how an interrupt arrives. With both groups enabled, and GICC_CTLR.FIQEn
 * set on GICv2, a Group 0 interrupt is an FIQ and a Group 1 interrupt an IRQ. Each group
 * has its own register that acknowledges it.
 */
#include <errno.h>
#include <linux/bitfield.h>
#include <linux/sizes.h>

#include "kvm_util.h"
#include "processor.h"
#include "ucall.h"
#include "vgic.h"
#include "check.h"
#include "gic.h"
#include "gic_v2.h"
#include "gic_v3.h"
#include "gic_v3_its.h"

#define NR_REVS			4
#define REV_LATEST		3
#define NR_VCPUS		2
#define NR_IRQS			64

#define RD_IGROUPR0		(SZ_64K + GICR_IGROUPR0)

/* The guest moves two of these to the other group: SGI 1 and SPI 40. */
static const u32 intids[] = { 1, 2, 40, 41 };
#define NR_INTIDS		ARRAY_SIZE(intids)
#define MOVED_GRPR0		BIT(1)
#define MOVED_GRPR1		BIT(40 - 32)

#define NOT_DELIVERED		0xff
#define ODD_DELIVERY		0xfe

/* The GIC as the guest sees it */
struct view {
	u32 iidr;
	u32 igroupr[2];
	u32 rd_ctlr;
	u8 group[NR_INTIDS];
};

static struct guest_data {
	bool v3;
	struct view reset, moved;
	u8 arrived[1024];

	/* LPIs, GICv3 only */
	bool lpi_early, lpi_invlpi, lpi_invall, lpi_its;
	u64 invlpir, invallr;
	u32 syncr;
} gd;

/* Guest side */

static u32 gicd_read(u32 off)
{
	return readl(GICD_BASE_GVA + off);
}

static void gicd_write(u32 off, u32 val)
{
	writel(val, GICD_BASE_GVA + off);
}

static u32 guest_read_igroupr(int n)
{
	if (gd.v3 && !n)
		return readl(GICR_BASE_GVA + RD_IGROUPR0);

	return gicd_read(GICD_IGROUPR + n * 4);
}

static void guest_write_igroupr(int n, u32 val)
{
	if (gd.v3 && !n)
		writel(val, GICR_BASE_GVA + RD_IGROUPR0);
	else
		gicd_write(GICD_IGROUPR + n * 4, val);
}

static void guest_arrived(u32 intid, u8 how)
{
	intid &= 0x3ff;
	WRITE_ONCE(gd.arrived[intid], how);
}

static void guest_fiq_v2(struct ex_regs *regs)
{
	u32 iar = readl(GICC_BASE_GVA + GICC_IAR);

	guest_arrived(iar, iar == GICC_IAR_GRP1 ? ODD_DELIVERY : 0);
	writel(iar, GICC_BASE_GVA + GICC_EOIR);
}

static void guest_irq_v2(struct ex_regs *regs)
{
	u32 ctlr = readl(GICC_BASE_GVA + GICC_CTLR);
	u32 iar = readl(GICC_BASE_GVA + GICC_IAR);
	u8 how = ODD_DELIVERY;

	/* Without AckCtl, GICC_IAR shows that a Group 1 interrupt is pending, no more. */
	if (iar == GICC_IAR_GRP1) {
		writel(ctlr | GICC_CTLR_ACKCTL, GICC_BASE_GVA + GICC_CTLR);
		iar = readl(GICC_BASE_GVA + GICC_IAR);
		how = 1;
	}

	guest_arrived(iar, how);
	writel(iar, GICC_BASE_GVA + GICC_EOIR);
	writel(ctlr, GICC_BASE_GVA + GICC_CTLR);
}

static void guest_fiq_v3(struct ex_regs *regs)
{
	u64 iar = read_sysreg_s(SYS_ICC_IAR0_EL1);

	guest_arrived(iar, 0);
	write_sysreg_s(iar, SYS_ICC_EOIR0_EL1);
	isb();
}

static void guest_irq_v3(struct ex_regs *regs)
{
	u64 iar = read_sysreg_s(SYS_ICC_IAR1_EL1);

	guest_arrived(iar, 1);
	write_sysreg_s(iar, SYS_ICC_EOIR1_EL1);
	isb();
}

static void guest_fiq(struct ex_regs *regs)
{
	gd.v3 ? guest_fiq_v3(regs) : guest_fiq_v2(regs);
}

static void guest_irq(struct ex_regs *regs)
{
	gd.v3 ? guest_irq_v3(regs) : guest_irq_v2(regs);
}

/* Sets up all but the groups. */
static void guest_setup_gic(void)
{
	gicd_write(GICD_ISENABLER + 4, BIT(40 - 32) | BIT(41 - 32));

	if (gd.v3) {
		gicd_write(GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_SS_G1);
		write_sysreg_s(0xf0, SYS_ICC_PMR_EL1);
		/*
		 * Enable Group 1 first: with only Group 0 enabled, QEMU's model of
		 * the host's GIC asserts the maintenance interrupt for ever.
		 */
		write_sysreg_s(1, SYS_ICC_IGRPEN1_EL1);
		write_sysreg_s(1, SYS_ICC_IGRPEN0_EL1);
		isb();
	} else {
		gicd_write(GICD_ITARGETSR + 40, 0x01010101);
		gicd_write(GICD_CTLR, GICD_CTLR_V2_ENABLE);
		writel(0xf0, GICC_BASE_GVA + GICC_PMR);
		writel(GICC_CTLR_ENABLE_GRP0 | GICC_CTLR_ENABLE_GRP1 | GICC_CTLR_FIQEN,
		       GICC_BASE_GVA + GICC_CTLR);
	}

	local_irq_enable();
}

static void guest_send(u32 intid)
{
	if (!INTID_IS_SGI(intid)) {
		gicd_write(GICD_ISPENDR + 4, BIT(intid - 32));
	} else if (gd.v3) {
		write_sysreg_s((u64)intid << 24 | 1, SYS_ICC_SGI1R_EL1);
		isb();
	} else {
		gicd_write(GICD_SGIR, GICD_SGIR_SELF | intid);
	}
}

static bool guest_wait_for(u32 intid)
{
	int i;

	for (i = 0; i < 100000; i++) {
		if (READ_ONCE(gd.arrived[intid]) != NOT_DELIVERED)
			return true;
		cpu_relax();
	}

	return false;
}

static void guest_look(struct view *v)
{
	int i;

	v->iidr = gicd_read(GICD_IIDR);
	v->igroupr[0] = guest_read_igroupr(0);
	v->igroupr[1] = guest_read_igroupr(1);
	if (gd.v3)
		v->rd_ctlr = readl(GICR_BASE_GVA + GICR_CTLR);

	memset(gd.arrived, NOT_DELIVERED, sizeof(gd.arrived));
	for (i = 0; i < NR_INTIDS; i++) {
		guest_send(intids[i]);
		guest_wait_for(intids[i]);
		v->group[i] = READ_ONCE(gd.arrived[intids[i]]);
	}
}

static void guest_code(void)
{
	u32 inv = gd.v3 ? ~0U : 0;

	guest_setup_gic();
	guest_look(&gd.reset);

	/* The guest's write has no effect: GICD_IIDR is read-only for it. */
	gicd_write(GICD_IIDR, GICD_IIDR_KVM(1));

	guest_write_igroupr(0, MOVED_GRPR0 ^ inv);
	guest_write_igroupr(1, MOVED_GRPR1 ^ inv);
	guest_look(&gd.moved);
	GUEST_DONE();
}

static void guest_code_restored(void)
{
	guest_setup_gic();
	guest_look(&gd.reset);
	GUEST_DONE();
}

/* Host side */

static u32 vgic_type(bool v3)
{
	return v3 ? KVM_DEV_TYPE_ARM_VGIC_V3 : KVM_DEV_TYPE_ARM_VGIC_V2;
}

struct gic {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpus[NR_VCPUS];
	bool v3;
	int fd;
};

/* Creates a VM whose GIC is not initialised. */
static struct gic gic_create_noinit(bool v3, void *code)
{
	struct gic g = { .v3 = v3 };
	int i;

	g.vm = vm_create_with_vcpus(NR_VCPUS, code, g.vcpus);
	vm_init_descriptor_tables(g.vm);
	for (i = 0; i < NR_VCPUS; i++)
		vcpu_init_descriptor_tables(g.vcpus[i]);
	vm_install_exception_handler(g.vm, VECTOR_IRQ_CURRENT, guest_irq);
	vm_install_exception_handler(g.vm, VECTOR_FIQ_CURRENT, guest_fiq);

	memset(&gd, 0, sizeof(gd));
	gd.v3 = v3;
	sync_global_to_guest(g.vm, gd);

	g.fd = v3 ? __vgic_v3_setup(g.vm, NR_VCPUS, NR_IRQS) : __vgic_v2_setup(g.vm, NR_IRQS);
	TEST_ASSERT(g.fd >= 0, "Failed to create a GIC");
	return g;
}

static struct gic gic_create(bool v3, void *code)
{
	struct gic g = gic_create_noinit(v3, code);

	__vgic_v3_init(g.fd);
	return g;
}

static void gic_free(struct gic *g)
{
	close(g->fd);
	kvm_vm_free(g->vm);
}

static int gic_write_iidr(struct gic *g, u32 val)
{
	int ret = __kvm_device_attr_set(g->fd, KVM_DEV_ARM_VGIC_GRP_DIST_REGS,
					GICD_IIDR, &val);

	return ret ? errno : 0;
}

static u32 gic_read_iidr(struct gic *g)
{
	u32 val = 0;

	kvm_device_attr_get(g->fd, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_IIDR, &val);
	return val;
}

/* IGROUPR0 is banked on GICv2. On GICv3 it is in the redistributor. */
static void gic_igroupr(struct gic *g, int cpu, int n, u32 *val, bool write)
{
	u32 group = KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
	u64 attr = (u64)cpu << 32 | (GICD_IGROUPR + n * 4);

	if (g->v3 && !n) {
		group = KVM_DEV_ARM_VGIC_GRP_REDIST_REGS;
		attr = (u64)cpu << 32 | RD_IGROUPR0;
	}

	if (write)
		kvm_device_attr_set(g->fd, group, attr, val);
	else
		kvm_device_attr_get(g->fd, group, attr, val);
}

struct groups {
	u32 priv[NR_VCPUS];
	u32 spi;
};

static struct groups gic_save_groups(struct gic *g)
{
	struct groups gr;
	int i;

	for (i = 0; i < NR_VCPUS; i++)
		gic_igroupr(g, i, 0, &gr.priv[i], false);
	gic_igroupr(g, 0, 1, &gr.spi, false);
	return gr;
}

static void gic_restore_groups(struct gic *g, struct groups gr)
{
	int i;

	for (i = 0; i < NR_VCPUS; i++)
		gic_igroupr(g, i, 0, &gr.priv[i], true);
	gic_igroupr(g, 0, 1, &gr.spi, true);
}

static u32 gic_read_rd_ctlr(struct gic *g)
{
	u32 val;

	kvm_device_attr_get(g->fd, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, GICR_CTLR, &val);
	return val;
}

static void check_groups(struct gic *g, struct groups want, const char *when)
{
	struct groups got = gic_save_groups(g);
	int i;

	for (i = 0; i < NR_VCPUS; i++)
		CHECK_EQ_MSG(got.priv[i], want.priv[i], "IGROUPR0 of vCPU %d, %s", i, when);
	CHECK_EQ_MSG(got.spi, want.spi, "IGROUPR1, %s", when);
}

/* Returns IGROUPR of a GIC whose groups nobody has configured, or can configure. */
static u32 reset_igroupr(bool v3, int rev)
{
	return v3 || rev == 0 ? ~0U : 0;
}

static struct groups reset_groups(bool v3, int rev)
{
	u32 val = reset_igroupr(v3, rev);

	return (struct groups) { .priv = { val, val }, .spi = val };
}

static u32 rd_ctlr_of(int rev)
{
	return rev >= 3 ? GICR_CTLR_IR | GICR_CTLR_CES : 0;
}

static void run_guest(struct gic *g)
{
	struct ucall uc;

	vcpu_run_to_ucall(g->vcpus[0], &uc);
	sync_global_from_guest(g->vm, gd);
}

/* @moved: the guest's writes to IGROUPR, or the restored values, are in force */
static void check_view(struct view *v, bool v3, int rev, bool moved, const char *when)
{
	u32 igroupr[2] = { reset_igroupr(v3, rev), reset_igroupr(v3, rev) };
	u8 group = v3, want;
	int i;

	if (moved) {
		igroupr[0] ^= MOVED_GRPR0;
		igroupr[1] ^= MOVED_GRPR1;
	}

	CHECK_EQ_MSG(v->iidr, GICD_IIDR_KVM(rev), "guest's GICD_IIDR, %s", when);
	CHECK_EQ_MSG(v->igroupr[0], igroupr[0], "guest's IGROUPR0, %s", when);
	CHECK_EQ_MSG(v->igroupr[1], igroupr[1], "guest's IGROUPR1, %s", when);
	if (v3)
		CHECK_EQ_MSG(v->rd_ctlr, rd_ctlr_of(rev), "guest's GICR_CTLR, %s", when);

	for (i = 0; i < NR_INTIDS; i++) {
		want = moved && !(i & 1) ? !group : group;
		CHECK_EQ_MSG(v->group[i], want, "group of interrupt %d, %s", intids[i], when);
	}
}

/* Subtests */

static void test_default(bool v3, int rev, int unused)
{
	struct gic g = gic_create(v3, guest_code);

	CHECK_EQ_MSG(gic_read_iidr(&g), GICD_IIDR_KVM(REV_LATEST), "GICD_IIDR");
	run_guest(&g);
	check_view(&gd.reset, v3, REV_LATEST, false, "at reset");
	check_view(&gd.moved, v3, REV_LATEST, true, "after the guest's writes");
	CHECK_EQ_MSG(gic_read_iidr(&g), GICD_IIDR_KVM(REV_LATEST), "GICD_IIDR");
	gic_free(&g);
}

/*
 * Returns whether GICD_IIDR can be accessed before KVM_DEV_ARM_VGIC_CTRL_INIT. Of a
 * GICv3 it can since 6.17. Kernels since 6.19 must allow it: the capability is of 6.19.
 */
static bool early_access(struct gic *g)
{
	return !g->v3 || kvm_has_cap(KVM_CAP_ARM_SEA_TO_USER) ||
	       gic_write_iidr(g, GICD_IIDR_KVM(REV_LATEST)) != EBUSY;
}

static void test_accepted(bool v3, int rev, int unused)
{
	struct gic g = gic_create_noinit(v3, guest_code);
	bool early = early_access(&g);

	/* This write initialises a GICv2. */
	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), early ? 0 : EBUSY,
		     "write before init");
	if (early)
		CHECK_EQ_MSG(gic_read_iidr(&g), GICD_IIDR_KVM(rev), "GICD_IIDR before init");
	__vgic_v3_init(g.fd);
	if (!early)
		CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), 0, "write after init");
	CHECK_EQ_MSG(gic_read_iidr(&g), GICD_IIDR_KVM(rev), "GICD_IIDR after init");
	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(REV_LATEST)), 0, "newest, after init");
	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), 0, "write after init");
	CHECK_EQ_MSG(gic_read_iidr(&g), GICD_IIDR_KVM(rev), "GICD_IIDR");
	if (v3)
		CHECK_EQ_MSG(gic_read_rd_ctlr(&g), rd_ctlr_of(rev), "GICR_CTLR");
	gic_free(&g);
}

static void check_refused_values(struct gic *g)
{
	u32 iidr = gic_read_iidr(g);
	int i;

	for (i = NR_REVS; i < 16; i++)
		CHECK_EQ_MSG(gic_write_iidr(g, GICD_IIDR_KVM(i)), EINVAL, "revision %d", i);
	for (i = 0; i < 32; i++)
		if (!(BIT(i) & GENMASK(15, 12)))
			CHECK_EQ_MSG(gic_write_iidr(g, iidr ^ BIT(i)), EINVAL, "bit %d", i);
	CHECK_EQ_MSG(gic_read_iidr(g), iidr, "GICD_IIDR after refusals");
}

static void test_einval(bool v3, int rev, int unused)
{
	struct gic g = gic_create_noinit(v3, guest_code);

	if (early_access(&g))
		check_refused_values(&g);
	__vgic_v3_init(g.fd);
	check_refused_values(&g);
	gic_free(&g);
}

static void test_no_vcpu(bool v3, int rev, int unused)
{
	struct gic g = { .v3 = v3 };

	g.vm = vm_create_barebones();
	g.fd = kvm_create_device(g.vm, vgic_type(v3));
	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(REV_LATEST)), EINVAL, "without a vCPU");
	gic_free(&g);
}

/* Tests STATUSR, which arm-vgic-v3.rst documents next to IIDR. KVM keeps no state in it. */
static void test_statusr(bool v3, int rev, int unused)
{
	struct gic g = gic_create(v3, guest_code);
	u32 val, zero = 0, ones = ~0;

	kvm_device_attr_set(g.fd, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_STATUSR, &zero);
	kvm_device_attr_get(g.fd, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_STATUSR, &val);
	CHECK_EQ_MSG(val, ~0U, "GICD_STATUSR");
	kvm_device_attr_set(g.fd, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, GICR_STATUSR, &ones);
	kvm_device_attr_get(g.fd, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, GICR_STATUSR, &val);
	CHECK_EQ_MSG(val, 0, "GICR_STATUSR");
	gic_free(&g);
}

static void test_user_groups(bool v3, int rev, int unused)
{
	struct groups cfg = { .priv = { 0x5a5a5a5a, 0x12345678 }, .spi = 0xdeadbeef };
	struct gic g = gic_create(v3, guest_code);
	bool fixed = rev < 2;

	/* Of a GICv2, KVM discards writes to IGROUPR until userspace writes GICD_IIDR. */
	gic_restore_groups(&g, cfg);
	check_groups(&g, v3 ? cfg : reset_groups(v3, REV_LATEST), "IIDR not written");

	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), 0, "GICD_IIDR");
	if (fixed)
		check_groups(&g, reset_groups(v3, rev), "IIDR just written");

	gic_restore_groups(&g, cfg);
	check_groups(&g, fixed ? reset_groups(v3, rev) : cfg, "written");
	gic_restore_groups(&g, (struct groups) {});
	check_groups(&g, fixed ? reset_groups(v3, rev) : (struct groups) {}, "zeroed");
	gic_free(&g);
}

/* Userspace lowers the revision, and raises it again, before a vCPU runs. */
static void test_lowered(bool v3, int rev, int from)
{
	struct groups cfg = { .priv = { 0xf0f0f0f0, 0x0f0f0f0f }, .spi = 0xff00ff00 };
	struct gic g = gic_create(v3, guest_code);

	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(from)), 0, "GICD_IIDR");
	gic_restore_groups(&g, cfg);
	check_groups(&g, cfg, "configured");

	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), 0, "lower GICD_IIDR");
	check_groups(&g, reset_groups(v3, rev), "the revision is lowered");

	/* KVM does not keep the groups while the revision is lower. */
	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(from)), 0, "raise GICD_IIDR");
	check_groups(&g, reset_groups(v3, from), "raised again");
	gic_restore_groups(&g, cfg);
	check_groups(&g, cfg, "configured again");

	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), 0, "lower GICD_IIDR");
	run_guest(&g);
	check_view(&gd.reset, v3, rev, false, "at reset");
	gic_free(&g);
}

static void test_frozen(bool v3, int rev, int unused)
{
	struct gic g = gic_create(v3, guest_code);
	struct groups before;
	int i;

	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), 0, "GICD_IIDR before the first run");
	run_guest(&g);
	before = gic_save_groups(&g);

	for (i = 0; i < NR_REVS; i++) {
		CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(i)), i == rev ? 0 : EBUSY,
			     "revision %d after the run", i);
		CHECK_EQ_MSG(gic_read_iidr(&g), GICD_IIDR_KVM(rev), "GICD_IIDR");
	}
	check_refused_values(&g);
	check_groups(&g, before, "after refusals");

	/* The VMM loads a snapshot into the VM that has run. */
	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), 0, "GICD_IIDR again");
	gic_restore_groups(&g, (struct groups) {});
	check_groups(&g, rev < 2 ? reset_groups(v3, rev) : (struct groups) {},
		     "loaded in place");
	gic_free(&g);
}

static void test_guest(bool v3, int rev, int unused)
{
	struct gic g = gic_create(v3, guest_code);

	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), 0, "GICD_IIDR");
	run_guest(&g);
	check_view(&gd.reset, v3, rev, false, "at reset");
	check_view(&gd.moved, v3, rev, rev >= 2, "after the guest's writes");
	CHECK_EQ_MSG(gic_read_iidr(&g), GICD_IIDR_KVM(rev), "GICD_IIDR");
	gic_free(&g);
}

static struct groups save_from(bool v3, int rev, u32 *iidr)
{
	struct gic g = gic_create(v3, guest_code);
	struct groups gr;

	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), 0, "source's GICD_IIDR");
	run_guest(&g);
	*iidr = gic_read_iidr(&g);
	gr = gic_save_groups(&g);
	gic_free(&g);

	CHECK_EQ_MSG(*iidr, GICD_IIDR_KVM(rev), "saved GICD_IIDR");
	return gr;
}

static void check_restored(struct gic *g, int rev, bool moved)
{
	struct groups want = reset_groups(g->v3, rev);

	if (moved) {
		want.priv[0] ^= MOVED_GRPR0;
		want.spi ^= MOVED_GRPR1;
	}

	CHECK_EQ_MSG(gic_read_iidr(g), GICD_IIDR_KVM(rev), "restored GICD_IIDR");
	check_groups(g, want, "restored");
	run_guest(g);
	check_view(&gd.reset, g->v3, rev, moved, "restored");
}

/*
 * The new VM is at revision @to. The VMM restores the state of a VM at revision @rev,
 * GICD_IIDR first, last (which is wrong), or not at all.
 */
enum order { FIRST, LAST, NEVER };

static void move_state(bool v3, int rev, int to, enum order iidr_is)
{
	bool groups_kept = iidr_is == FIRST || (iidr_is == LAST ? to >= 2 : v3);
	struct groups gr;
	struct gic g;
	u32 iidr;

	gr = save_from(v3, rev, &iidr);
	g = gic_create(v3, guest_code_restored);
	if (iidr_is != NEVER)
		CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(to)), 0, "GICD_IIDR of the new VM");
	if (iidr_is == FIRST)
		CHECK_EQ_MSG(gic_write_iidr(&g, iidr), 0, "restore GICD_IIDR");
	gic_restore_groups(&g, gr);
	if (iidr_is == LAST)
		CHECK_EQ_MSG(gic_write_iidr(&g, iidr), 0, "restore GICD_IIDR");
	check_restored(&g, iidr_is == NEVER ? REV_LATEST : rev, rev >= 2 && groups_kept);
	gic_free(&g);
}

static void test_restore(bool v3, int rev, int to)
{
	move_state(v3, rev, to, FIRST);
}

static void test_restore_late(bool v3, int rev, int to)
{
	move_state(v3, rev, to, LAST);
}

static void test_restore_never(bool v3, int rev, int unused)
{
	move_state(v3, rev, REV_LATEST, NEVER);
}

/* Restores GICD_IIDR, GICR_CTLR and IGROUPR as a release saves them. */
static void restore_release(bool v3, u32 iidr, u32 rd_ctlr, u32 igroupr, int rev)
{
	struct groups gr = { .priv = { igroupr, igroupr }, .spi = igroupr };
	struct gic g = gic_create(v3, guest_code_restored);

	CHECK_EQ_MSG(gic_write_iidr(&g, iidr), 0, "GICD_IIDR");
	if (v3) {
		kvm_device_attr_set(g.fd, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS,
				    GICR_CTLR, &rd_ctlr);
		CHECK_EQ_MSG(gic_read_rd_ctlr(&g), rd_ctlr, "restored GICR_CTLR");
	}
	gic_restore_groups(&g, gr);
	check_restored(&g, rev, false);
	gic_free(&g);
}

static void test_from_4_18(bool v3, int rev, int unused)
{
	restore_release(v3, GICD_IIDR_KVM(0), 0, ~0U, 0);
}

static void test_from_5_10(bool v3, int rev, int unused)
{
	restore_release(v3, GICD_IIDR_KVM(2), 0, v3 ? ~0U : 0, 2);
}

static void test_from_6_1(bool v3, int rev, int unused)
{
	restore_release(v3, GICD_IIDR_KVM(3), GICR_CTLR_IR | GICR_CTLR_CES, v3 ? ~0U : 0, 3);
}

/* The guest has two pending LPIs. It enables them in memory, and the GIC does not notice. */

#define LPI			MIN_LPI
#define LPI_CONFIG		(0xa0 | LPI_PROP_GROUP1)
#define TABLES_GPA		0x40000000UL
#define TABLES_SLOT		1
#define TABLE(n)		(TABLES_GPA + (n) * SZ_64K)
#define COLL_TABLE		TABLE(0)
#define DEV_TABLE		TABLE(1)
#define CMDQ			TABLE(2)
#define ITT			TABLE(3)
#define PROP_TABLE		TABLE(4)
#define PEND_TABLE		TABLE(5)
#define NR_TABLES		6

static u8 lpi_arrived[2];

static void guest_lpi(struct ex_regs *regs)
{
	u32 intid = gic_get_and_ack_irq();

	if (intid == IAR_SPURIOUS)
		return;

	GUEST_ASSERT(intid == LPI || intid == LPI + 1);
	WRITE_ONCE(lpi_arrived[intid - LPI], 1);
	gic_set_eoi(intid);
}

static bool guest_wait_for_lpi(int n)
{
	int i;

	for (i = 0; i < 10000 && !READ_ONCE(lpi_arrived[n]); i++)
		cpu_relax();

	return READ_ONCE(lpi_arrived[n]);
}

static void guest_lpi_code(void)
{
	void *rd = (void *)GICR_BASE_GPA;
	void *cmdq = (void *)CMDQ;
	u8 *prop = (u8 *)PROP_TABLE;

	gic_init(GIC_V3, 1);
	gic_rdist_enable_lpis(PROP_TABLE, SZ_64K, PEND_TABLE);
	its_init(COLL_TABLE, SZ_64K, DEV_TABLE, SZ_64K, CMDQ, SZ_64K);
	its_send_mapc_cmd(cmdq, 0, 0, true);
	its_send_mapd_cmd(cmdq, 0, ITT, SZ_64K, true);
	its_send_mapti_cmd(cmdq, 0, 0, 0, LPI);
	its_send_mapti_cmd(cmdq, 0, 1, 0, LPI + 1);
	its_send_sync_cmd(cmdq, 0);
	local_irq_enable();
	GUEST_SYNC(0);

	/* Both LPIs are pending now. */
	prop[0] = LPI_CONFIG | LPI_PROP_ENABLED;
	prop[1] = LPI_CONFIG | LPI_PROP_ENABLED;
	dsb(sy);
	gd.lpi_early = guest_wait_for_lpi(0) || guest_wait_for_lpi(1);

	writeq(LPI, rd + GICR_INVLPIR);
	gd.syncr = readl(rd + GICR_SYNCR);
	gd.lpi_invlpi = guest_wait_for_lpi(0) && !READ_ONCE(lpi_arrived[1]);

	writel(0, rd + GICR_INVALLR);
	gd.lpi_invall = guest_wait_for_lpi(1);

	gd.invlpir = readq(rd + GICR_INVLPIR);
	gd.invallr = readq(rd + GICR_INVALLR);

	/* The ITS has an invalidation of its own, at all revisions. */
	its_send_invall_cmd(cmdq, 0);
	its_send_sync_cmd(cmdq, 0);
	gd.lpi_its = guest_wait_for_lpi(0) && guest_wait_for_lpi(1);
	GUEST_DONE();
}

static void signal_lpi(struct kvm_vm *vm, u32 event)
{
	struct kvm_msi msi = {
		.address_lo	= GITS_BASE_GPA + GITS_TRANSLATER,
		.data		= event,
		.flags		= KVM_MSI_VALID_DEVID,
	};

	TEST_ASSERT(__vm_ioctl(vm, KVM_SIGNAL_MSI, &msi) == 1, "KVM_SIGNAL_MSI failed");
}

static void test_lpi(bool v3, int rev, int unused)
{
	struct gic g = gic_create(v3, guest_lpi_code);
	int its = vgic_its_setup(g.vm);
	size_t pages = vm_calc_num_guest_pages(g.vm->mode, SZ_64K);

	vm_userspace_mem_region_add(g.vm, VM_MEM_SRC_ANONYMOUS, TABLES_GPA,
				    TABLES_SLOT, pages * NR_TABLES, 0);
	virt_map(g.vm, CMDQ, CMDQ, pages);
	virt_map(g.vm, PROP_TABLE, PROP_TABLE, pages);
	memset(addr_gpa2hva(g.vm, PROP_TABLE), LPI_CONFIG, 2);
	vm_install_exception_handler(g.vm, VECTOR_IRQ_CURRENT, guest_lpi);

	CHECK_EQ_MSG(gic_write_iidr(&g, GICD_IIDR_KVM(rev)), 0, "GICD_IIDR");
	run_guest(&g);
	CHECK_EQ_MSG(gic_read_rd_ctlr(&g), rd_ctlr_of(rev) | GICR_CTLR_ENABLE_LPIS,
		     "GICR_CTLR with LPIs enabled");

	signal_lpi(g.vm, 0);
	signal_lpi(g.vm, 1);
	run_guest(&g);
	CHECK_EQ_MSG(gd.lpi_early, false, "LPIs without invalidation");
	CHECK_EQ_MSG(gd.lpi_invlpi, rev >= 3, "LPI after GICR_INVLPIR");
	CHECK_EQ_MSG(gd.lpi_invall, rev >= 3, "LPI after GICR_INVALLR");
	CHECK_EQ_MSG(gd.lpi_its, true, "LPIs after the ITS's INVALL");
	CHECK_EQ_MSG(gd.invlpir, 0, "GICR_INVLPIR");
	CHECK_EQ_MSG(gd.invallr, 0, "GICR_INVALLR");
	CHECK_EQ_MSG(gd.syncr, 0, "GICR_SYNCR");
	close(its);
	gic_free(&g);
}

enum arg { NONE, REV, FROM, TO };

static const struct subtest {
	const char *name;
	void (*fn)(bool v3, int rev, int arg);
	enum arg arg;
	bool v3_only;
} subtests[] = {
	{ "the newest revision if none is written",	test_default,		NONE },
	{ "no vCPU: -EINVAL",			test_no_vcpu,		NONE },
	{ "bad values: -EINVAL",		test_einval,		NONE },
	{ "STATUSR has no state",		test_statusr,		NONE, true },
	{ "the revision is accepted",				test_accepted,		REV },
	{ "IGROUPR by userspace",		test_user_groups,	REV },
	{ "lowered",				test_lowered,		FROM },
	{ "IGROUPR by the guest, delivery",	test_guest,		REV },
	{ "LPI invalidation",			test_lpi,		REV, true },
	{ "the first run fixes the revision",		test_frozen,		REV },
	{ "state is restored, GICD_IIDR first",		test_restore,		TO },
	{ "state is restored, IGROUPR first",		test_restore_late,	TO },
	{ "state is restored without GICD_IIDR",		test_restore_never,	REV },
	{ "state of 4.18 is restored",			test_from_4_18,		NONE },
	{ "state of 5.10 is restored",			test_from_5_10,		NONE },
	{ "state of 6.1 is restored",			test_from_6_1,		NONE },
};

static int nr_subtests;

static void run_one(const struct subtest *t, bool v3, bool count, int rev, int arg)
{
	char name[128];
	int n;

	nr_subtests++;
	if (count)
		return;

	n = snprintf(name, sizeof(name), "GICv%d: %s", v3 ? 3 : 2, t->name);
	if (t->arg != NONE)
		n += snprintf(name + n, sizeof(name) - n, ", revision %d", rev);
	if (t->arg == FROM)
		snprintf(name + n, sizeof(name) - n, " from %d", arg);
	if (t->arg == TO)
		snprintf(name + n, sizeof(name) - n, " into %d", arg);

	if (!kvm_supports_vgic(vgic_type(v3))) {
		ksft_test_result_skip("%s: no such GIC on this host\n", name);
		return;
	}

	checks_failed = 0;
	t->fn(v3, rev, arg);
	ksft_test_result(!checks_failed, "%s\n", name);
}

static void run_all(bool v3, bool count)
{
	const struct subtest *t;
	int rev, arg;

	for (t = subtests; t < subtests + ARRAY_SIZE(subtests); t++) {
		if (t->v3_only && !v3)
			continue;

		switch (t->arg) {
		case NONE:
			run_one(t, v3, count, REV_LATEST, 0);
			break;
		case REV:
			for (rev = 0; rev < NR_REVS; rev++)
				run_one(t, v3, count, rev, 0);
			break;
		case FROM:
			for (rev = 0; rev < 2; rev++)
				for (arg = 2; arg < NR_REVS; arg++)
					run_one(t, v3, count, rev, arg);
			break;
		case TO:
			for (rev = 0; rev < NR_REVS; rev++)
				for (arg = 0; arg < NR_REVS; arg++)
					run_one(t, v3, count, rev, arg);
			break;
		}
	}
}

int main(int argc, char **argv)
{
	test_disable_default_vgic();
	TEST_REQUIRE(kvm_supports_vgic(vgic_type(false)) || kvm_supports_vgic(vgic_type(true)));

	ksft_print_header();
	run_all(false, true);
	run_all(true, true);
	ksft_set_plan(nr_subtests);

	run_all(false, false);
	run_all(true, false);

	ksft_finished();
}
