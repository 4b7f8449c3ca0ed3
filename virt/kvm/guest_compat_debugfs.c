// SPDX-License-Identifier: GPL-2.0-only
/*
 * Show the vector of each VM, so that an administrator can see which baselines
 * are in use before changing the host default. Each VM has its own file in its
 * directory: kvm_stat treats every file next to these directories as a counter.
 */

#include <linux/debugfs.h>
#include <linux/kvm_guest_compat.h>
#include <linux/kvm_host.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

static int guest_compat_vm_show(struct seq_file *s, void *v)
{
	char *text __free(kfree) = kmalloc(GUEST_COMPAT_LONGEST, GFP_KERNEL_ACCOUNT);
	struct kvm *kvm = s->private;
	struct kvm_guest_compat has;
	unsigned int id;

	if (!text)
		return -ENOMEM;

	scoped_guard(mutex, &kvm->lock)
		has = kvm->guest_compat;

	guest_compat_format(text, GUEST_COMPAT_LONGEST, &has);
	seq_printf(s, "baseline %s\n", text);
	seq_puts(s, "# id name revision native highest: description\n");
	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		const struct guest_compat_behaviour *b = &guest_compat_behaviours[id];

		seq_printf(s, "%u %s %u %u %u: %s\n", id, b->name, has.revision[id],
			   guest_compat_native_revision(id), guest_compat_highest(id),
			   b->description);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(guest_compat_vm);

/**
 * kvm_guest_compat_create_debugfs - show the revisions of a VM in debugfs
 * @kvm:	the VM, whose directory there exists
 */
void kvm_guest_compat_create_debugfs(struct kvm *kvm)
{
	debugfs_create_file("guest_compat", 0444, kvm->debugfs_dentry, kvm,
			    &guest_compat_vm_fops);
}
