/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The archive and the files in memory are the same bytes; the archive began earlier, memory may be ahead of it. So the archive ends
 * with the first bytes of memory, up to some line: that line is looked for from the end of memory. Its time has microseconds, but
 * lines may be equal all the same (a service that says the same in one write); then what stands before them tells.
 *
 * Exceptions: the disk's last line may be torn, if it is being written (or the disk is full): then it is taken from memory. And some
 * lines are on the disk alone (what a full memory did not take): these are passed over, by the times, which never go back by much.
 */
#include "log_join.h"

#include <stdint.h>
#include <string.h>

#include "early/macros.h"
#include "log_text.h"

/* The beginning of the line that ends at @end (behind its newline). */
static size_t line_start(const char *text, size_t end)
{
	size_t at = end > 0 ? end - 1 : 0;

	while (at > 0 && text[at - 1] != '\n')
		at--;
	return at;
}

static size_t whole_lines(const char *text, size_t len)
{
	while (len > 0 && text[len - 1] != '\n')
		len--;
	return len;
}

static size_t common_suffix(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t max = MIN(a_len, b_len), n = 0;

	while (n < max && a[a_len - n - 1] == b[b_len - n - 1])
		n++;
	return n;
}

static bool begins_with(const char *text, size_t len, const char *what, size_t what_len)
{
	return len >= what_len && memcmp(text, what, what_len) == 0;
}

/*
 * Where in memory the disk's last line ends; 0 if memory has no such line. What follows on the disk, @torn_len bytes, must follow in memory,
 * too.
 */
static size_t find_last_line(const char *disk, size_t disk_len, size_t torn_len, const char *memory,
			     size_t memory_len)
{
	size_t last = line_start(disk, disk_len);
	size_t last_len = disk_len - last;
	size_t found = 0, longest = 0;

	for (size_t end = memory_len; end >= last_len && end > 0; end = line_start(memory, end)) {
		size_t common;

		if (memcmp(memory + end - last_len, disk + last, last_len) != 0 ||
		    !begins_with(memory + end, memory_len - end, disk + disk_len, torn_len))
			continue;
		common = common_suffix(disk, disk_len, memory, end);
		if (common == end)
			return end; /* all of memory up to there */
		if (common >= longest) {
			longest = common;
			found = end;
		}
	}
	return found;
}

static bool same_line(const char *a, size_t a_end, const char *b, size_t b_end)
{
	size_t a_at = line_start(a, a_end), b_at = line_start(b, b_end);

	return a_end - a_at == b_end - b_at && memcmp(a + a_at, b + b_at, a_end - a_at) == 0;
}

/* Is the disk's line that ends at @disk_end among those of memory that end at @memory_end or before, at the same time? */
static bool is_in_memory(const char *disk, size_t disk_end, const char *memory, size_t memory_end,
			 uint64_t t_us)
{
	uint64_t memory_us;

	for (size_t end = memory_end; end > 0; end = line_start(memory, end)) {
		size_t at = line_start(memory, end);

		if (same_line(disk, disk_end, memory, end))
			return true;
		if (log_line_time(memory + at, end - at, &memory_us) && memory_us < t_us)
			return false;
	}
	return false;
}

/* Where the last line of the disk ends that memory has as well; 0: there is none. */
static size_t find_common_line(const char *disk, size_t disk_end, const char *memory,
			       size_t memory_end)
{
	while (disk_end > 0 && memory_end > 0) {
		size_t at = line_start(disk, disk_end), memory_at = line_start(memory, memory_end);
		uint64_t t_us, memory_us;

		if (!log_line_time(memory + memory_at, memory_end - memory_at, &memory_us))
			memory_end = memory_at;
		else if (!log_line_time(disk + at, disk_end - at, &t_us) || t_us > memory_us)
			disk_end = at;
		else if (t_us < memory_us)
			memory_end = memory_at;
		else if (is_in_memory(disk, disk_end, memory, memory_end, t_us))
			return disk_end;
		else
			disk_end = at;
	}
	return 0;
}

/* As find_last_line(), of all that may be: with the torn line, without it, and without what is on the disk alone. */
static size_t find_seam(const char *disk, size_t whole, size_t torn_len, const char *memory,
			size_t memory_len)
{
	size_t at = 0;

	if (whole > 0 && torn_len > 0)
		at = find_last_line(disk, whole, torn_len, memory, memory_len);
	if (whole > 0 && at == 0)
		at = find_last_line(disk, whole, 0, memory, memory_len);
	if (at == 0)
		whole = find_common_line(disk, whole, memory, memory_len);
	if (at == 0 && whole > 0)
		at = find_last_line(disk, whole, 0, memory, memory_len);
	return at;
}

struct log_join log_join(const char *disk, size_t disk_len, const char *memory, size_t memory_len)
{
	size_t whole = whole_lines(disk, disk_len), torn_len = disk_len - whole;
	struct log_join join = { .disk_len = disk_len };

	join.memory_at = find_seam(disk, whole, torn_len, memory, memory_len);
	join.is_joined = join.memory_at > 0;
	if (torn_len > 0 && begins_with(memory + join.memory_at, memory_len - join.memory_at,
					disk + whole, torn_len)) {
		join.disk_len = whole;
		join.is_joined = true;
	}
	return join;
}
