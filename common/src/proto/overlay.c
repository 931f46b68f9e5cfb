/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/overlay.h"

static const struct wire_field mounted_fields[] = {
	WIRE_FIELD(struct overlay_mounted, t_us, WIRE_U64),
};

static const struct wire_field merge_fields[] = {
	WIRE_FIELD(struct overlay_merge, into, WIRE_TEXT),
};

static const struct wire_field progress_fields[] = {
	WIRE_FIELD(struct overlay_progress, files_done, WIRE_U64),
	WIRE_FIELD(struct overlay_progress, files_total, WIRE_U64),
};

static const struct wire_field merged_fields[] = {
	WIRE_FIELD(struct overlay_merged, t_us, WIRE_U64),
	WIRE_FIELD(struct overlay_merged, files, WIRE_U64),
	WIRE_FIELD(struct overlay_merged, bytes, WIRE_U64),
	WIRE_FIELD(struct overlay_merged, conflicts, WIRE_U64),
};

static const struct wire_field gone_fields[] = {
	WIRE_FIELD(struct overlay_gone, t_us, WIRE_U64),
	WIRE_FIELD(struct overlay_gone, handles, WIRE_U64),
};

static const struct wire_field failed_fields[] = {
	WIRE_FIELD(struct overlay_failed, path, WIRE_TEXT),
	WIRE_FIELD(struct overlay_failed, why, WIRE_TEXT),
	WIRE_FIELD(struct overlay_failed, advice, WIRE_TEXT),
};

static const struct wire_field stays_fields[] = {
	WIRE_FIELD(struct overlay_stays, t_us, WIRE_U64),
	WIRE_FIELD(struct overlay_stays, why, WIRE_TEXT),
	WIRE_FIELD(struct overlay_stays, advice, WIRE_TEXT),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(OVERLAY_MOUNTED, struct overlay_mounted, mounted_fields),
	WIRE_MESSAGE(OVERLAY_MERGE, struct overlay_merge, merge_fields),
	WIRE_MESSAGE(OVERLAY_PROGRESS, struct overlay_progress, progress_fields),
	WIRE_MESSAGE(OVERLAY_MERGED, struct overlay_merged, merged_fields),
	WIRE_MESSAGE(OVERLAY_GONE, struct overlay_gone, gone_fields),
	WIRE_MESSAGE(OVERLAY_FAILED, struct overlay_failed, failed_fields),
	WIRE_MESSAGE(OVERLAY_STAYS, struct overlay_stays, stays_fields),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol overlay_protocol = { "overlay", messages };
