// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_gic - The GIC at each baseline. Userspace and the guest read the
 * GICD_IIDR of the baseline, whether the VMM creates the GIC before or after it
 * selects. Userspace reads GICR_TYPER.Last as that release showed it.
 */
#include <linux/sizes.h>

#include "guest_compat.h"
#include "processor.h"
#include "gic.h"
#include "gic_v3.h"
#include "vgic.h"

static u32 default_rev(u32 baseline)
{
	return baseline < KVM_GUEST_COMPAT_6_1_V1 ? 2 : 3;
}

static u32 read_iidr(int gic_fd)
{
	u32 val = 0;

	/* Up to 6.16, GICD_IIDR of a GICv3 cannot be read before the GIC is initialised. */
	if (__kvm_device_attr_get(gic_fd, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_IIDR, &val) &&
	    errno == EBUSY) {
		__vgic_v3_init(gic_fd);
		kvm_device_attr_get(gic_fd, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_IIDR, &val);
	}
	return val;
}

static const u32 models[] = { KVM_DEV_TYPE_ARM_VGIC_V2, KVM_DEV_TYPE_ARM_VGIC_V3 };

static bool has_none(void)
{
	u32 m;

	for (m = 0; m < ARRAY_SIZE(models); m++)
		if (kvm_supports_vgic(models[m]))
			return false;
	compat_skip = "no GIC";
	return true;
}

enum order { SELECT_FIRST, GIC_FIRST, NR_ORDERS };

/* Returns GICD_IIDR of a new VM. If @rev is negative, the VM selects @baseline. */
static u32 iidr_of(u32 model, enum order order, u32 baseline, int rev)
{
	struct kvm_vm *vm = vm_create_barebones();
	int fd = -1;
	u32 val;

	if (order == GIC_FIRST)
		fd = kvm_create_device(vm, model);
	if (rev >= 0)
		compat_set_named(vm, "gicd_iidr", rev);
	else
		TEST_ASSERT(!compat_select(vm, baseline), "baseline %u", baseline);
	if (order == SELECT_FIRST)
		fd = kvm_create_device(vm, model);

	__vm_vcpu_add(vm, 0);
	val = read_iidr(fd);
	close(fd);
	kvm_vm_free(vm);
	return val;
}

static bool test_baselines(void)
{
	enum order order;
	bool ok = true;
	u32 i, m;

	if (has_none())
		return true;

	for (m = 0; m < ARRAY_SIZE(models); m++) {
		if (!kvm_supports_vgic(models[m]))
			continue;
		for (order = 0; order < NR_ORDERS; order++)
			for (i = 0; i < compat_nr_baselines(); i++)
				ok &= CHECK_EQ(iidr_of(models[m], order, compat_baselines[i], -1),
					       GICD_IIDR_KVM(default_rev(compat_baselines[i])));
	}
	return ok;
}

/* Revisions 0 and 1 are older than any baseline. */
static bool test_revisions(void)
{
	enum order order;
	bool ok = true;
	u32 rev, m;

	if (has_none())
		return true;

	for (m = 0; m < ARRAY_SIZE(models); m++) {
		if (!kvm_supports_vgic(models[m]))
			continue;
		for (order = 0; order < NR_ORDERS; order++)
			for (rev = 0; rev <= 3; rev++)
				ok &= CHECK_EQ(iidr_of(models[m], order, 0, rev),
					       GICD_IIDR_KVM(rev));
	}
	return ok;
}

static bool test_writes_win(void)
{
	struct kvm_vm *vm;
	struct compat_vector v;
	bool ok = true;
	u32 val = GICD_IIDR_KVM(2);
	int fd;

	if (!kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_V3)) {
		compat_skip = "no GICv3";
		return true;
	}

	vm = vm_create_barebones();
	compat_set_named(vm, "gicd_iidr", 3);
	fd = kvm_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3);
	__vm_vcpu_add(vm, 0);
	ok &= CHECK_EQ(read_iidr(fd), GICD_IIDR_KVM(3));
	kvm_device_attr_set(fd, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_IIDR, &val);
	ok &= CHECK_EQ(read_iidr(fd), GICD_IIDR_KVM(2));

	/* LIST gives the selected revision. Selecting it again does not change GICD_IIDR. */
	compat_list(vm, &v);
	ok &= CHECK_EQ(compat_find(&v, "gicd_iidr")->revision, 3);
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v), 0);
	compat_set_named(vm, "gicd_iidr", 3);
	ok &= CHECK_EQ(read_iidr(fd), GICD_IIDR_KVM(2));
	close(fd);
	kvm_vm_free(vm);
	return ok;
}

static void guest_code(u32 iidr, u32 ctlr)
{
	GUEST_ASSERT_EQ(readl(GICD_BASE_GVA + GICD_IIDR), iidr);
	GUEST_ASSERT_EQ(readl(GICR_BASE_GVA + GICR_CTLR) & (GICR_CTLR_IR | GICR_CTLR_CES), ctlr);
	GUEST_DONE();
}

static bool test_guest(void)
{
	bool ok = true;
	u32 i;

	if (!kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_V3)) {
		compat_skip = "no GICv3";
		return true;
	}

	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i], rev = default_rev(baseline);
		struct kvm_vm *vm = vm_create(1);
		struct kvm_vcpu *vcpu;

		/* vm_create() has created the GIC. */
		ok &= CHECK_EQ(compat_select(vm, baseline), 0);
		vcpu = vm_vcpu_add(vm, 0, guest_code);
		kvm_arch_vm_finalize_vcpus(vm);
		vcpu_args_set(vcpu, 2, GICD_IIDR_KVM(rev),
			      rev >= 3 ? GICR_CTLR_IR | GICR_CTLR_CES : 0);
		ok &= CHECK(compat_guest_done(vcpu), "baseline %#x", baseline);
		kvm_vm_free(vm);
	}
	return ok;
}

#define NR_VCPUS	3

static void guest_typer(void)
{
	u32 i;

	for (i = 0; i < NR_VCPUS; i++)
		GUEST_ASSERT_EQ(!!(readq(GICR_BASE_GVA + i * SZ_128K + GICR_TYPER) &
				   GICR_TYPER_LAST), i == NR_VCPUS - 1);
	GUEST_DONE();
}

/* Reads GICR_TYPER of vCPU @cpu. The affinity of these vCPUs is their number. */
static u64 read_typer(struct kvm_vm *vm, u64 cpu)
{
	u64 attr = cpu << 32 | GICR_TYPER;
	u32 low = 0, high = 0;

	kvm_device_attr_get(vm->arch.gic_fd, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, attr, &low);
	kvm_device_attr_get(vm->arch.gic_fd, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, attr + 4, &high);
	return (u64)high << 32 | low;
}

/* @last: userspace reads GICR_TYPER.Last as 1 of the last redistributor. */
static bool check_typer(struct kvm_vm *vm, bool last)
{
	struct kvm_vcpu *vcpu = NULL;
	bool ok = true;
	u32 i;

	for (i = 0; i < NR_VCPUS; i++)
		vcpu = compat_vcpu(vm, i, 0, guest_typer);
	kvm_arch_vm_finalize_vcpus(vm);
	for (i = 0; i < NR_VCPUS; i++) {
		u64 typer = read_typer(vm, i);

		ok &= CHECK_EQ(!!(typer & GICR_TYPER_LAST), last && i == NR_VCPUS - 1);
		/* The other fields do not depend on the revision. */
		ok &= CHECK_EQ(GICR_TYPER_CPU_NUMBER(typer), i);
		ok &= CHECK_EQ(typer >> 32, i);
	}
	ok &= compat_guest_done(vcpu);
	kvm_vm_free(vm);
	return ok;
}

static bool test_typer(void)
{
	struct kvm_vm *vm;
	bool ok = true;
	u32 i;

	if (!kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_V3)) {
		compat_skip = "no GICv3";
		return true;
	}

	for (i = 0; i < compat_nr_baselines(); i++) {
		vm = vm_create(NR_VCPUS);
		ok &= CHECK_EQ(compat_select(vm, compat_baselines[i]), 0);
		ok &= check_typer(vm, compat_baselines[i] > KVM_GUEST_COMPAT_5_10_V1);
	}
	for (i = 0; i <= 1; i++) {
		vm = vm_create(NR_VCPUS);
		compat_set_named(vm, "gicr_typer_last", i);
		ok &= check_typer(vm, i);
	}
	return ok;
}

/*
 * A VM without a GIC cannot send SGIs, whatever its ID registers announce. A guest to
 * which they announce a GICv3 reads ICC_SRE_EL1, so this read must not give UNDEF. Its
 * value is not tested: where KVM does not trap the register, it is the hardware's.
 */
static void guest_has_no_gic(bool sre)
{
	bool undef = COMPAT_UNDEF(read_sysreg_s(SYS_ICC_SRE_EL1));

	GUEST_ASSERT(!sre || !undef);
	GUEST_ASSERT_EQ(COMPAT_UNDEF(write_sysreg_s(0x1, SYS_ICC_SGI1R_EL1)), true);
	GUEST_ASSERT_EQ(COMPAT_UNDEF(write_sysreg_s(0x1, SYS_ICC_ASGI1R_EL1)), true);
	GUEST_ASSERT_EQ(COMPAT_UNDEF(write_sysreg_s(0x1, SYS_ICC_SGI0R_EL1)), true);
	GUEST_ASSERT_EQ(COMPAT_UNDEF(write_sysreg_s(0, SYS_ICC_DIR_EL1)), true);
	GUEST_DONE();
}

/* Must be the last test: it makes the library create no GIC from here on. */
static bool test_no_gic(void)
{
	bool has_v3 = kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_V3), ok = true;
	u32 i;

	if (compat_is_later(KVM_GUEST_COMPAT_6_12_V1)) {
		compat_skip = "without a GIC, guests have the host's CPU interface";
		return true;
	}

	test_disable_default_vgic();
	for (i = 0; i < compat_nr_baselines(); i++) {
		bool kept = compat_baselines[i] < KVM_GUEST_COMPAT_6_12_V1;
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(compat_baselines[i], 0, guest_has_no_gic, &vcpu);
		u64 pfr0, pfr1;

		compat_catch_undefs(vcpu);
		pfr0 = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1));
		pfr1 = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_PFR1_EL1));
		vcpu_args_set(vcpu, 1, (u64)(kept && has_v3));
		ok &= compat_guest_done(vcpu);
		if (!kept) {
			pfr0 &= ~ID_AA64PFR0_EL1_GIC;
			pfr1 &= ~ID_PFR1_EL1_GIC;
		}
		ok &= CHECK_EQ(vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1)), pfr0);
		ok &= CHECK_EQ(vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_PFR1_EL1)), pfr1);
		kvm_vm_free(vm);
	}
	return ok;
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "gicd_iidr: every baseline", test_baselines },
		{ "gicd_iidr: every revision", test_revisions },
		{ "gicd_iidr: what userspace writes replaces the default", test_writes_win },
		{ "gicd_iidr: the guest reads what userspace reads", test_guest },
		{ "gicr_typer_last: every baseline and revision", test_typer },
		{ "id_gic: without a GIC, ICC_SRE_EL1 and SGIs", test_no_gic },
	};

	compat_run(tests, ARRAY_SIZE(tests));
}
