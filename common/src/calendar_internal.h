/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What the fields of a moment may hold, for calendar.c and calendar_next.c. */

#define CALENDAR_USEC INT32_C(1000000)
#define CALENDAR_YEAR_MIN 1970
#define CALENDAR_YEAR_MAX 2199

struct calendar_range {
	int32_t min;
	int32_t max;
	bool fractions; /* decimals are allowed; all counts in microseconds */
};

extern const struct calendar_range calendar_years;
extern const struct calendar_range calendar_months;
extern const struct calendar_range calendar_days;
extern const struct calendar_range calendar_hours;
extern const struct calendar_range calendar_minutes;
extern const struct calendar_range calendar_seconds;
