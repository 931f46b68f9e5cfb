/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "phase.h"

/* The two things that early-modules does. Errors are logged; 0 if the work was done as far as it could be. */
struct loader_request {
	const char *root; /* where /sys, /proc, /lib/modules and the list are */
	const char *
		root_fs; /* file system of the root, NULL: the command line's rootfstype, else ext4 */
	bool stay; /* a phase goes on with devices that come later, until it is ended */
};

/* Loads what @phase wants for the devices that are there and that appear meanwhile. */
int loader_run_phase(const struct loader_request *request, enum phase phase);

/* Loads modules by name or alias, as modprobe does. -ENOENT if one is not there. */
int loader_run_names(const struct loader_request *request, int n_names, char **names);
