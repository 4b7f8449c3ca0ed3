// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_race - Threads that select race with threads that create vCPUs. The VM
 * must end with the vector of one baseline, and all vCPUs must show it. The same with
 * eight vCPUs that read it in the guest, while other threads create a vGIC, list the
 * vector, change the host default and close another VM. Other tests close a VM, or
 * inherit it, during calls.
 */
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <linux/psci.h>
#include <linux/sizes.h>

#include "guest_asm.h"
#include "guest_compat.h"
#include "processor.h"
#include "vgic.h"

#define PARAMETER	"/sys/module/kvm/parameters/guest_compat"

#define NR_VCPUS	2

static const u32 rivals[] = { KVM_GUEST_COMPAT_5_10_V1, KVM_GUEST_COMPAT_6_1_V1 };

static struct kvm_vcpu_init init_args;
static unsigned int rounds = 1000, many_rounds, seed = 1;
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

/* The vector of each rival, from a VM without a race */
static struct compat_vector alone[ARRAY_SIZE(rivals)];

/* Returns whether the vector is that of one of the rivals. */
static bool is_whole(struct compat_vector *v)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rivals); i++)
		if (rivals[i] == v->hdr.baseline)
			return compat_same(v, &alone[i]);
	return false;
}

/* Returns PSCI_VERSION of a vCPU, which depends on the baseline. */
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
	/* A selection that succeeded can be replaced by the other one, but not by vCPUs. */
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
		_exit(compat_select(vm, KVM_GUEST_COMPAT_6_1_V1) == -EIO &&
		      compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v) == -EIO ? 0 : 1);
	TEST_ASSERT(waitpid(pid, &status, 0) == pid, "waitpid");
	ok &= CHECK_EQ(status, 0);
	compat_list(vm, &now);
	ok &= CHECK_EQ(memcmp(&v, &now, sizeof(v)), 0);
	kvm_vm_free(vm);
	return ok;
}

static int raw_select(int fd, u32 baseline)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_GUEST_COMPAT, .args = { baseline } };

	return compat_ret(__kvm_ioctl(fd, KVM_ENABLE_CAP, &cap));
}

static int raw_list(int fd, struct compat_vector *v)
{
	memset(v, 0, sizeof(*v));
	v->hdr.size = sizeof(*v);
	return compat_ret(__kvm_device_attr_get(fd, KVM_GUEST_COMPAT_CTRL, KVM_GUEST_COMPAT_LIST,
						v));
}

static void *keep_selecting(void *arg)
{
	long fd = (long)arg;

	while (!READ_ONCE(stop)) {
		raw_select(fd, rivals[0]);
		raw_select(fd, rivals[1]);
	}
	return NULL;
}

static void *keep_listing_raw(void *arg)
{
	struct compat_vector v;

	while (!READ_ONCE(stop))
		raw_list((long)arg, &v);
	return NULL;
}

static void *keep_creating(void *arg)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };

	while (!READ_ONCE(stop)) {
		int vcpu = ioctl((long)arg, KVM_CREATE_VCPU, (void *)0);

		if (!ioctl((long)arg, KVM_CREATE_DEVICE, &device))
			close(device.fd);
		if (vcpu >= 0)
			close(vcpu);
	}
	return NULL;
}

/* Another thread closes the last file descriptor of a VM during a call. */
static bool test_close(void)
{
	static void *(* const calls[])(void *) = {
		keep_selecting, keep_listing_raw, keep_creating,
	};
	int kvm_fd = open_kvm_dev_path_or_exit();
	bool ok = true;
	unsigned int i;

	for (i = 0; i < rounds / 20; i++) {
		int made = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)0);
		pthread_t threads[ARRAY_SIZE(calls)];
		long fd = 1000;		/* no other file gets it */
		unsigned int j;

		ok &= CHECK(made >= 0 && dup2(made, fd) == fd, "KVM_CREATE_VM: %d", errno);
		close(made);
		WRITE_ONCE(stop, false);
		for (j = 0; j < ARRAY_SIZE(calls); j++)
			pthread_create(&threads[j], NULL, calls[j], (void *)fd);
		for (j = 0; j < i % 8; j++)
			sched_yield();
		close(fd);
		WRITE_ONCE(stop, true);
		for (j = 0; j < ARRAY_SIZE(calls); j++)
			pthread_join(threads[j], NULL);
	}
	close(kvm_fd);
	return ok;
}

/*
 * In whatever order the calls come, the VM has the vector of the last selection that
 * succeeded, and each of its vCPUs reads this in the guest.
 */

#define MANY_VCPUS	8
#define NR_READ		64

#define RAM		0x40000000UL
#define RESULTS		(RAM + SZ_64K)
#define DIST		0x8000000UL
#define REDIST		0x80a0000UL
#define DONE		0x9000000UL

/* Each is a trap, and most of what a round costs: those of the mask in x22 */
#define ITEM(what)	"	tbz	x22, #0, 1f\n" what "	str	x0, [x19]\n"		\
			"1:	lsr	x22, x22, #1\n	add	x19, x19, #8\n"
#define READ(reg)	ITEM("	mrs	x0, " reg "\n")
#define CALL(nr, arg)	ITEM("	ldr	w0, =" nr "\n	ldr	w1, =" arg "\n	hvc	#0\n")

/* x0: where to, x1: GICD_IIDR or 0, x2: what to write to at the end, x3: which */
GUEST_CODE(look_around,
	   "	mov	x19, x0\n"
	   "	mov	x20, x1\n"
	   "	mov	x21, x2\n"
	   "	mov	x22, x3\n"
	   READ("id_pfr0_el1") READ("id_pfr1_el1") READ("id_dfr0_el1") READ("s3_0_c0_c2_6")
	   READ("s3_0_c0_c3_4") READ("id_aa64pfr0_el1") READ("id_aa64pfr1_el1")
	   READ("s3_0_c0_c4_2") READ("id_aa64dfr0_el1") READ("id_aa64dfr1_el1")
	   READ("id_aa64isar0_el1") READ("id_aa64isar1_el1") READ("s3_0_c0_c6_2")
	   READ("id_aa64mmfr0_el1") READ("id_aa64mmfr1_el1") READ("s3_0_c0_c7_2")
	   READ("s3_0_c0_c7_3") READ("s3_0_c0_c7_4") READ("midr_el1") READ("revidr_el1")
	   READ("aidr_el1") READ("ctr_el0") READ("clidr_el1")
	   ITEM("	msr	csselr_el1, xzr\n	isb\n	mrs	x0, ccsidr_el1\n")
	   CALL("0x84000000", "0")			/* PSCI_VERSION */
	   CALL("0x80000000", "0")			/* SMCCC_VERSION */
	   CALL("0x80000001", "0x80008000")	/* ARCH_FEATURES of ARCH_WORKAROUND_1 */
	   CALL("0x80000001", "0x80007fff")
	   CALL("0x80000001", "0x80003fff")
	   CALL("0x8400000a", "0x84000012")	/* PSCI_FEATURES of SYSTEM_RESET2 */
	   CALL("0x8400000a", "0x84000015")	/* SYSTEM_OFF2 */
	   CALL("0x8400000a", "0x8400000e")	/* SYSTEM_SUSPEND */
	   CALL("0x84000050", "0")			/* TRNG_VERSION */
	   CALL("0x86000000", "0")			/* FEATURES of the hypervisor */
	   CALL("0x8600ff01", "0")			/* its UID */
	   "	cbz	x20, 1f\n"
	   "	ldr	w0, [x20]\n"
	   "	str	x0, [x19]\n"
	   "1:	str	xzr, [x21]\n"
	   "	b	1b\n");

#define NR_ITEMS	35
/* In each eighth round all vCPUs look at all items, in the others two at each */
#define WHOLE_EACH	8

/* The VM of a round, and who makes what of it, at once */
static struct many {
	int kvm_fd, vm, gic, vcpu[MANY_VCPUS];
	int before[MANY_VCPUS + 2];	/* files of the VM of the round before */
	int nr_before;
	struct kvm_run *run[MANY_VCPUS];
	u8 *ram;
	bool has_gic;
	unsigned int share;	/* each vCPU looks at every so many-th item */
	unsigned int round;
	int last;		/* accepted: of the rivals, or -1 */
	bool fixed;		/* the first vCPU is there */
	int late;		/* selections that were accepted all the same */
	int other;		/* errno of a selection, if not EBUSY */
	bool torn;
} many;

static u32 gic_type;

static void dither(unsigned int n)
{
	for (n = n * 2654435761U % 64 * 50; n; n--)
		asm volatile("yield");
}

static void many_select(struct many *m)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		bool fixed = READ_ONCE(m->fixed);
		int who = (i + m->round) % 2, ret = raw_select(m->vm, rivals[who]);

		if (!ret) {
			/* What the VM has can be selected at any time. */
			m->late += fixed && who != m->last;
			m->last = who;
		} else if (ret != -EBUSY) {
			m->other = ret;
		}
	}
}

static void many_vcpus(struct many *m)
{
	dither(m->round);
	for (long i = 0; i < MANY_VCPUS; i++) {
		m->vcpu[i] = ioctl(m->vm, KVM_CREATE_VCPU, (void *)i);
		WRITE_ONCE(m->fixed, true);
	}
}

static int make_gic(struct many *m)
{
	struct kvm_create_device device = { .type = gic_type };

	if (ioctl(m->vm, KVM_CREATE_DEVICE, &device))
		return -1;
	return device.fd;
}

static void many_gic(struct many *m)
{
	dither(m->round / 2);
	if (m->has_gic)
		m->gic = make_gic(m);
}

/* The host default changes, and LIST shows a whole vector. */
static void many_look(struct many *m)
{
	static const char * const defaults[] = { "native", "6.1", "native,gicd_iidr=1" };
	const char *val = defaults[m->round % ARRAY_SIZE(defaults)];
	static struct compat_vector v;
	int fd = open(PARAMETER, O_WRONLY), i;

	for (i = 0; i < 3; i++) {
		m->torn |= raw_list(m->vm, &v) ||
			   (v.hdr.baseline != COMPAT_NATIVE && !is_whole(&v));
		if (fd >= 0 && write(fd, val, strlen(val)) < 0)
			m->torn = true;
	}
	close(fd);
}

/* The VM of the round before goes. */
static void many_close(struct many *m)
{
	while (m->nr_before)
		close(m->before[--m->nr_before]);
}

static void (* const workers[])(struct many *m) = {
	many_select, many_vcpus, many_gic, many_look, many_close,
};

static pthread_barrier_t begin, end;
static bool workers_end;

static void *work(void *arg)
{
	for (;;) {
		pthread_barrier_wait(&begin);
		if (workers_end)
			return NULL;
		((void (*)(struct many *))arg)(&many);
		pthread_barrier_wait(&end);
	}
}

static void many_new(struct many *m)
{
	struct kvm_userspace_memory_region slot = {
		.guest_phys_addr = RAM, .memory_size = 2 * SZ_64K, .userspace_addr = (u64)m->ram,
	};

	m->vm = __kvm_ioctl(m->kvm_fd, KVM_CREATE_VM, (void *)0);
	TEST_ASSERT(m->vm >= 0, "KVM_CREATE_VM: %d", errno);
	TEST_ASSERT(!ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &slot), "memory: %d", errno);
	m->gic = -1;
	m->last = -1;
	m->fixed = false;
	m->late = 0;
	m->other = 0;
	m->torn = false;
	memset(m->ram + SZ_64K, 0, SZ_64K);
}

/* many_close() closes its files. The last of them, a vCPU's, ends the VM. */
static void many_free(struct many *m)
{
	for (int i = 0; i < MANY_VCPUS; i++) {
		if (m->run[i])
			munmap(m->run[i], getpagesize());
		m->run[i] = NULL;
		m->before[m->nr_before++] = m->vcpu[i];
	}
	if (m->gic >= 0)
		m->before[m->nr_before++] = m->gic;
	m->before[m->nr_before++] = m->vm;
}

static void init_gic(struct many *m)
{
	bool v3 = gic_type == KVM_DEV_TYPE_ARM_VGIC_V3;
	u64 dist = DIST, other = REDIST;

	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_ADDR,
			    v3 ? KVM_VGIC_V3_ADDR_TYPE_DIST : KVM_VGIC_V2_ADDR_TYPE_DIST, &dist);
	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_ADDR,
			    v3 ? KVM_VGIC_V3_ADDR_TYPE_REDIST : KVM_VGIC_V2_ADDR_TYPE_CPU, &other);
	kvm_device_attr_set(m->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

static void set_core(int vcpu, u64 id, u64 val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)&val };

	TEST_ASSERT(!ioctl(vcpu, KVM_SET_ONE_REG, &reg), "KVM_SET_ONE_REG: %d", errno);
}

/* The items of vCPU @i in this round. In as many rounds as shares, it has each. */
static u64 items_of(struct many *m, int i)
{
	u64 mask = 0;
	int nr;

	for (nr = 0; nr < NR_ITEMS; nr++)
		if (!((nr + i + m->round / 2) % m->share))
			mask |= BIT_ULL(nr);
	return mask;
}

/* What vCPU @i sees, from inside: the items of the mask, and GICD_IIDR */
static bool look_from(struct many *m, int i, u64 mask, u64 *seen)
{
	int vcpu = m->vcpu[i];

	m->run[i] = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	TEST_ASSERT(m->run[i] != MAP_FAILED, "mmap: %d", errno);
	set_core(vcpu, ARM64_CORE_REG(regs.pc), RAM);
	set_core(vcpu, ARM64_CORE_REG(regs.regs[0]), RESULTS + i * NR_READ * sizeof(u64));
	set_core(vcpu, ARM64_CORE_REG(regs.regs[1]), m->has_gic ? DIST + 8 : 0);
	set_core(vcpu, ARM64_CORE_REG(regs.regs[2]), DONE);
	set_core(vcpu, ARM64_CORE_REG(regs.regs[3]), mask);
	if (!CHECK(!ioctl(vcpu, KVM_RUN, NULL) && m->run[i]->exit_reason == KVM_EXIT_MMIO &&
		   m->run[i]->mmio.phys_addr == DONE, "vCPU %d: %d, exit %u at %#llx", i, errno,
		   m->run[i]->exit_reason, m->run[i]->mmio.phys_addr))
		return false;
	memcpy(seen, m->ram + SZ_64K + i * NR_READ * sizeof(u64), NR_READ * sizeof(u64));
	return true;
}

/* All vCPUs: what they see of each item, if those that look at it see the same */
static bool look_from_all(struct many *m, u64 *seen)
{
	u64 one[NR_READ], had = 0;
	int i, nr;

	for (i = 0; i < MANY_VCPUS; i++) {
		if (!CHECK(m->vcpu[i] >= 0 && !ioctl(m->vcpu[i], KVM_ARM_VCPU_INIT, &init_args),
			   "vCPU %d: %d", i, errno))
			return false;
	}
	if (m->has_gic)
		init_gic(m);
	memset(seen, 0, NR_READ * sizeof(u64));
	/* vCPU 1 is the first that runs in each other VM */
	for (i = 0; i < MANY_VCPUS; i++) {
		int vcpu = i ^ (m->round & 1);
		u64 mask = items_of(m, vcpu);

		if (!look_from(m, vcpu, mask, one))
			return false;
		mask |= BIT_ULL(NR_ITEMS);	/* GICD_IIDR */
		for (nr = 0; nr <= NR_ITEMS; nr++) {
			if (!(mask & BIT_ULL(nr)))
				continue;
			if (!(had & BIT_ULL(nr)))
				seen[nr] = one[nr];
			if (!CHECK(one[nr] == seen[nr], "vCPU %d reads %#lx, and another %#lx (%d)",
				   vcpu, one[nr], seen[nr], nr))
				return false;
		}
		had |= mask;
	}
	return CHECK_EQ(had, GENMASK_ULL(NR_ITEMS, 0));
}

/* One after the other: [2] is a VM of which nothing was selected */
static u64 expected[ARRAY_SIZE(rivals) + 1][2][NR_READ];

static bool learn_many(struct many *m)
{
	unsigned int who, gic;

	m->share = 1;
	for (who = 0; who <= ARRAY_SIZE(rivals); who++) {
		for (gic = 0; gic < 2; gic++) {
			bool ok;

			many_new(m);
			m->has_gic = gic;
			ok = CHECK_EQ(raw_select(m->vm, who < 2 ? rivals[who] : COMPAT_NATIVE), 0);
			many_vcpus(m);
			many_gic(m);
			ok = ok && look_from_all(m, expected[who][gic]);
			many_free(m);
			many_close(m);
			if (!ok)
				return false;
		}
	}
	/* Or nothing of what follows could tell them apart */
	return CHECK(!compat_find(&alone[0], "psci_version") ||
		     memcmp(expected[0], expected[1], sizeof(expected[0])),
		     "the rivals look the same");
}

static bool one_mind(struct many *m, struct compat_vector *native, unsigned int counts[])
{
	struct compat_vector v, after;
	u64 seen[NR_READ];
	unsigned int who;
	bool ok;
	int j;

	many_new(m);
	/* Not the host default, which changes meanwhile */
	ok = CHECK_EQ(raw_select(m->vm, COMPAT_NATIVE), 0);
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&end);

	/* KVM_CREATE_DEVICE fails with EBUSY while a vCPU is being created: again. */
	if (m->has_gic && m->gic < 0)
		m->gic = make_gic(m);
	ok &= CHECK(!m->torn, "a mixture in LIST");
	ok &= CHECK(!m->late, "accepted %d times after the first vCPU", m->late);
	ok &= CHECK(!m->other, "a selection: %d", m->other);
	ok &= CHECK(!m->has_gic || m->gic >= 0, "no GIC: %d", errno);
	ok &= CHECK_EQ(raw_list(m->vm, &v), 0);
	who = m->last < 0 ? ARRAY_SIZE(rivals) : m->last;
	counts[who]++;
	ok &= CHECK(compat_same(&v, m->last < 0 ? native : &alone[m->last]),
		    "baseline %#x, and %d was accepted last", v.hdr.baseline, m->last);
	ok = ok && look_from_all(m, seen);
	for (j = 0; ok && j < NR_READ; j++)
		ok &= CHECK(seen[j] == expected[who][m->has_gic][j],
			    "baseline %#x: vCPUs read %#lx, not %#lx (%d)", v.hdr.baseline,
			    seen[j], expected[who][m->has_gic][j], j);
	ok &= CHECK_EQ(raw_list(m->vm, &after), 0);
	ok &= CHECK_EQ(memcmp(&v, &after, sizeof(v)), 0);
	many_free(m);
	return ok;
}

static char initial_default[4096];

static void restore_default(void)
{
	int fd = open(PARAMETER, O_WRONLY);

	if (fd < 0 || write(fd, initial_default, strlen(initial_default)) < 0)
		ksft_print_msg("kvm.guest_compat is not what it was\n");
	close(fd);
}

static bool test_one_mind(void)
{
	unsigned int counts[ARRAY_SIZE(rivals) + 1] = {}, i, j;
	pthread_t threads[ARRAY_SIZE(workers)];
	int fd = open(PARAMETER, O_RDONLY);
	struct many *m = &many;
	struct compat_vector native;
	bool ok = true;

	if (fd >= 0 && read(fd, initial_default, sizeof(initial_default) - 1) > 0)
		atexit(restore_default);
	close(fd);
	gic_type = kvm_supports_vgic_v3() ? KVM_DEV_TYPE_ARM_VGIC_V3 : KVM_DEV_TYPE_ARM_VGIC_V2;
	m->kvm_fd = open_kvm_dev_path_or_exit();
	m->ram = mmap(NULL, 2 * SZ_64K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(m->ram != MAP_FAILED, "no memory");
	memcpy(m->ram, look_around, look_around_end - look_around);
	vm = vm_create_barebones();
	compat_make_native(vm);
	compat_list(vm, &native);
	kvm_vm_free(vm);
	if (!learn_many(m))
		return false;

	pthread_barrier_init(&begin, NULL, 1 + ARRAY_SIZE(workers));
	pthread_barrier_init(&end, NULL, 1 + ARRAY_SIZE(workers));
	workers_end = false;
	for (i = 0; i < ARRAY_SIZE(workers); i++)
		pthread_create(&threads[i], NULL, work, workers[i]);
	for (i = 0; ok && i < many_rounds; i++) {
		m->round = seed * 1000003 + i;
		m->share = i % WHOLE_EACH ? MANY_VCPUS / 2 : 1;
		m->has_gic = m->round % 3;
		ok &= one_mind(m, &native, counts);
		if (i % 1000 == 999)
			ksft_print_msg("%u rounds\n", i + 1);
	}
	workers_end = true;
	pthread_barrier_wait(&begin);
	for (j = 0; j < ARRAY_SIZE(workers); j++)
		pthread_join(threads[j], NULL);
	many_close(m);
	ksft_print_msg("%u rounds of eight vCPUs: %u and %u were a rival, %u native\n", i,
		       counts[0], counts[1], counts[2]);
	restore_default();
	munmap(m->ram, 2 * SZ_64K);
	close(m->kvm_fd);
	return ok;
}

int main(int argc, char *argv[])
{
	static const struct compat_test tests[] = {
		{ "select while a vCPU is created", test_races },
		{ "LIST while another thread selects", test_list_is_whole },
		{ "a process that inherited the VM cannot select", test_fork },
		{ "close while another thread selects", test_close },
		{ "eight vCPUs see one selection, whatever is called meanwhile", test_one_mind },
	};
	int opt;

	while ((opt = getopt(argc, argv, "n:s:")) != -1) {
		switch (opt) {
		case 'n':
			many_rounds = strtoul(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoul(optarg, NULL, 0);
			break;
		default:
			printf("usage: guest_compat_race [-n ROUNDS] [-s SEED]\n"
			       "  -n ROUNDS  how many with eight vCPUs (10; 1 in protected mode)\n"
			       "  -s SEED    of the delays (1)\n");
			exit(KSFT_FAIL);
		}
	}

	/* To make a VM takes a hundred times as long in protected mode */
	if (compat_protected_mode())
		rounds /= 20;
	many_rounds = many_rounds ?: max(rounds / 100, 1u);

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
