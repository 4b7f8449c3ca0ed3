// SPDX-License-Identifier: GPL-2.0
/*
 * Older kernels let userspace lower ID register fields that KVM cannot honour.
 * State that has such a value restores; the guest sees the truth.
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
	GUEST_SYNC(read_sysreg_s(SYS_ID_AA64PFR0_EL1));
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

static void test_el(struct kvm_vcpu *vcpu, const char *name, u64 mask, u64 imp)
{
	u64 orig = vcpu_get_reg(vcpu, PFR0_REG);
	u64 expected = (orig & ~mask) | imp;
	int ret;

	ret = __vcpu_set_reg(vcpu, PFR0_REG, orig & ~mask);
	ksft_test_result(!ret && vcpu_get_reg(vcpu, PFR0_REG) == expected,
			 "%s=0 is taken as AArch64 alone\n", name);
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	u64 mmfr0, pfr0;

	test_disable_default_vgic();

	ksft_print_header();
	ksft_set_plan(2 + 2 + 2 + 3);

	vm = vm_create_with_one_vcpu(&vcpu, guest_code);

	test_asidbits(vcpu);
	test_el(vcpu, "EL0", ID_AA64PFR0_EL1_EL0,
		SYS_FIELD_PREP_ENUM(ID_AA64PFR0_EL1, EL0, IMP));
	test_el(vcpu, "EL1", ID_AA64PFR0_EL1_EL1,
		SYS_FIELD_PREP_ENUM(ID_AA64PFR0_EL1, EL1, IMP));

	mmfr0 = vcpu_get_reg(vcpu, MMFR0_REG);
	ksft_test_result(guest_reads(vcpu, mmfr0), "the guest sees the host's ASIDBITS\n");
	vcpu_run(vcpu);
	pfr0 = vcpu_get_reg(vcpu, PFR0_REG);
	ksft_test_result(FIELD_GET(ID_AA64PFR0_EL1_EL0, pfr0) == ID_AA64PFR0_EL1_EL0_IMP &&
			 FIELD_GET(ID_AA64PFR0_EL1_EL1, pfr0) == ID_AA64PFR0_EL1_EL1_IMP,
			 "the VM has AArch64 at EL0 and EL1\n");

	ksft_test_result(!__vcpu_set_reg(vcpu, MMFR0_REG, mmfr0 & ~ID_AA64MMFR0_EL1_ASIDBITS),
			 "the old ASIDBITS is taken once the VM has run\n");
	ksft_test_result(!__vcpu_set_reg(vcpu, PFR0_REG, pfr0 & ~ID_AA64PFR0_EL1_EL0),
			 "the old EL0 is taken once the VM has run\n");
	ksft_test_result(!__vcpu_set_reg(vcpu, PFR0_REG, pfr0 & ~ID_AA64PFR0_EL1_EL1),
			 "the old EL1 is taken once the VM has run\n");

	kvm_vm_free(vm);
	ksft_finished();
}
