// SPDX-License-Identifier: GPL-2.0-only
/*
 * What earlier releases were, by the tables that the architecture has. No
 * state but the tables, no call into the kernel: a test compiles this file for
 * the machine that it is built on.
 */

#ifdef __KERNEL__
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kvm_guest_compat.h>
#include <linux/nospec.h>
#include <linux/string.h>
#endif

bool guest_compat_known(u32 id)
{
	return id < guest_compat_nr &&
	       guest_compat_behaviours[array_index_nospec(id, guest_compat_nr)].name[0];
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

/* The latest change up to @release is what it had */
u8 guest_compat_revision(unsigned int id, unsigned int release)
{
	const u8 *since = guest_compat_behaviours[id].since;

	if (release >= GUEST_COMPAT_END)
		release = GUEST_COMPAT_END - 1;

	while (release && !since[release])
		release--;

	return release ? since[release] - 1 : 0;
}

/* What a VM has for which nobody asked anything */
u8 guest_compat_native_revision(unsigned int id)
{
	if (guest_compat_backports[id])
		return guest_compat_backports[id] - 1;
	if (guest_compat_behaviours[id].native)
		return guest_compat_behaviours[id].native - 1;

	return guest_compat_revision(id, guest_compat_native);
}

void guest_compat_native_of(struct kvm_guest_compat *compat)
{
	unsigned int id;

	*compat = (struct kvm_guest_compat){ .baseline = KVM_GUEST_COMPAT_NATIVE };
	for (id = guest_compat_next(0); id; id = guest_compat_next(id))
		compat->revision[id] = guest_compat_native_revision(id);
}

bool guest_compat_differs(const struct kvm_guest_compat *compat)
{
	unsigned int id;

	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (compat->revision[id] != guest_compat_native_revision(id))
			return true;
	}

	return false;
}

unsigned int guest_compat_number(const struct guest_compat_baseline *baseline)
{
	return baseline->release << 8 | baseline->version;
}

/* A kernel can be what came before it, not what came after; and only what it can do */
bool guest_compat_selectable(const struct guest_compat_baseline *baseline)
{
	unsigned int id;

	if (baseline->release > guest_compat_native)
		return false;

	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (guest_compat_published(baseline, id) > guest_compat_behaviours[id].highest)
			return false;
	}

	return true;
}

bool guest_compat_newest_version(const struct guest_compat_baseline *baseline)
{
	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		if (guest_compat_baselines[i].release == baseline->release &&
		    guest_compat_baselines[i].version > baseline->version)
			return false;
	}

	return true;
}

/* Of a number that userspace gave; NULL if it cannot be selected */
const struct guest_compat_baseline *guest_compat_find(u64 number)
{
	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		const struct guest_compat_baseline *baseline = &guest_compat_baselines[i];

		if (guest_compat_number(baseline) == number)
			return guest_compat_selectable(baseline) ? baseline : NULL;
	}

	return NULL;
}

/* What @baseline has of @id: for ever, whatever has been learnt since */
u8 guest_compat_published(const struct guest_compat_baseline *baseline, unsigned int id)
{
	if (id && id <= strlen(baseline->revisions) && baseline->revisions[id - 1] != '.')
		return baseline->revisions[id - 1] - '0';

	return guest_compat_revision(id, baseline->published);
}

void guest_compat_of(struct kvm_guest_compat *compat,
		     const struct guest_compat_baseline *baseline)
{
	unsigned int id;

	*compat = (struct kvm_guest_compat){ .baseline = guest_compat_number(baseline) };
	for (id = guest_compat_next(0); id; id = guest_compat_next(id))
		compat->revision[id] = guest_compat_published(baseline, id);
}

/* "6.12-v1" */
void guest_compat_name(char *name, size_t size, const struct guest_compat_baseline *baseline)
{
	unsigned int n = baseline->release + 9;

	snprintf(name, size, "%u.%u-v%u", 5 + n / 20, n % 20, baseline->version);
}

/* What userspace is told of one behaviour */
void guest_compat_tell(struct kvm_guest_compat_behaviour *entry, unsigned int id,
		       const struct kvm_guest_compat *compat)
{
	*entry = (struct kvm_guest_compat_behaviour){
		.id		= id,
		.revision	= compat->revision[id],
		.dflt		= guest_compat_native_revision(id),
		.highest	= guest_compat_behaviours[id].highest,
	};
	snprintf(entry->name, sizeof(entry->name), "%s", guest_compat_behaviours[id].name);

	for (unsigned int r = 1; r < GUEST_COMPAT_END; r++) {
		if (guest_compat_revision(id, r) == compat->revision[id])
			entry->releases[r / 64] |= 1ULL << (r % 64);
	}
}

void guest_compat_start(struct guest_compat_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
}

/*
 * What @entry asks of a kernel that does not know its id: nothing, provided
 * that this kernel is by itself what the guest has seen.
 */
static bool is_native(const struct kvm_guest_compat_behaviour *entry)
{
	return entry->releases[guest_compat_native / 64] & 1ULL << (guest_compat_native % 64);
}

int guest_compat_take(struct guest_compat_reader *reader,
		      const struct kvm_guest_compat_behaviour *entry)
{
	u32 id = entry->id;

	if (entry->flags || entry->reserved)
		return -EINVAL;

	if (!guest_compat_known(id))
		return is_native(entry) ? 0 : -EINVAL;

	id = array_index_nospec(id, guest_compat_nr);
	if (reader->seen[id] || entry->revision > guest_compat_behaviours[id].highest)
		return -EINVAL;

	reader->seen[id] = true;
	reader->want.revision[id] = entry->revision;
	return 0;
}

/*
 * The end of a vector. The source did not know the behaviours that it left out:
 * they are as it was by itself. A baseline that is not known here is a vector
 * like any other; its number is kept, for a kernel that knows it.
 */
int guest_compat_complete(struct guest_compat_reader *reader, u32 native, u32 baseline,
			  u32 *bad_id)
{
	unsigned int id;

	reader->want.baseline = baseline;
	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (reader->seen[id])
			continue;

		*bad_id = id;
		if (!native || native >= GUEST_COMPAT_END)
			return -EINVAL;

		reader->want.revision[id] =
			guest_compat_revision(id, array_index_nospec(native, GUEST_COMPAT_END));
		if (reader->want.revision[id] > guest_compat_behaviours[id].highest)
			return -EINVAL;
	}

	*bad_id = kvm_arch_guest_compat_incoherent(&reader->want);
	return *bad_id ? -EINVAL : 0;
}
