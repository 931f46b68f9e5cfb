/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "early/log.h"
#include "early/macros.h"
#include "fstab.h"

static int handle_bad_line(struct libmnt_table *table, const char *file, int line)
{
	log_error("%s:%d: this line cannot be understood and is left out (see fstab(5))", file,
		  line);
	return 1; /* go on with the next */
}

static char *copy(const char *text, const char *instead)
{
	return strdup(text ? text : instead);
}

/* "/home/" is "/home" everywhere else. */
static void cut_slashes(char *path)
{
	size_t len = path ? strlen(path) : 0;

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
}

static int append(struct fstab *fstab, struct libmnt_fs *fs)
{
	struct fstab_entry *entries = reallocarray(fstab->entries, fstab->n_entries + 1,
						   sizeof(*entries));
	struct fstab_entry *entry;

	if (!entries)
		return -ENOMEM;
	fstab->entries = entries;
	entry = &entries[fstab->n_entries++];
	*entry = (struct fstab_entry){
		.source = copy(mnt_fs_get_source(fs), "none"),
		.target = copy(mnt_fs_get_target(fs), "none"),
		.type = copy(mnt_fs_get_fstype(fs), "auto"),
		.options = copy(mnt_fs_get_options(fs), "defaults"),
		.passno = mnt_fs_get_passno(fs),
	};
	cut_slashes(entry->target);
	return entry->source && entry->target && entry->type && entry->options ? 0 : -ENOMEM;
}

static int append_all(struct fstab *fstab, struct libmnt_table *table)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int r = iter ? 0 : -ENOMEM;

	while (r == 0 && mnt_table_next_fs(table, iter, &fs) == 0)
		r = append(fstab, fs);
	mnt_free_iter(iter);
	return r;
}

int fstab_read(struct fstab *ret_fstab, const char *root)
{
	CLEANUP(free_charp)
	char *path = NULL;
	struct fstab fstab = { NULL, 0 };
	struct libmnt_table *table;
	int r;

	if (asprintf(&path, "%s/etc/fstab", strcmp(root, "/") == 0 ? "" : root) < 0)
		return -ENOMEM;
	table = mnt_new_table();
	if (!table)
		return -ENOMEM;
	mnt_table_set_parser_errcb(table, handle_bad_line);
	r = access(path, F_OK) < 0 && errno == ENOENT ? 0 : mnt_table_parse_file(table, path);
	if (r == 0)
		r = append_all(&fstab, table);
	mnt_unref_table(table);
	if (r < 0) {
		fstab_done(&fstab);
		return r;
	}
	fstab_sort(&fstab);
	*ret_fstab = fstab;
	return 0;
}

int mounts_read(struct mounts *ret_mounts)
{
	struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");

	if (!table)
		return -EIO;
	ret_mounts->table = table;
	return 0;
}

void mounts_done(struct mounts *mounts)
{
	mnt_unref_table(mounts->table);
	mounts->table = NULL;
}

static void fill(struct libmnt_fs *fs, struct mount_info *info)
{
	dev_t number = mnt_fs_get_devno(fs);
	const char *options = mnt_fs_get_fs_options(fs);

	*info = (struct mount_info){
		.major = major(number),
		.minor = minor(number),
		.type = mnt_fs_get_fstype(fs),
		.superblock_read_only = options &&
					mnt_optstr_get_option(options, "ro", NULL, NULL) == 0,
	};
}

bool mounts_find(const struct mounts *mounts, const char *path, struct mount_info *ret_info)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_BACKWARD);
	struct libmnt_fs *fs;
	bool found = false;

	if (!iter)
		return false;
	/* mnt_table_find_target would resolve links, and touch what may not answer. */
	while (!found && mnt_table_next_fs(mounts->table, iter, &fs) == 0) {
		const char *target = mnt_fs_get_target(fs);

		if (!target || strcmp(target, path) != 0)
			continue;
		fill(fs, ret_info);
		found = true;
	}
	mnt_free_iter(iter);
	return found;
}

bool mounts_has_device(const struct mounts *mounts, uint32_t major, uint32_t minor)
{
	return mnt_table_find_devno(mounts->table, makedev(major, minor), MNT_ITER_FORWARD) != NULL;
}
