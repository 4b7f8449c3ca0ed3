/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_ARM64_GUEST_COMPAT_PRIVATE_H__
#define __KVM_ARM64_GUEST_COMPAT_PRIVATE_H__

#include <linux/kvm_host.h>

#include "behaviour.h"

struct guest_compat_baseline {
	const char *name;
	const char *measured;	/* NULL: cannot be selected */
};

extern const struct guest_compat_baseline guest_compat_baselines[];
extern const unsigned int guest_compat_native;
extern const u8 guest_compat_backports[];

bool guest_compat_known(u32 id);
unsigned int guest_compat_next(unsigned int id);
bool guest_compat_selectable(u64 baseline);
u8 guest_compat_revision(unsigned int id, unsigned int release);
u8 guest_compat_native_revision(unsigned int id);
void guest_compat_of(struct kvm_guest_compat *compat, unsigned int release);
int guest_compat_apply(struct kvm *kvm, const struct kvm_guest_compat *want);

#endif /* __KVM_ARM64_GUEST_COMPAT_PRIVATE_H__ */
