# SPDX-License-Identifier: GPL-2.0
"""
kvm-compat: its tables and made-up dumps on this machine; and on two kernels, that its
predictions are what 'check' finds, and that is what a restore then does.
"""
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest
import zlib

import ktap
import lab

predict = lab.command('predict')
SOURCE = lab.BUILD / 'linux/tools/kvm/guest-compat'


def with_records(state, *records, midr=None):
    """A state file with records more, before those of memory, and its checksum and version as they have to be"""
    first = next(at for at, kind in records_of(state) if kind > 4)
    body = state[32:first] + b''.join(struct.pack('<HHIQ', kind, 0, len(data), 0) + data for kind, data in records) + state[first:]
    if midr is not None:
        at = next(at for at, kind in records_of(state) if kind == 2) - 32 + 16
        body = body[:at] + struct.pack('<Q', midr) + body[at + 8:]
    return struct.pack('<8sIIIIQ', b'KVMSTATE', 0x01020304, 2, 183, zlib.crc32(body), 32 + len(body)) + body


def records_of(state):
    """The offset and type of each record"""
    at = 32
    while at < len(state):
        kind, _, size, _ = struct.unpack_from('<HHIQ', state, at)
        yield at, kind
        at += 16 + (size + 7) // 8 * 8


class Compat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.arm64, cls.here = predict.programs()

    def passes(self, *words):
        done = lab.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace', cwd=SOURCE)
        results = ktap.read(done.stdout) or []
        self.assertEqual([str(r) for r in results if r.status == ktap.FAIL], [])
        self.assertTrue(results and not done.returncode, done.stdout[-500:] + done.stderr)

    def test_tables(self):
        """kvm-compat: each string for a kernel is one that the kernel takes; each item and revision has its words"""
        self.passes(self.here.with_name('test_tables'))

    def test_string(self):
        """lab/compat string: what kernels.tsv has for a kernel; a kernel that has no line is an error"""
        def string(version):
            return lab.run([lab.LAB / 'compat', 'string', version], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        self.assertEqual(string('6.12.85').stdout, '6.12-v1\n')
        self.assertEqual(string('6.6.87').stdout, '6.6-v1,id_aa64mmfr1_ecbhb=0\n')
        self.assertRegex(string('6.8.3').stdout, r'^6\.6-v1,.*pmevtyper_bits=2.*,ipa_range=0$')
        unknown = string('99.1.2')
        self.assertNotEqual(unknown.returncode, 0)
        self.assertIn('99.1.2', unknown.stderr)

    def test_dumps(self):
        """kvm-compat: made-up dumps, hostile files, exit statuses"""
        self.passes(SOURCE / 'test_kvm_compat.py', self.here)


class Moves(unittest.TestCase):
    """A real kernel and the patched one: dumps, then what each makes of the other's"""
    @classmethod
    def setUpClass(cls):
        cls.arm64, cls.here = predict.programs()
        cls.dir = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.dir.name)
        cls.boot('6.12', [['./kvm-compat', 'dump', 'out/old.json'], ['./guest_state', 'save', 'out/old.state'],
                          ['./kvm-compat', 'save', '-x', 'sve', 'out/other-shape.state']])
        cls.boot('patched', [['./kvm-compat', 'dump', 'out/new.json'], ['./kvm-compat', 'dump', '-b', '6.12-v1', 'out/at.json'],
                             ['./guest_state', 'save', 'out/new.state'], ['./kvm-compat', 'save', '-b', '6.12-v1', 'out/at.state'],
                             ['./kvm-compat', 'save', 'out/native.state']])
        cls.make_files()
        check, restore = ['./kvm-compat', '--json', 'check'], ['./kvm-compat', 'restore']
        cls.on_old = cls.boot('6.12', [[*check, 'new.json'], [*check, 'at.json'], ['./guest_state', 'restore', '-m', 'new.state'],
                                       ['./guest_state', 'restore', '-m', 'old.state'], ['./kvm-compat', 'check', '6.1'],
                                       [*restore, 'at.state'], [*restore, 'native.state'], [*restore, '-b', '6.12-v1', 'at.state'],
                                       ['./kvm-compat', 'list', 'at.state'],
                                       [*restore, 'other-shape.state', 'at.state']])
        cls.on_new = cls.boot('patched', [[*check, 'old.json'], [*check, '-b', '6.12-v1', 'old.json'],
                                          ['./guest_state', 'restore', '-m', 'old.state'],
                                          ['./guest_state', 'restore', '-m', 'new.state'], [*check, '-l', 'at.json'],
                                          [*check, '6.12'], ['./kvm-compat', 'check', 'cut.json'],
                                          [*restore, 'at.state'], [*restore, '-b', 'as it is', 'at.state'], [*restore, 'old.state'],
                                          [*restore, '-b', '6.12-v1', 'old.state'], [*restore, 'later.state'],
                                          [*restore, 'optional.state'], [*restore, 'other.state'],
                                          [*restore, '--any-cpu', 'other.state'], ['./kvm-compat', 'check', 'other.json'],
                                          [*check, '--any-cpu', '-l', 'other.json'], ['./kvm-compat', 'check', 'at.state'],
                                          [*restore, 'refused.state'], [*check, 'old.json', 'cut.json', 'at.json'],
                                          [*restore, 'later.state', 'at.state', 'old.state']])

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()

    @classmethod
    def boot(cls, kernel, jobs):
        files = {'kvm-compat': cls.arm64, 'guest_state': lab.program('arm64/guest_state')}
        for path in cls.path.iterdir():
            files[path.name] = path
        result = lab.Boot(kernel, jobs, files, cpu='max', gic='3', smp=1, limit=600).run()
        if result.status:
            raise lab.Error(f'{kernel}: {result.why}')
        for path in result.files.iterdir():
            (cls.path / path.name).write_bytes(path.read_bytes())
        return result

    @classmethod
    def make_files(cls):
        """Of another CPU, of a later version, with a record that may be skipped, cut short"""
        read = lambda name: (cls.path / name).read_bytes()
        make = lambda name, data: (cls.path / name).write_bytes(data)
        make('cut.json', read('old.json')[:50000])
        make('later.state', with_records(read('at.state'), (12, b'12345678')))
        make('optional.state', with_records(read('at.state'), (0x8765, b'12345678')))
        make('other.state', with_records(read('at.state'), midr=0x411fd070))
        # The first behaviour of the vector, with a revision that no kernel has
        data = bytearray(read('at.state'))
        at = next(at for at, kind in records_of(data) if kind == 11) + 16 + 32
        struct.pack_into('<I', data, at + 8, 200)
        make('refused.state', with_records(bytes(data)))
        other = json.loads(read('at.json'))
        other['host']['midr'] = '0x411fd070'
        make('other.json', json.dumps(other).encode())

    def said(self, result, nr):
        """A command's status, and its JSON"""
        self.assertIn(result.rc(nr), (0, 1), result.out(nr)[-500:])
        return result.rc(nr), predict.said_of(result.out(nr))

    def diff(self, *words):
        done = subprocess.run([self.here, '--json', 'diff', *words], stdout=subprocess.PIPE, text=True, check=False, cwd=self.path)
        return json.loads(done.stdout)

    def test_forward(self):
        """kvm-compat: 6.12 to 7.3: the prediction is what check finds, and what a restore then does, each item with its reason"""
        status, found = self.said(self.on_new, 0)
        own = predict.restored(self.on_new.out(3))
        self.assertTrue(predict.lost(found))
        self.assertEqual(status, 1)
        self.assertEqual(predict.lost(found), predict.restored(self.on_new.out(2)) - own)
        self.assertEqual(predict.lost(self.diff('old.json', 'new.json')[0]), predict.lost(found))
        self.assertEqual(predict.unexplained(found), [])

    def test_back(self):
        """kvm-compat: 7.3 back to 6.12: the same"""
        status, found = self.said(self.on_old, 0)
        own = predict.restored(self.on_old.out(3))
        self.assertTrue(predict.lost(found))
        self.assertEqual(status, 1)
        self.assertEqual(predict.lost(found), predict.restored(self.on_old.out(2)) - own)
        self.assertEqual(predict.lost(self.diff('new.json', 'old.json')[0]), predict.lost(found))
        self.assertEqual(predict.unexplained(found), [])

    def test_baseline(self):
        """kvm-compat: with 6.12-v1 selected, guests go both ways, and the plan says so"""
        self.assertEqual([self.said(r, n)[0] for r, n in ((self.on_old, 1), (self.on_new, 1), (self.on_new, 4))], [0, 0, 0])
        self.assertEqual([d['goes'] for d in self.diff('old.json', 'at.json')], [True, True])
        both = json.loads((self.path / 'new.json').read_text())
        both['machines'] += json.loads((self.path / 'at.json').read_text())['machines']
        (self.path / 'both.json').write_text(json.dumps(both))
        done = subprocess.run([self.here, 'plan', 'old.json', 'both.json'], stdout=subprocess.PIPE, text=True, check=False,
                              cwd=self.path)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn('kvm.guest_compat=6.12-v1', done.stdout)

    def test_release(self):
        """kvm-compat: check of a release needs no dump, where the kernel can be that release"""
        self.assertEqual(predict.lost(self.said(self.on_new, 5)[1]), predict.lost(self.said(self.on_new, 0)[1]))
        self.assertEqual(self.on_old.rc(4), 2)
        self.assertIn('has no KVM_CAP_GUEST_COMPAT', self.on_old.out(4))

    def test_cut(self):
        """kvm-compat: a dump that is cut short is refused, and no VM is made"""
        self.assertEqual(self.on_new.rc(6), 2)
        self.assertIn('is it cut short', self.on_new.out(6))
        self.assertNotIn('restoring', self.on_new.out(6))

    def test_several(self):
        """kvm-compat: check and restore take several files, and go on after one that is refused"""
        self.assertEqual(self.on_new.rc(19), 2)
        text = self.on_new.out(19)
        said = json.loads(text[text.index('[\n'):])
        self.assertEqual([s['from'] for s in said], ['old', 'at'])
        self.assertEqual(predict.lost(said[0]), predict.lost(self.said(self.on_new, 0)[1]))
        self.assertEqual(self.on_new.rc(20), 2)
        total = lambda nr: re.findall('^total .*', self.on_new.out(nr), re.M)
        self.assertEqual(total(20), total(7) + total(9))
        # What a kernel loses of its own guests is found anew for a VM of another shape.
        self.assertRegex(self.on_old.out(5), '(?m)^own ')
        self.assertEqual(self.on_old.rc(9), 0, self.on_old.out(9))

    def test_vector_loaded(self):
        """kvm-compat: a guest has on another host what its state file says that it had"""
        self.assertEqual((self.on_new.rc(7), self.on_new.rc(8)), (0, 1), self.on_new.out(7))
        self.assertIn('loading what the guest had: 6.12-v1', self.on_new.out(7))
        self.assertIn('total at.state - ', self.on_new.out(7))
        self.assertIn('vector\tpsci_version\t1\n', self.on_old.out(8))
        self.assertIn('vector\t-\t6.12-v1\n', self.on_old.out(8))

    def test_vector_refused(self):
        """kvm-compat: a vector that a host cannot load is refused by the behaviour's name, and no VM is made"""
        self.assertEqual(self.on_new.rc(18), 1)
        self.assertRegex(self.on_new.out(18), '[a-z0-9_]+=200 is refused: Invalid argument')
        self.assertNotIn('total', self.on_new.out(18))

    def test_vector_without_capability(self):
        """kvm-compat: on a kernel that can load nothing, what the guest had is compared with what the kernel is"""
        self.assertEqual((self.on_old.rc(5), self.on_old.rc(6), self.on_old.rc(7)), (0, 1, 2), self.on_old.out(5))
        # As check said of dumps of the two
        self.assertEqual((self.on_old.rc(1), self.on_old.rc(0)), (0, 1))
        self.assertRegex(self.on_old.out(5), r'the guest had 6.12-v1, which this kernel \(6.12.*\) is by itself')
        self.assertRegex(self.on_old.out(6), r'(?s)the guest had native of 7.3. This kernel .* is 6.12-v1')
        self.assertRegex(self.on_old.out(6), '(?s)behaviours are not what the guest had.*:.*id_aa64mmfr2_nv')
        self.assertNotIn('altered ', self.on_old.out(5))
        self.assertIn('own ', self.on_old.out(5))
        self.assertIn('has no KVM_CAP_GUEST_COMPAT', self.on_old.out(7))

    def test_old_state_files(self):
        """kvm-compat: a state file without a vector is restored as before, and it says what to select"""
        self.assertEqual((self.path / 'old.state').read_bytes()[12:16], b'\1\0\0\0')
        self.assertEqual((self.on_new.rc(9), self.on_new.rc(10)), (1, 0), self.on_new.out(10))
        self.assertIn('-b 6.12-v1 gives it what guests have on 6.12', self.on_new.out(9))

    def test_records(self):
        """kvm-compat: a record that may be skipped is; another unknown one is an error that says so"""
        self.assertEqual((self.on_new.rc(11), self.on_new.rc(12)), (2, 0), self.on_new.out(12))
        self.assertIn('record of unknown type 12, which a later version reads', self.on_new.out(11))
        self.assertNotIn('total', self.on_new.out(11))

    def test_other_cpu(self):
        """kvm-compat: a state file or a dump of another CPU model is refused by name, unless it is to go on"""
        for nr in 13, 15:
            self.assertEqual((self.on_new.rc(nr), self.on_new.rc(nr + 1)), (1, 0), self.on_new.out(nr + 1))
            self.assertRegex(self.on_new.out(nr), r'is of another CPU model: ARM CORTEX_A57 r1p0 \(MIDR_EL1 0x411fd070\) there')
            self.assertIn('--any-cpu', self.on_new.out(nr))
        self.assertEqual(self.on_new.rc(17), 2)
        self.assertIn("it is a state file: 'kvm-compat restore' takes it", self.on_new.out(17))

    def test_seen(self):
        """kvm-compat: a dump has what a guest sees: nothing else at 6.12-v1, and what changed otherwise, with its behaviour"""
        seen = json.loads((self.path / 'new.json').read_text())['machines'][0]['seen']
        self.assertGreater(len(seen['sysreg']), 100)
        self.assertEqual(seen['hvc']['PSCI_VERSION'], '0x10003')
        self.assertEqual(self.diff('old.json', 'at.json')[0]['seen'], [])
        differ = {d['name']: d for d in self.diff('old.json', 'new.json')[0]['seen']}
        self.assertEqual([differ['PSCI_VERSION'][side] for side in 'ab'], ['0x10001', '0x10003'])
        for name, behaviour in ('ID_AA64MMFR2_EL1', 'id_aa64mmfr2_nv'), ('PSCI_VERSION', 'psci_version'):
            self.assertEqual([why['behaviour'] for why in differ[name]['why']], [behaviour])

    def test_without(self):
        """kvm-compat: a host without KVM is told so; what needs none works there"""
        result = lab.Boot('6.12', [['./kvm-compat', 'host'], ['./kvm-compat', 'dump', 'out/x.json'],
                                   ['./kvm-compat', 'explain', 'gicd_iidr']], {'kvm-compat': self.arm64}, cpu='max', gic='3', smp=1,
                          append='kvm-arm.mode=none', limit=100).run()
        self.assertEqual([result.rc(n) for n in range(3)], [2, 2, 0])
        self.assertIn('this kernel offers no virtual machines', result.out(0))
        self.assertFalse(os.listdir(result.files))


def lava_script(**params):
    """What LAVA makes of the test definition: a script of its parameters and steps, under set -e"""
    text = (SOURCE / 'ci/lava-two-kernels.yaml').read_text()
    given = dict(re.findall(r'^  ([A-Z_]+): (.*)$', text, re.M))
    steps = re.findall(r'^    - (.*)$', text[text.index('  steps:'):], re.M)
    assert set(params) <= set(given) and steps
    return '\n'.join(['set -e', *(f'{name}={value}' for name, value in {**given, **params}.items()), *steps, ''])


class Scripts(unittest.TestCase):
    """
    The scripts for boards, under busybox, as LAVA would run them: on a real kernel, then on the
    patched one, which the real one boots by kexec. The second has only what the first gave it
    as its initramfs, so the state goes from one to the other as on a board.

    Not on -cpu max, where 6.12 oopses while it makes the page tables for a kexec
    (trans_pgd_create_copy()).
    """
    SETUP = r'''
        ./busybox mkdir -p /bin /tmp; ./busybox --install -s /bin; export PATH=/bin
        printf '#!/bin/sh\necho "$@" >> /share/lava\n' > /bin/lava-test-case
        chmod 755 /bin/lava-test-case
    '''
    # The program and its libraries, as soon as the initramfs is there
    KEXEC = '#!/bin/sh\nuntil [ -e /share/ready ]; do sleep 1; done\ncd /share/kexec && exec ./ld-linux-aarch64.so.1 --library-path . ./kexec "$@"\n'
    # What the jobs of the first kernel say is what job 0 of the second shows.
    FIRST = r'''
        . ./setup.sh
        cp kexec.sh /bin/kexec
        chmod 755 /bin/kexec
        ./run-tests.sh --require-capability guest_compat nosuch > first.tap
        sh ./lava-save.sh
        mkdir -p /next/share/.job
        cp /init /next
        cp -r busybox kvm-compat *.sh selftests state lava first.tap /next/share
        cd /next/share
        cp /share/.job/limit .job
        job() { nr=$1; shift; printf '%s\0' ./busybox sh -c "$*" > .job/$nr; }
        job 0 './busybox cat first.tap'
        job 1 '. ./setup.sh; sh ./lava-restore.sh; cat lava'
        job 2 'export PATH=/bin; ./two-kernels.sh restore state'
        job 3 'export PATH=/bin; ./run-tests.sh --require-capability guest_compat nosuch'
        cd ..
        find . | cpio -o -H newc > /share/initrd
        touch /share/ready
        sleep 100; cat /share/kexec.log
    '''

    @classmethod
    def setUpClass(cls):
        arm64, _ = predict.programs()
        fetched = lambda name: pathlib.Path(lab.output([lab.LAB / 'fetch', 'vmm', name]))
        files = {'busybox': fetched('busybox') / 'busybox', 'kvm-compat': arm64, 'Image': lab.image('patched'),
                 'selftests/guest_compat': lab.program('arm64/guest_compat'),
                 'setup.sh': cls.SETUP, 'kexec.sh': cls.KEXEC,
                 'lava-save.sh': lava_script(TESTS='/share', SECOND_IMAGE='/share/Image', SECOND_INITRD='/share/initrd'),
                 'lava-restore.sh': lava_script(TESTS='/share', STAGE='restore', BASELINE='6.12-v1')}
        files.update({path.name: path for path in (SOURCE / 'ci').iterdir()})
        files.update({f'kexec/{path.name}': path for path in fetched('kexec').iterdir()})
        jobs = [['./busybox', 'sh', '-c', cls.FIRST], *[['./busybox', 'false']] * 3]
        cls.both = lab.Boot('6.12', jobs, files, cpu='neoverse-n1', gic='3', smp=1, limit=600).run()
        if cls.both.status:
            raise lab.Error(f'6.12, then patched by kexec: {cls.both.why}')

    def test_kexec(self):
        """kvm-compat: the patched kernel was booted by the real one"""
        kernels = [line for line in self.both.console.splitlines() if 'lab-init: job' in line]
        self.assertIn('6.12.', kernels[0])
        self.assertEqual(len(kernels), 5, kernels)
        self.assertNotIn('6.12.', kernels[1])

    def test_runner(self):
        """kvm-compat: the runner for boards prints KTAP, and a kernel without the capability is a failure if asked for"""
        self.assertEqual(self.both.rc(3), 1)
        old, new = ktap.read(self.both.out(0)), ktap.read(self.both.out(3))
        said = lambda results: [(r.status, r.name) for r in results if r.name in ('KVM_CAP_GUEST_COMPAT', 'guest_compat', 'nosuch')]
        self.assertEqual(said(old), [(ktap.FAIL, 'KVM_CAP_GUEST_COMPAT'), (ktap.SKIP, 'guest_compat'), (ktap.FAIL, 'nosuch')])
        self.assertEqual(said(new), [(ktap.PASS, 'KVM_CAP_GUEST_COMPAT'), (ktap.PASS, 'guest_compat'), (ktap.FAIL, 'nosuch')])

    def test_two_kernels(self):
        """kvm-compat: two kernels by script: a guest of 6.12 fails as it is, and goes at 6.12-v1"""
        self.assertEqual((self.both.rc(1), self.both.rc(2)), (0, 1), self.both.out(1) + self.both.out(2))
        self.assertEqual([r.status for r in ktap.read(self.both.out(2))], [ktap.FAIL] * 2)
        self.assertEqual([r.status for r in ktap.read(self.both.out(1))], [ktap.PASS] * 2)

    def test_lava(self):
        """kvm-compat: the LAVA definition, run as LAVA does, reports each result by its name"""
        self.assertEqual([line for line in self.both.out(1).splitlines() if '--result' in line],
                         ['save --result pass', 'the-host-takes-the-guest --result pass',
                          'the-state-of-the-guest-reads-back-as-it-was --result pass'])


if __name__ == '__main__':
    unittest.main()
