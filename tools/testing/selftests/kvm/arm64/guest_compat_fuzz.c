// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes random calls of guest compatibility: KVM_ENABLE_CAP, the attributes of VMs and
 * of /dev/kvm, with vectors mutated from valid ones, KVM_CHECK_EXTENSION,
 * KVM_GET_REG_LIST, GICD_IIDR, kvm.guest_compat and debugfs.
 *
 * Each thread has its own VM, and knows its state: a call that fails must change
 * nothing, a call that succeeds must do what it says. All threads also share some VMs,
 * on which they create, select, add vCPUs and close at the same time. There, each error
 * must be documented, and a vector must be whole, and must not change once the VM has a
 * vCPU. One more thread runs vCPUs of the shared VMs.
 *
 * The calls of a thread depend only on the seed and on its number. With one thread
 * (-t 1), a run repeats exactly, except for what the guests do.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/sizes.h>

#include "guest_asm.h"
#include "guest_compat.h"

#define PARAMETER	"/sys/module/kvm/parameters/guest_compat"
#define DEBUGFS		"/sys/kernel/debug/kvm/"

#define MAX_THREADS	8
#define MAX_BASES	32
#define NR_SHARED	3
#define NR_VCPUS	3
#define CALLS_PER_VM	1000

/* The size of the largest vector that KVM reads, and some more */
#define ROOM		(SZ_4M + SZ_64K)

/* Shared VMs have file descriptors that no other file gets. */
#define SHARED_FD	1000

#define RAM		0x40000000UL
#define GICD_IIDR_AT	0x008

enum check {
	DOCUMENTED,
	REFUSED_KEEPS,
	ACCEPTED_DOES,
	WHOLE,
	FROZEN,
	MOVES,
	AGREE,
	PARAMETER_HOLDS,
	NR_CHECKS
};

static const char * const checks[NR_CHECKS] = {
	[DOCUMENTED]		= "each error is documented",
	[REFUSED_KEEPS]		= "a refused call changes nothing",
	[ACCEPTED_DOES]		= "an accepted call does what it says",
	[WHOLE]			= "a vector is whole",
	[FROZEN]		= "a VM with a vCPU stays what it is",
	[MOVES]			= "what a VM has can be loaded into another",
	[AGREE]			= "CHECK, LOAD and /dev/kvm agree",
	[PARAMETER_HOLDS]	= "kvm.guest_compat takes what it shows, and nothing wrong",
};

static u64 nr_checked[NR_CHECKS], nr_failed[NR_CHECKS];
static u64 calls_done, nr_accepted, nr_refused, seed = 1;
static bool stop;

static int kvm_fd;
static char initial[4096];
static struct compat_vector facts;	/* a vector: all have the same size, ids and names */
static struct {
	u32 number;
	char name[16];
	struct compat_vector vector;
} bases[MAX_BASES];
static unsigned int nr_bases;
static struct kvm_vcpu_init preferred;
static void *guest_memory;

/* One thread and its own VM */
struct thread {
	pthread_t pthread;
	unsigned int nr;
	u64 rnd;
	u8 *buf;		/* ROOM bytes */
	u8 *room;		/* ROOM bytes, before an unmapped page */
	/* The VM, and the state that it must have */
	int vm;
	int vcpu[NR_VCPUS];
	int gic;
	bool gic_ready;
	bool ran;
	u32 iidr;
	u32 baseline;
	struct compat_vector has;
};

/* A shared VM. @generation is odd while a thread creates or closes the VM. */
static struct shared {
	pthread_mutex_t lock;
	unsigned int generation;
	pid_t maker;
	int made_as;			/* its first file descriptor, which debugfs shows */
	int nr_vcpus;
	bool frozen;
	struct compat_vector has;	/* valid if @frozen */
} shared[NR_SHARED];

/* The file descriptors of a shared VM, and of its vCPU @n */
static int shared_vm(struct shared *s)
{
	return SHARED_FD + (s - shared) * (1 + NR_VCPUS);
}

static int shared_vcpu(struct shared *s, int n)
{
	return shared_vm(s) + 1 + n;
}

static u64 rnd(struct thread *t)
{
	u64 z = (t->rnd += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static u64 below(struct thread *t, u64 n)
{
	return rnd(t) % n;
}

static bool one_in(struct thread *t, u64 n)
{
	return !below(t, n);
}

static void __printf(4, 5) expect(struct thread *t, enum check what, bool ok, const char *fmt, ...)
{
	static unsigned int shown;
	char buf[384];
	va_list ap;

	__sync_fetch_and_add(&nr_checked[what], 1);
	if (ok)
		return;
	if (__sync_fetch_and_add(&nr_failed[what], 1) > 4 || __sync_fetch_and_add(&shown, 1) > 40)
		return;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	ksft_print_msg("%s: -s %#lx, thread %u: %s\n", checks[what], seed, t->nr, buf);
}

static int call(int fd, unsigned long nr, void *arg)
{
	int ret = ioctl(fd, nr, arg);

	ret = ret < 0 ? -errno : ret;
	__sync_fetch_and_add(&calls_done, 1);
	__sync_fetch_and_add(ret < 0 ? &nr_refused : &nr_accepted, 1);
	return ret;
}

static int attr(int fd, unsigned long nr, u64 which, void *arg)
{
	struct kvm_device_attr a = {
		.group = KVM_GUEST_COMPAT_CTRL, .attr = which, .addr = (u64)arg,
	};

	return call(fd, nr, &a);
}

static int get(int fd, u64 which, void *arg)
{
	return attr(fd, KVM_GET_DEVICE_ATTR, which, arg);
}

static int set(int fd, u64 which, void *arg)
{
	return attr(fd, KVM_SET_DEVICE_ATTR, which, arg);
}

static int list(int fd, struct compat_vector *v)
{
	v->hdr.size = sizeof(*v);
	return get(fd, KVM_GUEST_COMPAT_LIST, v);
}

/* Returns a value that is often at or near a limit. */
static u32 odd_u32(struct thread *t)
{
	switch (below(t, 8)) {
	case 0:
		return 0;
	case 1:
		return ~0;
	case 2:
		return BIT(below(t, 32));
	case 3:
		return BIT(below(t, 32)) - 1;
	case 4:
		return below(t, 256);
	case 5:
		return bases[below(t, nr_bases)].number;
	default:
		return rnd(t);
	}
}

/* Returns an invalid pointer, or one with too few bytes behind it. */
static void *odd_pointer(struct thread *t)
{
	switch (below(t, 4)) {
	case 0:
		return NULL;
	case 1:
		return (void *)(rnd(t) | BIT(50));
	case 2:
		return (void *)(1UL << (40 + below(t, 24)));
	default:
		return t->room + ROOM - below(t, 64);
	}
}

static bool is_whole(struct compat_vector *v)
{
	bool ok = v->hdr.size == facts.hdr.size && v->hdr.entry_size == facts.hdr.entry_size &&
		  v->hdr.native == facts.hdr.native && !v->hdr.flags;

	for (u32 i = 0; ok && i < compat_nr(&facts); i++) {
		struct kvm_guest_compat_behaviour *a = compat_entry(v, i);
		struct kvm_guest_compat_behaviour *b = compat_entry(&facts, i);

		ok = a->id == b->id && a->dflt == b->dflt && a->highest == b->highest &&
		     a->revision <= a->highest && !strcmp(a->name, b->name) && !a->flags &&
		     !a->reserved;
	}
	return ok;
}

/* Vectors */

static struct kvm_guest_compat_behaviour *entry_at(u8 *v, u32 i)
{
	struct kvm_guest_compat_vector *hdr = (void *)v;

	return (void *)v + sizeof(*hdr) + i * hdr->entry_size;
}

static u32 nr_entries(u8 *v)
{
	struct kvm_guest_compat_vector *hdr = (void *)v;

	if (hdr->size < sizeof(*hdr) || hdr->entry_size < sizeof(struct kvm_guest_compat_behaviour))
		return 0;
	return (hdr->size - sizeof(*hdr)) / hdr->entry_size;
}

/* Copies a vector, with larger entries. The added bytes are zero, or one is not. */
static void grow(struct thread *t, struct compat_vector *from, u8 *to)
{
	u32 extra = one_in(t, 4) ? below(t, 4096 - from->hdr.entry_size + 1) : 8 * below(t, 16);
	u32 size = from->hdr.entry_size + extra;
	struct kvm_guest_compat_vector *hdr = (void *)to;
	u32 nr = compat_nr(from);

	*hdr = from->hdr;
	hdr->entry_size = size;
	hdr->size = sizeof(*hdr) + nr * size;
	for (u32 i = 0; i < nr; i++) {
		memcpy(entry_at(to, i), compat_entry(from, i), from->hdr.entry_size);
		memset((void *)entry_at(to, i) + from->hdr.entry_size, 0, extra);
	}
	if (extra && one_in(t, 2))
		*((u8 *)entry_at(to, below(t, nr)) + from->hdr.entry_size + below(t, extra)) = 1;
}

/* Adds entries of unknown behaviours, up to about the 1024 that KVM reads. */
static void fill(struct thread *t, struct compat_vector *from, u8 *to)
{
	struct kvm_guest_compat_vector *hdr = (void *)to;
	u32 nr = compat_nr(from), all = 1022 + below(t, 4);

	memcpy(to, from, from->hdr.size);
	hdr->size = sizeof(*hdr) + all * hdr->entry_size;
	for (u32 i = nr; i < all; i++) {
		memset(entry_at(to, i), 0, hdr->entry_size);
		*entry_at(to, i) = (struct kvm_guest_compat_behaviour) {
			.id = 1000 + i,
			.releases = { ~0ULL, ~0ULL },
		};
	}
}

static void mutate(struct thread *t, u8 *v)
{
	struct kvm_guest_compat_vector *hdr = (void *)v;
	u32 nr = nr_entries(v), size = hdr->size;
	struct kvm_guest_compat_behaviour *a, *b, tmp;

	if (!nr || nr > 1024 || size > ROOM)
		return;
	a = entry_at(v, below(t, nr));
	b = entry_at(v, below(t, nr));
	switch (below(t, 16)) {
	case 0:		/* any bit */
		v[below(t, size)] ^= BIT(below(t, 8));
		break;
	case 1:		/* any word */
		*(u32 *)(v + 4 * below(t, size / 4)) = odd_u32(t);
		break;
	case 2:		/* any word of the header */
		*(u32 *)(v + 4 * below(t, sizeof(*hdr) / 4)) = odd_u32(t);
		break;
	case 3:
		hdr->size += (s32)below(t, 3) * hdr->entry_size - hdr->entry_size;
		break;
	case 4:
		hdr->native = odd_u32(t) % 40;
		break;
	case 5:
		hdr->baseline = odd_u32(t);
		break;
	case 6:		/* another order */
		tmp = *a;
		*a = *b;
		*b = tmp;
		break;
	case 7:		/* twice */
		*a = *b;
		break;
	case 8:		/* unknown */
		a->id = odd_u32(t);
		break;
	case 9:
		a->releases[below(t, 2)] = rnd(t);
		a->id = 200 + below(t, 1000);
		break;
	case 10:	/* missing */
		*a = *entry_at(v, nr - 1);
		hdr->size -= hdr->entry_size;
		break;
	default:	/* another revision, valid or not */
		a->revision = one_in(t, 4) ? odd_u32(t) : below(t, a->highest + 2ULL);
	}
}

/* Returns a mutated vector that ends at an unmapped page, or would end in it. */
static void *some_vector(struct thread *t)
{
	struct compat_vector *from = one_in(t, 4) ? &t->has : &bases[below(t, nr_bases)].vector;
	u8 *buf = t->buf;
	struct kvm_guest_compat_vector *hdr = (void *)buf;
	u32 size;

	if (one_in(t, 16))
		fill(t, from, buf);
	else if (one_in(t, 8))
		grow(t, from, buf);
	else
		memcpy(buf, from, from->hdr.size);
	for (u64 n = below(t, 4); n; n--)
		mutate(t, buf);

	size = hdr->size < sizeof(*hdr) ? sizeof(*hdr) : min_t(u32, hdr->size, ROOM);
	if (one_in(t, 16))
		size -= below(t, size);
	memcpy(t->room + ROOM - size, buf, size);
	return t->room + ROOM - size;
}

/* The VM of a thread */

static int iidr_attr(struct thread *t, unsigned long nr, u32 *val)
{
	struct kvm_device_attr a = {
		.group = KVM_DEV_ARM_VGIC_GRP_DIST_REGS, .attr = GICD_IIDR_AT, .addr = (u64)val,
	};

	return call(t->gic, nr, &a);
}

static int new_vm(void)
{
	struct kvm_userspace_memory_region slot = {
		.guest_phys_addr = RAM, .memory_size = getpagesize(),
		.userspace_addr = (u64)guest_memory,
	};
	int vm = call(kvm_fd, KVM_CREATE_VM, (void *)0);

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %d", vm);
	TEST_ASSERT(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "memory: %d", errno);
	return vm;
}

static void close_all(struct thread *t)
{
	for (int i = 0; i < NR_VCPUS; i++)
		if (t->vcpu[i] >= 0)
			close(t->vcpu[i]);
	if (t->gic >= 0)
		close(t->gic);
	close(t->vm);
}

static void renew(struct thread *t)
{
	unsigned int base = below(t, nr_bases);
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_GUEST_COMPAT, .args = { bases[base].number },
	};
	int ret;

	if (t->vm >= 0)
		close_all(t);
	t->vm = new_vm();
	memset(t->vcpu, -1, sizeof(t->vcpu));
	t->gic = -1;
	t->gic_ready = false;
	t->ran = false;
	/* Select at once: the VM has the host default, and other threads change that. */
	ret = call(t->vm, KVM_ENABLE_CAP, &cap);
	expect(t, ACCEPTED_DOES, !ret, "baseline %#x of a new VM: %d", bases[base].number, ret);
	t->has = bases[base].vector;
	t->baseline = bases[base].number;
}

static bool has_vcpu(struct thread *t)
{
	return t->vcpu[0] >= 0;
}

/* In one of eight calls, checks that the VM has the state that it must have. */
static void look(struct thread *t, bool refused, const char *what)
{
	static __thread struct compat_vector v;
	int ret;

	if (!one_in(t, 8))
		return;
	ret = list(t->vm, &v);
	expect(t, DOCUMENTED, !ret, "LIST: %d", ret);
	if (ret)
		return;
	expect(t, WHOLE, is_whole(&v), "after %s", what);
	expect(t, refused ? REFUSED_KEEPS : ACCEPTED_DOES,
	       v.hdr.baseline == t->baseline && compat_same(&v, &t->has),
	       "%s, baseline %#x, and it must be %#x", what, v.hdr.baseline, t->baseline);
	/* Report each fault only once. */
	t->has = v;
	t->baseline = v.hdr.baseline;
}

/* A call for @want succeeded. If the VM has a vCPU, this must be the vector that it had. */
static void has_now(struct thread *t, struct compat_vector *want, u32 baseline)
{
	if (has_vcpu(t)) {
		expect(t, FROZEN, compat_same(&t->has, want), "baseline %#x was accepted",
		       baseline);
		return;
	}
	t->has = *want;
	t->baseline = baseline;
}

static void do_select(struct thread *t)
{
	unsigned int base = below(t, nr_bases);
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_GUEST_COMPAT, .args = { bases[base].number },
	};
	bool valid = true;
	char what[64];
	int ret;

	if (one_in(t, 3)) {
		switch (below(t, 3)) {
		case 0:
			cap.flags = odd_u32(t);
			break;
		case 1:
			cap.args[below(t, 4)] = one_in(t, 2) ? rnd(t) : odd_u32(t);
			break;
		default:
			cap.args[0] |= rnd(t) << 32;
		}
		valid = !cap.flags && !cap.args[1] && !cap.args[2] && !cap.args[3];
		for (base = 0; base < nr_bases && bases[base].number != cap.args[0]; )
			base++;
		valid &= base < nr_bases;
	}
	ret = call(t->vm, KVM_ENABLE_CAP, &cap);
	snprintf(what, sizeof(what), "baseline %#llx: %d", cap.args[0], ret);
	if (!valid)
		expect(t, DOCUMENTED, ret == -EINVAL, "%s", what);
	else if (has_vcpu(t))
		expect(t, DOCUMENTED, !ret || ret == -EBUSY, "%s with a vCPU", what);
	else
		expect(t, DOCUMENTED, !ret, "%s", what);
	if (!ret && valid)
		has_now(t, &bases[base].vector, bases[base].number);
	look(t, ret, what);
}

static void do_revision(struct thread *t)
{
	struct kvm_guest_compat_behaviour *b = compat_entry(&facts, below(t, compat_nr(&facts)));
	struct kvm_guest_compat_revision arg = {
		.id = b->id, .revision = below(t, b->highest + 1),
	}, was;
	static __thread struct compat_vector want;
	bool writes = one_in(t, 2), odd = one_in(t, 4);
	void *ptr = &arg;
	char what[96];
	int ret;

	if (odd) {
		switch (below(t, 4)) {
		case 0:
			arg.id = odd_u32(t);
			break;
		case 1:
			arg.revision = odd_u32(t);
			break;
		case 2:
			((u32 *)&arg)[2 + below(t, 2)] = odd_u32(t);
			break;
		default:
			ptr = odd_pointer(t);
		}
	}
	was = arg;
	ret = writes ? set(t->vm, KVM_GUEST_COMPAT_REVISION, ptr) :
		       get(t->vm, KVM_GUEST_COMPAT_REVISION, ptr);
	snprintf(what, sizeof(what), "%s %u=%u: %d", writes ? "set" : "get", was.id, was.revision,
		 ret);
	expect(t, DOCUMENTED, !ret || ret == -EINVAL || (ret == -EFAULT && ptr != &arg) ||
	       (ret == -EBUSY && writes && has_vcpu(t)), "%s", what);
	if (!ret && ptr == &arg) {
		want = t->has;
		for (u32 i = 0; i < compat_nr(&want); i++) {
			b = compat_entry(&want, i);
			if (b->id != arg.id)
				continue;
			if (!writes)
				expect(t, ACCEPTED_DOES, b->revision == arg.revision, "%s gives %u",
				       what, arg.revision);
			b->revision = arg.revision;
		}
		if (writes)
			has_now(t, &want, t->baseline);
	}
	look(t, ret, what);
}

static void do_vector(struct thread *t)
{
	struct kvm_guest_compat_vector *hdr = some_vector(t);
	struct kvm_guest_compat_check here = { .vector = (u64)hdr }, there = here;
	static __thread struct compat_vector want;
	int check, other, ret;
	char what[64];
	bool readable;

	check = get(t->vm, KVM_GUEST_COMPAT_CHECK, &here);
	expect(t, DOCUMENTED, !check || check == -EINVAL || check == -E2BIG || check == -EFAULT,
	       "CHECK: %d", check);
	expect(t, AGREE, !here.bad_id || check, "bad_id %u, but %d", here.bad_id, check);
	if (one_in(t, 4)) {
		other = get(kvm_fd, KVM_GUEST_COMPAT_CHECK, &there);
		expect(t, AGREE, check == other && here.bad_id == there.bad_id &&
		       here.bad_entry == there.bad_entry, "%d and %d, %u and %u", check, other,
		       here.bad_id, there.bad_id);
	}
	if (one_in(t, 3))
		return;

	ret = set(t->vm, KVM_GUEST_COMPAT_LOAD, hdr);
	snprintf(what, sizeof(what), "LOAD: %d, CHECK: %d", ret, check);
	expect(t, AGREE, ret == check || (!check && ret == -EBUSY && has_vcpu(t)), "%s", what);
	if (!ret) {
		/* KVM has added revisions of missing behaviours, so read the vector back. */
		readable = !list(t->vm, &want);
		expect(t, WHOLE, readable && is_whole(&want), "%s", what);
		for (u32 i = 0; i < nr_entries((u8 *)hdr); i++) {
			struct kvm_guest_compat_behaviour *asked = entry_at((u8 *)hdr, i), *b;

			for (u32 j = 0; (b = compat_entry(&want, j)); j++)
				if (b->id == asked->id)
					expect(t, ACCEPTED_DOES, b->revision == asked->revision,
					       "%s: %s=%u, and it has %u", what, b->name,
					       asked->revision, b->revision);
		}
		has_now(t, &want, hdr->baseline);
	}
	look(t, ret, what);
}

static void do_odd_attr(struct thread *t)
{
	int fd = one_in(t, 2) ? t->vm : kvm_fd, ret;
	struct kvm_device_attr a = {
		.group = KVM_GUEST_COMPAT_CTRL, .attr = below(t, 8), .addr = (u64)odd_pointer(t),
	};
	static const unsigned long ioctls[] = {
		KVM_HAS_DEVICE_ATTR, KVM_GET_DEVICE_ATTR, KVM_SET_DEVICE_ATTR,
	};
	unsigned long nr = ioctls[below(t, 3)];

	if (one_in(t, 4))
		a.flags = odd_u32(t);
	if (one_in(t, 4))
		a.attr = rnd(t);
	if (one_in(t, 4))
		a.group = odd_u32(t);
	ret = one_in(t, 8) ? call(fd, nr, odd_pointer(t)) : call(fd, nr, &a);
	if (a.group == KVM_GUEST_COMPAT_CTRL)
		expect(t, DOCUMENTED, !ret || ret == -ENXIO || ret == -EINVAL || ret == -EFAULT ||
		       ret == -E2BIG, "group %#x, attribute %#llx: %d", a.group, a.attr, ret);
	if (fd == t->vm)
		look(t, ret, "an odd attribute");
}

static void do_list(struct thread *t)
{
	int fd = one_in(t, 2) ? t->vm : kvm_fd, ret;
	bool lists = one_in(t, 2);
	u64 which = lists ? KVM_GUEST_COMPAT_LIST : KVM_GUEST_COMPAT_BASELINES;
	u32 size = one_in(t, 4) ? odd_u32(t) : below(t, facts.hdr.size + 16);
	u32 *to = (u32 *)(t->room + ROOM - SZ_64K);

	if (one_in(t, 8)) {
		ret = get(fd, which, odd_pointer(t));
		expect(t, DOCUMENTED, !ret || ret == -EFAULT || ret == -E2BIG, "%d", ret);
		return;
	}
	*to = size;
	ret = get(fd, which, to);
	expect(t, DOCUMENTED, !ret || ret == -E2BIG, "room for %u: %d", size, ret);
	if (lists)
		expect(t, ACCEPTED_DOES, *to == facts.hdr.size &&
		       ret == (size < facts.hdr.size ? -E2BIG : 0), "room for %u: %d, and says %u",
		       size, ret, *to);
}

static void do_capability(struct thread *t)
{
	static const struct {
		long cap;
		const char *name;
	} announced[] = {
		{ KVM_CAP_COUNTER_OFFSET, "list_ptimer" },
		{ KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, "list_bmap_2" },
	};
	long cap = KVM_CAP_GUEST_COMPAT;
	int on_vm, on_dev;

	if (one_in(t, 2)) {
		int i = below(t, ARRAY_SIZE(announced));

		on_vm = call(t->vm, KVM_CHECK_EXTENSION, (void *)announced[i].cap);
		expect(t, ACCEPTED_DOES, compat_find(&t->has, announced[i].name)->revision ?
		       on_vm >= 0 : !on_vm, "capability %ld: %d", announced[i].cap, on_vm);
		return;
	}
	on_vm = call(t->vm, KVM_CHECK_EXTENSION, (void *)cap);
	on_dev = call(kvm_fd, KVM_CHECK_EXTENSION, (void *)cap);
	expect(t, ACCEPTED_DOES, on_vm > 0 && on_vm == on_dev, "%d and %d", on_vm, on_dev);
	cap = one_in(t, 2) ? (long)below(t, 300) : (long)rnd(t);
	call(one_in(t, 2) ? t->vm : kvm_fd, KVM_CHECK_EXTENSION, (void *)cap);
}

static void do_move(struct thread *t)
{
	static __thread struct compat_vector v;
	int vm = new_vm(), ret;

	ret = set(vm, KVM_GUEST_COMPAT_LOAD, &t->has);
	expect(t, MOVES, !ret, "LOAD: %d", ret);
	ret = list(vm, &v);
	expect(t, MOVES, !ret && compat_same(&v, &t->has) && v.hdr.baseline == t->has.hdr.baseline,
	       "another VM has something else");
	close(vm);
}

static void do_vcpu(struct thread *t)
{
	struct kvm_vcpu_init init = preferred;
	int i = below(t, NR_VCPUS), ret;

	if (t->vcpu[i] < 0) {
		/* A VM without a vCPU can select again, so some VMs get none. */
		if (!one_in(t, 4))
			return;
		/*
		 * In protected mode, 6.12 panics if a vCPU runs that was created after
		 * another one of its VM has run. 6.16 and later refuse to run it.
		 */
		if (t->ran)
			return;
		i = 0;
		while (t->vcpu[i] >= 0)
			i++;
		ret = call(t->vm, KVM_CREATE_VCPU, (void *)(long)i);
		TEST_ASSERT(ret >= 0 || ret == -EBUSY, "KVM_CREATE_VCPU: %d", ret);
		if (ret < 0)
			return;
		t->vcpu[i] = ret;
		init.features[0] = BIT(KVM_ARM_VCPU_PSCI_0_2);
		ret = call(t->vcpu[i], KVM_ARM_VCPU_INIT, &init);
		expect(t, ACCEPTED_DOES, !ret, "KVM_ARM_VCPU_INIT: %d", ret);
	} else if (one_in(t, 2)) {
		init.features[0] = one_in(t, 2) ? BIT(KVM_ARM_VCPU_PSCI_0_2) : rnd(t) & 0x1ff;
		call(t->vcpu[i], KVM_ARM_VCPU_INIT, &init);
	} else {
		struct kvm_reg_list *regs = (void *)(t->room + ROOM - SZ_64K);

		regs->n = one_in(t, 2) ? 4096 : below(t, 700);
		if (one_in(t, 16))
			regs->n = rnd(t);
		ret = call(t->vcpu[i], KVM_GET_REG_LIST, regs);
		expect(t, DOCUMENTED, !ret || ret == -E2BIG || ret == -EFAULT || ret == -ENOEXEC,
		       "KVM_GET_REG_LIST: %d", ret);
	}
	look(t, true, "a vCPU");
}

static void make_gic(struct thread *t)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	u64 dist = 0x8000000, redist = 0x80a0000;
	struct kvm_device_attr a = { .group = KVM_DEV_ARM_VGIC_GRP_ADDR };
	bool v3;
	int ret = call(t->vm, KVM_CREATE_DEVICE, &device);

	v3 = !ret;
	if (ret == -ENODEV) {
		device.type = KVM_DEV_TYPE_ARM_VGIC_V2;
		ret = call(t->vm, KVM_CREATE_DEVICE, &device);
	}
	/* A VM that has run without a GIC cannot have one. */
	if (ret)
		return;
	t->gic = device.fd;
	a.attr = v3 ? KVM_VGIC_V3_ADDR_TYPE_DIST : KVM_VGIC_V2_ADDR_TYPE_DIST;
	a.addr = (u64)&dist;
	call(t->gic, KVM_SET_DEVICE_ATTR, &a);
	a.attr = v3 ? KVM_VGIC_V3_ADDR_TYPE_REDIST : KVM_VGIC_V2_ADDR_TYPE_CPU;
	a.addr = (u64)&redist;
	call(t->gic, KVM_SET_DEVICE_ATTR, &a);
	/* After this, KVM creates no more vCPUs. */
	a = (struct kvm_device_attr) {
		.group = KVM_DEV_ARM_VGIC_GRP_CTRL, .attr = KVM_DEV_ARM_VGIC_CTRL_INIT,
	};
	t->gic_ready = has_vcpu(t) && !call(t->gic, KVM_SET_DEVICE_ATTR, &a);
	if (t->gic_ready) {
		ret = iidr_attr(t, KVM_GET_DEVICE_ATTR, &t->iidr);
		expect(t, ACCEPTED_DOES, !ret &&
		       (t->iidr >> 12 & 0xf) == compat_find(&t->has, "gicd_iidr")->revision,
		       "GICD_IIDR %#x, but gicd_iidr is %u", t->iidr,
		       compat_find(&t->has, "gicd_iidr")->revision);
	}
}

static void do_gic(struct thread *t)
{
	u32 val = t->iidr, now = 0;
	int ret;

	if (t->gic < 0) {
		if (has_vcpu(t) && one_in(t, 4))
			make_gic(t);
		return;
	}
	if (!t->gic_ready)
		return;
	val = one_in(t, 2) ? (val & ~0xf000) | below(t, 16) << 12 : val ^ BIT(below(t, 32));
	if (one_in(t, 8))
		val = rnd(t);
	ret = iidr_attr(t, KVM_SET_DEVICE_ATTR, &val);
	expect(t, DOCUMENTED, !ret || ret == -EINVAL || ret == -EBUSY, "GICD_IIDR %#x: %d", val,
	       ret);
	if (!ret)
		t->iidr = val;
	ret = iidr_attr(t, KVM_GET_DEVICE_ATTR, &now);
	expect(t, ret || now == t->iidr ? ACCEPTED_DOES : REFUSED_KEEPS, ret == -EBUSY ||
	       now == t->iidr, "GICD_IIDR is %#x, not %#x: %d", now, t->iidr, ret);
}

/* The timer's signal ends KVM_RUN of this thread. */
static timer_t make_timer(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM,
		._sigev_un._tid = gettid(),
	};
	timer_t timer;

	TEST_ASSERT(!timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create: %d", errno);
	return timer;
}

static void run_for(int vcpu, timer_t timer, long ns)
{
	struct itimerspec soon = { { 0, ns }, { 0, ns } }, never = {};

	timer_settime(timer, 0, &soon, NULL);
	call(vcpu, KVM_RUN, NULL);
	timer_settime(timer, 0, &never, NULL);
}

static void do_run(struct thread *t)
{
	static __thread timer_t timer;
	static __thread bool made;
	int i = below(t, NR_VCPUS);

	/* If a vCPU runs before the GIC is initialised, KVM ends the VM. */
	if (t->vcpu[i] < 0 || (t->gic >= 0 && !t->gic_ready))
		return;
	if (!made)
		timer = make_timer();
	made = true;
	t->ran = true;
	run_for(t->vcpu[i], timer, 300000);
	look(t, true, "a run");
}

/* kvm.guest_compat */

static void do_parameter(struct thread *t)
{
	static __thread char text[8192], now[4096];
	int fd = open(PARAMETER, O_RDWR);
	ssize_t len, ret;
	size_t at;

	TEST_ASSERT(fd >= 0, PARAMETER ": %d", errno);
	if (one_in(t, 3)) {
		len = read(fd, now, sizeof(now));
		expect(t, PARAMETER_HOLDS, len > 0 && now[len - 1] == '\n', "read: %zd", len);
		if (len > 0) {
			ret = pwrite(fd, now, len, 0);
			expect(t, PARAMETER_HOLDS, ret == len, "\"%.*s\" is shown, but refused: %d",
			       (int)len - 1, now, errno);
			__sync_fetch_and_add(&nr_accepted, 1);
		}
		__sync_fetch_and_add(&calls_done, 2);
		close(fd);
		return;
	}

	at = snprintf(text, sizeof(text), "%s", bases[below(t, nr_bases)].name);
	if (one_in(t, 4))
		at = strcspn(text, "-");
	for (u64 n = below(t, one_in(t, 32) ? 200 : 4); n; n--) {
		struct kvm_guest_compat_behaviour *b =
			compat_entry(&facts, below(t, compat_nr(&facts)));

		/* 200 of the longest names fit into text[]. */
		at += sprintf(text + at, ",%s=%u", b->name,
			      (u32)below(t, b->highest + (one_in(t, 8) ? 2 : 1)));
	}
	for (u64 n = one_in(t, 2) ? below(t, 4) : 0; n && at; n--)
		text[below(t, at)] = one_in(t, 2) ? rnd(t) : ",=-\n0v."[below(t, 7)];
	if (one_in(t, 32))
		at += below(t, sizeof(text) - at);
	if (!at)
		at = 1;
	ret = write(fd, text, at);
	expect(t, PARAMETER_HOLDS, ret > 0 || errno == EINVAL, "write: %d", errno);
	__sync_fetch_and_add(&calls_done, 1);
	__sync_fetch_and_add(ret > 0 ? &nr_accepted : &nr_refused, 1);
	close(fd);
}

/* VMs of all threads */

static void move_fd(int from, int to)
{
	TEST_ASSERT(dup2(from, to) == to, "dup2: %d", errno);
	close(from);
}

static void make_shared(struct shared *s)
{
	s->made_as = new_vm();
	s->maker = gettid();
	s->nr_vcpus = 0;
	s->frozen = false;
	move_fd(s->made_as, shared_vm(s));
}

static void close_shared(struct shared *s)
{
	while (s->nr_vcpus)
		close(shared_vcpu(s, --s->nr_vcpus));
	close(shared_vm(s));
}

/* The other threads go on with their calls, so one of these can drop the last reference. */
static void renew_shared(struct shared *s)
{
	if (pthread_mutex_trylock(&s->lock))
		return;
	__sync_fetch_and_add(&s->generation, 1);
	close_shared(s);
	make_shared(s);
	__sync_fetch_and_add(&s->generation, 1);
	pthread_mutex_unlock(&s->lock);
}

static void add_shared_vcpus(struct thread *t, struct shared *s)
{
	struct kvm_vcpu_init init = preferred;
	static __thread struct compat_vector v;
	int fd[NR_VCPUS];

	/* The lock protects nr_vcpus. */
	if (pthread_mutex_trylock(&s->lock))
		return;
	if (!s->nr_vcpus) {
		init.features[0] = BIT(KVM_ARM_VCPU_PSCI_0_2);
		for (int i = 0; i < NR_VCPUS; i++) {
			fd[i] = call(shared_vm(s), KVM_CREATE_VCPU, (void *)(long)i);
			TEST_ASSERT(fd[i] >= 0, "KVM_CREATE_VCPU: %d", fd[i]);
			call(fd[i], KVM_ARM_VCPU_INIT, &init);
		}
		/* Create all vCPUs before one can run: see do_vcpu(). */
		for (int i = 0; i < NR_VCPUS; i++)
			move_fd(fd[i], shared_vcpu(s, i));
		s->nr_vcpus = NR_VCPUS;
		if (!list(shared_vm(s), &v)) {
			s->has = v;
			expect(t, WHOLE, is_whole(&v), "with its first vCPUs");
			__atomic_store_n(&s->frozen, true, __ATOMIC_RELEASE);
		}
	}
	pthread_mutex_unlock(&s->lock);
}

static void read_debugfs(struct thread *t, struct shared *s)
{
	static __thread char text[SZ_64K];
	char name[128];
	ssize_t len;
	int fd;

	snprintf(name, sizeof(name), DEBUGFS "%d-%d/guest_compat", s->maker, s->made_as);
	fd = open(name, O_RDONLY);
	__sync_fetch_and_add(&calls_done, 1);
	if (fd < 0)
		return;
	/* EIO: the file is that of a closed VM, or of an older one whose vCPU still ran. */
	len = read(fd, text, sizeof(text));
	expect(t, DOCUMENTED, len > 0 ? !strncmp(text, "baseline ", 9) :
	       len < 0 && errno == EIO, "%s: %zd, %d", name, len, errno);
	close(fd);
}

static void do_shared(struct thread *t)
{
	struct shared *s = &shared[below(t, NR_SHARED)];
	unsigned int generation = __atomic_load_n(&s->generation, __ATOMIC_ACQUIRE);
	unsigned int base = below(t, nr_bases);
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_GUEST_COMPAT, .args = { bases[base].number },
	};
	struct kvm_guest_compat_behaviour *b = compat_entry(&facts, below(t, compat_nr(&facts)));
	struct kvm_guest_compat_revision rev = {
		.id = b->id, .revision = below(t, b->highest + 1),
	};
	static __thread struct compat_vector v, has;
	int vm = shared_vm(s), ret;
	const char *what;
	bool frozen;

	if (generation & 1)
		return;
	frozen = __atomic_load_n(&s->frozen, __ATOMIC_ACQUIRE);
	switch (below(t, 32)) {
	case 0:
		renew_shared(s);
		return;
	case 1 ... 2:
		add_shared_vcpus(t, s);
		return;
	case 3 ... 4:
		read_debugfs(t, s);
		return;
	case 5 ... 12:
		what = "select";
		ret = call(vm, KVM_ENABLE_CAP, &cap);
		break;
	case 13 ... 17:
		what = "REVISION";
		ret = set(vm, KVM_GUEST_COMPAT_REVISION, &rev);
		break;
	case 18 ... 22:
		what = "LOAD";
		ret = set(vm, KVM_GUEST_COMPAT_LOAD, some_vector(t));
		break;
	default:
		what = "LIST";
		ret = list(vm, &v);
	}
	has = s->has;
	/* Ignore the result if the VM was closed meanwhile. */
	if (__sync_fetch_and_add(&s->generation, 0) != generation)
		return;
	expect(t, DOCUMENTED, !ret || ret == -EINVAL || ret == -E2BIG || ret == -EFAULT ||
	       ret == -EBUSY, "%s: %d", what, ret);
	if (strcmp(what, "LIST"))
		return;
	expect(t, WHOLE, !ret && is_whole(&v), "LIST: %d", ret);
	if (frozen)
		expect(t, FROZEN, compat_same(&v, &has) &&
		       v.hdr.baseline == has.hdr.baseline, "baseline %#x, was %#x",
		       v.hdr.baseline, has.hdr.baseline);
}

static void *throw(void *arg)
{
	struct thread *t = arg;
	unsigned int left = 0;

	while (!READ_ONCE(stop)) {
		if (!left--) {
			renew(t);
			left = below(t, CALLS_PER_VM);
		}
		switch (below(t, 64)) {
		case 0 ... 7:
			do_select(t);
			break;
		case 8 ... 15:
			do_revision(t);
			break;
		case 16 ... 27:
			do_vector(t);
			break;
		case 28 ... 30:
			do_odd_attr(t);
			break;
		case 31 ... 33:
			do_list(t);
			break;
		case 34 ... 37:
			do_capability(t);
			break;
		case 38:
			do_move(t);
			break;
		case 39 ... 40:
			do_vcpu(t);
			break;
		case 41 ... 43:
			do_gic(t);
			break;
		case 44:
			do_run(t);
			break;
		case 45 ... 46:
			do_parameter(t);
			break;
		default:
			do_shared(t);
		}
	}
	close_all(t);
	return NULL;
}

/* Runs the vCPUs of all */
static void *run_vcpus(void *arg)
{
	timer_t timer = make_timer();
	struct thread t = { .rnd = seed };

	while (!READ_ONCE(stop)) {
		struct shared *s = &shared[below(&t, NR_SHARED)];

		if (READ_ONCE(s->nr_vcpus))
			run_for(shared_vcpu(s, below(&t, NR_VCPUS)), timer, 2000000);
		else
			usleep(1000);
	}
	timer_delete(timer);
	return NULL;
}

static void learn(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct kvm_guest_compat_baseline *b;

	kvm_get_default_vcpu_target(vm, &preferred);
	compat_make_native(vm);
	bases[0].number = COMPAT_NATIVE;
	strcpy(bases[0].name, "native");
	compat_list(vm, &bases[0].vector);
	facts = bases[0].vector;
	for (nr_bases = 1; nr_bases < MAX_BASES; nr_bases++) {
		b = compat_baseline(nr_bases - 1);
		if (!b)
			break;
		compat_make(vm, b->baseline);
		bases[nr_bases].number = b->baseline;
		strcpy(bases[nr_bases].name, b->name);
		compat_list(vm, &bases[nr_bases].vector);
	}
	kvm_vm_free(vm);
}

static void restore(void)
{
	int fd = open(PARAMETER, O_WRONLY);

	if (fd < 0 || write(fd, initial, strlen(initial)) < 0)
		ksft_print_msg("kvm.guest_compat is not what it was\n");
}

/* The signal itself interrupts KVM_RUN. */
static void do_nothing(int signal)
{
}

static void help(void)
{
	printf("usage: guest_compat_fuzz [-n CALLS] [-s SEED] [-t THREADS]\n"
	       "  -n CALLS    how many calls (20000)\n"
	       "  -s SEED     of what is thrown (1)\n"
	       "  -t THREADS  how many throw (3)\n");
	exit(KSFT_FAIL);
}

int main(int argc, char *argv[])
{
	struct sigaction act = { .sa_handler = do_nothing };
	static struct thread threads[MAX_THREADS];
	u64 calls = 20000, nr_threads = 3, shown = 0, done;
	pthread_t runner;
	int opt, fd;

	while ((opt = getopt(argc, argv, "n:s:t:")) != -1) {
		switch (opt) {
		case 'n':
			calls = strtoull(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			nr_threads = strtoull(optarg, NULL, 0);
			break;
		default:
			help();
		}
	}
	if (!nr_threads || nr_threads > MAX_THREADS)
		help();

	ksft_print_header();
	if (!kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		ksft_exit_skip("no KVM_CAP_GUEST_COMPAT\n");
	TEST_REQUIRE(!access(PARAMETER, W_OK));
	ksft_set_plan(NR_CHECKS);
	ksft_print_msg("seed %#lx, %lu calls, %lu threads\n", seed, calls, nr_threads);
	kvm_fd = open_kvm_dev_path_or_exit();
	fd = open(PARAMETER, O_RDONLY);
	TEST_ASSERT(read(fd, initial, sizeof(initial) - 1) > 0, PARAMETER ": %d", errno);
	close(fd);
	atexit(restore);
	sigaction(SIGALRM, &act, NULL);
	guest_memory = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(guest_memory != MAP_FAILED, "no memory");
	for (u32 *insn = guest_memory; insn < (u32 *)(guest_memory + getpagesize()); )
		insn = emit_asm(insn, GUEST_ASM("b ."));
	learn();

	for (int i = 0; i < NR_SHARED; i++) {
		pthread_mutex_init(&shared[i].lock, NULL);
		make_shared(&shared[i]);
	}
	for (u64 i = 0; i < nr_threads; i++) {
		struct thread *t = &threads[i];

		*t = (struct thread){ .nr = i, .rnd = seed + (i << 32), .vm = -1 };
		t->buf = malloc(ROOM);
		t->room = mmap(NULL, ROOM + getpagesize(), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		TEST_ASSERT(t->buf && t->room != MAP_FAILED, "no memory");
		TEST_ASSERT(!mprotect(t->room + ROOM, getpagesize(), PROT_NONE), "mprotect");
		pthread_create(&t->pthread, NULL, throw, t);
	}
	pthread_create(&runner, NULL, run_vcpus, NULL);
	while ((done = READ_ONCE(calls_done)) < calls) {
		if (done - shown >= 100000) {
			shown = done;
			ksft_print_msg("%lu calls\n", done);
		}
		usleep(20000);
	}
	WRITE_ONCE(stop, true);
	for (u64 i = 0; i < nr_threads; i++)
		pthread_join(threads[i].pthread, NULL);
	pthread_join(runner, NULL);
	for (int i = 0; i < NR_SHARED; i++)
		close_shared(&shared[i]);

	ksft_print_msg("%lu calls in %lu threads, %lu accepted, %lu refused\n", calls_done,
		       nr_threads, nr_accepted, nr_refused);
	for (int i = 0; i < NR_CHECKS; i++) {
		if (!nr_checked[i]) {
			ksft_test_result_skip("%s: nothing to check\n", checks[i]);
			continue;
		}
		ksft_print_msg("%lu checks, %lu failed\n", nr_checked[i], nr_failed[i]);
		ksft_test_result(!nr_failed[i], "%s\n", checks[i]);
	}
	ksft_finished();
}
