/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/loop.h"

/*
 * All that the program before left running is ended, but this process: for a plain start after a state that is of another version,
 * where everything would be started beside it. That takes some seconds at most, in which the loop turns.
 */
struct survivors {
	struct loop *loop;
	struct loop_timer timer;
	uint64_t kill_us; /* CLOCK_MONOTONIC: no SIGTERM any more */
	uint64_t give_up_us; /* and then what cannot be killed is left */
	bool ending;
	void (*gone)(struct survivors *survivors);
};

/* @gone is called once, at once if nobody is left. Children are reaped by the loop; none of ours may be started until then. */
void survivors_end(struct survivors *survivors, struct loop *loop,
		   void (*gone)(struct survivors *survivors));
void survivors_done(struct survivors *survivors);
