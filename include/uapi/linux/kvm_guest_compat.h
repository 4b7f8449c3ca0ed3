/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef __LINUX_KVM_GUEST_COMPAT_H
#define __LINUX_KVM_GUEST_COMPAT_H

/*
 * Select what guests saw of an earlier release of Linux; see
 * Documentation/virt/kvm/guest-compat/interface.rst
 */

#include <linux/types.h>

/*
 * Provisional, far from what KVM allots in order: a kernel that carries this
 * before KVM does must not take the number of another capability, or of
 * another group of VM attributes.
 */
#define KVM_CAP_GUEST_COMPAT		0x47435031
#define KVM_VM_GUEST_COMPAT_CTRL	0x47435031

/*
 * The baselines, for KVM_ENABLE_CAP(KVM_CAP_GUEST_COMPAT). Each release of
 * Linux since 5.10 has a number, in order: those without a name here cannot
 * be selected.
 */
#define KVM_GUEST_COMPAT_V5_10		1
#define KVM_GUEST_COMPAT_V6_1		12
#define KVM_GUEST_COMPAT_V6_12		23
#define KVM_GUEST_COMPAT_V6_16		27
#define KVM_GUEST_COMPAT_V6_17		28
#define KVM_GUEST_COMPAT_V6_18		29
#define KVM_GUEST_COMPAT_V6_19		30
#define KVM_GUEST_COMPAT_V7_0		31
#define KVM_GUEST_COMPAT_V7_1		32
#define KVM_GUEST_COMPAT_V7_2		33
#define KVM_GUEST_COMPAT_V7_3		34

/* The attributes of KVM_VM_GUEST_COMPAT_CTRL */
#define KVM_GUEST_COMPAT_LIST		0	/* get: struct kvm_guest_compat_vector */
#define KVM_GUEST_COMPAT_REVISION	1	/* get, set: struct kvm_guest_compat_revision */
#define KVM_GUEST_COMPAT_LOAD		2	/* set: struct kvm_guest_compat_vector */
#define KVM_GUEST_COMPAT_CHECK		3	/* get: struct kvm_guest_compat_vector */

#define KVM_GUEST_COMPAT_VERSION	1

/*
 * What KVM_GUEST_COMPAT_LIST writes, and KVM_GUEST_COMPAT_LOAD and _CHECK read:
 * the header, then the two tables at the offsets that it gives. An entry's
 * size is the header's to tell, not sizeof: entries grow at their end.
 */
struct kvm_guest_compat_vector {
	__u32 size;		/* LIST: of the buffer; otherwise of the whole */
	__u32 header_size;
	__u32 version;		/* KVM_GUEST_COMPAT_VERSION */
	__u32 flags;		/* 0 */
	__u32 native;		/* the baseline that the kernel is by itself */
	__u32 baseline;		/* the last one selected; 0 if none is known */
	__u32 baselines;	/* offset of nr_baselines * baseline_size bytes */
	__u32 baseline_size;
	__u32 nr_baselines;
	__u32 behaviours;	/* offset of nr_behaviours * behaviour_size bytes */
	__u32 behaviour_size;
	__u32 nr_behaviours;
	__u32 bad_entry;	/* CHECK: the behaviour refused, or KVM_GUEST_COMPAT_NONE */
	__u32 bad_id;		/* CHECK: and its id */
};

#define KVM_GUEST_COMPAT_NONE		0xffffffff

struct kvm_guest_compat_baseline {
	__u32 baseline;
	__u32 flags;		/* 0 */
	char name[16];		/* "6.12" */
	char measured[16];	/* "6.12.117": the release that the baseline is */
};

struct kvm_guest_compat_behaviour {
	__u32 id;
	__u32 flags;		/* 0 */
	__u32 revision;		/* the VM's */
	__u32 dflt;		/* this kernel's when nothing is asked for */
	__u32 highest;
	__u32 reserved;		/* 0 */
	__u64 releases[2];	/* bit n: baseline n has this revision */
	char name[32];
};

struct kvm_guest_compat_revision {
	__u32 size;		/* of this structure */
	__u32 flags;		/* 0 */
	__u32 id;
	__u32 revision;
};

#endif /* __LINUX_KVM_GUEST_COMPAT_H */
