// SPDX-License-Identifier: GPL-2.0
/*
 * KVM takes back the ID register fields that older kernels gave to userspace
 * with the host's value and that it has hidden since.
 */
#include <sys/auxv.h>
#include <asm/cputype.h>
#include <asm/hwcap.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "kselftest.h"

struct hidden_field {
	const char	*name;
	u32		id;
	u8		shift;
	/* The host's value, 0 if it cannot be known */
	u64		(*host)(u32 midr);
};

/* CPUs whose manuals list FEAT_CCIDX. Nothing else tells the host's userspace. */
static u64 host_ccidx(u32 midr)
{
	if (MIDR_IMPLEMENTOR(midr) != ARM_CPU_IMP_ARM)
		return 0;

	switch (MIDR_PARTNUM(midr)) {
	case ARM_CPU_PART_NEOVERSE_V1:
	case ARM_CPU_PART_NEOVERSE_V2:
	case ARM_CPU_PART_NEOVERSE_N2:
	case ARM_CPU_PART_CORTEX_A710:
		return 1;
	default:
		return 0;
	}
}

static u64 host_wfxt(u32 midr)
{
	return getauxval(AT_HWCAP2) & HWCAP2_WFXT ? ID_AA64ISAR2_EL1_WFxT_IMP : 0;
}

static u64 host_unknown(u32 midr)
{
	return 0;
}

#define HIDDEN_FIELD(reg, field, fn)			\
	{						\
		.name	= #reg "." #field,		\
		.id	= SYS_##reg,			\
		.shift	= reg##_##field##_SHIFT,	\
		.host	= fn,				\
	}

static const struct hidden_field fields[] = {
	HIDDEN_FIELD(ID_AA64MMFR2_EL1, CCIDX, host_ccidx),
	HIDDEN_FIELD(ID_MMFR4_EL1, CCIDX, host_ccidx),
	HIDDEN_FIELD(ID_AA64ISAR2_EL1, WFxT, host_wfxt),
	HIDDEN_FIELD(ID_AA64MMFR3_EL1, S1POE, host_unknown),
};

static void guest_code(void)
{
	GUEST_SYNC(read_sysreg_s(SYS_ID_AA64MMFR2_EL1));
	GUEST_SYNC(read_sysreg_s(SYS_ID_MMFR4_EL1));
	GUEST_SYNC(read_sysreg_s(SYS_ID_AA64ISAR2_EL1));
	GUEST_SYNC(read_sysreg_s(SYS_ID_AA64MMFR3_EL1));
	GUEST_DONE();
}

static bool guest_reads(struct kvm_vcpu *vcpu, u64 val)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "Unexpected ucall %lu", uc.cmd);

	return uc.args[1] == val;
}

static bool has_aarch32(struct kvm_vcpu *vcpu)
{
	u64 pfr0 = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1));

	return FIELD_GET(ID_AA64PFR0_EL1_EL0, pfr0) == ID_AA64PFR0_EL1_EL0_AARCH32;
}

static void test_field(struct kvm_vcpu *vcpu, const struct hidden_field *f, u32 midr)
{
	u64 reg = KVM_ARM64_SYS_REG(f->id);
	u64 orig = vcpu_get_reg(vcpu, reg);
	u64 expected = f->host(midr);
	u64 val, accepted = 0;
	unsigned int count = 0;
	bool unchanged = true;

	if ((orig >> f->shift) & 0xf) {
		ksft_test_result_skip("%s is not hidden here\n", f->name);
		ksft_test_result_skip("%s is not hidden here\n", f->name);
		return;
	}

	/* RAZ/WI: all values are taken */
	if (f->id == SYS_ID_MMFR4_EL1 && !has_aarch32(vcpu)) {
		ksft_test_result_skip("%s without AArch32\n", f->name);
		ksft_test_result_skip("%s without AArch32\n", f->name);
		return;
	}

	for (val = 1; val < 16; val++) {
		if (!__vcpu_set_reg(vcpu, reg, orig | val << f->shift)) {
			accepted = val;
			count++;
		}
		unchanged &= vcpu_get_reg(vcpu, reg) == orig;
	}

	ksft_test_result(count <= 1 && unchanged,
			 "%s takes one value at most, and stays hidden\n", f->name);
	if (expected)
		ksft_test_result(accepted == expected, "%s=%lu is taken\n", f->name, expected);
	else if (accepted)
		ksft_test_result_pass("%s=%lu is taken\n", f->name, accepted);
	else
		ksft_test_result_skip("%s: not known what the host's is\n", f->name);
}

/* Up to 7.1 KVM did not know ATS1A, and showed FEAT_S1PIE and S1POE without */
static void test_without_ats1a(void)
{
	u64 isar2_reg = KVM_ARM64_SYS_REG(SYS_ID_AA64ISAR2_EL1);
	u64 mmfr3_reg = KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR3_EL1);
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	u64 isar2 = vcpu_get_reg(vcpu, isar2_reg);
	u64 mmfr3 = vcpu_get_reg(vcpu, mmfr3_reg);

	if (mmfr3 & (ID_AA64MMFR3_EL1_S1PIE | ID_AA64MMFR3_EL1_S1POE)) {
		vcpu_set_reg(vcpu, isar2_reg, isar2 & ~ID_AA64ISAR2_EL1_ATS1A);
		vcpu_set_reg(vcpu, mmfr3_reg, mmfr3);
		vcpu_run(vcpu);
		ksft_test_result(vcpu_get_reg(vcpu, mmfr3_reg) == mmfr3,
				 "ID_AA64MMFR3_EL1 stays as it is without ATS1A\n");
	} else {
		ksft_test_result_skip("the host has neither S1PIE nor S1POE\n");
	}
	kvm_vm_free(vm);
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	u64 val, ccidx;
	u32 midr;
	int i;

	test_disable_default_vgic();

	ksft_print_header();
	ksft_set_plan(2 * ARRAY_SIZE(fields) + ARRAY_SIZE(fields) + 2 + 1);

	vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	midr = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_MIDR_EL1));

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		test_field(vcpu, &fields[i], midr);

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		val = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(fields[i].id));
		ksft_test_result(guest_reads(vcpu, val), "the guest does not see %s\n",
				 fields[i].name);
	}

	/* A snapshot may be restored in place */
	val = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR2_EL1));
	ccidx = host_ccidx(midr) << ID_AA64MMFR2_EL1_CCIDX_SHIFT;
	if (ccidx)
		ksft_test_result(!__vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR2_EL1),
						 val | ccidx),
				 "the old value is taken once the VM has run\n");
	else
		ksft_test_result_skip("not known whether the host has FEAT_CCIDX\n");
	ksft_test_result(!__vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR2_EL1), val),
			 "the new value is taken once the VM has run\n");

	kvm_vm_free(vm);
	test_without_ats1a();
	ksft_finished();
}
