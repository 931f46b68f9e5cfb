/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/channel.h"
#include "early/loop.h"

/* The link to early-timer, which is started when the first timer needs it. */
struct timer_link {
	struct loop *loop;
	const char *program;
	struct channel channel;
	struct loop_timer pause;
	uint64_t started_us; /* CLOCK_MONOTONIC */
	unsigned int quick_ends;
	void (*message)(struct timer_link *link, struct channel_message *message);
	void (*lost)(struct timer_link *link); /* what was asked is to be asked again */
};

void timer_link_init(struct timer_link *link);
void timer_link_done(struct timer_link *link);

/* Sends, and starts early-timer for that. False: not now; `lost` tells when to try again. */
bool timer_link_send(struct timer_link *link, uint16_t opcode, const void *value);
