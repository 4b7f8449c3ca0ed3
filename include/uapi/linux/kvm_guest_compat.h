/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef __LINUX_KVM_GUEST_COMPAT_H
#define __LINUX_KVM_GUEST_COMPAT_H

/*
 * Select what guests saw of an earlier release of Linux; see
 * Documentation/virt/kvm/guest-compat/interface.rst
 */

#include <linux/types.h>

/*
 * Provisional numbers, far above those that KVM assigns in order: a kernel that
 * carries this before KVM does must not take the number of another capability or
 * attribute group.
 */
#define KVM_CAP_GUEST_COMPAT		0x47435031
#define KVM_GUEST_COMPAT_CTRL		0x47435031

/*
 * The baselines, for KVM_ENABLE_CAP(KVM_CAP_GUEST_COMPAT): bits 15:8 are the
 * release, counted from 1 for 5.10, and bits 7:0 the version. What a number
 * stands for never changes; a correction is a new version, with a new number.
 */
#define KVM_GUEST_COMPAT_NATIVE		0	/* what the kernel does natively */
#define KVM_GUEST_COMPAT_5_10_V1	0x0101
#define KVM_GUEST_COMPAT_5_15_V1	0x0601
#define KVM_GUEST_COMPAT_6_1_V1		0x0c01
#define KVM_GUEST_COMPAT_6_6_V1		0x1101
#define KVM_GUEST_COMPAT_6_11_V1	0x1601
#define KVM_GUEST_COMPAT_6_12_V1	0x1701
#define KVM_GUEST_COMPAT_6_16_V1	0x1b01
#define KVM_GUEST_COMPAT_6_17_V1	0x1c01
#define KVM_GUEST_COMPAT_6_18_V1	0x1d01
#define KVM_GUEST_COMPAT_6_19_V1	0x1e01
#define KVM_GUEST_COMPAT_7_0_V1		0x1f01
#define KVM_GUEST_COMPAT_7_1_V1		0x2001
#define KVM_GUEST_COMPAT_7_2_V1		0x2101
#define KVM_GUEST_COMPAT_7_3_V1		0x2201

/* The attributes of KVM_GUEST_COMPAT_CTRL. /dev/kvm has LIST, CHECK and BASELINES. */
#define KVM_GUEST_COMPAT_LIST		0	/* get: struct kvm_guest_compat_vector */
#define KVM_GUEST_COMPAT_REVISION	1	/* get, set: struct kvm_guest_compat_revision */
#define KVM_GUEST_COMPAT_LOAD		2	/* set: struct kvm_guest_compat_vector */
#define KVM_GUEST_COMPAT_CHECK		3	/* get: struct kvm_guest_compat_check */
#define KVM_GUEST_COMPAT_BASELINES	4	/* get: struct kvm_guest_compat_baselines */

/**
 * struct kvm_guest_compat_behaviour - one behaviour of a VM
 * @id:		the behaviour's id
 * @flags:	0
 * @revision:	the VM's revision
 * @dflt:	the native revision of this kernel
 * @highest:	the highest revision that this kernel offers
 * @reserved:	0
 * @releases:	bit n is set if release n of Linux, counted from 1 for 5.10, had
 *		@revision. The bit of this kernel's release is also set if all
 *		kernels that know the behaviour have @revision natively
 * @name:	the behaviour's name
 */
struct kvm_guest_compat_behaviour {
	__u32 id;
	__u32 flags;
	__u32 revision;
	__u32 dflt;
	__u32 highest;
	__u32 reserved;
	__u64 releases[2];
	char name[32];
};

/**
 * struct kvm_guest_compat_vector - all behaviours of a VM
 * @size:	the size of the vector with its entries, in bytes. To LIST, userspace
 *		gives the size of the buffer
 * @entry_size:	the size of an entry, in bytes. Later kernels may append fields to
 *		entries: step by @entry_size, not by sizeof
 * @flags:	0
 * @native:	the native release of the kernel that wrote the vector
 * @baseline:	the baseline selected last, or KVM_GUEST_COMPAT_NATIVE
 * @reserved:	0
 *
 * Entries of struct kvm_guest_compat_behaviour follow up to @size.
 */
struct kvm_guest_compat_vector {
	__u32 size;
	__u32 entry_size;
	__u32 flags;
	__u32 native;
	__u32 baseline;
	__u32 reserved[3];
};

/**
 * struct kvm_guest_compat_revision - the revision of one behaviour
 * @id:		the behaviour's id
 * @revision:	the VM's revision
 * @flags:	0
 * @reserved:	0
 */
struct kvm_guest_compat_revision {
	__u32 id;
	__u32 revision;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct kvm_guest_compat_check - can this kernel load a vector?
 * @vector:	a pointer to the struct kvm_guest_compat_vector, which is not
 *		written
 * @flags:	0
 * @bad_entry:	on failure, the index of the refused entry, or
 *		KVM_GUEST_COMPAT_NONE if the vector has no entry for @bad_id
 * @bad_id:	on failure, the id of the refused behaviour, or 0
 * @reserved:	0
 */
struct kvm_guest_compat_check {
	__u64 vector;
	__u32 flags;
	__u32 bad_entry;
	__u32 bad_id;
	__u32 reserved;
};

#define KVM_GUEST_COMPAT_NONE		0xffffffff

/**
 * struct kvm_guest_compat_baseline - a baseline that can be selected
 * @baseline:	its number
 * @release:	the release, counted from 1 for 5.10
 * @version:	the version
 * @flags:	KVM_GUEST_COMPAT_NEWEST
 * @name:	the exact name, such as "6.12-v1"
 * @measured:	the point release that was measured, such as "6.12.117"
 */
struct kvm_guest_compat_baseline {
	__u32 baseline;
	__u32 release;
	__u32 version;
	__u32 flags;
	char name[16];
	char measured[16];
};

/* The newest version of its release: "6.12" is short for it */
#define KVM_GUEST_COMPAT_NEWEST		(1 << 0)

/**
 * struct kvm_guest_compat_baselines - all baselines that this kernel offers
 * @size:	the size of the list with its entries, in bytes. Userspace gives the
 *		size of the buffer
 * @entry_size:	the size of an entry, in bytes
 * @flags:	0
 * @native:	the native release of this kernel
 *
 * Entries of struct kvm_guest_compat_baseline follow up to @size.
 */
struct kvm_guest_compat_baselines {
	__u32 size;
	__u32 entry_size;
	__u32 flags;
	__u32 native;
};

#endif /* __LINUX_KVM_GUEST_COMPAT_H */
