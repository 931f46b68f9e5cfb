/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Changes of the links that enable and mask unit files, below a root directory. 0 or negative errno. */

/* What was done, as systemd reports it. */
struct install_change {
	const char *type; /* literal: "symlink", "unlink" */
	char *path;
	char *source; /* of a symlink, else "" */
};

struct install {
	int root_fd; /* the caller's */
	const char *config_dir; /* UNIT_FILES_CONFIG or UNIT_FILES_RUNTIME */
	bool force; /* replace links that point elsewhere */
	struct install_change *changes;
	size_t n_changes;
	bool carries_info; /* some unit had something in [Install] */
	char *failed_path; /* what an error is about, or NULL */
};

void install_done(struct install *install);

/* -ENOENT: no such file; -ERFKILL: masked; -EEXIST: a file is in the way; -EINVAL: a specifier that is not understood. */
int install_enable(struct install *install, const char *name);
int install_disable(struct install *install, const char *name);
int install_mask(struct install *install, const char *name);
int install_unmask(struct install *install, const char *name);

/* Enables or disables by the presets. */
int install_preset(struct install *install, const char *name);

/* default.target. */
int install_set_default(struct install *install, const char *name);
