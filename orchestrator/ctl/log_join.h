/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What of the disk's part and of memory's is one text, nothing twice and nothing missing. Pure. */
struct log_join {
	size_t disk_len; /* without a torn line that memory has whole */
	size_t memory_at; /* from here on memory has what the disk has not */
	bool is_joined; /* they have a line in common */
};

/* @disk: of this boot alone, as lines of one boot may be those of another as well. */
struct log_join log_join(const char *disk, size_t disk_len, const char *memory, size_t memory_len);
