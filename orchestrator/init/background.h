/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "cgroup.h"

/* Processes that get the processor and the disks only when nobody else wants them, until they are raised. */
enum background_kind {
	BACKGROUND_NONE,
	BACKGROUND_GROUP, /* by the weights of the group */
	BACKGROUND_PROCESSES, /* by scheduling class and I/O priority of each process */
};

/* The group is there and empty. PROCESSES: background_process() is for each child, as soon as it is made. */
enum background_kind background_enter(struct cgroup *group);

/* A child of ours that has no children yet. */
void background_process(pid_t pid);

/* All that is in the group now. */
void background_raise(struct cgroup *group, enum background_kind kind);
