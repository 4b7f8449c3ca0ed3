# SPDX-License-Identifier: GPL-2.0
"""lab/lint and lab/x86, on a project and a kernel of some files, with tools that fail."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import ktap

LAB = pathlib.Path(__file__).resolve().parent

# Each tool is the real one, or does as well as that, unless a line of the file
# "fails" is in its command line.
FAILS = r'''
while read -r words; do
	case "${0##*/} $*" in *"$words"*) echo "${0##*/}: made to fail" >&2; exit 3 ;; esac
done < "$MADE/fails"
'''
# What a build leaves, of what lab/lint and lab/x86 look at
MAKE = r'''
for word; do case $word in O=*) obj=${word#O=} ;; OUTPUT=*) out=${word#OUTPUT=} ;; esac; done
case " $* " in
*" allnoconfig "*) echo CONFIG_KVM=y > "$obj/.config" ;;
*" htmldocs "*)	[ -e "$MADE/no-docs" ] || { mkdir -p "$obj/guest-compat"; : > "$obj/guest-compat/index.html"; } ;;
*" bzImage "*)	;;
esac
[ -z "$out" ] || { mkdir -p "$out"; : > "$out/guest_compat_none"; }
'''
QEMU = r'''
echo "$*" > "$MADE/qemu"
cat "$MADE/console"
'''


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/bash\n{text}')
    path.chmod(0o755)


class Lint(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.tmp = pathlib.Path(tmp.name)
        self.project, self.linux, self.bin = self.tmp / 'project', self.tmp / 'build/linux', self.tmp / 'bin'
        self.env = {'PATH': f'{self.bin}:{os.environ["PATH"]}', 'HOME': str(self.tmp), 'MADE': str(self.tmp), 'TMPDIR': str(self.tmp),
                    'BUILD': str(self.tmp / 'build'), 'XDG_CACHE_HOME': str(self.tmp / 'cache'), 'GIT_CONFIG_NOSYSTEM': '1'}
        self.tools()
        self.kernel()
        (self.tmp / 'build/.lab-build').touch()
        shutil.copytree(LAB, self.project / 'lab', ignore=shutil.ignore_patterns('test_*', '__pycache__'))
        script(self.project / 'lab/tables', f'# SPDX-License-Identifier: GPL-2.0\n{FAILS}')
        self.write(self.project / 'arch/new.c', '// SPDX-License-Identifier: GPL-2.0-only\nint new;\n')
        self.write(self.project / 'patches/series', '# part a0\ntools-change-the-list.patch\n')
        shutil.copy(LAB.parent / '.gitignore', self.project)
        shutil.copy(LAB.parent / 'COPYING', self.project)
        self.write(self.project / 'MAINTAINERS', 'NEW\nF:\tarch/new*\n')
        self.write(self.project / 'lab/MAINTAINERS', 'THE REST\n' + ''.join(
            f'F:\t{name}\n' for name in ('.gitignore', 'COPYING', 'MAINTAINERS', 'lab/', 'patches/')))
        self.git(self.project, 'init', '-q')
        self.commit(self.project, 'all of it')
        version = next(line.split()[3] for line in (LAB / 'kernels').read_text().splitlines() if line.startswith('base'))
        self.base = self.tmp / 'cache/kvm-guest-compat/base'
        (self.base / f'linux-{version}').mkdir(parents=True)
        self.debian = self.base / f'debian-patches-{version}'
        self.debian.write_text('tools/other\n')

    def write(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def git(self, where, *words):
        subprocess.run(['git', '-C', where, '-c', 'user.name=t', '-c', 'user.email=t@localhost', *words], check=True, env=self.env)

    def commit(self, where, subject):
        self.git(where, 'add', '-A')
        self.git(where, 'commit', '-q', '-m', subject)

    def tools(self):
        self.fails()
        real = shutil.which('git')
        script(self.bin / 'git', f'{FAILS}exec {real} "$@"\n')
        script(self.bin / 'make', FAILS + MAKE)
        script(self.bin / 'apt-get', FAILS + 'release=$(sed -n "s/^VERSION_CODENAME=//p" /etc/os-release)\n[ -e "$MADE/no-mirror" ] || echo "http://mirror.test/debian/ $release"\n')
        script(self.bin / 'qemu-system-x86_64', QEMU)
        for name in 'shellcheck', 'sparse', 'x86_64-linux-gnu-gcc', 'gcc':
            script(self.bin / name, FAILS)
        (self.tmp / 'console').write_text('1..2\nok 1 one\nok 2 two\nstatus 0\n')

    def kernel(self):
        for name in 'tools/list', 'arch/arm64/kvm/Makefile', 'Documentation/virt/kvm/index.rst':
            self.write(self.linux / name, f'{name}\n')
        self.write(self.linux / 'scripts/checkpatch.pl', 'exit 0;\n')
        script(self.linux / 'scripts/checker-valid.sh', 'echo 1\n')
        script(self.linux / 'scripts/kernel-doc', FAILS)
        self.git(self.linux, 'init', '-q')
        self.commit(self.linux, 'base')
        self.git(self.linux, 'tag', 'series-base')
        self.write(self.linux / 'tools/list', 'changed\n')
        self.commit(self.linux, 'tools: change the list')

    def fails(self, *words):
        """Tools whose command lines have these words fail."""
        (self.tmp / 'fails').write_text(''.join(f'{word}\n' for word in words))

    def lint(self, *words):
        self.done = subprocess.run([self.project / 'lab/lint', *words], env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
                                   text=True, check=False)
        return ktap.read(self.done.stdout) or []

    def status_of(self, name, *words):
        """The worst status of the results that begin so."""
        found = [r for r in self.lint(*words) if r.name.startswith(name)]
        self.assertTrue(found, self.done.stdout + self.done.stderr)
        worst = min(found, key=lambda r: (ktap.FAIL, ktap.SKIP, ktap.PASS).index(r.status))
        self.assertEqual(self.done.returncode, 1 if ktap.FAIL in [r.status for r in ktap.read(self.done.stdout)] else 0)
        return worst.status, ' '.join([worst.why, *worst.lines])

    def failure(self, name, says='', words=('--quick',)):
        status, why = self.status_of(name, *words)
        self.assertEqual(status, ktap.FAIL, self.done.stdout + self.done.stderr)
        self.assertIn(says, why)


class Quick(Lint):
    def test_form(self):
        """all that is well passes, with a plan, and numbers in order"""
        results = self.lint('--quick')
        self.assertEqual([r for r in results if r.status != ktap.PASS], [], self.done.stderr)
        self.assertGreater(len(results), 6)
        self.assertEqual(self.done.returncode, 0)

    def test_debian_patches(self):
        """offline, whether Debian patches a file too is a skip that says why, no pass"""
        self.debian.unlink()
        self.fails(' update', ' source ')
        status, why = self.status_of('no file patched', '--quick')
        self.assertEqual(status, ktap.SKIP, self.done.stdout)
        self.assertIn('linux', why)

    def test_no_mirror(self):
        """where apt knows no mirror, that no mirror is named is a skip that says why, no pass"""
        (self.tmp / 'no-mirror').touch()
        status, why = self.status_of("no mirror's name", '--quick')
        self.assertEqual(status, ktap.SKIP, self.done.stdout)
        self.assertIn('no Debian mirror', why)

    def test_mirrors(self):
        """where apt cannot say its mirrors, that no mirror is named is a failure"""
        self.fails('apt-get indextargets')
        self.failure("no mirror's name")

    def test_files(self):
        """where git cannot say the files, what is looked for in them is a failure"""
        self.fails('ls-files', 'git -C ' + str(self.project) + ' grep')
        for name in "no mirror's name", 'no file of', 'nothing binary':
            with self.subTest(name):
                self.failure(name)

    def test_not_added(self):
        """files that are not yet added to git are looked at, too"""
        self.write(self.project / 'lab/new', 'in /' + 'root/somewhere\n')
        self.failure('no path of a machine', 'lab/new:1: in /')

    def test_maintained(self):
        """a file that no section has, or that is deeper than its pattern, fails; so does a pattern of no file"""
        for name in 'tools/new.sh', 'arch/newer/file.c':
            with self.subTest(name):
                self.write(self.project / name, '# SPDX-License-Identifier: GPL-2.0\n')
                self.failure('each file has a maintainer', f'{name}: nobody')
                (self.project / name).unlink()
        self.write(self.project / 'MAINTAINERS', 'NEW\nF:\tarch/new*\nF:\tvirt/gone.c\n')
        self.failure('each file has a maintainer', 'MAINTAINERS: no file is virt/gone.c')

    def test_licences(self):
        """a program without a licence fails, and one with another than COPYING has"""
        for name, text, says in (('arch/new2.c', 'int new;\n', 'arch/new2.c: no licence'),
                                 ('lab/script', '#!/bin/sh\n', 'lab/script: no licence'),
                                 ('arch/new2.c', '/* SPDX-License-Identifier: MIT */\n', 'arch/new2.c: MIT'),
                                 ('vmm/example/new.c', '/* SPDX-License-Identifier: GPL-2.0 */\n', 'vmm/example/new.c: GPL-2.0'),
                                 ('vmm/qemu/1.patch', '+/* SPDX-License-Identifier: MIT */\n', 'vmm/qemu/1.patch: MIT')):
            with self.subTest(says):
                self.write(self.project / name, text)
                self.failure('each file has its licence', says)
                (self.project / name).unlink()
        self.write(self.project / 'COPYING', 'GPL-2.0\n')
        self.write(self.project / 'include/uapi/new.h', '/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */\n')
        self.failure('each file has its licence', 'COPYING: nothing of GPL-2.0 WITH')

    def test_hashes(self):
        """where git cannot hash our files, or list the kernel's, that none is the kernel's is a failure"""
        for words in 'hash-object', 'ls-tree':
            with self.subTest(words):
                self.fails(words)
                self.failure("no file of the kernel's")

    def test_commits(self):
        """where the series' commits are not to be had, checkpatch fails"""
        self.git(self.linux, 'update-ref', '-d', 'refs/tags/series-base')
        self.failure('checkpatch', 'series-base')

    def test_alone(self):
        """a fix that needs another one is found, what comes after the fixes is not looked at"""
        self.write(self.linux / 'tools/list', 'changed again\n')
        self.commit(self.linux, 'tools: change the list again')
        both = '# part a0\ntools-change-the-list.patch\ntools-change-the-list-again.patch\n'
        self.write(self.project / 'patches/series', both)
        self.failure('applies on the base alone: tools: change the list again')
        self.write(self.project / 'patches/series', both.replace('tools-change-the-list-a', '# part b\ntools-change-the-list-a'))
        self.assertEqual([r for r in self.lint('--quick') if r.status != ktap.PASS], [], self.done.stderr)
        self.write(self.project / 'patches/series', both.replace('a0', 'x'))
        self.failure('applies on the base alone: the commits', 'part a0')

    def test_words(self):
        """a word that is misspelt, a sentence that names nobody, and a table that is not what was made are found"""
        for name, text in (('Documentation/new.rst', 'A sentense, but no ``wurd``::\n\n    wurd\n'), ('arch/new.c', '/* A sentense. */ wurd\n'),
                           ('patches/new.patch', 'Subject: x\n\nA sentense.\n---\n+wurd\n'), ('lab/new', '# it succedes\n'),
                           ('README.md', 'What is\nhad.\n')):
            self.write(self.project / name, text)
        self.fails('tables --check', 'kernel-doc')
        found = {r.name: r.lines for r in self.lint('--quick') if r.status == ktap.FAIL}
        for check, says in (('aspell', 'sentense: Documentation/new.rst, arch/new.c, patches/new.patch'), ('codespell', 'lab/new:1'),
                            ('no sentence', 'README.md: is had'), ("README's tables", 'made to fail'), ('kernel-doc', 'made to fail')):
            with self.subTest(check):
                lines = next((' '.join(lines) for name, lines in found.items() if name.startswith(check)), '')
                self.assertIn(says, lines)
                self.assertNotIn('wurd', lines)

    def test_suppressed(self):
        """a function whose failures a script cannot see is found in it"""
        real = shutil.which('shellcheck')
        if not real:
            self.skipTest('there is no shellcheck')
        shutil.copy(real, self.bin / 'shellcheck')
        for path in (self.project / 'lab').iterdir():
            if path.name not in ('lint', 'lib.sh', 'ktap.sh', 'ktap.py', 'lab.py', 'splats', 'fetch', 'kernels'):
                path.unlink()
        self.commit(self.project, 'fewer')
        script(self.project / 'lab/new', 'set -e\nf() { false; echo "went on"; }\nf || exit 1\n')
        self.failure('shellcheck', 'lab/new')


class Slow(Lint):
    def test_form(self):
        """all that is well passes when all is run, with a plan, and numbers in order"""
        results = self.lint()
        self.assertEqual([r for r in results if r.status != ktap.PASS], [], self.done.stderr)
        self.assertIn('x86-64 has nothing to select: two', [r.name for r in results])
        self.assertEqual(self.done.returncode, 0)

    def test_checkout(self):
        """a commit that cannot be checked out fails for both architectures"""
        commit = subprocess.run(['git', '-C', self.linux, 'rev-parse', 'HEAD'], env=self.env, capture_output=True, text=True, check=True)
        self.fails(f'--detach {commit.stdout.strip()}')
        self.failure('arm64, W=1', words=())
        self.failure('x86-64: tools', words=())

    def test_alone(self):
        """a fix that does not build by itself is a failure"""
        self.write(self.linux / 'tools/testing/selftests/kvm/arm64/new.c', 'int main(void)\n')
        self.commit(self.linux, 'tools: test the list')
        self.write(self.project / 'patches/series', '# part a0\ntools-change-the-list.patch\ntools-test-the-list.patch\n')
        self.fails('TEST_GEN_PROGS_arm64=arm64/new')
        self.failure('arm64, on the base alone: tools: test the list', words=())

    def test_sparse(self):
        """a sparse that fails has not found nothing"""
        self.fails('C=2')
        self.failure('sparse', words=())

    def test_docs(self):
        """documentation that was not made is a failure"""
        (self.tmp / 'no-docs').touch()
        self.failure('Sphinx', words=())

    def test_x86_short(self):
        """a test on x86-64 that ends early is a failure"""
        (self.tmp / 'console').write_text('1..3\nok 1 one\nstatus 0\n')
        self.failure('x86-64 has nothing', words=())

    def test_x86_emulator(self):
        """without an emulator of x86-64 its test is a failure, no skip"""
        (self.bin / 'qemu-system-x86_64').unlink()
        # All that is there but that
        for path in (path for folder in os.environ['PATH'].split(':') for path in pathlib.Path(folder).glob('*')):
            if path.name != 'qemu-system-x86_64' and not (self.bin / path.name).exists():
                (self.bin / path.name).symlink_to(path)
        self.env['PATH'] = str(self.bin)
        self.failure('x86-64 has nothing', 'qemu-system-x86_64', words=())


if __name__ == '__main__':
    unittest.main()
