// SPDX-License-Identifier: GPL-2.0
/*
 * Test KVM's emulation of ICC_BPR1_EL1 and ICC_CTLR_EL1.CBPR.
 *
 * KVM emulates these on CPUs whose virtual CPU interface has a defect. On other
 * CPUs it does so with kvm-arm.vgic_v3_group1_trap=1 and kvm-arm.vgic_v3_common_trap=1
 * on the host's command line. Otherwise the test skips, because they are the CPU's.
 */
#include "kvm_util.h"
#include "processor.h"
#include "ucall.h"
#include "vgic.h"
#include "check.h"
#include "gic.h"
#include "gic_v3.h"
#include "guest_asm.h"

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

	/* With CBPR, ICC_BPR1_EL1 reads as BPR0 plus one, and keeps its own value. */
	write_ctlr(ICC_CTLR_EL1_CBPR_MASK);
	bpr.common = read_bpr1();
	write_bpr1(BPR_MAX);
	bpr.after_common = read_bpr1();
	write_ctlr(0);
	bpr.ignored = read_bpr1();

	/* BPR1 has three bits. Bit 4 is reserved. */
	write_bpr1(BIT(4) | 6);
	bpr.reserved = read_bpr1();

	GUEST_DONE();
}

static void guest_reads_bpr1(void)
{
	read_bpr1();
	GUEST_DONE();
}

/*
 * Returns whether KVM emulates ICC_BPR1_EL1. After a single step, the CPU sets ISV in
 * the syndrome. If KVM emulates the instruction, ISV is 0.
 */
static bool is_emulated(void)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	};
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest_reads_bpr1);
	bool found = false, executed = false;
	u32 *insn;
	u64 pc;

	vcpu_guest_debug_set(vcpu, &debug);
	while (!found) {
		pc = vcpu_get_reg(vcpu, ARM64_CORE_REG(regs.pc));
		insn = addr_gva2hva(vm, pc);
		found = (*insn & ~0x1f) == insn_mrs(SYS_ICC_BPR1_EL1, 0);
		vcpu_run(vcpu);
		TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_DEBUG);
		executed = vcpu->run->debug.arch.hsr & ESR_ELx_ISV;
	}
	kvm_vm_free(vm);
	return !executed;
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;
	u8 common;
	bool ok;

	TEST_REQUIRE(kvm_supports_vgic_v3());

	ksft_print_header();
	if (!is_emulated())
		ksft_exit_skip("the CPU's ICC_BPR1_EL1: see kvm-arm.vgic_v3_group1_trap\n");
	ksft_print_msg("KVM emulates ICC_BPR1_EL1\n");
	ksft_set_plan(4);

	vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	vcpu_run_to_ucall(vcpu, &uc);
	sync_global_from_guest(vm, bpr);
	kvm_vm_free(vm);

	common = min(bpr.bpr0 + 1, BPR_MAX);
	ksft_print_msg("BPR0 %d, BPR1 %d at reset\n", bpr.bpr0, bpr.reset);

	ksft_test_result(CHECK_EQ(bpr.own, 5), "BPR1 keeps what is written\n");
	ok = CHECK_EQ(bpr.common, common);
	ok &= CHECK_EQ(bpr.after_common, common);
	ksft_test_result(ok, "BPR1 with CBPR is BPR0 and one\n");
	ksft_test_result(CHECK_EQ(bpr.ignored, 5), "BPR1 keeps its value under CBPR\n");
	ksft_test_result(CHECK_EQ(bpr.reserved, 6), "BPR1 ignores a reserved bit\n");

	ksft_finished();
}
