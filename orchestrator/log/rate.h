/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * How many messages of one service are taken in a time. For datagrams only: a pipe that is not read holds its writer back, but a
 * socket that all share would hold back everybody. Pure.
 */
#define RATE_NAMES 32
#define RATE_NAME_SIZE 128

struct rate_name {
	char name[RATE_NAME_SIZE]; /* empty: free */
	uint64_t begun_us;
	uint32_t taken;
	uint32_t dropped;
};

struct rate {
	uint32_t burst; /* 0: no limit */
	uint64_t interval_us;
	struct rate_name names[RATE_NAMES];
};

/* False: it is one too many, and was counted. */
bool rate_take(struct rate *rate, const char *name, uint64_t now_us);

typedef void (*rate_fn)(const char *name, uint32_t dropped, void *data);

/* Calls @fn for each name whose interval is over and that had messages dropped, once. Returns when to call it again; 0: need not. */
uint64_t rate_tell(struct rate *rate, uint64_t now_us, rate_fn fn, void *data);
