/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/execs.h"

static const struct wire_field context_fields[] = {
	WIRE_FIELD(struct execs_context, environment, WIRE_LIST),
	WIRE_FIELD(struct execs_context, overlaid, WIRE_LIST),
	WIRE_FIELD(struct execs_context, cgroup, WIRE_TEXT),
};

static const struct wire_field failed_fields[] = {
	WIRE_FIELD(struct execs_failed, exit_code, WIRE_U32),
	WIRE_FIELD(struct execs_failed, error, WIRE_I32),
	WIRE_FIELD(struct execs_failed, step, WIRE_TEXT),
	WIRE_FIELD(struct execs_failed, detail, WIRE_TEXT),
};

static const struct wire_field skipped_fields[] = {
	WIRE_FIELD(struct execs_skipped, condition, WIRE_TEXT),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(EXECS_CONTEXT, struct execs_context, context_fields),
	WIRE_MESSAGE(EXECS_FAILED, struct execs_failed, failed_fields),
	WIRE_MESSAGE(EXECS_SKIPPED, struct execs_skipped, skipped_fields),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol execs_protocol = { "execs", messages };
