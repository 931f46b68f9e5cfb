/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/disks.h"

static const struct wire_field root_fields[] = {
	WIRE_FIELD(struct disks_root, spec, WIRE_TEXT),
	WIRE_FIELD(struct disks_root, fstype, WIRE_TEXT),
	WIRE_FIELD(struct disks_root, flags, WIRE_TEXT),
	WIRE_FIELD(struct disks_root, target, WIRE_TEXT),
	WIRE_FIELD(struct disks_root, wait_ms, WIRE_U32),
	WIRE_FIELD(struct disks_root, check, WIRE_U32),
};

static const struct wire_field check_fields[] = {
	WIRE_FIELD(struct disks_check, check, WIRE_U32),
};

static const struct wire_field separate_fields[] = {
	WIRE_FIELD(struct disks_separate, paths, WIRE_LIST),
	WIRE_FIELD(struct disks_separate, check, WIRE_U32),
};

static const struct wire_field mounted_fields[] = {
	WIRE_FIELD(struct disks_mounted, t_us, WIRE_U64),
	WIRE_FIELD(struct disks_mounted, device, WIRE_TEXT),
	WIRE_FIELD(struct disks_mounted, fstype, WIRE_TEXT),
	WIRE_FIELD(struct disks_mounted, local, WIRE_LIST),
	WIRE_FIELD(struct disks_mounted, network, WIRE_LIST),
	WIRE_FIELD(struct disks_mounted, overlays, WIRE_TEXT),
	WIRE_FIELD(struct disks_mounted, overlays_given, WIRE_U32),
};

static const struct wire_field progress_fields[] = {
	WIRE_FIELD(struct disks_progress, percent, WIRE_U32),
	WIRE_FIELD(struct disks_progress, what, WIRE_TEXT),
};

static const struct wire_field checked_fields[] = {
	WIRE_FIELD(struct disks_checked, t_us, WIRE_U64),
	WIRE_FIELD(struct disks_checked, verdict, WIRE_U32),
	WIRE_FIELD(struct disks_checked, text, WIRE_TEXT),
};

static const struct wire_field ready_fields[] = {
	WIRE_FIELD(struct disks_ready, t_us, WIRE_U64),
	WIRE_FIELD(struct disks_ready, root_read_only, WIRE_U32),
};

static const struct wire_field failed_fields[] = {
	WIRE_FIELD(struct disks_failed, what, WIRE_TEXT),
	WIRE_FIELD(struct disks_failed, why, WIRE_TEXT),
	WIRE_FIELD(struct disks_failed, advice, WIRE_TEXT),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(DISKS_ROOT, struct disks_root, root_fields),
	WIRE_MESSAGE(DISKS_CHECK, struct disks_check, check_fields),
	WIRE_EMPTY(DISKS_WRITE),
	WIRE_MESSAGE(DISKS_MOUNTED, struct disks_mounted, mounted_fields),
	WIRE_MESSAGE(DISKS_PROGRESS, struct disks_progress, progress_fields),
	WIRE_MESSAGE(DISKS_CHECKED, struct disks_checked, checked_fields),
	WIRE_MESSAGE(DISKS_READY, struct disks_ready, ready_fields),
	WIRE_MESSAGE(DISKS_FAILED, struct disks_failed, failed_fields),
	WIRE_MESSAGE(DISKS_SEPARATE, struct disks_separate, separate_fields),
	WIRE_EMPTY(DISKS_WRITABLE),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol disks_protocol = { "disks", messages };
