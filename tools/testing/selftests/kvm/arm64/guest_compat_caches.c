// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_caches - The caches that a guest sees. Up to 6.2 a guest saw the caches
 * of the CPU, and userspace could not change them. Since 6.3 KVM makes up as few as
 * possible, and userspace can write others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>

#include "guest_compat.h"
#include "processor.h"

#define CLIDR		ARM64_SYS_REG(3, 1, 0, 0, 1)
#define CCSIDR(csselr)	(KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX |		\
			 KVM_REG_ARM_DEMUX_ID_CCSIDR | (csselr))

#define LEVELS		7
#define NR_CSSELR	(2 * LEVELS)

/* CLIDR_EL1.Ctype<n> */
enum { NONE, INSTRUCTIONS, DATA, BOTH, UNIFIED };

/* The CPU that the test is pinned to: the CPUs of a host may differ. */
static int this_cpu;
/* If CPUs differ in CTR_EL0, KVM makes up the caches at each baseline. */
static bool made_up;

static bool is_host(u32 baseline)
{
	return baseline < KVM_GUEST_COMPAT_6_6_V1 && !made_up;
}

static u32 ctype(u64 clidr, u32 level)
{
	return (clidr >> (level * 3)) & 7;
}

/* Returns whether the cache that CSSELR_EL1 selects exists. */
static bool has_cache(u64 clidr, u32 csselr)
{
	u32 type = ctype(clidr, csselr / 2);

	if (csselr & 1)
		return type == INSTRUCTIONS || type == BOTH;

	return type == DATA || type == BOTH || type == UNIFIED;
}

static u64 guest_ccsidr[NR_CSSELR];
static u64 guest_clidr, guest_csselr;
static bool guest_has_ccsidr2;

/* Bits that no CPU's CSSELR_EL1 has. The lower bits select an existing cache. */
#define CSSELR_SPARE	0x5a5a5a00UL

static void guest_code(void)
{
	u32 i;

	guest_clidr = read_sysreg(clidr_el1);
	write_sysreg(CSSELR_SPARE, csselr_el1);
	isb();
	guest_csselr = read_sysreg(csselr_el1);
	guest_has_ccsidr2 = !COMPAT_UNDEF(read_sysreg_s(SYS_CCSIDR2_EL1));
	for (i = 0; i < NR_CSSELR; i++) {
		write_sysreg(i, csselr_el1);
		isb();
		guest_ccsidr[i] = read_sysreg(ccsidr_el1);
	}
	GUEST_DONE();
}

static int get_ccsidr(struct kvm_vcpu *vcpu, u32 csselr, u32 *val)
{
	return compat_ret(__vcpu_get_reg(vcpu, CCSIDR(csselr), val));
}

static int set_ccsidr(struct kvm_vcpu *vcpu, u32 csselr, u32 val)
{
	struct kvm_one_reg reg = { .id = CCSIDR(csselr), .addr = (u64)&val };

	return compat_ret(__vcpu_ioctl(vcpu, KVM_SET_ONE_REG, &reg));
}

static bool read_sysfs(int cpu, const char *name, char *word, int size)
{
	char path[80];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/%s", cpu, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	ok = fgets(word, size, f);
	if (ok)
		word[strcspn(word, "\n")] = '\0';
	fclose(f);
	return ok;
}

static bool cpus_differ(void)
{
	const char *midr = "regs/identification/midr_el1";
	char mine[32], other[32];
	int cpu;

	if (!read_sysfs(this_cpu, midr, mine, sizeof(mine)))
		return false;
	for (cpu = 0; cpu < get_nprocs_conf(); cpu++)
		if (read_sysfs(cpu, midr, other, sizeof(other)) && strcmp(mine, other))
			return true;
	return false;
}

/*
 * The host's kernel has Ctype<n> from its CLIDR_EL1. Firmware may describe more caches,
 * at higher levels.
 */
static u32 sysfs_ctype(u32 level)
{
	u32 index, type = NONE;

	for (index = 0; index < 2 * LEVELS; index++) {
		char name[32], word[32];

		snprintf(name, sizeof(name), "cache/index%u/level", index);
		if (!read_sysfs(this_cpu, name, word, sizeof(word)))
			break;
		if (atoi(word) != level + 1)
			continue;
		snprintf(name, sizeof(name), "cache/index%u/type", index);
		if (!read_sysfs(this_cpu, name, word, sizeof(word)))
			break;
		if (!strcmp(word, "Unified"))
			type = UNIFIED;
		else if (!strcmp(word, "Data"))
			type |= DATA;
		else if (!strcmp(word, "Instruction"))
			type |= INSTRUCTIONS;
	}
	return type;
}

/* KVM lists all CCSIDR_EL1<n> where it makes them up. No CPU has as many caches. */
static bool lists_all(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = compat_vm(KVM_GUEST_COMPAT_6_1_V1, 0, guest_code, &vcpu);
	struct kvm_reg_list *list = vcpu_get_reg_list(vcpu);
	bool all = true;
	u32 c;

	for (c = 0; c < NR_CSSELR; c++)
		all &= compat_listed(list, CCSIDR(c));
	free(list);
	kvm_vm_free(vm);
	return all;
}

static bool test_host_levels(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	bool ok = true;
	u32 i, level;

	/* KVM shows the caches of the CPU on which it was initialised. */
	if (cpus_differ()) {
		compat_skip = "the host's CPUs differ";
		return true;
	}
	if (!sysfs_ctype(0)) {
		compat_skip = "the host does not tell its caches";
		return true;
	}

	for (i = 0; i < compat_nr_baselines() && is_host(compat_baselines[i]); i++) {
		u64 clidr;

		vm = compat_vm(compat_baselines[i], 0, guest_code, &vcpu);
		clidr = vcpu_get_reg(vcpu, CLIDR);
		for (level = 0; level < LEVELS && ctype(clidr, level); level++)
			ok &= CHECK_EQ(ctype(clidr, level), sysfs_ctype(level));
		ok &= CHECK(level, "no cache at all");
		kvm_vm_free(vm);
	}
	return ok;
}

/* Up to 6.2 KVM lists CCSIDR_EL1 only of existing caches, since then of all. */
static bool test_listed(void)
{
	bool ok = true;
	u32 i, c;

	for (i = 0; i < compat_nr_baselines(); i++) {
		u32 baseline = compat_baselines[i];
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(baseline, 0, guest_code, &vcpu);
		struct kvm_reg_list *list = vcpu_get_reg_list(vcpu);
		u64 clidr = vcpu_get_reg(vcpu, CLIDR);

		ok &= CHECK(compat_listed(list, CLIDR), "no CLIDR_EL1");
		for (c = 0; c < NR_CSSELR; c++) {
			bool listed = !is_host(baseline) || has_cache(clidr, c);
			u32 val = 0;

			ok &= CHECK(compat_listed(list, CCSIDR(c)) == listed,
				    "cache %u listed at %#x: %d", c, baseline, !listed);
			/* Userspace can access it even if KVM does not list it. */
			ok &= CHECK_EQ(get_ccsidr(vcpu, c, &val), 0);
			ok &= CHECK_EQ(set_ccsidr(vcpu, c, val), 0);
		}
		free(list);
		kvm_vm_free(vm);
	}
	return ok;
}

/* Returns whether CCSIDR_EL1 of the VM has 64 bits. */
static bool has_ccidx(struct kvm_vcpu *vcpu)
{
	u64 mmfr2 = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR2_EL1));

	return FIELD_GET(ID_AA64MMFR2_EL1_CCIDX, mmfr2);
}

static bool check_guest(struct kvm_vcpu *vcpu, bool host)
{
	u64 clidr = vcpu_get_reg(vcpu, CLIDR);
	bool ok;
	u32 c;

	/* With FEAT_IDST, KVM since 7.0 does not give UNDEF, but an exception with EC 0x18. */
	compat_catch_undefs(vcpu);
	vm_install_sync_handler(vcpu->vm, VECTOR_SYNC_CURRENT, ESR_ELx_EC_SYS64,
				compat_undef_handler);
	ok = compat_guest_done(vcpu);
	sync_global_from_guest(vcpu->vm, guest_csselr);
	sync_global_from_guest(vcpu->vm, guest_has_ccsidr2);
	ok &= CHECK_EQ(guest_csselr, host ? 0 : CSSELR_SPARE);
	ok &= CHECK_EQ(guest_has_ccsidr2, host && has_ccidx(vcpu));
	sync_global_from_guest(vcpu->vm, guest_clidr);
	sync_global_from_guest(vcpu->vm, guest_ccsidr);
	ok &= CHECK_EQ(guest_clidr, clidr);
	for (c = 0; c < NR_CSSELR; c++) {
		u32 val = 0;

		/* With CCIDX the guest reads 64 bits. Userspace's register has 32. */
		if (has_cache(clidr, c)) {
			ok &= CHECK_EQ(get_ccsidr(vcpu, c, &val), 0);
			ok &= CHECK_EQ((u32)guest_ccsidr[c], val);
		}
	}
	return ok;
}

static bool test_guest(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < compat_nr_baselines(); i++) {
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(compat_baselines[i], 0, guest_code, &vcpu);

		ok &= check_guest(vcpu, is_host(compat_baselines[i]));
		kvm_vm_free(vm);
	}
	return ok;
}

/* CLIDR_EL1 accepts the bits of KVM_ARM_GET_REG_WRITABLE_MASKS. */
static bool test_masks(void)
{
	static u64 masks[KVM_ARM_FEATURE_ID_RANGE_SIZE];
	struct reg_mask_range range = { .addr = (u64)masks };
	u64 bits = UNIFIED << 18 | 7ULL << 27;
	bool ok = true;
	u32 i;

	for (i = 0; i < compat_nr_baselines(); i++) {
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = compat_vm(compat_baselines[i], 0, guest_code, &vcpu);
		u64 clidr = vcpu_get_reg(vcpu, CLIDR), want = clidr ^ bits;

		vm_ioctl(vm, KVM_ARM_GET_REG_WRITABLE_MASKS, &range);
		ok &= CHECK_EQ(masks[KVM_ARM_FEATURE_ID_RANGE_IDX(3, 1, 0, 0, 1)] & bits, bits);
		ok &= CHECK_EQ(compat_set_reg(vcpu, CLIDR, want), 0);
		ok &= CHECK_EQ(vcpu_get_reg(vcpu, CLIDR), want);
		ok &= CHECK_EQ(compat_set_reg(vcpu, CLIDR, clidr), 0);
		kvm_vm_free(vm);
	}
	return ok;
}

/* At each baseline, the guest sees the CLIDR_EL1 of 6.1 and a CCSIDR_EL1 that no CPU has. */
static bool test_writable(void)
{
	struct kvm_vcpu *vcpu, *old;
	struct kvm_vm *vm, *source;
	bool ok = true;
	u32 i, c, val;
	u64 clidr;

	source = compat_vm(KVM_GUEST_COMPAT_6_1_V1, 0, guest_code, &old);
	clidr = vcpu_get_reg(old, CLIDR);
	for (i = 0; i < compat_nr_baselines(); i++) {
		vm = compat_vm(compat_baselines[i], 0, guest_code, &vcpu);
		ok &= CHECK_EQ(compat_set_reg(vcpu, CLIDR, clidr), 0);
		for (c = 0; c < NR_CSSELR; c++) {
			if (!has_cache(clidr, c) || get_ccsidr(old, c, &val))
				continue;
			/* This makes a number of sets that no CPU has. */
			val ^= 1 << 13;
			ok &= CHECK_EQ(set_ccsidr(vcpu, c, val), 0);
			ok &= CHECK_EQ(get_ccsidr(vcpu, c, &val), 0);
		}
		ok &= check_guest(vcpu, is_host(compat_baselines[i]));
		ok &= CHECK_EQ(guest_clidr, clidr);
		for (c = 0; c < NR_CSSELR; c++) {
			if (!has_cache(clidr, c) || get_ccsidr(old, c, &val))
				continue;
			ok &= CHECK_EQ((u32)guest_ccsidr[c], val ^ 1 << 13);
		}
		kvm_vm_free(vm);
	}
	kvm_vm_free(source);
	return ok;
}

/* If userspace writes nothing, baselines since 6.3 show what the newest kernel shows. */
static bool test_made_up(void)
{
	struct kvm_vcpu *vcpu, *now;
	struct kvm_vm *vm, *native = compat_vm(COMPAT_NATIVE, 0, guest_code, &now);
	bool ok = true;
	u32 i, c, a, b;

	for (i = 0; i < compat_nr_baselines(); i++) {
		if (is_host(compat_baselines[i]))
			continue;
		vm = compat_vm(compat_baselines[i], 0, guest_code, &vcpu);
		ok &= CHECK_EQ(vcpu_get_reg(vcpu, CLIDR), vcpu_get_reg(now, CLIDR));
		for (c = 0; c < NR_CSSELR; c++) {
			ok &= CHECK_EQ(get_ccsidr(vcpu, c, &a), 0);
			ok &= CHECK_EQ(get_ccsidr(now, c, &b), 0);
			ok &= CHECK_EQ(a, b);
		}
		kvm_vm_free(vm);
	}
	kvm_vm_free(native);
	return ok;
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "cache_geometry: the levels that the host's kernel found", test_host_levels },
		{ "cache_geometry: the CCSIDR_EL1 of each cache is listed, and no other",
		  test_listed },
		{ "cache_geometry: the guest reads what userspace reads, CSSELR_EL1, CCSIDR2_EL1",
		  test_guest },
		{ "cache_geometry: CLIDR_EL1 accepts what its writable mask says", test_masks },
		{ "cache_geometry: the guest reads what userspace writes", test_writable },
		{ "cache_geometry: baselines from 6.12 on are as native", test_made_up },
	};

	this_cpu = pin_self_to_any_cpu();
	made_up = kvm_check_cap(KVM_CAP_GUEST_COMPAT) && cpus_differ() && lists_all();
	compat_run(tests, ARRAY_SIZE(tests));
}
