/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* How the root is to be mounted; runs in a child, because mount(2) may sleep. */
struct mount_root {
	const char *device;
	char **types; /* tried in this order */
	const char *options; /* rootflags= */
	const char *target;
	int result_fd; /* the type that did it is written here */
};

/* Superblock read-only, mount read-write. Says what went wrong on stderr. 0 or negative errno. */
int mount_root_run(void *mount_root);

/* The types to try: what rootfstype= lists, with the type that was found first if it is among them. */
int mount_root_types(const char *listed, const char *found, char ***ret_types);
