// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm.guest_compat=6.12[,name=revision...] sets the host default: the vector of
 * new VMs until their VMM selects another. It serves VMMs that cannot select.
 */

#include <linux/kvm_guest_compat.h>
#include <linux/kvm_host.h>
#include <linux/moduleparam.h>
#include <linux/spinlock.h>

/* The command line sets it before memory can be allocated. KVM_CREATE_VM reads it. */
static DEFINE_SPINLOCK(default_lock);
static struct kvm_guest_compat default_compat;
static bool default_set;	/* once true, it stays true */

/**
 * kvm_guest_compat_of_new_vms - the host default
 * @compat:	is overwritten if there is one
 *
 * Return: false if the administrator has set none.
 */
bool kvm_guest_compat_of_new_vms(struct kvm_guest_compat *compat)
{
	if (!READ_ONCE(default_set))
		return false;

	guard(spinlock)(&default_lock);
	*compat = default_compat;
	return true;
}

/**
 * kvm_guest_compat_revision_of - the revision of a VM, or of new VMs
 * @kvm:	the VM, or NULL for new VMs
 * @id:		a known behaviour
 *
 * Return: the revision. That of new VMs may change at any time.
 */
u8 kvm_guest_compat_revision_of(struct kvm *kvm, unsigned int id)
{
	if (kvm)
		return kvm_guest_compat(kvm, id);

	if (!READ_ONCE(default_set))
		return guest_compat_native_revision(id);

	guard(spinlock)(&default_lock);
	return default_compat.revision[id];
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
	WRITE_ONCE(default_set, true);

	return 0;
}

static int get_host_default(char *buffer, const struct kernel_param *kp)
{
	struct kvm_guest_compat compat;
	int len;

	if (!kvm_guest_compat_of_new_vms(&compat))
		guest_compat_native_of(&compat);
	len = guest_compat_format(buffer, PAGE_SIZE - 1, &compat);
	buffer[len++] = '\n';

	return len;
}

static const struct kernel_param_ops host_default_ops = {
	.set	= set_host_default,
	.get	= get_host_default,
};
module_param_cb(guest_compat, &host_default_ops, NULL, 0644);
