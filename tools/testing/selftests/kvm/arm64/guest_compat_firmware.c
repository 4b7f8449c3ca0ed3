// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_firmware - PSCI and SMCCC at each baseline: the defaults of the
 * firmware registers, the calls of the guest, and values that userspace writes.
 */
#include <linux/arm-smccc.h>
#include <linux/psci.h>

#include <asm/cputype.h>

#include "guest_compat.h"
#include "processor.h"

/* A baseline has the defaults of the last row whose @since is not after it. */
static const struct defaults {
	u32 since;
	u32 psci;
	u64 std;
	u64 vendor;
	bool no_smc;
} defaults[] = {
	{ KVM_GUEST_COMPAT_5_10_V1, PSCI_VERSION(1, 0), 0, 0, true },
	{ KVM_GUEST_COMPAT_5_15_V1, PSCI_VERSION(1, 0), 1, 3, true },
	{ KVM_GUEST_COMPAT_6_1_V1, PSCI_VERSION(1, 1), 1, 3, true },
	{ KVM_GUEST_COMPAT_6_6_V1, PSCI_VERSION(1, 1), 1, 3 },
	{ KVM_GUEST_COMPAT_6_16_V1, PSCI_VERSION(1, 3), 1, 3 },
};

static const struct defaults *defaults_of(u32 baseline)
{
	u32 i = ARRAY_SIZE(defaults) - 1;

	while (i && defaults[i].since > baseline)
		i--;

	return &defaults[i];
}

static u64 call(u32 function, u64 arg1, u64 arg2)
{
	struct arm_smccc_res res;

	do_smccc(function, arg1, arg2, 0, 0, 0, 0, 0, &res);
	return res.a0;
}

#define NOT_SUPPORTED	((u64)SMCCC_RET_NOT_SUPPORTED)

/* The guest has the calls of this PSCI version and of these bitmaps, and no others. */
static void guest_code(u64 psci, u64 std, u64 vendor)
{
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN_PSCI_VERSION, 0, 0), psci);
	GUEST_ASSERT_EQ(call(PSCI_1_0_FN_PSCI_FEATURES, PSCI_1_1_FN_SYSTEM_RESET2, 0) !=
			NOT_SUPPORTED, psci >= PSCI_VERSION(1, 1));
	GUEST_ASSERT_EQ(call(PSCI_1_0_FN_PSCI_FEATURES, PSCI_1_3_FN_SYSTEM_OFF2, 0) !=
			NOT_SUPPORTED, psci >= PSCI_VERSION(1, 3));
	GUEST_ASSERT_EQ(call(ARM_SMCCC_TRNG_VERSION, 0, 0) != NOT_SUPPORTED, !!std);
	GUEST_ASSERT_EQ(call(ARM_SMCCC_VENDOR_HYP_CALL_UID_FUNC_ID, 0, 0) != NOT_SUPPORTED,
			!!vendor);
	GUEST_ASSERT_EQ(call(ARM_SMCCC_VENDOR_HYP_KVM_PTP_FUNC_ID, KVM_PTP_VIRT_COUNTER, 0) !=
			NOT_SUPPORTED, !!vendor);
	/* In test_reset(), this powers on the other vCPU. */
	call(PSCI_0_2_FN64_CPU_ON, 1, 0);
	GUEST_DONE();
}

static struct kvm_vcpu_init init_args;

static struct kvm_vcpu *add_vcpu(struct kvm_vm *vm, u32 id, bool off)
{
	struct kvm_vcpu_init init = init_args;

	if (off)
		init.features[0] |= BIT(KVM_ARM_VCPU_POWER_OFF);
	return aarch64_vcpu_add(vm, id, &init, guest_code);
}

static bool runs(struct kvm_vcpu *vcpu, u64 psci, u64 std, u64 vendor)
{
	struct ucall uc;

	vcpu_args_set(vcpu, 3, psci, std, vendor);
	vcpu_run(vcpu);
	switch (get_ucall(vcpu, &uc)) {
	case UCALL_DONE:
		return true;
	case UCALL_ABORT:
		return CHECK(false, "guest: %s", uc.buffer);
	default:
		return CHECK(false, "guest: unknown ucall %lu", uc.cmd);
	}
}

static bool has_regs(struct kvm_vcpu *vcpu, u64 psci, u64 std, u64 vendor)
{
	bool ok = true;

	ok &= CHECK_EQ(vcpu_get_reg(vcpu, KVM_REG_ARM_PSCI_VERSION), psci);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, KVM_REG_ARM_STD_BMAP), std);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, KVM_REG_ARM_STD_HYP_BMAP), 1);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, KVM_REG_ARM_VENDOR_HYP_BMAP), vendor);
	return ok;
}

static bool test_baselines(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < compat_nr_baselines(); i++) {
		const struct defaults *d = defaults_of(compat_baselines[i]);
		u64 psci = d->psci, std = d->std, vendor = d->vendor;
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = vm_create(1);

		/* Only the last selection counts. */
		compat_select(vm, compat_baselines[(i + 1) % compat_nr_baselines()]);
		ok &= CHECK_EQ(compat_select(vm, compat_baselines[i]), 0);
		vcpu = add_vcpu(vm, 0, false);
		kvm_arch_vm_finalize_vcpus(vm);
		ok &= has_regs(vcpu, psci, std, vendor);
		ok &= runs(vcpu, psci, std, vendor);
		if (!ok)
			ksft_print_msg("at baseline %#x\n", compat_baselines[i]);
		kvm_vm_free(vm);
	}
	return ok;
}

static bool test_reset(void)
{
	u64 psci = PSCI_VERSION(1, 0);
	struct kvm_vm *vm = vm_create(2);
	struct kvm_vcpu *vcpu, *other;
	bool ok = true;

	ok &= CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_5_10_V1), 0);
	vcpu = add_vcpu(vm, 0, false);
	other = add_vcpu(vm, 1, true);
	kvm_arch_vm_finalize_vcpus(vm);
	ok &= runs(vcpu, psci, 0, 0);
	/* The first vCPU powered this one on, and KVM resets a vCPU then. */
	ok &= has_regs(other, psci, 0, 0);
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init_args);
	ok &= has_regs(vcpu, psci, 0, 0);
	kvm_vm_free(vm);
	return ok;
}

static bool test_writes_win(void)
{
	struct kvm_vm *vm = vm_create(1);
	struct compat_vector v, now;
	struct kvm_vcpu *vcpu;
	bool ok = true;

	ok &= CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_5_10_V1), 0);
	compat_list(vm, &v);
	vcpu = add_vcpu(vm, 0, false);
	kvm_arch_vm_finalize_vcpus(vm);

	/* Userspace writes a newer PSCI version and newer services, then an older version. */
	vcpu_set_reg(vcpu, KVM_REG_ARM_PSCI_VERSION, PSCI_VERSION(1, 1));
	vcpu_set_reg(vcpu, KVM_REG_ARM_STD_BMAP, 1);
	vcpu_set_reg(vcpu, KVM_REG_ARM_VENDOR_HYP_BMAP, 3);
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init_args);
	ok &= has_regs(vcpu, PSCI_VERSION(1, 1), 1, 3);
	vcpu_set_reg(vcpu, KVM_REG_ARM_PSCI_VERSION, PSCI_VERSION(0, 2));
	ok &= has_regs(vcpu, PSCI_VERSION(0, 2), 1, 3);

	/* The writes do not change the VM's vector. */
	compat_list(vm, &now);
	ok &= CHECK_EQ(memcmp(&v, &now, sizeof(v)), 0);
	kvm_vm_free(vm);
	return ok;
}

static bool test_behaviours(void)
{
	struct kvm_vm *vm = vm_create(1);
	struct kvm_vcpu *vcpu;
	bool ok = true;

	compat_make_native(vm);
	compat_set_named(vm, "psci_version", 0);
	compat_set_named(vm, "smccc_services", 1);
	vcpu = add_vcpu(vm, 0, false);
	kvm_arch_vm_finalize_vcpus(vm);
	ok &= has_regs(vcpu, PSCI_VERSION(1, 0), 1, 0);
	ok &= runs(vcpu, PSCI_VERSION(1, 0), 1, 0);
	kvm_vm_free(vm);
	return ok;
}

static u64 call_smc(u32 function, u32 imm)
{
	struct arm_smccc_res res;

	if (!imm) {
		smccc_smc(function, 0, 0, 0, 0, 0, 0, 0, &res);
		return res.a0;
	}

	asm volatile("mov x0, %1\n"
		     "smc #1\n"
		     "mov %0, x0\n"
		     : "=r" (res.a0) : "r" ((u64)function)
		     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
		       "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	return res.a0;
}

/* HVC always works. SMC with an immediate other than 0 never does. */
static void guest_smc(u64 psci, bool no_smc)
{
	struct arm_smccc_res res;

	smccc_hvc(PSCI_0_2_FN_PSCI_VERSION, 0, 0, 0, 0, 0, 0, 0, &res);
	GUEST_ASSERT_EQ(res.a0, psci);
	GUEST_ASSERT_EQ(call_smc(PSCI_0_2_FN_PSCI_VERSION, 0), no_smc ? NOT_SUPPORTED : psci);
	GUEST_ASSERT_EQ(call_smc(PSCI_0_2_FN_PSCI_VERSION, 1), NOT_SUPPORTED);
	/* The guest continues after an SMC with another immediate, so this call returns, too. */
	GUEST_ASSERT_EQ(call_smc(ARM_SMCCC_VERSION_FUNC_ID, 0),
			no_smc ? NOT_SUPPORTED : ARM_SMCCC_VERSION_1_1);
	GUEST_DONE();
}

static bool run_smc(struct kvm_vm *vm, u64 psci, bool no_smc)
{
	struct kvm_vcpu *vcpu = compat_vcpu(vm, 0, BIT(KVM_ARM_VCPU_PSCI_0_2), guest_smc);

	kvm_arch_vm_finalize_vcpus(vm);
	vcpu_args_set(vcpu, 2, psci, (u64)no_smc);
	return compat_guest_done(vcpu);
}

static bool test_smc(void)
{
	u32 newest = compat_baselines[compat_nr_baselines() - 1];
	bool ok = true;
	u32 i;

	for (i = 0; i < compat_nr_baselines(); i++) {
		const struct defaults *d = defaults_of(compat_baselines[i]);
		struct kvm_vm *vm = vm_create(1);

		ok &= CHECK_EQ(compat_select(vm, compat_baselines[i]), 0);
		ok &= run_smc(vm, d->psci, d->no_smc);
		kvm_vm_free(vm);
	}

	/* smccc_smc alone, with all other behaviours native */
	for (i = 0; i <= 1; i++) {
		struct kvm_vm *vm = vm_create(1);

		compat_make_native(vm);
		compat_set_named(vm, "smccc_smc", i);
		ok &= run_smc(vm, defaults_of(newest)->psci, !i);
		kvm_vm_free(vm);
	}
	return ok;
}

/* A VM without KVM_ARM_VCPU_PSCI_0_2 has PSCI 0.1 at each baseline. */
static bool test_psci_0_1(void)
{
	struct kvm_vcpu_init init = init_args;
	struct kvm_vm *vm = vm_create(1);
	struct kvm_vcpu *vcpu;
	bool ok;

	ok = CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_6_1_V1), 0);
	init.features[0] &= ~BIT(KVM_ARM_VCPU_PSCI_0_2);
	vcpu = aarch64_vcpu_add(vm, 0, &init, guest_code);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, KVM_REG_ARM_PSCI_VERSION), PSCI_VERSION(0, 1));
	kvm_vm_free(vm);
	return ok;
}

#define ON		PSCI_0_2_AFFINITY_LEVEL_ON
#define OFF		PSCI_0_2_AFFINITY_LEVEL_OFF
#define INVALID		((u64)PSCI_RET_INVALID_PARAMS)
/* MPIDR_EL1.{RES1,U,MT}: no affinity, but some guests pass the whole MPIDR_EL1. */
#define NO_AFFINITY	(BIT(31) | BIT(30) | BIT(24))

static void guest_psci_target(bool rev)
{
	u64 on = rev ? INVALID : ON, off = rev ? INVALID : OFF;
	u64 already = rev ? INVALID : (u64)PSCI_RET_ALREADY_ON;

	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_AFFINITY_INFO, 0, 0), ON);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_AFFINITY_INFO, 1, 0), OFF);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_AFFINITY_INFO, BIT(31), 0), on);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_AFFINITY_INFO, BIT(63), 0), on);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN_AFFINITY_INFO, BIT(24), 0), on);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_AFFINITY_INFO, NO_AFFINITY | 1, 0), off);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_AFFINITY_INFO, NO_AFFINITY | 1, 1), on);
	/* No vCPU has these affinities, with or without NO_AFFINITY. */
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_AFFINITY_INFO, BIT(32), 0), INVALID);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_AFFINITY_INFO, NO_AFFINITY | 2, 0), INVALID);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_AFFINITY_INFO, NO_AFFINITY, 4), INVALID);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_CPU_ON, NO_AFFINITY | 2, 0), INVALID);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_CPU_ON, BIT(31), 0), already);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN_CPU_ON, BIT(31), 0), already);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_CPU_ON, NO_AFFINITY | 1, 0),
			rev ? INVALID : (u64)PSCI_RET_SUCCESS);
	GUEST_ASSERT_EQ(call(PSCI_0_2_FN64_AFFINITY_INFO, 1, 0), rev ? OFF : ON);
	GUEST_DONE();
}

/* This test needs two vCPUs, and @one has room for one: so copy its vector to a new VM. */
static bool check_psci_target(struct kvm_vm *one, bool rev)
{
	u32 psci = BIT(KVM_ARM_VCPU_PSCI_0_2), off = psci | BIT(KVM_ARM_VCPU_POWER_OFF);
	struct kvm_vm *vm = vm_create(2);
	struct kvm_vcpu *vcpu, *other;
	struct kvm_mp_state state;
	struct compat_vector v;
	bool ok;

	compat_list(one, &v);
	TEST_ASSERT(!compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v), "KVM_GUEST_COMPAT_LOAD");
	vcpu = compat_vcpu(vm, 0, psci, guest_psci_target);
	other = compat_vcpu(vm, 1, off, guest_psci_target);
	kvm_arch_vm_finalize_vcpus(vm);
	vcpu_args_set(vcpu, 1, (u64)rev);
	ok = compat_guest_done(vcpu);
	vcpu_ioctl(other, KVM_GET_MP_STATE, &state);
	ok &= CHECK_EQ(state.mp_state, rev ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE);
	kvm_vm_free(vm);
	return ok;
}

static bool test_psci_target(void)
{
	return compat_each("psci_target", KVM_GUEST_COMPAT_5_15_V1, check_psci_target);
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "psci_version, smccc_services: defaults of every baseline", test_baselines },
		{ "psci_version, smccc_services: CPU_ON and KVM_ARM_VCPU_INIT keep the values",
		  test_reset },
		{ "psci_version, smccc_services: what userspace writes replaces the defaults",
		  test_writes_win },
		{ "psci_version, smccc_services: each revision alone", test_behaviours },
		{ "psci_version: a VM with PSCI 0.1 keeps it", test_psci_0_1 },
		{ "smccc_smc: every baseline and revision", test_smc },
		{ "psci_target: every baseline and revision", test_psci_target },
	};
	struct kvm_vm *vm = vm_create_barebones();

	kvm_get_default_vcpu_target(vm, &init_args);
	init_args.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	kvm_vm_free(vm);
	compat_run(tests, ARRAY_SIZE(tests));
}
