/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* For which machines an image is made. */
enum picks_hardware {
	PICKS_THIS, /* by the modaliases of the machine that makes it */
	PICKS_VIRTUAL, /* virtual machines of all makes */
	PICKS_ANY, /* every display driver, common storage, keyboards */
};

int picks_parse(const char *text, enum picks_hardware *ret);

/* Modules by name that an image for @hardware takes if the kernel has them; NULL-terminated. */
const char *const *picks_display_names(enum picks_hardware hardware);
const char *const *picks_storage_names(enum picks_hardware hardware);
const char *const *picks_real_names(enum picks_hardware hardware); /* storage that is not virtual */
const char *const *picks_common_names(void);

/* Does @hardware take the module at @path (below /lib/modules/VERSION) by its place alone? */
bool picks_takes_path(enum picks_hardware hardware, const char *path);

/* Is a module at @path of use before the root is mounted (picture, disk, a rescue shell's keyboard), when a device of the machine asks for it? */
bool picks_is_early(const char *path);
