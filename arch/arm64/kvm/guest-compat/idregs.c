// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ID registers that a new VM had on earlier releases. This file has no state
 * and calls nothing of the kernel, so that a test can compile it for the build
 * machine.
 */

#ifdef __KERNEL__
#include <linux/array_size.h>
#endif

#include "firmware.h"
#include "idregs.h"

/* @host, @now and the result are whole registers */
u64 guest_compat_id_rule(u16 rule, u64 mask, u64 host, u64 now)
{
	u64 lowest = mask & -mask;
	u64 arg = ((rule & GUEST_COMPAT_ID_ARG) * lowest) & mask;
	u64 most;

	switch (rule & GUEST_COMPAT_ID_KIND) {
	case GUEST_COMPAT_ID_HOST:
		return (now & ~mask) | (host & mask);
	case GUEST_COMPAT_ID_VALUE(0):
		return (now & ~mask) | arg;
	case GUEST_COMPAT_ID_AT_MOST(0):
		return (now & mask) > arg ? (now & ~mask) | arg : now;
	case GUEST_COMPAT_ID_HOST_PMU(0):
		/* The VM's PMU; without one, the host's unless that is IMPLEMENTATION DEFINED */
		most = (now & mask) ?: (host & mask) == mask ? 0 : host & mask;
		return (now & ~mask) | (most > arg ? arg : most);
	default:
		return now;
	}
}

/*
 * The fields that have no row and that some release up to 7.3 shows to some VM. An
 * AArch32 register that is not here has all of its 32 bits.
 */
static const struct {
	u32 reg;
	u64 mask;
} known_fields[] = {
	{ SYS_ID_PFR0_EL1,	0x0f0fffff },
	{ SYS_ID_DFR0_EL1,	0x0fffffff },
	{ SYS_ID_ISAR0_EL1,	0x0fffffff },
	{ SYS_ID_ISAR5_EL1,	0x0f0fffff },
	{ SYS_ID_ISAR6_EL1,	0x0fffffff },
	{ SYS_MVFR2_EL1,	0x000000ff },
	{ SYS_ID_PFR2_EL1,	0x000000ff },
	{ SYS_ID_MMFR5_EL1,	0x0000000f },
	{ SYS_ID_AA64PFR0_EL1,	0xff0f00ffffffffff },
	{ SYS_ID_AA64PFR1_EL1,	0x0f000f000000ffff },
	{ SYS_ID_AA64PFR2_EL1,	0x0000000f0000fff0 },
	{ SYS_ID_AA64ZFR0_EL1,	0x0fffff0f0ffff0ff },
	{ SYS_ID_AA64FPFR0_EL1,	0x00000000fc008003 },
	{ SYS_ID_AA64DFR0_EL1,	0x000000f0f0f0ff0f },
	{ SYS_ID_AA64ISAR0_EL1,	0xfffffffff0fffff0 },
	{ SYS_ID_AA64ISAR1_EL1,	0xffffffffffffffff },
	{ SYS_ID_AA64ISAR2_EL1,	0xffff0000f0ffffff },
	{ SYS_ID_AA64ISAR3_EL1,	0x00000000ff0f00f0 },
	{ SYS_ID_AA64MMFR0_EL1,	0xff00ffffffffffff },
	{ SYS_ID_AA64MMFR1_EL1,	0xf0f0ffffffffffff },
	{ SYS_ID_AA64MMFR2_EL1,	0xffff0ffff00fffff },
	{ SYS_ID_AA64MMFR3_EL1,	0x00000000000f0fff },
	{ SYS_ID_AA64MMFR4_EL1,	0x000000000ff00000 },
};

#define FIRST_AARCH64_ID	sys_reg(3, 0, 0, 4, 0)
#define LAST_AARCH64_ID		sys_reg(3, 0, 0, 7, 7)

static u64 known(u32 reg)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(known_fields); i++) {
		if (known_fields[i].reg == reg)
			return known_fields[i].mask;
	}

	return reg < FIRST_AARCH64_ID || reg > LAST_AARCH64_ID ? ~0ULL : 0;
}

/*
 * The default of @reg at these revisions. @host is the host's value, @now is what
 * this kernel shows natively.
 */
u64 guest_compat_id_default(const u8 *revision, u32 reg, u64 host, u64 now)
{
	u64 mask = known(reg);

	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		const struct guest_compat_id_field *f = guest_compat_behaviours[id].arch;

		/* A new VM does not have a field of _KEPT, unless that is its native revision */
		if (f && f->reg == reg &&
		    (f->rules[revision[id]] != GUEST_COMPAT_ID_KEPT ||
		     revision[id] == guest_compat_native_revision(id)))
			mask |= f->mask;
	}

	if (!revision[GUEST_COMPAT_UNKNOWN])
		now &= mask;

	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		const struct guest_compat_id_field *f = guest_compat_behaviours[id].arch;

		/* @now is right for the native revision already */
		if (f && f->reg == reg && revision[id] != guest_compat_native_revision(id))
			now = guest_compat_id_rule(f->rules[revision[id]], f->mask, host, now);
	}

	return now;
}

/* The fields of @reg that have a rule of @kind at these revisions */
u64 guest_compat_id_fields(const u8 *revision, u32 reg, u16 kind)
{
	u64 mask = 0;

	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		const struct guest_compat_id_field *f = guest_compat_behaviours[id].arch;

		if (f && f->reg == reg && revision[id] != guest_compat_native_revision(id) &&
		    (f->rules[revision[id]] & GUEST_COMPAT_ID_KIND) == kind)
			mask |= f->mask;
	}

	return mask;
}
