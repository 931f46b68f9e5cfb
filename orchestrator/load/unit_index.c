/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The search for units. Each directory is listed once and its links are read; every question after that is answered from
 * memory, so that a table of twenty units costs twenty reads of files, and not a look into six directories for each name.
 *
 * A link to /dev/null is a mask, a link to another unit's name is an alias, any other link is the unit's file at another place. The
 * first directory that has a name decides, so a mask in /etc hides a unit in /lib, and an alias in /etc is followed by a search of
 * its target from the first directory on. Links are resolved within the root (RESOLVE_IN_ROOT), so that a foreign root can be read.
 */
#include "unit_index.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/dir.h"
#include "early/fd.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "specifier.h"

#define UNIT_FILE_MAX (1024 * 1024)
#define ALIAS_DEPTH_MAX 8

static int open_in_root(int root_fd, const char *path, int flags, int *ret_fd)
{
	struct open_how how = { .flags = (unsigned int)flags | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT };
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	if (fd < 0)
		return -errno;
	*ret_fd = (int)fd;
	return 0;
}

int unit_index_read(int root_fd, const char *path, char **ret_data, size_t *ret_len)
{
	int fd CLEANUP_FD
	= -1;
	int r = open_in_root(root_fd, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, &fd);

	if (r < 0)
		return r;
	return fd_read_all(fd, UNIT_FILE_MAX, ret_data, ret_len);
}

uint64_t unit_index_changed(int root_fd, const char *path)
{
	int fd CLEANUP_FD
	= -1;
	struct stat st;

	if (open_in_root(root_fd, path, O_PATH, &fd) < 0 || fstat(fd, &st) < 0)
		return 0;
	return (uint64_t)st.st_mtim.tv_sec * 1000000 + (uint64_t)st.st_mtim.tv_nsec / 1000;
}

static int open_directory(int root_fd, const char *path, DIR **ret_dir)
{
	int fd = -1;
	int r = open_in_root(root_fd, path, O_RDONLY | O_DIRECTORY, &fd);

	return r < 0 ? r : dir_of_fd(fd, ret_dir);
}

/* --- the index --- */

static int add_entry(struct unit_index *index, const char *name, const char *target,
		     unsigned int rank)
{
	struct unit_entry *entries = reallocarray(index->entries, index->n_entries + 1,
						  sizeof(*entries));
	struct unit_entry *entry;

	if (!entries)
		return -ENOMEM;
	index->entries = entries;
	entry = &entries[index->n_entries++];
	*entry = (struct unit_entry){ strdup(name), target ? strdup(target) : NULL, rank };
	return entry->name && (!target || entry->target) ? 0 : -ENOMEM;
}

static int read_directory(struct unit_index *index, const char *path, unsigned int rank)
{
	DIR *dir CLEANUP_DIR = NULL;
	struct dirent *dirent;
	int r = open_directory(index->root_fd, path, &dir);

	if (r < 0)
		return r;
	while ((dirent = readdir(dir))) {
		char target[PATH_MAX];
		ssize_t len = -1;

		if (dirent->d_name[0] == '.')
			continue;
		if (dirent->d_type == DT_LNK || dirent->d_type == DT_UNKNOWN)
			len = readlinkat(dirfd(dir), dirent->d_name, target, sizeof(target) - 1);
		if (len >= 0)
			target[len] = '\0';
		r = add_entry(index, dirent->d_name, len >= 0 ? target : NULL, rank);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_directory(struct unit_index *index, const char *path, enum unit_family family)
{
	size_t n = strv_length(index->dirs);
	enum unit_family *families = reallocarray(index->families, n + 1, sizeof(*families));
	int r;

	if (!families)
		return -ENOMEM;
	index->families = families;
	families[n] = family;
	r = strv_append(&index->dirs, path);
	if (r < 0)
		return r;
	r = read_directory(index, path, (unsigned int)n);
	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

static int compare_entries(const void *a, const void *b)
{
	const struct unit_entry *x = a;
	const struct unit_entry *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (int)x->rank - (int)y->rank;
}

static int find_dropin_aliases(struct unit_index *index);

/* What is looked up by name is found by halves, and what few units have only once. */
static int sort_entries(struct unit_index *index)
{
	if (index->n_entries > 0)
		qsort(index->entries, index->n_entries, sizeof(*index->entries), compare_entries);
	return find_dropin_aliases(index);
}

int unit_index_init(struct unit_index *index, int root_fd, char *const *early_dirs,
		    char *const *stock_dirs)
{
	int r = 0;

	*index = (struct unit_index){ .root_fd = root_fd };
	for (size_t i = 0; r == 0 && early_dirs && early_dirs[i]; i++)
		r = add_directory(index, early_dirs[i], UNIT_FAMILY_EARLY);
	for (size_t i = 0; r == 0 && stock_dirs && stock_dirs[i]; i++)
		r = add_directory(index, stock_dirs[i], UNIT_FAMILY_STOCK);
	if (r == 0)
		r = sort_entries(index);
	if (r < 0)
		unit_index_done(index);
	return r;
}

int unit_index_add_alias(struct unit_index *index, const char *name, const char *target)
{
	int r = add_entry(index, name, target, 0);

	return r < 0 ? r : sort_entries(index);
}

void unit_index_done(struct unit_index *index)
{
	for (size_t i = 0; i < index->n_entries; i++) {
		free(index->entries[i].name);
		free(index->entries[i].target);
	}
	free(index->entries);
	free(index->families);
	strv_free(index->dirs);
	strv_free(index->dropin_aliases);
	strv_free(index->masked);
	*index = (struct unit_index){ .root_fd = -1 };
}

/* Of the entries of a name the first; where it would be if there is none. */
static size_t first_entry(const struct unit_index *index, const char *name)
{
	size_t low = 0;
	size_t high = index->n_entries;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(index->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_entry_of(const struct unit_index *index, size_t i, const char *name)
{
	return i < index->n_entries && strcmp(index->entries[i].name, name) == 0;
}

static const struct unit_entry *find_entry(const struct unit_index *index, const char *name,
					   unsigned int families)
{
	for (size_t i = first_entry(index, name); is_entry_of(index, i, name); i++)
		if (index->families[index->entries[i].rank] & families)
			return &index->entries[i];
	return NULL;
}

/* --- resolution --- */

void unit_place_done(struct unit_place *place)
{
	free(place->name);
	free(place->path);
	*place = (struct unit_place){ 0 };
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool same_suffix(const char *a, const char *b)
{
	return *unit_name_suffix(a) && unit_name_suffix(a) == unit_name_suffix(b);
}

/* The unit's name that a link stands for, or NULL if the link is the unit itself at another place. */
static const char *alias_target(const struct unit_index *index, const struct unit_entry *entry)
{
	const char *base;

	if (!entry->target)
		return NULL;
	base = base_name(entry->target);
	if (strcmp(base, entry->name) == 0 || !same_suffix(base, entry->name))
		return NULL;
	return find_entry(index, base, UNIT_FAMILY_ANY) ? base : NULL;
}

static int find_dropin_aliases(struct unit_index *index)
{
	char **names CLEANUP_STRV = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < index->n_entries; i++) {
		size_t len = strlen(index->entries[i].name);
		const struct unit_entry *entry = NULL;
		char name[NAME_MAX + 1];

		if (len < 3 || len > NAME_MAX ||
		    strcmp(index->entries[i].name + len - 2, ".d") != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)len - 2, index->entries[i].name);
		entry = find_entry(index, name, UNIT_FAMILY_ANY);
		if (entry && alias_target(index, entry) && !strv_contains(names, name))
			r = strv_append(&names, name);
	}
	if (r < 0)
		return r;
	strv_free(index->dropin_aliases);
	index->dropin_aliases = TAKE_PTR(names);
	return 0;
}

/* The entry of a name, or of its template. */
static int find_unit(const struct unit_index *index, const char *name, unsigned int families,
		     const struct unit_entry **ret_entry)
{
	char *template_name CLEANUP(free_charp)
	= NULL;
	int r;

	*ret_entry = find_entry(index, name, families);
	if (*ret_entry)
		return 0;
	r = unit_name_template(name, &template_name);
	if (r == 0)
		*ret_entry = find_entry(index, template_name, families);
	return r == -ENOMEM ? r : 0;
}

/* Sets @name to what its alias stands for; an instance of a template's alias stays that instance. */
static int follow_alias(char **name, const char *target)
{
	char *instance CLEANUP(free_charp)
	= NULL;
	char *next = NULL;
	int r = unit_name_is_template(target) ? unit_name_instance(*name, &instance) : -ENOENT;

	if (r == 0)
		r = unit_name_instantiate(target, instance, &next);
	else if (r == -ENOENT)
		r = (next = strdup(target)) ? 0 : -ENOMEM;
	if (!next)
		return r;
	free(*name);
	*name = next;
	return 0;
}

static int entry_path(const struct unit_index *index, const struct unit_entry *entry,
		      char **ret_path)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_printf(&path, "%s/%s", index->dirs[entry->rank], entry->name);
	*ret_path = strbuf_take(&path);
	return *ret_path ? 0 : -ENOMEM;
}

int unit_index_resolve(const struct unit_index *index, const char *name, unsigned int families,
		       struct unit_place *ret_place)
{
	struct unit_place place = { .name = strdup(name) };
	int r = place.name ? 0 : -ENOMEM;

	for (int depth = 0; r == 0 && depth < ALIAS_DEPTH_MAX; depth++) {
		const struct unit_entry *entry;
		const char *target;

		place.masked = strv_contains(index->masked, place.name);
		if (place.masked)
			break;
		r = find_unit(index, place.name, families, &entry);
		if (r < 0 || !entry)
			break;
		target = alias_target(index, entry);
		if (target) {
			r = follow_alias(&place.name, target);
			continue;
		}
		place.family = index->families[entry->rank];
		place.masked = entry->target && strcmp(entry->target, "/dev/null") == 0;
		r = entry_path(index, entry, &place.path);
		break;
	}
	if (r < 0) {
		unit_place_done(&place);
		return r;
	}
	*ret_place = place;
	return 0;
}

int unit_index_aliases(const struct unit_index *index, const char *name, char ***ret_names)
{
	char **names CLEANUP_STRV = NULL;

	for (size_t i = 0; i < index->n_entries; i++) {
		const struct unit_entry *entry = &index->entries[i];
		struct unit_place place;
		bool is_alias;
		int r = 0;

		if (!alias_target(index, entry) || strv_contains(names, entry->name))
			continue;
		r = unit_index_resolve(index, entry->name, UNIT_FAMILY_ANY, &place);
		if (r < 0)
			return r;
		is_alias = strcmp(place.name, name) == 0 && strcmp(entry->name, name) != 0;
		unit_place_done(&place);
		if (is_alias)
			r = strv_append(&names, entry->name);
		if (r < 0)
			return r;
	}
	*ret_names = TAKE_PTR(names);
	return 0;
}

/* --- directories beside a unit --- */

static int compare_base_names(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

static bool has_base_name(char *const *paths, const char *name)
{
	for (size_t i = 0; paths && paths[i]; i++)
		if (strcmp(base_name(paths[i]), name) == 0)
			return true;
	return false;
}

/* Adds the names in the directory @dir_name of each unit directory that end in @suffix and are not there yet. */
static int collect(const struct unit_index *index, const char *dir_name, const char *suffix,
		   unsigned int families, char ***paths)
{
	for (size_t i = first_entry(index, dir_name); is_entry_of(index, i, dir_name); i++) {
		const struct unit_entry *entry = &index->entries[i];
		char *path CLEANUP(free_charp)
		= NULL;
		DIR *dir CLEANUP_DIR = NULL;
		struct dirent *dirent;
		int r;

		if (!(index->families[entry->rank] & families))
			continue;
		r = entry_path(index, entry, &path);
		if (r < 0)
			return r;
		if (open_directory(index->root_fd, path, &dir) < 0)
			continue; /* not a directory, or gone meanwhile */
		while ((dirent = readdir(dir))) {
			size_t len = strlen(dirent->d_name);

			if (dirent->d_name[0] == '.' || len <= strlen(suffix) ||
			    strcmp(dirent->d_name + len - strlen(suffix), suffix) != 0 ||
			    has_base_name(*paths, dirent->d_name))
				continue;
			r = strv_appendf(paths, "%s/%s", path, dirent->d_name);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Names of drop-in directories, the most special one first: foo-bar@x.service.d, foo-bar@.service.d, foo-.service.d, service.d. */
static int dropin_dirs(const char *name, char ***ret_dirs)
{
	char **dirs CLEANUP_STRV = NULL;
	char *template_name CLEANUP(free_charp)
	= NULL;
	const char *suffix = unit_name_suffix(name);
	size_t prefix_len = strcspn(name, "@");
	int r = strv_appendf(&dirs, "%s.d", name);

	if (r == 0 && unit_name_template(name, &template_name) == 0)
		r = strv_appendf(&dirs, "%s.d", template_name);
	if (prefix_len == strlen(name))
		prefix_len -= strlen(suffix);
	for (size_t i = prefix_len; r == 0 && i > 1; i--)
		if (name[i - 1] == '-')
			r = strv_appendf(&dirs, "%.*s%s.d", (int)i, name, suffix);
	if (r == 0)
		r = strv_appendf(&dirs, "%s.d", suffix + 1);
	if (r < 0)
		return r;
	*ret_dirs = TAKE_PTR(dirs);
	return 0;
}

static int add_alias_dirs(const struct unit_index *index, const char *name, char ***dirs)
{
	int r = 0;

	for (size_t i = 0; r == 0 && index->dropin_aliases && index->dropin_aliases[i]; i++) {
		struct unit_place place;

		r = unit_index_resolve(index, index->dropin_aliases[i], UNIT_FAMILY_ANY, &place);
		if (r < 0)
			break;
		if (strcmp(place.name, name) == 0 && strcmp(index->dropin_aliases[i], name) != 0)
			r = strv_appendf(dirs, "%s.d", index->dropin_aliases[i]);
		unit_place_done(&place);
	}
	return r;
}

int unit_index_dropins(const struct unit_index *index, const char *name, unsigned int families,
		       char ***ret_paths)
{
	char **dirs CLEANUP_STRV = NULL;
	char **paths CLEANUP_STRV = NULL;
	int r = dropin_dirs(name, &dirs);

	if (r == 0 && (families & UNIT_FAMILY_STOCK))
		r = add_alias_dirs(index, name, &dirs);
	for (size_t i = 0; r == 0 && dirs[i]; i++)
		r = collect(index, dirs[i], ".conf", families, &paths);
	if (r < 0)
		return r;
	if (paths)
		qsort(paths, strv_length(paths), sizeof(*paths), compare_base_names);
	*ret_paths = TAKE_PTR(paths);
	return 0;
}

int unit_index_links(const struct unit_index *index, const char *name, const char *suffix,
		     char ***ret_names)
{
	struct strbuf dir CLEANUP_STRBUF = STRBUF_INIT;
	char **paths CLEANUP_STRV = NULL;
	char **names CLEANUP_STRV = NULL;
	int r;

	strbuf_printf(&dir, "%s%s", name, suffix);
	r = strbuf_error(&dir);
	if (r == 0)
		r = collect(index, dir.data, "", UNIT_FAMILY_ANY, &paths);
	for (size_t i = 0; r == 0 && paths && paths[i]; i++)
		if (unit_name_is_valid(base_name(paths[i])))
			r = strv_append(&names, base_name(paths[i]));
	if (r < 0)
		return r;
	*ret_names = TAKE_PTR(names);
	return 0;
}
