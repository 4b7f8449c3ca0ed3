// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_traps - The registers that KVM traps at each baseline, and what a guest
 * gets of them: ID registers of the implementation, ID registers that the VM does not
 * have, debug registers, the OS Lock, and registers of AArch32 guests.
 */
#include <sys/auxv.h>

#include <asm/hwcap.h>

#include "bare_vm.h"
#include "guest_compat.h"
#include "processor.h"

#define REG(name)	KVM_ARM64_SYS_REG(SYS_##name)
#define SYS_DBGBVR0_EL1	sys_reg(2, 0, 0, 0, 4)
/* If KVM traps each read, these cause more exits than anything else in the same time. */
#define READS		500

/* The result of READS reads of a register by the guest */
struct seen {
	enum { READ, UNDEF, SYS64 } outcome;
	u64 val;
	bool trapped;		/* KVM trapped each read */
};

static u64 outcome;

static void undef_handler(struct ex_regs *regs)
{
	WRITE_ONCE(outcome, UNDEF);
	regs->pc += 4;
}

static void sys64_handler(struct ex_regs *regs)
{
	WRITE_ONCE(outcome, SYS64);
	regs->pc += 4;
}

#define GUEST_READS(name)						\
({									\
	u64 __val;							\
	int __i;							\
									\
	for (__i = 0; __i < READS; __i++) {				\
		WRITE_ONCE(outcome, READ);				\
		__val = read_sysreg_s(SYS_##name);			\
	}								\
	GUEST_SYNC_ARGS(0, READ_ONCE(outcome), __val, 0, 0);		\
})

enum { REVIDR, AIDR, SMIDR, GMID, CCSIDR2, NR_IDS };

static void guest_reads_ids(void)
{
	GUEST_READS(REVIDR_EL1);
	GUEST_READS(AIDR_EL1);
	GUEST_READS(SMIDR_EL1);
	GUEST_READS(GMID_EL1);
	GUEST_READS(CCSIDR2_EL1);
}

static struct kvm_vcpu *add_vcpu(struct kvm_vm *vm, u32 features, void *guest_code)
{
	struct kvm_vcpu *vcpu = compat_vcpu(vm, 0, features, guest_code);

	kvm_arch_vm_finalize_vcpus(vm);
	vm_init_descriptor_tables(vm);
	vcpu_init_descriptor_tables(vcpu);
	vm_install_sync_handler(vm, VECTOR_SYNC_CURRENT, ESR_ELx_EC_UNKNOWN, undef_handler);
	vm_install_sync_handler(vm, VECTOR_SYNC_CURRENT, ESR_ELx_EC_SYS64, sys64_handler);
	return vcpu;
}

static void read_ids(struct kvm_vcpu *vcpu, struct seen *seen)
{
	struct ucall uc;
	u64 exits;
	u32 i;

	for (i = 0; i < NR_IDS; i++) {
		exits = vcpu_get_stat(vcpu, exits);
		vcpu_run(vcpu);
		TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "ucall %lu", (unsigned long)uc.cmd);
		seen[i].outcome = uc.args[2];
		seen[i].val = uc.args[3];
		seen[i].trapped = vcpu_get_stat(vcpu, exits) - exits >= READS;
	}
}

static bool has_sme(void)
{
	return getauxval(AT_HWCAP2) & HWCAP2_SME;
}

static bool check_imp_ids(struct kvm_vcpu *vcpu, bool rev)
{
	struct seen seen[NR_IDS];
	bool ok = true;
	u64 smidr;

	read_ids(vcpu, seen);
	ok &= CHECK_EQ(seen[REVIDR].trapped, rev);
	ok &= CHECK_EQ(seen[REVIDR].outcome, READ);
	ok &= CHECK_EQ(seen[REVIDR].val, vcpu_get_reg(vcpu, REG(REVIDR_EL1)));
	ok &= CHECK_EQ(seen[AIDR].trapped, rev);
	ok &= CHECK_EQ(seen[AIDR].outcome, READ);
	ok &= CHECK_EQ(seen[AIDR].val, vcpu_get_reg(vcpu, REG(AIDR_EL1)));
	/* If the host's kernel does not know SME, the CPU may have it nevertheless. */
	if (has_sme() || rev)
		ok &= CHECK_EQ(seen[SMIDR].outcome == READ, !rev);
	if (has_sme())
		ok &= CHECK_EQ(seen[SMIDR].trapped, rev);
	ok &= CHECK_EQ(compat_get_reg(vcpu, REG(SMIDR_EL1), &smidr), -ENOENT);
	return ok;
}

static bool check_imp_id_traps(struct kvm_vm *vm, bool rev)
{
	return check_imp_ids(add_vcpu(vm, 0, guest_reads_ids), rev);
}

static bool test_imp_id_traps(void)
{
	return compat_each("imp_id_traps", KVM_GUEST_COMPAT_6_16_V1, check_imp_id_traps);
}

/* If the registers can be written, the guest must read what userspace wrote. */
static bool check_writable(struct kvm_vm *vm, bool rev)
{
	struct kvm_vcpu *vcpu;
	bool ok = true;

	vm_enable_cap(vm, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, 0);
	vcpu = add_vcpu(vm, 0, guest_reads_ids);
	ok &= CHECK_EQ(compat_set_reg(vcpu, REG(REVIDR_EL1), 0x1234), 0);
	ok &= CHECK_EQ(compat_set_reg(vcpu, REG(AIDR_EL1), 0x5678), 0);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, REG(REVIDR_EL1)), 0x1234);
	ok &= check_imp_ids(vcpu, true);
	return ok;
}

static bool test_writable(void)
{
	if (!kvm_has_cap(KVM_CAP_ARM_WRITABLE_IMP_ID_REGS)) {
		compat_skip = "no KVM_CAP_ARM_WRITABLE_IMP_ID_REGS";
		return true;
	}
	return compat_each("imp_id_traps", KVM_GUEST_COMPAT_6_16_V1, check_writable);
}

static bool check_el2(struct kvm_vm *vm, bool rev)
{
	/* At baselines before nested virtualization, a VM has no EL2. */
	return !vm_check_cap(vm, KVM_CAP_ARM_EL2) ||
	       check_imp_ids(add_vcpu(vm, BIT(KVM_ARM_VCPU_HAS_EL2), guest_reads_ids), true);
}

static bool test_el2(void)
{
	if (!kvm_has_cap(KVM_CAP_ARM_EL2)) {
		compat_skip = "no EL2 for VMs";
		return true;
	}
	return compat_each("imp_id_traps", KVM_GUEST_COMPAT_6_16_V1, check_el2);
}

static bool has_mte(void)
{
	return getauxval(AT_HWCAP2) & HWCAP2_MTE;
}

/* If the CPU lacks a register, the CPU itself gives the exception, and KVM has no part in it. */
static bool check_idst(struct kvm_vm *vm, bool rev)
{
	struct kvm_vcpu *vcpu;
	struct seen seen[NR_IDS];
	bool ids, ok = true;
	u32 i, trapped = 0;

	compat_set_named(vm, "imp_id_traps", compat_highest("imp_id_traps"));
	/* With cache_geometry 0, the VM could have CCSIDR2_EL1. */
	compat_set_named(vm, "cache_geometry", 1);
	vcpu = add_vcpu(vm, 0, guest_reads_ids);
	ids = vcpu_get_reg(vcpu, REG(ID_AA64MMFR2_EL1)) & ID_AA64MMFR2_EL1_IDS;
	read_ids(vcpu, seen);
	for (i = SMIDR; i < NR_IDS; i++) {
		if (!seen[i].trapped)
			continue;
		trapped++;
		ok &= CHECK_EQ(seen[i].outcome, rev && ids ? SYS64 : UNDEF);
	}
	if (has_sme())
		ok &= CHECK_EQ(seen[SMIDR].trapped, compat_highest("imp_id_traps"));
	if (has_mte()) {
		ok &= CHECK_EQ(seen[GMID].trapped, rev);
		ok &= CHECK_EQ(seen[GMID].outcome == READ, !rev);
	}
	if (!ids)
		compat_skip = "no FEAT_IDST";
	else if (!trapped)
		compat_skip = "no ID register that the CPU has and the VM has not";
	return ok;
}

static bool test_idst(void)
{
	return compat_each("idst", KVM_GUEST_COMPAT_7_0_V1, check_idst);
}

/*
 * KVM does not know OSDTRTX_EL1, so the register is UNDEFINED until KVM gives the
 * guest the hardware's debug registers. Returns whether it was UNDEFINED after each of
 * 100 accesses. KVM takes the debug registers back when the vCPU is scheduled out, hence
 * several tries, and when KVM_RUN returns, hence a KVM_RUN for each kind of access.
 */
#define OSDTRTX_UNDEF(access)						\
({									\
	bool __undef = true;						\
	int __i;							\
									\
	for (__i = 0; __i < 100 && __undef; __i++) {			\
		access;							\
		WRITE_ONCE(outcome, READ);				\
		read_sysreg_s(SYS_OSDTRTX_EL1);				\
		__undef = READ_ONCE(outcome) == UNDEF;			\
	}								\
	__undef;							\
})

static void guest_debug(void)
{
	GUEST_SYNC(OSDTRTX_UNDEF((void)0));
	GUEST_SYNC(OSDTRTX_UNDEF(read_sysreg_s(SYS_DBGBVR0_EL1)));
	GUEST_SYNC(OSDTRTX_UNDEF(read_sysreg(mdscr_el1)));
	GUEST_SYNC(OSDTRTX_UNDEF(write_sysreg_s(0x1230, SYS_DBGBVR0_EL1)));
	GUEST_SYNC(OSDTRTX_UNDEF(write_sysreg(0, mdscr_el1)));
	GUEST_SYNC(OSDTRTX_UNDEF((void)0));
}

static bool check_debug_reads(struct kvm_vm *vm, bool rev)
{
	struct kvm_vcpu *vcpu = add_vcpu(vm, 0, guest_debug);
	const bool undef[] = { true, !rev, !rev, false, false, true };
	struct ucall uc;
	bool ok = true;
	u64 osdtrtx;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(undef); i++) {
		vcpu_run(vcpu);
		ok &= CHECK_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
		ok &= CHECK(uc.args[1] == undef[i], "access %u: OSDTRTX_EL1 %s", i,
			    undef[i] ? "is the hardware's" : "is UNDEFINED");
	}
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, REG(DBGBVR0_EL1)), 0x1230);
	ok &= CHECK_EQ(compat_get_reg(vcpu, REG(OSDTRTX_EL1), &osdtrtx), -ENOENT);
	return ok;
}

static bool test_debug_reads(void)
{
	return compat_each("debug_reads", KVM_GUEST_COMPAT_6_16_V1, check_debug_reads);
}

#define OSLM		OSLSR_EL1_OSLM_IMPLEMENTED
#define LOCKED		(OSLM | OSLSR_EL1_OSLK)

static u64 breakpoints;

static void breakpoint_handler(struct ex_regs *regs)
{
	WRITE_ONCE(breakpoints, breakpoints + 1);
	write_sysreg_s(0, SYS_DBGBCRn_EL1(0));
	isb();
}

/* Returns whether the guest takes the exception of a breakpoint. */
static bool breakpoint_taken(void)
{
	WRITE_ONCE(breakpoints, 0);
	/* The breakpoint is enabled at EL1, for all four bytes of the instruction. */
	write_sysreg_s(0x1e3, SYS_DBGBCRn_EL1(0));
	write_sysreg(read_sysreg(mdscr_el1) | MDSCR_EL1_MDE | MDSCR_EL1_KDE, mdscr_el1);
	asm volatile("adr	x0, 1f\n"
		     "msr	dbgbvr0_el1, x0\n"
		     "isb\n"
		     "msr	daifclr, #8\n"
		     "1: nop\n"
		     "msr	daifset, #8\n"
		     : : : "x0", "memory");
	write_sysreg(0, mdscr_el1);
	isb();
	return READ_ONCE(breakpoints);
}

#define SET_OSLAR(val)							\
({									\
	write_sysreg(val, oslar_el1);					\
	isb();								\
	read_sysreg(oslsr_el1);						\
})

static void guest_os_lock(void)
{
	GUEST_SYNC(read_sysreg(oslsr_el1));
	GUEST_SYNC(SET_OSLAR(1));
	GUEST_SYNC(breakpoint_taken());
	GUEST_SYNC(SET_OSLAR(0));
	GUEST_SYNC(breakpoint_taken());
	GUEST_SYNC(SET_OSLAR(1));
}

static bool check_syncs(struct kvm_vcpu *vcpu, const u64 *want, u32 nr)
{
	struct ucall uc;
	bool ok = true;
	u32 i;

	for (i = 0; i < nr; i++) {
		vcpu_run(vcpu);
		ok &= CHECK_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
		ok &= CHECK(uc.args[1] == want[i], "step %u: %lx, not %lx", i,
			    (unsigned long)uc.args[1], (unsigned long)want[i]);
	}
	return ok;
}

static bool check_os_lock(struct kvm_vm *vm, bool rev)
{
	const u64 want[] = { OSLM, rev ? LOCKED : OSLM, !rev, OSLM, true, rev ? LOCKED : OSLM };
	struct kvm_vcpu *vcpu = add_vcpu(vm, 0, guest_os_lock);
	struct kvm_vcpu_init init = vcpu->init;
	bool ok = true;

	vm_install_sync_handler(vm, VECTOR_SYNC_CURRENT, ESR_ELx_EC_BREAKPT_CUR,
				breakpoint_handler);
	ok &= check_syncs(vcpu, want, ARRAY_SIZE(want));
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, REG(OSLSR_EL1)), rev ? LOCKED : OSLM);
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, REG(OSLSR_EL1)), OSLM);
	return ok;
}

static bool test_os_lock(void)
{
	return compat_each("os_lock", KVM_GUEST_COMPAT_6_1_V1, check_os_lock);
}

/* The OS Lock was taken before the restore: it is still taken, and the guest can release it. */
static bool check_restored_lock(struct kvm_vm *vm, bool rev)
{
	const u64 want[] = { LOCKED, LOCKED, false, OSLM, true, rev ? LOCKED : OSLM };
	struct kvm_vcpu *vcpu = add_vcpu(vm, 0, guest_os_lock);
	bool ok = true;

	vm_install_sync_handler(vm, VECTOR_SYNC_CURRENT, ESR_ELx_EC_BREAKPT_CUR,
				breakpoint_handler);
	ok &= CHECK_EQ(compat_set_reg(vcpu, REG(OSLSR_EL1), LOCKED), 0);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, REG(OSLSR_EL1)), LOCKED);
	ok &= CHECK_EQ(compat_set_reg(vcpu, REG(OSLSR_EL1), 0), -EINVAL);
	return ok & check_syncs(vcpu, want, ARRAY_SIZE(want));
}

static bool test_restored_lock(void)
{
	return compat_each("os_lock", KVM_GUEST_COMPAT_6_1_V1, check_restored_lock);
}

/*
 * The code of AArch32 guests is at an address that the library does not use. r12 is an
 * address without memory: a guest stores to it at its end (STOP32), and behind it after
 * an exception (CRASH32).
 */
#define CODE32		0x1000
#define STOP32		0x0a000000ULL
#define CRASH32		(STOP32 + 8)

/* MCR writes r0 to a register, MRC reads it to r0. */
#define MCR(cp, op1, crn, crm, op2)					\
	(0xee000010 | (op1) << 21 | (crn) << 16 | (cp) << 8 | (op2) << 5 | (crm))
#define MRC(cp, op1, crn, crm, op2)	(MCR(cp, op1, crn, crm, op2) | BIT(20))

static bool has_aarch32(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = compat_vm(COMPAT_NATIVE, 0, NULL, &vcpu);
	bool el0 = compat_has_aarch32(vcpu);

	kvm_vm_free(vm);
	if (el0 && kvm_has_cap(KVM_CAP_ARM_EL1_32BIT))
		return true;
	compat_skip = "no AArch32 guests";
	return false;
}

static struct kvm_vcpu *add_vcpu32(struct kvm_vm *vm)
{
	struct kvm_vcpu *vcpu = __vm_vcpu_add(vm, 0);
	u32 *vectors = addr_gpa2hva(vm, 0);
	struct kvm_vcpu_init init;
	u32 i;

	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] &= ~BIT(KVM_ARM_VCPU_HAS_EL2);
	init.features[0] |= BIT(KVM_ARM_VCPU_EL1_32BIT);
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	kvm_arch_vm_finalize_vcpus(vm);
	for (i = 0; i < 8; i++)
		vectors[i] = 0xe58cc008;		/* str r12, [r12, #8] */
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.regs[12]), STOP32);
	return vcpu;
}

/* Must be called before the guest runs, which may not see instructions that are written later. */
static void put_reads32(struct kvm_vm *vm, const u32 *mrc, u32 nr)
{
	u32 i, *insn = addr_gpa2hva(vm, CODE32);

	for (i = 0; i < nr; i++) {
		*insn++ = mrc[i];
		*insn++ = 0xe2522001;			/* subs r2, r2, #1 */
		*insn++ = 0x1afffffc;			/* bne to the mrc */
		*insn++ = 0xe58c0000;			/* str r0, [r12] */
	}
}

static struct seen read32(struct kvm_vcpu *vcpu, u32 n)
{
	struct kvm_run *run = vcpu->run;
	u64 exits = vcpu_get_stat(vcpu, exits);
	struct seen seen = {};

	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.regs[2]), READS);
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pc), CODE32 + n * 16);
	vcpu_run(vcpu);
	TEST_ASSERT(run->exit_reason == KVM_EXIT_MMIO && (run->mmio.phys_addr == STOP32 ||
							  run->mmio.phys_addr == CRASH32),
		    "exit %u (%s)", run->exit_reason, exit_reason_str(run->exit_reason));
	if (run->mmio.phys_addr == CRASH32)
		seen.outcome = UNDEF;
	seen.trapped = vcpu_get_stat(vcpu, exits) - exits >= READS;
	seen.val = vcpu_get_reg(vcpu, ARM64_CORE_REG(regs.regs[0]));

	vcpu_finish_store(vcpu);
	return seen;
}

/* Sets r0 to @val, then executes instruction @n as read32() does. */
static struct seen write32(struct kvm_vcpu *vcpu, u32 n, u64 val)
{
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.regs[0]), val);
	return read32(vcpu, n);
}

static bool check_tcmtr(struct kvm_vm *vm, bool rev)
{
	static const u32 mrc[] = { MRC(15, 0, 0, 0, 2), MRC(15, 0, 0, 0, 3) };	/* TCMTR, TLBTR */
	struct kvm_vcpu *vcpu = add_vcpu32(vm);
	bool ok = true;
	u32 i;

	put_reads32(vm, mrc, ARRAY_SIZE(mrc));
	for (i = 0; i < ARRAY_SIZE(mrc); i++) {
		struct seen seen = read32(vcpu, i);

		ok &= CHECK_EQ(seen.outcome, READ);
		ok &= CHECK_EQ(seen.trapped, rev);
		if (rev)
			ok &= CHECK_EQ(seen.val, 0);
	}
	return ok;
}

static bool test_tcmtr(void)
{
	return !has_aarch32() || compat_each("imp_id_traps", KVM_GUEST_COMPAT_6_16_V1, check_tcmtr);
}

/* Returns a field of an ID register. */
static u64 field(u64 val, u32 shift)
{
	return val >> shift & 0xf;
}

/* ID_PFR0 to ID_ISAR6 */
#define NR_IDS32	16
#define DFR0		2

static bool check_aarch32_ids(struct kvm_vm *vm, bool rev)
{
	struct kvm_vcpu *vcpu = add_vcpu32(vm);
	u32 i, mrc[NR_IDS32];
	bool ok = true;

	for (i = 0; i < NR_IDS32; i++)
		mrc[i] = MRC(15, 0, 0, 1 + i / 8, i % 8);
	put_reads32(vm, mrc, NR_IDS32);
	for (i = 0; i < NR_IDS32; i++) {
		u64 id = KVM_ARM64_SYS_REG(sys_reg(3, 0, 0, 1 + i / 8, i % 8));
		struct seen seen = read32(vcpu, i);

		ok &= CHECK_EQ(seen.outcome, READ);
		ok &= CHECK_EQ(seen.trapped, rev);
		if (rev)
			ok &= CHECK_EQ(seen.val, vcpu_get_reg(vcpu, id));
		/* The VM has no PMU, but this is the register of the hardware, which has one. */
		else if (i == DFR0 && kvm_has_cap(KVM_CAP_ARM_PMU_V3))
			ok &= CHECK(field(seen.val, 24) >= 3, "ID_DFR0 is %lx",
				    (unsigned long)seen.val);
	}
	return ok;
}

static bool test_aarch32_ids(void)
{
	return !has_aarch32() || compat_each("aarch32_id_traps", KVM_GUEST_COMPAT_6_1_V1,
				      check_aarch32_ids);
}

static bool check_dbgdidr(struct kvm_vm *vm, bool rev)
{
	static const u32 mrc = MRC(14, 0, 0, 0, 0);
	struct kvm_vcpu *vcpu = add_vcpu32(vm);
	u64 dfr = vcpu_get_reg(vcpu, REG(ID_AA64DFR0_EL1));
	struct seen seen;
	bool ok = true;

	put_reads32(vm, &mrc, 1);
	seen = read32(vcpu, 0);
	ok &= CHECK_EQ(seen.outcome, READ);
	ok &= CHECK_EQ(field(seen.val, 28), field(dfr, 20));	/* watchpoints */
	ok &= CHECK_EQ(field(seen.val, 24), field(dfr, 12));	/* breakpoints */
	ok &= CHECK_EQ(field(seen.val, 20), field(dfr, 28));	/* context-aware breakpoints */
	ok &= CHECK_EQ(field(seen.val, 16), rev ? field(dfr, 0) : 6);	/* version */
	ok &= CHECK_EQ(seen.val >> 15 & 1, rev);
	return ok;
}

static bool test_dbgdidr(void)
{
	return !has_aarch32() || compat_each("dbgdidr", KVM_GUEST_COMPAT_5_15_V1, check_dbgdidr);
}

#define OSLAR_KEY	0xc5acce55

/* DBGOSLAR, DBGOSLSR */
static bool check_os_lock32(struct kvm_vm *vm, bool rev)
{
	static const u32 insn[] = { MCR(14, 0, 1, 0, 4), MRC(14, 0, 1, 1, 4) };
	struct kvm_vcpu *vcpu = add_vcpu32(vm);
	bool ok = true;

	put_reads32(vm, insn, ARRAY_SIZE(insn));
	ok &= CHECK_EQ(read32(vcpu, 1).val, OSLM);
	ok &= CHECK_EQ(write32(vcpu, 0, OSLAR_KEY).outcome, READ);
	ok &= CHECK_EQ(read32(vcpu, 1).val, rev ? LOCKED : OSLM);
	ok &= CHECK_EQ(write32(vcpu, 0, 0).outcome, READ);
	ok &= CHECK_EQ(read32(vcpu, 1).val, OSLM);
	return ok;
}

static bool test_os_lock32(void)
{
	return !has_aarch32() || compat_each("os_lock", KVM_GUEST_COMPAT_6_1_V1, check_os_lock32);
}

#define CCSIDR(csselr)	(KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX |		\
			 KVM_REG_ARM_DEMUX_ID_CCSIDR | (csselr))
#define NR_CSSELR	14
#define SETS_AND_WAYS	GENMASK(27, 3)

/*
 * Up to 6.2, CCSIDR of a data cache had one set and one way, whatever userspace wrote.
 * No release had CCSIDR2. If CPUs differ, KVM makes up the caches, and lists all.
 */
static bool check_caches32(struct kvm_vm *vm, bool rev)
{
	static const u32 insn[] = {
		MCR(15, 2, 0, 0, 0), MRC(15, 2, 0, 0, 0),	/* CSSELR */
		MRC(15, 1, 0, 0, 0), MRC(15, 1, 0, 0, 2),	/* CCSIDR, CCSIDR2 */
	};
	struct kvm_vcpu *vcpu = add_vcpu32(vm);
	struct kvm_reg_list *list = vcpu_get_reg_list(vcpu);
	bool one = !compat_listed(list, CCSIDR(NR_CSSELR - 1)), ok = true;
	u32 c, val;

	ok &= CHECK(!(one && rev), "not all caches are listed");
	put_reads32(vm, insn, ARRAY_SIZE(insn));
	for (c = 0; c < NR_CSSELR; c++) {
		u64 want = c % 2 || !one ? ~0U : ~(u32)SETS_AND_WAYS;

		if (!compat_listed(list, CCSIDR(c)))
			continue;
		TEST_ASSERT(!__vcpu_get_reg(vcpu, CCSIDR(c), &val), "CCSIDR %u", c);
		write32(vcpu, 0, c);
		ok &= CHECK_EQ(read32(vcpu, 1).val, c);
		ok &= CHECK_EQ(read32(vcpu, 2).val, val & want);
		ok &= CHECK_EQ(read32(vcpu, 3).outcome, UNDEF);

		/* VMMs write back the value that they read. */
		vcpu_ioctl(vcpu, KVM_SET_ONE_REG, &((struct kvm_one_reg){
			.id = CCSIDR(c), .addr = (u64)&val,
		}));
		ok &= CHECK_EQ(read32(vcpu, 2).val, val & want);
	}
	/* Up to 6.2, the guest had the hardware's CSSELR. */
	write32(vcpu, 0, 0x5a5a5a0a);
	ok &= CHECK_EQ(read32(vcpu, 1).val, one ? 0xa : 0x5a5a5a0a);
	free(list);
	return ok;
}

static bool test_caches32(void)
{
	return !has_aarch32() || compat_each("cache_geometry", KVM_GUEST_COMPAT_6_6_V1,
					     check_caches32);
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "imp_id_traps: SMIDR_EL1 of an AArch64 guest", test_imp_id_traps },
		{ "imp_id_traps: TCMTR and TLBTR of an AArch32 guest", test_tcmtr },
		{ "imp_id_traps: KVM traps if userspace can write MIDR_EL1", test_writable },
		{ "imp_id_traps: KVM traps in a VM with EL2", test_el2 },
		{ "idst: every baseline and revision", test_idst },
		{ "debug_reads: every baseline and revision", test_debug_reads },
		{ "aarch32_id_traps: every baseline and revision", test_aarch32_ids },
		{ "dbgdidr: every baseline and revision", test_dbgdidr },
		{ "os_lock: an AArch64 guest takes it", test_os_lock },
		{ "os_lock: an AArch64 guest has it after a restore", test_restored_lock },
		{ "os_lock: an AArch32 guest takes it", test_os_lock32 },
		{ "cache_geometry: CCSIDR and CCSIDR2 of an AArch32 guest", test_caches32 },
	};

	compat_run(tests, ARRAY_SIZE(tests));
}
