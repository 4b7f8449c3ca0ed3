// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_compat_fault - In each call that guest compatibility adds or changes, each
 * allocation and each access to userspace's memory fails once.
 *
 * The call must return ENOMEM or EFAULT and change nothing, or it must succeed. If it
 * failed, a second call must succeed. The result of a call that succeeds must equal that
 * of a call without a failure. At the end, no VM and no memory is left.
 *
 * This needs CONFIG_FAULT_INJECTION_DEBUG_FS, CONFIG_FAILSLAB,
 * CONFIG_FAIL_PAGE_ALLOC and CONFIG_FAULT_INJECTION_USERCOPY. With
 * CONFIG_DEBUG_KMEMLEAK it looks for leaks, too.
 *
 * Fault injection does not cover get_user() and put_user() of arm64: guest_compat and
 * guest_compat_load test these with invalid pointers.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bare_vm.h"
#include "guest_compat.h"
#include "vgic_regs.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define PARAMETER	"/sys/module/kvm/parameters/guest_compat"
#define KMEMLEAK	DEBUGFS "kmemleak"

/* A point is one allocation or access. A call with more points never ends. */
#define MOST_POINTS	5000

#define GICD_IIDR_AT	0x008

/* The state of the VM before the call */
enum stage { NO_VM, VM, VCPU, VCPU_INIT, GIC };

struct machine {
	struct bare_vm bare;
	enum stage stage;
	int fd;			/* the file that the call opened; -1: none */
	u32 out_len;
	u8 out[SZ_64K];		/* the call's output */
};

struct fault_case {
	const char *name;
	enum stage stage;
	int (*call)(struct machine *m);
	bool old;		/* the VM is at the baseline 5.10 */
	bool (*after_failure)(struct machine *m);
	bool finalizes;		/* in protected mode, a failure may leave what a success leaves */
};

static struct compat_vector native, old;
static char initial[4096];
static int kvm_fd, nth_fd;
static u32 gic_version;

/*
 * Makes point @nth of this thread fail. The counter also counts points of later system
 * calls. If the point was not reached when the call returns, the call has fewer points.
 */
static void fail_nth(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	TEST_ASSERT(pwrite(nth_fd, text, len, 0) == len, "fail-nth: %d", errno);
}

static bool has_failed(void)
{
	char text[16] = "";
	bool failed = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	while (pwrite(nth_fd, "0", 1, 0) != 1)
		;
	return failed;
}

static const struct knob {
	const char *name;
	const char *val;
} knobs[] = {
	{ "failslab/ignore-gfp-wait", "N" },
	{ "failslab/verbose", "0" },
	{ "fail_page_alloc/ignore-gfp-wait", "N" },
	{ "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "fail_page_alloc/min-order", "0" },
	{ "fail_page_alloc/verbose", "0" },
	{ "fail_usercopy/verbose", "0" },
};

static char knobs_were[ARRAY_SIZE(knobs)][16];

static ssize_t file_read(const char *name, char *to, size_t size)
{
	int fd = open(name, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, to, size - 1);

	to[len > 0 ? len : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return len;
}

static int file_write(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);
	int ret = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

/* Returns NULL, or the file that is missing for fault injection. */
static const char *start_faults(void)
{
	char name[128];

	for (unsigned int i = 0; i < ARRAY_SIZE(knobs); i++) {
		snprintf(name, sizeof(name), DEBUGFS "%s", knobs[i].name);
		if (file_read(name, knobs_were[i], sizeof(knobs_were[i])) < 0 ||
		    file_write(name, knobs[i].val))
			return knobs[i].name;
	}
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	return nth_fd < 0 ? "/proc/thread-self/fail-nth" : NULL;
}

static void stop_faults(void)
{
	char name[128];

	for (unsigned int i = 0; i < ARRAY_SIZE(knobs); i++) {
		snprintf(name, sizeof(name), DEBUGFS "%s", knobs[i].name);
		if (knobs_were[i][0])
			file_write(name, knobs_were[i]);
	}
	if (initial[0])
		file_write(PARAMETER, initial);
}

/* The state of a VM */

struct snapshot {
	u32 len;
	u8 bytes[SZ_512K];
};

static void add(struct snapshot *s, const void *what, size_t len)
{
	TEST_ASSERT(s->len + len <= sizeof(s->bytes), "a snapshot is too small");
	memcpy(s->bytes + s->len, what, len);
	s->len += len;
}

static bool is_time(u64 id)
{
	return id == KVM_REG_ARM_TIMER_CNT || id == KVM_REG_ARM_PTIMER_CNT;
}

static void add_vcpu(struct snapshot *s, struct kvm_vcpu *vcpu)
{
	static struct {
		struct kvm_reg_list hdr;
		u64 ids[2048];
	} list;
	int ret;

	list.hdr.n = ARRAY_SIZE(list.ids);
	ret = compat_ret(__vcpu_ioctl(vcpu, KVM_GET_REG_LIST, &list.hdr));
	add(s, &ret, sizeof(ret));
	if (ret)
		return;
	add(s, &list, sizeof(list.hdr) + list.hdr.n * sizeof(u64));
	for (u64 i = 0; i < list.hdr.n; i++) {
		u8 val[256] = {};
		struct kvm_one_reg reg = { .id = list.ids[i], .addr = (u64)val };

		if (is_time(reg.id))
			continue;
		ret = compat_ret(__vcpu_ioctl(vcpu, KVM_GET_ONE_REG, &reg));
		add(s, &ret, sizeof(ret));
		add(s, val, sizeof(val));
	}
}

static void take_snapshot(struct machine *m, struct snapshot *s)
{
	static struct compat_vector v;
	char text[4096] = "";
	u32 iidr = 0;

	s->len = 0;
	file_read(PARAMETER, text, sizeof(text));
	add(s, text, sizeof(text));
	if (m->bare.vm) {
		compat_list(m->bare.vm, &v);
		add(s, &v, v.hdr.size);
	}
	for (u32 i = 0; i < m->bare.d.nr_vcpus && m->bare.vcpu[i]; i++)
		add_vcpu(s, m->bare.vcpu[i]);
	if (m->stage == GIC) {
		TEST_ASSERT(!vgic_attr_do(&m->bare, false, KVM_DEV_ARM_VGIC_GRP_DIST_REGS,
					  GICD_IIDR_AT, &iidr, sizeof(iidr)), "GICD_IIDR");
		add(s, &iidr, sizeof(iidr));
	}
}

/* Takes a snapshot with the call's output. If this is a VM, its vector is part of it. */
static void take_result(struct machine *m, struct snapshot *s)
{
	static struct compat_vector v;
	struct kvm_device_attr list = {
		.group = KVM_GUEST_COMPAT_CTRL, .attr = KVM_GUEST_COMPAT_LIST, .addr = (u64)&v,
	};

	take_snapshot(m, s);
	add(s, m->out, m->out_len);
	if (m->stage == NO_VM && m->fd >= 0) {
		v.hdr.size = sizeof(v);
		TEST_ASSERT(!ioctl(m->fd, KVM_GET_DEVICE_ATTR, &list), "LIST: %d", errno);
		add(s, &v, v.hdr.size);
	}
}

static bool same(const struct snapshot *a, const struct snapshot *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

static void make(struct machine *m, enum stage until, u32 baseline)
{
	struct bare_vm_desc d = bare_vm_default(until == GIC ? gic_version : 0);

	memset(m, 0, sizeof(*m));
	m->stage = until;
	m->fd = -1;
	if (until == NO_VM)
		return;
	/* With one vCPU, the first run would allocate nothing. */
	d.nr_vcpus = until >= VCPU_INIT ? 2 : 1;
	bare_vm_create(&m->bare, &d);
	compat_make(m->bare.vm, baseline);
	if (until >= VCPU)
		m->bare.vcpu[0] = __vm_vcpu_add(m->bare.vm, 0);
	for (u32 i = 0; until >= VCPU_INIT && i < d.nr_vcpus; i++)
		bare_vm_init_vcpu(&m->bare, i, vm_vcpu_features(m->bare.vm, "pmu"));
	if (until == GIC)
		bare_vm_init_devices(&m->bare);
}

static void forget(struct machine *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	if (m->stage != NO_VM)
		bare_vm_free(&m->bare);
}

/* The calls */

static int do_ioctl(int fd, unsigned long nr, void *arg)
{
	int ret = ioctl(fd, nr, arg);

	return ret < 0 ? -errno : ret;
}

static int fd_of(struct machine *m)
{
	return m->bare.vm ? m->bare.vm->fd : kvm_fd;
}

static int do_attr(struct machine *m, unsigned long nr, u64 attr, void *arg)
{
	struct kvm_device_attr a = {
		.group = KVM_GUEST_COMPAT_CTRL, .attr = attr, .addr = (u64)arg,
	};

	return do_ioctl(fd_of(m), nr, &a);
}

static int call_has_attr(struct machine *m)
{
	return do_attr(m, KVM_HAS_DEVICE_ATTR, KVM_GUEST_COMPAT_LIST, NULL);
}

static int call_list(struct machine *m)
{
	struct compat_vector *v = (void *)m->out;

	v->hdr.size = sizeof(*v);
	m->out_len = sizeof(*v);
	return do_attr(m, KVM_GET_DEVICE_ATTR, KVM_GUEST_COMPAT_LIST, v);
}

static int call_baselines(struct machine *m)
{
	struct compat_baselines *b = (void *)m->out;

	b->hdr.size = sizeof(*b);
	m->out_len = sizeof(*b);
	return do_attr(m, KVM_GET_DEVICE_ATTR, KVM_GUEST_COMPAT_BASELINES, b);
}

static int call_check(struct machine *m)
{
	struct kvm_guest_compat_check *arg = (void *)m->out;

	*arg = (struct kvm_guest_compat_check){ .vector = (u64)&old };
	m->out_len = sizeof(*arg);
	return do_attr(m, KVM_GET_DEVICE_ATTR, KVM_GUEST_COMPAT_CHECK, arg);
}

static int call_load(struct machine *m)
{
	return do_attr(m, KVM_SET_DEVICE_ATTR, KVM_GUEST_COMPAT_LOAD, &old);
}

static int call_get_revision(struct machine *m)
{
	struct kvm_guest_compat_revision *arg = (void *)m->out;

	*arg = (struct kvm_guest_compat_revision){ .id = compat_find(&old, "psci_version")->id };
	m->out_len = sizeof(*arg);
	return do_attr(m, KVM_GET_DEVICE_ATTR, KVM_GUEST_COMPAT_REVISION, arg);
}

static int call_set_revision(struct machine *m)
{
	struct kvm_guest_compat_revision arg = { .id = compat_find(&old, "psci_version")->id };

	return do_attr(m, KVM_SET_DEVICE_ATTR, KVM_GUEST_COMPAT_REVISION, &arg);
}

static int call_select(struct machine *m)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_GUEST_COMPAT, .args = { KVM_GUEST_COMPAT_5_10_V1 },
	};

	return do_ioctl(m->bare.vm->fd, KVM_ENABLE_CAP, &cap);
}

/* Once the VM has a vCPU, only a selection of the vector that it has succeeds. */
static int call_select_again(struct machine *m)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_GUEST_COMPAT };

	return do_ioctl(m->bare.vm->fd, KVM_ENABLE_CAP, &cap);
}

static int call_preferred_target(struct machine *m)
{
	m->out_len = sizeof(struct kvm_vcpu_init);
	return do_ioctl(m->bare.vm->fd, KVM_ARM_PREFERRED_TARGET, m->out);
}

static int call_masks(struct machine *m)
{
	struct reg_mask_range range = { .addr = (u64)m->out };

	m->out_len = KVM_ARM_FEATURE_ID_RANGE_SIZE * sizeof(u64);
	return do_ioctl(m->bare.vm->fd, KVM_ARM_GET_REG_WRITABLE_MASKS, &range);
}

static int call_create_vm(struct machine *m)
{
	m->fd = do_ioctl(kvm_fd, KVM_CREATE_VM, (void *)0);
	return min(m->fd, 0);
}

static int call_create_vcpu(struct machine *m)
{
	m->fd = do_ioctl(m->bare.vm->fd, KVM_CREATE_VCPU, (void *)0);
	return min(m->fd, 0);
}

/* If the creation of the first vCPU failed, the VM has none, and can still select. */
static bool can_select(struct machine *m)
{
	static struct compat_vector v;
	bool ok;

	ok = CHECK_EQ(compat_select(m->bare.vm, KVM_GUEST_COMPAT_5_10_V1), 0);
	compat_list(m->bare.vm, &v);
	ok &= CHECK(compat_same(&v, &old), "it is not 5.10 whole");
	ok &= CHECK_EQ(compat_set(m->bare.vm, KVM_GUEST_COMPAT_LOAD, &native), 0);
	return ok;
}

static int call_vcpu_init(struct machine *m)
{
	struct kvm_vcpu_init init = {
		.target = KVM_ARM_TARGET_GENERIC_V8,
		.features[0] = BIT(KVM_ARM_VCPU_PSCI_0_2),
	};

	return do_ioctl(m->bare.vcpu[0]->fd, KVM_ARM_VCPU_INIT, &init);
}

static int call_reg_list(struct machine *m)
{
	struct kvm_reg_list *list = (void *)m->out;

	list->n = (sizeof(m->out) - sizeof(*list)) / sizeof(u64);
	m->out_len = sizeof(m->out);
	return do_ioctl(m->bare.vcpu[0]->fd, KVM_GET_REG_LIST, list);
}

static int call_get_reg(struct machine *m)
{
	struct kvm_one_reg reg = { .id = KVM_REG_ARM_PSCI_VERSION, .addr = (u64)m->out };

	m->out_len = sizeof(u64);
	return do_ioctl(m->bare.vcpu[0]->fd, KVM_GET_ONE_REG, &reg);
}

static int set_reg(struct machine *m, u64 id, u64 val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)&val };

	return do_ioctl(m->bare.vcpu[0]->fd, KVM_SET_ONE_REG, &reg);
}

static int call_set_firmware(struct machine *m)
{
	return set_reg(m, KVM_REG_ARM_PSCI_VERSION, 0x10000);
}

static int call_set_bitmap(struct machine *m)
{
	return set_reg(m, KVM_REG_ARM_STD_BMAP, 0);
}

static int call_set_id_reg(struct machine *m)
{
	return set_reg(m, KVM_ARM64_SYS_REG(SYS_ID_AA64ISAR0_EL1), 0);
}

static int call_set_ccsidr(struct machine *m)
{
	u32 val = 0x700fe01a;
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX |
		      KVM_REG_ARM_DEMUX_ID_CCSIDR,
		.addr = (u64)&val,
	};

	return do_ioctl(m->bare.vcpu[0]->fd, KVM_SET_ONE_REG, &reg);
}

static int call_get_iidr(struct machine *m)
{
	m->out_len = sizeof(u32);
	return -vgic_attr_do(&m->bare, false, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_IIDR_AT, m->out,
			     sizeof(u32));
}

static int call_set_iidr(struct machine *m)
{
	u32 iidr = 0x4b00143b;

	return -vgic_attr_do(&m->bare, true, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_IIDR_AT, &iidr,
			     sizeof(iidr));
}

static int call_create_gic(struct machine *m)
{
	struct kvm_create_device device = {
		.type = gic_version == 3 ? KVM_DEV_TYPE_ARM_VGIC_V3 : KVM_DEV_TYPE_ARM_VGIC_V2,
	};
	int ret = do_ioctl(m->bare.vm->fd, KVM_CREATE_DEVICE, &device);

	if (!ret)
		m->fd = device.fd;
	return ret;
}

/*
 * Prepares the first run without executing an instruction. These VMs have no GIC: if
 * KVM cannot map one for lack of memory, it ends the VM.
 */
static int call_run(struct machine *m)
{
	int ret;

	m->bare.vcpu[0]->run->immediate_exit = 1;
	ret = do_ioctl(m->bare.vcpu[0]->fd, KVM_RUN, NULL);
	return ret == -EINTR ? 0 : ret;
}

static int call_write_default(struct machine *m)
{
	return file_write(PARAMETER, "6.1,gicd_iidr=1");
}

static int call_read_default(struct machine *m)
{
	ssize_t len = file_read(PARAMETER, (char *)m->out, SZ_4K);

	m->out_len = len < 0 ? 0 : len;
	return len < 0 ? -errno : 0;
}

static int call_read_debugfs(struct machine *m)
{
	char name[128];
	ssize_t len;

	snprintf(name, sizeof(name), DEBUGFS "kvm/%d-%d/guest_compat", getpid(), m->bare.vm->fd);
	len = file_read(name, (char *)m->out, sizeof(m->out));
	m->out_len = len < 0 ? 0 : len;
	return len < 0 ? -errno : 0;
}

static const struct fault_case cases[] = {
	{ "/dev/kvm: KVM_HAS_DEVICE_ATTR", NO_VM, call_has_attr },
	{ "/dev/kvm: KVM_GUEST_COMPAT_LIST", NO_VM, call_list },
	{ "/dev/kvm: KVM_GUEST_COMPAT_BASELINES", NO_VM, call_baselines },
	{ "/dev/kvm: KVM_GUEST_COMPAT_CHECK", NO_VM, call_check },
	{ "kvm.guest_compat: read", NO_VM, call_read_default },
	{ "kvm.guest_compat: write", NO_VM, call_write_default },
	{ "KVM_HAS_DEVICE_ATTR", VM, call_has_attr },
	{ "KVM_GUEST_COMPAT_LIST", VM, call_list },
	{ "KVM_GUEST_COMPAT_BASELINES", VM, call_baselines },
	{ "KVM_GUEST_COMPAT_CHECK", VM, call_check },
	{ "KVM_GUEST_COMPAT_LOAD", VM, call_load },
	{ "KVM_GUEST_COMPAT_REVISION: get", VM, call_get_revision },
	{ "KVM_GUEST_COMPAT_REVISION: set", VM, call_set_revision },
	{ "KVM_ENABLE_CAP", VM, call_select },
	{ "KVM_ENABLE_CAP with a vCPU", VCPU, call_select_again },
	{ "KVM_ARM_PREFERRED_TARGET", VM, call_preferred_target },
	{ "KVM_ARM_GET_REG_WRITABLE_MASKS", VCPU_INIT, call_masks },
	{ "debugfs", VM, call_read_debugfs },
	{ "KVM_CREATE_VCPU", VM, call_create_vcpu, .after_failure = can_select },
	{ "KVM_CREATE_DEVICE of the vGIC", VM, call_create_gic },
	{ "KVM_CREATE_DEVICE of the vGIC after a vCPU", VCPU_INIT, call_create_gic },
	{ "KVM_CREATE_DEVICE of the vGIC after a vCPU of 5.10", VCPU_INIT, call_create_gic, true },
	{ "KVM_ARM_VCPU_INIT", VCPU, call_vcpu_init },
	{ "KVM_ARM_VCPU_INIT of 5.10", VCPU, call_vcpu_init, true },
	{ "KVM_GET_REG_LIST", VCPU_INIT, call_reg_list },
	{ "KVM_GET_REG_LIST of 5.10", VCPU_INIT, call_reg_list, true },
	{ "KVM_GET_ONE_REG", VCPU_INIT, call_get_reg },
	{ "KVM_SET_ONE_REG: firmware", VCPU_INIT, call_set_firmware },
	{ "KVM_SET_ONE_REG: hypercalls", VCPU_INIT, call_set_bitmap },
	{ "KVM_SET_ONE_REG: an ID register", VCPU_INIT, call_set_id_reg },
	{ "KVM_SET_ONE_REG: CCSIDR", VCPU_INIT, call_set_ccsidr },
	{ "KVM_SET_ONE_REG: CCSIDR of 5.10", VCPU_INIT, call_set_ccsidr, true },
	/*
	 * Without a GIC, KVM clears the GIC fields of the ID registers before it allocates in
	 * protected mode: kvm_finalize_sys_regs(), stock 7.3.4. The next KVM_RUN does it again.
	 */
	{ "KVM_RUN", VCPU_INIT, call_run, .finalizes = true },
	{ "KVM_RUN of 5.10", VCPU_INIT, call_run, true },
	{ "GICD_IIDR: get", GIC, call_get_iidr },
	{ "GICD_IIDR: set", GIC, call_set_iidr },
	/* Takes longest, because each file in debugfs adds points. */
	{ "KVM_CREATE_VM", NO_VM, call_create_vm },
};

/* Returns the number of points, or -1 after a failure. */
static int each_point(const struct fault_case *c, unsigned int *survived)
{
	static struct machine m;
	static struct snapshot before, after, undisturbed;
	u32 baseline = c->old ? KVM_GUEST_COMPAT_5_10_V1 : COMPAT_NATIVE;
	unsigned int nth, stranded = 0;
	bool ok = true;
	int ret, first, lowest;

	file_write(PARAMETER, initial);
	make(&m, c->stage, baseline);
	ret = c->call(&m);
	ok &= CHECK(!ret, "%s, undisturbed: %d", c->name, ret);
	take_result(&m, &undisturbed);
	forget(&m);

	for (nth = 1; ok && nth < MOST_POINTS; nth++) {
		bool failed;

		file_write(PARAMETER, initial);
		make(&m, c->stage, baseline);
		take_snapshot(&m, &before);
		lowest = dup(kvm_fd);
		close(lowest);
		fail_nth(nth);
		ret = c->call(&m);
		failed = has_failed();
		if (!failed) {
			ok &= CHECK(!ret, "%s: %d, but nothing failed", c->name, ret);
			forget(&m);
			break;
		}
		if (ret) {
			ok &= CHECK(ret == -ENOMEM || ret == -EFAULT, "%s, point %u: %d", c->name,
				    nth, ret);
			first = ret;
			take_snapshot(&m, &after);
			if (c->after_failure)
				ok &= c->after_failure(&m);
			m.out_len = 0;
			memset(m.out, 0, sizeof(m.out));
			ret = c->call(&m);
			/*
			 * Every kernel does this: KVM has created the GIC, but there was
			 * no memory for its descriptor, or KVM could not return the
			 * descriptor. In this case it is the lowest that was free.
			 */
			if (ret == -EEXIST && c->call == call_create_gic) {
				stranded++;
				close(lowest);
				forget(&m);
				continue;
			}
			ok &= CHECK(same(&before, &after) ||
				    (c->finalizes && compat_protected_mode() &&
				     same(&undisturbed, &after)),
				    "%s, point %u: %d, and the VM changed",
				    c->name, nth, first);
			ok &= CHECK(!ret, "%s after one that failed at point %u: %d", c->name, nth,
				    ret);
		} else {
			(*survived)++;
		}
		take_result(&m, &after);
		ok &= CHECK(same(&undisturbed, &after),
			    "%s, point %u: not what an undisturbed call gives", c->name, nth);
		forget(&m);
	}
	file_write(PARAMETER, initial);
	if (stranded)
		ksft_print_msg("%u times a GIC without a descriptor was left\n", stranded);
	ok &= CHECK(nth < MOST_POINTS, "%s: there is no end", c->name);
	ok &= CHECK(nth > 1, "%s: nothing can fail", c->name);
	return ok ? (int)nth - 1 : -1;
}

/* Returns the number of this process's VMs, by their directories in debugfs. */
static unsigned int vms_left(void)
{
	DIR *dir = opendir(DEBUGFS "kvm");
	unsigned int nr = 0;
	struct dirent *e;
	char mine[32];

	snprintf(mine, sizeof(mine), "%d-", getpid());
	while (dir && (e = readdir(dir)))
		nr += !strncmp(e->d_name, mine, strlen(mine));
	if (dir)
		closedir(dir);
	return nr;
}

/* kmemleak reports objects older than five seconds, in the second scan that finds them. */
static bool has_leaks(void)
{
	char line[512];
	bool any = false;
	FILE *file;

	sleep(6);
	for (int i = 0; i < 2; i++)
		TEST_ASSERT(!file_write(KMEMLEAK, "scan"), "kmemleak: %d", errno);
	file = fopen(KMEMLEAK, "r");
	while (file && fgets(line, sizeof(line), file)) {
		any = true;
		ksft_print_msg("%s", line);
	}
	if (file)
		fclose(file);
	return any;
}

/* The optional argument selects the cases whose names contain it. */
int main(int argc, char *argv[])
{
	bool kmemleak = !access(KMEMLEAK, W_OK) && !file_write(KMEMLEAK, "clear");
	unsigned int points = 0, survived = 0;
	const char *missing;
	struct kvm_vm *vm;

	ksft_print_header();
	if (!kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		ksft_exit_skip("no KVM_CAP_GUEST_COMPAT\n");
	atexit(stop_faults);
	missing = start_faults();
	if (missing)
		ksft_exit_skip("no fault injection in this kernel: %s\n", missing);
	file_read(PARAMETER, initial, sizeof(initial));
	kvm_fd = open_kvm_dev_path_or_exit();
	gic_version = kvm_supports_vgic_v3() ? 3 : 2;
	vm = vm_create_barebones();
	compat_make(vm, KVM_GUEST_COMPAT_5_10_V1);
	compat_list(vm, &old);
	compat_make_native(vm);
	compat_list(vm, &native);
	kvm_vm_free(vm);
	/* A page fault of the program itself would add points. */
	TEST_ASSERT(!mlockall(MCL_CURRENT | MCL_FUTURE), "mlockall: %d", errno);

	ksft_set_plan(ARRAY_SIZE(cases) + 2);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int went_on = 0;
		int nr;

		if (argc > 1 && !strstr(cases[i].name, argv[1])) {
			ksft_test_result_skip("%s: not asked for\n", cases[i].name);
			continue;
		}
		nr = each_point(&cases[i], &went_on);
		ksft_print_msg("%d points, %u of them not missed\n", nr, went_on);
		ksft_test_result(nr > 0, "%s\n", cases[i].name);
		points += nr > 0 ? nr : 0;
		survived += went_on;
	}
	ksft_print_msg("%u points in all, %u of them not missed\n", points, survived);
	ksft_test_result(!vms_left(), "no VM is left\n");
	munlockall();
	if (kmemleak)
		ksft_test_result(!has_leaks(), "no memory is left\n");
	else
		ksft_test_result_skip("no memory is left: no CONFIG_DEBUG_KMEMLEAK\n");
	ksft_finished();
}
