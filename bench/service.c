/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * The service that all inits of a benchmark run, and what ends one. Linked statically, so that its own start costs little.
 *
 *   bench-service stay:ID:FIFO    says in one record that it runs, and stays
 *   bench-service die:ID:FIFO     says so, and exits 1
 *   bench-service once:ID:FIFO    says so, and exits 0
 *   bench-service kill            for each pid on stdin: SIGKILL; the moment before goes to stdout
 *
 * One argument, for a #! line has no more. The moment is taken first of all: what comes after is not the init's work.
 */

struct record {
	uint64_t ns; /* CLOCK_MONOTONIC */
	uint32_t id;
	int32_t pid; /* in its own PID name space */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int serve(const char *words, uint64_t ns)
{
	struct record record = { .ns = ns, .pid = getpid() };
	char *path;
	int fd;

	record.id = (uint32_t)strtoul(strchr(words, ':') + 1, &path, 10);
	if (*path != ':')
		return 2;
	fd = open(path + 1, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, &record, sizeof(record)) != (ssize_t)sizeof(record)) {
		perror(path + 1);
		return 3;
	}
	close(fd);
	if (words[0] == 'd')
		return 1;
	if (words[0] == 'o')
		return 0;
	for (;;)
		pause();
}

static int kill_each(void)
{
	char line[32];

	while (fgets(line, sizeof(line), stdin)) {
		uint64_t before = now_ns();

		if (kill((pid_t)atoi(line), SIGKILL) < 0)
			before = 0;
		printf("%" PRIu64 "\n", before);
		(void)fflush(stdout); /* who reads it is told by its absence */
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t ns = now_ns();

	if (argc >= 2 && strcmp(argv[1], "kill") == 0)
		return kill_each();
	if (argc >= 2 && strchr(argv[1], ':'))
		return serve(argv[1], ns);
	fprintf(stderr, "usage: bench-service stay|die|once:ID:FIFO | kill\n");
	return 2;
}
