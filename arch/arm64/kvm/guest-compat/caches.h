/* SPDX-License-Identifier: GPL-2.0-only */
/* CLIDR_EL1 and CCSIDR_EL1: the caches that a guest sees */
#ifndef __KVM_ARM64_GUEST_COMPAT_CACHES_H__
#define __KVM_ARM64_GUEST_COMPAT_CACHES_H__

#include "behaviour.h"

#define GUEST_COMPAT_CACHE_GEOMETRY	11

void guest_compat_init_caches(void);
bool guest_compat_host_caches(const struct kvm_vcpu *vcpu);
u64 guest_compat_host_clidr(void);
u64 guest_compat_host_ccsidr(u32 csselr);
u64 guest_compat_csselr_mask(const struct kvm_vcpu *vcpu);
u64 guest_compat_ccsidr_mask(struct kvm_vcpu *vcpu, u32 csselr);
u32 guest_compat_listed_caches(void);

#endif /* __KVM_ARM64_GUEST_COMPAT_CACHES_H__ */

#ifdef GUEST_COMPAT_ROWS

[GUEST_COMPAT_CACHE_GEOMETRY] = {
	.name		= "cache_geometry",
	.description	= "CLIDR_EL1, CCSIDR_EL1, and which CCSIDR_EL1 are listed",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* the host's */
		[GUEST_COMPAT_V6_3]	= GUEST_COMPAT_REV(1),	/* made up */
	},
},

#endif /* GUEST_COMPAT_ROWS */

#ifdef GUEST_COMPAT_NEEDS

/* Otherwise KVM would announce the short format to a guest that reads the long one */
{ GUEST_COMPAT_CACHE_GEOMETRY, 0, 0, GUEST_COMPAT_ID_AA64MMFR2_CCIDX, 0, 0 },
{ GUEST_COMPAT_CACHE_GEOMETRY, 0, 0, GUEST_COMPAT_ID_MMFR4_CCIDX, 0, 0 },

#endif /* GUEST_COMPAT_NEEDS */
