// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_pmu - The PMU at each baseline: PMU registers of a vCPU without a PMU,
 * its implementer and events, and bits that its registers keep.
 */
#include "guest_compat.h"
#include "processor.h"
#include "vgic.h"

#define PMU_FEATURE	BIT(KVM_ARM_VCPU_PMU_V3)
#define REG(name)	KVM_ARM64_SYS_REG(SYS_##name)
#define PMCR		REG(PMCR_EL0)
#define IMP_IDCODE	GENMASK(31, 16)
#define PMCR_N		GENMASK(15, 11)

/* 5.10 listed these registers for each vCPU, with a PMU or without. */
static const u64 pmu_regs[] = {
	PMCR, REG(PMCNTENSET_EL0), REG(PMCNTENCLR_EL0), REG(PMOVSCLR_EL0), REG(PMSWINC_EL0),
	REG(PMSELR_EL0), REG(PMCCNTR_EL0), REG(PMUSERENR_EL0), REG(PMOVSSET_EL0),
	REG(PMCCFILTR_EL0), REG(PMINTENSET_EL1), REG(PMINTENCLR_EL1),
	REG(PMEVCNTRn_EL0(0)), REG(PMEVCNTRn_EL0(1)), REG(PMEVCNTRn_EL0(30)),
	REG(PMEVTYPERn_EL0(0)), REG(PMEVTYPERn_EL0(1)), REG(PMEVTYPERn_EL0(30)),
};

static bool can_pmu(void)
{
	return kvm_has_cap(KVM_CAP_ARM_PMU_V3);
}

static bool unlimited(u32 baseline)
{
	return baseline == KVM_GUEST_COMPAT_5_10_V1;
}

static void guest_raz_wi(void)
{
	/* Linux does this at boot if ID_AA64DFR0_EL1 announces a PMU. */
	write_sysreg_s(0, SYS_PMUSERENR_EL0);
	write_sysreg_s(0xf, SYS_PMUSERENR_EL0);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMUSERENR_EL0), 0);
	write_sysreg_s(~0ULL, SYS_PMCR_EL0);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMCR_EL0), 0);
	write_sysreg_s(~0ULL, SYS_PMCNTENSET_EL0);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMCNTENSET_EL0), 0);
	write_sysreg_s(~0ULL, SYS_PMINTENSET_EL1);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMINTENSET_EL1), 0);
	write_sysreg_s(1, SYS_PMSELR_EL0);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMSELR_EL0), 0);
	write_sysreg_s(1, SYS_PMCCNTR_EL0);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMCCNTR_EL0), 0);
	write_sysreg_s(1, SYS_PMEVCNTRn_EL0(0));
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMEVCNTRn_EL0(0)), 0);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMCEID0_EL0), 0);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMCEID1_EL0), 0);
	GUEST_ASSERT_EQ(compat_undefs, 0);
	GUEST_DONE();
}

static void guest_undef(void)
{
	GUEST_ASSERT(COMPAT_UNDEF(write_sysreg_s(0, SYS_PMUSERENR_EL0)));
	GUEST_ASSERT(COMPAT_UNDEF(read_sysreg_s(SYS_PMUSERENR_EL0)));
	GUEST_ASSERT(COMPAT_UNDEF(read_sysreg_s(SYS_PMCR_EL0)));
	GUEST_ASSERT(COMPAT_UNDEF(read_sysreg_s(SYS_PMCNTENSET_EL0)));
	GUEST_ASSERT(COMPAT_UNDEF(read_sysreg_s(SYS_PMEVCNTRn_EL0(0))));
	GUEST_ASSERT(COMPAT_UNDEF(read_sysreg_s(SYS_PMCEID0_EL0)));
	GUEST_DONE();
}

static bool test_without_guest(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i];
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(baseline, 0,
					      unlimited(baseline) ? guest_raz_wi : guest_undef,
					      &vcpu);

		compat_catch_undefs(vcpu);
		ok &= compat_guest_done(vcpu);
		if (!ok)
			ksft_print_msg("at baseline %u\n", baseline);
		kvm_vm_free(vm);
	}
	return ok;
}

static bool test_without_listed(void)
{
	bool ok = true;
	u32 i, r;

	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i];
		bool listed = unlimited(baseline);
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(baseline, 0, guest_undef, &vcpu);
		struct kvm_reg_list *list = vcpu_get_reg_list(vcpu);
		u64 pmmir;

		for (r = 0; r < ARRAY_SIZE(pmu_regs); r++) {
			u64 val = 0;

			ok &= CHECK(compat_listed(list, pmu_regs[r]) == listed,
				    "%lx listed at %u: %d", (unsigned long)pmu_regs[r],
				    baseline, !listed);
			ok &= CHECK_EQ(compat_get_reg(vcpu, pmu_regs[r], &val),
				       listed ? 0 : -ENOENT);
			ok &= CHECK_EQ(compat_set_reg(vcpu, pmu_regs[r], val),
				       listed ? 0 : -ENOENT);
		}
		ok &= CHECK_EQ(compat_get_reg(vcpu, REG(PMMIR_EL1), &pmmir), -ENOENT);
		free(list);
		kvm_vm_free(vm);
	}
	return ok;
}

/* PMSWINC_EL0 keeps no value. The others share one with their SET register. */
static bool is_alias(u64 id)
{
	return id == REG(PMSWINC_EL0) || id == REG(PMCNTENCLR_EL0) ||
	       id == REG(PMINTENCLR_EL1) || id == REG(PMOVSCLR_EL0);
}

static u64 pattern(u32 r)
{
	return 0xa5a5a5a5f0f0f0f0ULL + r;
}

static bool write_patterns(struct kvm_vcpu *vcpu)
{
	bool ok = true;
	u32 r;

	for (r = 0; r < ARRAY_SIZE(pmu_regs); r++)
		if (!is_alias(pmu_regs[r]))
			ok &= CHECK_EQ(compat_set_reg(vcpu, pmu_regs[r], pattern(r)), 0);
	return ok;
}

static bool has_patterns(struct kvm_vcpu *vcpu)
{
	bool ok = true;
	u32 r;

	for (r = 0; r < ARRAY_SIZE(pmu_regs); r++)
		if (!is_alias(pmu_regs[r]))
			ok &= CHECK(vcpu_get_reg(vcpu, pmu_regs[r]) == pattern(r),
				    "%lx is %lx, not %lx", (unsigned long)pmu_regs[r],
				    (unsigned long)vcpu_get_reg(vcpu, pmu_regs[r]),
				    (unsigned long)pattern(r));
	return ok;
}

/* At 5.10, a vCPU without a PMU keeps all bits that userspace writes. */
static bool test_without_kept(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = compat_vm(KVM_GUEST_COMPAT_5_10_V1, 0, guest_raz_wi, &vcpu);
	bool ok = true;

	compat_catch_undefs(vcpu);
	ok &= write_patterns(vcpu);
	ok &= has_patterns(vcpu);
	ok &= compat_guest_done(vcpu);
	ok &= has_patterns(vcpu);
	kvm_vm_free(vm);
	return ok;
}

static const u64 masks[] = { REG(PMCNTENSET_EL0), REG(PMINTENSET_EL1), REG(PMOVSSET_EL0) };

/* A vCPU with a PMU keeps bits of counters that do not exist only at 5.10. */
static bool test_with_bits(void)
{
	bool ok = true;
	u32 i, r;

	if (compat_is_later(KVM_GUEST_COMPAT_6_12_V1)) {
		compat_skip = "KVM masks the bits where it uses them";
		return true;
	}

	if (!can_pmu()) {
		compat_skip = "no PMU";
		return true;
	}

	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i];
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(baseline, PMU_FEATURE, guest_undef, &vcpu);
		u64 n, there;

		n = FIELD_GET(PMCR_N, vcpu_get_reg(vcpu, PMCR));
		there = BIT(31) | (BIT(n) - 1);
		for (r = 0; r < ARRAY_SIZE(masks); r++) {
			ok &= CHECK_EQ(compat_set_reg(vcpu, masks[r], ~0ULL), 0);
			ok &= CHECK_EQ(vcpu_get_reg(vcpu, masks[r]),
				       unlimited(baseline) ? ~0ULL : there);
			ok &= CHECK_EQ(compat_set_reg(vcpu, masks[r], 0), 0);
			ok &= CHECK_EQ(vcpu_get_reg(vcpu, masks[r]), 0);
		}
		kvm_vm_free(vm);
	}
	return ok;
}

/* The guest can use its counters, whatever other bits the registers keep. */
static void guest_counts(void)
{
	write_sysreg_s(0x11, SYS_PMEVTYPERn_EL0(0));
	write_sysreg_s(0x1234, SYS_PMEVCNTRn_EL0(0));
	isb();
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMEVCNTRn_EL0(0)), 0x1234);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMEVTYPERn_EL0(0)) & GENMASK(15, 0), 0x11);
	write_sysreg_s(~0ULL, SYS_PMCNTENSET_EL0);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMCNTENSET_EL0) & ~GENMASK(31, 0), 0);
	write_sysreg_s(~0ULL, SYS_PMCNTENCLR_EL0);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_PMCNTENSET_EL0) & GENMASK(31, 0), 0);
	GUEST_ASSERT_EQ(compat_undefs, 0);
	GUEST_DONE();
}

static bool test_with_guest(void)
{
	bool ok = true;
	u32 i;

	if (!can_pmu()) {
		compat_skip = "no PMU";
		return true;
	}

	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i];
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(baseline, PMU_FEATURE, guest_counts, &vcpu);
		u64 pmcr = vcpu_get_reg(vcpu, PMCR);

		compat_pmu_init(vcpu);
		compat_catch_undefs(vcpu);
		if (unlimited(baseline)) {
			ok &= write_patterns(vcpu);
			/* Restore PMCR_EL0.N, and disable the counters. */
			ok &= CHECK_EQ(compat_set_reg(vcpu, PMCR, pmcr & ~BIT(0)), 0);
		}
		ok &= compat_guest_done(vcpu);
		ok &= CHECK_EQ(vcpu_get_reg(vcpu, REG(PMEVCNTRn_EL0(0))), 0x1234);
		kvm_vm_free(vm);
	}
	return ok;
}

static u64 guest_val[2];

static void guest_reads_pmcr(void)
{
	guest_val[0] = read_sysreg_s(SYS_PMCR_EL0);
	GUEST_DONE();
}

static u64 run_pmcr(struct kvm_vcpu *vcpu, bool *ok)
{
	*ok &= compat_guest_done(vcpu);
	sync_global_from_guest(vcpu->vm, guest_val);
	return guest_val[0];
}

/* @write: userspace writes this to IMP and IDCODE; 0: it writes nothing */
static bool check_pmcr(u32 baseline, u64 write, u64 want)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = compat_vm(baseline, PMU_FEATURE, guest_reads_pmcr, &vcpu);
	u64 pmcr = vcpu_get_reg(vcpu, PMCR);
	bool ok = true;

	compat_pmu_init(vcpu);
	if (write) {
		pmcr = (pmcr & ~IMP_IDCODE) | write;
		ok &= CHECK_EQ(compat_set_reg(vcpu, PMCR, pmcr), 0);
	}
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, PMCR) & IMP_IDCODE, want);
	ok &= CHECK_EQ(run_pmcr(vcpu, &ok) & IMP_IDCODE, want);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, PMCR) & IMP_IDCODE, want);
	if (!ok)
		ksft_print_msg("at baseline %u\n", baseline);
	kvm_vm_free(vm);
	return ok;
}

static u64 host_pmcr(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = compat_vm(KVM_GUEST_COMPAT_6_1_V1, PMU_FEATURE, guest_reads_pmcr,
				      &vcpu);
	u64 val = vcpu_get_reg(vcpu, PMCR) & IMP_IDCODE;

	kvm_vm_free(vm);
	return val;
}

static bool test_pmcr(void)
{
	bool ok = true;
	u64 host;
	u32 i;

	if (!can_pmu()) {
		compat_skip = "no PMU";
		return true;
	}

	host = host_pmcr();
	if (!host)
		compat_skip = "the host's PMCR_EL0.{IMP,IDCODE} are 0";
	for (i = 0; i < compat_nr_baselines(); i++)
		ok &= check_pmcr(compat_baselines[i], 0,
				 compat_baselines[i] < KVM_GUEST_COMPAT_6_6_V1 ? host : 0);
	return ok;
}

/* A VMM restores IMP and IDCODE of another host. KVM accepts or discards them, as it did. */
static bool test_pmcr_written(void)
{
	bool ok = true;
	u32 i;

	if (!can_pmu()) {
		compat_skip = "no PMU";
		return true;
	}

	for (i = 0; i < compat_nr_baselines(); i++)
		ok &= check_pmcr(compat_baselines[i], 0x51a50000,
				 compat_baselines[i] < KVM_GUEST_COMPAT_6_6_V1 ? 0x51a50000 : 0);
	return ok;
}

static void guest_reads_pmceid(void)
{
	guest_val[0] = read_sysreg_s(SYS_PMCEID0_EL0);
	guest_val[1] = read_sysreg_s(SYS_PMCEID1_EL0);
	GUEST_DONE();
}

/*
 * Runs @guest_code in a VM of @baseline, and copies guest_val to @val. If @revision is
 * not negative, it selects it for behaviour @name.
 */
static bool read_vals(u32 baseline, const char *name, int revision, u32 features,
		      void *guest_code, u64 *val)
{
	struct kvm_vm *vm = vm_create(1);
	struct kvm_vcpu *vcpu;
	bool ok;

	compat_make(vm, baseline);
	if (revision >= 0)
		compat_set_named(vm, name, revision);
	vcpu = compat_vcpu(vm, 0, features, guest_code);
	kvm_arch_vm_finalize_vcpus(vm);
	if (features & PMU_FEATURE)
		compat_pmu_init(vcpu);
	compat_catch_undefs(vcpu);
	ok = compat_guest_done(vcpu);
	sync_global_from_guest(vm, guest_val);
	memcpy(val, guest_val, sizeof(guest_val));
	kvm_vm_free(vm);
	return ok;
}

static void guest_reads_pmmir(void)
{
	guest_val[0] = COMPAT_UNDEF(guest_val[1] = read_sysreg_s(SYS_PMMIR_EL1));
	GUEST_DONE();
}

/* Returns whether a vCPU without a PMU gets UNDEF from PMMIR_EL1. Otherwise it reads 0. */
static bool pmmir_undef(u32 baseline, int revision, bool *ok)
{
	u64 val[2];

	*ok &= read_vals(baseline, "pmu_registers", revision, 0, guest_reads_pmmir, val);
	*ok &= val[0] || CHECK_EQ(val[1], 0);
	return val[0];
}

static bool has_pmmir(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = compat_vm(COMPAT_NATIVE, PMU_FEATURE, guest_reads_pmmir, &vcpu);
	u64 dfr0 = vcpu_get_reg(vcpu, REG(ID_AA64DFR0_EL1));

	kvm_vm_free(vm);
	return FIELD_GET(ID_AA64DFR0_EL1_PMUVer, dfr0) >= ID_AA64DFR0_EL1_PMUVer_V3P4;
}

/* Revision 2 is as 1 or as 3, depending on FEAT_FGT of the CPU, which no VM announces. */
static bool test_without_pmmir(void)
{
	u32 highest = compat_highest("pmu_registers");
	bool undef[4], ok = true;
	u32 i, r;

	if (!can_pmu() || !has_pmmir()) {
		compat_skip = "the CPU has no PMMIR_EL1";
		return true;
	}

	for (r = 0; r <= highest; r++)
		undef[r] = pmmir_undef(COMPAT_NATIVE, r, &ok);
	ok &= CHECK_EQ(undef[0], true);
	ok &= CHECK_EQ(undef[1], false);
	if (highest == 3)
		ok &= CHECK_EQ(undef[3], true);
	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i];

		r = baseline < KVM_GUEST_COMPAT_5_15_V1 ? 0 :
		    baseline < KVM_GUEST_COMPAT_6_16_V1 ? 1 :
		    baseline < KVM_GUEST_COMPAT_7_2_V1 ? 2 : 3;
		ok &= CHECK(pmmir_undef(baseline, -1, &ok) == undef[r],
			    "baseline %u is not as revision %u", baseline, r);
	}
	return ok;
}

static bool read_pmceid(u32 baseline, int revision, u64 *val)
{
	return read_vals(baseline, "pmceid_el0", revision, PMU_FEATURE, guest_reads_pmceid, val);
}

#define EVTYPER_V8_1	0xc800ffffUL

static void guest_sets_evtypers(void)
{
	write_sysreg_s(~0UL, SYS_PMEVTYPERn_EL0(0));
	write_sysreg_s(~0UL, SYS_PMCCFILTR_EL0);
	isb();
	guest_val[0] = read_sysreg_s(SYS_PMEVTYPERn_EL0(0));
	guest_val[1] = read_sysreg_s(SYS_PMCCFILTR_EL0);
	GUEST_DONE();
}

static bool read_evtypers(u32 baseline, int revision, u64 *val)
{
	return read_vals(baseline, "pmevtyper_bits", revision, PMU_FEATURE, guest_sets_evtypers,
			 val);
}

static void guest_reads_evtyper(void)
{
	guest_val[0] = read_sysreg_s(SYS_PMEVTYPERn_EL0(0));
	GUEST_DONE();
}

static bool evtyper_at_reset(int revision, u64 *val)
{
	return read_vals(COMPAT_NATIVE, "pmevtyper_bits", revision, PMU_FEATURE,
			 guest_reads_evtyper, val);
}

/* The event field has 10 bits in PMUv3, and 16 since PMUv3 for Armv8.1. */
static u64 evtyper_event(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = compat_vm(COMPAT_NATIVE, PMU_FEATURE, guest_sets_evtypers, &vcpu);
	u64 dfr0 = vcpu_get_reg(vcpu, REG(ID_AA64DFR0_EL1));

	kvm_vm_free(vm);
	return FIELD_GET(ID_AA64DFR0_EL1_PMUVer, dfr0) == ID_AA64DFR0_EL1_PMUVer_IMP ?
	       GENMASK(9, 0) : GENMASK(15, 0);
}

/*
 * Up to 6.4 the bits did not depend on the version of the PMU, and up to 6.6 not on the
 * exception levels.
 */
static bool test_pmevtyper(void)
{
	u64 native[2], val[2], reset[2], second;
	bool ok = true;
	u32 i, n;

	if (!can_pmu()) {
		compat_skip = "no PMU";
		return true;
	}

	ok &= read_evtypers(COMPAT_NATIVE, 2, native);
	ok &= read_evtypers(COMPAT_NATIVE, 1, val);
	second = (EVTYPER_V8_1 & ~GENMASK(15, 0)) | evtyper_event();
	ok &= CHECK_EQ(val[0], second);
	ok &= CHECK_EQ(val[1], second);
	ok &= CHECK_EQ(native[0] & GENMASK(15, 0), evtyper_event());
	ok &= read_evtypers(COMPAT_NATIVE, 0, val);
	ok &= CHECK_EQ(val[0], EVTYPER_V8_1);
	ok &= CHECK_EQ(val[1], EVTYPER_V8_1);
	/* Reset sets event bits that the guest cannot write on a PMU with 10 of them. */
	ok &= evtyper_at_reset(0, reset) & evtyper_at_reset(1, val);
	ok &= CHECK_EQ(val[0], reset[0]);
	ok &= CHECK_EQ(val[0] & ~EVTYPER_V8_1, 0);
	ok &= evtyper_at_reset(2, val);
	ok &= CHECK_EQ(val[0], reset[0] & native[0]);
	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i];

		ok &= read_evtypers(baseline, -1, val);
		for (n = 0; n < 2; n++)
			ok &= CHECK_EQ(val[n],
				       baseline < KVM_GUEST_COMPAT_6_6_V1 ? EVTYPER_V8_1 :
				       baseline < KVM_GUEST_COMPAT_6_11_V1 ? second : native[n]);
	}
	return ok;
}

/*
 * A guest writes the registers at revision @from, and a VMM restores them at @to. KVM
 * accepts all bits: userspace can write them at each revision.
 */
static bool check_evtypers_moved(int from, int to)
{
	static const u64 ids[] = { REG(PMEVTYPERn_EL0(0)), REG(PMCCFILTR_EL0) };
	struct kvm_vcpu *vcpu[2];
	struct kvm_vm *vm[2];
	bool ok = true;
	u32 i;

	for (i = 0; i < 2; i++) {
		vm[i] = vm_create(1);
		compat_make_native(vm[i]);
		compat_set_named(vm[i], "pmevtyper_bits", i ? to : from);
		vcpu[i] = compat_vcpu(vm[i], 0, PMU_FEATURE, guest_sets_evtypers);
		kvm_arch_vm_finalize_vcpus(vm[i]);
		compat_pmu_init(vcpu[i]);
	}
	ok &= compat_guest_done(vcpu[0]);
	sync_global_from_guest(vm[0], guest_val);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		u64 val = vcpu_get_reg(vcpu[0], ids[i]);

		ok &= CHECK_EQ(val, guest_val[i]);
		ok &= CHECK_EQ(compat_set_reg(vcpu[1], ids[i], val), 0);
		ok &= CHECK_EQ(vcpu_get_reg(vcpu[1], ids[i]), val);
	}
	for (i = 0; i < 2; i++)
		kvm_vm_free(vm[i]);
	return ok;
}

static bool test_pmevtyper_moved(void)
{
	if (!can_pmu()) {
		compat_skip = "no PMU";
		return true;
	}

	return check_evtypers_moved(0, 1) & check_evtypers_moved(1, 0) &
	       check_evtypers_moved(0, 2) & check_evtypers_moved(2, 0) &
	       check_evtypers_moved(1, 2) & check_evtypers_moved(2, 1);
}

/*
 * Two counters have overflowed. The guest enables and disables their interrupts and the
 * counters. GUEST_SYNC()'s argument is an index of high[] in check_overflow().
 */
static void guest_overflows(void)
{
	write_sysreg_s(0, SYS_PMEVTYPERn_EL0(0));
	write_sysreg_s(1, SYS_PMCR_EL0);
	write_sysreg_s(~0ULL, SYS_PMCNTENCLR_EL0);
	write_sysreg_s(~0ULL, SYS_PMINTENCLR_EL1);
	write_sysreg_s(~0ULL, SYS_PMOVSCLR_EL0);
	write_sysreg_s(BIT(31) | BIT(0), SYS_PMOVSSET_EL0);
	GUEST_SYNC(0);
	write_sysreg_s(BIT(0), SYS_PMINTENSET_EL1);
	GUEST_SYNC(1);
	write_sysreg_s(BIT(31), SYS_PMCNTENSET_EL0);
	GUEST_SYNC(1);
	write_sysreg_s(BIT(31), SYS_PMINTENSET_EL1);
	GUEST_SYNC(2);
	write_sysreg_s(BIT(31), SYS_PMCNTENCLR_EL0);
	GUEST_SYNC(1);
	write_sysreg_s(BIT(0), SYS_PMCNTENSET_EL0);
	GUEST_SYNC(2);
	write_sysreg_s(0, SYS_PMCR_EL0);
	GUEST_SYNC(0);
	write_sysreg_s(1, SYS_PMCR_EL0);
	GUEST_SYNC(2);
	write_sysreg_s(BIT(0), SYS_PMOVSCLR_EL0);
	GUEST_SYNC(1);
	write_sysreg_s(BIT(31), SYS_PMOVSCLR_EL0);
	GUEST_SYNC(0);
	GUEST_DONE();
}

/* Returns the line level of the PMU's interrupt, PPI 23. */
static bool pmu_line(struct kvm_vm *vm)
{
	u32 levels;

	kvm_device_attr_get(vm->arch.gic_fd, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO,
			    VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT,
			    &levels);
	return levels & BIT(23);
}

static bool check_overflow(struct kvm_vm *vm, bool rev)
{
	/* 0: low; 1: high if disabled counters interrupt, too; 2: high */
	const bool high[] = { false, rev, true };
	struct kvm_vcpu *vcpu = compat_vcpu(vm, 0, PMU_FEATURE, guest_overflows);
	bool ok = true;
	struct ucall uc;
	u32 i;

	kvm_arch_vm_finalize_vcpus(vm);
	compat_pmu_init(vcpu);
	for (i = 0; ; i++) {
		vcpu_run(vcpu);
		if (get_ucall(vcpu, &uc) == UCALL_DONE)
			return ok;
		TEST_ASSERT(uc.cmd == UCALL_SYNC, "ucall %lu", (unsigned long)uc.cmd);
		ok &= CHECK(pmu_line(vm) == high[uc.args[1]], "step %u: the line is %s", i,
			    high[uc.args[1]] ? "low" : "high");
	}
}

static bool test_overflow(void)
{
	if (!can_pmu() || !kvm_supports_vgic_v3()) {
		compat_skip = "no PMU, or no GICv3";
		return true;
	}

	return compat_each("pmu_overflow", KVM_GUEST_COMPAT_5_15_V1, check_overflow);
}

static bool can_count(void)
{
	if (!can_pmu()) {
		compat_skip = "no PMU";
		return false;
	}
	/* On stock kernels, too: EL2's copy of the vCPU has no PMU events that it could enable. */
	if (compat_protected_mode()) {
		compat_skip = "counters stand still for guests in protected mode";
		return false;
	}
	return true;
}

/*
 * The cycle counter wraps after 64 bits. It must then continue from 0, without the upper half
 * of the value that was last written. Bit 63 does not count, because QEMU's TCG can set it, on
 * stock kernels, too: QEMU's timer for the overflow can run in the middle of the host's
 * exception return. The host's own counter, which perf set to 2^63, then begins at 0 again, and
 * perf counts 2^63 too many (QEMU 10.0).
 */
static bool has_wrapped(u64 val)
{
	return (val | BIT_ULL(63)) >> 32 != 0xffffffff;
}

static void guest_wraps(void)
{
	u32 i;

	write_sysreg_s(0, SYS_PMCCFILTR_EL0);
	write_sysreg_s(BIT(6) | BIT(0), SYS_PMCR_EL0);	/* LC, E */
	write_sysreg_s(-64UL, SYS_PMCCNTR_EL0);
	write_sysreg_s(BIT(31), SYS_PMCNTENSET_EL0);
	for (i = 0; i < 1000 && !has_wrapped(read_sysreg_s(SYS_PMCCNTR_EL0)); i++)
		isb();
	guest_val[0] = read_sysreg_s(SYS_PMCCNTR_EL0);
	GUEST_DONE();
}

static bool test_wrapped(void)
{
	bool ok = true;
	u32 i;

	if (!can_count())
		return true;

	for (i = 0; i < compat_nr_baselines(); i++) {
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(compat_baselines[i], PMU_FEATURE, guest_wraps, &vcpu);
		u64 val;

		compat_pmu_init(vcpu);
		ok &= compat_guest_done(vcpu);
		sync_global_from_guest(vm, guest_val);
		val = vcpu_get_reg(vcpu, REG(PMCCNTR_EL0));
		ok &= CHECK(has_wrapped(guest_val[0]) && has_wrapped(val),
			    "at %#x the guest reads %#lx, and userspace %#lx", compat_baselines[i],
			    (unsigned long)guest_val[0], (unsigned long)val);
		kvm_vm_free(vm);
	}
	return ok;
}

/*
 * At 5.10, registers keep bits of counters that do not exist, from a restore or from the
 * reset. The guest must not see them, and its cycle counter must count.
 */
static void guest_restored(void)
{
	u64 start = read_sysreg_s(SYS_PMCCNTR_EL0);
	u32 i;

	guest_val[1] = read_sysreg_s(SYS_PMCNTENSET_EL0) | read_sysreg_s(SYS_PMINTENSET_EL1) |
		       read_sysreg_s(SYS_PMOVSSET_EL0);

	for (i = 0; i < 1000 && read_sysreg_s(SYS_PMCCNTR_EL0) == start; i++)
		isb();
	guest_val[0] = read_sysreg_s(SYS_PMCCNTR_EL0) - start;
	GUEST_DONE();
}

static bool test_restored(void)
{
	struct kvm_vcpu_init init;
	u32 i, n, round;
	bool ok = true;
	u64 sp;

	if (!can_count())
		return true;

	for (i = 0; i < compat_nr_baselines(); i++) {
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm;
		u64 pmcr, there;

		/* On 6.1, the guest sees the bits, except at 5.10-v1: no behaviour hides them. */
		if (compat_is_later(KVM_GUEST_COMPAT_6_12_V1) &&
		    compat_baselines[i] > KVM_GUEST_COMPAT_5_10_V1)
			continue;

		vm = compat_vm(compat_baselines[i], PMU_FEATURE, guest_restored, &vcpu);
		pmcr = vcpu_get_reg(vcpu, PMCR);
		there = GENMASK(FIELD_GET(PMCR_N, pmcr), 0) >> 1;
		init = vcpu->init;
		sp = vcpu_get_reg(vcpu, ARM64_CORE_REG(sp_el1));

		compat_pmu_init(vcpu);
		/*
		 * Round 0: restore before the first run. Round 1: reset, then restore.
		 * Round 2: reset alone.
		 */
		for (round = 0; round < 3; round++) {
			if (round) {
				aarch64_vcpu_setup(vcpu, &init);
				vcpu_set_reg(vcpu, ARM64_CORE_REG(sp_el1), sp);
				vcpu_arch_set_entry_point(vcpu, guest_restored);
			}
			for (n = 0; n < 31; n++)
				ok &= CHECK_EQ(compat_set_reg(vcpu, REG(PMEVTYPERn_EL0(n)), 0x11),
					       0);
			ok &= CHECK_EQ(compat_set_reg(vcpu, REG(PMCCFILTR_EL0), 0), 0);
			if (round < 2)
				ok &= CHECK_EQ(compat_set_reg(vcpu, REG(PMCNTENSET_EL0), ~there),
					       0);
			ok &= CHECK_EQ(compat_set_reg(vcpu, PMCR, pmcr | BIT(0)), 0);
			ok &= compat_guest_done(vcpu);
			sync_global_from_guest(vm, guest_val);
			/* Before 6.15, KVM does not enable counters restored after a reset. */
			ok &= CHECK(guest_val[0] || round == 2 ||
				    (round && compat_is_later(KVM_GUEST_COMPAT_6_16_V1)),
				    "at %#x, round %u, the cycle counter stands still",
				    compat_baselines[i], round);
			ok &= CHECK(!(guest_val[1] & ~(there | BIT(31))),
				    "at %#x, round %u, the guest reads %#lx", compat_baselines[i],
				    round, (unsigned long)guest_val[1]);
		}
		kvm_vm_free(vm);
	}
	return ok;
}

#define PMCR_LP		BIT(7)

static void guest_sets_lp(void)
{
	write_sysreg_s(read_sysreg_s(SYS_PMCR_EL0) | PMCR_LP, SYS_PMCR_EL0);
	guest_val[0] = read_sysreg_s(SYS_PMCR_EL0);
	GUEST_DONE();
}

/*
 * At 5.10 and 6.1, PMCR_EL0 keeps LP without long counters, and has a pattern at reset:
 * one revision is for both.
 */
static bool test_pmcr_bits(void)
{
	bool ok = true;
	u32 i;

	if (!can_pmu()) {
		compat_skip = "no PMU";
		return true;
	}

	for (i = 0; i < compat_nr_baselines(); i++) {
		bool old = compat_baselines[i] < KVM_GUEST_COMPAT_6_6_V1, lp;
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(compat_baselines[i], PMU_FEATURE, guest_sets_lp,
					      &vcpu);
		u64 dfr0 = vcpu_get_reg(vcpu, REG(ID_AA64DFR0_EL1));
		u64 reset = vcpu_get_reg(vcpu, PMCR);

		lp = old || FIELD_GET(ID_AA64DFR0_EL1_PMUVer, dfr0) >= ID_AA64DFR0_EL1_PMUVer_V3P5;
		/* The low bits of the pattern without E, or 0 */
		ok &= CHECK_EQ(reset & GENMASK(4, 0), old ? 0xdecafbad & GENMASK(4, 1) : 0);
		compat_pmu_init(vcpu);
		ok &= compat_guest_done(vcpu);
		sync_global_from_guest(vm, guest_val);
		ok &= CHECK_EQ(!!(guest_val[0] & PMCR_LP), lp);
		ok &= CHECK_EQ(!!(vcpu_get_reg(vcpu, PMCR) & PMCR_LP), lp);
		if (!ok)
			ksft_print_msg("at baseline %u\n", compat_baselines[i]);
		kvm_vm_free(vm);
	}
	return ok;
}

#define SW_INCR			BIT(0x00)
#define CHAIN			BIT(0x1e)
#define STALL_SLOT_BACKEND	BIT(0x3d - 0x20)
#define STALL_SLOT_FRONTEND	BIT(0x3e - 0x20)
#define STALL_SLOT		BIT(0x3f - 0x20)

/* Each revision of pmceid_el0: the host's registers, with these bits set and cleared */
static const struct {
	u32 since;
	u64 always;		/* set in PMCEID0_EL0 */
	u64 never;		/* cleared in PMCEID1_EL0 */
} pmceid[] = {
	{ KVM_GUEST_COMPAT_5_10_V1, 0, 0 },
	{ KVM_GUEST_COMPAT_5_15_V1, 0, STALL_SLOT },
	{ 0 /* between two baselines */, CHAIN, STALL_SLOT },
	{ KVM_GUEST_COMPAT_6_6_V1, CHAIN, STALL_SLOT | STALL_SLOT_FRONTEND | STALL_SLOT_BACKEND },
	{ KVM_GUEST_COMPAT_6_16_V1, CHAIN | SW_INCR,
	  STALL_SLOT | STALL_SLOT_FRONTEND | STALL_SLOT_BACKEND },
};

static bool test_pmceid(void)
{
	u64 host[2], val[2];
	bool ok = true;
	u32 i, r;

	if (!can_pmu()) {
		compat_skip = "no PMU";
		return true;
	}

	ok &= read_pmceid(COMPAT_NATIVE, 0, host);
	for (r = 0; r <= compat_highest("pmceid_el0"); r++) {
		ok &= read_pmceid(COMPAT_NATIVE, r, val);
		ok &= CHECK_EQ(val[0], host[0] | pmceid[r].always);
		ok &= CHECK_EQ(val[1], host[1] & ~pmceid[r].never);
	}

	for (i = 0; i < compat_nr_baselines(); i++) {
		for (r = ARRAY_SIZE(pmceid) - 1; ; r--)
			if (pmceid[r].since && pmceid[r].since <= compat_baselines[i])
				break;
		ok &= read_pmceid(compat_baselines[i], -1, val);
		ok &= CHECK_EQ(val[0], host[0] | pmceid[r].always);
		ok &= CHECK_EQ(val[1], host[1] & ~pmceid[r].never);
	}
	return ok;
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "pmu_registers: without a PMU, what the guest reads", test_without_guest },
		{ "pmu_registers: without a PMU, what is listed", test_without_listed },
		{ "pmu_registers: without a PMU, 5.10 keeps what userspace writes",
		  test_without_kept },
		{ "pmu_registers: without a PMU, PMMIR_EL1", test_without_pmmir },
		{ "pmu_registers: with a PMU, bits of counters that do not exist", test_with_bits },
		{ "pmu_registers: with a PMU, what the guest reads", test_with_guest },
		{ "pmu_registers: with a PMU, a cycle counter that wrapped", test_wrapped },
		{ "pmu_registers: with a PMU, counters that do not exist take none away",
		  test_restored },
		{ "pmcr_el0: IMP and IDCODE", test_pmcr },
		{ "pmcr_el0: IMP and IDCODE that userspace writes", test_pmcr_written },
		{ "pmcr_el0: LP, and the value at reset", test_pmcr_bits },
		{ "pmceid_el0: every revision and baseline", test_pmceid },
		{ "pmevtyper_bits: every revision and baseline", test_pmevtyper },
		{ "pmevtyper_bits: saved at one revision, restored at the other",
		  test_pmevtyper_moved },
		{ "pmu_overflow: every baseline and revision", test_overflow },
	};

	compat_run(tests, ARRAY_SIZE(tests));
}
