/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "early/loop.h"

/*
 * The hardware watchdog: it resets the machine when nobody has fed it for a while, and the loop feeds it as long as it turns. Off
 * unless the configuration asks for it.
 */
struct watchdog {
	struct loop *loop;
	struct loop_timer timer;
	int fd; /* -1: off */
	uint64_t timeout_us;
};

void watchdog_init(struct watchdog *watchdog);

/* Opens @path and feeds it every third of the time-out that it takes. */
int watchdog_start(struct watchdog *watchdog, struct loop *loop, const char *path,
		   uint64_t timeout_us);

/* Disarms it. Idempotent. */
void watchdog_stop(struct watchdog *watchdog);
