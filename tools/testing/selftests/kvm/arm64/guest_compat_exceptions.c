// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_exceptions - How KVM injects exceptions: when the vCPU takes an
 * SError, ESR_EL1 of SErrors and of external aborts, and which accesses abort.
 */
#include "guest_compat.h"
#include "processor.h"

#define REG(name)	KVM_ARM64_SYS_REG(SYS_##name)
#define PC		ARM64_CORE_REG(regs.pc)
#define PSTATE		ARM64_CORE_REG(regs.pstate)
#define SERROR_VECTOR	0x380
#define SERROR_ISS	0x1234
#define BAD_ADDR	0x40000000ULL

/* The number of exceptions that the guest took, and the registers of the last one */
static u64 taken, taken_esr, taken_far;

static void note_handler(struct ex_regs *regs)
{
	WRITE_ONCE(taken, taken + 1);
	WRITE_ONCE(taken_esr, read_sysreg(esr_el1));
	WRITE_ONCE(taken_far, read_sysreg(far_el1));
}

static void skip_handler(struct ex_regs *regs)
{
	note_handler(regs);
	regs->pc += 4;
}

/* The guest takes exactly one SError: before its first instruction, or once unmasked. */
static void guest_takes_one(void)
{
	local_serror_enable();
	isb();
	local_serror_disable();
	GUEST_ASSERT_EQ(READ_ONCE(taken), 1);
	GUEST_DONE();
}

static struct kvm_vcpu *add_vcpu(struct kvm_vm *vm, u32 features, void *guest_code,
				 void (*abort_handler)(struct ex_regs *))
{
	struct kvm_vcpu *vcpu = compat_vcpu(vm, 0, features, guest_code);

	kvm_arch_vm_finalize_vcpus(vm);
	vm_init_descriptor_tables(vm);
	vcpu_init_descriptor_tables(vcpu);
	vm_install_exception_handler(vm, VECTOR_ERROR_CURRENT, note_handler);
	vm_install_sync_handler(vm, VECTOR_SYNC_CURRENT, ESR_ELx_EC_DABT_CUR, abort_handler);
	return vcpu;
}

static bool run_guest(struct kvm_vcpu *vcpu)
{
	bool ok = compat_guest_done(vcpu);

	sync_global_from_guest(vcpu->vm, taken_esr);
	sync_global_from_guest(vcpu->vm, taken_far);
	return ok;
}

static u64 get_esr(struct kvm_vcpu *vcpu)
{
	return vcpu_get_reg(vcpu, ctxt_reg_alias(vcpu, SYS_ESR_EL1));
}

/* Without RAS, the ISS of an SError is IMPLEMENTATION DEFINED. */
static bool has_ras(void)
{
	return kvm_has_cap(KVM_CAP_ARM_INJECT_SERROR_ESR);
}

static bool is_serror(u64 esr)
{
	bool ok = CHECK_EQ(ESR_ELx_EC(esr), ESR_ELx_EC_SERROR);

	if (has_ras())
		ok &= CHECK_EQ(esr & ESR_ELx_ISS_MASK, SERROR_ISS);
	return ok;
}

static void set_serror(struct kvm_vcpu *vcpu, bool masked)
{
	struct kvm_vcpu_events events = { .exception.serror_pending = 1 };
	u64 pstate = vcpu_get_reg(vcpu, PSTATE);

	vcpu_set_reg(vcpu, PSTATE, masked ? pstate | PSR_A_BIT : pstate & ~PSR_A_BIT);
	if (has_ras()) {
		events.exception.serror_has_esr = 1;
		events.exception.serror_esr = SERROR_ISS;
	}
	vcpu_events_set(vcpu, &events);
}

static bool check_serror(struct kvm_vcpu *vcpu, bool masked, bool rev)
{
	u64 vectors = vcpu_get_reg(vcpu, ctxt_reg_alias(vcpu, SYS_VBAR_EL1));
	u64 pc = vcpu_get_reg(vcpu, PC);
	struct kvm_vcpu_events events;
	bool pending = masked || !rev, ok = true;

	set_serror(vcpu, masked);
	vcpu_events_get(vcpu, &events);
	ok &= CHECK_EQ(events.exception.serror_pending, pending);
	if (pending && has_ras())
		ok &= CHECK_EQ(events.exception.serror_esr, SERROR_ISS);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, PC), pending ? pc : vectors + SERROR_VECTOR);
	ok &= CHECK_EQ(!!(vcpu_get_reg(vcpu, PSTATE) & PSR_A_BIT), masked || rev);
	if (!pending)
		ok &= is_serror(get_esr(vcpu));

	ok &= run_guest(vcpu);
	ok &= is_serror(taken_esr);
	vcpu_events_get(vcpu, &events);
	ok &= CHECK_EQ(events.exception.serror_pending, 0);
	ok &= CHECK_EQ(get_esr(vcpu), taken_esr);
	return ok;
}

static bool check_unmasked(struct kvm_vm *vm, bool rev)
{
	return check_serror(add_vcpu(vm, 0, guest_takes_one, note_handler), false, rev);
}

static bool test_unmasked(void)
{
	return compat_each("serror_pending", KVM_GUEST_COMPAT_6_17_V1, check_unmasked);
}

static bool check_masked(struct kvm_vm *vm, bool rev)
{
	return check_serror(add_vcpu(vm, 0, guest_takes_one, note_handler), true, rev);
}

static bool test_masked(void)
{
	return compat_each("serror_pending", KVM_GUEST_COMPAT_6_17_V1, check_masked);
}

static bool check_el2(struct kvm_vm *vm, bool rev)
{
	/* At baselines before nested virtualization, a VM has no EL2. */
	return !vm_check_cap(vm, KVM_CAP_ARM_EL2) ||
	       check_serror(add_vcpu(vm, BIT(KVM_ARM_VCPU_HAS_EL2), guest_takes_one,
				     note_handler), false, true);
}

static bool test_el2(void)
{
	if (!kvm_has_cap(KVM_CAP_ARM_EL2)) {
		compat_skip = "no EL2 for VMs";
		return true;
	}
	return compat_each("serror_pending", KVM_GUEST_COMPAT_6_17_V1, check_el2);
}

/* An injected exception changes these registers of a vCPU that has not run. */
static const u64 moved[] = {
	PC, PSTATE, ARM64_CORE_REG(spsr[0]), ARM64_CORE_REG(elr_el1), REG(ESR_EL1),
};

static bool check_moved(u32 from, u32 to)
{
	struct kvm_vm *vm[2] = { vm_create(1), vm_create(1) };
	struct kvm_vcpu_events events;
	struct kvm_vcpu *vcpu[2];
	bool ok = true;
	u32 i;

	for (i = 0; i < 2; i++) {
		compat_make_native(vm[i]);
		compat_set_named(vm[i], "serror_pending", i ? to : from);
		vcpu[i] = add_vcpu(vm[i], 0, guest_takes_one, note_handler);
	}

	set_serror(vcpu[0], false);
	vcpu_events_get(vcpu[0], &events);
	ok &= CHECK_EQ(events.exception.serror_pending, !from);
	for (i = 0; i < ARRAY_SIZE(moved); i++)
		vcpu_set_reg(vcpu[1], moved[i], vcpu_get_reg(vcpu[0], moved[i]));
	vcpu_events_set(vcpu[1], &events);
	vcpu_events_get(vcpu[1], &events);
	ok &= CHECK_EQ(events.exception.serror_pending, !from && !to);
	ok &= run_guest(vcpu[1]);
	ok &= is_serror(taken_esr);
	if (!ok)
		ksft_print_msg("from revision %u to %u\n", from, to);
	kvm_vm_free(vm[0]);
	kvm_vm_free(vm[1]);
	return ok;
}

static bool test_moved(void)
{
	if (!compat_highest("serror_pending"))
		return check_moved(0, 0);
	return check_moved(0, 0) & check_moved(0, 1) & check_moved(1, 0) & check_moved(1, 1);
}

static bool check_abort_il(struct kvm_vm *vm, bool rev)
{
	struct kvm_vcpu *vcpu = add_vcpu(vm, 0, guest_takes_one, note_handler);
	struct kvm_vcpu_events events = { .exception.ext_dabt_pending = 1 };
	u64 esr = (u64)ESR_ELx_EC_DABT_CUR << ESR_ELx_EC_SHIFT | ESR_ELx_FSC_EXTABT;
	bool ok = true;

	/* Before 7.2, IL was that of the last exit. This vCPU had no exit, so it is 0. */
	vcpu_events_set(vcpu, &events);
	ok &= CHECK_EQ(get_esr(vcpu), esr | (rev ? ESR_ELx_IL : 0));
	ok &= run_guest(vcpu);
	ok &= CHECK_EQ(taken_esr, esr | (rev ? ESR_ELx_IL : 0));

	/* The last exit was by a store, which has 32 bits. So IL is 1 at either revision. */
	vcpu_events_set(vcpu, &events);
	ok &= CHECK_EQ(get_esr(vcpu), esr | ESR_ELx_IL);
	return ok;
}

static bool test_abort_il(void)
{
	return compat_each("esr_il", KVM_GUEST_COMPAT_7_2_V1, check_abort_il);
}

static bool check_serror_il(struct kvm_vm *vm, bool rev)
{
	struct kvm_vcpu *vcpu;
	bool ok = true;

	/* With serror_pending 0, the hardware delivers the SError and sets IL itself. */
	compat_set_named(vm, "serror_pending", 1);
	vcpu = add_vcpu(vm, 0, guest_takes_one, note_handler);
	set_serror(vcpu, false);
	ok &= CHECK_EQ(!!(get_esr(vcpu) & ESR_ELx_IL), rev);
	ok &= run_guest(vcpu);
	ok &= CHECK_EQ(!!(taken_esr & ESR_ELx_IL), rev);
	return ok;
}

static bool test_serror_il(void)
{
	if (!compat_highest("serror_pending")) {
		compat_skip = "it is the hardware that takes it";
		return true;
	}
	return compat_each("esr_il", KVM_GUEST_COMPAT_7_2_V1, check_serror_il);
}

static void guest_loads(void)
{
	READ_ONCE(*(u64 *)BAD_ADDR);
	GUEST_ASSERT_EQ(READ_ONCE(taken), 1);
	GUEST_DONE();
}

/* The last-level table for BAD_ADDR is at an address without memory. */
static bool check_sea_level(struct kvm_vm *vm, bool rev)
{
	struct kvm_vcpu *vcpu = add_vcpu(vm, 0, guest_loads, skip_handler);
	bool ok = true;
	u64 *ptep;

	virt_map(vm, BAD_ADDR, BAD_ADDR, 1);
	ptep = virt_get_pte_hva_at_level(vm, BAD_ADDR, 2);
	*ptep &= ~GENMASK(47, 12);
	*ptep |= BIT(vm->pa_bits) - vm->page_size;

	ok &= run_guest(vcpu);
	ok &= CHECK_EQ(ESR_ELx_EC(taken_esr), ESR_ELx_EC_DABT_CUR);
	ok &= CHECK_EQ(taken_esr & ESR_ELx_FSC,
		       rev ? ESR_ELx_FSC_SEA_TTW(3) : ESR_ELx_FSC_EXTABT);
	ok &= CHECK_EQ(taken_far, BAD_ADDR);
	ok &= CHECK_EQ(get_esr(vcpu), taken_esr);
	return ok;
}

static bool test_sea_level(void)
{
	return compat_each("sea_level", KVM_GUEST_COMPAT_6_18_V1, check_sea_level);
}

/* The guest accesses this address in a VM of 36 bits. Its tables have addresses of 40 bits. */
#define FAR_IPA		BIT(36)
#define STORED		0x1234567890abcdefULL
#define LOADED		0xfedcba0987654321ULL

static u64 loaded;

static void return_handler(struct ex_regs *regs)
{
	note_handler(regs);
	regs->pc = regs->regs[30];
}

static void guest_far(u64 aborts)
{
	loaded = READ_ONCE(*(u64 *)BAD_ADDR);
	GUEST_ASSERT_EQ(READ_ONCE(taken), aborts);
	if (aborts) {
		GUEST_ASSERT_EQ(ESR_ELx_EC(READ_ONCE(taken_esr)), ESR_ELx_EC_DABT_CUR);
		GUEST_ASSERT_EQ(READ_ONCE(taken_esr) & ESR_ELx_FSC, ESR_ELx_FSC_EXTABT);
	} else {
		GUEST_ASSERT_EQ(loaded, LOADED);
	}
	WRITE_ONCE(*(u64 *)(BAD_ADDR + 8), STORED);
	GUEST_ASSERT_EQ(READ_ONCE(taken), 2 * aborts);

	((void (*)(void))BAD_ADDR)();
	GUEST_ASSERT_EQ(READ_ONCE(taken), 2 * aborts + 1);
	GUEST_ASSERT_EQ(ESR_ELx_EC(READ_ONCE(taken_esr)), ESR_ELx_EC_IABT_CUR);
	GUEST_ASSERT_EQ(READ_ONCE(taken_esr) & ESR_ELx_FSC, ESR_ELx_FSC_EXTABT);
	GUEST_DONE();
}

static bool check_mmio(struct kvm_vcpu *vcpu, u64 addr, bool is_write)
{
	struct kvm_run *run = vcpu->run;
	u64 data = LOADED;
	bool ok = true;

	vcpu_run(vcpu);
	ok &= CHECK_EQ(run->exit_reason, KVM_EXIT_MMIO);
	ok &= CHECK_EQ(run->mmio.phys_addr, addr);
	ok &= CHECK_EQ(run->mmio.len, 8);
	ok &= CHECK_EQ(run->mmio.is_write, is_write);
	if (is_write)
		ok &= CHECK_EQ(memcmp(run->mmio.data, &(u64){ STORED }, 8), 0);
	else
		memcpy(run->mmio.data, &data, 8);
	return ok;
}

static bool check_ipa_range(struct kvm_vm *any, bool rev)
{
	struct kvm_vm *vm = __vm_create(VM_SHAPE(VM_MODE_P36V48_4K), 1, 0);
	struct compat_vector v;
	struct kvm_vcpu *vcpu;
	bool ok = true;
	u64 *ptep, tcr;

	compat_list(any, &v);
	TEST_ASSERT(!compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v), "KVM_GUEST_COMPAT_LOAD");
	vcpu = add_vcpu(vm, 0, guest_far, skip_handler);
	vm_install_sync_handler(vm, VECTOR_SYNC_CURRENT, ESR_ELx_EC_IABT_CUR, return_handler);
	tcr = vcpu_get_reg(vcpu, ctxt_reg_alias(vcpu, SYS_TCR_EL1)) & ~TCR_IPS_MASK;
	vcpu_set_reg(vcpu, ctxt_reg_alias(vcpu, SYS_TCR_EL1), tcr | TCR_IPS_40_BITS);
	virt_map(vm, BAD_ADDR, BAD_ADDR, 1);
	ptep = virt_get_pte_hva(vm, BAD_ADDR);
	*ptep = (*ptep & ~GENMASK(47, 12)) | FAR_IPA;

	vcpu_args_set(vcpu, 1, (u64)rev);
	if (!rev)
		ok &= check_mmio(vcpu, FAR_IPA, false) & check_mmio(vcpu, FAR_IPA + 8, true);
	ok &= run_guest(vcpu);
	kvm_vm_free(vm);
	return ok;
}

static bool test_ipa_range(void)
{
	u32 ipa4k, ipa16k, ipa64k;

	/* In protected mode each VM has the largest IPA size. No address is beyond it. */
	if (compat_protected_mode()) {
		compat_skip = "no smaller VMs in protected mode";
		return true;
	}

	aarch64_get_supported_page_sizes(kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE), &ipa4k, &ipa16k,
					 &ipa64k);
	if (ipa4k < 40) {
		compat_skip = "no VMs of 40 bits with pages of 4 KiB";
		return true;
	}
	return compat_each("ipa_range", KVM_GUEST_COMPAT_6_1_V1, check_ipa_range);
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "serror_pending: an SError that the guest does not mask", test_unmasked },
		{ "serror_pending: an SError that the guest masks", test_masked },
		{ "serror_pending: saved at one revision, restored at the other", test_moved },
		{ "serror_pending: a vCPU with EL2 takes it at once", test_el2 },
		{ "esr_il: of an external abort", test_abort_il },
		{ "esr_il: of an SError", test_serror_il },
		{ "sea_level: every baseline and revision", test_sea_level },
		{ "ipa_range: every baseline and revision", test_ipa_range },
	};

	compat_run(tests, ARRAY_SIZE(tests));
}
