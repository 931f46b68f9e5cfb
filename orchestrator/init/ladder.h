/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backoff.h"

/* OnGiveUp=: what is tried one after the other for a service that ends again and again. Pure. */
#define LADDER_MAX_RUNG 256

enum ladder_kind {
	LADDER_SOFTWARE, /* again, with the environment of a unit that makes rendering safe */
	LADDER_FALLBACK, /* another unit in its place */
	LADDER_DIAGNOSE,
	LADDER_REBOOT,
};

struct ladder_rung {
	enum ladder_kind kind;
	char unit[LADDER_MAX_RUNG]; /* of SOFTWARE and FALLBACK */
};

/* The @nth rung of @text. False: there is none, or nobody knows what it means. */
bool ladder_rung(const char *text, uint32_t nth, struct ladder_rung *ret);

/* Is it time for the next rung? @limited: a start limit stops the service when it is. */
bool ladder_climbs(enum backoff_loop loop, bool limited);
