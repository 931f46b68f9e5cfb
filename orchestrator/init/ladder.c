/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ladder.h"

#include <string.h>

#include "early/macros.h"

/*
 * The words of OnGiveUp= are rungs, climbed one after the other: "software:UNIT fallback:UNIT diagnose". A fast loop is the start limit's
 * business where there is one; a slow loop never reaches it, and climbs by itself.
 */

static const struct {
	const char *word;
	enum ladder_kind kind;
	bool has_unit;
} rungs[] = {
	{ "software:", LADDER_SOFTWARE, true },
	{ "fallback:", LADDER_FALLBACK, true },
	{ "diagnose", LADDER_DIAGNOSE, false },
	{ "reboot", LADDER_REBOOT, false },
};

static bool parse(const char *word, size_t len, struct ladder_rung *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(rungs); i++) {
		size_t n = strlen(rungs[i].word);
		size_t rest = len - n;

		if (len < n || strncmp(word, rungs[i].word, n) != 0)
			continue;
		if (rungs[i].has_unit != (rest > 0) || rest >= sizeof(ret->unit))
			return false;
		ret->kind = rungs[i].kind;
		memcpy(ret->unit, word + n, rest);
		ret->unit[rest] = '\0';
		return true;
	}
	return false;
}

bool ladder_rung(const char *text, uint32_t nth, struct ladder_rung *ret)
{
	for (;;) {
		size_t len;

		text += strspn(text, " \t");
		len = strcspn(text, " \t");
		if (len == 0)
			return false;
		if (nth-- == 0)
			return parse(text, len, ret);
		text += len;
	}
}

bool ladder_climbs(enum backoff_loop loop, bool limited)
{
	return loop == BACKOFF_LOOP_SLOW || (loop == BACKOFF_LOOP_FAST && !limited);
}
