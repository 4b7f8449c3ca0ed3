// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints and checks the rows of arm64's guest compatibility, and the rules for ID
 * registers. Without an argument, prints a line for each revision of a behaviour and
 * each range of releases that have it. "vectors" prints the revisions of each baseline.
 * "baselines" prints number and measured point release of each baseline. "publish
 * published" prints the new content of the file "published". "check published" checks
 * the tables.
 */
#include "host.h"
#include "shown.h"

static void print_run(unsigned int id, u32 revision, unsigned int from, unsigned int to)
{
	printf("%u, %s, %u, ", id, guest_compat_behaviours[id].name, revision);
	if (!from)
		printf("none\n");
	else if (to == (GUEST_COMPAT_END - 1))
		printf("%s -\n", release_name(from));
	else if (from == to)
		printf("%s\n", release_name(from));
	else
		printf("%s - %s\n", release_name(from), release_name(to));
}

static void print_revision(unsigned int id, u32 revision)
{
	unsigned int from = 0, runs = 0;

	for (unsigned int r = 1; r <= (GUEST_COMPAT_END - 1); r++) {
		if (guest_compat_revision(id, r) != revision)
			continue;
		if (!from)
			from = r;
		if (r == (GUEST_COMPAT_END - 1) || guest_compat_revision(id, r + 1) != revision) {
			print_run(id, revision, from, r);
			from = 0;
			runs++;
		}
	}
	if (!runs)
		print_run(id, revision, 0, 0);
}

/* Returns the highest revision of all releases, also of later ones than this kernel. */
static u8 last_revision(unsigned int id)
{
	u8 last = guest_compat_highest(id);

	for (unsigned int r = 1; r < GUEST_COMPAT_END; r++)
		if (guest_compat_revision(id, r) > last)
			last = guest_compat_revision(id, r);

	return last;
}

static void print_table(void)
{
	for (unsigned int id = 1; id < guest_compat_nr; id++)
		for (u32 rev = 0; rev <= last_revision(id); rev++)
			print_revision(id, rev);
}

static void print_vectors(void)
{
	char name[16];

	printf("id, name");
	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		guest_compat_name(name, sizeof(name), &guest_compat_baselines[i]);
		printf(", %s", name);
	}
	printf("\n");
	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		printf("%u, %s", id, guest_compat_behaviours[id].name);
		for (unsigned int i = 0; i < guest_compat_nr_baselines; i++)
			printf(", %u", guest_compat_published(&guest_compat_baselines[i], id));
		printf("\n");
	}
}

static void print_baselines(void)
{
	char name[16];

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		guest_compat_name(name, sizeof(name), &guest_compat_baselines[i]);
		printf("%s, 0x%04x, %s\n", name, guest_compat_number(&guest_compat_baselines[i]),
		       guest_compat_baselines[i].measured);
	}
}

/* Prints the new content of "published". */
static void print_published(void)
{
	char line[512], shown[16384];

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		freeze_line(line, &guest_compat_baselines[i]);
		printf("%s\n", line);
	}
	shown_write(shown);
	printf("%s", shown);
}

static void check_rows(void)
{
	unsigned int holes = 0, order = 0, names = 0, rules = 0, unsorted = 0;

	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		const struct guest_compat_behaviour *b = &guest_compat_behaviours[id];
		u8 highest = guest_compat_revision(id, 1);

		holes += !b->name[0] || !b->description;
		names += b->name[sizeof(b->name) - 1] || strpbrk(b->name, " ,=\n");
		for (unsigned int other = 1; other < id; other++)
			names += !strcmp(b->name, guest_compat_behaviours[other].name);
		for (unsigned int r = 1; r <= (GUEST_COMPAT_END - 1); r++) {
			u8 revision = guest_compat_revision(id, r);

			/* A kernel offers all revisions up to the highest, so none is left out. */
			order += revision > highest + 1;
			if (revision > highest)
				highest = revision;
			/* A .since that does not change the revision is a mistake. */
			unsorted += r > 1 && b->since[r] &&
				    revision == guest_compat_revision(id, r - 1);
		}
	}
	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		const struct guest_compat_id_field *f = guest_compat_behaviours[id].arch;
		u8 last = last_revision(id);

		rules += f && (!f->reg || !f->mask || last >= ARRAY_SIZE(f->rules) ||
			       f->rules[last] != GUEST_COMPAT_ID_NOW);
	}
	check("every id has a name and a description", holes, 0);
	check("names are unique, and fit a command line", names, 0);
	check("no release skips a revision", order, 0);
	check("each release in a row changes the revision", unsorted, 0);
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
	u64 nv = ID_AA64MMFR2_EL1_NV_MASK, rest = 0x1101001001010000ULL & ~nv;
	unsigned int wrong = 0;

	for (unsigned int r = 1; r <= (GUEST_COMPAT_END - 1); r++)
		wrong += default_of(r, SYS_ID_AA64MMFR2_EL1, rest | nv, rest) !=
			 (r <= GUEST_COMPAT_V6_14 ? rest | nv : rest);
	check("ID_AA64MMFR2_EL1.NV of every release", wrong, 0);
	check("ID_AA64MMFR2_EL1.NV of a host without NV",
	      default_of(GUEST_COMPAT_V6_12, SYS_ID_AA64MMFR2_EL1, rest, rest), rest);
}

/* The native vector must not change any ID register, whatever the host's value is. */
static void check_native(void)
{
	u64 val = 0x123456789abcdef0ULL;
	struct kvm_guest_compat compat;
	unsigned int wrong = 0;

	guest_compat_native_of(&compat);
	for (u32 i = 0; i < 64; i++)
		wrong += guest_compat_id_default(compat.revision, sys_reg(3, 0, 0, i / 8, i % 8),
						 ~val, val) != val;
	check("native changes no ID register", wrong, 0);
}

/* Each release must hide a field and a register that the tables do not know. */
static void check_unknown(void)
{
	unsigned int shown = 0;

	for (unsigned int r = 1; r < GUEST_COMPAT_END; r++) {
		shown += !!default_of(r, SYS_ID_AA64MMFR3_EL1, ~0ULL,
				      ID_AA64MMFR3_EL1_S2PIE_MASK);
		shown += default_of(r, sys_reg(3, 0, 0, 6, 4), ~0ULL, ~0ULL) != 0;
	}
	check("baselines hide fields without a row", shown, 0);
	check("baselines do not hide bits of CTR_EL0",
	      default_of(GUEST_COMPAT_V6_1, sys_reg(3, 3, 0, 0, 1), 0, 0x9444c004), 0x9444c004);
}

/* Published baselines never change. The file "published" has them. */
static void check_baselines(const char *published)
{
	unsigned int incoherent = 0, lacking = 0;

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		struct kvm_guest_compat compat;

		guest_compat_of(&compat, &guest_compat_baselines[i]);
		incoherent += kvm_arch_guest_compat_incoherent(&compat) != 0;
		lacking += guest_compat_selectable(&guest_compat_baselines[i]) !=
			   (guest_compat_baselines[i].release <= guest_compat_native);
	}
	check("each published line is kept", freeze_kept(published), 0);
	check("each published field, register and hypercall is kept", shown_kept(published), 0);
	check("the newest version of each release is what the rows say",
	      freeze_up_to_date(published), 0);
	check("the lines of baselines.h are in order", freeze_order(), 0);
	check("the revisions of each baseline go together", incoherent, 0);
	check("this kernel offers the baselines up to its release, and no others", lacking, 0);
}

/* Publishes all, then adds a field's bit, a register and a hypercall: all must be found. */
static void check_shown(void)
{
	char text[32768], line[512], *at = text;

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		freeze_line(line, &guest_compat_baselines[i]);
		at += sprintf(at, "%s\n", line);
	}
	shown_write(at);
	check("what publish writes is what check wants", shown_kept(text), 0);

	/* Clears the top bit of 0xff0f00f0, as if it was added later. */
	at = strstr(text, "fields 3, 0, 0, 6, 3: 0xff");
	*strstr(at, "ff") = '7';
	at = strstr(text, "\nlisted CNTPCT_EL0\n");
	at[strlen("\nlisted ")] = 'X';
	at = strstr(text, "\nservices ");
	at[strlen("\nservices {")] = '1';
	check("a field, a register and a hypercall without a row are found", shown_kept(text), 4);
}

int main(int argc, char *argv[])
{
	const char *published;

	if (argc < 2) {
		print_table();
		return 0;
	}
	if (!strcmp(argv[1], "vectors")) {
		print_vectors();
		return 0;
	}
	if (!strcmp(argv[1], "baselines")) {
		print_baselines();
		return 0;
	}
	published = freeze_read(argv[2]);
	if (!strcmp(argv[1], "publish")) {
		if (freeze_kept(published) || shown_kept(published) ||
		    freeze_up_to_date(published))
			return 1;
		print_published();
		return 0;
	}

	printf("TAP version 13\n");
	check_rows();
	check_rules();
	check_nv();
	check_native();
	check_unknown();
	check_baselines(published);
	check_shown();
	return done();
}
