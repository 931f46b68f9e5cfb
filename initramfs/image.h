/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "pack.h"
#include "picks.h"
#include "tree.h"

struct roots;

/* What the image is made of. */
struct image_request {
	const struct roots *roots;
	const char *version; /* of the kernel */
	enum picks_hardware hardware;
	char *const *file_systems;
	char *const *modules;
	char *const *files; /* of --add */
	const char *sysfs;
};

/* Fills @tree. Errors are logged. */
int image_collect(const struct image_request *request, struct tree *tree);

/*
 * Writes @tree as an archive to @path: beside it first, then renamed, so that @path is always a whole image.
 * @ret_unpacked and @ret_packed are sizes in bytes. With NULL as @path nothing is written. Errors are logged.
 */
int image_write(const struct tree *tree, enum pack_method method, uint32_t mtime, const char *path,
		uint64_t *ret_unpacked, uint64_t *ret_packed);
