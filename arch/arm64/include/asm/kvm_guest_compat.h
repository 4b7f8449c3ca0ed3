/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __ARM64_KVM_GUEST_COMPAT_H__
#define __ARM64_KVM_GUEST_COMPAT_H__

/*
 * What guests and VMMs saw of earlier releases, and can be given again: see
 * Documentation/virt/kvm/guest-compat/adding.rst
 */

#include <linux/types.h>
#include <linux/kvm_guest_compat.h>

/*
 * Every release since 5.10, in order, never to be renumbered. Those that
 * userspace knows were measured; the releases between have a number and a
 * revision of everything, but cannot be selected.
 */
enum guest_compat_release {
	GUEST_COMPAT_V5_10 = KVM_GUEST_COMPAT_V5_10,
	GUEST_COMPAT_V5_11,
	GUEST_COMPAT_V5_12,
	GUEST_COMPAT_V5_13,
	GUEST_COMPAT_V5_14,
	GUEST_COMPAT_V5_15,
	GUEST_COMPAT_V5_16,
	GUEST_COMPAT_V5_17,
	GUEST_COMPAT_V5_18,
	GUEST_COMPAT_V5_19,
	GUEST_COMPAT_V6_0,
	GUEST_COMPAT_V6_1 = KVM_GUEST_COMPAT_V6_1,
	GUEST_COMPAT_V6_2,
	GUEST_COMPAT_V6_3,
	GUEST_COMPAT_V6_4,
	GUEST_COMPAT_V6_5,
	GUEST_COMPAT_V6_6,
	GUEST_COMPAT_V6_7,
	GUEST_COMPAT_V6_8,
	GUEST_COMPAT_V6_9,
	GUEST_COMPAT_V6_10,
	GUEST_COMPAT_V6_11,
	GUEST_COMPAT_V6_12 = KVM_GUEST_COMPAT_V6_12,
	GUEST_COMPAT_V6_13,
	GUEST_COMPAT_V6_14,
	GUEST_COMPAT_V6_15,
	GUEST_COMPAT_V6_16 = KVM_GUEST_COMPAT_V6_16,
	GUEST_COMPAT_V6_17 = KVM_GUEST_COMPAT_V6_17,
	GUEST_COMPAT_V6_18 = KVM_GUEST_COMPAT_V6_18,
	GUEST_COMPAT_V6_19 = KVM_GUEST_COMPAT_V6_19,
	GUEST_COMPAT_V7_0 = KVM_GUEST_COMPAT_V7_0,
	GUEST_COMPAT_V7_1 = KVM_GUEST_COMPAT_V7_1,
	GUEST_COMPAT_V7_2 = KVM_GUEST_COMPAT_V7_2,
	GUEST_COMPAT_V7_3 = KVM_GUEST_COMPAT_V7_3,
	GUEST_COMPAT_END
};

#define GUEST_COMPAT_NEWEST	(GUEST_COMPAT_END - 1)

/* Ids may have holes. The room is for more of them than there are. */
#define GUEST_COMPAT_MAX_ID	255

/*
 * The baseline that was selected last, and the revision of each behaviour, by
 * its id. Written under kvm->lock until there is a vCPU, constant from then on.
 */
struct kvm_guest_compat {
	u8	baseline;
	bool	differs;	/* from what this kernel is by itself */
	u8	revision[GUEST_COMPAT_MAX_ID + 1];
};

/* EL2 in protected mode has no copy: what it does, the host decides by trap bits */
#ifndef __KVM_NVHE_HYPERVISOR__
#define kvm_guest_compat(kvm, id)	((kvm)->arch.guest_compat.revision[id])
#endif

struct kvm;
struct kvm_device_attr;

void kvm_guest_compat_init_vm(struct kvm *kvm);
int kvm_guest_compat_has_attr(struct kvm *kvm, struct kvm_device_attr *attr);
int kvm_guest_compat_get_attr(struct kvm *kvm, struct kvm_device_attr *attr);
int kvm_guest_compat_set_attr(struct kvm *kvm, struct kvm_device_attr *attr);

#endif /* __ARM64_KVM_GUEST_COMPAT_H__ */
