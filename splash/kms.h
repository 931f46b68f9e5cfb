/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "layout.h"
#include "surface.h"

/* One DRM device with a buffer for each connected output. */
struct kms;

struct kms_screen {
	struct surface surface;
	struct layout layout;
	bool shown; /* what is in the surface is on the screen */
};

/* Opens the device and prepares its outputs; nothing is shown yet. -ENXIO: no output is connected. */
int kms_open(const char *path, struct kms **ret_kms);

/*
 * Goes on with an open file of an earlier splash (taken over, also on failure): where that splash's picture is still on the
 * screen, its buffer is used as it is. Does not ask for master: without it nothing can be
 * committed yet.
 */
int kms_adopt(int fd, struct kms **ret_kms);

/* Closes the file. What is on the screen stays if another process holds the same open file. */
struct kms *kms_free(struct kms *kms);

int kms_fd(const struct kms *kms);
size_t kms_n_screens(const struct kms *kms);
struct kms_screen *kms_screen(struct kms *kms, size_t index);

/* Puts what was painted on the screen: a mode set for a screen that is not shown yet, else a flush of @damage. */
int kms_commit(struct kms *kms, size_t index, const struct damage *damage);

/* Looks for outputs anew, with fresh buffers; the old ones go when the new ones are shown. */
int kms_rescan(struct kms *kms);

int kms_take_master(struct kms *kms);
int kms_drop_master(struct kms *kms);
bool kms_is_master(const struct kms *kms);

/* Does a CRTC show somebody else's picture, by now, that is not of one colour? */
bool kms_watch_look(struct kms *kms);
void kms_watch_reset(struct kms *kms);
