/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The upper layer is walked; of the lower ones only what it names is looked at, so this takes as long as much was changed. A union that is
 * written to meanwhile is seen as it was when each directory was read: what went since is passed over.
 */
#include "overlay_diff.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/strbuf.h"

#include "marks.h"

struct walk {
	overlay_change_fn fn;
	void *data;
};

/* One directory of the union: in the upper layer, and in those below it that it is merged with. */
struct level {
	int upper;
	int *lower;
	size_t n_lower;
	const char *path; /* "" for the root */
};

static bool is_opaque(int fd)
{
	char value[4];
	ssize_t n = fgetxattr(fd, MARKS_OPAQUE, value, sizeof(value));

	return n > 0 && marks_is_opaque(value, (size_t)n);
}

/* What the lower layers show under that name. */
static bool find_lower(const struct level *level, const char *name, struct stat *ret_st)
{
	for (size_t i = 0; i < level->n_lower; i++)
		if (fstatat(level->lower[i], name, ret_st, AT_SYMLINK_NOFOLLOW) == 0)
			return !marks_is_whiteout(ret_st);
	return false;
}

static void close_lower(struct level *level)
{
	for (size_t i = 0; i < level->n_lower; i++)
		fd_close(level->lower[i]);
	free(level->lower);
	level->lower = NULL;
	level->n_lower = 0;
}

static void level_done(struct level *level)
{
	close_lower(level);
	level->upper = fd_close(level->upper);
}

/* The directories of that name that are merged into one: up to what is no directory, or hides what is below it. */
static int open_lower(const struct level *parent, const char *name, struct level *level)
{
	level->lower = calloc(parent->n_lower + 1, sizeof(int));
	if (!level->lower)
		return -ENOMEM;
	for (size_t i = 0; i < parent->n_lower; i++) {
		int fd = openat(parent->lower[i], name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
		level->lower[level->n_lower++] = fd;
		if (is_opaque(fd))
			break;
	}
	return 0;
}

static int tell(const struct walk *walk, enum overlay_change change, const struct level *level,
		const char *name, mode_t mode)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;

	strbuf_printf(&path, "%s/%s", level->path, name);
	return strbuf_error(&path) < 0 ? -ENOMEM : walk->fn(change, path.data, mode, walk->data);
}

static int is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
	       !marks_is_hidden_name(entry->d_name);
}

static void free_entries(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
}

/* What lay in a directory that was removed and made anew, and is not in the new one. */
static int tell_hidden(const struct walk *walk, const struct level *level)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < level->n_lower; i++) {
		struct dirent **entries;
		int n = scandirat(level->lower[i], ".", &entries, is_entry, alphasort);

		for (int k = 0; r == 0 && k < n; k++) {
			const struct level above = { .lower = level->lower, .n_lower = i };
			const char *name = entries[k]->d_name;
			struct stat st, other;

			if (fstatat(level->upper, name, &other, AT_SYMLINK_NOFOLLOW) == 0 ||
			    fstatat(level->lower[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			    marks_is_whiteout(&st))
				continue;
			/* One of a higher layer was told already, or hides it. */
			if (!find_lower(&above, name, &other))
				r = tell(walk, OVERLAY_REMOVED, level, name, st.st_mode);
		}
		if (n >= 0)
			free_entries(entries, n);
	}
	return r;
}

static int walk_level(const struct walk *walk, const struct level *level);

static int walk_dir(const struct walk *walk, const struct level *parent, const char *name,
		    const struct stat *st, const struct stat *lower)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	struct level level CLEANUP(level_done) = { .upper = -1 };
	bool opaque;
	int r;

	level.upper = openat(parent->upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (level.upper < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	strbuf_printf(&path, "%s/%s", parent->path, name);
	r = strbuf_error(&path);
	if (r == 0)
		r = open_lower(parent, name, &level);
	level.path = path.data;
	opaque = is_opaque(level.upper);
	if (r == 0 && !lower)
		r = tell(walk, OVERLAY_ADDED, parent, name, st->st_mode);
	else if (r == 0 && (opaque || lower->st_mode != st->st_mode ||
			    lower->st_uid != st->st_uid || lower->st_gid != st->st_gid))
		r = tell(walk, OVERLAY_CHANGED, parent, name, st->st_mode);
	if (r == 0 && opaque)
		r = tell_hidden(walk, &level);
	if (opaque)
		close_lower(&level);
	return r == 0 ? walk_level(walk, &level) : r;
}

static int walk_entry(const struct walk *walk, const struct level *level, const char *name)
{
	struct stat st, lower;
	bool has_lower;

	if (fstatat(level->upper, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	has_lower = find_lower(level, name, &lower);
	if (marks_is_whiteout(&st))
		return has_lower ? tell(walk, OVERLAY_REMOVED, level, name, lower.st_mode) : 0;
	if (S_ISDIR(st.st_mode))
		return walk_dir(walk, level, name, &st, has_lower ? &lower : NULL);
	return tell(walk, has_lower ? OVERLAY_CHANGED : OVERLAY_ADDED, level, name, st.st_mode);
}

static int walk_level(const struct walk *walk, const struct level *level)
{
	struct dirent **entries;
	int n = scandirat(level->upper, ".", &entries, is_entry, alphasort);
	int r = n < 0 ? -errno : 0;

	for (int i = 0; r == 0 && i < n; i++)
		r = walk_entry(walk, level, entries[i]->d_name);
	if (n >= 0)
		free_entries(entries, n);
	return r;
}

int overlay_diff(int upper_fd, const int *lower_fds, size_t n_lower, overlay_change_fn fn,
		 void *data)
{
	const struct walk walk = { fn, data };
	const struct level root = { upper_fd, (int *)lower_fds, n_lower, "" };

	return walk_level(&walk, &root);
}
