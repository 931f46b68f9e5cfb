/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backoff.h"

#include "early/macros.h"

/*
 * The limit is systemd's: a window begins with the first start after the last window's end, and holds so many starts.
 *
 * The pause. A manifest without RestartSec= leaves it to us: the first restart comes at once, for one crash is no loop; each further
 * quick death doubles the pause, from 100 ms up to a ceiling of 5 s or RestartMaxDelaySec=. With RestartSec= the pause is that one, and
 * with RestartSteps= it grows geometrically up to RestartMaxDelaySec= in so many steps, as in systemd. Where there is neither
 * a limit nor steps (the display manager must come back again and again) the given pause doubles as ours does: otherwise a service
 * that dies at once would keep the machine busy with nothing else. A run of BACKOFF_STEADY_US makes it as new.
 *
 * A loop is told by two rules, because a service that dies each minute never reaches a limit of so many starts in ten seconds. Fast: so
 * many quick deaths in a row. Slow: a debt that grows by BACKOFF_FORGIVE_US with each death and is paid by time; more than
 * four of them unpaid at a fifth death is a loop. One crash each five minutes is told at the eighth, one in ten minutes never.
 */

bool backoff_start(struct backoff *backoff, uint64_t now_us, uint32_t burst, uint64_t interval_us)
{
	if (burst == 0 || interval_us == 0)
		return true;
	if (backoff->window_us == 0 || now_us - backoff->window_us >= interval_us) {
		backoff->window_us = now_us;
		backoff->starts = 1;
		return true;
	}
	if (backoff->starts >= burst)
		return false;
	backoff->starts++;
	return true;
}

static enum backoff_loop loop_of(const struct backoff *backoff, uint64_t now_us)
{
	if (backoff->quick_deaths >= BACKOFF_FAST_DEATHS)
		return BACKOFF_LOOP_FAST;
	return backoff->forgiven_us - now_us > (BACKOFF_SLOW_DEATHS - 1) * BACKOFF_FORGIVE_US
		       ? BACKOFF_LOOP_SLOW
		       : BACKOFF_LOOP_NONE;
}

enum backoff_loop backoff_death(struct backoff *backoff, uint64_t now_us, uint64_t ran_us)
{
	if (ran_us >= BACKOFF_STEADY_US)
		backoff->quick_deaths = 0;
	else if (backoff->quick_deaths < UINT32_MAX)
		backoff->quick_deaths++;
	backoff->forgiven_us = MAX(backoff->forgiven_us, now_us) + BACKOFF_FORGIVE_US;
	/* What a loop of hours owes is not to be paid for days. */
	backoff->forgiven_us = MIN(backoff->forgiven_us,
				   now_us + 2 * BACKOFF_SLOW_DEATHS * BACKOFF_FORGIVE_US);
	backoff->loop = loop_of(backoff, now_us);
	return backoff->loop;
}

enum backoff_loop backoff_loop_now(const struct backoff *backoff, uint64_t ran_us)
{
	if (backoff->loop == BACKOFF_LOOP_FAST && ran_us >= BACKOFF_STEADY_US)
		return BACKOFF_LOOP_NONE;
	if (backoff->loop == BACKOFF_LOOP_SLOW && ran_us >= BACKOFF_FORGIVE_US)
		return BACKOFF_LOOP_NONE;
	return (enum backoff_loop)backoff->loop;
}

static double power(double base, uint32_t exponent)
{
	double result = 1;

	for (; exponent > 0; exponent >>= 1, base *= base)
		if (exponent & 1)
			result *= base;
	return result;
}

/* @ratio >= 1. PID 1 has no mathematical library. */
static double root(double ratio, uint32_t n)
{
	double low = 1, high = ratio;

	for (int i = 0; i < 80; i++) {
		double middle = (low + high) / 2;

		if (power(middle, n) > ratio)
			high = middle;
		else
			low = middle;
	}
	return low;
}

static uint64_t stepped(const struct backoff_words *words, uint32_t restarts)
{
	uint32_t steps = MIN(words->steps, (uint32_t)BACKOFF_MAX_STEPS);
	double first = (double)MAX(words->restart_us, (uint64_t)1);
	double last = (double)words->max_delay_us;

	if (restarts == 0)
		return words->restart_us;
	if (restarts >= steps)
		return words->max_delay_us;
	return (uint64_t)(first * power(root(last / first, steps), restarts));
}

/* The @restarts-th pause is for the (@restarts + 1)-th quick death. */
static uint64_t doubled(uint64_t delay_us, uint32_t restarts, uint64_t max_us)
{
	if (delay_us >= max_us)
		return delay_us; /* a manifest's own long pause is never made shorter */
	for (uint32_t i = 0; i < restarts && delay_us < max_us; i++)
		delay_us = delay_us > 0 ? delay_us * 2 : BACKOFF_FIRST_DELAY_US;
	return MIN(delay_us, max_us);
}

uint64_t backoff_delay(const struct backoff *backoff, const struct backoff_words *words)
{
	uint64_t max_us = words->max_delay_us > 0 ? words->max_delay_us : BACKOFF_MAX_DELAY_US;
	uint32_t restarts = backoff->quick_deaths > 0 ? backoff->quick_deaths - 1 : 0;

	if (words->steps > 0 && words->max_delay_us > words->restart_us &&
	    words->max_delay_us != UINT64_MAX)
		return stepped(words, restarts);
	if (words->given && (words->limited || words->restart_us == UINT64_MAX))
		return words->restart_us;
	return doubled(words->restart_us, restarts, max_us);
}

void backoff_reset(struct backoff *backoff)
{
	*backoff = (struct backoff){ 0 };
}

const char *backoff_loop_name(enum backoff_loop loop)
{
	switch (loop) {
	case BACKOFF_LOOP_FAST:
		return "ends again and again within seconds";
	case BACKOFF_LOOP_SLOW:
		return "ends again and again within minutes";
	case BACKOFF_LOOP_NONE:
		break;
	}
	return "";
}
