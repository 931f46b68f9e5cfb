/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* When timers elapsed last: the modification times of stamp-NAME in a directory. Microseconds of CLOCK_REALTIME. */
struct stamps {
	const char *dir;
	const char *foreign_dir; /* where systemd keeps its own, read only */
};

#define STAMPS_DIR "/var/lib/early/timers"
#define STAMPS_FOREIGN_DIR "/var/lib/systemd/timers"

/* The newer one of both directories. -ENOENT: there is none. */
int stamps_read(const struct stamps *stamps, const char *timer, uint64_t *ret_us);

/* -EINVAL for a name that is no file's. */
int stamps_write(const struct stamps *stamps, const char *timer, uint64_t at_us);
