/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Handlers for keys that hold several values. A repeated key adds to them, an empty one takes them all back.
 */
#include "directive.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/capability_names.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "words.h"

#define MEMBER(apply, type) ((type *)((char *)(apply)->service + (apply)->directive->offset))

static void reset_list(char ***list)
{
	strv_free(*list);
	*list = NULL;
}

/* Splits and expands @value; the words are appended to @list. */
static int add_words(const struct apply *apply, const char *value, bool unescape, char ***list)
{
	char **words CLEANUP_STRV = NULL;
	int r = words_split(value, unescape, &words);

	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		char *word = NULL;

		r = apply_expand(apply, words[i], &word);
		if (r == 0)
			r = strv_consume(list, word);
	}
	return r;
}

int apply_words(const struct apply *apply, const char *value)
{
	char ***list = MEMBER(apply, char **);

	if (!*value) {
		reset_list(list);
		return 0;
	}
	return add_words(apply, value, false, list);
}

int apply_units(const struct apply *apply, const char *value)
{
	char **names CLEANUP_STRV = NULL;
	char ***list = MEMBER(apply, char **);
	int r;

	if (!*value) {
		/* as in systemd: what hangs on what cannot be taken back, only added to */
		if (strcmp(apply->directive->section, "Unit") != 0)
			reset_list(list);
		return 0;
	}
	r = add_words(apply, value, false, &names);
	for (size_t i = 0; r == 0 && names && names[i]; i++) {
		if (!unit_name_is_valid(names[i])) {
			(void)apply_refuse(apply, "\"%s\" is no name of a unit", names[i]);
			continue;
		}
		if (!strv_contains(*list, names[i]))
			r = strv_append(list, names[i]);
	}
	return r;
}

int apply_socket_units(const struct apply *apply, const char *value)
{
	apply->service->sockets_given = true;
	return apply_units(apply, value);
}

/* ConditionPathExists= becomes "path-exists:", AssertPathExists= "assert-path-exists:". */
static void put_condition_name(struct strbuf *out, const char *key)
{
	const char *name = key;

	if (strncmp(key, "Condition", 9) == 0)
		name = key + 9;
	for (const char *c = name; *c; c++) {
		/* a hyphen before each word; "CPUs" and "ACPower" are one word each */
		if (c != name && isupper((unsigned char)*c) && islower((unsigned char)c[-1]))
			strbuf_putc(out, '-');
		strbuf_putc(out, (char)tolower((unsigned char)*c));
	}
}

int apply_condition(const struct apply *apply, const char *value)
{
	char ***list = &apply->service->conditions;
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	char *expanded CLEANUP(free_charp)
	= NULL;
	int r;

	if (!*value) {
		reset_list(list);
		return 0;
	}
	r = apply_expand(apply, value, &expanded);
	if (r < 0)
		return r;
	put_condition_name(&out, apply->directive->key);
	strbuf_putc(&out, ':');
	strbuf_puts(&out, expanded);
	return strv_consume(list, strbuf_take(&out));
}

static bool is_variable_name(const char *text, size_t len)
{
	if (len == 0 || isdigit((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	return true;
}

int apply_environment(const struct apply *apply, const char *value)
{
	char ***list = &apply->service->environment;
	char **words CLEANUP_STRV = NULL;
	int r;

	if (!*value) {
		reset_list(list);
		return 0;
	}
	r = add_words(apply, value, true, &words);
	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		if (!strchr(words[i], '=') || !is_variable_name(words[i], strcspn(words[i], "="))) {
			(void)apply_refuse(apply, "\"%s\" is no assignment of a variable",
					   words[i]);
			continue;
		}
		r = strv_append(list, words[i]);
	}
	return r;
}

int apply_environment_file(const struct apply *apply, const char *value)
{
	const char *path = *value == '-' ? value + 1 : value;
	char *expanded = NULL;
	int r;

	if (!*value) {
		reset_list(&apply->service->environment_files);
		return 0;
	}
	if (*path != '/')
		return apply_refuse(apply, "\"%s\" is no absolute path", path);
	r = apply_expand(apply, value, &expanded);
	if (r < 0)
		return r;
	return strv_consume(&apply->service->environment_files, expanded);
}

/* --- LimitNOFILE= and its like: "NAME=SOFT:HARD" in numbers --- */

enum limit_unit { LIMIT_COUNT, LIMIT_BYTES, LIMIT_SECONDS, LIMIT_MICROSECONDS };

static const struct {
	const char *name;
	enum limit_unit unit;
} limit_units[] = {
	{ "CPU", LIMIT_SECONDS },    { "FSIZE", LIMIT_BYTES },
	{ "DATA", LIMIT_BYTES },     { "STACK", LIMIT_BYTES },
	{ "CORE", LIMIT_BYTES },     { "RSS", LIMIT_BYTES },
	{ "AS", LIMIT_BYTES },       { "MEMLOCK", LIMIT_BYTES },
	{ "MSGQUEUE", LIMIT_BYTES }, { "RTTIME", LIMIT_MICROSECONDS },
};

static enum limit_unit limit_unit_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(limit_units); i++)
		if (strcmp(limit_units[i].name, name) == 0)
			return limit_units[i].unit;
	return LIMIT_COUNT;
}

static int parse_limit(const char *text, enum limit_unit unit, uint64_t *ret_value)
{
	uint64_t span_us;
	int r;

	if (strcmp(text, "infinity") == 0) {
		*ret_value = PARSE_INFINITY;
		return 0;
	}
	switch (unit) {
	case LIMIT_COUNT:
		return parse_u64(text, ret_value);
	case LIMIT_BYTES:
		return parse_size(text, ret_value);
	case LIMIT_SECONDS:
		r = parse_span_us(text, &span_us);
		if (r == 0)
			*ret_value = (span_us + 999999) / 1000000;
		return r;
	case LIMIT_MICROSECONDS:
		if (parse_u64(text, ret_value) == 0)
			return 0;
		return parse_span_us(text, ret_value);
	}
	return -EINVAL;
}

static void drop_limit(char **limits, const char *name)
{
	size_t len = strlen(name);
	size_t kept = 0;

	for (size_t i = 0; limits && limits[i]; i++) {
		if (strncmp(limits[i], name, len) == 0 && limits[i][len] == '=')
			free(limits[i]);
		else
			limits[kept++] = limits[i];
	}
	if (limits)
		limits[kept] = NULL;
}

static void put_limit(struct strbuf *out, uint64_t value)
{
	if (value == PARSE_INFINITY)
		strbuf_puts(out, "infinity");
	else
		strbuf_printf(out, "%llu", (unsigned long long)value);
}

int apply_limit(const struct apply *apply, const char *value)
{
	const char *name = apply->directive->key + strlen("Limit");
	enum limit_unit unit = limit_unit_of(name);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	char *soft CLEANUP(free_charp)
	= strndup(value, strcspn(value, ":"));
	const char *hard = strchr(value, ':');
	uint64_t soft_value;
	uint64_t hard_value;
	int r;

	if (!soft)
		return -ENOMEM;
	r = parse_limit(soft, unit, &soft_value);
	if (r != 0)
		return r;
	r = parse_limit(hard ? hard + 1 : soft, unit, &hard_value);
	if (r != 0)
		return r;
	if (soft_value > hard_value)
		return -ERANGE;
	drop_limit(apply->service->limits, name);
	strbuf_printf(&out, "%s=", name);
	put_limit(&out, soft_value);
	strbuf_putc(&out, ':');
	put_limit(&out, hard_value);
	return strv_consume(&apply->service->limits, strbuf_take(&out));
}

/*
 * CapabilityBoundingSet=, AmbientCapabilities=. The list holds the words in their order, a line that begins with ~ takes away: each
 * word of it gets the sign. "" alone is the empty set.
 */
int apply_capabilities(const struct apply *apply, const char *value)
{
	char ***list = MEMBER(apply, char **);
	bool inverted = *value == '~';
	char **words CLEANUP_STRV = NULL;
	int r;

	if (apply->directive->arg)
		apply->service->has_capabilities = true;
	if (!*value) {
		reset_list(list);
		return apply->directive->arg ? strv_append(list, "none") : 0;
	}
	r = words_split(inverted ? value + 1 : value, false, &words);
	for (size_t i = 0; r == 0 && words && words[i]; i++)
		if (capability_number(words[i]) < 0)
			(void)apply_refuse(apply, "\"%s\" is no capability", words[i]);
		else
			r = strv_appendf(list, "%s%s", inverted ? "~" : "", words[i]);
	if (r == 0 && !words)
		r = strv_append(list, inverted ? "all" : "none");
	return r;
}
