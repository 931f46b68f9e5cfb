/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "limit_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
 * early-load has checked the words; what is checked here again is that a line can lead nowhere but to a file of the group: a name
 * with a dot in it and without a slash. A percentage is of the memory for memory.*, of the tasks for pids.max, with up to two
 * decimals, and never less than one unit.
 */

static int copy(char *buf, size_t size, const char *text, size_t len)
{
	if (len == 0 || len >= size)
		return -EINVAL;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return 0;
}

static bool is_file_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || text[i] == '.' || text[i] == '_'))
			return false;
	return memchr(text, '.', len) != NULL && text[0] != '.';
}

int limit_line_parse(const char *line, struct limit_line *ret_line)
{
	struct limit_line parsed = { 0 };
	size_t len = strcspn(line, "=");

	if (line[len] != '=' || !is_file_name(line, len) ||
	    copy(parsed.file, sizeof(parsed.file), line, len) < 0 ||
	    copy(parsed.controller, sizeof(parsed.controller), line, strcspn(line, ".")) < 0)
		return -EINVAL;
	parsed.text = line + len + 1;
	if (parsed.text[0] == '/') {
		parsed.device = parsed.text;
		parsed.device_len = strcspn(parsed.text, " ");
		parsed.text += parsed.device_len;
		if (*parsed.text++ != ' ')
			return -EINVAL;
	}
	*ret_line = parsed;
	return 0;
}

/* "12.5%" in hundredths of a percent; false for anything else. */
static bool parse_share(const char *text, uint64_t *ret_permyriad)
{
	unsigned int percent = 0, decimals = 0;
	int end = 0;

	if (text[0] < '0' || text[0] > '9')
		return false;
	if (sscanf(text, "%3u%%%n", &percent, &end) == 1 && end > 0 && !text[end]) {
		*ret_permyriad = percent * 100;
		return true;
	}
	end = 0;
	if (sscanf(text, "%3u.%2u%%%n", &percent, &decimals, &end) != 2 || end == 0 || text[end])
		return false;
	if (strchr(text, '%') - strchr(text, '.') == 2)
		decimals *= 10;
	*ret_permyriad = percent * 100 + decimals;
	return true;
}

static uint64_t share_of(uint64_t whole, uint64_t permyriad)
{
	uint64_t share = whole / 10000 * permyriad + whole % 10000 * permyriad / 10000;

	return share > 0 ? share : 1;
}

int limit_line_text(const struct limit_line *line, const struct limit_machine *machine,
		    const char *device, char *buf, size_t size)
{
	uint64_t permyriad = 0;
	int n;

	if (parse_share(line->text, &permyriad)) {
		uint64_t whole = strcmp(line->controller, "pids") == 0 ? machine->tasks
								       : machine->memory_bytes;

		n = snprintf(buf, size, "%s%" PRIu64, device, share_of(whole, permyriad));
	} else {
		n = snprintf(buf, size, "%s%s", device, line->text);
	}
	return n < 0 || (size_t)n >= size ? -ERANGE : 0;
}
