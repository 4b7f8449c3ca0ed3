// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_asked - Baselines and explicit requests of a VMM. A baseline decides
 * only what a VMM does not ask for. KVM_CHECK_EXTENSION does not announce what the
 * baseline hides: the VM's own, or on /dev/kvm the host default. But registers,
 * filters and capabilities that the VMM names work as on the newest kernel.
 */
#include <fcntl.h>
#include <unistd.h>

#include <asm/kvm_para.h>
#include <linux/arm-smccc.h>
#include <linux/psci.h>

#include "guest_compat.h"
#include "processor.h"

#define PARAMETER	"/sys/module/kvm/parameters/guest_compat"
#define LAST_EXTENSION	400
#define REG(name)	KVM_ARM64_SYS_REG(SYS_##name)

static char initial[4096];

static bool set_default(const char *val)
{
	int fd = open(PARAMETER, O_WRONLY);
	bool ok = fd >= 0 && write(fd, val, strlen(val)) == (ssize_t)strlen(val);

	close(fd);
	return ok;
}

static void restore_default(void)
{
	set_default(initial);
}

static void guest_nothing(void)
{
	GUEST_DONE();
}

/* If KVM announces @cap, a vCPU with @features has the register or the attribute. */
static const struct pair {
	u32 cap;
	u32 features;
	u64 reg;		/* KVM lists it, and userspace can read and write it */
	u64 bits;		/* the register has these bits */
	u32 vcpu_group;		/* the vCPU has this attribute */
	u32 vcpu_attr;
	bool enable;		/* KVM_ENABLE_CAP of @cap comes first */
} pairs[] = {
	{ KVM_CAP_COUNTER_OFFSET, 0, KVM_REG_ARM_PTIMER_CNT },
	{ KVM_CAP_COUNTER_OFFSET, 0, KVM_REG_ARM_PTIMER_CTL },
	{ KVM_CAP_COUNTER_OFFSET, 0, KVM_REG_ARM_PTIMER_CVAL },
	{ KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, 0, KVM_REG_ARM_VENDOR_HYP_BMAP_2 },
	{ KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, 0, REG(MIDR_EL1), .enable = true },
	{ KVM_CAP_PTP_KVM, 0, KVM_REG_ARM_VENDOR_HYP_BMAP, BIT(KVM_REG_ARM_VENDOR_HYP_BIT_PTP) },
	{ KVM_CAP_STEAL_TIME, 0, 0, 0, KVM_ARM_VCPU_PVTIME_CTRL, KVM_ARM_VCPU_PVTIME_IPA },
	{ KVM_CAP_VCPU_ATTRIBUTES, 0, 0, 0, KVM_ARM_VCPU_TIMER_CTRL,
	  KVM_ARM_VCPU_TIMER_IRQ_VTIMER },
	{ KVM_CAP_ARM_PSCI_0_2, BIT(KVM_ARM_VCPU_PSCI_0_2), KVM_REG_ARM_PSCI_VERSION },
	{ KVM_CAP_ARM_SYSTEM_SUSPEND, BIT(KVM_ARM_VCPU_PSCI_0_2), KVM_REG_ARM_PSCI_VERSION,
	  PSCI_VERSION(1, 0), .enable = true },
	{ KVM_CAP_ARM_PMU_V3, BIT(KVM_ARM_VCPU_PMU_V3), REG(PMCR_EL0) },
	{ KVM_CAP_ARM_PMU_V3, BIT(KVM_ARM_VCPU_PMU_V3), 0, 0, KVM_ARM_VCPU_PMU_V3_CTRL,
	  KVM_ARM_VCPU_PMU_V3_IRQ },
	{ KVM_CAP_ARM_PMU_V3_STRICT, BIT(KVM_ARM_VCPU_PMU_V3) | BIT(KVM_ARM_VCPU_PMU_V3_STRICT),
	  REG(PMMIR_EL1) },
	{ KVM_CAP_ARM_SVE, BIT(KVM_ARM_VCPU_SVE), KVM_REG_ARM64_SVE_VLS },
	{ KVM_CAP_ARM_PTRAUTH_ADDRESS, BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
	  BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC), REG(APIAKEYLO_EL1) },
	{ KVM_CAP_ARM_PTRAUTH_GENERIC, BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
	  BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC), REG(APGAKEYLO_EL1) },
	{ KVM_CAP_ARM_MTE, 0, REG(TFSR_EL1), .enable = true },
	{ KVM_CAP_ARM_EL2, BIT(KVM_ARM_VCPU_HAS_EL2), REG(HCR_EL2) },
	{ KVM_CAP_ARM_EL2_E2H0, BIT(KVM_ARM_VCPU_HAS_EL2) | BIT(KVM_ARM_VCPU_HAS_EL2_E2H0),
	  REG(HCR_EL2) },
};

/* At a baseline, KVM may not announce the capability. It works nevertheless. */
static bool still_works(struct kvm_vm *vm, struct kvm_vcpu *vcpu, const struct pair *pair)
{
	struct kvm_arm_counter_offset offset = { .counter_offset = 1234 };
	u64 val;
	bool ok = true;

	if (pair->reg) {
		ok &= CHECK_EQ(compat_get_reg(vcpu, pair->reg, &val), 0);
		ok &= CHECK_EQ(compat_set_reg(vcpu, pair->reg, val | pair->bits), 0);
	}
	if (pair->cap == KVM_CAP_COUNTER_OFFSET && pair->reg == KVM_REG_ARM_PTIMER_CNT)
		ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_ARM_SET_COUNTER_OFFSET, &offset)), 0);
	return ok;
}

/* EL2 is the exception: at baselines that do not announce it, a VMM cannot have it. */
static bool refuses_el2(struct kvm_vm *vm, const struct pair *pair)
{
	struct kvm_vcpu_init init;
	int fd = __vm_ioctl(vm, KVM_CREATE_VCPU, (void *)0);
	bool ok;

	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= pair->features;
	ok = CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_ARM_VCPU_INIT, &init)), -ENOENT);
	close(fd);
	return ok;
}

static bool check_pair(struct kvm_vm *vm, const struct pair *pair, bool announced)
{
	struct kvm_reg_list *list;
	struct compat_vector v;
	struct kvm_vcpu *vcpu;
	bool unlisted, ok = true;
	u64 val;

	if (!announced && pair->features & BIT(KVM_ARM_VCPU_HAS_EL2))
		return refuses_el2(vm, pair);

	if (pair->enable)
		ok &= CHECK_EQ(compat_ret(__vm_enable_cap(vm, pair->cap, 0)), 0);
	vcpu = compat_vcpu(vm, 0, pair->features, guest_nothing);
	if (pair->features & BIT(KVM_ARM_VCPU_SVE)) {
		int sve = KVM_ARM_VCPU_SVE;

		vcpu_ioctl(vcpu, KVM_ARM_VCPU_FINALIZE, &sve);
		return ok;
	}
	if (!announced)
		return ok & still_works(vm, vcpu, pair);

	if (pair->reg) {
		/* From 5.13 to 5.18, KVM offered PTP, and listed no register for it. */
		compat_list(vm, &v);
		unlisted = pair->cap == KVM_CAP_PTP_KVM && !compat_find(&v, "list_bmap")->revision;
		list = vcpu_get_reg_list(vcpu);
		ok &= CHECK(compat_listed(list, pair->reg) == !unlisted, "it is %slisted",
			    unlisted ? "" : "not ");
		ok &= CHECK_EQ(compat_get_reg(vcpu, pair->reg, &val), 0);
		ok &= CHECK_EQ(val & pair->bits, pair->bits);
		ok &= CHECK_EQ(compat_set_reg(vcpu, pair->reg, val), 0);
		free(list);
	}
	if (pair->vcpu_group)
		ok &= CHECK_EQ(compat_ret(__vcpu_has_device_attr(vcpu, pair->vcpu_group,
								 pair->vcpu_attr)), 0);
	return ok;
}

/* Tests each pair natively, as the control, and at each baseline that the VMM selects. */
static bool test_pairs(void)
{
	bool ok = true;
	u32 i, p;

	for (p = 0; p < ARRAY_SIZE(pairs); p++) {
		struct kvm_vm *vm = vm_create(1);
		bool natively;

		compat_make_native(vm);
		natively = vm_check_cap(vm, pairs[p].cap);
		ok &= CHECK(!natively || check_pair(vm, &pairs[p], true),
			    "capability %u, natively", pairs[p].cap);
		kvm_vm_free(vm);
		for (i = 0; natively && i < compat_nr_baselines(); i++) {
			vm = vm_create(1);
			compat_make(vm, compat_baselines[i]);
			ok &= CHECK(check_pair(vm, &pairs[p],
					       vm_check_cap(vm, pairs[p].cap)),
				    "capability %u, register %lx, at %#x", pairs[p].cap,
				    (unsigned long)pairs[p].reg, compat_baselines[i]);
			kvm_vm_free(vm);
		}
	}
	return ok;
}

static int extension(int fd, int ext)
{
	return __kvm_ioctl(fd, KVM_CHECK_EXTENSION, (void *)(long)ext);
}

/* Do releases from this baseline's to the kernel's own add capabilities that it hides? */
static bool hides_capabilities(u32 baseline)
{
	static const u32 added[] = {
		KVM_GUEST_COMPAT_5_15_V1, KVM_GUEST_COMPAT_6_6_V1, KVM_GUEST_COMPAT_6_16_V1,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(added); i++)
		if (baseline < added[i] && !compat_is_later(added[i]))
			return true;

	return false;
}

/* /dev/kvm announces with a host default what a VM announces that selects the same. */
static bool test_default(void)
{
	static int dev[LAST_EXTENSION], native[LAST_EXTENSION];
	int kvm_fd = open_kvm_dev_path_or_exit();
	struct kvm_guest_compat_baseline *base;
	struct kvm_vm *vm, *made;
	bool ok = true;
	u32 i, ext;

	ok &= CHECK_EQ(set_default("native"), true);
	vm = vm_create_barebones();
	for (ext = 0; ext < LAST_EXTENSION; ext++) {
		dev[ext] = extension(kvm_fd, ext);
		native[ext] = extension(vm->fd, ext);
	}

	for (i = 0; (base = compat_baseline(i)); i++) {
		u32 taken = 0;

		ok &= CHECK_EQ(compat_select(vm, base->baseline), 0);
		ok &= CHECK_EQ(set_default(base->name), true);
		made = vm_create_barebones();
		for (ext = 0; ext < LAST_EXTENSION; ext++) {
			int has = extension(vm->fd, ext);

			ok &= CHECK(extension(made->fd, ext) == has,
				    "%u: %d by default, %d if selected: %s", ext,
				    extension(made->fd, ext), has, base->name);
			if (dev[ext] == native[ext])
				ok &= CHECK(extension(kvm_fd, ext) == has,
					    "%u: %d of /dev/kvm, %d of the VM: %s", ext,
					    extension(kvm_fd, ext), has, base->name);
			ok &= CHECK(has == native[ext] || !has, "%u: %d at %s", ext, has,
				    base->name);
			taken += has != native[ext];
		}
		ok &= CHECK(taken || !hides_capabilities(base->baseline),
			    "nothing is taken away at %s", base->name);
		/* The VM's own selection replaces the host default. */
		ok &= CHECK_EQ(compat_select(made, KVM_GUEST_COMPAT_NATIVE), 0);
		for (ext = 0; ext < LAST_EXTENSION; ext++)
			ok &= CHECK_EQ(extension(made->fd, ext), native[ext]);
		kvm_vm_free(made);
	}
	ok &= CHECK_EQ(set_default("native"), true);
	kvm_vm_free(vm);
	close(kvm_fd);
	return ok;
}

/*
 * A VMM restores a snapshot of the newest kernel into a VM of a baseline. It can
 * write and read each register that the newest kernel lists.
 */
static bool test_newest_list(void)
{
	u32 features = kvm_check_cap(KVM_CAP_ARM_PMU_V3) ? BIT(KVM_ARM_VCPU_PMU_V3) : 0;
	struct kvm_vcpu *newest, *vcpu;
	struct kvm_vm *vm, *other;
	struct kvm_reg_list *list;
	bool ok = true;
	u64 j, val;
	u32 i;

	if (!kvm_has_cap(KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES)) {
		compat_skip = "ID registers cannot be written";
		return true;
	}

	vm = compat_vm(COMPAT_NATIVE, features, guest_nothing, &newest);
	list = vcpu_get_reg_list(newest);
	for (i = 0; i < compat_nr_baselines(); i++) {
		other = compat_vm(compat_baselines[i], features, guest_nothing, &vcpu);
		for (j = 0; j < list->n; j++) {
			u64 id = list->reg[j], back;
			int ret;

			if ((id & KVM_REG_SIZE_MASK) != KVM_REG_SIZE_U64)
				continue;
			val = vcpu_get_reg(newest, id);
			ret = compat_set_reg(vcpu, id, val);
			ok &= CHECK(!ret, "%lx = %lx at %#x: %d", (unsigned long)id,
				    (unsigned long)val, compat_baselines[i], ret);
			ret = compat_get_reg(vcpu, id, &back);
			ok &= CHECK(!ret, "%lx at %#x: %d", (unsigned long)id,
				    compat_baselines[i], ret);
		}
		kvm_vm_free(other);
	}
	free(list);
	kvm_vm_free(vm);
	return ok;
}

/*
 * Firecracker checks KVM_CAP_COUNTER_OFFSET on /dev/kvm before it writes the physical
 * timer. Snapshots of Amazon's kernels have this timer in any case.
 */
static bool test_physical_timer(void)
{
	struct kvm_guest_compat_baseline *base;
	bool ok = true;
	u32 i;

	if (compat_is_later(KVM_GUEST_COMPAT_6_12_V1)) {
		compat_skip = "userspace has no access to the physical timer";
		return true;
	}

	for (i = 0; (base = compat_baseline(i)); i++) {
		struct kvm_reg_list *list;
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm;
		bool listed;

		ok &= CHECK_EQ(set_default(base->name), true);
		vm = vm_create(1);
		vcpu = compat_vcpu(vm, 0, BIT(KVM_ARM_VCPU_PSCI_0_2), guest_nothing);
		kvm_arch_vm_finalize_vcpus(vm);
		list = vcpu_get_reg_list(vcpu);
		listed = compat_listed(list, KVM_REG_ARM_PTIMER_CNT);
		free(list);
		ok &= CHECK(kvm_check_cap(KVM_CAP_COUNTER_OFFSET) == listed,
			    "KVM_CAP_COUNTER_OFFSET at %s", base->name);
		ok &= CHECK_EQ(compat_set_reg(vcpu, KVM_REG_ARM_PTIMER_CTL, 0), 0);
		ok &= CHECK_EQ(compat_set_reg(vcpu, KVM_REG_ARM_PTIMER_CVAL, 1), 0);
		ok &= CHECK_EQ(compat_set_reg(vcpu, KVM_REG_ARM_PTIMER_CNT, 0), 0);
		ok &= compat_guest_done(vcpu);
		kvm_vm_free(vm);
	}
	ok &= CHECK_EQ(set_default("native"), true);
	return ok;
}

/* The VMM's filter works at baselines whose guests had no SMC. */
static void guest_calls(u64 filtered)
{
	struct arm_smccc_res res;

	smccc_smc(PSCI_0_2_FN_PSCI_VERSION, 0, 0, 0, 0, 0, 0, 0, &res);
	GUEST_ASSERT_EQ((u32)res.a0, (u32)filtered);
	/* A call that the filter does not cover */
	smccc_smc(PSCI_1_0_FN_PSCI_FEATURES, PSCI_0_2_FN_CPU_OFF, 0, 0, 0, 0, 0, 0, &res);
	GUEST_SYNC(res.a0);
	/* A call that no filter can cover */
	smccc_smc(ARM_SMCCC_VERSION_FUNC_ID, 0, 0, 0, 0, 0, 0, 0, &res);
	GUEST_SYNC(res.a0);
	GUEST_DONE();
}

static bool run_filter(u32 baseline, u8 action)
{
	struct kvm_smccc_filter filter = {
		.base = PSCI_0_2_FN_PSCI_VERSION, .nr_functions = 1, .action = action,
	};
	bool smc = baseline >= KVM_GUEST_COMPAT_6_6_V1;
	struct kvm_vm *vm = vm_create(1);
	struct kvm_vcpu *vcpu;
	struct ucall uc;
	bool ok = true;

	compat_make(vm, baseline);
	ok &= CHECK_EQ(compat_ret(__kvm_device_attr_set(vm->fd, KVM_ARM_VM_SMCCC_CTRL,
							KVM_ARM_VM_SMCCC_FILTER, &filter)), 0);
	vcpu = compat_vcpu(vm, 0, BIT(KVM_ARM_VCPU_PSCI_0_2), guest_calls);
	kvm_arch_vm_finalize_vcpus(vm);
	vcpu_args_set(vcpu, 1, action == KVM_SMCCC_FILTER_DENY ? (u64)SMCCC_RET_NOT_SUPPORTED : 77);
	vcpu_run(vcpu);
	if (action == KVM_SMCCC_FILTER_FWD_TO_USER) {
		ok &= CHECK_EQ(vcpu->run->exit_reason, KVM_EXIT_HYPERCALL);
		ok &= CHECK_EQ(vcpu->run->hypercall.nr, PSCI_0_2_FN_PSCI_VERSION);
		ok &= CHECK_EQ(!!(vcpu->run->hypercall.flags & KVM_HYPERCALL_EXIT_SMC), 1);
		vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.regs[0]), 77);
		vcpu_run(vcpu);
	}
	ok &= CHECK_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
	ok &= CHECK_EQ(uc.cmd == UCALL_SYNC && (int)uc.args[1] != SMCCC_RET_NOT_SUPPORTED, smc);
	vcpu_run(vcpu);
	ok &= CHECK_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
	ok &= CHECK_EQ(uc.cmd == UCALL_SYNC && (int)uc.args[1] != SMCCC_RET_NOT_SUPPORTED, smc);
	kvm_vm_free(vm);
	return ok;
}

static bool test_filter(void)
{
	bool ok = true;
	u32 i;

	if (compat_is_later(KVM_GUEST_COMPAT_6_12_V1)) {
		compat_skip = "no filter of SMCCC calls";
		return true;
	}

	for (i = 0; i < compat_nr_baselines(); i++) {
		ok &= run_filter(compat_baselines[i], KVM_SMCCC_FILTER_FWD_TO_USER);
		ok &= run_filter(compat_baselines[i], KVM_SMCCC_FILTER_DENY);
	}
	return ok;
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "a capability is announced with its register or attribute", test_pairs },
		{ "/dev/kvm announces what a VM of the host default does", test_default },
		{ "the newest list can be read and written at every baseline", test_newest_list },
		{ "the physical timer, by KVM_CAP_COUNTER_OFFSET of /dev/kvm or not",
		  test_physical_timer },
		{ "the SMCCC filter comes before smccc_smc", test_filter },
	};
	FILE *f;

	if (!kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		ksft_exit_skip("no KVM_CAP_GUEST_COMPAT\n");

	f = fopen(PARAMETER, "r");
	TEST_REQUIRE(f && fgets(initial, sizeof(initial), f));
	fclose(f);
	atexit(restore_default);
	set_default("native");
	compat_run(tests, ARRAY_SIZE(tests));
}
