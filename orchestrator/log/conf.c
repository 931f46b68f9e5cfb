/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A wrong setting must not cost the logs: its default stands, and what is wrong is said. early.conf is every part's: only [Log] is
 * looked at here.
 */
#include "conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/parse.h"

#define KIB 1024ULL
#define MIB (1024ULL * 1024)
#define TEXT_SIZE 256

void conf_init(struct conf *conf)
{
	*conf = (struct conf){
		.max_file_size = 16 * MIB,
		.max_memory = 32 * MIB,
		.rate_burst = 10000,
		.rate_interval_us = 10 * USEC_PER_SEC,
	};
}

static int take_size(const char *value, uint64_t least, uint64_t *target)
{
	uint64_t bytes;
	int r = parse_size(value, &bytes);

	if (r < 0)
		return r;
	if (bytes < least)
		return -ERANGE;
	*target = bytes;
	return 0;
}

static int take_max_use(struct conf *conf, const char *value)
{
	return take_size(value, 64 * KIB, &conf->max_use);
}

static int take_max_file_size(struct conf *conf, const char *value)
{
	return take_size(value, 64 * KIB, &conf->max_file_size);
}

static int take_max_memory(struct conf *conf, const char *value)
{
	return take_size(value, 64 * KIB, &conf->max_memory);
}

static int take_burst(struct conf *conf, const char *value)
{
	return parse_u32(value, &conf->rate_burst);
}

static int take_interval(struct conf *conf, const char *value)
{
	uint64_t span_us;
	int r = parse_span_us(value, &span_us);

	if (r == 0 && (span_us == 0 || span_us == PARSE_INFINITY))
		return -ERANGE;
	if (r == 0)
		conf->rate_interval_us = span_us;
	return r;
}

static const struct setting {
	const char *name;
	int (*take)(struct conf *conf, const char *value);
	const char *wanted;
} settings[] = {
	{ "MaxUse", take_max_use, "a size of at least 64K, as 500M" },
	{ "MaxFileSize", take_max_file_size, "a size of at least 64K, as 16M" },
	{ "MaxMemory", take_max_memory, "a size of at least 64K, as 32M" },
	{ "RateLimitBurst", take_burst, "a number of messages, 0 for no limit" },
	{ "RateLimitIntervalSec", take_interval, "a time, as 10s" },
};

static void take_setting(struct conf *conf, const char *name, const char *value, unsigned int line,
			 conf_fault_fn fault, void *data)
{
	char text[TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(settings[i].name, name) != 0)
			continue;
		if (settings[i].take(conf, value) == 0)
			return;
		(void)snprintf(text, sizeof(text), "%s=%.60s is not %s; the default stands", name,
			       value, settings[i].wanted);
		fault(line, text, data);
		return;
	}
	if (strncmp(name, "X-", 2) == 0)
		return;
	(void)snprintf(text, sizeof(text),
		       "there is no setting %.60s= in [Log] (see early-log(8)); it is passed over",
		       name);
	fault(line, text, data);
}

/* Cuts blanks off both ends, in place. */
static char *strip(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static void take_line(struct conf *conf, char *text, unsigned int line, bool *in_log,
		      conf_fault_fn fault, void *data)
{
	char *equals;

	text = strip(text);
	if (*text == '\0' || *text == '#' || *text == ';')
		return;
	if (*text == '[') {
		*in_log = strcmp(text, "[Log]") == 0;
		return;
	}
	if (!*in_log)
		return;
	equals = strchr(text, '=');
	if (!equals) {
		fault(line, "this is neither a [Section] nor NAME=VALUE; it is passed over", data);
		return;
	}
	*equals = '\0';
	take_setting(conf, strip(text), strip(equals + 1), line, fault, data);
}

void conf_parse(struct conf *conf, const char *text, conf_fault_fn fault, void *data)
{
	char *copy CLEANUP(free_charp)
	= strdup(text);
	unsigned int line = 0;
	bool in_log = false;
	char *rest = copy;
	char *at;

	while ((at = strsep(&rest, "\n")))
		take_line(conf, at, ++line, &in_log, fault, data);
}

static void log_fault(unsigned int line, const char *text, void *data)
{
	log_warning("%s:%u: %s", (const char *)data, line, text);
}

/* The reader's process has told it. */
static void pass_fault(unsigned int line, const char *text, void *data)
{
	(void)line, (void)text, (void)data;
}

void conf_read(struct conf *conf, const char *path, bool tells)
{
	char *text CLEANUP(free_charp)
	= NULL;
	size_t len;
	int r = fs_read_file_at(AT_FDCWD, path, CONF_SIZE_MAX, &text, &len);

	if (r == 0)
		conf_parse(conf, text, tells ? log_fault : pass_fault, (void *)path);
	else if (r != -ENOENT && tells)
		log_warning_errno(r, "cannot read %s, the defaults of [Log] stand", path);
}
