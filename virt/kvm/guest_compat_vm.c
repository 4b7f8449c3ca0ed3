// SPDX-License-Identifier: GPL-2.0-only
/*
 * The revisions of each VM, and the one function that changes them.
 */

#include <linux/init.h>
#include <linux/kvm_guest_compat.h>
#include <linux/kvm_host.h>

/**
 * guest_compat_apply - set all revisions of a VM
 * @kvm:	the VM, with kvm->lock held
 * @want:	the revisions
 *
 * A revision takes effect when KVM creates an object of the VM, or here. With
 * kvm->lock held and without a vCPU, nobody can have seen or changed what it
 * decides. Selecting what the VM has already succeeds at any time.
 *
 * Return: 0; -EINVAL if the revisions contradict each other; -EPERM if the
 * revisions of @kvm are fixed for its kind; -EBUSY if there is a vCPU.
 */
int guest_compat_apply(struct kvm *kvm, const struct kvm_guest_compat *want)
{
	struct kvm_guest_compat *has = &kvm->guest_compat;
	bool same = !memcmp(has->revision, want->revision, sizeof(has->revision));
	unsigned int id;

	lockdep_assert_held(&kvm->lock);

	if (kvm_arch_guest_compat_incoherent(want))
		return -EINVAL;

	if (kvm_arch_guest_compat_fixed(kvm))
		return same ? 0 : -EPERM;

	if (kvm->created_vcpus)
		return same ? 0 : -EBUSY;

	has->baseline = want->baseline;
	has->differs = guest_compat_differs(want);
	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		u8 revision = want->revision[id];

		if (has->revision[id] == revision)
			continue;

		has->revision[id] = revision;
		if (guest_compat_behaviours[id].select)
			guest_compat_behaviours[id].select(kvm, revision);
	}

	return 0;
}

/* The native vector, which most VMs have */
static struct kvm_guest_compat native __ro_after_init;

static int __init guest_compat_init(void)
{
	guest_compat_native_of(&native);
	return 0;
}
core_initcall(guest_compat_init);

/**
 * kvm_guest_compat_init_vm - give a new VM the host default
 * @kvm:	the VM, which userspace cannot reach yet
 */
void kvm_guest_compat_init_vm(struct kvm *kvm)
{
	struct kvm_guest_compat compat;

	kvm->guest_compat = native;
	if (kvm_arch_guest_compat_fixed(kvm) || !kvm_guest_compat_of_new_vms(&compat))
		return;

	guard(mutex)(&kvm->lock);
	WARN_ON_ONCE(guest_compat_apply(kvm, &compat));
}

/**
 * kvm_guest_compat_newest - the value of KVM_CHECK_EXTENSION(KVM_CAP_GUEST_COMPAT)
 * @kvm:	the VM, or NULL for /dev/kvm
 *
 * Return: the highest number that can be selected, or 0 if none can.
 */
int kvm_guest_compat_newest(struct kvm *kvm)
{
	unsigned int newest = 0;

	if (kvm && kvm_arch_guest_compat_fixed(kvm))
		return 0;

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		if (guest_compat_selectable(&guest_compat_baselines[i]))
			newest = max(newest, guest_compat_number(&guest_compat_baselines[i]));
	}

	return newest;
}

/**
 * kvm_guest_compat_select - KVM_ENABLE_CAP(KVM_CAP_GUEST_COMPAT)
 * @kvm:	the VM
 * @number:	of a baseline, or KVM_GUEST_COMPAT_NATIVE
 *
 * Takes kvm->lock.
 *
 * Return: 0; -EINVAL if there is no such baseline; as guest_compat_apply().
 */
int kvm_guest_compat_select(struct kvm *kvm, u64 number)
{
	const struct guest_compat_baseline *baseline;
	struct kvm_guest_compat want;

	if (number == KVM_GUEST_COMPAT_NATIVE) {
		guest_compat_native_of(&want);
	} else {
		baseline = guest_compat_find(number);
		if (!baseline)
			return -EINVAL;
		guest_compat_of(&want, baseline);
	}

	guard(mutex)(&kvm->lock);
	return guest_compat_apply(kvm, &want);
}
