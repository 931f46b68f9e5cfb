/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"
#include "mount_plan.h"

/* A directory of the service's own: writable whatever is protected. */
struct sandbox_directory {
	char *path; /* where the service finds it, for the host */
	char *source; /* where it lies, if that is elsewhere */
	bool hidden; /* its parent is for root alone: to be bound over an empty one */
};

/* What a unit's mounts depend on besides its settings. */
struct sandbox {
	const struct wire_list *settings;
	const char *root; /* RootDirectory=, "" for none */
	const char *notify_socket; /* NULL for none */
	const char *credentials; /* the service's own, NULL for none */
	const char *private_tmp; /* where its /tmp and /var/tmp lie; NULL for none */
	const char *private_var_tmp;
	bool tmp_in_memory; /* /tmp is a new file system instead */
	const struct sandbox_directory *directories;
	size_t n_directories;
};

/* True if the service needs a mount name space. Pure. */
bool sandbox_wants_mounts(const struct sandbox *sandbox);

/* The wishes of a unit, with paths of the host. Pure. */
int sandbox_plan(const struct sandbox *sandbox, struct mount_plan *plan);

/* --- what follows from several settings; pure --- */
bool sandbox_wants_private_tmp(const struct wire_list *settings);
