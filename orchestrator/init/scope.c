/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scope.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"
#include "early/macros.h"
#include "early/strbuf.h"

/* Slices are directories only: a path is all that is made of their names. */

int scope_path(const char *slice, const char *name, char **ret)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	size_t len = strlen(slice);
	char *text;

	if (len > 6 && strcmp(slice + len - 6, ".slice") == 0)
		len -= 6;
	if (memchr(slice, '/', len) || strchr(name, '/'))
		return -EINVAL;
	/* "-.slice" is the root; "a-b.slice" is /a.slice/a-b.slice. */
	for (size_t i = 1; i <= len && !(len == 1 && slice[0] == '-'); i++)
		if (i == len || slice[i] == '-')
			strbuf_printf(&path, "/%.*s.slice", (int)i, slice);
	strbuf_printf(&path, "/%s", name);
	text = strbuf_take(&path);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}

static void handle_empty(struct cgroup *group)
{
	struct scope *scope = group->data;

	scope->on_empty(scope);
}

int scope_new(struct scope **ret, struct cgroup_tree *tree, const char *name, const char *slice,
	      const char *description, scope_fn on_empty, void *data)
{
	struct scope *scope = calloc(1, sizeof(*scope));
	char *path CLEANUP(free_charp)
	= NULL;
	int r;

	if (!scope)
		return -ENOMEM;
	list_init(&scope->link);
	scope->group.fd = -1;
	scope->on_empty = on_empty;
	scope->data = data;
	scope->since_us = clock_boottime_us();
	scope->name = strdup(name);
	scope->description = strdup(description);
	r = scope->name && scope->description ? scope_path(slice, name, &path) : -ENOMEM;
	if (r == 0)
		r = cgroup_init(&scope->group, tree, path, handle_empty, scope);
	if (r == 0)
		r = cgroup_make(&scope->group);
	if (r < 0) {
		scope_free(scope);
		return r;
	}
	*ret = scope;
	return 0;
}

struct scope *scope_free(struct scope *scope)
{
	if (!scope)
		return NULL;
	list_remove(&scope->link);
	loop_timer_stop(&scope->deadline);
	cgroup_done(&scope->group);
	free(scope->name);
	free(scope->description);
	free(scope);
	return NULL;
}

int scope_add(struct scope *scope, const pid_t *pids, size_t n_pids)
{
	size_t n_added = 0;
	int error = -ESRCH;

	for (size_t i = 0; i < n_pids; i++) {
		int r = pids[i] > 1 ? cgroup_add(&scope->group, pids[i]) : -EINVAL;

		if (r == 0)
			n_added++;
		else
			error = r;
	}
	return n_added > 0 || n_pids == 0 ? 0 : error;
}
