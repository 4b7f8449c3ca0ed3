/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers of the CPU interface of a GICv2 */
#ifndef SELFTEST_KVM_GIC_V2_H
#define SELFTEST_KVM_GIC_V2_H

#include "gic.h"

/* A VM has redistributors or this CPU interface, so they share an address. */
#define GICC_BASE_GPA		GICR_BASE_GPA
#define GICC_BASE_GVA		((void *)GICC_BASE_GPA)

#define GICC_CTLR		0x0000
#define GICC_PMR		0x0004
#define GICC_BPR		0x0008
#define GICC_IAR		0x000c
#define GICC_EOIR		0x0010
#define GICC_RPR		0x0014
#define GICC_HPPIR		0x0018
#define GICC_ABPR		0x001c
#define GICC_AIAR		0x0020
#define GICC_AEOIR		0x0024
#define GICC_AHPPIR		0x0028
#define GICC_APR0		0x00d0
#define GICC_NSAPR0		0x00e0
#define GICC_IIDR		0x00fc
#define GICC_DIR		0x1000

#define GICC_CTLR_ENABLE_GRP0	BIT(0)
#define GICC_CTLR_ENABLE_GRP1	BIT(1)
#define GICC_CTLR_ACKCTL	BIT(2)
#define GICC_CTLR_FIQEN		BIT(3)
#define GICC_CTLR_EOIMODE	BIT(9)

/* GICC_IAR reads as this if a Group 1 interrupt is pending and GICC_CTLR.AckCtl is 0. */
#define GICC_IAR_GRP1		1022

#define GICD_ICPIDR2		0x0fe8

#define GICD_CTLR_V2_ENABLE	BIT(0)
/* In GICD_SGIR: the SGI goes to the CPU that writes the register. */
#define GICD_SGIR_SELF		(2 << 24)

#endif /* SELFTEST_KVM_GIC_V2_H */
