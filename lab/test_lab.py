# SPDX-License-Identifier: GPL-2.0
"""The laboratory's machines: what comes back, what is kept, what ends with what."""
import contextlib
import io
import itertools
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

import ktap
import lab

# A kernel that starts fast, and is fetched for everything else, too
KERNEL = '6.12'


def probe():
    path = lab.BUILD / 'probe'
    source = lab.LAB / 'probe.c'
    if not path.exists() or path.stat().st_mtime < source.stat().st_mtime:
        lab.output([lab.output([lab.LAB / 'cross']) + 'gcc', '-Wall', '-O2', '-static', '-o', path, source])
    return path


def lab_run(*words, **options):
    return subprocess.run([lab.LAB / 'run', *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, check=False, **options)


class Names(unittest.TestCase):
    def test_bases(self):
        """"patched" is that of BASE, "patched-6.12" that of a base, and no other name is built here"""
        first, other = lab.BASES[0], lab.BASES[-1]
        for kernel, built in (('patched', ('patched', lab.BASE)), ('stock', ('stock', lab.BASE)), (f'patched-{other}@6.1', ('patched', other)),
                              (f'stock-{first}', ('stock', first)), ('patched-5.4', (None, None)), (first, (None, None)),
                              ('./patched', (None, None))):
            with self.subTest(kernel):
                self.assertEqual(lab.built(kernel), built)
        self.assertEqual([lab.stands_for(k) for k in (f'patched-{other}', f'patched-{other}@6.1', 'patched@5.10', '6.12', f'stock-{other}')],
                         [other, '6.1', '5.10', '6.12', f'stock-{other}'])

    def test_images(self):
        """the image of a base that is not built is named, with what builds it; so is a base that there is not"""
        with tempfile.TemporaryDirectory() as tmp:
            with unittest.mock.patch('lab.BUILD', pathlib.Path(tmp)):
                for kernel, words in (f'patched-{lab.BASES[-1]}', f"run 'make kernel BASE={lab.BASES[-1]}'"), (f'stock-{lab.BASES[0]}', "run 'make stock'"):
                    with self.assertRaisesRegex(lab.Error, words):
                        lab.image(kernel)
            done = lab_run('patched-5.4', '--smp', 1, '--', probe(), 'exit', 0, env={**os.environ, 'BUILD': tmp})
            self.assertEqual(done.returncode, lab.FAILED)
            self.assertIn(f'the bases are {" ".join(lab.BASES)}', done.stdout)

    def test_release(self):
        """what 'lab/build release' made has its version's name, and the differences of its release"""
        with tempfile.TemporaryDirectory() as tmp, unittest.mock.patch('lab.BUILD', pathlib.Path(tmp)):
            image = pathlib.Path(tmp) / 'kernels' / '6.6.87'
            image.parent.mkdir()
            self.assertFalse(lab.is_real('6.6.87'))
            image.touch()
            self.assertTrue(lab.is_real('6.6.87'))
            self.assertEqual(lab.image('6.6.87'), image)
            self.assertEqual(lab.older('6.6.87', 'patched@7.3'), '6.6')
            (image.parent / 'obj-6.6.87').mkdir()
            self.assertFalse(lab.is_real('obj-6.6.87'))
            done = lab_run('6.6.87', '--smp', 1, '--limit', 5, '--', probe(), 'exit', 0, env={**os.environ, 'BUILD': tmp})
            self.assertNotIn('lab/kernels', done.stdout)


class Run(unittest.TestCase):
    def run_probe(self, *words, options=(), kernel=KERNEL):
        return lab_run(kernel, '--smp', 1, *options, '--', probe(), *words)

    def expect(self, done, status, words=''):
        self.assertIn(words, done.stdout)
        self.assertEqual(done.returncode, status, done.stdout)

    def test_status(self):
        """a program's status comes back"""
        self.expect(self.run_probe('exit', 7), 7)

    def test_files(self):
        """files go in and come out, whatever their names end in"""
        with tempfile.TemporaryDirectory() as tmp:
            file = pathlib.Path(tmp) / 'in.out'
            file.write_text('state 1\n')
            done = self.run_probe('copy', 'in.out', options=('--file', file, '--out', f'{tmp}/back'))
            self.expect(done, 0, 'copied state 1')
            self.assertEqual((pathlib.Path(tmp) / 'back/copy').read_text(), 'state 1\n')

    def test_keys(self):
        """init keeps a VM and a perf event open, so that the kernel does not rewrite code when a test opens its own"""
        held = self.run_probe('held')
        self.expect(held, 0, 'anon_inode:kvm-vm')
        self.expect(held, 0, 'anon_inode:[perf_event]')

    def test_hangs(self):
        """a hanging program is ended"""
        self.expect(self.run_probe('hang', options=('--job-limit', 2)), 124)

    def test_machine_hangs(self):
        """a hanging machine is ended, and said"""
        self.expect(self.run_probe('hang', options=('--limit', 6)), 124, 'time limit of 6 s')

    def test_orphan(self):
        """a program whose child goes on has the program's own status"""
        self.expect(self.run_probe('orphan', options=('--job-limit', 20)), 0)

    def test_panic(self):
        """a panic is told from a program's failure, with its last lines"""
        self.expect(self.run_probe('exit', 0, options=('--append', 'rdinit=/none init=/none')), 125, 'Kernel panic')

    def test_complaint(self):
        """a kernel that complains is no pass, and what it says is shown"""
        self.expect(self.run_probe('log', '<4>WARNING: CPU: 0 at a test\n'), 123, 'WARNING: CPU: 0 at a test')

    def test_complaint_and_hang(self):
        """a complaint before the machine hangs is shown with its last lines"""
        # The complaint is far above the last lines.
        text = '<4>WARNING: CPU: 0 at a test\n' + 'later\n' * 30
        # It has to come that far, on a machine of any speed.
        for limit in 8, 16, 32, 64, 128:
            done = self.run_probe('log', text, 'hang', options=('--limit', limit))
            if 'later' in done.stdout:
                break
        self.expect(done, 124, 'WARNING: CPU: 0 at a test')

    def test_unknown_kernel(self):
        """an unknown kernel is named"""
        self.expect(self.run_probe('exit', 0, kernel='4.2'), 125, "no kernel '4.2'")

    def test_missing_program(self):
        """a missing program is named"""
        self.expect(lab_run(KERNEL, '--', 'none'), 125, 'no program none')


class Boots(unittest.TestCase):
    def boot(self, *jobs, kernel=KERNEL, **options):
        return lab.Boot(kernel, [['./probe', *map(str, job)] for job in jobs], {'probe': probe()}, smp=1, **options)

    def test_jobs(self):
        """each job has its own status, also after one that hangs"""
        result = self.boot(('exit', 3), ('hang',), ('exit', 4), job_limit=2).run()
        self.assertEqual([result.rc(nr) for nr in range(4)], [3, lab.LIMIT, 4, None])

    def test_complaints(self):
        """a complaint of the kernel is told of the job that it came in"""
        result = self.boot(('exit', 0), ('log', '<4>WARNING: CPU: 0 at a test\n'), ('exit', 0)).run()
        self.assertEqual((result.status, list(result.complaints)), (0, [1]))

    def test_lost_machine(self):
        """a machine that ends early has no status for the jobs that did not run"""
        # It has to come as far as the second job, on a machine of any speed.
        for limit in 8, 16, 32, 64, 128:
            result = self.boot(('exit', 0), ('hang',), ('exit', 0), limit=limit).run()
            if result.rc(0) is not None:
                break
        self.assertEqual((result.status, result.rc(0), result.rc(2)), (lab.LIMIT, 0, None))

    def test_kept(self):
        """a real kernel's boot is kept by content, and not run again"""
        with tempfile.TemporaryDirectory() as tmp, unittest.mock.patch.object(lab, 'CACHE', pathlib.Path(tmp)):
            first = self.boot(('exit', 5)).run()
            with unittest.mock.patch.object(lab, 'run', side_effect=AssertionError('booted again')):
                self.assertEqual(self.boot(('exit', 5)).run().rc(0), 5)
                with self.assertRaises(AssertionError):
                    self.boot(('exit', 6)).run()
                with self.assertRaises(AssertionError), unittest.mock.patch.dict(os.environ, LAB_FRESH='1'):
                    self.boot(('exit', 5)).run()
            self.assertEqual(first.rc(0), 5)

    def test_failed_not_kept(self):
        """a boot that failed is not kept"""
        with tempfile.TemporaryDirectory() as tmp, unittest.mock.patch.object(lab, 'CACHE', pathlib.Path(tmp)):
            self.assertEqual(self.boot(('hang',), limit=6).run().status, lab.LIMIT)
            self.assertEqual(list(pathlib.Path(tmp).glob('boots/*')), [])

    def test_key(self):
        """what a boot is made of decides: kernel, host default, program, words, options, QEMU"""
        base = self.boot(('exit', 0)).key()
        others = [self.boot(('exit', 1)), self.boot(('exit', 0), mem=512), self.boot(('exit', 0), kernel=f'{KERNEL}@6.1'),
                  lab.Boot(KERNEL, [['./probe', 'exit', '0']], {'probe': lab.LAB / 'probe.c'}, smp=1)]
        keys = {boot.key() for boot in others}
        with unittest.mock.patch.object(lab, 'emulator', return_value='another'):
            keys.add(self.boot(('exit', 0)).key())
        self.assertEqual(len(keys | {base}), 6)
        self.assertEqual(self.boot(('exit', 0)).key(), base)


def machines(mark):
    """The QEMUs with this word in their environment."""
    found = []
    for path in pathlib.Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            if b'qemu-system' in (path / 'cmdline').read_bytes() and mark.encode() in (path / 'environ').read_bytes():
                found.append(path.name)
    return found


class Ends(unittest.TestCase):
    # Two machines that hang, as lab.py runs them
    HANG = ('import sys; sys.path.insert(0, sys.argv[1])\n'
            'import lab, pathlib\n'
            'def main(argv):\n'
            '    with lab.Pool() as pool:\n'
            '        for n in (1, 2):\n'
            '            boot = lab.Boot(argv[1], [["./probe", "hang"]], {"probe": pathlib.Path(argv[2])}, smp=1, mem=256 + n, limit=60)\n'
            '            pool.start("", boot.run)\n'
            'lab.main(main)\n')

    def kill_at_random(self, number, command, rounds=7):
        """Signals it at a random moment; a machine or a directory that is left is a failure."""
        mark = f'LAB_TEST={os.getpid()}-{random.random()}'
        name, value = mark.split('=')
        with tempfile.TemporaryDirectory() as tmp:
            for _ in range(rounds):
                process = subprocess.Popen(command, env={**os.environ, name: value, 'TMPDIR': tmp, 'BUILD': f'{tmp}/build'},
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                           start_new_session=True)
                time.sleep(random.uniform(0, 4))
                os.kill(process.pid, number)
                process.wait()
                end = time.monotonic() + 20
                while machines(mark) and time.monotonic() < end:
                    time.sleep(0.1)
                self.assertEqual(machines(mark), [])
                if number != signal.SIGKILL:
                    left = [*pathlib.Path(tmp).glob('build/run/*'), *pathlib.Path(tmp).glob('tmp.*')]
                    self.assertEqual(left, [])

    def of_lab(self):
        return [sys.executable, '-c', self.HANG, lab.LAB, KERNEL, probe()]

    def test_interrupted(self):
        """interrupted at a random moment, seven times: no machine and no directory is left"""
        self.kill_at_random(signal.SIGINT, self.of_lab())

    def test_terminated(self):
        """terminated at a random moment, seven times: no machine and no directory is left"""
        self.kill_at_random(signal.SIGTERM, self.of_lab())

    def test_killed(self):
        """killed at a random moment, seven times: no machine is left"""
        self.kill_at_random(signal.SIGKILL, self.of_lab())

    def test_run_interrupted(self):
        """lab/run, interrupted or killed at a random moment, leaves no machine"""
        command = [lab.LAB / 'run', KERNEL, '--smp', '1', '--limit', '60', '--', probe(), 'hang']
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGKILL:
            with self.subTest(number):
                self.kill_at_random(number, command, rounds=2)

    def test_directory(self):
        """a script that is terminated while it makes its temporary directory leaves none"""
        # A path is no kernel to fetch. No script gets as far as booting it.
        scripts = [('boot', probe(), 'DIR'), ('run', probe(), '--', probe()), ('fetch', KERNEL), ('series', 'tree')]
        # lab/x86 looks for this first. 'make lint' has it, if not --quick.
        if os.uname().machine == 'x86_64' and shutil.which('qemu-system-x86_64'):
            scripts.append(('x86', 'TREE', 'OBJ'))
        for script, moment in itertools.product(scripts, ('before', 'after')):
            with self.subTest(f'lab/{script[0]}, {moment} mkdir'), tempfile.TemporaryDirectory() as tmp:
                self.end_at(moment, pathlib.Path(tmp), *script)

    def end_at(self, moment, tmp, name, *words):
        # lab/series locks itself: a copy does not wait for another test's.
        shutil.copytree(lab.LAB, tmp / 'lab', ignore=shutil.ignore_patterns('__pycache__'))
        (tmp / 'bin').mkdir()
        # What makes the directory takes a second, before it does and after it did.
        for tool in 'mktemp', 'mkdir':
            path = tmp / 'bin' / tool
            path.write_text('#!/bin/sh\n'
                            f'case "$*" in -d|*/tmp.*) ;; *) exec {shutil.which(tool)} "$@" ;; esac\n'
                            f'touch {tmp}/before\nsleep 1\n{shutil.which(tool)} "$@"\nstatus=$?\n'
                            f'touch {tmp}/after\nsleep 1\ntouch {tmp}/ended\nexit $status\n')
            path.chmod(0o755)
        process = subprocess.Popen([tmp / 'lab' / name, *words], cwd=tmp,
                                   env={**os.environ, 'PATH': f'{tmp}/bin:{os.environ["PATH"]}', 'TMPDIR': str(tmp), 'BUILD': f'{tmp}/build'},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        try:
            while not (tmp / moment).exists():
                if process.poll() is not None:
                    self.fail(f'it ended before: {process.stderr.read()}')
                time.sleep(0.01)
            process.terminate()
            process.wait()
            while not (tmp / 'ended').exists():
                time.sleep(0.01)
            self.assertEqual([*tmp.glob('tmp.*')], [])
        finally:
            process.kill()
            process.wait()
            process.stderr.close()


class Ktap(unittest.TestCase):
    def suite(self):
        suite = ktap.Suite(out=io.StringIO())
        with contextlib.redirect_stderr(io.StringIO()):
            suite.ok('one')
            group = suite.sub('group')
            group.ok('two #3')
            group.fail('four', 'why', ['a line', 'ok 9 is no result here'])
            group.skip('five', 'there is none')
            suite.write()
        return suite

    def test_kunit(self):
        """the kernel's kunit.py counts what the last line counts"""
        parser = lab.BUILD / 'linux/tools/testing/kunit/kunit.py'
        if not parser.exists():
            self.skipTest('there is no kernel tree yet')
        with tempfile.NamedTemporaryFile('w') as file:
            file.write(self.suite().out.getvalue())
            file.flush()
            done = subprocess.run([sys.executable, parser, 'parse', file.name], capture_output=True, text=True, check=False)
        self.assertIn('Ran 4 tests: passed: 2, failed: 1, skipped: 1', done.stdout)
        self.assertNotIn('errors', done.stdout)

    def test_prove(self):
        """prove counts what the last line counts"""
        with tempfile.NamedTemporaryFile('w') as file:
            file.write(self.suite().out.getvalue())
            file.flush()
            done = subprocess.run(['prove', '--exec', 'cat', file.name], capture_output=True, text=True, check=False)
        self.assertIn('Failed 1/4 subtests', done.stdout)
        self.assertIn('(less 1 skipped subtest: 2 okay)', done.stdout)

    def test_last_line(self):
        """the last line is the total"""
        self.assertEqual(self.suite().out.getvalue().splitlines()[-1], '2 passed, 1 failed, 1 skipped')

    def test_read_back(self):
        """what was written reads back the same"""
        suite = self.suite()
        self.assertEqual(ktap.read(suite.out.getvalue()), [r._replace(name=r.name.replace('#', '')) for r in suite.results])

    def test_empty(self):
        """a run without results is no pass"""
        self.assertFalse(ktap.Suite().good)

    def test_short(self):
        """a stream that keeps less than its plan has a failure"""
        for text in 'TAP version 13\n1..3\nok 1 a\nok 2 b\n', 'TAP version 13\nok 1 a\n', '1..2\nok 1 a\nok 3 b\n':
            with self.subTest(text):
                self.assertIn(ktap.FAIL, [r.status for r in ktap.read(text)])

    def test_nested(self):
        """a result that has subtests is not counted beside them"""
        text = 'KTAP version 1\n1..2\n    1..2\n    ok 1 a\n    not ok 2 b\nnot ok 1 both\nok 2 c # SKIP no c\n'
        self.assertEqual([(r.status, r.name) for r in ktap.read(text)],
                         [(ktap.PASS, 'a'), (ktap.FAIL, 'b'), (ktap.SKIP, 'c')])


    def test_several(self):
        """the streams of several programs, one after the other, are read as that"""
        one = 'TAP version 13\n1..2\nok 1 a\nok 2 b\n'
        self.assertEqual([r.status for r in ktap.read(one + one)], [ktap.PASS] * 4)
        self.assertIn(ktap.FAIL, [r.status for r in ktap.read(one + one.replace('ok 2 b\n', ''))])
        self.assertIn(ktap.FAIL, [r.status for r in ktap.read(one.replace('ok 2 b\n', '') + one)])


if __name__ == '__main__':
    unittest.main()
