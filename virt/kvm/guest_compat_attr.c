// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes of KVM_GUEST_COMPAT_CTRL, on VMs and on /dev/kvm. They list the
 * baselines, get and set the revisions of a VM, and move its vector to another
 * kernel.
 */

#include <linux/kvm_guest_compat.h>
#include <linux/kvm_host.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

/* The first version of an entry ends with @name */
#define MIN_ENTRY	offsetofend(struct kvm_guest_compat_behaviour, name)
/* Upper bounds, to limit the time spent reading one vector */
#define MAX_ENTRY	4096
#define MAX_ENTRIES	1024

/* The vector of @kvm or, for /dev/kvm, of a new VM */
static void read_compat(struct kvm *kvm, struct kvm_guest_compat *has)
{
	if (!kvm) {
		if (!kvm_guest_compat_of_new_vms(has))
			guest_compat_native_of(has);
		return;
	}

	guard(mutex)(&kvm->lock);
	*has = kvm->guest_compat;
}

/* Copy @size bytes, whose first u32 is @size. If the buffer is too small, write only @size. */
static int give(void __user *uaddr, const void *buf, u32 size)
{
	u32 room;

	if (get_user(room, (u32 __user *)uaddr))
		return -EFAULT;

	if (room < size)
		return put_user(size, (u32 __user *)uaddr) ?: -E2BIG;

	return copy_to_user(uaddr, buf, size) ? -EFAULT : 0;
}

static int guest_compat_list(struct kvm *kvm, void __user *uaddr)
{
	struct kvm_guest_compat_behaviour *entry;
	struct kvm_guest_compat_vector *vector __free(kfree) = NULL;
	struct kvm_guest_compat has;
	unsigned int id;

	vector = kzalloc(sizeof(*vector) + guest_compat_nr * sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!vector)
		return -ENOMEM;

	read_compat(kvm, &has);
	vector->entry_size = sizeof(*entry);
	vector->native = guest_compat_native;
	vector->baseline = has.baseline;

	entry = (void *)(vector + 1);
	for (id = guest_compat_next(0); id; id = guest_compat_next(id))
		guest_compat_tell(entry++, id, &has);

	vector->size = (void *)entry - (void *)vector;
	return give(uaddr, vector, vector->size);
}

static int guest_compat_baselines_list(void __user *uaddr)
{
	struct kvm_guest_compat_baselines *list __free(kfree) = NULL;
	struct kvm_guest_compat_baseline *entry;

	list = kzalloc(sizeof(*list) + guest_compat_nr_baselines * sizeof(*entry),
		       GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;

	list->entry_size = sizeof(*entry);
	list->native = guest_compat_native;

	entry = (void *)(list + 1);
	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		const struct guest_compat_baseline *baseline = &guest_compat_baselines[i];

		if (!guest_compat_selectable(baseline))
			continue;

		entry->baseline = guest_compat_number(baseline);
		entry->release = baseline->release;
		entry->version = baseline->version;
		if (guest_compat_newest_version(baseline))
			entry->flags = KVM_GUEST_COMPAT_NEWEST;
		guest_compat_name(entry->name, sizeof(entry->name), baseline);
		strscpy(entry->measured, baseline->measured, sizeof(entry->measured));
		entry++;
	}

	list->size = (void *)entry - (void *)list;
	return give(uaddr, list, list->size);
}

static int read_revision(struct kvm_guest_compat_revision *arg, void __user *uaddr)
{
	if (copy_from_user(arg, uaddr, sizeof(*arg)))
		return -EFAULT;

	if (arg->flags || arg->reserved || !guest_compat_known(arg->id))
		return -EINVAL;

	arg->id = array_index_nospec(arg->id, guest_compat_nr);
	return 0;
}

static int guest_compat_get_revision(struct kvm *kvm, void __user *uaddr)
{
	struct kvm_guest_compat_revision arg;
	int ret;

	ret = read_revision(&arg, uaddr);
	if (ret)
		return ret;

	scoped_guard(mutex, &kvm->lock)
		arg.revision = kvm->guest_compat.revision[arg.id];

	return copy_to_user(uaddr, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static int guest_compat_set_revision(struct kvm *kvm, void __user *uaddr)
{
	struct kvm_guest_compat_revision arg;
	struct kvm_guest_compat want;
	int ret;

	ret = read_revision(&arg, uaddr);
	if (ret)
		return ret;

	if (arg.revision > guest_compat_highest(arg.id))
		return -EINVAL;

	guard(mutex)(&kvm->lock);
	want = kvm->guest_compat;
	want.revision[arg.id] = arg.revision;
	return guest_compat_apply(kvm, &want);
}

static int read_header(struct kvm_guest_compat_vector *hdr, void __user *uaddr)
{
	u32 entries;

	if (copy_from_user(hdr, uaddr, sizeof(*hdr)))
		return -EFAULT;

	if (hdr->flags || memchr_inv(hdr->reserved, 0, sizeof(hdr->reserved)) || !hdr->native)
		return -EINVAL;

	if (hdr->size < sizeof(*hdr) ||
	    hdr->entry_size < MIN_ENTRY || hdr->entry_size > MAX_ENTRY)
		return -EINVAL;

	entries = hdr->size - sizeof(*hdr);
	if (entries % hdr->entry_size || entries / hdr->entry_size > MAX_ENTRIES)
		return -EINVAL;

	return 0;
}

/* Set @bad->bad_entry to the index of the entry of @bad->bad_id, if there is one */
static int find_entry(const struct kvm_guest_compat_vector *hdr, void __user *uentry,
		      struct kvm_guest_compat_check *bad)
{
	u32 id;

	for (u32 i = 0; i < (hdr->size - sizeof(*hdr)) / hdr->entry_size; i++) {
		if (get_user(id, (u32 __user *)uentry))
			return -EFAULT;
		if (id == bad->bad_id) {
			bad->bad_entry = i;
			return 0;
		}
		uentry += hdr->entry_size;
	}

	return 0;
}

/*
 * Read a whole vector into @want. The result depends on no VM. On failure, @bad
 * names the refused behaviour.
 */
static int read_vector(struct kvm_guest_compat *want, void __user *uaddr,
		       struct kvm_guest_compat_check *bad)
{
	struct kvm_guest_compat_behaviour entry;
	void __user *uentry = uaddr + sizeof(struct kvm_guest_compat_vector);
	struct kvm_guest_compat_vector hdr;
	struct guest_compat_reader reader;
	int ret;

	bad->bad_entry = KVM_GUEST_COMPAT_NONE;
	bad->bad_id = 0;

	ret = read_header(&hdr, uaddr);
	if (ret)
		return ret;

	guest_compat_start(&reader);

	for (u32 i = 0; i < (hdr.size - sizeof(hdr)) / hdr.entry_size; i++) {
		ret = copy_struct_from_user(&entry, sizeof(entry), uentry, hdr.entry_size);
		if (ret == -EFAULT)
			return ret;
		if (ret && get_user(entry.id, (u32 __user *)uentry))
			return -EFAULT;
		if (!ret)
			ret = guest_compat_take(&reader, &entry);
		if (ret) {
			bad->bad_entry = i;
			bad->bad_id = entry.id;
			return ret;
		}
		uentry += hdr.entry_size;
	}

	ret = guest_compat_complete(&reader, hdr.native, hdr.baseline, &bad->bad_id);
	if (ret && find_entry(&hdr, uaddr + sizeof(hdr), bad))
		return -EFAULT;

	*want = reader.want;
	return ret;
}

static int guest_compat_load(struct kvm *kvm, void __user *uaddr)
{
	struct kvm_guest_compat_check bad;
	struct kvm_guest_compat want;
	int ret;

	ret = read_vector(&want, uaddr, &bad);
	if (ret)
		return ret;

	guard(mutex)(&kvm->lock);
	return guest_compat_apply(kvm, &want);
}

static int guest_compat_check(void __user *uaddr)
{
	struct kvm_guest_compat_check arg;
	struct kvm_guest_compat want;
	int ret;

	if (copy_from_user(&arg, uaddr, sizeof(arg)))
		return -EFAULT;

	if (arg.flags || arg.reserved)
		return -EINVAL;

	ret = read_vector(&want, u64_to_user_ptr(arg.vector), &arg);
	return copy_to_user(uaddr, &arg, sizeof(arg)) ? -EFAULT : ret;
}

/**
 * kvm_guest_compat_has_attr - KVM_HAS_DEVICE_ATTR of a VM or of /dev/kvm
 * @kvm:	the VM, or NULL
 * @attr:	of KVM_GUEST_COMPAT_CTRL
 *
 * Return: 0, -EINVAL if flags are set, -ENXIO if there is no such attribute.
 */
int kvm_guest_compat_has_attr(struct kvm *kvm, struct kvm_device_attr *attr)
{
	switch (attr->attr) {
	case KVM_GUEST_COMPAT_REVISION:
	case KVM_GUEST_COMPAT_LOAD:
		if (!kvm)
			return -ENXIO;
		fallthrough;
	case KVM_GUEST_COMPAT_LIST:
	case KVM_GUEST_COMPAT_CHECK:
	case KVM_GUEST_COMPAT_BASELINES:
		return attr->flags ? -EINVAL : 0;
	default:
		return -ENXIO;
	}
}

/**
 * kvm_guest_compat_get_attr - KVM_GET_DEVICE_ATTR of a VM or of /dev/kvm
 * @kvm:	the VM, or NULL
 * @attr:	of KVM_GUEST_COMPAT_CTRL
 *
 * Takes kvm->lock.
 *
 * Return: 0; -EINVAL, -ENXIO as kvm_guest_compat_has_attr(); -EFAULT; -ENOMEM;
 * -E2BIG if the buffer of LIST or BASELINES is too small, with the needed size in
 * its first u32, or if an entry of CHECK has fields that this kernel does not know.
 */
int kvm_guest_compat_get_attr(struct kvm *kvm, struct kvm_device_attr *attr)
{
	void __user *uaddr = u64_to_user_ptr(attr->addr);
	int ret = kvm_guest_compat_has_attr(kvm, attr);

	if (ret)
		return ret;

	switch (attr->attr) {
	case KVM_GUEST_COMPAT_LIST:
		return guest_compat_list(kvm, uaddr);
	case KVM_GUEST_COMPAT_REVISION:
		return guest_compat_get_revision(kvm, uaddr);
	case KVM_GUEST_COMPAT_CHECK:
		return guest_compat_check(uaddr);
	case KVM_GUEST_COMPAT_BASELINES:
		return guest_compat_baselines_list(uaddr);
	default:
		return -ENXIO;
	}
}

/**
 * kvm_guest_compat_set_attr - KVM_SET_DEVICE_ATTR of a VM or of /dev/kvm
 * @kvm:	the VM, or NULL
 * @attr:	of KVM_GUEST_COMPAT_CTRL
 *
 * Takes kvm->lock.
 *
 * Return: 0; -EINVAL, -ENXIO as kvm_guest_compat_has_attr(); -EFAULT; -E2BIG if an
 * entry of LOAD has fields that this kernel does not know; as guest_compat_apply().
 */
int kvm_guest_compat_set_attr(struct kvm *kvm, struct kvm_device_attr *attr)
{
	void __user *uaddr = u64_to_user_ptr(attr->addr);
	int ret = kvm_guest_compat_has_attr(kvm, attr);

	if (ret)
		return ret;

	switch (attr->attr) {
	case KVM_GUEST_COMPAT_REVISION:
		return guest_compat_set_revision(kvm, uaddr);
	case KVM_GUEST_COMPAT_LOAD:
		return guest_compat_load(kvm, uaddr);
	default:
		return -ENXIO;
	}
}
