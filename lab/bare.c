// SPDX-License-Identifier: GPL-2.0
/*
 * The guest of lab/migrate without Linux. It checks what a Linux guest cannot: Linux
 * reads its ID registers and calls its firmware only at boot, and uses only interrupts
 * of Group 1 (of Group 0 with a GICv2). This guest reads its whole machine at boot and
 * in each check, and takes interrupts of both groups.
 *
 * Its output and its command "check" are those of lab/guest.c. It runs at EL1 on QEMU's
 * "virt", with the MMU off. -DGIC=2 or -DGIC=3 selects the GIC.
 */
#include <stdint.h>

typedef uint64_t u64;
typedef uint32_t u32;

#define UART		0x09000000UL
#define UART_FLAGS	0x18
#define UART_RX_EMPTY	(1 << 4)
#define UART_TX_FULL	(1 << 5)
#define UART_CONTROL	0x30

#define GICD		0x08000000UL
#define GICC		0x08010000UL		/* GICv2 */
#define GICR		0x080a0000UL		/* GICv3 */
#define SGI_FRAME	0x10000UL
#define CTLR		0x000
#define TYPER		0x004
#define IIDR		0x008
#define IGROUPR		0x080
#define ISENABLER	0x100
#define IPRIORITYR	0x400

#define VTIMER		27			/* in Group 1 with a GICv3, in Group 0 with a GICv2 */
#define SGI		8			/* in the other group */
#define TICKS_PER_BEAT	2

enum { IRQ, FIQ };

static volatile u64 taken[2][32];		/* by exception and interrupt */
static volatile int undefined;
static u64 period;

static u32 in(u64 at)
{
	u32 v;

	asm volatile("ldr %w0, [%1]" : "=r" (v) : "r" (at) : "memory");
	return v;
}

static void out(u64 at, u32 v)
{
	asm volatile("str %w0, [%1]" :: "r" (v), "r" (at) : "memory");
}

#define read(reg)	({ u64 v_; asm volatile("mrs %0, " reg : "=r" (v_) :: "memory"); v_; })
#define write(reg, v)	asm volatile("msr " reg ", %0; isb" :: "r" ((u64)(v)) : "memory")

/* The serial port */

static void put(const char *s)
{
	for (; *s; s++) {
		while (in(UART + UART_FLAGS) & UART_TX_FULL)
			;
		out(UART, *s);
	}
}

static void put_number(u64 v, unsigned int base)
{
	char s[24], *p = s + sizeof(s) - 1;

	*p = 0;
	do {
		*--p = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (base == 16)
		put("0x");
	put(p);
}

/* The machine: each item must have the same value on every host. */

static u64 hvc(u64 function, u64 arg)
{
	register u64 x0 asm("x0") = function;
	register u64 x1 asm("x1") = arg;
	register u64 x2 asm("x2") = 0;
	register u64 x3 asm("x3") = 0;

	asm volatile("hvc #0" : "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x3) :: "memory");
	return x0 ^ x1 << 16 ^ x2 << 32 ^ x3 << 48;
}

static u64 cache_size(u64 which)
{
	write("csselr_el1", which);
	return read("ccsidr_el1");
}

#define REG(name, reg)	static u64 read_##name(void) { return read(reg); }
#define CALL(name, function, arg) static u64 read_##name(void) { return hvc(function, arg); }
#define MMIO(name, at)	static u64 read_##name(void) { return in(at); }
#define CACHE(name, n)	static u64 read_##name(void) { return cache_size(n); }
#include "bare-machine.h"
#undef REG
#undef CALL
#undef MMIO
#undef CACHE

#define REG(name, reg)			{ #name, read_##name },
#define CALL(name, function, arg)	{ #name, read_##name },
#define MMIO(name, at)			{ #name, read_##name },
#define CACHE(name, n)			{ #name, read_##name },
static const struct {
	const char *name;
	u64 (*get)(void);
} machine[] = {
#include "bare-machine.h"
};

#define ITEMS	(sizeof(machine) / sizeof(*machine))
#define UNDEFINED	0xdeaddeaddeaddeadUL

static u64 at_boot[ITEMS];

static u64 get(unsigned int i)
{
	u64 v;

	undefined = 0;
	v = machine[i].get();
	return undefined ? UNDEFINED : v;
}

/* The guest sets these registers. They must have the same values after a move. */
static void set_state(void)
{
	write("dbgbvr0_el1", 0x1000);
	write("dbgwvr0_el1", 0x2000);
	write("contextidr_el1", 0x1234);
	write("tpidr_el0", 0x1111);
	write("tpidrro_el0", 0x2222);
	write("tpidr_el1", 0x3333);
	write("amair_el1", 0);
	write("afsr0_el1", 0);
	write("pmuserenr_el0", 0xf);
	write("pmevtyper0_el0", 0x11);
	write("pmccfiltr_el0", 0);
	write("pmcntenset_el0", 1UL << 31 | 1);
	write("pmcr_el0", read("pmcr_el0") | 1);
}

/* Exceptions */

/*
 * The virtual timer makes the heartbeat. The physical timer is set to expire in an hour,
 * and the guest only reads its registers: see lab/README.md.
 */
static void physical_timer_set(void)
{
	write("cntp_cval_el0", read("cntpct_el0") + 3600 * read("cntfrq_el0"));
	write("cntp_ctl_el0", 1);
}

/* Sends an SGI to this CPU, in the group that the virtual timer is not in. */
static void sgi_send(void)
{
#if GIC == 3
	write("S3_0_C12_C11_7", (u64)SGI << 24 | 1);		/* ICC_SGI0R_EL1 */
	asm volatile("isb");
#else
	out(GICD + 0xf00, 1 << 16 | 1 << 15 | SGI);		/* SGIR: CPU 0, Group 1 */
#endif
}

void exception(int how)
{
	u32 id;

#if GIC == 3
	id = how == FIQ ? read("S3_0_C12_C8_0") : read("S3_0_C12_C12_0");	/* ICC_IAR0, ICC_IAR1 */
#else
	/*
	 * With AckCtl, this register acknowledges interrupts of both groups. QEMU's emulated
	 * GICv2 does not have the registers that are only for Group 1.
	 */
	id = in(GICC + 0x0c) & 0x3ff;						/* IAR */
#endif
	if (id >= 32)
		return;
	taken[how][id]++;
	if (id == VTIMER)
		write("cntv_tval_el0", period);
#if GIC == 3
	if (how == FIQ)
		write("S3_0_C12_C8_1", id);
	else
		write("S3_0_C12_C12_1", id);
#else
	out(GICC + 0x10, id);							/* EOIR */
#endif
}

/* Notes and skips an UNDEFINED instruction. Any other exception is a failure. */
void synchronous(void)
{
	if (read("esr_el1") >> 26) {
		put("check exceptions: FAILED ESR ");
		put_number(read("esr_el1"), 16);
		put(" at ");
		put_number(read("elr_el1"), 16);
		put("\nchecked, 1 failed\n");
		for (;;)
			asm volatile("wfi");
	}
	undefined = 1;
	write("elr_el1", read("elr_el1") + 4);
}

asm(
".macro vector call, arg\n"
"	.balign 128\n"
"	stp	x0, x1, [sp, #-160]!\n"
"	stp	x2, x3, [sp, #16]\n"
"	stp	x4, x5, [sp, #32]\n"
"	stp	x6, x7, [sp, #48]\n"
"	stp	x8, x9, [sp, #64]\n"
"	stp	x10, x11, [sp, #80]\n"
"	stp	x12, x13, [sp, #96]\n"
"	stp	x14, x15, [sp, #112]\n"
"	stp	x16, x17, [sp, #128]\n"
"	stp	x18, x30, [sp, #144]\n"
"	mov	w0, #\\arg\n"
"	bl	\\call\n"
"	b	leave\n"
".endm\n"
"	.section .text\n"
"	.balign 2048\n"
"vectors:\n"
"	.space	512\n"
"	vector	synchronous, 0\n"
"	vector	exception, 0\n"
"	vector	exception, 1\n"
"	.balign 2048\n"
"leave:\n"
"	ldp	x2, x3, [sp, #16]\n"
"	ldp	x4, x5, [sp, #32]\n"
"	ldp	x6, x7, [sp, #48]\n"
"	ldp	x8, x9, [sp, #64]\n"
"	ldp	x10, x11, [sp, #80]\n"
"	ldp	x12, x13, [sp, #96]\n"
"	ldp	x14, x15, [sp, #112]\n"
"	ldp	x16, x17, [sp, #128]\n"
"	ldp	x18, x30, [sp, #144]\n"
"	ldp	x0, x1, [sp], #160\n"
"	eret\n"
"	.globl	_start\n"
"_start:\n"
"	adr	x0, vectors\n"
"	msr	vbar_el1, x0\n"
"	isb\n"
"	ldr	x0, =stack_top\n"
"	mov	sp, x0\n"
"	bl	bare_main\n"
"	.bss\n"
"	.balign	16\n"
"	.space	8192\n"
"stack_top:\n"
"	.text\n"
);

static void gic_on(void)
{
	u64 frame = GIC == 3 ? GICR + SGI_FRAME : GICD;
	u32 group1 = 1U << (GIC == 3 ? VTIMER : SGI);

	out(frame + IGROUPR, group1);
	out(frame + IPRIORITYR + (VTIMER & ~3), 0xa0a0a0a0);
	out(frame + IPRIORITYR + (SGI & ~3), 0xa0a0a0a0);
	out(frame + ISENABLER, 1U << VTIMER | 1U << SGI);
#if GIC == 3
	write("S3_0_C12_C12_5", 7);		/* ICC_SRE_EL1 */
	write("S3_0_C4_C6_0", 0xf0);		/* ICC_PMR_EL1 */
	/* Group 1 before Group 0: see lab/README.md */
	out(GICD + CTLR, 0x12);
	out(GICD + CTLR, 0x13);
	write("S3_0_C12_C12_7", 1);		/* ICC_IGRPEN1_EL1 */
	write("S3_0_C12_C12_6", 1);		/* ICC_IGRPEN0_EL1 */
#else
	out(GICD + CTLR, 3);
	out(GICC + 4, 0xf0);			/* PMR */
	out(GICC, 0xf);				/* both groups, AckCtl; Group 0 as FIQ */
#endif
}

/* The checks */

static int failed;

static void result(const char *name, const char *why)
{
	put("check ");
	put(name);
	put(why ? ": FAILED " : ": ok");
	put(why ? why : "");
	put("\n");
	failed += !!why;
}

static void check_machine(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < ITEMS; i++) {
		u64 now = get(i);

		if (now == at_boot[i])
			continue;
		bad++;
		put("check ");
		put(machine[i].name);
		put(": FAILED was ");
		if (at_boot[i] == UNDEFINED)
			put("undefined");
		else
			put_number(at_boot[i], 16);
		put(", is ");
		if (now == UNDEFINED)
			put("undefined");
		else
			put_number(now, 16);
		put("\n");
	}
	failed += bad;
	put("machine: ");
	put_number(ITEMS, 10);
	put(" items, ");
	put_number(bad, 10);
	put(" differ from what they were at boot\n");
}

/*
 * KVM_GET_REG_LIST has the physical timer's registers since 6.4, and at the baselines
 * since 6.4. Without them in the list, QEMU does not save them, and the timer is off
 * after a move. The guest prints LOST: this is no failure of the move.
 */
static void check_physical_timer(void)
{
	if (!(read("cntp_ctl_el0") & 1))
		put("check physical timer: LOST it is off, as no host before 6.4 lists its registers\n");
}

static u64 beats_taken(void) { return taken[IRQ][VTIMER] + taken[FIQ][VTIMER]; }
static u64 sgis_taken(void) { return taken[IRQ][SGI] + taken[FIQ][SGI]; }

/*
 * The virtual timer is in one group, and the SGI in the other. Waits for five more
 * interrupts of each. The limit for the SGIs is fifty timer interrupts. It is not a time,
 * because the emulation decides how fast time passes.
 */
static void check_groups(void)
{
	int g1 = GIC == 3 ? VTIMER : SGI, g0 = GIC == 3 ? SGI : VTIMER;
	u64 right1 = taken[IRQ][g1] + 5, wrong1 = taken[FIQ][g1] + 5;
	u64 right0 = taken[FIQ][g0] + 5, wrong0 = taken[IRQ][g0] + 5;
	u64 sgis = sgis_taken() + 5, sent, few = beats_taken() + 5, many = beats_taken() + 50;

	while (sgis_taken() < sgis && beats_taken() < many) {
		sent = sgis_taken();
		sgi_send();
		while (sgis_taken() == sent && beats_taken() < many)
			asm volatile("wfi");
	}
	while (beats_taken() < few)
		asm volatile("wfi");
	result("interrupts of Group 0", taken[FIQ][g0] >= right0 ? 0 :
	       taken[IRQ][g0] >= wrong0 ? "they come in Group 1" : "none");
#if GIC == 2
	/* QEMU loses this on every kernel. The guest prints LOST: this is no failure of the move. */
	if (taken[IRQ][g1] < right1 && taken[FIQ][g1] >= wrong1) {
		put("check interrupts of Group 1: LOST they come in Group 0, as QEMU writes no GICD_IIDR\n");
		return;
	}
#endif
	result("interrupts of Group 1", taken[IRQ][g1] >= right1 ? 0 :
	       taken[FIQ][g1] >= wrong1 ? "they come in Group 0" : "none");
}

static void check_counters(void)
{
	static u64 last;
	u64 now = read("cntvct_el0"), cycles = read("pmccntr_el0");

	result("counter", now < last ? "it went back" : 0);
	last = now;
	for (volatile int i = 0; i < 100000; i++)
		;
	result("PMU counts", read("pmccntr_el0") == cycles ? "the cycle counter stands still" : 0);
}

static void command(void)
{
	static char c, first;

	while (!(in(UART + UART_FLAGS) & UART_RX_EMPTY)) {
		c = in(UART);
		if (!first)
			first = c;
		if (c != '\n')
			continue;
		if (first == 'c') {
			failed = 0;
			check_machine();
			check_physical_timer();
			check_groups();
			check_counters();
			put("checked, ");
			put_number(failed, 10);
			put(" failed\n");
		}
		first = 0;
	}
}

void bare_main(void)
{
	u64 beats = 0;
	unsigned int i;

	out(UART + UART_CONTROL, 0x301);
	period = read("cntfrq_el0") / 10;
	set_state();
	gic_on();
	for (i = 0; i < ITEMS; i++)
		at_boot[i] = get(i);
	write("cntv_tval_el0", period);
	write("cntv_ctl_el0", 1);
	physical_timer_set();
	asm volatile("msr daifclr, #3");
	put("ready\n");
	for (;;) {
		asm volatile("wfi");
		command();
		if ((taken[IRQ][VTIMER] + taken[FIQ][VTIMER]) / TICKS_PER_BEAT > beats) {
			put("beat ");
			put_number(++beats, 10);
			put("\n");
		}
	}
}
