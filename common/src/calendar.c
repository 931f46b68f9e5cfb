/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/calendar.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "calendar_internal.h"
#include "early/macros.h"

/*
 * Moments
 *
 * The text has up to four words: weekdays, date, time, zone; each is told by its form (letters; "-" or "~"; ":"). A part without a
 * word is "any" for the date and midnight for the time. Seconds are kept in microseconds, so that one kind of part serves all.
 */

static const char *const weekday_names[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
					     "Friday", "Saturday", "Sunday" };

static const struct {
	const char *name;
	const char *text;
} words[] = {
	{ "minutely", "*-*-* *:*:00" },
	{ "hourly", "*-*-* *:00:00" },
	{ "daily", "*-*-* 00:00:00" },
	{ "monthly", "*-*-01 00:00:00" },
	{ "weekly", "Mon *-*-* 00:00:00" },
	{ "yearly", "*-01-01 00:00:00" },
	{ "annually", "*-01-01 00:00:00" },
	{ "anually", "*-01-01 00:00:00" },
	{ "quarterly", "*-01,04,07,10-01 00:00:00" },
	{ "semiannually", "*-01,07-01 00:00:00" },
	{ "semi-annually", "*-01,07-01 00:00:00" },
	{ "biannually", "*-01,07-01 00:00:00" },
	{ "bi-annually", "*-01,07-01 00:00:00" },
};

/* --- weekdays --- */

/* The day whose name, or its first three letters, stands at *text; -1 for none. Moves *text behind it. */
static int read_weekday(const char **text)
{
	size_t len = 0;

	while (isalpha((unsigned char)(*text)[len]))
		len++;
	for (int i = 0; i < 7; i++) {
		if ((len == 3 || len == strlen(weekday_names[i])) &&
		    strncasecmp(*text, weekday_names[i], len) == 0) {
			*text += len;
			return i;
		}
	}
	return -1;
}

static int read_weekdays(const char **text, uint8_t *ret_days)
{
	unsigned int set = 0;

	for (;;) {
		int first = read_weekday(text);
		int last = first;

		if (first < 0)
			return -EINVAL;
		if (strncmp(*text, "..", 2) == 0 || **text == '-') {
			*text += **text == '-' ? 1 : 2;
			last = read_weekday(text);
		}
		if (last < first)
			return -EINVAL;
		for (int day = first; day <= last; day++)
			set |= 1u << day;
		if (**text != ',')
			break;
		(*text)++;
		if (**text == ' ' || !**text)
			break; /* a comma at the end is allowed */
	}
	if (**text && **text != ' ')
		return -EINVAL;
	*ret_days = set == 0x7f ? 0 : (uint8_t)set;
	return 0;
}

/* --- fields --- */

const struct calendar_range calendar_years = { CALENDAR_YEAR_MIN, CALENDAR_YEAR_MAX, false };
const struct calendar_range calendar_months = { 1, 12, false };
const struct calendar_range calendar_days = { 1, 31, false };
const struct calendar_range calendar_hours = { 0, 23, false };
const struct calendar_range calendar_minutes = { 0, 59, false };
const struct calendar_range calendar_seconds = { 0, 60 * CALENDAR_USEC - 1, true };

static int read_number(const char **text, const struct calendar_range *range, int32_t *ret_number)
{
	const char *at = *text;
	int32_t number = 0, place = CALENDAR_USEC / 10;

	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	for (; isdigit((unsigned char)*at); at++) {
		if (number > 9999)
			return -EINVAL;
		number = number * 10 + (*at - '0');
	}
	if (range->fractions) {
		if (number > 60)
			return -EINVAL;
		number *= CALENDAR_USEC;
		if (at[0] == '.' && isdigit((unsigned char)at[1]))
			for (at++; isdigit((unsigned char)*at); at++, place /= 10)
				number += (*at - '0') * place;
	}
	*text = at;
	*ret_number = number;
	return 0;
}

static bool is_within(const struct calendar_range *range, int32_t number)
{
	return number >= range->min && number <= range->max;
}

static int read_part(const char **text, const struct calendar_range *range,
		     struct calendar_part *ret_part)
{
	struct calendar_part part = { .stop = -1 };
	int r;

	r = read_number(text, range, &part.start);
	if (r < 0)
		return r;
	/* 70 is 1970, 69 is 2069 */
	if (range == &calendar_years && part.start < 100)
		part.start += part.start < 70 ? 2000 : 1900;
	if (strncmp(*text, "..", 2) == 0) {
		*text += 2;
		r = read_number(text, range, &part.stop);
		if (r < 0 || part.stop < part.start || !is_within(range, part.stop))
			return -EINVAL;
	}
	if (**text == '/') {
		(*text)++;
		r = read_number(text, range, &part.repeat);
		if (r < 0 || part.repeat == 0)
			return -EINVAL;
	}
	if (!is_within(range, part.start))
		return -EINVAL;
	if (part.stop == part.start && part.repeat == 0)
		part.stop = -1;
	*ret_part = part;
	return 0;
}

/* Sorted, each once. */
static int add_part(struct calendar_field *field, struct calendar_part part)
{
	size_t at = 0;

	while (at < field->n_parts && memcmp(&field->parts[at], &part, sizeof(part)) != 0 &&
	       field->parts[at].start <= part.start)
		at++;
	if (at < field->n_parts && memcmp(&field->parts[at], &part, sizeof(part)) == 0)
		return 0;
	if (field->n_parts == CALENDAR_MAX_PARTS)
		return -E2BIG;
	memmove(&field->parts[at + 1], &field->parts[at],
		(field->n_parts - at) * sizeof(field->parts[0]));
	field->parts[at] = part;
	field->n_parts++;
	return 0;
}

static int read_field(const char **text, const struct calendar_range *range,
		      struct calendar_field *ret_field)
{
	struct calendar_field field = { .n_parts = 0 };

	if (**text == '*') {
		(*text)++;
		*ret_field = field;
		return 0;
	}
	for (;;) {
		struct calendar_part part;
		int r = read_part(text, range, &part);

		if (r == 0)
			r = add_part(&field, part);
		if (r < 0)
			return r;
		if (**text != ',')
			break;
		(*text)++;
	}
	*ret_field = field;
	return 0;
}

/* --- date, time, zone --- */

static size_t word_length(const char *text)
{
	return strcspn(text, " ");
}

static size_t count_in_word(const char *text, const char *characters)
{
	size_t n = 0;

	for (size_t i = 0; i < word_length(text); i++)
		n += strchr(characters, text[i]) != NULL;
	return n;
}

/* "YYYY-MM-DD" or "MM-DD"; a tilde as the last separator counts the days from the month's end. */
static int read_date(const char **text, struct calendar *calendar)
{
	size_t n_separators = count_in_word(*text, "-~");
	int r = 0;

	if (n_separators == 0 || n_separators > 2)
		return -EINVAL;
	if (n_separators == 2) {
		r = read_field(text, &calendar_years, &calendar->year);
		if (r == 0 && *(*text)++ != '-')
			r = -EINVAL;
	}
	if (r == 0)
		r = read_field(text, &calendar_months, &calendar->month);
	if (r < 0 || (**text != '-' && **text != '~'))
		return r < 0 ? r : -EINVAL;
	calendar->end_of_month = *(*text)++ == '~';
	return read_field(text, &calendar_days, &calendar->day);
}

static void set_value(struct calendar_field *field, int32_t value)
{
	*field = (struct calendar_field){ .parts = { { value, -1, 0 } }, .n_parts = 1 };
}

/* "HH:MM" or "HH:MM:SS" */
static int read_time(const char **text, struct calendar *calendar)
{
	int r = read_field(text, &calendar_hours, &calendar->hour);

	if (r == 0 && *(*text)++ != ':')
		r = -EINVAL;
	if (r == 0)
		r = read_field(text, &calendar_minutes, &calendar->minute);
	if (r < 0)
		return r;
	set_value(&calendar->second, 0);
	if (**text != ':')
		return 0;
	(*text)++;
	return read_field(text, &calendar_seconds, &calendar->second);
}

static bool is_zone(const char *text, size_t len)
{
	if (len == 0 || !isupper((unsigned char)text[0]) || strstr(text, ".."))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("/_+-", text[i]))
			return false;
	return true;
}

/* "@1395716396": seconds since 1970, in UTC. */
static int read_epoch(const char *text, struct calendar *calendar)
{
	unsigned long long number;
	struct tm tm;
	time_t moment;
	int end = 0;

	if (!isdigit((unsigned char)text[1]) || sscanf(text, "@%12llu%n", &number, &end) != 1 ||
	    text[end])
		return -EINVAL;
	moment = (time_t)number;
	if (!gmtime_r(&moment, &tm) || tm.tm_year + 1900 > CALENDAR_YEAR_MAX)
		return -EINVAL;
	set_value(&calendar->year, tm.tm_year + 1900);
	set_value(&calendar->month, tm.tm_mon + 1);
	set_value(&calendar->day, tm.tm_mday);
	set_value(&calendar->hour, tm.tm_hour);
	set_value(&calendar->minute, tm.tm_min);
	set_value(&calendar->second, tm.tm_sec * CALENDAR_USEC);
	strcpy(calendar->zone, "UTC");
	return 0;
}

static const char *skip_spaces(const char *text)
{
	return text + strspn(text, " ");
}

static int read_words(const char *text, struct calendar *calendar)
{
	const char *start = text;
	bool has_time = false;
	int r = 0;

	if (*text == '@')
		return read_epoch(text, calendar);
	if (isalpha((unsigned char)*text))
		r = read_weekdays(&text, &calendar->weekdays);
	text = skip_spaces(text);
	if (r == 0 && *text && count_in_word(text, ":") == 0 && count_in_word(text, "-~") > 0)
		r = read_date(&text, calendar);
	text = skip_spaces(text);
	if (r == 0 && *text) {
		r = read_time(&text, calendar);
		has_time = true;
	}
	if (r < 0)
		return r;
	if (text == start || *text)
		return -EINVAL;
	if (!has_time) {
		set_value(&calendar->hour, 0);
		set_value(&calendar->minute, 0);
		set_value(&calendar->second, 0);
	}
	return 0;
}

/* Takes a zone at the end of @text away. */
static void take_zone(char *text, struct calendar *calendar)
{
	char *last = strrchr(text, ' ');
	const char *look;
	uint8_t ignored;

	if (!last || !is_zone(last + 1, strlen(last + 1)) ||
	    strlen(last + 1) >= sizeof(calendar->zone))
		return;
	look = last + 1;
	if (read_weekdays(&look, &ignored) == 0)
		return;
	strcpy(calendar->zone, last + 1);
	*last = '\0';
}

int calendar_parse(const char *text, struct calendar *ret_calendar)
{
	struct calendar calendar = { 0 };
	char copy[CALENDAR_MAX_TEXT];
	const char *words_text = copy;
	size_t len;
	int r;

	text = skip_spaces(text);
	len = strlen(text);
	if (len >= sizeof(copy))
		return -E2BIG;
	memcpy(copy, text, len + 1);
	while (len > 0 && copy[len - 1] == ' ')
		copy[--len] = '\0';
	take_zone(copy, &calendar);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(words[i].name, copy) == 0)
			words_text = words[i].text;
	r = read_words(words_text, &calendar);
	if (r == 0)
		*ret_calendar = calendar;
	return r;
}

/* --- the canonical form --- */

struct output {
	char *buf;
	size_t size;
	size_t len;
};

static void put(struct output *output, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void put(struct output *output, const char *fmt, ...)
{
	size_t left = output->len < output->size ? output->size - output->len : 0;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(left ? output->buf + output->len : NULL, left, fmt, args);
	va_end(args);
	output->len += n > 0 ? (size_t)n : 0;
}

static void put_weekdays(struct output *output, uint8_t set)
{
	const char *comma = "";

	for (int day = 0; day < 7; day++) {
		int last = day;

		if (!(set & (1u << day)))
			continue;
		while (last < 6 && (set & (1u << (last + 1))))
			last++;
		put(output, "%s%.3s", comma, weekday_names[day]);
		if (last > day)
			put(output, "%s%.3s", last > day + 1 ? ".." : ",", weekday_names[last]);
		comma = ",";
		day = last;
	}
	if (set)
		put(output, " ");
}

static void put_number(struct output *output, const struct calendar_range *range, int32_t number)
{
	if (!range->fractions)
		put(output, range == &calendar_years ? "%04" PRId32 : "%02" PRId32, number);
	else if (number % CALENDAR_USEC == 0)
		put(output, "%02" PRId32, number / CALENDAR_USEC);
	else
		put(output, "%02" PRId32 ".%06" PRId32, number / CALENDAR_USEC,
		    number % CALENDAR_USEC);
}

static void put_field(struct output *output, const struct calendar_range *range,
		      const struct calendar_field *field)
{
	if (field->n_parts == 0)
		put(output, "*");
	for (size_t i = 0; i < field->n_parts; i++) {
		const struct calendar_part *part = &field->parts[i];

		if (i > 0)
			put(output, ",");
		put_number(output, range, part->start);
		if (part->stop >= 0) {
			put(output, "..");
			put_number(output, range, part->stop);
		}
		if (part->repeat > 0) {
			put(output, "/");
			if (range->fractions && part->repeat % CALENDAR_USEC)
				put(output, "%" PRId32 ".%06" PRId32, part->repeat / CALENDAR_USEC,
				    part->repeat % CALENDAR_USEC);
			else
				put(output, "%" PRId32,
				    range->fractions ? part->repeat / CALENDAR_USEC : part->repeat);
		}
	}
}

int calendar_format(const struct calendar *calendar, char *buf, size_t size)
{
	struct output output = { buf, size, 0 };

	put_weekdays(&output, calendar->weekdays);
	put_field(&output, &calendar_years, &calendar->year);
	put(&output, "-");
	put_field(&output, &calendar_months, &calendar->month);
	put(&output, calendar->end_of_month ? "~" : "-");
	put_field(&output, &calendar_days, &calendar->day);
	put(&output, " ");
	put_field(&output, &calendar_hours, &calendar->hour);
	put(&output, ":");
	put_field(&output, &calendar_minutes, &calendar->minute);
	put(&output, ":");
	put_field(&output, &calendar_seconds, &calendar->second);
	if (calendar->zone[0])
		put(&output, " %s", calendar->zone);
	return output.len < size ? 0 : -E2BIG;
}
