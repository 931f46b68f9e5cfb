/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/parse.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "early/clock.h"
#include "early/macros.h"

int parse_u64(const char *text, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)text[0])) /* strtoull would take "-1" and " 1" */
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno)
		return -errno;
	if (*end)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

int parse_u32(const char *text, uint32_t *ret_value)
{
	uint64_t value;
	int r = parse_u64(text, &value);

	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret_value = (uint32_t)value;
	return 0;
}

int parse_i32(const char *text, int32_t *ret_value)
{
	bool negative = text[0] == '-';
	uint64_t value;
	int r = parse_u64(text + (negative || text[0] == '+'), &value);

	if (r < 0)
		return r;
	if (value > (uint64_t)INT32_MAX + negative)
		return -ERANGE;
	*ret_value = (int32_t)(negative ? -(int64_t)value : (int64_t)value);
	return 0;
}

int parse_bool(const char *text, bool *ret_value)
{
	static const char *const yes[] = { "1", "yes", "true", "on", "y", "t" };
	static const char *const no[] = { "0", "no", "false", "off", "n", "f" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*ret_value = true;
			return 0;
		}
		if (strcasecmp(text, no[i]) == 0) {
			*ret_value = false;
			return 0;
		}
	}
	return -EINVAL;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit time_units[] = {
	{ "us", 1 },
	{ "usec", 1 },
	{ "\xc2\xb5s", 1 },
	{ "ms", USEC_PER_MSEC },
	{ "msec", USEC_PER_MSEC },
	{ "", USEC_PER_SEC },
	{ "s", USEC_PER_SEC },
	{ "sec", USEC_PER_SEC },
	{ "second", USEC_PER_SEC },
	{ "seconds", USEC_PER_SEC },
	{ "m", 60 * USEC_PER_SEC },
	{ "min", 60 * USEC_PER_SEC },
	{ "minute", 60 * USEC_PER_SEC },
	{ "minutes", 60 * USEC_PER_SEC },
	{ "h", 3600 * USEC_PER_SEC },
	{ "hr", 3600 * USEC_PER_SEC },
	{ "hour", 3600 * USEC_PER_SEC },
	{ "hours", 3600 * USEC_PER_SEC },
	{ "d", 86400 * USEC_PER_SEC },
	{ "day", 86400 * USEC_PER_SEC },
	{ "days", 86400 * USEC_PER_SEC },
	{ "w", 7 * 86400 * USEC_PER_SEC },
	{ "week", 7 * 86400 * USEC_PER_SEC },
	{ "weeks", 7 * 86400 * USEC_PER_SEC },
	/* a month is 30.44 days, a year 365.25 */
	{ "M", 2629800 * USEC_PER_SEC },
	{ "month", 2629800 * USEC_PER_SEC },
	{ "months", 2629800 * USEC_PER_SEC },
	{ "y", 31557600 * USEC_PER_SEC },
	{ "year", 31557600 * USEC_PER_SEC },
	{ "years", 31557600 * USEC_PER_SEC },
};

static const struct unit size_units[] = {
	{ "", 1 },           { "B", 1 },          { "K", 1ULL << 10 },
	{ "M", 1ULL << 20 }, { "G", 1ULL << 30 }, { "T", 1ULL << 40 },
};

/* "12", "1.5": number and up to six decimals, as millionths. Moves *text behind it. */
static int parse_decimal(const char **text, uint64_t *ret_whole, uint64_t *ret_millionths)
{
	uint64_t whole = 0, millionths = 0, place = 100000;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	for (; isdigit((unsigned char)**text); (*text)++) {
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(**text - '0'), &whole))
			return -ERANGE;
	}
	if (**text == '.') {
		(*text)++;
		if (!isdigit((unsigned char)**text))
			return -EINVAL;
		for (; isdigit((unsigned char)**text); (*text)++, place /= 10)
			millionths += (uint64_t)(**text - '0') * place;
	}
	*ret_whole = whole;
	*ret_millionths = millionths;
	return 0;
}

/* One number with its unit, added to *sum. Moves *text behind it. */
static int add_quantity(const struct unit *units, size_t n_units, const char **text, uint64_t *sum)
{
	uint64_t whole, millionths, value;
	size_t len = 0;
	int r = parse_decimal(text, &whole, &millionths);

	if (r < 0)
		return r;
	*text += strspn(*text, " ");
	while ((*text)[len] && !isdigit((unsigned char)(*text)[len]) && (*text)[len] != ' ')
		len++;
	for (size_t i = 0; i < n_units; i++) {
		if (strlen(units[i].name) != len || memcmp(units[i].name, *text, len) != 0)
			continue;
		if (__builtin_mul_overflow(whole, units[i].factor, &value))
			return -ERANGE;
		/* Factors reach 6e11 (a week), millionths 1e6: the product fits in 64 bits. */
		if (__builtin_add_overflow(value, millionths * units[i].factor / 1000000, &value) ||
		    __builtin_add_overflow(value, *sum, sum))
			return -ERANGE;
		*text += len;
		*text += strspn(*text, " ");
		return 0;
	}
	return -EINVAL;
}

static int parse_quantity(const struct unit *units, size_t n_units, const char *text,
			  uint64_t *ret_value)
{
	uint64_t sum = 0;

	if (strcmp(text, "infinity") == 0) {
		*ret_value = PARSE_INFINITY;
		return 0;
	}
	text += strspn(text, " ");
	do {
		int r = add_quantity(units, n_units, &text, &sum);

		if (r < 0)
			return r;
	} while (*text);
	*ret_value = sum;
	return 0;
}

int parse_span_us(const char *text, uint64_t *ret_us)
{
	return parse_quantity(time_units, ARRAY_SIZE(time_units), text, ret_us);
}

int parse_size(const char *text, uint64_t *ret_bytes)
{
	return parse_quantity(size_units, ARRAY_SIZE(size_units), text, ret_bytes);
}

int parse_mode(const char *text, uint32_t *ret_mode)
{
	uint32_t mode = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '7')
			return -EINVAL;
		mode = mode * 8 + (uint32_t)(*text - '0');
		if (mode > 07777)
			return -ERANGE;
	}
	*ret_mode = mode;
	return 0;
}

/* "RTMIN", "RTMIN+3", "RTMAX-1". */
static int parse_realtime_signal(const char *text, int *ret_signal)
{
	bool from_max = strncmp(text, "RTMAX", 5) == 0;
	uint32_t distance = 0;
	int r;

	if (!from_max && strncmp(text, "RTMIN", 5) != 0)
		return -EINVAL;
	if (text[5]) {
		if (text[5] != (from_max ? '-' : '+'))
			return -EINVAL;
		r = parse_u32(text + 6, &distance);
		if (r < 0)
			return r;
	}
	if (distance > (uint32_t)(SIGRTMAX - SIGRTMIN))
		return -ERANGE;
	*ret_signal = from_max ? SIGRTMAX - (int)distance : SIGRTMIN + (int)distance;
	return 0;
}

int parse_signal(const char *text, int *ret_signal)
{
	uint32_t number;

	if (parse_u32(text, &number) == 0) {
		if (number < 1 || number > (uint32_t)SIGRTMAX)
			return -ERANGE;
		*ret_signal = (int)number;
		return 0;
	}
	if (strncmp(text, "SIG", 3) == 0)
		text += 3;
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcmp(name, text) == 0) {
			*ret_signal = i;
			return 0;
		}
	}
	return parse_realtime_signal(text, ret_signal);
}
