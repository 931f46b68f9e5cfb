/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "KEY OPERATOR VALUE" compares a value of os-release, or a field that the firmware has: "=" and "!=" the texts, "$=" and "!$=" by a
 * pattern, the others as versions. A pressure is met below its threshold, and also where the kernel measures none, as with systemd.
 */
#include "condition_system.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/fs.h"
#include "early/macros.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "variables.h"

#define TEXT_MAX (64 * 1024)

static int read_text(int root_fd, const char *path, char **ret_text, size_t *ret_len)
{
	return fs_read_file_at(root_fd, root_fd == AT_FDCWD ? path : path + 1, TEXT_MAX, ret_text,
			       ret_len);
}

static bool is_there(int root_fd, const char *path)
{
	return fs_exists_at(root_fd, root_fd == AT_FDCWD ? path : path + 1);
}

/* --- comparisons --- */

static bool is_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool is_unequal(const char *a, const char *b)
{
	return strcmp(a, b) != 0;
}

static bool is_match(const char *a, const char *b)
{
	return fnmatch(b, a, FNM_EXTMATCH) == 0;
}

static bool is_no_match(const char *a, const char *b)
{
	return !is_match(a, b);
}

static bool is_less(const char *a, const char *b)
{
	return strverscmp(a, b) < 0;
}

static bool is_at_most(const char *a, const char *b)
{
	return strverscmp(a, b) <= 0;
}

static bool is_more(const char *a, const char *b)
{
	return strverscmp(a, b) > 0;
}

static bool is_at_least(const char *a, const char *b)
{
	return strverscmp(a, b) >= 0;
}

/* The longer ones first. */
static const struct {
	const char *text;
	bool (*holds)(const char *a, const char *b);
} comparisons[] = {
	{ "!$=", is_no_match }, { "$=", is_match },   { "<=", is_at_most }, { ">=", is_at_least },
	{ "!=", is_unequal },   { "<>", is_unequal }, { "==", is_equal },   { "=", is_equal },
	{ "<", is_less },       { ">", is_more },
};

/* @test is "OPERATOR VALUE"; what is no comparison does not hold. */
static bool compares(const char *have, const char *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(comparisons); i++) {
		size_t len = strlen(comparisons[i].text);

		if (strncmp(test, comparisons[i].text, len) == 0)
			return comparisons[i].holds(have, test + len + strspn(test + len, " \t"));
	}
	return false;
}

/* --- the release --- */

bool system_os_release(int root_fd, const char *expressions)
{
	char **variables CLEANUP_STRV = NULL, **words CLEANUP_STRV = NULL;
	char *text CLEANUP(free_charp)
	= NULL;
	size_t len;

	if ((read_text(root_fd, "/etc/os-release", &text, &len) < 0 &&
	     read_text(root_fd, "/usr/lib/os-release", &text, &len) < 0) ||
	    variables_read(&variables, text) < 0 || strv_split(expressions, " \t", &words) < 0)
		return false;
	for (size_t i = 0; words && words[i]; i++) {
		size_t key = strcspn(words[i], "!<=>$");
		const char *value = variables_get(variables, words[i], key);

		if (!compares(value ? value : "", words[i] + key))
			return false;
	}
	return true;
}

/* --- firmware --- */

/* "NAME(ARGUMENT)": true, and *ret_argument without the parentheses. */
static bool take_call(const char *text, const char *name, char **ret_argument)
{
	size_t len = strlen(name), size = strlen(text);

	if (strncmp(text, name, len) != 0 || text[len] != '(' || text[size - 1] != ')')
		return false;
	*ret_argument = strndup(text + len + 1, size - len - 2);
	return *ret_argument != NULL;
}

/* The list is of texts that end in a zero byte each. */
static bool is_compatible(int root_fd, const char *name)
{
	char *list CLEANUP(free_charp)
	= NULL;
	size_t size;

	if (read_text(root_fd, "/proc/device-tree/compatible", &list, &size) < 0)
		return false;
	for (const char *at = list; at < list + size; at += strlen(at) + 1)
		if (strcmp(at, name) == 0)
			return true;
	return false;
}

static bool has_field(int root_fd, const char *expression)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	size_t len = strcspn(expression, "!<=>$ \t");
	const char *test = expression + len + strspn(expression + len, " \t");
	char *value CLEANUP(free_charp)
	= NULL;

	strbuf_printf(&path, "/sys/class/dmi/id/%.*s", (int)len, expression);
	if (len == 0 || memchr(expression, '/', len) || strbuf_error(&path) < 0 ||
	    fs_read_line_at(root_fd, root_fd == AT_FDCWD ? path.data : path.data + 1, &value) < 0)
		return false;
	return compares(value, test);
}

bool system_firmware(int root_fd, const char *kind)
{
	char *argument CLEANUP(free_charp)
	= NULL;

	if (strcmp(kind, "uefi") == 0)
		return is_there(root_fd, "/sys/firmware/efi");
	if (strcmp(kind, "device-tree") == 0)
		return is_there(root_fd, "/sys/firmware/devicetree");
	if (take_call(kind, "device-tree-compatible", &argument))
		return is_compatible(root_fd, argument);
	if (take_call(kind, "smbios-field", &argument))
		return has_field(root_fd, argument);
	return false;
}

/* --- credentials --- */

bool system_credential(int root_fd, const char *name)
{
	static const char *const directories[] = { "/run/credentials/@system",
						   "/run/credentials/@encrypted" };

	if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;

		strbuf_printf(&path, "%s/%s", directories[i], name);
		if (strbuf_error(&path) == 0 && is_there(root_fd, path.data))
			return true;
	}
	return false;
}

/* --- pressure --- */

/* "a-b.slice" is /a.slice/a-b.slice. */
static int put_slice(struct strbuf *path, const char *slice, size_t len)
{
	size_t name_len = len - strlen(".slice");

	strbuf_puts(path, "/sys/fs/cgroup");
	if (name_len == 1 && slice[0] == '-')
		return strbuf_error(path);
	for (size_t i = 1; i <= name_len; i++)
		if (i == name_len || slice[i] == '-')
			strbuf_printf(path, "/%.*s.slice", (int)i, slice);
	return strbuf_error(path);
}

/* "full avg10=0.00 avg60=0.00 avg300=0.00 total=0": the line of @kind, and of it @average. Negative: there is none. */
static double find_average(const char *text, const char *kind, const char *average)
{
	const char *line = strstr(text, kind);
	const char *end = line ? strchrnul(line, '\n') : NULL;
	const char *field = line ? strstr(line, average) : NULL;

	return field && field < end ? strtod(field + strlen(average), NULL) : -1;
}

/* "10%", "7.5%/1min": the percents, and the average that the kernel has for the span. */
static bool read_threshold(const char *text, double *ret_percent, const char **ret_average)
{
	static const struct {
		uint64_t us;
		const char *average;
	} averages[] = { { 10000000, "avg10=" }, { 60000000, "avg60=" }, { 300000000, "avg300=" } };
	uint64_t span_us = 300000000;
	char *end;

	*ret_percent = strtod(text, &end);
	if (end == text || *end != '%' || *ret_percent < 0 || *ret_percent > 100)
		return false;
	if (end[1] == '/' ? parse_span_us(end + 2, &span_us) < 0 : end[1] != '\0')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(averages); i++)
		if (averages[i].us == span_us) {
			*ret_average = averages[i].average;
			return true;
		}
	return false;
}

static bool is_below(int root_fd, const char *resource, const char *argument)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	const char *colon = strchr(argument, ':');
	size_t slice_len = colon ? (size_t)(colon - argument) : 0;
	char *text CLEANUP(free_charp)
	= NULL;
	const char *average;
	double percent, now;
	size_t len;

	if (!read_threshold(colon ? colon + 1 : argument, &percent, &average))
		return false;
	if (colon && (slice_len <= strlen(".slice") || memchr(argument, '/', slice_len) ||
		      strncmp(colon - strlen(".slice"), ".slice", strlen(".slice")) != 0))
		return false;
	if (colon && put_slice(&path, argument, slice_len) == 0)
		strbuf_printf(&path, "/%s.pressure", resource);
	else
		strbuf_printf(&path, "/proc/pressure/%s", resource);
	if (strbuf_error(&path) < 0 || read_text(root_fd, path.data, &text, &len) < 0)
		return true;
	now = find_average(text, "full ", average);
	if (now < 0)
		now = find_average(text, "some ", average);
	return now <= percent;
}

bool system_cpu_pressure(int root_fd, const char *threshold)
{
	return is_below(root_fd, "cpu", threshold);
}

bool system_io_pressure(int root_fd, const char *threshold)
{
	return is_below(root_fd, "io", threshold);
}

bool system_memory_pressure(int root_fd, const char *threshold)
{
	return is_below(root_fd, "memory", threshold);
}
