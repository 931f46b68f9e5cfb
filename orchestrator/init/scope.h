/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "early/list.h"

#include "cgroup.h"

/* Foreign processes (a login session) in a group of their own. Gone when the group is empty. */
#define SCOPE_MAX 1024

struct scope;
typedef void (*scope_fn)(struct scope *scope);

struct scope {
	struct list link; /* manager::scopes */
	char *name;
	char *description;
	struct cgroup group;
	uint64_t since_us; /* CLOCK_BOOTTIME */
	bool abandoned;
	bool stopping;
	scope_fn on_empty; /* may free it */
	void *data;
};

/* The group's path of a unit in @slice ("a-b.slice" lies in "a.slice"). Free *ret. */
int scope_path(const char *slice, const char *name, char **ret);

int scope_new(struct scope **ret, struct cgroup_tree *tree, const char *name, const char *slice,
	      const char *description, scope_fn on_empty, void *data);
struct scope *scope_free(struct scope *scope);

/* Moves the processes in. One that is gone is skipped; -ESRCH if all are. */
int scope_add(struct scope *scope, const pid_t *pids, size_t n_pids);
