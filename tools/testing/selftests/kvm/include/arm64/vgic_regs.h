/* SPDX-License-Identifier: GPL-2.0-only */
/* The registers of a vGIC: what there is to save, and the order to restore it in */
#ifndef SELFTEST_KVM_VGIC_REGS_H
#define SELFTEST_KVM_VGIC_REGS_H

#include "bare_vm.h"

/* In the order in which QEMU restores them, GICD_IIDR first */
enum vgic_stage {
	VGIC_DIST,
	VGIC_PRIVATE,		/* of each vCPU: redistributor, or banked in the distributor */
	VGIC_SHARED,
	VGIC_CPU,		/* of each vCPU: CPU interface */
	VGIC_ITS,
	NR_VGIC_STAGES
};

/* The attribute of a register of the CPU interface */
#define VGIC_ICC_ATTR(reg)	(KVM_ARM64_SYS_REG(reg) & 0xffff)

struct vgic_reg {
	u8		stage;
	u8		group;	/* KVM_DEV_ARM_VGIC_GRP_* */
	u8		flags;	/* see vgic_regs.c */
	u8		bits;	/* per interrupt; 0: a single register */
	u32		off;
	const char	*name;
};

static inline bool vgic_stage_per_vcpu(u32 stage)
{
	return stage == VGIC_PRIVATE || stage == VGIC_CPU;
}

/* A register of a VM as an attribute */
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
