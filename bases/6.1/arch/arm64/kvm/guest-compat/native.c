// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this kernel is by itself. Whoever carries guest compatibility on an
 * older kernel begins here: Documentation/virt/kvm/guest-compat/distributions.rst
 */

#include <linux/kvm_guest_compat.h>

const unsigned int guest_compat_native = GUEST_COMPAT_V6_1;

/*
 * Behaviours of which this kernel has, in a new VM and with nothing asked for,
 * another revision than that release as it was measured, because the change
 * was backported or undone: [id] = GUEST_COMPAT_REV(n)
 */
const u8 guest_compat_backports[GUEST_COMPAT_MAX_ID + 1] = {
};
