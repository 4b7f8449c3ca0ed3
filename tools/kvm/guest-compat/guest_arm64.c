// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest sees of its machine: some of what guest_view looks at, which is compiled
 * into this file as guest_state is into host_arm64.c.
 *
 * The registers that have a name, hypercalls and caches are enough to know a machine by.
 * The rest writes all that there is and calls with arguments that make no sense, which
 * is not for a host that others use.
 */
#include "../../testing/selftests/kvm/arm64/guest_view.c"

#include "compat.h"

static void look_at_names(void)
{
	struct known_sysreg *s = calloc(NR_ENCODINGS, sizeof(*s));
	int nr = find_sysregs(s);

	for (int i = 0; i < nr; i++)
		if (!is_chance(s[i].reg) && !is_undef(&s[i].read))
			read_fact("sysreg", s[i].name, &s[i].read, not_value(s[i].reg));
	free(s);
}

json_t *seen_facts(int gic, const char *without, void (*made)(struct kvm_vm *vm))
{
	json_t *seen = json_object(), *class;
	char *text = NULL, *line, *name, *value;
	size_t size;

	opts.gic = gic;
	opts.without = without;
	vm_made = made;
	facts_file = open_memstream(&text, &size);
	look_at_names();
	call_named(&conduits[0]);
	look_at_caches();
	fclose(facts_file);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		name = strchr(line, '\t');
		value = name ? strchr(name + 1, '\t') : NULL;
		if (!value)
			continue;
		*name++ = '\0';
		*value++ = '\0';
		class = json_object_get(seen, line);
		if (!class) {
			class = json_object();
			json_object_set_new(seen, line, class);
		}
		json_object_set_new(class, name, json_string(value));
	}
	free(text);
	return seen;
}
