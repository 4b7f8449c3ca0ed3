/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_BEHAVIOUR_H__
#define __KVM_ARM64_GUEST_COMPAT_BEHAVIOUR_H__

#include <linux/types.h>

#include <asm/kvm_guest_compat.h>

struct kvm;

/*
 * The row of a behaviour. @since has GUEST_COMPAT_REV(n) for each release that
 * changed it, to whatever revision; other releases are as the one before them,
 * and the oldest has revision 0 if nothing is said. So none can be without a
 * revision, and the compiler refuses a release with two, as it refuses two
 * rows of one id.
 */
struct guest_compat_behaviour {
	char		name[32];
	const char	*description;
	/* Makes it the default of a VM, with kvm->lock held and no vCPU */
	void		(*select)(struct kvm *kvm, u8 revision);
	u8		highest;
	u8		since[GUEST_COMPAT_END];
	/* A field of an ID register has a rule for each revision instead */
	u32		reg;
	u64		mask;
	u16		rules[4];
	/* So has a part of the register list: GUEST_COMPAT_LIST_* */
	u8		list[4];
};

#define GUEST_COMPAT_REV(n)		((n) + 1)

/* What this kernel shows by itself */
#define GUEST_COMPAT_ID_NOW		0x0000
/* What the host's sanitised register has */
#define GUEST_COMPAT_ID_HOST		0x0100
/* n: only for what means that there is nothing */
#define GUEST_COMPAT_ID_VALUE(n)	(0x0200 | (n))
/* What this kernel shows, and no more than n */
#define GUEST_COMPAT_ID_AT_MOST(n)	(0x0300 | (n))
/* The VM's PMU, or the host's if it has none, and no more than n */
#define GUEST_COMPAT_ID_HOST_PMU(n)	(0x0400 | (n))
/* What this kernel shows, until userspace restores the host's value */
#define GUEST_COMPAT_ID_KEPT		0x0500

#define GUEST_COMPAT_ID_KIND		0xff00
#define GUEST_COMPAT_ID_ARG		0x00ff

/* Listed as the VM's features have it */
#define GUEST_COMPAT_LIST_NOW		0
/* Neither listed nor accepted, whatever the guest has */
#define GUEST_COMPAT_LIST_NEVER		1
/* Listed and accepted, whatever the guest has */
#define GUEST_COMPAT_LIST_ALWAYS	2

extern const struct guest_compat_behaviour guest_compat_behaviours[];
extern const unsigned int guest_compat_nr;

#endif /* __KVM_ARM64_GUEST_COMPAT_BEHAVIOUR_H__ */
