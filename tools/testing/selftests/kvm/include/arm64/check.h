/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unlike TEST_ASSERT(), CHECK() prints a failure and goes on, so that one failure does
 * not hide others. Its value is whether the check passed.
 */
#ifndef SELFTEST_KVM_CHECK_H
#define SELFTEST_KVM_CHECK_H

#include "kselftest.h"
#include "kvm_util.h"
#include "ucall_common.h"

static unsigned int __maybe_unused checks_failed;

#define CHECK(ok, fmt, ...)							\
({										\
	bool __ok = (ok);							\
										\
	if (!__ok) {								\
		checks_failed++;						\
		ksft_print_msg("%s:%d: " fmt "\n", __func__, __LINE__, ##__VA_ARGS__); \
	}									\
	__ok;									\
})

#define CHECK_EQ_MSG(have, want, fmt, ...)					\
({										\
	unsigned long __have = (have), __want = (want);				\
										\
	CHECK(__have == __want, fmt ": is %#lx (%ld), expected %#lx (%ld)",	\
	      ##__VA_ARGS__, __have, __have, __want, __want);			\
})

#define CHECK_EQ(have, want)	CHECK_EQ_MSG(have, want, "%s", #have)

/* Runs the guest to its GUEST_SYNC() or GUEST_DONE(). A failed GUEST_ASSERT() ends the test. */
static inline void vcpu_run_to_ucall(struct kvm_vcpu *vcpu, struct ucall *uc)
{
	vcpu_run(vcpu);
	switch (get_ucall(vcpu, uc)) {
	case UCALL_SYNC:
	case UCALL_DONE:
		break;
	case UCALL_ABORT:
		REPORT_GUEST_ASSERT(*uc);
		break;
	default:
		TEST_FAIL("Unexpected exit %s", exit_reason_str(vcpu->run->exit_reason));
	}
}

#endif /* SELFTEST_KVM_CHECK_H */
