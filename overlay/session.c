/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection. We mount ourselves instead of through libfuse: a source, the mount's flags and a mount point that is about
 * to be hidden are ours to decide, and libfuse takes a ready descriptor as "/dev/fd/N".
 *
 * No writeback cache (after the merge the kernel, not the file, would decide where an append goes); locks are asked for, so
 * that they hold against those who open the real file later; set-id bits are cleared by the kernel, since we write as root.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "layer.h"
#include "ops.h"
#include "overlay.h"

#define IDLE_THREADS 8

struct session {
	struct overlay *overlay;
	struct fuse_loop_config *config;
	struct fuse_session *fuse;
	char *mountpoint;
	uint32_t dev[2]; /* of the mount: major, minor */
	pthread_t thread;
	int ended_fd;
};

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	conn->want &= ~(unsigned int)(FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_HANDLE_KILLPRIV |
				      FUSE_CAP_READDIRPLUS);
	conn->want |= conn->capable & (FUSE_CAP_POSIX_LOCKS | FUSE_CAP_FLOCK_LOCKS |
				       FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_ATOMIC_O_TRUNC |
				       FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_CACHE_SYMLINKS);
}

static int open_device(int *ret_fd)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int mount_at(int fd, const char *mountpoint, const char *source, unsigned long flags)
{
	char data[128];

	snprintf(data, sizeof(data),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other", fd);
	return mount(source, mountpoint, "fuse.early-overlay", flags, data) < 0 ? -errno : 0;
}

/* What is mounted there, without asking whoever serves it: that may be we. */
static int device_at(const char *path, uint32_t ret_dev[2])
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, 0,
		  &st) < 0)
		return -errno;
	ret_dev[0] = st.stx_dev_major;
	ret_dev[1] = st.stx_dev_minor;
	return 0;
}

static int make_fuse(struct session *session, int fd)
{
	struct fuse_lowlevel_ops ops = { .init = op_init };
	char *argv[] = { (char *)"early-overlay", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char path[32];

	ops_add_names(&ops);
	ops_add_attrs(&ops);
	ops_add_files(&ops);
	ops_add_dirs(&ops);
	ops_add_locks(&ops);
	session->fuse = fuse_session_new(&args, &ops, sizeof(ops), session->overlay);
	fuse_opt_free_args(&args);
	if (!session->fuse)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	return fuse_session_mount(session->fuse, path) < 0 ? -EIO : 0;
}

int session_new(struct overlay *overlay, const char *mountpoint, const char *source,
		unsigned long mount_flags, struct session **ret_session)
{
	struct session *session = calloc(1, sizeof(*session));
	CLEANUP_FD
	int fd = -1;
	int r;

	if (!session)
		return -ENOMEM;
	session->overlay = overlay;
	session->ended_fd = -1;
	session->mountpoint = strdup(mountpoint);
	r = session->mountpoint ? open_device(&fd) : -ENOMEM;
	if (r == 0)
		r = mount_at(fd, mountpoint, source, mount_flags);
	if (r == 0) {
		r = device_at(mountpoint, session->dev);
		if (r == 0)
			r = make_fuse(session, fd);
		if (r == 0)
			(void)TAKE_FD(fd); /* libfuse's now */
		else
			(void)umount2(mountpoint, MNT_DETACH);
	}
	if (r < 0) {
		if (session->fuse)
			fuse_session_destroy(session->fuse);
		free(session->mountpoint);
		free(session);
		return r;
	}
	*ret_session = session;
	return 0;
}

static void *serve(void *data)
{
	struct session *session = data;
	uint64_t one = 1;

	(void)fuse_session_loop_mt(session->fuse, session->config); /* ends with the connection */
	if (write(session->ended_fd, &one, sizeof(one)) < 0)
		abort(); /* an eventfd that was never written to takes a one */
	return NULL;
}

int session_start(struct session *session, int ended_fd)
{
	int r = ops_lock_start(session->overlay);

	if (r < 0)
		return r;
	session->config = fuse_loop_cfg_create();
	if (!session->config)
		return -ENOMEM;
	fuse_loop_cfg_set_clone_fd(session->config, 0);
	fuse_loop_cfg_set_idle_threads(session->config, IDLE_THREADS);
	session->ended_fd = ended_fd;
	return -pthread_create(&session->thread, NULL, serve, session);
}

int session_detach(struct session *session)
{
	uint32_t dev[2];
	int r = device_at(session->mountpoint, dev);

	if (r < 0)
		return r;
	if (memcmp(dev, session->dev, sizeof(dev)) != 0)
		return -EINVAL;
	return umount2(session->mountpoint, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

void session_inval_node(struct session *session, struct node *node)
{
	(void)fuse_lowlevel_notify_inval_inode(session->fuse, ops_ino(session->overlay, node), 0,
					       0); /* -ENOENT: the kernel has not got it */
}

void session_inval_name(struct session *session, struct node *parent, const char *text)
{
	(void)fuse_lowlevel_notify_inval_entry(session->fuse, ops_ino(session->overlay, parent),
					       text, strlen(text)); /* as above */
}
