/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "early/fs.h"
#include "early_test.h"

/* A directory for what early-log's parts write. */

static char dir_path[64];

static inline void make_dir(void)
{
	(void)snprintf(dir_path, sizeof(dir_path), "/tmp/test-log-XXXXXX");
	assert_non_null(mkdtemp(dir_path));
}

static inline void remove_dir(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", dir_path);
	assert_int_equal(system(command), 0);
}

/* The text of a file below the test's directory. Free it. */
static inline char *read_back(const char *name)
{
	char path[256];
	char *text = NULL;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", dir_path, name);
	assert_int_equal(fs_read_file_at(AT_FDCWD, path, 1 << 24, &text, &len), 0);
	return text;
}
