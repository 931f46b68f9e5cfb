/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "calendar_internal.h"
#include "early/calendar.h"
#include "early/macros.h"

/*
 * When a moment comes next
 *
 * The search for the next moment goes from the year down. A field that does not match is moved to its next match, and all below
 * it begin anew; if it has none any more, the field above takes a step. The days of a month are tried one by one, which is short and
 * knows weekdays, leap years and the month's end without a special case. Whether a local time exists is mktime's business:
 * one that the change to summer time leaves out is passed over.
 */

/* The smallest value of the field that is at least @from; -1 if there is none. */
static int32_t next_value(const struct calendar_field *field, const struct calendar_range *range,
			  int32_t from)
{
	int32_t best = -1;

	if (field->n_parts == 0) {
		from = MAX(from, range->min);
		if (range->fractions) /* any whole second */
			from = (from + CALENDAR_USEC - 1) / CALENDAR_USEC * CALENDAR_USEC;
		return from <= range->max ? from : -1;
	}
	for (size_t i = 0; i < field->n_parts; i++) {
		const struct calendar_part *part = &field->parts[i];
		int32_t stop = part->stop >= 0     ? part->stop
			       : part->repeat == 0 ? part->start
						   : range->max;
		int32_t value = part->start;
		int32_t step = part->repeat > 0   ? part->repeat
			       : range->fractions ? CALENDAR_USEC
						  : 1;

		if (value < from)
			value += (from - value + step - 1) / step * step;
		if (value <= stop && (best < 0 || value < best))
			best = value;
	}
	return best;
}

static bool has_value(const struct calendar_field *field, const struct calendar_range *range,
		      int32_t value)
{
	return next_value(field, range, value) == value;
}

static int days_in_month(int year, int month)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : lengths[(month + 11) % 12];
}

static time_t to_time(const struct calendar *calendar, struct tm *tm)
{
	tm->tm_isdst = -1;
	return calendar->zone[0] ? timegm(tm) : mktime(tm);
}

/* Noon, so that no change of the clock moves the day. */
static int weekday_of(int year, int month, int day)
{
	struct tm tm = {
		.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = 12
	};

	(void)timegm(&tm); /* fills in tm_wday */
	return (tm.tm_wday + 6) % 7;
}

/* "~07/1": the seventh last day and all behind it. */
static bool matches_from_end(const struct calendar_field *field, int day, int n_days)
{
	for (size_t i = 0; i < field->n_parts; i++) {
		const struct calendar_part *part = &field->parts[i];
		int first = n_days - part->start + 1;
		int last = part->repeat > 0 ? n_days : first;

		if (part->stop >= 0) { /* counted from the end it is the earlier day */
			last = part->repeat > 0 ? last : first;
			first = n_days - part->stop + 1;
		}
		if (day >= first && day <= last && (day - first) % MAX(part->repeat, 1) == 0)
			return true;
	}
	return field->n_parts == 0;
}

static bool day_matches(const struct calendar *calendar, int year, int month, int day)
{
	if (calendar->weekdays && !(calendar->weekdays & (1u << weekday_of(year, month, day))))
		return false;
	if (calendar->end_of_month)
		return matches_from_end(&calendar->day, day, days_in_month(year, month));
	return has_value(&calendar->day, &calendar_days, day);
}

struct moment {
	int32_t hour, minute, second;
};

/* The first time of a day that is at least @from. */
static bool next_time(const struct calendar *calendar, struct moment from, struct moment *ret)
{
	for (int32_t hour = next_value(&calendar->hour, &calendar_hours, from.hour); hour >= 0;
	     hour = next_value(&calendar->hour, &calendar_hours, hour + 1)) {
		if (hour > from.hour)
			from = (struct moment){ hour, 0, 0 };
		for (int32_t minute = next_value(&calendar->minute, &calendar_minutes, from.minute);
		     minute >= 0;
		     minute = next_value(&calendar->minute, &calendar_minutes, minute + 1)) {
			int32_t second = next_value(&calendar->second, &calendar_seconds,
						    minute > from.minute ? 0 : from.second);

			if (second < 0)
				continue;
			*ret = (struct moment){ hour, minute, second };
			return true;
		}
		from.minute = from.second = 0;
	}
	return false;
}

/* The first moment of that day after @after_us. */
static bool next_in_day(const struct calendar *calendar, struct tm day, struct moment from,
			uint64_t after_us, uint64_t *ret_us)
{
	struct moment moment;

	while (next_time(calendar, from, &moment)) {
		struct tm tm = day;
		time_t t;

		tm.tm_hour = moment.hour;
		tm.tm_min = moment.minute;
		tm.tm_sec = moment.second / CALENDAR_USEC;
		t = to_time(calendar, &tm);
		/* The clock may have skipped it: then it is another hour's. */
		if (t >= 0 && tm.tm_hour == moment.hour && tm.tm_min == moment.minute) {
			*ret_us = (uint64_t)t * CALENDAR_USEC +
				  (uint64_t)(moment.second % CALENDAR_USEC);
			if (*ret_us > after_us)
				return true;
		}
		/* It was the clock's doing: a second later is near enough, and no fraction makes this long. */
		from = moment;
		from.second = (moment.second / CALENDAR_USEC + 1) * CALENDAR_USEC;
	}
	return false;
}

int calendar_next(const struct calendar *calendar, uint64_t after_us, uint64_t *ret_us)
{
	time_t start = (time_t)(after_us / CALENDAR_USEC);
	struct tm now;

	if (calendar->zone[0] && strcmp(calendar->zone, "UTC") != 0)
		return -ENOTSUP;
	if (!(calendar->zone[0] ? gmtime_r(&start, &now) : localtime_r(&start, &now)))
		return -ENOENT;
	for (int32_t year = next_value(&calendar->year, &calendar_years, now.tm_year + 1900);
	     year >= 0; year = next_value(&calendar->year, &calendar_years, year + 1)) {
		bool same_year = year == now.tm_year + 1900;

		for (int32_t month = next_value(&calendar->month, &calendar_months,
						same_year ? now.tm_mon + 1 : 1);
		     month >= 0;
		     month = next_value(&calendar->month, &calendar_months, month + 1)) {
			bool same_month = same_year && month == now.tm_mon + 1;

			for (int day = same_month ? now.tm_mday : 1;
			     day <= days_in_month(year, month); day++) {
				bool today = same_month && day == now.tm_mday;
				struct moment from = { 0, 0, 0 };
				struct tm tm = { .tm_year = year - 1900,
						 .tm_mon = month - 1,
						 .tm_mday = day };

				if (today)
					from = (struct moment){
						now.tm_hour, now.tm_min,
						now.tm_sec * CALENDAR_USEC +
							(int32_t)(after_us % CALENDAR_USEC) + 1
					};
				if (day_matches(calendar, year, month, day) &&
				    next_in_day(calendar, tm, from, after_us, ret_us))
					return 0;
			}
		}
	}
	return -ENOENT;
}
