// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_timer - The timers' control registers as userspace reads them. Up to
 * 6.17, ISTATUS was set of an expired timer. Since 6.18, it is not.
 */
#include "guest_compat.h"
#include "processor.h"
#include "arch_timer.h"

#define NEVER		(~0ULL)

static const struct {
	u64 ctl;
	u64 cval;
	u32 since;		/* the first baseline that lists it */
} timers[] = {
	{ KVM_REG_ARM_TIMER_CTL, KVM_REG_ARM_TIMER_CVAL, KVM_GUEST_COMPAT_5_10_V1 },
	{ KVM_REG_ARM_PTIMER_CTL, KVM_REG_ARM_PTIMER_CVAL, KVM_GUEST_COMPAT_6_6_V1 },
};

static void guest_code(void)
{
	GUEST_ASSERT(read_sysreg(cntv_ctl_el0) & CTL_ISTATUS);
	GUEST_ASSERT(read_sysreg(cntp_ctl_el0) & CTL_ISTATUS);
	GUEST_DONE();
}

/* @istatus: ISTATUS or 0, as userspace reads it of an expired timer */
static bool check_timer(struct kvm_vcpu *vcpu, u32 t, u64 istatus)
{
	u64 ctl = timers[t].ctl, cval = timers[t].cval;
	bool ok = true;

	ok &= CHECK_EQ(compat_set_reg(vcpu, cval, 0), 0);
	ok &= CHECK_EQ(compat_set_reg(vcpu, ctl, 0), 0);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, ctl), istatus);
	ok &= CHECK_EQ(compat_set_reg(vcpu, ctl, CTL_ENABLE | CTL_IMASK), 0);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, ctl), CTL_ENABLE | CTL_IMASK | istatus);

	/* KVM accepts the saved value. */
	ok &= CHECK_EQ(compat_set_reg(vcpu, ctl, vcpu_get_reg(vcpu, ctl)), 0);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, ctl), CTL_ENABLE | CTL_IMASK | istatus);

	ok &= CHECK_EQ(compat_set_reg(vcpu, cval, NEVER), 0);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, ctl), CTL_ENABLE | CTL_IMASK);
	ok &= CHECK_EQ(compat_set_reg(vcpu, cval, 0), 0);
	return ok;
}

/* @istatus: as for check_timer() */
static bool check_vcpu(struct kvm_vcpu *vcpu, u32 baseline, u64 istatus)
{
	bool ok = true;
	u32 t;

	for (t = 0; t < ARRAY_SIZE(timers); t++) {
		if (baseline < timers[t].since)
			continue;
		/* Nobody has written the timer yet. */
		ok &= CHECK_EQ(vcpu_get_reg(vcpu, timers[t].ctl), istatus);
		ok &= check_timer(vcpu, t, istatus);
	}

	/*
	 * The guest always reads the right ISTATUS. After it has run, userspace reads
	 * ISTATUS of the last exit in newer releases, too, until it writes the register.
	 */
	if (baseline < timers[1].since)
		return ok;
	ok &= compat_guest_done(vcpu);
	for (t = 0; t < ARRAY_SIZE(timers); t++) {
		u64 ctl = vcpu_get_reg(vcpu, timers[t].ctl);

		ok &= CHECK_EQ(ctl | CTL_ISTATUS, CTL_ENABLE | CTL_IMASK | CTL_ISTATUS);
		ok &= CHECK_EQ(ctl & istatus, istatus);
		ok &= check_timer(vcpu, t, istatus);
	}
	return ok;
}

static bool test_baselines(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i];
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(baseline, 0, guest_code, &vcpu);

		ok &= check_vcpu(vcpu, baseline,
				 baseline < KVM_GUEST_COMPAT_6_18_V1 ? CTL_ISTATUS : 0);
		if (!ok)
			ksft_print_msg("at baseline %u\n", baseline);
		kvm_vm_free(vm);
	}
	return ok;
}

/* Each revision at the newest baseline and at an old one */
static bool test_revisions(void)
{
	static const u32 baselines[] = { KVM_GUEST_COMPAT_7_3_V1, KVM_GUEST_COMPAT_6_12_V1 };
	bool ok = true;
	u32 i, rev;

	for (i = 0; i < ARRAY_SIZE(baselines); i++) {
		if (compat_is_later(baselines[i]))
			continue;
		for (rev = 0; rev <= compat_highest("timer_istatus"); rev++) {
			struct kvm_vm *vm = vm_create(1);
			struct kvm_vcpu *vcpu;

			ok &= CHECK_EQ(compat_select(vm, baselines[i]), 0);
			compat_set_named(vm, "timer_istatus", rev);
			vcpu = compat_vcpu(vm, 0, 0, guest_code);
			kvm_arch_vm_finalize_vcpus(vm);
			ok &= check_vcpu(vcpu, baselines[i], rev ? 0 : CTL_ISTATUS);
			kvm_vm_free(vm);
		}
	}
	return ok;
}

/* A VMM saves at one revision and restores at the other. ISTATUS is then that of @to. */
static bool check_moved(u32 from, u32 to)
{
	struct kvm_vcpu *vcpu[2];
	struct kvm_vm *vm[2];
	bool ok = true;
	u32 i, t;

	for (i = 0; i < 2; i++) {
		vm[i] = vm_create(1);
		compat_make_native(vm[i]);
		compat_set_named(vm[i], "timer_istatus", i ? to : from);
		vcpu[i] = compat_vcpu(vm[i], 0, 0, guest_code);
		kvm_arch_vm_finalize_vcpus(vm[i]);
	}
	for (t = 0; t < ARRAY_SIZE(timers); t++) {
		u64 ctl = timers[t].ctl, cval = timers[t].cval;

		ok &= check_timer(vcpu[0], t, from ? 0 : CTL_ISTATUS);
		ok &= CHECK_EQ(compat_set_reg(vcpu[0], ctl, CTL_ENABLE | CTL_IMASK), 0);
		ok &= CHECK_EQ(compat_set_reg(vcpu[1], ctl, vcpu_get_reg(vcpu[0], ctl)), 0);
		ok &= CHECK_EQ(compat_set_reg(vcpu[1], cval, vcpu_get_reg(vcpu[0], cval)), 0);
		ok &= CHECK_EQ(vcpu_get_reg(vcpu[1], ctl),
			       CTL_ENABLE | CTL_IMASK | (to ? 0 : CTL_ISTATUS));
	}
	ok &= compat_guest_done(vcpu[1]);
	for (i = 0; i < 2; i++)
		kvm_vm_free(vm[i]);
	return ok;
}

static bool test_moved(void)
{
	if (!compat_highest("timer_istatus")) {
		compat_skip = "the kernel has one revision";
		return true;
	}
	return check_moved(0, 1) & check_moved(1, 0);
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "timer_istatus: every baseline", test_baselines },
		{ "timer_istatus: every revision", test_revisions },
		{ "timer_istatus: saved at one revision, restored at the other", test_moved },
	};

	compat_run(tests, ARRAY_SIZE(tests));
}
