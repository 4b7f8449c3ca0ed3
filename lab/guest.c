// SPDX-License-Identifier: GPL-2.0
/*
 * The init of the Linux guest that lab/migrate moves. It prints a heartbeat. On a
 * command over the serial port, it checks that its machine is still the machine that
 * it booted on.
 *
 * With "busy" on the kernel's command line, both CPUs are always busy: each writes
 * memory, verifies it, and wakes the other CPU. A thread reads random numbers from a
 * virtio device, and a timer ticks 250 times a second. The guest counts each tick.
 *
 * In:   "check" or "reboot", each on a line
 * Out:  boot LINE		what the kernel logged about its machine at boot
 *	 ready			the heartbeat begins
 *	 beat N			the guest's timer goes on
 *	 check NAME: ok		or "check NAME: FAILED why"
 *	 checked, N failed	the checks are done
 *
 * No check uses the time outside of the guest, because it depends on the emulation and
 * on how long a move takes. The checks compare counts with other counts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS		(busy ? 4000000 : 50000000)
#define TICKS_PER_BEAT	(busy ? 50 : 4)
#define CPU1_ONLINE	"/sys/devices/system/cpu/cpu1/online"

static int tick, failed_checks, busy;
static unsigned long ticks, beats;
static struct timespec begin;

static uint64_t counter(void)
{
	uint64_t v;

	asm volatile("isb; mrs %0, cntvct_el0" : "=r" (v) :: "memory");
	return v;
}

static uint64_t counter_hz(void)
{
	uint64_t v;

	asm("mrs %0, cntfrq_el0" : "=r" (v));
	return v;
}

static void result(const char *name, const char *why)
{
	if (why) {
		failed_checks++;
		printf("check %s: FAILED %s\n", name, why);
	} else {
		printf("check %s: ok\n", name);
	}
}

static char *load(const char *path)
{
	static char buf[256 * 1024];
	ssize_t n, len = 0;
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	close(fd);
	buf[len] = 0;
	return buf;
}

static int store(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static void wait_ticks(unsigned int n)
{
	uint64_t expired;

	while (n--)
		if (read(tick, &expired, sizeof(expired)) == sizeof(expired))
			ticks += expired;
}

/* The timer, compared with the counter. A move must not set the counter back. */

static uint64_t last_counter;

static void check_timer(void)
{
	uint64_t start = counter(), want = 8 * (uint64_t)TICK_NS * counter_hz() / 1000000000;
	struct timespec ts = { .tv_nsec = 9 * TICK_NS };
	const char *why = NULL;

	if (start < last_counter)
		why = "the counter went back";
	else if (nanosleep(&ts, NULL))
		why = "no sleep";
	else if (counter() - start < want)
		why = "a sleep ended before its time";
	last_counter = counter();
	result("timer", why);
}

/* Interrupts: /proc/interrupts must count those of the timer and of the serial port. */

static unsigned long interrupts(const char *name)
{
	unsigned long sum = 0;
	char *line, *save = NULL;

	for (line = strtok_r(load("/proc/interrupts"), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *p = strchr(line, ':'), *end;
		unsigned long n;

		if (!p || !strstr(line, name))
			continue;
		for (p++; n = strtoul(p, &end, 10), end != p && (*end == ' ' || !*end); p = end)
			sum += n;
	}
	return sum;
}

static unsigned long uart_before;

static void check_interrupts(void)
{
	unsigned long before = interrupts("arch_timer"), uart = interrupts("uart-pl011");

	/* On a slow machine, one interrupt can serve several ticks, but not all ten. */
	wait_ticks(10);
	result("interrupts PPI (timer)", interrupts("arch_timer") - before >= 2 ? NULL : "ticks without timer interrupts");
	/* The "check" command came over the serial port, with an interrupt. */
	result("interrupts SPI (serial)", uart > uart_before ? NULL : "none from the serial port");
	uart_before = uart;
}

/* The PMU: a counter from before the move still counts, and overflows raise interrupts. */

static int cycles = -1;
static volatile unsigned long overflows;

static void on_overflow(int sig)
{
	(void)sig;
	overflows++;
}

static int perf_open(uint64_t period)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE, .size = sizeof(attr), .config = PERF_COUNT_HW_CPU_CYCLES,
		.sample_period = period, .wakeup_events = 1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static uint64_t cycles_read(void)
{
	uint64_t v = 0;

	if (read(cycles, &v, sizeof(v)) != sizeof(v))
		return 0;
	return v;
}

static void burn(void)
{
	for (volatile int i = 0; i < 3000000; i++)
		;
}

static void check_pmu(void)
{
	unsigned long irqs = interrupts("arm-pmu");
	uint64_t before = cycles_read();
	int fd, i;

	if (cycles < 0) {
		result("PMU", "no cycle counter at boot");
		return;
	}
	burn();
	result("PMU counts", cycles_read() > before ? NULL : "the cycle counter stands still");
	fd = perf_open(500000);
	if (fd < 0) {
		result("PMU overflow", strerror(errno));
		return;
	}
	overflows = 0;
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETFL, O_ASYNC);
	/* Without a ring buffer, perf sends SIGIO only when this number of overflows is reached. */
	ioctl(fd, PERF_EVENT_IOC_REFRESH, 3);
	for (i = 0; i < 100 && !overflows; i++)
		burn();
	close(fd);
	result("PMU overflow", interrupts("arm-pmu") == irqs ? "no interrupt of the PMU" :
	       !overflows ? "interrupts, and no overflow counted" : NULL);
}

/*
 * The features that the kernel reports in AT_HWCAP since boot must still work. The guest
 * runs an instruction of each. No instruction is in the hint space, so each one is
 * UNDEFINED on a CPU without the feature.
 */

static sigjmp_buf undefined;

static void on_undefined(int sig)
{
	(void)sig;
	siglongjmp(undefined, 1);
}

static uint64_t anywhere;

#define INSN(name, ...)						\
	static void insn_##name(void)				\
	{							\
		register uint64_t *word asm("x1") = &anywhere;	\
								\
		(void)word;					\
		asm volatile(__VA_ARGS__);			\
	}
INSN(sha2,	".inst 0x5e282820" ::: "v0")			/* sha256su0 v0.4s, v1.4s */
INSN(atomics,	"mov x0, xzr; .inst 0xf8200020" :: "r" (word) : "x0", "memory")	/* ldadd x0, x0, [x1] */
INSN(dcpop,	"mov x0, sp; .inst 0xd50b7c20" ::: "x0", "memory")	/* dc cvap, x0 */
INSN(jscvt,	".inst 0x1e7e0000" ::: "x0")			/* fjcvtzs w0, d0 */
INSN(lrcpc,	".inst 0xf8bfc020" :: "r" (word) : "x0", "memory")	/* ldapr x0, [x1] */
INSN(dit,	".inst 0xd53b42a0" ::: "x0")			/* mrs x0, dit */
INSN(ssbs,	".inst 0xd53b42c0" ::: "x0")			/* mrs x0, ssbs */
INSN(sb,	".inst 0xd50330ff")				/* sb */
INSN(flagm,	".inst 0xd500401f" ::: "cc")			/* cfinv */
INSN(paca,	".inst 0xdac10000" ::: "x0")			/* pacia x0, x0 */
INSN(sve,	".inst 0x04bf5020" ::: "x0")			/* rdvl x0, #1 */
INSN(rng,	".inst 0xd53b2400" ::: "x0")			/* mrs x0, rndr */
INSN(mte,	"mov x0, sp; .inst 0x9ac01000" ::: "x0")	/* irg x0, x0, x0 */
INSN(sme,	".inst 0x04bf5820" ::: "x0")			/* rdsvl x0, #1 */
INSN(cssc,	".inst 0xdac02000" ::: "x0")			/* abs x0, x0 */

static const struct {
	const char *name;
	int word;			/* AT_HWCAP or AT_HWCAP2 */
	unsigned int bit;
	void (*run)(void);
} insns[] = {
	{ "sha2",	AT_HWCAP,   6, insn_sha2 },
	{ "atomics",	AT_HWCAP,   8, insn_atomics },
	{ "jscvt",	AT_HWCAP,  13, insn_jscvt },
	{ "lrcpc",	AT_HWCAP,  15, insn_lrcpc },
	{ "dcpop",	AT_HWCAP,  16, insn_dcpop },
	{ "sve",	AT_HWCAP,  22, insn_sve },
	{ "dit",	AT_HWCAP,  24, insn_dit },
	{ "flagm",	AT_HWCAP,  27, insn_flagm },
	{ "ssbs",	AT_HWCAP,  28, insn_ssbs },
	{ "sb",		AT_HWCAP,  29, insn_sb },
	{ "paca",	AT_HWCAP,  30, insn_paca },
	{ "rng",	AT_HWCAP2, 16, insn_rng },
	{ "mte",	AT_HWCAP2, 18, insn_mte },
	{ "sme",	AT_HWCAP2, 23, insn_sme },
	{ "cssc",	AT_HWCAP2, 34, insn_cssc },
};

static void check_hwcaps(void)
{
	static unsigned int i, tried;
	char lost[256] = "";

	tried = 0;
	for (i = 0; i < sizeof(insns) / sizeof(*insns); i++) {
		if (!(getauxval(insns[i].word) >> insns[i].bit & 1))
			continue;
		tried++;
		if (sigsetjmp(undefined, 1))
			snprintf(lost + strlen(lost), sizeof(lost) - strlen(lost), " %s", insns[i].name);
		else
			insns[i].run();
	}
	printf("hwcaps %#lx %#lx, %u with an instruction to try\n", getauxval(AT_HWCAP), getauxval(AT_HWCAP2), tried);
	result("features latched at boot", lost[0] ? lost : NULL);
}

/*
 * Brings up CPU 1 with PSCI. The kernel then reads the ID registers of this CPU and
 * compares them with those of the boot CPU, which it read before the move. It logs a
 * difference as "SANITY CHECK", "Detected conflict" or "Unsupported".
 */
static void check_cpu1(void)
{
	char *found, *end;
	int ret;

	klogctl(5 /* SYSLOG_ACTION_CLEAR */, NULL, 0);
	ret = store(CPU1_ONLINE, "1");
	wait_ticks(2);
	if (ret) {
		result("a CPU brought up now", strerror(-ret));
	} else {
		static char log[64 * 1024];
		ssize_t n = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);

		log[n < 0 ? 0 : n] = 0;
		found = strstr(log, "SANITY CHECK");
		if (!found)
			found = strstr(log, "Detected conflict");
		if (!found)
			found = strstr(log, "nsupported");
		if (found && (end = strchr(found, '\n')))
			*end = 0;
		result("a CPU brought up now sees the same machine", found);
	}
	/* Turn CPU 1 off again, for the next check. */
	if (!ret)
		store(CPU1_ONLINE, "0");
}

/*
 * The threads that keep the CPUs busy. Each counts its work. After a move, each count
 * must still increase, and memory must be what the threads wrote.
 */

#define CPUS	2
#define PAGES	2048
#define PAGE	4096

static struct worker {
	pthread_t thread;
	int cpu;
	uint64_t *memory;
	unsigned long rounds, wrong;
} workers[CPUS];
static sem_t ball[CPUS];
static unsigned long balls, numbers, no_numbers;

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		printf("check busy: FAILED no CPU %d\n", cpu);
}

/*
 * The first word of a page follows from the number of the last round and from the number
 * of the page. The last word is its complement.
 */
static void *dirty(void *arg)
{
	struct worker *w = arg;
	int i;

	on_cpu(w->cpu);
	for (;;) {
		for (i = 0; i < PAGES; i++) {
			uint64_t *page = w->memory + i * (PAGE / 8), *last = page + PAGE / 8 - 1;
			uint64_t was = w->rounds * PAGES + i;

			w->wrong += *page != was || *last != ~was;
			was = (w->rounds + 1) * PAGES + i;
			*page = was;
			*last = ~was;
		}
		__atomic_add_fetch(&w->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Passes the ball to the other CPU, which the kernel wakes with an SGI. */
static void *play(void *arg)
{
	int cpu = (struct worker *)arg - workers;

	on_cpu(cpu);
	for (;;) {
		while (sem_wait(&ball[cpu]))
			;
		__atomic_add_fetch(&balls, 1, __ATOMIC_RELAXED);
		sem_post(&ball[!cpu]);
	}
	return NULL;
}

/* Each number is a request to the virtio device and an interrupt from it. */
static void *draw(void *arg)
{
	int fd = open("/dev/hwrng", O_RDONLY);
	uint64_t number;

	(void)arg;
	for (;;) {
		if (read(fd, &number, sizeof(number)) == sizeof(number)) {
			__atomic_add_fetch(&numbers, 1, __ATOMIC_RELAXED);
		} else {
			no_numbers++;
			usleep(1000);
		}
	}
	return NULL;
}

static void start_work(void)
{
	pthread_t thread;
	int i, j;

	for (i = 0; i < CPUS; i++)
		sem_init(&ball[i], 0, !i);
	for (i = 0; i < CPUS; i++) {
		struct worker *w = &workers[i];

		w->cpu = i;
		w->memory = aligned_alloc(PAGE, PAGES * PAGE);
		for (j = 0; j < PAGES; j++) {
			w->memory[j * (PAGE / 8)] = j;
			w->memory[(j + 1) * (PAGE / 8) - 1] = ~(uint64_t)j;
		}
		pthread_create(&w->thread, NULL, dirty, w);
		pthread_create(&thread, NULL, play, w);
	}
	pthread_create(&thread, NULL, draw, NULL);
}

/* Counts a CPU's interrupts with this name. */
static unsigned long interrupts_on(int cpu, const char *name)
{
	char *line, *save = NULL;
	unsigned long n = 0;

	for (line = strtok_r(load("/proc/interrupts"), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *p = strchr(line, ':') + 1;
		int i;

		if (p == (char *)1 || !strstr(line, name))
			continue;
		for (i = 0; i < cpu; i++)
			strtoul(p, &p, 10);
		n += strtoul(p, NULL, 10);
	}
	return n;
}

static uint64_t since_begin(const struct timespec *now)
{
	return (now->tv_sec - begin.tv_sec) * 1000000000ULL + now->tv_nsec - begin.tv_nsec;
}

static uint64_t counted_ns(uint64_t from, uint64_t to)
{
	return (__uint128_t)(to - from) * 1000000000 / counter_hz();
}

/*
 * Compares the ticks since boot with the kernel's clock, and this clock with the counter
 * that the kernel derives it from.
 */
static void check_ticks(void)
{
	static uint64_t first_before, first_after, first_ns;
	uint64_t before = counter(), after, ns, rounding;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	after = counter();
	ns = since_begin(&now);
	if (first_after) {
		/* Allow one part in a million, and 1 us, because the kernel rounds. */
		rounding = (ns - first_ns) / 1000000 + 1000;
		result("the clock and the counter agree", ns - first_ns + rounding >= counted_ns(first_after, before) &&
		       ns - first_ns <= counted_ns(first_before, after) + rounding ? NULL : "they do not");
	}
	first_before = before;
	first_after = after;
	first_ns = ns;

	/*
	 * One read returns all ticks until then. If it returns too few, a later one must not
	 * make up for them. If the timer stops, the job reaches its time limit here.
	 */
	wait_ticks(1);
	clock_gettime(CLOCK_MONOTONIC, &now);
	result("each tick is counted", ticks < ns / TICK_NS ? "fewer ticks than time" :
	       ticks > since_begin(&now) / TICK_NS ? "more ticks than time" : NULL);
	printf("busy %lu ticks, %lu and %lu rounds, %lu balls, %lu numbers\n", ticks, workers[0].rounds, workers[1].rounds,
	       balls, numbers);
}

/* Each count must increase, and memory must be what the threads wrote. */
static void check_busy(void)
{
	static unsigned long timer[CPUS];
	unsigned long rounds[CPUS], thrown = balls, drawn = numbers, wait = 1500;
	static char log[256 * 1024];
	ssize_t n;
	int i, still;

	check_ticks();
	for (i = 0; i < CPUS; i++)
		rounds[i] = workers[i].rounds;
	/* The second round to end has verified each page. */
	do {
		wait_ticks(2);
		still = thrown == balls || drawn == numbers;
		for (i = 0; i < CPUS; i++)
			still |= __atomic_load_n(&workers[i].rounds, __ATOMIC_RELAXED) < rounds[i] + 2;
	} while (still && --wait);
	result("each CPU wakes the other (SGI)", thrown == balls ? "no more" : NULL);
	result("virtio gives numbers", drawn == numbers ? "no more" : no_numbers ? "reads failed" : NULL);
	for (i = 0; i < CPUS; i++) {
		unsigned long now = interrupts_on(i, "arch_timer");

		result(i ? "memory of CPU 1" : "memory of CPU 0", rounds[i] == workers[i].rounds ? "it stands still" :
		       workers[i].wrong ? "it is not what was written" : NULL);
		result(i ? "timer interrupts of CPU 1" : "timer interrupts of CPU 0", now > timer[i] ? NULL : "none");
		timer[i] = now;
	}
	n = klogctl(3, log, sizeof(log) - 1);
	log[n < 0 ? 0 : n] = 0;
	result("the guest's kernel does not complain", strstr(log, "stall") || strstr(log, "lockup") || strstr(log, "WARNING") ||
	       strstr(log, "BUG:") ? "stall, lockup, WARNING or BUG" : NULL);
}

static void check(void)
{
	failed_checks = 0;
	check_timer();
	check_interrupts();
	check_pmu();
	check_hwcaps();
	if (busy)
		check_busy();
	else
		check_cpu1();
	printf("checked, %d failed\n", failed_checks);
}

static void boot_log(void)
{
	static const char *const words[] = {
		"psci: ", "smccc: ", "SMC Calling", "GICv", "arch_timer: ", "hw perfevents", "CPU features: detected",
	};
	static char log[256 * 1024];
	ssize_t n = klogctl(3, log, sizeof(log) - 1);
	char *line, *save = NULL, *text;
	unsigned int i;

	log[n < 0 ? 0 : n] = 0;
	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		text = strstr(line, "] ");
		for (i = 0; text && i < sizeof(words) / sizeof(*words); i++) {
			if (strstr(text, words[i])) {
				printf("boot%s\n", text + 1);
				break;
			}
		}
	}
}

static void command(void)
{
	static char line[64];
	static size_t len;
	char c;

	while (read(0, &c, 1) == 1) {
		if (c != '\n' && len < sizeof(line) - 1) {
			line[len++] = c;
			continue;
		}
		line[len] = 0;
		len = 0;
		if (!strcmp(line, "check"))
			check();
		if (!strcmp(line, "reboot"))
			reboot(RB_AUTOBOOT);
	}
}

int main(void)
{
	struct itimerspec its = {};
	struct pollfd fds[2];
	struct termios tio;

	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	dup2(open("/dev/ttyAMA0", O_RDWR | O_NONBLOCK), 0);
	dup2(open("/dev/ttyAMA0", O_WRONLY), 1);
	dup2(1, 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	tcgetattr(0, &tio);
	cfmakeraw(&tio);
	tcsetattr(0, TCSANOW, &tio);

	busy = !!strstr(load("/proc/cmdline"), " busy");
	signal(SIGILL, on_undefined);
	signal(SIGIO, on_overflow);
	/* The kernel must not print among this program's lines. */
	klogctl(8 /* SYSLOG_ACTION_CONSOLE_LEVEL */, NULL, 1);
	boot_log();
	cycles = perf_open(0);
	tick = timerfd_create(CLOCK_MONOTONIC, 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	its.it_interval.tv_nsec = TICK_NS;
	its.it_value = begin;
	its.it_value.tv_nsec += TICK_NS;
	if (its.it_value.tv_nsec >= 1000000000) {
		its.it_value.tv_sec++;
		its.it_value.tv_nsec -= 1000000000;
	}
	timerfd_settime(tick, TFD_TIMER_ABSTIME, &its, NULL);
	if (busy)
		start_work();
	printf("ready\n");

	fds[0] = (struct pollfd){ .fd = tick, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = 0, .events = POLLIN };
	for (;;) {
		poll(fds, 2, -1);
		if (fds[1].revents & POLLIN)
			command();
		if (fds[0].revents & POLLIN)
			wait_ticks(1);
		if (ticks / TICKS_PER_BEAT > beats) {
			printf("beat %lu\n", ++beats);
		}
	}
}
