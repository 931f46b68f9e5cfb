/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/table.h"

static const struct wire_field header_fields[] = {
	WIRE_FIELD(struct table_header, version, WIRE_U32),
	WIRE_FIELD(struct table_header, services, WIRE_U32),
};

static const struct wire_field service_fields[] = {
	WIRE_FIELD(struct table_service, name, WIRE_TEXT),
	WIRE_FIELD(struct table_service, description, WIRE_TEXT),
	WIRE_FIELD(struct table_service, path, WIRE_TEXT),
	WIRE_FIELD(struct table_service, load_state, WIRE_U32),
	WIRE_FIELD(struct table_service, load_error, WIRE_TEXT),
	WIRE_FIELD(struct table_service, aliases, WIRE_LIST),
	WIRE_FIELD(struct table_service, type, WIRE_U32),
	WIRE_FIELD(struct table_service, stage, WIRE_U32),
	WIRE_FIELD(struct table_service, flags, WIRE_U32),
	WIRE_FIELD(struct table_service, restart, WIRE_U32),
	WIRE_FIELD(struct table_service, restart_us, WIRE_U64),
	WIRE_FIELD(struct table_service, start_timeout_us, WIRE_U64),
	WIRE_FIELD(struct table_service, stop_timeout_us, WIRE_U64),
	WIRE_FIELD(struct table_service, watchdog_us, WIRE_U64),
	WIRE_FIELD(struct table_service, start_limit_burst, WIRE_U32),
	WIRE_FIELD(struct table_service, start_limit_interval_us, WIRE_U64),
	WIRE_FIELD(struct table_service, kill_mode, WIRE_U32),
	WIRE_FIELD(struct table_service, kill_signal, WIRE_I32),
	WIRE_FIELD(struct table_service, success_codes, WIRE_LIST),
	WIRE_FIELD(struct table_service, restart_prevent_codes, WIRE_LIST),
	WIRE_FIELD(struct table_service, after, WIRE_LIST),
	WIRE_FIELD(struct table_service, before, WIRE_LIST),
	WIRE_FIELD(struct table_service, requires, WIRE_LIST),
	WIRE_FIELD(struct table_service, wants, WIRE_LIST),
	WIRE_FIELD(struct table_service, conflicts, WIRE_LIST),
	WIRE_FIELD(struct table_service, binds_to, WIRE_LIST),
	WIRE_FIELD(struct table_service, bus_name, WIRE_TEXT),
	WIRE_FIELD(struct table_service, slice, WIRE_TEXT),
	WIRE_FIELD(struct table_service, seat, WIRE_TEXT),
	WIRE_FIELD(struct table_service, on_give_up, WIRE_TEXT),
	WIRE_FIELD(struct table_service, pid_file, WIRE_TEXT),
	WIRE_FIELD(struct table_service, conditions, WIRE_LIST),
	WIRE_FIELD(struct table_service, user, WIRE_TEXT),
	WIRE_FIELD(struct table_service, group, WIRE_TEXT),
	WIRE_FIELD(struct table_service, supplementary_groups, WIRE_LIST),
	WIRE_FIELD(struct table_service, pam_name, WIRE_TEXT),
	WIRE_FIELD(struct table_service, working_directory, WIRE_TEXT),
	WIRE_FIELD(struct table_service, root_directory, WIRE_TEXT),
	WIRE_FIELD(struct table_service, environment, WIRE_LIST),
	WIRE_FIELD(struct table_service, environment_files, WIRE_LIST),
	WIRE_FIELD(struct table_service, pass_environment, WIRE_LIST),
	WIRE_FIELD(struct table_service, unset_environment, WIRE_LIST),
	WIRE_FIELD(struct table_service, runtime_directory, WIRE_LIST),
	WIRE_FIELD(struct table_service, runtime_directory_mode, WIRE_U32),
	WIRE_FIELD(struct table_service, state_directory, WIRE_LIST),
	WIRE_FIELD(struct table_service, state_directory_mode, WIRE_U32),
	WIRE_FIELD(struct table_service, cache_directory, WIRE_LIST),
	WIRE_FIELD(struct table_service, cache_directory_mode, WIRE_U32),
	WIRE_FIELD(struct table_service, logs_directory, WIRE_LIST),
	WIRE_FIELD(struct table_service, logs_directory_mode, WIRE_U32),
	WIRE_FIELD(struct table_service, standard_input, WIRE_TEXT),
	WIRE_FIELD(struct table_service, standard_output, WIRE_TEXT),
	WIRE_FIELD(struct table_service, standard_error, WIRE_TEXT),
	WIRE_FIELD(struct table_service, tty_path, WIRE_TEXT),
	WIRE_FIELD(struct table_service, limits, WIRE_LIST),
	WIRE_FIELD(struct table_service, nice, WIRE_I32),
	WIRE_FIELD(struct table_service, umask, WIRE_U32),
	WIRE_FIELD(struct table_service, oom_score_adjust, WIRE_I32),
	WIRE_FIELD(struct table_service, capabilities, WIRE_LIST),
	WIRE_FIELD(struct table_service, ambient_capabilities, WIRE_LIST),
	WIRE_FIELD(struct table_service, settings, WIRE_LIST),
	WIRE_FIELD(struct table_service, remarks, WIRE_U32),
};

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
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol table_protocol = { "table", messages };
