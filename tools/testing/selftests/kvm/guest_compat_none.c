// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_none - On architectures without baselines, KVM treats
 * KVM_CAP_GUEST_COMPAT as a capability that does not exist.
 */
#include <errno.h>

#include <linux/kvm_guest_compat.h>

#include "kselftest.h"
#include "kvm_util.h"

static int enable(struct kvm_vm *vm, u32 cap)
{
	return __vm_enable_cap(vm, cap, KVM_GUEST_COMPAT_6_12_V1) ? errno : 0;
}

int main(void)
{
	struct kvm_vm *vm = vm_create_barebones();

	ksft_print_header();
	if (kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		ksft_exit_skip("this architecture has releases to select\n");

	ksft_set_plan(3);
	ksft_test_result(!vm_check_cap(vm, KVM_CAP_GUEST_COMPAT), "a VM has no capability\n");
	ksft_test_result(enable(vm, KVM_CAP_GUEST_COMPAT) == EINVAL, "nothing can be selected\n");
	ksft_test_result(enable(vm, KVM_CAP_GUEST_COMPAT) == enable(vm, KVM_CAP_GUEST_COMPAT + 1),
			 "as with a capability of nobody's\n");
	kvm_vm_free(vm);
	ksft_finished();
}
