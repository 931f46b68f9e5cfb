/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/overlayctl.h"

static const struct wire_field request_fields[] = {
	WIRE_FIELD(struct overlayctl_request, verb, WIRE_U32),
	WIRE_FIELD(struct overlayctl_request, into, WIRE_TEXT),
};

static const struct wire_field status_fields[] = {
	WIRE_FIELD(struct overlayctl_status, mountpoint, WIRE_TEXT),
	WIRE_FIELD(struct overlayctl_status, source, WIRE_TEXT),
	WIRE_FIELD(struct overlayctl_status, state, WIRE_U32),
	WIRE_FIELD(struct overlayctl_status, pid, WIRE_U32),
	WIRE_FIELD(struct overlayctl_status, lower, WIRE_LIST),
	WIRE_FIELD(struct overlayctl_status, upper, WIRE_TEXT),
	WIRE_FIELD(struct overlayctl_status, handles, WIRE_U64),
	WIRE_FIELD(struct overlayctl_status, nodes, WIRE_U64),
	WIRE_FIELD(struct overlayctl_status, upper_bytes, WIRE_U64),
	WIRE_FIELD(struct overlayctl_status, upper_total_bytes, WIRE_U64),
	WIRE_FIELD(struct overlayctl_status, sticky, WIRE_U64),
	WIRE_FIELD(struct overlayctl_status, last_error, WIRE_TEXT),
};

static const struct wire_field progress_fields[] = {
	WIRE_FIELD(struct overlayctl_progress, files_done, WIRE_U64),
	WIRE_FIELD(struct overlayctl_progress, files_total, WIRE_U64),
};

static const struct wire_field layer_fields[] = {
	WIRE_FIELD(struct overlayctl_layer, is_upper, WIRE_U32),
};

static const struct wire_field done_fields[] = {
	WIRE_FIELD(struct overlayctl_done, error, WIRE_I32),
	WIRE_FIELD(struct overlayctl_done, path, WIRE_TEXT),
	WIRE_FIELD(struct overlayctl_done, why, WIRE_TEXT),
	WIRE_FIELD(struct overlayctl_done, advice, WIRE_TEXT),
	WIRE_FIELD(struct overlayctl_done, files, WIRE_U64),
	WIRE_FIELD(struct overlayctl_done, bytes, WIRE_U64),
	WIRE_FIELD(struct overlayctl_done, conflicts, WIRE_U64),
	WIRE_FIELD(struct overlayctl_done, handles, WIRE_U64),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(OVERLAYCTL_REQUEST, struct overlayctl_request, request_fields),
	WIRE_MESSAGE(OVERLAYCTL_STATUS, struct overlayctl_status, status_fields),
	WIRE_MESSAGE(OVERLAYCTL_PROGRESS, struct overlayctl_progress, progress_fields),
	WIRE_MESSAGE(OVERLAYCTL_DONE, struct overlayctl_done, done_fields),
	WIRE_MESSAGE(OVERLAYCTL_LAYER, struct overlayctl_layer, layer_fields),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol overlayctl_protocol = { "overlayctl", messages };
