/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys with one value that become an entry of the settings: yes or no, a word out of a choice, a number in its bounds, text. What
 * is the default leaves no entry.
 */
#include "directive_settings.h"

#include <ctype.h>
#include <errno.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "settings.h"
#include "words.h"

static int drop(const struct apply *apply)
{
	settings_drop(apply->service, apply->directive->key);
	return 0;
}

static int set(const struct apply *apply, const char *value)
{
	return settings_set(apply->service, apply->directive->key, value);
}

static int set_number(const struct apply *apply, unsigned long long number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", number);
	return set(apply, text);
}

int apply_setting_bool(const struct apply *apply, const char *value)
{
	bool on;

	if (!*value)
		return drop(apply);
	if (parse_bool(value, &on) < 0)
		return -EINVAL;
	if (on)
		return set(apply, "yes");
	return apply->directive->arg ? set(apply, "no") : drop(apply);
}

/* The words that a key takes besides the booleans; the first is the default where booleans are none. */
static const struct {
	bool takes_bool;
	const char *words[8];
} choices[] = {
	[CHOICE_PROTECT_SYSTEM] = { true, { "full", "strict" } },
	[CHOICE_PROTECT_HOME] = { true, { "read-only", "tmpfs" } },
	[CHOICE_PROTECT_PROC] = { false, { "default", "noaccess", "invisible", "ptraceable" } },
	[CHOICE_PROC_SUBSET] = { false, { "all", "pid" } },
	[CHOICE_KEYRING_MODE] = { false, { "", "private", "inherit", "shared" } },
	[CHOICE_MOUNT_FLAGS] = { false, { "", "slave", "private", "shared" } },
	[CHOICE_SCHEDULING_POLICY] = { false, { "other", "batch", "idle", "fifo", "rr" } },
	[CHOICE_NUMA_POLICY] = { false, { "default", "preferred", "bind", "interleave", "local" } },
	[CHOICE_UTMP_MODE] = { false, { "init", "login", "user" } },
};

int apply_setting_choice(const struct apply *apply, const char *value)
{
	const char *const *words = choices[apply->directive->arg].words;
	bool takes_bool = choices[apply->directive->arg].takes_bool;
	bool on;

	if (!*value)
		return drop(apply);
	if (takes_bool && parse_bool(value, &on) == 0)
		return on ? set(apply, "yes") : drop(apply);
	for (size_t i = 0; i < ARRAY_SIZE(choices[0].words) && words[i]; i++)
		if (strcmp(words[i], value) == 0)
			return i == 0 && !takes_bool ? drop(apply) : set(apply, value);
	return -EINVAL;
}

static const struct {
	uint32_t min, max;
} ranges[] = {
	[RANGE_SCHEDULING_PRIORITY] = { 1, 99 },
	[RANGE_IO_PRIORITY] = { 0, 7 },
	[RANGE_TTY_SIZE] = { 0, 65535 },
};

int apply_setting_number(const struct apply *apply, const char *value)
{
	uint32_t number;

	if (!*value)
		return drop(apply);
	if (parse_u32(value, &number) < 0)
		return -EINVAL;
	if (number < ranges[apply->directive->arg].min ||
	    number > ranges[apply->directive->arg].max)
		return apply_refuse(apply, "%s is not between %u and %u", value,
				    ranges[apply->directive->arg].min,
				    ranges[apply->directive->arg].max);
	return set_number(apply, number);
}

int apply_setting_mode(const struct apply *apply, const char *value)
{
	uint32_t mode;
	char text[16];

	if (!*value)
		return drop(apply);
	if (parse_mode(value, &mode) < 0)
		return -EINVAL;
	(void)snprintf(text, sizeof(text), "%04o", mode);
	return set(apply, text);
}

int apply_setting_text(const struct apply *apply, const char *value)
{
	char *text CLEANUP(free_charp)
	= NULL;
	int r;

	if (!*value)
		return drop(apply);
	r = apply_expand(apply, value, &text);
	return r < 0 ? r : set(apply, text);
}

int apply_setting_path(const struct apply *apply, const char *value)
{
	char *text CLEANUP(free_charp)
	= NULL;
	int r;

	if (!*value)
		return drop(apply);
	r = apply_expand(apply, value, &text);
	if (r < 0)
		return r;
	if (*text != '/')
		return apply_refuse(apply, "\"%s\" is no absolute path", text);
	return set(apply, text);
}

int apply_setting_io_class(const struct apply *apply, const char *value)
{
	static const char *const names[] = { "none", "realtime", "best-effort", "idle" };
	uint32_t number;

	if (!*value)
		return drop(apply);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], value) == 0)
			return set(apply, value);
	if (parse_u32(value, &number) < 0 || number >= ARRAY_SIZE(names))
		return -EINVAL;
	return set(apply, names[number]);
}

/* Without a unit, nanoseconds. */
static int parse_nanoseconds(const char *text, uint64_t *ret_ns)
{
	char *number CLEANUP(free_charp)
	= NULL;
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits + strspn(text + digits, " ");
	uint64_t span_us;
	int r;

	if (digits == 0)
		return -EINVAL;
	if (!*unit || strcmp(unit, "ns") == 0 || strcmp(unit, "nsec") == 0) {
		number = strndup(text, digits);
		return number ? parse_u64(number, ret_ns) : -ENOMEM;
	}
	r = parse_span_us(text, &span_us);
	if (r < 0)
		return r;
	if (span_us > UINT64_MAX / 1000)
		return -ERANGE;
	*ret_ns = span_us * 1000;
	return 0;
}

int apply_setting_nanoseconds(const struct apply *apply, const char *value)
{
	uint64_t ns;
	int r;

	if (!*value)
		return drop(apply);
	r = parse_nanoseconds(value, &ns);
	return r < 0 ? r : set_number(apply, ns);
}

/*
 * What personality(2) can be asked for: the machine's own word size, or the smaller one. The name is the architecture's, which is
 * why another one's is no value.
 */
int apply_setting_personality(const struct apply *apply, const char *value)
{
	static const struct {
		const char *name;
		const char *kernel;
	} names[] = {
#if defined(__x86_64__)
		{ "x86-64", "linux" },
		{ "x86", "linux32" },
#elif defined(__aarch64__)
		{ "arm64", "linux" },
		{ "arm", "linux32" },
#elif defined(__i386__)
		{ "x86", "linux" },
#elif defined(__riscv)
		{ "riscv64", "linux" },
#else
		{ "native", "linux" },
#endif
	};

	if (!*value)
		return drop(apply);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i].name, value) == 0)
			return set(apply, names[i].kernel);
	return apply_refuse(apply, "\"%s\" is no personality of this machine's architecture",
			    value);
}

/* --- sets of names as a number --- */

struct bit_name {
	const char *name;
	uint32_t bits;
};

static int find_bits(const struct bit_name *names, size_t n, const char *word, uint32_t *bits)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i].name, word) == 0) {
			*bits |= names[i].bits;
			return 0;
		}
	}
	return -EINVAL;
}

static uint32_t bits_so_far(const struct apply *apply)
{
	const char *value = settings_get(apply->service, apply->directive->key);

	return value ? (uint32_t)strtoul(value, NULL, 16) : 0;
}

/* Repeated lines add to each other. @hexadecimal: the number itself may be given. */
static int apply_bits(const struct apply *apply, const char *value, const struct bit_name *names,
		      size_t n, bool hexadecimal)
{
	char **words CLEANUP_STRV = NULL;
	uint32_t bits = bits_so_far(apply);
	char text[16];
	int r;

	if (!*value)
		return drop(apply);
	r = words_split(value, false, &words);
	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		char *end = NULL;

		r = find_bits(names, n, words[i], &bits);
		if (r < 0 && hexadecimal && isxdigit((unsigned char)words[i][0])) {
			bits |= (uint32_t)strtoul(words[i], &end, 16);
			r = *end ? -EINVAL : 0;
		}
		if (r < 0)
			return apply_refuse(apply, "\"%s\" is none of its words", words[i]);
	}
	(void)snprintf(text, sizeof(text), "%x", bits);
	return r < 0 ? r : set(apply, text);
}

int apply_setting_secure_bits(const struct apply *apply, const char *value)
{
	static const struct bit_name names[] = {
		{ "keep-caps", 1U << SECURE_KEEP_CAPS },
		{ "keep-caps-locked", 1U << SECURE_KEEP_CAPS_LOCKED },
		{ "no-setuid-fixup", 1U << SECURE_NO_SETUID_FIXUP },
		{ "no-setuid-fixup-locked", 1U << SECURE_NO_SETUID_FIXUP_LOCKED },
		{ "noroot", 1U << SECURE_NOROOT },
		{ "noroot-locked", 1U << SECURE_NOROOT_LOCKED },
	};

	return apply_bits(apply, value, names, ARRAY_SIZE(names), false);
}

int apply_setting_coredump_filter(const struct apply *apply, const char *value)
{
	/* The bits of /proc/PID/coredump_filter, core(5). */
	static const struct bit_name names[] = {
		{ "private-anonymous", 1 },
		{ "shared-anonymous", 2 },
		{ "private-file-backed", 4 },
		{ "shared-file-backed", 8 },
		{ "elf-headers", 16 },
		{ "private-huge", 32 },
		{ "shared-huge", 64 },
		{ "private-dax", 128 },
		{ "shared-dax", 256 },
		{ "default", 1 | 2 | 16 | 32 },
		{ "all", 0x1ff },
	};

	return apply_bits(apply, value, names, ARRAY_SIZE(names), true);
}

/* --- CPUs and memory nodes: "0-3,7" --- */

#define LARGEST_INDEX 8191

/* A number or a range, for the bounds; the text itself is canonical. */
static int check_range(const char *text)
{
	char *first CLEANUP(free_charp)
	= strndup(text, strcspn(text, "-"));
	const char *dash = strchr(text, '-');
	uint32_t from, to;

	if (!first)
		return -ENOMEM;
	if (parse_u32(first, &from) < 0)
		return -EINVAL;
	to = from;
	if (dash && parse_u32(dash + 1, &to) < 0)
		return -EINVAL;
	return from > to || to > LARGEST_INDEX ? -ERANGE : 0;
}

static int apply_indices(const struct apply *apply, const char *value, const char *whole)
{
	const char *before = settings_get(apply->service, apply->directive->key);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	char **words CLEANUP_STRV = NULL;
	int r;

	if (!*value)
		return drop(apply);
	if (strcmp(value, whole) == 0)
		return set(apply, whole);
	if (before && strcmp(before, whole) != 0)
		strbuf_puts(&out, before);
	r = strv_split(value, " \t,", &words);
	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		r = check_range(words[i]);
		if (r == -EINVAL || r == -ERANGE)
			return apply_refuse(apply, "\"%s\" is no number or range up to %u",
					    words[i], LARGEST_INDEX);
		strbuf_printf(&out, "%s%s", out.len ? "," : "", words[i]);
	}
	if (r == 0)
		r = strbuf_error(&out);
	return r < 0 ? r : set(apply, out.data ? out.data : "");
}

int apply_setting_cpus(const struct apply *apply, const char *value)
{
	return apply_indices(apply, value, "numa");
}

int apply_setting_nodes(const struct apply *apply, const char *value)
{
	return apply_indices(apply, value, "all");
}
