/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "early/list.h"
#include "early/loop.h"

/* A message to PID 1 that is answered under its cookie, with a deadline. Embedded in who waits. */

struct bus;
struct bus_unit;
struct request;
struct unit;

struct answer {
	int error; /* 0 or negative errno; -ETIMEDOUT: PID 1 did not answer */
	uint32_t job; /* of QUEUED */
	struct unit *unit; /* of UNIT, mirrored; NULL when there is no such unit */
	const struct bus_unit *message; /* of UNIT */
};

typedef void (*request_fn)(struct request *request, const struct answer *answer);

struct request {
	struct list link; /* bus::requests */
	struct bus *bus; /* NULL: nothing is asked */
	uint32_t cookie;
	struct loop_timer timer;
	request_fn fn;
};

#define REQUEST_TIMEOUT_US (5 * 1000000ULL)
#define LOAD_TIMEOUT_US (20 * 1000000ULL)

/* Each asks PID 1; @fn runs once, later, unless the request is cancelled. */
int request_load(struct bus *bus, struct request *request, const char *unit, request_fn fn);
int request_job(struct bus *bus, struct request *request, uint32_t verb, const char *unit,
		const char *why, request_fn fn);
int request_scope(struct bus *bus, struct request *request, const char *unit, const char *slice,
		  const char *description, char *const *pids, request_fn fn);

/* Idempotent; zeroed memory is fine. */
void request_cancel(struct request *request);

/* Hands an answer to whoever asked under @cookie. An unknown cookie is of one who gave up: nothing happens. */
void request_answer(struct bus *bus, uint32_t cookie, const struct answer *answer);
