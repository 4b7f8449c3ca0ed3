// SPDX-License-Identifier: GPL-2.0
/*
 * Measures what an exit of a guest costs on this kernel, in ticks of the counter. Under
 * 'lab/boot --icount' a tick is an instruction, so the comparison of two kernels is
 * exact. Elsewhere a tick is time.
 *
 * For each kind of exit, the guest runs the same loop with the exit and without it. The
 * difference is the cost of the exits.
 */
#include <err.h>
#include <fcntl.h>
#include <stddef.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM		0x40000000UL
#define RAM_SIZE	0x10000UL
#define ROUNDS		9000
#define CREATIONS	20
#define CORE(x)		(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(x))

/* X19: rounds. X20: an address without memory. A store behind it ends the guest. */
#define GUEST(name, ...)					\
	extern const char name[], name##_end[];			\
	asm(".pushsection .rodata\n" #name ": .globl " #name "\n"	\
	    "1:\n" __VA_ARGS__					\
	    "subs x19, x19, #1\n b.ne 1b\n"			\
	    "str x19, [x20, #8]\n b .\n"			\
	    #name "_end: .globl " #name "_end\n .popsection")

GUEST(guest_loop, "nop\n");
GUEST(guest_hvc, "mov w0, #0x84000000\n hvc #0\n");		/* PSCI_VERSION */
GUEST(guest_sysreg, "mrs x0, id_aa64pfr0_el1\n");		/* HCR_EL2.TID3 */
GUEST(guest_mmio, "ldr x0, [x20]\n");				/* to the VMM and back */
/*
 * The host's interrupt for the virtual timer. The guest does not take it. It makes an
 * exit with the timer off, because KVM allows the next one only after that.
 */
GUEST(guest_timer,
      "mrs x0, cntvct_el0\n add x0, x0, #2000\n msr cntv_cval_el0, x0\n"
      "mov x0, #1\n msr cntv_ctl_el0, x0\n isb\n"
      "2: mrs x0, cntv_ctl_el0\n tbz x0, #2, 2b\n"
      "msr cntv_ctl_el0, xzr\n isb\n mov w0, #0x84000000\n hvc #0\n");

static uint64_t ticks(void)
{
	uint64_t t;

	asm volatile("isb; mrs %0, cntvct_el0; isb" : "=r" (t) :: "memory");
	return t;
}

static int dev_kvm, run_size;

static int make_vm(void)
{
	int vm = ioctl(dev_kvm, KVM_CREATE_VM, 0);

	if (vm < 0)
		err(1, "KVM_CREATE_VM");
	return vm;
}

static int make_vcpu(int vm)
{
	struct kvm_vcpu_init init;
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);

	if (vcpu < 0)
		err(1, "KVM_CREATE_VCPU");
	if (ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init))
		err(1, "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1 << KVM_ARM_VCPU_PSCI_0_2;
	if (ioctl(vcpu, KVM_ARM_VCPU_INIT, &init))
		err(1, "KVM_ARM_VCPU_INIT");
	return vcpu;
}

static void make_gic(int vm)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	uint64_t dist = 0x8000000, redist = 0x80a0000;
	struct kvm_device_attr attr = { .group = KVM_DEV_ARM_VGIC_GRP_ADDR,
		.attr = KVM_VGIC_V3_ADDR_TYPE_DIST, .addr = (uintptr_t)&dist };

	if (ioctl(vm, KVM_CREATE_DEVICE, &dev))
		err(1, "KVM_DEV_TYPE_ARM_VGIC_V3");
	ioctl(dev.fd, KVM_SET_DEVICE_ATTR, &attr);
	attr.attr = KVM_VGIC_V3_ADDR_TYPE_REDIST;
	attr.addr = (uintptr_t)&redist;
	ioctl(dev.fd, KVM_SET_DEVICE_ATTR, &attr);
	attr = (struct kvm_device_attr){ .group = KVM_DEV_ARM_VGIC_GRP_CTRL,
		.attr = KVM_DEV_ARM_VGIC_CTRL_INIT };
	if (ioctl(dev.fd, KVM_SET_DEVICE_ATTR, &attr))
		err(1, "KVM_DEV_ARM_VGIC_CTRL_INIT");
}

static void set_core(int vcpu, uint64_t id, uint64_t val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&val };

	if (ioctl(vcpu, KVM_SET_ONE_REG, &reg))
		err(1, "KVM_SET_ONE_REG");
}

static uint64_t run_guest(const char *code, const char *end)
{
	void *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct kvm_userspace_memory_region region = { .guest_phys_addr = RAM,
		.memory_size = RAM_SIZE, .userspace_addr = (uintptr_t)ram };
	int vm = make_vm(), vcpu = make_vcpu(vm);
	struct kvm_run *run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	uint64_t best = ~0UL, t;

	memcpy(ram, code, end - code);
	__builtin___clear_cache(ram, (char *)ram + (end - code));
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		err(1, "KVM_SET_USER_MEMORY_REGION");
	make_gic(vm);

	/* Use the least of three runs: the first one fills caches and tables. */
	for (int i = 0; i < 3; i++) {
		set_core(vcpu, CORE(regs.pc), RAM);
		set_core(vcpu, CORE(regs.regs[19]), ROUNDS);
		set_core(vcpu, CORE(regs.regs[20]), RAM + 0x1000000);
		t = ticks();
		do {
			if (ioctl(vcpu, KVM_RUN, 0))
				err(1, "KVM_RUN");
			if (run->exit_reason != KVM_EXIT_MMIO)
				errx(1, "exit %u", run->exit_reason);
		} while (!run->mmio.is_write);
		t = ticks() - t;
		if (t < best)
			best = t;
		/* KVM completes the access in the next KVM_RUN, so do that before setting PC. */
		run->immediate_exit = 1;
		ioctl(vcpu, KVM_RUN, 0);
		run->immediate_exit = 0;
	}
	munmap(run, run_size);
	munmap(ram, RAM_SIZE);
	close(vcpu);
	close(vm);
	return best;
}

static void report(const char *what, uint64_t n, uint64_t all)
{
	printf("%s\t%llu.%03llu\n", what, (unsigned long long)(all / n),
	       (unsigned long long)(all % n * 1000 / n));
}

int main(void)
{
	static struct { uint64_t n, ids[2000]; } list;
	uint64_t loop, t, vm_ticks = 0, vcpu_ticks = 0, list_ticks = 0;

	dev_kvm = open("/dev/kvm", O_RDWR);
	if (dev_kvm < 0)
		err(4, "/dev/kvm");
	run_size = ioctl(dev_kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	loop = run_guest(guest_loop, guest_loop_end);
	report("hypercall", ROUNDS, run_guest(guest_hvc, guest_hvc_end) - loop);
	report("trapped register", ROUNDS, run_guest(guest_sysreg, guest_sysreg_end) - loop);
	report("MMIO", ROUNDS, run_guest(guest_mmio, guest_mmio_end) - loop);
	report("timer, and a hypercall", ROUNDS, run_guest(guest_timer, guest_timer_end) - loop);

	for (int i = 0; i < CREATIONS; i++) {
		int vm, vcpu;

		t = ticks();
		vm = make_vm();
		vm_ticks += ticks() - t;
		t = ticks();
		vcpu = make_vcpu(vm);
		vcpu_ticks += ticks() - t;
		list.n = 2000;
		t = ticks();
		if (ioctl(vcpu, KVM_GET_REG_LIST, &list))
			err(1, "KVM_GET_REG_LIST");
		list_ticks += ticks() - t;
		close(vcpu);
		close(vm);
	}
	report("VM creation", CREATIONS, vm_ticks);
	report("vCPU creation", CREATIONS, vcpu_ticks);
	report("KVM_GET_REG_LIST", CREATIONS, list_ticks);
	return 0;
}
