/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code for guests that do not run the test's own program. It is assembled with the
 * test, and the test copies it to guest memory. So it must be position independent.
 */
#ifndef SELFTEST_KVM_GUEST_ASM_H
#define SELFTEST_KVM_GUEST_ASM_H

#include <string.h>

#include <asm/sysreg.h>

#include "kvm_util.h"

/* Defines a block of code between the symbols @name and @name_end. */
#define __GUEST_CODE(name, align, ...)					\
	extern const char name[], name##_end[];				\
	asm(".pushsection .rodata\n"					\
	    ".balign " #align "\n"					\
	    #name ":\n" __VA_ARGS__					\
	    ".ltorg\n"							\
	    #name "_end:\n"						\
	    ".popsection\n")

#define GUEST_CODE(name, ...)	__GUEST_CODE(name, 8, __VA_ARGS__)
/* For code with .balign in it, such as vectors. The copy must begin at a page, too. */
#define GUEST_PAGE(name, ...)	__GUEST_CODE(name, 4096, __VA_ARGS__)

/* A block of code as an argument */
struct code_block {
	const char	*start, *end;
};

#define CODE_BLOCK(name)	((struct code_block){ name, name##_end })

struct guest_asm {
	u32	size;
	u32	insn[];
};

/* The assembler accepts all of these extensions. A guest tests for one before using it. */
#define GUEST_ARCH							\
	".arch armv8.7-a+crypto+sve+bf16+i8mm+rng+memtag+ssbs\n"	\
	".arch_extension sha3\n"

/* An expression for the instructions in @code */
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

/* In GUEST_ASM(), for registers that the assembler does not know; @rt is as in "x0" */
#define ASM_MRS(rt, reg)	__mrs_s(rt, reg)
#define ASM_MSR(reg, rt)	__msr_s(reg, rt)

/* Instructions whose operands the test computes at run time */
static inline u32 insn_mrs(u32 reg, u32 rt)
{
	return 0xd5200000 | reg | rt;
}

static inline u32 insn_msr(u32 reg, u32 rt)
{
	return 0xd5000000 | reg | rt;
}

/* The following functions write instructions to @insn, and return the next address. */
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

/* Always one MOVZ and three MOVKs, so the length does not depend on @val */
static inline u32 *emit_mov(u32 *insn, u32 rd, u64 val)
{
	u32 i;

	for (i = 0; i < 4; i++)
		*insn++ = (i ? 0xf2800000 : 0xd2800000) | i << 21 |
			  (val >> i * 16 & 0xffff) << 5 | rd;
	return insn;
}

#endif /* SELFTEST_KVM_GUEST_ASM_H */
