/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In the staging directory, for each file that is being rewritten: "N.old", one more name of the file itself, and "N.new", all
 * that it is to become. N.new has its name from when it is complete on the disk until the rewritten file is; as long as both
 * names are there the rewriting can be done again, and does no harm. They must not be there any longer than that: natively
 * written bytes would be undone. A file that was changed long after its N.new has been in other hands since (the distribution's
 * own init, say), and is left as it is. So N.new is touched again and again while the file is written, which may take minutes,
 * and when that is done once more.
 */
#include "redo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "layer.h"
#include "merge.h"
#include "staging.h"

#define NEW ".new"
#define OLD ".old"
#define TOO_LATE_S 60
#define TOUCH_BYTES (8 * 1024 * 1024)

/* Its change time, by its other times as they are. */
static int touch(int fd, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };

	return futimens(fd, times) < 0 ? -errno : 0;
}

/* The file system brings changes of inodes to the disk in their order: N.new's is never the one that is missing. */
static int copy_touching(int in, int out, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;
	int r = touch(in, st);

	if (r == 0 && fsync(in) < 0)
		r = -errno;
	for (uint64_t at = 0; r == 0 && at < size; at += TOUCH_BYTES) {
		r = copy_range(in, out, at, MIN(at + TOUCH_BYTES, size));
		if (r == 0)
			r = touch(in, st);
	}
	return r;
}

static int write_over(int in, int out, const struct stat *st)
{
	int r = copy_touching(in, out, st);

	if (r == 0 && ftruncate(out, st->st_size) < 0)
		r = -errno;
	if (r == 0)
		r = copy_owner_mode(out, st);
	if (r == 0)
		r = copy_xattrs(in, out, COPY_TO_REAL, true, true);
	if (r == 0)
		r = copy_times(out, st);
	return r == 0 && fsync(out) < 0 ? -errno : r;
}

/* N.new, whole and on the disk, and N.old. */
static int keep_both(struct merge *merge, struct node *node, int real_fd, const struct stat *st,
		     const char *n)
{
	char name[32];
	CLEANUP_FD
	int fd = -1;
	int r = apply_stage_file(merge, node, n);

	if (r < 0)
		return r;
	fd = openat(merge->staging_fd, n, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : copy_times(fd, st);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), "%s" OLD, n);
	if (linkat(AT_FDCWD, FD_NAME(real_fd), merge->staging_fd, name, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	(void)snprintf(name, sizeof(name), "%s" NEW, n);
	if (renameat(merge->staging_fd, n, merge->staging_fd, name) < 0 ||
	    fsync(merge->staging_fd) < 0)
		return -errno;
	return 0;
}

static int drop_new(int staging_fd, const char *n)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%s" NEW, n);
	return unlinkat(staging_fd, name, 0) < 0 ? -errno : 0;
}

static int drop_both(int staging_fd, const char *n)
{
	char name[32];
	int r = drop_new(staging_fd, n);

	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), "%s" OLD, n);
	if (unlinkat(staging_fd, name, 0) < 0 || fsync(staging_fd) < 0)
		return -errno;
	return 0;
}

/* The file of @n.old becomes what @n.new is; 1 if it is left as it is, in a @replay only. */
static int finish(int staging_fd, const char *n, bool replay)
{
	char name[32];
	struct stat st, old;
	CLEANUP_FD
	int in = -1;
	CLEANUP_FD
	int out = -1;

	(void)snprintf(name, sizeof(name), "%s" NEW, n);
	in = openat(staging_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	(void)snprintf(name, sizeof(name), "%s" OLD, n);
	out = openat(staging_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0 || out < 0 || fstat(in, &st) < 0 || fstat(out, &old) < 0)
		return -errno;
	if (replay && old.st_ctim.tv_sec > st.st_ctim.tv_sec + TOO_LATE_S) {
		log_warning("a file with several names (inode %llu) was being rewritten when its "
			    "merge was interrupted, but has been changed since: left as it is",
			    (unsigned long long)old.st_ino);
		return 1;
	}
	return write_over(in, out, &st);
}

int redo_rewrite(struct merge *merge, struct node *node, int real_fd, const struct stat *st)
{
	char n[24];
	int r;

	merge_next_name(merge, n, sizeof(n));
	r = keep_both(merge, node, real_fd, st, n);
	if (r < 0)
		return r;
	merge->keep_staging = true;
	r = finish(merge->staging_fd, n, false);
	if (r == 0)
		r = drop_both(merge->staging_fd, n);
	merge->keep_staging = r < 0; /* the next merge finishes it, also after a power cut */
	return r;
}

/*
 * N.old comes before N.new and goes after it. Where it is missing all the same, the file system has brought two changes of a directory
 * to the disk in another order, before the rewriting began or after it was whole on the disk.
 */
static bool has_old(int staging_fd, const char *n)
{
	char name[32];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s" OLD, n);
	return fstatat(staging_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static int replay_rewriting(int real_fd, int staging_fd, const char *n)
{
	int finished, r;

	(void)real_fd;
	if (!has_old(staging_fd, n))
		return drop_new(staging_fd, n);
	finished = finish(staging_fd, n, true);
	r = finished < 0 ? finished : drop_both(staging_fd, n);
	if (r < 0)
		return log_errno(r, "an interrupted rewriting of a file with several names cannot "
				    "be finished");
	if (finished == 0)
		log_info("the interrupted rewriting of a file with several names is finished");
	return 0;
}

int redo_replay(int real_fd)
{
	return staging_replay(real_fd, NEW, replay_rewriting);
}
