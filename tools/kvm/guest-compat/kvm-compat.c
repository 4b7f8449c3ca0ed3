// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-compat - which guest can go to which host? See kvm-compat(8).
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

bool as_json;

void say(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "kvm-compat: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
}

static bool any_cpu;

bool other_cpu(uint64_t a, uint64_t b)
{
	/* Another revision of the same part is as good. */
	return !any_cpu && (a ^ b) & 0xff00fff0;
}

static void say_cpus(FILE *f, uint64_t there, uint64_t here)
{
	fprintf(f, "%s (MIDR_EL1 %#llx) there, ", cpu_name(there), (unsigned long long)there);
	fprintf(f, "%s (%#llx) here", cpu_name(here), (unsigned long long)here);
}

void say_other_cpu(const char *file, uint64_t there, uint64_t here)
{
	fprintf(stderr, "kvm-compat: %s is of another CPU model: ", file);
	say_cpus(stderr, there, here);
	fprintf(stderr, ".\n"
		"  A guest sees its CPU, and finds another one after the move: move it to a\n"
		"  host of the same model. --any-cpu goes on all the same.\n");
}

static const char *str(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

static void print_json(json_t *o)
{
	json_dumpf(o, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(o);
}

static const char * const outcomes[] = { "taken", "refused", "altered", "not set",
					  "not listed" };

/* ---------------------------------- Why ---------------------------------- */

#define MOST_REASONS	16

/*
 * Is a behaviour that both have alike no reason for the loss? It can be for what the
 * destination loses of its own guests, too, and where the revisions are not known.
 */
static bool has_to_differ(const struct loss *l, const struct vector *from, const struct vector *to)
{
	return !l->own && from->known && to->known;
}

/* The behaviours that are the reason */
static unsigned int reasons(const struct loss *l, const struct vector *from,
			    const struct vector *to, unsigned int *ids)
{
	unsigned int all[MOST_REASONS], nr, n = 0;

	nr = behaviours_of_item(l->name, l->bits, all, MOST_REASONS);
	for (unsigned int i = 0; i < nr; i++)
		if (!has_to_differ(l, from, to) ||
		    from->revision[all[i]] != to->revision[all[i]])
			ids[n++] = all[i];
	return n;
}

/* Is it one of these behaviours that the change is about? */
static bool is_about(const struct change *c, const unsigned int *ids, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		for (const struct change *d = NULL;
		     (d = next_change(d, NULL, behaviour_name(ids[i])));)
			if (c == d)
				return true;
	return false;
}

/* The changes after @c that are a reason: not those of a behaviour that both have alike */
static const struct change *next_reason(const struct change *c, const struct loss *l,
					const struct vector *from, const struct vector *to)
{
	unsigned int all[MOST_REASONS], nr;

	nr = has_to_differ(l, from, to) ?
	     behaviours_of_item(l->name, l->bits, all, MOST_REASONS) : 0;
	while ((c = next_change(c, l->name, NULL)) && is_about(c, all, nr))
		;
	return c;
}

/* In how many ways is it explained? */
static unsigned int explained(const struct loss *l, const struct vector *from,
			      const struct vector *to)
{
	unsigned int ids[MOST_REASONS], n = reasons(l, from, to, ids);

	return n ?: !!next_reason(NULL, l, from, to);
}

static void add_revisions(json_t *o, unsigned int id, unsigned int from, unsigned int to)
{
	const char *releases;

	json_object_set_new(o, "source_revision", json_integer(from));
	json_object_set_new(o, "source", json_string(revision_text(id, from, &releases)));
	json_object_set_new(o, "destination_revision", json_integer(to));
	json_object_set_new(o, "destination", json_string(revision_text(id, to, &releases)));
}

json_t *why_json(const struct loss *l, const struct vector *from, const struct vector *to)
{
	unsigned int ids[MOST_REASONS], n = reasons(l, from, to, ids);
	const struct change *c = NULL;
	json_t *why = json_array();

	for (unsigned int i = 0; i < n; i++) {
		json_t *o = json_pack("{s:s, s:s}", "behaviour", behaviour_name(ids[i]),
				      "description", behaviour_description(ids[i]));

		if (from->known && to->known)
			add_revisions(o, ids[i], from->revision[ids[i]], to->revision[ids[i]]);
		json_array_append_new(why, o);
	}
	while (!n && (c = next_reason(c, l, from, to)))
		json_array_append_new(why, json_pack("{s:s, s:s, s:s}", "change", c->what,
						     "release", c->release, "previous", c->how));
	return why;
}

static const char *shown_baseline(const struct machine *m, char *buf, size_t size)
{
	buf[0] = '\0';
	if (strcmp(m->baseline, "as it is") && strcmp(m->baseline, "native"))
		snprintf(buf, size, " at %s", m->baseline);
	return buf;
}

/* The value of a loss's item on a machine, as it has it */
static const struct item *item_of_loss(const struct machine *m, const struct loss *l)
{
	for (size_t i = 0; m && i < m->nr; i++)
		if (!strcmp(m->items[i].name, l->name) && !strcmp(m->items[i].class, l->class))
			return &m->items[i];
	return NULL;
}

/* "NV is NV2 (0x2) there, NI (0x0) here", of each field that differs */
static void explain_fields(FILE *f, const struct loss *l, const struct dump *from,
			   const struct machine *fm, const struct dump *to,
			   const struct machine *tm)
{
	const struct item *a = item_of_loss(fm, l), *b = item_of_loss(tm, l);
	const struct field *d = NULL;
	char one[64], two[64];

	if (!a || !b || strncmp(l->name, "ID_", 3))
		return;
	while ((d = next_field(d, l->name, (a->number ^ b->number) & l->bits)))
		fprintf(f, "      %s: %s has %s, %s has %s\n", d->name, from->label,
			field_value(d, a->number, one, sizeof(one)), to ? to->label : "this host",
			field_value(d, b->number, two, sizeof(two)));
}

/* What is behind one loss, or several that have the same behind them */
static void explain_why(FILE *f, const struct loss *l, const char *from, const struct vector *fv,
			const char *to, const struct vector *tv)
{
	unsigned int ids[MOST_REASONS], n = reasons(l, fv, tv, ids);
	const struct change *c = NULL;
	const char *releases, *text;

	for (unsigned int i = 0; i < n; i++) {
		fprintf(f, "      %s: %s\n", behaviour_name(ids[i]),
			behaviour_description(ids[i]));
		if (!fv->known || !tv->known)
			continue;
		text = revision_text(ids[i], fv->revision[ids[i]], &releases);
		fprintf(f, "        %s has revision %u (%s): %s\n", from, fv->revision[ids[i]],
			releases, text);
		text = revision_text(ids[i], tv->revision[ids[i]], &releases);
		fprintf(f, "        %s has revision %u (%s): %s\n", to, tv->revision[ids[i]],
			releases, text);
	}
	while (!n && (c = next_reason(c, l, fv, tv)))
		fprintf(f, "      %s: %s\n        the previous behaviour: %s\n", c->release,
			c->what, c->how);
	if (!n && !next_reason(NULL, l, fv, tv))
		fprintf(f, "      Nothing is known of this difference. Please report it.\n");
}

/* Have two losses the same reasons? ID registers have fields to tell of, each its own. */
static bool alike(const struct loss *a, const struct loss *b, const struct vector *fv,
		  const struct vector *tv)
{
	unsigned int x[MOST_REASONS], y[MOST_REASONS], n = reasons(a, fv, tv, x);

	return a->outcome == b->outcome && n && strncmp(a->name, "ID_", 3) &&
	       strncmp(b->name, "ID_", 3) && reasons(b, fv, tv, y) == n &&
	       !memcmp(x, y, n * sizeof(*x));
}

/* Those of an outcome; TAKEN_ is for what the destination does to its own state, too */
static void print_names(FILE *f, const struct losses *losses, const char *what,
			enum outcome outcome)
{
	unsigned int n = 0;

	for (size_t i = 0; i < losses->nr; i++) {
		const struct loss *l = &losses->l[i];

		if (outcome == TAKEN_ ? !l->own : l->outcome != outcome)
			continue;
		if (!n++)
			fprintf(f, "  %s:", what);
		fprintf(f, " %s", l->name);
	}
	if (n)
		fprintf(f, "\n");
}

void print_losses(FILE *f, const struct losses *losses, const struct dump *from,
		  const struct machine *fm, const struct dump *to, const struct machine *tm)
{
	const char *there = to ? to->label : "this host", *word;
	bool *told = calloc(losses->nr ?: 1, sizeof(*told));
	unsigned int n;

	for (size_t i = 0; i < losses->nr; i++) {
		const struct loss *l = &losses->l[i];

		if (l->outcome >= UNSET_ || l->own || told[i])
			continue;
		fprintf(f, "  %s %s (%s): %s\n", outcomes[l->outcome], l->name, l->class,
			l->detail);
		explain_fields(f, l, from, fm, to, tm);
		n = 0;
		for (size_t j = i + 1; j < losses->nr; j++) {
			const struct loss *m = &losses->l[j];

			if (m->own || told[j] || !alike(l, m, &fm->vector, &tm->vector))
				continue;
			told[j] = true;
			word = strcmp(m->class, l->class) ? m->class : "";
			fprintf(f, "%s%s%s%s%s", n++ ? " " : "      and so are: ", m->name,
				*word ? " (" : "", word, *word ? ")" : "");
		}
		if (n)
			fprintf(f, "\n");
		explain_why(f, l, from->label, &fm->vector, there, &tm->vector);
	}
	print_names(f, losses, "only the destination has", UNSET_);
	print_names(f, losses, "the destination takes, but loses with the next move", UNLISTED_);
	print_names(f, losses, "what the destination loses of its own guests, too", TAKEN_);
	free(told);
}

static json_t *loss_json(const struct loss *l, const struct machine *fm, const struct machine *tm)
{
	static const struct vector unknown;
	json_t *o =
		json_pack("{s:s, s:s, s:s, s:s, s:o}", "result", outcomes[l->outcome], "class",
			  l->class, "name", l->name, "detail", l->detail, "why",
			  why_json(l, fm ? &fm->vector : &unknown, tm ? &tm->vector : &unknown));

	if (l->own)
		json_object_set_new(o, "own", json_true());
	return o;
}

static json_t *losses_json(const struct losses *losses, const struct machine *fm,
			   const struct machine *tm)
{
	json_t *list = json_array();

	for (size_t i = 0; i < losses->nr; i++)
		json_array_append_new(list, loss_json(&losses->l[i], fm, tm));
	return json_pack("{s:b, s:i, s:i, s:i, s:o}", "goes", goes(losses), "refused",
			 losses->refused, "altered", losses->altered, "own", losses->own,
			 "items", list);
}

/* ------------------------------ host and dump ------------------------------ */

static int no_host(void)
{
	say("%s", no_kvm());
	return ERROR;
}

static void print_host(const json_t *host)
{
	const json_t *list;
	const char *key;
	json_t *v;
	size_t i;

	printf("kernel        %s (uname -r: %s)\n", str(host, "kernel"), str(host, "uname"));
	printf("CPU           %s (MIDR_EL1 %s)\n", str(host, "cpu"), str(host, "midr"));
	printf("KVM's mode    %s\n", str(host, "mode"));
	printf("GIC for VMs  ");
	json_array_foreach(json_object_get(host, "gic"), i, v)
		printf(" %s", json_string_value(v));
	printf("\nvCPU features");
	json_object_foreach(json_object_get(host, "capabilities"), key, v)
		if (json_integer_value(v) > 0 && strstr(key, "ARM_"))
			printf(" %s", key + strlen("KVM_CAP_ARM_"));
	list = json_object_get(host, "baselines");
	if (list) {
		printf("\nbaselines    ");
		json_array_foreach((json_t *)list, i, v)
			printf(" %s", json_string_value(v));
		printf("\nhost default  %s\n", str(host, "default"));
	} else {
		printf("\nbaselines     none: this kernel does not have KVM_CAP_GUEST_COMPAT\n");
	}
	if (*str(host, "string"))
		printf("\nOn a patched host, guests see what they see here with\n"
		       "    kvm.guest_compat=%s\n(%s)\n",
		       str(host, "string"), str(host, "evidence"));
	else
		printf("\nWhat a patched host has to select for this kernel is not known.\n");
}

static int host_cmd(int argc, char **argv)
{
	json_t *host;

	if (no_kvm())
		return no_host();
	host = host_facts();
	if (!host)
		return ERROR;
	if (as_json)
		print_json(host);
	else
		print_host(host);
	return GOES;
}

static int dump_cmd(int argc, char **argv)
{
	json_t *dump, *machines = json_array(), *list, *m;
	const char *baseline = NULL, *without = NULL, *file;
	char new[4096];
	size_t i;
	int opt;

	while ((opt = getopt(argc, argv, "b:x:")) != -1) {
		if (opt == 'b')
			baseline = optarg;
		else if (opt == 'x')
			without = optarg;
		else
			return ERROR;
	}
	if (optind != argc - 1) {
		say("dump [-b BASELINE|all] [-x pmu,sve,pauth,its] FILE");
		return ERROR;
	}
	file = argv[optind];
	if (no_kvm())
		return no_host();
	dump = json_pack("{s:s, s:i, s:o}", "format", "kvm-compat dump", "version", 1, "host",
			 host_facts());
	if (!dump)
		return ERROR;
	list = host_baselines();
	if (baseline && !list) {
		say("%s: this kernel does not have KVM_CAP_GUEST_COMPAT",
		    baseline);
		return ERROR;
	}
	if (baseline && !strcmp(baseline, "all")) {
		json_array_insert_new(list, 0, json_string("native"));
		json_array_insert_new(list, 0, json_string("as it is"));
	} else {
		list = json_array();
		json_array_append_new(list, json_string(baseline ?: "as it is"));
	}
	json_array_foreach(list, i, m) {
		say("[%zu/%zu] looking at a virtual machine: %s", i + 1, json_array_size(list),
		    json_string_value(m));
		m = look_at_machine(json_string_value(m), without, false);
		if (!m)
			return ERROR;
		json_array_append_new(machines, m);
	}
	json_object_set_new(dump, "machines", machines);
	snprintf(new, sizeof(new), "%s.new", file);
	if (json_dump_file(dump, new, JSON_INDENT(1)) || rename(new, file)) {
		say("%s: %s", file, strerror(errno));
		unlink(new);
		return ERROR;
	}
	say("%s is written", file);
	return GOES;
}

/* ---------------------------------- diff ---------------------------------- */

/* The remedy, if one side can be told what to be */
static void print_remedy(const struct dump *from, const struct dump *to)
{
	char string[STRING_MAX];
	const char *evidence;

	if (from->patched && !to->patched &&
	    string_of_kernel(to->kernel, string, sizeof(string), &evidence))
		printf("  What to do: start them on %s with kvm.guest_compat=%s, as %s (%s).\n",
		       from->label, string, to->label, evidence);
	else if (to->patched && string_of_kernel(from->kernel, string, sizeof(string), &evidence))
		printf("  What to do: boot %s with kvm.guest_compat=%s (%s).\n", to->label, string,
		       evidence);
	else if (!from->patched && !to->patched)
		printf("  What to do: give one of the two a kernel with KVM_CAP_GUEST_COMPAT.\n");
}

/* ---- What a guest sees, whether or not it is a part of its state ---- */

static const json_t *seen_fact(const struct machine *m, const char *class, const char *name)
{
	return json_object_get(json_object_get(json_object_get(m->json, "seen"), class), name);
}

/* The bits that differ of what are two numbers, else ~0 */
static uint64_t seen_bits(const char *a, const char *b)
{
	char *enda, *endb;
	uint64_t x = strtoull(a, &enda, 16), y = strtoull(b, &endb, 16);

	return *enda || *endb ? ~0ULL : x ^ y;
}

/* What guests that are started on the two see otherwise, as {class, name, a, b, why} */
static json_t *seen_differences(const struct machine *a, const struct machine *b)
{
	json_t *list = json_array(), *facts, *v, *o;
	const json_t *both[] = { json_object_get(a->json, "seen"),
				 json_object_get(b->json, "seen") };
	const char *class, *name;

	for (int side = 0; both[0] && both[1] && side < 2; side++) {
		json_object_foreach((json_t *)both[side], class, facts) {
			json_object_foreach(facts, name, v) {
				const json_t *other = seen_fact(side ? a : b, class, name);
				const char *mine = json_string_value(v);
				const char *its = other ? json_string_value(other) : "UNDEF";
				struct loss l = {};

				/* What one does not tell of does not exist there. */
				if (!strcmp(mine, its) || (side && other))
					continue;
				snprintf(l.name, sizeof(l.name), "%s", name);
				l.bits = seen_bits(mine, its);
				o = json_pack("{s:s, s:s, s:s, s:s, s:o}", "class", class, "name",
					      name, "a", side ? its : mine, "b",
					      side ? mine : its, "why",
					      why_json(&l, &a->vector, &b->vector));
				json_array_append_new(list, o);
			}
		}
	}
	return list;
}

static void print_seen(const json_t *list, const struct dump *a, const struct machine *am,
		       const struct dump *b, const struct machine *bm)
{
	char one[64], two[64];
	const json_t *o;
	size_t i;

	if (!json_array_size(list))
		return;
	printf("\nWhat guests see that are started on the two, and where it differs:\n");
	json_array_foreach((json_t *)list, i, o) {
		const char *name = str(o, "name"), *x = str(o, "a"), *y = str(o, "b");
		const struct field *f = NULL;
		struct loss l = { .bits = seen_bits(x, y) };

		snprintf(l.name, sizeof(l.name), "%s", name);
		printf("  %s (%s): %s on %s, %s on %s\n", name, str(o, "class"), x, a->label, y,
		       b->label);
		while (l.bits != ~0ULL && (f = next_field(f, name, l.bits)))
			printf("      %s: %s has %s, %s has %s\n", f->name, a->label,
			       field_value(f, strtoull(x, NULL, 16), one, sizeof(one)), b->label,
			       field_value(f, strtoull(y, NULL, 16), two, sizeof(two)));
		explain_why(stdout, &l, a->label, &am->vector, b->label, &bm->vector);
	}
}

/* Two values that a kernel takes only together are tried one by one in a dump. */
static const char predicted[] =
	"\nThis is predicted, field by field: 'kvm-compat check' on the destination tries it.\n";

static json_t *direction(struct dump *from, struct machine *fm, struct dump *to,
			 struct machine *tm, bool *all_go)
{
	struct losses losses;
	char one[40], two[40];
	json_t *o = NULL;

	predict(fm, tm, &losses);
	*all_go &= goes(&losses) && !other_cpu(from->midr, to->midr);
	if (as_json) {
		o = losses_json(&losses, fm, tm);
		json_object_set_new(o, "from", json_string(from->label));
		json_object_set_new(o, "to", json_string(to->label));
	} else {
		printf("%s%s to %s%s: %s", from->label, shown_baseline(fm, one, sizeof(one)),
		       to->label, shown_baseline(tm, two, sizeof(two)),
		       goes(&losses) ? "goes" : "does not go");
		if (!goes(&losses))
			printf(": %u refused, %u altered", losses.refused, losses.altered);
		printf("\n");
		if (other_cpu(from->midr, to->midr)) {
			printf("  The CPUs are of different models: ");
			say_cpus(stdout, from->midr, to->midr);
			printf(".\n  --any-cpu compares what KVM takes alone.\n");
		}
		print_losses(stdout, &losses, from, fm, to, tm);
		if (!goes(&losses))
			print_remedy(from, to);
	}
	free(losses.l);
	return o;
}

static int diff_cmd(int argc, char **argv)
{
	const char *baselines[2] = {};
	struct dump d[2];
	struct machine *m[2];
	bool all_go = true;
	json_t *list = json_array(), *seen, *o;
	int opt, i;

	while ((opt = getopt(argc, argv, "a:b:")) != -1) {
		if (opt == '?')
			return ERROR;
		baselines[opt == 'b'] = optarg;
	}
	if (optind != argc - 2) {
		say("diff [-a BASELINE-OF-A] [-b BASELINE-OF-B] A B");
		return ERROR;
	}
	for (i = 0; i < 2; i++) {
		if (!read_dump(&d[i], argv[optind + i]))
			return ERROR;
		m[i] = find_machine(&d[i], baselines[i]);
		if (!m[i]) {
			say("%s: it has no machine at %s: dump it with -b %s", d[i].file,
			    baselines[i], baselines[i]);
			return ERROR;
		}
	}
	for (i = 0; i < 2; i++) {
		o = direction(&d[i], m[i], &d[!i], m[!i], &all_go);
		if (o)
			json_array_append_new(list, o);
		else if (!i)
			printf("\n");
	}
	seen = seen_differences(m[0], m[1]);
	if (as_json) {
		json_array_foreach(list, i, o)
			json_object_set(o, "seen", seen);
		print_json(list);
	} else {
		fputs(predicted, stdout);
		print_seen(seen, &d[0], m[0], &d[1], m[1]);
	}
	json_decref(seen);
	return all_go ? GOES : DOES_NOT;
}

/* -------------------------------- explain -------------------------------- */

static void print_change(const struct change *c)
{
	printf("  %s, %s: %s\n    the previous behaviour: %s\n", c->section, c->release, c->what,
	       c->how);
}

static void explain_behaviour(unsigned int id)
{
	const struct change *c = NULL;
	const char *releases, *text;

	printf("%s (behaviour %u): %s\n", behaviour_name(id), id, behaviour_description(id));
	for (unsigned int rev = 0; rev < 10; rev++) {
		text = revision_text(id, rev, &releases);
		if (*text)
			printf("  revision %u (%s): %s\n", rev, releases, text);
	}
	while ((c = next_change(c, NULL, behaviour_name(id))))
		print_change(c);
	printf("  To select another revision, on a host with KVM_CAP_GUEST_COMPAT:\n"
	       "    kvm.guest_compat=BASELINE,%s=REVISION\n", behaviour_name(id));
}

static int explain_cmd(int argc, char **argv)
{
	unsigned int ids[MOST_REASONS], nr, found = 0;
	char name[64], reg[64], *dot;
	const struct field *f = NULL;
	const struct change *c = NULL;
	uint64_t bits = ~0ULL;
	json_t *list = json_array();
	struct loss l = {};

	if (argc == 3)
		return diff_cmd(argc, argv);
	if (argc != 2) {
		say("explain REGISTER|REGISTER.FIELD|BEHAVIOUR, or two dumps");
		return ERROR;
	}
	snprintf(name, sizeof(name), "%s", argv[1]);
	snprintf(reg, sizeof(reg), "%s", name);
	dot = strchr(reg, '.');
	if (dot) {
		*dot = '\0';
		for (f = NULL, bits = 0; (f = next_field(f, reg, ~0ULL)); )
			if (!strcmp(f->name, dot + 1))
				bits = field_bits(f);
		if (!bits) {
			say("%s: the architecture has no such field", name);
			return ERROR;
		}
	}
	if (behaviour_id(name)) {
		ids[0] = behaviour_id(name);
		nr = 1;
	} else {
		nr = behaviours_of_item(reg, bits, ids, MOST_REASONS);
	}
	if (as_json) {
		static const struct vector unknown;

		snprintf(l.name, sizeof(l.name), "%s", reg);
		l.bits = bits;
		if (behaviour_id(name))
			json_array_append_new(list, json_pack("{s:s, s:s}", "behaviour", name,
							      "description",
							      behaviour_description(ids[0])));
		else
			list = why_json(&l, &unknown, &unknown);
		found = json_array_size(list);
		print_json(list);
		return found ? GOES : ERROR;
	}
	for (unsigned int i = 0; i < nr; i++, found++)
		explain_behaviour(ids[i]);
	for (; !behaviour_id(name) && (c = next_change(c, name, NULL)); found++)
		if (!is_about(c, ids, nr))
			print_change(c);
	if (found)
		return GOES;
	if (encoding_of(reg))
		printf("%s: KVM is not known to have changed it since 5.10.\n",
		       name);
	else
		say("%s: there is no behaviour, register or item of that name", name);
	return encoding_of(reg) ? GOES : ERROR;
}

/* --------------------------------- check --------------------------------- */

/* A guest of a release is what this kernel makes at that baseline. */
static bool dump_of_release(struct dump *d, const char *release)
{
	json_t *machine, *baselines = host_baselines();
	char name[16];

	snprintf(name, sizeof(name), "%.12s-v1", release_str(release_number(release)));
	if (!baselines) {
		say("%s: this kernel has no KVM_CAP_GUEST_COMPAT: check a dump of %s", release,
		    release);
		return false;
	}
	json_decref(baselines);
	say("making a virtual machine as %s has it", name);
	machine = look_at_machine(name, NULL, true);
	if (!machine)
		return false;
	*d = (struct dump){ .file = release,
			    .kernel = release,
			    .nr = 1,
			    .machines = calloc(1, sizeof(*d->machines)),
			    .json = json_pack("{s:s, s:i, s:{s:s, s:s}, s:[o]}", "format",
					      "kvm-compat dump", "version", 1, "host", "kernel",
					      release, "midr", "0x0", "machines", machine) };
	snprintf(d->label, sizeof(d->label), "%.60s", release);
	d->machines[0].json = machine;
	d->machines[0].baseline = str(machine, "baseline");
	vector_of_string(name, &d->machines[0].vector);
	return true;
}

static void print_check(const struct dump *d, const struct machine *m, const struct machine *here,
			const struct losses *losses, const json_t *host)
{
	char string[STRING_MAX];
	const char *evidence;

	printf("A guest of %s %s here", d->label, goes(losses) ? "is taken" : "is not taken");
	if (!goes(losses))
		printf(": %u refused, %u altered", losses->refused, losses->altered);
	printf("\n");
	print_losses(stdout, losses, d, m, NULL, here);
	if (goes(losses))
		return;
	if (*str(host, "default") && *shown_baseline(m, string, sizeof(string)))
		printf("  What to do: boot this host with kvm.guest_compat=%s.\n", m->baseline);
	else if (*str(host, "default") &&
		 string_of_kernel(d->kernel, string, sizeof(string), &evidence))
		printf("  What to do: boot this host with kvm.guest_compat=%s (%s).\n", string,
		       evidence);
	else if (d->patched && *str(host, "string"))
		printf("  What to do: start the guest on %s with kvm.guest_compat=%s.\n", d->label,
		       str(host, "string"));
	else
		printf("  What to do: give one of the two a kernel with KVM_CAP_GUEST_COMPAT.\n");
}

/* Of one file; what it says goes into @list if it is to be JSON. An exit status */
static int check_one(const char *file, const char *baseline, const char *of, json_t *host,
		     json_t *list)
{
	const bool load = baseline && !strcmp(baseline, "load");
	const bool release = access(file, F_OK) && release_number(file);
	/* What this host does to its own state, which is no matter of the file but with -l */
	static json_t *looked;
	struct losses losses;
	struct machine *m, here = {};
	struct dump d = {};
	json_t *o;

	if (release ? !dump_of_release(&d, file) : !read_dump(&d, file))
		return ERROR;
	if (!release && other_cpu(d.midr, strtoull(str(host, "midr"), NULL, 16))) {
		say_other_cpu(file, d.midr, strtoull(str(host, "midr"), NULL, 16));
		return DOES_NOT;
	}
	m = find_machine(&d, of);
	if (!m) {
		say("%s: it has no machine at %s", file, of);
		return ERROR;
	}
	/* What this host is, to say why */
	if (load)
		here.vector = m->vector;
	else if (baseline)
		vector_of_string(baseline, &here.vector);
	else if (*str(host, "default"))
		vector_of_string(str(host, "default"), &here.vector);
	else if (*str(host, "string"))
		vector_of_string(str(host, "string"), &here.vector);
	here.baseline = baseline ?: "as it is";

	say("restoring %s into a virtual machine", d.label);
	if (try_machine(m->json, baseline, &losses) == ERROR)
		return ERROR;
	if (!looked || load) {
		say("looking at what this host does to its own state");
		looked = look_at_machine(load ? NULL : baseline, NULL, true);
	}
	if (!looked)
		return ERROR;
	here.json = looked;
	load_items(&here);
	mark_own(&losses, json_object_get(looked, "own"));
	if (as_json) {
		o = losses_json(&losses, m, &here);
		json_object_set_new(o, "from", json_string(d.label));
		json_array_append_new(list, o);
	} else {
		print_check(&d, m, &here, &losses, host);
	}
	return goes(&losses) ? GOES : DOES_NOT;
}

static int check_cmd(int argc, char **argv)
{
	const char *baseline = NULL, *of = NULL;
	json_t *host, *list = json_array();
	int opt, status = GOES;

	while ((opt = getopt(argc, argv, "b:f:l")) != -1) {
		if (opt == 'b')
			baseline = optarg;
		else if (opt == 'f')
			of = optarg;
		else if (opt == 'l')
			baseline = "load";
		else
			return ERROR;
	}
	if (optind == argc) {
		say("check [-b BASELINE | -l] [-f BASELINE] DUMP|RELEASE...");
		return ERROR;
	}
	if (no_kvm())
		return no_host();
	host = host_facts();
	if (!host)
		return ERROR;
	for (int i = optind; i < argc; i++) {
		int one = check_one(argv[i], baseline, of, host, list);

		status = one > status ? one : status;
	}
	/* Of one file the object alone */
	if (as_json && argc - optind == 1 && json_array_size(list))
		print_json(json_incref(json_array_get(list, 0)));
	else if (as_json && argc - optind > 1)
		print_json(json_incref(list));
	json_decref(list);
	return status;
}

/* ---------------------------------- plan ---------------------------------- */

/* What a host of the fleet is to select, and the machine of its dump that has that */
struct choice {
	struct machine	*m;
	bool		selects;
	char		string[STRING_MAX];
	const char	*evidence;
};

/* The machine that is selected by the string, which has to be a baseline's name alone */
static struct machine *selected_machine(struct dump *d, const char *string)
{
	struct machine *m = NULL;
	struct vector v;

	if (vector_of_string(string, &v))
		return NULL;
	for (size_t i = 0; i < d->nr && !m; i++)
		if (!memcmp(d->machines[i].vector.revision, v.revision, sizeof(v.revision)))
			m = &d->machines[i];
	return m;
}

static void choose(struct dump *dumps, unsigned int nr, struct choice *choices)
{
	struct dump *oldest = NULL;
	char string[STRING_MAX];
	const char *evidence;

	/* What all can be is what the oldest is that cannot be anything else. */
	for (unsigned int i = 0; i < nr; i++)
		if (!dumps[i].patched && (!oldest || release_number(dumps[i].kernel) <
					  release_number(oldest->kernel)))
			oldest = &dumps[i];
	for (unsigned int i = 0; i < nr; i++) {
		struct choice *c = &choices[i];

		*c = (struct choice){ .m = &dumps[i].machines[0] };
		if (!dumps[i].patched || !oldest ||
		    !string_of_kernel(oldest->kernel, string, sizeof(string), &evidence))
			continue;
		c->selects = true;
		c->evidence = evidence;
		snprintf(c->string, sizeof(c->string), "%s", string);
		c->m = selected_machine(&dumps[i], string);
	}
}

/* How many fields of ID registers, and which, does a guest not see that it could? */
static unsigned int hidden_fields(FILE *f, struct dump *d, const struct machine *chosen)
{
	const struct machine *native = find_machine(d, "native") ?: &d->machines[0];
	unsigned int nr = 0;
	char buf[64];

	for (size_t i = 0; i < native->nr; i++) {
		const struct item *n = &native->items[i];
		struct loss l = {};
		const struct item *c;
		const struct field *field = NULL;

		if (strncmp(n->name, "ID_", 3))
			continue;
		snprintf(l.name, sizeof(l.name), "%s", n->name);
		snprintf(l.class, sizeof(l.class), "%s", n->class);
		c = item_of_loss(chosen, &l);
		while (c && (field = next_field(field, n->name, c->number ^ n->number))) {
			if ((c->number & field_bits(field)) > (n->number & field_bits(field)))
				continue;
			if (f)
				fprintf(f, "%s%s.%s (natively %s)", nr ? ", " : "", n->name,
					field->name,
					field_value(field, n->number, buf, sizeof(buf)));
			nr++;
		}
	}
	return nr;
}

static int plan_cmd(int argc, char **argv)
{
	unsigned int nr = argc - 1, bad = 0, unexplained = 0;
	struct dump *dumps = calloc(nr ?: 1, sizeof(*dumps));
	struct choice *choices = calloc(nr ?: 1, sizeof(*choices));
	json_t *hosts = json_array(), *moves = json_array();
	char one[40], two[40];
	bool missing = false;

	if (nr < 2) {
		say("plan DUMP DUMP...: the hosts of a fleet");
		return ERROR;
	}
	for (unsigned int i = 0; i < nr; i++) {
		if (!read_dump(&dumps[i], argv[i + 1]))
			return ERROR;
		if (i && other_cpu(dumps[0].midr, dumps[i].midr)) {
			say("%s and %s are of different CPU models: --any-cpu plans all the same",
			    dumps[0].file, dumps[i].file);
			return ERROR;
		}
	}
	choose(dumps, nr, choices);
	for (unsigned int i = 0; i < nr; i++) {
		struct choice *c = &choices[i];
		json_t *o =
			json_pack("{s:s, s:s}", "host", dumps[i].label, "kernel", dumps[i].kernel);

		if (c->selects && !c->m) {
			say("%s: it has no machine at %s: dump it with -b %s, or -b all",
			    dumps[i].file, c->string, c->string);
			missing = true;
			continue;
		}
		json_object_set_new(o, "kvm.guest_compat",
				    c->selects ? json_string(c->string) : json_null());
		if (as_json)
			json_array_append_new(hosts, o);
		else if (c->selects)
			printf("%-20s kvm.guest_compat=%s\n                     (%s)\n",
			       dumps[i].label, c->string, c->evidence);
		else
			printf("%-20s as it is: %s\n", dumps[i].label, dumps[i].patched ?
			       "nothing has to be selected" : "this kernel can select nothing");
		if (!as_json && c->selects && hidden_fields(NULL, &dumps[i], c->m)) {
			printf("                     which hides from guests: ");
			hidden_fields(stdout, &dumps[i], c->m);
			printf("\n");
		}
	}
	if (missing)
		return ERROR;
	for (unsigned int i = 0; i < nr; i++) {
		for (unsigned int j = 0; j < nr; j++) {
			struct losses losses;

			if (i == j)
				continue;
			predict(choices[i].m, choices[j].m, &losses);
			for (size_t k = 0; k < losses.nr; k++)
				unexplained += losses.l[k].outcome < UNSET_ && !losses.l[k].own &&
					       !explained(&losses.l[k], &choices[i].m->vector,
							  &choices[j].m->vector);
			if (as_json) {
				json_t *o = losses_json(&losses, choices[i].m, choices[j].m);

				json_object_set_new(o, "from", json_string(dumps[i].label));
				json_object_set_new(o, "to", json_string(dumps[j].label));
				json_array_append_new(moves, o);
			} else if (!goes(&losses)) {
				if (!bad)
					printf("\nThese moves cannot be had:\n");
				printf("\n%s%s to %s%s: %u refused, %u altered\n", dumps[i].label,
				       shown_baseline(choices[i].m, one, sizeof(one)),
				       dumps[j].label,
				       shown_baseline(choices[j].m, two, sizeof(two)),
				       losses.refused, losses.altered);
				print_losses(stdout, &losses, &dumps[i], choices[i].m, &dumps[j],
					     choices[j].m);
				if (!dumps[i].patched && !dumps[j].patched)
					printf("  One needs a kernel with KVM_CAP_GUEST_COMPAT.\n");
			}
			bad += !goes(&losses);
			free(losses.l);
		}
	}
	if (as_json) {
		print_json(json_pack("{s:o, s:o, s:i}", "hosts", hosts, "moves", moves,
				     "unexplained", unexplained));
	} else if (bad) {
		printf("\n%u of %u moves cannot be had.\n", bad, nr * (nr - 1));
	} else {
		printf("\nEvery guest that is started so can go to every host: %u moves.\n",
		       nr * (nr - 1));
	}
	if (!as_json)
		fputs(predicted, stdout);
	return bad ? DOES_NOT : GOES;
}

/* --------------------------------- report --------------------------------- */

static int report_cmd(int argc, char **argv)
{
	const char *out = NULL;
	struct dump *dumps;
	unsigned int nr;
	int opt;

	while ((opt = getopt(argc, argv, "o:")) != -1) {
		if (opt != 'o')
			return ERROR;
		out = optarg;
	}
	nr = argc - optind;
	if (!out || nr < 2) {
		say("report -o FILE.html DUMP DUMP...");
		return ERROR;
	}
	dumps = calloc(nr, sizeof(*dumps));
	for (unsigned int i = 0; i < nr; i++)
		if (!read_dump(&dumps[i], argv[optind + i]))
			return ERROR;
	return write_report(out, dumps, nr);
}

static int state_cmd(int argc, char **argv)
{
	if (no_kvm())
		return no_host();
	return !strcmp(argv[0], "save") ? save_cmd(argc, argv) : restore_cmd(argc, argv);
}

static int show_cmd(int argc, char **argv)
{
	if (argc != 2) {
		say("list STATE-FILE");
		return ERROR;
	}
	return list_cmd(argv[1]);
}

/* --------------------------------- strings --------------------------------- */

/* What the kernel takes kvm.guest_compat=STRING for */
static int strings_cmd(int argc, char **argv)
{
	json_t *revisions = json_object();
	struct vector v;
	const char *why;

	if (argc != 2) {
		say("strings STRING");
		return ERROR;
	}
	why = vector_of_string(argv[1], &v);
	if (why) {
		say("%s", why);
		return ERROR;
	}
	for (unsigned int id = 1; id < nr_behaviours(); id++) {
		json_object_set_new(revisions, behaviour_name(id), json_integer(v.revision[id]));
		if (!as_json)
			printf("%-26s %u  %s\n", behaviour_name(id), v.revision[id],
			       behaviour_description(id));
	}
	if (as_json)
		print_json(json_pack("{s:o}", "revisions", revisions));
	return GOES;
}

/* ---------------------------------- Main ---------------------------------- */

static const struct {
	const char *name, *help;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "host", "what this host is, and the string for its kernel", host_cmd },
	{ "dump", "[-b BASELINE|all] [-x LIST] FILE: all that a VMM and a guest see here",
	  dump_cmd },
	{ "diff", "[-a BASELINE] [-b BASELINE] A B: what a move would lose, both ways", diff_cmd },
	{ "explain", "ITEM: what changed, since when, why, and how to have it back", explain_cmd },
	{ "check", "[-b BASELINE | -l] DUMP|RELEASE...: would a guest from there be taken here?",
	  check_cmd },
	{ "plan", "DUMP...: what to select on each host so that guests can go everywhere",
	  plan_cmd },
	{ "report", "-o FILE.html DUMP...: who can go where, to look at", report_cmd },
	{ "strings", "STRING: what a kernel takes kvm.guest_compat=STRING for", strings_cmd },
	{ "save", "[-g 2|3] [-c N] [-x LIST] [-b BASELINE] FILE: a guest's state", state_cmd },
	{ "restore", "[-m] [-v] [-b BASELINE] FILE...: what becomes of it here", state_cmd },
	{ "list", "FILE: what is in a state file", show_cmd },
};

static int help(void)
{
	fprintf(stderr, "usage: kvm-compat [--json] [--any-cpu] COMMAND ...\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stderr, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(stderr, "Exit status: 0 goes, 1 does not go, 2 error. See kvm-compat(8).\n");
	return ERROR;
}

int kvm_compat(int argc, char **argv)
{
	int n = 1, status;

	/* These may be anywhere. */
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			as_json = true;
		else if (!strcmp(argv[i], "--any-cpu"))
			any_cpu = true;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	if (n < 2)
		return help();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		status = commands[i].run(n - 1, argv + 1);
		if (fflush(stdout)) {
			say("cannot write: %s", strerror(errno));
			return ERROR;
		}
		return status;
	}
	return help();
}

int main(int argc, char **argv)
{
	host_begin();
	return kvm_compat(argc, argv);
}
