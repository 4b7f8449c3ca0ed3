/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_COMPAT_HOST_H
#define GUEST_COMPAT_HOST_H

/* The rows and the rules for ID registers, built for the machine at hand */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define BIT(n)			(1ULL << (n))
#define GENMASK(h, l)		((~0ULL >> (63 - (h))) & (~0ULL << (l)))
#define GENMASK_ULL(h, l)	GENMASK(h, l)
#define UL(x)			x##UL
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define sys_reg(op0, op1, crn, crm, op2)	\
	((op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)

struct kvm_vcpu;
struct arch_timer_context;

#include "../../../../../arch/arm64/kvm/guest-compat/idregs.c"
#include "guest-compat/topics.h"

#define GUEST_COMPAT_ROWS

const struct guest_compat_behaviour guest_compat_behaviours[] = {
	[0] = { .name = "" },
#include "guest-compat/topics.h"
};

const unsigned int guest_compat_nr = ARRAY_SIZE(guest_compat_behaviours);

static u8 revision_of(unsigned int id, unsigned int release)
{
	const u8 *since = guest_compat_behaviours[id].since;

	while (release && !since[release])
		release--;

	return release ? since[release] - 1 : 0;
}

/* By its number: 1 is 5.10, after 5.19 comes 6.0, after 6.19 7.0 */
static const char *release_name(unsigned int release)
{
	static char names[2][16];
	static int which;
	unsigned int n = release + 9;

	which = !which;
	snprintf(names[which], sizeof(names[0]), "%u.%u", 5 + n / 20, n % 20);
	return names[which];
}

static u64 default_of(unsigned int release, u32 reg, u64 host, u64 now)
{
	u8 revision[GUEST_COMPAT_MAX_ID + 1] = {};

	for (unsigned int id = 1; id < guest_compat_nr; id++)
		revision[id] = revision_of(id, release);

	return guest_compat_id_default(revision, reg, host, now);
}

static int tests, failed;

static void result(bool ok, const char *what)
{
	printf("%sok %d %s\n", ok ? "" : "not ", ++tests, what);
	failed += !ok;
}

#endif /* GUEST_COMPAT_HOST_H */
