/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/overlay_paths.h"
#include "early/proto/disks.h"

/* What the kernel command line asks of PID 1. Pure: parsed from text. */
#define CMDLINE_VALUE_MAX 256

struct cmdline {
	char root[CMDLINE_VALUE_MAX]; /* "": not given */
	char rootfstype[CMDLINE_VALUE_MAX];
	char rootflags[CMDLINE_VALUE_MAX];
	uint64_t root_wait_ms; /* how long the root device may take to appear */
	bool splash;
	bool debug;
	bool rescue; /* a shell instead of the boot */
	bool stock; /* the distribution's own init */
	char init[CMDLINE_VALUE_MAX]; /* the one that is wanted in the root; "": none is named */
	enum disks_check_mode fsck;
	struct overlay_paths unions; /* the default if not given */
	char complaints
		[CMDLINE_VALUE_MAX]; /* words that could not be taken, for the log; "": none */
};

#define CMDLINE_ROOT_WAIT_MS 10000
#define CMDLINE_ROOT_WAIT_FOREVER_MS (24 * 3600 * 1000)

/* Never fails: a word that makes no sense is named in complaints and has no effect. */
void cmdline_parse(struct cmdline *ret_cmdline, const char *text);
