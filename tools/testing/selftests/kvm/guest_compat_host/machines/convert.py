#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Prints the table of a machine from dumps of KVM_GET_REG_LIST's registers in the
form of Firecracker's cpu-template-helper ("addr" and "bitmap", in JSON), one
a host kernel, oldest first:

  machines/convert.py 5.10=dump-on-5.10.json 6.1=dump-on-6.1.json > machines/NAME

Leaves out core, FP and SIMD registers. Of registers other than ID registers, it
leaves out those that are equal on all kernels. The lines "host" and "differs" must
be written by hand: see machine.c.
"""
import json
import pathlib
import sys

SYSREG = pathlib.Path(__file__).resolve().parents[6] / "arch/arm64/tools/sysreg"

# KVM's own registers, and registers that the kernel's list of names lacks
NAMES = {
    0x603000000013808c: "OSLSR_EL1",
    0x603000000013c000: "MIDR_EL1",
    0x603000000013c4f1: "PMINTENSET_EL1",
    0x603000000013c4f2: "PMINTENCLR_EL1",
    0x603000000013dce0: "PMCR_EL0",
    0x603000000013dce1: "PMCNTENSET_EL0",
    0x603000000013dce2: "PMCNTENCLR_EL0",
    0x603000000013dce3: "PMOVSCLR_EL0",
    0x603000000013dce4: "PMSWINC_EL0",
    0x603000000013dce8: "PMCCNTR_EL0",
    0x603000000013dcf0: "PMUSERENR_EL0",
    0x603000000013dcf3: "PMOVSSET_EL0",
    0x603000000013df11: "CNTP_CTL_EL0",
    0x603000000013df19: "CNTV_CTL_EL0",
    0x603000000013df7f: "PMCCFILTR_EL0",
    **{0x603000000013df40 + n: f"PMEVCNTR{n}_EL0" for n in range(31)},
    **{0x603000000013df60 + n: f"PMEVTYPER{n}_EL0" for n in range(31)},
    0x6030000000140000: "KVM_REG_ARM_PSCI_VERSION",
    0x6030000000140001: "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1",
    0x6030000000140002: "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2",
    0x6030000000140003: "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3",
    0x6030000000160000: "KVM_REG_ARM_STD_BMAP",
    0x6030000000160001: "KVM_REG_ARM_STD_HYP_BMAP",
    0x6030000000160002: "KVM_REG_ARM_VENDOR_HYP_BMAP",
    0x6030000000160003: "KVM_REG_ARM_VENDOR_HYP_BMAP_2",
}
CORE, DEMUX, SYS = 0x10, 0x11, 0x13


def coproc(reg):
    return reg >> 16 & 0xfff


def encoding(reg):
    return reg >> 14 & 3, reg >> 11 & 7, reg >> 7 & 15, reg >> 3 & 15, reg & 7


def tells(reg):
    """Identification registers, which have CRn 0, such as MIDR_EL1 and CLIDR_EL1"""
    return coproc(reg) == SYS and encoding(reg)[0] == 3 and encoding(reg)[2] == 0


def dump(path):
    with open(path, encoding="ascii") as file:
        regs = json.load(file)["guest_cpu_config"]["reg_modifiers"]
    return {int(r["addr"], 16): int(r["bitmap"], 2) for r in regs}


def sysreg_names():
    words = (line.split() for line in SYSREG.read_text().splitlines())
    return {tuple(map(int, w[2:7])): w[1] for w in words if w and w[0] == "Sysreg"}


def main():
    kernels = dict(arg.split("=", 1) for arg in sys.argv[1:])
    dumps = [dump(path) for path in kernels.values()]
    if not dumps:
        sys.exit(__doc__.strip())

    sysregs = sysreg_names()
    print("\t".join(["register", *kernels]))
    for reg in sorted(set().union(*dumps)):
        vals = [d.get(reg) for d in dumps]
        if coproc(reg) == CORE or not (tells(reg) or len(set(vals)) > 1):
            continue
        if coproc(reg) == DEMUX:
            name = f"CCSIDR_EL1<{reg & 0xff}>"
        elif coproc(reg) == SYS and reg not in NAMES:
            name = sysregs.get(encoding(reg), "S{}_{}_C{}_C{}_{}".format(*encoding(reg)))
        else:
            name = NAMES.get(reg, f"{reg:#x}")
        print("\t".join([name, *("-" if v is None else f"{v:#x}" for v in vals)]))


main()
