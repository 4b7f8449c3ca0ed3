// SPDX-License-Identifier: GPL-2.0
/*
 * The laboratory's init. It runs the jobs in /share/.job and writes their results to
 * the host.
 *
 * It writes by semihosting (SYS_OPEN, SYS_WRITE, ... of the Arm semihosting
 * specification, HLT #0xf000 from EL0), because that needs no driver and no module in
 * the kernel under test. Debian's kernels have virtio only as modules. QEMU opens the
 * files in its working directory, which is lab/boot's DIR.
 *
 * In:   /share/.job/N		argv of job N, each argument ended by NUL
 *	 /share/.job/limit	time limit of a job, in seconds of the machine's clock
 * Out:  the console		"lab-init: job N on Linux R" before the kernel's lines of job N
 *	 .job/N.out		stdout and stderr of the job, written while it runs
 *	 .job/N.rc		the job's exit status, 128 + signal, or 124 for the time limit
 *	 out/			every file that the jobs left in /share/out
 *	 .job/done		written last: the results are complete
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kvm.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#define SYS_OPEN		0x01
#define SYS_CLOSE		0x02
#define SYS_WRITE		0x05
#define SYS_EXIT_EXTENDED	0x20
#define OPEN_WB			5	/* fopen() mode "wb" */
#define APPLICATION_EXIT	0x20026

#define RC_LIMIT		124
#define MAX_ARGS		64

static char buf[64 * 1024];

static long semihost(unsigned long op, const void *block)
{
	register unsigned long x0 asm("x0") = op;
	register const void *x1 asm("x1") = block;

	asm volatile("hlt #0xf000" : "+r" (x0) : "r" (x1) : "memory");
	return x0;
}

static void die(const char *what)
{
	printf("lab-init: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	semihost(SYS_EXIT_EXTENDED, (uint64_t[]){ APPLICATION_EXIT, 1 });
	for (;;)
		pause();
}

static long host_open(const char *path)
{
	uint64_t block[] = { (uint64_t)path, OPEN_WB, strlen(path) };
	long fd = semihost(SYS_OPEN, block);

	if (fd < 0)
		die(path);
	return fd;
}

static void host_write(long fd, const void *data, size_t len)
{
	uint64_t block[] = { fd, (uint64_t)data, len };

	if (semihost(SYS_WRITE, block))
		die("the host takes no more data");
}

static void host_close(long fd)
{
	semihost(SYS_CLOSE, (uint64_t[]){ fd });
}

static void host_file(const char *path, const char *text)
{
	long fd = host_open(path);

	host_write(fd, text, strlen(text));
	host_close(fd);
}

static size_t load(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, to, size);
	close(fd);
	return n < 0 ? 0 : n;
}

static void exec_job(char *args, size_t len)
{
	char *argv[MAX_ARGS + 1];
	int n = 0;

	for (size_t i = 0; i < len && n < MAX_ARGS; i += strlen(args + i) + 1)
		argv[n++] = args + i;
	argv[n] = NULL;
	if (!n)
		_exit(126);
	execv(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == pid;
}

/* Upper bound of the output after the end of a job: a grandchild can keep the pipe open. */
#define REST			(1024 * 1024)

/* Passes on the job's output until the job ends. Kills the job at the time limit. */
static int follow(pid_t pid, int from, long to, long limit)
{
	time_t end = time(NULL) + limit;
	int status, killed = 0;
	ssize_t rest = REST;

	while (rest > 0) {
		struct pollfd pfd = { .fd = from, .events = POLLIN };
		int gone = ended(pid);
		ssize_t n;

		if (poll(&pfd, 1, gone ? 0 : 1000) > 0) {
			n = read(from, buf, sizeof(buf));
			if (n <= 0)
				break;
			host_write(to, buf, n);
			if (gone)
				rest -= n;
		} else if (gone) {
			break;
		}
		if (!killed && limit && time(NULL) >= end) {
			kill(-pid, SIGKILL);
			killed = 1;
		}
	}
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) != pid)
		;
	if (killed)
		return RC_LIMIT;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* Writes to the kernel's log which job the next lines belong to, and which kernel runs it. */
static void mark(int nr)
{
	struct utsname name;
	char line[256];
	int fd = open("/dev/kmsg", O_WRONLY);

	if (fd < 0)
		return;
	uname(&name);
	snprintf(line, sizeof(line), "<1>lab-init: job %d on %s %s\n", nr, name.sysname, name.release);
	if (write(fd, line, strlen(line)) < 0)
		perror("/dev/kmsg");
	close(fd);
}

static void run_job(int nr, char *args, size_t len, long limit)
{
	char name[64], rc[16];
	int fds[2];
	long out;
	pid_t pid;

	mark(nr);
	snprintf(name, sizeof(name), ".job/%d.out", nr);
	out = host_open(name);
	if (pipe(fds))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		setpgid(0, 0);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		exec_job(args, len);
	}
	setpgid(pid, pid);
	close(fds[1]);
	snprintf(rc, sizeof(rc), "%d\n", follow(pid, fds[0], out, limit));
	close(fds[0]);
	host_close(out);
	snprintf(name, sizeof(name), ".job/%d.rc", nr);
	host_file(name, rc);
}

static void hand_over(void)
{
	DIR *dir = opendir("out");
	struct dirent *e;
	char name[512];
	long to;
	int from;
	ssize_t n;

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "out/%s", e->d_name);
		from = open(name, O_RDONLY);
		if (from < 0)
			die(name);
		to = host_open(name);
		while ((n = read(from, buf, sizeof(buf))) > 0)
			host_write(to, buf, n);
		host_close(to);
		close(from);
	}
}

/*
 * Keeps a VM and a perf event of a task open, if the kernel can make them. Without this, the
 * kernel rewrites instructions when the first VM or event is created, and after the last one is
 * closed (the static keys preempt_notifier_key and perf_sched_events). QEMU's TCG can go on with
 * the old instruction: it invalidates the translation before it stores the new instruction, and
 * another CPU can translate the old one in between (QEMU 10.0). KVM then misses a call of
 * kvm_sched_in() or kvm_sched_out(), and a selftest can hang.
 */
static void keep_keys(void)
{
	struct perf_event_attr event = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.size = sizeof(event),
	};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (kvm < 0)
		return;
	/* Type 0 needs 40 bits of physical addresses, which not all hosts have. */
	ioctl(kvm, KVM_CREATE_VM, (unsigned long)ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE));
	close(kvm);
}

int main(void)
{
	static char args[64 * 1024];
	char name[64];
	size_t len;
	long limit;

	/* Without /dev in the initramfs, Debian's kernels start init without a console. */
	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	if (open("/dev/console", O_RDWR) >= 0) {
		dup2(0, 1);
		dup2(0, 2);
	}
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/tmp", 0777);
	mkdir("/dev/shm", 0777);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4096, 4096 });
	if (chdir("/share"))
		die("/share");
	mkdir("out", 0755);
	keep_keys();

	len = load(".job/limit", args, sizeof(args) - 1);
	args[len] = 0;
	limit = atol(args);
	for (int nr = 0; ; nr++) {
		snprintf(name, sizeof(name), ".job/%d", nr);
		len = load(name, args, sizeof(args) - 1);
		args[len] = 0;
		if (!len)
			break;
		run_job(nr, args, len, limit);
	}
	hand_over();
	/* Since 6.13, the kernel prints its log with a delay. Wait for the end of it. */
	usleep(100 * 1000);
	host_file(".job/done", "");
	semihost(SYS_EXIT_EXTENDED, (uint64_t[]){ APPLICATION_EXIT, 0 });
	for (;;)
		pause();
}
