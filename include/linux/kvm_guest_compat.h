/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __LINUX_KVM_GUEST_COMPAT_PRIVATE_H
#define __LINUX_KVM_GUEST_COMPAT_PRIVATE_H

/*
 * What guests and VMMs saw of earlier releases, and can be given again: see
 * Documentation/virt/kvm/guest-compat/adding.rst
 */

#include <linux/types.h>
#include <uapi/linux/kvm_guest_compat.h>

/*
 * Releases are counted: 1 is 5.10, after 5.19 comes 6.0, after 6.19 7.0. None
 * is ever renumbered.
 */
#define GUEST_COMPAT_RELEASE(major, minor)	(((major) - 5) * 20 + (minor) - 9)

enum guest_compat_release {
	GUEST_COMPAT_V5_10 = GUEST_COMPAT_RELEASE(5, 10),
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
	GUEST_COMPAT_V6_1,
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
	GUEST_COMPAT_V6_12,
	GUEST_COMPAT_V6_13,
	GUEST_COMPAT_V6_14,
	GUEST_COMPAT_V6_15,
	GUEST_COMPAT_V6_16,
	GUEST_COMPAT_V6_17,
	GUEST_COMPAT_V6_18,
	GUEST_COMPAT_V6_19,
	GUEST_COMPAT_V7_0,
	GUEST_COMPAT_V7_1,
	GUEST_COMPAT_V7_2,
	GUEST_COMPAT_V7_3,
	GUEST_COMPAT_END
};

/* Userspace has a bit for each in struct kvm_guest_compat_behaviour */
_Static_assert(GUEST_COMPAT_END <= 128, "there are too many releases");

/* Ids may have holes. The room is for more of them than there are. */
#define GUEST_COMPAT_MAX_ID	255

/* The longest that guest_compat_format() writes, with its end */
#define GUEST_COMPAT_LONGEST	4096

struct kvm;
struct kvm_device_attr;

/**
 * struct kvm_guest_compat - what a VM has
 * @baseline:	the baseline that was selected last, known here or not, or
 *		KVM_GUEST_COMPAT_NATIVE
 * @differs:	a revision is not what this kernel is by itself
 * @revision:	of each behaviour, by its id
 *
 * Written under kvm->lock until there is a vCPU, constant from then on.
 */
struct kvm_guest_compat {
	u32	baseline;
	bool	differs;
	u8	revision[GUEST_COMPAT_MAX_ID + 1];
};

/**
 * struct guest_compat_behaviour - the row of a behaviour
 * @name:	what people and the command line call it
 * @description: what a guest or a VMM sees
 * @select:	makes a revision the default of a VM, with kvm->lock held and no
 *		vCPU; NULL if there is nothing to do
 * @native:	GUEST_COMPAT_REV(n) if any kernel by itself has n, whatever releases
 *		had
 * @since:	GUEST_COMPAT_REV(n) for each release that changed it, to whatever
 *		revision
 * @arch:	what the architecture has to know beside, or NULL
 *
 * Releases that @since does not mention are as the one before them, and the
 * oldest has revision 0 if nothing is said. So none can be without a revision,
 * and the compiler refuses a release with two, as it refuses two rows of one id.
 */
struct guest_compat_behaviour {
	char		name[32];
	const char	*description;
	void		(*select)(struct kvm *kvm, u8 revision);
	u8		native;
	u8		since[GUEST_COMPAT_END];
	const void	*arch;
};

#define GUEST_COMPAT_REV(n)	((n) + 1)

/**
 * struct guest_compat_baseline - a version of a baseline, as it was published
 * @release:	the release that it stands for
 * @version:	from 1
 * @published:	the release on which it was published
 * @measured:	the point release that was looked at
 * @revisions:	a digit for each id from 1: the revision, or '.' for an id
 *		that nobody knew then
 *
 * Ids that @revisions does not have are those of rows that were added later.
 * VMs of this baseline had what the kernels did that offered it, i.e. the
 * revision of @published. That is not what @release had if the row is a late
 * one, and stays so: a correction is a new version.
 */
struct guest_compat_baseline {
	u8		release;
	u8		version;
	u8		published;
	const char	*measured;
	const char	*revisions;
};

/* The architecture has these */
extern const struct guest_compat_behaviour guest_compat_behaviours[];
extern const unsigned int guest_compat_nr;
extern const struct guest_compat_baseline guest_compat_baselines[];
extern const unsigned int guest_compat_nr_baselines;
extern const unsigned int guest_compat_native;
extern const u8 guest_compat_backports[GUEST_COMPAT_MAX_ID + 1];

/* The behaviour whose revision does not go with those of the others, or 0 */
unsigned int kvm_arch_guest_compat_incoherent(const struct kvm_guest_compat *compat);
/* Has the VM what this kernel is by itself, for good? */
bool kvm_arch_guest_compat_fixed(struct kvm *kvm);

/* virt/kvm/guest_compat.c: what needs nothing of the kernel */
bool guest_compat_known(u32 id);
unsigned int guest_compat_next(unsigned int id);
u8 guest_compat_revision(unsigned int id, unsigned int release);
u8 guest_compat_native_revision(unsigned int id);
u8 guest_compat_highest(unsigned int id);
void guest_compat_native_of(struct kvm_guest_compat *compat);
const struct guest_compat_baseline *guest_compat_find(u64 number);
bool guest_compat_selectable(const struct guest_compat_baseline *baseline);
bool guest_compat_newest_version(const struct guest_compat_baseline *baseline);
unsigned int guest_compat_number(const struct guest_compat_baseline *baseline);
u8 guest_compat_published(const struct guest_compat_baseline *baseline, unsigned int id);
void guest_compat_of(struct kvm_guest_compat *compat,
		     const struct guest_compat_baseline *baseline);
bool guest_compat_differs(const struct kvm_guest_compat *compat);
void guest_compat_name(char *name, size_t size, const struct guest_compat_baseline *baseline);

/* Of a vector that is being read: what it asks for, and of which ids */
struct guest_compat_reader {
	struct kvm_guest_compat want;
	bool seen[GUEST_COMPAT_MAX_ID + 1];
};

void guest_compat_start(struct guest_compat_reader *reader);
int guest_compat_take(struct guest_compat_reader *reader,
		      const struct kvm_guest_compat_behaviour *entry);
int guest_compat_complete(struct guest_compat_reader *reader, u32 native, u32 baseline,
			  u32 *bad_id);
void guest_compat_tell(struct kvm_guest_compat_behaviour *entry, unsigned int id,
		       const struct kvm_guest_compat *compat);

/* virt/kvm/guest_compat_name.c: and that, neither */
int guest_compat_parse(struct kvm_guest_compat *compat, const char *text);
int guest_compat_format(char *text, size_t size, const struct kvm_guest_compat *compat);

/* virt/kvm/guest_compat_vm.c */
#ifdef CONFIG_HAVE_KVM_GUEST_COMPAT

/* EL2 in protected mode has no copy: what it does, the host decides by trap bits */
#ifndef __KVM_NVHE_HYPERVISOR__
#define kvm_guest_compat(kvm, id)	((kvm)->guest_compat.revision[id])
#endif

void kvm_guest_compat_init_vm(struct kvm *kvm);
int kvm_guest_compat_newest(struct kvm *kvm);
int kvm_guest_compat_select(struct kvm *kvm, u64 baseline);
int guest_compat_apply(struct kvm *kvm, const struct kvm_guest_compat *want);
int kvm_guest_compat_has_attr(struct kvm *kvm, struct kvm_device_attr *attr);
int kvm_guest_compat_get_attr(struct kvm *kvm, struct kvm_device_attr *attr);
int kvm_guest_compat_set_attr(struct kvm *kvm, struct kvm_device_attr *attr);

/* virt/kvm/guest_compat_default.c, and _debugfs.c */
bool kvm_guest_compat_of_new_vms(struct kvm_guest_compat *compat);
u8 kvm_guest_compat_revision_of(struct kvm *kvm, unsigned int id);
void kvm_guest_compat_create_debugfs(struct kvm *kvm);

#else

static inline int kvm_guest_compat_newest(struct kvm *kvm)
{
	return 0;
}

static inline int kvm_guest_compat_select(struct kvm *kvm, u64 baseline)
{
	return -EINVAL;
}

#endif /* CONFIG_HAVE_KVM_GUEST_COMPAT */

#endif /* __LINUX_KVM_GUEST_COMPAT_PRIVATE_H */
