// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of a vGIC, as attributes of its devices
 */
#include <errno.h>
#include <stdio.h>

#include <linux/sizes.h>

#include "vgic_regs.h"
#include "gic_v3.h"

enum {
	DIST	= KVM_DEV_ARM_VGIC_GRP_DIST_REGS,
	GICC	= KVM_DEV_ARM_VGIC_GRP_CPU_REGS,
	REDIST	= KVM_DEV_ARM_VGIC_GRP_REDIST_REGS,
	ICC	= KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS,
	LEVEL	= KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO,
	ITS	= KVM_DEV_ARM_VGIC_GRP_ITS_REGS,
};

/* Flags */
#define V2	BIT(0)
#define V3	BIT(1)
#define RO	BIT(2)	/* cannot be written: only compared */
#define WIDE	BIT(3)	/* 64 bits wide */
#define SET	BIT(4)	/* writing 1 sets a bit; another register clears it */
#define SGIS	BIT(5)	/* only for the 16 SGIs of a GICv2 */

#define ICC_REG(n)	{ VGIC_CPU, ICC, V3 | WIDE, 0, VGIC_ICC_ATTR(SYS_##n), #n }

static const struct vgic_reg vgic_regs[] = {
	{ VGIC_DIST, DIST, V2 | V3, 0, GICD_IIDR, "GICD_IIDR" },
	{ VGIC_DIST, DIST, V2 | V3 | RO, 0, GICD_TYPER, "GICD_TYPER" },
	{ VGIC_DIST, DIST, V3 | RO, 0, GICD_TYPER2, "GICD_TYPER2" },
	{ VGIC_DIST, DIST, V3 | RO, 0, GICD_PIDR2, "GICD_PIDR2" },
	{ VGIC_DIST, DIST, V2 | V3, 0, GICD_CTLR, "GICD_CTLR" },
	{ VGIC_DIST, DIST, V3, 0, GICD_STATUSR, "GICD_STATUSR" },

	{ VGIC_PRIVATE, REDIST, V3 | RO, 0, GICR_IIDR, "GICR_IIDR" },
	{ VGIC_PRIVATE, REDIST, V3 | RO | WIDE, 0, GICR_TYPER, "GICR_TYPER" },
	{ VGIC_PRIVATE, REDIST, V3 | RO, 0, GICR_PIDR2, "GICR_PIDR2" },
	{ VGIC_PRIVATE, REDIST, V3, 0, GICR_STATUSR, "GICR_STATUSR" },
	{ VGIC_PRIVATE, REDIST, V3, 0, GICR_WAKER, "GICR_WAKER" },
	{ VGIC_PRIVATE, REDIST, V3 | WIDE, 0, GICR_PROPBASER, "GICR_PROPBASER" },
	{ VGIC_PRIVATE, REDIST, V3 | WIDE, 0, GICR_PENDBASER, "GICR_PENDBASER" },
	{ VGIC_PRIVATE, REDIST, V3, 0, GICR_CTLR, "GICR_CTLR" },
	{ VGIC_PRIVATE, REDIST, V3, 1, SZ_64K + GICD_IGROUPR, "GICR_IGROUPR" },
	{ VGIC_PRIVATE, REDIST, V3 | SET, 1, SZ_64K + GICD_ISENABLER, "GICR_ISENABLER" },
	{ VGIC_PRIVATE, REDIST, V3, 2, SZ_64K + GICD_ICFGR, "GICR_ICFGR" },
	{ VGIC_PRIVATE, LEVEL, V3, 1, 0, "LINE_LEVEL" },
	{ VGIC_PRIVATE, REDIST, V3 | SET, 1, SZ_64K + GICD_ISPENDR, "GICR_ISPENDR" },
	{ VGIC_PRIVATE, REDIST, V3 | SET, 1, SZ_64K + GICD_ISACTIVER, "GICR_ISACTIVER" },
	{ VGIC_PRIVATE, REDIST, V3, 8, SZ_64K + GICD_IPRIORITYR, "GICR_IPRIORITYR" },

	{ VGIC_PRIVATE, DIST, V2, 1, GICD_IGROUPR, "GICD_IGROUPR" },
	{ VGIC_PRIVATE, DIST, V2 | SET, 1, GICD_ISENABLER, "GICD_ISENABLER" },
	{ VGIC_PRIVATE, DIST, V2, 8, GICD_ITARGETSR, "GICD_ITARGETSR" },
	{ VGIC_PRIVATE, DIST, V2, 2, GICD_ICFGR, "GICD_ICFGR" },
	{ VGIC_PRIVATE, DIST, V2 | SET, 1, GICD_ISPENDR, "GICD_ISPENDR" },
	{ VGIC_PRIVATE, DIST, V2 | SET, 1, GICD_ISACTIVER, "GICD_ISACTIVER" },
	{ VGIC_PRIVATE, DIST, V2, 8, GICD_IPRIORITYR, "GICD_IPRIORITYR" },
	{ VGIC_PRIVATE, DIST, V2 | SET | SGIS, 8, GICD_SPENDSGIR, "GICD_SPENDSGIR" },

	{ VGIC_SHARED, DIST, V2 | V3, 1, GICD_IGROUPR, "GICD_IGROUPR" },
	{ VGIC_SHARED, DIST, V2 | V3 | SET, 1, GICD_ISENABLER, "GICD_ISENABLER" },
	{ VGIC_SHARED, DIST, V3 | WIDE, 64, GICD_IROUTER, "GICD_IROUTER" },
	{ VGIC_SHARED, DIST, V2, 8, GICD_ITARGETSR, "GICD_ITARGETSR" },
	{ VGIC_SHARED, DIST, V2 | V3, 2, GICD_ICFGR, "GICD_ICFGR" },
	{ VGIC_SHARED, LEVEL, V3, 1, 0, "LINE_LEVEL" },
	{ VGIC_SHARED, DIST, V2 | V3 | SET, 1, GICD_ISPENDR, "GICD_ISPENDR" },
	{ VGIC_SHARED, DIST, V2 | V3 | SET, 1, GICD_ISACTIVER, "GICD_ISACTIVER" },
	{ VGIC_SHARED, DIST, V2 | V3, 8, GICD_IPRIORITYR, "GICD_IPRIORITYR" },

	ICC_REG(ICC_SRE_EL1), ICC_REG(ICC_CTLR_EL1), ICC_REG(ICC_IGRPEN0_EL1),
	ICC_REG(ICC_IGRPEN1_EL1), ICC_REG(ICC_PMR_EL1), ICC_REG(ICC_BPR0_EL1),
	ICC_REG(ICC_BPR1_EL1), ICC_REG(ICC_AP0R0_EL1), ICC_REG(ICC_AP0R1_EL1),
	ICC_REG(ICC_AP0R2_EL1), ICC_REG(ICC_AP0R3_EL1), ICC_REG(ICC_AP1R0_EL1),
	ICC_REG(ICC_AP1R1_EL1), ICC_REG(ICC_AP1R2_EL1), ICC_REG(ICC_AP1R3_EL1),

	{ VGIC_CPU, GICC, V2 | RO, 0, GICC_IIDR, "GICC_IIDR" },
	{ VGIC_CPU, GICC, V2, 0, GICC_CTLR, "GICC_CTLR" },
	{ VGIC_CPU, GICC, V2, 0, GICC_PMR, "GICC_PMR" },
	{ VGIC_CPU, GICC, V2, 0, GICC_BPR, "GICC_BPR" },
	{ VGIC_CPU, GICC, V2, 0, GICC_ABPR, "GICC_ABPR" },
	{ VGIC_CPU, GICC, V2, 0, GICC_APR0, "GICC_APR0" },

	/* The order is that of Documentation/virt/kvm/devices/arm-vgic-its.rst. */
	{ VGIC_ITS, ITS, V3 | WIDE | RO, 0, GITS_TYPER, "GITS_TYPER" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_IIDR, "GITS_IIDR" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_CBASER, "GITS_CBASER" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_CREADR, "GITS_CREADR" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_CWRITER, "GITS_CWRITER" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_BASER + 0x00, "GITS_BASER0" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_BASER + 0x08, "GITS_BASER1" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_BASER + 0x10, "GITS_BASER2" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_BASER + 0x18, "GITS_BASER3" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_BASER + 0x20, "GITS_BASER4" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_BASER + 0x28, "GITS_BASER5" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_BASER + 0x30, "GITS_BASER6" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_BASER + 0x38, "GITS_BASER7" },
	{ VGIC_ITS, ITS, V3 | WIDE, 0, GITS_CTLR, "GITS_CTLR" },
};

/* Returns the offset of the register that has the bits of interrupt @irq. */
static u32 reg_off(const struct vgic_reg *reg, u32 irq)
{
	return reg->group == LEVEL ? irq : reg->off + irq * reg->bits / 8;
}

static bool has_reg(u32 gic, const struct vgic_reg *reg)
{
	return reg->flags & (gic == 2 ? V2 : V3);
}

/* Sets @irq to the first interrupt of the register. */
const struct vgic_reg *vgic_find_reg(u32 gic, u32 group, u64 attr, u32 *irq)
{
	const struct vgic_reg *reg;
	u32 off = attr;

	for (reg = vgic_regs; reg < vgic_regs + ARRAY_SIZE(vgic_regs); reg++) {
		if (reg->group != group || !has_reg(gic, reg))
			continue;
		*irq = 0;
		if (!reg->bits && off == reg->off)
			return reg;
		if (!reg->bits || off < reg->off || off >= reg_off(reg, 1024))
			continue;
		*irq = group == LEVEL ? off : (off - reg->off) * 8 / reg->bits;
		/* The table has one row for private interrupts, and one for SPIs. */
		if (reg->stage == (*irq < 32 ? VGIC_PRIVATE : VGIC_SHARED))
			return reg;
	}
	return NULL;
}

void vgic_reg_name(char *buf, size_t size, const struct vgic_reg *reg, u32 irq)
{
	if (!reg->bits)
		snprintf(buf, size, "%s", reg->name);
	else
		snprintf(buf, size, "%s%d", reg->name,
			 reg->bits == 64 ? irq : irq * reg->bits / 32);
}

/* Reads or writes a register of the vGIC or the ITS. Returns 0 or an errno. */
int vgic_attr_do(struct bare_vm *m, bool set, u32 group, u64 attr, void *val, u32 len)
{
	int (*access)(int fd, u32 group, u64 attr, void *val) =
		set ? __kvm_device_attr_set : __kvm_device_attr_get;
	int fd = group == ITS ? m->its_fd : m->gic_fd;
	int err = ENODEV;

	if (fd >= 0)
		err = access(fd, group, attr, val) ? errno : 0;
	/* These two groups are accessed by 32-bit words. */
	if (!err && len == 8 && (group == DIST || group == REDIST))
		err = access(fd, group, attr + 4, val + 4) ? errno : 0;
	return err;
}

/* Restores a register. Of a read-only one, tests whether KVM has it. */
int vgic_attr_restore(struct bare_vm *m, const struct vgic_reg *reg, u64 attr, void *val, u32 len)
{
	u32 all = ~0;
	u64 unused;

	if (reg->flags & RO)
		return vgic_attr_do(m, false, reg->group, attr, &unused, len);
	if (reg->flags & SET)
		vgic_attr_do(m, true, reg->group, attr + (reg->flags & SGIS ? -0x10 : 0x80),
			     &all, 4);
	return vgic_attr_do(m, true, reg->group, attr, val, len);
}

/* Returns the bits of an attribute that name the vCPU. */
static u64 attr_vcpu(struct bare_vm *m, u32 vcpu)
{
	u64 mpidr;

	if (m->d.gic == 2)
		return (u64)vcpu << KVM_DEV_ARM_VGIC_CPUID_SHIFT;
	mpidr = vcpu_get_reg(m->vcpu[vcpu], KVM_ARM64_SYS_REG(SYS_MPIDR_EL1));
	return ((mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff)) <<
	       KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT;
}

static void walk_stage(struct bare_vm *m, u32 stage, u32 vcpu, vgic_attr_fn fn, void *arg)
{
	u32 irq, first = stage == VGIC_PRIVATE ? 0 : 32;
	const struct vgic_reg *reg;
	struct vgic_attr a;

	for (reg = vgic_regs; reg < vgic_regs + ARRAY_SIZE(vgic_regs); reg++) {
		u32 end = reg->flags & SGIS ? 16 : first ? m->d.nr_irqs : 32;

		if (reg->stage != stage || !has_reg(m->d.gic, reg))
			continue;
		a = (struct vgic_attr){ reg, vcpu, 0, reg->flags & WIDE ? 8 : 4 };
		for (irq = first; irq < end; irq += max(32 / reg->bits, 1)) {
			a.attr = reg->bits ? reg_off(reg, irq) : reg->off;
			if (vgic_stage_per_vcpu(stage) || reg->group == LEVEL)
				a.attr |= attr_vcpu(m, vcpu);
			fn(&a, arg);
			if (!reg->bits)
				break;
		}
	}
}

/* Calls @fn for each register that the VM may have, in the order of restoring. */
void vgic_walk_attrs(struct bare_vm *m, vgic_attr_fn fn, void *arg)
{
	u32 stage, vcpu;

	for (stage = 0; stage < NR_VGIC_STAGES; stage++) {
		if (stage == VGIC_ITS && m->its_fd < 0)
			continue;
		for (vcpu = 0; vcpu < (vgic_stage_per_vcpu(stage) ? m->d.nr_vcpus : 1); vcpu++)
			walk_stage(m, stage, vcpu, fn, arg);
	}
}
