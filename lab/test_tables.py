# SPDX-License-Identifier: GPL-2.0
"""lab/tables, and the host test's docs.py: what is made from tables is made, and what differs is named."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import lab

MATRIX = 'build/matrix/max-gic3/matrix.txt'
HOST = 'tools/testing/selftests/kvm/guest_compat_host'


class Readme(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.top = pathlib.Path(tmp.name)
        for name in lab.output(['git', '-C', lab.TOP, 'ls-files', '-c', '-o', '--exclude-standard']).splitlines():
            if (lab.TOP / name).exists():
                (self.top / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(lab.TOP / name, self.top / name)
        self.readme = self.top / 'README.md'

    def tables(self, *words):
        env = dict(os.environ, BUILD=str(self.top / 'build'))
        return subprocess.run([self.top / 'lab/tables', *words], env=env, capture_output=True, text=True, check=False)

    def test_as_it_is(self):
        """README.md's tables are what lab/tables makes"""
        done = self.tables('--check')
        self.assertEqual((done.returncode, done.stdout), (0, ''), done.stderr)

    def test_matrix(self):
        """a matrix that was measured otherwise is named, and written"""
        table = [line[4:] for line in lab.command('tables').marked(self.readme.read_text(), 'matrix').splitlines()]
        (self.top / MATRIX).parent.mkdir(parents=True)
        (self.top / MATRIX).write_text('\n'.join(['Items:', '', *table, '', 'from']).replace('4/37', '5/37'))
        done = self.tables('--check')
        self.assertEqual(done.returncode, 1)
        self.assertIn('+    5.10           .    5/37', done.stdout)
        self.assertEqual(self.tables().returncode, 0)
        self.assertIn('5/37', self.readme.read_text())
        self.assertEqual(self.tables('--check').returncode, 0)

    def test_size(self):
        """a patch more is counted"""
        series = self.top / 'patches/series'
        series.write_text(series.read_text() + series.read_text().splitlines()[-1] + '\n')
        done = self.tables('--check')
        self.assertEqual(done.returncode, 1)
        self.assertIn('| 7.3 |', done.stdout)


class Documentation(unittest.TestCase):
    def setUp(self):
        linux = lab.BUILD / 'linux'
        if not (linux / HOST / 'docs.py').exists():
            self.skipTest(f'there is no tree {linux} with the series')
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.top = pathlib.Path(tmp.name)
        for name in ('arch/arm64/kvm', 'arch/arm64/include/asm', 'arch/arm64/tools', 'virt/kvm', 'include/linux/kvm_guest_compat.h',
                     'include/uapi/linux/kvm_guest_compat.h', 'tools/kvm/guest-compat/kernels.tsv', HOST,
                     'tools/testing/selftests/kvm/arm64', 'tools/testing/selftests/kvm/lib/arm64/guest_compat.c',
                     'tools/testing/selftests/kvm/include/arm64/guest_compat.h', 'Documentation/virt/kvm/guest-compat'):
            (self.top / name).parent.mkdir(parents=True, exist_ok=True)
            if (linux / name).is_dir():
                shutil.copytree(linux / name, self.top / name)
            else:
                shutil.copy(linux / name, self.top / name)

    def make(self, *words):
        return subprocess.run(['make', '-s', '-C', self.top / HOST, *words], capture_output=True, text=True, check=False)

    def edit(self, name, old, new):
        path = self.top / name
        self.assertIn(old, path.read_text())
        path.write_text(path.read_text().replace(old, new))

    def test_release(self):
        """a release with a behaviour is three places and a command; each thing that is missing then is named"""
        self.edit('include/linux/kvm_guest_compat.h', 'GUEST_COMPAT_V7_3,\n', 'GUEST_COMPAT_V7_3,\n\tGUEST_COMPAT_V7_4,\n')
        self.edit('arch/arm64/kvm/guest-compat/native.c', 'GUEST_COMPAT_V7_3', 'GUEST_COMPAT_V7_4')
        done = self.make('behaviour', 'NAME=pmu_example', 'TOPIC=pmu')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = self.make('check-table').stdout
        for what in 'changes.rst:', 'pmu.rst:', 'pmu.h:', 'guest_compat_pmu.c:', 'no code tests GUEST_COMPAT_PMU_EXAMPLE':
            self.assertIn(what, said)

        for name in ('arch/arm64/kvm/guest-compat/pmu.h', 'Documentation/virt/kvm/guest-compat/pmu.rst',
                     'Documentation/virt/kvm/guest-compat/changes.rst', 'tools/testing/selftests/kvm/arm64/guest_compat_pmu.c'):
            self.edit(name, 'TODO', 'said')
        path = self.top / 'arch/arm64/kvm/pmu.c'
        path.write_text(path.read_text() + '/* GUEST_COMPAT_PMU_EXAMPLE */\n')
        done = self.make('check-table')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

        path = self.top / 'arch/arm64/kvm/guest-compat/baselines.h'
        path.write_text(path.read_text() + 'BASELINE((7, 4), 1, (7, 4), "7.4.2",\n\t "")\n')
        said = self.make('check-table').stdout
        digits = said.split('the revisions of 7.4-v1 are "')[1].split('"')[0]
        path.write_text(path.read_text().replace('""', f'"{digits}"'))
        self.assertNotEqual(self.make('check-table').returncode, 0)
        self.assertEqual(self.make('docs').returncode, 0)
        done = self.make('check-table')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('#define KVM_GUEST_COMPAT_7_4_V1\t\t0x2301\n', (self.top / 'include/uapi/linux/kvm_guest_compat.h').read_text())

    def test_differs(self):
        """a line of the documentation that the tables do not have is named"""
        for name, old, new in (('pmu.rst', '13, pmcr_el0, 0, 5.10 - 6.1', '13, pmcr_el0, 0, 5.10 - 6.2'),
                               ('changes.rst', '"7.2", "esr_il"', '"7.1", "esr_il"'),
                               ('distributions.rst', '6.1.192', '6.1.193')):
            with self.subTest(name):
                page = f'Documentation/virt/kvm/guest-compat/{name}'
                self.edit(page, old, new)
                done = self.make('check-table')
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(name, done.stdout)
                self.edit(page, new, old)
        self.assertEqual(self.make('check-table').returncode, 0)


if __name__ == '__main__':
    unittest.main()
