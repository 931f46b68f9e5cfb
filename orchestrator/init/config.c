/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "early/macros.h"
#include "early/parse.h"
#include "early/settings.h"

static int take_watchdog(void *to, const char *value)
{
	struct config *config = to;
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

static int take_device(void *to, const char *value)
{
	struct config *config = to;

	if (value[0] != '/' || strlen(value) >= sizeof(config->watchdog_device))
		return -EINVAL;
	strcpy(config->watchdog_device, value);
	return 0;
}

int config_read(struct config *ret, const char *path)
{
	static const struct setting settings[] = {
		{ "RuntimeWatchdogSec", take_watchdog, "a time, as 30s, or off" },
		{ "WatchdogDevice", take_device, "an absolute path" },
	};
	static const struct settings_section section = { "Manager", "early-init(8)", settings,
							 ARRAY_SIZE(settings) };

	*ret = (struct config){ .watchdog_device = "/dev/watchdog" };
	return settings_read(AT_FDCWD, path, &section, ret, true);
}
