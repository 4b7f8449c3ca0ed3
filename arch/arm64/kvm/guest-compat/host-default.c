// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm.guest_compat=6.12[,name=revision...]: what VMs made from now on have
 * before their VMM asks for anything, for VMMs that know of nothing to ask.
 */

#include <linux/kstrtox.h>
#include <linux/kvm_host.h>
#include <linux/moduleparam.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "guest-compat.h"

/* Set before there is memory to allocate from, and read by KVM_CREATE_VM */
static DEFINE_SPINLOCK(default_lock);
static struct kvm_guest_compat default_compat;
static bool default_set;

#define LONGEST_TOKEN	64

static int parse_baseline(struct kvm_guest_compat *compat, const char *name)
{
	for (unsigned int i = 1; i <= GUEST_COMPAT_NEWEST; i++) {
		if (!guest_compat_selectable(i) ||
		    strcmp(name, guest_compat_baselines[i].name))
			continue;

		guest_compat_of(compat, i);
		return 0;
	}

	kvm_err("guest_compat: no baseline \"%s\"\n", name);
	return -EINVAL;
}

static int parse_override(struct kvm_guest_compat *compat, char *token)
{
	char *revision = strchr(token, '=');
	unsigned int id;
	u8 val;

	if (revision)
		*revision++ = '\0';

	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (strcmp(token, guest_compat_behaviours[id].name))
			continue;

		if (!revision || kstrtou8(revision, 10, &val) ||
		    val > guest_compat_behaviours[id].highest) {
			kvm_err("guest_compat: no such revision of \"%s\"\n", token);
			return -EINVAL;
		}

		compat->revision[id] = val;
		return 0;
	}

	kvm_err("guest_compat: no behaviour \"%s\"\n", token);
	return -EINVAL;
}

static int parse(struct kvm_guest_compat *compat, const char *val)
{
	char token[LONGEST_TOKEN];
	bool first = true;
	int ret;

	do {
		size_t len = strcspn(val, ",");

		/* What echo leaves at the end */
		if (len && !strcmp(val + len - 1, "\n"))
			len--;

		if (len >= sizeof(token)) {
			kvm_err("guest_compat: a name is too long\n");
			return -EINVAL;
		}

		memcpy(token, val, len);
		token[len] = '\0';
		ret = first ? parse_baseline(compat, token) : parse_override(compat, token);
		if (ret)
			return ret;

		first = false;
		val += len;
	} while (*val++ == ',');

	return 0;
}

static int set_host_default(const char *val, const struct kernel_param *kp)
{
	struct kvm_guest_compat compat;
	bool native = sysfs_streq(val, "native");
	int ret;

	if (!native) {
		ret = parse(&compat, val);
		if (ret)
			return ret;
	}

	guard(spinlock)(&default_lock);
	if (!native)
		default_compat = compat;
	default_set = !native;

	return 0;
}

static int get_host_default(char *buffer, const struct kernel_param *kp)
{
	struct kvm_guest_compat compat;
	unsigned int id;
	bool set;
	int len;

	scoped_guard(spinlock, &default_lock) {
		compat = default_compat;
		set = default_set;
	}

	if (!set)
		return sysfs_emit(buffer, "native\n");

	len = sysfs_emit(buffer, "%s", guest_compat_baselines[compat.baseline].name);
	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (compat.revision[id] != guest_compat_revision(id, compat.baseline))
			len += sysfs_emit_at(buffer, len, ",%s=%u",
					     guest_compat_behaviours[id].name,
					     compat.revision[id]);
	}

	return len + sysfs_emit_at(buffer, len, "\n");
}

static const struct kernel_param_ops host_default_ops = {
	.set	= set_host_default,
	.get	= get_host_default,
};
module_param_cb(guest_compat, &host_default_ops, NULL, 0644);

void kvm_guest_compat_host_default(struct kvm *kvm)
{
	struct kvm_guest_compat compat;

	if (kvm_vm_is_protected(kvm))
		return;

	scoped_guard(spinlock, &default_lock) {
		if (!default_set)
			return;
		compat = default_compat;
	}

	guard(mutex)(&kvm->lock);
	WARN_ON_ONCE(guest_compat_apply(kvm, &compat));
}
