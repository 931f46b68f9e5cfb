/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "verbs.h"

#define LOG_FILE_MAX (64 * 1024 * 1024)
#define SUFFIX ".log"

char *log_files_run_dir(const struct settings *settings)
{
	char *run CLEANUP(free_charp)
	= verb_run_dir(settings);
	char *dir;

	return run && asprintf(&dir, "%s/log", run) >= 0 ? dir : NULL;
}

static void close_dirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir); /* read only */
}

int log_files_names(const char *dir, char ***ret_names)
{
	DIR *stream CLEANUP(close_dirp)
	= opendir(dir);
	char **names CLEANUP_STRV = NULL;
	const struct dirent *entry;

	if (!stream)
		return -errno;
	while ((entry = readdir(stream))) {
		size_t len = strlen(entry->d_name);
		int r = 0;

		if (len > strlen(SUFFIX) && entry->d_name[0] != '.' &&
		    strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0)
			r = strv_appendf(&names, "%.*s", (int)(len - strlen(SUFFIX)),
					 entry->d_name);
		if (r < 0)
			return r;
	}
	*ret_names = TAKE_PTR(names);
	return 0;
}

int log_files_add(struct log_files *files, const char *name, char *text, size_t len)
{
	char **texts = reallocarray(files->texts, files->n_texts + 1, sizeof(*texts));

	if (!texts) {
		free(text);
		return -ENOMEM;
	}
	files->texts = texts;
	texts[files->n_texts++] = text;
	return log_lines_add(&files->lines, name, text, len);
}

int log_files_add_file(struct log_files *files, const char *dir, const char *name,
		       const char *suffix)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	char *text = NULL;
	size_t len = 0;
	int r;

	strbuf_printf(&path, "%s/%s" SUFFIX "%s", dir, name, suffix);
	r = strbuf_error(&path);
	if (r == 0)
		r = fs_read_file_at(AT_FDCWD, path.data, LOG_FILE_MAX, &text, &len);
	return r < 0 ? r : log_files_add(files, name, text, len);
}

/* Both halves of a rotated one; the older need not be there. */
static int read_service(struct log_files *files, const char *dir, const char *name)
{
	int r = log_files_add_file(files, dir, name, ".1");

	return r < 0 && r != -ENOENT ? r : log_files_add_file(files, dir, name, "");
}

static int read_directory(struct log_files *files, const char *dir)
{
	int r = log_files_names(dir, &files->names);

	for (char **name = files->names; r == 0 && name && *name; name++) {
		r = read_service(files, dir, *name);
		if (r == -ENOENT)
			r = 0; /* rotated this moment */
	}
	if (r == 0 && files->lines.n == 0)
		return -ENOENT;
	log_lines_sort(&files->lines);
	return r;
}

static int read_dir(struct log_files *files, const char *dir, const char *name)
{
	int r;

	*files = (struct log_files){ 0 };
	if (!name) {
		r = read_directory(files, dir);
	} else {
		r = strv_append(&files->names, name);
		if (r == 0)
			r = read_service(files, dir, files->names[0]);
	}
	if (r < 0)
		log_files_done(files);
	return r;
}

int log_files_read(struct log_files *files, const struct settings *settings, const char *name)
{
	char *dir CLEANUP(free_charp)
	= log_files_run_dir(settings);

	*files = (struct log_files){ 0 };
	if (!dir)
		return -ENOMEM;
	if (strcmp(settings->control, CONTROL_PATH) == 0 &&
	    read_dir(files, LOG_FILES_ARCHIVE, name) == 0)
		return 0;
	return read_dir(files, dir, name);
}

void log_files_done(struct log_files *files)
{
	log_lines_done(&files->lines);
	for (size_t i = 0; i < files->n_texts; i++)
		free(files->texts[i]);
	free(files->texts);
	strv_free(files->names);
	*files = (struct log_files){ 0 };
}
