// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest compatibility as userspace sees it: KVM_CAP_GUEST_COMPAT, and the VM
 * attributes of KVM_VM_GUEST_COMPAT_CTRL.
 */

#include <linux/bitmap.h>
#include <linux/kvm_host.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "guest-compat.h"

/* The sizes of version 1, which no structure can be smaller than */
#define VECTOR_SIZE_VER1	offsetofend(struct kvm_guest_compat_vector, bad_id)
#define BEHAVIOUR_SIZE_VER1	offsetofend(struct kvm_guest_compat_behaviour, name)
#define REVISION_SIZE_VER1	offsetofend(struct kvm_guest_compat_revision, revision)

/* What no structure comes near, so that reading one ends soon */
#define MAX_SIZE		4096
#define MAX_ENTRIES		1024

int kvm_arch_guest_compat_newest(struct kvm *kvm)
{
	unsigned int baseline = GUEST_COMPAT_NEWEST;

	if (kvm && kvm_vm_is_protected(kvm))
		return 0;

	/* A release can be known before it was measured */
	while (baseline && !guest_compat_selectable(baseline))
		baseline--;

	return baseline;
}

int kvm_arch_guest_compat_select(struct kvm *kvm, u64 baseline)
{
	struct kvm_guest_compat want;

	if (!guest_compat_selectable(baseline))
		return -EINVAL;

	guest_compat_of(&want, array_index_nospec(baseline, GUEST_COMPAT_END));

	guard(mutex)(&kvm->lock);
	return guest_compat_apply(kvm, &want);
}

static unsigned int list_baselines(struct kvm_guest_compat_baseline *entry)
{
	unsigned int nr = 0;

	for (unsigned int i = 1; i <= GUEST_COMPAT_NEWEST; i++) {
		if (!guest_compat_selectable(i))
			continue;

		if (entry) {
			entry[nr].baseline = i;
			strscpy(entry[nr].name, guest_compat_baselines[i].name);
			strscpy(entry[nr].measured, guest_compat_baselines[i].measured);
		}
		nr++;
	}

	return nr;
}

static unsigned int list_behaviours(struct kvm_guest_compat_behaviour *entry,
				    const struct kvm_guest_compat *has)
{
	unsigned int id, nr = 0;

	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		nr++;
		if (!entry)
			continue;

		entry->id = id;
		entry->revision = has->revision[id];
		entry->dflt = guest_compat_native_revision(id);
		entry->highest = guest_compat_behaviours[id].highest;
		strscpy(entry->name, guest_compat_behaviours[id].name);

		for (unsigned int r = 1; r <= GUEST_COMPAT_NEWEST; r++) {
			if (guest_compat_revision(id, r) == has->revision[id])
				entry->releases[r / 64] |= BIT_ULL(r % 64);
		}
		entry++;
	}

	return nr;
}

static int guest_compat_list(struct kvm *kvm, void __user *uaddr)
{
	struct kvm_guest_compat has;
	struct kvm_guest_compat_vector hdr = {
		.header_size	= sizeof(hdr),
		.version	= KVM_GUEST_COMPAT_VERSION,
		.native		= guest_compat_native,
		.baselines	= sizeof(hdr),
		.baseline_size	= sizeof(struct kvm_guest_compat_baseline),
		.nr_baselines	= list_baselines(NULL),
		.behaviour_size	= sizeof(struct kvm_guest_compat_behaviour),
		.nr_behaviours	= list_behaviours(NULL, NULL),
		.bad_entry	= KVM_GUEST_COMPAT_NONE,
	};
	void *buf __free(kfree) = NULL;
	u32 size;

	hdr.behaviours = hdr.baselines + hdr.nr_baselines * hdr.baseline_size;
	hdr.size = hdr.behaviours + hdr.nr_behaviours * hdr.behaviour_size;

	if (get_user(size, (u32 __user *)uaddr))
		return -EFAULT;

	if (size < hdr.size)
		return put_user(hdr.size, (u32 __user *)uaddr) ?: -E2BIG;

	buf = kzalloc(hdr.size, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;

	scoped_guard(mutex, &kvm->lock)
		has = kvm->arch.guest_compat;

	hdr.baseline = has.baseline;
	memcpy(buf, &hdr, sizeof(hdr));
	list_baselines(buf + hdr.baselines);
	list_behaviours(buf + hdr.behaviours, &has);

	return copy_to_user(uaddr, buf, hdr.size) ? -EFAULT : 0;
}

static int read_revision(struct kvm_guest_compat_revision *arg, void __user *uaddr)
{
	u32 size;
	int ret;

	if (get_user(size, (u32 __user *)uaddr))
		return -EFAULT;

	if (size < REVISION_SIZE_VER1 || size > MAX_SIZE)
		return -EINVAL;

	ret = copy_struct_from_user(arg, sizeof(*arg), uaddr, size);
	if (ret)
		return ret;

	if (arg->flags)
		return -EINVAL;

	if (!guest_compat_known(arg->id))
		return -EINVAL;

	arg->id = array_index_nospec(arg->id, guest_compat_nr);
	return 0;
}

static int guest_compat_get_revision(struct kvm *kvm, void __user *uaddr)
{
	struct kvm_guest_compat_revision __user *uarg = uaddr;
	struct kvm_guest_compat_revision arg;
	u32 revision;
	int ret;

	ret = read_revision(&arg, uaddr);
	if (ret == -E2BIG && put_user((u32)sizeof(arg), &uarg->size))
		return -EFAULT;
	if (ret)
		return ret;

	scoped_guard(mutex, &kvm->lock)
		revision = kvm->arch.guest_compat.revision[arg.id];

	return put_user(revision, &uarg->revision);
}

static int guest_compat_set_revision(struct kvm *kvm, void __user *uaddr)
{
	struct kvm_guest_compat_revision arg;
	struct kvm_guest_compat want;
	int ret;

	ret = read_revision(&arg, uaddr);
	if (ret)
		return ret;

	if (arg.revision > guest_compat_behaviours[arg.id].highest)
		return -EINVAL;

	guard(mutex)(&kvm->lock);
	want = kvm->arch.guest_compat;
	want.revision[arg.id] = arg.revision;
	return guest_compat_apply(kvm, &want);
}

static int read_header(struct kvm_guest_compat_vector *hdr, void __user *uaddr)
{
	struct {
		u32 size;
		u32 header_size;
	} first;
	u64 end;
	int ret;

	if (copy_from_user(&first, uaddr, sizeof(first)))
		return -EFAULT;

	if (first.header_size < VECTOR_SIZE_VER1 ||
	    first.header_size > MAX_SIZE || first.header_size > first.size)
		return -EINVAL;

	ret = copy_struct_from_user(hdr, sizeof(*hdr), uaddr, first.header_size);
	if (ret)
		return ret;

	/* Userspace may have changed what was checked */
	hdr->size = first.size;
	hdr->header_size = first.header_size;

	if (hdr->version != KVM_GUEST_COMPAT_VERSION || hdr->flags || !hdr->native)
		return -EINVAL;

	if (hdr->behaviour_size < BEHAVIOUR_SIZE_VER1 ||
	    hdr->behaviour_size > MAX_SIZE || hdr->nr_behaviours > MAX_ENTRIES)
		return -EINVAL;

	end = (u64)hdr->behaviours + (u64)hdr->nr_behaviours * hdr->behaviour_size;
	if (hdr->behaviours < hdr->header_size || end > hdr->size)
		return -EINVAL;

	return 0;
}

/*
 * What @entry asks of a kernel that does not know its id: nothing, provided
 * that this kernel is by itself what the guest has seen.
 */
static bool is_native(const struct kvm_guest_compat_behaviour *entry)
{
	return entry->releases[guest_compat_native / 64] &
	       BIT_ULL(guest_compat_native % 64);
}

static int read_behaviour(struct kvm_guest_compat *want, unsigned long *seen,
			  const struct kvm_guest_compat_behaviour *entry)
{
	u32 id = entry->id;

	if (entry->flags || entry->reserved)
		return -EINVAL;

	if (!guest_compat_known(id))
		return is_native(entry) ? 0 : -EINVAL;

	id = array_index_nospec(id, guest_compat_nr);
	if (__test_and_set_bit(id, seen) ||
	    entry->revision > guest_compat_behaviours[id].highest)
		return -EINVAL;

	want->revision[id] = entry->revision;
	return 0;
}

/* The source did not know those that it left out: they are as it was itself */
static int complete_vector(struct kvm_guest_compat *want, const unsigned long *seen,
			   struct kvm_guest_compat_vector *hdr)
{
	u32 native = array_index_nospec(hdr->native, GUEST_COMPAT_END);
	unsigned int id;

	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (test_bit(id, seen))
			continue;

		if (hdr->native > GUEST_COMPAT_NEWEST) {
			hdr->bad_id = id;
			return -EINVAL;
		}

		want->revision[id] = guest_compat_revision(id, native);
	}

	return 0;
}

/*
 * Read the vector that @hdr is of into @want, whole, and without a look at any
 * VM. On failure @hdr has the behaviour that is refused.
 */
static int read_vector(struct kvm_guest_compat *want,
		       struct kvm_guest_compat_vector *hdr, void __user *uaddr)
{
	DECLARE_BITMAP(seen, GUEST_COMPAT_MAX_ID + 1) = {};
	struct kvm_guest_compat_behaviour entry;
	void __user *uentry;
	int ret;

	*want = (struct kvm_guest_compat){};
	hdr->bad_entry = KVM_GUEST_COMPAT_NONE;
	hdr->bad_id = 0;

	uentry = uaddr + hdr->behaviours;
	for (u32 i = 0; i < hdr->nr_behaviours; i++, uentry += hdr->behaviour_size) {
		ret = copy_struct_from_user(&entry, sizeof(entry), uentry,
					    hdr->behaviour_size);
		if (ret == -EFAULT)
			return ret;
		if (ret && get_user(entry.id, (u32 __user *)uentry))
			return -EFAULT;
		if (!ret)
			ret = read_behaviour(want, seen, &entry);
		if (ret) {
			hdr->bad_entry = i;
			hdr->bad_id = entry.id;
			return ret;
		}
	}

	want->baseline = guest_compat_selectable(hdr->baseline) ? hdr->baseline : 0;
	return complete_vector(want, seen, hdr);
}

static int guest_compat_load(struct kvm *kvm, void __user *uaddr)
{
	struct kvm_guest_compat_vector hdr;
	struct kvm_guest_compat want;
	int ret;

	ret = read_header(&hdr, uaddr);
	if (!ret)
		ret = read_vector(&want, &hdr, uaddr);
	if (ret)
		return ret;

	guard(mutex)(&kvm->lock);
	return guest_compat_apply(kvm, &want);
}

static int guest_compat_check(void __user *uaddr)
{
	struct kvm_guest_compat_vector __user *uhdr = uaddr;
	struct kvm_guest_compat_vector hdr;
	struct kvm_guest_compat want;
	int ret;

	ret = read_header(&hdr, uaddr);
	if (ret)
		return ret;

	ret = read_vector(&want, &hdr, uaddr);
	if (put_user(hdr.bad_entry, &uhdr->bad_entry) ||
	    put_user(hdr.bad_id, &uhdr->bad_id))
		return -EFAULT;

	return ret;
}

int kvm_guest_compat_has_attr(struct kvm *kvm, struct kvm_device_attr *attr)
{
	switch (attr->attr) {
	case KVM_GUEST_COMPAT_LIST:
	case KVM_GUEST_COMPAT_REVISION:
	case KVM_GUEST_COMPAT_LOAD:
	case KVM_GUEST_COMPAT_CHECK:
		return attr->flags ? -EINVAL : 0;
	default:
		return -ENXIO;
	}
}

int kvm_guest_compat_get_attr(struct kvm *kvm, struct kvm_device_attr *attr)
{
	void __user *uaddr = u64_to_user_ptr(attr->addr);

	if (attr->flags)
		return -EINVAL;

	switch (attr->attr) {
	case KVM_GUEST_COMPAT_LIST:
		return guest_compat_list(kvm, uaddr);
	case KVM_GUEST_COMPAT_REVISION:
		return guest_compat_get_revision(kvm, uaddr);
	case KVM_GUEST_COMPAT_CHECK:
		return guest_compat_check(uaddr);
	default:
		return -ENXIO;
	}
}

int kvm_guest_compat_set_attr(struct kvm *kvm, struct kvm_device_attr *attr)
{
	void __user *uaddr = u64_to_user_ptr(attr->addr);

	if (attr->flags)
		return -EINVAL;

	switch (attr->attr) {
	case KVM_GUEST_COMPAT_REVISION:
		return guest_compat_set_revision(kvm, uaddr);
	case KVM_GUEST_COMPAT_LOAD:
		return guest_compat_load(kvm, uaddr);
	default:
		return -ENXIO;
	}
}
