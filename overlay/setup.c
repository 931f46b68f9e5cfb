/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "dirlist.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/strv.h"
#include "layer.h"
#include "options.h"
#include "overlay.h"

static int open_dir_path(const char *path, int *ret_fd)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return log_errno(-errno, "cannot open the directory %s", path);
	*ret_fd = fd;
	return 0;
}

static int open_lower(struct overlay *overlay, const struct options *options)
{
	size_t n = strv_length(options->lower);

	overlay->lower_fds = calloc(n, sizeof(int));
	if (!overlay->lower_fds)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		int r;

		if (stat(options->lower[i], &st) < 0)
			return log_errno(-errno, "lowerdir %s", options->lower[i]);
		if (!S_ISDIR(st.st_mode))
			return log_errno(-ENOTDIR, "lowerdir %s", options->lower[i]);
		r = layer_clone(options->lower[i], &overlay->lower_fds[i]);
		if (r < 0)
			return log_errno(r, "cannot clone the mount of lowerdir %s",
					 options->lower[i]);
		overlay->n_lower++;
	}
	return 0;
}

/* As overlayfs does: files are put together in workdir/work, which is emptied at each start. */
static int open_work(struct overlay *overlay, int workdir, const char *path)
{
	int r = layer_remove_tree(workdir, "work");

	if (r == 0 && mkdirat(workdir, "work", 0700) < 0)
		r = -errno;
	if (r < 0)
		return log_errno(r, "cannot prepare the work directory %s", path);
	overlay->work_fd = openat(workdir, "work", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return overlay->work_fd < 0 ? log_errno(-errno, "cannot open %s/work", path) : 0;
}

static int open_upper(struct overlay *overlay, const struct options *options)
{
	CLEANUP_FD
	int work = -1;
	struct stat upper_st, work_st;
	int r = open_dir_path(options->upper, &overlay->upper_fd);

	if (r == 0)
		r = open_dir_path(options->work, &work);
	if (r < 0)
		return r;
	if (fstat(overlay->upper_fd, &upper_st) < 0 || fstat(work, &work_st) < 0)
		return log_errno(-errno, "cannot look at upperdir and workdir");
	if (upper_st.st_dev != work_st.st_dev)
		return log_errno(-EXDEV, "upperdir %s and workdir %s must be on one file system",
				 options->upper, options->work);
	return open_work(overlay, work, options->work);
}

static int open_tmpfs(struct overlay *overlay, const struct options *options)
{
	CLEANUP_FD
	int fs = -1;
	int r = layer_new_tmpfs(options->tmpfs_size, &fs);

	if (r < 0)
		return log_errno(r, "cannot make a tmpfs of size %s for the upper layer",
				 options->tmpfs_size);
	if (mkdirat(fs, "upper", 0700) < 0)
		return log_errno(-errno, "cannot make the upper directory");
	overlay->upper_fd = openat(fs, "upper", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (overlay->upper_fd < 0)
		return log_errno(-errno, "cannot open the upper directory");
	return open_work(overlay, fs, "of the upper tmpfs");
}

/* A new upper root shows what the lower root showed: its owner, mode and times. */
static int dress_upper_root(struct overlay *overlay)
{
	struct stat st;
	int n = dirlist_count(overlay->upper_fd);
	int r;

	if (n != 0)
		return n < 0 ? n : 0;
	r = layer_stat(overlay->lower_fds[0], &st);
	if (r == 0)
		r = copy_owner_mode(overlay->upper_fd, &st);
	if (r == 0)
		r = copy_xattrs(overlay->lower_fds[0], overlay->upper_fd, COPY_TO_UPPER,
				overlay->upper_takes_user, false);
	return r < 0 ? r : copy_times(overlay->upper_fd, &st);
}

int setup_layers(struct overlay *overlay, const struct options *options)
{
	int r = open_lower(overlay, options);

	if (r == 0)
		r = open_dir_path(options->mountpoint, &overlay->beneath_attached_fd);
	if (r == 0) {
		r = layer_clone(options->mountpoint, &overlay->beneath_fd);
		if (r < 0)
			(void)log_errno(r, "cannot clone the mount of %s", options->mountpoint);
	}
	if (r < 0)
		return r;
	overlay->volatile_upper = options->volatile_upper;
	if (options->tmpfs_size)
		r = open_tmpfs(overlay, options);
	else if (options->upper)
		r = open_upper(overlay, options);
	if (r < 0)
		return r;
	r = layer_enter_fd_dir();
	if (r < 0)
		return log_errno(r, "cannot open /proc/self/fd");
	if (overlay->upper_fd >= 0) {
		r = dress_upper_root(overlay);
		if (r < 0)
			return log_errno(r, "cannot prepare the upper directory");
	}
	r = overlay_open_root(overlay);
	return r < 0 ? log_errno(r,
				 "cannot use the layers (upperdir must take trusted.* attributes)")
		     : 0;
}
