/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* [Log] of early.conf. */
#define CONF_FILE "/etc/early/early.conf"
#define CONF_SIZE_MAX (256 * 1024)

struct conf {
	uint64_t
		max_use; /* of /var/log/early; 0: a tenth of its file system, at most CONF_USE_MAX */
	uint64_t max_file_size; /* there */
	uint64_t max_memory; /* of the files in /run */
	uint32_t rate_burst; /* datagrams of one service in an interval; 0: no limit */
	uint64_t rate_interval_us;
};

#define CONF_USE_MAX (1024 * 1024 * 1024ULL)

typedef void (*conf_fault_fn)(unsigned int line, const char *text, void *data);

void conf_init(struct conf *conf);

/* Pure. Each line that is wrong is told with what to do, and its default stands. Other parts' sections are passed over. */
void conf_parse(struct conf *conf, const char *text, conf_fault_fn fault, void *data);

/* The file's; a missing one is none. Faults are logged with file and line if @tells. */
void conf_read(struct conf *conf, const char *path, bool tells);
