/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/bus.h"

static const struct wire_field job_fields[] = {
	WIRE_FIELD(struct bus_job, cookie, WIRE_U32),
	WIRE_FIELD(struct bus_job, verb, WIRE_U32),
	WIRE_FIELD(struct bus_job, unit, WIRE_TEXT),
	WIRE_FIELD(struct bus_job, why, WIRE_TEXT),
};

static const struct wire_field scope_fields[] = {
	WIRE_FIELD(struct bus_scope, cookie, WIRE_U32),
	WIRE_FIELD(struct bus_scope, unit, WIRE_TEXT),
	WIRE_FIELD(struct bus_scope, slice, WIRE_TEXT),
	WIRE_FIELD(struct bus_scope, description, WIRE_TEXT),
	WIRE_FIELD(struct bus_scope, pids, WIRE_LIST),
};

static const struct wire_field abandon_fields[] = {
	WIRE_FIELD(struct bus_abandon, unit, WIRE_TEXT),
};

static const struct wire_field kill_fields[] = {
	WIRE_FIELD(struct bus_kill, unit, WIRE_TEXT),
	WIRE_FIELD(struct bus_kill, signo, WIRE_I32),
};

static const struct wire_field owner_fields[] = {
	WIRE_FIELD(struct bus_owner, name, WIRE_TEXT),
	WIRE_FIELD(struct bus_owner, pid, WIRE_U32),
};

static const struct wire_field load_fields[] = {
	WIRE_FIELD(struct bus_load, cookie, WIRE_U32),
	WIRE_FIELD(struct bus_load, unit, WIRE_TEXT),
};

static const struct wire_field queued_fields[] = {
	WIRE_FIELD(struct bus_queued, cookie, WIRE_U32),
	WIRE_FIELD(struct bus_queued, job, WIRE_U32),
	WIRE_FIELD(struct bus_queued, error, WIRE_I32),
};

static const struct wire_field done_fields[] = {
	WIRE_FIELD(struct bus_done, job, WIRE_U32),
	WIRE_FIELD(struct bus_done, unit, WIRE_TEXT),
	WIRE_FIELD(struct bus_done, result, WIRE_TEXT),
};

static const struct wire_field unit_fields[] = {
	WIRE_FIELD(struct bus_unit, unit, WIRE_TEXT),
	WIRE_FIELD(struct bus_unit, description, WIRE_TEXT),
	WIRE_FIELD(struct bus_unit, load_state, WIRE_TEXT),
	WIRE_FIELD(struct bus_unit, active_state, WIRE_TEXT),
	WIRE_FIELD(struct bus_unit, sub_state, WIRE_TEXT),
	WIRE_FIELD(struct bus_unit, path, WIRE_TEXT),
	WIRE_FIELD(struct bus_unit, cgroup, WIRE_TEXT),
	WIRE_FIELD(struct bus_unit, main_pid, WIRE_U32),
	WIRE_FIELD(struct bus_unit, cookie, WIRE_U32),
};

static const struct wire_field unit_gone_fields[] = {
	WIRE_FIELD(struct bus_unit_gone, unit, WIRE_TEXT),
};

static const struct wire_message messages[] = {
	WIRE_EMPTY(BUS_READY),
	WIRE_MESSAGE(BUS_JOB, struct bus_job, job_fields),
	WIRE_MESSAGE(BUS_SCOPE, struct bus_scope, scope_fields),
	WIRE_MESSAGE(BUS_ABANDON, struct bus_abandon, abandon_fields),
	WIRE_MESSAGE(BUS_KILL, struct bus_kill, kill_fields),
	WIRE_MESSAGE(BUS_OWNER, struct bus_owner, owner_fields),
	WIRE_MESSAGE(BUS_LOAD, struct bus_load, load_fields),
	WIRE_MESSAGE(BUS_QUEUED, struct bus_queued, queued_fields),
	WIRE_MESSAGE(BUS_DONE, struct bus_done, done_fields),
	WIRE_MESSAGE(BUS_UNIT, struct bus_unit, unit_fields),
	WIRE_MESSAGE(BUS_UNIT_GONE, struct bus_unit_gone, unit_gone_fields),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol bus_protocol = { "bus", messages };
