/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroup.h"
#include "early/wire.h"

/*
 * Writes the limits of a unit into its group at @path ("/system.slice/x.service"), which must be there. Nothing here is an error of
 * the unit: what the kernel does not have or take is logged (a missing controller once), and the unit runs without it.
 */
void cgroup_limit(struct cgroup_tree *tree, const char *path, const struct wire_list *limits);

/* Makes these controllers available in the group at @path. */
void cgroup_enable(struct cgroup_tree *tree, const char *path, const struct wire_list *controllers);
