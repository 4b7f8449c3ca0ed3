// SPDX-License-Identifier: GPL-2.0-only
/*
 * arm64's tables for virt/kvm/. They consist of the rows in the headers of the
 * topics; arch/arm64/kvm/Makefile lists the topics. This file is compiled with
 * -Werror=override-init, and by a test without a kernel.
 */

#ifdef __KERNEL__
#include <linux/array_size.h>
#endif

#include "behaviour.h"
#include "guest-compat/topics.h"

#define GUEST_COMPAT_ROWS

const struct guest_compat_behaviour guest_compat_behaviours[] = {
	[0] = { .name = "" },
#include "guest-compat/topics.h"
};

#undef GUEST_COMPAT_ROWS

_Static_assert(ARRAY_SIZE(guest_compat_behaviours) <= GUEST_COMPAT_MAX_ID + 1, "ids are bytes");

const unsigned int guest_compat_nr = ARRAY_SIZE(guest_compat_behaviours);

#define BASELINE(_release, _version, _published, _measured, _revisions)	\
	{								\
		.release = GUEST_COMPAT_RELEASE _release,		\
		.version = _version,					\
		.published = GUEST_COMPAT_RELEASE _published,		\
		.measured = _measured,					\
		.revisions = _revisions,				\
	},

const struct guest_compat_baseline guest_compat_baselines[] = {
#include "baselines.h"
};

const unsigned int guest_compat_nr_baselines = ARRAY_SIZE(guest_compat_baselines);

static const struct {
	u8 id, low, high;
	u8 other, other_low, other_high;
} needs[] = {
	{},
#define GUEST_COMPAT_NEEDS
#include "guest-compat/topics.h"
#undef GUEST_COMPAT_NEEDS
};

/* Refuses what no measured release had: guests could not boot on it, or lose state */
unsigned int kvm_arch_guest_compat_incoherent(const struct kvm_guest_compat *compat)
{
	for (unsigned int i = 1; i < ARRAY_SIZE(needs); i++) {
		u8 revision = compat->revision[needs[i].id];
		u8 other = compat->revision[needs[i].other];

		if (revision >= needs[i].low && revision <= needs[i].high &&
		    (other < needs[i].other_low || other > needs[i].other_high))
			return needs[i].id;
	}

	return 0;
}
