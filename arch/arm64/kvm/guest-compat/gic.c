// SPDX-License-Identifier: GPL-2.0-only
/* What earlier releases were as a guest's GIC */

#include <linux/kvm_host.h>

#include <kvm/arm_vgic.h>

#include "gic.h"

/*
 * kvm_vgic_create() takes the revision of a GIC to be made. For one that was
 * made before: GICD_IIDR cannot have been written, as that takes a vCPU.
 */
void guest_compat_gicd_iidr(struct kvm *kvm, u8 revision)
{
	kvm->arch.vgic.implementation_rev = revision;
}
