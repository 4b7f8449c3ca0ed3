/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_COMPAT_SHOWN_H
#define GUEST_COMPAT_SHOWN_H

/*
 * Baselines also depend on tables without revisions: the ID register fields that KVM
 * knows, the registers that it lists, and the hypercalls of each revision. The file
 * "published" has these, too. A later addition needs a row that hides it at all
 * published baselines.
 */
#define REG(reg)		"listed " #reg "\n"
#define REGS(first, last)	"listed " #first " - " #last "\n"
static const char shown_listed[] =
#include "../../../../../arch/arm64/kvm/guest-compat/listed.h"
;
#undef REGS
#undef REG

static const char shown_services[] = "services "
#include "guest-compat/services.h"
;

static u32 shown_reg(unsigned int i)
{
	return sys_reg(3, 0, 0, i / 8, i % 8);
}

static void shown_field(char *line, unsigned int i, u64 mask)
{
	sprintf(line, "fields 3, 0, 0, %u, %u: %#llx\n", i / 8, i % 8, (unsigned long long)mask);
}

static void shown_write(char *text)
{
	*text = '\0';
	for (unsigned int i = 8; i < 64; i++) {
		shown_field(text, i, known(shown_reg(i)));
		text += strlen(text);
	}
	sprintf(text, "%s%s\n", shown_listed, shown_services);
}

static u64 shown_mask(const char *published, unsigned int i)
{
	char line[64];
	const char *at;

	shown_field(line, i, 0);
	*strchr(line, ':') = '\0';
	at = strstr(published, line);
	return at ? strtoull(strchr(at, ':') + 1, NULL, 0) : 0;
}

/* Returns whether all published baselines hide the fields @mask of @reg, or register @name. */
static bool shown_in_none(const char *published, u32 reg, u64 mask, const char *name)
{
	char baseline[16];

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		struct kvm_guest_compat compat;
		bool hidden = false;

		guest_compat_name(baseline, sizeof(baseline), &guest_compat_baselines[i]);
		if (!freeze_is_published(published, baseline))
			continue;

		guest_compat_of(&compat, &guest_compat_baselines[i]);
		if (!name)
			hidden = !(mask & ~guest_compat_id_fields(compat.revision, reg,
								  GUEST_COMPAT_ID_VALUE(0)));
		for (unsigned int id = 1; name && id < guest_compat_nr; id++)
			hidden |= !strncmp(guest_compat_behaviours[id].name, "list_", 5) &&
				  strstr(guest_compat_behaviours[id].description, name) &&
				  !compat.revision[id];
		if (!hidden)
			return false;
	}

	return true;
}

/* Compares the tables with "published", and returns the number of errors. */
static unsigned int shown_kept(const char *published)
{
	const char *services = strstr(published, "\nservices "), *line;
	unsigned int bad = 0;
	char name[64];

	for (unsigned int i = 8; i < 64; i++) {
		u64 was = shown_mask(published, i), now = known(shown_reg(i));

		if (!(was & ~now) && shown_in_none(published, shown_reg(i), now & ~was, NULL))
			continue;
		bad++;
		printf("# known_fields[] of S3_0_C0_C%u_%u is %#llx, and was %#llx:\n",
		       i / 8, i % 8, (unsigned long long)now, (unsigned long long)was);
		printf("# nothing goes away, and what is new needs a row.\n");
	}

	for (line = shown_listed; *line; line = strchr(line, '\n') + 1) {
		snprintf(name, sizeof(name), "\n%.*s\n", (int)strcspn(line, "\n"), line);
		if (strstr(published, name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(line + 7, "(\n "), line + 7);
		if (shown_in_none(published, 0, 0, name))
			continue;
		bad++;
		printf("# %s came to listed.h: it needs a row \"list_*\" that names it.\n", name);
	}

	for (line = strstr(published, "\nlisted "); line; line = strstr(line + 1, "\nlisted ")) {
		snprintf(name, sizeof(name), "%.*s\n", (int)strcspn(line + 1, "\n"), line + 1);
		if (strstr(shown_listed, name))
			continue;
		bad++;
		printf("# It is no longer in listed.h: %s", name);
	}

	/* Additions at the end of services[] are allowed. */
	if (services && strncmp(services + 1, shown_services, strcspn(services + 1, "\n"))) {
		bad++;
		printf("# services[] of firmware.c has changed:\n#   here: %s\n", shown_services);
	}

	return bad;
}

#endif /* GUEST_COMPAT_SHOWN_H */
