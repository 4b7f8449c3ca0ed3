# SPDX-License-Identifier: GPL-2.0
"""
The library of the laboratory's programs: paths, kernels, machines that run jobs
(lab/boot), and how many run at once.

A machine is a Boot: a kernel, options, files and jobs. Two run at a time (LAB_JOBS).
Each is a process group, and ends with the program that started it. The result of a
boot of a real kernel is kept under the digest of all its input. The same boot is not
run again, unless LAB_FRESH=1 asks for it.
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
    """Returns what a line of shell with lab/lib.sh prints. If it fails, this program exits with its status."""
    done = subprocess.run(['bash', '-c', f'. "$1"; {words}', sys.argv[0], LAB / 'lib.sh'], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout.decode()


# Paths, and how git runs, are decided in one place.
os.environ.update(pair.split('=', 1) for pair in shell('env -0').split('\0') if pair)
BUILD = pathlib.Path(os.environ['BUILD'])
CACHE = pathlib.Path(os.environ['XDG_CACHE_HOME']) / 'kvm-guest-compat'
SELFTESTS = BUILD / 'selftests'
# The directory of this program's machines
_RUNS = BUILD / 'run' / str(os.getpid())

# The exit statuses of the laboratory itself, as lab/boot has them
SPLAT, LIMIT, FAILED = 123, 124, 125

# Larger results, such as a guest's memory, are not kept.
KEEP_MOST = 16 << 20


def say(*words):
    print(*words, file=sys.stderr, flush=True)


class Error(Exception):
    """The laboratory itself failed, not a program that it runs."""


def main(function):
    """Runs a command, and exits with its status. On an Error, prints it and exits with 125."""
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
        # After an error, do not wait for processes that still run.
        with _running_lock:
            _kill_all()
    sys.stdout.flush()
    sys.exit(status)


def command(name):
    """Loads a program of the laboratory as a module."""
    loader = importlib.machinery.SourceFileLoader(f'lab_{name}', str(LAB / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


### processes

# A signal's handler can take the lock while this thread has it.
_running, _running_lock, _ending = set(), threading.RLock(), threading.Event()


def _kill_all():
    _ending.set()
    for process in _running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _ended(number, _frame):
    with _running_lock:
        _kill_all()
        # After the rename, no other thread can make files in the directory.
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
    Runs a command in its own process group. The group ends when this program ends, even
    if it is killed. Returns subprocess.run()'s result.
    """
    # The kernel sends this signal to the command if this program is killed.
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
        # End processes that the command left in its group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def output(command, **options):
    """Returns what a command prints, without the last newline. Raises Error if it fails."""
    done = run(command, stdout=subprocess.PIPE, text=True, **options)
    if done.returncode:
        raise Error(f'{" ".join(map(str, command))}: status {done.returncode}')
    return done.stdout.rstrip('\n')


### kernels

def rows(name):
    """Returns the rows of a table of lab/, as lists of words."""
    with open(LAB / name, encoding='utf-8') as table:
        return [line.split() for line in table if line.strip() and not line.startswith('#')]


def listed():
    """Returns the names of the real kernels, oldest first."""
    return [row[0] for row in rows('kernels') if not row[0].startswith('base-')]


# The releases that the series applies to, the default one first; and the release of
# the kernels "patched" and "stock".
BASES, BASE = os.environ['LAB_BASES'].split(), os.environ['BASE']
# Their configuration: '', or NAME for lab/kernel-NAME.config
CONFIG = os.environ.get('KCONFIG', '')


def of_base(base):
    """Returns the suffix of the names of a base's outputs."""
    return '' if base == BASES[0] else f'-{base}'


def built(kernel):
    """Returns "patched" or "stock", and the base, of a kernel that is built here. Of others, two None."""
    what, dash, base = split(kernel)[0].partition('-')
    if what not in ('patched', 'stock') or (dash and base not in BASES):
        return None, None
    return what, base or BASE


def is_patched(kernel):
    return built(kernel)[0] == 'patched'


def split(kernel):
    """Splits "patched@6.12" into "patched", the kernel to boot, and "6.12", the host default."""
    name, _, default = kernel.partition('@')
    return name, default


def is_real(kernel):
    """Returns whether others released this kernel, so that it never changes."""
    name = split(kernel)[0]
    return release_of(name) in listed() or release(name) is not None


def release(name):
    """Returns the image that 'lab/build release' made of a point release, such as 6.6.87, or None."""
    path = BUILD / 'kernels' / name
    return path if release_of(name) and path.is_file() else None


def release_of(kernel):
    """Returns 6.12 for 6.12 and its point releases, such as 6.12.85, and '' for other names."""
    release = re.fullmatch(r'(\d+\.\d+)(\.\d+)?', kernel)
    return release.group(1) if release else ''


def older(*kernels):
    """Returns the oldest release that one of the kernels is, or behaves as; '' if no name tells."""
    return min(filter(None, (release_of(re.split('[@+]', kernel)[-1]) for kernel in kernels)), key=number, default='')


def number(release):
    return tuple(map(int, release.split('.')))


@functools.lru_cache(maxsize=None)
def _fetch(name):
    done = run([LAB / 'fetch', name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    sys.stderr.write(done.stderr)
    why = done.stderr.strip().split('\n')[-1] or f'kernel {name} could not be fetched'
    return (done.stdout.strip(), '') if done.returncode == 0 else ('', why)


_fetching = threading.Lock()


def image(kernel):
    """Returns the image of a kernel, which is named as for lab/run. Raises Error if there is none."""
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
    if release(name):
        return release(name)
    with _fetching:
        path, why = _fetch(name)
    if not path:
        raise Error(why)
    return pathlib.Path(path)


def there(kernels):
    """Returns the kernels that are available, and the reason for each of the others."""
    had, missing = [], {}
    for kernel in kernels:
        try:
            image(kernel)
            had.append(kernel)
        except Error as why:
            missing[kernel] = str(why)
    return had, missing


def enough(kernels=()):
    """Returns these kernels, by default all real kernels. Raises Error if fewer than eight are available."""
    if kernels:
        return list(kernels), {}
    had, missing = there(listed())
    for name, why in missing.items():
        say(f'skipped: {name}: {why}')
    if len(had) < 8:
        raise Error(f'only {len(had)} of the real kernels are there; fewer than 8 prove nothing')
    return had, missing


def stands_for(kernel):
    """Returns the real kernel whose behaviour a kernel has, such as K for patched@K."""
    return (split(kernel)[1] or built(kernel)[1]) if is_patched(kernel) else kernel


def plain(kernel):
    """Returns a file's name for a kernel."""
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
    """Returns the digest of a file or directory. Reads a file again only if its size or time changed."""
    if os.path.isdir(path):
        return digest_of(*(part for file in sorted(pathlib.Path(path).rglob('*')) if file.is_file()
                           for part in (str(file.relative_to(path)), file)))
    status = os.stat(path)
    return _digest_of(str(path), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=None)
def emulator():
    """Returns the digest of QEMU's program."""
    path = shutil.which('qemu-system-aarch64')
    if not path:
        raise Error("qemu-system-aarch64 is not there: run 'make deps'")
    return digest(path)


def digest_of(*parts):
    """Returns the digest of these arguments: of a path, its content; of others, their repr()."""
    seen = hashlib.sha256()
    for part in parts:
        text = digest(part) if isinstance(part, pathlib.Path) else repr(part)
        seen.update(f'{text}\n'.encode())
    return seen.hexdigest()


### machines

# lab/boot's mark in the console before the lines of a job
_JOB = re.compile(r'lab-init: job (\d+) on (.*)')

# A kernel's messages about its own errors. lab/boot looks for the same.
_SPLAT = re.compile('|'.join((LAB / 'splats').read_text().split('\n')[:-1]))


class Result:
    """The result of a machine: its status, each job's status and output, files, console"""

    def __init__(self, path, status, why):
        self.path, self.status, self.why = path, status, why

    def rc(self, nr):
        """Returns the exit status of a job, or None if the job did not end."""
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
        """The kernel that ran, such as "Linux 6.12.117+deb13-cloud-arm64"."""
        mark = _JOB.search(self.console)
        return mark.group(2).strip() if mark else 'no kernel came up'

    @functools.cached_property
    def complaints(self):
        """
        The kernel's complaints: the job's number, -1 before the first job, and the lines.
        A complaint includes all lines up to the next job, but at most 40.
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
    """Makes a directory that is removed when this program ends. Removes those of killed programs."""
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


# The limit of all pools together
_slots = threading.BoundedSemaphore(jobs_at_once())


class Boot:
    """
    A machine to boot. files: a path or text by name. jobs: lists of words. Options are
    lab/boot's, with '_' for '-'; one that is None or '' is left out.
    """

    def __init__(self, kernel, jobs, files=None, **options):
        self.kernel, self.jobs, self.files = kernel, [list(map(str, job)) for job in jobs], dict(files or {})
        self.options = {key: value for key, value in options.items() if value not in (None, '')}

    def _words(self):
        return [word for key, value in self.options.items() for word in (f'--{key.replace("_", "-")}', str(value))]

    @functools.lru_cache(maxsize=None)
    def key(self):
        """Returns the digest of everything that decides the result."""
        files = [(name, digest(path) if isinstance(path, pathlib.Path) else path) for name, path in sorted(self.files.items())]
        return digest_of(image(self.kernel), split(self.kernel)[1], LAB / 'boot', LAB / 'init.c', emulator(),
                         self.jobs, files, self._words())

    def run(self):
        """
        Boots the machine, or takes the kept result of an equal one. The result's status is
        that of lab/boot. A real kernel that complains gets 0, because nobody here can
        correct it.
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
        # lab/boot has no names for kernels of another configuration.
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
    """Moves a result to the kept ones, unless it is too large. Returns its path."""
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
    """Runs functions in order, LAB_JOBS at a time. start() returns a future."""

    def __init__(self, steps=0):
        self._pool = concurrent.futures.ThreadPoolExecutor(jobs_at_once())
        self._nr, self._steps, self._lock = 0, steps, threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self._pool.shutdown(wait=not kind, cancel_futures=bool(kind))

    def start(self, what, function, *args):
        """Runs the function as the next step. Prints the step's number and text when it starts."""
        def step():
            with self._lock:
                self._nr += 1
                nr = self._nr
            if what:
                say(f'[{nr}/{self._steps}] {what}' if self._steps else what)
            return function(*args)
        return self._pool.submit(step)


def beside(function, *args):
    """Runs a function in a new thread, which no pool limits. Returns a future."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    future = pool.submit(function, *args)
    pool.shutdown(wait=False)
    return future


def build_kernel():
    """Builds the patched kernel in the background, at a low priority. Returns a future."""
    def build():
        if run(['nice', '-n', '10', LAB / 'build', 'kernel']).returncode:
            raise Error('the patched kernel was not built')
    return beside(build)


def replace(path, text):
    """Replaces a file in one step, so that a reader sees the old text or the new one."""
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
    Parses argv by the options in a program's text. Returns an object with an attribute
    for each option: a flag's is False or True, another's is text. "names" has the other
    arguments, and "words" those after "--".
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
    Makes an empty directory for results. If the directory exists, it must be empty, or
    the laboratory must have made it. Other files are not removed.
    """
    path = pathlib.Path(os.path.abspath(path))
    if path.exists() and not (path / '.lab').exists() and any(path.iterdir()):
        raise Error(f'{path} has files that the laboratory did not make: name another directory, or empty it')
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    (path / '.lab').touch()
    return path.resolve()
