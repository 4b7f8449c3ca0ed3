// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables of guest compatibility, and the one way to change what a VM has.
 * A topic's header brings its ids, and, here, its rows: the Makefile has the
 * list. This file is compiled with -Werror=override-init.
 */

#include <linux/init.h>
#include <linux/kvm_host.h>

#include "guest-compat.h"
#include "guest-compat/topics.h"

#define GUEST_COMPAT_ROWS

const struct guest_compat_behaviour guest_compat_behaviours[] = {
	[0] = { .name = "" },
#include "guest-compat/topics.h"
};

static_assert(ARRAY_SIZE(guest_compat_behaviours) <= GUEST_COMPAT_MAX_ID + 1);

const unsigned int guest_compat_nr = ARRAY_SIZE(guest_compat_behaviours);

const struct guest_compat_baseline guest_compat_baselines[GUEST_COMPAT_END] = {
	[GUEST_COMPAT_V5_10]	= { "5.10", "5.10.223" },
	[GUEST_COMPAT_V5_11]	= { "5.11" },
	[GUEST_COMPAT_V5_12]	= { "5.12" },
	[GUEST_COMPAT_V5_13]	= { "5.13" },
	[GUEST_COMPAT_V5_14]	= { "5.14" },
	[GUEST_COMPAT_V5_15]	= { "5.15" },
	[GUEST_COMPAT_V5_16]	= { "5.16" },
	[GUEST_COMPAT_V5_17]	= { "5.17" },
	[GUEST_COMPAT_V5_18]	= { "5.18" },
	[GUEST_COMPAT_V5_19]	= { "5.19" },
	[GUEST_COMPAT_V6_0]	= { "6.0" },
	[GUEST_COMPAT_V6_1]	= { "6.1", "6.1.192" },
	[GUEST_COMPAT_V6_2]	= { "6.2" },
	[GUEST_COMPAT_V6_3]	= { "6.3" },
	[GUEST_COMPAT_V6_4]	= { "6.4" },
	[GUEST_COMPAT_V6_5]	= { "6.5" },
	[GUEST_COMPAT_V6_6]	= { "6.6" },
	[GUEST_COMPAT_V6_7]	= { "6.7" },
	[GUEST_COMPAT_V6_8]	= { "6.8" },
	[GUEST_COMPAT_V6_9]	= { "6.9" },
	[GUEST_COMPAT_V6_10]	= { "6.10" },
	[GUEST_COMPAT_V6_11]	= { "6.11" },
	[GUEST_COMPAT_V6_12]	= { "6.12", "6.12.117" },
	[GUEST_COMPAT_V6_13]	= { "6.13" },
	[GUEST_COMPAT_V6_14]	= { "6.14" },
	[GUEST_COMPAT_V6_15]	= { "6.15" },
	[GUEST_COMPAT_V6_16]	= { "6.16", "6.16.12" },
	[GUEST_COMPAT_V6_17]	= { "6.17", "6.17.13" },
	[GUEST_COMPAT_V6_18]	= { "6.18", "6.18.15" },
	[GUEST_COMPAT_V6_19]	= { "6.19", "6.19.14" },
	[GUEST_COMPAT_V7_0]	= { "7.0", "7.0.13" },
	[GUEST_COMPAT_V7_1]	= { "7.1", "7.1.13" },
	[GUEST_COMPAT_V7_2]	= { "7.2", "7.2.12" },
	[GUEST_COMPAT_V7_3]	= { "7.3", "7.3.4" },
};

/* Userspace has a bit for each in struct kvm_guest_compat_behaviour */
static_assert(GUEST_COMPAT_NEWEST < 128);

bool guest_compat_known(u32 id)
{
	return id < guest_compat_nr && guest_compat_behaviours[id].name[0];
}

/* The first after @id, or 0; a kernel that has not all of them has holes */
unsigned int guest_compat_next(unsigned int id)
{
	while (++id < guest_compat_nr) {
		if (guest_compat_known(id))
			return id;
	}

	return 0;
}

bool guest_compat_selectable(u64 baseline)
{
	return baseline && baseline <= GUEST_COMPAT_NEWEST &&
	       guest_compat_baselines[baseline].measured;
}

/* The latest change up to @release is what it had */
u8 guest_compat_revision(unsigned int id, unsigned int release)
{
	const u8 *since = guest_compat_behaviours[id].since;

	while (release && !since[release])
		release--;

	return release ? since[release] - 1 : 0;
}

/* What a VM has for which nobody asked anything */
static struct kvm_guest_compat native __ro_after_init;

u8 guest_compat_native_revision(unsigned int id)
{
	return native.revision[id];
}

void guest_compat_of(struct kvm_guest_compat *compat, unsigned int release)
{
	unsigned int id;

	*compat = (struct kvm_guest_compat){ .baseline = release };
	for (id = guest_compat_next(0); id; id = guest_compat_next(id))
		compat->revision[id] = guest_compat_revision(id, release);
}

static int __init guest_compat_init_native(void)
{
	unsigned int id;

	guest_compat_of(&native, guest_compat_native);
	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (guest_compat_backports[id])
			native.revision[id] = guest_compat_backports[id] - 1;
	}

	return 0;
}
core_initcall(guest_compat_init_native);

/*
 * All that a revision decides is decided when an object is made, or here: with
 * kvm->lock held and no vCPU yet, nobody can have seen or changed it. Asking
 * for what the VM has already is fine at any time.
 */
int guest_compat_apply(struct kvm *kvm, const struct kvm_guest_compat *want)
{
	struct kvm_guest_compat *has = &kvm->arch.guest_compat;
	bool differs = memcmp(has->revision, want->revision, sizeof(has->revision));
	unsigned int id;

	lockdep_assert_held(&kvm->lock);

	/* The hypervisor has taken a copy of what protected VMs have */
	if (differs && kvm_vm_is_protected(kvm))
		return -EPERM;

	if (kvm->created_vcpus)
		return differs ? -EBUSY : 0;

	has->baseline = want->baseline;
	has->differs = false;
	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		u8 revision = want->revision[id];

		has->differs |= revision != guest_compat_native_revision(id);
		if (has->revision[id] == revision)
			continue;

		has->revision[id] = revision;
		if (guest_compat_behaviours[id].select)
			guest_compat_behaviours[id].select(kvm, revision);
	}

	return 0;
}

void kvm_guest_compat_init_vm(struct kvm *kvm)
{
	kvm->arch.guest_compat = native;
}
