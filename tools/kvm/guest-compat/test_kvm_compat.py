#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
kvm-compat on made-up dumps: what it says of moves, its exit statuses, and what it
makes of files that are cut short or hostile. Needs no KVM.

  test_kvm_compat.py PROGRAM
"""
import copy
import json
import os
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(sys.argv[1])
DIR = tempfile.TemporaryDirectory()
GOES, DOES_NOT, ERROR = 0, 1, 2
nr = bad = 0

NIBBLES = '0123456789abcdef'


def result(ok, what, why=''):
    global nr, bad
    nr += 1
    bad += not ok
    print(f'{"ok" if ok else "not ok"} {nr} {what}')
    if not ok:
        for line in str(why).splitlines()[-12:]:
            print(f'# {line}')


def run(*words, timeout=20):
    return subprocess.run(
        [PROGRAM, *map(str, words)],
        capture_output=True,
        text=True,
        errors='replace',
        timeout=timeout,
        cwd=DIR.name,
    )


def item(name, value, klass='vcpu0/reg', takes=None, **more):
    it = {
        'class': klass,
        'name': name,
        'id': '0x603000000013c000',
        'value': hex(value),
        'type': 6,
        'bytes': 8,
        **more,
    }
    if takes is not None:
        it['takes'] = takes
    return it


def fields(own, **others):
    """What an ID register takes: its own value, and of nibble n (as f6=) what is said."""
    said = [
        '-' * (own >> 4 * i & 15) + NIBBLES[own >> 4 * i & 15] + '-' * (15 - (own >> 4 * i & 15))
        for i in range(16)
    ]
    for key, text in others.items():
        said[int(key[1:])] = text
    return {'fields': said}


def machine(items, baseline='as it is', **more):
    return {
        'baseline': baseline,
        'vm': {'vcpus': 1, 'gic': 3, 'its': 0, 'irqs': 96, 'ipa_bits': 40},
        'vcpus': [{'target': 5, 'features': ['KVM_ARM_VCPU_PMU_V3']}],
        'targets': [5],
        'features': ['KVM_ARM_VCPU_PMU_V3'],
        'items': items,
        'own': [],
        **more,
    }


def dump(name, kernel, *machines, midr='0x414fd0c1', patched=False):
    whole = {
        'format': 'kvm-compat dump',
        'version': 1,
        'host': {'kernel': kernel, 'uname': kernel, 'midr': midr, 'guest_compat': patched},
        'machines': list(machines),
    }
    write(name, json.dumps(whole))
    return whole


def write(name, text):
    with open(os.path.join(DIR.name, name), 'wb' if isinstance(text, bytes) else 'w') as file:
        file.write(text)


NEW = 0x0000000000000011  # ID_AA64MMFR2_EL1 of 7.3
OLD = NEW | 2 << 24  # and of 6.12, which showed NV
NV_IGNORED = '0' * 16

OLD_ITEMS = [
    item('ID_AA64MMFR2_EL1', OLD, takes=fields(OLD)),
    item(
        'KVM_REG_ARM_PSCI_VERSION',
        0x10001,
        takes={'values': {'0x10000': '0x10000', '0x10001': '0x10001', '0x10003': None}},
    ),
    item('TCR2_EL1', 0),
    item('X0', 7),
    item(
        'GICD_IIDR',
        0x4B00243B,
        'gicd',
        takes={'values': {'0x4b00243b': '0x4b00243b', '0x4b00343b': None}},
    ),
]
NEW_ITEMS = [
    item('ID_AA64MMFR2_EL1', NEW, takes=fields(NEW, f6=NV_IGNORED)),
    item(
        'KVM_REG_ARM_PSCI_VERSION',
        0x10003,
        takes={'values': {'0x10001': '0x10001', '0x10003': '0x10003'}},
    ),
    item('KVM_REG_ARM_VENDOR_HYP_BMAP_2', 0),
    item('PMMIR_EL1', 0),
    item('X0', 9),
    item(
        'GICD_IIDR',
        0x4B00343B,
        'gicd',
        takes={'values': {'0x4b00243b': '0x4b00243b', '0x4b00343b': '0x4b00343b'}},
    ),
]
REVISIONS = {'6.12-v1': {'id_aa64mmfr2_nv': 0}, 'native': {'id_aa64mmfr2_nv': 1}}


def losses(a, b, *options):
    """What the program says of the move from a to b: {name: (result, [behaviours])}"""
    said = json.loads(run('--json', 'diff', *options, a, b).stdout)[0]
    return {
        i['name']: (i['result'], [w.get('behaviour') for w in i['why']])
        for i in said['items']
        if i['result'] in ('refused', 'altered') and not i.get('own')
    }


def test_moves():
    # 6.12 with the GIC of 5.10
    old = {**revisions('6.12'), 'gicd_iidr': revisions('5.10')['gicd_iidr']}
    dump('old.json', '6.12.117-1', machine(OLD_ITEMS, revisions=old))
    dump('new.json', '7.3.4-1', machine(NEW_ITEMS))
    dump('same.json', '7.3.4-1', machine(NEW_ITEMS))
    there, back = losses('old.json', 'new.json'), losses('new.json', 'old.json')
    result(
        there
        == {
            'ID_AA64MMFR2_EL1': ('altered', ['id_aa64mmfr2_nv']),
            'TCR2_EL1': ('refused', ['list_tcr2_pir']),
        },
        'forward: what is ignored is altered, what is not there is refused, with its behaviour',
        there,
    )
    result(
        back
        == {
            'ID_AA64MMFR2_EL1': ('refused', ['id_aa64mmfr2_nv']),
            'PMMIR_EL1': ('refused', ['list_pmmir']),
            'KVM_REG_ARM_PSCI_VERSION': ('refused', ['psci_version']),
            'GICD_IIDR': ('refused', ['gicd_iidr']),
            'KVM_REG_ARM_VENDOR_HYP_BMAP_2': ('refused', ['list_bmap_2']),
        },
        'back: each value that is refused has its behaviour',
        back,
    )
    said = run('diff', 'old.json', 'new.json')
    result(
        said.returncode == DOES_NOT
        and 'NV: old has NV2 (0x2), new has NI (0)' in said.stdout
        and 'PSCI 1.3 is refused; the destination has PSCI 1.1' in said.stdout
        and 'revision 3 is refused' in said.stdout,
        'values have their names',
        said.stdout + said.stderr,
    )
    result(run('diff', 'new.json', 'same.json').returncode == GOES, 'equal hosts: goes', '')
    own = machine(NEW_ITEMS)
    own['own'] = ['altered vcpu0/reg ID_AA64MMFR2_EL1', 'refused vcpu0/reg TCR2_EL1']
    dump('own.json', '7.3.4-1', own)
    result(
        losses('old.json', 'own.json') == {},
        'what the destination does to its own state is not the move\'s doing',
        '',
    )
    dump('other.json', '7.3.4-1', machine(NEW_ITEMS), midr='0x411fd400')
    said = run('diff', 'new.json', 'other.json')
    result(
        said.returncode == DOES_NOT and 'different models' in said.stdout,
        'another CPU model does not go',
        said.stdout,
    )
    result(
        'ARM NEOVERSE_N1 r4p1' in said.stdout
        and 'ARM NEOVERSE_V1 r1p0' in said.stdout
        and run('--any-cpu', 'diff', 'new.json', 'other.json').returncode == GOES
        and run('plan', 'new.json', 'other.json', '--any-cpu').returncode == GOES,
        'the CPUs have their names, and are not compared if nobody minds',
        said.stdout,
    )
    target = machine(NEW_ITEMS, targets=[3], revisions={**revisions('7.3'), 'preferred_target': 0})
    dump('target.json', '7.3.4-1', target)
    result(
        losses('new.json', 'target.json') == {'target': ('refused', ['preferred_target'])},
        'a vCPU target that is refused',
        '',
    )
    little = machine(NEW_ITEMS, features=[])
    dump('little.json', '7.3.4-1', little)
    result(
        'KVM_ARM_VCPU_PMU_V3' in losses('new.json', 'little.json'),
        'a feature that the destination lacks is refused',
        '',
    )


def test_values():
    """What is tried on a host decides, bit by bit."""
    a = [
        item('CLIDR_EL1', 0b0110),
        item('PMCR_EL0', 0xFF00),
        item('TPIDR_EL1', 5),
        item('CCSIDR_EL1<0>', 1),
        item('ID_AA64DFR0_EL1', 0x400),
        item('PMEVCNTR1_EL0', 1 << 40 | 1),
        item('KVM_REG_ARM_TIMER_CNT', 1),
        item('GICD_IIDR', 0x4B00243B, 'gicd'),
        item('GICR_CTLR', 1, 'gicr0'),
        item('CNTP_CTL_EL0', 3, 'vcpu0/run'),
        item('PMINTENSET_EL1', 0xF1),
        item('PMINTENSET_EL1', 1, 'vcpu0/run'),
    ]
    a += [
        item('CCSIDR_EL1<5>', 0b0110),
        item('CLIDR_EL1', 0b010_001),
        item('OSLSR_EL1', 8),
        item('TCR2_EL1', 1),
    ]
    a[0]['name'] = 'CCSIDR_EL1<4>'
    b = [
        item('CCSIDR_EL1<4>', 0b0011, takes={'bits': '+.-' + '-' * 61}),
        item('PMCR_EL0', 0, takes={'ones': '0xf00', 'zeros': '0x0'}),
        item('TPIDR_EL1', 0),
        item('CCSIDR_EL1<0>', 2, takes={'nothing': True}),
        item('ID_AA64DFR0_EL1', 0x600, takes=fields(0x600, f2='----4-6---------')),
        item('PMEVCNTR1_EL0', 0),
        item('KVM_REG_ARM_TIMER_CNT', 99),
        item(
            'GICD_IIDR',
            0x4B00343B,
            'gicd',
            takes={'values': {'0x4b00243b': '0x4b00243b'}, 'GICR_CTLR': {'0x4b00243b': '0x0'}},
        ),
        item('GICR_CTLR', 6, 'gicr0', takes={'bits': '+..' + '.' * 61}),
        item('PMINTENSET_EL1', 0, takes={'shown': '0xf0'}),
        item('CCSIDR_EL1<5>', 0b0111, takes={'bits': '+' * 4 + '-' * 60}),
        item(
            'CLIDR_EL1', 0b001_001, takes={'fields': ['-1------', '-12-----'] + ['0-------'] * 19}
        ),
    ]
    dump('a.json', '6.1.192-2', machine(a))
    dump(
        'b.json',
        '6.12.117-1',
        machine(b, unlisted=[item('OSLSR_EL1', 8), item('TCR2_EL1', 0, takes={'nothing': True})]),
    )
    got = {name: what for name, (what, _) in losses('a.json', 'b.json').items()}
    result('CLIDR_EL1' not in got, 'a field that is taken, though not each of its bits alone', got)
    result('CCSIDR_EL1<5>' not in got, 'bits that are taken', got)
    result(
        'OSLSR_EL1' not in got and got.get('TCR2_EL1') == 'refused',
        'a register that is taken, though not listed',
        got,
    )
    result(got.get('CCSIDR_EL1<4>') == 'refused', 'one bit that is refused refuses all', got)
    result(
        got.get('PMCR_EL0') == 'altered' and 'TPIDR_EL1' not in got,
        'bits that are not kept alter',
        got,
    )
    result(got.get('CCSIDR_EL1<0>') == 'refused', 'a register that takes nothing else', got)
    result(
        got.get('PMEVCNTR1_EL0') == 'altered' and 'ID_AA64DFR0_EL1' not in got,
        'counters are as wide as the guest\'s PMU',
        got,
    )
    result('KVM_REG_ARM_TIMER_CNT' not in got, 'a counter runs on', got)
    result('GICR_CTLR' not in got, 'GICD_IIDR decides what GICR_CTLR has', got)
    result(got.get('CNTP_CTL_EL0') == 'altered', 'the physical timer that no register brings', got)
    result(
        got.get('PMINTENSET_EL1') == 'altered', 'a register of which a guest reads other bits', got
    )


def test_unlisted():
    """Taken, but not for long"""
    dump('one.json', '7.3.4', machine([item('OSLSR_EL1', 8), item('X0', 1)]))
    dump('two.json', '7.3.4', machine([item('X0', 1)], unlisted=[item('OSLSR_EL1', 8)]))
    said = run('diff', 'one.json', 'two.json')
    result(
        'loses with the next move: OSLSR_EL1' in said.stdout.split('two to one')[0],
        'a register that is taken, but not listed, is lost later',
        said.stdout,
    )


def diff_of_seen(register, *values):
    """Of 6.1 and 6.12, whose guests read these values of a register"""
    for name, kernel, value in zip(('one.json', 'two.json'), ('6.1.192-2', '6.12.117-1'), values):
        dump(name, kernel, machine([item('X0', 1)], seen={'sysreg': {register: value}}))
    return run('diff', 'one.json', 'two.json')


def test_reasons():
    """Of the behaviours that an item depends on, those that differ"""
    items = [item('KVM_REG_ARM_STD_BMAP', 1), item('X0', 1)]
    dump('one.json', '7.3.4', machine(items, revisions=revisions('6.1')), patched=True)
    less = {**revisions('6.1'), 'list_bmap': 0}
    dump('two.json', '7.3.4', machine(items[1:], revisions=less), patched=True)
    got = losses('one.json', 'two.json')
    result(got == {'KVM_REG_ARM_STD_BMAP': ('refused', ['list_bmap'])}, 'only what differs is the reason', got)
    # As of an older patched kernel, which does not know all behaviours of this program
    del less['smccc_services']
    dump('less.json', '6.1.192-2', machine(items[1:], revisions=less), patched=True)
    got = losses('one.json', 'less.json')
    result(
        got == {'KVM_REG_ARM_STD_BMAP': ('refused', ['list_bmap'])},
        'a behaviour that a dump does not tell of is the one of its kernel',
        got,
    )
    # The table says that both kernels are alike in it: a backport, say
    dump('one.json', '6.12.117-1', machine([item('TCR2_EL1', 0), item('X0', 1)]))
    dump('two.json', '6.12.118-1', machine([item('X0', 1)]))
    said = run('diff', 'one.json', 'two.json')
    result(
        'refused TCR2_EL1' in said.stdout and 'Nothing is known of this difference' in said.stdout,
        'what both have alike is no reason for a difference',
        said.stdout,
    )
    said = diff_of_seen('PMCCNTR_EL0', '0', '0x1de7ec7edbadc0de')
    result(
        'PMCCNTR_EL0 is cleared at the first run' in said.stdout and 'pmu_registers' not in said.stdout,
        'what no behaviour is about has its change',
        said.stdout,
    )
    said = diff_of_seen('CSSELR_EL1', '0xe', '0x1de7ec7edbadc0de')
    result('cache_geometry: ' in said.stdout, "CSSELR_EL1 at reset is the caches' behaviour", said.stdout)


def test_seen():
    """What guests see, whether or not it is a part of their state"""
    common = {'DCZID_EL0': '0x4', 'CTR_EL0': '0x8444c004'}
    old = {
        'sysreg': {**common, 'ID_AA64MMFR2_EL1': hex(OLD), 'SCXTNUM_EL1': '0'},
        'hvc': {'PSCI_VERSION': '0x10001'},
    }
    new = {
        'sysreg': {**common, 'ID_AA64MMFR2_EL1': hex(NEW), 'SCXTNUM_EL1': 'UNDEF'},
        'hvc': {'PSCI_VERSION': '0x10003', 'SYSTEM_OFF2': '0'},
    }
    dump('one.json', '6.12.117-1', machine([item('X0', 1)], seen=old))
    dump('two.json', '7.3.4-1', machine([item('X0', 1)], seen=new))
    dump('none.json', '7.3.4-1', machine([item('X0', 1)]))
    said = run('diff', 'one.json', 'two.json')
    result(
        said.returncode == GOES
        and 'NV: one has NV2 (0x2), two has NI (0)' in said.stdout
        and 'id_aa64mmfr2_nv: ' in said.stdout
        and 'PSCI_VERSION (hvc): 0x10001 on one, 0x10003 on two' in said.stdout
        and 'SCXTNUM_EL1 (sysreg): 0 on one, UNDEF on two' in said.stdout
        and 'SYSTEM_OFF2 (hvc): UNDEF on one, 0 on two' in said.stdout
        and 'DCZID_EL0' not in said.stdout,
        'what guests see otherwise has its fields and its behaviour, and forbids nothing',
        said.stdout,
    )
    said = json.loads(run('--json', 'diff', 'one.json', 'two.json').stdout)
    names = [[d['name'] for d in way['seen']] for way in said]
    result(
        sorted(names[0]) == ['ID_AA64MMFR2_EL1', 'PSCI_VERSION', 'SCXTNUM_EL1', 'SYSTEM_OFF2']
        and names[0] == names[1],
        'and as JSON',
        names,
    )
    said = run('diff', 'one.json', 'none.json')
    result(
        'What guests see' not in said.stdout and said.returncode == GOES,
        'a dump of an older kvm-compat does not have it',
        said.stdout,
    )


def test_plan():
    old = machine(OLD_ITEMS)
    at = machine(OLD_ITEMS, '6.12-v1', revisions=revisions('6.12'))
    dump('patched.json', '7.3.4', machine(NEW_ITEMS, revisions=revisions('7.3')), at, patched=True)
    dump('plain.json', '7.3.4', machine(NEW_ITEMS, revisions=revisions('7.3')), patched=True)
    dump('old.json', '6.12.117-1', old)
    said = run('plan', 'old.json', 'patched.json')
    result(
        said.returncode == GOES
        and 'kvm.guest_compat=6.12-v1' in said.stdout
        and 'Every guest that is started so can go to every host: 2 moves' in said.stdout,
        'a plan with the string',
        said.stdout,
    )
    result('measured on 6.12.117' in said.stdout, 'and how it is known', said.stdout)
    said = run('plan', 'old.json', 'plain.json')
    result(
        said.returncode == ERROR and 'dump it with -b 6.12-v1' in said.stderr,
        'a dump that lacks the baseline',
        said.stderr,
    )
    said = run('plan', 'old.json', 'new.json')
    result(
        said.returncode == DOES_NOT
        and 'needs a kernel with KVM_CAP_GUEST_COMPAT' in said.stdout
        and '2 of 2 moves cannot be had' in said.stdout,
        'what cannot be had, and why',
        said.stdout,
    )
    said = json.loads(run('--json', 'plan', 'old.json', 'patched.json').stdout)
    result(
        said['unexplained'] == 0
        and [h['kvm.guest_compat'] for h in said['hosts']] == [None, '6.12-v1']
        and all(m['goes'] for m in said['moves']),
        'a plan as JSON',
        said,
    )
    result(
        run('plan', 'old.json', 'other.json').returncode == ERROR, 'a plan is of one CPU model', ''
    )
    result(run('plan', 'old.json').returncode == ERROR, 'and of more than one host', '')
    said = run('report', '-o', 'r.html', 'old.json', 'patched.json')
    with open(os.path.join(DIR.name, 'r.html'), encoding='utf-8') as file:
        page = file.read()
    result(
        said.returncode == DOES_NOT
        and '<td>goes</td>' in page
        and '1&nbsp;refused<br>1&nbsp;altered</a>' in page
        and 'href="#m0-1"' in page
        and 'id="m0-1"' in page
        and 'id_aa64mmfr2_nv' in page,
        'a report',
        said.stderr,
    )
    result(
        'http' not in page and '<script' not in page and 'src=' not in page,
        'a report that needs nothing else',
        '',
    )
    dump('x<b>.json', '6.12.117<script>', machine(OLD_ITEMS))
    run('report', '-o', 'r.html', 'x<b>.json', 'new.json')
    with open(os.path.join(DIR.name, 'r.html'), encoding='utf-8') as file:
        result('<script' not in file.read(), 'a report shows hostile names as text', '')


def test_fingerprints():
    """Firecracker's: values alone"""

    def fingerprint(name, **registers):
        ids = {
            'MIDR_EL1': 0x603000000013C000,
            'ID_AA64MMFR2_EL1': 0x603000000013C03A,
            'PSCI': 0x6030000000140000,
            'TCR2_EL1': 0x603000000013C103,
            'X0': 0x6030000000100000,
        }
        write(
            name,
            json.dumps(
                {
                    'firecracker_version': '1',
                    'kernel_version': '6.1.1-1.amzn2023',
                    'guest_cpu_config': {
                        'kvm_capabilities': [],
                        'vcpu_features': [],
                        'reg_modifiers': [
                            {'addr': hex(ids[k]), 'bitmap': f'0b{v:0128b}'}
                            for k, v in registers.items()
                        ],
                    },
                }
            ),
        )

    fingerprint(
        'fa.json', MIDR_EL1=0x414FD0C1, ID_AA64MMFR2_EL1=OLD, PSCI=0x10001, TCR2_EL1=0, X0=1
    )
    fingerprint('fb.json', MIDR_EL1=0x414FD0C1, ID_AA64MMFR2_EL1=NEW, PSCI=0x10001, X0=2)
    got = losses('fa.json', 'fb.json')
    result(
        set(got) == {'ID_AA64MMFR2_EL1', 'TCR2_EL1'}
        and 'id_aa64mmfr2_nv' in got['ID_AA64MMFR2_EL1'][1],
        'two fingerprints: what differs, and the registers that one has alone',
        got,
    )
    dump('new.json', '7.3.4-1', machine([item('MIDR_EL1', 0x414FD0C1), *NEW_ITEMS]))
    got = losses('fa.json', 'new.json')
    result(
        got.get('ID_AA64MMFR2_EL1', [''])[0] == 'altered',
        'a fingerprint to a dump: what the dump says is taken',
        got,
    )
    write(
        'fc.json',
        json.dumps(
            {
                'kernel_version': '6.1',
                'guest_cpu_config': {'reg_modifiers': [{'addr': '0x1', 'bitmap': '0b2'}]},
            }
        ),
    )
    result(
        run('diff', 'fc.json', 'new.json').returncode == ERROR,
        'a fingerprint with a bitmap that is none',
        '',
    )


def revisions(release):
    """All behaviours at a release's revision, as the program itself has them"""
    said = json.loads(run('--json', 'strings', f'{release}-v1').stdout)
    return said['revisions']


def test_hostile():
    whole = json.dumps(dump('good.json', '6.12.117-1', machine(OLD_ITEMS)))
    dump('new.json', '7.3.4-1', machine(NEW_ITEMS))

    def refused(text):
        write('bad.json', text)
        said = run('diff', 'bad.json', 'new.json')
        return (
            said.returncode == ERROR
            and said.stderr.startswith('kvm-compat: bad.json: ')
            and not said.stdout
        )

    result(
        all(refused(whole[: len(whole) * i // 40]) for i in range(40)),
        'a file that is cut short, at forty places',
        '',
    )
    result(
        all(
            refused(text)
            for text in (
                '',
                '[]',
                '7',
                'null',
                '{}',
                '"x"',
                b'\0' * 100,
                b'KVMSTATE' + b'\1' * 99,
                whole + '}',
                '[' * 100000,
                '{"a":' * 5000,
            )
        ),
        'no JSON, or another kind of it',
        '',
    )
    good = json.loads(whole)

    def with_(change):
        d = copy.deepcopy(good)
        change(d)
        return json.dumps(d)

    first = lambda d: d['machines'][0]['items'][0]
    changes = {
        'another format': lambda d: d.update(format='other'),
        'a later version': lambda d: d.update(version=2),
        'no host': lambda d: d.pop('host'),
        'a host that is no object': lambda d: d.update(host=[]),
        'a kernel that is a number': lambda d: d['host'].update(kernel=7),
        'a kernel that is too long': lambda d: d['host'].update(kernel='6' * 5000),
        'a MIDR_EL1 that is no number': lambda d: d['host'].update(midr='0xzz'),
        'no machines': lambda d: d.update(machines=[]),
        'a machine that is null': lambda d: d.update(machines=[None]),
        'no items': lambda d: d['machines'][0].update(items=[]),
        'items that are an object': lambda d: d['machines'][0].update(items={'a': 1}),
        'a baseline that is too long': lambda d: d['machines'][0].update(baseline='x' * 5000),
        'no vm': lambda d: d['machines'][0].pop('vm'),
        'vcpus that are text': lambda d: d['machines'][0].update(vcpus='x'),
        'own that is not text': lambda d: d['machines'][0].update(own=[1]),
        'a revision that is text': lambda d: d['machines'][0].update(revisions={'gicd_iidr': 'x'}),
        'a revision that is too large': lambda d: d['machines'][0].update(
            revisions={'gicd_iidr': 1 << 40}
        ),
        'an item that is text': lambda d: d['machines'][0]['items'].insert(0, 'x'),
        'an item without a name': lambda d: first(d).pop('name'),
        'a name that is too long': lambda d: first(d).update(name='A' * 3000),
        'a name with escapes': lambda d: first(d).update(name='\x1b[2J'),
        'a class with a path': lambda d: first(d).update({'class': '../../x'}),
        'an id that is no number': lambda d: first(d).update(id='12'),
        'a value that is no number': lambda d: first(d).update(value='0x'),
        'a value that is larger than a page': lambda d: first(d).update(value='0x' + 'f' * 9000),
        'fields that are too few': lambda d: first(d).update(takes={'fields': ['0'] * 16}),
        'octal fields with a nine': lambda d: first(d).update(takes={'fields': ['01234569'] * 21}),
        'fields that are numbers': lambda d: first(d).update(takes={'fields': [1] * 16}),
        'bits that are too few': lambda d: first(d).update(takes={'bits': '+'}),
        'ones without zeros': lambda d: first(d).update(takes={'ones': '0x1'}),
        'values that are no numbers': lambda d: first(d).update(takes={'values': {'x': 'y'}}),
        'seen that is a list': lambda d: d['machines'][0].update(seen=[]),
        'a class of seen that is text': lambda d: d['machines'][0].update(seen={'hvc': 'x'}),
        'seen that is a number': lambda d: d['machines'][0].update(seen={'hvc': {'A': 1}}),
        'seen that is long': lambda d: d['machines'][0].update(seen={'hvc': {'A': 'x' * 300}}),
        'seen with escapes': lambda d: d['machines'][0].update(seen={'hvc': {'A': '\x1b[2J'}}),
        'a name of seen with escapes': lambda d: d['machines'][0].update(seen={'hvc': {'\x07': '0'}}),
        'takes that is a list': lambda d: first(d).update(takes=[1]),
    }
    for what, change in changes.items():
        result(refused(with_(change)), f'refused: {what}', '')
    result(
        refused(whole.replace('"version": 1', '"version": 1, "version": 1')),
        'refused: a key that is there twice',
        '',
    )
    write('guest.state', b'KVMSTATE' + b'\1' * 99)
    said = run('diff', 'guest.state', 'new.json')
    result(
        said.returncode == ERROR and "'kvm-compat restore' takes it" in said.stderr,
        'a state file is said to be one',
        said.stderr,
    )
    said = run('diff', '/nowhere.json', 'new.json')
    result(
        said.returncode == ERROR and 'No such file' in said.stderr,
        'a file that is not there',
        said.stderr,
    )
    result(
        run('diff', '/dev/zero', 'new.json').returncode == ERROR
        and run('diff', DIR.name, 'new.json').returncode == ERROR,
        'a device and a directory',
        '',
    )


def test_commands():
    result(
        run().returncode == ERROR and run('what').returncode == ERROR,
        'no command, and an unknown one',
        '',
    )
    for command in (
        'diff',
        'plan',
        'report',
        'explain',
        'list',
        'check',
        'dump',
        'save',
        'restore',
    ):
        said = run(command)
        result(
            said.returncode == ERROR and said.stderr and not said.stdout,
            f'{command} without what it needs says so',
            said,
        )
    said = run('explain', 'ID_AA64MMFR2_EL1.NV')
    result(
        said.returncode == GOES
        and 'id_aa64mmfr2_nv' in said.stdout
        and '(5.10 - 6.14)' in said.stdout,
        'a field is explained',
        said,
    )
    said = run('explain', 'gicd_iidr')
    result(
        said.returncode == GOES and 'GICR_CTLR' in said.stdout, 'a behaviour is explained', said
    )
    said = run('explain', 'PMCNTENSET_EL0')
    result(
        said.returncode == GOES
        and "never: restoring all registers lost the enables of the counters" in said.stdout,
        'what is never had back is explained',
        said.stdout,
    )
    said = run('explain', 'SPSR_EL1')
    result(said.returncode in (GOES, ERROR), 'a register that never changed', said)
    said = run('explain', 'ID_AA64MMFR2_EL1.NOSUCH')
    result(
        said.returncode == ERROR and 'no such field' in said.stderr,
        'a field that there is not',
        said,
    )
    said = run('explain', 'no_such_thing')
    result(
        said.returncode == ERROR and 'no behaviour, register or item' in said.stderr,
        'a name that there is not',
        said,
    )
    if not os.path.exists('/dev/kvm') or os.uname().machine != 'aarch64':
        for words in (
            ['host'],
            ['dump', 'x.json'],
            ['check', 'new.json'],
            ['save', 'x'],
            ['restore', 'x'],
        ):
            said = run(*words)
            result(
                said.returncode == ERROR
                and 'KVM' in said.stderr.upper()
                and not os.path.exists(f'{DIR.name}/x.json'),
                f'{words[0]} without KVM says so, and makes nothing',
                said,
            )


print('TAP version 13')
test_moves()
test_values()
test_unlisted()
test_reasons()
test_seen()
test_plan()
test_fingerprints()
test_hostile()
test_commands()
print(f'1..{nr}')
sys.exit(bool(bad))
