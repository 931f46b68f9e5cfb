/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/overlay_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "early/fd.h"
#include "early/macros.h"
#include "early/settings.h"

static bool goes_up(const char *path)
{
	size_t len = strlen(path);

	return strstr(path, "/../") || (len >= 3 && strcmp(path + len - 3, "/..") == 0);
}

static bool is_beneath(const char *path, const char *other)
{
	size_t len = strlen(other);

	return strncmp(path, other, len) == 0 && path[len] == '/';
}

/* An overlay over a part of another would not be what either merges. */
static bool overlaps(const struct overlay_paths *paths, const char *path)
{
	for (uint32_t i = 0; i < paths->n; i++) {
		if (strcmp(path, paths->paths[i]) == 0 || is_beneath(path, paths->paths[i]) ||
		    is_beneath(paths->paths[i], path))
			return true;
	}
	return false;
}

/* Slashes at the end are cut. */
static int take_path(struct overlay_paths *paths, const char *path, size_t len)
{
	char *to;

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (path[0] != '/' || len == 1)
		return -EINVAL;
	if (len >= OVERLAY_PATH_SIZE || paths->n == OVERLAY_PATHS_MAX)
		return -ERANGE;
	to = paths->paths[paths->n];
	memcpy(to, path, len);
	to[len] = '\0';
	if (goes_up(to) || overlaps(paths, to))
		return -EINVAL;
	paths->n++;
	return 0;
}

int overlay_paths_parse(const char *text, const char *separators, struct overlay_paths *ret_paths)
{
	struct overlay_paths paths = { .given = 1 };
	int r = 0;

	while (r == 0 && *(text += strspn(text, separators))) {
		size_t len = strcspn(text, separators);

		r = take_path(&paths, text, len);
		text += len;
	}
	if (r == 0)
		*ret_paths = paths;
	return r;
}

static int take_paths(void *to, const char *value)
{
	return overlay_paths_parse(value, " \t", to);
}

int overlay_paths_read(const char *root, struct overlay_paths *ret_paths)
{
	static const struct setting settings[] = {
		{ "Paths", take_paths,
		  "at most 8 absolute paths, none beneath another, with blanks between" },
	};
	static const struct settings_section section = { "Overlay", "early-init(8)", settings,
							 ARRAY_SIZE(settings) };
	CLEANUP_FD
	int dirfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*ret_paths = (struct overlay_paths){ 0 };
	if (dirfd < 0)
		return -errno;
	return settings_read(dirfd, &SETTINGS_FILE[1], &section, ret_paths, true);
}
