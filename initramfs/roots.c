/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks paths up below foreign roots. The kernel could do it for one root (RESOLVE_IN_ROOT), but not for two laid over each
 * other, and the image needs each link on the way as well: a program that asks for /lib64/ld-linux-x86-64.so.2 must find
 * the link /lib64 there. So the walk is done here, a component at a time; a link's target goes before what is left of
 * the path, and ".." never climbs above the root.
 */
#include "roots.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/strbuf.h"
#include "early/strv.h"

#include "tree.h"

#define ROOTS_MAX_LINKS 40 /* the kernel's own limit */

void roots_found_done(struct roots_found *found)
{
	free(TAKE_PTR(found->path));
	free(TAKE_PTR(found->host));
}

struct walk {
	const struct roots *roots;
	struct tree *tree;
	char done[PATH_MAX]; /* canonical so far, without a leading slash */
	char left[PATH_MAX]; /* still to go */
	unsigned int n_links;
};

static int host_path(const char *dir, const char *path, char **ret)
{
	if (asprintf(ret, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, path) < 0)
		return -ENOMEM;
	return 0;
}

/* lstat of @path in one root. A staging tree with a plain /lib beside usr/ counts as merged: lib/x is found as usr/lib/x. */
static int look_in(const char *dir, const char *path, struct stat *ret_stat, char **ret_host)
{
	static const char *const merged[] = { "usr/bin/", "usr/lib", "usr/sbin/" };
	CLEANUP(free_charp)
	char *host = NULL;
	int r = host_path(dir, path, &host);

	if (r < 0)
		return r;
	r = lstat(host, ret_stat) < 0 ? -errno : 0;
	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(merged); i++) {
		if (strncmp(path, merged[i], strlen(merged[i])) != 0)
			continue;
		free(TAKE_PTR(host));
		r = host_path(dir, path + strlen("usr/"), &host);
		if (r >= 0)
			r = lstat(host, ret_stat) < 0 ? -errno : 0;
		break;
	}
	if (r < 0)
		return r;
	*ret_host = TAKE_PTR(host);
	return 0;
}

/* What @path (canonical but for its last component) is in the roots laid over each other. */
static int look(const struct roots *roots, const char *path, struct stat *ret_stat, char **ret_host)
{
	CLEANUP(free_charp)
	char *host = NULL;
	bool found = false;

	for (size_t i = 0; i < strv_length(roots->dirs); i++) {
		CLEANUP(free_charp)
		char *candidate = NULL;
		struct stat st;
		int r = look_in(roots->dirs[i], path, &st, &candidate);

		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0)
			return r;
		if (found && !S_ISLNK(st.st_mode))
			continue;
		*ret_stat = st;
		free(host);
		host = TAKE_PTR(candidate);
		found = true;
		if (!S_ISDIR(st.st_mode))
			break;
	}
	if (!found)
		return -ENOENT;
	*ret_host = TAKE_PTR(host);
	return 0;
}

/* Moves the next component of what is left to the end of @ret; false when there is none. */
static bool next_component(struct walk *walk, char *ret, size_t size)
{
	char *start = walk->left + strspn(walk->left, "/");
	size_t len = strcspn(start, "/");

	if (len == 0 || len >= size)
		return false;
	memcpy(ret, start, len);
	ret[len] = '\0';
	memmove(walk->left, start + len, strlen(start + len) + 1);
	return true;
}

static void go_up(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	if (slash)
		*slash = '\0';
	else
		walk->done[0] = '\0';
}

/* Puts the target of the link at walk->done before what is left; what follows @parent_len in walk->done is dropped. */
static int take_link(struct walk *walk, const char *host, size_t parent_len)
{
	size_t left_len = strlen(walk->left);
	char target[PATH_MAX];
	ssize_t len = readlink(host, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (++walk->n_links > ROOTS_MAX_LINKS)
		return -ELOOP;
	if (walk->tree) {
		int r = tree_add_link(walk->tree, walk->done, target);

		if (r < 0)
			return r;
	}
	walk->done[target[0] == '/' ? 0 : parent_len] = '\0';
	if ((size_t)len + 1 + left_len >= sizeof(walk->left))
		return -ENAMETOOLONG;
	memmove(walk->left + len + 1, walk->left, left_len + 1);
	memcpy(walk->left, target, (size_t)len);
	walk->left[len] = '/';
	return 0;
}

/* One component on. Fills @ret when it was the last and no directory or link. */
static int step(struct walk *walk, const char *name, struct roots_found *ret)
{
	CLEANUP(free_charp)
	char *host = NULL;
	size_t parent_len = strlen(walk->done);
	size_t room = sizeof(walk->done) - parent_len;
	struct stat st;
	int r;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		go_up(walk);
		return 0;
	}
	if ((size_t)snprintf(walk->done + parent_len, room, "%s%s", parent_len ? "/" : "", name) >=
	    room)
		return -ENAMETOOLONG;
	r = look(walk->roots, walk->done, &st, &host);
	if (r < 0)
		return r;
	if (S_ISLNK(st.st_mode))
		return take_link(walk, host, parent_len);
	if (S_ISDIR(st.st_mode))
		return walk->tree ? tree_add_dir(walk->tree, walk->done) : 0;
	if (walk->left[strspn(walk->left, "/")])
		return -ENOTDIR;
	ret->path = strdup(walk->done);
	ret->host = TAKE_PTR(host);
	ret->mode = st.st_mode;
	ret->len = (size_t)st.st_size;
	return ret->path ? 0 : -ENOMEM;
}

/* The end of a walk that led to a directory. */
static int found_dir(struct walk *walk, struct roots_found *found)
{
	struct stat st;
	int r = look(walk->roots, walk->done, &st, &found->host);

	if (r < 0)
		return r;
	found->mode = st.st_mode;
	found->path = strdup(walk->done);
	return found->path ? 0 : -ENOMEM;
}

int roots_find(const struct roots *roots, const char *path, struct tree *tree,
	       struct roots_found *ret)
{
	CLEANUP_FOUND
	struct roots_found found = { 0 };
	struct walk walk = { .roots = roots, .tree = tree };
	char name[NAME_MAX + 1];
	int r = 0;

	if (strlen(path) >= sizeof(walk.left))
		return -ENAMETOOLONG;
	memcpy(walk.left, path, strlen(path) + 1);
	while (r >= 0 && !found.path && next_component(&walk, name, sizeof(name)))
		r = step(&walk, name, &found);
	if (r < 0)
		return r;
	if (walk.left[strspn(walk.left, "/")])
		return -ENAMETOOLONG;
	if (!found.path) {
		r = found_dir(&walk, &found);
		if (r < 0)
			return r;
	}
	*ret = found;
	found = (struct roots_found){ 0 };
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_dir(const char *host, char ***names)
{
	DIR *dir = opendir(host);
	int r = 0;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	for (struct dirent *entry = readdir(dir); entry && r >= 0; entry = readdir(dir)) {
		if (entry->d_name[0] != '.' && !strv_contains(*names, entry->d_name))
			r = strv_append(names, entry->d_name);
	}
	closedir(dir);
	return r;
}

int roots_list(const struct roots *roots, const char *path, char ***ret_names)
{
	CLEANUP_STRV
	char **names = NULL;

	for (size_t i = 0; i < strv_length(roots->dirs); i++) {
		struct roots one = { .dirs = (char *[]){ roots->dirs[i], NULL } };
		CLEANUP_FOUND
		struct roots_found dir = { 0 };
		int r = roots_find(&one, path, NULL, &dir);

		if (r == -ENOENT)
			continue;
		if (r >= 0)
			r = list_dir(dir.host, &names);
		if (r < 0)
			return r;
	}
	if (names)
		qsort(names, strv_length(names), sizeof(*names), compare_names);
	*ret_names = TAKE_PTR(names);
	return 0;
}
