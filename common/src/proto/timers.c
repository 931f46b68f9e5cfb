/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/timers.h"

static const struct wire_field next_fields[] = {
	WIRE_FIELD(struct timers_next, timer, WIRE_TEXT),
	WIRE_FIELD(struct timers_next, serial, WIRE_U32),
	WIRE_FIELD(struct timers_next, after_us, WIRE_U64),
	WIRE_FIELD(struct timers_next, calendars, WIRE_LIST),
};

static const struct wire_field moment_fields[] = {
	WIRE_FIELD(struct timers_moment, timer, WIRE_TEXT),
	WIRE_FIELD(struct timers_moment, serial, WIRE_U32),
	WIRE_FIELD(struct timers_moment, which, WIRE_U32),
	WIRE_FIELD(struct timers_moment, at_us, WIRE_U64),
};

static const struct wire_field stamp_fields[] = {
	WIRE_FIELD(struct timers_stamp, timer, WIRE_TEXT),
	WIRE_FIELD(struct timers_stamp, at_us, WIRE_U64),
	WIRE_FIELD(struct timers_stamp, written, WIRE_U32),
	WIRE_FIELD(struct timers_stamp, error, WIRE_U32),
};

static const struct wire_field machine_fields[] = {
	WIRE_FIELD(struct timers_machine, seed, WIRE_U64),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(TIMERS_NEXT, struct timers_next, next_fields),
	WIRE_MESSAGE(TIMERS_MOMENT, struct timers_moment, moment_fields),
	WIRE_MESSAGE(TIMERS_STAMP, struct timers_stamp, stamp_fields),
	WIRE_MESSAGE(TIMERS_STAMPED, struct timers_stamp, stamp_fields),
	WIRE_EMPTY(TIMERS_ZONE),
	WIRE_MESSAGE(TIMERS_MACHINE, struct timers_machine, machine_fields),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol timers_protocol = { "timers", messages };
