/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroup.h"
#include "early/wire.h"

/*
 * Restricts the processes of a group, which was just made, to the @devices of a manifest ("policy=closed", "/dev/null rwm",
 * "char-pts rw"). An empty list restricts nothing. On failure nothing is restricted; it was logged.
 */
int cgroup_restrict_devices(struct cgroup *group, const struct wire_list *devices);
