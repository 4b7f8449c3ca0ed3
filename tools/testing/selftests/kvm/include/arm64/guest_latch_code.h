/* SPDX-License-Identifier: GPL-2.0-only */
/* The code of guest_compat_latch's guest, and the steps that it does */
#ifndef SELFTEST_KVM_GUEST_LATCH_CODE_H
#define SELFTEST_KVM_GUEST_LATCH_CODE_H

#include "guest_asm.h"

#define NO_STEP		(~0U)

/*
 * The guest does each step in each pass. A step with @announced_by is done only if that
 * step's @first has a value of at least @min, and not 0xf, in the four bits at @shift.
 * The guest's code uses the offsets of the members.
 */
struct step {
	u64	arg;		/* 0: x0 for @code */
	u64	first;		/* 8: result of the first pass */
	u64	arg1;		/* 16: x1 for @code, whose x2 is the address of this member */
	u32	announced_by;	/* 24: number of the step, or NO_STEP */
	u8	shift;		/* 28 */
	u8	min;		/* 29 */
	u8	use;		/* 30: an exception in the first pass is a change, too */
	u8	ran;		/* 31: the step was done in the first pass */
	u32	code[16];	/* 32: leaves the result in x0 */
	char	name[32];
};

static_assert(sizeof(struct step) == 128, "the guest's code uses this size");

/*
 * x20: address of the steps, x21: their number, x22: EXIT_CHANGED(0), x26: EXIT_PASS.
 * If a step takes an exception, its result is ESR_EL1.EC with bit 63 set.
 */
GUEST_PAGE(latch_guest,
	   "	.rept	16\n"
	   "	.balign	128\n"
	   "	mrs	x0, esr_el1\n"
	   "	lsr	x0, x0, #26\n"
	   "	orr	x0, x0, #(1 << 63)\n"
	   "	msr	elr_el1, x30\n"
	   "	eret\n"
	   "	.endr\n"
	   "	.balign	2048\n"
	   "	adr	x0, latch_guest\n"
	   "	msr	vbar_el1, x0\n"
	   "	mov	x0, #0x330000\n"		/* FPEN, ZEN */
	   "	msr	cpacr_el1, x0\n"
	   "	isb\n"
	   "	mov	x23, #0\n"			/* number of the pass */
	   "1:	mov	x24, x20\n"			/* address of the step */
	   "	mov	x25, #0\n"			/* number of the step */
	   "2:	cmp	x25, x21\n"
	   "	b.eq	5f\n"
	   "	ldr	w1, [x24, #24]\n"
	   "	cmn	w1, #1\n"
	   "	b.eq	3f\n"
	   "	add	x2, x20, x1, lsl #7\n"
	   "	ldr	x3, [x2, #8]\n"
	   "	tbnz	x3, #63, 4f\n"			/* an exception, or an error */
	   "	ldrb	w4, [x24, #28]\n"
	   "	lsr	x3, x3, x4\n"
	   "	and	x3, x3, #0xf\n"
	   "	ldrb	w4, [x24, #29]\n"
	   "	cmp	x3, x4\n"
	   "	b.lo	4f\n"
	   "	cmp	x3, #0xf\n"
	   "	b.eq	4f\n"
	   "3:	ldr	x0, [x24]\n"
	   "	add	x2, x24, #16\n"
	   "	ldr	x1, [x2]\n"
	   "	mov	x3, #0\n"
	   "	add	x9, x24, #32\n"
	   "	blr	x9\n"
	   "	isb\n"
	   "	cbnz	x23, 6f\n"
	   "	str	x0, [x24, #8]\n"
	   "	mov	w1, #1\n"
	   "	strb	w1, [x24, #31]\n"
	   "	ldrb	w1, [x24, #30]\n"
	   "	cbz	w1, 4f\n"
	   "	eor	x1, x0, #(1 << 63)\n"
	   "	cmp	x1, #0x3f\n"
	   "	b.hi	4f\n"
	   "	b	7f\n"
	   "6:	ldr	x1, [x24, #8]\n"
	   "	cmp	x0, x1\n"
	   "	b.eq	4f\n"
	   "7:	str	x0, [x22, x25, lsl #3]\n"
	   "4:	add	x24, x24, #128\n"
	   "	add	x25, x25, #1\n"
	   "	b	2b\n"
	   "5:	str	x23, [x26]\n"
	   "	add	x23, x23, #1\n"
	   "	b	1b\n");

#endif /* SELFTEST_KVM_GUEST_LATCH_CODE_H */
