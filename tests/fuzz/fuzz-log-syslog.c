/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What lands in a file holds nothing that would disturb a terminal, and all pieces together are the text. */
static void format(const struct message *message)
{
	static char line[2 * RECORD_TEXT_MAX];
	struct record record = {
		.service = "a.service",
		.identifier = message->identifier,
		.pid = message->pid,
		.level = message->level,
		.text = message->text,
	};
	size_t left = message->len;

	while (left > 0) {
		size_t len;

		record.len = record_piece(record.text, left);
		if (record.len == 0 || record.len > left)
			abort();
		len = record_format(&record, line, sizeof(line));
		if (len == 0 || len > sizeof(line) || line[len - 1] != '\n')
			abort();
		for (size_t i = 0; i < len; i++)
			if (((unsigned char)line[i] < 0x20 && line[i] != '\n' && line[i] != '\t') ||
			    line[i] == 0x7f)
				abort();
		record.text += record.len;
		left -= record.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message message;
	char *buf = malloc(size + 1);

	if (!buf)
		return 0;
	memcpy(buf, data, size);
	message_parse_syslog(buf, size, &message);
	if (message.level < 0 || message.level > 7 || message.text < buf ||
	    message.text + message.len > buf + size)
		abort();
	format(&message);
	free(buf);
	return 0;
}
