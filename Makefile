# SPDX-License-Identifier: GPL-2.0
#
# The one way in. 'make' does everything, 'make help' lists the rest.
#
# BASE=6.12		the series on that kernel, one of the bases of lab/kernels; without
#			it, on the first of them
# KSRC=/path/to/linux	take that kernel tree as the base, not Debian's source
# BUILD=dir		where builds go (build/), new or empty at first; CACHE is
#			$XDG_CACHE_HOME or ~/.cache
# KCONFIG=debug		add lab/kernel-debug.config: KASAN, UBSAN, lockdep

BUILD	?= $(CURDIR)/build
export BASE BUILD CONFIG KSRC KCONFIG

.PHONY: all help deps have have-check have-lint have-qemu have-libvirt have-deb tree refresh series kernel stock deb selftests kernels matrix \
	check check-all check-native migrate demo qemu libvirt fuzz lint bench dist-tests clean
all: matrix

help:
	@sed -n 's/^#: //p' Makefile

#: make              fetch, build, boot, and show which states move. What is missing is
#:                   installed with apt for root; for others with LAB_INSTALL=yes, by sudo
#: make check        run every test; the last line is "N passed, N failed, N skipped"
#: make check-all    every kernel against the patched one at its baseline, on every CPU
#:                   model: hours; SHARD=i/n takes a part, what passed is kept
#: make check-native run the selftests on this machine's own /dev/kvm (arm64)
#: make matrix       save state on each kernel, restore it on each other: the table
#: make demo         Debian's QEMU fails to move a guest from 7.3 back to 6.12; patched, it does
#: make migrate      guests under Debian's QEMUs, between real kernels as it is today, and from
#:                   each to patched and back: the tables of lab/README.md, row by row
#: make qemu         QEMU for arm64 with vmm/qemu's patches: lab/migrate --from patched+6.12 --to 6.12 --no-section
#: make libvirt      Debian's libvirt with vmm/libvirt's patches; run its own tests
#: make kernel       the patched arm64 kernel: build/Image, headers in build/usr/include
#: make stock        the unpatched one, same configuration: build/Image-stock
#: make selftests    static arm64 selftests, ours and the kernel's: build/selftests/
#: make kernels      fetch every real kernel of lab/kernels
#: make deb          the patched kernel as Debian configures it, as a package to install:
#:                   build/deb/; hours on two cores; CONFIG=FILE takes your configuration
#: make tree         build/linux: the base as a git tree with the series as commits
#: make refresh      bring the commits of build/linux back into files and patches
#: make series       write build/series/: what 'git am' takes, in parts with cover letters:
#:                   a0 (fixes), a1 (ABI), p (preparations), b (the capability)
#: make lint         every commit builds and passes checkpatch, sparse, docs, shellcheck;
#:                   each fix builds on the base alone
#: make bench        what the series costs who asks for nothing, in instructions
#: make fuzz         a million writes to KVM_SET_ONE_REG; KCONFIG=debug for KASAN and lockdep
#: make dist-tests   a tarball of static selftests and kvm-compat for arm64 machines without a
#:                   compiler, with a runner that prints KTAP
#: make deps         install the packages that are missing for make and make check (Debian)
#: make clean        remove what was made in build/, unless commits there are nowhere else; the
#:                   cache of downloads stays
#:
#: With BASE=6.12, of tree, refresh, kernel, stock, deb, series, lint, bench and check: the
#: series on that kernel, in build/linux-6.12, build/Image-6.12 and so on
#:
#: lab/run KERNEL [options] -- PROGRAM [args]   one program in one kernel at EL2

deps:
	@LAB_INSTALL=yes lab/deps check

# Installs what is missing, or names it and stops.
have have-check have-lint have-qemu have-libvirt have-deb:
	@lab/deps $(patsubst have-%,%,$(@:have=))

tree: have
	@lab/series tree

refresh:
	@lab/series refresh

series: tree
	@lab/series write

kernel: tree
	@lab/build kernel

stock: tree
	@lab/build stock

deb: have-deb tree
	@lab/build deb

selftests: kernel
	@lab/build selftests

kernels: have
	@lab/fetch all >/dev/null

matrix: have
	@lab/matrix --build

migrate: selftests kernels
	@lab/check --all 'stock *' 'moves *'

qemu: have have-qemu
	@lab/qemu > /dev/null

libvirt: have-libvirt
	@lab/libvirt

demo: kernel
	@lab/demo

check: have-check selftests stock
	@lab/check

check-all: have-libvirt selftests kernels
	@lab/check --all

check-native: have
	@lab/check --native

lint: have-lint tree
	@lab/lint

fuzz: selftests
	@lab/fuzz

bench: kernel stock
	@lab/bench

dist-tests: have-check selftests
	@lab/dist

clean:
	@lab/series clean
