/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "early/log.h"
#include "early/overlay_paths.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pass_fault(unsigned int line, const char *text, void *data)
{
	if (line == 0 || strchr(text, '\n'))
		abort();
}

static void read_for_overlays(const char *text)
{
	struct overlay_paths paths = { .given = 0 };

	if (overlay_paths_parse(text, " \t\n", &paths) < 0 && (paths.given || paths.n))
		abort();
	if (paths.n > OVERLAY_PATHS_MAX)
		abort();
	for (uint32_t i = 0; i < paths.n; i++) {
		if (paths.paths[i][0] != '/' || !memchr(paths.paths[i], '\0', OVERLAY_PATH_SIZE) ||
		    strlen(paths.paths[i]) < 2)
			abort();
	}
}

/* Any text is an early.conf, and any a list of paths: a fault has a line and is one, a path is absolute and has an end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf conf;
	char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	log_set_max_level(LOG_LEVEL_ERROR);
	read_for_overlays(text);
	conf_init(&conf);
	conf_parse(&conf, text, pass_fault, NULL);
	if (conf.max_memory == 0 || conf.max_file_size == 0 || conf.rate_interval_us == 0)
		abort();
	free(text);
	return 0;
}
