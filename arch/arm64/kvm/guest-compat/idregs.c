// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ID registers that earlier releases gave to a new VM. No state, and no
 * call into the kernel: a test compiles this file for the machine that it is
 * built on.
 */

#include "idregs.h"

/* @host and @now are whole registers, as is the result */
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
		/* What the VM has; without, what the host has, if that is no PMU of its own */
		most = (now & mask) ?: (host & mask) == mask ? 0 : host & mask;
		return (now & ~mask) | (most > arg ? arg : most);
	default:
		return now;
	}
}

/*
 * What @reg is by default at these revisions, given what the host has and what
 * this kernel would show by itself.
 */
u64 guest_compat_id_default(const u8 *revision, u32 reg, u64 host, u64 now)
{
	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		const struct guest_compat_behaviour *b = &guest_compat_behaviours[id];

		if (b->reg == reg)
			now = guest_compat_id_rule(b->rules[revision[id]], b->mask, host, now);
	}

	return now;
}

/* The fields of @reg that have a rule of @kind at these revisions */
u64 guest_compat_id_fields(const u8 *revision, u32 reg, u16 kind)
{
	u64 mask = 0;

	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		const struct guest_compat_behaviour *b = &guest_compat_behaviours[id];

		if (b->reg == reg && (b->rules[revision[id]] & GUEST_COMPAT_ID_KIND) == kind)
			mask |= b->mask;
	}

	return mask;
}
