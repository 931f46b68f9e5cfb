/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backoff.h"

#include "early/macros.h"

/*
 * The limit is systemd's: a window begins with the first start after the last window's end, and holds so many starts. Where
 * a manifest sets no limit (the display manager must come back again and again) a service that dies at once would keep
 * the machine busy with nothing else, so each quick death doubles the pause, up to a few seconds.
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

uint64_t backoff_delay(struct backoff *backoff, uint64_t ran_us, uint64_t restart_us, bool limited)
{
	uint64_t delay_us = restart_us;

	if (ran_us >= BACKOFF_STEADY_US) {
		backoff->quick_deaths = 0;
		return restart_us;
	}
	/* The first two come back without a pause of their own: one crash is no loop. */
	backoff->quick_deaths = MIN(backoff->quick_deaths + 1, 32u);
	if (limited || restart_us >= BACKOFF_MAX_DELAY_US)
		return restart_us;
	for (uint32_t i = 2; i < backoff->quick_deaths && delay_us < BACKOFF_MAX_DELAY_US; i++)
		delay_us = delay_us > 0 ? delay_us * 2 : 100000;
	return MIN(delay_us, BACKOFF_MAX_DELAY_US);
}

void backoff_reset(struct backoff *backoff)
{
	*backoff = (struct backoff){ 0 };
}
