/* SPDX-License-Identifier: GPL-2.0-only */
/* The timers, as the VMM sees them */
#ifndef __KVM_ARM64_GUEST_COMPAT_TIMER_H__
#define __KVM_ARM64_GUEST_COMPAT_TIMER_H__

#include "behaviour.h"

#define GUEST_COMPAT_TIMER_ISTATUS	18

u64 guest_compat_timer_ctl(struct arch_timer_context *timer, u64 ctl);

#endif /* __KVM_ARM64_GUEST_COMPAT_TIMER_H__ */

#ifdef GUEST_COMPAT_ROWS

[GUEST_COMPAT_TIMER_ISTATUS] = {
	.name		= "timer_istatus",
	.description	= "CNT[PV]_CTL_EL0.ISTATUS, as userspace reads it",
	.since		= {
		[GUEST_COMPAT_V5_10]	= GUEST_COMPAT_REV(0),	/* when it is read */
		[GUEST_COMPAT_V6_18]	= GUEST_COMPAT_REV(1),	/* when the vCPU stopped */
	},
},

#endif /* GUEST_COMPAT_ROWS */
