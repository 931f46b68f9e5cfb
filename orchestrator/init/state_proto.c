/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state_proto.h"

static const struct wire_field manager_fields[] = {
	WIRE_FIELD(struct state_manager, version, WIRE_U32),
	WIRE_FIELD(struct state_manager, program, WIRE_TEXT),
	WIRE_FIELD(struct state_manager, control_fd, WIRE_I32),
	WIRE_FIELD(struct state_manager, streams, WIRE_U32),
	WIRE_FIELD(struct state_manager, last_job, WIRE_U32),
};

static const struct wire_field event_fields[] = {
	WIRE_FIELD(struct state_event, name, WIRE_TEXT),
	WIRE_FIELD(struct state_event, t_us, WIRE_U64),
	WIRE_FIELD(struct state_event, why, WIRE_TEXT),
};

static const struct wire_field service_fields[] = {
	WIRE_FIELD(struct state_service, name, WIRE_TEXT),
	WIRE_FIELD(struct state_service, state, WIRE_U32),
	WIRE_FIELD(struct state_service, result, WIRE_U32),
	WIRE_FIELD(struct state_service, flags, WIRE_U32),
	WIRE_FIELD(struct state_service, since_us, WIRE_U64),
	WIRE_FIELD(struct state_service, started_us, WIRE_U64),
	WIRE_FIELD(struct state_service, restarts, WIRE_U32),
	WIRE_FIELD(struct state_service, main_pid, WIRE_I32),
	WIRE_FIELD(struct state_service, main_pipe, WIRE_I32),
	WIRE_FIELD(struct state_service, control_pid, WIRE_I32),
	WIRE_FIELD(struct state_service, control_pipe, WIRE_I32),
	WIRE_FIELD(struct state_service, nth, WIRE_U32),
	WIRE_FIELD(struct state_service, exit_code, WIRE_I32),
	WIRE_FIELD(struct state_service, exit_status, WIRE_I32),
	WIRE_FIELD(struct state_service, notify_fd, WIRE_I32),
	WIRE_FIELD(struct state_service, output_read, WIRE_I32),
	WIRE_FIELD(struct state_service, output_write, WIRE_I32),
	WIRE_FIELD(struct state_service, status_text, WIRE_TEXT),
	WIRE_FIELD(struct state_service, detail, WIRE_TEXT),
	WIRE_FIELD(struct state_service, deadline_us, WIRE_U64),
	WIRE_FIELD(struct state_service, watchdog_us, WIRE_U64),
	WIRE_FIELD(struct state_service, window_us, WIRE_U64),
	WIRE_FIELD(struct state_service, starts, WIRE_U32),
	WIRE_FIELD(struct state_service, quick_deaths, WIRE_U32),
	WIRE_FIELD(struct state_service, forgiven_us, WIRE_U64),
	WIRE_FIELD(struct state_service, loop, WIRE_U32),
	WIRE_FIELD(struct state_service, rung, WIRE_U32),
	WIRE_FIELD(struct state_service, software, WIRE_TEXT),
	WIRE_FIELD(struct state_service, ready_fd, WIRE_I32),
	WIRE_FIELD(struct state_service, watchdog_span_us, WIRE_U64),
	WIRE_FIELD(struct state_service, background, WIRE_U32),
	WIRE_FIELD(struct state_service, failure, WIRE_TEXT),
	WIRE_FIELD(struct state_service, failure_us, WIRE_U64),
	WIRE_FIELD(struct state_service, failure_run_us, WIRE_U64),
};

static const struct wire_field listen_fields[] = {
	WIRE_FIELD(struct state_listen, address, WIRE_TEXT),
	WIRE_FIELD(struct state_listen, name, WIRE_TEXT),
	WIRE_FIELD(struct state_listen, fd, WIRE_I32),
};

static const struct wire_field stored_fields[] = {
	WIRE_FIELD(struct state_stored, name, WIRE_TEXT),
	WIRE_FIELD(struct state_stored, fd, WIRE_I32),
};

static const struct wire_field reason_fields[] = {
	WIRE_FIELD(struct state_reason, t_us, WIRE_U64),
	WIRE_FIELD(struct state_reason, text, WIRE_TEXT),
};

static const struct wire_field member_fields[] = {
	WIRE_FIELD(struct state_member, pid, WIRE_I32),
};

static const struct wire_field scope_fields[] = {
	WIRE_FIELD(struct state_scope, name, WIRE_TEXT),
	WIRE_FIELD(struct state_scope, slice, WIRE_TEXT),
	WIRE_FIELD(struct state_scope, description, WIRE_TEXT),
	WIRE_FIELD(struct state_scope, since_us, WIRE_U64),
	WIRE_FIELD(struct state_scope, flags, WIRE_U32),
	WIRE_FIELD(struct state_scope, stop_job, WIRE_U32),
};

static const struct wire_field job_fields[] = {
	WIRE_FIELD(struct state_job, id, WIRE_U32),
	WIRE_FIELD(struct state_job, kind, WIRE_U32),
	WIRE_FIELD(struct state_job, name, WIRE_TEXT),
	WIRE_FIELD(struct state_job, why, WIRE_TEXT),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(STATE_MANAGER, struct state_manager, manager_fields),
	WIRE_MESSAGE(STATE_EVENT, struct state_event, event_fields),
	WIRE_MESSAGE(STATE_SERVICE, struct state_service, service_fields),
	WIRE_MESSAGE(STATE_LISTEN, struct state_listen, listen_fields),
	WIRE_MESSAGE(STATE_STORED, struct state_stored, stored_fields),
	WIRE_MESSAGE(STATE_REASON, struct state_reason, reason_fields),
	WIRE_MESSAGE(STATE_MEMBER, struct state_member, member_fields),
	WIRE_MESSAGE(STATE_SCOPE, struct state_scope, scope_fields),
	WIRE_MESSAGE(STATE_JOB, struct state_job, job_fields),
	WIRE_EMPTY(STATE_END),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol manager_state_protocol = { "manager-state", messages };
