/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "early/channel.h"
#include "early/loop.h"

/*
 * One of Early's own processes: a supervised child with a link. It is started by its owner, who is told of its messages
 * and once of its end, and decides whether to start it again.
 */
struct helper {
	const char *name; /* NULL: never started */
	struct loop *loop;
	struct loop_child child;
	struct loop_timer grace; /* from its link's end to SIGKILL */
	struct channel channel;
	void (*on_message)(struct helper *helper, struct channel_message *message);
	/* @status as waitpid gives it; the link is closed and the process reaped. NULL: nobody cares. */
	void (*on_exit)(struct helper *helper, int status);
	void *data;
	bool *released; /* set by helper_release while the last messages of a dead one are told */
};

struct helper_spec {
	const char *name; /* not copied */
	const char *const *argv; /* argv[0] is the path */
	const struct wire_protocol *protocol; /* NULL: no link */
	void (*on_message)(struct helper *helper, struct channel_message *message);
	void (*on_exit)(struct helper *helper, int status);
	void *data;
};

#define HELPER_GRACE_US (3 * 1000000ULL)
#define HELPER_LAST_MESSAGES 4096 /* of a dead one; more than its socket holds */

/* -EBUSY while it runs. */
int helper_start(struct helper *helper, struct loop *loop, const struct helper_spec *spec);

/* Takes over a process that an earlier PID 1 program started. @link_fd is taken over; -1: none. */
int helper_adopt(struct helper *helper, struct loop *loop, const struct helper_spec *spec,
		 pid_t pid, int link_fd);

bool helper_is_running(const struct helper *helper);
int helper_send(struct helper *helper, uint16_t opcode, const void *value);
void helper_kill(struct helper *helper, int signo);

/* Blocks until it has ended, @timeout_ms at most; false: it has not. It is not reaped. */
bool helper_await(const struct helper *helper, int timeout_ms);

/* Closes the link, which asks the helper to end; after HELPER_GRACE_US it is killed. on_exit still comes. */
void helper_finish(struct helper *helper);

/* Forgets the process without ending it: nothing is called any more. Its link's descriptor is handed out (-1: none). */
int helper_release(struct helper *helper);

/* "exited with status 1", "was killed by signal 9 (KILL)": in a static buffer. */
const char *helper_describe_status(int status);
