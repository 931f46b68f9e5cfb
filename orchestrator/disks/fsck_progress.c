/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parser of e2fsck's machine-readable progress.
 *
 * The five passes take very different times; a bar that gives each a fifth would jump. The share of each pass is the one
 * that e2fsck's own bar uses (its -C 0). Input is untrusted in length and form: an overlong line is dropped up to its end,
 * and what is no progress line counts for nothing.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fsck_progress.h"

/* Percent done when pass N ends. */
static const uint32_t pass_end[] = { 0, 70, 90, 92, 95, 100 };
#define LAST_PASS 5

void fsck_progress_init(struct fsck_progress *progress)
{
	*progress = (struct fsck_progress){ .len = 0 };
}

static bool take_number(const char **text, unsigned long long *ret_value)
{
	char *end;

	while (**text == ' ')
		(*text)++;
	if (**text < '0' || **text > '9')
		return false;
	*ret_value = strtoull(*text, &end, 10);
	*text = end;
	return *end == ' ' || *end == '\0';
}

static int take_line(struct fsck_progress *progress)
{
	const char *text = progress->line;
	unsigned long long pass, current, max;
	uint32_t percent, span;

	if (!take_number(&text, &pass) || !take_number(&text, &current) ||
	    !take_number(&text, &max))
		return 0;
	if (pass < 1 || pass > LAST_PASS || max == 0)
		return 0;
	if (current > max)
		current = max;

	span = pass_end[pass] - pass_end[pass - 1];
	percent = pass_end[pass - 1] + (uint32_t)((double)current / (double)max * span);
	if (percent <= progress->percent)
		return 0;
	progress->percent = percent;
	return 1;
}

int fsck_progress_feed(struct fsck_progress *progress, const char *data, size_t len)
{
	int changed = 0;

	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n') {
			if (progress->len < sizeof(progress->line)) {
				progress->line[progress->len] = '\0';
				changed |= take_line(progress);
			}
			progress->len = 0;
		} else if (progress->len < sizeof(progress->line)) {
			/* At the full size the line is too long, and stays so until its end. */
			progress->line[progress->len++] = data[i];
		}
	}
	return changed;
}
