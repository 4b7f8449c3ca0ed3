// SPDX-License-Identifier: GPL-2.0-only
/*
 * Up to 6.2 a guest, and its VMM, saw the caches of the CPU that they ran on,
 * and userspace could write nothing else. Since 7af0c2534f4c ("KVM: arm64:
 * Normalize cache configuration") there are as few as CTR_EL0 allows.
 */

#include <linux/irqflags.h>
#include <linux/kvm_host.h>

#include <asm/cpufeature.h>
#include <asm/kvm_emulate.h>
#include <asm/sysreg.h>

#include "caches.h"

/* Where caches differ from CPU to CPU, the host's are none that a guest could rely on */
bool guest_compat_host_caches(const struct kvm_vcpu *vcpu)
{
	return !kvm_guest_compat(vcpu->kvm, GUEST_COMPAT_CACHE_GEOMETRY) &&
	       !cpus_have_final_cap(ARM64_MISMATCHED_CACHE_TYPE);
}

u64 guest_compat_host_clidr(void)
{
	return read_sysreg(clidr_el1);
}

/* In the format that the host's ID_AA64MMFR2_EL1.CCIDX tells */
u64 guest_compat_host_ccsidr(u32 csselr)
{
	unsigned long flags;
	u64 ccsidr;

	/* Interrupts that preempt could select another cache, or CPU */
	local_irq_save(flags);
	write_sysreg(csselr, csselr_el1);
	isb();
	ccsidr = read_sysreg(ccsidr_el1);
	local_irq_restore(flags);

	return ccsidr;
}

/* Untrapped, CSSELR_EL1 has no bits but those that select a cache */
u64 guest_compat_csselr_mask(const struct kvm_vcpu *vcpu)
{
	return guest_compat_host_caches(vcpu) ? CSSELR_EL1_Level | CSSELR_EL1_InD : ~0ULL;
}

/*
 * Is there a cache that @csselr selects, by the vCPU's CLIDR_EL1? See the
 * register's Ctype<n> in the Arm ARM.
 */
bool guest_compat_has_cache(const struct kvm_vcpu *vcpu, u32 csselr)
{
	u64 clidr = __vcpu_sys_reg(vcpu, CLIDR_EL1);
	bool icache = csselr & CSSELR_EL1_InD;

	switch ((clidr >> (csselr >> 1) * 3) & 7) {
	case 1:		/* instructions only */
		return icache;
	case 2:		/* data only */
	case 4:		/* unified */
		return !icache;
	case 3:		/* one of each */
		return true;
	default:
		return false;
	}
}
