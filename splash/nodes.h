/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "early/loop.h"

/* The device nodes of screens, as devtmpfs makes them; no udev. @root is "" but in tests. */
struct nodes {
	struct loop_source source;
	const char *root;
	int fd;
	int dri_watch; /* -1: /dev/dri is not there yet */
	void (*on_change)(struct nodes *nodes);
};

int nodes_init(struct nodes *nodes, struct loop *loop, const char *root,
	       void (*on_change)(struct nodes *nodes));
void nodes_done(struct nodes *nodes);

#define NODE_PATH_MAX 64

/* Existing /dev/dri/card* in numeric order. Returns how many were written. */
size_t nodes_list_cards(const char *root, char (*paths)[NODE_PATH_MAX], size_t max);

/* Is fb0 only the kernel's emulation on top of a DRM device? Then it shows nothing while that device has a master. */
bool nodes_fb_is_drm(const char *root);
