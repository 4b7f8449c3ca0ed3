// SPDX-License-Identifier: GPL-2.0
/*
 * Copies the counts of CONFIG_GCOV_KERNEL out of a machine, as its last job. Each .gcda
 * file of debugfs becomes a file in out/. Its name is the path, with "%" for "/".
 * Status 0: the program copied files; 1: it could not copy one; 4: the kernel does not
 * count.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNTS	"/sys/kernel/debug/gcov"

static int copied;

static int copy(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	static char text[1 << 20];
	char to[PATH_MAX];
	ssize_t len;
	int in, out;

	(void)st;
	(void)ftw;
	if (type != FTW_F || strlen(path) < 5 || strcmp(path + strlen(path) - 5, ".gcda"))
		return 0;
	snprintf(to, sizeof(to), "out/%s", path + sizeof(COUNTS));
	for (char *c = to + 4; *c; c++)
		if (*c == '/')
			*c = '%';
	in = open(path, O_RDONLY);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (in < 0 || out < 0) {
		perror(in < 0 ? path : to);
		return 1;
	}
	while ((len = read(in, text, sizeof(text))) > 0)
		if (write(out, text, len) != len)
			len = -1;
	close(in);
	close(out);
	if (len < 0) {
		perror(path);
		return 1;
	}
	copied++;
	return 0;
}

int main(void)
{
	mkdir("out", 0755);
	if (access(COUNTS, R_OK)) {
		printf("no " COUNTS "\n");
		return 4;
	}
	if (nftw(COUNTS, copy, 16, FTW_PHYS))
		return 1;
	printf("%d files\n", copied);
	return copied ? 0 : 4;
}
