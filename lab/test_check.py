# SPDX-License-Identifier: GPL-2.0
"""What lab/check, lab/matrix, lab/view and lab/migrate make of results: without a machine."""
import collections
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import tempfile
import unittest
import unittest.mock

import ktap
import lab


def load(name):
    loader = importlib.machinery.SourceFileLoader(f'tested_{name}', str(lab.LAB / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


check = load('check')


class Quiet(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        self.tmp = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(unittest.mock.patch.object(lab, 'BUILD', self.tmp))
        stack.enter_context(unittest.mock.patch.object(lab, 'SELFTESTS', self.tmp / 'selftests'))
        # What the tests take from lab/tests is theirs.
        self.rows = {}
        stack.enter_context(unittest.mock.patch.object(check, 'table', lambda kind: self.rows.get(kind, [])))

    def result(self, rc=0, out='', complaint=(), status=0):
        """A machine's result with one job."""
        path = pathlib.Path(tempfile.mkdtemp(dir=self.tmp))
        if rc is not None:
            (path / '0.rc').write_text(f'{rc}\n')
        (path / '0.out').write_text(out)
        (path / 'console').write_text('\n'.join(['lab-init: job 0 on Linux 7.3', *complaint]) + '\n')
        return lab.Result(path, status, '')

    def ran(self, *args, **options):
        return check.Ran(self.result(*args, **options), 0)


ONE = 'TAP version 13\n1..1\n{} 1 it works\n'
GOOD, BAD = ONE.format('ok'), ONE.format('not ok')
NO_GIC = 'TAP version 13\n1..2\nok 1 it works\nok 2 # SKIP GIC: no vGICv3\n'
WARN = ['WARNING: CPU: 0 PID: 1 at arch/arm64/kvm/arm.c:1']


class Libvirt(Quiet):
    def total(self, *tests):
        """What a log of meson's comes to; none is written by the build that fails."""
        log = self.tmp / 'libvirt/obj/meson-logs/testlog.json'
        log.parent.mkdir(parents=True)
        built = lambda *_, **__: log.write_text(''.join(json.dumps({'name': n, 'result': r}) + '\n' for n, r in tests)) if tests else None
        suite = ktap.Suite()
        with unittest.mock.patch.object(lab, 'run', built):
            steps = check.libvirt_tests(suite, 'debian', [], '')
            next(steps)(None)
            collections.deque(steps, maxlen=0)
        return [r.status for r in suite.results]

    def test_results(self):
        """a test that fails as it must passes, one that passes where it must not fails, and so does a build"""
        self.assertEqual(self.total(('a', 'OK'), ('b', 'EXPECTEDFAIL'), ('c', 'SKIP'), ('d', 'UNEXPECTEDPASS'), ('e', 'TIMEOUT')),
                         [ktap.PASS, ktap.PASS, ktap.PASS, ktap.SKIP, ktap.FAIL, ktap.FAIL])

    def test_not_built(self):
        """where nothing was built, that is a failure"""
        self.assertEqual(self.total(), [ktap.FAIL])


class Ours(Quiet):
    def total(self, *machines, require=False):
        suite = ktap.Suite()
        selftests = check.Selftests(require=require)
        for ran in machines:
            selftests.show_ours(suite, 'max', 'arm64/x', ran)
        selftests.show_skipped(suite)
        return suite.total()

    def test_pass(self):
        """each of its own results counts, once"""
        self.assertEqual(self.total(self.ran(0, GOOD)), '1 passed, 0 failed, 0 skipped')
        self.assertEqual(self.total(self.ran(0, '')), '1 passed, 0 failed, 0 skipped')

    def test_crash(self):
        """one that crashes after its results is a failure"""
        self.assertEqual(self.total(self.ran(139, GOOD)), '1 passed, 1 failed, 0 skipped')

    def test_not_run(self):
        """one that did not run is a failure"""
        self.assertEqual(self.total(self.ran(None)), '0 passed, 1 failed, 0 skipped')

    def test_splat(self):
        """one that passes while the kernel complains is a failure"""
        self.assertEqual(self.total(self.ran(0, GOOD, WARN)), '1 passed, 1 failed, 0 skipped')

    def test_unnamed_skip(self):
        """a skip that lab/tests does not name is a failure"""
        self.assertEqual(self.total(self.ran(4, '1..0 # SKIP no such thing\n')), '0 passed, 1 failed, 0 skipped')
        self.rows['skips'] = [['arm64/x', 'max', 'no such thing']]
        self.assertEqual(self.total(self.ran(4, '1..0 # SKIP no such thing\n')), '0 passed, 0 failed, 1 skipped')

    def test_elsewhere(self):
        """a subtest that runs on one machine is not missed on another; what runs on none is, once"""
        gic = self.ran(0, 'TAP version 13\n1..2\nok 1 it works\nok 2 GIC\n')
        self.assertEqual(self.total(self.ran(0, NO_GIC), self.ran(0, NO_GIC)), '2 passed, 0 failed, 1 skipped')
        self.assertEqual(self.total(self.ran(0, NO_GIC), gic), '3 passed, 0 failed, 0 skipped')

    def test_required(self):
        """a kernel without the capability is a failure where it is asked for"""
        self.rows['skips'] = [['arm64/x', 'max', 'x']]
        ran = self.ran(4, '1..0 # SKIP requirement not met: KVM_CAP_GUEST_COMPAT\n')
        self.assertEqual(self.total(ran, require=True), '0 passed, 1 failed, 0 skipped')

    def test_unbuilt(self):
        """a test of the series that was not built is a failure"""
        self.rows['machine'] = [['max', 'ours', '--cpu max']]
        selftests, suite = check.Selftests(), ktap.Suite()
        self.assertTrue(selftests.ours)
        selftests.finish(suite)
        self.assertEqual(suite.count(ktap.FAIL), len(selftests.ours))


class Stock(Quiet):
    def good(self, ran):
        suite = ktap.Suite()
        check.Selftests.show_stock(None, suite, 'max', 'arm64/x', ran)
        return suite.good

    def test_passes(self):
        """a test that passes on the stock kernel tests nothing, unless lab/tests says why"""
        self.assertFalse(self.good(self.ran(0, GOOD)))
        self.rows['stock-passes'] = [['arm64/x', 'max', 'why']]
        self.assertTrue(self.good(self.ran(0, GOOD)))
        self.assertFalse(self.good(self.ran(1, BAD)))

    def test_fails(self):
        """one that fails there in a subtest is as it should be, a crash is not"""
        self.assertTrue(self.good(self.ran(1, BAD)))
        self.assertFalse(self.good(self.ran(1, GOOD)))
        self.assertFalse(self.good(self.ran(139, BAD)))
        self.assertFalse(self.good(self.ran(lab.LIMIT, BAD)))

    def test_splat(self):
        """one that makes the stock kernel complain shows the fault"""
        self.assertTrue(self.good(self.ran(0, GOOD, WARN)))


class Kernels(Quiet):
    def good(self, patched, stock):
        suite = ktap.Suite()
        check.Selftests.show_kernels(None, suite, 'max', 'arm64/x', patched, stock)
        return suite.good or suite.count(ktap.SKIP) == 1

    def test_same_failure(self):
        """the same failure on both is one, unless lab/tests has it"""
        self.assertFalse(self.good(self.ran(254), self.ran(254)))
        self.rows['fails'] = [['arm64/x', 'max', 'why']]
        self.assertTrue(self.good(self.ran(254), self.ran(254)))
        self.assertFalse(self.good(self.ran(0, GOOD), self.ran(0, GOOD)))
        self.assertFalse(self.good(self.ran(lab.LIMIT), self.ran(lab.LIMIT)))
        self.assertFalse(self.good(self.ran(None), self.ran(None)))

    def test_same_skip(self):
        """the same skip on both is a failure, unless lab/tests names it"""
        self.assertFalse(self.good(self.ran(4), self.ran(4)))
        self.rows['skips'] = [['arm64/x', 'max', 'why']]
        self.assertTrue(self.good(self.ran(4), self.ran(4)))

    def test_splat(self):
        """the patched kernel's complaint is a failure"""
        self.assertFalse(self.good(self.ran(0, GOOD, WARN), self.ran(0, GOOD)))

    def test_differ(self):
        """another result, of a subtest, too, is a failure"""
        self.assertFalse(self.good(self.ran(1), self.ran(0)))
        self.assertFalse(self.good(self.ran(0, NO_GIC), self.ran(0, GOOD)))


class Verdict(Quiet):
    def test_second_run(self):
        """what a second run does to build/check.ktap does not change the verdict of the first"""
        def group(suite, *_):
            with contextlib.redirect_stderr(io.StringIO()):
                suite.fail('lost')
            (self.tmp / 'check.ktap').write_text('')
        with unittest.mock.patch.object(check, 'check_groups', group), contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertTrue(check.main([]))
        self.assertEqual(out.getvalue().splitlines()[-1], '0 passed, 1 failed, 0 skipped')

    def test_gone(self):
        """a kernel that cannot be had is a result that says so"""
        suite = ktap.Suite()
        with unittest.mock.patch.object(lab, 'there', return_value=(['6.1'], {'5.10': 'gone'})):
            self.assertEqual(check.had(suite, 'max', ['5.10', '6.1']), ['6.1'])
        self.assertEqual(suite.total(), '0 passed, 0 failed, 1 skipped')

    def test_few(self):
        """fewer than eight real kernels prove nothing"""
        with unittest.mock.patch.object(lab, 'there', return_value=(['6.1'] * 7, {'5.10': 'gone'})), self.assertRaises(lab.Error):
            lab.enough()

    def unit(self, during=lambda: None):
        """Runs a unit of 'make check-all' twice; how often it really ran"""
        image, ran = self.tmp / 'Image', []
        image.write_text('patched')
        self.rows['all'] = [['views', 'max', '--cpu max']]

        def views(suite, *_):
            yield lambda pool: ran.append(during())
            suite.ok('seen')
        with contextlib.ExitStack() as stack:
            for name, value in (('there', lambda kernels: (list(kernels), {})), ('image', lambda kernel: image),
                                ('emulator', lambda: 'QEMU'), ('SELFTESTS', self.tmp)):
                stack.enter_context(unittest.mock.patch.object(lab, name, value))
            (self.tmp / 'arm64').mkdir(exist_ok=True)
            (self.tmp / 'arm64/guest_view').write_text('program')
            stack.enter_context(unittest.mock.patch.dict(check.KINDS, views=views))
            for _ in range(2):
                suite = ktap.Suite()
                check.check_everything(suite, [])
                self.assertEqual(suite.total(), '1 passed, 0 failed, 0 skipped')
        return len(ran)

    def test_unit_kept(self):
        """a unit that passed is not run again while nothing that it is made of changes"""
        self.assertEqual(self.unit(), 1)

    def test_unit_changed(self):
        """a unit during which the kernel was replaced is run again"""
        self.assertEqual(self.unit(lambda: (self.tmp / 'Image').write_text(f'{os.urandom(8)}')), 2)

    def test_unit_made_of(self):
        """a real kernel's version, QEMU's, and each file of the laboratory decide whether a unit is run again"""
        files = {name: self.tmp / name for name in ('Image', '6.1', 'program')}
        for path in files.values():
            path.write_text('1')
        with contextlib.ExitStack() as stack:
            stack.enter_context(unittest.mock.patch.object(lab, 'image', lambda kernel: files['6.1']))
            stack.enter_context(unittest.mock.patch.object(lab, 'emulator', lambda: 'QEMU'))
            first = check.made_of('moves', '--cpu max', ['6.1'])
            files['6.1'].write_text('another version')
            second = check.made_of('moves', '--cpu max', ['6.1'])
            stack.enter_context(unittest.mock.patch.object(lab, 'emulator', lambda: 'QEMU 12'))
            third = check.made_of('moves', '--cpu max', ['6.1'])
            stack.enter_context(unittest.mock.patch.object(lab, 'LAB', self.tmp))
            fourth = check.made_of('moves', '--cpu max', ['6.1'])
        self.assertEqual(len({first, second, third, fourth}), 4)


class Own(Quiet):
    def matrix(self, kernels, taken):
        with unittest.mock.patch.object(lab, 'program', return_value='guest_state'):
            moves = check.matrix.Matrix(kernels, self.tmp / 'm', baselines=True)
        moves.taken = {pair: [('altered', 'reg', name, '') for name in names] for pair, names in taken.items()}
        return {(i.source, i.to, i.name): i.own for i in moves.items()}

    def test_patched(self):
        """what only the patched kernel does to its own state is not excused as its own"""
        items = self.matrix(['6.1', 'patched@6.1'], {('6.1', 'patched@6.1'): ['A', 'B'], ('patched@6.1', 'patched@6.1'): ['A', 'B'],
                                                     ('6.1', '6.1'): ['B']})
        self.assertEqual(items['6.1', 'patched@6.1', 'A'], '')
        self.assertEqual(items['6.1', 'patched@6.1', 'B'], 'own')

    def test_real(self):
        """what a real kernel does to its own state is its own"""
        items = self.matrix(['6.1', 'patched@6.1'], {('patched@6.1', '6.1'): ['A'], ('6.1', '6.1'): ['A']})
        self.assertEqual(items['patched@6.1', '6.1', 'A'], 'own')

    def test_guests(self):
        """nor is what only the patched kernel does to guests that it saved itself"""
        machines = check.migrate.Machines.__new__(check.migrate.Machines)
        machines.moves = {('patched@6.1', 'patched@6.1', 'bare', 'to'): ('guest', 'timer: off'),
                          ('6.1', 'patched@6.1', 'bare', 'to'): ('guest', 'timer: off')}
        self.assertEqual(machines.row('6.1', 'patched@6.1', 'bare', 'to').result, 'guest')
        machines.moves['6.1', '6.1', 'bare', 'back'] = ('guest', 'timer: off; more: lost')
        self.assertEqual(machines.row('6.1', 'patched@6.1', 'bare', 'to').result, 'own')


class Chain(Quiet):
    def chain(self, **result):
        with unittest.mock.patch.object(lab, 'program', return_value='guest_state'), \
                unittest.mock.patch.object(lab, 'scratch', return_value=self.tmp), \
                unittest.mock.patch.object(lab.Boot, 'run', return_value=self.result(**result)):
            return check.chain.Chain(['6.1']).said('6.12', 'direct')

    def test_crashed(self):
        """restores that crashed, said nothing or had no machine are no two equal lists"""
        said = 'altered\tregister\tPMCR_EL0\t1 2\n'
        self.assertEqual(self.chain(rc=1, out=said), [[('altered', 'register', 'PMCR_EL0', '1 2')]])
        for result in dict(rc=139, out=said), dict(rc=None), dict(rc=0, out=''), dict(rc=0, out=said, status=lab.LIMIT), \
                dict(rc=0, out=said, status=lab.SPLAT):
            with self.subTest(result), self.assertRaises(lab.Error):
                self.chain(**result)


class Options(Quiet):
    def test_every_option(self):
        """each option that a program's text names is one that it takes"""
        for name in 'check', 'matrix', 'view', 'chain', 'latch', 'migrate':
            text = load(name).__doc__
            options = vars(lab.arguments(text, []))
            for option in set(check.re.findall(r'(?<![\w-])--[a-z][a-z-]+', text)):
                self.assertIn(option[2:].replace('-', '_'), options, f'lab/{name} {option}')

    def test_values(self):
        """options have their values, what follows "--" is the program's, and an unknown one is refused"""
        text = 'x\n\n  --cpu MODEL\tof the host\t(max)\n  --all\tof them\n'
        args = lab.arguments(text, ['--cpu', 'n1', 'a', '--', '--all'])
        self.assertEqual((args.cpu, args.all, args.names, args.words), ('n1', False, ['a'], ['--all']))
        self.assertEqual(lab.arguments(text, []).cpu, 'max')
        for wrong in ['--cpu'], ['--gpu', 'x']:
            with self.assertRaises(SystemExit):
                lab.arguments(text, wrong)


class Known(Quiet):
    def lines(self, row, a, b, words=()):
        """What is open between two looks, with one row in lab/view-known"""
        known = check.view.Known(*row.split('\t'), 7)
        with unittest.mock.patch.object(check.view, 'known', return_value=[known]), \
                unittest.mock.patch.object(lab, 'program', return_value='guest_view'):
            look = check.view.View(self.tmp / 'v', words=words)
            look.facts = {'6.1': a, 'patched@6.1': b}
            return [(line.name, line.why) for line in look.compare('6.1', 'patched@6.1')]

    def test_exact(self):
        """a row of lab/view-known excuses its exact change, and no other"""
        row = '6.1\tmax\tguest\tCLIDR\t0 -> 1\twhy'
        self.assertEqual(self.lines(row, {('guest', 'CLIDR'): '0'}, {('guest', 'CLIDR'): '1'}), [('CLIDR', 'why')])
        self.assertIn(('CLIDR', ''), self.lines(row, {('guest', 'CLIDR'): '0'}, {('guest', 'CLIDR'): '2'}))
        glob = row.replace('0 -> 1', '0 -> *')
        self.assertIn(('CLIDR', ''), self.lines(glob, {('guest', 'CLIDR'): '0'}, {('guest', 'CLIDR'): '1'}))

    def test_unused(self):
        """a row that says what is not so any more is reported"""
        row = '6.1\tmax\tguest\tCLIDR\t0 -> 1\twhy'
        same = {('guest', 'CLIDR'): '1'}
        self.assertEqual([why for _, why in self.lines(row, same, same)], [''])
        # Of what was not looked at, of another model or release, it says nothing.
        for other in row.replace('guest', 'guest32'), row.replace('max', 'cortex-a57'), row.replace('6.1', '6.12'):
            self.assertEqual(self.lines(other, same, same), [])

    def test_without(self):
        """a row for guests with a PMU says nothing of those without"""
        row = '6.1\tmax/pmu\tguest\tPMCR_EL0\t0 -> 1\twhy'
        same = {('guest', 'PMCR_EL0'): 'UNDEF'}
        self.assertEqual([why for _, why in self.lines(row, same, same)], [''])
        self.assertEqual(self.lines(row, same, same, ['-x', 'sve,pmu']), [])


if __name__ == '__main__':
    unittest.main()
