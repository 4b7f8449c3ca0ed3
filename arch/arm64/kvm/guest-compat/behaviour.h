/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_BEHAVIOUR_H__
#define __KVM_ARM64_GUEST_COMPAT_BEHAVIOUR_H__

/*
 * The header of a topic has its ids, its declarations, and its rows of two tables.
 * table.c defines one of these macros and includes the header to get the rows:
 *
 * GUEST_COMPAT_ROWS		the behaviours, see struct guest_compat_behaviour
 * GUEST_COMPAT_NEEDS		revisions that need certain revisions of another
 *				behaviour:
 *				{ id, lowest, highest, other id, lowest, highest }
 */

#include <linux/kvm_guest_compat.h>
#include <linux/types.h>

#include "base.h"

struct arch_timer_context;
struct kvm;
struct kvm_vcpu;

#endif /* __KVM_ARM64_GUEST_COMPAT_BEHAVIOUR_H__ */
