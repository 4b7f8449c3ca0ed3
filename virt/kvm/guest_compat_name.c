// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vectors as text, such as 6.12-v1,gicd_iidr=2: administrators write it, and the
 * kernel shows it. A test compiles this file for the build machine.
 */

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/kvm_guest_compat.h>
#include <linux/kvm_host.h>
#include <linux/string.h>
#endif

#define LONGEST_TOKEN	64

/* "native", "6.12-v1", or "6.12" for the newest version of 6.12 */
static int parse_baseline(struct kvm_guest_compat *compat, const char *name)
{
	char known[16];

	if (!strcmp(name, "native")) {
		guest_compat_native_of(compat);
		return 0;
	}

	for (unsigned int i = 0; i < guest_compat_nr_baselines; i++) {
		const struct guest_compat_baseline *baseline = &guest_compat_baselines[i];

		if (!guest_compat_selectable(baseline))
			continue;

		guest_compat_name(known, sizeof(known), baseline);
		if (strcmp(name, known)) {
			*strchr(known, '-') = '\0';
			if (strcmp(name, known) || !guest_compat_newest_version(baseline))
				continue;
			/* On a kernel that knows a newer version, the name means that one */
			guest_compat_name(known, sizeof(known), baseline);
			kvm_info("guest_compat: \"%s\" selects %s\n", name, known);
		}

		guest_compat_of(compat, baseline);
		return 0;
	}

	kvm_err("guest_compat: this kernel has no baseline \"%s\"\n", name);
	return -EINVAL;
}

static int parse_override(struct kvm_guest_compat *compat, char *token)
{
	char *revision = strchr(token, '=');
	unsigned int id;
	u8 val;

	if (revision)
		*revision++ = '\0';

	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (strcmp(token, guest_compat_behaviours[id].name))
			continue;

		if (!revision || kstrtou8(revision, 10, &val) ||
		    val > guest_compat_highest(id)) {
			kvm_err("guest_compat: \"%s\" needs a revision from 0 to %u\n",
				token, guest_compat_highest(id));
			return -EINVAL;
		}

		compat->revision[id] = val;
		return 0;
	}

	kvm_err("guest_compat: this kernel has no behaviour \"%s\"\n", token);
	return -EINVAL;
}

/**
 * guest_compat_parse - turn text into a vector
 * @compat:	is overwritten
 * @text:	a baseline, then behaviours with their revisions
 *
 * Return: 0, or -EINVAL with the reason in the kernel's log.
 */
int guest_compat_parse(struct kvm_guest_compat *compat, const char *text)
{
	char token[LONGEST_TOKEN];
	bool first = true;
	unsigned int id;
	int ret;

	do {
		size_t len = strcspn(text, ",");

		/* echo adds a newline */
		if (len && !strcmp(text + len - 1, "\n"))
			len--;

		if (len >= sizeof(token)) {
			kvm_err("guest_compat: a name is too long\n");
			return -EINVAL;
		}

		memcpy(token, text, len);
		token[len] = '\0';
		ret = first ? parse_baseline(compat, token) : parse_override(compat, token);
		if (ret)
			return ret;

		first = false;
		text += len;
	} while (*text++ == ',');

	id = kvm_arch_guest_compat_incoherent(compat);
	if (id) {
		kvm_err("guest_compat: %s=%u does not go with the other revisions\n",
			guest_compat_behaviours[id].name, compat->revision[id]);
		return -EINVAL;
	}

	return 0;
}

/**
 * guest_compat_format - turn a vector into text
 * @text:	the buffer
 * @size:	its size in bytes
 * @compat:	the vector
 *
 * guest_compat_parse() turns the text into the same vector again.
 *
 * Return: the length of the text.
 */
int guest_compat_format(char *text, size_t size, const struct kvm_guest_compat *compat)
{
	const struct guest_compat_baseline *baseline = guest_compat_find(compat->baseline);
	struct kvm_guest_compat plain;
	char name[16] = "native";
	unsigned int id;
	int len;

	guest_compat_native_of(&plain);
	if (baseline) {
		guest_compat_of(&plain, baseline);
		guest_compat_name(name, sizeof(name), baseline);
	}

	len = scnprintf(text, size, "%s", name);
	for (id = guest_compat_next(0); id; id = guest_compat_next(id)) {
		if (compat->revision[id] != plain.revision[id])
			len += scnprintf(text + len, size - len, ",%s=%u",
					 guest_compat_behaviours[id].name,
					 compat->revision[id]);
	}

	return len;
}
