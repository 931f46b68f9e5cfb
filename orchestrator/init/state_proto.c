/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state_proto.h"

static const struct wire_field manager_fields[] = {
	WIRE_FIELD(struct state_manager, version, WIRE_U32),
	WIRE_FIELD(struct state_manager, program, WIRE_TEXT),
	WIRE_FIELD(struct state_manager, control_fd, WIRE_U64),
	WIRE_FIELD(struct state_manager, streams, WIRE_U32),
	WIRE_FIELD(struct state_manager, last_job, WIRE_U32),
	WIRE_FIELD(struct state_manager, stopping, WIRE_U32),
	WIRE_FIELD(struct state_manager, gated, WIRE_U32),
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
	WIRE_FIELD(struct state_service, main_pipe, WIRE_U64),
	WIRE_FIELD(struct state_service, control_pid, WIRE_I32),
	WIRE_FIELD(struct state_service, control_pipe, WIRE_U64),
	WIRE_FIELD(struct state_service, nth, WIRE_U32),
	WIRE_FIELD(struct state_service, exit_code, WIRE_I32),
	WIRE_FIELD(struct state_service, exit_status, WIRE_I32),
	WIRE_FIELD(struct state_service, notify_fd, WIRE_U64),
	WIRE_FIELD(struct state_service, output_read, WIRE_U64),
	WIRE_FIELD(struct state_service, output_write, WIRE_U64),
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
	WIRE_FIELD(struct state_service, ready_fd, WIRE_U64),
	WIRE_FIELD(struct state_service, watchdog_span_us, WIRE_U64),
	WIRE_FIELD(struct state_service, background, WIRE_U32),
	WIRE_FIELD(struct state_service, error_text, WIRE_TEXT),
	WIRE_FIELD(struct state_service, spawn_retries, WIRE_U32),
	WIRE_FIELD(struct state_service, failure, WIRE_TEXT),
	WIRE_FIELD(struct state_service, failure_us, WIRE_U64),
	WIRE_FIELD(struct state_service, failure_run_us, WIRE_U64),
	WIRE_FIELD(struct state_service, run_us, WIRE_U64),
	WIRE_FIELD(struct state_service, main_pidfd, WIRE_U64),
	WIRE_FIELD(struct state_service, run_id_high, WIRE_U64),
	WIRE_FIELD(struct state_service, run_id_low, WIRE_U64),
};

static const struct wire_field listen_fields[] = {
	WIRE_FIELD(struct state_listen, address, WIRE_TEXT),
	WIRE_FIELD(struct state_listen, name, WIRE_TEXT),
	WIRE_FIELD(struct state_listen, fd, WIRE_U64),
};

static const struct wire_field stored_fields[] = {
	WIRE_FIELD(struct state_stored, name, WIRE_TEXT),
	WIRE_FIELD(struct state_stored, fd, WIRE_U64),
	WIRE_FIELD(struct state_stored, polled, WIRE_U32),
};

static const struct wire_field reason_fields[] = {
	WIRE_FIELD(struct state_reason, t_us, WIRE_U64),
	WIRE_FIELD(struct state_reason, text, WIRE_TEXT),
};

static const struct wire_field member_fields[] = {
	WIRE_FIELD(struct state_member, pid, WIRE_I32),
};

#define CLOCKS(field)                                                                              \
	WIRE_FIELD(struct state_timer, field.realtime_us, WIRE_U64),                               \
		WIRE_FIELD(struct state_timer, field.monotonic_us, WIRE_U64),                      \
		WIRE_FIELD(struct state_timer, field.boottime_us, WIRE_U64)

static const struct wire_field timer_fields[] = {
	CLOCKS(activated),
	CLOCKS(elapsed),
	CLOCKS(unit_started),
	CLOCKS(unit_ended),
	CLOCKS(origin_boot),
	CLOCKS(origin_startup),
	WIRE_FIELD(struct state_timer, ready_us, WIRE_U64),
	WIRE_FIELD(struct state_timer, random_us, WIRE_U64),
	WIRE_FIELD(struct state_timer, flags, WIRE_U32),
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
	WIRE_FIELD(struct state_job, flags, WIRE_U32),
	WIRE_FIELD(struct state_job, error, WIRE_I32),
	WIRE_FIELD(struct state_job, name, WIRE_TEXT),
	WIRE_FIELD(struct state_job, why, WIRE_TEXT),
	WIRE_FIELD(struct state_job, detail, WIRE_TEXT),
};

static const struct wire_field client_fields[] = {
	WIRE_FIELD(struct state_client, fd, WIRE_U64),
	WIRE_FIELD(struct state_client, flags, WIRE_U32),
	WIRE_FIELD(struct state_client, verb, WIRE_U32),
	WIRE_FIELD(struct state_client, job, WIRE_U32),
	WIRE_FIELD(struct state_client, name, WIRE_TEXT),
};

static const struct wire_field gone_fields[] = {
	WIRE_FIELD(struct state_gone, name, WIRE_TEXT),
	WIRE_FIELD(struct state_gone, job, WIRE_U32),
};

static const struct wire_field machine_fields[] = {
	WIRE_FIELD(struct state_machine, flags, WIRE_U32),
	WIRE_FIELD(struct state_machine, separate, WIRE_U32),
	WIRE_FIELD(struct state_machine, power, WIRE_U32),
	WIRE_FIELD(struct state_machine, owner, WIRE_U32),
	WIRE_FIELD(struct state_machine, drm_fd, WIRE_U64),
	WIRE_FIELD(struct state_machine, percent, WIRE_U32),
	WIRE_FIELD(struct state_machine, caption, WIRE_TEXT),
	WIRE_FIELD(struct state_machine, display_manager, WIRE_TEXT),
	WIRE_FIELD(struct state_machine, display_manager_deaths, WIRE_U32),
	WIRE_FIELD(struct state_machine, greeter_failures, WIRE_U32),
	WIRE_FIELD(struct state_machine, login_failure, WIRE_TEXT),
	WIRE_FIELD(struct state_machine, next_scope_job, WIRE_U32),
	WIRE_FIELD(struct state_machine, greeter_scopes, WIRE_LIST),
	WIRE_FIELD(struct state_machine, watchdog_us, WIRE_U64),
	WIRE_FIELD(struct state_machine, watchdog_device, WIRE_TEXT),
};

static const struct wire_field helper_fields[] = {
	WIRE_FIELD(struct state_helper, kind, WIRE_U32),
	WIRE_FIELD(struct state_helper, pid, WIRE_I32),
	WIRE_FIELD(struct state_helper, link_fd, WIRE_U64),
	WIRE_FIELD(struct state_helper, order, WIRE_U32),
};

static const struct wire_field overlay_fields[] = {
	WIRE_FIELD(struct state_overlay, path, WIRE_TEXT),
	WIRE_FIELD(struct state_overlay, state, WIRE_U32),
	WIRE_FIELD(struct state_overlay, stays, WIRE_U32),
	WIRE_FIELD(struct state_overlay, pid, WIRE_I32),
	WIRE_FIELD(struct state_overlay, link_fd, WIRE_U64),
	WIRE_FIELD(struct state_overlay, n_restarts, WIRE_U32),
};

static const struct wire_field said_fields[] = {
	WIRE_FIELD(struct state_said, of_control, WIRE_U32),
	WIRE_FIELD(struct state_said, outcome, WIRE_U32),
	WIRE_FIELD(struct state_said, error, WIRE_I32),
	WIRE_FIELD(struct state_said, text, WIRE_TEXT),
};

static const struct wire_field ended_fields[] = {
	WIRE_FIELD(struct state_ended, id, WIRE_U32),
	WIRE_FIELD(struct state_ended, result, WIRE_U32),
	WIRE_FIELD(struct state_ended, error, WIRE_I32),
	WIRE_FIELD(struct state_ended, name, WIRE_TEXT),
	WIRE_FIELD(struct state_ended, detail, WIRE_TEXT),
};

static const struct wire_field page_fields[] = {
	WIRE_FIELD(struct state_page, kind, WIRE_U32),
	WIRE_FIELD(struct state_page, title, WIRE_TEXT),
	WIRE_FIELD(struct state_page, text, WIRE_TEXT),
};

static const struct wire_field forward_fields[] = {
	WIRE_FIELD(struct state_forward, job, WIRE_U32),
	WIRE_FIELD(struct state_forward, power, WIRE_U32),
	WIRE_FIELD(struct state_forward, unit, WIRE_TEXT),
};

static const struct wire_field load_fields[] = {
	WIRE_FIELD(struct state_load, cookie, WIRE_U32),
	WIRE_FIELD(struct state_load, unit, WIRE_TEXT),
};

static const struct wire_field kept_fd_fields[] = {
	WIRE_FIELD(struct state_kept_fd, name, WIRE_TEXT),
	WIRE_FIELD(struct state_kept_fd, fd, WIRE_U64),
};

static const struct wire_field rescue_fields[] = {
	WIRE_FIELD(struct state_rescue, tty, WIRE_TEXT),
	WIRE_FIELD(struct state_rescue, pid, WIRE_I32),
	WIRE_FIELD(struct state_rescue, on_screen, WIRE_U32),
	WIRE_FIELD(struct state_rescue, n_short, WIRE_U32),
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
	WIRE_MESSAGE(STATE_CLIENT, struct state_client, client_fields),
	WIRE_MESSAGE(STATE_GONE, struct state_gone, gone_fields),
	WIRE_MESSAGE(STATE_SAID, struct state_said, said_fields),
	WIRE_MESSAGE(STATE_ENDED, struct state_ended, ended_fields),
	WIRE_MESSAGE(STATE_MACHINE, struct state_machine, machine_fields),
	WIRE_MESSAGE(STATE_HELPER, struct state_helper, helper_fields),
	WIRE_MESSAGE(STATE_OVERLAY, struct state_overlay, overlay_fields),
	WIRE_MESSAGE(STATE_PAGE, struct state_page, page_fields),
	WIRE_MESSAGE(STATE_FORWARD, struct state_forward, forward_fields),
	WIRE_MESSAGE(STATE_LOAD, struct state_load, load_fields),
	WIRE_EMPTY(STATE_KEPT),
	WIRE_MESSAGE(STATE_KEPT_FD, struct state_kept_fd, kept_fd_fields),
	WIRE_MESSAGE(STATE_RESCUE, struct state_rescue, rescue_fields),
	WIRE_MESSAGE(STATE_TIMER, struct state_timer, timer_fields),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol manager_state_protocol = { "manager-state", messages };
