/* SPDX-License-Identifier: GPL-2.0-only */
/* The registers of a vGIC that a VMM saves, and the order in which it restores them */
#ifndef SELFTEST_KVM_VGIC_REGS_H
#define SELFTEST_KVM_VGIC_REGS_H

#include "bare_vm.h"

/* Registers are restored stage by stage, in QEMU's order. VGIC_DIST begins with GICD_IIDR. */
enum vgic_stage {
	VGIC_DIST,		/* the distributor as a whole */
	VGIC_PRIVATE,		/* per vCPU: redistributor; GICv2: banked in the distributor */
	VGIC_SHARED,		/* SPIs */
	VGIC_CPU,		/* per vCPU: CPU interface */
	VGIC_ITS,
	NR_VGIC_STAGES
};

/* The attribute of a register of the CPU interface */
#define VGIC_ICC_ATTR(reg)	(KVM_ARM64_SYS_REG(reg) & 0xffff)

struct vgic_reg {
	u8		stage;
	u8		group;	/* KVM_DEV_ARM_VGIC_GRP_* */
	u8		flags;	/* see vgic_regs.c */
	u8		bits;	/* for each interrupt; 0: the register has no bits of interrupts */
	u32		off;
	const char	*name;
};

static inline bool vgic_stage_per_vcpu(u32 stage)
{
	return stage == VGIC_PRIVATE || stage == VGIC_CPU;
}

/* A register of one VM, and its attribute */
struct vgic_attr {
	const struct vgic_reg	*reg;
	u32			vcpu;
	u64			attr;
	u32			len;	/* 4 or 8 */
};

typedef void (*vgic_attr_fn)(const struct vgic_attr *a, void *arg);

const struct vgic_reg *vgic_find_reg(u32 gic, u32 group, u64 attr, u32 *irq);
void vgic_reg_name(char *buf, size_t size, const struct vgic_reg *reg, u32 irq);
int vgic_attr_do(struct bare_vm *m, bool set, u32 group, u64 attr, void *val, u32 len);
int vgic_attr_restore(struct bare_vm *m, const struct vgic_reg *reg, u64 attr, void *val, u32 len);
void vgic_walk_attrs(struct bare_vm *m, vgic_attr_fn fn, void *arg);

#endif /* SELFTEST_KVM_VGIC_REGS_H */
