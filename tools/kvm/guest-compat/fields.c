// SPDX-License-Identifier: GPL-2.0-only
/* The architecture's registers, as arch/arm64/tools/sysreg has them */
#include <string.h>

#include "compat.h"

#define REG(name, op0, op1, crn, crm, op2) \
	{ name, (op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2) },
#define FIELD(reg, name, high, low)
#define VALUE(reg, field, value, name)
static const struct {
	const char *name;
	uint32_t encoding;
} regs[] = {
#include "fields.inc"
};

#undef REG
#undef FIELD
#define REG(name, ...)
#define FIELD(reg, name, high, low)	{ reg, name, high, low },
static const struct field fields[] = {
#include "fields.inc"
};

#undef FIELD
#undef VALUE
#define FIELD(reg, name, high, low)
#define VALUE(reg, field, value, name)	{ reg, field, value, name },
static const struct {
	const char *reg, *field;
	uint64_t value;
	const char *name;
} values[] = {
#include "fields.inc"
};

uint32_t encoding_of(const char *reg)
{
	for (size_t i = 0; i < ARRAY_SIZE(regs); i++)
		if (!strcmp(regs[i].name, reg))
			return regs[i].encoding;
	return 0;
}

const char *sysreg_of(uint32_t encoding)
{
	unsigned int n = encoding & 0x1f;
	static char name[32];

	/* PMEVCNTR<n>_EL0, PMEVTYPER<n>_EL0; what would be PMEVTYPER31_EL0 is PMCCFILTR_EL0. */
	if (encoding >> 6 == 0xdf40 >> 6 && encoding != 0xdf7f) {
		snprintf(name, sizeof(name),
			 encoding & 0x20 ? "PMEVTYPER%u_EL0" : "PMEVCNTR%u_EL0", n);
		return name;
	}
	for (size_t i = 0; i < ARRAY_SIZE(regs); i++)
		if (regs[i].encoding == encoding)
			return regs[i].name;
	return NULL;
}

uint64_t field_bits(const struct field *f)
{
	return ~0ULL >> (63 - f->high) & ~0ULL << f->low;
}

const struct field *next_field(const struct field *f, const char *reg, uint64_t diff)
{
	for (f = f ? f + 1 : fields; f < fields + ARRAY_SIZE(fields); f++)
		if (!strcmp(f->reg, reg) && field_bits(f) & diff)
			return f;
	return NULL;
}

const char *field_value(const struct field *f, uint64_t reg_value, char *buf, size_t size)
{
	uint64_t value = (reg_value & field_bits(f)) >> f->low;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (strcmp(values[i].reg, f->reg) || strcmp(values[i].field, f->name) ||
		    values[i].value != value)
			continue;
		snprintf(buf, size, "%s (%#llx)", values[i].name, (unsigned long long)value);
		return buf;
	}
	snprintf(buf, size, "%#llx", (unsigned long long)value);
	return buf;
}

#define IMPLEMENTER(id, value)		{ id, value },
#define PART(...)
static const struct {
	const char *id;
	uint64_t value;
} implementers[] = {
#include "cpus.inc"
};

#undef IMPLEMENTER
#undef PART
#define IMPLEMENTER(...)
#define PART(implementer, name, value)	{ implementer, name, value },
static const struct {
	const char *implementer, *name;
	uint64_t value;
} parts[] = {
#include "cpus.inc"
};

/* By arch/arm64/include/asm/cputype.h */
const char *cpu_name(uint64_t midr)
{
	static char name[80];

	for (size_t i = 0; i < ARRAY_SIZE(implementers); i++) {
		if (implementers[i].value != (midr >> 24 & 0xff))
			continue;
		for (size_t p = 0; p < ARRAY_SIZE(parts); p++) {
			if (strcmp(parts[p].implementer, implementers[i].id) ||
			    parts[p].value != (midr >> 4 & 0xfff))
				continue;
			snprintf(name, sizeof(name), "%s %s r%up%u", implementers[i].id,
				 parts[p].name, (unsigned int)(midr >> 20 & 0xf),
				 (unsigned int)(midr & 0xf));
			return name;
		}
	}
	return "of a model that the kernel has no name for";
}
