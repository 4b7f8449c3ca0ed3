// SPDX-License-Identifier: GPL-2.0-only
/*
 * ID_AA64DFR0_EL1.PMUVer takes every value up to the host's, those that the
 * architecture has not given a meaning included. None of them may have the
 * kernel warn: the mask of event numbers was not prepared for them.
 */
#include <stdio.h>

#include "kvm_util.h"
#include "processor.h"
#include "kselftest.h"

#define DFR0	KVM_ARM64_SYS_REG(SYS_ID_AA64DFR0_EL1)
#define WARNED	BIT(9)

static unsigned long taint(void)
{
	unsigned long val;
	FILE *f = fopen("/proc/sys/kernel/tainted", "r");

	TEST_ASSERT(f && fscanf(f, "%lu", &val) == 1, "Cannot read the kernel's taint");
	fclose(f);
	return val;
}

int main(void)
{
	u64 mask = ID_AA64DFR0_EL1_PMUVer_MASK, dfr0, most;
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	TEST_REQUIRE(kvm_has_cap(KVM_CAP_ARM_PMU_V3));
	if (taint() & WARNED)
		ksft_exit_skip("the kernel has warned before\n");

	ksft_print_header();
	ksft_set_plan(16);

	vm = vm_create(1);
	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PMU_V3);
	vcpu = aarch64_vcpu_add(vm, 0, &init, NULL);
	dfr0 = vcpu_get_reg(vcpu, DFR0);
	most = SYS_FIELD_GET(ID_AA64DFR0_EL1, PMUVer, dfr0);

	for (u64 ver = 0; ver < 16; ver++) {
		unsigned long before = taint();
		u64 val = (dfr0 & ~mask) | FIELD_PREP(ID_AA64DFR0_EL1_PMUVer_MASK, ver);

		if (__vcpu_set_reg(vcpu, DFR0, val)) {
			ksft_test_result(ver > most, "PMUVer %lu is refused\n", ver);
			continue;
		}
		vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
		ksft_test_result(!((before ^ taint()) & WARNED),
				 "PMUVer %lu, and no warning\n", ver);
	}
	kvm_vm_free(vm);
	ksft_finished();
}
