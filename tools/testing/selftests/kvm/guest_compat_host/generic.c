// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests the code of virt/kvm with the tables of a made-up architecture. Kernel A has
 * three behaviours and four releases. Kernel B is a later state of A's tables. They have
 * a fourth behaviour, found after the baselines were published, and a second version of
 * each baseline that this makes wrong.
 */
#include "shims.h"

enum { SHAPE = 1, COLOUR = 2, TASTE = 4, SMELL = 5 };

#define ROWS									\
	[SHAPE] = {								\
		.name = "shape", .description = "Its shape",			\
		.since = { [GUEST_COMPAT_V6_1] = GUEST_COMPAT_REV(1) },		\
	},									\
	[COLOUR] = {								\
		.name = "colour", .description = "Its colour",			\
		.since = { [GUEST_COMPAT_V5_10] = GUEST_COMPAT_REV(0),		\
			   [GUEST_COMPAT_V6_1] = GUEST_COMPAT_REV(1),		\
			   [GUEST_COMPAT_V6_12] = GUEST_COMPAT_REV(2),		\
			   [GUEST_COMPAT_V7_3] = GUEST_COMPAT_REV(1) },		\
	},									\
	[TASTE] = {								\
		.name = "taste", .description = "Its taste",			\
		.native = GUEST_COMPAT_REV(1),					\
		.since = { [GUEST_COMPAT_V5_10] = GUEST_COMPAT_REV(0) },	\
	}

static const struct guest_compat_behaviour rows_a[] = { ROWS };

/* A late row: 7.3 published baselines before this behaviour was found. */
static const struct guest_compat_behaviour rows_b[] = {
	ROWS,
	[SMELL] = {
		.name = "smell", .description = "Its smell",
		.since = { [GUEST_COMPAT_V6_4] = GUEST_COMPAT_REV(1) },
	},
};

#define BASELINE(major, minor, v, on, measured, revisions)			\
	{ GUEST_COMPAT_RELEASE(major, minor), v, on, measured, revisions }

static const struct guest_compat_baseline baselines_a[] = {
	BASELINE(5, 10, 1, GUEST_COMPAT_V7_3, "5.10.1", "00.0"),
	BASELINE(6, 1, 1, GUEST_COMPAT_V7_3, "6.1.2", "11.0"),
	BASELINE(6, 12, 1, GUEST_COMPAT_V7_3, "6.12.3", "12.0"),
	BASELINE(7, 3, 1, GUEST_COMPAT_V7_3, "7.3.4", "11.0"),
};

static const struct guest_compat_baseline baselines_b[] = {
	BASELINE(5, 10, 1, GUEST_COMPAT_V7_3, "5.10.1", "00.0"),
	BASELINE(5, 10, 2, GUEST_COMPAT_V7_3, "5.10.1", "00.00"),
	BASELINE(6, 1, 1, GUEST_COMPAT_V7_3, "6.1.2", "11.0"),
	BASELINE(6, 1, 2, GUEST_COMPAT_V7_3, "6.1.2", "11.00"),
	BASELINE(6, 12, 1, GUEST_COMPAT_V7_3, "6.12.3", "12.0"),
	BASELINE(7, 3, 1, GUEST_COMPAT_V7_3, "7.3.4", "11.0"),
};

/* Published lines are changed here. A new version should have been added instead. */
static const struct guest_compat_baseline baselines_changed[] = {
	BASELINE(5, 10, 1, GUEST_COMPAT_V7_3, "5.10.1", "00.0"),
	BASELINE(6, 1, 1, GUEST_COMPAT_V7_3, "6.1.2", "11.00"),
	BASELINE(6, 12, 1, GUEST_COMPAT_V7_3, "6.12.3", "11.0"),
	BASELINE(7, 3, 1, GUEST_COMPAT_V7_3, "7.3.4", "11.0"),
};

static const struct guest_compat_baseline baselines_dropped[] = {
	BASELINE(5, 10, 1, GUEST_COMPAT_V7_3, "5.10.1", "00.0"),
	BASELINE(6, 1, 1, GUEST_COMPAT_V7_3, "6.1.2", "11.0"),
};

/* The baselines that kernel A published */
static const char published[] =
	"# comment\n"
	"5.10-v1 7.3 5.10.1 00.0\n"
	"6.1-v1 7.3 6.1.2 11.0\n"
	"6.12-v1 7.3 6.12.3 12.0\n"
	"7.3-v1 7.3 7.3.4 11.0\n";

static const u8 no_backports[GUEST_COMPAT_MAX_ID + 1];
static const u8 backports[GUEST_COMPAT_MAX_ID + 1] = { [SHAPE] = GUEST_COMPAT_REV(0) };
static const u8 undone[GUEST_COMPAT_MAX_ID + 1] = { [COLOUR] = GUEST_COMPAT_REV(1) };
static const u8 ahead[GUEST_COMPAT_MAX_ID + 1] = { [COLOUR] = GUEST_COMPAT_REV(2) };

struct kernel {
	const struct guest_compat_behaviour *rows;
	unsigned int nr;
	const struct guest_compat_baseline *baselines;
	unsigned int nr_baselines;
	unsigned int native;
	const u8 *backports;
};

static struct kernel a = {
	rows_a, ARRAY_SIZE(rows_a), baselines_a, ARRAY_SIZE(baselines_a),
	GUEST_COMPAT_V7_3, no_backports,
};

static struct kernel b = {
	rows_b, ARRAY_SIZE(rows_b), baselines_b, ARRAY_SIZE(baselines_b),
	GUEST_COMPAT_V7_3, no_backports,
};

/* B's tables on a kernel that is older than the change of the late row */
static struct kernel old_b = {
	rows_b, ARRAY_SIZE(rows_b), baselines_b, ARRAY_SIZE(baselines_b),
	GUEST_COMPAT_V6_1, no_backports,
};

/* A's tables on an older kernel with a backport */
static struct kernel old = {
	rows_a, ARRAY_SIZE(rows_a), baselines_a, ARRAY_SIZE(baselines_a),
	GUEST_COMPAT_V6_12, backports,
};

/* "less" reverted a change of its own release. "more" has a backport of a later one. */
static struct kernel less = {
	rows_a, ARRAY_SIZE(rows_a), baselines_a, ARRAY_SIZE(baselines_a),
	GUEST_COMPAT_V6_12, undone,
};

static struct kernel more = {
	rows_a, ARRAY_SIZE(rows_a), baselines_a, ARRAY_SIZE(baselines_a),
	GUEST_COMPAT_V6_4, ahead,
};

/* B with changed lines, B without new versions, and A with lines dropped */
static struct kernel changed = {
	rows_b, ARRAY_SIZE(rows_b), baselines_changed, ARRAY_SIZE(baselines_changed),
	GUEST_COMPAT_V7_3, no_backports,
};

static struct kernel lazy = {
	rows_b, ARRAY_SIZE(rows_b), baselines_a, ARRAY_SIZE(baselines_a),
	GUEST_COMPAT_V7_3, no_backports,
};

static struct kernel dropped = {
	rows_a, ARRAY_SIZE(rows_a), baselines_dropped, ARRAY_SIZE(baselines_dropped),
	GUEST_COMPAT_V7_3, no_backports,
};

static struct kernel *kernel = &a;

#define guest_compat_behaviours		(kernel->rows)
#define guest_compat_nr			(kernel->nr)
#define guest_compat_baselines		(kernel->baselines)
#define guest_compat_nr_baselines	(kernel->nr_baselines)
#define guest_compat_native		(kernel->native)
#define guest_compat_backports		(kernel->backports)

/* COLOUR 2 needs SHAPE 1. */
unsigned int kvm_arch_guest_compat_incoherent(const struct kvm_guest_compat *compat)
{
	return compat->revision[COLOUR] == 2 && !compat->revision[SHAPE] ? COLOUR : 0;
}

#include "../../../../../virt/kvm/guest_compat.c"
#include "../../../../../virt/kvm/guest_compat_name.c"
#include "freeze.h"

static const char *said(const struct kvm_guest_compat *compat)
{
	static char text[GUEST_COMPAT_LONGEST];

	guest_compat_format(text, sizeof(text), compat);
	return text;
}

static struct kvm_guest_compat of(unsigned int number)
{
	struct kvm_guest_compat compat;

	guest_compat_of(&compat, guest_compat_find(number));
	return compat;
}

static bool same(const struct kvm_guest_compat *x, const struct kvm_guest_compat *y)
{
	return !memcmp(x->revision, y->revision, sizeof(x->revision));
}

/* Passes the vector @has, as LIST on kernel @from returns it, to LOAD on kernel @to. */
static int move(struct kernel *from, struct kernel *to, const struct kvm_guest_compat *has,
		struct kvm_guest_compat *got, u32 *bad_id)
{
	struct kvm_guest_compat_behaviour entries[8];
	struct guest_compat_reader reader;
	u32 native = from->native, nr = 0;
	int ret;

	kernel = from;
	for (unsigned int id = guest_compat_next(0); id; id = guest_compat_next(id))
		guest_compat_tell(&entries[nr++], id, has);

	kernel = to;
	guest_compat_start(&reader);
	for (u32 i = 0; i < nr; i++) {
		*bad_id = entries[i].id;
		ret = guest_compat_take(&reader, &entries[i]);
		if (ret)
			return ret;
	}
	ret = guest_compat_complete(&reader, native, has->baseline, bad_id);
	*got = reader.want;
	return ret;
}

#define V1(release)	((release) << 8 | 1)
#define V2(release)	((release) << 8 | 2)

static void check_tables(void)
{
	struct kvm_guest_compat compat;

	kernel = &a;
	check("a release that no row names has the revision of the one before it",
	      guest_compat_revision(COLOUR, GUEST_COMPAT_V6_4), 1);
	check("a release may go back to an earlier revision",
	      guest_compat_revision(COLOUR, GUEST_COMPAT_V7_3), 1);
	check("an unknown later release has the newest revision",
	      guest_compat_revision(COLOUR, 1000), 1);
	check("ids may have holes", guest_compat_next(COLOUR), TASTE);
	check("an id without a row is not known", guest_compat_known(3), false);
	check("5.10 is release 1", GUEST_COMPAT_V5_10, 1);
	check("6.1 is release 12", GUEST_COMPAT_V6_1, 12);
	check("7.3 is release 34", GUEST_COMPAT_V7_3, 34);
	check("6.12-v1 has its number in the UAPI", guest_compat_number(&baselines_a[2]),
	      KVM_GUEST_COMPAT_6_12_V1);

	guest_compat_native_of(&compat);
	check("a native revision follows the native release", compat.revision[COLOUR], 1);
	check("a native revision follows the row's .native", compat.revision[TASTE], 1);
	check("the native vector does not differ from native",
	      guest_compat_differs(&compat), false);
	compat = of(KVM_GUEST_COMPAT_7_3_V1);
	check("the newest baseline differs from native", guest_compat_differs(&compat), true);

	check("an earlier release decides the highest revision", guest_compat_highest(COLOUR), 2);
	check("the row's .native decides the highest revision", guest_compat_highest(TASTE), 1);

	kernel = &less;
	check("a kernel that reverted a change does not offer its revision",
	      guest_compat_highest(COLOUR), 1);
	kernel = &more;
	check("a kernel does not offer the revision of a later release",
	      guest_compat_highest(TASTE), 1);
	check("a kernel offers the revision of a backport", guest_compat_highest(COLOUR), 2);
	more.backports = no_backports;
	check("the same kernel without the backport does not offer it",
	      guest_compat_highest(COLOUR), 1);

	kernel = &old;
	check("a backport decides the native revision", guest_compat_native_revision(SHAPE), 0);
	check("a backport does not lower the highest revision", guest_compat_highest(SHAPE), 1);
	check("a kernel does not offer the baseline of a later release",
	      !guest_compat_find(KVM_GUEST_COMPAT_7_3_V1), true);
	check("a kernel offers the baseline of its own release",
	      !guest_compat_find(KVM_GUEST_COMPAT_6_12_V1), false);
	check("a kernel does not offer a version that it does not know",
	      !guest_compat_find(V2(GUEST_COMPAT_V6_1)), true);
	check("a number with bits above 31 is no baseline",
	      !guest_compat_find(1ULL << 32 | KVM_GUEST_COMPAT_6_1_V1),
	      true);
}

static void check_names(void)
{
	static const struct {
		const char *text;
		const char *is;		/* NULL: the text is refused */
		const char *why;
	} texts[] = {
		{ "native", "native" },
		{ "native\n", "native" },
		{ "6.1", "6.1-v2" },
		{ "6.1-v1", "6.1-v1" },
		{ "6.1-v2\n", "6.1-v2" },
		{ "6.12", "6.12-v1" },
		{ "6.12,taste=1,shape=1\n", "6.12-v1,taste=1" },
		{ "6.12,colour=0,colour=1", "6.12-v1,colour=1" },
		{ "native,colour=0", "native,colour=0" },
		{ "6.1-v3", NULL, "no baseline \"6.1-v3\"" },
		{ "6.1-v", NULL, "no baseline \"6.1-v\"" },
		{ "6.1-", NULL, "no baseline \"6.1-\"" },
		{ "6.1-v01", NULL, "no baseline" },
		{ "6", NULL, "no baseline \"6\"" },
		{ "6.4", NULL, "no baseline \"6.4\"" },
		{ "", NULL, "no baseline" },
		{ " 6.1", NULL, "no baseline" },
		{ "colour=0", NULL, "no baseline" },
		{ "6.1,", NULL, "no behaviour" },
		{ "6.1,weight=0", NULL, "no behaviour \"weight\"" },
		{ "6.1,colour", NULL, "\"colour\" needs a revision from 0 to 2" },
		{ "6.1,colour=3", NULL, "\"colour\" needs a revision" },
		{ "6.1,colour=-1", NULL, "\"colour\" needs a revision" },
		{ "6.1,colour=256", NULL, "\"colour\" needs a revision" },
		{ "6.1\n6.1", NULL, "no baseline" },
		{ "6.12,shape=0", NULL, "colour=2 does not go with" },
		{ "6.12,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1",
		  NULL, "too long" },
	};
	struct kvm_guest_compat compat, again;
	unsigned int wrong = 0;

	kernel = &b;
	for (unsigned int i = 0; i < ARRAY_SIZE(texts); i++) {
		int ret = guest_compat_parse(&compat, texts[i].text);
		bool ok;

		if (texts[i].is)
			ok = !ret && !strcmp(said(&compat), texts[i].is) &&
			     !guest_compat_parse(&again, said(&compat)) && same(&compat, &again) &&
			     compat.baseline == again.baseline;
		else
			ok = ret == -EINVAL && strstr(kvm_said, texts[i].why);
		if (!ok)
			printf("# \"%s\": %d, \"%s\"\n", texts[i].text, ret,
			       ret ? kvm_said : said(&compat));
		wrong += !ok;
	}
	check("each text is parsed, or refused with its reason; what is written parses again",
	      wrong, 0);

	guest_compat_parse(&compat, "6.1");
	check("the log says which version a bare name selects",
	      !strstr(kvm_said, "\"6.1\" selects 6.1-v2"), false);
	*kvm_said = '\0';
	guest_compat_parse(&compat, "6.1-v1");
	check("the log says nothing of an exact name", *kvm_said, 0);

	kernel = &a;
	guest_compat_parse(&compat, "6.1");
	check("a bare name selects an older version on an older kernel", compat.baseline,
	      KVM_GUEST_COMPAT_6_1_V1);
}

static void check_versions(void)
{
	static const unsigned int releases[] = {
		GUEST_COMPAT_V5_10, GUEST_COMPAT_V6_1, GUEST_COMPAT_V6_12, GUEST_COMPAT_V7_3,
	};
	struct kvm_guest_compat on_a, on_b, got;
	unsigned int wrong = 0, refused = 0;
	u32 bad_id;

	for (unsigned int i = 0; i < ARRAY_SIZE(releases); i++) {
		unsigned int number = V1(releases[i]);

		kernel = &a;
		on_a = of(number);
		kernel = &b;
		on_b = of(number);

		/* The result must equal the baseline as selected there: LOAD may follow a vCPU. */
		refused += move(&a, &b, &on_a, &got, &bad_id) != 0;
		wrong += !same(&got, &on_b) || got.baseline != number;
		refused += move(&b, &a, &on_b, &got, &bad_id) != 0;
		wrong += !same(&got, &on_a) || got.baseline != number;
	}
	check("version 1 of each baseline moves from A to B and from B to A", refused, 0);
	check("version 1 of each baseline has the same revisions on A and B", wrong, 0);

	kernel = &b;
	on_b = of(V1(GUEST_COMPAT_V6_1));
	check("version 1 has the revision of a late row that its VMs had", on_b.revision[SMELL], 1);
	on_b = of(V2(GUEST_COMPAT_V6_1));
	check("version 2 has the revision of a late row that the release had",
	      on_b.revision[SMELL], 0);
	check("A refuses version 2", move(&b, &a, &on_b, &got, &bad_id), -EINVAL);
	check("A names the late row when it refuses version 2", bad_id, SMELL);
	check("B loads its own version 2", move(&b, &b, &on_b, &got, &bad_id), 0);
	check("B keeps the number of version 2", got.baseline, V2(GUEST_COMPAT_V6_1));

	kernel = &old_b;
	check("a late row takes no baseline from an older kernel",
	      !guest_compat_find(V1(GUEST_COMPAT_V6_1)), false);
	on_a = of(V1(GUEST_COMPAT_V6_1));
	check("on an older kernel, a late row has the native revision", on_a.revision[SMELL], 0);
	check("version 1 moves from an older kernel to B",
	      move(&old_b, &b, &on_a, &got, &bad_id), 0);
	check("B keeps the revision that the older kernel gave", got.revision[SMELL], 0);
}

static void check_vectors(void)
{
	struct kvm_guest_compat_behaviour entry = { .id = COLOUR, .revision = 2 };
	struct guest_compat_reader reader;
	struct kvm_guest_compat has, got;
	u32 bad_id;

	kernel = &a;
	guest_compat_start(&reader);
	check("guest_compat_take() accepts an entry", guest_compat_take(&reader, &entry), 0);
	check("guest_compat_take() refuses a second entry of one id",
	      guest_compat_take(&reader, &entry), -EINVAL);
	entry.id = SHAPE;
	check("guest_compat_take() refuses a revision that does not exist",
	      guest_compat_take(&reader, &entry), -EINVAL);
	entry.revision = 0;
	entry.flags = 1;
	check("guest_compat_take() refuses flags", guest_compat_take(&reader, &entry), -EINVAL);
	entry.flags = 0;
	check("guest_compat_take() accepts an entry of another id",
	      guest_compat_take(&reader, &entry), 0);
	check("guest_compat_complete() refuses two revisions that do not go together",
	      guest_compat_complete(&reader, GUEST_COMPAT_V7_3, 0, &bad_id), -EINVAL);
	check("guest_compat_complete() names the behaviour that does not go with the others",
	      bad_id, COLOUR);

	entry = (struct kvm_guest_compat_behaviour){ .id = 99, .releases = { 0, ~0ULL } };
	check("guest_compat_take() refuses an unknown behaviour that this kernel does differently",
	      guest_compat_take(&reader, &entry), -EINVAL);
	entry.releases[0] = 1ULL << GUEST_COMPAT_V7_3;
	check("guest_compat_take() accepts an unknown behaviour that this kernel does natively",
	      guest_compat_take(&reader, &entry), 0);

	kernel = &less;
	guest_compat_start(&reader);
	check("guest_compat_complete() refuses a missing behaviour whose revision the kernel lacks",
	      guest_compat_complete(&reader, GUEST_COMPAT_V6_12, 0, &bad_id), -EINVAL);
	check("guest_compat_complete() names the missing behaviour whose revision the kernel lacks",
	      bad_id, COLOUR);
	check("a kernel does not offer a baseline with a revision that it lacks",
	      !guest_compat_find(KVM_GUEST_COMPAT_6_12_V1), true);
	check("a kernel offers the baselines before that one",
	      !guest_compat_find(KVM_GUEST_COMPAT_6_1_V1), false);
	kernel = &a;

	guest_compat_start(&reader);
	check("guest_compat_complete() refuses a missing behaviour of an unknown release",
	      guest_compat_complete(&reader, 1000, 0, &bad_id), -EINVAL);
	check("guest_compat_complete() names the missing behaviour of an unknown release",
	      bad_id, SHAPE);
	check("guest_compat_complete() accepts a missing behaviour of a known release",
	      guest_compat_complete(&reader, GUEST_COMPAT_V6_1, 0, &bad_id), 0);
	check("a missing behaviour has the revision of that release",
	      reader.want.revision[COLOUR], 1);

	/* The destination does not know the baseline. */
	kernel = &b;
	has = of(V2(GUEST_COMPAT_V6_1));
	has.revision[SMELL] = 1;
	check("a vector of an unknown baseline loads", move(&b, &a, &has, &got, &bad_id), 0);
	check("a vector of an unknown baseline is written as native with its differences",
	      strcmp(said(&got), "native,taste=0"), 0);
	check("a vector of an unknown baseline keeps its number",
	      got.baseline, V2(GUEST_COMPAT_V6_1));
}

static void check_freeze(void)
{
	kernel = &a;
	check("each published line of A is kept", freeze_kept(published), 0);
	check("each newest version of A is what its rows say", freeze_up_to_date(published), 0);
	check("the lines of A are in order", freeze_order(), 0);
	kernel = &b;
	check("each published line of B is kept", freeze_kept(published), 0);
	check("each newest version of B is what its rows say", freeze_up_to_date(published), 0);
	check("the lines of B are in order", freeze_order(), 0);
	printf("# Each of the following lines is a complaint that the test expects:\n");
	kernel = &changed;
	check("published lines that were changed are found", freeze_kept(published), 2);
	kernel = &dropped;
	check("published lines that were dropped are found", freeze_kept(published), 2);
	kernel = &lazy;
	check("baselines that lack a new version are found", freeze_up_to_date(published), 2);
	kernel = &changed;
	check("lines may change while they are not published", freeze_kept("# nothing\n"), 0);
}

int main(void)
{
	printf("TAP version 13\n");
	check_tables();
	check_names();
	check_versions();
	check_vectors();
	check_freeze();
	return done();
}
