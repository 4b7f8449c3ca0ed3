// SPDX-License-Identifier: GPL-2.0-only
/* How earlier releases injected exceptions */

#include <linux/kvm_host.h>

#include <asm/esr.h>
#include <asm/kvm_emulate.h>

#include "exceptions.h"

/* Up to 7.1, KVM took IL from the last exit, which may be about another instruction */
u64 guest_compat_esr_il(const struct kvm_vcpu *vcpu)
{
	if (kvm_guest_compat(vcpu->kvm, GUEST_COMPAT_ESR_IL) || kvm_vcpu_trap_il_is32bit(vcpu))
		return ESR_ELx_IL;

	return 0;
}
