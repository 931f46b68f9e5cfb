/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/settings.h"

/* [Log] of early.conf. */

struct conf {
	uint64_t
		max_use; /* of /var/log/early; 0: a tenth of its file system, at most CONF_USE_MAX */
	uint64_t max_file_size; /* there */
	uint64_t max_memory; /* of the files in /run */
	uint32_t rate_burst; /* datagrams of one service in an interval; 0: no limit */
	uint64_t rate_interval_us;
};

#define CONF_USE_MAX (1024 * 1024 * 1024ULL)

void conf_init(struct conf *conf);

/* Pure. @text is changed. */
void conf_parse(struct conf *conf, char *text, settings_fault_fn fault, void *data);

/* The file's; a missing one is none. Faults are logged with file and line if @tells. */
void conf_read(struct conf *conf, const char *path, bool tells);
