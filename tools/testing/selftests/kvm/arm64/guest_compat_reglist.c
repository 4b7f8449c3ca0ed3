// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_reglist - The register list at each baseline. KVM lists the registers of
 * that release. Userspace can access registers that KVM does not list, and what the
 * guest has does not depend on the list.
 */
#include <asm/cputype.h>

#include "guest_compat.h"
#include "processor.h"

#define TCR2		KVM_ARM64_SYS_REG(SYS_TCR2_EL1)
#define PIR		KVM_ARM64_SYS_REG(SYS_PIR_EL1)
#define PIRE0		KVM_ARM64_SYS_REG(SYS_PIRE0_EL1)
#define PMMIR		KVM_ARM64_SYS_REG(SYS_PMMIR_EL1)
#define MMFR3		KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR3_EL1)
#define DFR0		KVM_ARM64_SYS_REG(SYS_ID_DFR0_EL1)

/* The feature to which a register belongs */
enum needs { NOTHING, PMU, FEAT_TCR2, FEAT_S1PIE };

static const struct {
	const char *behaviour;
	u64 id;
	u32 since;		/* the first baseline that lists it */
	u32 checked;		/* the first baseline that lists it only with the feature */
	enum needs needs;
} regs[] = {
	{ "list_bmap", KVM_REG_ARM_STD_BMAP, KVM_GUEST_COMPAT_6_1_V1 },
	{ "list_bmap", KVM_REG_ARM_STD_HYP_BMAP, KVM_GUEST_COMPAT_6_1_V1 },
	{ "list_bmap", KVM_REG_ARM_VENDOR_HYP_BMAP, KVM_GUEST_COMPAT_6_1_V1 },
	{ "list_bmap_2", KVM_REG_ARM_VENDOR_HYP_BMAP_2, KVM_GUEST_COMPAT_6_16_V1 },
	{ "list_ptimer", KVM_REG_ARM_PTIMER_CTL, KVM_GUEST_COMPAT_6_6_V1 },
	{ "list_ptimer", KVM_REG_ARM_PTIMER_CVAL, KVM_GUEST_COMPAT_6_6_V1 },
	{ "list_ptimer", KVM_REG_ARM_PTIMER_CNT, KVM_GUEST_COMPAT_6_6_V1 },
	{ "list_pmmir", PMMIR, KVM_GUEST_COMPAT_7_3_V1, KVM_GUEST_COMPAT_7_3_V1, PMU },
	{ "os_lock", KVM_ARM64_SYS_REG(SYS_OSLSR_EL1), KVM_GUEST_COMPAT_6_1_V1 },
	{ "list_tcr2_pir", TCR2, KVM_GUEST_COMPAT_6_6_V1, KVM_GUEST_COMPAT_6_16_V1, FEAT_TCR2 },
	{ "list_tcr2_pir", PIR, KVM_GUEST_COMPAT_6_6_V1, KVM_GUEST_COMPAT_6_16_V1, FEAT_S1PIE },
	{ "list_tcr2_pir", PIRE0, KVM_GUEST_COMPAT_6_6_V1, KVM_GUEST_COMPAT_6_16_V1, FEAT_S1PIE },
};

#define PMU_FEATURE	BIT(KVM_ARM_VCPU_PMU_V3)

static bool can_pmu(void)
{
	return kvm_has_cap(KVM_CAP_ARM_PMU_V3);
}

static void guest_nothing(void)
{
	GUEST_DONE();
}

static bool vcpu_has(struct kvm_vcpu *vcpu, enum needs needs)
{
	switch (needs) {
	case PMU:
		return vcpu->init.features[0] & PMU_FEATURE;
	case FEAT_TCR2:
		return FIELD_GET(ID_AA64MMFR3_EL1_TCRX, vcpu_get_reg(vcpu, MMFR3));
	case FEAT_S1PIE:
		return FIELD_GET(ID_AA64MMFR3_EL1_S1PIE, vcpu_get_reg(vcpu, MMFR3));
	default:
		return true;
	}
}

static bool is_listed(u32 reg, u32 baseline, struct kvm_vcpu *vcpu)
{
	if (baseline < regs[reg].since)
		return false;

	return baseline < regs[reg].checked || vcpu_has(vcpu, regs[reg].needs);
}

/* Returns whether KVM accepts accesses. Registers of later releases do not exist here. */
static bool is_there(u32 reg, struct kvm_vcpu *vcpu)
{
	if (compat_is_later(regs[reg].since))
		return false;

	return compat_is_later(regs[reg].checked) || vcpu_has(vcpu, regs[reg].needs);
}

/* Userspace can access a register that the VM has, even if KVM does not list it. */
static bool check_regs(const char *behaviour, u32 baseline, struct kvm_vcpu *vcpu)
{
	struct kvm_reg_list *list = vcpu_get_reg_list(vcpu);
	bool ok = true;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		bool listed = is_listed(i, baseline, vcpu);
		int ret = listed || is_there(i, vcpu) ? 0 : -ENOENT;
		u64 val = 0;

		if (strcmp(regs[i].behaviour, behaviour))
			continue;
		ok &= CHECK(compat_listed(list, regs[i].id) == listed,
			    "%lx listed at %#x: %d", (unsigned long)regs[i].id, baseline,
			    !listed);
		ok &= CHECK_EQ(compat_get_reg(vcpu, regs[i].id, &val), ret);
		ok &= CHECK_EQ(compat_set_reg(vcpu, regs[i].id, val), ret);
	}
	free(list);
	return ok;
}

/* The VM announces neither FEAT_TCR2 nor FEAT_S1PIE. */
static struct kvm_vm *make_without_tcr2(u32 baseline, void *guest_code, struct kvm_vcpu **vcpu)
{
	struct kvm_vm *vm = compat_vm(baseline, 0, guest_code, vcpu);

	vcpu_set_reg(*vcpu, MMFR3, 0);
	return vm;
}

static bool check_behaviour(const char *behaviour)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i];
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm;

		vm = compat_vm(baseline, 0, guest_nothing, &vcpu);
		ok &= check_regs(behaviour, baseline, vcpu);
		kvm_vm_free(vm);

		if (can_pmu()) {
			vm = compat_vm(baseline, PMU_FEATURE, guest_nothing, &vcpu);
			ok &= check_regs(behaviour, baseline, vcpu);
			kvm_vm_free(vm);
		}
	}
	return ok;
}

static bool test_bmap(void)
{
	return check_behaviour("list_bmap");
}

static bool test_bmap_2(void)
{
	return check_behaviour("list_bmap_2");
}

static bool test_ptimer(void)
{
	return check_behaviour("list_ptimer");
}

static bool test_oslsr(void)
{
	return check_behaviour("os_lock");
}

static bool test_pmmir(void)
{
	if (!can_pmu())
		compat_skip = "no PMU to list it with";

	return check_behaviour("list_pmmir");
}

/* A VMM that sets the strict PMU feature knows PMMIR_EL1, so KVM lists it at each baseline. */
static bool test_pmmir_strict(void)
{
	u64 features = PMU_FEATURE | BIT(KVM_ARM_VCPU_PMU_V3_STRICT);
	bool ok = true;
	u32 i;

	if (!kvm_has_cap(KVM_CAP_ARM_PMU_V3_STRICT)) {
		compat_skip = "no KVM_CAP_ARM_PMU_V3_STRICT";
		return true;
	}

	for (i = 0; i < compat_nr_baselines(); i++) {
		struct kvm_reg_list *list;
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(compat_baselines[i], features, guest_nothing, &vcpu);

		list = vcpu_get_reg_list(vcpu);
		ok &= CHECK(compat_listed(list, PMMIR), "baseline %#x", compat_baselines[i]);
		free(list);
		kvm_vm_free(vm);
	}
	return ok;
}

/* Tests VMs with the host's features, and VMs without. */
static bool test_tcr2_pir(void)
{
	bool ok = check_behaviour("list_tcr2_pir");
	u32 i;

	for (i = 0; i < compat_nr_baselines(); i++) {
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = make_without_tcr2(compat_baselines[i], guest_nothing, &vcpu);

		ok &= check_regs("list_tcr2_pir", compat_baselines[i], vcpu);
		kvm_vm_free(vm);
	}
	return ok;
}

static void guest_tcr2_undef(void)
{
	GUEST_ASSERT(COMPAT_UNDEF(read_sysreg_s(SYS_TCR2_EL1)));
	GUEST_ASSERT(COMPAT_UNDEF(write_sysreg_s(1, SYS_TCR2_EL1)));
	GUEST_ASSERT(COMPAT_UNDEF(read_sysreg_s(SYS_PIR_EL1)));
	GUEST_ASSERT(COMPAT_UNDEF(write_sysreg_s(1, SYS_PIR_EL1)));
	GUEST_ASSERT(COMPAT_UNDEF(read_sysreg_s(SYS_PIRE0_EL1)));
	GUEST_ASSERT(COMPAT_UNDEF(write_sysreg_s(1, SYS_PIRE0_EL1)));
	GUEST_DONE();
}

static const u64 tcr2_pir[] = { TCR2, PIR, PIRE0 };

/* Without the features, userspace reads its values back, and the guest gets UNDEF. */
static bool test_kept(void)
{
	struct kvm_vm *vm, *other;
	struct kvm_vcpu *vcpu, *to;
	struct kvm_vcpu_init init;
	u64 fresh[ARRAY_SIZE(tcr2_pir)];
	bool ok = true;
	u32 i, round;

	vm = make_without_tcr2(KVM_GUEST_COMPAT_6_12_V1, guest_tcr2_undef, &vcpu);
	other = make_without_tcr2(KVM_GUEST_COMPAT_6_12_V1, guest_tcr2_undef, &to);
	compat_catch_undefs(vcpu);

	for (i = 0; i < ARRAY_SIZE(tcr2_pir); i++) {
		fresh[i] = vcpu_get_reg(vcpu, tcr2_pir[i]);
		ok &= CHECK_EQ(compat_set_reg(vcpu, tcr2_pir[i], 0x5a5a5a5a00000011 << i), 0);
	}

	/* Round 0 is before the guest runs, round 1 after it. */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_SIZE(tcr2_pir); i++) {
			u64 val = vcpu_get_reg(vcpu, tcr2_pir[i]);

			ok &= CHECK_EQ(val, 0x5a5a5a5a00000011 << i);
			ok &= CHECK_EQ(compat_set_reg(to, tcr2_pir[i], val), 0);
			ok &= CHECK_EQ(vcpu_get_reg(to, tcr2_pir[i]), val);
		}
		if (!round)
			ok &= compat_guest_done(vcpu);
	}

	/* KVM_ARM_VCPU_INIT resets these registers, too. */
	init = vcpu->init;
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	for (i = 0; i < ARRAY_SIZE(tcr2_pir); i++)
		ok &= CHECK_EQ(vcpu_get_reg(vcpu, tcr2_pir[i]), fresh[i]);

	kvm_vm_free(other);
	kvm_vm_free(vm);
	return ok;
}

static void guest_reads_pir(u64 pir)
{
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PIR_EL1), pir);
	GUEST_DONE();
}

/* With FEAT_S1PIE, the guest reads the PIR_EL1 that userspace writes. */
static bool test_guest_pir(void)
{
	static const u32 baselines[] = { KVM_GUEST_COMPAT_6_12_V1, KVM_GUEST_COMPAT_6_16_V1 };
	bool ok = true;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(baselines); i++) {
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm;

		if (compat_is_later(baselines[i]))
			continue;
		vm = compat_vm(baselines[i], 0, guest_reads_pir, &vcpu);
		if (vcpu_has(vcpu, FEAT_S1PIE)) {
			vcpu_set_reg(vcpu, PIR, 0x76543210);
			vcpu_args_set(vcpu, 1, 0x76543210);
			ok &= compat_guest_done(vcpu);
			ok &= CHECK_EQ(vcpu_get_reg(vcpu, PIR), 0x76543210);
		} else {
			compat_skip = "no FEAT_S1PIE";
		}
		kvm_vm_free(vm);
	}
	return ok;
}

/*
 * Linux reads PMMIR_EL1 if the PMU is that of Armv8.4 or later. At 5.10, a VM has an
 * older PMU and gets UNDEF. A CPU with an older PMU need not have the register.
 */
static void guest_pmmir(bool known)
{
	u64 pmuver = FIELD_GET(ID_AA64DFR0_EL1_PMUVer, read_sysreg(id_aa64dfr0_el1));
	u64 pmmir = read_sysreg_s(SYS_PMMIR_EL1);

	if (!known) {
		GUEST_ASSERT_EQ(compat_undefs, 1);
		GUEST_ASSERT(pmuver < ID_AA64DFR0_EL1_PMUVer_V3P4);
	} else if (pmuver >= ID_AA64DFR0_EL1_PMUVer_V3P4) {
		GUEST_ASSERT_EQ(compat_undefs, 0);
		GUEST_ASSERT_EQ(pmmir, 0);
	}
	GUEST_DONE();
}

static bool test_guest_pmmir(void)
{
	bool ok = true;
	u32 i;

	if (!can_pmu()) {
		compat_skip = "no PMU";
		return true;
	}

	for (i = 0; i < compat_nr_baselines(); i++) {
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(compat_baselines[i], PMU_FEATURE, guest_pmmir,
					      &vcpu);

		compat_pmu_init(vcpu);
		compat_catch_undefs(vcpu);
		vcpu_args_set(vcpu, 1, (u64)(compat_baselines[i] > KVM_GUEST_COMPAT_5_10_V1));
		ok &= compat_guest_done(vcpu);
		if (!ok)
			ksft_print_msg("at baseline %#x\n", compat_baselines[i]);
		kvm_vm_free(vm);
	}
	return ok;
}

/* KVM_GET_REG_LIST returns n registers, each once. */
static bool test_count(void)
{
	bool ok = true;
	u64 n, i, j;
	u32 b;

	for (b = 0; b < compat_nr_baselines(); b++) {
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(compat_baselines[b], can_pmu() ? PMU_FEATURE : 0,
					      guest_nothing, &vcpu);
		struct kvm_reg_list *list = vcpu_get_reg_list(vcpu);

		n = list->n;
		list->n = n - 1;
		ok &= CHECK_EQ(compat_ret(__vcpu_ioctl(vcpu, KVM_GET_REG_LIST, list)), -E2BIG);
		ok &= CHECK_EQ(list->n, n);
		ok &= CHECK_EQ(compat_ret(__vcpu_ioctl(vcpu, KVM_GET_REG_LIST, list)), 0);
		ok &= CHECK_EQ(list->n, n);
		for (i = 0; i < n; i++)
			for (j = 0; j < i; j++)
				ok &= CHECK(list->reg[i] != list->reg[j],
					    "%lx is listed twice",
					    (unsigned long)list->reg[i]);
		free(list);
		kvm_vm_free(vm);
	}
	return ok;
}

static u64 one_reg_size(u64 id)
{
	return 1ULL << ((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);
}

static int copy_reg(struct kvm_vcpu *from, struct kvm_vcpu *to, u64 id)
{
	u8 buf[256] = {}, back[256] = {};
	struct kvm_one_reg reg = { .id = id, .addr = (u64)buf };
	int ret;

	TEST_ASSERT(one_reg_size(id) <= sizeof(buf), "size of %lx", (unsigned long)id);
	vcpu_ioctl(from, KVM_GET_ONE_REG, &reg);
	ret = compat_ret(__vcpu_ioctl(to, KVM_SET_ONE_REG, &reg));
	if (ret)
		return ret;

	/* Counters run, and so change. guest_compat_timer tests the control registers. */
	if (id == KVM_REG_ARM_TIMER_CNT || id == KVM_REG_ARM_PTIMER_CNT ||
	    id == KVM_REG_ARM_TIMER_CTL || id == KVM_REG_ARM_PTIMER_CTL)
		return 0;

	reg.addr = (u64)back;
	vcpu_ioctl(to, KVM_GET_ONE_REG, &reg);
	return memcmp(buf, back, sizeof(buf)) ? -EILSEQ : 0;
}

static bool is_id_reg(u64 id)
{
	u64 any = KVM_REG_ARM64_SYSREG_CRM_MASK | KVM_REG_ARM64_SYSREG_OP2_MASK;

	return (id & ~any) == KVM_ARM64_SYS_REG(sys_reg(3, 0, 0, 0, 0));
}

struct expected {
	u64 id;
	bool seen;
};

/* KVM accepts each register of one VM in another, except those in @missing. */
static bool copy_all(u32 from_baseline, u32 to_baseline, bool id_regs,
		     struct expected *missing, u32 nr)
{
	u32 features = can_pmu() ? PMU_FEATURE : 0;
	struct kvm_vm *vm, *other;
	struct kvm_vcpu *from, *to;
	struct kvm_reg_list *list;
	bool ok = true;
	u64 i;
	u32 m;

	vm = compat_vm(from_baseline, features, guest_nothing, &from);
	other = compat_vm(to_baseline, features, guest_nothing, &to);
	list = vcpu_get_reg_list(from);
	for (i = 0; i < list->n; i++) {
		u64 id = list->reg[i];
		int ret = copy_reg(from, to, id), want = 0;

		for (m = 0; m < nr; m++) {
			if (missing[m].id == id) {
				missing[m].seen = true;
				want = -ENOENT;
			}
		}
		/* guest_compat_idregs tests which values of ID registers KVM accepts. */
		if (!id_regs && is_id_reg(id) && ret != -ENOENT)
			continue;
		/* Without AArch32, 6.12 discards the native value: see id_dfr0_aarch64_only. */
		if (from_baseline == COMPAT_NATIVE && id == DFR0 && !compat_has_aarch32(to))
			continue;
		ok &= CHECK(ret == want, "%lx from %#x to %#x: %d, not %d",
			    (unsigned long)id, from_baseline, to_baseline, ret, want);
	}
	for (m = 0; m < nr; m++)
		ok &= CHECK(missing[m].seen, "%lx is not listed at %#x",
			    (unsigned long)missing[m].id, from_baseline);
	free(list);
	kvm_vm_free(other);
	kvm_vm_free(vm);
	return ok;
}

static bool test_copy_same(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < compat_nr_baselines(); i++)
		ok &= copy_all(compat_baselines[i], compat_baselines[i], true, NULL, 0);
	return ok;
}

static bool test_copy_from_native(void)
{
	return copy_all(COMPAT_NATIVE, KVM_GUEST_COMPAT_6_12_V1, true, NULL, 0);
}

static bool test_copy_to_native(void)
{
	struct expected missing[3];
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = compat_vm(COMPAT_NATIVE, 0, guest_nothing, &vcpu);
	bool checked = compat_highest("list_tcr2_pir") > 1;
	u32 nr = 0;

	if (checked && !vcpu_has(vcpu, FEAT_TCR2))
		missing[nr++] = (struct expected) { TCR2 };
	if (checked && !vcpu_has(vcpu, FEAT_S1PIE)) {
		missing[nr++] = (struct expected) { PIR };
		missing[nr++] = (struct expected) { PIRE0 };
	}
	kvm_vm_free(vm);
	return copy_all(KVM_GUEST_COMPAT_6_12_V1, COMPAT_NATIVE, false, missing, nr);
}

/* Returns the preferred target of releases up to 6.5, which depends on the CPU. */
static u32 old_target(void)
{
	static const struct {
		u32 implementor;
		u32 part;
		u32 target;
	} cpus[] = {
		{ ARM_CPU_IMP_ARM, ARM_CPU_PART_AEM_V8, KVM_ARM_TARGET_AEM_V8 },
		{ ARM_CPU_IMP_ARM, ARM_CPU_PART_FOUNDATION, KVM_ARM_TARGET_FOUNDATION_V8 },
		{ ARM_CPU_IMP_ARM, ARM_CPU_PART_CORTEX_A53, KVM_ARM_TARGET_CORTEX_A53 },
		{ ARM_CPU_IMP_ARM, ARM_CPU_PART_CORTEX_A57, KVM_ARM_TARGET_CORTEX_A57 },
		{ ARM_CPU_IMP_APM, 0x000, KVM_ARM_TARGET_XGENE_POTENZA },
	};
	u64 midr;
	u32 i;

	/* The host's kernel emulates this read at EL0. */
	asm("mrs %0, midr_el1" : "=r" (midr));
	for (i = 0; i < ARRAY_SIZE(cpus); i++)
		if (MIDR_IMPLEMENTOR(midr) == cpus[i].implementor &&
		    MIDR_PARTNUM(midr) == cpus[i].part)
			return cpus[i].target;

	return KVM_ARM_TARGET_GENERIC_V8;
}

static bool test_preferred_target(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 want = compat_baselines[i] < KVM_GUEST_COMPAT_6_6_V1 ?
			   old_target() : KVM_ARM_TARGET_GENERIC_V8;
		struct kvm_vm *vm = vm_create(1);
		struct kvm_vcpu_init init = {};
		struct kvm_vcpu *vcpu;

		ok &= CHECK_EQ(compat_select(vm, compat_baselines[i]), 0);
		vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
		ok &= CHECK_EQ(init.target, want);
		/* KVM_ARM_VCPU_INIT accepts the target. */
		vcpu = aarch64_vcpu_add(vm, 0, &init, guest_nothing);
		kvm_arch_vm_finalize_vcpus(vm);
		ok &= compat_guest_done(vcpu);
		kvm_vm_free(vm);
	}
	return ok;
}

static bool can_nest;

/* KVM announces and accepts EL2 only with revision 1, and on hosts that can nest. */
static bool check_nested(struct kvm_vm *vm, bool rev)
{
	struct kvm_vcpu_init init;
	int fd = __vm_ioctl(vm, KVM_CREATE_VCPU, (void *)0);
	bool ok;

	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_HAS_EL2);
	ok = CHECK_EQ(vm_check_cap(vm, KVM_CAP_ARM_EL2), rev && can_nest);
	ok &= CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_ARM_VCPU_INIT, &init)),
		       !rev ? -ENOENT : can_nest ? 0 : -EINVAL);
	close(fd);
	return ok;
}

static bool test_nested(void)
{
	struct kvm_vm *vm = vm_create_barebones();

	compat_make_native(vm);
	can_nest = vm_check_cap(vm, KVM_CAP_ARM_EL2);
	kvm_vm_free(vm);
	return compat_each("nested", KVM_GUEST_COMPAT_6_16_V1, check_nested);
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "list_bmap: every baseline", test_bmap },
		{ "list_bmap_2: every baseline", test_bmap_2 },
		{ "list_ptimer: every baseline", test_ptimer },
		{ "list_pmmir: every baseline", test_pmmir },
		{ "list_pmmir: with the strict PMU", test_pmmir_strict },
		{ "list_pmmir: what the guest reads does not depend on the list",
		  test_guest_pmmir },
		{ "os_lock: OSLSR_EL1 in the list of every baseline", test_oslsr },
		{ "list_tcr2_pir: every baseline", test_tcr2_pir },
		{ "list_tcr2_pir: without the features, for userspace alone", test_kept },
		{ "list_tcr2_pir: with the features, userspace reads what the guest has",
		  test_guest_pir },
		{ "the list has as many registers as n says", test_count },
		{ "a list goes into a VM of the same baseline", test_copy_same },
		{ "the newest list goes to 6.12", test_copy_from_native },
		{ "a list of 6.12 goes to the newest", test_copy_to_native },
		{ "preferred_target: every baseline", test_preferred_target },
		{ "nested: every baseline", test_nested },
	};

	compat_run(tests, ARRAY_SIZE(tests));
}
