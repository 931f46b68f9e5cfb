/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Enabling is links: TARGET.wants/NAME and aliases in the configuration's directory, as the [Install] section says; masking is a link
 * to /dev/null. Each change that was made is recorded before the next one is tried, so that the caller hears of all even when one
 * fails. Also= is followed to a small depth, so that files that name each other come to an end.
 */
#include "install.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/fs.h"
#include "early/macros.h"
#include "early/strv.h"

#include "install_info.h"
#include "preset.h"
#include "text.h"
#include "unit_files.h"
#include "unit_name.h"

#define ALSO_DEPTH_MAX 4

void install_done(struct install *install)
{
	for (size_t i = 0; i < install->n_changes; i++) {
		free(install->changes[i].path);
		free(install->changes[i].source);
	}
	free(install->changes);
	free(install->failed_path);
	install->changes = NULL;
	install->n_changes = 0;
	install->failed_path = NULL;
}

static int record(struct install *install, const char *type, const char *path, const char *source)
{
	struct install_change *changes = reallocarray(install->changes, install->n_changes + 1,
						      sizeof(*changes));
	struct install_change change = { .type = type };

	if (changes == NULL)
		return -ENOMEM;
	install->changes = changes;
	change.path = strdup(path);
	change.source = strdup(source);
	if (change.path == NULL || change.source == NULL) {
		free(change.path);
		free(change.source);
		return -ENOMEM;
	}
	changes[install->n_changes++] = change;
	return 0;
}

/* Remembers what @error is about. */
static int failed(struct install *install, const char *path, int error)
{
	free(install->failed_path);
	install->failed_path = strdup(path); /* NULL: the error goes without its path */
	return error;
}

static int make_parent(struct install *install, const char *path)
{
	CLEANUP(free_charp)
	char *parent = NULL;
	int r = text_copy_start(path, (size_t)(strrchr(path, '/') - path), &parent);

	if (r < 0)
		return r;
	r = fs_mkdir_p_at(install->root_fd, parent + 1, 0755);
	return r < 0 ? failed(install, parent, r) : 0;
}

static int make_link(struct install *install, const char *path, const char *source)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(install->root_fd, path + 1, target, sizeof(target) - 1);
	int r;

	if (len >= 0) {
		target[len] = '\0';
		if (strcmp(target, source) == 0)
			return 0;
		if (!install->force)
			return failed(install, path, -EEXIST);
		if (unlinkat(install->root_fd, path + 1, 0) < 0)
			return failed(install, path, -errno);
	} else if (errno != ENOENT) {
		/* EINVAL: a file, which nobody replaces by a link. */
		return failed(install, path, errno == EINVAL ? -EEXIST : -errno);
	}
	r = make_parent(install, path);
	if (r < 0)
		return r;
	if (symlinkat(source, install->root_fd, path + 1) < 0)
		return failed(install, path, -errno);
	return record(install, "symlink", path, source);
}

static int add_specifier(struct strbuf *out, char specifier, const char *name)
{
	CLEANUP(free_charp)
	char *instance = NULL;
	const char *suffix = unit_name_suffix(name);
	int r;

	switch (specifier) {
	case '%':
		strbuf_putc(out, '%');
		return 0;
	case 'n':
		strbuf_puts(out, name);
		return 0;
	case 'N':
		strbuf_add(out, name, (size_t)(suffix - name));
		return 0;
	case 'p':
		strbuf_add(out, name, MIN(strcspn(name, "@"), (size_t)(suffix - name)));
		return 0;
	case 'i':
		r = unit_name_instance(name, &instance);
		if (r >= 0)
			strbuf_puts(out, instance);
		return r == -ENOMEM ? r : 0;
	}
	return -EINVAL;
}

static int expand(const char *text, const char *name, char **ret_text)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;
	CLEANUP(free_charp)
	char *expanded = NULL;

	for (; *text != '\0'; text++) {
		int r;

		if (*text != '%') {
			strbuf_putc(&out, *text);
			continue;
		}
		r = add_specifier(&out, *++text, name);
		if (r < 0)
			return r;
	}
	expanded = strbuf_take(&out);
	if (expanded == NULL)
		return -ENOMEM;
	/* It becomes part of a path. */
	if (!unit_name_is_valid(expanded))
		return -EINVAL;
	*ret_text = TAKE_PTR(expanded);
	return 0;
}

/* For each unit in @targets a link DIR/TARGET@suffix/NAME, or DIR/TARGET for an alias (@suffix NULL). */
static int make_links(struct install *install, char *const *targets, const char *suffix,
		      const char *name, const char *source)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < strv_length(targets); i++) {
		CLEANUP_STRBUF struct strbuf path = STRBUF_INIT;
		CLEANUP(free_charp)
		char *target = NULL;

		r = expand(targets[i], name, &target);
		if (r < 0)
			return failed(install, source, r);
		strbuf_printf(&path, "%s/%s", install->config_dir, target);
		if (suffix != NULL)
			strbuf_printf(&path, "%s/%s", suffix, name);
		r = strbuf_error(&path);
		if (r >= 0 && (suffix != NULL || strcmp(target, name) != 0))
			r = make_link(install, path.data, source);
	}
	return r;
}

/* Finds and reads @name; *ret_path and what is in ret_info are the caller's. */
static int read_install(struct install *install, const char *name, char **ret_path,
			struct install_info *ret_info)
{
	CLEANUP(free_charp)
	char *text = NULL;
	int r = unit_name_is_valid(name) ? unit_files_find(install->root_fd, name, ret_path)
					 : -EINVAL;

	if (r < 0)
		return failed(install, name, r);
	if (unit_files_is_masked(install->root_fd, *ret_path))
		return failed(install, *ret_path, -ERFKILL);
	r = unit_files_read(install->root_fd, *ret_path, &text);
	if (r >= 0)
		r = install_info_parse(text, ret_info);
	return r < 0 ? failed(install, *ret_path, r) : 0;
}

/* "getty@tty1.service" for a template with DefaultInstance=tty1, otherwise the name as it is. */
static int default_instance(const char *name, const struct install_info *info, char **ret_name)
{
	CLEANUP_STRBUF struct strbuf full = STRBUF_INIT;
	const char *suffix = unit_name_suffix(name);

	if (unit_name_is_template(name) && info->default_instance == NULL)
		return -EINVAL;
	if (unit_name_is_template(name))
		strbuf_printf(&full, "%.*s%s%s", (int)(suffix - name), name, info->default_instance,
			      suffix);
	else
		strbuf_puts(&full, name);
	*ret_name = strbuf_take(&full);
	return *ret_name == NULL ? -ENOMEM : 0;
}

static int enable(struct install *install, const char *name, int depth)
{
	CLEANUP(install_info_done)
	struct install_info info = { .wanted_by = NULL };
	CLEANUP(free_charp)
	char *full = NULL;
	CLEANUP(free_charp)
	char *path = NULL;
	int r = read_install(install, name, &path, &info);

	if (r < 0)
		return r;
	if (!install_info_is_empty(&info)) {
		install->carries_info = true;
		r = default_instance(name, &info, &full);
		if (r < 0)
			return failed(install, name, r);
		r = make_links(install, info.wanted_by, ".wants", full, path);
		if (r >= 0)
			r = make_links(install, info.required_by, ".requires", full, path);
		if (r >= 0)
			r = make_links(install, info.aliases, NULL, full, path);
	}
	for (char **also = info.also; r >= 0 && depth < ALSO_DEPTH_MAX && also && *also; also++)
		r = enable(install, *also, depth + 1);
	return r;
}

int install_enable(struct install *install, const char *name)
{
	return enable(install, name, 0);
}

static int remove_link(int dir_fd, const char *link, const char *path, void *data)
{
	struct install *install = data;

	if (unlinkat(dir_fd, link, 0) < 0)
		return failed(install, path, -errno);
	return record(install, "unlink", path, "");
}

static int disable(struct install *install, const char *name, int depth)
{
	CLEANUP(install_info_done)
	struct install_info info = { .wanted_by = NULL };
	CLEANUP(free_charp)
	char *path = NULL;
	int r;

	/* A unit whose file is gone may still have links: those are what is to be removed. */
	r = read_install(install, name, &path, &info);
	if (r < 0 && r != -ENOENT && r != -ERFKILL)
		return r;
	if (!install_info_is_empty(&info))
		install->carries_info = true;
	r = unit_files_for_each_link(install->root_fd, install->config_dir, name, remove_link,
				     install);
	for (char **also = info.also; r >= 0 && depth < ALSO_DEPTH_MAX && also && *also; also++)
		r = disable(install, *also, depth + 1);
	return r;
}

int install_disable(struct install *install, const char *name)
{
	return disable(install, name, 0);
}

static int config_path(const struct install *install, const char *name, char **ret_path)
{
	CLEANUP_STRBUF struct strbuf path = STRBUF_INIT;

	strbuf_printf(&path, "%s/%s", install->config_dir, name);
	*ret_path = strbuf_take(&path);
	return *ret_path == NULL ? -ENOMEM : 0;
}

int install_mask(struct install *install, const char *name)
{
	CLEANUP(free_charp)
	char *path = NULL;
	int r = config_path(install, name, &path);

	return r < 0 ? r : make_link(install, path, "/dev/null");
}

int install_unmask(struct install *install, const char *name)
{
	CLEANUP(free_charp)
	char *path = NULL;
	int r = config_path(install, name, &path);

	if (r < 0)
		return r;
	if (!unit_files_is_masked(install->root_fd, path))
		return 0;
	if (unlinkat(install->root_fd, path + 1, 0) < 0)
		return failed(install, path, -errno);
	return record(install, "unlink", path, "");
}

int install_preset(struct install *install, const char *name)
{
	bool wanted;
	int r = preset_query(install->root_fd, name, &wanted);

	if (r < 0)
		return failed(install, name, r);
	return wanted ? install_enable(install, name) : install_disable(install, name);
}

int install_set_default(struct install *install, const char *name)
{
	CLEANUP(free_charp)
	char *source = NULL;
	CLEANUP(free_charp)
	char *path = NULL;
	int r = unit_files_find(install->root_fd, name, &source);

	if (r < 0)
		return failed(install, name, r);
	r = config_path(install, "default.target", &path);
	return r < 0 ? r : make_link(install, path, source);
}
