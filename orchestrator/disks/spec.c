/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of block devices.
 *
 * In the initramfs no udev runs, so nothing under /dev/disk exists; but by-uuid, by-label, by-partuuid and by-partlabel say
 * what they mean, so they are read as UUID=, LABEL= and so on. by-id and by-path hold what only udev's rules know: they are
 * looked up as paths and exist only where udev has made them. Device-mapper names are found by what sysfs calls them:
 * /dev/mapper/a--b-c and /dev/a-b/c are the same volume, with each dash of a part doubled.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "device.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "spec.h"

static const struct {
	const char *prefix;
	enum spec_kind kind;
	bool encoded; /* udev writes "\x20" for a blank in a file name */
} prefixes[] = {
	{ "UUID=", SPEC_UUID, false },
	{ "LABEL=", SPEC_LABEL, false },
	{ "PARTUUID=", SPEC_PARTUUID, false },
	{ "PARTLABEL=", SPEC_PARTLABEL, false },
	{ "/dev/disk/by-uuid/", SPEC_UUID, true },
	{ "/dev/disk/by-label/", SPEC_LABEL, true },
	{ "/dev/disk/by-partuuid/", SPEC_PARTUUID, true },
	{ "/dev/disk/by-partlabel/", SPEC_PARTLABEL, true },
};

void spec_done(struct spec *spec)
{
	free(spec->value);
	spec->value = NULL;
}

/* A copy without one pair of quotes around the whole. */
static char *unquote(const char *text)
{
	size_t len = strlen(text);

	if (len >= 2 && (text[0] == '"' || text[0] == '\'') && text[len - 1] == text[0])
		return strndup(text + 1, len - 2);
	return strdup(text);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void decode(char *text)
{
	char *out = text;

	for (const char *in = text; *in;) {
		int high = in[0] == '\\' && in[1] == 'x' ? hex_digit(in[2]) : -1;
		int low = high >= 0 ? hex_digit(in[3]) : -1;

		if (low >= 0) {
			*out++ = (char)(high << 4 | low);
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
}

/* Cuts "/PARTNROFF=N" off a PARTUUID. */
static int take_partition_offset(struct spec *spec, const char **ret_why)
{
	static const char word[] = "/PARTNROFF=";
	char *at = strstr(spec->value, word);

	if (!at)
		return 0;
	if (parse_i32(at + strlen(word), &spec->partition_offset) < 0) {
		*ret_why = "PARTNROFF= is not followed by a number";
		return -EINVAL;
	}
	*at = '\0';
	return 0;
}

/* Returns 1 if it was one of the tagged forms. */
static int parse_tag(const char *text, struct spec *spec, const char **ret_why)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i].prefix);
		int r;

		if (strncasecmp(text, prefixes[i].prefix, len) != 0)
			continue;
		spec->kind = prefixes[i].kind;
		spec->value = unquote(text + len);
		if (!spec->value)
			return -ENOMEM;
		if (prefixes[i].encoded)
			decode(spec->value);
		if (spec->kind == SPEC_PARTUUID) {
			r = take_partition_offset(spec, ret_why);
			if (r < 0)
				return r;
		}
		if (spec->value[0] == '\0') {
			*ret_why = "nothing follows the equals sign";
			return -EINVAL;
		}
		return 1;
	}
	return 0;
}

static int parse_path(const char *text, struct spec *spec, const char **ret_why)
{
	static const char *const not_blocks[] = { "/dev/nfs", "/dev/cifs", "/dev/ram" };

	for (size_t i = 0; i < ARRAY_SIZE(not_blocks); i++)
		if (strcmp(text, not_blocks[i]) == 0) {
			*ret_why = "a root on the network or in memory is not supported";
			return -EINVAL;
		}
	if (text[5] == '\0') {
		*ret_why = "no name follows /dev/";
		return -EINVAL;
	}
	if (strncmp(text, "/dev/disk/", 10) == 0) {
		spec->kind = SPEC_LINK;
		spec->value = strdup(text);
	} else {
		spec->kind = SPEC_NODE;
		spec->value = strdup(text + 5);
	}
	return spec->value ? 0 : -ENOMEM;
}

/* "8:1", or as the kernel also takes it in hexadecimal: "801", eight bits for the minor number. */
static int parse_number(const char *text, struct spec *spec)
{
	unsigned int major, minor;
	unsigned long number;
	char *end, rest;

	if (sscanf(text, "%u:%u%c", &major, &minor, &rest) == 2) {
		spec->major = major;
		spec->minor = minor;
	} else {
		if (hex_digit(text[0]) < 0)
			return -EINVAL;
		number = strtoul(text, &end, 16);
		if (*end != '\0' || number > 0xFFFF)
			return -EINVAL;
		spec->major = (uint32_t)(number >> 8);
		spec->minor = (uint32_t)(number & 0xFF);
	}
	spec->kind = SPEC_NUMBER;
	spec->value = strdup(text);
	return spec->value ? 0 : -ENOMEM;
}

static int parse_unquoted(const char *text, struct spec *spec, const char **ret_why)
{
	int r;

	if (text[0] == '\0') {
		*ret_why = "it is empty";
		return -EINVAL;
	}
	r = parse_tag(text, spec, ret_why);
	if (r != 0)
		return r < 0 ? r : 0;
	if (strncmp(text, "/dev/", 5) == 0)
		return parse_path(text, spec, ret_why);
	r = parse_number(text, spec);
	if (r == -EINVAL)
		*ret_why = "it is none of UUID=, LABEL=, PARTUUID=, PARTLABEL=, /dev/NAME and "
			   "MAJOR:MINOR";
	return r;
}

int spec_parse(const char *text, struct spec *ret_spec, const char **ret_why)
{
	char *plain = unquote(text);
	struct spec spec = { .value = NULL };
	int r;

	if (!plain)
		return -ENOMEM;
	r = parse_unquoted(plain, &spec, ret_why);
	free(plain);
	if (r < 0) {
		spec_done(&spec);
		return r;
	}
	*ret_spec = spec;
	return 0;
}

static void add_doubling_dashes(struct strbuf *buf, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		strbuf_putc(buf, text[i]);
		if (text[i] == '-')
			strbuf_putc(buf, '-');
	}
}

static bool volume_matches(const char *path, const char *dm_name)
{
	CLEANUP_STRBUF struct strbuf name = STRBUF_INIT;
	const char *slash = strchr(path, '/');

	if (!slash || strchr(slash + 1, '/'))
		return false;
	add_doubling_dashes(&name, path, (size_t)(slash - path));
	strbuf_putc(&name, '-');
	add_doubling_dashes(&name, slash + 1, strlen(slash + 1));
	return strbuf_error(&name) == 0 && strcmp(name.data, dm_name) == 0;
}

static bool node_matches(const char *path, const struct device *device)
{
	if (strcmp(path, device->name) == 0)
		return true;
	if (!device->dm_name)
		return false;
	if (strncmp(path, "mapper/", 7) == 0)
		return strcmp(path + 7, device->dm_name) == 0;
	return volume_matches(path, device->dm_name);
}

static bool same(const char *a, const char *b)
{
	return b && strcmp(a, b) == 0;
}

static bool same_caseless(const char *a, const char *b)
{
	return b && strcasecmp(a, b) == 0;
}

bool spec_matches(const struct spec *spec, const struct device *device)
{
	switch (spec->kind) {
	case SPEC_UUID:
		return same_caseless(spec->value, device->uuid);
	case SPEC_LABEL:
		return same(spec->value, device->label);
	case SPEC_PARTUUID:
		return same_caseless(spec->value, device->partuuid);
	case SPEC_PARTLABEL:
		return same(spec->value, device->partlabel);
	case SPEC_NODE:
		return node_matches(spec->value, device);
	case SPEC_NUMBER:
		return spec->major == device->major && spec->minor == device->minor;
	case SPEC_LINK:
		return false;
	}
	return false;
}

bool spec_needs_content(const struct spec *spec)
{
	return spec->kind == SPEC_UUID || spec->kind == SPEC_LABEL || spec->kind == SPEC_PARTUUID ||
	       spec->kind == SPEC_PARTLABEL;
}
