// SPDX-License-Identifier: GPL-2.0
/*
 * Some ID register fields describe EL2 alone. In a VM without EL2 they are
 * numbers, and userspace can lower them to what another host shows.
 */
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "kselftest.h"

struct id_field {
	const char	*name;
	u32		id;
	u8		shift;
};

static const struct id_field fields[] = {
	{ "VMIDBits",	SYS_ID_AA64MMFR1_EL1, 4 },
	{ "VH",		SYS_ID_AA64MMFR1_EL1, ID_AA64MMFR1_EL1_VH_SHIFT },
	{ "XNX",	SYS_ID_AA64MMFR1_EL1, ID_AA64MMFR1_EL1_XNX_SHIFT },
	{ "FWB",	SYS_ID_AA64MMFR2_EL1, ID_AA64MMFR2_EL1_FWB_SHIFT },
	{ "EVT",	SYS_ID_AA64MMFR2_EL1, ID_AA64MMFR2_EL1_EVT_SHIFT },
	/* Signed: 0 is an implemented FEAT_E2H0, or a RAZ register */
	{ "E2H0",	SYS_ID_AA64MMFR4_EL1, ID_AA64MMFR4_EL1_E2H0_SHIFT },
};

/* All of them are (3, 0, 0, 7, op2) */
static int mmfr_op2(u32 id)
{
	return id == SYS_ID_AA64MMFR1_EL1 ? 1 : id == SYS_ID_AA64MMFR2_EL1 ? 2 : 4;
}

static void guest_code(void)
{
	GUEST_SYNC(read_sysreg_s(SYS_ID_AA64MMFR1_EL1));
	GUEST_SYNC(read_sysreg_s(SYS_ID_AA64MMFR2_EL1));
	GUEST_SYNC(read_sysreg_s(SYS_ID_AA64MMFR4_EL1));
	GUEST_DONE();
}

static bool guest_reads(struct kvm_vcpu *vcpu, u64 val)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "Unexpected ucall %lu", uc.cmd);

	return uc.args[1] == val;
}

static u64 set_field(u64 val, const struct id_field *f, u64 field)
{
	return (val & ~(0xfUL << f->shift)) | (field & 0xf) << f->shift;
}

static bool writable_by_mask(struct kvm_vm *vm, const struct id_field *f)
{
	u64 masks[KVM_ARM_FEATURE_ID_RANGE_SIZE];
	struct reg_mask_range range = {
		.addr = (u64)masks,
	};
	u64 mask;

	vm_ioctl(vm, KVM_ARM_GET_REG_WRITABLE_MASKS, &range);
	mask = masks[KVM_ARM_FEATURE_ID_RANGE_IDX(3, 0, 0, 7, mmfr_op2(f->id))];

	return ((mask >> f->shift) & 0xf) == 0xf;
}

static void test_field(struct kvm_vm *vm, struct kvm_vcpu *vcpu, const struct id_field *f)
{
	u64 reg = KVM_ARM64_SYS_REG(f->id);
	u64 orig = vcpu_get_reg(vcpu, reg);
	u64 field = (orig >> f->shift) & 0xf;
	u64 val = set_field(orig, f, 0);
	int ret;

	ksft_test_result(writable_by_mask(vm, f), "%s is in the writable mask\n", f->name);

	ret = __vcpu_set_reg(vcpu, reg, set_field(orig, f, field + 1));
	if (f->id == SYS_ID_AA64MMFR4_EL1 && field == 0xf)
		ksft_test_result_skip("%s is 0 one above its value\n", f->name);
	else
		ksft_test_result(ret && errno == EINVAL, "%s cannot exceed the host's\n",
				 f->name);
	vcpu_set_reg(vcpu, reg, orig);

	if (!field) {
		ksft_test_result_skip("%s is 0 on this host\n", f->name);
		return;
	}

	ret = __vcpu_set_reg(vcpu, reg, val);
	ksft_test_result(!ret && vcpu_get_reg(vcpu, reg) == val, "%s goes from %lu to 0\n",
			 f->name, field);
}

static void test_guest(struct kvm_vcpu *vcpu)
{
	static const u32 ids[] = {
		SYS_ID_AA64MMFR1_EL1, SYS_ID_AA64MMFR2_EL1, SYS_ID_AA64MMFR4_EL1,
	};
	u64 val;
	int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		val = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(ids[i]));
		ksft_test_result(guest_reads(vcpu, val),
				 "the guest reads %#lx in ID_AA64MMFR%d_EL1\n",
				 val, mmfr_op2(ids[i]));
	}
}

/* As saved up to 6.1, where the whole register read as zero */
static void test_mmfr4_raz(void)
{
	u64 reg = KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR4_EL1);
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	u64 orig = vcpu_get_reg(vcpu, reg);
	int ret;

	ret = __vcpu_set_reg(vcpu, reg, 0);
	ksft_test_result(!ret && !vcpu_get_reg(vcpu, reg),
			 "ID_AA64MMFR4_EL1 goes from %#lx to 0\n", orig);
	ret = __vcpu_set_reg(vcpu, reg, orig);
	ksft_test_result(!ret && vcpu_get_reg(vcpu, reg) == orig,
			 "ID_AA64MMFR4_EL1 goes back to %#lx\n", orig);
	kvm_vm_free(vm);
}

/* What decides HCR_EL2.E2H was settled with the vCPU features */
static void test_nv(void)
{
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	bool fixed;
	u64 reg, val;
	int i, ret;

	if (!kvm_has_cap(KVM_CAP_ARM_EL2)) {
		for (i = 0; i < ARRAY_SIZE(fields); i++)
			ksft_test_result_skip("%s in a VM with EL2\n", fields[i].name);
		return;
	}

	vm = vm_create(1);
	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_HAS_EL2);
	vcpu = aarch64_vcpu_add(vm, 0, &init, NULL);

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		fixed = fields[i].shift == ID_AA64MMFR1_EL1_VH_SHIFT ||
			fields[i].id == SYS_ID_AA64MMFR4_EL1;
		reg = KVM_ARM64_SYS_REG(fields[i].id);
		val = set_field(vcpu_get_reg(vcpu, reg), &fields[i], 0);
		ret = __vcpu_set_reg(vcpu, reg, val);

		ksft_test_result(writable_by_mask(vm, &fields[i]) == !fixed &&
				 (fixed ? ret && errno == EINVAL :
					  !ret && vcpu_get_reg(vcpu, reg) == val),
				 "%s is %s in a VM with EL2\n", fields[i].name,
				 fixed ? "fixed" : "writable");
	}
	kvm_vm_free(vm);
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i;

	TEST_REQUIRE(kvm_has_cap(KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES));

	test_disable_default_vgic();

	ksft_print_header();
	ksft_set_plan(4 * ARRAY_SIZE(fields) + 3 + 2);

	vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		test_field(vm, vcpu, &fields[i]);
	test_guest(vcpu);
	kvm_vm_free(vm);

	test_mmfr4_raz();
	test_nv();

	ksft_finished();
}
