// SPDX-License-Identifier: GPL-2.0
/*
 * Test that userspace can restore KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_{1,2,3}. KVM keeps
 * AVAIL, SMCCC_ARCH_FEATURES tells it to the guest, KVM refuses a higher level than the
 * host's, and NOT_AVAIL does not lower the host's level.
 */
#include <linux/arm-smccc.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "check.h"

#define WA2_ENABLED	KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_ENABLED
#define WA2_UNKNOWN	KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_UNKNOWN
#define WA2_AVAIL	KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_AVAIL
#define PFR1_REG	KVM_ARM64_SYS_REG(SYS_ID_AA64PFR1_EL1)

static const struct workaround {
	const char	*name;
	u64		reg;
	u32		func;
	/* SMCCC_ARCH_FEATURES returns rets[i] at level levels[i]. */
	u64		levels[3];
	long		rets[3];
} workarounds[] = {
	{
		.name	= "WORKAROUND_1",
		.reg	= KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1,
		.func	= ARM_SMCCC_ARCH_WORKAROUND_1,
		.levels	= {
			KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1_NOT_AVAIL,
			KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1_AVAIL,
			KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1_NOT_REQUIRED,
		},
		.rets	= { SMCCC_RET_NOT_SUPPORTED, SMCCC_RET_SUCCESS, 1 },
	}, {
		.name	= "WORKAROUND_2",
		.reg	= KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2,
		.func	= ARM_SMCCC_ARCH_WORKAROUND_2,
		.levels	= {
			KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_NOT_AVAIL,
			/* KVM has no other level */
			KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_NOT_AVAIL,
			KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_NOT_REQUIRED,
		},
		.rets	= { SMCCC_RET_NOT_SUPPORTED, SMCCC_RET_NOT_SUPPORTED,
			    SMCCC_RET_NOT_REQUIRED },
	}, {
		.name	= "WORKAROUND_3",
		.reg	= KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3,
		.func	= ARM_SMCCC_ARCH_WORKAROUND_3,
		.levels	= {
			KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3_NOT_AVAIL,
			KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3_AVAIL,
			KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3_NOT_REQUIRED,
		},
		.rets	= { SMCCC_RET_NOT_SUPPORTED, SMCCC_RET_SUCCESS, 1 },
	},
};

static void guest_code(void)
{
	struct arm_smccc_res res;
	int i;

	for (;;) {
		for (i = 0; i < ARRAY_SIZE(workarounds); i++) {
			do_smccc(ARM_SMCCC_ARCH_FEATURES_FUNC_ID, workarounds[i].func,
				 0, 0, 0, 0, 0, 0, &res);
			/* The call itself succeeds at each level. */
			if (i != 1 && (int)res.a0 >= 0) {
				u64 told = res.a0;

				do_smccc(workarounds[i].func, 0, 0, 0, 0, 0, 0, 0, &res);
				GUEST_ASSERT_EQ(res.a0, 0);
				res.a0 = told;
			}
			GUEST_SYNC(res.a0);
		}
	}
}

static long told[ARRAY_SIZE(workarounds)];

static void ask_guest(struct kvm_vcpu *vcpu)
{
	struct ucall uc;
	int i;

	for (i = 0; i < ARRAY_SIZE(workarounds); i++) {
		vcpu_run_to_ucall(vcpu, &uc);
		told[i] = (int)uc.args[1];
	}
}

static struct kvm_vm *create_vm(struct kvm_vcpu *vcpus[2], bool ssbs)
{
	struct kvm_vm *vm = vm_create_with_vcpus(2, guest_code, vcpus);

	/* Before 6.7, userspace cannot write ID registers */
	if (!ssbs && kvm_has_cap(KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES))
		vcpu_set_reg(vcpus[0], PFR1_REG, vcpu_get_reg(vcpus[0], PFR1_REG) &
						 ~ID_AA64PFR1_EL1_SSBS);

	return vm;
}

static int level_index(const struct workaround *wa, u64 level)
{
	int i;

	for (i = ARRAY_SIZE(wa->levels) - 1; i > 0; i--)
		if (wa->levels[i] == level)
			break;

	return i;
}

static void test_default(bool ssbs)
{
	const struct workaround *wa;
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = create_vm(vcpus, ssbs);
	u64 level;
	int i;

	ask_guest(vcpus[0]);
	for (i = 0; i < ARRAY_SIZE(workarounds); i++) {
		wa = &workarounds[i];
		level = vcpu_get_reg(vcpus[0], wa->reg);
		ksft_test_result(CHECK_EQ(told[i], wa->rets[level_index(wa, level)]),
				 "%s, SSBS %s: nothing restored, the guest is told the level\n",
				 wa->name, ssbs ? "as is" : "hidden");
	}
	kvm_vm_free(vm);
}

static void test_level(int n, int idx)
{
	const struct workaround *wa = &workarounds[n];
	u64 level = wa->levels[idx];
	struct kvm_vcpu *vcpus[2];
	/* With SSBS, the host's WORKAROUND_2 level can only be NOT_AVAIL */
	struct kvm_vm *vm = create_vm(vcpus, false);
	u64 host = vcpu_get_reg(vcpus[0], wa->reg);
	u64 other, kept;
	bool ok;
	int ret;

	/* NOT_AVAIL selects nothing: KVM discards it, and keeps the host's level. */
	kept = level == wa->levels[0] ? host : level;
	ret = __vcpu_set_reg(vcpus[0], wa->reg, level);

	if (level > host) {
		ok = CHECK(ret && errno == EINVAL, "not refused");
		ok &= CHECK_EQ(vcpu_get_reg(vcpus[0], wa->reg), host);
		ksft_test_result(ok, "%s: %lu is refused, the host has less\n", wa->name, level);
		ask_guest(vcpus[0]);
		ksft_test_result(CHECK_EQ(told[n], wa->rets[level_index(wa, host)]),
				 "%s: %lu is refused, the guest is told the host's level\n",
				 wa->name, level);
		ksft_test_result_skip("%s: cannot be %lu\n", wa->name, level);
		ksft_test_result_skip("%s: cannot be %lu\n", wa->name, level);
		goto out;
	}

	ok = CHECK_EQ(ret, 0);
	ok &= CHECK_EQ(vcpu_get_reg(vcpus[1], wa->reg), kept);
	ksft_test_result(ok, "%s: %lu is restored\n", wa->name, level);

	ask_guest(vcpus[1]);
	ksft_test_result(CHECK_EQ(told[n], wa->rets[level_index(wa, kept)]),
			 "%s: %lu is restored, the guest is told that\n", wa->name, level);

	ksft_test_result(!__vcpu_set_reg(vcpus[0], wa->reg, level) &&
			 vcpu_get_reg(vcpus[0], wa->reg) == kept,
			 "%s: %lu can be rewritten once the VM has run\n", wa->name, level);

	/* KVM keeps AVAIL and NOT_REQUIRED, so the other level is one of these. */
	other = kept == wa->levels[1] ? wa->levels[2] : wa->levels[1];
	if (n == 1 || host < wa->levels[2])
		ksft_test_result_skip("%s: has one level here\n", wa->name);
	else
		ksft_test_result(__vcpu_set_reg(vcpus[0], wa->reg, other) && errno == EBUSY &&
				 vcpu_get_reg(vcpus[0], wa->reg) == kept,
				 "%s: %lu is restored, and cannot change once the VM has run\n",
				 wa->name, level);
out:
	kvm_vm_free(vm);
}

static void test_reset(void)
{
	const struct workaround *wa = &workarounds[0];
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = create_vm(vcpus, true);
	u64 level = wa->levels[1];
	int i;

	if (__vcpu_set_reg(vcpus[0], wa->reg, level)) {
		ksft_test_result_skip("%s: cannot be %lu\n", wa->name, level);
	} else {
		ask_guest(vcpus[0]);
		kvm_get_default_vcpu_target(vm, &init);
		for (i = 0; i < 2; i++)
			aarch64_vcpu_setup(vcpus[i], &init);
		ksft_test_result(vcpu_get_reg(vcpus[1], wa->reg) == level,
				 "a vCPU reset keeps the level\n");
	}
	kvm_vm_free(vm);
}

/* Before 5.10, WORKAROUND_2 had more levels, and ENABLED for each vCPU. */
static void test_wa2_old(void)
{
	static const u64 high[] = { WA2_AVAIL, WA2_AVAIL | WA2_ENABLED };
	const struct workaround *wa = &workarounds[1];
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = create_vm(vcpus, false);
	u64 host = vcpu_get_reg(vcpus[0], wa->reg);
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(high); i++) {
		ret = __vcpu_set_reg(vcpus[0], wa->reg, high[i]);
		if (host == wa->levels[2])
			ksft_test_result(!ret && vcpu_get_reg(vcpus[0], wa->reg) == host,
					 "%s: %#lx counts as NOT_REQUIRED\n", wa->name, high[i]);
		else
			ksft_test_result(ret && errno == EINVAL,
					 "%s: %#lx is refused, the host has less\n", wa->name,
					 high[i]);
	}

	ret = __vcpu_set_reg(vcpus[0], wa->reg, WA2_UNKNOWN);
	ksft_test_result(!ret && vcpu_get_reg(vcpus[0], wa->reg) == host,
			 "%s: UNKNOWN counts as NOT_AVAIL\n", wa->name);
	ksft_test_result(__vcpu_set_reg(vcpus[0], wa->reg, WA2_ENABLED) && errno == EINVAL,
			 "%s: ENABLED without AVAIL is refused\n", wa->name);
	kvm_vm_free(vm);
}

int main(void)
{
	int i, j;

	test_disable_default_vgic();

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(workarounds) * (2 + 3 * 4) + 1 + 4);

	test_default(true);
	test_default(false);
	for (i = 0; i < ARRAY_SIZE(workarounds); i++)
		for (j = 0; j < 3; j++)
			test_level(i, j);
	test_reset();
	test_wa2_old();

	ksft_finished();
}
