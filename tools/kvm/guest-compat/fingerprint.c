// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firecracker's fingerprints: the registers of a vCPU and their values. What the
 * host takes instead is not in them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

/* As Documentation/virt/kvm/api.rst has the ids of arm64's registers */
#define REG_ARM64	0x6000000000000000ULL
#define CLASS		0x000000000fff0000ULL
#define CORE		0x00100000ULL
#define DEMUX		0x00110000ULL
#define SYSREG		0x00130000ULL
#define FW		0x00140000ULL
#define SVE		0x00150000ULL
#define FW_FEAT_BMAP	0x00160000ULL

static const char * const fw[] = {
	"KVM_REG_ARM_PSCI_VERSION", "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1",
	"KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2", "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3",
};

static const char * const bmap[] = {
	"KVM_REG_ARM_STD_BMAP", "KVM_REG_ARM_STD_HYP_BMAP", "KVM_REG_ARM_VENDOR_HYP_BMAP",
	"KVM_REG_ARM_VENDOR_HYP_BMAP_2",
};

/* Timers have ids of their own among the system registers'. */
static const struct {
	uint64_t id;
	const char *name;
} timers[] = {
	{ 0xdf19, "KVM_REG_ARM_TIMER_CTL" }, { 0xdf1a, "KVM_REG_ARM_TIMER_CNT" },
	{ 0xdf02, "KVM_REG_ARM_TIMER_CVAL" }, { 0xdf11, "KVM_REG_ARM_PTIMER_CTL" },
	{ 0xdf12, "KVM_REG_ARM_PTIMER_CVAL" }, { 0xdf01, "KVM_REG_ARM_PTIMER_CNT" },
};

static void name_of(uint64_t id, char *name, size_t size)
{
	uint64_t low = id & 0xffff;

	snprintf(name, size, "%#" PRIx64, id);
	switch (id & CLASS) {
	case CORE:
		snprintf(name, size, "core:%#" PRIx64, low);
		break;
	case DEMUX:
		snprintf(name, size, "CCSIDR_EL1<%u>", (unsigned int)(low & 0xff));
		break;
	case FW:
		if (low < ARRAY_SIZE(fw))
			snprintf(name, size, "%s", fw[low]);
		break;
	case FW_FEAT_BMAP:
		if (low < ARRAY_SIZE(bmap))
			snprintf(name, size, "%s", bmap[low]);
		break;
	case SYSREG:
		for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
			if (timers[i].id == low)
				snprintf(name, size, "%s", timers[i].name);
		if (*name == '0' && sysreg_of(low))
			snprintf(name, size, "%s", sysreg_of(low));
		break;
	}
}

static json_t *item_of(const json_t *modifier)
{
	const char *addr = json_string_value(json_object_get(modifier, "addr"));
	const char *bitmap = json_string_value(json_object_get(modifier, "bitmap")), *b;
	char name[64], id_str[32], value[32];
	uint64_t id, v = 0;

	if (!addr || !bitmap || strncmp(addr, "0x", 2) || strlen(addr) > 18 ||
	    strncmp(bitmap, "0b", 2) || strlen(bitmap) > 2050 ||
	    strspn(bitmap + 2, "01") != strlen(bitmap + 2))
		return NULL;
	for (b = bitmap + 2; *b; b++)
		v = v << 1 | (*b == '1');
	id = strtoull(addr, NULL, 16);
	name_of(id, name, sizeof(name));
	snprintf(id_str, sizeof(id_str), "0x%" PRIx64, id);
	snprintf(value, sizeof(value), "0x%" PRIx64, v);
	return json_pack("{s:s, s:s, s:s, s:s}", "class", "vcpu0/reg", "name", name, "id", id_str,
			 "value", value);
}

/* A dump of it; NULL if it is none, or is not as it should be */
json_t *dump_of_fingerprint(const json_t *json)
{
	const json_t *list =
		json_object_get(json_object_get(json, "guest_cpu_config"), "reg_modifiers");
	const char *kernel = json_string_value(json_object_get(json, "kernel_version"));
	json_t *items, *item, *m;
	const char *midr = "0x0";
	size_t i;

	if (!kernel || !json_array_size(list))
		return NULL;
	items = json_array();
	json_array_foreach((json_t *)list, i, m) {
		item = item_of(m);
		if (!item) {
			json_decref(items);
			return NULL;
		}
		json_array_append_new(items, item);
		if (!strcmp(json_string_value(json_object_get(item, "name")), "MIDR_EL1"))
			midr = json_string_value(json_object_get(item, "value"));
	}
	return json_pack("{s:s, s:i, s:{s:s, s:s, s:b}, s:[{s:s, s:{}, s:[], s:[], s:o}]}",
			 "format", "kvm-compat dump", "version", 1, "host", "kernel", kernel,
			 "midr", midr, "values_only", 1, "machines", "baseline", "as it is", "vm",
			 "vcpus", "own", "items", items);
}
