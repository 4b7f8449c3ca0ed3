// SPDX-License-Identifier: GPL-2.0-only
/* The GIC of earlier releases */

#include <linux/kvm_host.h>

#include <kvm/arm_vgic.h>

#include "gic.h"

/*
 * kvm_vgic_create() sets the revision of a new GIC. This sets that of a GIC that
 * exists. It overwrites no GICD_IIDR of userspace, which needs a vCPU to write it.
 */
void guest_compat_gicd_iidr(struct kvm *kvm, u8 revision)
{
	/* A new revision of the vGIC needs a new revision of the row */
	static_assert(KVM_VGIC_IMP_REV_LATEST == KVM_VGIC_IMP_REV_3);

	kvm->arch.vgic.implementation_rev = revision;
}

/**
 * guest_compat_id_gic - what KVM does with the GIC fields of the ID registers
 * @kvm:	the VM
 *
 * A VM has a GICv5 only if its VMM asks for one. KVM has GICv5 since 7.1, when the
 * fields followed from the VM's GIC already.
 *
 * Return: 0 if KVM leaves them alone, 1 if it clears them at the first run of a
 *	   VM without a GICv3, 2 if they follow from the VM's GIC.
 */
u8 guest_compat_id_gic(const struct kvm *kvm)
{
	return vgic_is_v5(kvm) ? 2 : kvm_guest_compat(kvm, GUEST_COMPAT_ID_GIC);
}
