// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_race - Selections against the creation of vCPUs: whatever the
 * order, a VM ends with one baseline whole, and all its vCPUs agree. Then VMs
 * that are closed, or inherited, while they are looked at.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <linux/psci.h>

#include "guest_compat.h"
#include "processor.h"

#define NR_VCPUS	2

static const u32 rivals[] = { KVM_GUEST_COMPAT_5_10_V1, KVM_GUEST_COMPAT_6_12_V1 };

static struct kvm_vcpu_init init_args;
static unsigned int rounds = 1000;
static pthread_barrier_t start;
static struct kvm_vm *vm;
static int vcpus[NR_VCPUS];
static int results[ARRAY_SIZE(rivals)];

static void *create_vcpus(void *arg)
{
	pthread_barrier_wait(&start);
	for (long i = 0; i < NR_VCPUS; i++)
		vcpus[i] = __vm_ioctl(vm, KVM_CREATE_VCPU, (void *)i);
	return NULL;
}

static void *select_baseline(void *arg)
{
	long i = (long)arg;

	pthread_barrier_wait(&start);
	results[i] = compat_select(vm, rivals[i]);
	return NULL;
}

/* What a VM has of each where nothing races */
static struct compat_vector alone[ARRAY_SIZE(rivals)];

/* Either rival, and nothing of the other */
static bool is_whole(struct compat_vector *v)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rivals); i++)
		if (rivals[i] == v->hdr.baseline)
			return compat_same(v, &alone[i]);
	return false;
}

/* What a vCPU shows of a behaviour, if the kernel has it */
static u64 psci_version(int fd)
{
	u64 val = 0;
	struct kvm_one_reg reg = { .id = KVM_REG_ARM_PSCI_VERSION, .addr = (u64)&val };

	TEST_ASSERT(!__kvm_ioctl(fd, KVM_ARM_VCPU_INIT, &init_args), "KVM_ARM_VCPU_INIT");
	TEST_ASSERT(!__kvm_ioctl(fd, KVM_GET_ONE_REG, &reg), "KVM_GET_ONE_REG");
	return val;
}

static bool one_race(unsigned int *late)
{
	static const u32 versions[] = {
		PSCI_VERSION(1, 0), PSCI_VERSION(1, 1), PSCI_VERSION(1, 3),
	};
	struct kvm_guest_compat_behaviour *b;
	pthread_t threads[1 + ARRAY_SIZE(rivals)];
	struct compat_vector before, v, after;
	bool ok = true;
	long i;

	vm = vm_create_barebones();
	compat_list(vm, &before);
	pthread_create(&threads[0], NULL, create_vcpus, NULL);
	for (i = 0; i < ARRAY_SIZE(rivals); i++)
		pthread_create(&threads[1 + i], NULL, select_baseline, (void *)i);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);

	compat_list(vm, &v);
	for (i = 0; i < ARRAY_SIZE(rivals); i++) {
		ok &= CHECK(!results[i] || results[i] == -EBUSY, "%d", results[i]);
		*late += !!results[i];
	}
	/* One that was told yes and lost to the other's yes; but none lost to vCPUs */
	if (results[0] && results[1])
		ok &= CHECK_EQ(memcmp(&before, &v, sizeof(v)), 0);
	else
		ok &= CHECK(is_whole(&v), "a mixture, or baseline %#x", v.hdr.baseline);
	if (!results[0] != !results[1])
		ok &= CHECK_EQ(v.hdr.baseline, rivals[!results[1]]);
	b = compat_find(&v, "psci_version");
	for (i = 0; i < NR_VCPUS; i++)
		ok &= CHECK_EQ(psci_version(vcpus[i]), b ? versions[b->revision] : versions[2]);
	compat_list(vm, &after);
	ok &= CHECK_EQ(memcmp(&v, &after, sizeof(v)), 0);

	for (i = 0; i < NR_VCPUS; i++)
		close(vcpus[i]);
	kvm_vm_free(vm);
	return ok;
}

static bool test_races(void)
{
	unsigned int late = 0, i;
	bool ok = true;

	pthread_barrier_init(&start, NULL, 1 + ARRAY_SIZE(rivals));
	for (i = 0; ok && i < rounds; i++)
		ok &= one_race(&late);
	pthread_barrier_destroy(&start);
	ksft_print_msg("%u of %u selections came too late\n", late,
		       rounds * (unsigned int)ARRAY_SIZE(rivals));
	return ok;
}

static bool stop;

static void *keep_listing(void *arg)
{
	struct compat_vector v;
	long torn = 0;

	while (!READ_ONCE(stop)) {
		compat_list(vm, &v);
		torn += !is_whole(&v);
	}
	return (void *)torn;
}

static bool test_list_is_whole(void)
{
	pthread_t thread;
	bool ok = true;
	void *torn;
	int i;

	vm = vm_create_barebones();
	ok &= CHECK_EQ(compat_select(vm, rivals[1]), 0);
	WRITE_ONCE(stop, false);
	pthread_create(&thread, NULL, keep_listing, NULL);
	for (i = 0; i < rounds; i++)
		ok &= CHECK_EQ(compat_select(vm, rivals[i % 2]), 0);
	WRITE_ONCE(stop, true);
	pthread_join(thread, &torn);
	ok &= CHECK_EQ((long)torn, 0);
	kvm_vm_free(vm);
	return ok;
}

static bool test_fork(void)
{
	struct compat_vector v, now;
	int status;
	pid_t pid;
	bool ok;

	vm = vm_create_barebones();
	ok = CHECK_EQ(compat_select(vm, KVM_GUEST_COMPAT_6_1_V1), 0);
	compat_list(vm, &v);
	pid = fork();
	if (!pid)	/* A VM is its creator's alone */
		_exit(compat_select(vm, KVM_GUEST_COMPAT_6_12_V1) == -EIO &&
		      compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v) == -EIO ? 0 : 1);
	TEST_ASSERT(waitpid(pid, &status, 0) == pid, "waitpid");
	ok &= CHECK_EQ(status, 0);
	compat_list(vm, &now);
	ok &= CHECK_EQ(memcmp(&v, &now, sizeof(v)), 0);
	kvm_vm_free(vm);
	return ok;
}

static void *keep_selecting(void *arg)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_GUEST_COMPAT };
	long fd = (long)arg;

	while (!READ_ONCE(stop)) {
		cap.args[0] = rivals[0];
		__kvm_ioctl(fd, KVM_ENABLE_CAP, &cap);
		cap.args[0] = rivals[1];
		__kvm_ioctl(fd, KVM_ENABLE_CAP, &cap);
	}
	return NULL;
}

/* The last file descriptor goes away under a selection */
static bool test_close(void)
{
	int kvm_fd = open_kvm_dev_path_or_exit();
	bool ok = true;
	unsigned int i;

	for (i = 0; i < rounds / 20; i++) {
		long fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)0);
		pthread_t thread;

		ok &= CHECK(fd >= 0, "KVM_CREATE_VM: %d", errno);
		WRITE_ONCE(stop, false);
		pthread_create(&thread, NULL, keep_selecting, (void *)fd);
		sched_yield();
		close(fd);
		WRITE_ONCE(stop, true);
		pthread_join(thread, NULL);
	}
	close(kvm_fd);
	return ok;
}

int main(void)
{
	static const struct compat_test tests[] = {
		{ "select while a vCPU is created", test_races },
		{ "LIST while another thread selects", test_list_is_whole },
		{ "a process that inherited the VM cannot select", test_fork },
		{ "close while another thread selects", test_close },
	};

	/* To make a VM takes a hundred times as long in protected mode */
	if (compat_protected_mode())
		rounds /= 20;

	vm = vm_create_barebones();
	kvm_get_default_vcpu_target(vm, &init_args);
	init_args.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	for (u32 i = 0; kvm_check_cap(KVM_CAP_GUEST_COMPAT) && i < ARRAY_SIZE(rivals); i++) {
		compat_make(vm, rivals[i]);
		compat_list(vm, &alone[i]);
	}
	kvm_vm_free(vm);
	compat_run(tests, ARRAY_SIZE(tests));
}
