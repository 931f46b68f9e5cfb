/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf.h"

#include <errno.h>
#include <fcntl.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/parse.h"

#define KIB 1024ULL
#define MIB (1024ULL * 1024)

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

static int take_max_use(void *to, const char *value)
{
	struct conf *conf = to;

	return take_size(value, 64 * KIB, &conf->max_use);
}

static int take_max_file_size(void *to, const char *value)
{
	struct conf *conf = to;

	return take_size(value, 64 * KIB, &conf->max_file_size);
}

static int take_max_memory(void *to, const char *value)
{
	struct conf *conf = to;

	return take_size(value, 64 * KIB, &conf->max_memory);
}

static int take_burst(void *to, const char *value)
{
	struct conf *conf = to;

	return parse_u32(value, &conf->rate_burst);
}

static int take_interval(void *to, const char *value)
{
	struct conf *conf = to;
	uint64_t span_us;
	int r = parse_span_us(value, &span_us);

	if (r == 0 && (span_us == 0 || span_us == PARSE_INFINITY))
		return -ERANGE;
	if (r == 0)
		conf->rate_interval_us = span_us;
	return r;
}

static const struct setting settings[] = {
	{ "MaxUse", take_max_use, "a size of at least 64K, as 500M" },
	{ "MaxFileSize", take_max_file_size, "a size of at least 64K, as 16M" },
	{ "MaxMemory", take_max_memory, "a size of at least 64K, as 32M" },
	{ "RateLimitBurst", take_burst, "a number of messages, 0 for no limit" },
	{ "RateLimitIntervalSec", take_interval, "a time, as 10s" },
};
static const struct settings_section section = { "Log", "early-log(8)", settings,
						 ARRAY_SIZE(settings) };

void conf_parse(struct conf *conf, char *text, settings_fault_fn fault, void *data)
{
	settings_parse(text, &section, conf, fault, data);
}

void conf_read(struct conf *conf, const char *path, bool tells)
{
	int r = settings_read(AT_FDCWD, path, &section, conf, tells);

	if (r < 0 && tells)
		log_warning_errno(r, "cannot read %s, the defaults of [Log] stand", path);
}
