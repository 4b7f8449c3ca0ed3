// SPDX-License-Identifier: GPL-2.0-only
/* What earlier releases were as a guest's timers */

#include <linux/kvm_host.h>

#include <kvm/arm_arch_timer.h>

#include "timer.h"

/**
 * guest_compat_timer_ctl - A timer's control register, for userspace
 * @timer:	the timer, of a vCPU that is not running
 * @ctl:	the register, as it was saved
 *
 * Up to 6.17 userspace read a timer's condition as it was at that moment.
 *
 * Return: the register, with ISTATUS as the VM's release had it.
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
