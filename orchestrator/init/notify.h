/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "early/loop.h"
#include "early/unread.h"

/* A service's notify socket RUN/notify/NAME: datagrams of KEY=VALUE lines, some with descriptors. */
#define NOTIFY_MAX_BYTES 4096
#define NOTIFY_MAX_FDS 253

struct notify;

struct notify_message {
	pid_t pid; /* the sender, by its credentials */
	uid_t uid;
	const char *text; /* lines, NUL at the end */
	int *fds; /* -1 where the callback took one; the rest is closed */
	size_t n_fds;
};

typedef void (*notify_fn)(struct notify *notify, const struct notify_message *message);

struct notify {
	struct loop_source source;
	struct loop *loop;
	int fd; /* -1: none */
	char *path;
	notify_fn fn;
	void *data; /* the owner's */
	struct unread unread; /* what a crash in this turn would lose */
};

/* Without a socket. free() it after notify_close(). */
int notify_new(struct notify **ret, void *data);

int notify_open(struct notify *notify, struct loop *loop, const char *run_dir, const char *name,
		notify_fn fn);

/* A socket that came over from before an exec. Takes @fd over. */
int notify_adopt(struct notify *notify, struct loop *loop, int fd, const char *path, notify_fn fn);

/* -1: there is none. */
int notify_fd(const struct notify *notify);

/* Handles what is in the socket by now, as far as one sender at a time can have filled it. NULL: nothing. */
void notify_drain(struct notify *notify);

/* Closes and unlinks. Idempotent, takes NULL. */
void notify_close(struct notify *notify);

/*
 * The value of @key in @text's lines, of *ret_len bytes and not terminated; NULL if there is none. Pure.
 */
const char *notify_find(const char *text, const char *key, size_t *ret_len);

/* The same as a copy of at most @size - 1 bytes in @buf; false if there is none. */
bool notify_get(const char *text, const char *key, char *buf, size_t size);
