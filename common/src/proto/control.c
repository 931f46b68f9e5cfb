/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/control.h"

static const struct wire_field request_fields[] = {
	WIRE_FIELD(struct control_request, verb, WIRE_U32),
	WIRE_FIELD(struct control_request, name, WIRE_TEXT),
	WIRE_FIELD(struct control_request, flags, WIRE_U32),
};

static const struct wire_field service_fields[] = {
	WIRE_FIELD(struct control_service, name, WIRE_TEXT),
	WIRE_FIELD(struct control_service, description, WIRE_TEXT),
	WIRE_FIELD(struct control_service, load_state, WIRE_TEXT),
	WIRE_FIELD(struct control_service, active_state, WIRE_TEXT),
	WIRE_FIELD(struct control_service, sub_state, WIRE_TEXT),
	WIRE_FIELD(struct control_service, stage, WIRE_TEXT),
	WIRE_FIELD(struct control_service, path, WIRE_TEXT),
	WIRE_FIELD(struct control_service, cgroup, WIRE_TEXT),
	WIRE_FIELD(struct control_service, result, WIRE_TEXT),
	WIRE_FIELD(struct control_service, why, WIRE_TEXT),
	WIRE_FIELD(struct control_service, main_pid, WIRE_U32),
	WIRE_FIELD(struct control_service, control_pid, WIRE_U32),
	WIRE_FIELD(struct control_service, exit_status, WIRE_I32),
	WIRE_FIELD(struct control_service, restarts, WIRE_U32),
	WIRE_FIELD(struct control_service, since_us, WIRE_U64),
	WIRE_FIELD(struct control_service, detail, WIRE_TEXT),
	WIRE_FIELD(struct control_service, remarks, WIRE_U32),
	WIRE_FIELD(struct control_service, type, WIRE_TEXT),
	WIRE_FIELD(struct control_service, memory_bytes, WIRE_U64),
	WIRE_FIELD(struct control_service, tasks, WIRE_U32),
	WIRE_FIELD(struct control_service, requires, WIRE_LIST),
	WIRE_FIELD(struct control_service, binds_to, WIRE_LIST),
	WIRE_FIELD(struct control_service, wants, WIRE_LIST),
	WIRE_FIELD(struct control_service, after, WIRE_LIST),
	WIRE_FIELD(struct control_service, triggers, WIRE_TEXT),
	WIRE_FIELD(struct control_service, next_us, WIRE_U64),
	WIRE_FIELD(struct control_service, last_us, WIRE_U64),
	WIRE_FIELD(struct control_service, failure, WIRE_TEXT),
	WIRE_FIELD(struct control_service, failure_us, WIRE_U64),
	WIRE_FIELD(struct control_service, failure_run_us, WIRE_U64),
	WIRE_FIELD(struct control_service, run_us, WIRE_U64),
	WIRE_FIELD(struct control_service, loop, WIRE_TEXT),
	WIRE_FIELD(struct control_service, changed_us, WIRE_U64),
};

static const struct wire_field event_fields[] = {
	WIRE_FIELD(struct control_event, name, WIRE_TEXT),
	WIRE_FIELD(struct control_event, t_us, WIRE_U64),
	WIRE_FIELD(struct control_event, why, WIRE_TEXT),
};

static const struct wire_field reason_fields[] = {
	WIRE_FIELD(struct control_reason, t_us, WIRE_U64),
	WIRE_FIELD(struct control_reason, text, WIRE_TEXT),
	WIRE_FIELD(struct control_reason, how, WIRE_TEXT),
	WIRE_FIELD(struct control_reason, directive, WIRE_TEXT),
	WIRE_FIELD(struct control_reason, object, WIRE_TEXT),
	WIRE_FIELD(struct control_reason, unit, WIRE_TEXT),
	WIRE_FIELD(struct control_reason, manifest, WIRE_TEXT),
	WIRE_FIELD(struct control_reason, exe, WIRE_TEXT),
	WIRE_FIELD(struct control_reason, pid, WIRE_U32),
	WIRE_FIELD(struct control_reason, uid, WIRE_U32),
};

static const struct wire_field text_fields[] = {
	WIRE_FIELD(struct control_text, text, WIRE_TEXT),
};

static const struct wire_field done_fields[] = {
	WIRE_FIELD(struct control_done, error, WIRE_I32),
	WIRE_FIELD(struct control_done, text, WIRE_TEXT),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(CONTROL_REQUEST, struct control_request, request_fields),
	WIRE_MESSAGE(CONTROL_SERVICE, struct control_service, service_fields),
	WIRE_MESSAGE(CONTROL_EVENT, struct control_event, event_fields),
	WIRE_MESSAGE(CONTROL_REASON, struct control_reason, reason_fields),
	WIRE_MESSAGE(CONTROL_TEXT, struct control_text, text_fields),
	WIRE_MESSAGE(CONTROL_DONE, struct control_done, done_fields),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol control_protocol = { "control", messages };
