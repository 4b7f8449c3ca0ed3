// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_unknown - Every baseline hides what no row of the table knows. If KVM or
 * cpufeature changes an ID register or a register list, this test fails and names the
 * register, until somebody adds a behaviour or decides that none is needed.
 */
#include "guest_compat.h"
#include "processor.h"

#include "reg_names.h"

static void guest_nothing(void)
{
	GUEST_DONE();
}

/* The test's VMs have all of these features that the host has. */
static const struct {
	const char *name;
	u32 cap;
	u32 feature;
	bool enable;
} features[] = {
	{ "PMU", KVM_CAP_ARM_PMU_V3, KVM_ARM_VCPU_PMU_V3 },
	{ "SVE", KVM_CAP_ARM_SVE, KVM_ARM_VCPU_SVE },
	{ "address authentication", KVM_CAP_ARM_PTRAUTH_ADDRESS, KVM_ARM_VCPU_PTRAUTH_ADDRESS },
	{ "generic authentication", KVM_CAP_ARM_PTRAUTH_GENERIC, KVM_ARM_VCPU_PTRAUTH_GENERIC },
	{ "EL2", KVM_CAP_ARM_EL2, KVM_ARM_VCPU_HAS_EL2 },
	{ "memory tagging", KVM_CAP_ARM_MTE, 0, true },
};

static u32 newest_baseline(void)
{
	return kvm_check_cap(KVM_CAP_GUEST_COMPAT);
}

static struct kvm_vm *make(u32 baseline, bool el2, bool unknown, struct kvm_vcpu **vcpu)
{
	struct kvm_vm *vm = vm_create(1);
	int sve = KVM_ARM_VCPU_SVE;
	u32 i, wanted = 0;

	compat_make(vm, baseline);
	/* Revision 1 is a bug of earlier releases, so native and a baseline differ in it. */
	compat_set_named(vm, "id_dfr0_aarch64_only", 0);
	if (unknown)
		compat_set_named(vm, "unknown", 1);
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		if (vm_check_cap(vm, features[i].cap) <= 0)
			continue;
		if (features[i].enable)
			vm_enable_cap(vm, features[i].cap, 0);
		else if (features[i].feature != KVM_ARM_VCPU_HAS_EL2 || el2)
			wanted |= BIT(features[i].feature);
	}
	*vcpu = compat_vcpu(vm, 0, wanted, guest_nothing);
	if (wanted & BIT(KVM_ARM_VCPU_SVE))
		vcpu_ioctl(*vcpu, KVM_ARM_VCPU_FINALIZE, &sve);
	return vm;
}

static const char *name_of(u64 id)
{
	static char name[64];

	reg_name(name, sizeof(name), id);
	return name;
}

static bool is_id_reg(u64 id)
{
	u64 any = KVM_REG_ARM64_SYSREG_CRM_MASK | KVM_REG_ARM64_SYSREG_OP2_MASK;

	return (id & ~any) == KVM_ARM64_SYS_REG(sys_reg(3, 0, 0, 0, 0)) &&
	       (id & KVM_REG_ARM64_SYSREG_CRM_MASK);
}

static bool is_default(u64 id)
{
	return is_id_reg(id) || id == KVM_REG_ARM_PSCI_VERSION ||
	       id == KVM_ARM64_SYS_REG(SYS_CTR_EL0) || id == KVM_ARM64_SYS_REG(SYS_CLIDR_EL1) ||
	       (id >= KVM_REG_ARM_STD_BMAP && id <= KVM_REG_ARM_VENDOR_HYP_BMAP_2);
}

/* Fails for each register that only @vcpu lists, and each default that differs. */
static bool compare(struct kvm_vcpu *vcpu, struct kvm_vcpu *other, const char *why)
{
	struct kvm_reg_list *list = vcpu_get_reg_list(vcpu), *less = vcpu_get_reg_list(other);
	bool ok = true;
	u64 i;

	for (i = 0; i < list->n; i++) {
		u64 id = list->reg[i];

		ok &= CHECK(compat_listed(less, id), "%s is listed, %s", name_of(id), why);
		if (!is_default(id))
			continue;
		ok &= CHECK(vcpu_get_reg(vcpu, id) == vcpu_get_reg(other, id),
			    "%s is %#lx and %#lx, %s", name_of(id),
			    (unsigned long)vcpu_get_reg(vcpu, id),
			    (unsigned long)vcpu_get_reg(other, id), why);
	}
	free(list);
	free(less);
	return ok;
}

static bool can_el2(void)
{
	return kvm_has_cap(KVM_CAP_ARM_EL2);
}

/*
 * A baseline never changes. If KVM natively shows more than at the newest baseline, a
 * change has no row: see Documentation/virt/kvm/guest-compat/adding.rst.
 */
static bool test_native(void)
{
	struct kvm_vcpu *native, *newest;
	struct kvm_vm *vm, *other;
	bool ok = true;
	u32 el2;

	for (el2 = 0; el2 <= can_el2(); el2++) {
		vm = make(COMPAT_NATIVE, el2, true, &native);
		other = make(newest_baseline(), el2, false, &newest);
		ok &= compare(native, newest, "natively and at the newest baseline");
		kvm_vm_free(other);
		kvm_vm_free(vm);
	}
	return ok;
}

/* unknown=1 shows all that unknown=0 hides: the newest baseline then equals native. */
static bool test_shown(void)
{
	struct kvm_vcpu *native, *newest;
	struct kvm_vm *vm, *other;
	bool ok = true;
	u32 el2;

	for (el2 = 0; el2 <= can_el2(); el2++) {
		vm = make(COMPAT_NATIVE, el2, true, &native);
		other = make(newest_baseline(), el2, true, &newest);
		ok &= compare(native, newest, "natively and with unknown=1");
		ok &= compare(newest, native, "with unknown=1 and natively");
		kvm_vm_free(other);
		kvm_vm_free(vm);
	}
	return ok;
}

/* "unknown" is 0 at every baseline, and 1 natively. */
static bool test_every_baseline(void)
{
	struct kvm_guest_compat_baseline *base;
	struct compat_vector v;
	struct kvm_vm *vm = vm_create_barebones();
	bool ok = true;
	u32 i;

	for (i = 0; (base = compat_baseline(i)); i++) {
		compat_make(vm, base->baseline);
		compat_list(vm, &v);
		ok &= CHECK_EQ(compat_find(&v, "unknown")->revision, 0);
	}
	compat_make_native(vm);
	compat_list(vm, &v);
	ok &= CHECK_EQ(compat_find(&v, "unknown")->revision, 1);
	kvm_vm_free(vm);
	return ok;
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "unknown: 0 at every baseline, 1 natively", test_every_baseline },
		{ "unknown: a behaviour hides all that the kernel shows natively", test_native },
		{ "unknown: what 0 hides is shown at 1 alone", test_shown },
	};

	compat_run(tests, ARRAY_SIZE(tests));
}
