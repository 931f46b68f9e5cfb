/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * PID 1 -> early-log.
 *
 * PID 1 keeps a duplicate of each stream's read end, so that a restarted early-log gets all of them again; and of what early-log
 * asks it to keep: /dev/log, the journal's sockets and their clients' connections, so that what is sent meanwhile waits there.
 */

enum logs_opcode {
	LOGS_STREAM =
		1, /* one descriptor: the read end of the pipe that is the service's stdout and stderr */
	LOGS_FLUSH = 2, /* to log: write all to /var/log/early from now on (the disks are there) */
	LOGS_LINE = 3, /* early-init's own word about a service, for its log */
	LOGS_KEEP = 4, /* to init, with a descriptor: keep it for the next early-log */
	LOGS_DROP = 5, /* to init: no more */
	LOGS_KEPT = 6, /* to log, with the descriptor: what the last one asked to keep */
	LOGS_LISTEN =
		7, /* to log: that was all of it; what is missing of the sockets is to be made */
};

#define LOGS_KEEP_MAX 512 /* descriptors; more are not kept */

struct logs_stream {
	const char *service;
};

struct logs_line {
	const char *service;
	uint32_t level; /* of the kernel: 4 warning … */
	const char *text;
};

/* KEEP, DROP, KEPT. Early-log's own words; early-init compares them, no more. */
struct logs_kept {
	const char *name;
};

extern const struct wire_protocol logs_protocol;
