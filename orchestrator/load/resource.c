/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resources in the kernel's words. Each directive has a file of the cgroup and a form of value; what is about one device has the
 * device's path in front, since only PID 1 can tell its number, at the start of the service. A later line about the same file (and
 * device, and key) takes the place of an earlier one, so that the list can be written from its beginning to its end.
 *
 * cgroup v1's words are translated to their v2 counterparts, by the ratios that systemd uses: 1024 shares are weight 100, and so are
 * 500 units of block I/O weight. Bandwidths count in thousands, sizes of memory in 1024s.
 */
#include "resource.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "words.h"

#define WEIGHT_MIN 1
#define WEIGHT_MAX 10000
#define SHARES_MIN 2
#define SHARES_MAX 262144
#define BLOCK_WEIGHT_MIN 10
#define BLOCK_WEIGHT_MAX 1000
#define QUOTA_MIN_US 1000
#define PERIOD_MIN_US 1000
#define PERIOD_MAX_US 1000000
#define PERIOD_DEFAULT_US 100000
#define CPU_MAX 8191

enum form {
	FORM_WEIGHT,
	FORM_SHARES,
	FORM_BLOCK_WEIGHT,
	FORM_SET,
	FORM_SIZE,
	FORM_TASKS,
	FORM_BANDWIDTH,
	FORM_COUNT,
	FORM_SPAN,
};

static const struct kind {
	const char *file;
	const char *key; /* between the device, or "default ", and the number */
	enum form form;
	bool per_device;
} kinds[] = {
	[RESOURCE_CPU_WEIGHT] = { "cpu.weight", "", FORM_WEIGHT, false },
	[RESOURCE_CPU_SHARES] = { "cpu.weight", "", FORM_SHARES, false },
	[RESOURCE_CPUS] = { "cpuset.cpus", "", FORM_SET, false },
	[RESOURCE_NODES] = { "cpuset.mems", "", FORM_SET, false },
	[RESOURCE_MEMORY_MIN] = { "memory.min", "", FORM_SIZE, false },
	[RESOURCE_MEMORY_LOW] = { "memory.low", "", FORM_SIZE, false },
	[RESOURCE_MEMORY_HIGH] = { "memory.high", "", FORM_SIZE, false },
	[RESOURCE_MEMORY_MAX] = { "memory.max", "", FORM_SIZE, false },
	[RESOURCE_MEMORY_SWAP_MAX] = { "memory.swap.max", "", FORM_SIZE, false },
	[RESOURCE_MEMORY_ZSWAP_MAX] = { "memory.zswap.max", "", FORM_SIZE, false },
	[RESOURCE_TASKS_MAX] = { "pids.max", "", FORM_TASKS, false },
	[RESOURCE_IO_WEIGHT] = { "io.weight", "default ", FORM_WEIGHT, false },
	[RESOURCE_BLOCK_IO_WEIGHT] = { "io.weight", "default ", FORM_BLOCK_WEIGHT, false },
	[RESOURCE_IO_DEVICE_WEIGHT] = { "io.weight", "", FORM_WEIGHT, true },
	[RESOURCE_BLOCK_IO_DEVICE_WEIGHT] = { "io.weight", "", FORM_BLOCK_WEIGHT, true },
	[RESOURCE_IO_READ_BANDWIDTH] = { "io.max", "rbps=", FORM_BANDWIDTH, true },
	[RESOURCE_IO_WRITE_BANDWIDTH] = { "io.max", "wbps=", FORM_BANDWIDTH, true },
	[RESOURCE_IO_READ_IOPS] = { "io.max", "riops=", FORM_COUNT, true },
	[RESOURCE_IO_WRITE_IOPS] = { "io.max", "wiops=", FORM_COUNT, true },
	[RESOURCE_IO_LATENCY] = { "io.latency", "target=", FORM_SPAN, true },
};

/* --- numbers --- */

static int put_within(struct strbuf *out, uint64_t number, uint64_t min, uint64_t max)
{
	if (number < min || number > max)
		return -ERANGE;
	strbuf_printf(out, "%" PRIu64, number);
	return 0;
}

/* A weight in other units, @hundred of which are the kernel's 100. */
static int put_scaled(struct strbuf *out, const char *text, uint64_t min, uint64_t max,
		      uint64_t hundred)
{
	uint64_t number;
	int r = parse_u64(text, &number);

	if (r < 0)
		return r;
	if (number < min || number > max)
		return -ERANGE;
	number = number * 100 / hundred;
	strbuf_printf(out, "%" PRIu64, MAX(MIN(number, (uint64_t)WEIGHT_MAX), (uint64_t)1));
	return 0;
}

/* "50%" or "12.5%", at most two digits behind the point and at most the whole. */
static bool is_percentage(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	size_t decimals = 0;

	if (digits == 0 || digits > 3)
		return false;
	if (*rest == '.') {
		decimals = strspn(++rest, "0123456789");
		if (decimals == 0 || decimals > 2)
			return false;
		rest += decimals;
	}
	return strcmp(rest, "%") == 0 && strtod(text, NULL) <= 100;
}

/* To the base of 1000, as rates are. */
static int parse_rate(const char *text, uint64_t *ret_number)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	char *number CLEANUP(free_charp)
	= strndup(text, digits);
	const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;
	uint64_t factor = 1;
	int r;

	if (!number)
		return -ENOMEM;
	r = parse_u64(number, ret_number);
	if (r < 0)
		return r;
	if (text[digits] && (!unit || text[digits + 1]))
		return -EINVAL;
	for (const char *u = units; unit && u <= unit; u++)
		factor *= 1000;
	if (*ret_number > UINT64_MAX / factor)
		return -ERANGE;
	*ret_number *= factor;
	return 0;
}

/* "0-3,5 7": numbers and ranges; written back with commas. */
static int put_set(struct strbuf *out, const char *text)
{
	char **words CLEANUP_STRV = NULL;
	int r = strv_split(text, ", \t", &words);

	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		char *dash = strchr(words[i], '-');
		uint32_t first = 0;
		uint32_t last = 0;

		if (dash)
			*dash = '\0';
		r = parse_u32(words[i], &first);
		if (r == 0)
			r = parse_u32(dash ? dash + 1 : words[i], &last);
		if (r == 0 && (first > last || last > CPU_MAX))
			r = -ERANGE;
		if (r < 0)
			break;
		strbuf_printf(out, "%s%" PRIu32, i ? "," : "", first);
		if (last > first)
			strbuf_printf(out, "-%" PRIu32, last);
	}
	return r;
}

static int put_number(struct strbuf *out, enum form form, const char *text)
{
	uint64_t number = 0;
	int r = 0;

	switch (form) {
	case FORM_WEIGHT:
		r = parse_u64(text, &number);
		return r < 0 ? r : put_within(out, number, WEIGHT_MIN, WEIGHT_MAX);
	case FORM_SHARES:
		return put_scaled(out, text, SHARES_MIN, SHARES_MAX, 1024);
	case FORM_BLOCK_WEIGHT:
		return put_scaled(out, text, BLOCK_WEIGHT_MIN, BLOCK_WEIGHT_MAX, 500);
	case FORM_SET:
		return put_set(out, text);
	case FORM_SIZE:
		r = parse_size(text, &number);
		break;
	case FORM_TASKS:
		r = parse_u64(text, &number);
		break;
	case FORM_BANDWIDTH:
	case FORM_COUNT:
		r = parse_rate(text, &number);
		break;
	case FORM_SPAN:
		r = parse_span_us(text, &number);
		break;
	}
	if (r == 0)
		strbuf_printf(out, "%" PRIu64, number);
	return r;
}

static int put_value(struct strbuf *out, enum form form, const char *text)
{
	bool is_limit = form != FORM_WEIGHT && form != FORM_SHARES && form != FORM_BLOCK_WEIGHT &&
			form != FORM_SET;

	if (is_limit && strcmp(text, "infinity") == 0) {
		strbuf_puts(out, "max");
		return 0;
	}
	if ((form == FORM_SIZE || form == FORM_TASKS) && is_percentage(text)) {
		strbuf_puts(out, text);
		return 0;
	}
	return put_number(out, form, text);
}

/* --- the list --- */

/* Takes away the lines that begin with @head and hold @part. */
static void drop_lines(char **list, const char *head, const char *part)
{
	size_t kept = 0;

	for (size_t i = 0; list && list[i]; i++) {
		if (strncmp(list[i], head, strlen(head)) == 0 &&
		    strstr(list[i] + strlen(head), part))
			free(list[i]);
		else
			list[kept++] = list[i];
	}
	if (list)
		list[kept] = NULL;
}

static int put_line(char ***list, const char *head, const char *value)
{
	drop_lines(*list, head, "");
	return strv_appendf(list, "%s%s", head, value);
}

static int put_device_line(char ***list, const struct kind *kind, const char *value)
{
	struct strbuf head CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf number CLEANUP_STRBUF = STRBUF_INIT;
	char **words CLEANUP_STRV = NULL;
	int r = words_split(value, false, &words);

	if (r == 0 && (strv_length(words) != 2 || words[0][0] != '/' || strchr(words[0], ' ')))
		r = -EINVAL;
	if (r == 0)
		r = put_value(&number, kind->form, words[1]);
	if (r < 0)
		return r;
	strbuf_printf(&head, "%s=%s %s", kind->file, words[0], kind->key);
	if (strbuf_error(&head) < 0 || strbuf_error(&number) < 0)
		return -ENOMEM;
	return put_line(list, head.data, number.data);
}

static int drop_kind(char ***list, const struct kind *kind)
{
	struct strbuf head CLEANUP_STRBUF = STRBUF_INIT;

	strbuf_printf(&head, "%s=%s", kind->file, kind->per_device ? "/" : kind->key);
	if (strbuf_error(&head) < 0)
		return -ENOMEM;
	drop_lines(*list, head.data, kind->per_device ? kind->key : "");
	if (strcmp(kind->file, "cpu.weight") == 0)
		drop_lines(*list, "cpu.idle=", "");
	return 0;
}

int resource_put(char ***list, enum resource resource, const char *value)
{
	const struct kind *kind = &kinds[resource];
	struct strbuf head CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf number CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	if (!*value)
		return drop_kind(list, kind);
	if (kind->per_device)
		return put_device_line(list, kind, value);
	if (resource == RESOURCE_CPU_WEIGHT && strcmp(value, "idle") == 0) {
		drop_lines(*list, "cpu.weight=", "");
		return put_line(list, "cpu.idle=", "1");
	}
	r = put_value(&number, kind->form, value);
	if (r < 0)
		return r;
	r = drop_kind(list, kind);
	strbuf_printf(&head, "%s=%s", kind->file, kind->key);
	if (r < 0 || strbuf_error(&head) < 0 || strbuf_error(&number) < 0)
		return -ENOMEM;
	return put_line(list, head.data, number.data ? number.data : "");
}

/* --- the quota --- */

int resource_parse_quota(const char *value, uint64_t *ret_us)
{
	size_t digits = strspn(value, "0123456789");
	char *number CLEANUP(free_charp)
	= strndup(value, digits);
	uint32_t percent;
	uint32_t hundredths = 0;
	const char *rest = value + digits;
	int r;

	if (!*value) {
		*ret_us = UINT64_MAX;
		return 0;
	}
	r = number ? parse_u32(number, &percent) : -ENOMEM;
	if (r < 0)
		return r;
	if (*rest == '.' && isdigit((unsigned char)rest[1])) {
		hundredths = (uint32_t)(rest[1] - '0') * 10;
		rest += 2;
		if (isdigit((unsigned char)*rest))
			hundredths += (uint32_t)(*rest++ - '0');
	}
	if (strcmp(rest, "%") != 0)
		return -EINVAL;
	*ret_us = percent * UINT64_C(10000) + hundredths * UINT64_C(100);
	return *ret_us == 0 ? -ERANGE : 0;
}

int resource_put_quota(char ***list, uint64_t quota_us, uint64_t period_us)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	uint64_t share_us;

	if (quota_us == UINT64_MAX)
		return 0;
	if (period_us == 0)
		period_us = PERIOD_DEFAULT_US;
	period_us = MAX(MIN(period_us, (uint64_t)PERIOD_MAX_US), (uint64_t)PERIOD_MIN_US);
	share_us = MAX(quota_us * period_us / 1000000, (uint64_t)QUOTA_MIN_US);
	strbuf_printf(&text, "%" PRIu64 " %" PRIu64, share_us, period_us);
	if (strbuf_error(&text) < 0)
		return -ENOMEM;
	return put_line(list, "cpu.max=", text.data);
}

/* --- delegation, devices --- */

static const struct {
	const char *name;
	const char *controller; /* NULL: has none of its own */
} controllers[] = {
	{ "cpu", "cpu" },
	{ "cpuacct", NULL },
	{ "cpuset", "cpuset" },
	{ "io", "io" },
	{ "blkio", "io" },
	{ "memory", "memory" },
	{ "devices", NULL },
	{ "pids", "pids" },
	{ "bpf-firewall", NULL },
	{ "bpf-devices", NULL },
	{ "bpf-foreign", NULL },
	{ "bpf-socket-bind", NULL },
	{ "bpf-restrict-network-interfaces", NULL },
};

static int add_controller(char ***list, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (strcmp(controllers[i].name, name) != 0)
			continue;
		if (!controllers[i].controller || strv_contains(*list, controllers[i].controller))
			return 0;
		return strv_append(list, controllers[i].controller);
	}
	return -EINVAL;
}

int resource_delegate(char ***list, const char *value)
{
	char **words CLEANUP_STRV = NULL;
	bool on = false;
	int r = 0;

	if (parse_bool(value, &on) == 0) {
		for (size_t i = 0; on && r == 0 && i < ARRAY_SIZE(controllers); i++)
			r = add_controller(list, controllers[i].name);
		return r;
	}
	r = words_split(value, false, &words);
	for (size_t i = 0; r == 0 && words && words[i]; i++)
		r = add_controller(list, words[i]);
	return r;
}

int resource_device(char ***list, const char *value)
{
	char **words CLEANUP_STRV = NULL;
	const char *device;
	const char *rights;
	int r = words_split(value, false, &words);

	if (r < 0)
		return r;
	if (!words || strv_length(words) > 2)
		return -EINVAL;
	device = words[0];
	rights = words[1] ? words[1] : "rwm";
	if (strncmp(device, "/dev/", 5) != 0 && strncmp(device, "char-", 5) != 0 &&
	    strncmp(device, "block-", 6) != 0)
		return -EINVAL;
	if (!*rights || strspn(rights, "rwm") != strlen(rights) || strchr(device, ' '))
		return -EINVAL;
	return strv_appendf(list, "%s %s", device, rights);
}

/* --- addresses --- */

static const struct {
	const char *word;
	const char *ranges[2];
} ranges[] = {
	{ "any", { "0.0.0.0/0", "::/0" } },
	{ "localhost", { "127.0.0.0/8", "::1/128" } },
	{ "link-local", { "169.254.0.0/16", "fe80::/64" } },
	{ "multicast", { "224.0.0.0/4", "ff00::/8" } },
};

static int add_address(char ***list, const char *verb, const char *word)
{
	char *address CLEANUP(free_charp)
	= strndup(word, strcspn(word, "/"));
	const char *slash = strchr(word, '/');
	unsigned char bytes[16];
	uint32_t bits;
	uint32_t prefix;
	int r = 0;

	if (!address)
		return -ENOMEM;
	if (inet_pton(AF_INET, address, bytes) == 1)
		bits = 32;
	else if (inet_pton(AF_INET6, address, bytes) == 1)
		bits = 128;
	else
		return -EINVAL;
	prefix = bits;
	if (slash)
		r = parse_u32(slash + 1, &prefix);
	if (r < 0 || prefix > bits)
		return -EINVAL;
	return strv_appendf(list, "%s %s/%" PRIu32, verb, address, prefix);
}

static int add_range(char ***list, const char *verb, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		int r;

		if (strcmp(ranges[i].word, word) != 0)
			continue;
		r = strv_appendf(list, "%s %s", verb, ranges[i].ranges[0]);
		return r < 0 ? r : strv_appendf(list, "%s %s", verb, ranges[i].ranges[1]);
	}
	return add_address(list, verb, word);
}

int resource_addresses(char ***list, bool allow, const char *value)
{
	const char *verb = allow ? "allow" : "deny";
	char **words CLEANUP_STRV = NULL;
	int r = 0;

	if (!*value)
		drop_lines(*list, verb, "");
	else
		r = words_split(value, false, &words);
	for (size_t i = 0; r == 0 && words && words[i]; i++)
		r = add_range(list, verb, words[i]);
	return r;
}
