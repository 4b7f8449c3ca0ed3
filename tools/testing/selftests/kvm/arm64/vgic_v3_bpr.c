// SPDX-License-Identifier: GPL-2.0
/*
 * ICC_BPR1_EL1 and ICC_CTLR_EL1.CBPR as a guest finds them.
 *
 * KVM emulates these registers on CPUs whose virtual CPU interface cannot be
 * trusted with them. On others, kvm-arm.vgic_v3_group1_trap=1 and
 * kvm-arm.vgic_v3_common_trap=1 on the host's command line have them emulated;
 * a guest must find no difference.
 */
#include "kvm_util.h"
#include "processor.h"
#include "ucall.h"
#include "vgic.h"
#include "gic.h"
#include "gic_v3.h"
#include "kselftest.h"

#define CBPR		BIT(0)
#define BPR_MAX		7

static struct {
	u8 reset, bpr0, own, common, after_common, ignored, reserved;
} bpr;

static void write_ctlr(u64 val)
{
	write_sysreg_s(val, SYS_ICC_CTLR_EL1);
	isb();
}

static void write_bpr1(u64 val)
{
	write_sysreg_s(val, SYS_ICC_BPR1_EL1);
	isb();
}

static u8 read_bpr1(void)
{
	return read_sysreg_s(SYS_ICC_BPR1_EL1);
}

static void guest_code(void)
{
	write_sysreg_s(read_sysreg_s(SYS_ICC_SRE_EL1) | ICC_SRE_EL1_SRE,
		       SYS_ICC_SRE_EL1);
	isb();

	write_ctlr(0);
	bpr.reset = read_bpr1();
	bpr.bpr0 = read_sysreg_s(SYS_ICC_BPR0_EL1);

	write_bpr1(5);
	bpr.own = read_bpr1();

	/* With a common BPR, BPR1 shows BPR0 and keeps its own value unseen */
	write_ctlr(CBPR);
	bpr.common = read_bpr1();
	write_bpr1(BPR_MAX);
	bpr.after_common = read_bpr1();
	write_ctlr(0);
	bpr.ignored = read_bpr1();

	/* Only the low three bits exist: bit 4 means nothing here */
	write_bpr1(BIT(4) | 6);
	bpr.reserved = read_bpr1();

	GUEST_DONE();
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;
	u8 common;

	TEST_REQUIRE(kvm_supports_vgic_v3());

	ksft_print_header();
	ksft_set_plan(4);

	vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	vcpu_run(vcpu);
	switch (get_ucall(vcpu, &uc)) {
	case UCALL_DONE:
		break;
	case UCALL_ABORT:
		REPORT_GUEST_ASSERT(uc);
		break;
	default:
		TEST_FAIL("Unexpected exit %s", exit_reason_str(vcpu->run->exit_reason));
	}
	sync_global_from_guest(vm, bpr);
	kvm_vm_free(vm);

	common = min(bpr.bpr0 + 1, BPR_MAX);
	ksft_print_msg("BPR0 %d, BPR1 %d at reset\n", bpr.bpr0, bpr.reset);

	ksft_test_result(bpr.own == 5, "BPR1 written: %d\n", bpr.own);
	ksft_test_result(bpr.common == common && bpr.after_common == common,
			 "BPR1 with CBPR: %d, %d\n", bpr.common, bpr.after_common);
	ksft_test_result(bpr.ignored == 5,
			 "BPR1 keeps its value under CBPR: %d\n", bpr.ignored);
	ksft_test_result(bpr.reserved == 6,
			 "BPR1 written with a reserved bit: %d\n", bpr.reserved);

	ksft_finished();
}
