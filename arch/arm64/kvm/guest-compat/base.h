/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_BASE_H__
#define __KVM_ARM64_GUEST_COMPAT_BASE_H__

/*
 * Definitions that the tables and topics need and that an older kernel lacks. This
 * kernel has all of them. To carry guest compatibility on an older kernel, add its
 * definitions here, edit native.c, and leave the other files of this directory as
 * they are; see Documentation/virt/kvm/guest-compat/distributions.rst
 */

#endif /* __KVM_ARM64_GUEST_COMPAT_BASE_H__ */
