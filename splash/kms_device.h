/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <xf86drmMode.h>

#include "kms.h"
#include "kms_pick.h"

/* What the kms*.c files share. */
struct kms_buffer {
	uint32_t handle;
	uint32_t fb_id;
	uint64_t size;
};

struct kms_output {
	struct kms_screen screen;
	struct kms_buffer buffer;
	uint32_t connector_id;
	uint32_t crtc_id;
	uint32_t
		before_fb_id; /* on the CRTC before us: an earlier splash's or the console's, no compositor's */
	uint32_t old_fb_id; /* of an earlier splash or setup, to be removed once ours is shown */
	drmModeModeInfo mode;
};

struct kms_watch {
	uint32_t fb_id;
	unsigned int changes;
};

struct kms {
	int fd;
	size_t n_outputs;
	struct kms_output outputs[KMS_PICK_MAX];
	struct kms_watch watch[KMS_PICK_MAX];
};

/* kms_buffer.c: dumb buffers. */
int kms_buffer_new(int fd, uint32_t width, uint32_t height, struct kms_buffer *ret_buffer,
		   struct surface *ret_surface);
void kms_buffer_done(int fd, struct kms_buffer *buffer, struct surface *surface);

/* Maps a framebuffer that exists, for reading or also for writing. -ENOTSUP: not linear 32-bit memory. */
int kms_buffer_of_fb(int fd, uint32_t fb_id, bool writable, struct kms_buffer *ret_buffer,
		     struct surface *ret_surface);
void kms_buffer_unmap(struct kms_buffer *buffer, struct surface *surface);
void kms_buffer_close_handle(int fd, uint32_t handle);
