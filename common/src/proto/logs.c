/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/logs.h"

static const struct wire_field stream_fields[] = {
	WIRE_FIELD(struct logs_stream, service, WIRE_TEXT),
};

static const struct wire_field line_fields[] = {
	WIRE_FIELD(struct logs_line, service, WIRE_TEXT),
	WIRE_FIELD(struct logs_line, level, WIRE_U32),
	WIRE_FIELD(struct logs_line, text, WIRE_TEXT),
};

static const struct wire_field kept_fields[] = {
	WIRE_FIELD(struct logs_kept, name, WIRE_TEXT),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(LOGS_STREAM, struct logs_stream, stream_fields),
	WIRE_EMPTY(LOGS_FLUSH),
	WIRE_MESSAGE(LOGS_LINE, struct logs_line, line_fields),
	WIRE_MESSAGE(LOGS_KEEP, struct logs_kept, kept_fields),
	WIRE_MESSAGE(LOGS_DROP, struct logs_kept, kept_fields),
	WIRE_MESSAGE(LOGS_KEPT, struct logs_kept, kept_fields),
	WIRE_EMPTY(LOGS_LISTEN),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol logs_protocol = { "logs", messages };
