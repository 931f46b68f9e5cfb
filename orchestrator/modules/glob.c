/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fnmatch() for modaliases: no locale, no path rules, no recursion. Only the last star is ever gone back to: a later star
 * can take over anything that an earlier one could have given it.
 */
#include "glob.h"

#include <stddef.h>

static char plain(char c)
{
	return c == '-' ? '_' : c;
}

/* The end of the set that begins at @set ("["), or NULL if it does not end; then "[" is a plain character. */
static const char *set_end(const char *set)
{
	const char *at = set + 1;

	if (*at == '!' || *at == '^')
		at++;
	if (*at == ']')
		at++;
	while (*at && *at != ']')
		at++;
	return *at ? at : NULL;
}

static bool set_has(const char *set, const char *end, char c)
{
	const char *at = set + 1;
	bool negated = *at == '!' || *at == '^';
	bool has = false;

	for (at += negated; at < end; at++) {
		if (at[1] == '-' && at + 2 < end) {
			has = has || (at[0] <= c && c <= at[2]);
			at += 2;
		} else {
			has = has || *at == c;
		}
	}
	return has != negated;
}

/* One character of the text against one item of the pattern; *ret_next is behind that item. */
static bool item_has(const char *item, char c, const char **ret_next)
{
	const char *end = *item == '[' ? set_end(item) : NULL;

	*ret_next = end ? end + 1 : item + 1;
	if (end)
		return set_has(item, end, c);
	return *item == '?' || plain(*item) == plain(c);
}

bool glob_match(const char *pattern, const char *text)
{
	const char *star = NULL;
	const char *resume = NULL;

	while (*text) {
		const char *next;

		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
			continue;
		}
		if (*pattern && item_has(pattern, *text, &next)) {
			pattern = next;
			text++;
			continue;
		}
		if (!star)
			return false;
		pattern = star;
		text = ++resume;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool glob_same_name(const char *a, const char *b)
{
	while (*a && plain(*a) == plain(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}
