/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Where transient overlays are mounted at a boot. */
#define OVERLAY_PATHS_MAX 8
#define OVERLAY_PATH_SIZE 256

struct overlay_paths {
	char paths[OVERLAY_PATHS_MAX][OVERLAY_PATH_SIZE];
	uint32_t n;
	uint32_t given; /* 1: somebody said them, and if it was that there are none */
};

/*
 * Pure. The paths in @text, with any of @separators between them; none is a list as well. -EINVAL for one that is not absolute, goes
 * up by .., is the root itself, or lies at or beneath another, -ERANGE for too long a path or too many; then *ret_paths is as it was.
 */
int overlay_paths_parse(const char *text, const char *separators, struct overlay_paths *ret_paths);

/* Paths= in [Overlay] of early.conf beneath the directory @root ("/" for the running system's); not given if it is not there. */
int overlay_paths_read(const char *root, struct overlay_paths *ret_paths);
