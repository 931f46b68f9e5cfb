/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * earlyctl <-> early-overlay, on RUN/overlay/NAME.sock (SOCK_SEQPACKET), one socket for each union; `list` is a STATUS from each.
 *
 * One REQUEST, then STATUS or any number of PROGRESS or LAYER, then DONE. Root may do all, others only ask for the status.
 */

enum overlayctl_opcode {
	OVERLAYCTL_REQUEST = 1,
	OVERLAYCTL_STATUS = 2,
	OVERLAYCTL_PROGRESS = 3,
	OVERLAYCTL_DONE = 4,
	OVERLAYCTL_LAYER = 5, /* with one descriptor: its directory */
};

enum overlayctl_verb {
	OVERLAYCTL_VERB_STATUS = 0,
	OVERLAYCTL_VERB_MERGE = 1, /* DONE comes when path look-ups reach the real directory */
	OVERLAYCTL_VERB_LAYERS =
		2, /* a LAYER for each, the upper one first: who asks compares them, not the daemon */
};

enum overlayctl_state {
	OVERLAYCTL_STATE_UNION = 0,
	OVERLAYCTL_STATE_MERGING = 1,
	OVERLAYCTL_STATE_GONE = 2, /* merged and unmounted; handles are still served */
	OVERLAYCTL_STATE_MERGED = 3, /* merged, but it could not be unmounted */
};

struct overlayctl_request {
	uint32_t verb; /* enum overlayctl_verb */
	const char *
		into; /* for a merge: the real directory; empty: what lies beneath the mount point */
};

struct overlayctl_status {
	const char *mountpoint;
	const char *source;
	uint32_t state; /* enum overlayctl_state */
	uint32_t pid;
	struct wire_list lower;
	const char *upper; /* "tmpfs" for a private one; empty: read-only union */
	uint64_t handles;
	uint64_t nodes; /* files that the kernel or the daemon knows */
	uint64_t upper_bytes; /* used in the upper layer's file system */
	uint64_t upper_total_bytes;
	uint64_t sticky; /* directories still served after the merge */
	const char *last_error; /* of the last merge that failed */
};

struct overlayctl_progress {
	uint64_t files_done;
	uint64_t files_total;
};

struct overlayctl_layer {
	uint32_t is_upper;
};

struct overlayctl_done {
	int32_t error; /* negative errno; 0 done */
	const char *path; /* where it failed */
	const char *why;
	const char *advice;
	uint64_t files;
	uint64_t bytes;
	uint64_t conflicts;
	uint64_t handles; /* still served */
};

extern const struct wire_protocol overlayctl_protocol;
