// SPDX-License-Identifier: GPL-2.0
/*
 * FEAT_IDST decides how a guest learns that a feature ID register which it
 * reads is not implemented: UNDEF without, EC 0x18 with. Check that KVM does
 * what ID_AA64MMFR2_EL1.IDS says, and that userspace can clear it.
 */
#include <sys/auxv.h>
#include <asm/cputype.h>
#include <asm/hwcap.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "kselftest.h"

#define MMFR2_REG	KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR2_EL1)

enum outcome { READ, UNDEF, SYS64 };

/* KVM has a say for the registers that the CPU implements: it traps those. */
static bool cpu_has_ccidx(void)
{
	u64 midr;

	asm("mrs %0, midr_el1" : "=r" (midr));
	if (MIDR_IMPLEMENTOR(midr) != ARM_CPU_IMP_ARM)
		return false;

	/* Not shown to userspace, but known from the manuals */
	switch (MIDR_PARTNUM(midr)) {
	case ARM_CPU_PART_NEOVERSE_V1:
	case ARM_CPU_PART_NEOVERSE_V2:
	case ARM_CPU_PART_NEOVERSE_N2:
	case ARM_CPU_PART_CORTEX_A710:
		return true;
	default:
		return false;
	}
}

static bool cpu_has_sme(void)
{
	return getauxval(AT_HWCAP2) & HWCAP2_SME;
}

static bool cpu_has_mte(void)
{
	return getauxval(AT_HWCAP2) & HWCAP2_MTE;
}

/* In the order that the guest reads them */
static const struct {
	const char	*name;
	bool		(*cpu_has)(void);
} regs[] = {
	{ "CCSIDR2_EL1",	cpu_has_ccidx },
	{ "SMIDR_EL1",		cpu_has_sme },
	{ "GMID_EL1",		cpu_has_mte },
};

static enum outcome outcome;

#define guest_read(r)						\
	({							\
		WRITE_ONCE(outcome, READ);			\
		dsb(sy);					\
		read_sysreg_s(SYS_ ## r);			\
		dsb(sy);					\
		GUEST_SYNC(READ_ONCE(outcome));			\
	})

static void guest_code(void)
{
	GUEST_SYNC(read_sysreg_s(SYS_ID_AA64MMFR2_EL1));
	guest_read(CCSIDR2_EL1);
	guest_read(SMIDR_EL1);
	guest_read(GMID_EL1);
	GUEST_DONE();
}

static void guest_sys64_handler(struct ex_regs *regs)
{
	WRITE_ONCE(outcome, SYS64);
	regs->pc += 4;
}

static void guest_undef_handler(struct ex_regs *regs)
{
	WRITE_ONCE(outcome, UNDEF);
	regs->pc += 4;
}

static u64 run_to_sync(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "Unexpected ucall %lu", uc.cmd);

	return uc.args[1];
}

/* This VM has no MTE, no SME, no CCIDX */
static struct kvm_vm *create_vm(struct kvm_vcpu **vcpu)
{
	struct kvm_vm *vm = vm_create_with_one_vcpu(vcpu, guest_code);

	vm_init_descriptor_tables(vm);
	vcpu_init_descriptor_tables(*vcpu);
	vm_install_sync_handler(vm, VECTOR_SYNC_CURRENT,
				ESR_ELx_EC_SYS64, guest_sys64_handler);
	vm_install_sync_handler(vm, VECTOR_SYNC_CURRENT,
				ESR_ELx_EC_UNKNOWN, guest_undef_handler);

	return vm;
}

static void check_guest(struct kvm_vcpu *vcpu, u64 mmfr2, const char *what)
{
	enum outcome expected = FIELD_GET(ID_AA64MMFR2_EL1_IDS, mmfr2) ? SYS64 : UNDEF;
	enum outcome got;
	u64 val;
	int i;

	val = run_to_sync(vcpu);
	ksft_test_result(val == mmfr2, "%s: guest reads %#lx\n", what, val);

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		got = run_to_sync(vcpu);
		if (got != expected && got == SYS64 && !regs[i].cpu_has())
			ksft_test_result_skip("%s: %s is reported by the CPU, not by KVM\n",
					      what, regs[i].name);
		else
			ksft_test_result(got == expected, "%s: %s gives %s\n", what,
					 regs[i].name, got == UNDEF ? "UNDEF" :
					 got == SYS64 ? "EC 0x18" : "a value");
	}
}

static void test_default(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create_vm(&vcpu);

	check_guest(vcpu, vcpu_get_reg(vcpu, MMFR2_REG), "default");
	kvm_vm_free(vm);
}

static void test_cleared(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create_vm(&vcpu);
	u64 orig = vcpu_get_reg(vcpu, MMFR2_REG);
	u64 val = orig & ~ID_AA64MMFR2_EL1_IDS;
	int ret;

	ret = __vcpu_set_reg(vcpu, MMFR2_REG, val);
	ksft_test_result(!ret && vcpu_get_reg(vcpu, MMFR2_REG) == val, "IDS can be cleared\n");

	check_guest(vcpu, val, "cleared");

	ret = __vcpu_set_reg(vcpu, MMFR2_REG, val);
	ksft_test_result(!ret, "IDS=0 can be rewritten once the VM has run\n");

	if (val == orig)
		ksft_test_result_skip("no FEAT_IDST to set\n");
	else
		ksft_test_result(__vcpu_set_reg(vcpu, MMFR2_REG, orig) && errno == EBUSY,
				 "IDS cannot be set once the VM has run\n");
	kvm_vm_free(vm);
}

static void test_raised(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create_vm(&vcpu);
	u64 val = vcpu_get_reg(vcpu, MMFR2_REG);

	val += BIT(ID_AA64MMFR2_EL1_IDS_SHIFT);
	ksft_test_result(__vcpu_set_reg(vcpu, MMFR2_REG, val) && errno == EINVAL,
			 "IDS cannot exceed the host's\n");
	kvm_vm_free(vm);
}

int main(void)
{
	test_disable_default_vgic();

	ksft_print_header();
	ksft_set_plan(2 * (1 + ARRAY_SIZE(regs)) + 4);

	test_default();
	test_cleared();
	test_raised();

	ksft_finished();
}
