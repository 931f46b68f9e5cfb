/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "definition.h"
#include "service.h"
#include "timer.h"

/* Between timers.c and timer_ask.c; nobody else includes it. */

static inline struct timer_lines timer_lines_of(const struct timer *timer)
{
	const struct definition *definition = timer->service->definition;

	return (struct timer_lines){ definition->timers, definition->n_timers };
}

/* Another random delay. */
void timer_roll(const struct timers *timers, struct timer *timer);

/* What the last question was about has changed. */
void timer_forget_answer(struct timer *timer);

/* Asks what is to be known and is not. */
void timer_ask(struct timers *timers, struct timer *timer, const struct timer_clocks *now);

/* All that have a line for that change. */
void timers_elapse_all(struct timers *timers, enum table_timer_kind cause);

void timers_handle_message(struct timer_link *link, struct channel_message *message);
void timers_handle_lost(struct timer_link *link);
