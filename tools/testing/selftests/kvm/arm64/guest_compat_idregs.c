// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_idregs - ID registers as earlier releases showed them.
 * ID_AA64MMFR2_EL1.NV had the host's value up to 6.14, and is 0 since.
 */
#include "guest_compat.h"
#include "processor.h"

#define MMFR2		KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR2_EL1)

static const struct {
	u32 baseline;
	bool shown;
} baselines[] = {
	{ KVM_GUEST_COMPAT_V5_10, true }, { KVM_GUEST_COMPAT_V6_1, true },
	{ KVM_GUEST_COMPAT_V6_12, true }, { KVM_GUEST_COMPAT_V6_16, false },
	{ KVM_GUEST_COMPAT_V6_17, false }, { KVM_GUEST_COMPAT_V6_18, false },
	{ KVM_GUEST_COMPAT_V6_19, false }, { KVM_GUEST_COMPAT_V7_0, false },
	{ KVM_GUEST_COMPAT_V7_1, false }, { KVM_GUEST_COMPAT_V7_2, false },
	{ KVM_GUEST_COMPAT_V7_3, false },
};

static void guest_code(void)
{
	GUEST_SYNC(read_sysreg_s(SYS_ID_AA64MMFR2_EL1));
	GUEST_DONE();
}

/* Without EL2, which the library would give it where there is EL2 */
static struct kvm_vm *make(u32 baseline, struct kvm_vcpu **vcpu)
{
	struct kvm_vm *vm = vm_create(1);
	struct kvm_vcpu_init init;

	if (baseline)
		TEST_ASSERT(!compat_select(vm, baseline), "baseline %u", baseline);
	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] &= ~BIT(KVM_ARM_VCPU_HAS_EL2);
	*vcpu = aarch64_vcpu_add(vm, 0, &init, guest_code);
	kvm_arch_vm_finalize_vcpus(vm);
	return vm;
}

static u64 nv_of(u64 mmfr2)
{
	return FIELD_GET(ID_AA64MMFR2_EL1_NV, mmfr2);
}

static u64 with_nv(u64 mmfr2, u64 nv)
{
	return (mmfr2 & ~ID_AA64MMFR2_EL1_NV) | FIELD_PREP(ID_AA64MMFR2_EL1_NV, nv);
}

static bool guest_reads(struct kvm_vcpu *vcpu, u64 val)
{
	struct ucall uc;

	vcpu_run(vcpu);
	return COMPAT_EQ(get_ucall(vcpu, &uc), UCALL_SYNC) && COMPAT_EQ(uc.args[1], val);
}

/* What the host has, as 6.1 would show it; 0 if that is nothing to show */
static u64 host_nv;
static u64 native;

static bool test_baselines(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(baselines); i++) {
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = make(baselines[i].baseline, &vcpu);
		u64 want = with_nv(native, baselines[i].shown ? host_nv : 0);

		ok &= COMPAT_EQ(vcpu_get_reg(vcpu, MMFR2), want);
		ok &= guest_reads(vcpu, want);
		kvm_vm_free(vm);
	}
	return ok;
}

static int set_nv(struct kvm_vcpu *vcpu, u64 nv)
{
	return compat_ret(__vcpu_set_reg(vcpu, MMFR2, with_nv(native, nv)));
}

static bool test_kept(void)
{
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = make(KVM_GUEST_COMPAT_V6_12, &vcpu);
	bool ok = true;

	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] &= ~BIT(KVM_ARM_VCPU_HAS_EL2);
	/* Restored, reset, and run: what was saved is what is there */
	ok &= COMPAT_EQ(set_nv(vcpu, host_nv), 0);
	ok &= COMPAT_EQ(nv_of(vcpu_get_reg(vcpu, MMFR2)), host_nv);
	ok &= guest_reads(vcpu, with_nv(native, host_nv));
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	ok &= COMPAT_EQ(nv_of(vcpu_get_reg(vcpu, MMFR2)), host_nv);
	ok &= COMPAT_EQ(set_nv(vcpu, host_nv), 0);
	kvm_vm_free(vm);
	if (!host_nv)
		compat_skip = "the host has no FEAT_NV";
	return ok;
}

static bool test_refused(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = make(KVM_GUEST_COMPAT_V6_12, &vcpu);
	bool ok = true;
	u64 nv;

	for (nv = 1; nv < 16; nv++)
		if (nv != host_nv)
			ok &= COMPAT_EQ(set_nv(vcpu, nv), -EINVAL);
	kvm_vm_free(vm);
	return ok;
}

/* With nothing asked for: taken, and ignored, since 6.15 */
static bool test_native(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = make(0, &vcpu);
	bool ok = true;

	ok &= COMPAT_EQ(nv_of(native), 0);
	ok &= COMPAT_EQ(set_nv(vcpu, host_nv), 0);
	ok &= COMPAT_EQ(nv_of(vcpu_get_reg(vcpu, MMFR2)), 0);
	ok &= COMPAT_EQ(set_nv(vcpu, 0), 0);
	ok &= guest_reads(vcpu, native);
	kvm_vm_free(vm);
	return ok;
}

static bool test_nested(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct kvm_vcpu_init init;
	u64 vals[2];
	bool ok = true;
	int i;

	if (!vm_check_cap(vm, KVM_CAP_ARM_EL2)) {
		kvm_vm_free(vm);
		compat_skip = "no nested virtualization";
		return true;
	}
	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_HAS_EL2);
	kvm_vm_free(vm);

	for (i = 0; i < 2; i++) {
		struct kvm_vcpu *vcpu;

		vm = vm_create(1);
		if (i)
			ok &= COMPAT_EQ(compat_select(vm, KVM_GUEST_COMPAT_V6_12), 0);
		vcpu = aarch64_vcpu_add(vm, 0, &init, guest_code);
		vals[i] = vcpu_get_reg(vcpu, MMFR2);
		kvm_vm_free(vm);
	}
	return ok && COMPAT_EQ(vals[1], vals[0]);
}

static void look_at_host(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	vm = make(0, &vcpu);
	native = vcpu_get_reg(vcpu, MMFR2);
	kvm_vm_free(vm);
	vm = make(KVM_GUEST_COMPAT_V6_1, &vcpu);
	host_nv = nv_of(vcpu_get_reg(vcpu, MMFR2));
	kvm_vm_free(vm);
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "every baseline, userspace and guest", test_baselines },
		{ "restored and reset at 6.12", test_kept },
		{ "refused at 6.12", test_refused },
		{ "nothing asked for", test_native },
		{ "a VM with EL2 is as it was", test_nested },
	};

	if (kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		look_at_host();
	ksft_print_msg("ID_AA64MMFR2_EL1.NV was %lu\n", (unsigned long)host_nv);
	compat_run(tests, ARRAY_SIZE(tests));
}
