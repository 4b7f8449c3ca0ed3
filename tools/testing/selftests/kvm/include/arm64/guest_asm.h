/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code for guests that do not run the test's own program: assembled with the
 * test, copied to where they run it. It must not depend on its place.
 */
#ifndef SELFTEST_KVM_GUEST_ASM_H
#define SELFTEST_KVM_GUEST_ASM_H

#include <string.h>

#include <asm/sysreg.h>

#include "kvm_util.h"

/* A block between the symbols @name and @name_end */
#define __GUEST_CODE(name, align, ...)					\
	extern const char name[], name##_end[];				\
	asm(".pushsection .rodata\n"					\
	    ".balign " #align "\n"					\
	    #name ":\n" __VA_ARGS__					\
	    ".ltorg\n"							\
	    #name "_end:\n"						\
	    ".popsection\n")

#define GUEST_CODE(name, ...)	__GUEST_CODE(name, 8, __VA_ARGS__)
/* One that has alignments in it, as of vectors */
#define GUEST_PAGE(name, ...)	__GUEST_CODE(name, 4096, __VA_ARGS__)

/* Such a block, where it is an argument */
struct code_block {
	const char	*start, *end;
};

#define CODE_BLOCK(name)	((struct code_block){ name, name##_end })

struct guest_asm {
	u32	size;
	u32	insn[];
};

/* What is assembled need not be there: it is for guests that look first. */
#define GUEST_ARCH							\
	".arch armv8.7-a+crypto+sve+bf16+i8mm+rng+memtag+ssbs\n"	\
	".arch_extension sha3\n"

/* The instructions in @code, where an expression is needed */
#define GUEST_ASM(code)							\
({									\
	const struct guest_asm *__asm_code;				\
									\
	asm(GUEST_ARCH							\
	    ".pushsection .rodata\n"					\
	    ".balign 4\n"						\
	    "661:	.word	663f - 662f\n"				\
	    "662:	" code "\n"					\
	    "663:\n"							\
	    ".popsection\n"						\
	    "adrp	%0, 661b\n"					\
	    "add	%0, %0, :lo12:661b\n"				\
	    : "=r" (__asm_code));					\
	__asm_code;							\
})

/* For GUEST_ASM(): registers that the assembler has no name for; @rt is "x0" */
#define ASM_MRS(rt, reg)	__mrs_s(rt, reg)
#define ASM_MSR(reg, rt)	__msr_s(reg, rt)

/* Instructions whose operands are only known at run time */
static inline u32 insn_mrs(u32 reg, u32 rt)
{
	return 0xd5200000 | reg | rt;
}

static inline u32 insn_msr(u32 reg, u32 rt)
{
	return 0xd5000000 | reg | rt;
}

/* The functions from here on write to @insn, and return what is after that. */
static inline u32 *emit(u32 *insn, u32 one)
{
	*insn = one;
	return insn + 1;
}

static inline u32 *emit_code(u32 *insn, const void *code, const void *end)
{
	return (u32 *)mempcpy(insn, code, end - code);
}

static inline u32 *emit_asm(u32 *insn, const struct guest_asm *code)
{
	return (u32 *)mempcpy(insn, code->insn, code->size);
}

/* MOVZ and three times MOVK, whatever @val: the length does not depend on it */
static inline u32 *emit_mov(u32 *insn, u32 rd, u64 val)
{
	u32 i;

	for (i = 0; i < 4; i++)
		*insn++ = (i ? 0xf2800000 : 0xd2800000) | i << 21 |
			  (val >> i * 16 & 0xffff) << 5 | rd;
	return insn;
}

#endif /* SELFTEST_KVM_GUEST_ASM_H */
