/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * systemd's escape for one element of an object path: letters and digits stand for themselves, every other byte (and a
 * digit in front) is "_" and two lower-case hexadecimal digits, the empty text is "_". Reading is lenient as in systemd: a
 * "_" that no two digits follow stands for itself. A NUL never comes out: the rest of the program works with C strings.
 */
#include "object_path.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/parse.h"
#include "early/strbuf.h"

static bool is_plain(unsigned char c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return !first && c >= '0' && c <= '9';
}

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int unit_path_new(const char *unit, char **ret_path)
{
	CLEANUP_STRBUF struct strbuf path = STRBUF_INIT;
	char *text;

	strbuf_puts(&path, UNIT_PATH_PREFIX);
	if (*unit == '\0')
		strbuf_putc(&path, '_');
	for (const char *c = unit; *c != '\0'; c++) {
		if (is_plain((unsigned char)*c, c == unit))
			strbuf_putc(&path, *c);
		else
			strbuf_printf(&path, "_%02x", (unsigned char)*c);
	}
	text = strbuf_take(&path);
	if (text == NULL)
		return -ENOMEM;
	*ret_path = text;
	return 0;
}

int unit_path_parse(const char *path, char **ret_unit)
{
	const char *label = path + strlen(UNIT_PATH_PREFIX);
	CLEANUP_STRBUF struct strbuf unit = STRBUF_INIT;
	char *text;

	if (strncmp(path, UNIT_PATH_PREFIX, strlen(UNIT_PATH_PREFIX)) != 0)
		return -ENOENT;
	if (*label == '\0' || strcmp(label, "_") == 0)
		return -EINVAL;
	while (*label != '\0') {
		int high, low;

		if (*label == '/')
			return -EINVAL;
		high = *label == '_' ? hex_value((unsigned char)label[1]) : -1;
		low = high >= 0 ? hex_value((unsigned char)label[2]) : -1;
		if (low < 0) {
			strbuf_putc(&unit, *label++);
			continue;
		}
		if (high == 0 && low == 0)
			return -EINVAL;
		strbuf_putc(&unit, (char)(high << 4 | low));
		label += 3;
	}
	text = strbuf_take(&unit);
	if (text == NULL)
		return -ENOMEM;
	*ret_unit = text;
	return 0;
}

int job_path_new(uint32_t job, char **ret_path)
{
	CLEANUP_STRBUF struct strbuf path = STRBUF_INIT;
	char *text;

	strbuf_printf(&path, JOB_PATH_PREFIX "%u", job);
	text = strbuf_take(&path);
	if (text == NULL)
		return -ENOMEM;
	*ret_path = text;
	return 0;
}

int job_path_parse(const char *path, uint32_t *ret_job)
{
	const char *number = path + strlen(JOB_PATH_PREFIX);
	uint32_t job;
	int r;

	if (strncmp(path, JOB_PATH_PREFIX, strlen(JOB_PATH_PREFIX)) != 0)
		return -ENOENT;
	if (!isdigit((unsigned char)*number))
		return -EINVAL;
	r = parse_u32(number, &job);
	if (r < 0 || job == 0)
		return -EINVAL;
	*ret_job = job;
	return 0;
}
