# SPDX-License-Identifier: GPL-2.0
"""
Writes and reads KTAP.

A run's results are one flat list, so that kunit.py, prove, LAVA and KernelCI count as
many as the last line does. The names have the hierarchy ("selftests max:
arm64/guest_compat: ..."). KTAP begins with the number of results, so the stream is
written at the end. Before that, each failure is shown on stderr.
"""
import collections
import re
import sys

PASS, FAIL, SKIP = 'pass', 'fail', 'skip'

Result = collections.namedtuple('Result', 'status name why lines')


def _one_line(text):
    """Removes '#' from a name or reason: a directive starts with it, and kunit.py accepts it nowhere else."""
    return ' '.join(str(text).replace('#', '').split())


class Suite:
    """Results, in order. A sub-suite adds to its parent, with its name in front."""

    def __init__(self, name='', parent=None, out=None):
        self.name, self.parent, self.out = name, parent, out
        self.results = parent.results if parent else []
        self.notes = parent.notes if parent else []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.parent is None and kind is None:
            self.write()

    def sub(self, name):
        return Suite(f'{self.name}: {name}' if self.name else name, self)

    def _add(self, status, name, why, lines):
        if self.name:
            name = f'{self.name}: {name}'
        self.results.append(Result(status, name, why, list(lines)))
        if status == FAIL:
            print(f'not ok: {name}{" # " + str(why) if why else ""}', file=sys.stderr, flush=True)

    def note(self, text):
        """Adds a line to the head of the stream, unless it is there."""
        if text not in self.notes:
            self.notes.append(text)

    def ok(self, name, lines=()):
        self._add(PASS, name, '', lines)

    def fail(self, name, why='', lines=()):
        self._add(FAIL, name, why, lines)

    def skip(self, name, why):
        self._add(SKIP, name, why, ())

    def check(self, good, name, why='', lines=()):
        """Adds a pass or a failure. The reason and the lines are only for a failure."""
        if good:
            self.ok(name)
        else:
            self.fail(name, why, lines)
        return good

    def take(self, results):
        """Adds the results of a stream that read() parsed, or of another suite."""
        for r in results:
            self._add(r.status, r.name, r.why, r.lines if r.status == FAIL else ())

    def count(self, status):
        return sum(r.status == status for r in self.results)

    def total(self):
        return '%d passed, %d failed, %d skipped' % tuple(map(self.count, (PASS, FAIL, SKIP)))

    @property
    def good(self):
        """Returns whether a test passed and none failed. A run without results is not good."""
        return self.count(FAIL) == 0 and self.count(PASS) > 0

    def write(self, bail=''):
        """Writes the whole stream. The last line is the total."""
        out = self.out or sys.stdout
        print('KTAP version 1', file=out)
        print(f'1..{len(self.results)}', file=out)
        for note in self.notes:
            print(f'# {note}', file=out)
        for nr, r in enumerate(self.results, 1):
            for line in r.lines:
                print(f'# {line.rstrip()}', file=out)
            text = f'{"not ok" if r.status == FAIL else "ok"} {nr} {_one_line(r.name)}'
            if r.status == SKIP:
                text += f' # SKIP {_one_line(r.why)}'
            elif r.why:
                text += f' # {_one_line(r.why)}'
            print(text, file=out)
        skipped = collections.Counter(r.why for r in self.results if r.status == SKIP)
        if skipped:
            print('# skipped, by reason:', file=out)
        for why, n in skipped.most_common():
            print(f'# {n:5d}  {why}', file=out)
        if bail:
            print(f'Bail out! {bail}', file=out)
        print(self.total(), file=out, flush=True)


_RESULT = re.compile(r'(not )?ok (\d+)(?: +(?:- +)?(.*))?$')
_SKIP = re.compile(r'(.*?) *# *SKIP\b:? *(.*)$', re.IGNORECASE)
_WHY = re.compile(r'(.*?) # +(.*)$')


def read(text):
    """
    Returns the results in the output of a kernel selftest, nested or not, in the order
    of the lines. A result with subtests does not count in addition to them, unless only
    it fails. Each error of the form is an additional failure: a missing plan, a plan
    that differs from the number of results, numbers out of order. Returns None for a
    text without results and without a plan.
    """
    results, lines, levels, seen = [], [], {}, False

    def level(indent):
        for deeper in [i for i in levels if i > indent]:
            close(deeper)
        return levels.setdefault(indent, {'plan': None, 'nr': 0, 'subtests': 0, 'failed': 0})

    def close(indent):
        this = levels.pop(indent)
        if this['plan'] is not None and this['plan'] != this['nr']:
            results.append(Result(FAIL, 'plan', f'{this["plan"]} planned, {this["nr"]} ran', []))
        upper = max((i for i in levels if i < indent), default=None)
        if upper is not None:
            levels[upper]['subtests'] += this['nr']
            levels[upper]['failed'] += this['failed']

    for line in text.splitlines():
        bare = line.lstrip(' ')
        indent = len(line) - len(bare)
        plan = re.match(r'1\.\.(\d+)(?: *# *(.*))?$', bare)
        match = _RESULT.match(bare)
        if re.match(r'(K?TAP) version \d+$', bare) and indent in levels:
            # One program's stream after another's
            level(indent)
            close(indent)
        elif plan:
            seen = True
            level(indent)['plan'] = int(plan.group(1))
        elif match:
            seen = True
            this = level(indent)
            this['nr'] += 1
            name, why, status = match.group(3) or '', '', FAIL if match.group(1) else PASS
            skip = _SKIP.match(name)
            if skip and status == PASS:
                status, name, why = SKIP, skip.group(1), skip.group(2)
            elif _WHY.match(name):
                name, why = _WHY.match(name).groups()
            if int(match.group(2)) != this['nr']:
                results.append(Result(FAIL, name, f'number {match.group(2)}, not {this["nr"]}', []))
            if not this['subtests'] or (status == FAIL and not this['failed']):
                results.append(Result(status, name, why, lines))
                this['failed'] += status == FAIL
            this['subtests'] = 0
            lines = []
        elif bare.startswith('Bail out!'):
            seen = True
            results.append(Result(FAIL, bare, '', lines))
        elif bare.startswith('#'):
            lines.append(bare[1:].strip())
    for indent in sorted(levels, reverse=True):
        if levels[indent]['plan'] is None:
            results.append(Result(FAIL, 'plan', 'there is none', []))
        close(indent)
    return results if seen else None
