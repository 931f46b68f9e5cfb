/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "survivors.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 20000000L
#define TERM_PAUSES 250 /* 5 s */
#define KILL_PAUSES 100 /* 2 s: what is in an uninterruptible call stays */

/* Orphans become ours as soon as their parents are dead. */
static bool wait_for_all(unsigned int pauses)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	for (; pauses > 0; pauses--) {
		pid_t pid;

		do {
			pid = waitpid(-1, NULL, WNOHANG);
		} while (pid > 0);
		if (pid < 0 && errno == ECHILD)
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

void survivors_end(void)
{
	if (getpid() != 1)
		return; /* -1 would be everybody */
	(void)kill(-1, SIGTERM);
	(void)kill(-1, SIGCONT);
	if (wait_for_all(TERM_PAUSES))
		return;
	(void)kill(-1, SIGKILL);
	(void)wait_for_all(KILL_PAUSES);
}
