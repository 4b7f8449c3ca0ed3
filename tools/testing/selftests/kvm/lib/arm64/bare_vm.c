// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bare VMs, see bare_vm.h
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bare_vm.h"

const struct vcpu_feature vcpu_features[] = {
	{ KVM_ARM_VCPU_POWER_OFF, 0, "KVM_ARM_VCPU_POWER_OFF" },
	{ KVM_ARM_VCPU_EL1_32BIT, KVM_CAP_ARM_EL1_32BIT, "KVM_ARM_VCPU_EL1_32BIT" },
	{ KVM_ARM_VCPU_PSCI_0_2, KVM_CAP_ARM_PSCI_0_2, "KVM_ARM_VCPU_PSCI_0_2" },
	{ KVM_ARM_VCPU_PMU_V3, KVM_CAP_ARM_PMU_V3, "KVM_ARM_VCPU_PMU_V3", "pmu" },
	{ KVM_ARM_VCPU_SVE, KVM_CAP_ARM_SVE, "KVM_ARM_VCPU_SVE", "sve" },
	{ KVM_ARM_VCPU_PTRAUTH_ADDRESS, KVM_CAP_ARM_PTRAUTH_ADDRESS,
	  "KVM_ARM_VCPU_PTRAUTH_ADDRESS", "pauth" },
	{ KVM_ARM_VCPU_PTRAUTH_GENERIC, KVM_CAP_ARM_PTRAUTH_GENERIC,
	  "KVM_ARM_VCPU_PTRAUTH_GENERIC", "pauth" },
	{ KVM_ARM_VCPU_HAS_EL2, KVM_CAP_ARM_EL2, "KVM_ARM_VCPU_HAS_EL2" },
	{ KVM_ARM_VCPU_HAS_EL2_E2H0, KVM_CAP_ARM_EL2_E2H0, "KVM_ARM_VCPU_HAS_EL2_E2H0" },
};

const unsigned int nr_vcpu_features = ARRAY_SIZE(vcpu_features);

bool vm_has_vcpu_feature(struct kvm_vm *vm, const struct vcpu_feature *f)
{
	return !f->cap || vm_check_cap(vm, f->cap) > 0;
}

/*
 * Returns PSCI 0.2, and the features that have an option and that the host offers.
 * @without lists options to leave out, such as "pmu,sve".
 */
u32 vm_vcpu_features(struct kvm_vm *vm, const char *without)
{
	u32 features = BIT(KVM_ARM_VCPU_PSCI_0_2);
	unsigned int i;

	for (i = 0; i < nr_vcpu_features; i++) {
		const struct vcpu_feature *f = &vcpu_features[i];

		if (f->option && !(without && strstr(without, f->option)) &&
		    vm_has_vcpu_feature(vm, f))
			features |= BIT(f->bit);
	}
	return features;
}

/* Returns NULL, or why the host cannot have bare VMs. */
const char *bare_vm_unsupported(void)
{
	int ipa_limit = kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE);

	/* Kernels without the capability have exactly 40 bits. */
	return ipa_limit && ipa_limit < BARE_VM_IPA_BITS ?
	       "the host has less than 40 bits of guest physical addresses" : NULL;
}

/* One vCPU, one megabyte of memory, a vGIC of version @gic, no ITS */
struct bare_vm_desc bare_vm_default(u32 gic)
{
	return (struct bare_vm_desc) {
		.nr_vcpus	= 1,
		.gic		= gic,
		.nr_irqs	= 96,
		.pmu_ppi	= DEFAULT_PMU_PPI,
		.ipa_bits	= BARE_VM_IPA_BITS,
		.ram_base	= 0x40000000,
		.ram_size	= SZ_1M,
		.dist_base	= GICD_BASE_GPA,
		.cpu_base	= GICR_BASE_GPA,
		.its_base	= GITS_BASE_GPA,
	};
}

/* Creates the VM and its memory, and no vCPU or device. */
void bare_vm_create(struct bare_vm *m, const struct bare_vm_desc *d)
{
	enum vm_guest_mode mode = d->ipa_bits == 36 ? VM_MODE_P36V48_4K : VM_MODE_P40V48_4K;
	struct kvm_userspace_memory_region slot = {};

	*m = (struct bare_vm){ .d = *d, .gic_fd = -1, .its_fd = -1 };
	m->vm = ____vm_create(VM_SHAPE(mode));
	m->ram = mmap(NULL, d->ram_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(m->ram != MAP_FAILED, "mmap() of the guest's memory failed");
	slot.guest_phys_addr = d->ram_base;
	slot.memory_size = d->ram_size;
	slot.userspace_addr = (u64)m->ram;
	vm_ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &slot);
}

/* Initialises vCPU @i. If the caller has not added it, adds it with the id @i. */
void bare_vm_init_vcpu(struct bare_vm *m, u32 i, u32 features)
{
	struct kvm_vcpu_init *init;
	int sve = KVM_ARM_VCPU_SVE;

	if (!m->vcpu[i])
		m->vcpu[i] = __vm_vcpu_add(m->vm, i);
	init = &m->vcpu[i]->init;
	vm_ioctl(m->vm, KVM_ARM_PREFERRED_TARGET, init);
	init->features[0] = features;
	vcpu_ioctl(m->vcpu[i], KVM_ARM_VCPU_INIT, init);
	if (features & BIT(sve))
		vcpu_ioctl(m->vcpu[i], KVM_ARM_VCPU_FINALIZE, &sve);
}

/* The following functions whose names begin with "__" return 0 or an errno. */
static int device_attr_set(int fd, u32 group, u64 attr, void *val)
{
	return __kvm_device_attr_set(fd, group, attr, val) ? errno : 0;
}

int __bare_vm_create_gic(struct bare_vm *m)
{
	u64 cpu = m->d.cpu_base;
	u32 type = KVM_DEV_TYPE_ARM_VGIC_V2;

	if (m->d.gic == 3) {
		type = KVM_DEV_TYPE_ARM_VGIC_V3;
		cpu = REDIST_REGION_ATTR_ADDR(m->d.nr_vcpus, cpu, 0, 0);
	}
	m->gic_fd = __vgic_create(m->vm, type, m->d.nr_irqs, m->d.dist_base, cpu);
	if (m->gic_fd < 0)
		return -m->gic_fd;
	return device_attr_set(m->gic_fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT,
			       NULL);
}

int __bare_vm_create_its(struct bare_vm *m)
{
	m->its_fd = __vgic_its_create(m->vm, m->d.its_base);
	return m->its_fd < 0 ? -m->its_fd : 0;
}

/* @ppi is the PMU's overflow interrupt, or 0 if the VM has no vGIC. */
int __vcpu_init_pmu(struct kvm_vcpu *vcpu, int ppi)
{
	u32 group = KVM_ARM_VCPU_PMU_V3_CTRL;
	int err = 0;

	if (ppi)
		err = device_attr_set(vcpu->fd, group, KVM_ARM_VCPU_PMU_V3_IRQ, &ppi);
	return err ?: device_attr_set(vcpu->fd, group, KVM_ARM_VCPU_PMU_V3_INIT, NULL);
}

/* Creates the vGIC and the ITS, and initialises the PMU. Needs initialised vCPUs. */
void bare_vm_init_devices(struct bare_vm *m)
{
	int err = m->d.gic ? __bare_vm_create_gic(m) : 0;
	u32 i;

	if (!err && m->d.its)
		err = __bare_vm_create_its(m);
	TEST_ASSERT(!err, "Cannot create the vGIC or the ITS: %s", strerror(err));
	for (i = 0; i < m->d.nr_vcpus; i++) {
		if (m->vcpu[i]->init.features[0] & BIT(KVM_ARM_VCPU_PMU_V3))
			err = __vcpu_init_pmu(m->vcpu[i], m->d.gic ? m->d.pmu_ppi : 0);
		TEST_ASSERT(!err, "Cannot initialise the PMU: %s", strerror(err));
	}
}

void bare_vm_free(struct bare_vm *m)
{
	if (m->its_fd >= 0)
		close(m->its_fd);
	if (m->gic_fd >= 0)
		close(m->gic_fd);
	kvm_vm_free(m->vm);
	munmap(m->ram, m->d.ram_size);
}

/*
 * Runs the guest until it stores to an address without memory. Returns NULL, or a
 * message if the guest exits in another way.
 */
const char *vcpu_run_to_store(struct kvm_vcpu *vcpu, u64 *addr, u64 *val)
{
	struct kvm_run *run = vcpu->run;
	static char msg[100];

	if (__vcpu_run(vcpu)) {
		snprintf(msg, sizeof(msg), "KVM_RUN: %s", strerrorname_np(errno));
		return msg;
	}
	if (run->exit_reason != KVM_EXIT_MMIO || !run->mmio.is_write) {
		snprintf(msg, sizeof(msg), "exit %u (%s)", run->exit_reason,
			 exit_reason_str(run->exit_reason));
		return msg;
	}
	*addr = run->mmio.phys_addr;
	memcpy(val, run->mmio.data, sizeof(*val));
	return NULL;
}

/* KVM completes the store in the next KVM_RUN. immediate_exit makes it run nothing else. */
void vcpu_finish_store(struct kvm_vcpu *vcpu)
{
	vcpu->run->immediate_exit = 1;
	__vcpu_run(vcpu);
	vcpu->run->immediate_exit = 0;
}
