/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_GIC_H__
#define __KVM_ARM64_GUEST_COMPAT_GIC_H__

#include "behaviour.h"

#define GUEST_COMPAT_GICD_IIDR		3
#define GUEST_COMPAT_GICR_TYPER		15
#define GUEST_COMPAT_ID_GIC		16

u8 guest_compat_id_gic(const struct kvm *kvm);
void guest_compat_gicd_iidr(struct kvm *kvm, u8 revision);

#endif /* __KVM_ARM64_GUEST_COMPAT_GIC_H__ */

#ifdef GUEST_COMPAT_ROWS

/* The revisions are the values of GICD_IIDR.Revision. 0 and 1 are older than 5.10. */
[GUEST_COMPAT_GICD_IIDR] = {
	.name		= "gicd_iidr",
	.description	= "GICD_IIDR.Revision of a new GICv2 or GICv3",
	.select		= guest_compat_gicd_iidr,
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(2),
		[GUEST_COMPAT_V5_19]	= GUEST_COMPAT_REV(3),
	},
},

/* Commit ba7b3f1275fd ("KVM: arm64: Revisit Redistributor TYPER last bit computation") */
[GUEST_COMPAT_GICR_TYPER] = {
	.name		= "gicr_typer_last",
	.description	= "GICR_TYPER.Last, as userspace reads it",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* 0 */
		[GUEST_COMPAT_V5_13]	= GUEST_COMPAT_REV(1),	/* as the guest reads it */
	},
},

[GUEST_COMPAT_ID_GIC] = {
	.name		= "id_gic",
	.description	= "The GIC fields of ID registers after userspace has written them",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* kept */
		[GUEST_COMPAT_V6_12]	= GUEST_COMPAT_REV(1),	/* cleared without a vGICv3 */
		[GUEST_COMPAT_V6_18]	= GUEST_COMPAT_REV(2),	/* those of the vGIC */
	},
},

#endif /* GUEST_COMPAT_ROWS */
