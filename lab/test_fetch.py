# SPDX-License-Identifier: GPL-2.0
"""lab/fetch and lab/deps, with a mirror, an apt and a sudo that are made here."""
import io
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import time
import unittest

LAB = pathlib.Path(__file__).resolve().parent

# The mirror is a directory: index has "version package", a line each; pool/ has
# PACKAGE_VERSION.deb, a tar. Where "no-index", "no-pool" or "no-PACKAGE_VERSION.deb"
# exists, that cannot be reached. apt's lists are a copy of the index, in its Dir::State.
APT_GET = r'''
echo "apt-get $*" >> "$MIRROR/calls"
state='' strict='' words=()
while [ $# -gt 0 ]; do
	case $1 in
	-o)	shift; case $1 in Dir::State=*) state=${1#*=} ;; Dir::Cache::archives=*) archives=${1#*=} ;; esac ;;
	--error-on=any) strict=1 ;;
	-t|--format) shift ;;
	-*)	;;
	*)	words+=("$1") ;;
	esac
	shift
done
fail() { echo "E: $*" >&2; exit 100; }
case ${words[0]} in
indextargets)
	. /etc/os-release
	printf '%s\n' "http://mirror.test/debian/ $VERSION_CODENAME" "http://mirror.test/security/ $VERSION_CODENAME-security" ;;
update)
	if [ -e "$MIRROR/no-index" ]; then
		[ -z "$strict" ] || fail "Failed to fetch http://mirror.test/  Could not resolve 'mirror.test'"
		echo "W: Failed to fetch http://mirror.test/  Could not resolve 'mirror.test'" >&2
	else
		cp "$MIRROR/index" "$state/index"
	fi ;;
download|install|source)
	for word in "${words[@]:1}"; do
		name=${word%%=*}_${word#*=}.deb
		[ ! -e "$MIRROR/no-pool" ] && [ ! -e "$MIRROR/no-$name" ] || fail "Failed to fetch http://mirror.test/$name  Could not resolve 'mirror.test'"
		[ -e "$MIRROR/pool/$name" ] || fail "Failed to fetch http://mirror.test/$name  404  Not Found"
		sleep "$(cat "$MIRROR/slow" 2>/dev/null || echo 0)"
		cp "$MIRROR/pool/$name" "${archives:-.}/"
	done ;;
esac
'''
APT_CACHE = r'''
state=''
while [ $# -gt 0 ]; do
	case $1 in
	-o)	shift; case $1 in Dir::State=*) state=${1#*=} ;; esac ;;
	-*)	;;
	*)	break ;;
	esac
	shift
done
touch "$state/index"
case $1 in
pkgnames) awk '{ print $2 }' "$state/index" | sort -u ;;
madison) shift; for name; do awk -v n="$name" '$2 == n { print " " n " | " $1 " | http://mirror.test/debian trixie/main arm64 Packages" }' "$state/index"; done ;;
esac
'''
# As dpkg-deb: a tar stands for the package. What "broken" names cannot be unpacked.
DPKG_DEB = r'''
case $1 in
--fsys-tarfile) cat "$2" ;;
-x)	mkdir -p "$3"; tar xf "$2" -C "$3" ;;
-W)	basename "$2" ;;
esac
! grep -qs "^$(basename "$2" .deb)$" "$MIRROR/broken"
'''


def script(path, text, shell='/bin/bash'):
    path.write_text(f'#!{shell}\n{text}')
    path.chmod(0o755)


class Made(unittest.TestCase):
    """A project with lab/fetch and lab/deps alone, and what they call."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.tmp = pathlib.Path(tmp.name)
        self.lab, self.bin, self.mirror, self.cache = (self.tmp / name for name in ('lab', 'bin', 'mirror', 'cache'))
        for path in self.lab, self.bin, self.mirror / 'pool':
            path.mkdir(parents=True)
        for name in 'fetch', 'lib.sh', 'deps', 'cross':
            shutil.copy(LAB / name, self.lab)
        (self.lab / 'vmms').write_text('')
        self.env = {'PATH': f'{self.bin}:{os.environ["PATH"]}', 'XDG_CACHE_HOME': str(self.cache), 'MIRROR': str(self.mirror),
                    'HOME': str(self.tmp), 'TMPDIR': str(self.tmp)}
        script(self.bin / 'apt-get', APT_GET)
        script(self.bin / 'apt-cache', APT_CACHE)
        script(self.bin / 'dpkg-deb', DPKG_DEB)

    def calls(self, word):
        return [line for line in (self.mirror / 'calls').read_text().splitlines() if word in line.split()]

    def run_lab(self, *words, **env):
        return subprocess.run([self.lab / words[0], *words[1:]], env={**self.env, **env}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)


class Fetch(Made):
    def setUp(self):
        super().setUp()
        self.index = []
        self.pin('2')
        self.mirror_has('1', '2')

    def pin(self, version):
        (self.lab / 'kernels').write_text(f'6.12\ttrixie\tlinux-image\t{version}\n7.3\ttrixie-backports\tlinux-binary\t9\n')

    def package(self, name, version, files):
        with tarfile.open(self.mirror / f'pool/{name}_{version}.deb', 'w') as tar:
            for path, text in files.items():
                info = tarfile.TarInfo(path)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))

    def mirror_has(self, *versions, pool=None):
        """The mirror lists these versions, and has those of the pool, by default the same."""
        (self.mirror / 'index').write_text(''.join(f'{v} linux-image\n' for v in versions))
        shutil.rmtree(self.mirror / 'pool')
        (self.mirror / 'pool').mkdir()
        for version in pool or versions:
            self.package('linux-image', version, {f'./boot/vmlinuz-{version}': f'kernel {version}'})

    def down(self, *parts):
        for part in parts or ('index', 'pool'):
            (self.mirror / f'no-{part}').touch()

    def up(self):
        for path in self.mirror.glob('no-*'):
            path.unlink()

    def a_day_later(self):
        for path in self.cache.rglob('*'):
            os.utime(path, (time.time() - 90000,) * 2)

    def fetch(self, *words):
        return self.run_lab('fetch', *(words or ('6.12',)))

    def gives(self, version, says='', words=()):
        done = self.fetch(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(pathlib.Path(done.stdout.strip()).read_text(), f'kernel {version}', done.stderr)
        self.assertIn(says, done.stderr)

    def fails(self, says, words=()):
        done = self.fetch(*words)
        self.assertEqual((done.returncode, done.stdout), (125, ''), done.stderr)
        self.assertIn(says, done.stderr)

    def old_lists(self):
        """apt's lists are of the day before the mirror got version 2."""
        self.pin('1')
        self.mirror_has('1')
        self.gives('1')
        self.pin('2')
        self.mirror_has('1', '2')
        self.a_day_later()

    def test_unreadable_lists(self):
        """a mirror that cannot be read does not mean that a version has gone: nothing else is taken"""
        self.old_lists()
        self.down('index')
        self.fails('the package lists of trixie could not be read')

    def test_lists_again(self):
        """lists that could not be read are read again by the next call"""
        self.old_lists()
        self.down('index')
        self.fetch()
        self.up()
        self.gives('2')

    def test_failed_download(self):
        """a download that fails does not mean that a version has gone: the next call gets it"""
        self.pin('1')
        self.gives('1')
        self.pin('2')
        self.down('linux-image_2.deb')
        self.fails('the next call tries again')
        self.up()
        self.gives('2')

    def test_listed_but_not_there(self):
        """a version that the mirror lists but does not have is a failure, and no other is taken"""
        self.mirror_has('1', '2', pool=['1'])
        self.fails('the mirror lists it, but does not have it')

    def test_old_lists(self):
        """lists that have what the mirror has no longer are read again at once"""
        self.pin('1')
        self.gives('1')
        self.pin('2')
        self.mirror_has('1', '3')
        self.gives('3', '2 has gone from the mirror; using 3')

    def test_comes_back(self):
        """a version that comes back to the mirror is used again, a day later at most"""
        self.mirror_has('1', '3')
        self.gives('3', 'has gone from the mirror')
        self.mirror_has('1', '2', '3')
        self.a_day_later()
        self.gives('2')

    def test_other_version(self):
        """where lab/kernels names another version, that is fetched, whatever stood in for the last"""
        self.mirror_has('1', '3')
        self.gives('3', 'has gone from the mirror')
        self.pin('1')
        self.gives('1')

    def test_offline_instead(self):
        """offline, what stood in for a version goes on to, and this is said"""
        self.mirror_has('1', '3')
        self.gives('3', 'has gone from the mirror')
        self.down()
        self.a_day_later()
        self.gives('3', 'could not be read; going on with 3')

    def test_half_unpacked(self):
        """a package that cannot be unpacked leaves no kernel behind, also where others go on"""
        (self.mirror / 'broken').write_text('linux-image_2\n')
        done = self.fetch('all')
        self.assertEqual(done.returncode, 125, done.stdout)
        (self.mirror / 'broken').unlink()
        self.gives('2')

    def test_half_a_vmm(self):
        """a VMM with a package that cannot be unpacked is a failure"""
        (self.lab / 'vmms').write_text('busybox\ttrixie\tbusybox-static\t1\n')
        (self.mirror / 'index').write_text('1 busybox-static\n')
        self.package('busybox-static', '1', {'./usr/bin/busybox': 'a program'})
        script(self.bin / 'readelf', '')
        (self.mirror / 'broken').write_text('busybox-static_1\n')
        self.assertNotEqual(self.fetch('vmm', 'busybox').returncode, 0)
        (self.mirror / 'broken').unlink()
        done = self.fetch('vmm', 'busybox')
        self.assertEqual((pathlib.Path(done.stdout.strip()) / 'busybox').read_text(), 'a program', done.stderr)

    def test_a_tool_for_hosts(self):
        """kexec is a program of a package in /sbin"""
        (self.lab / 'vmms').write_text('kexec\tbookworm\tkexec-tools\t1\n')
        (self.mirror / 'index').write_text('1 kexec-tools\n')
        self.package('kexec-tools', '1', {'./sbin/kexec': 'a program', './etc/init.d/kexec': 'no program'})
        script(self.bin / 'readelf', '')
        done = self.fetch('vmm', 'kexec')
        self.assertEqual((pathlib.Path(done.stdout.strip()) / 'kexec').read_text(), 'a program', done.stderr)

    def test_two_at_once(self):
        """two that want the same at once fetch it once"""
        (self.mirror / 'slow').write_text('0.3')
        both = [subprocess.Popen([self.lab / 'fetch', '6.12'], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                for _ in range(2)]
        paths = {process.communicate()[0] for process in both}
        self.assertEqual([process.returncode for process in both], [0, 0])
        self.assertEqual(len(paths), 1)
        self.assertEqual(len(self.calls('download')), 1)

    def test_lists_of_what_is_fetched(self):
        """only the lists of the suites of what is fetched are read"""
        (self.lab / 'vmms').write_text('10\tbookworm\tqemu\t1\n')
        self.gives('2')
        read = ''.join(path.read_text() for path in self.cache.rglob('sources.list'))
        self.assertIn(' trixie main', read)
        for suite in 'bookworm', 'trixie-backports', 'deb-src':
            self.assertNotIn(suite, read)

    def test_newest_offline(self):
        """lab/fetch --newest leaves alone what it cannot read the lists of, and fails"""
        self.old_lists()
        self.down()
        self.assertEqual(self.fetch('--newest').returncode, 1)
        self.assertEqual((self.lab / 'kernels').read_text().splitlines()[0].split()[-1], '2')

    def test_substitution(self):
        """a function of the laboratory's that fails within $(...) goes no further"""
        script(self.lab / 'try', '. "${0%/*}/lib.sh"\nf() { false; echo "went on"; }\ngot=$(f)\necho "$got"\n')
        done = self.run_lab('try')
        self.assertEqual((done.returncode, done.stdout), (1, ''))


class Deps(Made):
    """A machine that has all that lab/deps asks for but cpio."""

    def setUp(self):
        super().setUp()
        # PATH is this directory alone.
        for name in 'bash env dirname basename realpath sed awk xargs mkdir cat uname cp touch flock git readlink tr'.split():
            (self.bin / name).symlink_to(shutil.which(name, path='/usr/bin:/bin'))
        for name in ('make gcc flex bison bc rsync xz gawk perl ccache sparse sphinx-build shellcheck python3 aarch64-linux-gnu-gcc '
                     'x86_64-linux-gnu-gcc qemu-system-x86_64').split():
            script(self.bin / name, 'echo "version 12"\n')
        script(self.bin / 'qemu-system-aarch64', 'echo "QEMU emulator version 10.0.2"\n')
        script(self.bin / 'apt-get', f'echo "apt-get $*" >> "$MIRROR/calls"\ncase " $* " in *" cpio "*) cp {self.bin}/xz {self.bin}/cpio ;; esac\n')
        script(self.bin / 'sudo', 'echo "sudo" >> "$MIRROR/calls"\nexec "$@"\n')
        script(self.bin / 'id', f'cat {self.mirror}/uid\n')
        (self.mirror / 'calls').touch()
        self.env['PATH'] = str(self.bin)
        shutil.copy(LAB / 'kernels', self.lab)
        self.uid(1000)

    def uid(self, number):
        (self.mirror / 'uid').write_text(f'{number}\n')

    def deps(self, *words, **env):
        return self.run_lab('deps', *words, **env)

    def installed(self):
        return [call.split(' install ')[1].split()[-1] for call in (self.mirror / 'calls').read_text().splitlines() if ' install ' in call]

    def test_not_unasked(self):
        """a user who is not root is told the apt-get line, and nothing is called"""
        done = self.deps()
        self.assertEqual(done.returncode, 125, done.stderr)
        self.assertRegex(done.stderr, r'sudo apt-get .*install .*\bcpio\b')
        self.assertEqual((self.mirror / 'calls').read_text(), '')

    def test_asked(self):
        """LAB_INSTALL=yes installs what is missing, with sudo"""
        self.assertEqual(self.deps().returncode, 125)
        done = self.deps(LAB_INSTALL='yes')
        self.assertEqual((done.returncode, self.installed()[-1:]), (0, ['cpio']), done.stderr)
        self.assertTrue(self.calls('sudo'))

    def test_still_missing(self):
        """what is still missing when apt-get has come to its end is a failure"""
        self.uid(0)
        script(self.bin / 'apt-get', '')
        done = self.deps()
        self.assertEqual(done.returncode, 125, done.stderr)
        self.assertIn('still missing: cpio', done.stderr)

    def test_part_of_python(self):
        """a python3 without the standard library is not taken for the whole"""
        self.uid(0)
        script(self.bin / 'python3', 'exit 1\n')
        self.deps()
        self.assertIn('python3', (self.mirror / 'calls').read_text())

    def test_what_lint_needs(self):
        """what only 'make lint' needs is installed for that alone"""
        self.uid(0)
        for name in 'sparse', 'sphinx-build', 'qemu-system-x86_64':
            (self.bin / name).unlink()
        self.deps()
        self.assertNotRegex((self.mirror / 'calls').read_text(), 'sparse|sphinx|qemu')
        script(self.lab / 'fetch', '')
        self.deps('lint')
        for package in 'sparse', 'python3-sphinx', 'qemu-system-x86':
            self.assertIn(package, (self.mirror / 'calls').read_text())


if __name__ == '__main__':
    unittest.main()
