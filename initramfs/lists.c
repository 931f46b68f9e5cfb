/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lists.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>

#include "early/fs.h"
#include "early/log.h"
#include "early/strbuf.h"
#include "early/strv.h"

#include "closure.h"
#include "roots.h"

#define LISTS_MAX_BYTES (256 * 1024)

static void trim(char *line)
{
	size_t len;

	line[strcspn(line, "#\r")] = '\0';
	len = strlen(line);
	while (len > 0 && strchr(" \t", line[len - 1]))
		line[--len] = '\0';
}

static int add_line(struct closure *closure, const struct roots *roots, const char *line,
		    const char *where)
{
	bool optional = line[0] == '?';
	const char *path = line + strspn(line, optional ? "? \t" : " \t");

	if (path[0] == '\0' && !optional)
		return 0;
	if (path[0] != '/') {
		log_error("%s: \"%s\" is no absolute path; write /…, or \"? /…\" for a file that "
			  "may be missing",
			  where, path);
		return -EINVAL;
	}
	if (optional) {
		CLEANUP_FOUND
		struct roots_found file = { 0 };

		if (roots_find(roots, path, NULL, &file) == -ENOENT)
			return 0;
	}
	return closure_add(closure, path, TREE_GROUP_FILES, where);
}

static int add_text(struct closure *closure, const struct roots *roots, char *text,
		    const char *name)
{
	unsigned int number = 0;
	int r = 0;

	for (char *line = text; line && r >= 0;) {
		CLEANUP_STRBUF
		struct strbuf where = STRBUF_INIT;
		char *end = strchr(line, '\n');

		if (end)
			*end++ = '\0';
		strbuf_printf(&where, "%s/%s:%u", LISTS_DIR, name, ++number);
		r = strbuf_error(&where);
		trim(line);
		if (r >= 0)
			r = add_line(closure, roots, line, where.data);
		line = end;
	}
	return r;
}

static int add_list(struct closure *closure, const struct roots *roots, const char *name)
{
	CLEANUP_FOUND
	struct roots_found file = { 0 };
	CLEANUP_STRBUF
	struct strbuf path = STRBUF_INIT;
	CLEANUP(free_charp)
	char *text = NULL;
	size_t len;
	int r;

	strbuf_printf(&path, "%s/%s", LISTS_DIR, name);
	r = strbuf_error(&path);
	if (r >= 0)
		r = roots_find(roots, path.data, NULL, &file);
	if (r >= 0)
		r = fs_read_file_at(AT_FDCWD, file.host, LISTS_MAX_BYTES, &text, &len);
	if (r < 0)
		return log_errno(r, "cannot read %s/%s", LISTS_DIR, name);
	return add_text(closure, roots, text, name);
}

int lists_add(struct closure *closure, const struct roots *roots)
{
	CLEANUP_STRV
	char **names = NULL;
	int r = roots_list(roots, LISTS_DIR, &names);

	if (r < 0)
		return log_errno(r, "cannot read %s", LISTS_DIR);
	for (size_t i = 0; r >= 0 && i < strv_length(names); i++) {
		if (fnmatch("*.list", names[i], 0) == 0)
			r = add_list(closure, roots, names[i]);
	}
	return r;
}
