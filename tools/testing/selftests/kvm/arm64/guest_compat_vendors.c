// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_vendors - The register lists of vendors' kernels. A VM that selects the
 * string of such a kernel lists the registers of that kernel and no others, and KVM
 * accepts their values.
 *
 * The lists are those of Amazon's kernels on real Neoverse N1 and V1 machines, which
 * are equal. Like the machines of guest_compat_host, they come from test data of the
 * Firecracker project.
 */
#include "guest_compat.h"
#include "reg_names.h"

/* A range of ids: the low 16 bits of the first and of the last */
struct span {
	u16 first;
	u16 last;
};

/* All of the kernels list these system registers, which include the virtual timer. */
static const struct span everywhere[] = {
	{ 0x8004, 0x8007 }, { 0x800c, 0x8010 }, { 0x8012, 0x8012 }, { 0x8014, 0x8017 },
	{ 0x801c, 0x801f }, { 0x8024, 0x8027 }, { 0x802c, 0x802f }, { 0x8034, 0x8037 },
	{ 0x803c, 0x803f }, { 0x8044, 0x8047 }, { 0x804c, 0x804f }, { 0x8054, 0x8057 },
	{ 0x805c, 0x805f }, { 0x8064, 0x8067 }, { 0x806c, 0x806f }, { 0x8074, 0x8077 },
	{ 0x807c, 0x807f }, { 0xa038, 0xa038 }, { 0xc000, 0xc000 }, { 0xc005, 0xc006 },
	{ 0xc008, 0xc03f }, { 0xc080, 0xc082 }, { 0xc100, 0xc102 }, { 0xc288, 0xc289 },
	{ 0xc290, 0xc290 }, { 0xc300, 0xc300 }, { 0xc3a0, 0xc3a0 }, { 0xc510, 0xc510 },
	{ 0xc518, 0xc518 }, { 0xc600, 0xc600 }, { 0xc609, 0xc609 }, { 0xc681, 0xc681 },
	{ 0xc684, 0xc684 }, { 0xc708, 0xc708 }, { 0xc801, 0xc801 }, { 0xc807, 0xc807 },
	{ 0xd000, 0xd000 }, { 0xd801, 0xd801 }, { 0xde82, 0xde83 }, { 0xdf02, 0xdf02 },
	{ 0xdf11, 0xdf12 }, { 0xdf19, 0xdf19 }, { 0xe180, 0xe180 }, { 0xe281, 0xe281 },
	{ 0xe298, 0xe298 },
	/* The counters, which are not in the test data */
	{ 0xdf01, 0xdf01 }, { 0xdf1a, 0xdf1a },
};

/* The registers of a PMU, on a vCPU without one */
static const struct span no_pmu[] = {
	{ 0xc4f1, 0xc4f2 }, { 0xdce0, 0xdce5 }, { 0xdce8, 0xdce8 }, { 0xdcf0, 0xdcf0 },
	{ 0xdcf3, 0xdcf3 }, { 0xdf40, 0xdf5e }, { 0xdf60, 0xdf7f },
};

static const struct span os_lock[] = {
	{ 0x808c, 0x808c },
};

struct change {
	const char *name;
	u32 revision;
};

/* A value of such a kernel that a VM with its string might not have */
struct value {
	u64 id;
	u64 mask;
	u64 val;
};

#define ALL		~0ULL
#define UNKNOWN		0x1de7ec7edbadc0deULL	/* KVM's pattern in a register after reset */

static const struct kernel {
	const char *release;
	u32 baseline;
	struct change changes[3];
	const struct span *more;
	u32 nr_more;
	u32 nr_ccsidr;
	u32 nr_bmaps;
	struct value values[8];
} kernels[] = {
	{
		"5.10.255-253.1008.amzn2", KVM_GUEST_COMPAT_5_10_V1,
		{ { "list_ptimer", 1 }, { "pmu_overflow", 1 } },
		no_pmu, ARRAY_SIZE(no_pmu), 3, 0,
		{
			{ KVM_REG_ARM_PSCI_VERSION, ALL, 0x10000 },
			{ KVM_ARM64_SYS_REG(SYS_PMCR_EL0), GENMASK(31, 0), 0x410c30ac },
			{ KVM_ARM64_SYS_REG(SYS_PMCNTENSET_EL0), ALL, UNKNOWN },
			{ KVM_ARM64_SYS_REG(SYS_PMCCNTR_EL0), ALL, UNKNOWN },
			{ KVM_ARM64_SYS_REG(SYS_PMEVCNTRn_EL0(30)), ALL, UNKNOWN },
		},
	}, {
		"6.1.172-216.329.amzn2023", KVM_GUEST_COMPAT_6_1_V1,
		{ { "list_ptimer", 1 } },
		os_lock, ARRAY_SIZE(os_lock), 3, 3,
		{
			{ KVM_REG_ARM_PSCI_VERSION, ALL, 0x10001 },
			{ KVM_REG_ARM_STD_BMAP, ALL, 1 },
			{ KVM_REG_ARM_STD_HYP_BMAP, ALL, 1 },
			{ KVM_REG_ARM_VENDOR_HYP_BMAP, ALL, 3 },
			{ KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR2_EL1), ID_AA64MMFR2_EL1_CCIDX, 0 },
			{ KVM_ARM64_SYS_REG(SYS_ID_MMFR4_EL1), ID_MMFR4_EL1_CCIDX, 0 },
		},
	}, {
		"6.18.30-61.116.amzn2023", KVM_GUEST_COMPAT_6_18_V1, {},
		os_lock, ARRAY_SIZE(os_lock), 14, 4,
		{
			{ KVM_REG_ARM_PSCI_VERSION, ALL, 0x10003 },
			{ KVM_REG_ARM_STD_BMAP, ALL, 1 },
			{ KVM_REG_ARM_STD_HYP_BMAP, ALL, 1 },
			{ KVM_REG_ARM_VENDOR_HYP_BMAP, ALL, 3 },
			{ KVM_REG_ARM_VENDOR_HYP_BMAP_2, ALL, 0 },
		},
	},
};

static bool in_spans(u16 low, const struct span *spans, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		if (low >= spans[i].first && low <= spans[i].last)
			return true;

	return false;
}

/* Returns whether the vendor's kernel lists @id. */
static bool lists(const struct kernel *k, u64 id)
{
	u16 low = id;

	switch (id & KVM_REG_ARM_COPROC_MASK) {
	case KVM_REG_ARM_CORE:
		return true;
	case KVM_REG_ARM_DEMUX:
		return low < k->nr_ccsidr;
	case KVM_REG_ARM_FW:
		return low < 4;
	case KVM_REG_ARM_FW_FEAT_BMAP:
		return low < k->nr_bmaps;
	case KVM_REG_ARM64_SYSREG:
		return in_spans(low, everywhere, ARRAY_SIZE(everywhere)) ||
		       in_spans(low, k->more, k->nr_more);
	default:
		return false;
	}
}

/* Returns the number without core registers, which are the same on every kernel. */
static u32 nr_listed(const struct kernel *k)
{
	u32 nr = 0;

	for (u32 i = 0; i < ARRAY_SIZE(everywhere); i++)
		nr += everywhere[i].last - everywhere[i].first + 1;
	for (u32 i = 0; i < k->nr_more; i++)
		nr += k->more[i].last - k->more[i].first + 1;

	return nr + k->nr_ccsidr + 4 + k->nr_bmaps;
}

static struct kvm_vm *vm_of(const struct kernel *k, struct kvm_vcpu **vcpu)
{
	struct kvm_vm *vm = vm_create_barebones();
	static struct compat_vector v;
	struct kvm_vcpu_init init;

	TEST_ASSERT(!compat_select(vm, k->baseline), "%s: %#x", k->release, k->baseline);
	compat_list(vm, &v);
	for (const struct change *c = k->changes; c->name; c++)
		compat_find(&v, c->name)->revision = c->revision;
	TEST_ASSERT(!compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v), "%s: its string", k->release);
	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	*vcpu = __vm_vcpu_add(vm, 0);
	vcpu_ioctl(*vcpu, KVM_ARM_VCPU_INIT, &init);
	/* These CPUs have 0 here. Without that, this host could list registers of more features. */
	vcpu_set_reg(*vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR3_EL1), 0);
	vcpu_set_reg(*vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64PFR2_EL1), 0);

	return vm;
}

static const struct kernel *this_kernel(void);

static bool test_list(void)
{
	const struct kernel *k = this_kernel();
	struct kvm_reg_list *list;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	bool ok = true;
	char name[64];
	u32 nr = 0;

	if (compat_skip)
		return true;
	vm = vm_of(k, &vcpu);
	list = vcpu_get_reg_list(vcpu);

	for (u64 i = 0; i < list->n; i++) {
		reg_name(name, sizeof(name), list->reg[i]);
		ok &= CHECK(lists(k, list->reg[i]), "%s lists no %s", k->release, name);
		nr += (list->reg[i] & KVM_REG_ARM_COPROC_MASK) != KVM_REG_ARM_CORE;
	}
	ok &= CHECK_EQ(nr, nr_listed(k));
	free(list);
	kvm_vm_free(vm);

	return ok;
}

static u64 value_of(const struct kernel *k, u64 id, u64 val)
{
	for (const struct value *v = k->values; v->id; v++)
		if (v->id == id)
			return (val & ~v->mask) | v->val;

	return val;
}

static bool counts(u64 id)
{
	return id == KVM_REG_ARM_TIMER_CNT || id == KVM_REG_ARM_PTIMER_CNT;
}

static bool test_state(void)
{
	const struct kernel *k = this_kernel();
	struct kvm_vcpu *vcpu, *from;
	struct kvm_reg_list *list;
	struct kvm_vm *vm, *source;
	u64 want[1024], val;
	bool ok = true;
	char name[64];

	if (compat_skip)
		return true;
	vm = vm_of(k, &vcpu);
	source = vm_of(k, &from);
	list = vcpu_get_reg_list(from);

	TEST_ASSERT(list->n <= ARRAY_SIZE(want), "%llu registers", list->n);
	for (u64 i = 0; i < list->n; i++) {
		if (KVM_REG_SIZE(list->reg[i]) > sizeof(u64))
			continue;
		val = 0;
		ok &= CHECK_EQ(compat_get_reg(from, list->reg[i], &val), 0);
		want[i] = value_of(k, list->reg[i], val);
		reg_name(name, sizeof(name), list->reg[i]);
		ok &= CHECK_EQ_MSG(compat_set_reg(vcpu, list->reg[i], want[i]), 0, "%s", name);
	}
	for (u64 i = 0; i < list->n; i++) {
		if (KVM_REG_SIZE(list->reg[i]) > sizeof(u64) || counts(list->reg[i]))
			continue;
		val = 0;
		reg_name(name, sizeof(name), list->reg[i]);
		ok &= CHECK_EQ(compat_get_reg(vcpu, list->reg[i], &val), 0);
		ok &= CHECK_EQ_MSG(val, want[i], "%s", name);
	}
	free(list);
	kvm_vm_free(source);
	kvm_vm_free(vm);

	return ok;
}

static const struct compat_test tests[] = {
	{ "Amazon's 5.10.255: its list", test_list },
	{ "Amazon's 5.10.255: its state", test_state },
	{ "Amazon's 6.1.172: its list", test_list },
	{ "Amazon's 6.1.172: its state", test_state },
	{ "Amazon's 6.18.30: its list", test_list },
	{ "Amazon's 6.18.30: its state", test_state },
};

static_assert(ARRAY_SIZE(tests) == 2 * ARRAY_SIZE(kernels));

static const struct kernel *this_kernel(void)
{
	const struct kernel *k = &kernels[(compat_this - tests) / 2];

	if (compat_is_later(k->baseline))
		compat_skip = "the kernel is older than that";
	for (const struct change *c = k->changes; c->name && !compat_skip; c++)
		if (c->revision > compat_highest(c->name))
			compat_skip = "the kernel lacks a revision of its string";

	return k;
}

int main(void)
{
	compat_run(tests, ARRAY_SIZE(tests));
}
