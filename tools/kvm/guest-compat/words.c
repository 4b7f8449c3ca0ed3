// SPDX-License-Identifier: GPL-2.0-only
/* Why an item differs: by the kernel's table, and by what the documentation says of it */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

#define CHANGE(...)
#define REVISION(id, rev, releases, text)	{ id, rev, releases, text },
static const struct {
	unsigned int id, rev;
	const char *releases, *text;
} revisions[] = {
#include "docs.inc"
};

#undef CHANGE
#undef REVISION
#define REVISION(...)
#define CHANGE(section, what, release, how)	{ section, what, release, how },
static const struct change changes[] = {
#include "docs.inc"
};

#define ITEM(pattern, behaviours)	{ pattern, behaviours },
static const struct {
	const char *pattern, *behaviours;
} items[] = {
#include "items.inc"
};

const char *revision_text(unsigned int id, unsigned int revision, const char **releases)
{
	for (size_t i = 0; i < ARRAY_SIZE(revisions); i++) {
		if (revisions[i].id == id && revisions[i].rev == revision) {
			*releases = revisions[i].releases;
			return revisions[i].text;
		}
	}
	*releases = "";
	return "";
}

unsigned int behaviours_of_item(const char *name, uint64_t bits, unsigned int *ids,
				unsigned int max)
{
	char list[128], pattern[64], *word, *at, *dot;
	const struct field *f;
	unsigned int nr = 0;

	for (unsigned int id = 1; id < nr_behaviours() && nr < max; id++)
		if (behaviour_has_field(id, name, bits))
			ids[nr++] = id;
	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		snprintf(pattern, sizeof(pattern), "%s", items[i].pattern);
		dot = strchr(pattern, '.');
		if (dot)
			*dot++ = '\0';
		if (fnmatch(pattern, name, 0))
			continue;
		for (f = NULL; dot && (f = next_field(f, name, bits)) && strcmp(f->name, dot); )
			;
		if (dot && !f)
			continue;
		snprintf(list, sizeof(list), "%s", items[i].behaviours);
		for (word = strtok_r(list, " ", &at); word && nr < max;
		     word = strtok_r(NULL, " ", &at))
			if (behaviour_id(word))
				ids[nr++] = behaviour_id(word);
	}
	return nr;
}

/* Is @name what the pattern @p says, as PMCEID*_EL0 or KVM_REG_ARM_{STD,STD_HYP}_BMAP? */
static bool fits(const char *p, const char *name)
{
	const char *open = strchr(p, '{'), *close = open ? strchr(open, '}') : NULL, *word;
	char one[256];

	if (!close)
		return !fnmatch(p, name, 0);
	for (word = open + 1; word < close; word += strcspn(word, ",}") + 1) {
		snprintf(one, sizeof(one), "%.*s%.*s%s", (int)(open - p), p,
			 (int)strcspn(word, ",}"), word, close + 1);
		if (fits(one, name))
			return true;
	}
	return false;
}

/* Does @text name the register or the behaviour @name? */
static bool names(const char *text, const char *name)
{
	const char *field = strchr(name, '.');
	char word[256], base[64], *dot;
	size_t n = 0, depth = 0;

	snprintf(base, sizeof(base), "%.*s", (int)strcspn(name, "<."), name);
	for (;; text++) {
		bool ends = !*text || *text == ' ' || *text == ';' || *text == ':' ||
			    (*text == ',' && !depth);

		depth += *text == '{';
		depth -= depth && *text == '}';
		if (!ends && n < sizeof(word) - 2) {
			/* <n> is any number */
			if (*text == '<')
				word[n++] = '*';
			else if (n && word[n - 1] == '*' && (*text == 'n' || *text == '>'))
				;
			else
				word[n++] = *text;
			continue;
		}
		word[n] = '\0';
		/* Of another field of the register, unless the register as a whole is asked for */
		dot = strchr(word, '.');
		if (dot)
			*dot++ = '\0';
		if ((!dot || !field || fits(dot, field + 1)) &&
		    n > (strchr(word, '*') ? 5 : 2) && word[0] != '*' && fits(word, base))
			return true;
		n = 0;
		if (!*text)
			return false;
	}
}

/* Those after @c that are about the item or the behaviour, either of which may be NULL */
const struct change *next_change(const struct change *c, const char *item, const char *behaviour)
{
	for (c = c ? c + 1 : changes; c < changes + ARRAY_SIZE(changes); c++)
		if ((item && (names(c->what, item) || names(c->how, item))) ||
		    (behaviour && names(c->how, behaviour)))
			return c;
	return NULL;
}
