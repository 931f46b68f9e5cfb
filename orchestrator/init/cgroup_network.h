/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroup.h"
#include "early/wire.h"

/*
 * Restricts with whom the processes of a group, which was just made, may talk ("allow 10.0.0.0/8", "deny ::/0"). An empty list
 * restricts nothing. On failure it was logged.
 */
int cgroup_restrict_network(struct cgroup *group, const struct wire_list *addresses);
