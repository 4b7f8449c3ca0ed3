/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_BEHAVIOUR_H__
#define __KVM_ARM64_GUEST_COMPAT_BEHAVIOUR_H__

/*
 * A topic's header has its ids and declarations, and two tables, of which it
 * brings the rows where the table is:
 *
 * GUEST_COMPAT_ROWS		the behaviours, see struct guest_compat_behaviour
 * GUEST_COMPAT_NEEDS		which revisions only go with which others:
 *				{ id, lowest, highest, other id, lowest, highest }
 */

#include <linux/kvm_guest_compat.h>
#include <linux/types.h>

#include "base.h"

struct arch_timer_context;
struct kvm;
struct kvm_vcpu;

#endif /* __KVM_ARM64_GUEST_COMPAT_BEHAVIOUR_H__ */
