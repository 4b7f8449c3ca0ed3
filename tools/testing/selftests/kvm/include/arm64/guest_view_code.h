/* SPDX-License-Identifier: GPL-2.0-only */
/* The code of guest_view's guests, and the structures that it stores to memory */
#ifndef SELFTEST_KVM_GUEST_VIEW_CODE_H
#define SELFTEST_KVM_GUEST_VIEW_CODE_H

#include <linux/stringify.h>

#include "gic_v3.h"
#include "guest_asm.h"

/* The guest ends by a store to this address. */
#define STOP_GPA		0x0a000000
/* This address has no memory and no device. */
#define NOTHING_GPA		0x10000000

#define GUEST_STOP							\
	"	mov	x26, #" __stringify(STOP_GPA) "\n"		\
	"	str	xzr, [x26]\n"					\
	"	b	.\n"

GUEST_CODE(guest_stop, GUEST_STOP);

/*
 * Code for one register or instruction. emit_for() replaces the placeholder, S2_0_C0_C0_0
 * or "sys #0, C0, C0, #0". The code stores a struct reading.
 */
#define STEP(insn)							\
	"	mov	x21, #0\n"					\
	"	" insn "\n"						\
	"	stp	x0, x21, [x20], #16\n"

/* Some reads do not change x0, so set it before. */
GUEST_CODE(guest_read,
	   "	mov	x0, #0\n"
	   STEP("mrs	x0, s2_0_c0_c0_0"));

/* x23: the value to write */
GUEST_CODE(guest_write,
	   "	mov	x0, x23\n"
	   STEP("msr	s2_0_c0_c0_0, x0"));

/* x20: struct reading, whose value is written */
GUEST_CODE(guest_write_back,
	   "	ldp	x0, x21, [x20]\n"
	   "	msr	s2_0_c0_c0_0, x0\n"
	   "	stp	x0, x21, [x20], #16\n");

GUEST_CODE(guest_skip_reading,
	   "	add	x20, x20, #16\n");

GUEST_CODE(guest_return,
	   "	ret\n");

/* x19: code that reads all registers, x23 to x25: the values to write */
#define WRITE_AND_READ_ALL(from)					\
	"	mov	x0, " from "\n"				\
	STEP("msr	s2_0_c0_c0_0, x0\n	isb")			\
	"	blr	x19\n"

GUEST_CODE(guest_write_and_read_all,
	   "	blr	x19\n"
	   WRITE_AND_READ_ALL("x23")
	   WRITE_AND_READ_ALL("x24")
	   WRITE_AND_READ_ALL("x25")
	   GUEST_STOP);

/* x19: the argument */
GUEST_CODE(guest_instruction,
	   "	mov	x0, x19\n"
	   STEP("sys	#0, c0, c0, #0, x0"));

/*
 * An exception puts ESR_EL1 into x0 and 1 into x21. The guest continues at the next
 * instruction.
 */
GUEST_CODE(guest_skip_vectors,
	   "	.rept	16\n"
	   "	mrs	x0, esr_el1\n"
	   "	mov	x21, #1\n"
	   "	mrs	x22, elr_el1\n"
	   "	add	x22, x22, #4\n"
	   "	msr	elr_el1, x22\n"
	   "	eret\n"
	   "	.fill	26, 4, 0\n"
	   "	.endr\n");

/* An exception records its registers in x10 to x15, and the guest stops. x10: the vector */
GUEST_CODE(guest_record_vectors,
	   "	.set	vector, 0\n"
	   "	.rept	16\n"
	   "	mov	x10, #vector\n"
	   "	mrs	x11, esr_el1\n"
	   "	mrs	x12, elr_el1\n"
	   "	mrs	x13, spsr_el1\n"
	   "	mrs	x14, far_el1\n"
	   "	mrs	x15, isr_el1\n"
	   GUEST_STOP
	   "	.fill	23, 4, 0\n"
	   "	.set	vector, vector + 0x80\n"
	   "	.endr\n");

/* x19: array of struct call, x20: its end */
#define GUEST_CALLS(name, insn)						\
GUEST_CODE(name,							\
	"1:	cmp	x19, x20\n"					\
	"	b.eq	2f\n"						\
	"	ldp	x0, x1, [x19]\n"				\
	"	ldp	x2, x3, [x19, #16]\n"				\
	"	mov	x21, #0\n"					\
	"	" insn "\n"						\
	"	stp	x0, x1, [x19], #16\n"				\
	"	stp	x2, x3, [x19], #16\n"				\
	"	str	x21, [x19], #8\n"				\
	"	b	1b\n"						\
	"2:\n" GUEST_STOP)

GUEST_CALLS(guest_hvc, "hvc #0");
GUEST_CALLS(guest_smc, "smc #0");
GUEST_CALLS(guest_hvc1, "hvc #1");
GUEST_CALLS(guest_smc1, "smc #1");

struct call {
	u64	reg[4];		/* arguments, then results */
	u64	exception;	/* not 0: reg[0] is ESR_EL1 */
};

/* As guest_hvc, with all registers that the SMCCC knows */
GUEST_CODE(guest_hvc_all,
	   "1:	cmp	x19, x20\n"
	   "	b.eq	2f\n"
	   "	ldp	x0, x1, [x19]\n"
	   "	ldp	x2, x3, [x19, #16]\n"
	   "	ldp	x4, x5, [x19, #32]\n"
	   "	ldp	x6, x7, [x19, #48]\n"
	   "	ldp	x8, x9, [x19, #64]\n"
	   "	ldp	x10, x11, [x19, #80]\n"
	   "	ldp	x12, x13, [x19, #96]\n"
	   "	ldp	x14, x15, [x19, #112]\n"
	   "	ldp	x16, x17, [x19, #128]\n"
	   "	mov	x21, #0\n"
	   "	hvc	#0\n"
	   "	stp	x0, x1, [x19], #16\n"
	   "	stp	x2, x3, [x19], #16\n"
	   "	stp	x4, x5, [x19], #16\n"
	   "	stp	x6, x7, [x19], #16\n"
	   "	stp	x8, x9, [x19], #16\n"
	   "	stp	x10, x11, [x19], #16\n"
	   "	stp	x12, x13, [x19], #16\n"
	   "	stp	x14, x15, [x19], #16\n"
	   "	stp	x16, x17, [x19], #16\n"
	   "	str	x21, [x19], #8\n"
	   "	b	1b\n"
	   "2:\n" GUEST_STOP);

#define SMCCC_REGS	18

struct call_all {
	u64	reg[SMCCC_REGS];
	u64	exception;
};

/* x19: ranges of functions, ended by { 0, 0 }. x20: array of struct answer for the results */
#define GUEST_SWEEP(name, insn)						\
GUEST_CODE(name,							\
	"1:	ldp	w24, w25, [x19], #8\n"				\
	"	cbz	w25, 4f\n"					\
	"2:	mov	w0, w24\n"					\
	"	mov	x1, #0\n"					\
	"	mov	x2, #0\n"					\
	"	mov	x3, #0\n"					\
	"	mov	x21, #0\n"					\
	"	" insn "\n"						\
	"	cmn	x0, #1\n"					\
	"	b.ne	5f\n"						\
	"	cbnz	x21, 5f\n"					\
	"3:	cmp	w24, w25\n"					\
	"	add	w24, w24, #1\n"					\
	"	b.ne	2b\n"						\
	"	b	1b\n"						\
	"5:	mov	w23, w24\n"					\
	"	stp	x23, x21, [x20], #16\n"				\
	"	str	x0, [x20], #8\n"				\
	"	b	3b\n"						\
	"4:	stp	xzr, xzr, [x20]\n" GUEST_STOP)

GUEST_SWEEP(guest_sweep_hvc, "hvc #0");
GUEST_SWEEP(guest_sweep_smc, "smc #0");

struct answer {
	u64	id;
	u64	exception;
	u64	ret;
};

/*
 * x19: array of struct gic_range, x20: a struct gic_word for each word. The guest first
 * reads all words. Then it writes ones and zeroes to each, and the old value again.
 */
GUEST_CODE(guest_gic,
	   "	mov	x4, x19\n"
	   "	mov	x5, x20\n"
	   "1:	ldp	x6, x7, [x4], #16\n"	/* base, length */
	   "	ldr	x8, [x4], #8\n"		/* flags */
	   "	cbz	x7, 3f\n"
	   "2:	ldr	w0, [x6]\n"		/* not post-indexed: this has a syndrome */
	   "	add	x6, x6, #4\n"
	   "	str	w0, [x5], #16\n"
	   "	subs	x7, x7, #4\n"
	   "	b.ne	2b\n"
	   "	b	1b\n"
	   "3:	mov	w9, #-1\n"
	   "4:	ldp	x6, x7, [x19], #16\n"
	   "	ldr	x8, [x19], #8\n"
	   "	cbz	x7, 7f\n"
	   "	cbz	x8, 8f\n"
	   "5:	ldr	w1, [x6]\n"		/* read again: other writes can have changed it */
	   "	str	w9, [x6]\n"
	   "	ldr	w2, [x6]\n"
	   "	orr	w0, w1, w2\n"
	   "	cbz	w0, 6f\n"
	   "	str	wzr, [x6]\n"
	   "	ldr	w3, [x6]\n"
	   "	str	w1, [x6]\n"
	   "	stp	w1, w2, [x20, #4]\n"
	   "	str	w3, [x20, #12]\n"
	   "6:	add	x6, x6, #4\n"
	   "	add	x20, x20, #16\n"
	   "	subs	x7, x7, #4\n"
	   "	b.ne	5b\n"
	   "	b	4b\n"
	   "8:	add	x20, x20, x7, lsl #2\n"
	   "	b	4b\n"
	   "7:\n" GUEST_STOP);

struct gic_range {
	u64	base;
	u64	len;		/* 0 ends the list */
	u64	write;		/* 0: only read */
};

struct gic_word {
	u32	at_first;
	u32	before;		/* before the writes to this word */
	u32	ones;		/* after ones were written */
	u32	zeroes;		/* after zeroes were written */
};

/* x20: array of struct cache, one for each value of CSSELR_EL1 */
GUEST_CODE(guest_caches,
	   "	mov	x4, #0\n"
	   "1:	msr	csselr_el1, x4\n"
	   "	isb\n"
	   "	mrs	x0, csselr_el1\n"
	   "	mrs	x1, ccsidr_el1\n"
	   "	stp	x0, x1, [x20], #16\n"
	   "	mov	x21, #0\n"
	   ASM_MRS("x0", SYS_CCSIDR2_EL1) "\n"
	   "	stp	x0, x21, [x20], #16\n"
	   "	add	x4, x4, #1\n"
	   "	cmp	x4, #16\n"
	   "	b.ne	1b\n" GUEST_STOP);

struct cache {
	u64	csselr, ccsidr, ccsidr2;
	u64	exception;
};

/* x20 counts steps. x10 is -1 until an exception: see guest_record_vectors. */
GUEST_CODE(guest_wait,
	   "	mov	x10, #-1\n"
	   "	mov	x20, #0\n"
	   "	nop\n"
	   "	mov	x20, #1\n"
	   "	mrs	x9, isr_el1\n"
	   "	msr	daifclr, #4\n"
	   "	isb\n"
	   "	mov	x20, #2\n"
	   GUEST_STOP);

GUEST_CODE(guest_wfi,
	   "	mov	x10, #-1\n"
	   "	wfi\n" GUEST_STOP);

#define WFI_END		8	/* offset of the instruction behind the WFI */

GUEST_CODE(guest_undef,
	   "	mov	x10, #-1\n"
	   "	mrs	x0, s3_3_c15_c15_7\n" GUEST_STOP);

GUEST_CODE(guest_fetch_nothing,
	   "	mov	x10, #-1\n"
	   "	mov	x0, #" __stringify(NOTHING_GPA) "\n"
	   "	br	x0\n");

/* The tables for the upper half of the addresses are at an address without memory. */
GUEST_CODE(guest_walk_nothing,
	   "	mov	x10, #-1\n"
	   "	mov	x0, #0xff\n"		/* 0: normal, 1: device */
	   "	msr	mair_el1, x0\n"
	   "	ldr	x0, 1f\n"
	   "	msr	tcr_el1, x0\n"
	   "	msr	ttbr0_el1, x19\n"
	   "	mov	x0, #" __stringify(NOTHING_GPA) "\n"
	   "	msr	ttbr1_el1, x0\n"
	   "	isb\n"
	   "	mrs	x0, sctlr_el1\n"
	   "	orr	x0, x0, #1\n"
	   "	msr	sctlr_el1, x0\n"
	   "	isb\n"
	   "	mov	x0, #0xffffff8000000000\n"
	   "	ldr	x0, [x0]\n" GUEST_STOP
	   "	.balign	8\n"
	   "1:	.quad	0x0000000280190019\n");	/* 4K, 39 bits each, 40 bits out */

/*
 * An exception puts ESR_EL1 into x0, 1 into x21 and FAR_EL1 into x18. The guest continues
 * at the address in x23, with debug exceptions masked.
 */
GUEST_CODE(guest_resume_vectors,
	   "	.rept	16\n"
	   "	mrs	x0, esr_el1\n"
	   "	mov	x21, #1\n"
	   "	mrs	x18, far_el1\n"
	   "	msr	elr_el1, x23\n"
	   "	mrs	x22, spsr_el1\n"
	   "	orr	x22, x22, #" __stringify(PSR_D_BIT) "\n"
	   "	msr	spsr_el1, x22\n"
	   "	eret\n"
	   "	.fill	24, 4, 0\n"
	   "	.endr\n");

/* x19: the address */
#define GUEST_ACCESS(name, insn)					\
GUEST_CODE(name,							\
	   "	adr	x23, 1f\n"					\
	   "	mov	x0, #0\n"					\
	   "	mov	x21, #0\n"					\
	   "	" insn "\n"						\
	   "1:\n" GUEST_STOP)

GUEST_ACCESS(guest_load, "ldr	x0, [x19]");
GUEST_ACCESS(guest_load_byte, "ldrb	w0, [x19]");
GUEST_ACCESS(guest_load_pair, "ldp	x0, x1, [x19]");
GUEST_ACCESS(guest_load_exclusive, "ldxr	x0, [x19]");
GUEST_ACCESS(guest_store, "str	xzr, [x19]");
GUEST_ACCESS(guest_store_pair, "stp	xzr, xzr, [x19]");
GUEST_ACCESS(guest_prefetch, "prfm	pldl1keep, [x19]");
GUEST_ACCESS(guest_fetch, "br	x19");
GUEST_ACCESS(guest_dc_ivac, "dc	ivac, x19");
GUEST_ACCESS(guest_dc_cvac, "dc	cvac, x19");
GUEST_ACCESS(guest_dc_civac, "dc	civac, x19");
GUEST_ACCESS(guest_dc_zva, "dc	zva, x19");
GUEST_ACCESS(guest_ic_ivau, "ic	ivau, x19");

/* x19: address of a register with pending interrupts */
GUEST_CODE(guest_read_pending,
	   "	ldr	w0, [x19]\n" GUEST_STOP);

/* x19: the redistributor's SGI frame, x1: GICR_IGROUPR0. The guest sends SGI 0 to itself. */
#define GUEST_SGI(name, reg)						\
GUEST_CODE(name,							\
	   "	str	w1, [x19, #" __stringify(GICR_IGROUPR0) "]\n"	\
	   "	mov	x2, #1\n"					\
	   "	msr	" reg ", x2\n"					\
	   "	isb\n"							\
	   "	ldr	w0, [x19, #" __stringify(GICR_ISPENDR0) "]\n"	\
	   "	str	w2, [x19, #" __stringify(GICR_ICPENDR0) "]\n"	\
	   GUEST_STOP)

GUEST_SGI(guest_sgi0r, "icc_sgi0r_el1");
GUEST_SGI(guest_sgi1r, "icc_sgi1r_el1");
GUEST_SGI(guest_asgi1r, "icc_asgi1r_el1");

/* x1: value of the timer, x2: its control register, which is then read to x0 */
#define GUEST_TIMER(name, set_value, set_control, get_control)		\
GUEST_CODE(name,							\
	   "	" set_value ", x1\n"					\
	   "	" set_control ", x2\n"					\
	   "	isb\n"							\
	   "	mrs	x0, " get_control "\n" GUEST_STOP)

GUEST_TIMER(guest_cntv_cval, "msr cntv_cval_el0", "msr cntv_ctl_el0", "cntv_ctl_el0");
GUEST_TIMER(guest_cntv_tval, "msr cntv_tval_el0", "msr cntv_ctl_el0", "cntv_ctl_el0");
GUEST_TIMER(guest_cntp_cval, "msr cntp_cval_el0", "msr cntp_ctl_el0", "cntp_ctl_el0");
GUEST_TIMER(guest_cntp_tval, "msr cntp_tval_el0", "msr cntp_ctl_el0", "cntp_ctl_el0");

/* x1: PMCR_EL0; masks of counters, x2: enabled, x3: interrupt enabled, x4: overflowed */
GUEST_CODE(guest_pmu_line,
	   "	mov	x0, #-1\n"
	   "	msr	pmcntenclr_el0, x0\n"
	   "	msr	pmintenclr_el1, x0\n"
	   "	msr	pmovsclr_el0, x0\n"
	   "	msr	pmcr_el0, x1\n"
	   "	msr	pmcntenset_el0, x2\n"
	   "	msr	pmintenset_el1, x3\n"
	   "	msr	pmovsset_el0, x4\n" GUEST_STOP);

/* x1: PMCR_EL0, x2, x3: PMEVTYPER<n>_EL0, x4, x5: PMEVCNTR<n>_EL0, x6: PMCNTENSET_EL0 */
GUEST_CODE(guest_pmu_increment,
	   "	mov	x0, #-1\n"
	   "	msr	pmcntenclr_el0, x0\n"
	   "	msr	pmintenclr_el1, x0\n"
	   "	msr	pmovsclr_el0, x0\n"
	   "	msr	pmcr_el0, x1\n"
	   "	msr	pmevtyper0_el0, x2\n"
	   "	msr	pmevtyper1_el0, x3\n"
	   "	msr	pmevcntr0_el0, x4\n"
	   "	msr	pmevcntr1_el0, x5\n"
	   "	msr	pmcntenset_el0, x6\n"
	   "	isb\n"
	   "	mov	x0, #3\n"
	   "	msr	pmswinc_el0, x0\n"
	   "	isb\n"
	   "	mrs	x7, pmevcntr0_el0\n"
	   "	mrs	x8, pmevcntr1_el0\n"
	   "	mrs	x9, pmovsset_el0\n" GUEST_STOP);

/* x1: PMCR_EL0 with reset bits. The counters are off. */
GUEST_CODE(guest_pmu_reset,
	   "	mov	x0, #-1\n"
	   "	msr	pmcntenclr_el0, x0\n"
	   "	mov	x0, #0x55\n"
	   "	msr	pmevcntr0_el0, x0\n"
	   "	msr	pmccntr_el0, x0\n"
	   "	msr	pmcr_el0, x1\n"
	   "	isb\n"
	   "	mrs	x7, pmevcntr0_el0\n"
	   "	mrs	x8, pmccntr_el0\n"
	   "	mrs	x9, pmcr_el0\n" GUEST_STOP);

/* Constants that the assembler can parse */
#define MDSCR_SS	0x1
#define MDSCR_KDE	0x2000
#define MDSCR_MDE	0x8000
#define DBGBCR_E	0x1
#define DBGBCR_EL1	0x2
#define DBGBCR_BAS	(0xf << 5)
#define DBGWCR_E	0x1
#define DBGWCR_EL1	0x2
#define DBGWCR_LOAD	0x8
#define DBGWCR_BAS	(0xff << 5)
#define PSR_EL1H_AIF	(PSR_MODE_EL1h | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT)
#define PSR_SS		0x200000

/*
 * x1: OSLAR_EL1. The guest tries each debug exception, in the order of
 * debug_exceptions[]. x20: array of struct reading; exception is 1 if the guest took it.
 */
#define GUEST_DEBUG_EXCEPTION(enable, insn)				\
	"	adr	x23, 2f\n"					\
	"	adr	x2, 1f\n"					\
	"	mov	x0, #0\n"					\
	"	mov	x21, #0\n"					\
	"	" enable "\n"						\
	"	isb\n"							\
	"	msr	daifclr, #8\n"					\
	"1:	" insn "\n"						\
	"2:	msr	daifset, #8\n"					\
	"	msr	mdscr_el1, xzr\n"				\
	"	isb\n"							\
	"	stp	x0, x21, [x20], #16\n"

#define GUEST_SET(reg, bits)						\
	"	mov	x3, #" __stringify(bits) "\n"			\
	"	msr	" reg ", x3\n"

GUEST_CODE(guest_debug,
	   "	msr	oslar_el1, x1\n"
	   "	isb\n"
	   GUEST_DEBUG_EXCEPTION("msr	dbgbvr0_el1, x2\n"
				 GUEST_SET("dbgbcr0_el1", DBGBCR_BAS | DBGBCR_EL1 | DBGBCR_E)
				 GUEST_SET("mdscr_el1", MDSCR_MDE | MDSCR_KDE),
				 "nop")
	   "	msr	dbgbcr0_el1, xzr\n"
	   GUEST_DEBUG_EXCEPTION("adr	x4, guest_debug\n"
				 "	bic	x4, x4, #7\n"
				 "	msr	dbgwvr0_el1, x4\n"
				 GUEST_SET("dbgwcr0_el1", DBGWCR_BAS | DBGWCR_LOAD | DBGWCR_EL1 |
							  DBGWCR_E)
				 GUEST_SET("mdscr_el1", MDSCR_MDE | MDSCR_KDE),
				 "ldr	x5, [x4]")
	   "	msr	dbgwcr0_el1, xzr\n"
	   /* Software step needs an ERET. */
	   GUEST_DEBUG_EXCEPTION(GUEST_SET("mdscr_el1", MDSCR_KDE | MDSCR_SS)
				 "	mov	x3, #" __stringify(PSR_EL1H_AIF) "\n"
				 "	orr	x3, x3, #" __stringify(PSR_SS) "\n"
				 "	msr	spsr_el1, x3\n"
				 "	msr	elr_el1, x2\n"
				 "	eret",
				 "nop\n	nop")
	   GUEST_DEBUG_EXCEPTION("", "brk	#0")
	   "	msr	oslar_el1, xzr\n" GUEST_STOP);

#endif /* SELFTEST_KVM_GUEST_VIEW_CODE_H */
