// SPDX-License-Identifier: GPL-2.0
/*
 * Test a level-triggered irqfd with a resamplefd: when the guest ends the interrupt, KVM
 * lowers the line and signals the resamplefd. VFIO forwards INTx in this way, with a
 * GICv2 and with a GICv3.
 *
 * The guest's handler only acknowledges and ends the interrupt. So KVM hardly ever sees
 * it active, but must notice its end nevertheless.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <linux/sizes.h>

#include "kvm_util.h"
#include "processor.h"
#include "ucall.h"
#include "vgic.h"
#include "check.h"
#include "gic.h"
#include "gic_v2.h"
#include "gic_v3.h"
#include "kselftest.h"

#define SPI		40
#define GSI		(SPI - MIN_SPI)
#define NR_ROUNDS	50
#define STORM		100

static struct {
	bool v3, split;
	u32 count;
} gd;

static void guest_irq_v2(void)
{
	u32 iar = readl(GICC_BASE_GVA + GICC_IAR);

	writel(iar, GICC_BASE_GVA + GICC_EOIR);
	if (gd.split)
		writel(iar, GICC_BASE_GVA + GICC_DIR);
}

static void guest_irq_v3(void)
{
	u64 iar = read_sysreg_s(SYS_ICC_IAR1_EL1);

	write_sysreg_s(iar, SYS_ICC_EOIR1_EL1);
	if (gd.split)
		write_sysreg_s(iar, SYS_ICC_DIR_EL1);
	isb();
}

static void guest_irq(struct ex_regs *regs)
{
	if (gd.v3)
		guest_irq_v3();
	else
		guest_irq_v2();

	/* If the line never goes down, disable it, so that the main loop can report that. */
	WRITE_ONCE(gd.count, gd.count + 1);
	if (gd.count >= STORM)
		writel(BIT(SPI % 32), GICD_BASE_GVA + GICD_ICENABLER + SPI / 32 * 4);
}

static void guest_setup_gic(void)
{
	/* Level-triggered, unlike KVM's default */
	writel(0, GICD_BASE_GVA + GICD_ICFGR + SPI / 16 * 4);
	writel(BIT(SPI % 32), GICD_BASE_GVA + GICD_ISENABLER + SPI / 32 * 4);

	if (gd.v3) {
		writel(GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_SS_G1,
		       GICD_BASE_GVA + GICD_CTLR);
		write_sysreg_s(0xf0, SYS_ICC_PMR_EL1);
		write_sysreg_s(gd.split ? ICC_CTLR_EL1_EOImode_MASK : 0,
			       SYS_ICC_CTLR_EL1);
		write_sysreg_s(1, SYS_ICC_IGRPEN1_EL1);
		isb();
	} else {
		writel(0x01010101, GICD_BASE_GVA + GICD_ITARGETSR + SPI);
		writel(GICD_CTLR_V2_ENABLE, GICD_BASE_GVA + GICD_CTLR);
		writel(0xf0, GICC_BASE_GVA + GICC_PMR);
		writel(GICC_CTLR_ENABLE_GRP0 | (gd.split ? GICC_CTLR_EOIMODE : 0),
		       GICC_BASE_GVA + GICC_CTLR);
	}

	local_irq_enable();
}

static void guest_code(void)
{
	int i, round;

	guest_setup_gic();

	for (round = 0; round < NR_ROUNDS; round++) {
		gd.count = 0;
		GUEST_SYNC(round);

		/* Wait for the interrupt: a kernel thread of the host may signal the eventfd. */
		for (i = 0; i < 50000000 && !READ_ONCE(gd.count); i++)
			cpu_relax();
		/* Wait whether a second interrupt comes. */
		for (i = 0; i < 10000; i++)
			cpu_relax();
		GUEST_SYNC1(READ_ONCE(gd.count));

		writel(BIT(SPI % 32), GICD_BASE_GVA + GICD_ISENABLER + SPI / 32 * 4);
	}

	GUEST_DONE();
}

static u64 run_guest(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run_to_ucall(vcpu, &uc);
	return uc.args[0];
}

static void test_resample(bool v3, bool split)
{
	struct kvm_irqfd irqfd = {
		.gsi	= GSI,
		.flags	= KVM_IRQFD_FLAG_RESAMPLE,
	};
	int gic_fd, trigger, resample, round;
	int missed = 0, storms = 0, lost = 0;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	u64 one = 1, val;
	u32 count;

	vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	vm_init_descriptor_tables(vm);
	vcpu_init_descriptor_tables(vcpu);
	vm_install_exception_handler(vm, VECTOR_IRQ_CURRENT, guest_irq);
	gd.v3 = v3;
	gd.split = split;
	sync_global_to_guest(vm, gd);
	gic_fd = v3 ? __vgic_v3_setup(vm, 1, 64) : __vgic_v2_setup(vm, 64);
	__vgic_v3_init(gic_fd);

	trigger = kvm_new_eventfd();
	resample = eventfd(0, EFD_NONBLOCK);
	TEST_ASSERT(resample >= 0, "eventfd failed, errno %d", errno);
	irqfd.fd = trigger;
	irqfd.resamplefd = resample;
	vm_ioctl(vm, KVM_IRQFD, &irqfd);

	for (round = 0; round < NR_ROUNDS; round++) {
		run_guest(vcpu);
		TEST_ASSERT(write(trigger, &one, sizeof(one)) == sizeof(one),
			    "Failed to trigger the irqfd");
		count = run_guest(vcpu);
		lost += !count;
		storms += count > 1;
		missed += read(resample, &val, sizeof(val)) != sizeof(val) || val != 1;
	}

	if (lost || storms || missed)
		ksft_print_msg("%d lost, %d more than once, %d not resampled once, of %d\n",
			       lost, storms, missed, NR_ROUNDS);
	ksft_test_result(!lost && !storms && !missed,
			 "GICv%d, %s: delivered once, resampled once\n",
			 v3 ? 3 : 2, split ? "EOI and DIR" : "EOI");

	close(trigger);
	close(resample);
	close(gic_fd);
	kvm_vm_free(vm);
}

static bool gic_supported(bool v3)
{
	return kvm_supports_vgic(v3 ? KVM_DEV_TYPE_ARM_VGIC_V3 : KVM_DEV_TYPE_ARM_VGIC_V2);
}

int main(void)
{
	int v3, split;

	test_disable_default_vgic();
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_IRQFD_RESAMPLE));
	TEST_REQUIRE(gic_supported(false) || gic_supported(true));

	ksft_print_header();
	ksft_set_plan(4);

	for (v3 = 0; v3 < 2; v3++) {
		for (split = 0; split < 2; split++) {
			if (gic_supported(v3))
				test_resample(v3, split);
			else
				ksft_test_result_skip("GICv%d, %s: no such GIC on this host\n",
						      v3 ? 3 : 2, split ? "EOI and DIR" : "EOI");
		}
	}

	ksft_finished();
}
