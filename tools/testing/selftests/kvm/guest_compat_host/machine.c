// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compares ID registers and register lists, as the tables compute them for an earlier
 * release, with those that this release showed on a real machine.
 *
 * A file of machines/ has one column for each kernel: the register's value on the
 * machine, or "-" if the kernel does not list the register. A line that begins with
 * "host" has the CPU's own value. A line that begins with "differs" has a difference that
 * the tables cannot reproduce, and its reason. The test computes the values of each older
 * kernel from those of each newer one and the host's. Each difference must have a line,
 * and each such line must occur.
 */
#include <stdnoreturn.h>

#include "host.h"

#define MAX_KERNELS	8
#define MAX_REGS	512
#define MAX_DIFFS	128

struct reg {
	char name[48];
	u32 reg;		/* encoding; 0: not an ID register */
	bool has[MAX_KERNELS];
	u64 val[MAX_KERNELS];
	bool has_host;
	u64 host;
};

struct diff {
	char field[64];
	char from[8];
	char to[8];
	u64 have;		/* by the tables */
	u64 want;		/* on the real kernel */
	char why[256];
	int line;
	bool occurs;
};

static struct machine {
	const char *name;
	char kernel[MAX_KERNELS][8];
	unsigned int release[MAX_KERNELS];
	int nr_kernels;
	struct reg regs[MAX_REGS];
	int nr_regs;
	struct diff diffs[MAX_DIFFS];
	int nr_diffs;
} m;

/* The architecture's names, from arch/arm64/tools/sysreg */
static const struct {
	const char *name;
	u32 reg;
} names[] = {
#define FIELD(reg, name, hi, lo)
#define REG(name, op0, op1, crn, crm, op2)	{ name, sys_reg(op0, op1, crn, crm, op2) },
#include "guest-compat/fields.h"
#undef REG
#undef FIELD
};

static const struct field {
	const char *reg;
	const char *name;
	u8 hi;
	u8 lo;
} fields[] = {
#define REG(name, op0, op1, crn, crm, op2)
#define FIELD(reg, name, hi, lo)	{ reg, name, hi, lo },
#include "guest-compat/fields.h"
#undef REG
#undef FIELD
};

static noreturn void bail(int line, const char *what, const char *which)
{
	printf("Bail out! %s:%d: %s %s\n", m.name, line, what, which);
	exit(1);
}

/* Returns the encoding of an ID register that is part of a VM's state, otherwise 0. */
static u32 id_reg(const char *name)
{
	unsigned int op0, op1, crn, crm, op2;
	u32 reg = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i].name, name))
			reg = names[i].reg;
	if (!reg && sscanf(name, "S%u_%u_C%u_C%u_%u", &op0, &op1, &crn, &crm, &op2) == 5)
		reg = sys_reg(op0, op1, crn, crm, op2);

	return reg >= sys_reg(3, 0, 0, 1, 0) && reg <= sys_reg(3, 0, 0, 7, 7) ? reg : 0;
}

static unsigned int release_of(const char *name)
{
	for (unsigned int r = 1; r < GUEST_COMPAT_END; r++)
		if (!strcmp(release_name(r), name))
			return r;

	return 0;
}

static struct reg *find(const char *name)
{
	for (int i = 0; i < m.nr_regs; i++)
		if (!strcmp(m.regs[i].name, name))
			return &m.regs[i];

	return NULL;
}

/* parsing */

static u64 hex(int line, const char *word)
{
	char *end;
	u64 val;

	if (!word || strncmp(word, "0x", 2))
		bail(line, "no hexadecimal number:", word ?: "nothing");
	val = strtoull(word, &end, 16);
	if (*end)
		bail(line, "no hexadecimal number:", word);

	return val;
}

static void read_header(int line)
{
	for (char *word; (word = strtok(NULL, " \t")); m.nr_kernels++) {
		unsigned int release = release_of(word);

		if (m.nr_kernels == MAX_KERNELS || !release)
			bail(line, "no room for the release, or no such:", word);
		if (m.nr_kernels && release <= m.release[m.nr_kernels - 1])
			bail(line, "the oldest kernel comes first, not", word);
		m.release[m.nr_kernels] = release;
		snprintf(m.kernel[m.nr_kernels], sizeof(m.kernel[0]), "%s", word);
	}
}

static void read_row(int line, const char *name)
{
	struct reg *r = &m.regs[m.nr_regs];

	if (!m.nr_kernels || m.nr_regs == MAX_REGS || find(name))
		bail(line, "no kernels yet, no room for the register, or twice:", name);

	snprintf(r->name, sizeof(r->name), "%s", name);
	r->reg = id_reg(name);
	for (int k = 0; k < m.nr_kernels; k++) {
		const char *word = strtok(NULL, " \t");

		r->has[k] = !word || strcmp(word, "-");
		if (r->has[k])
			r->val[k] = hex(line, word);
	}
	if (strtok(NULL, " \t"))
		bail(line, "more values than kernels:", name);
	m.nr_regs++;
}

static void read_host(int line)
{
	const char *name = strtok(NULL, " \t");
	struct reg *r = name ? find(name) : NULL;

	if (!r || r->has_host)
		bail(line, "no such register, or twice:", name ?: "nothing");
	r->host = hex(line, strtok(NULL, " \t"));
	r->has_host = true;
	if (!strtok(NULL, ""))
		bail(line, "no source is given for", name);
}

/* Returns whether the reason begins with one of these words. */
static bool known_kind(const char *why)
{
	static const char * const kinds[] = { "vendor: ", "firmware: ", "unmodelled: ", "never: " };

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strncmp(why, kinds[i], strlen(kinds[i])) && why[strlen(kinds[i])])
			return true;

	return false;
}

static void read_differs(int line)
{
	struct diff *d = &m.diffs[m.nr_diffs];
	char *word[3], *why;

	for (int i = 0; i < 3; i++) {
		word[i] = strtok(NULL, " \t");
		if (!word[i])
			bail(line, "a field, two kernels and two values are wanted", "");
	}
	if (m.nr_diffs == MAX_DIFFS)
		bail(line, "no room for", word[0]);
	snprintf(d->field, sizeof(d->field), "%s", word[0]);
	snprintf(d->from, sizeof(d->from), "%s", word[1]);
	snprintf(d->to, sizeof(d->to), "%s", word[2]);
	d->have = hex(line, strtok(NULL, " \t"));
	d->want = hex(line, strtok(NULL, " \t"));
	why = strtok(NULL, "");
	if (!why || !known_kind(why + strspn(why, " \t")))
		bail(line, "no reason that there is:", d->field);
	snprintf(d->why, sizeof(d->why), "%s", why + strspn(why, " \t"));
	d->line = line;
	m.nr_diffs++;
}

static void read_machine(const char *path)
{
	FILE *f = fopen(path, "r");
	char buf[512];
	int line = 0;

	memset(&m, 0, sizeof(m));
	m.name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	if (!f)
		bail(0, "cannot be read:", path);

	while (fgets(buf, sizeof(buf), f)) {
		char *word;

		line++;
		if (!strchr(buf, '\n'))
			bail(line, "too long, or not ended", "");
		buf[strcspn(buf, "#\n")] = '\0';
		word = strtok(buf, " \t");
		if (!word)
			continue;
		if (!strcmp(word, "register"))
			read_header(line);
		else if (!strcmp(word, "host"))
			read_host(line);
		else if (!strcmp(word, "differs"))
			read_differs(line);
		else
			read_row(line, word);
	}
	fclose(f);
	if (!m.nr_regs)
		bail(line, "no registers", "");
}

/* the test */

static unsigned int unlisted;

static void differs(const char *field, int from, int to, u64 have, u64 want)
{
	for (int i = 0; i < m.nr_diffs; i++) {
		struct diff *d = &m.diffs[i];

		if (strcmp(d->field, field) || strcmp(d->from, m.kernel[from]) ||
		    strcmp(d->to, m.kernel[to]) || d->have != have || d->want != want)
			continue;
		printf("# %s 0x%llx, not 0x%llx: %s\n", field, (unsigned long long)have,
		       (unsigned long long)want, d->why);
		d->occurs = true;
		return;
	}

	printf("# %s 0x%llx, not 0x%llx: not listed\n", field, (unsigned long long)have,
	       (unsigned long long)want);
	unlisted++;
}

/* Compares each field, and then the bits that are in no field. */
static void compare(const struct reg *r, int from, int to, u64 have, u64 want)
{
	u64 rest = have ^ want;
	char name[96];

	for (unsigned int i = 0; rest && i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];
		u64 mask = GENMASK(f->hi, f->lo);

		if (strcmp(f->reg, r->name) || !(rest & mask))
			continue;
		snprintf(name, sizeof(name), "%s.%s", f->reg, f->name);
		differs(name, from, to, (have & mask) >> f->lo, (want & mask) >> f->lo);
		rest &= ~mask;
	}
	if (rest)
		differs(r->name, from, to, have & rest, want & rest);
}

/*
 * The behaviour that decides whether KVM lists a register of a vCPU without features: see
 * reglist.c, caches.c and pmu.c. Each release lists all other registers.
 */
static const struct {
	const char *name;		/* beginning of the register's name */
	unsigned int id;
	u8 listed;			/* bit n: revision n lists it */
} lists[] = {
	{ "CCSIDR_EL1<0>",		0 },
	{ "CCSIDR_EL1<1>",		0 },
	{ "CCSIDR_EL1<2>",		0 },
	{ "CCSIDR_EL1<",		GUEST_COMPAT_CACHE_GEOMETRY, BIT(1) },
	{ "OSLSR_EL1",			GUEST_COMPAT_OS_LOCK, BIT(1) },
	{ "PM",				GUEST_COMPAT_PMU_REGISTERS, BIT(0) },
	{ "CNTP_",			GUEST_COMPAT_LIST_PTIMER, BIT(1) },
	{ "KVM_REG_ARM_STD_BMAP",	GUEST_COMPAT_LIST_BMAP, BIT(1) },
	{ "KVM_REG_ARM_STD_HYP_BMAP",	GUEST_COMPAT_LIST_BMAP, BIT(1) },
	{ "KVM_REG_ARM_VENDOR_HYP_BMAP_2", GUEST_COMPAT_LIST_BMAP_2, BIT(1) },
	{ "KVM_REG_ARM_VENDOR_HYP_BMAP", GUEST_COMPAT_LIST_BMAP, BIT(1) },
};

static bool listed(const char *name, unsigned int release)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(lists); i++)
		if (!strncmp(name, lists[i].name, strlen(lists[i].name)))
			return !lists[i].id ||
			       (lists[i].listed & BIT(guest_compat_revision(lists[i].id, release)));

	return true;
}

static bool one_register(const struct reg *r, int from, int to)
{
	u64 now = r->val[from];
	u64 host = r->has_host ? r->host : now;

	if (!r->reg || !r->has[from] || !r->has[to])
		return false;

	/* If a rule uses the host's value, the file must have it: it can differ from a kernel's. */
	if (!r->has_host && default_of(m.release[to], r->reg, ~host, now) !=
			    default_of(m.release[to], r->reg, host, now)) {
		printf("# %s: the rules want the host's value, which is not here\n", r->name);
		unlisted++;
	}
	compare(r, from, to, default_of(m.release[to], r->reg, host, now), r->val[to]);

	return true;
}

static void one_pair(int from, int to)
{
	unsigned int nr = 0, before = unlisted;
	char what[128];

	printf("# %s: from %s to %s\n", m.name, m.kernel[from], m.kernel[to]);
	for (int i = 0; i < m.nr_regs; i++)
		nr += one_register(&m.regs[i], from, to);
	snprintf(what, sizeof(what), "%s: the %u ID registers of %s from those of %s", m.name, nr,
		 m.kernel[to], m.kernel[from]);
	result(nr && unlisted == before, what);
}

/* Compares the list by the rows of a release with that of the kernel. */
static void one_list(int k)
{
	unsigned int before = unlisted, nr = 0;
	char name[64], what[128];

	printf("# %s: the list of %s\n", m.name, m.kernel[k]);
	for (int i = 0; i < m.nr_regs; i++) {
		const struct reg *r = &m.regs[i];
		bool have = listed(r->name, m.release[k]);

		nr += r->has[k];
		snprintf(name, sizeof(name), "%s.listed", r->name);
		if (have != r->has[k])
			differs(name, k, k, have, r->has[k]);
	}
	snprintf(what, sizeof(what), "%s: the %u registers in the list of %s",
		 m.name, nr, m.kernel[k]);
	result(nr && unlisted == before, what);
}

static void one_machine(const char *path)
{
	unsigned int idle = 0;
	char what[128];

	read_machine(path);
	for (int from = m.nr_kernels - 1; from > 0; from--)
		for (int to = from - 1; to >= 0; to--)
			one_pair(from, to);

	/* For the newest kernel's own release, no value changes. */
	one_pair(m.nr_kernels - 1, m.nr_kernels - 1);

	for (int k = 0; k < m.nr_kernels; k++)
		one_list(k);

	for (int i = 0; i < m.nr_diffs; i++) {
		if (m.diffs[i].occurs)
			continue;
		printf("# %s:%d: %s, %s to %s, does not occur\n", m.name, m.diffs[i].line,
		       m.diffs[i].field, m.diffs[i].from, m.diffs[i].to);
		idle++;
	}
	snprintf(what, sizeof(what), "%s: the %d differences listed occur", m.name, m.nr_diffs);
	result(!idle, what);
}

int main(int argc, char *argv[])
{
	printf("TAP version 13\n");
	for (int i = 1; i < argc; i++)
		one_machine(argv[i]);
	printf("1..%d\n", tests);
	return !tests || failed;
}
