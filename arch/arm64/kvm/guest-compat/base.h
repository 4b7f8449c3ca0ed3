/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_BASE_H__
#define __KVM_ARM64_GUEST_COMPAT_BASE_H__

/*
 * What the tables and topics name, and the kernel that carries them does not
 * have. This kernel has it all. Whoever carries guest compatibility on an older
 * kernel adds it here, and in native.c, and leaves the other files of this
 * directory as they are:
 * Documentation/virt/kvm/guest-compat/distributions.rst
 */

#endif /* __KVM_ARM64_GUEST_COMPAT_BASE_H__ */
