// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_REG_ARM_PSCI_VERSION is state that decides what a guest sees: any version
 * that KVM implements can be selected until a vCPU runs, and none after.
 */
#include <linux/psci.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "ucall_common.h"
#include "kselftest.h"

#define PSCI_REG	KVM_REG_ARM_PSCI_VERSION

static const u64 versions[] = {
	PSCI_VERSION(0, 2), PSCI_VERSION(1, 0), PSCI_VERSION(1, 1),
	PSCI_VERSION(1, 2), PSCI_VERSION(1, 3),
};

static void guest_code(void)
{
	struct arm_smccc_res res;

	for (;;) {
		do_smccc(PSCI_0_2_FN_PSCI_VERSION, 0, 0, 0, 0, 0, 0, 0, &res);
		GUEST_SYNC(res.a0);
	}
}

static struct kvm_vm *create_vm(struct kvm_vcpu *vcpus[2], bool psci_0_2)
{
	struct kvm_vm *vm = vm_create(2);
	struct kvm_vcpu_init init;
	int i;

	kvm_get_default_vcpu_target(vm, &init);
	if (psci_0_2)
		init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	else
		init.features[0] &= ~BIT(KVM_ARM_VCPU_PSCI_0_2);

	for (i = 0; i < 2; i++)
		vcpus[i] = aarch64_vcpu_add(vm, i, &init, guest_code);
	kvm_arch_vm_finalize_vcpus(vm);

	return vm;
}

static u64 guest_version(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "Unexpected ucall %lu", uc.cmd);

	return uc.args[1];
}

/* 0, or the errno of a write that must leave the version as it is */
static int try_version(struct kvm_vcpu *vcpu, u64 version)
{
	u64 before = vcpu_get_reg(vcpu, PSCI_REG);

	if (!__vcpu_set_reg(vcpu, PSCI_REG, version))
		return 0;

	TEST_ASSERT_EQ(vcpu_get_reg(vcpu, PSCI_REG), before);
	return errno;
}

static void test_select(u64 version)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = create_vm(vcpus, true);
	bool ok;

	ok = !try_version(vcpus[1], version) &&
	     vcpu_get_reg(vcpus[0], PSCI_REG) == version &&
	     guest_version(vcpus[0]) == version &&
	     guest_version(vcpus[1]) == version;

	ksft_test_result(ok, "version %lu.%lu is selected for the VM, and seen by the guest\n",
			 PSCI_VERSION_MAJOR(version), PSCI_VERSION_MINOR(version));
	kvm_vm_free(vm);
}

static void test_refused(void)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = create_vm(vcpus, true);

	ksft_test_result(try_version(vcpus[0], PSCI_VERSION(0, 1)) == EINVAL,
			 "version 0.1 is refused with KVM_ARM_VCPU_PSCI_0_2\n");
	ksft_test_result(try_version(vcpus[0], PSCI_VERSION(9, 9)) == EINVAL,
			 "an unknown version is refused\n");
	ksft_test_result(try_version(vcpus[0], BIT(32) | PSCI_VERSION(1, 0)) == EINVAL,
			 "a version with upper bits is refused\n");
	kvm_vm_free(vm);
}

static void test_has_run(bool select)
{
	const char *what = select ? "selected" : "default";
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = create_vm(vcpus, true);
	u64 version, other = PSCI_VERSION(0, 2);

	if (select)
		vcpu_set_reg(vcpus[0], PSCI_REG, PSCI_VERSION(1, 0));
	version = vcpu_get_reg(vcpus[0], PSCI_REG);

	/* vCPU 1 never runs */
	TEST_ASSERT_EQ(guest_version(vcpus[0]), version);

	ksft_test_result(!try_version(vcpus[0], version) && !try_version(vcpus[1], version),
			 "%s version can be rewritten once the VM has run\n", what);
	ksft_test_result(try_version(vcpus[0], other) == EBUSY,
			 "%s version cannot change once the vCPU has run\n", what);
	ksft_test_result(try_version(vcpus[1], other) == EBUSY,
			 "%s version cannot change once another vCPU has run\n", what);
	ksft_test_result(try_version(vcpus[0], PSCI_VERSION(9, 9)) == EINVAL,
			 "an unknown version is still invalid, %s version\n", what);
	ksft_test_result(guest_version(vcpus[0]) == version,
			 "the guest still sees the %s version\n", what);
	kvm_vm_free(vm);
}

static void test_reset(void)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = create_vm(vcpus, true);
	u64 version = PSCI_VERSION(1, 0);
	struct kvm_vcpu_init init;

	vcpu_set_reg(vcpus[0], PSCI_REG, version);
	guest_version(vcpus[0]);

	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	aarch64_vcpu_setup(vcpus[0], &init);

	ksft_test_result(vcpu_get_reg(vcpus[0], PSCI_REG) == version,
			 "a vCPU reset keeps the version\n");
	ksft_test_result(try_version(vcpus[0], PSCI_VERSION(1, 1)) == EBUSY,
			 "a vCPU reset does not make it writable\n");
	kvm_vm_free(vm);
}

static void test_psci_0_1(void)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = create_vm(vcpus, false);
	bool ok;

	ok = vcpu_get_reg(vcpus[0], PSCI_REG) == PSCI_VERSION(0, 1) &&
	     !try_version(vcpus[0], PSCI_VERSION(0, 1)) &&
	     try_version(vcpus[0], PSCI_VERSION(1, 0)) == EINVAL;
	ksft_test_result(ok, "0.1 is the only version without KVM_ARM_VCPU_PSCI_0_2\n");

	guest_version(vcpus[0]);
	ksft_test_result(!try_version(vcpus[0], PSCI_VERSION(0, 1)),
			 "0.1 can be rewritten once the VM has run\n");
	kvm_vm_free(vm);
}

int main(void)
{
	int i;

	test_disable_default_vgic();

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(versions) + 3 + 2 * 5 + 2 + 2);

	for (i = 0; i < ARRAY_SIZE(versions); i++)
		test_select(versions[i]);
	test_refused();
	test_has_run(false);
	test_has_run(true);
	test_reset();
	test_psci_0_1();

	ksft_finished();
}
