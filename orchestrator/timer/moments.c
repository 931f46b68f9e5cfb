/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A moment of another zone is local time for as long as TZ names that zone. The C library reads the zone's file then, which
 * is why this is not PID 1's work. tzset() comes first each time: it notices that /etc/localtime has become another file.
 */
#include "moments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "early/calendar.h"
#include "early/log.h"

static int next_in_zone(struct calendar *calendar, uint64_t after_us, uint64_t *ret_us)
{
	int r;

	if (calendar->zone[0] && strcmp(calendar->zone, "UTC") != 0) {
		if (setenv("TZ", calendar->zone, 1) < 0)
			return -errno;
		calendar->zone[0] = '\0'; /* it is local time now */
	}
	tzset();
	r = calendar_next(calendar, after_us, ret_us);
	(void)unsetenv("TZ"); /* a plain name: it can't fail */
	return r;
}

static int next_of(const char *text, uint64_t after_us, uint64_t *ret_us)
{
	struct calendar calendar;
	int r = calendar_parse(text, &calendar);

	return r < 0 ? r : next_in_zone(&calendar, after_us, ret_us);
}

void moments_next(const struct wire_list *calendars, uint64_t after_us, uint64_t *ret_us,
		  uint32_t *ret_which)
{
	const char *text = NULL;
	uint32_t which = 0;

	*ret_us = UINT64_MAX;
	*ret_which = 0;
	for (; (text = wire_list_next(calendars, text)); which++) {
		uint64_t at_us;
		int r = next_of(text, after_us, &at_us);

		if (r < 0 && r != -ENOENT)
			log_warning_errno(r, "OnCalendar=%s", text);
		if (r < 0 || at_us >= *ret_us)
			continue;
		*ret_us = at_us;
		*ret_which = which;
	}
}
