// SPDX-License-Identifier: GPL-2.0
/* lab/test_lab.py runs this program to test how the laboratory reports it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char line[64] = "";
	FILE *f;
	int fd;

	if (argc == 3 && !strcmp(argv[1], "exit"))
		return atoi(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "hang"))
		for (;;)
			pause();
	/* The child lives longer than this program, and keeps its output open. */
	if (argc == 2 && !strcmp(argv[1], "orphan")) {
		if (!fork())
			for (;;)
				pause();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "socket")) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (fd < 0)
			perror("AF_UNIX");
		return fd < 0;
	}
	/* The files that init keeps open */
	if (argc == 2 && !strcmp(argv[1], "held")) {
		for (fd = 0; fd < 32; fd++) {
			char path[32], to[64];
			ssize_t n;

			snprintf(path, sizeof(path), "/proc/1/fd/%d", fd);
			n = readlink(path, to, sizeof(to));
			if (n > 0)
				printf("%.*s\n", (int)n, to);
		}
		return 0;
	}
	if (argc >= 3 && !strcmp(argv[1], "log")) {
		fd = open("/dev/kmsg", O_WRONLY);
		if (fd < 0 || write(fd, argv[2], strlen(argv[2])) < 0)
			return 1;
		while (argc == 4 && !strcmp(argv[3], "hang"))
			pause();
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "copy")) {
		f = fopen(argv[2], "r");
		if (!f || !fgets(line, sizeof(line), f))
			return 1;
		fclose(f);
		f = fopen("out/copy", "w");
		if (!f || fputs(line, f) < 0 || fclose(f))
			return 1;
		printf("copied %s", line);
		return 0;
	}
	return 2;
}
