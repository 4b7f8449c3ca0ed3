/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_IDREGS_H__
#define __KVM_ARM64_GUEST_COMPAT_IDREGS_H__

#include <asm/sysreg.h>

#include "behaviour.h"

#define GUEST_COMPAT_ID_AA64MMFR2_NV	4

u64 guest_compat_id_rule(u16 rule, u64 mask, u64 host, u64 now);
u64 guest_compat_id_default(const u8 *revision, u32 reg, u64 host, u64 now);

#endif /* __KVM_ARM64_GUEST_COMPAT_IDREGS_H__ */

#ifdef GUEST_COMPAT_ROWS

/* Of no use without EL2. A VM with EL2 has what it had. */
[GUEST_COMPAT_ID_AA64MMFR2_NV] = {
	.name		= "id_aa64mmfr2_nv",
	.description	= "ID_AA64MMFR2_EL1.NV",
	.highest	= 1,
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),
		[GUEST_COMPAT_V6_15]	= GUEST_COMPAT_REV(1),
	},
	.reg		= SYS_ID_AA64MMFR2_EL1,
	.mask		= ID_AA64MMFR2_EL1_NV_MASK,
	.rules		= { GUEST_COMPAT_ID_HOST, GUEST_COMPAT_ID_NOW },
},

#endif /* GUEST_COMPAT_ROWS */
