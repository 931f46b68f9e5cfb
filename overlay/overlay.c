/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "dirlist.h"
#include "early/fd.h"
#include "layer.h"

int overlay_init(struct overlay *overlay)
{
	pthread_rwlockattr_t attr;

	memset(overlay, 0, sizeof(*overlay));
	overlay->upper_fd = overlay->work_fd = -1;
	overlay->beneath_fd = overlay->beneath_attached_fd = -1;
	pthread_mutex_init(&overlay->change, NULL);
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&overlay->gate, &attr);
	pthread_rwlockattr_destroy(&attr);
	return table_init(&overlay->table);
}

void overlay_done(struct overlay *overlay)
{
	table_done(&overlay->table);
	for (int i = 0; i < overlay->n_lower; i++)
		fd_close(overlay->lower_fds[i]);
	free(overlay->lower_fds);
	fd_close(overlay->upper_fd);
	fd_close(overlay->work_fd);
	fd_close(overlay->beneath_fd);
	fd_close(overlay->beneath_attached_fd);
	pthread_mutex_destroy(&overlay->change);
	pthread_rwlock_destroy(&overlay->gate);
}

/* Whether user.* attributes can be set in the upper layer: tmpfs takes them since 6.6. */
static int probe_upper(struct overlay *overlay)
{
	struct temp_name name = overlay_temp_name(overlay);
	CLEANUP_FD
	int fd = -1;
	int entries;

	fd = openat(overlay->work_fd, name.text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	overlay->upper_takes_user = fsetxattr(fd, "user.early", "1", 1, 0) == 0;
	if (fsetxattr(fd, MARKS_STAMP, "1", 1, 0) < 0) {
		int r = -errno;

		(void)unlinkat(overlay->work_fd, name.text, 0);
		return r;
	}
	if (unlinkat(overlay->work_fd, name.text, 0) < 0)
		return -errno;
	entries = dirlist_count(overlay->upper_fd);
	if (entries < 0)
		return entries;
	overlay->foreign_upper = entries > 0;
	return 0;
}

int overlay_open_root(struct overlay *overlay)
{
	struct node *root;
	struct stat st;
	int r;

	r = layer_stat(overlay->lower_fds[0], &st);
	if (r < 0)
		return r;
	r = node_new(&overlay->table, S_IFDIR, marks_ino(MARKS_LAYER_LOWER, st.st_ino), &root);
	if (r < 0)
		return r;
	overlay->table.root = root;
	root->n_lookup = 1;
	root->lower_fds = calloc((size_t)overlay->n_lower, sizeof(int));
	if (!root->lower_fds)
		return -ENOMEM;
	for (int i = 0; i < overlay->n_lower; i++) {
		root->lower_fds[i] = fcntl(overlay->lower_fds[i], F_DUPFD_CLOEXEC, 3);
		if (root->lower_fds[i] < 0)
			return -errno;
		root->n_lower = ++root->n_lower_open;
	}
	node_set_key(root, NODE_KEY_LOWER, st.st_dev, st.st_ino);
	if (overlay->upper_fd < 0) {
		overlay->read_only = true;
		return 0;
	}
	r = probe_upper(overlay);
	if (r < 0)
		return r;
	root->upper_fd = fcntl(overlay->upper_fd, F_DUPFD_CLOEXEC, 3);
	if (root->upper_fd < 0 || fstat(root->upper_fd, &st) < 0)
		return -errno;
	node_set_key(root, NODE_KEY_UPPER, st.st_dev, st.st_ino);
	return 0;
}
