/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "early/macros.h"

#include "picks.h"

struct roots;

/* A kernel module that goes into the image. */
struct kmods_module {
	char *name;
	char *path; /* below /lib/modules/VERSION */
	size_t len; /* of the file */
	char *options; /* of modprobe.d, NULL for none */
	char **needs; /* in the order in which they are loaded */
	char **before; /* soft: tried before */
	char **after; /* soft: tried after */
	char **aliases; /* none for a blacklisted module */
	char **firmware;
};

struct kmods {
	struct kmods_module *modules; /* sorted by name */
	size_t n_modules;
};

struct kmods_request {
	const struct roots *roots;
	const char *version;
	enum picks_hardware hardware;
	char *const *file_systems; /* "ext4" … */
	char *const *extra; /* by name or alias, must exist */
	const char *sysfs; /* whose modaliases count for PICKS_THIS */
};

/* The modules that @request asks for with all that they need. Errors are logged. */
int kmods_collect(struct kmods *kmods, const struct kmods_request *request);
void kmods_done(struct kmods *kmods);
#define CLEANUP_KMODS CLEANUP(kmods_done)

/* The text of modules.list (docs/man/early-modules.8.scd describes it). Free *ret_text. */
int kmods_write_list(const struct kmods *kmods, const char *version, char **ret_text);
