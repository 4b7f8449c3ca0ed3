// SPDX-License-Identifier: GPL-2.0
/*
 * Older kernels let userspace lower ID register fields that KVM cannot honour.
 * State with a lower ASIDBITS restores, and the guest sees the truth; a VM
 * without AArch64 at EL0 or EL1 stays refused.
 */
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "kselftest.h"

#define MMFR0_REG	KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR0_EL1)
#define PFR0_REG	KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1)

static void guest_code(void)
{
	GUEST_SYNC(read_sysreg_s(SYS_ID_AA64MMFR0_EL1));
	GUEST_DONE();
}

static bool guest_reads(struct kvm_vcpu *vcpu, u64 val)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "Unexpected ucall %lu", uc.cmd);

	return uc.args[1] == val;
}

static void test_asidbits(struct kvm_vcpu *vcpu)
{
	u64 orig = vcpu_get_reg(vcpu, MMFR0_REG);
	u64 val = orig & ~ID_AA64MMFR0_EL1_ASIDBITS;
	u64 high = orig + BIT(ID_AA64MMFR0_EL1_ASIDBITS_SHIFT);
	int ret;

	ret = __vcpu_set_reg(vcpu, MMFR0_REG, val);
	ksft_test_result(!ret && vcpu_get_reg(vcpu, MMFR0_REG) == orig,
			 "ASIDBITS=0 is taken, and ignored\n");
	ret = __vcpu_set_reg(vcpu, MMFR0_REG, high);
	ksft_test_result(ret && errno == EINVAL && vcpu_get_reg(vcpu, MMFR0_REG) == orig,
			 "ASIDBITS cannot exceed the host's\n");
}

static void test_el(struct kvm_vcpu *vcpu, const char *name, u64 mask)
{
	u64 orig = vcpu_get_reg(vcpu, PFR0_REG);
	int ret;

	ret = __vcpu_set_reg(vcpu, PFR0_REG, orig & ~mask);
	ksft_test_result(ret && errno == EINVAL && vcpu_get_reg(vcpu, PFR0_REG) == orig,
			 "%s=0 is refused\n", name);
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	u64 mmfr0;

	test_disable_default_vgic();

	ksft_print_header();
	ksft_set_plan(2 + 2 + 2);

	vm = vm_create_with_one_vcpu(&vcpu, guest_code);

	test_asidbits(vcpu);
	test_el(vcpu, "EL0", ID_AA64PFR0_EL1_EL0);
	test_el(vcpu, "EL1", ID_AA64PFR0_EL1_EL1);

	mmfr0 = vcpu_get_reg(vcpu, MMFR0_REG);
	ksft_test_result(guest_reads(vcpu, mmfr0), "the guest sees the host's ASIDBITS\n");
	ksft_test_result(!__vcpu_set_reg(vcpu, MMFR0_REG, mmfr0 & ~ID_AA64MMFR0_EL1_ASIDBITS),
			 "the old ASIDBITS is taken once the VM has run\n");

	kvm_vm_free(vm);
	ksft_finished();
}
