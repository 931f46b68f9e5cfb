/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * earlyctl <-> PID 1, on RUN/control.
 *
 * One REQUEST, then any number of SERVICE, EVENT, REASON or TEXT messages, then DONE. Times are microseconds since the
 * kernel's start (CLOCK_BOOTTIME), or since the container's in one.
 */

enum control_opcode {
	CONTROL_REQUEST = 1,
	CONTROL_SERVICE = 2,
	CONTROL_EVENT = 3, /* of the timeline */
	CONTROL_REASON = 4, /* for `why`, newest first */
	CONTROL_TEXT = 5, /* a line for people */
	CONTROL_DONE = 6,
};

enum control_verb {
	CONTROL_VERB_STATUS =
		0, /* name empty: the machine: SERVICE for each failed one, TEXT lines */
	CONTROL_VERB_LIST = 1,
	CONTROL_VERB_START = 2,
	CONTROL_VERB_STOP = 3,
	CONTROL_VERB_RESTART = 4,
	CONTROL_VERB_RELOAD = 5,
	CONTROL_VERB_WHY = 6,
	CONTROL_VERB_TIMELINE = 7,
	CONTROL_VERB_POWEROFF = 8,
	CONTROL_VERB_REBOOT = 9,
	CONTROL_VERB_HALT = 10,
	CONTROL_VERB_DAEMON_REEXEC = 11,
	CONTROL_VERB_DAEMON_RELOAD = 12,
	CONTROL_VERB_RESCUE = 13,
	CONTROL_VERB_MERGE = 14, /* start the merge now, if it waits */
};

struct control_request {
	uint32_t verb; /* enum control_verb */
	const char *name;
	uint32_t flags;
};

struct control_service {
	const char *name;
	const char *description;
	const char *load_state;
	const char *active_state;
	const char *sub_state;
	const char *stage;
	const char *path;
	const char *cgroup;
	const char *result; /* success, exit-code, signal, timeout, … */
	const char *why; /* why it runs, the newest reason */
	uint32_t main_pid;
	uint32_t control_pid;
	int32_t exit_status; /* of the last main process */
	uint32_t restarts;
	uint64_t since_us; /* the last change of active_state */
	const char *detail; /* why it failed, in words */
	uint32_t remarks; /* lines of its manifest that are not honoured */
	const char *type; /* "simple", … "target"; empty for a scope */
	uint64_t memory_bytes; /* of its cgroup, when STATUS names it; 0: not known */
	uint32_t tasks; /* likewise */
	struct wire_list requires; /* all four empty if they are longer than a message */
	struct wire_list binds_to;
	struct wire_list wants;
	struct wire_list after;
	const char *triggers; /* of a timer: what it starts */
	uint64_t
		next_us; /* of a timer, microseconds since 1970 (UTC): when it elapses next; 0: not known, or never */
	uint64_t last_us; /* and when it elapsed last */
	const char *failure; /* the last one, also of an earlier run; empty: none */
	uint64_t failure_us;
	uint64_t failure_run_us; /* when the run that it ended had begun */
	uint64_t run_us; /* when the last run began */
	const char *loop; /* it ends again and again: how; empty: it does not */
	uint64_t changed_us; /* CLOCK_REALTIME of its files, as they were read; 0: not known */
};

struct control_event {
	const char *name;
	uint64_t t_us;
	const char *why;
};

/* The parts of @text (early/cause.h), and the manifest. */
struct control_reason {
	uint64_t t_us;
	const char *text;
	const char *how; /* what a process asked for */
	const char *directive;
	const char *object;
	const char *unit; /* whose manifest has the directive; empty: its own */
	const char *manifest; /* the file of that */
	const char *exe;
	uint32_t pid; /* 0: not known */
	uint32_t uid; /* UINT32_MAX: no process */
};

struct control_text {
	const char *text;
};

struct control_done {
	int32_t error; /* 0 or negative errno */
	const char *text; /* what happened, in words, when error */
};

extern const struct wire_protocol control_protocol;
