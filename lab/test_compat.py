# SPDX-License-Identifier: GPL-2.0
"""
kvm-compat: its tables and made-up dumps on this machine; and on two kernels, that its
predictions are what 'check' finds, and that is what a restore then does.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import ktap
import lab

SOURCE = lab.BUILD / 'linux/tools/kvm/guest-compat'


def programs():
    """kvm-compat for arm64 hosts, and for this machine"""
    done = lab.run([lab.LAB / 'compat'], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise lab.Error('lab/compat: kvm-compat was not built')
    return map(pathlib.Path, done.stdout.split())


def lost(said):
    """What a move loses, of kvm-compat's JSON for one direction, less what the destination does to its own state"""
    return {(i['result'], i['class'], i['name']) for i in said['items'] if i['result'] in ('refused', 'altered') and 'own' not in i}


def unexplained(said):
    return [i['name'] for i in said['items'] if i['result'] in ('refused', 'altered') and not i['why']]


def restored(text):
    """What guest_state lost, of its lines for machines"""
    rows = [line.split('\t') for line in text.splitlines()]
    return {tuple(row[:3]) for row in rows if row[0] in ('refused', 'altered')}


class Compat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.arm64, cls.here = programs()

    def passes(self, *words):
        done = lab.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace', cwd=SOURCE)
        results = ktap.read(done.stdout) or []
        self.assertEqual([str(r) for r in results if r.status == ktap.FAIL], [])
        self.assertTrue(results and not done.returncode, done.stdout[-500:] + done.stderr)

    def test_tables(self):
        """kvm-compat: each string for a kernel is one that the kernel takes; each item and revision has its words"""
        self.passes(self.here.with_name('test_tables'))

    def test_dumps(self):
        """kvm-compat: made-up dumps, hostile files, exit statuses"""
        self.passes(SOURCE / 'test_kvm_compat.py', self.here)


class Moves(unittest.TestCase):
    """A real kernel and the patched one: dumps, then what each makes of the other's"""
    @classmethod
    def setUpClass(cls):
        cls.arm64, cls.here = programs()
        cls.dir = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.dir.name)
        cls.boot('6.12', [['./kvm-compat', 'dump', 'out/old.json'], ['./guest_state', 'save', 'out/old.state']])
        cls.boot('patched', [['./kvm-compat', 'dump', 'out/new.json'], ['./kvm-compat', 'dump', '-b', '6.12-v1', 'out/at.json'],
                             ['./guest_state', 'save', 'out/new.state']])
        check = ['./kvm-compat', '--json', 'check']
        cls.on_old = cls.boot('6.12', [[*check, 'new.json'], [*check, 'at.json'], ['./guest_state', 'restore', '-m', 'new.state'],
                                       ['./guest_state', 'restore', '-m', 'old.state'], ['./kvm-compat', 'check', '6.1']])
        cls.on_new = cls.boot('patched', [[*check, 'old.json'], [*check, '-b', '6.12-v1', 'old.json'],
                                          ['./guest_state', 'restore', '-m', 'old.state'],
                                          ['./guest_state', 'restore', '-m', 'new.state'], [*check, '-l', 'at.json'],
                                          [*check, '6.12'], ['./kvm-compat', 'check', 'cut.json']])

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()

    @classmethod
    def boot(cls, kernel, jobs):
        files = {'kvm-compat': cls.arm64, 'guest_state': lab.program('arm64/guest_state')}
        for path in cls.path.iterdir():
            files[path.name] = path
        if 'old.json' in files and not (cls.path / 'cut.json').exists():
            (cls.path / 'cut.json').write_text((cls.path / 'old.json').read_text()[:50000])
            files['cut.json'] = cls.path / 'cut.json'
        result = lab.Boot(kernel, jobs, files, cpu='max', gic='3', smp=1, limit=280).run()
        if result.status:
            raise lab.Error(f'{kernel}: {result.why}')
        for path in result.files.iterdir():
            (cls.path / path.name).write_bytes(path.read_bytes())
        return result

    def said(self, result, nr):
        """A command's status, and its JSON; progress comes before it"""
        text = result.out(nr)
        self.assertIn(result.rc(nr), (0, 1), text[-500:])
        return result.rc(nr), json.loads(text[text.index('{\n'):])

    def diff(self, *words):
        done = subprocess.run([self.here, '--json', 'diff', *words], stdout=subprocess.PIPE, text=True, check=False, cwd=self.path)
        return json.loads(done.stdout)

    def test_forward(self):
        """kvm-compat: 6.12 to 7.3: the prediction is what check finds, and what a restore then does, each item with its reason"""
        status, found = self.said(self.on_new, 0)
        own = restored(self.on_new.out(3))
        self.assertTrue(lost(found))
        self.assertEqual(status, 1)
        self.assertEqual(lost(found), restored(self.on_new.out(2)) - own)
        self.assertEqual(lost(self.diff('old.json', 'new.json')[0]), lost(found))
        self.assertEqual(unexplained(found), [])

    def test_back(self):
        """kvm-compat: 7.3 back to 6.12: the same"""
        status, found = self.said(self.on_old, 0)
        own = restored(self.on_old.out(3))
        self.assertTrue(lost(found))
        self.assertEqual(status, 1)
        self.assertEqual(lost(found), restored(self.on_old.out(2)) - own)
        self.assertEqual(lost(self.diff('new.json', 'old.json')[0]), lost(found))
        self.assertEqual(unexplained(found), [])

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
        self.assertEqual(lost(self.said(self.on_new, 5)[1]), lost(self.said(self.on_new, 0)[1]))
        self.assertEqual(self.on_old.rc(4), 2)
        self.assertIn('has no KVM_CAP_GUEST_COMPAT', self.on_old.out(4))

    def test_cut(self):
        """kvm-compat: a dump that is cut short is refused, and no VM is made"""
        self.assertEqual(self.on_new.rc(6), 2)
        self.assertIn('is it cut short', self.on_new.out(6))
        self.assertNotIn('restoring', self.on_new.out(6))

    def test_without(self):
        """kvm-compat: a host without KVM is told so; what needs none works there"""
        (self.path / 'cut.json').unlink(missing_ok=True)
        result = lab.Boot('6.12', [['./kvm-compat', 'host'], ['./kvm-compat', 'dump', 'out/x.json'],
                                   ['./kvm-compat', 'explain', 'gicd_iidr']], {'kvm-compat': self.arm64}, cpu='max', gic='3', smp=1,
                          append='kvm-arm.mode=none', limit=100).run()
        self.assertEqual([result.rc(n) for n in range(3)], [2, 2, 0])
        self.assertIn('this kernel offers no virtual machines', result.out(0))
        self.assertFalse(os.listdir(result.files))


class Scripts(unittest.TestCase):
    """The scripts for boards, under busybox: on a real kernel, then on the patched one"""
    @classmethod
    def setUpClass(cls):
        arm64, _ = programs()
        busybox = pathlib.Path(lab.output([lab.LAB / 'fetch', 'vmm', 'busybox'])) / 'busybox'
        files = {'busybox': busybox, 'kvm-compat': arm64, 'selftests/guest_compat': lab.program('arm64/guest_compat')}
        files.update({path.name: path for path in (SOURCE / 'ci').iterdir()})

        def boot(kernel, *commands, more=()):
            install = './busybox mkdir -p /bin /tmp; ./busybox --install -s /bin; export PATH=/bin; cd /share; '
            jobs = [['./busybox', 'sh', '-c', install + command] for command in commands]
            return lab.Boot(kernel, jobs, {**files, **dict(more)}, cpu='max', gic='3', smp=1, limit=200).run()

        tests = './run-tests.sh --require-capability guest_compat nosuch'
        cls.first = boot('6.12', './two-kernels.sh save state && cp state/* out', tests)
        state = {f'state/{path.name}': path for path in cls.first.files.iterdir()}
        cls.second = boot('patched', './two-kernels.sh restore state', './two-kernels.sh restore state 6.12-v1', tests, more=state)

    def test_runner(self):
        """kvm-compat: the runner for boards prints KTAP, and a kernel without the capability is a failure if asked for"""
        self.assertEqual((self.first.rc(1), self.second.rc(2)), (1, 1))
        old, new = ktap.read(self.first.out(1)), ktap.read(self.second.out(2))
        said = lambda results: [(r.status, r.name) for r in results if r.name in ('KVM_CAP_GUEST_COMPAT', 'guest_compat', 'nosuch')]
        self.assertEqual(said(old), [(ktap.FAIL, 'KVM_CAP_GUEST_COMPAT'), (ktap.SKIP, 'guest_compat'), (ktap.FAIL, 'nosuch')])
        self.assertEqual(said(new), [(ktap.PASS, 'KVM_CAP_GUEST_COMPAT'), (ktap.PASS, 'guest_compat'), (ktap.FAIL, 'nosuch')])

    def test_two_kernels(self):
        """kvm-compat: two kernels by script: a guest of 6.12 fails as it is, and goes at 6.12-v1"""
        self.assertEqual(self.first.rc(0), 0, self.first.out(0))
        self.assertEqual((self.second.rc(0), self.second.rc(1)), (1, 0), self.second.out(1))
        self.assertEqual([r.status for r in ktap.read(self.second.out(0))], [ktap.FAIL] * 2)
        self.assertEqual([r.status for r in ktap.read(self.second.out(1))], [ktap.PASS] * 2)


if __name__ == '__main__':
    unittest.main()
