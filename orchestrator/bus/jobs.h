/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "call.h"
#include "early/proto/bus.h"

/* Calls that become jobs of PID 1. */

/* Asks PID 1 for a job; the call is answered with its path when PID 1 has queued it. */
enum call_result jobs_start(struct call *call, enum bus_verb verb, const char *unit);

/* The same, but the answer is empty and comes when the job is queued (PowerOff …) … */
enum call_result jobs_start_silent(struct call *call, enum bus_verb verb, const char *unit);

/* … or when it is done (Reload). */
enum call_result jobs_start_and_wait(struct call *call, enum bus_verb verb, const char *unit);

/* A scope with its processes. */
enum call_result jobs_start_scope(struct call *call, const char *unit, const char *slice,
				  const char *description, char *const *pids);

/* PID 1 says that a job ended, whoever began it. @result is of jobs_result(). */
void jobs_finish(struct bus *bus, uint32_t job, const char *unit, const char *result);

/* The result of a job that ended before we knew of it (and forgets it), or NULL. */
const char *jobs_take_early_end(struct bus *bus, uint32_t job);

/* The literal of a result, NULL for a word that is none. */
const char *jobs_result(const char *text);

/* systemd's word for the kind of job: "start" … */
const char *jobs_type(int verb);
