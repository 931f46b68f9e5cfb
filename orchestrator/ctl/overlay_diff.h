/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* What an upper layer has changed against the lower ones. Layers are directories in overlayfs's format, uppermost first. */

enum overlay_change {
	OVERLAY_ADDED,
	OVERLAY_CHANGED, /* its bytes, attributes or kind */
	OVERLAY_REMOVED,
};

/* @path begins with a slash, the root of the layers; @mode is of what is there, or was. Non-zero ends the walk. */
typedef int (*overlay_change_fn)(enum overlay_change change, const char *path, mode_t mode,
				 void *data);

/* By name, a directory before what is in it; of one that was removed only itself. 0, negative errno, or what @fn returned. */
int overlay_diff(int upper_fd, const int *lower_fds, size_t n_lower, overlay_change_fn fn,
		 void *data);
