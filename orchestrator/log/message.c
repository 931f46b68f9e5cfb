/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Three ways to log: a line with "<N>" in front of it, syslog(3)'s datagram, and the journal's list of fields. Clients are many and
 * some are old: what is missing is left out, what cannot be read is text.
 */
#include "message.h"

#include <ctype.h>
#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LEVEL 6
#define DEFAULT_FACILITY 3
#define FACILITY_MAX 23
#define TIMESTAMP_LENGTH 16 /* "Nov 20 09:00:00 " */

int message_take_level(const char **text, size_t *len, int fallback)
{
	int value = 0;
	size_t i = 1;

	if (*len < 3 || (*text)[0] != '<')
		return fallback;
	while (i < *len && i < 5 && isdigit((unsigned char)(*text)[i]))
		value = value * 10 + (*text)[i++] - '0';
	if (i == 1 || i >= *len || (*text)[i] != '>' || value > 1023)
		return fallback;
	*text += i + 1;
	*len -= i + 1;
	return value & 7;
}

static bool is_timestamp(const char *text, size_t len)
{
	return len >= TIMESTAMP_LENGTH && text[3] == ' ' && text[6] == ' ' && text[9] == ':' &&
	       text[12] == ':' && text[15] == ' ';
}

/* "ident[pid]: " or "ident: " */
static void take_tag(struct message *message)
{
	char *text = (char *)message->text;
	size_t n = 0;
	size_t end;

	while (n < message->len && n < 128 && !isspace((unsigned char)text[n]) && text[n] != ':' &&
	       text[n] != '[')
		n++;
	end = n;
	if (n == 0 || n >= message->len)
		return;
	if (text[n] == '[') {
		long pid = strtol(text + n + 1, NULL, 10);

		while (end < message->len && text[end] != ']' && text[end] != ' ')
			end++;
		if (end >= message->len || text[end] != ']')
			return;
		message->pid = pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
		end++;
	}
	if (end >= message->len || text[end] != ':')
		return;
	text[n] = '\0';
	message->identifier = text;
	end++;
	while (end < message->len && text[end] == ' ')
		end++;
	message->text = text + end;
	message->len -= end;
}

void message_parse_syslog(char *data, size_t len, struct message *ret_message)
{
	struct message message = { .text = data, .len = len };

	data[len] = '\0';
	while (message.len > 0 && (data[message.len - 1] == '\n' || data[message.len - 1] == '\0'))
		message.len--;
	message.level = message_take_level(&message.text, &message.len, DEFAULT_LEVEL);
	if (is_timestamp(message.text, message.len)) {
		message.text += TIMESTAMP_LENGTH;
		message.len -= TIMESTAMP_LENGTH;
	}
	take_tag(&message);
	*ret_message = message;
}

/* --- the journal's fields --- */

struct field {
	char *name;
	char *value;
	size_t value_len;
};

/* "NAME=value\n", or "NAME\n", eight bytes of length and the value, "\n". Returns false at the end, or when it is broken. */
static bool next_field(char **at, size_t *left, struct field *ret_field)
{
	char *line = *at;
	char *newline = memchr(line, '\n', *left);
	size_t line_len;
	uint64_t value_len;
	char *equals;

	if (!newline)
		return false;
	line_len = (size_t)(newline - line);
	equals = memchr(line, '=', line_len);
	if (equals) {
		*ret_field = (struct field){ line, equals + 1,
					     line_len - (size_t)(equals + 1 - line) };
		*equals = '\0';
		*newline = '\0';
		*at = newline + 1;
		*left -= line_len + 1;
		return true;
	}
	if (*left - line_len - 1 < sizeof(value_len))
		return false;
	memcpy(&value_len, newline + 1, sizeof(value_len));
	value_len = le64toh(value_len);
	if (value_len >= *left - line_len - 1 - sizeof(value_len))
		return false; /* the newline behind it must be there, too */
	*newline = '\0';
	*ret_field = (struct field){ line, newline + 1 + sizeof(value_len), (size_t)value_len };
	*at = ret_field->value + value_len + 1;
	*left -= line_len + 1 + sizeof(value_len) + (size_t)value_len + 1;
	ret_field->value[value_len] = '\0';
	return true;
}

static int facility_of(const struct field *field)
{
	int value = 0;

	if (field->value_len == 0 || field->value_len > 2)
		return DEFAULT_FACILITY;
	for (size_t i = 0; i < field->value_len; i++) {
		if (!isdigit((unsigned char)field->value[i]))
			return DEFAULT_FACILITY;
		value = value * 10 + field->value[i] - '0';
	}
	return value <= FACILITY_MAX ? value : DEFAULT_FACILITY;
}

bool message_parse_native(char *data, size_t len, struct message *ret_message)
{
	struct message message = { .level = DEFAULT_LEVEL, .facility = DEFAULT_FACILITY };
	struct field field;
	char *at = data;

	if (len > 0 && data[len - 1] != '\n')
		data[len++] = '\n'; /* the room for a NUL is room for this */
	while (len > 0) {
		if (*at == '\n') { /* the end of one entry: the rest would be another */
			at++;
			len--;
			if (message.text)
				break;
			continue;
		}
		if (!next_field(&at, &len, &field))
			break;
		if (strcmp(field.name, "MESSAGE") == 0) {
			message.text = field.value;
			message.len = field.value_len;
		} else if (strcmp(field.name, "PRIORITY") == 0 && field.value_len == 1 &&
			   field.value[0] >= '0' && field.value[0] <= '7') {
			message.level = field.value[0] - '0';
		} else if (strcmp(field.name, "SYSLOG_FACILITY") == 0) {
			message.facility = facility_of(&field);
		} else if (strcmp(field.name, "SYSLOG_IDENTIFIER") == 0) {
			message.identifier = field.value;
		}
	}
	if (!message.text)
		return false;
	*ret_message = message;
	return true;
}

/* --- who it was --- */

static bool has_suffix(const char *text, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len > n && memcmp(text + len - n, suffix, n) == 0;
}

const char *message_service_of_cgroup(char *cgroup)
{
	char *path = strstr(cgroup, "0::/");

	if (!path)
		return NULL;
	path += strlen("0::/");
	path[strcspn(path, "\n")] = '\0';
	/* the first component that is a unit with processes: what is below it is the service's own */
	while (*path) {
		size_t len = strcspn(path, "/");

		if (has_suffix(path, len, ".service") || has_suffix(path, len, ".scope")) {
			path[len] = '\0';
			return path;
		}
		path += len + (path[len] == '/');
	}
	return NULL;
}
