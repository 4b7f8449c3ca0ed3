# SPDX-License-Identifier: GPL-2.0
"""
What the laboratory's programs share: where things are, the kernels, machines that
run jobs (lab/boot), and how many run at once.

A machine is a Boot: a kernel, options, files and jobs. Two run at a time (LAB_JOBS).
Each is a process group, ended with whoever started it. What a boot of a real kernel
gave is kept by content, of all that went into it, and not run again; LAB_FRESH=1
runs it all the same.
"""
import atexit
import concurrent.futures
import contextlib
import functools
import hashlib
import importlib.machinery
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import types

LAB = pathlib.Path(__file__).resolve().parent
TOP = LAB.parent


def shell(words):
    """What a line of shell prints, with all that lab/lib.sh has; its failure is this program's."""
    done = subprocess.run(['bash', '-c', f'. "$1"; {words}', sys.argv[0], LAB / 'lib.sh'], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout.decode()


# Paths, and how git runs, are decided in one place.
os.environ.update(pair.split('=', 1) for pair in shell('env -0').split('\0') if pair)
BUILD = pathlib.Path(os.environ['BUILD'])
CACHE = pathlib.Path(os.environ['XDG_CACHE_HOME']) / 'kvm-guest-compat'
SELFTESTS = BUILD / 'selftests'
# Where the machines of this program are
_RUNS = BUILD / 'run' / str(os.getpid())

# The exit statuses of the laboratory itself, as lab/boot has them
SPLAT, LIMIT, FAILED = 123, 124, 125

# Results larger than this are not kept: a guest's memory, say
KEEP_MOST = 16 << 20


def say(*words):
    print(*words, file=sys.stderr, flush=True)


class Error(Exception):
    """The laboratory failed, not what it runs."""


def main(function):
    """Runs a command: its status, or 125 and why for the laboratory's own failures."""
    shell('build_dir')
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ended)
    try:
        status = function(sys.argv[1:])
    except Error as why:
        say(f'{pathlib.Path(sys.argv[0]).name}: {why}')
        status = FAILED
    except BrokenPipeError:
        status = FAILED
    finally:
        # Nothing is waited for that an error left running.
        with _running_lock:
            _kill_all()
    sys.stdout.flush()
    sys.exit(status)


def command(name):
    """A program of the laboratory as a module."""
    loader = importlib.machinery.SourceFileLoader(f'lab_{name}', str(LAB / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


### processes

# The lock is taken again by a signal's handler.
_running, _running_lock, _ending = set(), threading.RLock(), threading.Event()


def _kill_all():
    _ending.set()
    for process in _running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _ended(number, _frame):
    with _running_lock:
        _kill_all()
        # Under another name no thread makes anything in it any more.
        with contextlib.suppress(OSError):
            _RUNS.rename(_RUNS.with_suffix('.gone'))
    for call in _at_end:
        call(signal.Signals(number).name)
    shutil.rmtree(_RUNS.with_suffix('.gone'), ignore_errors=True)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


# Called with the name of the signal that ends the program
_at_end = []


def at_end(call):
    _at_end.append(call)


def run(command, **options):
    """
    Runs a command as a process group of its own, which ends with this program,
    however that ends. The result is subprocess.run()'s.
    """
    # If this program is killed, the command gets a signal of its own.
    command = ['setpriv', '--pdeathsig', 'TERM', *map(str, command)]
    options.setdefault('stdin', subprocess.DEVNULL)
    with _running_lock:
        if _ending.is_set():
            raise Error('ended')
        process = subprocess.Popen(command, start_new_session=True, **options)
        _running.add(process)
    try:
        out, err = process.communicate()
    finally:
        with _running_lock:
            _running.discard(process)
        # What a command leaves in its group ends with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def output(command, **options):
    """What a command prints, without the last newline; its failure is an Error."""
    done = run(command, stdout=subprocess.PIPE, text=True, **options)
    if done.returncode:
        raise Error(f'{" ".join(map(str, command))}: status {done.returncode}')
    return done.stdout.rstrip('\n')


### kernels

def rows(name):
    """The rows of a table of lab/, as lists of words."""
    with open(LAB / name, encoding='utf-8') as table:
        return [line.split() for line in table if line.strip() and not line.startswith('#')]


def listed():
    """The names of the real kernels, oldest first."""
    return [row[0] for row in rows('kernels') if not row[0].startswith('base-')]


# The releases that the series is made for, the default one first, and the one that
# this is about: what "patched" and "stock" are.
BASES, BASE = os.environ['LAB_BASES'].split(), os.environ['BASE']
# What these are configured as: '', or the name of a lab/kernel-*.config
CONFIG = os.environ.get('KCONFIG', '')


def of_base(base):
    """What the names of a base's outputs end with."""
    return '' if base == BASES[0] else f'-{base}'


def built(kernel):
    """Of a kernel that is built here: "patched" or "stock", and its base; else nothing."""
    what, dash, base = split(kernel)[0].partition('-')
    if what not in ('patched', 'stock') or (dash and base not in BASES):
        return None, None
    return what, base or BASE


def is_patched(kernel):
    return built(kernel)[0] == 'patched'


def split(kernel):
    """"patched@6.12" as "patched" and "6.12": what boots, and the host default."""
    name, _, default = kernel.partition('@')
    return name, default


def is_real(kernel):
    """Is it a kernel as somebody else built it, so that it never changes?"""
    return release_of(split(kernel)[0]) in listed()


def release_of(kernel):
    """6.12 of 6.12 and of its point releases, such as 6.12.85; '' of other names."""
    release = re.fullmatch(r'(\d+\.\d+)(\.\d+)?', kernel)
    return release.group(1) if release else ''


def older(*kernels):
    """The oldest release that these are, or behave as; '' if none says."""
    return min(filter(None, (release_of(re.split('[@+]', kernel)[-1]) for kernel in kernels)), key=number, default='')


def number(release):
    return tuple(map(int, release.split('.')))


@functools.lru_cache(maxsize=None)
def _fetch(name):
    done = run([LAB / 'fetch', name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    sys.stderr.write(done.stderr)
    why = done.stderr.strip().split('\n')[-1] or f'kernel {name} is not to be had'
    return (done.stdout.strip(), '') if done.returncode == 0 else ('', why)


_fetching = threading.Lock()


def image(kernel):
    """The image of a kernel as lab/run names it; one that is not to be had is an Error."""
    name, _ = split(kernel)
    what, base = built(kernel)
    if what:
        path = BUILD / f'Image{"-stock" if what == "stock" else ""}{of_base(base)}{"-" if CONFIG else ""}{CONFIG}'
        if not path.exists():
            raise Error(f"there is no {path}: run 'make {'stock' if what == 'stock' else 'kernel'}"
                        f"{'' if base == BASES[0] else f' BASE={base}'}{f' KCONFIG={CONFIG}' if CONFIG else ''}'")
        return path
    if '/' in name:
        path = pathlib.Path(name)
        if not path.exists():
            raise Error(f'there is no {path}')
        return path.resolve()
    with _fetching:
        path, why = _fetch(name)
    if not path:
        raise Error(why)
    return pathlib.Path(path)


def there(kernels):
    """Those of the kernels that can be had, and why each of the others cannot."""
    had, missing = [], {}
    for kernel in kernels:
        try:
            image(kernel)
            had.append(kernel)
        except Error as why:
            missing[kernel] = str(why)
    return had, missing


def enough(kernels=()):
    """The real kernels to work with, all by default: fewer than eight prove nothing."""
    if kernels:
        return list(kernels), {}
    had, missing = there(listed())
    for name, why in missing.items():
        say(f'skipped: {name}: {why}')
    if len(had) < 8:
        raise Error(f'only {len(had)} of the real kernels are there; fewer than 8 prove nothing')
    return had, missing


def stands_for(kernel):
    """The real kernel whose behaviour a kernel has: of patched@K that is K."""
    return (split(kernel)[1] or built(kernel)[1]) if is_patched(kernel) else kernel


def plain(kernel):
    """A kernel as a file's name."""
    return kernel.replace('/', '_')


def program(name):
    path = SELFTESTS / name
    if not os.access(path, os.X_OK):
        raise Error(f"no program {path}: run 'make selftests'")
    return path


### digests

@functools.lru_cache(maxsize=None)
def _digest_of(path, _size, _mtime):
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def digest(path):
    """Of a file's content, read again only if the file has changed; or of a directory's."""
    if os.path.isdir(path):
        return digest_of(*(part for file in sorted(pathlib.Path(path).rglob('*')) if file.is_file()
                           for part in (str(file.relative_to(path)), file)))
    status = os.stat(path)
    return _digest_of(str(path), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=None)
def emulator():
    """QEMU, by its program's content."""
    path = shutil.which('qemu-system-aarch64')
    if not path:
        raise Error("qemu-system-aarch64 is not there: run 'make deps'")
    return digest(path)


def digest_of(*parts):
    """Of paths by content, and of everything else by what it prints as."""
    seen = hashlib.sha256()
    for part in parts:
        text = digest(part) if isinstance(part, pathlib.Path) else repr(part)
        seen.update(f'{text}\n'.encode())
    return seen.hexdigest()


### machines

# How lab/boot marks the job that the console's next lines belong to
_JOB = re.compile(r'lab-init: job (\d+) on (.*)')

# What a kernel says when it finds itself in the wrong; lab/boot looks for the same
_SPLAT = re.compile('|'.join((LAB / 'splats').read_text().split('\n')[:-1]))


class Result:
    """What a machine left: its status, each job's status and output, files, console."""

    def __init__(self, path, status, why):
        self.path, self.status, self.why = path, status, why

    def rc(self, nr):
        """The exit status of a job; None if it did not come to its end."""
        try:
            return int((self.path / f'{nr}.rc').read_text())
        except (OSError, ValueError):
            return None

    def out(self, nr):
        try:
            return (self.path / f'{nr}.out').read_text(errors='replace')
        except OSError:
            return ''

    @property
    def files(self):
        return self.path / 'out'

    @functools.cached_property
    def console(self):
        try:
            return (self.path / 'console').read_text(errors='replace')
        except OSError:
            return ''

    @functools.cached_property
    def kernel(self):
        """What ran, as "Linux 6.12.117+deb13-cloud-arm64"."""
        mark = _JOB.search(self.console)
        return mark.group(2).strip() if mark else 'no kernel came up'

    @functools.cached_property
    def complaints(self):
        """
        What the kernel complained of: the number of the job, and the lines. The
        job is -1 before the first. A complaint goes on until the next job.
        """
        found, job = {}, -1
        for line in self.console.splitlines():
            mark = _JOB.search(line)
            if mark:
                job = int(mark.group(1))
            elif job in found:
                if len(found[job]) < 40:
                    found[job].append(line.rstrip())
            elif _SPLAT.search(line):
                found[job] = [line.rstrip()]
        return found


def scratch():
    """A new directory that goes with this program; those of programs that were killed go, too."""
    with _running_lock:
        if _ending.is_set():
            raise Error('ended')
        if not _RUNS.exists():
            _RUNS.parent.mkdir(parents=True, exist_ok=True)
            for path in _RUNS.parent.iterdir():
                if not os.path.exists(f'/proc/{path.stem}'):
                    shutil.rmtree(path, ignore_errors=True)
            _RUNS.mkdir()
            atexit.register(shutil.rmtree, _RUNS, ignore_errors=True)
        return pathlib.Path(tempfile.mkdtemp(dir=_RUNS))


def jobs_at_once():
    return max(1, int(os.environ.get('LAB_JOBS') or 2))


# However many pools there are
_slots = threading.BoundedSemaphore(jobs_at_once())


class Boot:
    """
    A machine to be: files by name (a path, or text) and jobs, each a list of
    words. Options are those of lab/boot, with '_' for '-'; None leaves one out.
    """

    def __init__(self, kernel, jobs, files=None, **options):
        self.kernel, self.jobs, self.files = kernel, [list(map(str, job)) for job in jobs], dict(files or {})
        self.options = {key: value for key, value in options.items() if value not in (None, '')}

    def _words(self):
        return [word for key, value in self.options.items() for word in (f'--{key.replace("_", "-")}', str(value))]

    @functools.lru_cache(maxsize=None)
    def key(self):
        """All that decides what comes of it."""
        files = [(name, digest(path) if isinstance(path, pathlib.Path) else path) for name, path in sorted(self.files.items())]
        return digest_of(image(self.kernel), split(self.kernel)[1], LAB / 'boot', LAB / 'init.c', emulator(),
                         self.jobs, files, self._words())

    def run(self):
        """
        Boots it, or takes what an equal one left; the laboratory's failures are in the
        result. So is SPLAT where a kernel that was built here complains: of others it
        is known, and not ours to mend.
        """
        unchanged = is_real(self.kernel) or (built(self.kernel)[0] == 'stock' and not split(self.kernel)[1])
        kept = CACHE / 'boots' / self.key() if unchanged else None
        if kept and (kept / 'status').exists() and not os.environ.get('LAB_FRESH'):
            return Result(kept, int((kept / 'status').read_text()), '')
        path = scratch()
        share = path / 'share'
        (share / '.job').mkdir(parents=True)
        for name, content in self.files.items():
            to = share / name
            to.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, pathlib.Path):
                to.symlink_to(content.resolve())
            else:
                to.write_text(content)
        for nr, job in enumerate(self.jobs):
            (share / '.job' / str(nr)).write_text(''.join(f'{word}\0' for word in job))
        # lab/boot knows none but the plain ones by name.
        default = split(self.kernel)[1]
        kernel = f'{image(self.kernel)}{"@" if default else ""}{default}' if CONFIG and built(self.kernel)[0] else self.kernel
        with _slots:
            done = run([LAB / 'boot', kernel, share, *self._words()], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                       text=True, errors='replace', env={**os.environ, 'TMPDIR': str(path)})
        for file in [*(share / '.job').glob('*.*'), share / 'out', share / 'console']:
            if file.exists():
                file.rename(path / file.name)
        shutil.rmtree(share)
        status = 0 if done.returncode == SPLAT and is_real(self.kernel) else done.returncode
        if kept and status in (0, SPLAT):
            return Result(_keep(path, kept, status), status, done.stderr)
        return Result(path, status, done.stderr)


def _keep(path, kept, status):
    """Copies a result to where it is kept, unless it is large; says where it is."""
    if sum(file.stat().st_size for file in path.rglob('*') if file.is_file()) > KEEP_MOST:
        return path
    kept.parent.mkdir(parents=True, exist_ok=True)
    new = pathlib.Path(tempfile.mkdtemp(prefix='new-', dir=kept.parent))
    shutil.copytree(path, new, dirs_exist_ok=True)
    (new / 'status').write_text(str(status))
    shutil.rmtree(kept, ignore_errors=True)
    try:
        new.rename(kept)
    except OSError:		# another program was first
        shutil.rmtree(new, ignore_errors=True)
    return kept


### many at once

class Pool:
    """Runs functions, some at a time, in the order given; results come by future."""

    def __init__(self, steps=0):
        self._pool = concurrent.futures.ThreadPoolExecutor(jobs_at_once())
        self._nr, self._steps, self._lock = 0, steps, threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self._pool.shutdown(wait=not kind, cancel_futures=bool(kind))

    def start(self, what, function, *args):
        """Says what when it starts, with the number of the step."""
        def step():
            with self._lock:
                self._nr += 1
                nr = self._nr
            if what:
                say(f'[{nr}/{self._steps}] {what}' if self._steps else what)
            return function(*args)
        return self._pool.submit(step)


def beside(function, *args):
    """Runs a function in a thread of its own, beside the pool's; a future."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    future = pool.submit(function, *args)
    pool.shutdown(wait=False)
    return future


def build_kernel():
    """Builds the patched kernel beside what else runs, which goes first; a future."""
    def build():
        if run(['nice', '-n', '10', LAB / 'build', 'kernel']).returncode:
            raise Error('the patched kernel was not built')
    return beside(build)


def replace(path, text):
    """Writes a file so that it is there whole or not at all."""
    new = path.with_name(f'.{path.name}.{os.getpid()}')
    new.write_text(text)
    new.rename(path)


### command lines

# "  --cpu MODEL	CPU model of the hosts	(max)": an option, with its default if that is one word
_OPTION = re.compile(r'^  (--[a-z-]+)(?: ([A-Z][^\t]*|\d\S*))?\t[^(\n]*(?:\(([^\s/()]+)\)$)?', re.M)


def usage(text):
    say(text.strip())
    sys.exit(2)


def arguments(text, argv):
    """
    The options that a program's text has, as an object: flags are False or True,
    others text; names is the rest, and words what comes after "--".
    """
    options = {name: default if value else False for name, value, default in _OPTION.findall(text)}
    argv, words = list(argv), []
    if '--' in argv:
        at = argv.index('--')
        argv, words = argv[:at], argv[at + 1:]
    names = []
    while argv:
        word = argv.pop(0)
        if options.get(word) is False or options.get(word) is True:
            options[word] = True
        elif word in options and argv:
            options[word] = argv.pop(0)
        elif word.startswith('-'):
            usage(text)
        else:
            names.append(word)
    return types.SimpleNamespace(names=names, words=words, **{n[2:].replace('-', '_'): v for n, v in options.items()})


### directories of results

def fresh_dir(path):
    """
    Makes a directory for results anew. What lies in one that is not the
    laboratory's is nobody's to remove but its owner's.
    """
    path = pathlib.Path(os.path.abspath(path))
    if path.exists() and not (path / '.lab').exists() and any(path.iterdir()):
        raise Error(f'{path} has something in it that the laboratory did not make: name another directory, or empty it')
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    (path / '.lab').touch()
    return path.resolve()
