/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What early-init keeps beside a descriptor, for the early-log after this one. Pure. */
#define KEPT_NAME_SIZE 256
#define KEPT_TEXT_SIZE 640

struct kept {
	bool is_connection;
	uint64_t number; /* of a connection: no two have the same. Of a socket: its path's inode */
	pid_t pid; /* connection: the client */
	int level;
	bool is_prefixed;
	char name[KEPT_NAME_SIZE]; /* the socket's file; the connection's service */
	char identifier[KEPT_NAME_SIZE]; /* the connection's; may be empty */
};

/* The text is the descriptor's name with early-init, too. False: it does not fit. */
bool kept_format(const struct kept *kept, char *buf, size_t size);
bool kept_parse(const char *text, struct kept *ret_kept);
