/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How soon and how often a service may be started again. Pure. All times in microseconds of CLOCK_MONOTONIC. */
#define BACKOFF_MAX_DELAY_US (5 * 1000000ULL)
#define BACKOFF_STEADY_US (10 * 1000000ULL)

struct backoff {
	uint64_t window_us; /* when the window of the limit began; 0: none yet */
	uint32_t starts; /* within it */
	uint32_t quick_deaths; /* in a row: ended before it had run for BACKOFF_STEADY_US */
};

/* Counts a start at @now_us. False: it would be one more than @burst within @interval_us (either 0: no limit). */
bool backoff_start(struct backoff *backoff, uint64_t now_us, uint32_t burst, uint64_t interval_us);

/*
 * How long to wait before the next start, after a run of @ran_us: @restart_us; where no limit would ever stop it
 * (@limited false) each quick death doubles that, up to BACKOFF_MAX_DELAY_US.
 */
uint64_t backoff_delay(struct backoff *backoff, uint64_t ran_us, uint64_t restart_us, bool limited);

void backoff_reset(struct backoff *backoff);
