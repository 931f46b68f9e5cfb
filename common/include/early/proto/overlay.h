/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * PID 1 <-> early-overlay (option link_fd=N). One daemon for each union.
 */

enum overlay_opcode {
	OVERLAY_MOUNTED = 1, /* to PID 1: the union is on its mount point */
	OVERLAY_MERGE =
		2, /* to overlay: bring the upper layer into the real directory and step aside */
	OVERLAY_PROGRESS = 3, /* to PID 1 */
	OVERLAY_MERGED = 4, /* to PID 1: all is in the real directory, open handles write to it */
	OVERLAY_GONE =
		5, /* to PID 1: path look-ups reach the real directory; the daemon ends with its last handle */
	OVERLAY_FAILED =
		6, /* to PID 1: the merge stopped; the union is as it was and can be merged again */
	OVERLAY_STAYS =
		7, /* to PID 1, after MERGED, instead of GONE: the union can't be unmounted and is served on; MERGE tries it again */
};

struct overlay_mounted {
	uint64_t t_us; /* CLOCK_BOOTTIME */
};

struct overlay_merge {
	const char *into; /* the real directory; empty: what lies beneath the mount point */
};

struct overlay_progress {
	uint64_t files_done;
	uint64_t files_total;
};

struct overlay_merged {
	uint64_t t_us;
	uint64_t files;
	uint64_t bytes;
	uint64_t conflicts;
};

struct overlay_gone {
	uint64_t t_us;
	uint64_t handles; /* still served */
};

struct overlay_failed {
	const char *path;
	const char *why;
	const char *advice;
};

struct overlay_stays {
	uint64_t t_us;
	const char *why;
	const char *advice;
};

extern const struct wire_protocol overlay_protocol;
