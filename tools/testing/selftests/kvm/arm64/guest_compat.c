// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat - Selecting what guests saw of an earlier release: the
 * capability and the VM attributes, and all that they refuse. Nothing here
 * depends on which behaviours the kernel has.
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

/* A baseline that differs from what the VM has, or 0 */
static u32 another_baseline(struct compat_vector *v)
{
	struct kvm_guest_compat_baseline *base;
	struct kvm_guest_compat_behaviour *b;
	u32 i, j;

	for (i = 0; (base = compat_baseline(v, i)); i++)
		for (j = 0; (b = compat_entry(v, j)); j++)
			if (!compat_has_release(b, base->baseline))
				return base->baseline;
	return 0;
}

static bool test_extension(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v;
	struct kvm_guest_compat_baseline *base;
	u32 i, newest = 0;
	bool ok = true;

	compat_list(vm, &v);
	for (i = 0; (base = compat_baseline(&v, i)); i++)
		newest = base->baseline;

	ok &= COMPAT_EQ(kvm_check_cap(KVM_CAP_GUEST_COMPAT), newest);
	ok &= COMPAT_EQ(vm_check_cap(vm, KVM_CAP_GUEST_COMPAT), newest);
	ok &= COMPAT_EQ(vm_check_cap(vm, KVM_CAP_VM_ATTRIBUTES), 1);
	kvm_vm_free(vm);
	return ok;
}

static bool test_numbers(void)
{
	/* The ABI: numbers and names, for good */
	static const struct {
		u32 baseline;
		const char *name;
	} known[] = {
		{ 1, "5.10" }, { 12, "6.1" }, { 23, "6.12" }, { 27, "6.16" },
		{ 28, "6.17" }, { 29, "6.18" }, { 30, "6.19" }, { 31, "7.0" },
		{ 32, "7.1" }, { 33, "7.2" }, { 34, "7.3" },
	};
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v;
	u32 i;
	bool ok;

	compat_list(vm, &v);
	ok = COMPAT_CHECK(v.hdr.nr_baselines >= ARRAY_SIZE(known), "%u baselines",
			  v.hdr.nr_baselines);
	for (i = 0; ok && i < ARRAY_SIZE(known); i++) {
		struct kvm_guest_compat_baseline *base = compat_baseline(&v, i);

		ok = COMPAT_EQ(base->baseline, known[i].baseline) &&
		     COMPAT_EQ(strcmp(base->name, known[i].name), 0) &&
		     COMPAT_EQ(strncmp(base->measured, base->name, strlen(base->name)), 0);
	}
	kvm_vm_free(vm);
	return ok;
}

static bool test_select_refused(void)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_GUEST_COMPAT };
	static const u64 bad[] = { 0, 2, 11, 24, 0x100000001ULL, 1ULL << 63, ~0ULL };
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector before, after;
	bool ok = true;
	u32 i;

	compat_list(vm, &before);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok &= COMPAT_EQ(compat_select(vm, bad[i]), -EINVAL);
	ok &= COMPAT_EQ(compat_select(vm, kvm_check_cap(KVM_CAP_GUEST_COMPAT) + 1), -EINVAL);

	cap.args[0] = KVM_GUEST_COMPAT_V6_1;
	for (i = 1; i < 4; i++) {
		cap.args[i] = 1;
		ok &= COMPAT_EQ(compat_ret(__vm_ioctl(vm, KVM_ENABLE_CAP, &cap)), -EINVAL);
		cap.args[i] = 0;
	}
	cap.flags = 1;
	ok &= COMPAT_EQ(compat_ret(__vm_ioctl(vm, KVM_ENABLE_CAP, &cap)), -EINVAL);

	compat_list(vm, &after);
	ok &= COMPAT_EQ(memcmp(&before, &after, sizeof(before)), 0);
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
	for (i = 0; (base = compat_baseline(&v, i)); i++) {
		ok &= COMPAT_EQ(compat_select(vm, base->baseline), 0);
		compat_list(vm, &now);
		ok &= COMPAT_EQ(now.hdr.baseline, base->baseline);
		for (j = 0; (b = compat_entry(&now, j)); j++) {
			ok &= COMPAT_CHECK(compat_has_release(b, base->baseline),
					   "%s of %s", b->name, base->name);
			ok &= COMPAT_EQ(compat_get_revision(vm, b->id), b->revision);
		}
	}

	/* And back: there is no trace of those before */
	ok &= COMPAT_EQ(compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v), 0);
	compat_list(vm, &now);
	ok &= COMPAT_EQ(memcmp(&v, &now, sizeof(v)), 0);
	kvm_vm_free(vm);
	return ok;
}

static bool test_native(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v;
	struct kvm_guest_compat_behaviour *b;
	bool ok = true;
	u32 i;

	compat_list(vm, &v);
	ok &= COMPAT_EQ(v.hdr.version, KVM_GUEST_COMPAT_VERSION);
	if (compat_host_default()) {
		compat_skip = "the host's default is something else";
	} else {
		ok &= COMPAT_EQ(v.hdr.baseline, v.hdr.native);
		for (i = 0; (b = compat_entry(&v, i)); i++)
			ok &= COMPAT_EQ(b->revision, b->dflt);
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
	ok &= COMPAT_EQ(need, v.hdr.behaviours + v.hdr.nr_behaviours * v.hdr.behaviour_size);
	ok &= COMPAT_EQ(v.hdr.behaviours % 8, 0);

	/* Only the size is looked at when it is not enough */
	for (size = 0; size < 64; size += 4) {
		u32 probe[2] = { size, 0x5a5a5a5a };

		ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_LIST, probe), -E2BIG);
		ok &= COMPAT_EQ(probe[0], need);
		ok &= COMPAT_EQ(probe[1], 0x5a5a5a5a);
	}
	v.hdr.size = need - 1;
	ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_LIST, &v), -E2BIG);
	memset(&v, 0x5a, sizeof(v));
	v.hdr.size = need;
	ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_LIST, &v), 0);
	ok &= COMPAT_EQ(v.bytes[need], 0x5a);

	ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_LIST, NULL), -EFAULT);
	TEST_ASSERT(!mprotect(page + getpagesize(), getpagesize(), PROT_NONE), "mprotect");
	page += getpagesize() - 64;
	*(u32 *)page = sizeof(v);
	ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_LIST, page), -EFAULT);
	kvm_vm_free(vm);
	return ok;
}

static bool test_attributes(void)
{
	struct kvm_device_attr attr = { .group = KVM_VM_GUEST_COMPAT_CTRL };
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v;
	bool ok = true;

	compat_list(vm, &v);
	for (attr.attr = 0; attr.attr < 4; attr.attr++) {
		attr.flags = 0;
		ok &= COMPAT_EQ(compat_ret(__vm_ioctl(vm, KVM_HAS_DEVICE_ATTR, &attr)), 0);
		attr.flags = 1;
		attr.addr = (u64)&v;
		ok &= COMPAT_EQ(compat_ret(__vm_ioctl(vm, KVM_HAS_DEVICE_ATTR, &attr)), -EINVAL);
		ok &= COMPAT_EQ(compat_ret(__vm_ioctl(vm, KVM_GET_DEVICE_ATTR, &attr)), -EINVAL);
		ok &= COMPAT_EQ(compat_ret(__vm_ioctl(vm, KVM_SET_DEVICE_ATTR, &attr)), -EINVAL);
	}
	attr.flags = 0;
	ok &= COMPAT_EQ(compat_ret(__vm_ioctl(vm, KVM_HAS_DEVICE_ATTR, &attr)), -ENXIO);
	ok &= COMPAT_EQ(compat_get(vm, 4, &v), -ENXIO);
	ok &= COMPAT_EQ(compat_set(vm, 4, &v), -ENXIO);

	/* Those that go one way only */
	ok &= COMPAT_EQ(compat_set(vm, KVM_GUEST_COMPAT_LIST, &v), -ENXIO);
	ok &= COMPAT_EQ(compat_set(vm, KVM_GUEST_COMPAT_CHECK, &v), -ENXIO);
	ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_LOAD, &v), -ENXIO);

	/* Other groups are as they were */
	attr.group = 0x1234;
	ok &= COMPAT_EQ(compat_ret(__vm_ioctl(vm, KVM_HAS_DEVICE_ATTR, &attr)), -ENXIO);
	ok &= COMPAT_EQ(compat_ret(__vm_ioctl(vm, KVM_GET_DEVICE_ATTR, &attr)), -ENXIO);
	ok &= COMPAT_EQ(compat_ret(__vm_ioctl(vm, KVM_GET_DEVICE_ATTR,
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

	compat_list(vm, &v);
	for (i = 0; (b = compat_entry(&v, i)); i++) {
		for (rev = 0; rev <= b->highest; rev++) {
			ok &= COMPAT_EQ(compat_set_revision(vm, b->id, rev), 0);
			ok &= COMPAT_EQ(compat_get_revision(vm, b->id), rev);
		}
		ok &= COMPAT_EQ(compat_set_revision(vm, b->id, b->highest + 1), -EINVAL);
		ok &= COMPAT_EQ(compat_set_revision(vm, b->id, 256 + b->revision), -EINVAL);
		ok &= COMPAT_EQ(compat_get_revision(vm, b->id), b->highest);
		ok &= COMPAT_EQ(compat_set_revision(vm, b->id, b->revision), 0);
		compat_list(vm, &now);
		ok &= COMPAT_CHECK(compat_same(&v, &now), "%s is not alone", b->name);
	}
	ok &= COMPAT_EQ(compat_set_revision(vm, 0, 0), -EINVAL);
	ok &= COMPAT_EQ(compat_set_revision(vm, 0x7fffffff, 0), -EINVAL);
	ok &= COMPAT_EQ(compat_get_revision(vm, 0xfffffff0), -EINVAL);
	kvm_vm_free(vm);
	return ok;
}

static bool test_revision_sizes(void)
{
	struct {
		struct kvm_guest_compat_revision arg;
		u64 later;
	} big = {};
	struct kvm_vm *vm = vm_create_barebones();
	struct compat_vector v;
	bool ok = true;
	u32 size;

	compat_list(vm, &v);
	if (!v.hdr.nr_behaviours) {
		kvm_vm_free(vm);
		compat_skip = "no behaviours";
		return true;
	}
	big.arg.id = compat_entry(&v, 0)->id;
	big.arg.revision = compat_entry(&v, 0)->revision;

	for (size = 0; size < sizeof(big.arg); size++) {
		big.arg.size = size;
		ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_REVISION, &big), -EINVAL);
		ok &= COMPAT_EQ(compat_set(vm, KVM_GUEST_COMPAT_REVISION, &big), -EINVAL);
	}
	/* One of a later kernel: fine as long as it asks nothing that is new */
	big.arg.size = sizeof(big);
	ok &= COMPAT_EQ(compat_set(vm, KVM_GUEST_COMPAT_REVISION, &big), 0);
	ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_REVISION, &big), 0);
	big.later = 1;
	ok &= COMPAT_EQ(compat_set(vm, KVM_GUEST_COMPAT_REVISION, &big), -E2BIG);
	ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_REVISION, &big), -E2BIG);
	ok &= COMPAT_EQ(big.arg.size, sizeof(big.arg));

	big.arg.flags = 1;
	ok &= COMPAT_EQ(compat_set(vm, KVM_GUEST_COMPAT_REVISION, &big), -EINVAL);
	ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_REVISION, &big), -EINVAL);
	ok &= COMPAT_EQ(compat_set(vm, KVM_GUEST_COMPAT_REVISION, NULL), -EFAULT);
	ok &= COMPAT_EQ(compat_get(vm, KVM_GUEST_COMPAT_REVISION, NULL), -EFAULT);
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

	ok &= COMPAT_EQ(compat_select(vm, KVM_GUEST_COMPAT_V6_12), 0);
	compat_list(vm, &v);
	other = another_baseline(&v);
	fd = add_vcpu(vm, 0);

	for (i = 0; i < 2; i++) {
		ok &= COMPAT_EQ(compat_select(vm, KVM_GUEST_COMPAT_V6_12), 0);
		if (other)
			ok &= COMPAT_EQ(compat_select(vm, other), -EBUSY);
		ok &= COMPAT_EQ(compat_select(vm, 2), -EINVAL);
		compat_list(vm, &now);
		ok &= COMPAT_EQ(memcmp(&v, &now, sizeof(v)), 0);
		/* Again, when it is more than created; and reset */
		ok &= COMPAT_EQ(compat_ret(__kvm_ioctl(fd, KVM_ARM_VCPU_INIT, &init_args)), 0);
		ok &= COMPAT_EQ(compat_ret(__kvm_ioctl(fd, KVM_ARM_VCPU_INIT, &init_args)), 0);
	}
	for (i = 0; (b = compat_entry(&v, i)); i++) {
		ok &= COMPAT_EQ(compat_set_revision(vm, b->id, b->revision), 0);
		ok &= COMPAT_EQ(compat_set_revision(vm, b->id, b->highest + 1), -EINVAL);
		if (b->highest)
			ok &= COMPAT_EQ(compat_set_revision(vm, b->id, !b->revision), -EBUSY);
	}
	close(fd);
	/* A vCPU cannot be taken back */
	if (other)
		ok &= COMPAT_EQ(compat_select(vm, other), -EBUSY);
	kvm_vm_free(vm);
	return ok;
}

static bool test_protected(void)
{
	int kvm_fd = open_kvm_dev_path_or_exit();
	int fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)KVM_VM_TYPE_ARM_PROTECTED);
	struct kvm_enable_cap cap = { .cap = KVM_CAP_GUEST_COMPAT };
	struct kvm_guest_compat_revision arg = { .size = sizeof(arg), .id = 1 };
	bool ok = true;
	u64 attr;

	if (fd < 0) {
		compat_skip = "no protected VMs";
		close(kvm_fd);
		return true;
	}

	ok &= COMPAT_EQ(__kvm_ioctl(fd, KVM_CHECK_EXTENSION, (void *)KVM_CAP_GUEST_COMPAT), 0);
	ok &= COMPAT_EQ(__kvm_ioctl(fd, KVM_CHECK_EXTENSION, (void *)KVM_CAP_VM_ATTRIBUTES), 0);
	cap.args[0] = KVM_GUEST_COMPAT_V5_10;
	ok &= COMPAT_EQ(compat_ret(__kvm_ioctl(fd, KVM_ENABLE_CAP, &cap)), -EPERM);
	cap.args[0] = 2;
	ok &= COMPAT_EQ(compat_ret(__kvm_ioctl(fd, KVM_ENABLE_CAP, &cap)), -EINVAL);
	/* What it has */
	cap.args[0] = compat_native_baseline();
	ok &= COMPAT_EQ(compat_ret(__kvm_ioctl(fd, KVM_ENABLE_CAP, &cap)), 0);
	for (attr = 0; attr < 4; attr++) {
		ok &= COMPAT_EQ(compat_ret(__kvm_device_attr_get(fd, KVM_VM_GUEST_COMPAT_CTRL,
								 attr, &arg)), -EPERM);
		ok &= COMPAT_EQ(compat_ret(__kvm_device_attr_set(fd, KVM_VM_GUEST_COMPAT_CTRL,
								 attr, &arg)), -EPERM);
	}
	ok &= COMPAT_EQ(compat_ret(__kvm_device_attr_set(fd, KVM_ARM_VM_SMCCC_CTRL, 0, &arg)),
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
		{ "KVM_ENABLE_CAP refuses", test_select_refused },
		{ "every baseline selected and read back", test_every_baseline },
		{ "a new VM is native", test_native },
		{ "LIST and its sizes", test_list_sizes },
		{ "attributes that there are", test_attributes },
		{ "every revision set and read back", test_revisions },
		{ "sizes of a revision", test_revision_sizes },
		{ "too late once there is a vCPU", test_too_late },
		{ "protected VMs", test_protected },
	};
	struct kvm_vm *vm = vm_create_barebones();

	kvm_get_default_vcpu_target(vm, &init_args);
	kvm_vm_free(vm);
	compat_run(tests, ARRAY_SIZE(tests));
}
