// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helpers for KVM_CAP_GUEST_COMPAT and its attributes
 */
#include <setjmp.h>
#include <linux/bitfield.h>

#include "guest_compat.h"
#include "bare_vm.h"
#include "ucall.h"

/* Reads an attribute of /dev/kvm, which has some of the attributes of a VM. */
int compat_dev_get(u64 attr, void *arg)
{
	int fd = open_kvm_dev_path_or_exit();
	int ret = compat_ret(__kvm_device_attr_get(fd, KVM_GUEST_COMPAT_CTRL, attr, arg));

	close(fd);
	return ret;
}

int compat_select(struct kvm_vm *vm, u64 baseline)
{
	return compat_ret(__vm_enable_cap(vm, KVM_CAP_GUEST_COMPAT, baseline));
}

void compat_list(struct kvm_vm *vm, struct compat_vector *v)
{
	int ret;

	memset(v, 0, sizeof(*v));
	v->hdr.size = sizeof(*v);
	ret = vm ? compat_get(vm, KVM_GUEST_COMPAT_LIST, v) :
		   compat_dev_get(KVM_GUEST_COMPAT_LIST, v);
	TEST_ASSERT(!ret, "KVM_GUEST_COMPAT_LIST: %d", ret);
}

/* Returns NULL after the last entry. */
struct kvm_guest_compat_behaviour *compat_entry(struct compat_vector *v, u32 i)
{
	if (i >= compat_nr(v))
		return NULL;

	return (void *)v->bytes + sizeof(v->hdr) + i * v->hdr.entry_size;
}

/* Returns baseline number @i of those that the kernel offers, or NULL after the last. */
struct kvm_guest_compat_baseline *compat_baseline(u32 i)
{
	static struct compat_baselines list;

	if (!list.hdr.entry_size) {
		int ret;

		list.hdr.size = sizeof(list);
		ret = compat_dev_get(KVM_GUEST_COMPAT_BASELINES, &list);
		TEST_ASSERT(!ret, "KVM_GUEST_COMPAT_BASELINES: %d", ret);
	}
	if (i >= (list.hdr.size - sizeof(list.hdr)) / list.hdr.entry_size)
		return NULL;

	return (void *)list.bytes + sizeof(list.hdr) + i * list.hdr.entry_size;
}

int compat_check(struct kvm_vm *vm, void *vector, struct kvm_guest_compat_check *arg)
{
	*arg = (struct kvm_guest_compat_check){ .vector = (uintptr_t)vector };
	return vm ? compat_get(vm, KVM_GUEST_COMPAT_CHECK, arg) :
		    compat_dev_get(KVM_GUEST_COMPAT_CHECK, arg);
}

/* Returns whether two vectors of one kernel have the same revisions. */
bool compat_same(struct compat_vector *a, struct compat_vector *b)
{
	u32 i;

	if (compat_nr(a) != compat_nr(b))
		return false;

	for (i = 0; i < compat_nr(a); i++)
		if (compat_entry(a, i)->id != compat_entry(b, i)->id ||
		    compat_entry(a, i)->revision != compat_entry(b, i)->revision)
			return false;

	return true;
}

struct kvm_guest_compat_behaviour *compat_find(struct compat_vector *v, const char *name)
{
	struct kvm_guest_compat_behaviour *b;
	u32 i;

	for (i = 0; (b = compat_entry(v, i)); i++)
		if (!strcmp(b->name, name))
			return b;

	return NULL;
}

int compat_set_revision(struct kvm_vm *vm, u32 id, u32 revision)
{
	struct kvm_guest_compat_revision arg = { .id = id, .revision = revision };

	return compat_set(vm, KVM_GUEST_COMPAT_REVISION, &arg);
}

int compat_get_revision(struct kvm_vm *vm, u32 id)
{
	struct kvm_guest_compat_revision arg = { .id = id };

	return compat_get(vm, KVM_GUEST_COMPAT_REVISION, &arg) ?: (int)arg.revision;
}

/* Revisions that the kernel accepts only together */
const struct compat_together compat_together[] = {
	{ "cache_geometry", 0, "id_aa64mmfr2_ccidx" },
	{ "cache_geometry", 0, "id_mmfr4_ccidx" },
	{ "id_aa64dfr0_pmuver", 0, "pmu_registers" },
	{ "id_dfr0_perfmon", 0, "pmu_registers" },
	{ "id_gic", 1, "id_aa64pfr2_gcie" },
	{ "id_aa64mmfr3_tcrx", 0, "id_aa64mmfr3_s1pie" },
	{ "id_aa64mmfr3_tcrx", 0, "id_aa64mmfr3_s1poe" },
	{ "list_tcr2_pir", 0, "id_aa64mmfr3_tcrx" },
	{ "list_tcr2_pir", 0, "id_aa64mmfr3_s1pie" },
	{ "list_tcr2_pir", 0, "id_aa64mmfr3_s1poe" },
	{ "list_tcr2_pir", 0, "nested" },
	{ "list_ptimer", 0, "nested" },
};

/*
 * Returns whether the kernel refuses this revision if all other behaviours are native.
 * It does not if @with is natively 0.
 */
bool compat_not_alone(const char *name, u32 revision)
{
	struct compat_vector v;

	compat_list(NULL, &v);
	for (u32 i = 0; i < ARRAY_SIZE(compat_together); i++)
		if (!strcmp(name, compat_together[i].name) &&
		    revision <= compat_together[i].highest &&
		    compat_find(&v, compat_together[i].with)->dflt)
			return true;
	return false;
}

const struct compat_test *compat_this;
static jmp_buf next_test;

/* Skips the rest of a test that needs a later kernel. The test's VMs are not freed. */
static void compat_too_old(void)
{
	TEST_ASSERT(compat_this, "this kernel is too old");
	longjmp(next_test, 1);
}

/*
 * Sets the behaviour's revision, and to 0 those behaviours with which it must go
 * together. Fails if the kernel does not know the name.
 */
void compat_set_named(struct kvm_vm *vm, const char *name, u32 revision)
{
	struct compat_vector v;
	struct kvm_guest_compat_behaviour *b;
	u32 i;
	int ret;

	compat_list(vm, &v);
	b = compat_find(&v, name);
	TEST_ASSERT(b, "the kernel has no behaviour \"%s\"", name);
	if (revision > b->highest && compat_is_later(KVM_GUEST_COMPAT_7_3_V1))
		compat_too_old();
	b->revision = revision;
	for (i = 0; i < ARRAY_SIZE(compat_together); i++)
		if (!strcmp(name, compat_together[i].name) &&
		    revision <= compat_together[i].highest)
			compat_find(&v, compat_together[i].with)->revision = 0;
	ret = compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v);
	TEST_ASSERT(!ret, "%s=%u: %d", name, revision, ret);
}

const u32 compat_baselines[] = {
	KVM_GUEST_COMPAT_5_10_V1, KVM_GUEST_COMPAT_5_15_V1, KVM_GUEST_COMPAT_6_1_V1,
	KVM_GUEST_COMPAT_6_6_V1, KVM_GUEST_COMPAT_6_11_V1, KVM_GUEST_COMPAT_6_12_V1,
	KVM_GUEST_COMPAT_6_16_V1, KVM_GUEST_COMPAT_6_17_V1, KVM_GUEST_COMPAT_6_18_V1,
	KVM_GUEST_COMPAT_6_19_V1, KVM_GUEST_COMPAT_7_0_V1, KVM_GUEST_COMPAT_7_1_V1,
	KVM_GUEST_COMPAT_7_2_V1, KVM_GUEST_COMPAT_7_3_V1,
};

/* The native release of the kernel */
u32 compat_native_release(void)
{
	static struct compat_vector v;

	if (!v.hdr.native)
		compat_list(NULL, &v);

	return v.hdr.native;
}

u32 compat_nr_baselines(void)
{
	u32 nr = 0;

	while (nr < COMPAT_NR_BASELINES && !compat_is_later(compat_baselines[nr]))
		nr++;

	return nr;
}

/* Returns the highest revision of the behaviour that the kernel offers. */
u32 compat_highest(const char *name)
{
	struct kvm_guest_compat_behaviour *b;
	struct compat_vector v;

	compat_list(NULL, &v);
	b = compat_find(&v, name);
	TEST_ASSERT(b, "the kernel has no behaviour \"%s\"", name);

	return b->highest;
}

/* Selects a baseline. Must be called before a vCPU is added. */
void compat_make(struct kvm_vm *vm, u32 baseline)
{
	int ret;

	if (compat_is_later(baseline))
		compat_too_old();
	ret = compat_select(vm, baseline);
	TEST_ASSERT(!ret, "baseline %#x: %d", baseline, ret);
}

/* Returns whether the host default is not native. */
bool compat_host_default(void)
{
	FILE *f = fopen("/sys/module/kvm/parameters/guest_compat", "r");
	char val[32] = "";
	bool set;

	set = f && fgets(val, sizeof(val), f) && strcmp(val, "native\n");
	if (f)
		fclose(f);
	return set;
}

/*
 * Adds a vCPU with exactly these features. The library alone would add
 * KVM_ARM_VCPU_HAS_EL2 on hosts that have nested virtualization.
 */
struct kvm_vcpu *compat_vcpu(struct kvm_vm *vm, u32 id, u32 features, void *guest_code)
{
	struct kvm_vcpu_init init;

	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] &= ~BIT(KVM_ARM_VCPU_HAS_EL2);
	init.features[0] |= features;
	return aarch64_vcpu_add(vm, id, &init, guest_code);
}

/* Creates a VM of a baseline, with one vCPU. */
struct kvm_vm *compat_vm(u32 baseline, u32 features, void *guest_code, struct kvm_vcpu **vcpu)
{
	struct kvm_vm *vm = vm_create(1);

	compat_make(vm, baseline);
	*vcpu = compat_vcpu(vm, 0, features, guest_code);
	kvm_arch_vm_finalize_vcpus(vm);
	return vm;
}

/*
 * Returns whether the host has AArch32 at EL0. Without it, the ID registers of AArch32
 * read as zero and ignore writes, and no AArch32 guest runs.
 */
bool compat_has_aarch32(struct kvm_vcpu *vcpu)
{
	u64 pfr0 = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1));

	return FIELD_GET(ID_AA64PFR0_EL1_EL0, pfr0) == ID_AA64PFR0_EL1_EL0_AARCH32;
}

/* A vCPU with KVM_ARM_VCPU_PMU_V3 cannot run before this. */
void compat_pmu_init(struct kvm_vcpu *vcpu)
{
	int err = __vcpu_init_pmu(vcpu, vcpu->vm->arch.has_gic ? DEFAULT_PMU_PPI : 0);

	TEST_ASSERT(!err, "Cannot initialise the PMU: %s", strerror(err));
}

unsigned long compat_undefs;

void compat_undef_handler(struct ex_regs *regs)
{
	compat_undefs++;
	regs->pc += 4;
}

void compat_catch_undefs(struct kvm_vcpu *vcpu)
{
	vm_init_descriptor_tables(vcpu->vm);
	vcpu_init_descriptor_tables(vcpu);
	vm_install_sync_handler(vcpu->vm, VECTOR_SYNC_CURRENT, ESR_ELx_EC_UNKNOWN,
				compat_undef_handler);
}

/* Runs the guest to its GUEST_DONE(). Returns false if it does anything else. */
bool compat_guest_done(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	switch (get_ucall(vcpu, &uc)) {
	case UCALL_DONE:
		return true;
	case UCALL_ABORT:
		ksft_print_msg("guest, line %lu: %s\n", (unsigned long)uc.args[GUEST_LINE],
			       uc.buffer);
		return false;
	default:
		ksft_print_msg("guest: unknown ucall %lu\n", (unsigned long)uc.cmd);
		return false;
	}
}

/* Returns whether the list has the register. */
bool compat_listed(const struct kvm_reg_list *list, u64 id)
{
	u64 i;

	for (i = 0; i < list->n; i++)
		if (list->reg[i] == id)
			return true;

	return false;
}

/*
 * Calls @check for a VM of each baseline, and for native VMs with each revision.
 * Baselines from @since on have revision 1, and so do kernels that offer it.
 */
bool compat_each(const char *name, u32 since, bool (*check)(struct kvm_vm *vm, bool rev))
{
	u32 i, nr = compat_nr_baselines(), highest = compat_highest(name);
	bool ok = CHECK_EQ(highest, !compat_is_later(since));

	for (i = 0; i < nr + 1 + highest; i++) {
		struct kvm_vm *vm = vm_create(1);
		bool rev = i - nr;

		if (i < nr) {
			rev = compat_baselines[i] >= since;
			TEST_ASSERT(!compat_select(vm, compat_baselines[i]), "baseline %#x",
				    compat_baselines[i]);
		} else {
			compat_make_native(vm);
			compat_set_named(vm, name, rev);
		}
		ok &= CHECK(check(vm, rev), "%s: %s %#x, expected revision %u", name,
			    i < nr ? "baseline" : "revision",
			    i < nr ? compat_baselines[i] : rev, rev);
		kvm_vm_free(vm);
	}
	return ok;
}

const char *compat_skip;

void compat_run(const struct compat_test *tests, unsigned int nr)
{
	unsigned int i;

	ksft_print_header();
	if (!kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		ksft_exit_skip("no KVM_CAP_GUEST_COMPAT\n");
	ksft_set_plan(nr);
	for (i = 0; i < nr; i++) {
		bool ok;

		compat_skip = NULL;
		compat_this = &tests[i];
		if (setjmp(next_test)) {
			ksft_test_result_skip("%s: %s\n", tests[i].name,
					      "about a later release than this kernel is");
			continue;
		}
		ok = tests[i].run();
		if (ok && compat_skip)
			ksft_test_result_skip("%s: %s\n", tests[i].name, compat_skip);
		else
			ksft_test_result(ok, "%s\n", tests[i].name);
	}
	ksft_finished();
}

/* Returns whether KVM runs in protected mode. Such a kernel need not offer protected VMs. */
bool compat_protected_mode(void)
{
	int kvm_fd = open_kvm_dev_path_or_exit();
	int fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)KVM_VM_TYPE_ARM_PROTECTED);
	char line[4096] = "";
	FILE *file;

	close(kvm_fd);
	if (fd >= 0) {
		close(fd);
		return true;
	}

	file = fopen("/proc/cmdline", "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, "kvm-arm.mode=protected");
}
