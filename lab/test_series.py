#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Nothing that somebody did is lost by lab/series, lab/build, 'make clean' or lab/run.

A kernel of four files stands for the base, a copy of lab/ with an empty series for
the project: what 'tree' and 'refresh' do to these, they do to the real ones.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parent.parent
LINUX = pathlib.Path(os.environ.get("BUILD") or TOP / "build").resolve() / "linux"
GIT = shutil.which("git")

# What users configure for themselves, and what must not get into a patch.
WILD = """
[user]
	name = Wild User
	email = wild@localhost
[diff]
	noprefix = true
	mnemonicPrefix = true
	context = 1
	algorithm = patience
	external = false
	relative = true
[color]
	ui = always
	diff = always
[core]
	autocrlf = true
	abbrev = 7
	quotePath = false
	hooksPath = {home}/hooks
	attributesFile = {home}/attributes
	pager = false
[commit]
	gpgSign = true
[tag]
	gpgSign = true
	forceSignAnnotated = true
[gpg]
	program = false
[log]
	showSignature = true
	date = relative
[format]
	pretty = oneline
	subjectPrefix = WILD
	attach = true
	numbered = false
	noprefix = true
	signature = wild
[i18n]
	commitEncoding = latin1
	logOutputEncoding = latin1
[apply]
	whitespace = fix
[status]
	showUntrackedFiles = no
	branch = true
[init]
	defaultBranch = wild
[fetch]
	fsckObjects = true
"""


def run(*command, ok=True, **options):
    """The output of a command, which succeeds; or, with ok=False, fails."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if ok is not None and (done.returncode == 0) != ok:
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def content(*paths):
    """All files below these, with their modes; what is in .git is not theirs."""
    found = {}
    for path in paths:
        for file in [path, *path.rglob("*")]:
            if ".git" not in file.parts and (file.is_symlink() or file.is_file()):
                found[str(file)] = os.readlink(file) if file.is_symlink() else (file.stat().st_mode & 0o777, file.read_bytes())
    return found


class Case(unittest.TestCase):
    """A kernel, a project, and a build directory of their own."""

    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp()).resolve()
        self.addCleanup(shutil.rmtree, self.tmp)
        self.home, self.kernel, self.project, self.build = (self.tmp / n for n in ("home", "kernel", "project", "build"))
        self.linux = self.build / "linux"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") and k not in ("KCONFIG", "LAB_JOBS", "BASE")}
        self.env.update(HOME=str(self.home), EDITOR="false", XDG_CACHE_HOME=str(self.tmp / "cache"), KSRC=str(self.kernel), BUILD=str(self.build))
        self.home.mkdir()
        self.configure("[user]\n\tname = tester\n\temail = tester@localhost\n")
        self.new_kernel(self.kernel)
        self.git(self.kernel, "init", "-q")
        self.git(self.kernel, "add", "-A")
        self.git(self.kernel, "commit", "-q", "-m", "base")
        self.new_project(self.project)

    def new_kernel(self, path):
        for name, text in {"arch/arm64/kvm/Makefile": "obj-y := arm.o\n", "tools/list": lines(), ".gitignore": "*.o\n",
                           "MAINTAINERS": "Maintainers List\n----------------\n\nALPHA\nM:\tsomeone\n\nOMEGA\nM:\tsomeone\n"}.items():
            write(path / name, text)

    def new_project(self, path):
        shutil.copytree(TOP / "lab", path / "lab", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(TOP / "Makefile", path)
        write(path / "patches/series", "# part a\n")
        write(path / "patches/cover-a", "The cover\n\nIts text\n")
        self.git(path, "init", "-q")

    def configure(self, text):
        write(self.home / ".gitconfig", text)

    def git(self, where, *words, **options):
        return run("git", "-C", where, *words, env=self.env, **options).strip()

    def series(self, *words, project=None, ok=True, cwd=None, **env):
        return run((project or self.project) / "lab/series", *words, ok=ok, cwd=cwd or self.tmp, env={**self.env, **env})

    def lib(self, script, *words, ok=True, **env):
        """A line of shell that has lab/lib.sh"""
        return run("bash", "-c", f". {self.project}/lab/lib.sh; {script}", "lib", *words, ok=ok, cwd=self.tmp, env={**self.env, **env})

    def commit(self, subject="tools: change", where=None, **files):
        """A commit in the tree: names of files below tools/, and a line for each"""
        for name, line in files.items():
            with open((where or self.linux) / "tools" / name, "a") as file:
                file.write(line + "\n")
        self.git(where or self.linux, "add", "-A")
        self.git(where or self.linux, "commit", "-q", "-m", subject)

    def two_patches(self):
        """A series of two patches, here and in the tree"""
        self.series("tree")
        tools = self.linux / "tools"
        write(tools / "new.c", "new\n")
        (tools / "new.c").chmod(0o755)
        write(tools / "list", lines("5"))
        edit(self.linux / "MAINTAINERS", "OMEGA", "MIDDLE\nM:\tus\n\nOMEGA")
        self.commit("tools: add new\n\nWhy: it's new, % $x \\n, for Ärger.")
        self.commit("tools: add ten", list="ten")
        self.series("refresh")

    def files(self, project=None):
        p = project or self.project
        return content(p / "patches", p / "tools", p / "MAINTAINERS")

    def head(self, what="HEAD", where=None):
        return self.git(where or self.linux, "rev-parse", what)

    @contextlib.contextmanager
    def unchanged(self, *paths):
        """Neither files, nor commits of the tree, change."""
        before = [content(*paths), self.files(), self.head(), self.git(self.linux, "stash", "list")]
        yield
        self.assertEqual(before, [content(*paths), self.files(), self.head(), self.git(self.linux, "stash", "list")])

    def refused(self, words, *command, **options):
        said = self.series(*command, ok=False, **options)
        self.assertIn(words, said)
        return said

    def program(self, name, script):
        """A program of this name comes first in PATH."""
        file = self.tmp / "bin" / name
        write(file, "#!/bin/bash\n" + script)
        file.chmod(0o755)
        return f"{file.parent}:{self.env['PATH']}"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def lines(five="five", first="", last=""):
    """What stands in the kernel's tools/list, apart enough that changes to each of these apply"""
    return f"{first}one\ntwo\nthree\nfour\n{five}\nsix\nseven\neight\nnine\n{last}"


def edit(path, old, new):
    path.write_text(path.read_text().replace(old, new, 1))


class Form(Case):
    def test_identity(self):
        """tree and refresh give the same files and the same commits, again and again"""
        self.two_patches()
        files, again = self.files(), self.tmp / "again"
        self.assertIn("MIDDLE", (self.project / "MAINTAINERS").read_text())
        self.series("tree", again)
        self.series("refresh", again)
        self.assertEqual(self.files(), files)
        self.assertEqual(self.head("HEAD^{tree}"), self.head("HEAD^{tree}", again))
        self.assertEqual(self.git(self.linux, "log", "--format=%B%an"), self.git(again, "log", "--format=%B%an"))

    @unittest.skipUnless((LINUX / ".git/lab-base").exists(), "there is no build/linux: run 'make tree'")
    def test_identity_of_ours(self):
        """refresh after tree changes nothing in our own series"""
        ours, real = self.tmp / "ours", self.tmp / "linux"
        names = ("lab", "patches", "arch", "Documentation", "include", "tools", "virt", "MAINTAINERS")
        ours.mkdir()
        run("cp", "-rp", *(TOP / n for n in names if (TOP / n).exists()), ours)
        # Commits are all that is looked at: no need for the kernel's files.
        self.git(self.tmp, "clone", "-q", "--shared", "--sparse", LINUX, real)
        self.git(real, "update-ref", "refs/tags/series-base", self.head("series-base", LINUX))
        for name in "lab-base", "lab-made-from", "lab-commits":
            shutil.copy(LINUX / ".git" / name, real / ".git")
        before = {n.removeprefix(str(ours)): v for n, v in content(ours).items()}
        self.series("refresh", real, project=ours)
        self.assertEqual({n.removeprefix(str(ours)): v for n, v in content(ours).items()}, before)

    def test_am(self):
        """git am takes what write gives, and makes the tree of it"""
        self.two_patches()
        self.series("write")
        am = self.tmp / "am"
        self.git(self.tmp, "clone", "-q", self.kernel, am)
        self.git(am, "am", "-q", *sorted((self.build / "series/a").glob("000[1-9]*")))
        self.assertEqual(self.head("HEAD^{tree}"), self.head("HEAD^{tree}", am))
        self.assertIn("Its text", (self.build / "series/a/0000-cover-letter.patch").read_text())

    def test_parts(self):
        """each part has its directory, its cover letter and its patches, numbered from one, on the part before"""
        self.two_patches()
        self.commit("tools: add eleven", list="eleven")
        self.series("refresh")
        for part in "a0", "a1", "b":
            write(self.project / f"patches/cover-{part}", f"Part {part}\n\nText of {part}\n")
        write(self.project / "patches/series", "# part a0\ntools-add-new.patch\n# part a1\ntools-add-ten.patch\n"
              "# part p\n# part b\ntools-add-eleven.patch\n")
        self.series("tree")
        self.series("write")
        out, am = self.build / "series", self.tmp / "am"
        self.assertEqual(sorted(path.name for path in out.iterdir() if path.is_dir()), ["a0", "a1", "b"])
        self.git(self.tmp, "clone", "-q", self.kernel, am)
        for part in "a0", "a1", "b":
            self.assertIn(f"[PATCH 0/1] Part {part}", (out / part / "0000-cover-letter.patch").read_text())
            self.git(am, "am", "-q", *sorted((out / part).glob("000[1-9]*")))
        self.assertEqual(self.head("HEAD^{tree}"), self.head("HEAD^{tree}", am))
        (self.project / "patches/cover-a1").unlink()
        self.refused("cover-a1", "write")

    def test_comments(self):
        """a comment of patches/series stays before the patch that it stood before"""
        self.two_patches()
        edit(self.project / "patches/series", "tools-add-ten", "# part b\ntools-add-ten")
        self.series("tree")
        self.git(self.linux, "rebase", "-q", "--onto", "HEAD~2", "HEAD~1")
        self.series("refresh")
        self.assertEqual((self.project / "patches/series").read_text(), "# part a\n# part b\ntools-add-ten.patch\n")
        self.assertFalse((self.project / "tools").exists())

    def test_dirty(self):
        """refresh refuses a tree with changes in no commit"""
        self.two_patches()
        for name in "list", "untracked":
            with self.subTest(name):
                write(self.linux / "tools" / name, "x\n")
                with self.unchanged(self.linux):
                    self.refused("changes in no commit", "refresh")

    def test_fixup(self):
        """refresh refuses a new file that a later commit changes, and names the fixup"""
        self.two_patches()
        self.commit(**{"new.c": "more"})
        with self.unchanged(self.linux):
            self.refused("git commit --fixup=", "refresh")

    def test_rebase(self):
        """refresh refuses a tree in the middle of a rebase"""
        self.two_patches()
        run("git", "-C", self.linux, "rebase", "-i", "series-base", env={**self.env, "GIT_SEQUENCE_EDITOR": "sed -i s/^pick/edit/"})
        with self.unchanged(self.linux):
            self.refused("a rebase is under way", "refresh")

    def test_cannot_keep(self):
        """refresh refuses commits that files and patches cannot keep, and changes nothing"""
        self.two_patches()
        tools = self.linux / "tools"

        def binary():
            (tools / "list").write_bytes(b"\0\1\2")

        def link():
            (tools / "link").symlink_to("list")

        def order():
            edit(self.linux / "MAINTAINERS", "ALPHA", "ZULU\nM:\tus\n\nALPHA")

        for change, message in (binary, "binary"), (link, "link"), (order, "order"), (lambda: write(tools / "x", "x"), "cut\n\na\n---\nb"):
            with self.subTest(message):
                change()
                self.commit(message)
                with self.unchanged(self.linux):
                    self.refused("does not apply" if change is binary else "cannot keep", "refresh")
                self.git(self.linux, "reset", "-q", "--hard", "HEAD~1")


class Bases(Case):
    """An older kernel, with a series that takes from the first one's what it can"""

    def setUp(self):
        super().setUp()
        self.second = self.lib("echo $LAB_BASES").split()[1]
        self.old_kernel, self.own = self.tmp / "old", self.project / "bases" / self.second
        self.new_kernel(self.old_kernel)
        write(self.kernel / "arch/list", lines())
        write(self.old_kernel / "arch/list", lines(first="older\n"))
        for name in "offset", "apart":
            write(self.kernel / "arch" / name, lines())
        write(self.old_kernel / "arch/offset", "a line more\n" * 20 + lines())
        write(self.old_kernel / "arch/apart", lines().replace("four", "quattro"))
        self.git(self.kernel, "add", "-A")
        self.git(self.kernel, "commit", "-q", "-m", "base, with what the older one has")
        self.git(self.old_kernel, "init", "-q")
        self.git(self.old_kernel, "add", "-A")
        self.git(self.old_kernel, "commit", "-q", "-m", "older base")
        self.old = self.build / f"linux-{self.second}"
        # The first base: a new file, a test, and changes to two files.
        self.series("tree")
        for name, text in {"arch/new.c": "new\n", "arch/native.c": "7\n", "tools/test.c": "test\n", "arch/offset": lines("5")}.items():
            write(self.linux / name, text)
        self.commit("arch: add new")
        write(self.linux / "arch/apart", lines("5"))
        self.commit("arch: change apart", list="ten")
        self.commit("tools: a test alone", list="eleven")
        self.series("refresh")

    def base(self, *words, **options):
        return self.series(*words, BASE=self.second, KSRC=str(self.old_kernel), **options)

    def port(self):
        """The same two changes, made on the older base"""
        write(self.own / "patches/series", "# part a\n")
        self.base("tree")
        for name, text in {"arch/new.c": "new\n", "arch/native.c": "7\n", "arch/offset": "a line more\n" * 20 + lines("5")}.items():
            write(self.old / name, text)
        self.commit("arch: add new", where=self.old)
        write(self.old / "arch/apart", lines("5").replace("four", "quattro"))
        self.commit("arch: change apart", where=self.old)

    def test_differs(self):
        """refresh in another base writes the patches that differ from the parent's, and nothing else"""
        self.port()
        for name in "README.md", "kernel.config", "patches/cover-a":
            write(self.own / name, "kept\n")
        before = self.files()
        self.base("refresh")
        for name in "README.md", "kernel.config", "patches/cover-a":
            (self.own / name).unlink()
        self.assertEqual(self.files(), before)
        self.assertEqual(sorted(str(p.relative_to(self.own)) for p in self.own.rglob("*") if p.is_file()),
                         ["patches/arch-change-apart.patch", "patches/series"])
        self.assertEqual((self.own / "patches/series").read_text(), "# part a\narch-add-new.patch\narch-change-apart.patch\n")
        self.assertNotIn("tools", (self.own / "patches/arch-change-apart.patch").read_text())

    def test_goes_on(self):
        """refresh goes on from the last refresh, and from what changed in the first base since"""
        self.port()
        self.base("refresh")
        write(self.old / "arch/list", "more\n")
        self.commit("arch: more", where=self.old)
        self.base("refresh")
        self.assertTrue((self.own / "patches/arch-more.patch").exists())
        write(self.linux / "arch/new.c", "better\n")
        self.git(self.linux, "commit", "-q", "-a", "--fixup=HEAD~2")
        run("git", "-C", self.linux, "rebase", "-q", "-i", "--autosquash", "series-base", env={**self.env, "GIT_SEQUENCE_EDITOR": ":"})
        self.series("refresh")
        write(self.old / "arch/list", "still more\n")
        self.git(self.old, "commit", "-q", "-a", "--amend", "--no-edit")
        self.assertIn("arch/new.c\n", self.base("refresh", ok=False))
        self.assertEqual((self.project / "arch/new.c").read_text(), "better\n")

    def test_again(self):
        """tree in another base makes the commits anew, without what is below tools/"""
        self.port()
        self.base("refresh")
        again = self.tmp / "again"
        self.base("tree", again)
        self.assertEqual(self.head("HEAD^{tree}", again), self.head("HEAD^{tree}", self.old))
        self.assertFalse((again / "tools/test.c").exists())
        before = content(self.own)
        self.base("refresh", again)
        self.assertEqual(content(self.own), before)

    def test_common(self):
        """another base does not change a new file that is common to all, unless it has its own"""
        self.port()
        write(self.old / "arch/native.c", "6\n")
        write(self.old / "arch/new.c", "newer\n")
        self.git(self.old, "commit", "-q", "-a", "--fixup=HEAD~1")
        run("git", "-C", self.old, "rebase", "-q", "-i", "--autosquash", "series-base", env={**self.env, "GIT_SEQUENCE_EDITOR": ":"})
        before = content(self.project)
        said = self.base("refresh", ok=False)
        self.assertIn("arch/native.c\narch/new.c\n", said)
        self.assertIn("common to all bases", said)
        self.assertEqual(content(self.project), before)
        for name in "native.c", "new.c":
            write(self.own / "arch" / name, (self.project / "arch" / name).read_text())
        self.base("refresh")
        self.assertEqual((self.own / "arch/native.c").read_text(), "6\n")
        self.assertEqual((self.project / "arch/native.c").read_text(), "7\n")

    def test_follows(self):
        """what changes in the first base reaches the others, and one that cannot take it says which patch"""
        self.port()
        self.base("refresh")
        write(self.linux / "arch/new.c", "better\n")
        self.git(self.linux, "commit", "-q", "-a", "--fixup=HEAD~2")
        run("git", "-C", self.linux, "rebase", "-q", "-i", "--autosquash", "series-base", env={**self.env, "GIT_SEQUENCE_EDITOR": ":"})
        self.series("refresh")
        self.base("tree")
        self.assertEqual((self.old / "arch/new.c").read_text(), "better\n")
        (self.own / "patches/arch-change-apart.patch").unlink()
        self.assertIn("arch-change-apart.patch does not apply", self.base("tree", ok=False))

    def test_range_diff(self):
        """range-diff shows the commits of a base beside those of its parent"""
        self.port()
        self.assertRegex(self.base("range-diff"), r"(?m)^1: .* ! 1: .* arch: add new$(.|\n)*^-: .* > 2: .* arch: change apart$")
        self.refused("has no parent", "range-diff")

    def test_unknown(self):
        """a base that lab/kernels does not have, or that has no series yet, is named"""
        self.assertIn("there is no base '5.4'", self.series("tree", BASE="5.4", ok=False))
        self.assertIn(f"the series has no base {self.second}", self.base("tree", ok=False))

    def test_clean(self):
        """clean refuses while another base's tree has work that exists nowhere else"""
        self.port()
        self.refused("has work that exists nowhere else", "clean")
        self.base("refresh")
        self.series("clean")
        self.assertFalse(self.old.exists())


class KeepDirectories(Case):
    def test_tree(self):
        """tree refuses a directory that it did not make, and leaves all of it"""
        self.two_patches()
        mine, repository, here = self.tmp / "mine", self.tmp / "repository", self.tmp / "here"
        write(mine / "thesis", "x")
        self.git(self.tmp, "clone", "-q", self.kernel, repository)
        (self.tmp / "link").symlink_to(mine)
        before = content(mine, repository)
        for name, cwd in (mine, None), (repository, None), (self.tmp / "link", None), (".", repository), ("mine", None), (".", self.project):
            with self.subTest(name=name, cwd=cwd):
                self.refused("no tree that 'lab/series tree' made", "tree", name, cwd=cwd)
                self.assertEqual(content(mine, repository), before)
        self.assertTrue((self.tmp / "link").is_symlink())
        here.mkdir()
        self.series("tree", here)
        self.assertTrue((here / "tools/new.c").exists())

    def test_other_base(self):
        """another base takes no branch, stash, untracked file or object file from a tree"""
        self.two_patches()
        self.git(self.linux, "branch", "mine")
        write(self.linux / "tools/list", "stashed\n")
        self.git(self.linux, "stash")
        write(self.linux / "obj/arm.o", "object")
        other = self.tmp / "other"
        self.new_kernel(other)
        write(other / "tools/more", "more\n")
        self.git(other, "init", "-q")
        self.commit("another base", where=other)
        self.series("tree", KSRC=str(other))
        self.assertEqual(self.head("series-base"), self.head("HEAD", other))
        self.assertTrue((self.linux / "tools/more").exists() and (self.linux / "obj/arm.o").exists())
        self.assertIn("stash@{0}", self.git(self.linux, "stash", "list"))
        self.assertEqual(self.git(self.linux, "log", "-1", "--format=%s", "mine"), "tools: add ten")

    def test_in_the_way(self):
        """tree refuses to write over an untracked file"""
        self.two_patches()
        files = content(self.project / "patches", self.project / "tools", self.project / "MAINTAINERS")
        write(self.project / "patches/series", "# part a\n")
        self.series("tree")
        write(self.linux / "tools/new.c", "a draft\n")
        for name, (mode, text) in files.items():
            pathlib.Path(name).write_bytes(text)
        with self.unchanged(self.linux):
            self.refused("move these files away", "tree")

    def test_write(self):
        """write refuses a directory that it did not make, or that is in the sources"""
        self.two_patches()
        mine, empty = self.tmp / "mine", self.tmp / "empty"
        write(mine / "thesis", "x")
        empty.mkdir()
        (self.tmp / "link").symlink_to(mine)
        for out in mine, self.tmp / "link", self.linux, self.linux / "out", self.project, self.project / "tools/out", self.build, self.tmp, ".":
            with self.subTest(out), self.unchanged(mine, self.project, self.linux):
                self.series("write", self.linux, out, ok=False)
                self.assertFalse((self.linux / "out").exists() or (self.project / "tools/out").exists())
        for _ in range(2):
            self.series("write", self.linux, empty)
            self.assertEqual(len(list((empty / "a").iterdir())), 3)

    def test_fresh_dir(self):
        """results replace earlier results and nothing else, in BUILD too"""
        self.two_patches()
        out = self.build / "matrix/max"
        for _ in range(2):
            self.lib('fresh_dir "$1"; : > "$1/result"', out)
        (self.tmp / "link").symlink_to(out)
        self.lib('fresh_dir "$1"', self.tmp / "link")
        self.assertEqual([n.name for n in out.iterdir()], [".lab"])
        with self.unchanged(self.linux):
            self.lib('fresh_dir "$1"', self.linux, ok=False)
            self.lib('fresh_dir "$1"', self.build, ok=False)


class KeepWork(Case):
    def test_changes(self):
        """tree refuses to drop commits and changes that were not refreshed"""
        self.two_patches()
        edit(self.project / "patches/series", "# part a", "# part b")
        with self.subTest("change"):
            write(self.linux / "tools/list", "mine\n")
            with self.unchanged(self.linux):
                self.refused("has work that exists nowhere else", "tree")
        with self.subTest("commit"):
            self.commit("mine")
            with self.unchanged(self.linux):
                self.assertIn("mine", self.refused("has work that exists nowhere else", "tree"))
        with self.subTest("a commit on compat, and HEAD elsewhere"):
            self.git(self.linux, "checkout", "-q", "--detach", "HEAD~1")
            with self.unchanged(self.linux):
                self.refused("has work that exists nowhere else", "tree")
            self.git(self.linux, "branch", "-f", "compat", "HEAD")
        with self.subTest("a commit dropped"):
            self.git(self.linux, "reset", "-q", "--hard", "HEAD~1")
            with self.unchanged(self.linux):
                self.refused("has work that exists nowhere else", "tree")

    def test_elsewhere(self):
        """commits that another project refreshed are work here still"""
        self.two_patches()
        other = self.tmp / "other"
        shutil.copytree(self.project, other)
        self.commit("mine", list="eleven")
        self.series("refresh", project=other)
        edit(self.project / "patches/series", "# part a", "# part b")
        with self.unchanged(self.linux):
            self.refused("has work that exists nowhere else", "tree")
        edit(self.project / "patches/series", "# part b", "# part a")
        self.series("refresh")
        edit(self.project / "patches/series", "# part a", "# part b")
        self.series("tree")

    def test_interrupted_tree(self):
        """a tree that was killed while it was moved is moved on by the next command"""
        self.two_patches()
        head, ten = self.head(), self.project / "patches/tools-add-ten.patch"
        write(self.project / "patches/series", "# part a\ntools-add-new.patch\n")
        edit(self.project / "tools/new.c", "new", "newer")
        # It writes one file, removes another, and takes the script with it.
        path = self.program("git", f"""
            case " $* " in *" checkout "*" compat "*) ;; *) exec {GIT} "$@" ;; esac
            {GIT} -C {self.linux} show ${{@: -1}}:tools/new.c > {self.linux}/tools/new.c
            rm {self.linux}/tools/list
            kill -9 $PPID\n""")
        self.series("tree", PATH=path, ok=False)
        self.assertEqual(self.head(), head)
        self.assertEqual((self.linux / "tools/new.c").read_text(), "newer\n")
        shutil.copytree(self.linux, self.tmp / "mine", symlinks=True)
        self.series("tree")
        self.assertEqual(self.git(self.linux, "log", "-1", "--format=%s"), "tools: add new")
        self.assertEqual(self.git(self.linux, "status", "--porcelain"), "")
        with self.subTest("changed meanwhile"):
            shutil.rmtree(self.linux)
            shutil.copytree(self.tmp / "mine", self.linux, symlinks=True)
            write(self.linux / "tools/list", "mine\n")
            with self.unchanged(self.linux):
                self.refused("was changed since", "tree")
        with self.subTest("committed meanwhile"):
            self.commit("mine")
            with self.unchanged(self.linux):
                self.refused("has work that exists nowhere else", "tree")
        self.assertTrue(ten.exists())

    def test_failed_step(self):
        """tree and refresh end with a step that fails, and do not say that they did it all"""
        def move(there, here):
            for name in "project", "build/linux":
                shutil.rmtree(here / name, ignore_errors=True)
                shutil.copytree(there / name, here / name, symlinks=True)

        def outcome():
            notes = {file.name: file.read_text() for file in (self.linux / ".git").glob("lab-[mr]*")}
            return self.files(), self.head(), self.head("series-base"), notes

        self.two_patches()
        move(self.tmp, self.tmp / "refresh")
        self.commit("tools: more", self.tmp / "refresh/build/linux", list="more")
        edit(self.project / "patches/tools-add-ten.patch", "+ten", "+eleven")
        move(self.tmp, self.tmp / "tree")
        for command, done, *names in ("tree", "the base and", "git", "sed", "sort"), ("refresh", "patches/:", "sed", "sort"):
            move(self.tmp / command, self.tmp)
            self.series(command)
            want = outcome()
            for name in names:
                # The calls of a pipeline count one after the other.
                path = self.program(name, f"""
                    exec 8< {self.tmp}/n
                    flock 8
                    n=$(($(cat {self.tmp}/n) - 1))
                    echo $n > {self.tmp}/n
                    exec 8<&-
                    if [ $n = 0 ]; then cat > /dev/null; exit 3; fi
                    exec {shutil.which(name)} "$@"\n""")
                step, left = 0, 0
                while left <= 0:
                    step += 1
                    move(self.tmp / command, self.tmp)
                    write(self.tmp / "n", f"{step}\n")
                    said = self.series(command, PATH=path, ok=None)
                    left = int((self.tmp / "n").read_text())
                    if done in said:
                        with self.subTest(command, name=name, step=step):
                            self.assertEqual(outcome(), want)
                self.assertGreater(step, 2)
                (self.tmp / "bin" / name).unlink()

    def test_identity_of_commits(self):
        """commits in the tree carry the identity of the project's repository"""
        self.git(self.project, "config", "user.email", "local@localhost")
        self.two_patches()
        self.assertEqual(self.git(self.linux, "log", "-1", "--format=%an %ae"), "tester local@localhost")


class KeepEdits(Case):
    def test_edited(self):
        """refresh refuses to replace what was edited here, and names it"""
        self.two_patches()
        self.commit(list="eleven")
        for name, change in (("tools/new.c", lambda f: write(f, "mine\n")), ("tools/new.c", os.remove), ("tools/new.c", lambda f: f.chmod(0o644)),
                             ("MAINTAINERS", lambda f: edit(f, "us", "me")), ("patches/series", lambda f: edit(f, "part a", "part b")),
                             ("patches/tools-add-ten.patch", lambda f: edit(f, "ten", "zehn")),
                             ("patches/tools-change.patch", lambda f: write(f, "mine\n"))):
            file = self.project / name
            with self.subTest(name):
                shutil.copytree(self.project, self.tmp / "saved")
                change(file)
                with self.unchanged(self.linux, self.project):
                    self.assertIn(name, self.refused("edited here since", "refresh"))
                shutil.rmtree(self.project)
                (self.tmp / "saved").rename(self.project)
        self.series("refresh")

    def test_edited_both(self):
        """refresh takes an edit here that is in the tree too"""
        self.two_patches()
        write(self.project / "tools/new.c", "mine\n")
        write(self.linux / "tools/new.c", "mine\n")
        self.git(self.linux, "commit", "-q", "-a", "--fixup=HEAD~1")
        run("git", "-C", self.linux, "rebase", "-q", "-i", "--autosquash", "series-base", env={**self.env, "GIT_SEQUENCE_EDITOR": "true"})
        self.series("refresh")
        self.assertEqual((self.project / "tools/new.c").read_text(), "mine\n")

    def test_others(self):
        """refresh leaves files that no patch of the series brings"""
        self.two_patches()
        others = [self.project / n for n in ("tools/notes", "patches/parked.patch", "arch/x", "patches/cover-a")]
        for file in others:
            write(file, "mine\n")
        before = content(*others)
        self.commit(list="eleven")
        self.series("refresh")
        self.assertEqual(content(*others), before)

    def test_interrupted_refresh(self):
        """a refresh that is killed at any step loses nothing, and the next one ends it"""
        self.two_patches()
        write(self.linux / "tools/new.c", "rewritten\n")
        self.git(self.linux, "commit", "-q", "-a", "--amend", "-m", "tools: rename")
        self.git(self.linux, "reset", "-q", "--soft", "series-base")
        self.git(self.linux, "commit", "-q", "-m", "tools: all in one")
        write(self.linux / "tools/second.c", "second\n")
        self.commit("tools: a second")
        before, had = self.tmp / "before", self.files()
        shutil.copytree(self.project, before)
        shutil.copytree(self.linux, self.tmp / "linux", symlinks=True)
        self.series("refresh")
        want, head = self.files(), self.head()
        steps = 0
        killed = True
        while killed:
            steps += 1
            for name, kept in ("project", before), ("build/linux", self.tmp / "linux"):
                shutil.rmtree(self.tmp / name)
                shutil.copytree(kept, self.tmp / name, symlinks=True)
            for name in "mv", "rm":
                path = self.program(name, f"""
                    if [ $(($(cat {self.tmp}/n) - 1)) = 0 ]; then kill -9 $PPID; fi
                    echo $(($(cat {self.tmp}/n) - 1)) > {self.tmp}/n
                    exec {shutil.which(name)} "$@"\n""")
            write(self.tmp / "n", f"{steps}\n")
            killed = "patches/:" not in self.series("refresh", PATH=path, ok=None)
            if killed:
                self.assertEqual(self.head(), head)
                for file, now in self.files().items():
                    self.assertIn(now, (had.get(file), want.get(file)))
                self.assertLessEqual(had.keys() & want.keys(), self.files().keys())
                self.series("refresh")
            self.assertEqual(self.files(), want)
        self.assertGreater(steps, 6)


class Clean(Case):
    def make(self, *words, **options):
        return run("make", "-s", "-C", self.project, *words, **options, env=self.env)

    def test_work(self):
        """make clean refuses, and names, what is in the tree and nowhere else"""
        self.two_patches()
        stock = self.build / "linux-stock"
        self.lib('worktree "$1" series-base', stock)
        elsewhere = self.tmp / "elsewhere"

        def commit():
            self.commit("mine")

        def stash():
            write(self.linux / "tools/list", "mine\n")
            self.git(self.linux, "stash")

        def branch():
            self.git(self.linux, "checkout", "-q", "-b", "branch")
            self.commit("mine")
            self.git(self.linux, "checkout", "-q", "compat")

        for name, change, undo in (
                ("commit", commit, ("reset", "-q", "--hard", "HEAD~1")),
                ("stash", stash, ("stash", "drop")),
                ("branch", branch, ("branch", "-D", "branch")),
                ("tools/list", lambda: write(self.linux / "tools/list", "mine\n"), ("checkout", "-f")),
                ("tools/untracked", lambda: write(self.linux / "tools/untracked", "mine\n"), ("clean", "-q", "-f")),
                ("linux-stock", lambda: write(stock / "tools/list", "mine\n"), ("-C", stock, "checkout", "-q", "-f")),
                ("elsewhere", lambda: self.git(self.linux, "worktree", "add", "-q", "--detach", elsewhere), ("worktree", "remove", elsewhere))):
            with self.subTest(name):
                write(self.linux / "tools/x", "mine\n") if name in ("commit", "branch") else None
                change()
                with self.unchanged(self.build):
                    said = self.make("clean", ok=False)
                self.assertIn("nothing is removed", said)
                self.assertIn({"commit": "mine", "stash": "WIP on compat"}.get(name, name), said)
                self.git(self.linux, *undo)
        self.make("clean")
        self.assertFalse(self.build.exists())

    def test_others(self):
        """make clean leaves what somebody put into BUILD"""
        self.two_patches()
        write(self.build / "Image", "x")
        write(self.build / "notes", "mine")
        self.new_kernel(self.build / "linux-mine")
        shutil.copytree(self.kernel, self.build / "check-mine")
        self.assertIn("notes", self.make("clean"))
        self.assertEqual(sorted(n.name for n in self.build.iterdir()), [".lab-build", "check-mine", "linux-mine", "notes"])

    def test_not_ours(self):
        """make clean and the builds touch no BUILD that held something before"""
        write(self.home / "linux/thesis", "mine")
        write(self.home / "Image", "mine")
        before = content(self.home)
        for build in self.home, self.project, "." :
            with self.subTest(build):
                self.make("clean", f"BUILD={build}", ok=False)
                self.lib("build_dir", BUILD=str(build), ok=False)
                self.assertEqual(content(self.home), before)
        self.refused("files that the laboratory did not make", "tree", BUILD=str(self.home))
        self.assertEqual(content(self.home), before)

    def test_root(self):
        """BUILD=/ is nobody's build directory"""
        # 'clean' is not tried on it.
        self.lib("build_is_ours", BUILD="/", ok=False)
        self.assertIn("name a new or an empty directory", self.lib("build_dir", BUILD="/", ok=False))
        self.assertFalse(os.path.exists("/.lab-build"))

    def test_default(self):
        """make clean removes build/ here, whatever made it"""
        write(self.project / "build/Image", "x")
        run("make", "-s", "-C", self.project, "clean", env={k: v for k, v in self.env.items() if k != "BUILD"})
        self.assertFalse((self.project / "build").exists())


class Base(Case):
    def list_is(self, text, where=None):
        self.assertEqual(((where or self.linux) / "tools/list").read_text(), text)

    def test_pull(self):
        """a commit in KSRC is a new base"""
        self.two_patches()
        write(self.kernel / "tools/list", lines(first="zero\n"))
        self.commit("pulled", where=self.kernel)
        self.series("tree")
        self.list_is(lines("5", "zero\n", "ten\n"))
        self.assertEqual(self.head("series-base"), self.head("HEAD", self.kernel))
        self.assertEqual(self.git(self.linux, "status", "--porcelain"), "")

    def test_dirty(self):
        """what is changed in KSRC and in no commit is in the base, and KSRC stays as it is"""
        self.two_patches()
        write(self.kernel / "tools/list", lines(first="zero\n"))
        write(self.kernel / "tools/added", "added\n")
        self.git(self.kernel, "add", "tools/added")
        write(self.kernel / "tools/untracked", "notes\n")
        (self.kernel / ".gitignore").unlink()
        before = [self.git(self.kernel, "status", "--porcelain"), content(self.kernel), content(self.kernel / ".git/index")]
        self.series("tree")
        self.list_is(lines("5", "zero\n", "ten\n"))
        self.assertEqual(self.git(self.linux, "diff", "--name-only", self.head("HEAD", self.kernel), "series-base"),
                         ".gitignore\ntools/added\ntools/list")
        base = self.head("series-base")
        self.series("tree")
        self.assertEqual(self.head("series-base"), base)
        self.assertEqual([self.git(self.kernel, "status", "--porcelain"), content(self.kernel), content(self.kernel / ".git/index")], before)
        self.git(self.kernel, "reset", "-q", "--hard")
        self.series("tree")
        self.assertEqual(self.head("series-base"), self.head("HEAD", self.kernel))

    def tarball(self, path):
        self.new_kernel(path)
        write(path / "tools/ignored.o", "shipped\n")
        self.series("tree", KSRC=str(path))
        self.assertEqual(self.git(self.linux, "ls-files"), ".gitignore\nMAINTAINERS\narch/arm64/kvm/Makefile\ntools/ignored.o\ntools/list")
        base = self.head("series-base")
        self.series("tree", KSRC=str(path))
        self.assertEqual(self.head("series-base"), base)
        write(path / "tools/list", "other\n")
        (path / "tools/ignored.o").unlink()
        self.series("tree", KSRC=str(path))
        self.list_is("other\n")
        self.assertFalse((self.linux / "tools/ignored.o").exists())

    def test_tarball(self):
        """what changes in a KSRC without git is a new base"""
        self.tarball(self.tmp / "unpacked")
        self.assertFalse((self.tmp / "unpacked/.git").exists())

    def test_inside_repository(self):
        """a KSRC inside another repository is not that repository's HEAD"""
        self.tarball(self.project / "linux-7.3")

    def test_refresh_of_tarball(self):
        """refresh and write work on a tree whose base has no git"""
        self.new_kernel(self.tmp / "unpacked")
        self.env["KSRC"] = str(self.tmp / "unpacked")
        self.two_patches()
        self.series("write")

    def test_does_not_apply(self):
        """a series that does not apply to a new base leaves the tree on the old one"""
        self.two_patches()
        base = self.head("series-base")
        write(self.kernel / "tools/list", "something else\n")
        self.commit("pulled", where=self.kernel)
        with self.unchanged(self.linux):
            self.refused("does not apply", "tree")
        self.assertEqual(self.head("series-base"), base)
        self.series("refresh")

    def test_relative(self):
        """KSRC, BUILD and the tree may be relative paths"""
        (self.tmp / "below").mkdir()
        self.series("tree", KSRC="../kernel", BUILD="out", cwd=self.tmp / "below")
        self.list_is(lines(), self.tmp / "below/out/linux")
        run("make", "-s", "-C", self.project, "refresh", "BUILD=../below/out", env=self.env)
        self.series("tree", "tree", KSRC="../kernel", cwd=self.tmp / "below")
        self.list_is(lines(), self.tmp / "below/tree")
        said = self.lib('cd /; bash -c \'. "$1"; echo "$build $KSRC"\' x "$lab/lib.sh"', BUILD="a/b", KSRC="kernel")
        self.assertEqual(said, f"{self.tmp}/a/b {self.kernel}\n")

    def test_missing(self):
        """a KSRC that is not there, or is no kernel, is named"""
        self.assertIn("KSRC=/none", self.refused("is no directory", "tree", KSRC="/none"))
        self.refused("no Linux kernel tree", "tree", KSRC=str(self.home))
        self.assertFalse(self.build.exists())

    def test_worktree(self):
        """a worktree goes along to another base, and is made anew for another tree"""
        self.two_patches()
        stock = self.build / "linux-stock"
        self.lib('worktree "$1" series-base', stock)
        write(stock / "obj/.gitignore", "*\n")
        write(self.kernel / "tools/list", lines(first="zero\n"))
        self.commit("pulled", where=self.kernel)
        self.series("tree")
        self.lib('worktree "$1" series-base', stock)
        self.list_is(lines(first="zero\n"), stock)
        self.assertTrue((stock / "obj").exists())
        shutil.rmtree(self.linux)
        self.git(self.kernel, "reset", "-q", "--hard", "HEAD~1")
        self.series("tree")
        self.lib('worktree "$1" series-base', stock)
        self.list_is(lines(), stock)
        self.assertEqual(self.head("HEAD", stock), self.head("series-base"))

    def test_worktree_edited(self):
        """a worktree that was edited is refused, one that was interrupted is mended"""
        self.two_patches()
        stock = self.build / "linux-stock"
        self.lib('worktree "$1" series-base', stock)
        write(stock / "tools/list", "mine\n")
        self.assertIn("has changes that are in no commit", self.lib('worktree "$1" series-base', stock, ok=False))
        self.list_is("mine\n", stock)
        write(stock / "tools/list", lines("5", last="ten\n"))
        self.lib('worktree "$1" "$2"', stock, self.head())
        self.assertEqual(self.git(stock, "status", "--porcelain"), "")
        (stock / "tools/list").unlink()
        self.lib('worktree "$1" series-base', stock)
        self.list_is(lines(), stock)

    def test_worktree_not_ours(self):
        """a directory that is no worktree is not made one"""
        self.two_patches()
        write(self.build / "linux-stock/thesis", "mine\n")
        with self.unchanged(self.build / "linux-stock"):
            self.assertIn("is no worktree of", self.lib('worktree "$1" series-base', self.build / "linux-stock", ok=False))


class Objects(Case):
    def whole(self):
        self.assertFalse((self.linux / ".git/objects/info/alternates").exists())
        self.git(self.linux, "fsck", "--full", "--strict")
        self.git(self.linux, "stash", "apply", "-q")
        self.git(self.linux, "commit", "-q", "-a", "-m", "tools: stashed")
        self.series("refresh")

    def stash(self):
        write(self.linux / "tools/list", lines("5", last="ten\ntwelve\n"))
        self.git(self.linux, "stash")

    def test_base_removed(self):
        """a tree is whole after the base was removed"""
        self.two_patches()
        self.stash()
        shutil.rmtree(self.kernel)
        self.whole()

    def test_base_collected(self):
        """a tree is whole after the base was rewritten and git gc removed the old one"""
        self.two_patches()
        self.stash()
        self.git(self.kernel, "commit", "-q", "--amend", "-m", "rewritten", "--allow-empty")
        self.git(self.kernel, "checkout", "-q", "--orphan", "other")
        self.git(self.kernel, "rm", "-q", "-rf", ".")
        self.git(self.kernel, "commit", "-q", "--allow-empty", "-m", "nothing")
        self.git(self.kernel, "branch", "-q", "-D", "master")
        self.git(self.kernel, "reflog", "expire", "--expire=now", "--all")
        self.git(self.kernel, "gc", "-q", "--prune=now")
        self.whole()

    def test_base_borrows(self):
        """a tree is whole after a base that borrowed its objects lost them"""
        lent = self.tmp / "lent"
        self.kernel.rename(lent)
        self.git(self.tmp, "clone", "-q", "--shared", lent, self.kernel)
        self.git(self.kernel, "checkout", "-q", "--detach")
        self.two_patches()
        self.stash()
        shutil.rmtree(lent)
        shutil.rmtree(self.kernel)
        self.whole()

    def test_earlier_tree(self):
        """a tree that borrowed its objects gets them, and keeps commits that were not refreshed"""
        self.two_patches()
        # As an earlier lab/series made it.
        head, git = self.head(), self.linux / ".git"
        for name in "made", "refreshed":
            shutil.rmtree(git / "refs/lab" / name)
        for name in git.glob("lab-refreshed-*"):
            name.unlink()
        write(git / "lab-base", f"{self.kernel}\n")
        write(git / "lab-head", f"{head}\n")
        write(git / "lab-made-from", "0123456789abcdef\n")
        write(git / "objects/info/alternates", f"{self.kernel}/.git/objects\n")
        for file in (self.kernel / ".git/objects").glob("??/*"):
            (git / "objects" / file.relative_to(self.kernel / ".git/objects")).unlink()
        with self.subTest("commits"):
            self.commit("mine", list="eleven")
            with self.unchanged(self.linux):
                self.refused("has work that exists nowhere else", "tree")
                self.refused("commit first what is changed here", "refresh")
            self.git(self.project, "add", "-A")
            self.git(self.project, "commit", "-q", "-m", "all")
            self.series("refresh")
            self.assertTrue((self.project / "patches/mine.patch").exists())
        self.series("tree")
        self.stash()
        shutil.rmtree(self.kernel)
        self.git(self.linux, "stash", "pop", "-q")
        self.git(self.linux, "fsck", "--full", "--strict")

    def test_two_checkouts(self):
        """two checkouts that build in one directory do not take each other's work"""
        self.two_patches()
        other = self.tmp / "other"
        shutil.copytree(self.project, other)
        write(other / "patches/series", "# part a\ntools-add-new.patch\n")
        self.series("tree")
        self.commit("mine", list="eleven")
        with self.unchanged(self.linux):
            self.refused("has work that exists nowhere else", "tree", project=other)
        self.series("refresh")
        self.refused("has work that exists nowhere else", "tree", project=other)


class Configuration(Case):
    def outcome(self):
        """All that the three commands make, from the same commits"""
        self.series("tree", self.tmp / "tree")
        self.series("refresh", self.tmp / "tree")
        self.series("write", self.tmp / "tree", self.tmp / "out")
        made = {**content(self.project / "patches", self.project / "tools", self.project / "MAINTAINERS", self.tmp / "out", self.tmp / "tree"),
                "head": self.head("HEAD", self.tmp / "tree")}
        for name in "tree", "out":
            shutil.rmtree(self.tmp / name)
        return made

    def wild(self, name=".gitconfig"):
        write(self.home / "attributes", "* text eol=crlf -diff\n")
        for hook in "post-checkout", "reference-transaction", "pre-commit", "post-index-change":
            write(self.home / "hooks" / hook, "#!/bin/sh\nexit 1\n")
            (self.home / "hooks" / hook).chmod(0o755)
        write(self.home / name, WILD.format(home=self.home))

    def without_cover(self, made):
        return {n: v for n, v in made.items() if "cover-letter" not in n}

    def test_user(self):
        """the user's git configuration changes no byte of a tree, a patch or a mail"""
        self.two_patches()
        want = self.outcome()
        self.wild()
        made = self.outcome()
        self.assertEqual(self.without_cover(made), self.without_cover(want))
        cover = made[str(self.tmp / "out/a/0000-cover-letter.patch")][1].decode()
        self.assertIn("From: Wild User <wild@localhost>", cover)
        self.assertIn("[PATCH 0/2] The cover", cover)

    def test_system(self):
        """a configuration that the environment names changes none either"""
        self.two_patches()
        want = self.outcome()
        self.wild("elsewhere")
        self.env.update(GIT_CONFIG_GLOBAL=str(self.home / "elsewhere"), GIT_CONFIG_SYSTEM=str(self.home / "elsewhere"),
                        GIT_EXTERNAL_DIFF="false", GIT_DIFF_OPTS="-u1", GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="diff.noprefix", GIT_CONFIG_VALUE_0="true")
        self.assertEqual(self.without_cover(self.outcome()), self.without_cover(want))

    def test_of_the_tree(self):
        """how diffs look in the tree itself changes no patch"""
        self.two_patches()
        self.commit(list="eleven")
        self.series("refresh")
        want = self.files()
        for key, value in (("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("color.ui", "always"), ("diff.external", "false"),
                           ("diff.context", "1"), ("log.showSignature", "true")):
            self.git(self.linux, "config", key, value)
        self.series("refresh")
        self.assertEqual(self.files(), want)

    def test_hook(self):
        """what a hook of another repository has in its environment is not taken for the tree's"""
        self.two_patches()
        want = self.outcome()
        index = content(self.kernel / ".git/index")
        self.env.update(GIT_DIR=str(self.kernel / ".git"), GIT_WORK_TREE=str(self.kernel), GIT_INDEX_FILE=str(self.kernel / ".git/index"),
                        GIT_PREFIX="tools/", GIT_OBJECT_DIRECTORY=str(self.kernel / ".git/objects"))
        self.series("tree", self.tmp / "tree")
        self.series("refresh", self.tmp / "tree")
        self.assertEqual(self.files(), {n: v for n, v in want.items() if n.startswith(str(self.project))})
        self.assertEqual(content(self.kernel / ".git/index"), index)

    def test_other_user(self):
        """a KSRC of another user is taken where the user's configuration says so"""
        self.env["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1"
        self.series("tree", ok=False)
        self.configure(f"[user]\n\tname = t\n\temail = t@localhost\n[safe]\n\tdirectory = *\n")
        self.two_patches()
        write(self.kernel / "tools/more", "more\n")
        self.commit("pulled", where=self.kernel)
        self.series("tree")
        self.assertTrue((self.linux / "tools/more").exists())

    def test_ignored(self):
        """what the user has git ignore is no change in the tree"""
        self.two_patches()
        self.configure(f"[user]\n\tname = t\n\temail = t@localhost\n[core]\n\texcludesFile = {self.home}/ignore\n")
        write(self.home / "ignore", "*~\n")
        write(self.linux / "tools/list~", "one\n")
        self.series("refresh")
        write(self.linux / "tools/other", "one\n")
        self.refused("changes in no commit", "refresh")

    def test_no_repository(self):
        """a tree without its repository is not taken for the one around it"""
        self.env["BUILD"] = str(self.project / "build")
        self.git(self.project, "add", "-A")
        self.git(self.project, "commit", "-q", "-m", "all")
        write(self.project / "build/linux/Makefile", "")
        run("bash", "-c", f". {self.project}/lab/lib.sh; git -C $build/linux rev-parse HEAD", ok=False, env=self.env)


class Run(Case):
    """lab/run with a machine that only says what its initramfs holds"""

    def setUp(self):
        super().setUp()
        path = self.program("qemu-system-aarch64", """
            while [ $# -gt 0 ]; do [ "$1" != -initrd ] || initrd=$2; shift; done
            { echo init; cpio -it --quiet < $initrd; cpio -it --quiet < <(tail -c +513 $initrd); } > .job/0.out 2>/dev/null
            grep -a -o 'share/[A-Za-z.0-9/]*' $initrd | sort -u > .job/0.out
            echo 0 > .job/0.rc; : > .job/done\n""")
        self.program("cc-gcc", 'while [ "$1" != -o ]; do shift; done; : > "$2"\n')
        self.env.update(PATH=path, CROSS_COMPILE_ARM64="cc-")
        write(self.tmp / "Image", "")
        write(self.tmp / "in/probe", "")
        write(self.tmp / "in/x.out", "")
        write(self.tmp / "in/y.rc", "")

    def lab_run(self, *words, status=0):
        done = subprocess.run([self.project / "lab/run", "./Image", *words], cwd=self.tmp, env=self.env, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def test_out(self):
        """files of any name go into the machine, x.out and y.rc too"""
        said = self.lab_run("--file", "in/x.out", "--file", f"{self.tmp}/in/y.rc", "--", "in/probe").split()
        for name in "x.out", "y.rc", "probe", ".job/0":
            self.assertIn(f"share/{name}", said)

    def test_program(self):
        """a program may be called x.out"""
        self.assertIn("share/x.out", self.lab_run("--", "in/x.out").split())

    def test_refused(self):
        """a file that cannot go into the machine is named, with the laboratory's status"""
        write(self.tmp / "in/out", "")
        for name, words in ("none", "no such file"), ("in", "no such file"), ("in/probe", "has a file probe"), ("in/out", "has a file out"):
            with self.subTest(name):
                said = self.lab_run("--file", name, "--", "in/probe", status=125)
                self.assertIn(f"--file {name}", said)
                self.assertIn(words, said)


if __name__ == "__main__":
    unittest.main()
