// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A small VMM that moves its guest between hosts with different kernels.
 *
 *   vmm save FILE [BASELINE]	start the guest, run it, save it to FILE
 *   vmm load FILE [BASELINE]	restore the guest from FILE, run it
 *
 * BASELINE is an exact name, such as 6.12-v1. Without one, "save" takes what the
 * host gives, and "load" what FILE says. With one, "load" fails if FILE says
 * otherwise. Copy from here what your VMM needs: the first part is all of
 * KVM_CAP_GUEST_COMPAT, the second is what any VMM saves.
 *
 * The machine has one vCPU, a GICv3 and a page of memory. A VMM with more of it
 * saves more: the ITS and pending tables, SVE's vector length before the registers.
 *
 * Build:  gcc -O2 -I/path/to/patched/headers -o vmm vmm.c
 *
 * Status: 0 the guest ran and saw no change; 1 KVM or the host refused something,
 * said on stderr; 2 the guest saw its machine change.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/kvm.h>
#include <linux/kvm_guest_compat.h>

#define die(...) do {						\
	fprintf(stderr, "vmm: " __VA_ARGS__);			\
	fprintf(stderr, ": %s\n", strerror(errno));		\
	exit(1);						\
} while (0)
#define refuse(...) do { fprintf(stderr, "vmm: " __VA_ARGS__); exit(1); } while (0)

/* Part 1: the guest's baseline */

/* An attribute of a VM, of /dev/kvm, or of a device */
static int attr(int fd, unsigned long call, uint32_t group, uint64_t nr, void *value)
{
	struct kvm_device_attr da = { .group = group, .attr = nr, .addr = (uintptr_t)value };

	return ioctl(fd, call, &da);
}

static int compat(int fd, unsigned long call, uint64_t nr, void *value)
{
	return attr(fd, call, KVM_GUEST_COMPAT_CTRL, nr, value);
}

/* What LIST or BASELINES gives. Both start with the size of the buffer. */
static void *list(int fd, uint64_t nr)
{
	uint32_t size = sizeof(size), *buf;

	if (!compat(fd, KVM_GET_DEVICE_ATTR, nr, &size) || errno != E2BIG)
		die("KVM_GUEST_COMPAT_CTRL %d", (int)nr);
	buf = calloc(1, size);
	if (!buf)
		die("no memory");
	buf[0] = size;
	if (compat(fd, KVM_GET_DEVICE_ATTR, nr, buf))
		die("KVM_GUEST_COMPAT_CTRL %d", (int)nr);
	return buf;
}

static int has_compat(int vm)
{
	return ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_COMPAT) > 0;
}

/*
 * A kernel without the capability is its own release, and nothing else. Releases
 * are counted from 1 for 5.10; after 5.19 and 6.19 came 6.0 and 7.0.
 */
static unsigned int host_release(char *name, size_t size)
{
	struct utsname uts;
	unsigned int major, minor;

	uname(&uts);
	if (sscanf(uts.release, "%u.%u", &major, &minor) != 2)
		die("uname");
	snprintf(name, size, "%u.%u", major, minor);
	return major == 5 && minor > 9 ? minor - 9 : major == 6 ? minor + 11 : major == 7 ? minor + 31 : 0;
}

/* 1. Before the first vCPU: the release that the guest is promised */
static void select_baseline(int vm, const char *name)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_GUEST_COMPAT };
	struct kvm_guest_compat_baselines *all;
	char host[16] = "unknown";

	if (!has_compat(vm)) {
		/* "6.12" of "6.12-v1" */
		host_release(host, sizeof(host));
		if (strncmp(name, host, strlen(host)) || name[strlen(host)] != '-')
			refuse("this kernel has no KVM_CAP_GUEST_COMPAT, and is Linux %s: no %s\n", host, name);
		return;
	}
	all = list(vm, KVM_GUEST_COMPAT_BASELINES);
	for (uint32_t at = sizeof(*all); at + all->entry_size <= all->size; at += all->entry_size) {
		struct kvm_guest_compat_baseline *b = (void *)((char *)all + at);

		if (!strcmp(b->name, name))
			cap.args[0] = b->baseline;
	}
	free(all);
	if (!cap.args[0])
		refuse("this kernel has no baseline %s\n", name);
	if (ioctl(vm, KVM_ENABLE_CAP, &cap))
		die("KVM_CAP_GUEST_COMPAT %s", name);
}

static struct kvm_guest_compat_behaviour behaviour(const struct kvm_guest_compat_vector *v, uint32_t nr)
{
	struct kvm_guest_compat_behaviour b;

	/* Entries may be larger than those of this header: never sizeof */
	memcpy(&b, (const char *)v + sizeof(*v) + (size_t)nr * v->entry_size, sizeof(b));
	return b;
}

/* 2. What came of it, to save with the guest; NULL on a kernel without the capability */
static struct kvm_guest_compat_vector *save_vector(int vm)
{
	return has_compat(vm) ? list(vm, KVM_GUEST_COMPAT_LIST) : NULL;
}

/* A vector comes from outside: look at it before reading its entries. */
static uint32_t entries(const struct kvm_guest_compat_vector *v, size_t size)
{
	if (size < sizeof(*v) || v->size != size || v->entry_size < sizeof(struct kvm_guest_compat_behaviour) ||
	    (size - sizeof(*v)) % v->entry_size)
		refuse("the vector in the file makes no sense\n");
	return (size - sizeof(*v)) / v->entry_size;
}

/* 3. At the destination: before the first vCPU, instead of selecting; later, to compare */
static void load_vector(int vm, const struct kvm_guest_compat_vector *v, size_t size)
{
	struct kvm_guest_compat_check check = { .vector = (uintptr_t)v };
	struct kvm_guest_compat_behaviour b;
	uint32_t nr = entries(v, size);
	char host[16] = "unknown";
	unsigned int release;

	if (!has_compat(vm)) {
		/* The guest can go on if the host's release had every revision. */
		release = host_release(host, sizeof(host));
		for (uint32_t i = 0; i < nr; i++) {
			b = behaviour(v, i);
			if (!release || !(b.releases[release / 64] >> release % 64 & 1))
				refuse("this kernel has no KVM_CAP_GUEST_COMPAT, and Linux %s has not revision %u of %.32s\n",
				       host, b.revision, b.name);
		}
		return;
	}
	/* CHECK changes nothing, can be asked of /dev/kvm, too, and names what is refused. */
	if (compat(vm, KVM_GET_DEVICE_ATTR, KVM_GUEST_COMPAT_CHECK, &check)) {
		if (check.bad_entry < nr && check.bad_id) {
			b = behaviour(v, check.bad_entry);
			die("this host cannot give the guest revision %u of %.32s", b.revision, b.name);
		}
		die("this host cannot give the guest what it had");
	}
	if (compat(vm, KVM_SET_DEVICE_ATTR, KVM_GUEST_COMPAT_LOAD, (void *)v))
		die("KVM_GUEST_COMPAT_LOAD");
}

/* Part 2: the machine, and its state */

#define RAM	0x40000000UL
#define PAGE	65536		/* memory slots are whole pages of the host */
#define GICD	0x08000000UL
#define GICR	0x080a0000UL
#define TELL	0x0a000000UL	/* the guest stores here what it has to say */
#define BEATS	5

/* The guest waits for its timer with interrupts masked, so it needs no vectors. */
asm(".pushsection .rodata\n"
    ".globl guest, guest_end\n"
    ".balign 8\n"
    ".macro look a, b, c, d, e\n"
    "	mrs	\\a, s3_0_c0_c7_2\n"		/* ID_AA64MMFR2_EL1 */
    "	mrs	\\b, s3_0_c0_c7_3\n"		/* ID_AA64MMFR3_EL1 */
    "	mrs	\\c, s3_0_c0_c5_0\n"		/* ID_AA64DFR0_EL1 */
    "	mov	x1, #0x08000000\n"
    "	ldr	w0, [x1, #8]\n"			/* GICD_IIDR */
    "	mov	\\d, x0\n"
    "	mov	w0, #0x84000000\n"		/* PSCI_VERSION */
    "	hvc	#0\n"
    "	mov	\\e, x0\n"
    ".endm\n"
    "guest:\n"
    "	mov	x19, #0\n"			/* beats */
    "	mov	x20, #0x0a000000\n"		/* TELL */
    "	look	x21, x22, x23, x24, x25\n"
    "	mov	x0, #0x08000000\n"
    "	mov	w1, #2\n"
    "	str	w1, [x0]\n"			/* GICD_CTLR.EnableGrp1 */
    "	mov	x0, #0x080b0000\n"
    "	mov	w1, #0x08000000\n"
    "	str	w1, [x0, #0x100]\n"		/* GICR_ISENABLER0: the virtual timer, 27 */
    "	mov	x0, #1\n"
    "	msr	s3_0_c12_c12_5, x0\n"		/* ICC_SRE_EL1 */
    "	isb\n"
    "	mov	x1, #0xf0\n"
    "	msr	s3_0_c4_c6_0, x1\n"		/* ICC_PMR_EL1 */
    "	msr	s3_0_c12_c12_7, x0\n"		/* ICC_IGRPEN1_EL1 */
    "	mrs	x26, cntfrq_el0\n"
    "	lsr	x26, x26, #6\n"			/* 64 beats a second */
    "	msr	cntv_tval_el0, x26\n"
    "	msr	cntv_ctl_el0, x0\n"
    "	isb\n"
    "1:	wfi\n"
    "	mrs	x0, s3_0_c12_c12_0\n"		/* ICC_IAR1_EL1 */
    "	cmp	x0, #27\n"
    "	b.ne	1b\n"
    "	msr	cntv_tval_el0, x26\n"
    "	isb\n"
    "	msr	s3_0_c12_c12_1, x0\n"		/* ICC_EOIR1_EL1 */
    "	look	x10, x11, x12, x13, x14\n"
    "	eor	x10, x10, x21\n"
    "	eor	x11, x11, x22\n"
    "	eor	x12, x12, x23\n"
    "	eor	x13, x13, x24\n"
    "	eor	x14, x14, x25\n"
    "	stp	x10, x11, [sp]\n"
    "	stp	x12, x13, [sp, #16]\n"
    "	str	x14, [sp, #32]\n"
    "	add	x19, x19, #1\n"
    "	str	x19, [x20]\n"			/* the VMM looks at it, and at what changed */
    "	b	1b\n"
    "guest_end:\n"
    ".popsection\n");
extern const char guest[], guest_end[];
static const char *const looked_at[] = { "ID_AA64MMFR2_EL1", "ID_AA64MMFR3_EL1", "ID_AA64DFR0_EL1", "GICD_IIDR", "PSCI_VERSION" };
#define CHANGED	(PAGE - 4096)	/* the guest's stack pointer: five words */

static int kvm, vm, vcpu, gic;
static char *ram;
static struct kvm_run *run;

static void make_vm(void)
{
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		die("/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		die("KVM_CREATE_VM");
}

/* After the baseline: everything that has defaults takes them from it. */
static void make_machine(void)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	struct kvm_userspace_memory_region slot = { .guest_phys_addr = RAM, .memory_size = PAGE };
	struct kvm_vcpu_init init;
	uint64_t gicd = GICD, gicr = GICR;
	uint32_t irqs = 64;

	ram = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	slot.userspace_addr = (uintptr_t)ram;
	if (ram == MAP_FAILED || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot))
		die("memory");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0 || ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init))
		die("KVM_CREATE_VCPU");
	init.features[0] |= 1 << KVM_ARM_VCPU_PSCI_0_2;
	if (ioctl(vcpu, KVM_ARM_VCPU_INIT, &init))
		die("KVM_ARM_VCPU_INIT");
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		die("struct kvm_run");
	if (ioctl(vm, KVM_CREATE_DEVICE, &dev))
		die("KVM_DEV_TYPE_ARM_VGIC_V3");
	gic = dev.fd;
	if (attr(gic, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &gicd) ||
	    attr(gic, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &gicr) ||
	    attr(gic, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &irqs) ||
	    attr(gic, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL))
		die("GICv3");
}

/* Runs for some beats, and leaves no exit half done: the next KVM_RUN would end it. */
static void run_guest(void)
{
	uint64_t beat, changed[5];

	for (int n = 0; n < BEATS; n++) {
		if (ioctl(vcpu, KVM_RUN, 0))
			die("KVM_RUN");
		if (run->exit_reason != KVM_EXIT_MMIO || run->mmio.phys_addr != TELL)
			refuse("the guest ended: exit %u\n", run->exit_reason);
		memcpy(&beat, run->mmio.data, sizeof(beat));
		memcpy(changed, ram + CHANGED, sizeof(changed));
		for (int i = 0; i < 5; i++) {
			if (changed[i]) {
				printf("beat %llu: %s changed, bits %#llx\n", (unsigned long long)beat, looked_at[i],
				       (unsigned long long)changed[i]);
				exit(2);
			}
		}
		printf("beat %llu\n", (unsigned long long)beat);
	}
	run->immediate_exit = 1;
	if (!ioctl(vcpu, KVM_RUN, 0) || errno != EINTR)
		die("KVM_RUN, to end the last exit");
	run->immediate_exit = 0;
}

/* Saving reads the machine into the file; loading is the same list the other way round. */
static FILE *file;
static int loading;

static void io(void *data, size_t size)
{
	if ((loading ? fread(data, 1, size, file) : fwrite(data, 1, size, file)) != size)
		refuse("the file is cut short, or the disk is full\n");
}

static void io_attr(uint32_t group, uint64_t nr)
{
	uint64_t value = 0;

	if (!loading && attr(gic, KVM_GET_DEVICE_ATTR, group, nr, &value))
		die("GIC, group %u: %#llx", group, (unsigned long long)nr);
	io(&value, sizeof(value));
	if (loading && attr(gic, KVM_SET_DEVICE_ATTR, group, nr, &value))
		die("GIC, group %u: KVM refuses %#llx for %#llx", group, (unsigned long long)value, (unsigned long long)nr);
}

#define ICC(op1, crn, crm, op2)	(3 << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

static void io_gic(void)
{
	enum { DIST = KVM_DEV_ARM_VGIC_GRP_DIST_REGS, REDIST = KVM_DEV_ARM_VGIC_GRP_REDIST_REGS,
	       SYSREG = KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, LEVEL = KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO };
	static const struct { uint32_t group, first, last, step; } regs[] = {
		/* GICD_IIDR says how KVM is to take all others, so it is the first. */
		{ DIST, 0x008, 0x008, 4 },
		{ DIST, 0x000, 0x000, 4 },		/* CTLR */
		{ DIST, 0x084, 0x084, 4 },		/* IGROUPR */
		{ DIST, 0x104, 0x104, 4 },		/* ISENABLER */
		{ DIST, 0xc08, 0xc0c, 4 },		/* ICFGR */
		{ DIST, 0x6100, 0x61fc, 4 },		/* IROUTER */
		{ DIST, 0x420, 0x43c, 4 },		/* IPRIORITYR */
		{ DIST, 0x204, 0x204, 4 },		/* ISPENDR */
		{ DIST, 0x304, 0x304, 4 },		/* ISACTIVER */
		{ REDIST, 0x00000, 0x00000, 4 },	/* CTLR */
		{ REDIST, 0x00014, 0x00014, 4 },	/* WAKER */
		{ REDIST, 0x10080, 0x10080, 4 },	/* IGROUPR0 */
		{ REDIST, 0x10100, 0x10100, 4 },	/* ISENABLER0 */
		{ REDIST, 0x10c00, 0x10c04, 4 },	/* ICFGR */
		{ REDIST, 0x10400, 0x1041c, 4 },	/* IPRIORITYR */
		{ REDIST, 0x10200, 0x10200, 4 },	/* ISPENDR0 */
		{ REDIST, 0x10300, 0x10300, 4 },	/* ISACTIVER0 */
		{ LEVEL, VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT,
		  VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT | 32, 32 },
		{ SYSREG, ICC(0, 12, 12, 5), ICC(0, 12, 12, 7), 1 },	/* SRE, IGRPEN0, IGRPEN1 */
		{ SYSREG, ICC(0, 12, 12, 3), ICC(0, 12, 12, 4), 1 },	/* BPR1, CTLR */
		{ SYSREG, ICC(0, 4, 6, 0), ICC(0, 4, 6, 0), 1 },	/* PMR */
		{ SYSREG, ICC(0, 12, 8, 3), ICC(0, 12, 8, 4), 1 },	/* BPR0, AP0R0 */
		{ SYSREG, ICC(0, 12, 9, 0), ICC(0, 12, 9, 0), 1 },	/* AP1R0 */
	};

	for (size_t i = 0; i < sizeof(regs) / sizeof(*regs); i++)
		for (uint32_t nr = regs[i].first; nr <= regs[i].last; nr += regs[i].step)
			io_attr(regs[i].group, nr);
}

/* Everything that KVM lists, whatever it is: a VMM that picks loses what it does not know. */
static void io_registers(void)
{
	struct kvm_reg_list none = { 0 }, *regs;
	uint64_t n = 0, value[256 / 8];
	struct kvm_one_reg reg = { .addr = (uintptr_t)value };

	if (!loading) {
		if (!ioctl(vcpu, KVM_GET_REG_LIST, &none) || errno != E2BIG)
			die("KVM_GET_REG_LIST");
		n = none.n;
	}
	io(&n, sizeof(n));
	regs = calloc(1, sizeof(*regs) + n * sizeof(regs->reg[0]));
	if (!regs)
		die("no memory");
	regs->n = n;
	if (!loading && ioctl(vcpu, KVM_GET_REG_LIST, regs))
		die("KVM_GET_REG_LIST");
	for (uint64_t i = 0; i < n; i++) {
		io(&regs->reg[i], sizeof(regs->reg[i]));
		reg.id = regs->reg[i];
		if (!loading && ioctl(vcpu, KVM_GET_ONE_REG, &reg))
			die("KVM_GET_ONE_REG %#llx", (unsigned long long)reg.id);
		io(value, KVM_REG_SIZE(reg.id));
		if (loading && ioctl(vcpu, KVM_SET_ONE_REG, &reg))
			die("KVM refuses %#llx for register %#llx", (unsigned long long)value[0], (unsigned long long)reg.id);
	}
	free(regs);
}

static void io_vcpu(unsigned long get, unsigned long set, void *data, size_t size)
{
	if (!loading && ioctl(vcpu, get, data))
		die("vCPU state");
	io(data, size);
	if (loading && ioctl(vcpu, set, data))
		die("KVM refuses the vCPU's state");
}

static void io_machine(void)
{
	struct kvm_vcpu_events events = { 0 };
	struct kvm_mp_state mp = { 0 };

	io(ram, PAGE);
	io_gic();
	io_registers();
	/* An SError that is pending is in no register. */
	io_vcpu(KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, &events, sizeof(events));
	io_vcpu(KVM_GET_MP_STATE, KVM_SET_MP_STATE, &mp, sizeof(mp));
}

static void set_core(uint64_t nr, uint64_t value)
{
	struct kvm_one_reg reg = { .id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | nr, .addr = (uintptr_t)&value };

	if (ioctl(vcpu, KVM_SET_ONE_REG, &reg))
		die("register %#llx", (unsigned long long)reg.id);
}

int main(int argc, char **argv)
{
	struct kvm_guest_compat_vector *v = NULL;
	uint32_t size = 0;

	loading = argc >= 3 && !strcmp(argv[1], "load");
	if (argc < 3 || argc > 4 || (!loading && strcmp(argv[1], "save")))
		refuse("save|load FILE [BASELINE]\n");
	setvbuf(stdout, NULL, _IOLBF, 0);
	file = fopen(argv[2], loading ? "r" : "w");
	if (!file)
		die("%s", argv[2]);
	make_vm();
	if (loading) {
		/* The vector is the first in the file: a bad host is known before all else. */
		io(&size, sizeof(size));
		if (size > 1 << 20)
			refuse("the vector in the file makes no sense\n");
		v = calloc(1, size + 1);
		if (!v)
			die("no memory");
		io(v, size);
	}
	if (argc == 4)
		select_baseline(vm, argv[3]);
	else if (size)
		load_vector(vm, v, size);
	make_machine();

	if (loading) {
		/* Of a VM with vCPUs, LOAD asks whether the guest was promised the same. */
		if (argc == 4 && size)
			load_vector(vm, v, size);
		io_machine();
		run_guest();
		return 0;
	}
	memcpy(ram, guest, guest_end - guest);
	set_core(offsetof(struct kvm_regs, regs.pc) / 4, RAM);
	set_core(offsetof(struct kvm_regs, sp_el1) / 4, RAM + CHANGED);
	run_guest();
	v = save_vector(vm);
	size = v ? v->size : 0;
	io(&size, sizeof(size));
	io(v, size);
	io_machine();
	if (fclose(file))
		die("%s", argv[2]);
	return 0;
}
