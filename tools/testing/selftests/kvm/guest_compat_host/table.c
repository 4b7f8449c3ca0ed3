// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of arm64's guest compatibility, and the rules for ID registers,
 * built for the machine at hand. Without an argument, prints what the
 * documentation has to say: a line for each revision of a behaviour and each
 * run of releases that had it. "vectors" prints the revisions of each baseline,
 * and "check" checks what no compiler can.
 */
#include "host.h"

static void print_run(unsigned int id, u32 revision, unsigned int from, unsigned int to)
{
	printf("%u, %s, %u, ", id, guest_compat_behaviours[id].name, revision);
	if (!from)
		printf("none\n");
	else if (to == GUEST_COMPAT_NEWEST)
		printf("%s -\n", release_name(from));
	else if (from == to)
		printf("%s\n", release_name(from));
	else
		printf("%s - %s\n", release_name(from), release_name(to));
}

static void print_revision(unsigned int id, u32 revision)
{
	unsigned int from = 0, runs = 0;

	for (unsigned int r = 1; r <= GUEST_COMPAT_NEWEST; r++) {
		if (revision_of(id, r) != revision)
			continue;
		if (!from)
			from = r;
		if (r == GUEST_COMPAT_NEWEST || revision_of(id, r + 1) != revision) {
			print_run(id, revision, from, r);
			from = 0;
			runs++;
		}
	}
	if (!runs)
		print_run(id, revision, 0, 0);
}

static void print_table(void)
{
	for (unsigned int id = 1; id < guest_compat_nr; id++)
		for (u32 rev = 0; rev <= guest_compat_behaviours[id].highest; rev++)
			print_revision(id, rev);
}

/* Those that userspace can select */
static const unsigned int baselines[] = {
	KVM_GUEST_COMPAT_V5_10, KVM_GUEST_COMPAT_V6_1, KVM_GUEST_COMPAT_V6_12,
	KVM_GUEST_COMPAT_V6_16, KVM_GUEST_COMPAT_V6_17, KVM_GUEST_COMPAT_V6_18,
	KVM_GUEST_COMPAT_V6_19, KVM_GUEST_COMPAT_V7_0, KVM_GUEST_COMPAT_V7_1,
	KVM_GUEST_COMPAT_V7_2, KVM_GUEST_COMPAT_V7_3,
};

static void print_vectors(void)
{
	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		printf("%u, %s", id, guest_compat_behaviours[id].name);
		for (unsigned int i = 0; i < ARRAY_SIZE(baselines); i++)
			printf(", %u", revision_of(id, baselines[i]));
		printf("\n");
	}
}

static void check(const char *what, u64 have, u64 want)
{
	if (have != want)
		printf("# %#llx, not %#llx\n", (unsigned long long)have, (unsigned long long)want);
	result(have == want, what);
}

static void check_rows(void)
{
	unsigned int holes = 0, above = 0, names = 0, rules = 0, unsorted = 0;

	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		const struct guest_compat_behaviour *b = &guest_compat_behaviours[id];

		holes += !b->name[0] || !b->description;
		names += b->name[sizeof(b->name) - 1] || strpbrk(b->name, " ,=\n");
		for (unsigned int other = 1; other < id; other++)
			names += !strcmp(b->name, guest_compat_behaviours[other].name);
		for (unsigned int r = 1; r <= GUEST_COMPAT_NEWEST; r++) {
			above += revision_of(id, r) > b->highest;
			/* A change that changes nothing is a slip */
			unsorted += r > 1 && b->since[r] &&
				    revision_of(id, r) == revision_of(id, r - 1);
		}
		rules += !b->reg != !b->mask;
		rules += b->reg && (b->highest >= ARRAY_SIZE(b->rules) ||
				    b->rules[b->highest] != GUEST_COMPAT_ID_NOW);
	}
	check("every id has a name and a description", holes, 0);
	check("names are unique, and what a command line takes", names, 0);
	check("no release has a revision above the highest", above, 0);
	check("every change changes something", unsorted, 0);
	check("a field's rules end with what this kernel shows", rules, 0);
}

#define LOW	GENMASK(3, 0)
#define HIGH	GENMASK(63, 60)

static void check_rules(void)
{
	static const struct {
		const char *what;
		u16 rule;
		u64 mask;
		u64 want;
	} rules[] = {
		{ "as now", GUEST_COMPAT_ID_NOW, HIGH, 0x2ULL << 60 | 0x45 },
		{ "the host's, at the top", GUEST_COMPAT_ID_HOST, HIGH, 0x3ULL << 60 | 0x45 },
		{ "the host's, at the bottom", GUEST_COMPAT_ID_HOST, LOW, 0x2ULL << 60 | 0x47 },
		{ "nothing", GUEST_COMPAT_ID_VALUE(0), HIGH, 0x45 },
		{ "nothing, if that is 0xf", GUEST_COMPAT_ID_VALUE(0xf), LOW, 0x2ULL << 60 | 0x4f },
		{ "no more than 1", GUEST_COMPAT_ID_AT_MOST(1), HIGH, 0x1ULL << 60 | 0x45 },
		{ "no more than there is", GUEST_COMPAT_ID_AT_MOST(2), HIGH, 0x2ULL << 60 | 0x45 },
		{ "no more than 9", GUEST_COMPAT_ID_AT_MOST(9), LOW, 0x2ULL << 60 | 0x45 },
		{ "a PMU, no more than 4", GUEST_COMPAT_ID_HOST_PMU(4), LOW, 0x2ULL << 60 | 0x44 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rules); i++)
		check(rules[i].what,
		      guest_compat_id_rule(rules[i].rule, rules[i].mask, 0x3ULL << 60 | 0x77,
					   0x2ULL << 60 | 0x45), rules[i].want);
}

static void check_nv(void)
{
	u64 nv = ID_AA64MMFR2_EL1_NV_MASK, rest = 0x1101001001110000ULL & ~nv;
	unsigned int wrong = 0;

	for (unsigned int r = 1; r <= GUEST_COMPAT_NEWEST; r++)
		wrong += default_of(r, SYS_ID_AA64MMFR2_EL1, rest | nv, rest) !=
			 (r <= GUEST_COMPAT_V6_14 ? rest | nv : rest);
	check("ID_AA64MMFR2_EL1.NV of every release", wrong, 0);
	check("ID_AA64MMFR2_EL1.NV of a host without",
	      default_of(GUEST_COMPAT_V6_12, SYS_ID_AA64MMFR2_EL1, rest, rest), rest);
}

/* This kernel shows what it shows, of whatever register and host */
static void check_newest(void)
{
	u64 val = 0x123456789abcdef0ULL;
	unsigned int wrong = 0;

	for (u32 i = 0; i < 64; i++)
		wrong += default_of(GUEST_COMPAT_NEWEST, sys_reg(3, 0, 0, i / 8, i % 8),
				    ~val, val) != val;
	check("the newest release is this one", wrong, 0);
}

int main(int argc, char *argv[])
{
	if (argc < 2) {
		print_table();
		return 0;
	}
	if (!strcmp(argv[1], "vectors")) {
		print_vectors();
		return 0;
	}

	printf("TAP version 13\n");
	check_rows();
	check_rules();
	check_nv();
	check_newest();
	printf("1..%d\n", tests);
	return !!failed;
}
