#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What lab/build promises of its cache, on a kernel tree of a few lines."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import textwrap
import unittest

LAB = os.path.dirname(os.path.realpath(__file__))
COMPILER = subprocess.check_output([LAB + '/cross'], text=True) + 'gcc'

# The part of Kbuild that lab/build uses: what every source includes is
# generated, and paths are relative to the folder of the objects.
MAKEFILE = '''
	autoconf := $(O)/include/generated/autoconf.h
	objects := $(addsuffix .o,$(basename $(wildcard *.c *.S)))

	allnoconfig:
		mkdir -p $(O)/include/generated $(O)/arch/arm64/boot
		cat $(KCONFIG_ALLCONFIG) symbols > $(O)/.config
	$(autoconf): $(O)/.config
		sed -n 's/^\\(CONFIG_.*\\)=y/#define \\1 1/p' $< > $@
	syncconfig: $(autoconf)
	Image: $(autoconf) $(objects)
		cd $(O) && cat $(objects) > arch/arm64/boot/Image
	later: $(autoconf)
		sleep 1.1	# ccache keeps nothing of a source with a header as new as its object
	$(objects): %.o: later
		cd $(O) && $(CC) -O2 -I.. -include include/generated/autoconf.h -Wp,-MMD,.$@.d \\
			-c -o $@ $(addprefix ../,$(wildcard $*.c $*.S))
	headers_install:
		mkdir -p $(INSTALL_HDR_PATH)/include
		cp uapi.h $(INSTALL_HDR_PATH)/include
	.PHONY: later
'''
SELFTESTS = '''
	TEST_GEN_PROGS_arm64 := arm64/guest_state arm64/other
	programs := $(addprefix $(OUTPUT)/,$(TEST_GEN_PROGS_arm64))
	all: $(programs)
	-include $(addsuffix .d,$(programs))
	$(programs): $(OUTPUT)/%: program.c
		mkdir -p $(dir $@)
		$(CC) $(KHDR_INCLUDES) -MD -MF $@.d $(LDFLAGS) -o $@ $<
'''
BASE = {
    'Makefile': MAKEFILE,
    'tools/testing/selftests/kvm/Makefile': SELFTESTS,
    'tools/testing/selftests/kvm/program.c': '#include <uapi.h>\nint main(void) { return UAPI; }\n',
    'uapi.h': '#define UAPI 1\n',
    'symbols': 'CONFIG_ARM64=y\n',
    'header.h': '#define HEADER 1\n',
    'core.c': '#include "header.h"\nint core(void) { return HEADER; }\n',
    'kvm.c': 'int kvm(void) { return 0; }\n',
}
SERIES = {
    'symbols': 'CONFIG_ARM64=y\nCONFIG_HAVE_KVM_GUEST_COMPAT=y\n',
    'kvm.c': '#ifdef CONFIG_HAVE_KVM_GUEST_COMPAT\nint kvm(void) { return 1; }\n#endif\n',
}
# A source of both trees that differs with the symbol that only the series sets
NAMES_IT = '''
	#ifdef CONFIG_HAVE_KVM_GUEST_COMPAT
	int value = 1;
	#else
	int value = 2;
	#endif
'''


class Build(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.tmp)
        self.build = self.tmp + '/build'
        self.linux = self.build + '/linux'
        self.env = {**os.environ, 'BUILD': self.build, 'XDG_CACHE_HOME': self.tmp + '/cache',
                    'CCACHE_DIR': self.cache() + '/ccache', 'CCACHE_CONFIGPATH': '/dev/null',
                    'GIT_CONFIG_GLOBAL': '/dev/null', 'KCONFIG': '',
                    'GIT_AUTHOR_NAME': 'x', 'GIT_AUTHOR_EMAIL': 'x@localhost',
                    'GIT_COMMITTER_NAME': 'x', 'GIT_COMMITTER_EMAIL': 'x@localhost'}

    def cache(self):
        return self.tmp + '/cache/kvm-guest-compat'

    def run_in(self, directory, *command, **env):
        done = subprocess.run(command, cwd=directory, env={**self.env, **env}, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def commit(self, files):
        for name, text in files.items():
            path = os.path.join(self.linux, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w') as file:
                file.write(textwrap.dedent(text))
        self.run_in(self.linux, 'git', 'add', '-A')
        self.run_in(self.linux, 'git', 'commit', '-qm', 'x')

    def trees(self, base=(), series=()):
        os.makedirs(self.linux)
        open(self.build + '/.lab-build', 'w').close()
        self.run_in(self.linux, 'git', 'init', '-q')
        self.commit({**BASE, **dict(base)})
        self.run_in(self.linux, 'git', 'tag', 'series-base')
        self.commit({**SERIES, **dict(series)})

    def refused(self, words, *command, **env):
        done = subprocess.run([LAB + '/build', *command], env={**self.env, **env}, text=True, timeout=120, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 125, done.stdout)
        self.assertIn(words, done.stdout)

    def lab(self, *command, **env):
        return self.run_in(self.tmp, LAB + '/build', *command, **env)

    def counted(self, *command):
        """What ccache says of a command: direct hits, other hits, misses."""
        self.run_in(self.tmp, 'ccache', '-z')
        self.lab(*command)
        stats = dict(line.split('\t') for line in self.run_in(self.tmp, 'ccache', '--print-stats').splitlines())
        return [int(stats[name]) for name in ('direct_cache_hit', 'preprocessed_cache_hit', 'cache_miss')]

    def assert_true_image(self, image, tree, **env):
        """The image is what the compiler alone makes of the tree."""
        obj = tree + '/obj-alone'
        config = self.tmp + '/config'
        with open(config, 'wb') as file:
            for name in ['kernel'] + ['kernel-debug'] * bool(env):
                with open('%s/%s.config' % (LAB, name), 'rb') as part:
                    file.write(part.read())
        for target in ('allnoconfig', 'Image'):
            self.run_in(tree, 'make', 'O=' + obj, 'CC=' + COMPILER, 'KCONFIG_ALLCONFIG=' + config, target)
        with open(obj + '/arch/arm64/boot/Image', 'rb') as alone, open(self.build + '/' + image, 'rb') as made:
            same = alone.read() == made.read()
        shutil.rmtree(obj)
        self.assertTrue(same, image + ' is stale')

    def assert_true_stock(self):
        self.assert_true_image('Image-stock', self.build + '/linux-stock')


class TestSecondKernel(Build):
    def test_direct(self):
        """The stock kernel takes what the series does not change from the cache without preprocessing it."""
        self.trees()
        self.lab('kernel')
        self.assertEqual(self.counted('stock'), [1, 0, 1])
        self.assert_true_stock()

    def test_stock_first(self):
        """The patched kernel does, where the stock one was built first."""
        self.trees()
        self.lab('stock')
        self.assertEqual(self.counted('kernel')[:2], [1, 0])
        self.assert_true_image('Image', self.linux)

    def test_symbol_named(self):
        """A stock tree that names a symbol of the series is built without it."""
        self.trees({'core.c': NAMES_IT})
        self.lab('kernel')
        self.lab('stock')
        self.assert_true_stock()

    def test_symbol_named_in_a_header(self):
        """The same where only a header names it."""
        self.trees({'core.c': '#include "header.h"\n', 'header.h': NAMES_IT})
        self.lab('kernel')
        self.lab('stock')
        self.assert_true_stock()

    def test_symbol_pasted(self):
        """The same where the name is put together by the preprocessor."""
        self.trees({'core.c': '''
            #define STRING(x) #x
            #define TEXT(x) STRING(x)
            #define SYMBOL(x) CONFIG_##x
            char text[] = TEXT(SYMBOL(HAVE_KVM_GUEST_COMPAT));
        '''})
        self.lab('kernel')
        self.lab('stock')
        self.assert_true_stock()

    def test_symbol_missing(self):
        """A stock tree that has a symbol more is built with it."""
        self.trees({'symbols': 'CONFIG_ARM64=y\nCONFIG_OLD=y\n', 'core.c': NAMES_IT.replace('HAVE_KVM_GUEST_COMPAT', 'OLD')})
        self.lab('kernel')
        self.lab('stock')
        self.assert_true_stock()

    def test_git_fails(self):
        """Where git cannot tell whether a symbol is named, the stock kernel is built without it."""
        self.trees({'core.c': NAMES_IT})
        self.lab('kernel')
        os.mkdir(self.tmp + '/bin')
        with open(self.tmp + '/bin/git', 'w') as file:
            file.write('#!/bin/sh\ncase " $* " in *" grep "*) exit 128 ;; esac\nexec %s "$@"\n' % shutil.which('git'))
        os.chmod(self.tmp + '/bin/git', 0o755)
        self.lab('stock', PATH=self.tmp + '/bin:' + os.environ['PATH'])
        self.assert_true_stock()


class TestStale(Build):
    def again(self, change, **env):
        self.lab('kernel')
        self.commit(change)
        self.lab('kernel', **env)
        self.assert_true_image('Image' + '-debug' * bool(env), self.linux, **env)

    def test_header(self):
        """A kernel of which a header changed has it."""
        self.trees()
        self.again({'header.h': '#define HEADER 2\n'})

    def test_configuration(self):
        """A kernel of another configuration has it, and is beside the other."""
        self.trees({'core.c': NAMES_IT.replace('HAVE_KVM_GUEST_COMPAT', 'KASAN')})
        self.again({'unused': ''}, KCONFIG='debug')
        self.assert_true_image('Image', self.linux)

    def test_incbin_in_assembly(self):
        """A kernel has the file that an assembly source takes in as it is now."""
        self.trees({'data': 'old', 'text.S': '.incbin "../data"\n'})
        self.again({'data': 'new'})

    def test_incbin_in_c(self):
        """A kernel has the file that a C source takes in by the assembler as it is now."""
        self.trees({'data': 'old', 'core.c': 'asm(".incbin \\"../data\\"");\n'})
        self.again({'data': 'new'})

    def test_incbin_in_a_header(self):
        """The same where only a header says so."""
        self.trees({'data': 'old', 'header.h': 'asm(".incbin \\"../data\\"");\n', 'core.c': '#include "header.h"\n'})
        self.again({'data': 'new'})


class TestPrograms(Build):
    def program(self, name='arm64/guest_state'):
        return os.stat(self.build + '/selftests/' + name).st_mtime_ns

    def test_no_kernel(self):
        """A selftest is built without a kernel, and while another kernel is being built."""
        self.trees()
        os.makedirs(self.cache())
        with open(self.cache() + '/build.lock', 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.lab('selftest', 'arm64/guest_state')
        self.program()
        self.assertFalse(os.path.exists(self.linux + '/obj'))

    def test_alone(self):
        """No other is built with it."""
        self.trees()
        self.lab('selftest', 'arm64/guest_state')
        self.assertFalse(os.path.exists(self.build + '/selftests/arm64/other'))

    def test_once(self):
        """It is not built again with all the others."""
        self.trees()
        self.lab('selftest', 'arm64/guest_state')
        before = self.program()
        self.lab('kernel')
        self.lab('selftests')
        self.program('arm64/other')
        self.assertEqual(self.program(), before)

    def test_headers_unchanged(self):
        """A change in no header of userspace's builds no program again."""
        self.trees()
        self.lab('selftests')
        before = self.program()
        os.utime(self.build + '/usr/include/uapi.h', (1e9, 1e9))
        self.commit({'core.c': 'int core(void) { return 3; }\n'})
        self.lab('selftests')
        self.assertEqual(self.program(), before)

    def test_headers_changed(self):
        """A change in a header of userspace's builds programs again."""
        self.trees()
        self.lab('selftests')
        before = self.program()
        self.commit({'uapi.h': '#define UAPI 2\n'})
        self.lab('selftests')
        self.assertNotEqual(self.program(), before)


class TestRelease(Build):
    def test_release(self):
        """The tree stays as it is; a symbol that it lacks is said; one that it does not take is an error."""
        tree = self.tmp + '/tree'
        files = {
            'Makefile': """
                kernelversion:
                	echo 6.6.87
                allnoconfig:
                	cp $(KCONFIG_ALLCONFIG) $(O)/.config.all
                	grep -v -e GCS -e $(LACKS) $(KCONFIG_ALLCONFIG) > $(O)/.config
                Image:
                	mkdir -p $(O)/arch/arm64/boot
                	cp $(O)/.config $(O)/arch/arm64/boot/Image
            """,
            'Kconfig': 'config KVM\n',
        }
        os.mkdir(tree)
        for name, text in files.items():
            with open(f'{tree}/{name}', 'w') as file:
                file.write(textwrap.dedent(text))
        said = self.lab('release', KSRC=tree, LACKS='POE')
        self.assertIn('without CONFIG_ARM64_GCS', said)
        self.assertIn('without CONFIG_ARM64_POE', said)
        self.assertEqual(said.splitlines()[-1], '6.6.87')
        with open(self.build + '/kernels/6.6.87') as image:
            self.assertIn('CONFIG_KVM=y', image.read())
        self.assertEqual(sorted(os.listdir(tree)), sorted(files))
        shutil.rmtree(self.build + '/kernels/obj-6.6.87')
        self.refused('CONFIG_KVM=y is in the configuration, but this kernel does not set it', 'release', KSRC=tree, LACKS='CONFIG_KVM')
        self.refused('KSRC=/path/to/linux names its tree', 'release')


if __name__ == '__main__':
    unittest.main()
