/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Moments of systemd.time(7), as OnCalendar= has them: "Mon..Fri *-*-* 08:00", "weekly", "*:0/15", "*-02~01".
 *
 * The canonical form has all parts: weekdays if not all, year-month-day, hour:minute:second, and the time zone if there is one.
 */
#define CALENDAR_MAX_PARTS 24
#define CALENDAR_MAX_TEXT 1024

/* "start..stop/repeat"; a second counts in microseconds. */
struct calendar_part {
	int32_t start;
	int32_t stop; /* -1: a single value, or up to the end if it repeats */
	int32_t repeat; /* 0: does not */
};

/* None: any value. */
struct calendar_field {
	struct calendar_part parts[CALENDAR_MAX_PARTS];
	size_t n_parts;
};

struct calendar {
	uint8_t weekdays; /* bit 0: Monday; 0: any */
	bool end_of_month; /* days count from the month's end */
	struct calendar_field year;
	struct calendar_field month;
	struct calendar_field day;
	struct calendar_field hour;
	struct calendar_field minute;
	struct calendar_field second;
	char zone[64]; /* "": local time */
};

/* -EINVAL for what is no moment, -E2BIG for one of too many parts. */
int calendar_parse(const char *text, struct calendar *ret_calendar);

/* The canonical form. -E2BIG if it does not fit. */
int calendar_format(const struct calendar *calendar, char *buf, size_t size);

/*
 * The first moment after @after_us (CLOCK_REALTIME) in UTC or in local time; another zone is -ENOTSUP, since it takes a file to
 * know it. -ENOENT: there is none.
 */
int calendar_next(const struct calendar *calendar, uint64_t after_us, uint64_t *ret_us);
