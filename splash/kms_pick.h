/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which connector gets which CRTC and mode. Pure. */
#define KMS_PICK_MAX 8

struct kms_pick_mode {
	uint32_t width;
	uint32_t height;
	uint32_t refresh;
	bool preferred;
};

struct kms_pick_connector {
	bool connected;
	uint32_t possible_crtcs; /* bit i: the i-th CRTC */
	int crtc; /* index of the one it is on; -1: none */
	const struct kms_pick_mode *modes;
	size_t n_modes;
};

struct kms_pick_crtc {
	bool active;
	struct kms_pick_mode mode; /* if active */
};

struct kms_pick_choice {
	size_t connector;
	size_t crtc;
	size_t mode;
};

/* Returns the number of choices: one for each connected connector that has a mode and for which a CRTC is left. */
size_t kms_pick(const struct kms_pick_connector *connectors, size_t n_connectors,
		const struct kms_pick_crtc *crtcs, size_t n_crtcs,
		struct kms_pick_choice ret_choices[KMS_PICK_MAX]);
