/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __LINUX_KVM_GUEST_COMPAT_PRIVATE_H
#define __LINUX_KVM_GUEST_COMPAT_PRIVATE_H

/*
 * A VM can behave as it did on an earlier release, to its guest and its VMM; see
 * Documentation/virt/kvm/guest-compat/adding.rst
 */

#include <linux/types.h>
#include <uapi/linux/kvm_guest_compat.h>

/*
 * Each release has a number, which never changes: 5.10 has 1, 6.0 follows 5.19,
 * and 7.0 follows 6.19.
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

/* struct kvm_guest_compat_behaviour has a bit for each release */
_Static_assert(GUEST_COMPAT_END <= 128, "there are too many releases");

/* The highest id that fits. Ids may have holes. */
#define GUEST_COMPAT_MAX_ID	255

/* The size of a buffer that is large enough for guest_compat_format() */
#define GUEST_COMPAT_LONGEST	4096

struct kvm;
struct kvm_device_attr;

/**
 * struct kvm_guest_compat - the vector of a VM
 * @baseline:	the baseline that was selected last, or KVM_GUEST_COMPAT_NATIVE;
 *		this kernel need not know it
 * @differs:	true if at least one revision is not the native one
 * @revision:	the revision of each behaviour, by its id
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
 * @name:	the name, for people and for kvm.guest_compat=
 * @description: what a guest or a VMM sees
 * @select:	sets in the VM what the revision decides, with kvm->lock held and
 *		without a vCPU; NULL if there is nothing to set
 * @native:	GUEST_COMPAT_REV(n) if each kernel with this row has revision n
 *		natively, whatever its release had; otherwise 0
 * @since:	GUEST_COMPAT_REV(n) for each release that changed the behaviour, to
 *		revision n
 * @arch:	more data for the architecture, or NULL
 *
 * A release that @since does not mention has the revision of the release before
 * it; the oldest then has revision 0. So every release has a revision. The
 * compiler refuses a release with two revisions, and an id with two rows.
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
 * @measured:	the point release that was measured
 * @revisions:	a digit for each id from 1 on, the revision; or '.' for an id that
 *		was unknown when the line was published
 *
 * @revisions has no digit for a row that was added later. VMs of this baseline
 * then keep the revision of @published, because the kernels that offered it gave
 * them that. It may not be what @release had. A correction is a new version.
 */
struct guest_compat_baseline {
	u8		release;
	u8		version;
	u8		published;
	const char	*measured;
	const char	*revisions;
};

/* The architecture defines these */
extern const struct guest_compat_behaviour guest_compat_behaviours[];
extern const unsigned int guest_compat_nr;
extern const struct guest_compat_baseline guest_compat_baselines[];
extern const unsigned int guest_compat_nr_baselines;
extern const unsigned int guest_compat_native;
extern const u8 guest_compat_backports[GUEST_COMPAT_MAX_ID + 1];

/* The id of a behaviour whose revision does not go with the others, or 0 */
unsigned int kvm_arch_guest_compat_incoherent(const struct kvm_guest_compat *compat);
/* Is the VM of a kind that is always native? */
bool kvm_arch_guest_compat_fixed(struct kvm *kvm);

/* virt/kvm/guest_compat.c, which calls nothing of the kernel */
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

/* A vector that is being read: its revisions, and the ids read so far */
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

/* virt/kvm/guest_compat_name.c */
int guest_compat_parse(struct kvm_guest_compat *compat, const char *text);
int guest_compat_format(char *text, size_t size, const struct kvm_guest_compat *compat);

/* virt/kvm/guest_compat_vm.c */
#ifdef CONFIG_HAVE_KVM_GUEST_COMPAT

/* EL2 has no copy of the revisions in protected mode: the host gives it trap bits */
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
