// SPDX-License-Identifier: GPL-2.0
/*
 * Test the ID registers of CP15 that have no AArch64 counterpart, or one that KVM
 * emulates in another place, as an AArch32 guest reads them.
 */
#include <signal.h>
#include <unistd.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "kselftest.h"

#define CODE_GPA	0x1000
#define MEM_SIZE	0x2000
/* There is no memory: a store to one of these ends the guest */
#define READ_GPA	0x0a000000UL
#define FAULT_GPA	(READ_GPA + 4)

/* The assembler of a 64-bit program does not know A32 instructions. */
#define MRC_P15(op1, crm, op2)	/* mrc p15, op1, r0, c0, crm, op2 */		\
	(0xee100f10U | (op1) << 21 | (op2) << 5 | (crm))
#define STR_READ		0xe58c0000U	/* str r0, [r12] */
#define STR_FAULT		0xe58c0004U	/* str r0, [r12, #4] */

enum outcome { READ, FAULT, HANG };

static const char * const outcome_names[] = { "a value", "an exception", "no end" };

/* The signal itself interrupts KVM_RUN of a guest that does not end. */
static void on_alarm(int sig)
{
}

/* Lets an AArch32 guest execute @insn, an MRC to r0. */
static enum outcome guest_reads(u32 insn, u32 *val, u64 *clidr)
{
	struct kvm_vm *vm = vm_create_barebones();
	enum outcome outcome = HANG;
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpu;
	u32 *mem;
	int ret;

	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, 0, 0,
				    vm_calc_num_guest_pages(vm->mode, MEM_SIZE), 0);
	mem = addr_gpa2hva(vm, 0);
	for (int i = 0; i < 8; i++)
		mem[i] = STR_FAULT;
	mem = addr_gpa2hva(vm, CODE_GPA);
	mem[0] = insn;
	mem[1] = STR_READ;

	vcpu = __vm_vcpu_add(vm, 0);
	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_EL1_32BIT);
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pc), CODE_GPA);
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.regs[12]), READ_GPA);
	*clidr = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_CLIDR_EL1));

	alarm(30);
	ret = __vcpu_run(vcpu);
	alarm(0);

	if (!ret) {
		TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_MMIO);
		outcome = vcpu->run->mmio.phys_addr == READ_GPA ? READ : FAULT;
	} else {
		TEST_ASSERT(errno == EINTR, KVM_IOCTL_ERROR(KVM_RUN, ret));
	}
	*val = vcpu_get_reg(vcpu, ARM64_CORE_REG(regs.regs[0]));
	kvm_vm_free(vm);

	return outcome;
}

static bool reads(u32 insn, u32 expected)
{
	enum outcome outcome;
	u64 clidr;
	u32 val;

	outcome = guest_reads(insn, &val, &clidr);
	if (outcome == READ && val == expected)
		return true;

	ksft_print_msg("%#x: %s, r0 %#x, expected %#x\n", insn, outcome_names[outcome], val,
		       expected);
	return false;
}

static void test_clidr(void)
{
	enum outcome outcome;
	u64 clidr;
	u32 val;

	outcome = guest_reads(MRC_P15(1, 0, 1), &val, &clidr);
	ksft_print_msg("CLIDR: %s, %#x; CLIDR_EL1 %#lx\n", outcome_names[outcome], val, clidr);
	ksft_test_result(outcome == READ && val && val == (u32)clidr,
			 "CLIDR is what CLIDR_EL1 is\n");
}

static void test_reserved(void)
{
	bool ok = true;

	for (int crm = 4; ok && crm < 8; crm++)
		for (int op2 = 0; ok && op2 < 8; op2++)
			ok = reads(MRC_P15(0, crm, op2), 0);

	ksft_test_result(ok, "reserved ID registers read as zero\n");
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	TEST_REQUIRE(kvm_has_cap(KVM_CAP_ARM_EL1_32BIT));
	TEST_ASSERT(!sigaction(SIGALRM, &sa, NULL), "sigaction");

	ksft_print_header();
	ksft_set_plan(4);

	test_clidr();
	ksft_test_result(reads(MRC_P15(0, 0, 2), 0), "TCMTR reads as zero\n");
	ksft_test_result(reads(MRC_P15(0, 0, 3), 0), "TLBTR reads as zero\n");
	test_reserved();

	ksft_finished();
}
