// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm.guest_compat=6.12[,name=revision...]: what VMs made from now on have
 * before their VMM asks for anything, for VMMs that know of nothing to ask.
 */

#include <linux/kvm_guest_compat.h>
#include <linux/kvm_host.h>
#include <linux/moduleparam.h>
#include <linux/spinlock.h>

/* Set before there is memory to allocate from, and read by KVM_CREATE_VM */
static DEFINE_SPINLOCK(default_lock);
static struct kvm_guest_compat default_compat;
static bool default_set;

/* As the administrator has it, or, without, as this kernel is by itself */
void kvm_guest_compat_of_new_vms(struct kvm_guest_compat *compat)
{
	scoped_guard(spinlock, &default_lock) {
		if (default_set) {
			*compat = default_compat;
			return;
		}
	}

	guest_compat_native_of(compat);
}

/* Of a VM, or, without one, of those to be made */
u8 kvm_guest_compat_revision_of(struct kvm *kvm, unsigned int id)
{
	if (kvm)
		return kvm_guest_compat(kvm, id);

	guard(spinlock)(&default_lock);
	return default_set ? default_compat.revision[id] : guest_compat_native_revision(id);
}

static int set_host_default(const char *val, const struct kernel_param *kp)
{
	struct kvm_guest_compat compat;
	int ret;

	ret = guest_compat_parse(&compat, val);
	if (ret)
		return ret;

	guard(spinlock)(&default_lock);
	default_compat = compat;
	default_set = true;

	return 0;
}

static int get_host_default(char *buffer, const struct kernel_param *kp)
{
	struct kvm_guest_compat compat;
	int len;

	kvm_guest_compat_of_new_vms(&compat);
	len = guest_compat_format(buffer, PAGE_SIZE - 1, &compat);
	buffer[len++] = '\n';

	return len;
}

static const struct kernel_param_ops host_default_ops = {
	.set	= set_host_default,
	.get	= get_host_default,
};
module_param_cb(guest_compat, &host_default_ops, NULL, 0644);
