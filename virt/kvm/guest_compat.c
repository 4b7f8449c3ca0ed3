// SPDX-License-Identifier: GPL-2.0-only
/*
 * Computes vectors from the tables of the architecture. This file has no state
 * and calls nothing of the kernel, so that a test can compile it for the build
 * machine.
 */

#ifdef __KERNEL__
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kvm_guest_compat.h>
#include <linux/nospec.h>
#include <linux/string.h>
#endif

/**
 * guest_compat_known - does this kernel have a behaviour?
 * @id:	the behaviour, any number that userspace gave
 *
 * Return: true if the table has a row for @id.
 */
bool guest_compat_known(u32 id)
{
	return id < guest_compat_nr &&
	       guest_compat_behaviours[array_index_nospec(id, guest_compat_nr)].name[0];
}

/**
 * guest_compat_next - iterate over the behaviours of this kernel
 * @id:	the behaviour before, or 0
 *
 * Ids may have holes: a kernel need not have all behaviours.
 *
 * Return: the id of the next behaviour, or 0 after the last.
 */
unsigned int guest_compat_next(unsigned int id)
{
	while (++id < guest_compat_nr) {
		if (guest_compat_known(id))
			return id;
	}

	return 0;
}

/**
 * guest_compat_revision - the revision that a release had
 * @id:		a known behaviour
 * @release:	enum guest_compat_release, or a later one
 *
 * Return: the revision of the last change up to @release.
 */
u8 guest_compat_revision(unsigned int id, unsigned int release)
{
	const u8 *since = guest_compat_behaviours[id].since;

	if (release >= GUEST_COMPAT_END)
		release = GUEST_COMPAT_END - 1;

	while (release && !since[release])
		release--;

	return release ? since[release] - 1 : 0;
}

/**
 * guest_compat_native_revision - the revision of a new VM when nothing is selected
 * @id:	a known behaviour
 *
 * Return: the native revision of this kernel, backports included.
 */
u8 guest_compat_native_revision(unsigned int id)
{
	if (guest_compat_backports[id])
		return guest_compat_backports[id] - 1;
	if (guest_compat_behaviours[id].native)
		return guest_compat_behaviours[id].native - 1;

	return guest_compat_revision(id, guest_compat_native);
}

/**
 * guest_compat_highest - the highest revision that this kernel can give to a VM
 * @id:	a known behaviour
 *
 * A kernel offers the revisions of the releases before it, and its native one.
 * It does not offer a later revision, nor one of its own release that it lacks.
 *
 * Return: the highest of these revisions.
 */
u8 guest_compat_highest(unsigned int id)
{
	const u8 *since = guest_compat_behaviours[id].since;
	u8 highest = guest_compat_native_revision(id);

	for (unsigned int r = 1; r < guest_compat_native; r++) {
		if (since[r] > GUEST_COMPAT_REV(highest))
			highest = since[r] - 1;
	}

	return highest;
}

/**
 * guest_compat_native_of - the revisions of a new VM when nothing is selected
 * @compat:	is overwritten
 */
void guest_compat_native_of(struct kvm_guest_compat *compat)
{
	unsigned int id;

	*compat = (struct kvm_guest_compat){ .baseline = KVM_GUEST_COMPAT_NATIVE };
	for (id = guest_compat_next(0); id; id = guest_compat_next(id))
		compat->revision[id] = guest_compat_native_revision(id);
}

/**
 * guest_compat_differs - does a vector differ from the native one?
 * @compat:	the vector
 *
 * Return: true if at least one revision differs.
 */
bool guest_compat_differs(const struct kvm_guest_compat *compat)
{
	unsigned int id;

	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (compat->revision[id] != guest_compat_native_revision(id))
			return true;
	}

	return false;
}

/**
 * guest_compat_number - the number of a baseline in the UAPI
 * @baseline:	the baseline
 *
 * Return: release << 8 | version.
 */
unsigned int guest_compat_number(const struct guest_compat_baseline *baseline)
{
	return baseline->release << 8 | baseline->version;
}

/**
 * guest_compat_selectable - can a VM of this kernel have a baseline?
 * @baseline:	the baseline
 *
 * Return: false if the release of @baseline is later than this kernel's, or if
 * @baseline has a revision that this kernel does not offer.
 */
bool guest_compat_selectable(const struct guest_compat_baseline *baseline)
{
	unsigned int id;

	if (baseline->release > guest_compat_native)
		return false;

	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (guest_compat_published(baseline, id) > guest_compat_highest(id))
			return false;
	}

	return true;
}

/**
 * guest_compat_newest_version - is a baseline the newest version of its release?
 * @baseline:	the baseline
 *
 * A release without a version, such as "6.12", means the newest version.
 *
 * Return: true if this kernel knows no later version of the release.
 */
bool guest_compat_newest_version(const struct guest_compat_baseline *baseline)
{
	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		if (guest_compat_baselines[i].release == baseline->release &&
		    guest_compat_baselines[i].version > baseline->version)
			return false;
	}

	return true;
}

/**
 * guest_compat_find - find a baseline by its number
 * @number:	any number that userspace gave
 *
 * Return: the baseline, or NULL if it is unknown or cannot be selected here.
 */
const struct guest_compat_baseline *guest_compat_find(u64 number)
{
	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		const struct guest_compat_baseline *baseline = &guest_compat_baselines[i];

		if (guest_compat_number(baseline) == number)
			return guest_compat_selectable(baseline) ? baseline : NULL;
	}

	return NULL;
}

/**
 * guest_compat_published - the revision that a baseline has
 * @baseline:	the baseline
 * @id:		a known behaviour
 *
 * A published line never changes. If the line lacks @id, the behaviour was found
 * later. VMs of @baseline then keep the revision that they have had: that of the
 * release that published the line or, on an older kernel, the native one.
 *
 * Return: the revision.
 */
u8 guest_compat_published(const struct guest_compat_baseline *baseline, unsigned int id)
{
	if (id && id <= strlen(baseline->revisions) && baseline->revisions[id - 1] != '.')
		return baseline->revisions[id - 1] - '0';

	if (baseline->published > guest_compat_native)
		return guest_compat_native_revision(id);

	return guest_compat_revision(id, baseline->published);
}

/**
 * guest_compat_of - all revisions of a baseline
 * @compat:	is overwritten
 * @baseline:	the baseline
 */
void guest_compat_of(struct kvm_guest_compat *compat,
		     const struct guest_compat_baseline *baseline)
{
	unsigned int id;

	*compat = (struct kvm_guest_compat){ .baseline = guest_compat_number(baseline) };
	for (id = guest_compat_next(0); id; id = guest_compat_next(id))
		compat->revision[id] = guest_compat_published(baseline, id);
}

/**
 * guest_compat_name - write the exact name of a baseline, such as "6.12-v1"
 * @name:	the buffer
 * @size:	its size in bytes; 16 are enough
 * @baseline:	the baseline
 */
void guest_compat_name(char *name, size_t size, const struct guest_compat_baseline *baseline)
{
	unsigned int n = baseline->release + 9;

	snprintf(name, size, "%u.%u-v%u", 5 + n / 20, n % 20, baseline->version);
}

/**
 * guest_compat_tell - write the entry of one behaviour for userspace
 * @entry:	is overwritten
 * @id:		a known behaviour
 * @compat:	the revisions of the VM
 */
void guest_compat_tell(struct kvm_guest_compat_behaviour *entry, unsigned int id,
		       const struct kvm_guest_compat *compat)
{
	*entry = (struct kvm_guest_compat_behaviour){
		.id		= id,
		.revision	= compat->revision[id],
		.dflt		= guest_compat_native_revision(id),
		.highest	= guest_compat_highest(id),
	};
	snprintf(entry->name, sizeof(entry->name), "%s", guest_compat_behaviours[id].name);

	for (unsigned int r = 1; r < GUEST_COMPAT_END; r++) {
		if (guest_compat_revision(id, r) == compat->revision[id])
			entry->releases[r / 64] |= 1ULL << (r % 64);
	}

	/* With .native in the row, this kernel may differ from what its release did */
	if (guest_compat_behaviours[id].native == GUEST_COMPAT_REV(compat->revision[id]))
		entry->releases[guest_compat_native / 64] |= 1ULL << (guest_compat_native % 64);
}

/**
 * guest_compat_start - begin to read a vector
 * @reader:	is overwritten
 */
void guest_compat_start(struct guest_compat_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
}

/* If this kernel's native release has the revision, it can accept an unknown id. */
static bool is_native(const struct kvm_guest_compat_behaviour *entry)
{
	return entry->releases[guest_compat_native / 64] & 1ULL << (guest_compat_native % 64);
}

/**
 * guest_compat_take - read one entry of a vector
 * @reader:	what was read so far
 * @entry:	the entry, as userspace gave it
 *
 * KVM accepts an unknown behaviour if the native release of this kernel has the
 * revision, too.
 *
 * Return: 0, or -EINVAL if a VM of this kernel cannot have the revision.
 */
int guest_compat_take(struct guest_compat_reader *reader,
		      const struct kvm_guest_compat_behaviour *entry)
{
	u32 id = entry->id;

	if (entry->flags || entry->reserved)
		return -EINVAL;

	if (!guest_compat_known(id))
		return is_native(entry) ? 0 : -EINVAL;

	id = array_index_nospec(id, guest_compat_nr);
	if (reader->seen[id] || entry->revision > guest_compat_highest(id))
		return -EINVAL;

	reader->seen[id] = true;
	reader->want.revision[id] = entry->revision;
	return 0;
}

/**
 * guest_compat_complete - end the reading of a vector
 * @reader:	all entries that were read; @reader->want is the result
 * @native:	the native release of the kernel that wrote the vector
 * @baseline:	the baseline that was selected there
 * @bad_id:	on failure, the behaviour that is refused, or 0
 *
 * The source left out the behaviours that it did not know. The guest saw them as
 * @native had them. This kernel need not know @baseline, because the entries
 * have all revisions. It keeps the number for a kernel that does know it.
 *
 * Return: 0, or -EINVAL.
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
		if (reader->want.revision[id] > guest_compat_highest(id))
			return -EINVAL;
	}

	*bad_id = kvm_arch_guest_compat_incoherent(&reader->want);
	return *bad_id ? -EINVAL : 0;
}
