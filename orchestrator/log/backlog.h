/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * What a syslog daemon is still to get: a ring in a file of /run that outlives every early-log. What is full drops its oldest, and
 * counts them.
 */
#define BACKLOG_FILE ".syslog"
#define BACKLOG_SIZE (1024 * 1024)
#define BACKLOG_ENTRY_MAX (64 * 1024) /* longer messages are cut */

struct backlog_map;

struct backlog {
	struct backlog_map *map; /* NULL: nothing is kept */
};

/* 0 or negative errno; then nothing is kept, which is no error to the other functions. */
int backlog_init(struct backlog *backlog, int dir_fd);
void backlog_done(struct backlog *backlog);

void backlog_add(struct backlog *backlog, const struct ucred *sender, const char *bytes,
		 size_t len);

/* The oldest into @buf of BACKLOG_ENTRY_MAX bytes: its length, or -ENOENT. */
ssize_t backlog_oldest(const struct backlog *backlog, struct ucred *ret_sender, char *buf);

/*
 * Takes the oldest out. It comes before the sending, so that an early-log that is killed never sends twice; what could not be
 * sent comes back by backlog_restore(), at once.
 */
void backlog_remove(struct backlog *backlog, size_t len);
void backlog_restore(struct backlog *backlog, size_t len);

/* How many were dropped since the last call. */
uint64_t backlog_take_dropped(struct backlog *backlog);
