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

/* Returns 0, or the errno of the write. A write that fails must not change the version. */
static int try_version(struct kvm_vcpu *vcpu, u64 version)
{
	u64 before = vcpu_get_reg(vcpu, PSCI_REG);

	if (!__vcpu_set_reg(vcpu, PSCI_REG, version))
		return 0;

	TEST_ASSERT_EQ(vcpu_get_reg(vcpu, PSCI_REG), before);
	return errno;
}

/* A VM has the newest version of the kernel by default. */
static u64 newest_version(void)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = create_vm(vcpus, true);
	u64 version = vcpu_get_reg(vcpus[0], PSCI_REG);

	kvm_vm_free(vm);
	return version;
}

static void test_select(u64 version)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm;
	bool ok;

	if (version > newest_version()) {
		vm = create_vm(vcpus, true);
		ksft_test_result(try_version(vcpus[0], version) == EINVAL,
				 "version %lu.%lu, newer than the kernel's, is refused\n",
				 PSCI_VERSION_MAJOR(version), PSCI_VERSION_MINOR(version));
		kvm_vm_free(vm);
		return;
	}

	vm = create_vm(vcpus, true);
	ok = !try_version(vcpus[1], version) &&
	     vcpu_get_reg(vcpus[0], PSCI_REG) == version &&
	     guest_version(vcpus[0]) == version &&
	     guest_version(vcpus[1]) == version;

	ksft_test_result(ok, "version %lu.%lu is selected for the VM, and seen by the guest\n",
			 PSCI_VERSION_MAJOR(version), PSCI_VERSION_MINOR(version));
	kvm_vm_free(vm);
}

/* This test numbers SMC32 functions from 0, and SMC64 functions from 32. */
#define SMC64		32
#define NR_FUNCTIONS	64

static u32 function_id(int nr)
{
	return (nr < SMC64 ? PSCI_0_2_FN_BASE : PSCI_0_2_FN64_BASE) + nr % SMC64;
}

static const struct {
	u8 nr, minor;		/* KVM has the function since version 1.minor */
} functions[] = {
	{ 0x00 },		/* PSCI_VERSION */
	{ 0x01 }, { SMC64 + 0x01 },	/* CPU_SUSPEND */
	{ 0x02 },		/* CPU_OFF */
	{ 0x03 }, { SMC64 + 0x03 },	/* CPU_ON */
	{ 0x04 }, { SMC64 + 0x04 },	/* AFFINITY_INFO */
	{ 0x06 },		/* MIGRATE_INFO_TYPE */
	{ 0x08 },		/* SYSTEM_OFF */
	{ 0x09 },		/* SYSTEM_RESET */
	{ 0x0a },		/* PSCI_FEATURES */
	{ 0x12, 1 }, { SMC64 + 0x12, 1 },	/* SYSTEM_RESET2 */
	{ 0x15, 3 }, { SMC64 + 0x15, 3 },	/* SYSTEM_OFF2 */
};

static void guest_functions(void)
{
	struct arm_smccc_res res;
	u64 there = 0;

	for (int nr = 0; nr < NR_FUNCTIONS; nr++) {
		do_smccc(PSCI_1_0_FN_PSCI_FEATURES, function_id(nr), 0, 0, 0, 0, 0, 0, &res);
		if ((s64)res.a0 >= 0)
			there |= BIT(nr);
	}
	GUEST_SYNC(there);
}

/*
 * The functions of a version never change: if a later release added a function to an
 * old version, a guest of that version would see a change.
 */
static void test_functions(u64 version)
{
	struct kvm_vcpu *vcpus[2];
	u64 want = 0, there;
	struct kvm_vm *vm;

	if (version > newest_version()) {
		ksft_test_result_skip("version %lu.%lu is newer than the kernel's\n",
				      PSCI_VERSION_MAJOR(version), PSCI_VERSION_MINOR(version));
		return;
	}

	vm = create_vm(vcpus, true);
	for (int i = 0; i < ARRAY_SIZE(functions); i++) {
		if (functions[i].minor <= PSCI_VERSION_MINOR(version))
			want |= BIT(functions[i].nr);
	}

	vcpu_set_reg(vcpus[0], PSCI_REG, version);
	vcpu_set_reg(vcpus[0], ARM64_CORE_REG(regs.pc), (u64)guest_functions);
	there = guest_version(vcpus[0]);
	if (there != want)
		ksft_print_msg("functions %#lx, expected %#lx\n", there, want);
	ksft_test_result(there == want, "version %lu.%lu has its own functions and no more\n",
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

/* Like a VMM, the test saves and restores each register of the list. */
struct saved_regs {
	struct kvm_reg_list *list;
	u8 (*vals)[256];
};

static struct saved_regs save_regs(struct kvm_vcpu *vcpu)
{
	struct saved_regs saved = { .list = vcpu_get_reg_list(vcpu) };

	saved.vals = calloc(saved.list->n, sizeof(*saved.vals));
	TEST_ASSERT(saved.vals, "No memory for the registers");
	for (int i = 0; i < saved.list->n; i++) {
		struct kvm_one_reg reg = {
			.id = saved.list->reg[i],
			.addr = (u64)saved.vals[i],
		};

		vcpu_ioctl(vcpu, KVM_GET_ONE_REG, &reg);
	}

	return saved;
}

static int restore_regs(struct kvm_vcpu *vcpu, struct saved_regs saved)
{
	int refused = 0;

	for (int i = 0; i < saved.list->n; i++) {
		struct kvm_one_reg reg = {
			.id = saved.list->reg[i],
			.addr = (u64)saved.vals[i],
		};

		if (!__vcpu_ioctl(vcpu, KVM_SET_ONE_REG, &reg))
			continue;
		ksft_print_msg("register %#llx is refused, errno %d\n", reg.id, errno);
		refused++;
	}

	return refused;
}

/*
 * A VMM loads a snapshot into the VM from which it comes. QEMU resets the vCPU first,
 * other VMMs need not.
 */
static void test_in_place(bool reset)
{
	const char *how = reset ? "reset" : "not reset";
	struct saved_regs saved;
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = create_vm(vcpus, true);
	u64 version = PSCI_VERSION(1, 0);
	struct kvm_vcpu_init init;

	vcpu_set_reg(vcpus[0], PSCI_REG, version);
	guest_version(vcpus[0]);
	saved = save_regs(vcpus[0]);
	guest_version(vcpus[0]);

	if (reset) {
		kvm_get_default_vcpu_target(vm, &init);
		init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
		vcpu_ioctl(vcpus[0], KVM_ARM_VCPU_INIT, &init);
	}

	ksft_test_result(!restore_regs(vcpus[0], saved),
			 "all registers are restored in place, the vCPU %s\n", how);
	ksft_test_result(guest_version(vcpus[0]) == version,
			 "the guest goes on with its version, the vCPU %s\n", how);
	ksft_test_result(try_version(vcpus[0], PSCI_VERSION(1, 1)) == EBUSY,
			 "a snapshot of another version is not, the vCPU %s\n", how);

	free(saved.vals);
	free(saved.list);
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
	ksft_set_plan(ARRAY_SIZE(versions) * 2 - 1 + 3 + 2 * 5 + 2 + 2 * 3 + 2);

	for (i = 0; i < ARRAY_SIZE(versions); i++)
		test_select(versions[i]);
	/* versions[0] is before 1.0, and has no PSCI_FEATURES. */
	for (i = 1; i < ARRAY_SIZE(versions); i++)
		test_functions(versions[i]);
	test_refused();
	test_has_run(false);
	test_has_run(true);
	test_reset();
	test_in_place(false);
	test_in_place(true);
	test_psci_0_1();

	ksft_finished();
}
