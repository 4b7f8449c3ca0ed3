/* SPDX-License-Identifier: GPL-2.0-only */
/* What the guests of guest_view run, and what they leave in their memory */
#ifndef SELFTEST_KVM_GUEST_VIEW_CODE_H
#define SELFTEST_KVM_GUEST_VIEW_CODE_H

#include "kvm_util.h"

/*
 * What the guests run is copied to where they run it, so it must not depend on
 * its place. An exception that it survives puts ESR_EL1 into x0 and 1 into x21,
 * and goes on after the instruction.
 */
#define GUEST_CODE(name, ...)						\
	extern const char name[], name##_end[];				\
	asm(".pushsection .rodata\n"					\
	    ".balign 4\n"						\
	    #name ":\n" __VA_ARGS__					\
	    #name "_end:\n"						\
	    ".popsection\n")

#define GUEST_STOP							\
	"	mov	x26, #0x0a000000\n"				\
	"	str	xzr, [x26]\n"					\
	"	b	.\n"

GUEST_CODE(guest_stop, GUEST_STOP);

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

/* Exceptions that are what the guest is there for: x10 says which it was. */
GUEST_CODE(guest_note_vectors,
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

/* x19: calls, x20: their end */
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
	u64	exception;	/* then reg[0] is ESR_EL1 */
};

/* x19: ranges of functions up to { 0, 0 }, x20: where those that exist go */
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

struct found {
	u64	id;
	u64	exception;
	u64	ret;
};

/*
 * x19: ranges of words, x20: a struct gic_word for each. All of them are read
 * before any is written. What was there is written back at the end.
 */
GUEST_CODE(guest_gic,
	   "	mov	x4, x19\n"
	   "	mov	x5, x20\n"
	   "1:	ldp	x6, x7, [x4], #16\n"	/* base, length */
	   "	ldr	x8, [x4], #8\n"		/* flags */
	   "	cbz	x7, 3f\n"
	   "2:	ldr	w0, [x6]\n"		/* no form that KVM would have to decode */
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
	   "5:	ldr	w1, [x6]\n"		/* again: other writes may have changed it */
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
	u64	write;		/* or only read */
};

struct gic_word {
	u32	at_first;
	u32	before;		/* the write: others came in between */
	u32	ones;		/* read after all ones were written */
	u32	zeroes;
};

/* x20: for each value of CSSELR_EL1, what the registers read */
GUEST_CODE(guest_caches,
	   "	mov	x4, #0\n"
	   "1:	msr	csselr_el1, x4\n"
	   "	isb\n"
	   "	mrs	x0, csselr_el1\n"
	   "	mrs	x1, ccsidr_el1\n"
	   "	stp	x0, x1, [x20], #16\n"
	   "	mov	x21, #0\n"
	   "	mrs	x0, s3_1_c0_c0_2\n"	/* CCSIDR2_EL1 */
	   "	stp	x0, x21, [x20], #16\n"
	   "	add	x4, x4, #1\n"
	   "	cmp	x4, #16\n"
	   "	b.ne	1b\n" GUEST_STOP);

struct cache {
	u64	csselr, ccsidr, ccsidr2;
	u64	exception;
};

/* x20 counts the steps, x10 is no vector yet: see guest_note_vectors */
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

#define WFI_END		8	/* the offset of where it ends */

GUEST_CODE(guest_undef,
	   "	mov	x10, #-1\n"
	   "	mrs	x0, s3_3_c15_c15_7\n" GUEST_STOP);

GUEST_CODE(guest_load_nothing,
	   "	mov	x10, #-1\n"
	   "	mov	x0, #0x10000000\n"
	   "	ldr	x0, [x0]\n" GUEST_STOP);

GUEST_CODE(guest_fetch_nothing,
	   "	mov	x10, #-1\n"
	   "	mov	x0, #0x10000000\n"
	   "	br	x0\n");

/* Translation tables where nothing is, for the upper half of the addresses */
GUEST_CODE(guest_walk_nothing,
	   "	mov	x10, #-1\n"
	   "	mov	x0, #0xff\n"		/* 0: normal, 1: device */
	   "	msr	mair_el1, x0\n"
	   "	ldr	x0, 1f\n"
	   "	msr	tcr_el1, x0\n"
	   "	msr	ttbr0_el1, x19\n"
	   "	mov	x0, #0x10000000\n"
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

#endif /* SELFTEST_KVM_GUEST_VIEW_CODE_H */
