#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Writes the parts of documentation and headers that come from the tables.

  docs.py TABLE check		name what differs, and what is missing
  docs.py TABLE write		write these parts
  docs.py TABLE new NAME TOPIC	write the skeleton of a behaviour: row, documentation, test

TABLE is the program 'table', built for this machine. It makes

- in Documentation/virt/kvm/guest-compat/, each line "id, name, revision, releases" of
  the pages, without the text; the baselines and vectors of distributions.rst; and in
  changes.rst, a release that is empty;
- the numbers of baselines in include/uapi/linux/kvm_guest_compat.h, the selftests' list
  of baselines, and the line of a new release in kernels.tsv.
"""
import collections
import fnmatch
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[5]
PAGES = TOP / 'Documentation/virt/kvm/guest-compat'
TOPICS = TOP / 'arch/arm64/kvm/guest-compat'
TESTS = TOP / 'tools/testing/selftests/kvm/arm64'
LIBRARY = TOP / 'tools/testing/selftests/kvm/lib/arm64/guest_compat.c'
HEADER = TOP / 'tools/testing/selftests/kvm/include/arm64/guest_compat.h'
UAPI = TOP / 'include/uapi/linux/kvm_guest_compat.h'
STRINGS = TOP / 'tools/kvm/guest-compat/kernels.tsv'

TODO = 'TODO'
LINE = re.compile(r'   (\d+), ([a-z0-9_]+), (\d+), ([^"]*), "(.*)"')

Row = collections.namedtuple('Row', 'id name revision releases')


class Error(Exception):
    pass


class Table:
    """The output of the program 'table'"""

    def __init__(self, program):
        self.program = program
        self.rows = [Row(int(i), name, int(revision), releases)
                     for i, name, revision, releases in (line.split(', ') for line in self.say())]
        self.vectors = self.say('vectors')
        self.baselines = [line.split(', ') for line in self.say('baselines')]
        self.names = {row.name: row.id for row in self.rows}

    def say(self, *words):
        return subprocess.run([self.program, *words], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()

    def revisions_of(self, when):
        """Yields the id and the revision of each behaviour in a release."""
        for row in self.rows:
            first, dash, last = row.releases.partition(' -')
            if first != 'none' and release(first) <= when and (dash and not last or when <= release(last or first)):
                yield row.id, int(row.revision)

    def changes(self, name):
        """Returns the releases that changed a behaviour, in order."""
        starts = {row.releases.split(' ')[0] for row in self.rows if row.name == name}
        return sorted(starts - {'5.10', 'none'}, key=release)


def release(text):
    """Returns 6.12 or 6.12.6 in a form that can be compared."""
    return tuple(int(n) for n in re.findall(r'\d+', text)[:2])


def pages():
    """Returns the table of index.rst as a list of (page, patterns of behaviours, patterns left out)."""
    found, text = [], (PAGES / 'index.rst').read_text()
    for line in text[text.index('Behaviours\n'):].splitlines()[2:]:
        if line.startswith('===='):
            return found
        page, words = line[:16].strip(), line[16:].partition(' but ')
        if page:
            found.append((page, [], []))
        found[-1][1].extend(re.findall('``(.*?)``', words[0]))
        found[-1][2].extend(re.findall('``(.*?)``', words[2]))
    raise Error('index.rst has no table of the pages')


def page_of(name):
    on = [page for page, names, but in pages()
          if any(fnmatch.fnmatchcase(name, p) for p in names) and not any(fnmatch.fnmatchcase(name, p) for p in but)]
    if len(on) != 1:
        raise Error(f'index.rst: {name} is on {" and ".join(on) or "no page"}: a behaviour has one')
    return on[0]


def made(text, what, lines):
    """Replaces the lines between the two marks."""
    begin, end = f'.. made from {what}\n', f'.. end of what is made from {what}\n'
    if begin not in text or end not in text:
        raise Error(f'the marks "{begin.strip()}" and "{end.strip()}" are not there')
    before, rest = text.split(begin)
    return f'{before}{begin}\n' + '\n'.join(lines) + f'\n\n{end}{rest.split(end)[1]}'


def simple_table(head, rows):
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    rule = '  '.join('=' * width for width in widths)
    return [rule, *(('  '.join(cell.ljust(width) for cell, width in zip(row, widths))).rstrip() for row in [head]), rule,
            *('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows), rule]


def topic_page(table, name, text):
    """Makes the lines of a page, and keeps their text."""
    words = {(int(m[1]), int(m[3])): m[5] for m in map(LINE.fullmatch, text.splitlines()) if m}
    here = [row for row in table.rows if page_of(row.name) == name]
    lines, done = [], False
    for line in text.splitlines():
        if not LINE.fullmatch(line):
            lines.append(line)
        elif not done:
            done = True
            lines += [f'   {row.id}, {row.name}, {row.revision}, {row.releases}, "{words.get((row.id, row.revision), TODO)}"'
                      for row in sorted(here, key=lambda row: row[:3])]
    return '\n'.join(lines) + '\n'


def changes(table, text):
    """Fills in an empty release, from the behaviours in the last cell."""
    def fill(match):
        names = [name for name in re.findall('[a-z0-9_]+', match[2]) if name in table.names]
        when = sorted({r for name in names for r in table.changes(name)}, key=release)
        return f'   "{match[1]}", "{", ".join(when)}", "{match[2]}"'
    return re.sub(r'^   "(.*)", "", "(.*)"$', fill, text, flags=re.M)


def distributions(table, text):
    rows = [[name, measured] for name, _, measured in table.baselines]
    text = made(text, 'baselines.h: what was measured', simple_table(['Version', 'Measured release'], rows))
    head = ', '.join(f'"{name}"' for name in table.vectors[0].split(', '))
    return made(text, 'baselines.h: the vectors', ['.. csv-table::', f'   :header: {head}', '', *(f'   {v}' for v in table.vectors[1:])])


def kernels(table, text):
    for name, _, measured in table.baselines:
        of = name.split('-')[0]
        if not re.search(rf'^{re.escape(of)}\.\*\t', text, re.M):
            text += f'{of}.*\t-\t-\t{name}\tmeasured on {measured}\n'
    return text


def uapi(table, text):
    """Writes the numbers of baselines. Fails if an existing number would change."""
    given = dict(re.findall(r'^#define KVM_GUEST_COMPAT_(\d+_\d+_V\d+)\s+(0x\w+)$', text, re.M))
    now = {name.upper().replace('.', '_').replace('-', '_'): number for name, number, _ in table.baselines}
    for name, number in given.items():
        if now.get(name) != number:
            raise Error(f'{UAPI.name}: KVM_GUEST_COMPAT_{name} is {number}, and in baselines.h {now.get(name)}')
    lines = [f'#define KVM_GUEST_COMPAT_{name}{tabs(25 + len(name), 40)}{number}' for name, number in now.items()]
    return re.sub(r'(#define KVM_GUEST_COMPAT_\d+_\d+_V\d+\s.*\n)+', '\n'.join(lines) + '\n', text, count=1)


def library(table, text):
    lines, line = [], ''
    for name, _, _ in table.baselines:
        item = f'KVM_GUEST_COMPAT_{name.upper().replace(".", "_").replace("-", "_")},'
        if len(line) + len(item) > 80:
            lines.append(line)
            line = ''
        line += f'{" " if line else ""}{item}'
    lines = ''.join(f'\t{line}\n' for line in [*lines, line])
    return re.sub(r'(const u32 compat_baselines\[\] = \{\n)(.*\n)*?(\};)', rf'\g<1>{lines}\g<3>', text)


def header(table, text):
    return re.sub(r'(#define COMPAT_NR_BASELINES\t)\d+', rf'\g<1>{len(table.baselines)}', text)


def everything(table):
    """Yields each file's path, its text, and the text that it must have."""
    for path in sorted(PAGES.glob('*.rst')):
        text = is_ = path.read_text()
        if path.name == 'changes.rst':
            text = changes(table, text)
        elif path.name == 'distributions.rst':
            text = distributions(table, text)
        elif path.name in [page for page, _, _ in pages()]:
            text = topic_page(table, path.name, text)
        yield path, is_, text
    for path, make in (UAPI, uapi), (LIBRARY, library), (HEADER, header), (STRINGS, kernels):
        if path.exists():
            text = path.read_text()
            yield path, text, make(table, text)


def following(when):
    major, minor = when
    return (major + 1, 0) if minor == 19 else (major, minor + 1)


def within(cell, when):
    """Returns whether a cell of changes.rst's release column covers this release."""
    if cell == 'various':
        return True
    for first, point, last in re.findall(r'(\d+\.\d+)(\.\w+)?(?: to (\d+\.\d+))?', cell):
        # A behaviour changes back in the release after the last one, or after a backport.
        if release(first) <= when <= (following(release(last or first)) if last or point else release(first)):
            return True
    return False


def missing(table):
    """Yields what must be written by hand, and is missing."""
    for path in sorted([*PAGES.glob('*.rst'), *TOPICS.glob('*.h'), *TESTS.glob('guest_compat_*.c')]):
        for nr, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(f'{TODO}:|"{TODO}"', line):
                yield f'{path.relative_to(TOP)}:{nr}: {line.strip()}'
    told = collections.defaultdict(list)
    for when, previous in re.findall(r'^   ".*", "(.*)", "(.*)"$', (PAGES / 'changes.rst').read_text(), re.M):
        names = set(re.findall(r'[a-z0-9_]+\*?', previous.split('never')[0]))
        for name in table.names:
            if name in names or 'id_*' in names and name.startswith('id_'):
                told[name].append(when)
    for name in table.names:
        for change in table.changes(name):
            if not any(within(when, release(change)) for when in told[name]):
                yield f'changes.rst: {name} changed in {change}; ' + \
                    (f'its line says "{"; ".join(told[name])}"' if told[name] else 'no line has it')
    lines = re.findall(r'^BASELINE\(.*\n\t *"(.*)"\)$', (TOPICS / 'baselines.h').read_text(), re.M)
    for at, (name, _, _) in enumerate(table.baselines):
        if at and len(lines[at]) < max(map(len, lines[:at])):
            digits = ''.join(str(revision) for _, revision in sorted(table.revisions_of(release(name))))
            yield f'baselines.h: the revisions of {name} are "{digits}"'
    # Without code that tests it, a row does nothing. Rows of ID_FIELDS() and the like, and rows with .select, need none.
    sources = ''.join(path.read_text() for under in ('arch/arm64/kvm', 'arch/arm64/include/asm', 'virt/kvm')
                      for path in (TOP / under).glob('**/*.[chS]') if path.parent != TOPICS or path.suffix == '.c')
    for path in sorted(TOPICS.glob('*.h')):
        for macro, row in re.findall(r'^\[(GUEST_COMPAT_\w+)\] = \{(.*?)^\},', path.read_text(), re.M | re.S):
            if not re.search(rf'\b{macro}\b', sources) and '.select' not in row:
                yield f'{path.relative_to(TOP)}: no code tests {macro}'


def check(table):
    bad = 0
    for path, is_, text in everything(table):
        if is_ != text:
            bad += 1
            now = text.splitlines()
            was = is_.splitlines()
            print(f'# {path.relative_to(TOP)} is not what the tables say: make docs writes it',
                  *[f'# - {line}' for line in was if line not in now][:10], *[f'# + {line}' for line in now if line not in was][:10], sep='\n')
    for line in missing(table):
        bad += 1
        print(f'# missing: {line}')
    return 1 if bad else 0


def write(table):
    for path, is_, text in everything(table):
        if is_ != text:
            path.write_text(text)
            print(f'written: {path.relative_to(TOP)}')
    return 0


### a new behaviour

def insert(path, pattern, new, last=False):
    """Inserts text before the first match of a pattern, or after the last."""
    text = path.read_text()
    places = [m.end() if last else m.start() for m in re.finditer(pattern, text, re.M)]
    if not places:
        raise Error(f'{path.relative_to(TOP)} has no place for it')
    at = places[-1] if last else places[0]
    path.write_text(text[:at] + new + text[at:])
    print(f'added to {path.relative_to(TOP)}: {new.strip().splitlines()[0].strip()}')


def new(table, name, topic):
    header, test = TOPICS / f'{topic}.h', TESTS / f'guest_compat_{topic}.c'
    if not re.fullmatch('[a-z][a-z0-9_]*', name) or len(name) > 31 or name in table.names:
        raise Error(f'{name} is in use, or is no name: small letters, digits and "_", up to 31')
    for path in header, test:
        if not path.exists():
            raise Error(f'there is no {path.relative_to(TOP)}: the topics are '
                        + ' '.join(sorted(p.stem for p in TOPICS.glob('*.h') if (TESTS / f'guest_compat_{p.stem}.c').exists())))
    page_of(name)
    native = re.search(r'guest_compat_native = (GUEST_COMPAT_\w+);', (TOPICS / 'native.c').read_text())[1]
    number, macro = max(table.names.values()) + 1, f'GUEST_COMPAT_{name.upper()}'
    text = header.read_text()
    if 'enum {' in text:
        insert(header, r'^\tGUEST_COMPAT_\w+\s*= \d+,\n', f'\t{macro}{tabs(8 + len(macro), 40)}= {number},\n', last=True)
    else:
        insert(header, r'^#define GUEST_COMPAT_\w+\s+\d+\n', f'#define {macro}{tabs(8 + len(macro), 40)}{number}\n', last=True)
    field = re.fullmatch(r'id_((?:aa64)?[a-z]+\d)_(\w+)', name)
    if topic == 'idregs' and field:
        reg = f'ID_{field[1].upper()}_EL1'
        row = f'ID_NEW({macro.removeprefix("GUEST_COMPAT_")}, "{name}", {reg}, {field[2].upper()}, {native.removeprefix("GUEST_COMPAT_")}),\n\n'
    else:
        row = (f'[{macro}] = {{\n\t.name\t\t= "{name}",\n\t.description\t= "{TODO}: what the guest or the VMM sees",\n\t.since\t\t= {{\n'
               f'\t\t[GUEST_COMPAT_V5_10]\t= GUEST_COMPAT_REV(0),\t/* {TODO}: before */\n'
               f'\t\t[{native}]\t= GUEST_COMPAT_REV(1),\t/* {TODO}: since */\n\t}},\n}},\n\n')
    insert(header, r'^#undef \w+\n(?=(.*\n)*#endif /\* GUEST_COMPAT_ROWS)|^#endif /\* GUEST_COMPAT_ROWS', row)
    insert(test, r'^int main\(void\)', f'/* {TODO}: what the guest and the VMM see at every baseline and revision */\n'
           f'static bool test_{name}(void)\n{{\n\treturn CHECK(false, "{TODO}");\n}}\n\n')
    insert(test, r'^\t\};\n\n\tcompat_run\(', f'\t\t{{ "{name}: every baseline and revision", test_{name} }},\n')
    page, path = page_of(name), PAGES / 'changes.rst'
    here = {row.name for row in table.rows if page_of(row.name) == page}
    sections = re.split(r'(?=^\.\. csv-table::)', path.read_text(), flags=re.M)
    best = max(range(1, len(sections)), key=lambda i: sum(n in here for n in re.findall('[a-z0-9_]+', sections[i])))
    sections[best] = re.sub(r'((?:^   ".*"\n)+)', rf'\g<1>   "{TODO}: what changed", "", "{name}"\n', sections[best], count=1, flags=re.M)
    path.write_text(''.join(sections))
    print(f'added to {path.relative_to(TOP)}: a line for {name}')
    return 0


def tabs(width, column):
    return '\t' * max(1, -(-(column - width) // 8))


def main(argv):
    try:
        if len(argv) == 2 and argv[1] in ('check', 'write'):
            return globals()[argv[1]](Table(argv[0]))
        if len(argv) == 4 and argv[1] == 'new':
            return new(Table(argv[0]), *argv[2:])
    except Error as why:
        print(f'docs.py: {why}', file=sys.stderr)
        return 1
    print(__doc__.strip(), file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
