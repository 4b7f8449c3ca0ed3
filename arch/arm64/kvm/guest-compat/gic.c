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
	/* A later one is a row's next revision, which has to be the latest */
	static_assert(KVM_VGIC_IMP_REV_LATEST == KVM_VGIC_IMP_REV_3);

	kvm->arch.vgic.implementation_rev = revision;
}

/**
 * guest_compat_id_gic - What becomes of the GIC fields of the ID registers
 * @kvm:	the VM
 *
 * A GICv5 is asked for by name, and newer than any baseline that differs.
 *
 * Return: 0 if they are left alone, 1 if they are cleared at the first run of a
 *	   VM without a GICv3, 2 if they follow from the VM's GIC.
 */
u8 guest_compat_id_gic(const struct kvm *kvm)
{
	return vgic_is_v5(kvm) ? 2 : kvm_guest_compat(kvm, GUEST_COMPAT_ID_GIC);
}
