/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The archive and the files in memory are the same bytes; the archive began earlier, memory may be ahead of it. So the archive ends
 * with the first bytes of memory, up to some line: that line is looked for from the end of memory. Its time has microseconds, but two
 * lines may be equal all the same; then what stands before them tells. Where the archive's last line is not in memory (it is of a boot
 * before, or a remark of early-log's), all of memory comes behind it.
 *
 * Times in lines count from their boot; the line "boot ID began at TIME" stands before each boot's.
 */
#include "log_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "early/clock.h"
#include "early/macros.h"

#define BOOT_MARK " info early-log: boot "
#define BEGAN_MARK " began at "

/* The beginning of the line that ends at @end (behind its newline). */
static size_t line_start(const char *text, size_t end)
{
	size_t at = end > 0 ? end - 1 : 0;

	while (at > 0 && text[at - 1] != '\n')
		at--;
	return at;
}

struct log_text log_text_join(const char *disk, size_t disk_len, const char *memory,
			      size_t memory_len)
{
	struct log_text text = { disk, disk_len, memory, memory_len };
	size_t last = line_start(disk, disk_len);
	size_t last_len = disk_len - last;
	size_t found = 0;

	for (size_t end = memory_len; end > 0 && last_len > 0; end = line_start(memory, end)) {
		size_t compared = MIN(end, disk_len);

		if (end < last_len || memcmp(memory + end - last_len, disk + last, last_len) != 0)
			continue;
		if (found == 0)
			found = end;
		if (memcmp(memory + end - compared, disk + disk_len - compared, compared) == 0) {
			found = end;
			break;
		}
	}
	text.memory += found;
	text.memory_len -= found;
	return text;
}

static const char *find(const char *text, size_t len, const char *what)
{
	return memmem(text, len, what, strlen(what));
}

/* The line that says which boot it is: when that began, in microseconds of CLOCK_REALTIME. */
static bool parse_boot(const char *line, size_t len, uint64_t *ret_began_us)
{
	const char *mark = find(line, len, BOOT_MARK);
	const char *began = mark ? find(mark, len - (size_t)(mark - line), BEGAN_MARK) : NULL;
	char when[40] = "";
	unsigned int micros;
	struct tm tm = { .tm_sec = 0 };
	const char *rest;

	if (!began)
		return false;
	began += strlen(BEGAN_MARK);
	memcpy(when, began, MIN(sizeof(when) - 1, len - (size_t)(began - line)));
	rest = strptime(when, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest || sscanf(rest, ".%6uZ", &micros) != 1)
		return false;
	*ret_began_us = (uint64_t)timegm(&tm) * USEC_PER_SEC + micros;
	return true;
}

static size_t line_len(const char *text, size_t len)
{
	const char *newline = memchr(text, '\n', len);

	return newline ? (size_t)(newline - text) + 1 : len;
}

void log_text_this_boot(struct log_text *text)
{
	size_t begin = 0;
	uint64_t began_us;

	for (size_t at = 0; at < text->disk_len;) {
		size_t len = line_len(text->disk + at, text->disk_len - at);

		if (parse_boot(text->disk + at, len, &began_us))
			begin = at;
		at += len;
	}
	text->disk += begin;
	text->disk_len -= begin;
}

static uint64_t realtime_us(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME, &now) < 0
		       ? 0
		       : (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

/* Where the first line begins that is not older than @since_us. *@began_us: of the boot that lines belong to; 0: not known. */
static size_t cut(const char *text, size_t len, uint64_t since_us, uint64_t *began_us)
{
	size_t at = 0;

	while (at < len) {
		size_t n = line_len(text + at, len - at);
		unsigned long long seconds, micros;
		char head[40] = "";

		memcpy(head, text + at, MIN(n, sizeof(head) - 1));
		if (!parse_boot(text + at, n, began_us) &&
		    sscanf(head, "[%llu.%llu]", &seconds, &micros) == 2 && *began_us > 0 &&
		    *began_us + seconds * USEC_PER_SEC + micros >= since_us)
			break;
		at += n;
	}
	return at;
}

void log_text_since(struct log_text *text, uint64_t age_us)
{
	uint64_t now_us = realtime_us();
	uint64_t since_us = age_us < now_us ? now_us - age_us : 0;
	uint64_t began_us = 0;
	size_t at = cut(text->disk, text->disk_len, since_us, &began_us);

	text->disk += at;
	text->disk_len -= at;
	if (text->disk_len > 0)
		return;
	if (began_us == 0)
		began_us = now_us - clock_boottime_us();
	at = cut(text->memory, text->memory_len, since_us, &began_us);
	text->memory += at;
	text->memory_len -= at;
}
