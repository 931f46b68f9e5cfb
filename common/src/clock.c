/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/clock.h"

#include <time.h>

static uint64_t now_us(clockid_t clock)
{
	struct timespec ts;

	/* Cannot fail for the two clocks below, which every kernel has. */
	(void)clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t clock_boottime_us(void)
{
	return now_us(CLOCK_BOOTTIME);
}

uint64_t clock_monotonic_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}
