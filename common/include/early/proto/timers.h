/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * PID 1 <-> early-timer, which knows what takes a file: the calendar in a time zone, and the stamps of what persists.
 *
 * All times are microseconds of CLOCK_REALTIME. Every answer names the timer that it is about.
 */

enum timers_opcode {
	TIMERS_NEXT = 1, /* to timer: which of these moments comes first */
	TIMERS_MOMENT = 2, /* to init: that one */
	TIMERS_STAMP = 3, /* to timer: read its stamp (0), or write it */
	TIMERS_STAMPED = 4, /* to init: done */
	TIMERS_ZONE = 5, /* to init: the local time zone is another one */
	TIMERS_MACHINE = 6, /* to init, once: what FixedRandomDelay= is made of */
};

struct timers_next {
	const char *timer;
	uint32_t serial; /* comes back with the answer */
	uint64_t after_us;
	struct wire_list calendars; /* canonical forms of early/calendar.h */
};

struct timers_moment {
	const char *timer;
	uint32_t serial;
	uint32_t which; /* of the calendars */
	uint64_t at_us; /* UINT64_MAX: none comes any more */
};

/* STAMP and STAMPED. Read: 0 in the answer if there was none; then there is one from now on. */
struct timers_stamp {
	const char *timer;
	uint64_t at_us;
	uint32_t written; /* of STAMPED: it answers a write */
	uint32_t error; /* of STAMPED: an errno if it is not on the disk */
};

struct timers_machine {
	uint64_t seed; /* the same on every boot of this machine */
};

extern const struct wire_protocol timers_protocol;
