/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking at somebody else's picture: which framebuffer does each of our CRTCs show, and what is in it?
 *
 * Needs no master, but CAP_SYS_ADMIN for the handles. Where the memory can't be read (tiled or compressed by the GPU), the
 * number of changes must do: a compositor that flips pages draws frames, one that only set a mode does not. Looks
 * come four times a second, so three changes are most of a second of steady drawing.
 */
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#include "kms_device.h"
#include "sample.h"

#define CHANGES_OF_A_PICTURE 3

static bool fb_is_picture(int fd, uint32_t fb_id, bool *ret_readable)
{
	static uint32_t samples[SAMPLE_COLUMNS * SAMPLE_ROWS];
	struct kms_buffer buffer;
	struct surface surface;
	bool is_picture;
	size_t n;

	*ret_readable = kms_buffer_of_fb(fd, fb_id, false, &buffer, &surface) == 0;
	if (!*ret_readable)
		return false;
	n = sample_grid(&surface, samples, SAMPLE_COLUMNS * SAMPLE_ROWS);
	is_picture = sample_is_picture(samples, n);
	kms_buffer_unmap(&buffer, &surface);
	kms_buffer_close_handle(fd, buffer.handle);
	return is_picture;
}

static bool look_at(struct kms *kms, struct kms_output *output, struct kms_watch *watch)
{
	drmModeCrtcPtr crtc = drmModeGetCrtc(kms->fd, output->crtc_id);
	uint32_t fb_id;
	bool readable;

	if (!crtc)
		return false;
	fb_id = crtc->buffer_id;
	drmModeFreeCrtc(crtc);
	if (fb_id == 0 || fb_id == output->buffer.fb_id || fb_id == output->before_fb_id)
		return false;
	if (fb_id != watch->fb_id)
		watch->changes++;
	watch->fb_id = fb_id;
	if (fb_is_picture(kms->fd, fb_id, &readable))
		return true;
	return !readable && watch->changes >= CHANGES_OF_A_PICTURE;
}

bool kms_watch_look(struct kms *kms)
{
	for (size_t i = 0; i < kms->n_outputs; i++)
		if (look_at(kms, &kms->outputs[i], &kms->watch[i]))
			return true;
	return false;
}

void kms_watch_reset(struct kms *kms)
{
	memset(kms->watch, 0, sizeof(kms->watch));
}
