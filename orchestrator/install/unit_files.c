/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/dir.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/strv.h"

#include "install_info.h"
#include "text.h"
#include "unit_name.h"

#define UNIT_FILE_MAX (1024 * 1024)
#define LINK_DEPTH_MAX 16

static const char *const search_dirs[] = {
	"/etc/early/services.d", "/run/early/services.d",   "/usr/lib/early/services.d",
	UNIT_FILES_CONFIG,       UNIT_FILES_RUNTIME,        "/usr/local/lib/systemd/system",
	"/lib/systemd/system",   "/usr/lib/systemd/system",
};

static int find_exact(int root_fd, const char *name, char **ret_path)
{
	for (size_t i = 0; i < ARRAY_SIZE(search_dirs); i++) {
		CLEANUP_STRBUF struct strbuf path = STRBUF_INIT;
		struct stat st;

		strbuf_printf(&path, "%s/%s", search_dirs[i], name);
		if (strbuf_error(&path) < 0)
			return -ENOMEM;
		if (fstatat(root_fd, path.data + 1, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		*ret_path = strbuf_take(&path);
		return 0;
	}
	return -ENOENT;
}

int unit_files_find(int root_fd, const char *name, char **ret_path)
{
	CLEANUP(free_charp)
	char *template = NULL;
	int r = find_exact(root_fd, name, ret_path);

	if (r != -ENOENT)
		return r;
	r = unit_name_template(name, &template);
	return r < 0 ? r : find_exact(root_fd, template, ret_path);
}

/* The target of a link as it is written; -EINVAL when it is no link. */
static int read_link(int dir_fd, const char *path, char *buf, size_t size)
{
	ssize_t len = readlinkat(dir_fd, path, buf, size - 1);

	if (len < 0)
		return -errno;
	buf[len] = '\0';
	return 0;
}

bool unit_files_is_masked(int root_fd, const char *path)
{
	char target[PATH_MAX];
	struct stat st;

	if (read_link(root_fd, path + 1, target, sizeof(target)) >= 0)
		return strcmp(target, "/dev/null") == 0;
	return fstatat(root_fd, path + 1, &st, 0) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

/* What the link at @path leads to: an absolute target is meant below the root. */
static int resolve_link(const char *path, const char *target, char **ret_path)
{
	CLEANUP_STRBUF struct strbuf joined = STRBUF_INIT;
	char *resolved;

	if (target[0] != '/')
		strbuf_printf(&joined, "%.*s/", (int)(strrchr(path, '/') - path), path);
	strbuf_puts(&joined, target);
	resolved = strbuf_take(&joined);
	if (resolved == NULL)
		return -ENOMEM;
	*ret_path = resolved;
	return 0;
}

int unit_files_read(int root_fd, const char *path, char **ret_text)
{
	CLEANUP(free_charp)
	char *current = NULL;
	int r = text_copy(path, &current);

	for (int depth = 0; r >= 0 && depth < LINK_DEPTH_MAX; depth++) {
		char target[PATH_MAX], *next;
		size_t len;

		if (read_link(root_fd, current + 1, target, sizeof(target)) < 0)
			return fs_read_file_at(root_fd, current + 1, UNIT_FILE_MAX, ret_text, &len);
		r = resolve_link(current, target, &next);
		if (r < 0)
			break;
		free(current);
		current = next;
	}
	return r < 0 ? r : -ELOOP;
}

/* --- links --- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Links in *.wants are of the unit by their own name; aliases are another name for it. */
static bool link_is_of(const char *link, const char *target, const char *name, bool is_alias)
{
	CLEANUP(free_charp)
	char *template = NULL;

	if (strcmp(target, "/dev/null") == 0)
		return false;
	if (is_alias)
		return strcmp(link, name) != 0 && strcmp(base_name(target), name) == 0;
	if (strcmp(link, name) == 0)
		return true;
	/* A template's links are those of its instances. */
	return unit_name_is_template(name) && unit_name_template(link, &template) >= 0 &&
	       strcmp(template, name) == 0;
}

static int scan_dir(int root_fd, const char *path, const char *name, bool is_alias,
		    unit_files_link_fn fn, void *data)
{
	struct dirent *entry;
	CLEANUP_DIR
	DIR *dir = NULL;
	int r = dir_open_at(root_fd, path + 1, &dir);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0; /* no links */
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		CLEANUP_STRBUF struct strbuf link = STRBUF_INIT;
		char target[PATH_MAX];

		if (read_link(dirfd(dir), entry->d_name, target, sizeof(target)) < 0 ||
		    !link_is_of(entry->d_name, target, name, is_alias))
			continue;
		strbuf_printf(&link, "%s/%s", path, entry->d_name);
		r = strbuf_error(&link);
		if (r >= 0)
			r = fn(dirfd(dir), entry->d_name, link.data, data);
	}
	return r;
}

static bool is_link_dir(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".wants") == 0 || strcmp(dot, ".requires") == 0);
}

int unit_files_for_each_link(int root_fd, const char *config_dir, const char *name,
			     unit_files_link_fn fn, void *data)
{
	struct dirent *entry;
	CLEANUP_DIR
	DIR *dir = NULL;
	int r = dir_open_at(root_fd, config_dir + 1, &dir);

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* not there: no links */
	r = scan_dir(root_fd, config_dir, name, true, fn, data);
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		CLEANUP_STRBUF struct strbuf path = STRBUF_INIT;

		if (!is_link_dir(entry->d_name))
			continue;
		strbuf_printf(&path, "%s/%s", config_dir, entry->d_name);
		r = strbuf_error(&path);
		if (r >= 0)
			r = scan_dir(root_fd, path.data, name, false, fn, data);
	}
	return r;
}

/* --- the state --- */

static int found_link(int dir_fd, const char *link, const char *path, void *data)
{
	return 1;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* @path is a link to a file of another name. */
static bool is_alias(int root_fd, const char *path, const char *name)
{
	char target[PATH_MAX];
	CLEANUP(free_charp)
	char *template = NULL;

	if (read_link(root_fd, path + 1, target, sizeof(target)) < 0)
		return false;
	if (unit_name_template(name, &template) >= 0 && strcmp(base_name(target), template) == 0)
		return false;
	return strcmp(base_name(target), name) != 0;
}

int unit_files_state(int root_fd, const char *name, const char **ret_state)
{
	CLEANUP(install_info_done)
	struct install_info info = { .wanted_by = NULL };
	CLEANUP(free_charp)
	char *path = NULL;
	CLEANUP(free_charp)
	char *text = NULL;
	int r = unit_files_find(root_fd, name, &path);

	if (r < 0)
		return r;
	if (unit_files_is_masked(root_fd, path)) {
		*ret_state = starts_with(path, "/run/") ? "masked-runtime" : "masked";
		return 0;
	}
	if (is_alias(root_fd, path, name)) {
		*ret_state = "alias";
		return 0;
	}
	if (unit_files_for_each_link(root_fd, UNIT_FILES_CONFIG, name, found_link, NULL) > 0) {
		*ret_state = "enabled";
		return 0;
	}
	if (unit_files_for_each_link(root_fd, UNIT_FILES_RUNTIME, name, found_link, NULL) > 0) {
		*ret_state = "enabled-runtime";
		return 0;
	}
	r = unit_files_read(root_fd, path, &text);
	if (r >= 0)
		r = install_info_parse(text, &info);
	if (r < 0)
		return r;
	if (!install_info_is_empty(&info))
		*ret_state = "disabled";
	else
		*ret_state = strv_length(info.also) > 0 ? "indirect" : "static";
	return 0;
}
