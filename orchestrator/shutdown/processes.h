/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A process of user space other than ourselves. */
struct process {
	pid_t pid;
	bool spared; /* its argv[0] begins with '@': a storage daemon, which ends after its mounts */
	bool is_union; /* early-overlay */
	char name[16];
};

struct processes {
	struct process *list;
	size_t n;
};

/* All of them. Which are spared is read under a deadline each; who does not answer is not spared. */
int processes_read(struct processes *ret_processes);
void processes_done(struct processes *processes);

enum processes_whom {
	PROCESSES_ORDINARY, /* all but the spared */
	PROCESSES_UNIONS, /* early-overlay */
	PROCESSES_ALL,
};

/*
 * Sends @signo (0: none) to each of them and waits until they are gone, at most @timeout_ms; -ETIMEDOUT if some are left.
 */
int processes_end(enum processes_whom whom, int signo, uint32_t timeout_ms);

/* Pure: is this command line (the text of /proc/PID/cmdline) that of a storage daemon? */
bool processes_is_spared(const char *cmdline, size_t len);

/* Pure: is this the line of /proc/PID/stat of a kernel thread? */
bool processes_is_kernel_thread(const char *stat);
