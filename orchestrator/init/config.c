/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/parse.h"

/*
 * The section [Manager] only: others are other programs'. PID 1 must come up whatever stands in the file, so a line that is not
 * understood is a warning and no more.
 */

#define MAX_BYTES (64 * 1024)
#define BLANKS " \t\r"

static int set_watchdog(struct config *config, const char *value)
{
	uint64_t us;

	if (strcmp(value, "off") == 0 || strcmp(value, "infinity") == 0) {
		config->watchdog_us = 0;
		return 0;
	}
	if (parse_span_us(value, &us) < 0 || us == PARSE_INFINITY)
		return -EINVAL;
	config->watchdog_us = us;
	return 0;
}

static int set_device(struct config *config, const char *value)
{
	if (value[0] != '/' || strlen(value) >= sizeof(config->watchdog_device))
		return -EINVAL;
	strcpy(config->watchdog_device, value);
	return 0;
}

static const struct {
	const char *key;
	int (*set)(struct config *config, const char *value);
	const char *wanted;
} keys[] = {
	{ "RuntimeWatchdogSec", set_watchdog, "a time span, or off" },
	{ "WatchdogDevice", set_device, "an absolute path" },
};

static char *strip(char *text)
{
	char *end;

	text += strspn(text, BLANKS);
	end = text + strlen(text);
	while (end > text && strchr(BLANKS, end[-1]))
		*--end = '\0';
	return text;
}

static void set(struct config *config, const char *path, unsigned int nth, char *line)
{
	char *equals = strchr(line, '=');
	const char *key, *value;

	if (!equals) {
		log_warning("%s:%u: \"%s\" is no KEY=VALUE; ignored", path, nth, line);
		return;
	}
	*equals = '\0';
	key = strip(line);
	value = strip(equals + 1);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(key, keys[i].key) != 0)
			continue;
		if (keys[i].set(config, value) < 0)
			log_warning("%s:%u: %s=%s: it must be %s; ignored", path, nth, key, value,
				    keys[i].wanted);
		return;
	}
	log_warning("%s:%u: [Manager] has no %s=; ignored", path, nth, key);
}

int config_read(struct config *ret, const char *path)
{
	char *text CLEANUP(free_charp)
	= NULL;
	bool ours = false;
	unsigned int nth = 0;
	char *at;
	int r;

	*ret = (struct config){ .watchdog_device = "/dev/watchdog" };
	r = fs_read_file_at(AT_FDCWD, path, MAX_BYTES, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	at = text;
	while (at) {
		char *line = strip(strsep(&at, "\n"));

		nth++;
		if (line[0] == '[')
			ours = strcmp(line, "[Manager]") == 0;
		else if (ours && line[0] && line[0] != '#' && line[0] != ';')
			set(ret, path, nth, line);
	}
	return 0;
}
