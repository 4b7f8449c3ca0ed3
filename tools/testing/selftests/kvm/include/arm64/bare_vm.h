/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bare VMs do not use the library's memory and page tables. A bare VM has one slot
 * of memory, a guest that runs with the MMU off, and a vGICv2, a vGICv3 or no
 * vGIC. It can be created on each kernel from 5.10 on, and moved between them,
 * because its memory does not depend on the program that created it.
 */
#ifndef SELFTEST_KVM_BARE_VM_H
#define SELFTEST_KVM_BARE_VM_H

#include <linux/sizes.h>

#include "kvm_util.h"
#include "gic_v2.h"
#include "processor.h"
#include "vgic.h"

#define BARE_VM_IPA_BITS	40
#define BARE_VM_MAX_VCPUS	8
#define DEFAULT_PMU_PPI		23

/* Describes a bare VM. This structure is part of guest_state's file format. */
struct bare_vm_desc {
	u32	nr_vcpus;
	u32	gic;		/* version of the vGIC, 2 or 3; 0: no vGIC */
	u32	its;
	u32	nr_irqs;
	u32	pmu_ppi;
	u32	ipa_bits;	/* 36 or 40 */
	u64	ram_base;
	u64	ram_size;
	u64	dist_base;
	u64	cpu_base;	/* of the redistributors, or of GICv2's CPU interface */
	u64	its_base;
};

struct bare_vm {
	struct bare_vm_desc	d;
	struct kvm_vm		*vm;
	struct kvm_vcpu		*vcpu[BARE_VM_MAX_VCPUS];
	u8			*ram;
	int			gic_fd;		/* -1: no vGIC */
	int			its_fd;		/* -1: no ITS */
};

/* A feature of KVM_ARM_VCPU_INIT */
struct vcpu_feature {
	int		bit;
	long		cap;
	const char	*name;
	const char	*option;	/* names it in vm_vcpu_features(); NULL: not set there */
};

extern const struct vcpu_feature vcpu_features[];
extern const unsigned int nr_vcpu_features;

bool vm_has_vcpu_feature(struct kvm_vm *vm, const struct vcpu_feature *f);
u32 vm_vcpu_features(struct kvm_vm *vm, const char *without);

const char *bare_vm_unsupported(void);
struct bare_vm_desc bare_vm_default(u32 gic);
void bare_vm_create(struct bare_vm *m, const struct bare_vm_desc *d);
void bare_vm_init_vcpu(struct bare_vm *m, u32 i, u32 features);
int __bare_vm_create_gic(struct bare_vm *m);
int __bare_vm_create_its(struct bare_vm *m);
void bare_vm_init_devices(struct bare_vm *m);
void bare_vm_free(struct bare_vm *m);

int __vcpu_init_pmu(struct kvm_vcpu *vcpu, int ppi);
const char *vcpu_run_to_store(struct kvm_vcpu *vcpu, u64 *addr, u64 *val);
void vcpu_finish_store(struct kvm_vcpu *vcpu);

/* Returns the test's address of guest address @gpa. */
static inline void *bare_vm_mem(struct bare_vm *m, u64 gpa)
{
	return m->ram + (gpa - m->d.ram_base);
}

#endif /* SELFTEST_KVM_BARE_VM_H */
