// SPDX-License-Identifier: GPL-2.0-only
/* The timers of earlier releases */

#include <linux/kvm_host.h>

#include <kvm/arm_arch_timer.h>

#include "timer.h"

/**
 * guest_compat_timer_ctl - a timer's control register as userspace reads it
 * @timer:	the timer, of a vCPU that is not running
 * @ctl:	the register, as KVM saved it when the vCPU stopped
 *
 * Up to 6.17, userspace read ISTATUS as it is at the time of the read.
 *
 * Return: the register, with the ISTATUS of the VM's revision.
 */
u64 guest_compat_timer_ctl(struct arch_timer_context *timer, u64 ctl)
{
	u64 now;

	if (kvm_guest_compat(timer_context_to_vcpu(timer)->kvm, GUEST_COMPAT_TIMER_ISTATUS))
		return ctl;

	now = kvm_phys_timer_read() - timer_get_offset(timer);
	ctl &= ~ARCH_TIMER_CTRL_IT_STAT;
	return now >= timer_get_cval(timer) ? ctl | ARCH_TIMER_CTRL_IT_STAT : ctl;
}
