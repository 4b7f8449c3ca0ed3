// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dumps, and what would become of a guest that goes from one to another: by what
 * the destination's KVM did with the values that the dump tried there.
 */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compat.h"

#define FILE_MOST	(64 << 20)

static bool hex(const char *s, size_t most)
{
	size_t n;

	if (strncmp(s, "0x", 2))
		return false;
	n = strspn(s + 2, "0123456789abcdef");
	return n && n <= most && !s[2 + n];
}

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* What @takes says of a register: see kvm-compat(8) */
static bool valid_takes(const json_t *takes)
{
	const json_t *fields = json_object_get(takes, "fields"), *v;
	const char *bits = text(takes, "bits"), *key, *digits;
	size_t i;

	if (!takes)
		return true;
	if (!json_is_object(takes))
		return false;
	if (fields) {
		/* 16 of four bits, or 21 of three */
		size_t values = json_array_size(fields) == 16 ? 16 : 8;

		if (values == 8 && json_array_size(fields) != 21)
			return false;
		digits = values == 8 ? "01234567-" : "0123456789abcdef-";
		json_array_foreach((json_t *)fields, i, v) {
			if (json_string_length(v) != values ||
			    strspn(json_string_value(v), digits) != values)
				return false;
		}
	}
	if (bits && (strlen(bits) != 64 || strspn(bits, "+.-") != 64))
		return false;
	if (json_object_get(takes, "ones") &&
	    (!text(takes, "ones") || !hex(text(takes, "ones"), 16) ||
	     !text(takes, "zeros") || !hex(text(takes, "zeros"), 16)))
		return false;
	json_object_foreach(json_object_get(takes, "values"), key, v)
		if (!hex(key, 16) || !(json_is_null(v) ||
				       (json_is_string(v) && hex(json_string_value(v), 16))))
			return false;
	return true;
}

static const char *valid_item(const json_t *item)
{
	const char *class = text(item, "class"), *name = text(item, "name");
	const char *id = text(item, "id"), *value = text(item, "value"), *c;

	if (!class || !name || !id || !value)
		return "an item lacks its class, name, id or value";
	if (!*class || !*name || strlen(class) > 31 || strlen(name) > 63)
		return "an item's class or name is too long";
	for (c = class; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("/_", *c))
			return "an item's class has characters that no class has";
	for (c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_<>:.[]()#-", *c))
			return "an item's name has characters that no name has";
	if (!hex(id, 16) || !hex(value, 8192))
		return "an item's id or value is no hexadecimal number";
	if (!valid_takes(json_object_get(item, "takes")))
		return "what an item takes is not as it should be";
	return NULL;
}

/* What a guest saw: texts by class and name */
static const char *valid_seen(const json_t *seen)
{
	const char *class, *name, *c;
	json_t *facts, *v;

	if (seen && !json_is_object(seen))
		return "what a guest saw is no object";
	json_object_foreach((json_t *)seen, class, facts) {
		if (strlen(class) > 31 || !json_is_object(facts))
			return "what a guest saw has a class that is none";
		json_object_foreach(facts, name, v) {
			if (strlen(name) > 99 || json_string_length(v) > 199 || !json_is_string(v))
				return "what a guest saw is no text, or a long one";
			for (c = name; *c; c++)
				if (!isprint((unsigned char)*c))
					return "what a guest saw has a name with odd characters";
			for (c = json_string_value(v); *c; c++)
				if (!isprint((unsigned char)*c))
					return "what a guest saw has odd characters";
		}
	}
	return NULL;
}

static const char *valid_machine(const json_t *machine)
{
	const json_t *items = json_object_get(machine, "items"), *item, *v;
	const char *why, *key;
	size_t i;

	if (!json_is_object(machine) || !text(machine, "baseline") ||
	    strlen(text(machine, "baseline")) >= STRING_MAX)
		return "a machine lacks its baseline";
	if (!json_is_object(json_object_get(machine, "vm")) ||
	    !json_is_array(json_object_get(machine, "vcpus")) ||
	    !json_is_array(json_object_get(machine, "own")))
		return "a machine lacks its vm, vcpus or own";
	if (!json_array_size(items))
		return "a machine has no items";
	json_array_foreach((json_t *)items, i, item) {
		why = valid_item(item);
		if (why)
			return why;
	}
	json_array_foreach(json_object_get(machine, "unlisted"), i, item) {
		why = valid_item(item);
		if (why)
			return why;
	}
	json_array_foreach(json_object_get(machine, "own"), i, v)
		if (!json_is_string(v))
			return "what a host does to its own state is no text";
	json_object_foreach(json_object_get(machine, "revisions"), key, v) {
		if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > 255)
			return "a behaviour's revision is no small number";
	}
	return valid_seen(json_object_get(machine, "seen"));
}

/* Returns what is wrong with it, or NULL */
const char *valid_dump(const json_t *json)
{
	const json_t *host = json_object_get(json, "host");
	const json_t *machines = json_object_get(json, "machines"), *m;
	const char *why;
	size_t i;

	if (!json_is_object(json) || !text(json, "format") ||
	    strcmp(text(json, "format"), "kvm-compat dump"))
		return "it is no dump of kvm-compat";
	if (json_integer_value(json_object_get(json, "version")) != 1)
		return "its version is not 1: a newer kvm-compat reads it";
	if (!text(host, "kernel") || strlen(text(host, "kernel")) > 63 || !text(host, "midr") ||
	    !hex(text(host, "midr"), 16))
		return "it does not say of which host it is";
	if (!json_array_size(machines))
		return "it has no machine";
	json_array_foreach((json_t *)machines, i, m) {
		why = valid_machine(m);
		if (why)
			return why;
	}
	return NULL;
}

static struct item *load_list(const json_t *list, size_t *nr)
{
	struct item *items;
	const json_t *item;
	size_t i;

	*nr = json_array_size(list);
	items = calloc(*nr ?: 1, sizeof(*items));
	json_array_foreach((json_t *)list, i, item) {
		struct item *to = &items[i];

		to->class = text(item, "class");
		to->name = text(item, "name");
		to->value = text(item, "value");
		to->id = strtoull(text(item, "id"), NULL, 16);
		to->number = strlen(to->value) <= 18 ? strtoull(to->value, NULL, 16) : 0;
		to->takes = json_object_get(item, "takes");
	}
	return items;
}

/* The items and revisions of a machine that is valid; its vector is the kernel's so far */
void load_items(struct machine *m)
{
	const char *key;
	json_t *v;

	m->items = load_list(json_object_get(m->json, "items"), &m->nr);
	m->unlisted = load_list(json_object_get(m->json, "unlisted"), &m->nr_unlisted);
	json_object_foreach(json_object_get(m->json, "revisions"), key, v) {
		unsigned int id = behaviour_id(key);

		if (id)
			m->vector.revision[id] = json_integer_value(v);
		m->vector.known = true;
	}
}

static bool bad_file(const char *file, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "kvm-compat: %s: ", file);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	return false;
}

static bool is_state_file(const char *file)
{
	FILE *f = fopen(file, "r");
	char magic[8] = "";

	if (f && !fread(magic, sizeof(magic), 1, f))
		magic[0] = '\0';
	if (f)
		fclose(f);
	return !memcmp(magic, "KVMSTATE", sizeof(magic));
}

bool read_dump(struct dump *d, const char *file)
{
	char string[STRING_MAX];
	const char *why, *evidence, *slash = strrchr(file, '/');
	json_error_t error;
	const json_t *host;
	json_t *fingerprint;
	struct stat st;
	size_t i;

	memset(d, 0, sizeof(*d));
	d->file = file;
	if (stat(file, &st))
		return bad_file(file, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MOST)
		return bad_file(file, "it is no file, or larger than any dump");
	d->json = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
	if (!d->json && is_state_file(file))
		return bad_file(file, "it is a state file: 'kvm-compat restore' takes it");
	if (!d->json)
		return bad_file(file, "line %d: %s; is it cut short, or no dump of kvm-compat?",
				error.line, error.text);
	fingerprint = dump_of_fingerprint(d->json);
	if (fingerprint) {
		json_decref(d->json);
		d->json = fingerprint;
	}
	why = valid_dump(d->json);
	if (why) {
		json_decref(d->json);
		return bad_file(file, "%s; make it again with 'kvm-compat dump'", why);
	}

	host = json_object_get(d->json, "host");
	d->kernel = text(host, "kernel");
	d->midr = strtoull(text(host, "midr"), NULL, 16);
	d->patched = json_is_true(json_object_get(host, "guest_compat"));
	snprintf(d->label, sizeof(d->label), "%.62s", slash ? slash + 1 : file);
	if (strrchr(d->label, '.') && !strcmp(strrchr(d->label, '.'), ".json"))
		*strrchr(d->label, '.') = '\0';
	d->nr = json_array_size(json_object_get(d->json, "machines"));
	d->machines = calloc(d->nr, sizeof(*d->machines));
	for (i = 0; i < d->nr; i++) {
		struct machine *m = &d->machines[i];

		m->json = json_array_get(json_object_get(d->json, "machines"), i);
		m->baseline = text(m->json, "baseline");
		/* A patched kernel may have fewer behaviours than are known here. */
		if (string_of_kernel(d->kernel, string, sizeof(string), &evidence))
			vector_of_string(string, &m->vector);
		load_items(m);
		m->values_only = json_is_true(json_object_get(host, "values_only"));
	}
	return true;
}

void free_dump(struct dump *d)
{
	for (size_t i = 0; i < d->nr; i++) {
		free(d->machines[i].items);
		free(d->machines[i].unlisted);
	}
	free(d->machines);
	json_decref(d->json);
}

struct machine *find_machine(struct dump *d, const char *baseline)
{
	for (size_t i = 0; i < d->nr; i++)
		if (!baseline || !strcmp(d->machines[i].baseline, baseline))
			return &d->machines[i];
	return NULL;
}

/* ------------------------------- Predictions ------------------------------- */

void add_loss(struct losses *to, enum outcome what, const char *class, const char *name,
	      const char *detail, uint64_t bits)
{
	struct loss *l;

	if (to->nr == to->max) {
		to->max = to->max * 2 + 64;
		to->l = realloc(to->l, to->max * sizeof(*to->l));
	}
	l = &to->l[to->nr++];
	*l = (struct loss){ .outcome = what, .bits = bits };
	snprintf(l->class, sizeof(l->class), "%s", class);
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->detail, sizeof(l->detail), "%s", detail);
}

static const struct item *find_item(const struct machine *m, const char *class, const char *name)
{
	for (size_t i = 0; i < m->nr; i++)
		if (!strcmp(m->items[i].name, name) && !strcmp(m->items[i].class, class))
			return &m->items[i];
	return NULL;
}

/* A register that KVM takes all the same */
static const struct item *find_unlisted(const struct machine *m, const struct item *reg)
{
	for (size_t i = 0; i < m->nr_unlisted; i++)
		if (!strcmp(m->unlisted[i].name, reg->name) &&
		    !strcmp(m->unlisted[i].class, reg->class))
			return &m->unlisted[i];
	return NULL;
}

/* Writes @v over @own: which bits make it refused, and what is read back otherwise? */
static uint64_t refuses(const struct item *own, uint64_t v, uint64_t *back)
{
	const json_t *fields = json_object_get(own->takes, "fields");
	const json_t *values = json_object_get(own->takes, "values");
	const char *bits = text(own->takes, "bits"), *ones = text(own->takes, "ones");
	uint64_t refused = 0;
	char key[32];
	int i;

	*back = v;
	if (v == own->number)
		return 0;
	if (fields) {
		int width = json_array_size(fields) == 16 ? 4 : 3;

		for (i = 0; i < (int)json_array_size(fields); i++) {
			uint64_t mask = (1ULL << width) - 1;
			const char *f = json_string_value(json_array_get(fields, i));
			char c = f[v >> i * width & mask];

			if (c == '-') {
				refused |= mask << i * width;
				continue;
			}
			*back &= ~(mask << i * width);
			*back |= (uint64_t)(isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10)
				 << i * width;
		}
	} else if (values) {
		snprintf(key, sizeof(key), "%#" PRIx64, v);
		if (!json_is_string(json_object_get(values, key)))
			return json_object_get(values, key) ? ~0ULL : 0;
		*back = strtoull(text(values, key), NULL, 16);
	} else if (bits) {
		for (i = 0; i < 64; i++) {
			if (!((v ^ own->number) >> i & 1))
				continue;
			if (bits[i] == '-')
				refused |= 1ULL << i;
			else if (bits[i] == '.')
				*back ^= 1ULL << i;
		}
	} else if (ones) {
		uint64_t one = strtoull(ones, NULL, 16);
		uint64_t zero = strtoull(text(own->takes, "zeros"), NULL, 16);

		/* A bit that is the same whatever is written stays so */
		*back = (v & one & ~zero) | (one & zero);
	} else if (json_object_get(own->takes, "nothing")) {
		refused = ~0ULL;
	}
	return refused;
}

/* Registers that run by themselves, as guest_state has them */
static bool runs(const char *name)
{
	return !strcmp(name, "KVM_REG_ARM_TIMER_CNT") || !strcmp(name, "KVM_REG_ARM_PTIMER_CNT");
}

static bool is_reg(const struct item *i)
{
	return strstr(i->class, "/reg");
}

static bool is_gic(const struct item *i)
{
	return !strncmp(i->class, "gic", 3) || !strncmp(i->class, "icc", 3) ||
	       !strcmp(i->class, "its");
}

/* GICD_IIDR is restored before GICR_CTLR, and decides which bits there are. */
static void adjust_own(const struct machine *a, const struct machine *b, struct item *own)
{
	const struct item *from = find_item(a, "gicd", "GICD_IIDR");
	const struct item *to = find_item(b, "gicd", "GICD_IIDR");
	const char *ctlr;

	if (strcmp(own->name, "GICR_CTLR") || !from || !to)
		return;
	ctlr = text(json_object_get(to->takes, "GICR_CTLR"), from->value);
	if (ctlr && hex(ctlr, 16))
		own->number = strtoull(ctlr, NULL, 16);
}

/* FEAT_PMUv3p5 (6) makes event counters 64 bits wide, and the guest brings its PMUVer. */
static uint64_t counter_bits(const struct machine *a, const struct machine *b,
			     const struct item *from)
{
	const struct item *dfr0 = find_item(a, from->class, "ID_AA64DFR0_EL1");
	const struct item *own = find_item(b, from->class, "ID_AA64DFR0_EL1");

	if (strncmp(from->name, "PMEVCNTR", 8) || !dfr0 || !own ||
	    (dfr0->number >> 8 & 0xf) >= 6 || (own->number >> 8 & 0xf) < 6)
		return ~0ULL;
	return 0xffffffff;
}

const char *value_str(const char *name, uint64_t v, char *buf, size_t size)
{
	if (!strcmp(name, "KVM_REG_ARM_PSCI_VERSION"))
		snprintf(buf, size, "PSCI %u.%u", (unsigned int)(v >> 16),
			 (unsigned int)(v & 0xffff));
	else if (!strcmp(name, "GICD_IIDR"))
		snprintf(buf, size, "revision %u", (unsigned int)(v >> 12 & 0xf));
	else
		snprintf(buf, size, "%#" PRIx64, v);
	return buf;
}

/* Does the host decide on its value, and not the guest? */
static bool fixed(const char *name)
{
	static const char *const patterns[] = {
		"ID_*",
		"MVFR*",
		"CLIDR_EL1",
		"CCSIDR_EL1<*",
		"CTR_EL0",
		"MIDR_EL1",
		"REVIDR_EL1",
		"AIDR_EL1",
		"KVM_REG_ARM_PSCI_VERSION",
		"KVM_REG_ARM_SMCCC_*",
		"KVM_REG_ARM_*BMAP*",
		"PMMIR_EL1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		if (!fnmatch(patterns[i], name, 0))
			return true;
	return false;
}

static void predict_value(const struct machine *a, const struct machine *b,
			  const struct item *from, const struct item *own_item,
			  struct losses *losses)
{
	struct item copy = *own_item, *own = &copy;
	char detail[200], one[40], two[40];
	uint64_t back, refused;

	if (strlen(from->value) > 18 || runs(from->name))
		return;
	adjust_own(a, b, own);
	if (b->values_only) {
		/* Of what the guest sets itself the values say nothing. */
		if (own->number == from->number || !fixed(from->name))
			return;
		snprintf(detail, sizeof(detail),
			 "%s; %s at the destination: the file does not say what it takes",
			 value_str(from->name, from->number, one, sizeof(one)),
			 value_str(from->name, own->number, two, sizeof(two)));
		add_loss(losses, REFUSED_, from->class, from->name, detail,
			 from->number ^ own->number);
		return;
	}
	refused = refuses(own, from->number, &back);
	if (refused) {
		snprintf(detail, sizeof(detail), "%s is refused; the destination has %s",
			 value_str(from->name, from->number, one, sizeof(one)),
			 value_str(from->name, own->number, two, sizeof(two)));
		add_loss(losses, REFUSED_, from->class, from->name, detail,
			 (from->number ^ own->number) & refused);
		return;
	}
	back &= counter_bits(a, b, from);
	if (back != from->number) {
		snprintf(detail, sizeof(detail), "%s becomes %s",
			 value_str(from->name, from->number, one, sizeof(one)),
			 value_str(from->name, back, two, sizeof(two)));
		add_loss(losses, ALTERED_, from->class, from->name, detail, from->number ^ back);
	}
}

/* What the guest reads itself, of registers that do not come with it, or come altered */
static void predict_seen(const struct machine *a, const struct machine *b, const struct item *seen,
			 struct losses *losses)
{
	const bool ctl = !strcmp(seen->name, "CNTP_CTL_EL0");
	const char *reg = ctl ? "KVM_REG_ARM_PTIMER_CTL" : "KVM_REG_ARM_PTIMER_CVAL";
	const struct item *from, *own;
	uint64_t back;

	if (ctl || !strcmp(seen->name, "CNTP_CVAL_EL0")) {
		from = find_item(a, "vcpu0/reg", reg);
		if (seen->number &&
		    (!from || (!find_item(b, "vcpu0/reg", reg) && !find_unlisted(b, from))))
			add_loss(losses, ALTERED_, seen->class, seen->name,
				 "the physical timer does not come with the guest", ~0ULL);
		return;
	}
	from = find_item(a, "vcpu0/reg", seen->name);
	own = find_item(b, "vcpu0/reg", seen->name);
	if (!from || !own) {
		if (from && seen->number)
			add_loss(losses, ALTERED_, seen->class, seen->name,
				 "the register does not come with the guest", ~0ULL);
		return;
	}
	if (strlen(from->value) > 18 || refuses(own, from->number, &back))
		back = own->number;
	if (json_object_get(own->takes, "shown")) {
		/* Which bits of it a guest reads there */
		back &= strtoull(text(own->takes, "shown"), NULL, 16);
		if (back != seen->number)
			add_loss(losses, ALTERED_, seen->class, seen->name,
				 "the guest reads another value", back ^ seen->number);
	} else if (back != from->number && from->number == seen->number) {
		add_loss(losses, ALTERED_, seen->class, seen->name,
			 "the guest reads another value", back ^ from->number);
	}
}

/* What the host of a machine has, and the host of another has not */
static void predict_features(const struct machine *a, const struct machine *b,
			     struct losses *losses)
{
	json_t *vcpu, *f;
	size_t i, j;

	json_array_foreach(json_object_get(a->json, "vcpus"), i, vcpu) {
		const json_t *can = json_object_get(b->json, "targets");
		int target = json_integer_value(json_object_get(vcpu, "target"));
		bool found = !can;
		char class[40];

		snprintf(class, sizeof(class), "vcpu%zu/feature", i);
		for (j = 0; j < json_array_size(can); j++)
			found |= json_integer_value(json_array_get(can, j)) == target;
		if (!found)
			add_loss(losses, REFUSED_, class, "target",
				 "KVM_ARM_VCPU_INIT takes others", ~0ULL);
		json_array_foreach(json_object_get(vcpu, "features"), j, f) {
			const json_t *all = json_object_get(b->json, "features");
			bool has = false;
			size_t k;

			for (k = 0; k < json_array_size(all); k++)
				has |= json_equal(json_array_get(all, k), f);
			if (!has && json_is_string(f))
				add_loss(losses, REFUSED_, class, json_string_value(f),
					 "the destination does not have it", ~0ULL);
		}
	}
}

void predict(const struct machine *a, const struct machine *b, struct losses *losses)
{
	memset(losses, 0, sizeof(*losses));
	predict_features(a, b, losses);
	for (size_t i = 0; i < a->nr; i++) {
		const struct item *from = &a->items[i], *own;

		if (strstr(from->class, "/run")) {
			predict_seen(a, b, from, losses);
			continue;
		}
		if (!is_reg(from) && !is_gic(from))
			continue;
		own = find_item(b, from->class, from->name);
		if (!own) {
			own = find_unlisted(b, from);
			if (own)
				add_loss(losses, UNLISTED_, from->class, from->name,
					 "it is taken, but lost with the next move", ~0ULL);
		}
		if (own)
			predict_value(a, b, from, own, losses);
		else if (is_reg(from) || from->number)
			add_loss(losses, REFUSED_, from->class, from->name,
				 "the destination has no such register", ~0ULL);
	}
	for (size_t i = 0; i < b->nr; i++)
		if (is_reg(&b->items[i]) && !find_item(a, b->items[i].class, b->items[i].name))
			add_loss(losses, UNSET_, b->items[i].class, b->items[i].name,
				 "the guest does not bring it: it keeps its reset value", ~0ULL);
	mark_own(losses, json_object_get(b->json, "own"));
}

static const char * const outcome_words[] = { "taken", "refused", "altered", "unset",
						"unlisted" };

/* What the destination also does to what it saved itself is not the move's doing. */
void mark_own(struct losses *losses, const json_t *own)
{
	char line[160];

	losses->refused = 0;
	losses->altered = 0;
	losses->own = 0;
	for (size_t i = 0; i < losses->nr; i++) {
		struct loss *l = &losses->l[i];
		size_t j;

		snprintf(line, sizeof(line), "%s %s %s", outcome_words[l->outcome], l->class,
			 l->name);
		for (j = 0; j < json_array_size(own); j++)
			l->own |= !strcmp(line, json_string_value(json_array_get(own, j)));
		losses->own += l->own;
		losses->refused += !l->own && l->outcome == REFUSED_;
		losses->altered += !l->own && l->outcome == ALTERED_;
	}
}

bool goes(const struct losses *losses)
{
	return !losses->refused && !losses->altered;
}
