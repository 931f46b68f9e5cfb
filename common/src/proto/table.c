/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/table.h"
#include "early/proto/table_fields.h"

static const struct wire_field header_fields[] = {
	WIRE_FIELD(struct table_header, version, WIRE_U32),
	WIRE_FIELD(struct table_header, services, WIRE_U32),
};

#define FIELD(name, kind) WIRE_FIELD(struct table_service, name, kind),
static const struct wire_field service_fields[] = { TABLE_SERVICE_FIELDS(FIELD) };
#undef FIELD

static const struct wire_field exec_fields[] = {
	WIRE_FIELD(struct table_exec, phase, WIRE_U32),
	WIRE_FIELD(struct table_exec, flags, WIRE_U32),
	WIRE_FIELD(struct table_exec, program, WIRE_TEXT),
	WIRE_FIELD(struct table_exec, argv, WIRE_LIST),
};

static const struct wire_field socket_fields[] = {
	WIRE_FIELD(struct table_socket, kind, WIRE_U32),
	WIRE_FIELD(struct table_socket, address, WIRE_TEXT),
	WIRE_FIELD(struct table_socket, mode, WIRE_U32),
	WIRE_FIELD(struct table_socket, user, WIRE_TEXT),
	WIRE_FIELD(struct table_socket, group, WIRE_TEXT),
	WIRE_FIELD(struct table_socket, fd_name, WIRE_TEXT),
	WIRE_FIELD(struct table_socket, flags, WIRE_U32),
	WIRE_FIELD(struct table_socket, directory_mode, WIRE_U32),
	WIRE_FIELD(struct table_socket, options, WIRE_LIST),
	WIRE_FIELD(struct table_socket, symlinks, WIRE_LIST),
};

static const struct wire_field path_fields[] = {
	WIRE_FIELD(struct table_path, kind, WIRE_U32),
	WIRE_FIELD(struct table_path, path, WIRE_TEXT),
	WIRE_FIELD(struct table_path, make_directory, WIRE_U32),
	WIRE_FIELD(struct table_path, directory_mode, WIRE_U32),
	WIRE_FIELD(struct table_path, trigger_limit_interval_us, WIRE_U64),
	WIRE_FIELD(struct table_path, trigger_limit_burst, WIRE_U32),
};

static const struct wire_field timer_fields[] = {
	WIRE_FIELD(struct table_timer, kind, WIRE_U32),
	WIRE_FIELD(struct table_timer, span_us, WIRE_U64),
	WIRE_FIELD(struct table_timer, calendar, WIRE_TEXT),
	WIRE_FIELD(struct table_timer, flags, WIRE_U32),
	WIRE_FIELD(struct table_timer, accuracy_us, WIRE_U64),
	WIRE_FIELD(struct table_timer, randomized_us, WIRE_U64),
	WIRE_FIELD(struct table_timer, unit, WIRE_TEXT),
};

static const struct wire_field diagnostic_fields[] = {
	WIRE_FIELD(struct table_diagnostic, file, WIRE_TEXT),
	WIRE_FIELD(struct table_diagnostic, line, WIRE_U32),
	WIRE_FIELD(struct table_diagnostic, level, WIRE_U32),
	WIRE_FIELD(struct table_diagnostic, directive, WIRE_TEXT),
	WIRE_FIELD(struct table_diagnostic, text, WIRE_TEXT),
	WIRE_FIELD(struct table_diagnostic, unit, WIRE_TEXT),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(TABLE_HEADER, struct table_header, header_fields),
	WIRE_MESSAGE(TABLE_SERVICE, struct table_service, service_fields),
	WIRE_MESSAGE(TABLE_EXEC, struct table_exec, exec_fields),
	WIRE_MESSAGE(TABLE_SOCKET, struct table_socket, socket_fields),
	WIRE_MESSAGE(TABLE_DIAGNOSTIC, struct table_diagnostic, diagnostic_fields),
	WIRE_EMPTY(TABLE_END),
	WIRE_MESSAGE(TABLE_PATH, struct table_path, path_fields),
	WIRE_MESSAGE(TABLE_TIMER, struct table_timer, timer_fields),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol table_protocol = { "table", messages };
