// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_load - KVM_GUEST_COMPAT_LOAD and KVM_GUEST_COMPAT_CHECK of a vector from
 * KVM_GUEST_COMPAT_LIST of another VM, possibly of another kernel. The test makes up
 * the vectors of other kernels.
 */
#include <sys/mman.h>

#include "guest_compat.h"
#include "processor.h"

#define UNKNOWN_ID	0x7ffffff0

static struct kvm_vm *vm;
static struct compat_vector has;	/* the VM's vector */

/* The result of the last CHECK */
static struct kvm_guest_compat_check said;

/* LOAD, and CHECK on the VM and on /dev/kvm, return @err. The VM's vector stays. */
static bool refused(void *vector, int err)
{
	struct compat_vector now;
	bool ok = true;

	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_LOAD, vector), err);
	ok &= CHECK_EQ(compat_check(NULL, vector, &said), err);
	ok &= CHECK_EQ(compat_check(vm, vector, &said), err);
	compat_list(vm, &now);
	ok &= CHECK_EQ(memcmp(&has, &now, sizeof(has)), 0);
	return ok;
}

static bool refused_for(struct compat_vector *v, u32 entry, u32 id)
{
	struct compat_vector before = *v;
	bool ok = refused(v, -EINVAL);

	ok &= CHECK_EQ(said.bad_entry, entry);
	ok &= CHECK_EQ(said.bad_id, id);
	/* KVM does not write to the vector. */
	ok &= CHECK_EQ(memcmp(&before, v, sizeof(before)), 0);
	return ok;
}

/* CHECK accepts the vector without changing the VM, then LOAD loads it. */
static bool loads(struct compat_vector *v)
{
	struct compat_vector now, before;
	bool ok = true;

	memcpy(&before, v, v->hdr.size);
	ok &= CHECK_EQ(compat_check(vm, v, &said), 0);
	ok &= CHECK_EQ(said.bad_entry, KVM_GUEST_COMPAT_NONE);
	ok &= CHECK_EQ(said.bad_id, 0);
	compat_list(vm, &now);
	ok &= CHECK_EQ(memcmp(&has, &now, sizeof(has)), 0);
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_LOAD, v), 0);
	ok &= CHECK_EQ(memcmp(&before, v, v->hdr.size), 0);
	return ok;
}

static struct kvm_guest_compat_behaviour *append(struct compat_vector *v, u32 id)
{
	struct kvm_guest_compat_behaviour *b;

	v->hdr.size += sizeof(*b);
	b = compat_entry(v, compat_nr(v) - 1);
	memset(b, 0, sizeof(*b));
	b->id = id;
	return b;
}

static void drop_first(struct compat_vector *v)
{
	struct kvm_guest_compat_behaviour *b = compat_entry(v, 0);

	v->hdr.size -= v->hdr.entry_size;
	memmove(b, (void *)b + v->hdr.entry_size, v->hdr.size - sizeof(v->hdr));
}

static bool test_baselines(void)
{
	struct compat_vector v, now;
	struct kvm_guest_compat_baseline *base;
	bool ok = true;
	u32 i;

	for (i = 0; (base = compat_baseline(i)); i++) {
		struct kvm_vm *src = vm_create_barebones();

		ok &= CHECK_EQ(compat_select(src, base->baseline), 0);
		compat_list(src, &v);
		kvm_vm_free(src);
		ok &= loads(&v);
		compat_list(vm, &now);
		ok &= CHECK(compat_same(&v, &now), "not as at %s", base->name);
		ok &= CHECK_EQ(now.hdr.baseline, base->baseline);
		has = now;
	}
	return ok;
}

static bool test_revisions(void)
{
	struct compat_vector v = has;
	struct kvm_guest_compat_behaviour *b;
	struct compat_vector now;
	bool ok = true;
	u32 i;

	for (i = 0; (b = compat_entry(&v, i)); i++)
		b->revision = b->revision ? b->revision - 1 : b->highest;
	/* KVM refuses some revisions together, so set these to a combination that it accepts. */
	compat_find(&v, "pmu_registers")->revision = 0;
	compat_find(&v, "id_gic")->revision = compat_highest("id_gic");
	compat_find(&v, "id_aa64mmfr3_s1pie")->revision = 0;
	compat_find(&v, "id_aa64mmfr3_s1poe")->revision = 0;
	compat_find(&v, "id_aa64mmfr2_ccidx")->revision = 0;
	compat_find(&v, "id_mmfr4_ccidx")->revision = 0;
	compat_find(&v, "id_aa64mmfr3_tcrx")->revision = 0;
	compat_find(&v, "nested")->revision = 0;
	ok &= loads(&v);
	compat_list(vm, &now);
	return ok && CHECK(compat_same(&v, &now), "another vector");
}

static bool test_unknown(void)
{
	struct compat_vector v = has;
	struct kvm_guest_compat_behaviour *b = append(&v, UNKNOWN_ID);
	struct compat_vector now;
	bool ok = true;

	/* This kernel's native release has the revision: KVM ignores the entry. */
	b->revision = 5;
	b->releases[v.hdr.native / 64] = 1ULL << (v.hdr.native % 64);
	ok &= loads(&v);
	compat_list(vm, &now);
	ok &= CHECK(compat_same(&has, &now), "it did something");

	/* All other releases have it: KVM refuses the vector. */
	b->releases[0] = ~0ULL;
	b->releases[1] = ~0ULL;
	b->releases[v.hdr.native / 64] &= ~(1ULL << (v.hdr.native % 64));
	ok &= refused_for(&v, compat_nr(&v) - 1, UNKNOWN_ID);

	/* Only a release that this kernel does not know has it, or none has it. */
	b->releases[0] = 0;
	b->releases[1] = 1;
	ok &= refused_for(&v, compat_nr(&v) - 1, UNKNOWN_ID);
	b->releases[1] = 0;
	ok &= refused_for(&v, compat_nr(&v) - 1, UNKNOWN_ID);
	return ok;
}

static bool test_missing(void)
{
	struct compat_vector v = has, now;
	struct compat_vector full;
	struct kvm_guest_compat_baseline *base;
	struct kvm_guest_compat_behaviour *b;
	bool ok = true;
	u32 i, id;

	id = compat_entry(&has, 0)->id;
	drop_first(&v);

	/* A source that does not know a behaviour has the revision of its native release. */
	for (i = 0; (base = compat_baseline(i)); i++) {
		v.hdr.native = base->release;
		ok &= loads(&v);
		compat_list(vm, &now);
		ok &= CHECK(compat_has_release(compat_entry(&now, 0), base->release),
			    "%s not as in %s", compat_entry(&now, 0)->name, base->name);
		has = now;
	}

	/* This kernel does not know the source's native release, so it refuses the vector. */
	v.hdr.native = 1000;
	ok &= refused_for(&v, KVM_GUEST_COMPAT_NONE, id);
	v.hdr.native = 0;
	ok &= refused(&v, -EINVAL);

	/* If no behaviour is missing, the source's release does not matter. */
	full = has;
	full.hdr.native = 1000;
	ok &= loads(&full);

	/* A vector without entries is the baseline of the source's native release. */
	full.hdr.size = sizeof(full.hdr);
	full.hdr.native = compat_release(KVM_GUEST_COMPAT_6_1_V1);
	ok &= loads(&full);
	compat_list(vm, &now);
	for (i = 0; (b = compat_entry(&now, i)); i++)
		ok &= CHECK(compat_has_release(b, compat_release(KVM_GUEST_COMPAT_6_1_V1)),
			    "%s", b->name);
	return ok;
}

static bool test_entries(void)
{
	struct compat_vector v = has;
	u32 n = compat_nr(&has);
	struct kvm_guest_compat_behaviour *b;
	bool ok = true;

	/* The last entry is bad. KVM must not apply the entries before it. */
	b = compat_entry(&v, n - 1);
	compat_entry(&v, 0)->revision = !compat_entry(&v, 0)->revision;
	b->revision = b->highest + 1;
	ok &= refused_for(&v, n - 1, b->id);
	b->revision = 256;
	ok &= refused_for(&v, n - 1, b->id);
	b->revision = 0;
	b->flags = 1;
	ok &= refused_for(&v, n - 1, b->id);
	b->flags = 0;
	b->reserved = 1;
	ok &= refused_for(&v, n - 1, b->id);
	b->reserved = 0;
	b->id = 0;
	b->releases[0] = 0;
	ok &= refused_for(&v, n - 1, 0);

	v = has;
	append(&v, compat_entry(&v, 0)->id);
	ok &= refused_for(&v, n, compat_entry(&v, 0)->id);
	return ok;
}

static bool test_header(void)
{
	static const struct {
		size_t offset;
		u32 value;
	} bad[] = {
#define BAD(field, value)	{ offsetof(struct kvm_guest_compat_vector, field), value }
		BAD(size, 0), BAD(size, 4), BAD(size, 31), BAD(size, 33),
		BAD(size, 0xffffffff), BAD(size, 0xfffffff8),
		BAD(flags, 1), BAD(native, 0), BAD(entry_size, 0), BAD(entry_size, 64),
		BAD(entry_size, 0x10000), BAD(entry_size, 0xffffffff),
		BAD(reserved[0], 1), BAD(reserved[2], 1),
	};
	struct compat_vector v;
	bool ok = true;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		v = has;
		*(u32 *)&v.bytes[bad[i].offset] = bad[i].value;
		if (!CHECK(refused(&v, -EINVAL) && !said.bad_id, "offset %zu: %#x",
			   bad[i].offset, bad[i].value))
			ok = false;
	}

	/* More entries than KVM accepts */
	v = has;
	v.hdr.size = sizeof(v.hdr) + 1025 * v.hdr.entry_size;
	ok &= refused(&v, -EINVAL);

	v = has;
	v.hdr.size--;
	ok &= refused(&v, -EINVAL);
	return ok;
}

/* Makes the vector of a kernel whose entries are larger by @entry bytes. */
static void grow(struct compat_vector *to, u32 entry)
{
	u32 i, nr = compat_nr(&has);

	memset(to, 0, sizeof(*to));
	to->hdr = has.hdr;
	to->hdr.entry_size += entry;
	to->hdr.size = sizeof(to->hdr) + nr * to->hdr.entry_size;
	for (i = 0; i < nr; i++)
		memcpy(compat_entry(to, i), compat_entry(&has, i), has.hdr.entry_size);
}

static bool test_growth(void)
{
	struct compat_vector v;
	bool ok = true;

	grow(&v, 24);
	ok &= loads(&v);
	grow(&v, 24);
	v.bytes[v.hdr.size - 1] = 1;
	ok &= refused(&v, -E2BIG);
	ok &= CHECK_EQ(said.bad_entry, compat_nr(&v) - 1);
	ok &= CHECK_EQ(said.bad_id, compat_entry(&v, compat_nr(&v) - 1)->id);
	return ok;
}

/* Tests the members of struct kvm_guest_compat_check. */
static bool test_check(void)
{
	struct kvm_guest_compat_check arg = { .vector = (uintptr_t)&has, .flags = 1 };
	struct compat_vector v = has;
	long page = getpagesize();
	void *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool ok = true;

	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_CHECK, &arg), -EINVAL);
	arg.flags = 0;
	arg.reserved = 1;
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_CHECK, &arg), -EINVAL);
	arg.reserved = 0;
	arg.vector = 0;
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_CHECK, &arg), -EFAULT);
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_CHECK, NULL), -EFAULT);

	/* CHECK writes its result to struct kvm_guest_compat_check, which is read-only here. */
	TEST_ASSERT(map != MAP_FAILED, "mmap");
	memcpy(map, &arg, sizeof(arg));
	((struct kvm_guest_compat_check *)map)->vector = (uintptr_t)&has;
	TEST_ASSERT(!mprotect(map, page, PROT_READ), "mprotect");
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_CHECK, map), -EFAULT);
	munmap(map, page);

	/* If two revisions do not go together, CHECK names one of the two. */
	compat_find(&v, "pmu_registers")->revision = 1;
	compat_find(&v, "id_aa64dfr0_pmuver")->revision = 0;
	ok &= refused(&v, -EINVAL);
	ok &= CHECK_EQ(said.bad_id, compat_find(&v, "id_aa64dfr0_pmuver")->id);
	ok &= CHECK_EQ(compat_entry(&v, said.bad_entry)->id, said.bad_id);
	return ok;
}

static bool test_pointers(void)
{
	long page = getpagesize(), size = (has.hdr.size / page + 1) * page;
	void *map = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	struct compat_vector *v;
	bool ok = true;

	TEST_ASSERT(map != MAP_FAILED, "mmap");
	TEST_ASSERT(!mprotect(map + size, page, PROT_NONE), "mprotect");

	/* The vector ends at the last mapped byte, or 8 bytes after it. */
	v = map + size - has.hdr.size;
	memcpy(v, &has, has.hdr.size);
	ok &= loads(v);
	v = (void *)v + 8;
	memcpy(v, &has, has.hdr.size - 8);
	compat_entry(v, 0)->revision = !compat_entry(v, 0)->revision;
	ok &= refused(v, -EFAULT);
	ok &= refused(map + size - 4, -EFAULT);
	ok &= refused(NULL, -EFAULT);

	/* KVM does not write to the vector: it can be in read-only memory. */
	v = map;
	memcpy(v, &has, has.hdr.size);
	TEST_ASSERT(!mprotect(map, size, PROT_READ), "mprotect");
	ok &= CHECK_EQ(compat_check(vm, v, &said), 0);
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_LOAD, v), 0);
	munmap(map, size + page);
	return ok;
}

static struct kvm_guest_compat_behaviour *has_entry(u32 i)
{
	return compat_entry(&has, i);
}

static bool test_too_late(void)
{
	struct compat_vector v = has;
	struct kvm_guest_compat_behaviour *b;
	bool ok = true;
	u32 i;

	TEST_ASSERT(__vm_ioctl(vm, KVM_CREATE_VCPU, (void *)0) >= 0, "KVM_CREATE_VCPU");
	ok &= loads(&v);
	for (i = 0; (b = compat_entry(&v, i)); i++) {
		if (!b->highest)
			continue;
		b->revision = !b->revision;
		/* CHECK is about any VM, and accepts the vector if its revisions go together. */
		if (!compat_check(vm, &v, &said))
			ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v), -EBUSY);
		b->revision = has_entry(i)->revision;
	}
	compat_list(vm, &v);
	return ok && CHECK_EQ(memcmp(&has, &v, sizeof(v)), 0);
}

static bool run(bool (*test)(void))
{
	bool ok;

	vm = vm_create_barebones();
	TEST_ASSERT(!compat_select(vm, KVM_GUEST_COMPAT_6_1_V1), "6.1");
	compat_list(vm, &has);
	ok = test();
	kvm_vm_free(vm);
	return ok;
}

#define TEST(name)	static bool run_##name(void) { return run(test_##name); }
TEST(baselines)
TEST(revisions)
TEST(unknown)
TEST(missing)
TEST(entries)
TEST(header)
TEST(growth)
TEST(check)
TEST(pointers)
TEST(too_late)

int main(void)
{
	static const struct compat_test tests[] = {
		{ "every baseline loads into another VM", run_baselines },
		{ "every behaviour loads at every revision", run_revisions },
		{ "LOAD and an unknown behaviour", run_unknown },
		{ "LOAD and a missing behaviour", run_missing },
		{ "LOAD refuses bad entries", run_entries },
		{ "LOAD refuses bad headers", run_header },
		{ "LOAD and entries of another size", run_growth },
		{ "CHECK names what LOAD would refuse", run_check },
		{ "bad pointers are EFAULT", run_pointers },
		{ "LOAD fails once there is a vCPU", run_too_late },
	};

	compat_run(tests, ARRAY_SIZE(tests));
}
