/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_COMPAT_FREEZE_H
#define GUEST_COMPAT_FREEZE_H

/*
 * Checks that published baselines do not change. The file "published" has a line for
 * each: its name, the release that published it, the point release measured, and the
 * revision of each behaviour. A kernel must have each of these baselines. For the ids
 * that a line has, the revisions must be those of the line.
 */

/* Writes the revisions of a baseline, and '.' for an id without a row. */
static inline void freeze_vector(char *text, const struct guest_compat_baseline *baseline)
{
	unsigned int id;

	for (id = 1; id < guest_compat_nr; id++)
		*text++ = guest_compat_known(id) ?
			  '0' + guest_compat_published(baseline, id) : '.';
	*text = '\0';
}

/* Writes the revisions that @release has by the rows. */
static inline void freeze_release(char *text, unsigned int release)
{
	unsigned int id;

	for (id = 1; id < guest_compat_nr; id++)
		*text++ = guest_compat_known(id) ? '0' + guest_compat_revision(id, release) : '.';
	*text = '\0';
}

static inline void freeze_release_name(char *name, unsigned int release)
{
	sprintf(name, "%u.%u", 5 + (release + 9) / 20, (release + 9) % 20);
}

static inline void freeze_line(char *line, const struct guest_compat_baseline *baseline)
{
	char name[16], published[16], vector[GUEST_COMPAT_MAX_ID + 1];

	guest_compat_name(name, sizeof(name), baseline);
	freeze_release_name(published, baseline->published);
	freeze_vector(vector, baseline);
	sprintf(line, "%s %s %s %s", name, published, baseline->measured, vector);
}

static inline const struct guest_compat_baseline *freeze_find(const char *name)
{
	char known[16];

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		guest_compat_name(known, sizeof(known), &guest_compat_baselines[i]);
		if (!strcmp(name, known))
			return &guest_compat_baselines[i];
	}

	return NULL;
}

/* Returns whether @published has a line for baseline @name. */
static inline bool freeze_is_published(const char *published, const char *name)
{
	const char *line = published;
	size_t len = strlen(name);

	while (line) {
		if (!strncmp(line, name, len) && line[len] == ' ')
			return true;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}

	return false;
}

/*
 * Returns whether @baseline equals the published line @was. An id that came later must
 * have the revision of the release that published the line: VMs had that one until then.
 */
static inline bool freeze_same(const struct guest_compat_baseline *baseline, const char *was)
{
	char now[512], vector[GUEST_COMPAT_MAX_ID + 1];
	size_t len, start;

	freeze_line(now, baseline);
	freeze_vector(vector, baseline);
	start = strlen(now) - strlen(vector);
	len = strlen(was);
	if (len < start || strncmp(was, now, start) || len > strlen(now))
		return false;

	for (unsigned int id = 1; id < guest_compat_nr; id++) {
		char is = vector[id - 1];

		char want = '0' + guest_compat_revision(id, baseline->published);

		if (start + id <= len && was[start + id - 1] != '.')
			want = was[start + id - 1];
		else if (is == '.')
			continue;
		if (is != want)
			return false;
	}

	return true;
}

/* Returns the number of published lines that were changed or removed, and says what to do. */
static inline unsigned int freeze_kept(const char *published)
{
	char line[512], now[512], name[16];
	unsigned int bad = 0;
	const char *next;

	for (; *published; published = next) {
		const struct guest_compat_baseline *baseline;
		size_t len = strcspn(published, "\n");

		next = published + len + !!published[len];
		if (!isdigit(*published))
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)len, published);
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, " "), line);

		baseline = freeze_find(name);
		if (baseline && freeze_same(baseline, line))
			continue;

		if (baseline)
			freeze_line(now, baseline);
		bad++;
		printf("# %s is published, and never changes.\n", name);
		printf("#   published: %s\n", line);
		printf("#   here:      %s\n", baseline ? now : "(no such line)");
		printf("# Restore its line in baselines.h, and the .since of its rows;\n");
		printf("# a correction is the next version of the baseline, in its own line.\n");
	}

	return bad;
}

/* Returns the number of newest versions that differ from the rows, and says what to do. */
static inline unsigned int freeze_up_to_date(const char *published)
{
	char want[GUEST_COMPAT_MAX_ID + 1], has[GUEST_COMPAT_MAX_ID + 1], name[16], release[16];
	unsigned int bad = 0;

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		const struct guest_compat_baseline *baseline = &guest_compat_baselines[i];

		if (!guest_compat_newest_version(baseline))
			continue;

		freeze_release(want, baseline->release);
		freeze_vector(has, baseline);
		if (!strcmp(want, has))
			continue;

		bad++;
		guest_compat_name(name, sizeof(name), baseline);
		freeze_release_name(release, baseline->release);
		printf("# %s, by its rows, is not %s:\n#   rows: %s\n#   line: %s\n", release, name,
		       want, has);
		if (freeze_is_published(published, name))
			printf("# %s is published: leave it, and add a line for %s-v%u.\n",
			       name, release, baseline->version + 1);
		else
			printf("# %s is not published: give its line what the rows say.\n", name);
	}

	return bad;
}

/* Returns the number of lines that are out of order, by release and version. */
static inline unsigned int freeze_order(void)
{
	unsigned int bad = 0;

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		const struct guest_compat_baseline *baseline = &guest_compat_baselines[i];
		unsigned int before = 0;

		for (unsigned int j = 0; j < i; j++) {
			const struct guest_compat_baseline *other = &guest_compat_baselines[j];

			before += other->release == baseline->release;
			bad += other->release > baseline->release ||
			       (other->release == baseline->release &&
				other->published > baseline->published);
		}
		bad += baseline->version != before + 1;
		bad += baseline->published < baseline->release;
	}

	return bad;
}

static inline char *freeze_read(const char *name)
{
	static char text[65536];
	FILE *f = fopen(name, "r");

	if (!f) {
		printf("Bail out! %s: %s\n", name, strerror(errno));
		exit(1);
	}
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

#endif /* GUEST_COMPAT_FREEZE_H */
