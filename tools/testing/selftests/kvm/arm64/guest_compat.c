// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat - KVM_CAP_GUEST_COMPAT and its attributes, on VMs and on /dev/kvm,
 * with each error that KVM returns. No test here depends on single behaviours.
 */
#include <sys/mman.h>

#include "guest_compat.h"
#include "processor.h"

static struct kvm_vcpu_init init_args;

static int add_vcpu(struct kvm_vm *vm, unsigned long id)
{
	int fd = __vm_ioctl(vm, KVM_CREATE_VCPU, (void *)id);

	TEST_ASSERT(fd >= 0, KVM_IOCTL_ERROR(KVM_CREATE_VCPU, fd));
	return fd;
}

/* Returns a baseline that differs from vector @v, or 0. */
static u32 another_baseline(struct compat_vector *v)
{
	struct kvm_guest_compat_baseline *base;
	struct kvm_guest_compat_behaviour *b;
	u32 i, j;

	for (i = 0; (base = compat_baseline(i)); i++)
		for (j = 0; (b = compat_entry(v, j)); j++)
			if (!compat_has_release(b, base->release))
				return base->baseline;
	return 0;
}

static bool test_extension(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct kvm_guest_compat_baseline *base;
	u32 i, newest = 0;
	bool ok = true;

	for (i = 0; (base = compat_baseline(i)); i++)
		if (base->baseline > newest)
			newest = base->baseline;

	ok &= CHECK_EQ(kvm_check_cap(KVM_CAP_GUEST_COMPAT), newest);
	ok &= CHECK_EQ(vm_check_cap(vm, KVM_CAP_GUEST_COMPAT), newest);
	ok &= CHECK_EQ(vm_check_cap(vm, KVM_CAP_VM_ATTRIBUTES), 1);
	ok &= CHECK_EQ(kvm_check_cap(KVM_CAP_SYS_ATTRIBUTES), 1);
	/* Of one that depends on a revision, /dev/kvm says what new VMs have */
	ok &= CHECK_EQ(kvm_check_cap(KVM_CAP_COUNTER_OFFSET),
		       vm_check_cap(vm, KVM_CAP_COUNTER_OFFSET));
	kvm_vm_free(vm);
	return ok;
}

static bool test_numbers(void)
{
	/* Numbers and names of published baselines are ABI and never change. */
	static const struct {
		u32 baseline;
		const char *name;
	} known[] = {
		{ 0x0101, "5.10-v1" }, { 0x0c01, "6.1-v1" }, { 0x1701, "6.12-v1" },
		{ 0x1b01, "6.16-v1" }, { 0x1c01, "6.17-v1" }, { 0x1d01, "6.18-v1" },
		{ 0x1e01, "6.19-v1" }, { 0x1f01, "7.0-v1" }, { 0x2001, "7.1-v1" },
		{ 0x2101, "7.2-v1" }, { 0x2201, "7.3-v1" },
	};
	bool ok = true;
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		struct kvm_guest_compat_baseline *base;

		for (j = 0; (base = compat_baseline(j)); j++)
			if (base->baseline == known[i].baseline)
				break;
		ok &= CHECK(!base == compat_is_later(known[i].baseline), "%s %s", known[i].name,
			    base ? "is newer than the kernel, and offered" : "is not offered");
		if (!base)
			continue;
		ok &= CHECK_EQ(strcmp(base->name, known[i].name), 0) &&
		      CHECK_EQ(base->release << 8 | base->version, base->baseline) &&
		      CHECK_EQ(strncmp(base->measured, base->name, strcspn(base->name, "-")), 0);
	}
	return ok;
}

/* KVM flags exactly one version of each release: the newest, which "6.12" is short for. */
static bool test_newest(void)
{
	struct kvm_guest_compat_baseline *base, *other;
	bool ok = true;
	u32 i, j;

	for (i = 0; (base = compat_baseline(i)); i++) {
		bool newest = true;

		for (j = 0; (other = compat_baseline(j)); j++)
			if (other->release == base->release && other->version > base->version)
				newest = false;
		ok &= CHECK_EQ(base->flags, newest ? KVM_GUEST_COMPAT_NEWEST : 0);
	}
	return ok;
}

/* /dev/kvm lists the baselines and the vector of a new VM, and checks a vector. */
static bool test_dev(void)
{
	struct kvm_device_attr attr = { .group = KVM_GUEST_COMPAT_CTRL };
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_baselines on_vm = { .hdr.size = sizeof(on_vm) };
	struct kvm_guest_compat_revision rev = { .id = 1 };
	struct kvm_guest_compat_check arg;
	struct compat_vector v, new;
	int fd = open_kvm_dev_path_or_exit();
	bool ok = true;
	u32 size = 4;

	compat_list(vm, &v);
	compat_list(NULL, &new);
	ok &= CHECK_EQ(memcmp(&v, &new, sizeof(v)), 0);
	ok &= CHECK_EQ(compat_check(NULL, &v, &arg), 0);
	compat_entry(&v, 1)->revision = compat_entry(&v, 1)->highest + 1;
	ok &= CHECK_EQ(compat_check(NULL, &v, &arg), -EINVAL);
	ok &= CHECK_EQ(arg.bad_id, compat_entry(&v, 1)->id);

	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_BASELINES, &on_vm), 0);
	ok &= CHECK_EQ(memcmp(&on_vm.hdr + 1, compat_baseline(0),
			      on_vm.hdr.size - sizeof(on_vm.hdr)), 0);
	ok &= CHECK_EQ(compat_dev_get(KVM_GUEST_COMPAT_BASELINES, &size), -E2BIG);
	ok &= CHECK_EQ(size, on_vm.hdr.size);
	ok &= CHECK_EQ(compat_dev_get(KVM_GUEST_COMPAT_BASELINES, NULL), -EFAULT);

	/* Only a VM has these attributes. */
	ok &= CHECK_EQ(compat_dev_get(KVM_GUEST_COMPAT_REVISION, &rev), -ENXIO);
	ok &= CHECK_EQ(compat_dev_get(KVM_GUEST_COMPAT_LOAD, &v), -ENXIO);
	for (attr.attr = 0; attr.attr < 6; attr.attr++) {
		bool there = attr.attr == KVM_GUEST_COMPAT_LIST ||
			     attr.attr == KVM_GUEST_COMPAT_CHECK ||
			     attr.attr == KVM_GUEST_COMPAT_BASELINES;

		ok &= CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_HAS_DEVICE_ATTR, &attr)),
			       there ? 0 : -ENXIO);
	}
	attr.group = 0;
	ok &= CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_HAS_DEVICE_ATTR, &attr)), -ENXIO);
	ok &= CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_SET_DEVICE_ATTR, &attr)), -EINVAL);
	close(fd);
	kvm_vm_free(vm);
	return ok;
}

static bool test_select_refused(void)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_GUEST_COMPAT };
	static const u64 bad[] = {
		1, 12, 34, 0x0c00, 0x0c02, 0x0b01, 0x100000c01ULL, 1ULL << 63, ~0ULL,
	};
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector before, after;
	bool ok = true;
	u32 i;

	compat_list(vm, &before);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok &= CHECK_EQ(compat_select(vm, bad[i]), -EINVAL);
	ok &= CHECK_EQ(compat_select(vm, kvm_check_cap(KVM_CAP_GUEST_COMPAT) + 1), -EINVAL);
	for (i = compat_nr_baselines(); i < COMPAT_NR_BASELINES; i++)
		ok &= CHECK_EQ(compat_select(vm, compat_baselines[i]), -EINVAL);

	cap.args[0] = KVM_GUEST_COMPAT_6_1_V1;
	for (i = 1; i < 4; i++) {
		cap.args[i] = 1;
		ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_ENABLE_CAP, &cap)), -EINVAL);
		cap.args[i] = 0;
	}
	cap.flags = 1;
	ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_ENABLE_CAP, &cap)), -EINVAL);

	compat_list(vm, &after);
	ok &= CHECK_EQ(memcmp(&before, &after, sizeof(before)), 0);
	kvm_vm_free(vm);
	return ok;
}

static bool test_every_baseline(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v, now;
	struct kvm_guest_compat_baseline *base;
	struct kvm_guest_compat_behaviour *b;
	bool ok = true;
	u32 i, j;

	compat_list(vm, &v);
	for (i = 0; (base = compat_baseline(i)); i++) {
		ok &= CHECK_EQ(compat_select(vm, base->baseline), 0);
		compat_list(vm, &now);
		ok &= CHECK_EQ(now.hdr.baseline, base->baseline);
		for (j = 0; (b = compat_entry(&now, j)); j++) {
			/* Only the newest version must have the revisions of its release. */
			ok &= CHECK(!(base->flags & KVM_GUEST_COMPAT_NEWEST) ||
				    compat_has_release(b, base->release),
				    "%s of %s", b->name, base->name);
			ok &= CHECK_EQ(compat_get_revision(vm, b->id), b->revision);
		}
	}

	/* LOAD of the first vector undoes all selections. */
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v), 0);
	compat_list(vm, &now);
	ok &= CHECK_EQ(memcmp(&v, &now, sizeof(v)), 0);
	kvm_vm_free(vm);
	return ok;
}

static bool test_native(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v;
	struct kvm_guest_compat_behaviour *b;
	bool ok = true;
	u32 i, n;

	/* Round 0: a new VM, if the host default is native. Round 1: a VM that selects native */
	for (n = compat_host_default(); n < 2; n++) {
		if (n) {
			ok &= CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_5_10_V1), 0);
			ok &= CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_NATIVE), 0);
		}
		compat_list(vm, &v);
		ok &= CHECK_EQ(v.hdr.baseline, KVM_GUEST_COMPAT_NATIVE);
		for (i = 0; (b = compat_entry(&v, i)); i++)
			ok &= CHECK_EQ(b->revision, b->dflt);
	}
	kvm_vm_free(vm);
	return ok;
}

static bool test_list_sizes(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v;
	void *page = mmap(NULL, 2 * getpagesize(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool ok = true;
	u32 size, need;

	compat_list(vm, &v);
	need = v.hdr.size;
	ok &= CHECK_EQ((need - sizeof(v.hdr)) % v.hdr.entry_size, 0);
	ok &= CHECK_EQ(sizeof(v.hdr) % 8, 0);

	/* If the size is too small, KVM reads and writes nothing but the size. */
	for (size = 0; size < 64; size += 4) {
		u32 probe[2] = { size, 0x5a5a5a5a };

		ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_LIST, probe), -E2BIG);
		ok &= CHECK_EQ(probe[0], need);
		ok &= CHECK_EQ(probe[1], 0x5a5a5a5a);
	}
	v.hdr.size = need - 1;
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_LIST, &v), -E2BIG);
	memset(&v, 0x5a, sizeof(v));
	v.hdr.size = need;
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_LIST, &v), 0);
	ok &= CHECK_EQ(v.bytes[need], 0x5a);

	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_LIST, NULL), -EFAULT);
	TEST_ASSERT(!mprotect(page + getpagesize(), getpagesize(), PROT_NONE), "mprotect");
	page += getpagesize() - 64;
	*(u32 *)page = sizeof(v);
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_LIST, page), -EFAULT);
	kvm_vm_free(vm);
	return ok;
}

static bool test_attributes(void)
{
	struct kvm_device_attr attr = { .group = KVM_GUEST_COMPAT_CTRL };
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v;
	bool ok = true;

	compat_list(vm, &v);
	for (attr.attr = 0; attr.attr < 5; attr.attr++) {
		attr.flags = 0;
		ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_HAS_DEVICE_ATTR, &attr)), 0);
		attr.flags = 1;
		attr.addr = (u64)&v;
		ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_HAS_DEVICE_ATTR, &attr)), -EINVAL);
		ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_GET_DEVICE_ATTR, &attr)), -EINVAL);
		ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_SET_DEVICE_ATTR, &attr)), -EINVAL);
	}
	attr.flags = 0;
	ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_HAS_DEVICE_ATTR, &attr)), -ENXIO);
	ok &= CHECK_EQ(compat_get(vm, 5, &v), -ENXIO);
	ok &= CHECK_EQ(compat_set(vm, 5, &v), -ENXIO);

	/* These attributes can only be read, or only be written. */
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_LIST, &v), -ENXIO);
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_CHECK, &v), -ENXIO);
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_BASELINES, &v), -ENXIO);
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_LOAD, &v), -ENXIO);

	/* The errors for other groups are those of kernels without guest compatibility. */
	attr.group = 0x1234;
	ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_HAS_DEVICE_ATTR, &attr)), -ENXIO);
	ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_GET_DEVICE_ATTR, &attr)), -ENXIO);
	ok &= CHECK_EQ(compat_ret(__vm_ioctl(vm, KVM_GET_DEVICE_ATTR,
					       (struct kvm_device_attr *)NULL)), -EFAULT);
	kvm_vm_free(vm);
	return ok;
}

static bool test_revisions(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v, now;
	struct kvm_guest_compat_behaviour *b;
	bool ok = true;
	u32 i, rev;

	compat_make_native(vm);
	compat_list(vm, &v);
	for (i = 0; (b = compat_entry(&v, i)); i++) {
		for (rev = 0; rev <= b->highest; rev++) {
			struct kvm_guest_compat_check arg;
			u32 has = compat_get_revision(vm, b->id);
			int ret = compat_set_revision(vm, b->id, rev);

			ok &= CHECK(ret == (compat_not_alone(b->name, rev) ? -EINVAL : 0),
				    "%s=%u: %d", b->name, rev, ret);
			if (!ret) {
				ok &= CHECK_EQ(compat_get_revision(vm, b->id), rev);
				continue;
			}
			/* CHECK refuses it, too, and names an entry. */
			ok &= CHECK_EQ(compat_get_revision(vm, b->id), has);
			now = v;
			compat_entry(&now, i)->revision = rev;
			ok &= CHECK_EQ(compat_check(vm, &now, &arg), -EINVAL);
			ok &= CHECK(arg.bad_id, "%s=%u: refused for nothing", b->name, rev);
			ok &= CHECK_EQ(compat_entry(&now, arg.bad_entry)->id, arg.bad_id);
		}
		ok &= CHECK_EQ(compat_set_revision(vm, b->id, b->highest + 1), -EINVAL);
		ok &= CHECK_EQ(compat_set_revision(vm, b->id, 256 + b->revision), -EINVAL);
		ok &= CHECK_EQ(compat_get_revision(vm, b->id), b->highest);
		ok &= CHECK_EQ(compat_set_revision(vm, b->id, b->revision), 0);
		compat_list(vm, &now);
		ok &= CHECK(compat_same(&v, &now), "%s is not alone", b->name);
	}
	ok &= CHECK_EQ(compat_set_revision(vm, 0, 0), -EINVAL);
	ok &= CHECK_EQ(compat_set_revision(vm, 0x7fffffff, 0), -EINVAL);
	ok &= CHECK_EQ(compat_get_revision(vm, 0xfffffff0), -EINVAL);
	kvm_vm_free(vm);
	return ok;
}

static bool test_revision_refused(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct kvm_guest_compat_revision arg;
	struct compat_vector v;
	bool ok = true;

	compat_list(vm, &v);
	arg = (struct kvm_guest_compat_revision){
		.id = compat_entry(&v, 0)->id, .revision = compat_entry(&v, 0)->revision,
	};
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_REVISION, &arg), 0);
	arg.flags = 1;
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_REVISION, &arg), -EINVAL);
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_REVISION, &arg), -EINVAL);
	arg.flags = 0;
	arg.reserved = 1;
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_REVISION, &arg), -EINVAL);
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_REVISION, &arg), -EINVAL);
	ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_REVISION, NULL), -EFAULT);
	ok &= CHECK_EQ(compat_get(vm, KVM_GUEST_COMPAT_REVISION, NULL), -EFAULT);
	kvm_vm_free(vm);
	return ok;
}

/* KVM refuses vectors with which Linux could not boot: see compat_together. */
static bool test_incoherent(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct kvm_guest_compat_check arg;
	struct compat_vector v, now;
	bool ok = true;
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(compat_together); i++) {
		const char *name = compat_together[i].name;
		u32 rev = compat_together[i].highest;
		struct kvm_guest_compat_behaviour *b;

		compat_make_native(vm);
		compat_list(vm, &v);
		b = compat_find(&v, name);
		if (!compat_not_alone(name, rev))
			continue;
		ok &= CHECK(compat_set_revision(vm, b->id, rev) == -EINVAL,
			    "%s=%u is taken alone", name, rev);
		now = v;
		compat_find(&now, name)->revision = rev;
		ok &= CHECK_EQ(compat_set(vm, KVM_GUEST_COMPAT_LOAD, &now), -EINVAL);
		ok &= CHECK_EQ(compat_check(vm, &now, &arg), -EINVAL);
		/* CHECK names either of the two behaviours. */
		for (j = 0; j < ARRAY_SIZE(compat_together); j++)
			if (!strcmp(name, compat_together[j].name) &&
			    arg.bad_id == compat_find(&v, compat_together[j].with)->id)
				break;
		ok &= CHECK(arg.bad_id == b->id || j < ARRAY_SIZE(compat_together),
			    "%s=%u: %u is bad", name, rev, arg.bad_id);
		compat_list(vm, &now);
		ok &= CHECK(compat_same(&v, &now), "%s: it did something", name);
		compat_set_named(vm, name, rev);
	}
	kvm_vm_free(vm);
	return ok;
}

static bool test_too_late(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v, now;
	struct kvm_guest_compat_behaviour *b;
	bool ok = true;
	u32 i, other;
	int fd;

	ok &= CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_6_1_V1), 0);
	compat_list(vm, &v);
	other = another_baseline(&v);
	fd = add_vcpu(vm, 0);

	for (i = 0; i < 2; i++) {
		ok &= CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_6_1_V1), 0);
		if (other)
			ok &= CHECK_EQ(compat_select(vm, other), -EBUSY);
		ok &= CHECK_EQ(compat_select(vm, 12), -EINVAL);
		compat_list(vm, &now);
		ok &= CHECK_EQ(memcmp(&v, &now, sizeof(v)), 0);
		/* Round 0 is before KVM_ARM_VCPU_INIT, round 1 after it and a reset. */
		ok &= CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_ARM_VCPU_INIT, &init_args)), 0);
		ok &= CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_ARM_VCPU_INIT, &init_args)), 0);
	}
	for (i = 0; (b = compat_entry(&v, i)); i++) {
		ok &= CHECK_EQ(compat_set_revision(vm, b->id, b->revision), 0);
		ok &= CHECK_EQ(compat_set_revision(vm, b->id, b->highest + 1), -EINVAL);
		if (b->highest) {
			struct kvm_guest_compat_check arg;

			/* EBUSY, but EINVAL if KVM refuses this vector of any VM */
			now = v;
			compat_entry(&now, i)->revision = !b->revision;
			ok &= CHECK_EQ(compat_set_revision(vm, b->id, !b->revision),
				       compat_check(vm, &now, &arg) ? -EINVAL : -EBUSY);
		}
	}
	close(fd);
	/* Closing the vCPU's file does not remove the vCPU from the VM. */
	if (other)
		ok &= CHECK_EQ(compat_select(vm, other), -EBUSY);
	kvm_vm_free(vm);
	return ok;
}

static bool test_protected(void)
{
	int kvm_fd = open_kvm_dev_path_or_exit();
	int fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)KVM_VM_TYPE_ARM_PROTECTED);
	struct kvm_enable_cap cap = { .cap = KVM_CAP_GUEST_COMPAT };
	struct kvm_guest_compat_revision arg = { .id = 1 };
	bool ok = true;
	u64 attr;

	if (fd < 0) {
		compat_skip = "no protected VMs";
		close(kvm_fd);
		return true;
	}

	ok &= CHECK_EQ(__kvm_ioctl(fd, KVM_CHECK_EXTENSION, (void *)KVM_CAP_GUEST_COMPAT), 0);
	ok &= CHECK_EQ(__kvm_ioctl(fd, KVM_CHECK_EXTENSION, (void *)KVM_CAP_VM_ATTRIBUTES), 0);
	cap.args[0] = KVM_GUEST_COMPAT_5_10_V1;
	ok &= CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_ENABLE_CAP, &cap)), -EPERM);
	cap.args[0] = 12;
	ok &= CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_ENABLE_CAP, &cap)), -EINVAL);
	/* What it has */
	cap.args[0] = KVM_GUEST_COMPAT_NATIVE;
	ok &= CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_ENABLE_CAP, &cap)), 0);
	for (attr = 0; attr < 5; attr++) {
		ok &= CHECK_EQ(compat_ret(__kvm_device_attr_get(fd, KVM_GUEST_COMPAT_CTRL,
								attr, &arg)), -EPERM);
		ok &= CHECK_EQ(compat_ret(__kvm_device_attr_set(fd, KVM_GUEST_COMPAT_CTRL,
								attr, &arg)), -EPERM);
	}
	ok &= CHECK_EQ(compat_ret(__kvm_device_attr_set(fd, KVM_ARM_VM_SMCCC_CTRL, 0, &arg)),
		       -EINVAL);
	close(fd);
	close(kvm_fd);
	return ok;
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "KVM_CHECK_EXTENSION", test_extension },
		{ "numbers of baselines", test_numbers },
		{ "a release without a version selects the newest", test_newest },
		{ "attributes of /dev/kvm", test_dev },
		{ "KVM_ENABLE_CAP refuses unknown numbers, flags and arguments",
		  test_select_refused },
		{ "every baseline selected and read back", test_every_baseline },
		{ "a VM goes back to native", test_native },
		{ "LIST checks the size of its buffer", test_list_sizes },
		{ "KVM_HAS_DEVICE_ATTR of each attribute", test_attributes },
		{ "every revision set and read back", test_revisions },
		{ "REVISION refuses what does not exist", test_revision_refused },
		{ "KVM refuses revisions that do not go together", test_incoherent },
		{ "KVM_ENABLE_CAP and REVISION fail once there is a vCPU", test_too_late },
		{ "protected VMs are always native", test_protected },
	};
	struct kvm_vm *vm = vm_create_barebones();

	kvm_get_default_vcpu_target(vm, &init_args);
	kvm_vm_free(vm);
	compat_run(tests, ARRAY_SIZE(tests));
}
