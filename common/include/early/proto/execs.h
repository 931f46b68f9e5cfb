/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * PID 1 -> early-exec (a sealed memfd) and back (a close-on-exec pipe).
 *
 * PID 1 writes CONTEXT, then the unit's SERVICE message and the one EXEC message of the table protocol, unchanged. The pipe closes
 * without a word when the program was executed; otherwise one of the answers is on it.
 */

enum execs_opcode {
	EXECS_CONTEXT = 1,
	EXECS_FAILED =
		2, /* step and error; early-exec exits with systemd's code for the step (203 EXEC, 217 USER …) */
	EXECS_SKIPPED = 3, /* a condition was not met */
};

struct execs_context {
	struct wire_list environment; /* what PID 1 adds: NOTIFY_SOCKET, LISTEN_FDS, MAINPID … */
	struct wire_list
		overlaid; /* paths below which no service gets a mount of its own, until their overlays are gone */
	const char *cgroup;
};

struct execs_failed {
	uint32_t exit_code;
	int32_t error; /* negative errno */
	const char *step;
	const char *detail;
};

struct execs_skipped {
	const char *condition;
};

extern const struct wire_protocol execs_protocol;
