/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "early/channel.h"
#include "early/list.h"

/* Descriptors that outlive an early-log: its sockets and its clients' connections. */
struct log_keep {
	struct list fds; /* log_keep_fd::link */
	size_t n_fds;
	bool unsaved; /* changed since it was put into the image */
};

void log_keep_init(struct log_keep *keep);
void log_keep_done(struct log_keep *keep);

/* LOGS_KEEP or LOGS_DROP; anything else is said to be wrong. */
void log_keep_take(struct log_keep *keep, struct channel *channel, struct channel_message *message);

/* For the image: each of them; and one of them from the program before (@fd is taken over). */
void log_keep_each(const struct log_keep *keep, void (*fn)(const char *name, int fd, void *data),
		   void *data);
int log_keep_adopt(struct log_keep *keep, const char *name, int fd);

/* To a new early-log: all of them, and then LOGS_LISTEN. */
void log_keep_hand_over(struct log_keep *keep, struct channel *channel);
