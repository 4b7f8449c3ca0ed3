// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_ARM_GET_REG_WRITABLE_MASKS and KVM_SET_ONE_REG must agree about the
 * implementation ID registers, which are writable on request only.
 */
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "kselftest.h"

static const struct {
	const char	*name;
	u32		id;
	/* (3, op1, 0, 0, op2) */
	int		op1, op2;
	u64		mask;
} imp_id_regs[] = {
	{
		.name	= "MIDR_EL1",
		.id	= SYS_MIDR_EL1,
		.op1	= 0,
		.op2	= 0,
		.mask	= GENMASK_ULL(31, 0),
	}, {
		.name	= "REVIDR_EL1",
		.id	= SYS_REVIDR_EL1,
		.op1	= 0,
		.op2	= 6,
		.mask	= GENMASK_ULL(63, 0),
	}, {
		.name	= "AIDR_EL1",
		.id	= SYS_AIDR_EL1,
		.op1	= 1,
		.op2	= 7,
		.mask	= GENMASK_ULL(63, 0),
	},
};

static u64 get_mask(struct kvm_vm *vm, int op1, int crm, int op2)
{
	u64 masks[KVM_ARM_FEATURE_ID_RANGE_SIZE];
	struct reg_mask_range range = {
		.addr = (u64)masks,
	};

	memset(masks, 0xff, sizeof(masks));
	vm_ioctl(vm, KVM_ARM_GET_REG_WRITABLE_MASKS, &range);

	return masks[KVM_ARM_FEATURE_ID_RANGE_IDX(3, op1, 0, crm, op2)];
}

static void test_imp_id_regs(bool writable)
{
	const char *how = writable ? "with" : "without";
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	u64 reg, val, mask;
	int i, ret;

	vm = vm_create(1);
	if (writable)
		vm_enable_cap(vm, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, 0);
	vcpu = vm_vcpu_add(vm, 0, NULL);

	for (i = 0; i < ARRAY_SIZE(imp_id_regs); i++) {
		reg = KVM_ARM64_SYS_REG(imp_id_regs[i].id);
		mask = get_mask(vm, imp_id_regs[i].op1, 0, imp_id_regs[i].op2);

		ksft_test_result(mask == (writable ? imp_id_regs[i].mask : 0),
				 "%s mask %s the capability: %#lx\n",
				 imp_id_regs[i].name, how, mask);

		val = vcpu_get_reg(vcpu, reg) ^ BIT(0);
		ret = __vcpu_set_reg(vcpu, reg, val);
		ksft_test_result(!ret == !!(mask & BIT(0)),
				 "%s mask agrees with a write %s the capability\n",
				 imp_id_regs[i].name, how);
	}

	kvm_vm_free(vm);
}

/* The masks of one VM say nothing about another */
static void test_per_vm(void)
{
	struct kvm_vm *with = vm_create(1), *without = vm_create(1);

	vm_enable_cap(with, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, 0);
	ksft_test_result(get_mask(with, 0, 0, 0) && !get_mask(without, 0, 0, 0),
			 "masks are those of the VM that is asked\n");
	/* ID_AA64ISAR0_EL1 */
	ksft_test_result(get_mask(with, 0, 6, 0) == get_mask(without, 0, 6, 0),
			 "other registers' masks do not depend on the capability\n");

	kvm_vm_free(with);
	kvm_vm_free(without);
}

int main(void)
{
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES));
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_ARM_WRITABLE_IMP_ID_REGS));

	test_disable_default_vgic();

	ksft_print_header();
	ksft_set_plan(4 * ARRAY_SIZE(imp_id_regs) + 2);

	test_imp_id_regs(false);
	test_imp_id_regs(true);
	test_per_vm();

	ksft_finished();
}
