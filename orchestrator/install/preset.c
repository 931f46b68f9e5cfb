/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "preset.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "early/dir.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"

#define PRESET_MAX (256 * 1024)

/* A file of a name hides those of that name in later directories. */
static const char *const preset_dirs[] = {
	"etc/systemd/system-preset",           "run/systemd/system-preset",
	"usr/local/lib/systemd/system-preset", "usr/lib/systemd/system-preset",
	"lib/systemd/system-preset",
};

int preset_parse(const char *text, const char *name, bool *ret_wanted)
{
	CLEANUP_STRV char **lines = NULL;
	int r = strv_split(text, "\n", &lines);

	if (r < 0)
		return r;
	for (size_t i = 0; i < strv_length(lines); i++) {
		CLEANUP_STRV char **words = NULL;

		r = strv_split(lines[i], " \t\r", &words);
		if (r < 0)
			return r;
		if (strv_length(words) < 2 || words[0][0] == '#' || words[0][0] == ';')
			continue;
		if (fnmatch(words[1], name, FNM_NOESCAPE) != 0)
			continue;
		if (strcmp(words[0], "enable") != 0 && strcmp(words[0], "disable") != 0)
			continue;
		*ret_wanted = strcmp(words[0], "enable") == 0;
		return 1;
	}
	return 0;
}

static int collect_names(int root_fd, const char *path, char ***names)
{
	struct dirent *entry;
	CLEANUP_DIR
	DIR *dir = NULL;
	int r = dir_open_at(root_fd, path, &dir);

	if (r < 0)
		return r == -ENOMEM ? r : 0; /* not there: no presets */
	while (r >= 0 && (entry = readdir(dir)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot != NULL && strcmp(dot, ".preset") == 0 &&
		    !strv_contains(*names, entry->d_name))
			r = strv_append(names, entry->d_name);
	}
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int query_file(int root_fd, const char *file, const char *name, bool *ret_wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(preset_dirs); i++) {
		CLEANUP_STRBUF struct strbuf path = STRBUF_INIT;
		CLEANUP(free_charp)
		char *text = NULL;
		size_t len;
		int r;

		strbuf_printf(&path, "%s/%s", preset_dirs[i], file);
		if (strbuf_error(&path) < 0)
			return -ENOMEM;
		r = fs_read_file_at(root_fd, path.data, PRESET_MAX, &text, &len);
		if (r == -ENOENT)
			continue;
		return r < 0 ? r : preset_parse(text, name, ret_wanted);
	}
	return 0;
}

int preset_query(int root_fd, const char *name, bool *ret_wanted)
{
	CLEANUP_STRV char **names = NULL;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(preset_dirs); i++)
		r = collect_names(root_fd, preset_dirs[i], &names);
	if (r < 0)
		return r;
	if (names != NULL)
		qsort(names, strv_length(names), sizeof(*names), compare_names);
	for (size_t i = 0; i < strv_length(names); i++) {
		r = query_file(root_fd, names[i], name, ret_wanted);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	*ret_wanted = true;
	return 0;
}
