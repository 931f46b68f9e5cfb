/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How soon and how often a service may be started again. Pure. All times in microseconds of CLOCK_MONOTONIC. */
#define BACKOFF_FIRST_DELAY_US (100 * 1000ULL)
#define BACKOFF_MAX_DELAY_US (5 * 1000000ULL)
#define BACKOFF_STEADY_US (10 * 1000000ULL)
#define BACKOFF_FAST_DEATHS 4
#define BACKOFF_FORGIVE_US (600 * 1000000ULL)
#define BACKOFF_SLOW_DEATHS 5
#define BACKOFF_MAX_STEPS 1000

/* What the manifest says. */
struct backoff_words {
	bool given; /* RestartSec= was */
	bool limited; /* a start limit will stop it one day */
	uint64_t restart_us;
	uint32_t steps; /* RestartSteps=; 0: none */
	uint64_t max_delay_us; /* RestartMaxDelaySec=; 0: not given */
};

/* The two kinds of a service that ends again and again. */
enum backoff_loop {
	BACKOFF_LOOP_NONE,
	BACKOFF_LOOP_FAST, /* BACKOFF_FAST_DEATHS in a row, none of which had run for BACKOFF_STEADY_US */
	BACKOFF_LOOP_SLOW, /* more deaths than are forgiven, one for each BACKOFF_FORGIVE_US */
};

struct backoff {
	uint64_t window_us; /* when the window of the limit began; 0: none yet */
	uint32_t starts; /* within it */
	uint32_t quick_deaths; /* in a row: ended before it had run for BACKOFF_STEADY_US */
	uint64_t forgiven_us; /* when the last death will be forgiven; past: all are */
	uint32_t loop; /* enum backoff_loop: of the last death */
};

/* Counts a start at @now_us. False: it would be one more than @burst within @interval_us (either 0: no limit). */
bool backoff_start(struct backoff *backoff, uint64_t now_us, uint32_t burst, uint64_t interval_us);

/* It ended by itself at @now_us, after a run of @ran_us. Tells whether that is a crash loop. */
enum backoff_loop backoff_death(struct backoff *backoff, uint64_t now_us, uint64_t ran_us);

/* Whether what backoff_death() told still holds, in a run that lasts for @ran_us (0: it does not run). */
enum backoff_loop backoff_loop_now(const struct backoff *backoff, uint64_t ran_us);

/* How long to wait before the next start, after the deaths that were counted. */
uint64_t backoff_delay(const struct backoff *backoff, const struct backoff_words *words);

void backoff_reset(struct backoff *backoff);

/* For people. */
const char *backoff_loop_name(enum backoff_loop loop);
