/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers that a guest reads from the hardware, and those that are UNDEFINED */
#ifndef __KVM_ARM64_GUEST_COMPAT_TRAPS_H__
#define __KVM_ARM64_GUEST_COMPAT_TRAPS_H__

#include "behaviour.h"

enum {
	GUEST_COMPAT_IMP_ID_TRAPS	= 68,
	GUEST_COMPAT_IDST		= 69,
	GUEST_COMPAT_DEBUG_READS	= 70,
	GUEST_COMPAT_AARCH32_ID_TRAPS	= 71,
	GUEST_COMPAT_DBGDIDR		= 72,
};

u64 guest_compat_untrapped(struct kvm_vcpu *vcpu);

#endif /* __KVM_ARM64_GUEST_COMPAT_TRAPS_H__ */

#ifdef GUEST_COMPAT_ROWS

/* Since 6.15, KVM traps them along with MIDR_EL1, REVIDR_EL1 and AIDR_EL1 (HCR_EL2.TID1) */
[GUEST_COMPAT_IMP_ID_TRAPS] = {
	.name		= "imp_id_traps",
	.description	= "SMIDR_EL1, and AArch32's TCMTR and TLBTR",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* the hardware's */
		[GUEST_COMPAT_V6_15]	= GUEST_COMPAT_REV(1),	/* trapped: UNDEFINED or RAZ */
	},
},

[GUEST_COMPAT_IDST] = {
	.name		= "idst",
	.description	= "ID registers that the VM does not have, on CPUs with FEAT_IDST",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* UNDEFINED, but for GMID_EL1 */
		[GUEST_COMPAT_V7_0]	= GUEST_COMPAT_REV(1),	/* EC 0x18 if IDS is 1 */
	},
},

[GUEST_COMPAT_DEBUG_READS] = {
	.name		= "debug_reads",
	.description	= "What gives the guest the debug registers",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* a write */
		[GUEST_COMPAT_V6_14]	= GUEST_COMPAT_REV(1),	/* a read or a write */
	},
},

[GUEST_COMPAT_AARCH32_ID_TRAPS] = {
	.name		= "aarch32_id_traps",
	.description	= "ID registers of AArch32 guests",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* the hardware's */
		[GUEST_COMPAT_V5_19]	= GUEST_COMPAT_REV(1),	/* as AArch64 guests read them */
	},
},

[GUEST_COMPAT_DBGDIDR] = {
	.name		= "dbgdidr",
	.description	= "DBGDIDR.{Version,RES1} of AArch32 guests",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* Armv8.0's, and 0 */
		[GUEST_COMPAT_V5_12]	= GUEST_COMPAT_REV(1),	/* DebugVer's, and 1 */
	},
},

#endif /* GUEST_COMPAT_ROWS */
