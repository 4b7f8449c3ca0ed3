// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_idregs - The ID registers at every baseline: the fields that have a row,
 * as userspace and the guest read them, and the values that userspace can write. Other
 * fields do not depend on the baseline.
 */
#include "guest_compat.h"
#include "processor.h"
#include "vgic.h"

enum {
	I_ID_AA64PFR0_EL1,
	I_ID_AA64PFR1_EL1,
	I_ID_AA64PFR2_EL1,
	I_ID_AA64ZFR0_EL1,
	I_ID_AA64FPFR0_EL1,
	I_ID_AA64DFR0_EL1,
	I_ID_DFR0_EL1,
	I_ID_MMFR4_EL1,
	I_ID_AA64ISAR0_EL1,
	I_ID_AA64ISAR1_EL1,
	I_ID_AA64ISAR2_EL1,
	I_ID_AA64ISAR3_EL1,
	I_ID_AA64MMFR0_EL1,
	I_ID_AA64MMFR1_EL1,
	I_ID_AA64MMFR2_EL1,
	I_ID_AA64MMFR3_EL1,
	I_ID_AA64MMFR4_EL1,
	NR_REGS
};

#define REG(reg)	KVM_ARM64_SYS_REG(SYS_##reg)

static const u64 reg_ids[NR_REGS] = {
	[I_ID_AA64PFR0_EL1]	= REG(ID_AA64PFR0_EL1),
	[I_ID_AA64PFR1_EL1]	= REG(ID_AA64PFR1_EL1),
	[I_ID_AA64PFR2_EL1]	= REG(ID_AA64PFR2_EL1),
	[I_ID_AA64ZFR0_EL1]	= REG(ID_AA64ZFR0_EL1),
	[I_ID_AA64FPFR0_EL1]	= REG(ID_AA64FPFR0_EL1),
	[I_ID_AA64DFR0_EL1]	= REG(ID_AA64DFR0_EL1),
	[I_ID_DFR0_EL1]	= REG(ID_DFR0_EL1),
	[I_ID_MMFR4_EL1]	= REG(ID_MMFR4_EL1),
	[I_ID_AA64ISAR0_EL1]	= REG(ID_AA64ISAR0_EL1),
	[I_ID_AA64ISAR1_EL1]	= REG(ID_AA64ISAR1_EL1),
	[I_ID_AA64ISAR2_EL1]	= REG(ID_AA64ISAR2_EL1),
	[I_ID_AA64ISAR3_EL1]	= REG(ID_AA64ISAR3_EL1),
	[I_ID_AA64MMFR0_EL1]	= REG(ID_AA64MMFR0_EL1),
	[I_ID_AA64MMFR1_EL1]	= REG(ID_AA64MMFR1_EL1),
	[I_ID_AA64MMFR2_EL1]	= REG(ID_AA64MMFR2_EL1),
	[I_ID_AA64MMFR3_EL1]	= REG(ID_AA64MMFR3_EL1),
	[I_ID_AA64MMFR4_EL1]	= REG(ID_AA64MMFR4_EL1),
};

/* The field at baselines before @now of its row */
enum shows {
	NOTHING,	/* 0 */
	HOST,		/* the host's value */
	KEPT,		/* 0, until userspace restores the host's value */
	UP_TO,		/* this kernel's value, at most first_max */
	HOST_UP_TO,	/* the host's value, at most first_max, also without a PMU */
};

struct row {
	const char *name;
	u32 reg;
	u64 mask;
	enum shows first;
	u32 now;		/* from this baseline on, the field is as this kernel shows it */
	u64 first_max;
	/* If not 0: from this baseline to @now, the field is this kernel's, at most second_max. */
	u32 second_since;
	u64 second_max;
	/* A baseline after @now that shows the field as the first baseline does */
	u32 but;
	/* Where this kernel hides the field, it discards the host's value. */
	bool ignored;
	/* All ones is an IMPLEMENTATION DEFINED PMU. KVM stores 0 instead. */
	bool ones_are_none;
};

#define V(release)		KVM_GUEST_COMPAT_##release##_V1
#define FIELD(_reg, _field)	.reg = I_##_reg, .mask = _reg##_##_field
#define IGNORED			.ignored = true

static const struct row rows[] = {
	{ "id_aa64mmfr2_nv", FIELD(ID_AA64MMFR2_EL1, NV), HOST, V(6_16), IGNORED },
	{ "id_aa64mmfr2_ccidx", FIELD(ID_AA64MMFR2_EL1, CCIDX), HOST, V(6_6), IGNORED },
	{ "id_mmfr4_ccidx", FIELD(ID_MMFR4_EL1, CCIDX), HOST, V(6_6), IGNORED },
	{ "id_aa64pfr0_csv3", FIELD(ID_AA64PFR0_EL1, CSV3), HOST, V(5_15) },
	{ "id_aa64pfr0_gic", FIELD(ID_AA64PFR0_EL1, GIC), HOST, V(6_1) },
	{ "id_aa64pfr0_mpam", FIELD(ID_AA64PFR0_EL1, MPAM), KEPT, V(6_6), IGNORED,
	  .but = V(6_11) },
	{ "id_aa64pfr1_mpam_frac", FIELD(ID_AA64PFR1_EL1, MPAM_frac), KEPT, V(6_6), IGNORED,
	  .but = V(6_11) },
	{ "id_aa64pfr1_ras_frac", FIELD(ID_AA64PFR1_EL1, RAS_frac), HOST, V(6_17) },
	{ "id_aa64pfr1_mte_frac", FIELD(ID_AA64PFR1_EL1, MTE_frac), NOTHING, V(6_16) },
	{ "id_aa64pfr1_df2", FIELD(ID_AA64PFR1_EL1, DF2), NOTHING, V(6_17) },
	{ "id_aa64pfr2_fpmr", FIELD(ID_AA64PFR2_EL1, FPMR), NOTHING, V(6_12) },
	{ "id_aa64pfr2_mtefar", FIELD(ID_AA64PFR2_EL1, MTEFAR), NOTHING, V(6_17) },
	{ "id_aa64pfr2_mtestoreonly", FIELD(ID_AA64PFR2_EL1, MTESTOREONLY), NOTHING, V(6_17) },
	{ "id_aa64pfr2_gcie", FIELD(ID_AA64PFR2_EL1, GCIE), NOTHING, V(7_1) },
	{ "id_aa64zfr0_b16b16", FIELD(ID_AA64ZFR0_EL1, B16B16), NOTHING, V(6_11) },
	{ "id_aa64zfr0_f16mm", FIELD(ID_AA64ZFR0_EL1, F16MM), NOTHING, V(6_16) },
	{ "id_aa64zfr0_eltperm", FIELD(ID_AA64ZFR0_EL1, EltPerm), NOTHING, V(6_16) },
	/* F8CVT, F8FMA, F8DP4, F8DP2, F8E4M3 and F8E5M2 */
	{ "id_aa64fpfr0", I_ID_AA64FPFR0_EL1, 0xf0000003, NOTHING, V(6_12) },
	/* F8MM8 and F8MM4 */
	{ "id_aa64fpfr0_f8mm", I_ID_AA64FPFR0_EL1, 0x0c000000, NOTHING, V(6_16) },
	{ "id_aa64fpfr0_f16mm2", FIELD(ID_AA64FPFR0_EL1, F16MM2), NOTHING, V(7_2) },
	{ "id_aa64dfr0_debugver", FIELD(ID_AA64DFR0_EL1, DebugVer), HOST, V(6_11),
	  .second_since = V(5_15), .second_max = 6 },
	{ "id_aa64dfr0_pmuver", FIELD(ID_AA64DFR0_EL1, PMUVer), HOST_UP_TO, V(6_6),
	  .first_max = 4, .second_since = V(5_15), .second_max = 5, .ones_are_none = true },
	{ "id_aa64dfr0_pmsver", FIELD(ID_AA64DFR0_EL1, PMSVer), HOST, V(5_15) },
	{ "id_dfr0_copdbg", FIELD(ID_DFR0_EL1, CopDbg), HOST, V(6_11) },
	{ "id_dfr0_perfmon", FIELD(ID_DFR0_EL1, PerfMon), HOST_UP_TO, V(6_6),
	  .first_max = 4, .second_since = V(5_15), .second_max = 5, .ones_are_none = true },
	{ "id_aa64isar1_xs", FIELD(ID_AA64ISAR1_EL1, XS), NOTHING, V(6_11) },
	{ "id_aa64isar1_ls64", FIELD(ID_AA64ISAR1_EL1, LS64), NOTHING, V(7_0) },
	{ "id_aa64isar2_apa3", FIELD(ID_AA64ISAR2_EL1, APA3), NOTHING, V(6_1) },
	{ "id_aa64isar2_gpa3", FIELD(ID_AA64ISAR2_EL1, GPA3), NOTHING, V(6_1) },
	{ "id_aa64isar2_wfxt", FIELD(ID_AA64ISAR2_EL1, WFxT), NOTHING, V(6_1), IGNORED },
	{ "id_aa64isar2_bc", FIELD(ID_AA64ISAR2_EL1, BC), NOTHING, V(6_1) },
	{ "id_aa64isar2_cssc", FIELD(ID_AA64ISAR2_EL1, CSSC), NOTHING, V(6_6) },
	{ "id_aa64isar2_rprfm", FIELD(ID_AA64ISAR2_EL1, RPRFM), NOTHING, V(6_6) },
	{ "id_aa64isar2_mops", FIELD(ID_AA64ISAR2_EL1, MOPS), NOTHING, V(6_11) },
	{ "id_aa64isar2_lut", FIELD(ID_AA64ISAR2_EL1, LUT), NOTHING, V(6_11) },
	{ "id_aa64isar2_ats1a", FIELD(ID_AA64ISAR2_EL1, ATS1A), NOTHING, V(7_2) },
	{ "id_aa64isar3_faminmax", FIELD(ID_AA64ISAR3_EL1, FAMINMAX), NOTHING, V(6_16) },
	{ "id_aa64isar3_fprcvt", FIELD(ID_AA64ISAR3_EL1, FPRCVT), NOTHING, V(6_16) },
	{ "id_aa64isar3_lsfe", FIELD(ID_AA64ISAR3_EL1, LSFE), NOTHING, V(6_18) },
	{ "id_aa64isar3_lsui", FIELD(ID_AA64ISAR3_EL1, LSUI), NOTHING, V(7_1) },
	{ "id_aa64mmfr1_ecbhb", FIELD(ID_AA64MMFR1_EL1, ECBHB), NOTHING, V(6_1) },
	{ "id_aa64mmfr1_tidcp1", FIELD(ID_AA64MMFR1_EL1, TIDCP1), NOTHING, V(6_1) },
	{ "id_aa64mmfr1_hcx", FIELD(ID_AA64MMFR1_EL1, HCX), NOTHING, V(6_6) },
	{ "id_aa64mmfr3_tcrx", FIELD(ID_AA64MMFR3_EL1, TCRX), NOTHING, V(6_6) },
	{ "id_aa64mmfr3_s1pie", FIELD(ID_AA64MMFR3_EL1, S1PIE), NOTHING, V(6_6) },
	{ "id_aa64mmfr3_s1poe", FIELD(ID_AA64MMFR3_EL1, S1POE), NOTHING, V(6_12) },
	{ "id_aa64mmfr3_sctlrx", FIELD(ID_AA64MMFR3_EL1, SCTLRX), NOTHING, V(6_17) },
	{ "id_aa64mmfr4_e2h0", FIELD(ID_AA64MMFR4_EL1, E2H0), NOTHING, V(6_11) },
	{ "id_aa64mmfr4_nv_frac", FIELD(ID_AA64MMFR4_EL1, NV_frac), NOTHING, V(6_16) },
};

#define NR_ROWS		ARRAY_SIZE(rows)

/*
 * Two VMs of each baseline and two native ones: PLAIN has a vCPU without features, FULL
 * one with all features on which an ID register depends. These VMs never run. @guest
 * comes from other VMs, to which the same ID registers were restored.
 */
enum { PLAIN, FULL, NR_KINDS };

struct machine {
	u32 baseline;
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	u64 user[NR_REGS];
	u64 guest[NR_REGS];
};

static struct machine machines[NR_KINDS][COMPAT_NR_BASELINES];
static struct machine native[NR_KINDS];
/* The host's value of each row, at the bits of the field */
static u64 host[NR_KINDS][NR_ROWS];
static bool has_aarch32;
/* ID registers can be written since 6.7, which also brought the capability. */
static bool can_write;

/* Without AArch32, these registers read as zero and ignore writes. */
static bool is_raz_wi(const struct row *row)
{
	return !has_aarch32 && (row->reg == I_ID_DFR0_EL1 || row->reg == I_ID_MMFR4_EL1);
}

static u64 guest_vals[NR_REGS];

#define GUEST_READ(reg)		(guest_vals[I_##reg] = read_sysreg_s(SYS_##reg))

static void guest_code(void)
{
	GUEST_READ(ID_AA64PFR0_EL1);
	GUEST_READ(ID_AA64PFR1_EL1);
	GUEST_READ(ID_AA64PFR2_EL1);
	GUEST_READ(ID_AA64ZFR0_EL1);
	GUEST_READ(ID_AA64FPFR0_EL1);
	GUEST_READ(ID_AA64DFR0_EL1);
	GUEST_READ(ID_DFR0_EL1);
	GUEST_READ(ID_MMFR4_EL1);
	GUEST_READ(ID_AA64ISAR0_EL1);
	GUEST_READ(ID_AA64ISAR1_EL1);
	GUEST_READ(ID_AA64ISAR2_EL1);
	GUEST_READ(ID_AA64ISAR3_EL1);
	GUEST_READ(ID_AA64MMFR0_EL1);
	GUEST_READ(ID_AA64MMFR1_EL1);
	GUEST_READ(ID_AA64MMFR2_EL1);
	GUEST_READ(ID_AA64MMFR3_EL1);
	GUEST_READ(ID_AA64MMFR4_EL1);
	GUEST_DONE();
}

static u32 full_features(void)
{
	u32 features = 0;

	if (kvm_has_cap(KVM_CAP_ARM_PMU_V3))
		features |= BIT(KVM_ARM_VCPU_PMU_V3);
	if (kvm_has_cap(KVM_CAP_ARM_SVE))
		features |= BIT(KVM_ARM_VCPU_SVE);
	if (kvm_has_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS) && kvm_has_cap(KVM_CAP_ARM_PTRAUTH_GENERIC))
		features |= BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
			    BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC);
	return features;
}

static struct kvm_vm *make(u32 kind, u32 baseline, struct kvm_vcpu **vcpu)
{
	u32 features = kind == FULL ? full_features() : 0;
	struct kvm_vm *vm = compat_vm(baseline, features, guest_code, vcpu);
	int sve = KVM_ARM_VCPU_SVE;

	if (features & BIT(KVM_ARM_VCPU_PMU_V3))
		compat_pmu_init(*vcpu);
	if (features & BIT(KVM_ARM_VCPU_SVE))
		vcpu_ioctl(*vcpu, KVM_ARM_VCPU_FINALIZE, &sve);
	return vm;
}

static void read_all(struct kvm_vcpu *vcpu, u64 *vals)
{
	u32 r;

	for (r = 0; r < NR_REGS; r++)
		vals[r] = vcpu_get_reg(vcpu, reg_ids[r]);
}

static bool run_guest(struct kvm_vcpu *vcpu, u64 *vals)
{
	bool ok = compat_guest_done(vcpu);

	sync_global_from_guest(vcpu->vm, guest_vals);
	memcpy(vals, guest_vals, sizeof(guest_vals));
	return ok;
}

static bool restored = true;

static void look_at(struct machine *m, u32 kind, u32 baseline)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = make(kind, baseline, &vcpu);
	u64 after[NR_REGS];
	u32 r;

	m->baseline = baseline;
	m->vm = make(kind, baseline, &m->vcpu);
	read_all(m->vcpu, m->user);
	for (r = 0; r < NR_REGS; r++)
		restored &= CHECK_EQ(compat_set_reg(vcpu, reg_ids[r], m->user[r]), 0);
	restored &= run_guest(vcpu, m->guest);
	/* VMMs write the ID registers also after the vCPU has run. */
	for (r = 0; r < NR_REGS; r++)
		restored &= CHECK_EQ(compat_set_reg(vcpu, reg_ids[r], m->user[r]), 0);
	read_all(vcpu, after);
	for (r = 0; r < NR_REGS; r++)
		restored &= CHECK(after[r] == m->user[r], "%lx at %u: %lx, was %lx",
				  (unsigned long)reg_ids[r], baseline,
				  (unsigned long)after[r], (unsigned long)m->user[r]);
	kvm_vm_free(vm);
}

static u64 lowest(u64 mask)
{
	return mask & -mask;
}

/* Returns the next value of the field or fields in @mask, and 0 after the last. */
static u64 next_value(u64 val, u64 mask)
{
	return (val - mask) & mask;
}

/* If this kernel hides the field, returns the one value that it discards: the host's. */
static u64 ignored_value(u32 kind, const struct row *row)
{
	struct machine *m = &native[kind];
	u64 user = m->user[row->reg], found = 0, field;

	if (is_raz_wi(row) || (user & row->mask))
		return 0;
	for (field = lowest(row->mask); field; field = next_value(field, row->mask)) {
		if (compat_set_reg(m->vcpu, reg_ids[row->reg], user | field))
			continue;
		TEST_ASSERT(!found, "%s: two values are ignored", row->name);
		found = field;
	}
	return found;
}

static void look_at_all(void)
{
	u32 kind, b, i;

	can_write = kvm_has_cap(KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES);
	for (kind = 0; kind < NR_KINDS; kind++) {
		look_at(&native[kind], kind, COMPAT_NATIVE);
		has_aarch32 = compat_has_aarch32(native[kind].vcpu);
		for (b = 0; b < compat_nr_baselines(); b++)
			look_at(&machines[kind][b], kind, compat_baselines[b]);
		for (i = 0; i < NR_ROWS; i++) {
			const struct row *row = &rows[i];

			if (row->ignored)
				host[kind][i] = ignored_value(kind, row);
			else if (row->first == HOST)
				host[kind][i] = machines[PLAIN][0].user[row->reg] & row->mask;
		}
	}
	/* This kernel shows the host's value only to a VM with a PMU. */
	for (i = 0; i < NR_ROWS; i++)
		if (rows[i].first == HOST_UP_TO)
			for (kind = 0; kind < NR_KINDS; kind++)
				host[kind][i] = native[FULL].user[rows[i].reg] & rows[i].mask;
}

/* Returns the ID_DFR0_EL1.PerfMon that fits the VM's PMU. */
static u64 perfmon_of(struct machine *m)
{
	u64 pmuver = FIELD_GET(ID_AA64DFR0_EL1_PMUVer, m->user[I_ID_AA64DFR0_EL1]);

	if (pmuver == ID_AA64DFR0_EL1_PMUVer_IMP)
		pmuver = ID_DFR0_EL1_PerfMon_PMUv3;
	return FIELD_PREP(ID_DFR0_EL1_PerfMon, pmuver);
}

static u64 up_to(u64 val, u64 max, u64 mask)
{
	max *= lowest(mask);
	return val > max ? max : val;
}

/* Does the field at @baseline have the value that this kernel shows natively? */
static bool shows_now(const struct row *row, u32 baseline)
{
	return baseline >= row->now && baseline != row->but;
}

/* Returns the field of row @i at a baseline. */
static u64 expected(u32 i, u32 kind, u32 baseline)
{
	const struct row *row = &rows[i];
	u64 now = native[kind].user[row->reg] & row->mask;

	/* Without AArch32, only PerfMon can be other than 0, and not before 6.6. */
	if (is_raz_wi(row))
		return !strcmp(row->name, "id_dfr0_perfmon") && baseline >= V(6_6) ?
		       perfmon_of(&native[kind]) : 0;
	if (shows_now(row, baseline))
		return now;
	if (row->second_since && baseline >= row->second_since)
		return up_to(now, row->second_max, row->mask);
	/* A kernel that is older than the change has only the first form. */
	if (row->first != NOTHING && compat_is_later(row->second_since ?: row->now))
		return now;

	switch (row->first) {
	case HOST:
		return host[kind][i];
	case HOST_UP_TO:
		return up_to(host[kind][i], row->first_max, row->mask);
	default:
		return 0;
	}
}

/*
 * Userspace writes each value of the field. KVM accepts it, or refuses it and keeps the
 * old one. KVM must accept its native value at each baseline, because a VMM that writes
 * it asks for it. A kernel whose ID registers cannot be written need not.
 */
static bool check_writes(struct machine *m, const struct row *row, u64 now)
{
	u64 user = m->user[row->reg], id = reg_ids[row->reg], field = 0;
	bool ok = true;

	do {
		u64 after, want;
		int ret;

		want = row->ones_are_none && field == row->mask ? 0 : field;
		ret = compat_set_reg(m->vcpu, id, (user & ~row->mask) | field);
		after = vcpu_get_reg(m->vcpu, id);
		if (field == (user & row->mask) || is_raz_wi(row))
			ok &= CHECK_EQ(ret, 0) && CHECK_EQ(after, user);
		else if (ret)
			ok &= CHECK_EQ(ret, -EINVAL) && CHECK_EQ(after, user);
		else if (row->ignored)
			ok &= CHECK(after == user || after == ((user & ~row->mask) | field),
				    "%s at %#x: %lx is taken, and is %lx then", row->name,
				    m->baseline, (unsigned long)field,
				    (unsigned long)(after & row->mask));
		else
			ok &= CHECK(after == ((user & ~row->mask) | want),
				    "%s at %#x: %lx is taken, and is %lx then", row->name,
				    m->baseline, (unsigned long)field,
				    (unsigned long)(after & row->mask));
		if (now && field == now && can_write)
			ok &= CHECK(!ret, "%s at %#x: %lx is refused", row->name,
				    m->baseline, (unsigned long)field);
		TEST_ASSERT(!compat_set_reg(m->vcpu, id, user), "%s back", row->name);
		field = next_value(field, row->mask);
	} while (field);
	return ok;
}

/* host[] comes from this VM, so the comparison could not fail. */
static bool is_source(const struct row *row, u32 kind, u32 baseline)
{
	return row->first == HOST && !row->ignored && kind == PLAIN &&
	       baseline == compat_baselines[0];
}

static bool test_row(void)
{
	bool ok = true, seen = false;
	const struct row *row;
	u32 i, kind, b;

	for (i = 0; strcmp(rows[i].name, compat_this->name); i++)
		;
	row = &rows[i];

	if (is_raz_wi(row) && !strcmp(row->name, "id_dfr0_copdbg")) {
		compat_skip = "no AArch32: id_dfr0_aarch64_only decides";
		return true;
	}

	for (kind = 0; kind < NR_KINDS; kind++) {
		u64 now = native[kind].user[row->reg] & row->mask;

		for (b = 0; b < compat_nr_baselines(); b++) {
			struct machine *m = &machines[kind][b];
			u64 want = expected(i, kind, m->baseline);

			ok &= CHECK(is_source(row, kind, m->baseline) ||
				    (m->user[row->reg] & row->mask) == want,
				    "at %#x it is %lx, not %lx", m->baseline,
				    (unsigned long)(m->user[row->reg] & row->mask),
				    (unsigned long)want);
			ok &= CHECK((m->guest[row->reg] & row->mask) == want,
				    "the guest at %#x reads %lx, not %lx", m->baseline,
				    (unsigned long)(m->guest[row->reg] & row->mask),
				    (unsigned long)want);
			ok &= check_writes(m, row, now);
		}
		seen |= now || host[kind][i];
	}
	if (!seen)
		compat_skip = "the host has nothing there";
	return ok;
}

/* Fields without a row do not depend on the baseline. */
static bool test_others(void)
{
	u64 rest[NR_REGS];
	bool ok = true;
	u32 i, kind, b, r;

	memset(rest, 0xff, sizeof(rest));
	for (i = 0; i < NR_ROWS; i++)
		rest[rows[i].reg] &= ~rows[i].mask;

	for (kind = 0; kind < NR_KINDS; kind++) {
		for (b = 0; b < compat_nr_baselines(); b++) {
			struct machine *m = &machines[kind][b];

			for (r = 0; r < NR_REGS; r++) {
				u64 now = native[kind].user[r];

				ok &= CHECK(!((m->user[r] ^ now) & rest[r]),
					    "%lx at %#x is %lx, not %lx",
					    (unsigned long)reg_ids[r], m->baseline,
					    (unsigned long)m->user[r], (unsigned long)now);
				ok &= CHECK_EQ(m->guest[r], m->user[r]);
			}
		}
	}
	return ok;
}

/* Must be the first test: the others use what it reads. */
static bool test_restored(void)
{
	look_at_all();
	return restored;
}

static bool test_reset(void)
{
	u64 after[NR_REGS];
	bool ok = true;
	u32 kind, b, r;

	for (kind = 0; kind < NR_KINDS; kind++) {
		for (b = 0; b < compat_nr_baselines(); b++) {
			struct machine *m = &machines[kind][b];
			struct kvm_vcpu_init init = m->vcpu->init;

			vcpu_ioctl(m->vcpu, KVM_ARM_VCPU_INIT, &init);
			read_all(m->vcpu, after);
			for (r = 0; r < NR_REGS; r++)
				ok &= CHECK_EQ(after[r], m->user[r]);
		}
	}
	return ok;
}

/* Without AArch32, ID_DFR0_EL1 is 0. From 6.5 to 7.3, PerfMon was that of the VM's PMU. */
static bool check_aarch64_only(struct kvm_vm *vm, bool rev)
{
	struct kvm_vcpu *vcpu = compat_vcpu(vm, 0, full_features(), guest_code);
	u64 id = reg_ids[I_ID_DFR0_EL1], val = vcpu_get_reg(vcpu, id);
	bool ok;

	/* With revision 1, CopDbg can be other than 0: the CPU may have AArch32 that is unused. */
	if (rev)
		ok = CHECK_EQ(val & ID_DFR0_EL1_PerfMon_MASK, perfmon_of(&native[FULL]));
	else
		ok = CHECK_EQ(val, 0);
	/* KVM discards writes, as since 6.1. */
	ok &= CHECK_EQ(compat_set_reg(vcpu, id, ~val), 0);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, id), val);
	return ok;
}

static bool test_aarch64_only(void)
{
	if (has_aarch32 || !perfmon_of(&native[FULL])) {
		compat_skip = "the host has AArch32, or no PMU";
		return true;
	}
	return compat_each("id_dfr0_aarch64_only", V(6_6), check_aarch64_only) &
	       CHECK_EQ(native[FULL].user[I_ID_DFR0_EL1], 0);
}

/* Without AArch32, ID_PFR1_EL1 is 0. From 6.18 to 7.0, GIC was that of the VM's vGIC. */
static bool test_aarch64_only_pfr1(void)
{
	bool ok = true;
	u32 i;

	if (has_aarch32 || !kvm_supports_vgic_v3()) {
		compat_skip = "the host has AArch32, or no GICv3";
		return true;
	}

	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i];
		bool gic = baseline >= V(6_18) && baseline < V(7_1);
		struct kvm_vm *vm = vm_create(1);
		struct kvm_vcpu *vcpu;

		compat_make(vm, baseline);
		vcpu = compat_vcpu(vm, 0, 0, guest_code);
		kvm_arch_vm_finalize_vcpus(vm);
		vcpu_run(vcpu);
		ok &= CHECK(vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_PFR1_EL1)) ==
			    (gic ? SYS_FIELD_PREP_ENUM(ID_PFR1_EL1, GIC, GICv3) : 0),
			    "ID_PFR1_EL1 at %#x", baseline);
		kvm_vm_free(vm);
	}
	return ok;
}

/* These fields are the host's up to a limit: check it with the host's value of old baselines. */
static bool test_limits(void)
{
	static const struct {
		const char *name;
		u64 max[2];	/* limit of a 6.1 kernel, and of kernels since 6.12 */
	} limits[] = {
		{ "id_aa64dfr0_debugver", { 6, 10 } }, { "id_dfr0_copdbg", { 15, 10 } },
	};
	bool later = !compat_is_later(V(6_12)), ok = true;
	u32 kind, i, l;

	for (kind = 0; kind < NR_KINDS; kind++)
		for (l = 0; l < ARRAY_SIZE(limits); l++)
			for (i = 0; i < NR_ROWS; i++)
				if (!strcmp(rows[i].name, limits[l].name))
					ok &= CHECK_EQ(native[kind].user[rows[i].reg] &
						       rows[i].mask,
						       up_to(host[kind][i], limits[l].max[later],
							     rows[i].mask));
	return ok;
}

/*
 * Userspace restores ID_AA64PFR0_EL1.MPAM of a kernel that showed it. At 5.10, 5.15,
 * 6.1 and 6.11, KVM accepts the value, and the guest reads it. At 6.6 and since 6.12
 * KVM discards it.
 */
static bool test_mpam(void)
{
	bool ok = true;
	u64 mpam;
	u32 i, b;

	for (i = 0; rows[i].first != KEPT; i++)
		;
	/* On a 6.1 kernel, the field is shown, and host[] is 0. */
	mpam = host[PLAIN][i] ?: native[PLAIN].user[rows[i].reg] & rows[i].mask;
	if (!mpam) {
		compat_skip = "the host has no MPAM";
		return true;
	}

	for (b = 0; b < compat_nr_baselines(); b++) {
		u64 guest[NR_REGS], id = reg_ids[rows[i].reg], with, want;
		struct kvm_vcpu_init init;
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = make(PLAIN, compat_baselines[b], &vcpu);

		with = vcpu_get_reg(vcpu, id) | mpam;
		want = shows_now(&rows[i], compat_baselines[b]) ? with & ~rows[i].mask : with;
		ok &= CHECK_EQ(compat_set_reg(vcpu, id, with), 0);
		ok &= CHECK_EQ(vcpu_get_reg(vcpu, id), want);
		init = vcpu->init;
		aarch64_vcpu_setup(vcpu, &init);
		vcpu_arch_set_entry_point(vcpu, guest_code);
		ok &= CHECK_EQ(vcpu_get_reg(vcpu, id), want);
		ok &= run_guest(vcpu, guest);
		ok &= CHECK_EQ(guest[rows[i].reg], want);
		ok &= CHECK_EQ(compat_set_reg(vcpu, id, with), 0);
		ok &= CHECK_EQ(vcpu_get_reg(vcpu, id), want);
		kvm_vm_free(vm);
	}
	return ok;
}

/* In a VM with EL2, a baseline shows neither what KVM hides natively nor what is newer. */
static bool test_nested(void)
{
	struct kvm_vcpu *vcpu;
	u64 now[NR_REGS], val[NR_REGS];
	struct kvm_vm *vm = vm_create(1);
	bool ok = true, can = vm_supports_el2(vm);
	u32 i, b;

	kvm_vm_free(vm);
	if (!can) {
		compat_skip = "no nested virtualization";
		return true;
	}

	vm = compat_vm(COMPAT_NATIVE, BIT(KVM_ARM_VCPU_HAS_EL2), guest_code, &vcpu);
	read_all(vcpu, now);
	kvm_vm_free(vm);
	for (b = 0; b < compat_nr_baselines(); b++) {
		/* At baselines before nested virtualization, a VM has no EL2. */
		vm = vm_create(1);
		compat_make(vm, compat_baselines[b]);
		can = vm_check_cap(vm, KVM_CAP_ARM_EL2);
		kvm_vm_free(vm);
		if (!can)
			continue;

		vm = compat_vm(compat_baselines[b], BIT(KVM_ARM_VCPU_HAS_EL2), guest_code, &vcpu);
		read_all(vcpu, val);
		for (i = 0; i < NR_ROWS; i++) {
			const struct row *row = &rows[i];
			bool nothing = row->first == NOTHING &&
				       !shows_now(row, compat_baselines[b]);

			/* This register describes the VM's EL2. */
			if (row->reg == I_ID_AA64MMFR4_EL1)
				continue;
			if (row->first == NOTHING || row->first == HOST || row->first == KEPT)
				ok &= CHECK((val[row->reg] & row->mask) <=
					    (nothing ? 0 : now[row->reg] & row->mask),
					    "%s at %u: %lx", row->name,
					    compat_baselines[b],
					    (unsigned long)(val[row->reg] & row->mask));
		}
		kvm_vm_free(vm);
	}
	return ok;
}

static u64 gic_of(u64 pfr0)
{
	return FIELD_GET(ID_AA64PFR0_EL1_GIC, pfr0);
}

/* Userspace writes @write to ID_AA64PFR0_EL1.GIC. The running guest reads @want. */
static bool check_gic(u32 baseline, u64 write, u64 want)
{
	u64 guest[NR_REGS];
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = compat_vm(baseline, 0, guest_code, &vcpu);
	u64 was = vcpu_get_reg(vcpu, REG(ID_AA64PFR0_EL1));
	u64 pfr0 = was & ~ID_AA64PFR0_EL1_GIC;
	bool ok = true, taken;

	pfr0 |= FIELD_PREP(ID_AA64PFR0_EL1_GIC, write);
	taken = can_write || pfr0 == was;
	ok &= CHECK_EQ(compat_set_reg(vcpu, REG(ID_AA64PFR0_EL1), pfr0), taken ? 0 : -EINVAL);
	if (!taken)
		want = gic_of(was);
	ok &= run_guest(vcpu, guest);
	ok &= CHECK_EQ(gic_of(guest[I_ID_AA64PFR0_EL1]), want);
	ok &= CHECK_EQ(gic_of(vcpu_get_reg(vcpu, REG(ID_AA64PFR0_EL1))), want);
	if (!ok)
		ksft_print_msg("at baseline %u\n", baseline);
	kvm_vm_free(vm);
	return ok;
}

/* With a GICv3, the field is what userspace wrote. Since 6.18 it is what the VM has. */
static bool test_gic(void)
{
	bool ok = true;
	u32 b;

	if (!kvm_supports_vgic_v3()) {
		compat_skip = "no GICv3";
		return true;
	}

	for (b = 0; b < compat_nr_baselines(); b++) {
		ok &= check_gic(compat_baselines[b], 1, 1);
		ok &= check_gic(compat_baselines[b], 0, compat_baselines[b] >= V(6_18));
	}
	return ok;
}

/*
 * Without a GICv3, the field is what userspace wrote. Since 6.12 it is 0. Must be the
 * last test, because it makes the library create no vGIC.
 */
static bool test_no_gic(void)
{
	bool ok = true;
	u32 b;

	if (!kvm_supports_vgic_v3()) {
		compat_skip = "no GICv3";
		return true;
	}

	test_disable_default_vgic();
	for (b = 0; b < compat_nr_baselines(); b++) {
		ok &= check_gic(compat_baselines[b], 1, compat_baselines[b] < V(6_12));
		ok &= check_gic(compat_baselines[b], 0, 0);
	}
	return ok;
}

int main(void)
{
	static const struct compat_test first = {
		"what is read can be restored, before the first run and after", test_restored
	};
	static const struct compat_test others[] = {
		{ "fields without a row are the same at every baseline", test_others },
		{ "a second KVM_ARM_VCPU_INIT keeps the ID registers", test_reset },
		{ "fields that natively have an upper limit", test_limits },
		{ "id_dfr0_aarch64_only: every baseline and revision", test_aarch64_only },
		{ "id_pfr1_aarch64_only: every baseline", test_aarch64_only_pfr1 },
		{ "id_aa64pfr0_mpam: a VM keeps the value that is restored", test_mpam },
		{ "a VM with EL2 gets no field back that KVM hides", test_nested },
		{ "id_gic: with a GICv3", test_gic },
		{ "id_gic: without a GICv3", test_no_gic },
	};
	static struct compat_test tests[1 + NR_ROWS + ARRAY_SIZE(others)];
	u32 i;

	tests[0] = first;
	for (i = 0; i < NR_ROWS; i++)
		tests[1 + i] = (struct compat_test) { rows[i].name, test_row };
	memcpy(&tests[1 + NR_ROWS], others, sizeof(others));
	compat_run(tests, ARRAY_SIZE(tests));
}
