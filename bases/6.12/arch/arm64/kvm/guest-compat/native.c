// SPDX-License-Identifier: GPL-2.0-only
/*
 * The native release of this kernel, and its backports. To carry guest compatibility
 * on an older kernel, begin here; see
 * Documentation/virt/kvm/guest-compat/distributions.rst
 */

#include <linux/kvm_guest_compat.h>

const unsigned int guest_compat_native = GUEST_COMPAT_V6_12;

/*
 * Behaviours whose native revision differs from that of the measured release,
 * because a change was backported or reverted: [id] = GUEST_COMPAT_REV(n)
 */
const u8 guest_compat_backports[GUEST_COMPAT_MAX_ID + 1] = {
};
