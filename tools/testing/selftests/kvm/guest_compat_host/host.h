/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_COMPAT_HOST_H
#define GUEST_COMPAT_HOST_H

/* The rows and ID register rules of arm64, built for the build machine */
#include "shims.h"

#define BIT(n)			(1ULL << (n))
#define GENMASK(h, l)		((~0ULL >> (63 - (h))) & (~0ULL << (l)))
#define GENMASK_ULL(h, l)	GENMASK(h, l)
#define UL(x)			x##UL
#define sys_reg(op0, op1, crn, crm, op2)	\
	((op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)

struct kvm_vcpu;

#include "../../../../../arch/arm64/kvm/guest-compat/table.c"
#include "../../../../../arch/arm64/kvm/guest-compat/idregs.c"
#include "../../../../../arch/arm64/kvm/guest-compat/native.c"
#include "../../../../../virt/kvm/guest_compat.c"
#include "../../../../../virt/kvm/guest_compat_name.c"
#include "freeze.h"

/* Returns the name of a release. Number 1 is 5.10. 6.0 follows 5.19, and 7.0 follows 6.19. */
static const char *release_name(unsigned int release)
{
	static char names[2][16];
	static int which;

	which = !which;
	freeze_release_name(names[which], release);
	return names[which];
}

static u64 default_of(unsigned int release, u32 reg, u64 host, u64 now)
{
	u8 revision[GUEST_COMPAT_MAX_ID + 1] = {};

	for (unsigned int id = 1; id < guest_compat_nr; id++)
		revision[id] = guest_compat_revision(id, release);

	return guest_compat_id_default(revision, reg, host, now);
}

#endif /* GUEST_COMPAT_HOST_H */
