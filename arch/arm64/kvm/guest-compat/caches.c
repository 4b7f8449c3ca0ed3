// SPDX-License-Identifier: GPL-2.0-only
/*
 * Up to 6.2, the guest and the VMM saw the caches of the CPU that they ran on, and
 * userspace could write no other values. Since 6.3, by commit 7af0c2534f4c ("KVM:
 * arm64: Normalize cache configuration"), KVM shows as few caches as CTR_EL0 allows.
 */

#include <linux/irqflags.h>
#include <linux/kvm_host.h>

#include <asm/cpufeature.h>
#include <asm/kvm_emulate.h>
#include <asm/kvm_nested.h>
#include <asm/sysreg.h>

#include "caches.h"

/* CLIDR_EL1 of the CPU that initialised KVM. All VMs get this one, though CPUs may differ. */
static u64 host_clidr __ro_after_init;

void __init guest_compat_init_caches(void)
{
	host_clidr = read_sysreg(clidr_el1);
}

/**
 * guest_compat_host_caches - does the vCPU have the host's caches?
 * @vcpu:	the vCPU
 *
 * Where CTR_EL0 differs between CPUs, no vCPU has them: KVM hid the difference
 * before 6.3, too. Nor does a vCPU with EL2, because KVM has EL2 only since 6.16.
 *
 * Return: true if it has them.
 */
bool guest_compat_host_caches(const struct kvm_vcpu *vcpu)
{
	return !kvm_guest_compat(vcpu->kvm, GUEST_COMPAT_CACHE_GEOMETRY) &&
	       !vcpu_has_nv(vcpu) && !cpus_have_final_cap(ARM64_MISMATCHED_CACHE_TYPE);
}

u64 guest_compat_host_clidr(void)
{
	return host_clidr;
}

/*
 * Does @clidr have the cache that @csselr selects? See CLIDR_EL1.Ctype<n> in the
 * Arm ARM.
 */
static bool clidr_has_cache(u64 clidr, u32 csselr)
{
	bool icache = csselr & CSSELR_EL1_InD;
	u32 level = csselr >> 1;

	if (level >= 7)
		return false;

	switch ((clidr >> level * 3) & 7) {
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

/**
 * guest_compat_host_ccsidr - CCSIDR_EL1 of the CPU that calls this
 * @csselr:	the cache, as CSSELR_EL1 has it
 *
 * A read of the register may be UNDEFINED if there is no such cache.
 *
 * Return: the value, in the format that the host's ID_AA64MMFR2_EL1.CCIDX
 *	   announces, or 0 if the CPU has no such cache.
 */
u64 guest_compat_host_ccsidr(u32 csselr)
{
	unsigned long flags;
	u64 ccsidr = 0;

	csselr &= CSSELR_EL1_Level | CSSELR_EL1_InD;

	/* A task that preempts this one could select another cache, or change the CPU */
	local_irq_save(flags);
	if (clidr_has_cache(read_sysreg(clidr_el1), csselr)) {
		write_sysreg(csselr, csselr_el1);
		isb();
		ccsidr = read_sysreg(ccsidr_el1);
	}
	local_irq_restore(flags);

	return ccsidr;
}

/* The hardware's CSSELR_EL1 has only the bits that select a cache */
u64 guest_compat_csselr_mask(const struct kvm_vcpu *vcpu)
{
	return guest_compat_host_caches(vcpu) ? CSSELR_EL1_Level | CSSELR_EL1_InD : ~0ULL;
}

/*
 * Up to 6.2, KVM showed AArch32 guests one set and one way in each data cache, to
 * keep them from cleaning it by set and way.
 */
u64 guest_compat_ccsidr_mask(struct kvm_vcpu *vcpu, u32 csselr)
{
	if (!guest_compat_host_caches(vcpu) || !vcpu_el1_is_32bit(vcpu) ||
	    csselr & CSSELR_EL1_InD)
		return ~0ULL;

	return ~GENMASK_ULL(27, 3);
}

/* The host's caches: bit n is set if CSSELR_EL1 == n selects one */
u32 guest_compat_listed_caches(void)
{
	u32 listed = 0;

	for (u32 csselr = 0; csselr < 14; csselr++)
		listed |= clidr_has_cache(host_clidr, csselr) << csselr;

	return listed;
}
