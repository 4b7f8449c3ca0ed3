/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_COMPAT_SHIMS_H
#define GUEST_COMPAT_SHIMS_H

/* Replaces what virt/kvm/guest_compat*.c uses of the kernel, for the build machine. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a)			(sizeof(a) / sizeof((a)[0]))

static inline unsigned long array_index_nospec(unsigned long index, unsigned long size)
{
	return index;
}

/* The last message to the kernel's log */
static char kvm_said[256];
#define kvm_info(...)	snprintf(kvm_said, sizeof(kvm_said), __VA_ARGS__)
#define kvm_err(...)	snprintf(kvm_said, sizeof(kvm_said), __VA_ARGS__)

static inline int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);

	return len < (int)size ? len : (int)size - 1;
}

static inline int kstrtou8(const char *s, unsigned int base, u8 *res)
{
	char *end;
	unsigned long val = strtoul(s, &end, base);

	if (*s < '0' || *s > '9' || *end || val > UINT8_MAX)
		return -EINVAL;

	*res = val;
	return 0;
}

#include <linux/kvm_guest_compat.h>

static int tests, failed;

static inline void result(bool ok, const char *what)
{
	printf("%sok %d %s\n", ok ? "" : "not ", ++tests, what);
	failed += !ok;
}

static inline void check(const char *what, u64 have, u64 want)
{
	if (have != want)
		printf("# %#llx, not %#llx\n", (unsigned long long)have, (unsigned long long)want);
	result(have == want, what);
}

static inline int done(void)
{
	printf("1..%d\n", tests);
	return !!failed;
}

#endif /* GUEST_COMPAT_SHIMS_H */
