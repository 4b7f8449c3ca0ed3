/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of kvm-compat share */
#ifndef KVM_COMPAT_H
#define KVM_COMPAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

enum { GOES = 0, DOES_NOT = 1, ERROR = 2 };

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#define MAX_ID		255
#define STRING_MAX	4096

/* The lowest revision is 0: a vector has one for each behaviour, by its id */
struct vector {
	bool	known;
	uint8_t	revision[MAX_ID + 1];
};

/* ---- tables.c: the kernel's own tables ---- */

unsigned int nr_behaviours(void);
const char *behaviour_name(unsigned int id);
const char *behaviour_description(unsigned int id);
unsigned int behaviour_id(const char *name);
unsigned int behaviour_since(unsigned int id, unsigned int revision);
const char *release_str(unsigned int release);
unsigned int release_number(const char *kernel);
/* Is the field or are the fields @bits of a register what the behaviour is about? */
bool behaviour_has_field(unsigned int id, const char *reg, uint64_t bits);
/* As the parameter kvm.guest_compat= takes it; returns what is wrong with it, or NULL. */
const char *vector_of_string(const char *string, struct vector *v);
/* Of a release that need not be a baseline: what selects it, by the tables */
void string_of_release(unsigned int release, char *string, size_t size);

/* A line of kernels.tsv */
struct kernel_row {
	const char *pattern, *from, *to, *string, *evidence;
};

extern const struct kernel_row kernel_rows[];
extern const unsigned int nr_kernel_rows;

/*
 * What selects, on a patched kernel, what this one shows its guests. @kernel is
 * its version; the evidence says how that is known. Returns false if it is not.
 */
bool string_of_row(const struct kernel_row *k, const char *kernel, char *string, size_t size);
bool string_of_kernel(const char *kernel, char *string, size_t size, const char **evidence);
/* "6.1.192-2" of "6.1.0-50-cloud-arm64" and "#1 SMP Debian 6.1.192-2 (...)" */
void kernel_version(const char *release, const char *version, char *buf, size_t size);

/* ---- fields.c: the architecture's registers ---- */

struct field {
	const char *reg, *name;
	uint8_t high, low;
};

/* A register's name, and the 16 bits that KVM's id has of its encoding; 0 or NULL for none */
uint32_t encoding_of(const char *reg);
const char *sysreg_of(uint32_t encoding);
/* The fields of a register in which bits of @diff are, one by one: start with NULL */
const struct field *next_field(const struct field *f, const char *reg, uint64_t diff);
uint64_t field_bits(const struct field *f);
/* "NV2 (2)", or the number alone where the architecture has no name for it */
const char *field_value(const struct field *f, uint64_t reg_value, char *buf, size_t size);

/* "Neoverse N1 r4p0", or that nobody here knows it */
const char *cpu_name(uint64_t midr);

/* ---- words.c: why ---- */

struct change {
	const char *section, *what, *release, *how;
};

const char *revision_text(unsigned int id, unsigned int revision, const char **releases);
/* An item by its name, and the bits that differ, ~0 if nobody knows */
unsigned int behaviours_of_item(const char *name, uint64_t bits, unsigned int *ids,
				unsigned int max);
const struct change *next_change(const struct change *c, const char *item, const char *behaviour);

/* ---- model.c: dumps, and what would become of a move ---- */

struct item {
	const char	*class, *name, *value;
	uint64_t	id, number;	/* the value, if that is no more than 64 bits */
	json_t		*takes;
};

struct machine {
	const char	*baseline;	/* "native", "6.12-v1", "as it is" */
	json_t		*json;
	struct item	*items, *unlisted;	/* those that are taken, but not listed */
	size_t		nr, nr_unlisted;
	bool		values_only;	/* what is taken is not known */
	struct vector	vector;
};

struct dump {
	const char	*file;
	json_t		*json;
	const char	*kernel;	/* "6.12.117-1" */
	char label[64]; /* for people: "6.12.117-1", with the file's name if need be */
	uint64_t	midr;
	bool		patched;
	struct machine	*machines;
	size_t		nr;
};

enum outcome { TAKEN_, REFUSED_, ALTERED_, UNSET_, UNLISTED_ };

/* What became, or would become, of an item */
struct loss {
	enum outcome	outcome;
	char		class[32], name[64];
	char		detail[200];
	uint64_t	bits;		/* that differ, ~0 if that is no matter of bits */
	bool		own;		/* the destination does it to its own state, too */
};

struct losses {
	struct loss	*l;
	size_t		nr, max;
	unsigned int	refused, altered, own;
};

/* A register's value, as people say it */
const char *value_str(const char *name, uint64_t value, char *buf, size_t size);
/* Says what is wrong with it on stderr, and returns false */
bool read_dump(struct dump *d, const char *file);
void free_dump(struct dump *d);
const char *valid_dump(const json_t *json);
void load_items(struct machine *m);
struct machine *find_machine(struct dump *d, const char *baseline);
void add_loss(struct losses *to, enum outcome what, const char *class, const char *name,
	      const char *detail, uint64_t bits);
void predict(const struct machine *from, const struct machine *to, struct losses *losses);
void mark_own(struct losses *losses, const json_t *own);
bool goes(const struct losses *losses);

/* ---- fingerprint.c ---- */

json_t *dump_of_fingerprint(const json_t *json);

/* ---- host_*.c: this machine, with KVM or without ---- */

void host_begin(void);
/* Why nothing of KVM can be done here, or NULL */
const char *no_kvm(void);
/* The facts of this host; without KVM as far as there are any */
json_t *host_facts(void);
/* What a VM is, and takes unless that is not tried; NULL if it fails, which has been said */
json_t *look_at_machine(const char *baseline, const char *without, bool no_trial);
/* The names of the baselines that can be selected here, NULL if none can */
json_t *host_baselines(void);
/* Restores a machine of a dump into a VM of this host; an exit status */
int try_machine(const json_t *machine, const char *baseline, struct losses *losses);
int save_cmd(int argc, char **argv);
int restore_cmd(int argc, char **argv);
int list_cmd(const char *file);
/* What a guest sees, by classes and names; ends the process if there is none */
struct kvm_vm;
json_t *seen_facts(int gic, const char *without, void (*made)(struct kvm_vm *vm));

/* ---- kvm-compat.c ---- */

extern bool as_json;

/* Does a guest of one CPU see another model on the other? Not if the user does not mind */
bool other_cpu(uint64_t a, uint64_t b);
void say_other_cpu(const char *file, uint64_t there, uint64_t here);
int kvm_compat(int argc, char **argv);
void say(const char *fmt, ...);
json_t *why_json(const struct loss *l, const struct vector *from, const struct vector *to);
void print_losses(FILE *f, const struct losses *losses, const struct dump *from,
		  const struct machine *fm, const struct dump *to, const struct machine *tm);

/* ---- report.c ---- */

int write_report(const char *path, struct dump *dumps, unsigned int nr);

#endif /* KVM_COMPAT_H */
