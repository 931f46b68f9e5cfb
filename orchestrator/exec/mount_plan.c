/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sorting is by parts of the path, so that "/a/b" follows "/a" at once and "/a-b" comes after both.
 *
 * Access is not carried from mount to mount here, as a recursive change of attributes would: for each mount that is there in the end
 * the nearest entry above it is asked. So a mount that was read-only outside stays so below ReadWritePaths=, and a mount below a
 * read-only directory that was made later than the plan is not forgotten.
 */
#include "mount_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

bool mount_plan_is_within(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (len > 0 && directory[len - 1] == '/') /* the root */
		len--;
	return strncmp(path, directory, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool is_below(const char *path, const char *directory)
{
	return strcmp(path, directory) != 0 && mount_plan_is_within(path, directory);
}

static void entry_done(struct mount_entry *entry)
{
	free(entry->path);
	free(entry->source);
	free(entry->options);
}

void mount_plan_done(struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		entry_done(&plan->entries[i]);
	free(plan->entries);
	*plan = (struct mount_plan){ 0 };
}

int mount_plan_add(struct mount_plan *plan, const struct mount_entry *wish)
{
	struct mount_entry *entries = reallocarray(plan->entries, plan->n_entries + 1,
						   sizeof(*entries));
	struct mount_entry copy = *wish;

	if (!entries)
		return -ENOMEM;
	plan->entries = entries;
	copy.path = strdup(wish->path);
	copy.source = wish->source ? strdup(wish->source) : NULL;
	copy.options = wish->options ? strdup(wish->options) : NULL;
	if (!copy.path || (wish->source && !copy.source) || (wish->options && !copy.options)) {
		entry_done(&copy);
		return -ENOMEM;
	}
	if (copy.kind !=
	    MOUNT_NOTHING) { /* what is mounted anew is itself, whatever lies around it */
		copy.access = MIN(copy.access, (enum mount_access)MOUNT_ACCESS_READ_WRITE);
		copy.execution = MIN(copy.execution, (enum mount_execution)MOUNT_EXECUTION_ALLOWED);
	}
	entries[plan->n_entries++] = copy;
	return 0;
}

static void drop(struct mount_plan *plan, size_t i)
{
	entry_done(&plan->entries[i]);
	plan->n_entries--;
	memmove(&plan->entries[i], &plan->entries[i + 1],
		(plan->n_entries - i) * sizeof(plan->entries[0]));
}

/* --- overlays --- */

enum avoidance { AVOID_NOTHING, AVOID_DETACH, AVOID_DROP, AVOID_SPREAD };

static bool protects(const struct mount_entry *entry)
{
	return entry->access == MOUNT_ACCESS_READ_ONLY ||
	       entry->execution == MOUNT_EXECUTION_FORBIDDEN;
}

static enum avoidance how_to_avoid(const struct mount_entry *entry, char *const *overlaid)
{
	enum avoidance how = AVOID_NOTHING;

	for (size_t i = 0; overlaid && overlaid[i]; i++) {
		if (is_below(entry->path, overlaid[i]) ||
		    (entry->source && mount_plan_is_within(entry->source, overlaid[i])))
			return AVOID_DROP;
		if (strcmp(entry->path, overlaid[i]) == 0 && entry->kind != MOUNT_NOTHING)
			return AVOID_DETACH;
		if (is_below(overlaid[i], entry->path) && entry->kind == MOUNT_NOTHING &&
		    protects(entry))
			how = strcmp(entry->path, "/") == 0 ? AVOID_SPREAD : AVOID_DROP;
	}
	return how;
}

static bool holds_one(const char *path, char *const *overlaid)
{
	for (size_t i = 0; overlaid[i]; i++)
		if (mount_plan_is_within(overlaid[i], path))
			return true;
	return false;
}

/* A wish for just this path says more than one for all of "/". */
static bool has_own_wish(const struct mount_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		if (strcmp(plan->entries[i].path, path) == 0 &&
		    (plan->entries[i].kind != MOUNT_NOTHING ||
		     plan->entries[i].access != MOUNT_ACCESS_INHERITED))
			return true;
	return false;
}

/* The protection of "/" for each of its @children that holds no overlay. */
static int spread(struct mount_plan *plan, size_t i, char *const *overlaid, char *const *children)
{
	for (size_t j = 0; children && children[j]; j++) {
		struct mount_entry wish = plan->entries[i];
		int r;

		if (holds_one(children[j], overlaid) || has_own_wish(plan, children[j]))
			continue;
		wish.path = children[j];
		wish.optional = true;
		r = mount_plan_add(plan, &wish);
		if (r < 0)
			return r;
	}
	return 0;
}

int mount_plan_avoid(struct mount_plan *plan, char *const *overlaid, char *const *children,
		     size_t *ret_dropped)
{
	size_t n = plan->n_entries; /* what is spread needs no look */
	size_t dropped = 0;

	for (size_t i = 0; i < n;) {
		enum avoidance how = how_to_avoid(&plan->entries[i], overlaid);
		int r = how == AVOID_SPREAD ? spread(plan, i, overlaid, children) : 0;

		if (r < 0)
			return r;
		if (how == AVOID_DETACH)
			plan->entries[i].detach = true;
		if (how == AVOID_DROP || how == AVOID_SPREAD) {
			dropped += protects(&plan->entries[i]) ||
				   plan->entries[i].kind != MOUNT_NOTHING;
			drop(plan, i);
			n--;
		} else {
			i++;
		}
	}
	*ret_dropped = dropped;
	return 0;
}

/* --- the finished plan --- */

/* As if a slash were the first of all characters. */
static int compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int compare_entries(const void *a, const void *b)
{
	const struct mount_entry *left = a;
	const struct mount_entry *right = b;
	int order = compare_paths(left->path, right->path);

	return order ? order : (int)left->kind - (int)right->kind;
}

/* @next is for the same path and of a later kind. */
static void merge(struct mount_entry *entry, const struct mount_entry *next)
{
	/* what a mount is by itself gives way to what was asked for; among wishes the stricter one holds */
	if (entry->kind == MOUNT_NOTHING || next->access == MOUNT_ACCESS_READ_ONLY)
		entry->access = MIN(entry->access, next->access);
	entry->execution = MIN(entry->execution, next->execution);
	if (entry->kind == MOUNT_NOTHING)
		entry->optional &= next->optional;
	entry->detach |= next->detach;
}

/* The nearest entry at or above @path that says something of its access. */
static enum mount_access access_at(const struct mount_plan *plan, const char *path, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		const struct mount_entry *entry = &plan->entries[i];

		if (entry->access == MOUNT_ACCESS_INHERITED ||
		    !mount_plan_is_within(path, entry->path))
			continue;
		if (entry->own && strcmp(entry->path, path) != 0)
			return MOUNT_ACCESS_READ_WRITE;
		return entry->access;
	}
	return MOUNT_ACCESS_READ_WRITE;
}

static enum mount_execution execution_at(const struct mount_plan *plan, const char *path, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		const struct mount_entry *entry = &plan->entries[i];

		if (entry->execution != MOUNT_EXECUTION_INHERITED &&
		    mount_plan_is_within(path, entry->path))
			return entry->execution;
	}
	return MOUNT_EXECUTION_ALLOWED;
}

/* Nothing is mounted, and all that is said holds already. */
static bool is_needless(const struct mount_plan *plan, size_t i)
{
	const struct mount_entry *entry = &plan->entries[i];

	return entry->kind == MOUNT_NOTHING &&
	       (entry->access == MOUNT_ACCESS_INHERITED ||
		entry->access == access_at(plan, entry->path, i)) &&
	       (entry->execution == MOUNT_EXECUTION_INHERITED ||
		entry->execution == execution_at(plan, entry->path, i));
}

static bool is_hidden(const struct mount_plan *plan, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (plan->entries[j].kind == MOUNT_INACCESSIBLE &&
		    is_below(plan->entries[i].path, plan->entries[j].path))
			return true;
	return false;
}

void mount_plan_finish(struct mount_plan *plan)
{
	if (plan->n_entries > 0)
		qsort(plan->entries, plan->n_entries, sizeof(plan->entries[0]), compare_entries);
	for (size_t i = 1; i < plan->n_entries;) {
		if (strcmp(plan->entries[i].path, plan->entries[i - 1].path) == 0) {
			merge(&plan->entries[i - 1], &plan->entries[i]);
			drop(plan, i);
		} else {
			i++;
		}
	}
	for (size_t i = 0; i < plan->n_entries;) {
		if (is_hidden(plan, i) || is_needless(plan, i))
			drop(plan, i);
		else
			i++;
	}
}

uint64_t mount_plan_attributes(const struct mount_plan *plan, const char *path)
{
	uint64_t attributes = 0;

	if (access_at(plan, path, plan->n_entries) == MOUNT_ACCESS_READ_ONLY)
		attributes |= MOUNT_ATTR_RDONLY;
	if (execution_at(plan, path, plan->n_entries) == MOUNT_EXECUTION_FORBIDDEN)
		attributes |= MOUNT_ATTR_NOEXEC;
	return attributes;
}
