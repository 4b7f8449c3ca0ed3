// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds kernels.tsv and items.tsv against the kernel's parser and tables. "page" prints
 * what kernels.rst has to say of the first, and "string VERSION" the string of a kernel.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

static int tests, failed;

static void result(bool ok, const char *what, const char *which, const char *why)
{
	printf("%sok %d %s%s%s\n", ok ? "" : "not ", ++tests, what, *which ? ": " : "", which);
	if (!ok && why)
		printf("# %s\n", why);
	failed += !ok;
}

/* Each point release that is measured, and what the tables say of the releases between */
static void test_strings(void)
{
	static const struct {
		const char *kernel, *string;
	} known[] = {
		{ "5.10.223-1", "5.10-v1" },
		{ "5.10.251-1", "5.10-v1,pmu_overflow=1" },
		{ "6.1.192-2", "6.1-v1" },
		{ "6.1.119-1", "6.1-v1,id_aa64mmfr1_ecbhb=0,pmu_overflow=0" },
		{ "6.1.148-1", "6.1-v1,id_aa64mmfr1_ecbhb=0" },
		{ "5.10.255-253.1008.amzn2.aarch64", "5.10-v1,list_ptimer=1,pmu_overflow=1" },
		{ "6.1.172-216.329.amzn2023.aarch64", "6.1-v1,list_ptimer=1" },
		{ "6.18.30-61.116.amzn2023.aarch64", "6.18-v1" },
		{ "6.12.117+deb13-cloud-arm64", "6.12-v1" },
		{ "5.15.0-133-generic", "5.15-v1" },
		{ "5.15.173", "5.15-v1,pmu_overflow=0" },
		{ "5.15.215", "5.15-v1" },
		{ "6.6.150", "6.6-v1" },
		{ "6.11.10", "6.11-v1,pmu_overflow=0" },
		{ "6.11.11", "6.11-v1" },
		{ "6.12.1", "6.12-v1,id_aa64pfr0_mpam=0,id_aa64pfr1_mpam_frac=0,pmu_overflow=0" },
		{ "6.12.5", "6.12-v1,id_aa64pfr0_mpam=0,id_aa64pfr1_mpam_frac=0" },
		{ "7.2.9", "7.2-v1,pmu_registers=2" },
		{ "7.2.12", "7.2-v1" },
	};
	char string[STRING_MAX];
	const char *evidence;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		result(string_of_kernel(known[i].kernel, string, sizeof(string), &evidence) &&
		       !strcmp(string, known[i].string),
		       "the string of a kernel", known[i].kernel, string);
	result(!string_of_kernel("4.19.1", string, sizeof(string), &evidence) &&
	       !string_of_kernel("6.12.1-1.amzn2023.aarch64", string,
					 sizeof(string), &evidence) &&
	       !string_of_kernel("6.12.0-55.9.1.el10_0.aarch64", string,
					 sizeof(string), &evidence) &&
	       !string_of_kernel("9.9.1", string, sizeof(string), &evidence),
	       "a kernel that nobody looked at has no string", "", string);
}

/* What the table says of a release, selected, has that release's revisions */
static void test_release(const char *name)
{
	unsigned int release = release_number(name), wrong = 0;
	char string[STRING_MAX], again[STRING_MAX];
	struct vector v, b;

	string_of_release(release, string, sizeof(string));
	if (vector_of_string(string, &v)) {
		result(false, "the table's string is taken", name, vector_of_string(string, &v));
		return;
	}
	/* The oldest behaviour with that revision is no newer than the release. */
	for (unsigned int id = 1; id < nr_behaviours(); id++)
		wrong += behaviour_since(id, v.revision[id]) > release;
	snprintf(again, sizeof(again), "%.*s", (int)strcspn(string, ","), string);
	result(!wrong && !vector_of_string(again, &b),
	       "the table's string is taken, and is of the release", name, string);
}

static void test_rows(void)
{
	for (unsigned int i = 0; i < nr_kernel_rows; i++) {
		const struct kernel_row *k = &kernel_rows[i];
		char release[32], string[STRING_MAX];
		const char *why;
		struct vector v;

		if (!strcmp(k->string, "-"))
			continue;
		snprintf(release, sizeof(release), "%.*s",
			 (int)strcspn(k->pattern, "*") - 1, k->pattern);
		if (!strncmp(k->string, "table", 5))
			test_release(release);
		string_of_row(k, release, string, sizeof(string));
		why = vector_of_string(string, &v);
		result(!why, "the kernel takes the string", string, why);
		result((!strncmp(k->evidence, "measured on ", 12) ||
			!strncmp(k->evidence, "read: ", 6)) &&
		       strpbrk(k->evidence, "0123456789"),
		       "it says how that is known, and of which version", k->pattern, k->evidence);
	}
}

static void test_items(void)
{
	static const char * const names[] = {
		"GICD_IIDR", "GICR_CTLR", "KVM_REG_ARM_PSCI_VERSION", "CCSIDR_EL1<3>", "PMMIR_EL1",
		"KVM_REG_ARM_PTIMER_CVAL", "CNTP_CTL_EL0", "PMEVCNTR17_EL0", "ID_AA64ISAR3_EL1",
	};
	unsigned int ids[16];

#define ITEM(pattern, behaviours)	{ pattern, behaviours },
	static const struct {
		const char *pattern, *behaviours;
	} items[] = {
#include "items.inc"
	};

	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		char list[128], *word, *at;
		bool ok = true;

		snprintf(list, sizeof(list), "%s", items[i].behaviours);
		for (word = strtok_r(list, " ", &at); word; word = strtok_r(NULL, " ", &at))
			ok &= behaviour_id(word) != 0;
		result(ok, "the kernel has the behaviours", items[i].pattern, items[i].behaviours);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		result(behaviours_of_item(names[i], ~0ULL, ids, 16), "an item has its behaviour",
		       names[i], NULL);
	/* NV is bits 27:24, and no row is about CnP, bits 3:0. */
	result(behaviours_of_item("ID_AA64MMFR2_EL1", 0xfULL << 24, ids, 16) == 1 &&
	       !strcmp(behaviour_name(ids[0]), "id_aa64mmfr2_nv") &&
	       !behaviours_of_item("ID_AA64MMFR2_EL1", 0xf, ids, 16),
	       "a field has its behaviour", "", NULL);
	/* GIC is bits 27:24, MPAM 43:40. */
	result(behaviours_of_item("ID_AA64PFR0_EL1", 0xfULL << 24, ids, 16) == 2 &&
	       behaviours_of_item("ID_AA64PFR0_EL1", 0xfULL << 40, ids, 16) == 1,
	       "a line of a field is not of another", "", NULL);
}

/* Each behaviour has words for each of its revisions that a release had */
static void test_words(void)
{
	const char *releases;

	for (unsigned int id = 1; id < nr_behaviours(); id++) {
		bool ok = true;

		for (unsigned int rev = 0; rev < 10; rev++)
			ok &= !behaviour_since(id, rev) || *revision_text(id, rev, &releases);
		result(ok && *behaviour_description(id), "there are words for each revision",
		       behaviour_name(id), NULL);
	}
	result(next_change(NULL, "KVM_REG_ARM_STD_HYP_BMAP", NULL) &&
	       next_change(NULL, "PMCEID1_EL0", NULL) &&
	       next_change(NULL, "ERXMISC3_EL1", NULL) &&
	       next_change(NULL, "CCSIDR_EL1<3>", NULL) &&
	       next_change(NULL, "PMCR_EL0", NULL) && !next_change(NULL, "SPSR_EL1", NULL) &&
	       next_change(NULL, "GICR_CTLR.CES", NULL) &&
	       !next_change(NULL, "GICR_CTLR.EnableLPIs", NULL),
	       "a change is found by the registers that it names", "", NULL);
}

static void test_fields(void)
{
	const struct field *f = next_field(NULL, "ID_AA64MMFR2_EL1", 0xfULL << 24);
	char buf[64];

	result(f && !strcmp(f->name, "NV") && !next_field(f, "ID_AA64MMFR2_EL1", 0xfULL << 24) &&
	       !strcmp(field_value(f, 2ULL << 24, buf, sizeof(buf)), "NV2 (0x2)"),
	       "a field has its name and value", "", buf);
	result(!strcmp(cpu_name(0x414fd0c1), "ARM NEOVERSE_N1 r4p1"), "a CPU has its name", "",
	       cpu_name(0x414fd0c1));
	result(strstr(cpu_name(0xf0510), "has no name for"),
	       "a CPU that nobody knows is said to be one", "", NULL);
	result(!strcmp(sysreg_of(0xdce0), "PMCR_EL0") &&
	       !strcmp(sysreg_of(0xc03a), "ID_AA64MMFR2_EL1") &&
	       !strcmp(sysreg_of(0xdf5e), "PMEVCNTR30_EL0") &&
	       !strcmp(sysreg_of(0xdf60), "PMEVTYPER0_EL0") &&
	       !strcmp(sysreg_of(0xdf7f), "PMCCFILTR_EL0") && !sysreg_of(0xffff),
	       "a register has its name", "", NULL);
	kernel_version("6.1.0-50-cloud-arm64", "#1 SMP Debian 6.1.192-2 (2026-11-01)", buf,
		       sizeof(buf));
	result(!strcmp(buf, "6.1.192-2"), "Debian's point release", "", buf);
	kernel_version("6.8.0-90-generic", "#91-Ubuntu SMP", buf, sizeof(buf));
	result(!strcmp(buf, "6.8.0-90-generic"), "others' version", "", buf);
}

/* The rows of kernels.rst */
static void print_page(void)
{
	char release[32], string[STRING_MAX];

	for (unsigned int i = 0; i < nr_kernel_rows; i++) {
		const struct kernel_row *k = &kernel_rows[i];

		printf("   \"%s%s%s%s%s\", ", k->pattern, *k->from ? " from " : "", k->from,
		       *k->to ? " to " : "", k->to);
		snprintf(release, sizeof(release), "%.*s", (int)strcspn(k->pattern, "*"),
			 k->pattern);
		if (strcmp(k->string, "-") && string_of_row(k, release, string, sizeof(string)))
			printf("\"``%s``\"", string);
		else
			printf("\"not known\"");
		printf(", \"%s\"\n", k->evidence);
	}
}

static int print_string(const char *kernel)
{
	char string[STRING_MAX];
	const char *evidence;

	if (!string_of_kernel(kernel, string, sizeof(string), &evidence)) {
		fprintf(stderr, "kernels.tsv has no string for %s\n", kernel);
		return 1;
	}
	puts(string);
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc > 1 && !strcmp(argv[1], "page")) {
		print_page();
		return 0;
	}
	if (argc > 2 && !strcmp(argv[1], "string"))
		return print_string(argv[2]);
	printf("TAP version 13\n");
	test_strings();
	test_rows();
	test_items();
	test_words();
	test_fields();
	printf("1..%d\n", tests);
	return !!failed;
}
