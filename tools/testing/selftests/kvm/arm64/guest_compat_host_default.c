// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_host_default - The host default, kvm.guest_compat. The optional argument
 * is the value that the parameter must have at first, from the kernel's command line.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest_compat.h"
#include "processor.h"

#define PARAMETER	"/sys/module/kvm/parameters/guest_compat"

/* A parameter's value in sysfs is not longer than a page. */
#define LONGEST		4096

static const char *first;
static char initial[LONGEST];

static int write_default(const char *val)
{
	int fd = open(PARAMETER, O_WRONLY);
	int ret = write(fd, val, strlen(val)) < 0 ? -errno : 0;

	close(fd);
	return ret;
}

static const char *read_default(void)
{
	static char val[LONGEST];
	int fd = open(PARAMETER, O_RDONLY);
	ssize_t len = read(fd, val, sizeof(val) - 1);

	close(fd);
	val[len > 0 ? len : 0] = '\0';
	val[strcspn(val, "\n")] = '\0';
	return val;
}

static bool says(const char *want)
{
	const char *have = read_default();

	return CHECK(!strcmp(have, want), "\"%s\", not \"%s\"", have, want);
}

static u32 baseline_of(struct kvm_vm *vm)
{
	struct compat_vector v;

	compat_list(vm, &v);
	return v.hdr.baseline;
}

static u32 revision_of(struct kvm_vm *vm, const char *name)
{
	struct compat_vector v;

	compat_list(vm, &v);
	TEST_ASSERT(compat_find(&v, name), "no \"%s\"", name);
	return compat_find(&v, name)->revision;
}

static bool test_command_line(void)
{
	return says(first);
}

static bool test_new_vms(void)
{
	struct kvm_vm *before, *vm;
	struct compat_vector v, now;
	struct kvm_guest_compat_baseline *base;
	char bare[16];
	bool ok = true;
	u32 i;

	ok &= CHECK_EQ(write_default("native"), 0);
	before = vm_create_barebones();
	compat_list(before, &v);
	for (i = 0; (base = compat_baseline(i)); i++) {
		struct kvm_guest_compat_behaviour *b;
		u32 j;

		/* "6.12-v1" and, for the newest version of a release, "6.12" */
		ok &= CHECK_EQ(write_default(base->name), 0);
		ok &= says(base->name);
		if (base->flags & KVM_GUEST_COMPAT_NEWEST) {
			snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(base->name, "-"),
				 base->name);
			ok &= CHECK_EQ(write_default("native"), 0);
			ok &= CHECK_EQ(write_default(bare), 0);
			ok &= says(base->name);
		}
		vm = vm_create_barebones();
		compat_list(vm, &now);
		ok &= CHECK_EQ(now.hdr.baseline, base->baseline);
		for (j = 0; (b = compat_entry(&now, j)); j++)
			ok &= CHECK(!(base->flags & KVM_GUEST_COMPAT_NEWEST) ||
				    compat_has_release(b, base->release), "%s", b->name);
		kvm_vm_free(vm);
		/* /dev/kvm lists the vector of a new VM. */
		compat_list(NULL, &v);
		ok &= CHECK_EQ(memcmp(&v, &now, sizeof(v)), 0);
	}
	/* A VM that is older than the writes keeps its vector. */
	ok &= CHECK_EQ(write_default("native"), 0);
	compat_list(NULL, &v);
	compat_list(before, &now);
	ok &= CHECK_EQ(memcmp(&v, &now, sizeof(v)), 0);
	kvm_vm_free(before);
	return ok;
}

static bool test_overrides(void)
{
	struct kvm_vm *vm;
	bool ok = true;

	ok &= CHECK_EQ(write_default("6.1,psci_version=0,gicd_iidr=1\n"), 0);
	ok &= says("6.1-v1,psci_version=0,gicd_iidr=1");
	vm = vm_create_barebones();
	ok &= CHECK_EQ(baseline_of(vm), KVM_GUEST_COMPAT_6_1_V1);
	ok &= CHECK_EQ(revision_of(vm, "psci_version"), 0);
	ok &= CHECK_EQ(revision_of(vm, "gicd_iidr"), 1);
	kvm_vm_free(vm);

	/* Of two revisions of a behaviour, the last counts. The baseline's own is not shown. */
	ok &= CHECK_EQ(write_default("6.1,psci_version=0,psci_version=1"), 0);
	ok &= says("6.1-v1");
	/* A behaviour can follow "native", too. */
	ok &= CHECK_EQ(write_default("native,psci_version=0"), 0);
	ok &= says("native,psci_version=0");
	vm = vm_create_barebones();
	ok &= CHECK_EQ(baseline_of(vm), KVM_GUEST_COMPAT_NATIVE);
	ok &= CHECK_EQ(revision_of(vm, "psci_version"), 0);
	kvm_vm_free(vm);
	ok &= CHECK_EQ(write_default("native"), 0);
	ok &= says("native");
	return ok;
}

static bool test_refused(void)
{
	static const char * const bad[] = {
		"6", "6.1x", "6.7", "5.16", "4.19", "6.12.117", " 6.12", "6.12 ", "newest",
		"6.12,", "6.12,psci_version", "6.12,psci_version=", "6.12,psci_version=3",
		"6.12,psci_version=256", "6.12,psci_version=-1", "6.12,psci_version=x",
		"6.12,nothing=0", "psci_version=0", "6.12,,psci_version=0", "native,", "native-v1",
		"6.12-v0", "6.12-v2", "6.12-v", "6.12-v1.", "12", "0x1701",
		"native,cache_geometry=0", "6.12,id_aa64dfr0_pmuver=0",
		"6.12\n6.1", ",", "6.12,=1",
		"6.12,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1",
	};
	bool ok = true;
	u32 i;

	ok &= CHECK_EQ(write_default("6.1,gicd_iidr=2"), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		/* Before 6.3, this is the native revision. */
		if (compat_is_later(KVM_GUEST_COMPAT_6_12_V1) &&
		    !strcmp(bad[i], "native,cache_geometry=0"))
			continue;
		ok &= CHECK(write_default(bad[i]) == -EINVAL, "\"%s\" taken", bad[i]);
		ok &= says("6.1-v1,gicd_iidr=2");
	}
	return ok;
}

static bool test_vmm_wins(void)
{
	struct kvm_guest_compat_behaviour *b;
	struct compat_vector v;
	struct kvm_vm *vm;
	bool ok = true;
	u32 i;

	ok &= CHECK_EQ(write_default("6.1,psci_version=0"), 0);
	vm = vm_create_barebones();
	compat_list(vm, &v);
	ok &= CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_NATIVE), 0);
	compat_list(vm, &v);
	ok &= CHECK_EQ(v.hdr.baseline, KVM_GUEST_COMPAT_NATIVE);
	for (i = 0; (b = compat_entry(&v, i)); i++)
		ok &= CHECK_EQ(b->revision, b->dflt);
	ok &= CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_5_10_V1), 0);
	ok &= CHECK_EQ(revision_of(vm, "psci_version"), 0);
	kvm_vm_free(vm);
	return ok;
}

/* A VMM that knows nothing of guest compatibility makes these calls. */
static bool test_guest_of_old_vmm(void)
{
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	bool ok;

	ok = CHECK_EQ(write_default("5.10"), 0);
	vm = vm_create(1);
	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	vcpu = aarch64_vcpu_add(vm, 0, &init, NULL);
	ok &= CHECK_EQ(vcpu_get_reg(vcpu, KVM_REG_ARM_PSCI_VERSION), 0x10000);
	kvm_vm_free(vm);
	return ok;
}

static bool stop;

static void *keep_changing(void *arg)
{
	while (!READ_ONCE(stop)) {
		write_default("5.10");
		write_default("6.1,gicd_iidr=0");
		usleep(50);
	}
	return NULL;
}

static bool test_races(void)
{
	pthread_t thread;
	bool ok = true;
	int i;

	write_default("5.10");
	WRITE_ONCE(stop, false);
	pthread_create(&thread, NULL, keep_changing, NULL);
	for (i = 0; ok && i < 100; i++) {
		struct kvm_vm *vm = vm_create_barebones();
		u32 baseline = baseline_of(vm), psci = revision_of(vm, "psci_version");
		u32 iidr = revision_of(vm, "gicd_iidr");

		ok &= CHECK(baseline == KVM_GUEST_COMPAT_5_10_V1 ? psci == 0 && iidr == 2 :
			    baseline == KVM_GUEST_COMPAT_6_1_V1 && psci == 1 && iidr == 0,
			    "a mixture: %#x, %u, %u", baseline, psci, iidr);
		kvm_vm_free(vm);
	}
	WRITE_ONCE(stop, true);
	pthread_join(thread, NULL);
	return ok;
}

static bool test_protected(void)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_GUEST_COMPAT };
	int kvm_fd = open_kvm_dev_path_or_exit();
	bool ok;
	int fd;

	ok = CHECK_EQ(write_default("5.10"), 0);
	fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)KVM_VM_TYPE_ARM_PROTECTED);
	if (fd >= 0) {
		/* The host default does not apply to a protected VM, which is native. */
		cap.args[0] = KVM_GUEST_COMPAT_NATIVE;
		ok &= CHECK_EQ(compat_ret(__kvm_ioctl(fd, KVM_ENABLE_CAP, &cap)), 0);
		close(fd);
	} else {
		compat_skip = "no protected VMs";
	}
	close(kvm_fd);
	return ok;
}

static bool test_restored(void)
{
	return CHECK_EQ(write_default(initial), 0) && says(initial);
}

/* Restores the host default when the test ends, also by a signal. */
static void restore(void)
{
	/* After this, keep_changing() may still write its two values once: wait for that. */
	WRITE_ONCE(stop, true);
	usleep(100000);
	write_default(initial);
}

static void restore_and_end(int sig)
{
	restore();
	signal(sig, SIG_DFL);
	raise(sig);
}

int main(int argc, char *argv[])
{
	static const struct compat_test tests[] = {
		{ "the command line", test_command_line },
		{ "the host default applies to new VMs only", test_new_vms },
		{ "behaviours after the baseline", test_overrides },
		{ "a value that is refused leaves the old one", test_refused },
		{ "what the VMM selects replaces the host default", test_vmm_wins },
		{ "a VMM that selects nothing", test_guest_of_old_vmm },
		{ "the host default changes while VMs are created", test_races },
		{ "protected VMs ignore the host default", test_protected },
		{ "the value from before this test is written back", test_restored },
	};

	if (kvm_check_cap(KVM_CAP_GUEST_COMPAT)) {
		TEST_REQUIRE(!access(PARAMETER, W_OK));
		strcpy(initial, read_default());
		first = argc > 1 ? argv[1] : initial;
		atexit(restore);
		signal(SIGINT, restore_and_end);
		signal(SIGTERM, restore_and_end);
		signal(SIGALRM, restore_and_end);
	}
	compat_run(tests, ARRAY_SIZE(tests));
}
