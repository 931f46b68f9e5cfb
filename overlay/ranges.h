/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Byte ranges, sorted and disjoint, [start, end). Two users: the fcntl locks granted to one owner of one file (a range has a
 * type), and what was written to a file while it is copied (all of one type). Pure.
 */
#define RANGES_END UINT64_MAX

struct range {
	uint64_t start;
	uint64_t end;
	int type;
};

struct ranges {
	struct range *items;
	size_t n;
	size_t size;
};

void ranges_done(struct ranges *ranges);

/* Puts [start, end) under @type, whatever was there; neighbours of one type melt together. 0 or -ENOMEM (unchanged). */
int ranges_set(struct ranges *ranges, uint64_t start, uint64_t end, int type);

/* Takes [start, end) out. */
int ranges_clear(struct ranges *ranges, uint64_t start, uint64_t end);

/* The first range that overlaps [start, end), or NULL. */
const struct range *ranges_find(const struct ranges *ranges, uint64_t start, uint64_t end);

/* fcntl's (l_start, l_len from the file's beginning) and back; a length of 0 reaches to the end. */
uint64_t ranges_end_of(uint64_t start, uint64_t len);
uint64_t ranges_len_of(const struct range *range);
