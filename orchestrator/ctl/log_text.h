/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What early-log wrote, as one text in two parts. Pure but for the clocks. Nothing is owned. */
struct log_text {
	const char *disk;
	size_t disk_len;
	const char *memory; /* from where the disk's part ends */
	size_t memory_len;
};

/* Finds where the archive ends in what is in memory. */
struct log_text log_text_join(const char *disk, size_t disk_len, const char *memory,
			      size_t memory_len);

/* Cuts off what boots before this one said. */
void log_text_this_boot(struct log_text *text);

/* Cuts off what is older than @age_us. */
void log_text_since(struct log_text *text, uint64_t age_us);
