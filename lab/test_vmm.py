# SPDX-License-Identifier: GPL-2.0
"""The examples of vmm/example: a guest and its vector, saved on one kernel, loaded on another."""
import functools
import pathlib
import platform
import re
import struct
import subprocess
import unittest
from unittest import mock

import lab

EXAMPLE = lab.TOP / 'vmm/example'
HEADER = lab.TOP / 'include/uapi/linux/kvm_guest_compat.h'
HEADERS = ['-isystem', lab.BUILD / 'usr/include']
RUSTC = ['/usr/bin/rustc', '--edition', '2021', '-D', 'warnings', '-O']


def rust_target():
    """What rustc needs to make a program for the laboratory's machines: Debian's std of arm64, in the cache"""
    if platform.machine() == 'aarch64':
        return []
    version = lab.output(['/usr/bin/rustc', '--version']).split()[1]
    std = lab.CACHE / f'rust-std-{version}'
    if not std.exists():
        release = re.search(r'^VERSION_CODENAME=(\w+)$', open('/etc/os-release', encoding='utf-8').read(), re.M).group(1)
        lab.output([lab.LAB / 'fetch', 'alone', std, f'{release},{release}-security', 'libstd-rust-dev'])
    return ['--target', 'aarch64-unknown-linux-gnu', '--sysroot', std / 'usr', '-C', f'linker={lab.output([lab.LAB / "cross"])}gcc']


@functools.lru_cache(maxsize=None)
def programs():
    """The two examples, as files of a machine"""
    out = lab.scratch()
    lab.output([lab.output([lab.LAB / 'cross']) + 'gcc', '-Wall', '-Wextra', '-Werror', '-O2', '-static', *HEADERS,
                '-o', out / 'vmm', EXAMPLE / 'vmm.c'])
    lab.output([*RUSTC, *rust_target(), '-C', 'target-feature=+crt-static', '-o', out / 'example', EXAMPLE / 'example.rs'])
    return {name: out / name for name in ('vmm', 'example')}


def boot(kernel, *jobs, cpu=None, **files):
    """Jobs on a kernel: for each its status and what it said, and the files that they left"""
    files = {**programs(), **files}
    result = lab.Boot(kernel, [job.replace('vmm ', './vmm ', 1).replace('example ', './example ', 1).split() for job in jobs],
                      files, cpu=cpu, smp=1, limit=120, job_limit=40).run()
    return [(result.rc(nr), result.out(nr)) for nr in range(len(jobs))], result.files


def spoil(state, to, change):
    data = bytearray(state.read_bytes())
    change(data)
    to.write_bytes(data)
    return to


class Moves(unittest.TestCase):
    """Boots are few: what is saved is saved once, for all that is loaded."""

    @classmethod
    def setUpClass(cls):
        cls.saved, files = boot('patched', 'vmm save out/state 6.12-v1', 'example save out/vector 6.12-v1', 'vmm save out/bad 6.13-v1')
        cls.on_old, old = boot('6.12', 'vmm save out/old 6.12-v1', 'vmm load state', 'vmm save out/bad 6.1-v1',
                               state=files / 'state')
        cls.vector = (files / 'vector').read_bytes()
        out = lab.scratch()

        def revision(data, name='psci_version'):
            struct.pack_into('<I', data, data.index(name.encode() + bytes(32 - len(name))) - 32, 99)

        def entry_size(data):
            struct.pack_into('<I', data, 8, 8)

        def x21(data):
            data[data.index(struct.pack('<Q', 0x603000000010002a)) + 8] ^= 1
        cls.files = {'state': files / 'state', 'old': old / 'old', 'vector': files / 'vector',
                     'revision': spoil(files / 'state', out / 'revision', revision),
                     'entries': spoil(files / 'state', out / 'entries', entry_size),
                     'changed': spoil(files / 'state', out / 'changed', x21),
                     'short': spoil(files / 'state', out / 'short', lambda data: data.__delitem__(slice(2000, None))),
                     'vector2': spoil(files / 'vector', out / 'vector2', revision)}
        jobs = ['vmm load state', 'vmm load old', 'vmm load old 6.12-v1', 'vmm load revision', 'vmm load entries',
                'vmm load changed', 'vmm load short', 'example load vector', 'example load vector2']
        cls.on_patched = dict(zip(jobs, boot('patched', *jobs, **cls.files)[0]))
        cls.on_other = boot('7.2', 'vmm load state', 'example load vector', **cls.files)[0]

    def said(self, got, status, words):
        self.assertIn(words, got[1])
        self.assertEqual(got[0], status, got[1])

    def test_saved(self):
        """C: a guest of 6.12-v1 runs on the patched kernel, and is saved"""
        self.said(self.saved[0], 0, 'beat 5')

    def test_same(self):
        """the vector that Rust saves is the one in C's file"""
        size, = struct.unpack_from('<I', self.vector)
        self.assertEqual(size, len(self.vector))
        self.assertEqual((self.files['state']).read_bytes()[:4 + size], struct.pack('<I', size) + self.vector)

    def test_unknown(self):
        """C: a baseline that was never measured is refused"""
        self.said(self.saved[2], 1, 'no baseline 6.13-v1')

    def test_back(self):
        """C: it goes on at the real 6.12, which has no capability"""
        self.said(self.on_old[1], 0, 'beat 10')

    def test_not_this(self):
        """C: the real 6.12 says that it has no capability where another release is asked for"""
        self.said(self.on_old[2], 1, 'no KVM_CAP_GUEST_COMPAT, and is Linux 6.12')

    def test_other(self):
        """C: the real 7.2 refuses it, and names a behaviour"""
        self.said(self.on_other[0], 1, 'Linux 7.2 has not revision 1 of psci_version')

    def test_native(self):
        """C: it goes on at a patched kernel"""
        self.said(self.on_patched['vmm load state'], 0, 'beat 10')

    def test_forward(self):
        """C: a guest of the real 6.12 goes on at the patched kernel with 6.12-v1, and only so"""
        self.said(self.on_patched['vmm load old 6.12-v1'], 0, 'beat 10')
        self.said(self.on_patched['vmm load old'], 1, 'KVM refuses')

    def test_forged(self):
        """C: a revision that the host does not have is refused, and named"""
        self.said(self.on_patched['vmm load revision'], 1, 'cannot give the guest revision 99 of psci_version')

    def test_nonsense(self):
        """C: a vector that makes no sense, and a file cut short, are refused"""
        self.said(self.on_patched['vmm load entries'], 1, 'makes no sense')
        self.said(self.on_patched['vmm load short'], 1, 'cut short')

    def test_changed(self):
        """C: a guest whose machine changed says so"""
        self.said(self.on_patched['vmm load changed'], 2, 'ID_AA64MMFR2_EL1 changed, bits 0x1')

    def test_rust(self):
        """Rust: select, save and load"""
        self.said(self.saved[1], 0, '6.12-v1: ')
        self.said(self.on_patched['example load vector'], 0, 'loaded')

    def test_rust_forged(self):
        """Rust: a revision that the host does not have is refused, and named"""
        self.said(self.on_patched['example load vector2'], 1, 'no revision 99 of psci_version')

    def test_rust_without(self):
        """Rust: a kernel without the capability is said to be one"""
        self.said(self.on_other[1], 1, 'no KVM_CAP_GUEST_COMPAT')


class Machine(unittest.TestCase):
    """What VMMs other than QEMU need of the laboratory's own kernel; Debian's have it."""

    def run_on_patched(self, program, *words):
        options = ['--smp', '1', '--file', pathlib.Path(lab.output([lab.LAB / 'fetch', 'vmm', 'busybox'])) / 'busybox']
        done = lab.run([lab.LAB / 'run', 'patched', *options, '--', program, *words], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_script(self):
        """a script is a program"""
        script = lab.scratch() / 'script'
        script.write_text('#!./busybox sh\necho "run by $0"\n')
        script.chmod(0o755)
        self.assertEqual(self.run_on_patched(script), 'run by ./script\n')

    def test_socket(self):
        """there are Unix sockets"""
        probe = lab.scratch() / 'probe'
        lab.output([lab.output([lab.LAB / 'cross']) + 'gcc', '-O2', '-static', '-o', probe, lab.LAB / 'probe.c'])
        self.run_on_patched(probe, 'socket')


class Qemu(unittest.TestCase):
    def test_of_debian(self):
        """the QEMU of Debian's beside the patched one is of the same release, also where QSRC names that"""
        migrate, out = lab.command('migrate'), lab.scratch()
        for version, row in ('', '10'), ('10.0.13', '10'), ('11.1.0', '11.1'), ('7.2.1', '7.2'), ('11.10.0', None), ('1.0', None):
            with self.subTest(version):
                (out / 'VERSION').write_text(f'{version}\n')
                with mock.patch.dict('os.environ', {'QSRC': str(out) if version else ''}):
                    if row:
                        self.assertEqual(migrate.of_debian(), row)
                    else:
                        self.assertRaises(lab.Error, migrate.of_debian)


class Libvirt(unittest.TestCase):
    def test_arguments(self):
        """the command line that libvirt's own test expects is one of lab/migrate, with the release in it"""
        args = lab.command('migrate').of_libvirt()
        options = dict(zip(args[::2], args[1::2]))
        self.assertRegex(options['-machine'], '^virt,.*,guest-compat=6.12-v1,')
        self.assertEqual((options['-cpu'], options['-kernel']), ('host', 'guest/Image'))
        self.assertFalse({'-name', '-chardev', '-mon', '-serial', '-sandbox'} & set(options))


def interface():
    """The header's structures with their members, and its numbers with those of <linux/kvm.h> that the Rust file has"""
    text = re.sub(r'/\*.*?\*/', '', HEADER.read_text(), flags=re.S)
    structs = {name: re.findall(r'(\w+)(?:\[\d+\])?;', body) for name, body in re.findall(r'^struct (\w+) \{(.*?)^\};', text, re.M | re.S)}
    names = [n for n in re.findall(r'^#define (KVM_\w+)\s', text, re.M) if not re.search(r'_V\d+$', n)]
    return structs, names + ['KVM_CHECK_EXTENSION', 'KVM_ENABLE_CAP', 'KVM_SET_DEVICE_ATTR', 'KVM_GET_DEVICE_ATTR']


def layout_c():
    """Sizes, offsets and numbers, as the header has them"""
    structs, names = interface()
    structs = {**structs, 'kvm_enable_cap': ['cap', 'flags', 'args', 'pad'], 'kvm_device_attr': ['flags', 'group', 'attr', 'addr']}
    lines = [f'P("{s}", sizeof(struct {s}));' for s in structs]
    lines += [f'P("{s}.{f}", offsetof(struct {s}, {f})); P("{s}.{f} size", sizeof(((struct {s} *)0)->{f}));'
              for s, fields in structs.items() for f in fields]
    lines += [f'P("{n}", {n});' for n in names]
    out = lab.scratch()
    (out / 'layout.c').write_text('#include <stdio.h>\n#include <stddef.h>\n#include <linux/kvm.h>\n#include <linux/kvm_guest_compat.h>\n'
                                  '#define P(n, v) printf("%s %#llx\\n", n, (unsigned long long)(v))\n'
                                  'int main(void) {\n' + '\n'.join(lines) + '\nreturn 0; }\n')
    # The numbers are those of arm64, which x86-64 has as well: this machine runs it.
    lab.output(['gcc', '-Wall', '-Werror', '-I', HEADER.parent.parent, '-o', out / 'layout', out / 'layout.c'])
    return lab.output([out / 'layout']).splitlines(), structs, names


def layout_rust(text, structs, names):
    """The same of a Rust file"""
    lines = [f'p("{s}", std::mem::size_of::<{s}>());' for s in structs]
    # offset_of! is newer than Debian 12's rustc.
    lines += [f'{{ let u = std::mem::MaybeUninit::<{s}>::uninit(); let b = u.as_ptr();\n'
              f'let at = unsafe {{ std::ptr::addr_of!((*b).{f}) }};\n'
              f'p("{s}.{f}", at as usize - b as usize); p("{s}.{f} size", size_of_pointee(at)); }}'
              for s, fields in structs.items() for f in fields]
    lines += [f'p("{n}", {n} as usize);' for n in names]
    out = lab.scratch()
    (out / 'guest_compat.rs').write_text(text)
    (out / 'layout.rs').write_text('mod guest_compat;\nuse guest_compat::*;\n'
                                   'fn p(n: &str, v: usize) { println!("{} {:#x}", n, v); }\n'
                                   'fn size_of_pointee<T>(_: *const T) -> usize { std::mem::size_of::<T>() }\n'
                                   'fn main() {\n' + '\n'.join(lines) + '\n}\n')
    lab.output([*RUSTC, '-o', out / 'layout', out / 'layout.rs'])
    return lab.output([out / 'layout']).splitlines()


class Layout(unittest.TestCase):
    def test_layout(self):
        """Rust's structures and numbers are those of the C header; a wrong one is found"""
        c, structs, names = layout_c()
        zero = [line.replace(' 0', ' 0x0') if line.endswith(' 0') else line for line in c]
        text = (EXAMPLE / 'guest_compat.rs').read_text()
        self.assertEqual(layout_rust(text, structs, names), zero)
        self.assertGreater(len(zero), 60)
        for good, bad in (('pub revision: u32,\n    pub dflt: u32,', 'pub dflt: u32,\n    pub revision: u32,'),
                          ('pub name: [u8; 32]', 'pub name: [u8; 24]'), ('LOAD: u64 = 2', 'LOAD: u64 = 3'), ('0x4068_aea3', '0x4070_aea3')):
            self.assertIn(good, text)
            self.assertNotEqual(layout_rust(text.replace(good, bad), structs, names), zero, bad)

    def test_qemu_header(self):
        """QEMU's copy of the header is the kernel's"""
        patch = next((lab.TOP / 'vmm/qemu').glob('0002-*.patch')).read_text()
        copy = ''.join(f'{line[1:]}\n' for line in patch[patch.index('\n@@'):].splitlines() if line.startswith('+'))
        self.assertEqual(copy, HEADER.read_text())


if __name__ == '__main__':
    unittest.main()
