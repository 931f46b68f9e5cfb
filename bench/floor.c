/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The least that an init can do about a death: wait for it, and posix_spawn, which shares the memory until the execve. No signal, no loop, no
 * state, no log; linked statically, so that there is next to nothing to set up again after the fork. What it takes is the kernel's, and no
 * init's on this machine can be less.
 *
 *   bench-floor N MODE FIFO PROGRAM    keeps N times "PROGRAM MODE:ID:FIFO" running
 */

#define MAX_SERVICES 10000

static pid_t pids[MAX_SERVICES];
static char words[MAX_SERVICES][256];

static int start(const char *program, unsigned int id)
{
	char *argv[] = { (char *)program, words[id], NULL };

	return posix_spawn(&pids[id], program, NULL, NULL, argv, environ) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	unsigned int n = argc == 5 ? (unsigned int)atoi(argv[1]) : 0;

	if (n == 0 || n > MAX_SERVICES) {
		fprintf(stderr, "usage: bench-floor N MODE FIFO PROGRAM, N up to %d\n",
			MAX_SERVICES);
		return 2;
	}
	for (unsigned int id = 0; id < n; id++) {
		(void)snprintf(words[id], sizeof(words[id]), "%s:%u:%s", argv[2], id, argv[3]);
		if (start(argv[4], id) < 0)
			return 1;
	}
	for (;;) {
		pid_t pid = wait(NULL);

		if (pid < 0)
			return 1;
		for (unsigned int id = 0; id < n; id++) {
			if (pids[id] == pid && start(argv[4], id) < 0)
				return 1;
		}
	}
}
