/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_GIC_H__
#define __KVM_ARM64_GUEST_COMPAT_GIC_H__

#include "behaviour.h"

#define GUEST_COMPAT_GICD_IIDR		3

void guest_compat_gicd_iidr(struct kvm *kvm, u8 revision);

#endif /* __KVM_ARM64_GUEST_COMPAT_GIC_H__ */

#ifdef GUEST_COMPAT_ROWS

/* The revisions are the register's. 0 and 1 are older than 5.10. */
[GUEST_COMPAT_GICD_IIDR] = {
	.name		= "gicd_iidr",
	.description	= "GICD_IIDR.Revision that a GICv2 or GICv3 is made with",
	.select		= guest_compat_gicd_iidr,
	.highest	= 3,
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(2),
		[GUEST_COMPAT_V5_19]	= GUEST_COMPAT_REV(3),
	},
},

#endif /* GUEST_COMPAT_ROWS */
