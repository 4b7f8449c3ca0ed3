/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest of vmm_sequences, and the registers that it reports */
#ifndef SELFTEST_KVM_VMM_GUEST_CODE_H
#define SELFTEST_KVM_VMM_GUEST_CODE_H

#include "guest_asm.h"

/* The guest exits by a store to this address, which has no memory. */
#define GUEST_EXIT	0x10000000ULL

/* When the guest exits, X<x> has the value of the register or call. */
static const struct { u8 x; const char *name; } views[] = {
	{ 4, "CNTPCT_EL0" }, { 5, "CNTVCT_EL0" }, { 6, "CLIDR_EL1" }, { 7, "CTR_EL0" },
	{ 8, "MIDR_EL1" }, { 9, "MPIDR_EL1" }, { 10, "ID_AA64PFR0_EL1" },
	{ 11, "ID_AA64PFR1_EL1" }, { 12, "ID_AA64DFR0_EL1" }, { 13, "ID_AA64ISAR0_EL1" },
	{ 14, "ID_AA64ISAR1_EL1" }, { 15, "ID_AA64ISAR2_EL1" }, { 16, "ID_AA64MMFR0_EL1" },
	{ 17, "ID_AA64MMFR1_EL1" }, { 18, "ID_AA64MMFR2_EL1" }, { 19, "PSCI_VERSION" },
	{ 20, "SMCCC_VERSION" }, { 21, "PSCI_FEATURES" }, { 22, "TRNG_VERSION" },
	{ 24, "CPU_ON" },
};

#define HVC(nr, x)								\
	"	ldr	w0, =" #nr "\n"						\
	"	ldr	w1, =0x84000012\n"					\
	"	hvc	#0\n"							\
	"	mov	" #x ", x0\n"

/*
 * The guest runs with the MMU off, as a kernel does when it starts, and reads each
 * register and call of views[] to X4 to X24. vCPU 0 starts vCPU 1.
 */
GUEST_CODE(guest_code,
	   "	ldr	w0, =0xc4000003\n"		/* PSCI_CPU_ON */
	   "	mov	x1, #1\n"
	   "	adr	x2, 1f\n"
	   "	hvc	#0\n"
	   "	mov	x24, x0\n"
	   "	b	2f\n"
	   "1:	mov	x24, #0\n"
	   "2:	mrs	x4, cntpct_el0\n"
	   "	mrs	x5, cntvct_el0\n"
	   "	mrs	x6, clidr_el1\n"
	   "	mrs	x7, ctr_el0\n"
	   "	mrs	x8, midr_el1\n"
	   "	mrs	x9, mpidr_el1\n"
	   "	mrs	x10, id_aa64pfr0_el1\n"
	   "	mrs	x11, id_aa64pfr1_el1\n"
	   "	mrs	x12, id_aa64dfr0_el1\n"
	   "	mrs	x13, id_aa64isar0_el1\n"
	   "	mrs	x14, id_aa64isar1_el1\n"
	   "	mrs	x15, id_aa64isar2_el1\n"
	   "	mrs	x16, id_aa64mmfr0_el1\n"
	   "	mrs	x17, id_aa64mmfr1_el1\n"
	   "	mrs	x18, id_aa64mmfr2_el1\n"
	   HVC(0x84000000, x19)			/* PSCI_VERSION */
	   HVC(0x80000000, x20)			/* SMCCC_VERSION */
	   HVC(0x8400000a, x21)			/* PSCI_FEATURES, of SYSTEM_RESET2 */
	   HVC(0x84000050, x22)			/* TRNG_VERSION */
	   "	ldr	x25, =0x10000000\n"		/* GUEST_EXIT */
	   "	str	xzr, [x25]\n"
	   "	b	2b\n");

#endif /* SELFTEST_KVM_VMM_GUEST_CODE_H */
