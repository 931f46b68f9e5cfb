/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * PID 1 -> early-log.
 *
 * PID 1 keeps a duplicate of each stream's read end, so that a restarted early-log gets all of them again.
 */

enum logs_opcode {
	LOGS_STREAM =
		1, /* one descriptor: the read end of the pipe that is the service's stdout and stderr */
	LOGS_FLUSH = 2, /* to log: write all to /var/log/early from now on (the disks are there) */
	LOGS_LINE = 3, /* early-init's own word about a service, for its log */
};

struct logs_stream {
	const char *service;
};

struct logs_line {
	const char *service;
	uint32_t level; /* of the kernel: 4 warning … */
	const char *text;
};

extern const struct wire_protocol logs_protocol;
