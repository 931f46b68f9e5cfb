/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ld_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "early/fs.h"
#include "early/strbuf.h"
#include "early/strv.h"

#include "roots.h"

#define LD_CONF_MAX_BYTES (64 * 1024)
#define LD_CONF_MAX_DEPTH 4 /* of includes; a file that includes itself ends here */

static int read_file(const struct roots *roots, const char *path, unsigned int depth, char ***dirs);

/* Patterns stand in the last component only, as everywhere in practice. */
static int read_included(const struct roots *roots, const char *pattern, unsigned int depth,
			 char ***dirs)
{
	const char *base = strrchr(pattern, '/');
	CLEANUP(free_charp)
	char *dir = NULL;
	CLEANUP_STRV
	char **names = NULL;
	int r;

	if (!base)
		return 0;
	dir = strndup(pattern, (size_t)(base - pattern));
	if (!dir)
		return -ENOMEM;
	r = roots_list(roots, dir, &names);
	for (size_t i = 0; r >= 0 && i < strv_length(names); i++) {
		CLEANUP_STRBUF
		struct strbuf path = STRBUF_INIT;

		if (fnmatch(base + 1, names[i], 0) != 0)
			continue;
		strbuf_printf(&path, "%s/%s", dir, names[i]);
		r = strbuf_error(&path);
		if (r >= 0)
			r = read_file(roots, path.data, depth + 1, dirs);
	}
	return r;
}

static int read_line(const struct roots *roots, char *line, unsigned int depth, char ***dirs)
{
	CLEANUP_STRV
	char **words = NULL;
	int r;

	line[strcspn(line, "#")] = '\0';
	r = strv_split(line, " \t:,", &words);
	if (r < 0 || !words || !words[0])
		return r;
	if (strcmp(words[0], "include") == 0) {
		for (size_t i = 1; r >= 0 && words[i]; i++)
			r = read_included(roots, words[i], depth, dirs);
		return r;
	}
	for (size_t i = 0; r >= 0 && words[i]; i++) {
		if (words[i][0] == '/' && !strv_contains(*dirs, words[i]))
			r = strv_append(dirs, words[i]);
	}
	return r;
}

static int read_file(const struct roots *roots, const char *path, unsigned int depth, char ***dirs)
{
	CLEANUP_FOUND
	struct roots_found file = { 0 };
	CLEANUP_STRV
	char **lines = NULL;
	CLEANUP(free_charp)
	char *text = NULL;
	size_t len;
	int r;

	if (depth > LD_CONF_MAX_DEPTH)
		return 0;
	r = roots_find(roots, path, NULL, &file);
	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = fs_read_file_at(AT_FDCWD, file.host, LD_CONF_MAX_BYTES, &text, &len);
	if (r >= 0)
		r = strv_split(text, "\n", &lines);
	for (size_t i = 0; r >= 0 && i < strv_length(lines); i++)
		r = read_line(roots, lines[i], depth, dirs);
	return r;
}

int ld_conf_read(const struct roots *roots, char ***ret_dirs)
{
	CLEANUP_STRV
	char **dirs = NULL;
	int r = read_file(roots, "/etc/ld.so.conf", 0, &dirs);

	if (r < 0)
		return r;
	*ret_dirs = TAKE_PTR(dirs);
	return 0;
}
