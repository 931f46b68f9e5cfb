/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "log_boot.h"
#include "log_join.h"
#include "log_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The disk's part up to the first NUL, behind it memory's. */
static void check_join(const char *disk, size_t disk_len, const char *memory, size_t memory_len)
{
	struct log_join join = log_join(disk, disk_len, memory, memory_len);
	size_t begun;

	if (join.disk_len > disk_len || join.memory_at > memory_len)
		abort();
	if (join.memory_at > 0 && memory[join.memory_at - 1] != '\n')
		abort(); /* a piece of a line is gone */
	/* What is torn off the disk begins memory's part. */
	begun = disk_len - join.disk_len;
	if (memory_len - join.memory_at < begun ||
	    memcmp(disk + join.disk_len, memory + join.memory_at, begun) != 0)
		abort();
}

static void add_lines(const char *text, size_t len)
{
	struct log_lines lines = { 0 };
	struct log_boots boots;
	struct log_boot *boot;

	if (log_boots_init(&boots, "this", 0, 0, UINT64_MAX) < 0)
		abort();
	for (size_t at = 0; at < len;) {
		size_t next = log_boot_next_mark(text, len, at + 1);

		if (next <= at || next > len ||
		    log_boots_read(&boots, text + at, len - at, &boot) < 0 ||
		    log_lines_add(&lines, "x", boot, text + at, next - at) < 0)
			abort();
		at = next;
	}
	log_lines_sort(&lines);
	log_lines_merge_marks(&lines, &boots);
	log_lines_done(&lines);
	log_boots_done(&boots);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *end = size > 0 ? memchr(text, '\0', size) : NULL;
	size_t disk_len = end ? (size_t)(end - text) : size;
	size_t memory_at = MIN(disk_len + 1, size);

	if (size == 0)
		return 0;
	check_join(text, disk_len, text + memory_at, size - memory_at);
	add_lines(text, size);
	return 0;
}
