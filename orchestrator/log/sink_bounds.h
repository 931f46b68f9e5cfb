/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "sink.h"

/* The lines of a file in the sink's directory; 0 if it can't be read. */
size_t sink_count_lines(int dir_fd, const char *file_name);

/*
 * Counts what is in the directory; if @len more bytes would pass the limit, removes files until an eighth of it is free: the old
 * generations first, then whole logs, the longest silent first. @keep (without .log) stays.
 */
void sink_make_room(struct sink *sink, const char *keep, size_t len);
