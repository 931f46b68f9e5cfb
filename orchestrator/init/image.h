/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is known at every moment, in two memfds, for the program that follows a crash. One holds a whole state and the
 * changes since; when these have become long, a new whole is written to the other, which counts from its last byte on.
 */
struct image {
	int fds[2]; /* -1: none */
	unsigned int current;
	uint64_t seq; /* of the last entry */
	size_t len; /* bytes of the current one */
	size_t whole; /* of which the whole state takes */
};

int image_init(struct image *image);
void image_done(struct image *image);

/* A change. On failure nothing of the image can be used any more, until a replacement succeeds. */
int image_add(struct image *image, const void *data, size_t len);

/* Nothing can be used any more, until a replacement succeeds. */
void image_empty(struct image *image);

/* A whole state. */
int image_replace(struct image *image, const void *data, size_t len);

/* Nothing is in it yet, or the changes are longer than the whole. */
bool image_wants_whole(const struct image *image);

/* The newest whole and its changes, one after the other. -ENODATA: neither holds a valid one. Free *ret. */
int image_read(const int fds[2], char **ret, size_t *ret_len);
