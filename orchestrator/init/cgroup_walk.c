/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/dir.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/parse.h"

/* Services may make groups in theirs: what holds for one holds for all below, to a depth that nobody reaches by honest means. */

#define MAX_DEPTH 8 /* of groups that services make in theirs */
#define MAX_PROCS_BYTES (256 * 1024)

static void remove_children(int fd, int depth)
{
	struct dirent *entry;
	DIR *dir CLEANUP_DIR = NULL;

	if (dir_open_at(fd, ".", &dir) < 0)
		return;
	while ((entry = readdir(dir))) {
		int child;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child < 0)
			continue;
		if (depth < MAX_DEPTH)
			remove_children(child, depth + 1);
		fd_close(child);
		(void)unlinkat(fd, entry->d_name, AT_REMOVEDIR); /* busy: somebody is in it */
	}
}

void cgroup_walk_remove(int fd)
{
	remove_children(fd, 0);
}

static bool each_pid(int fd, int depth, bool (*fn)(pid_t pid, void *data), void *data);

static bool each_own_pid(int fd, bool (*fn)(pid_t pid, void *data), void *data)
{
	char *text CLEANUP(free_charp)
	= NULL;
	char *save = NULL;
	size_t len;

	if (fs_read_file_at(fd, "cgroup.procs", MAX_PROCS_BYTES, &text, &len) < 0)
		return true;
	for (char *word = strtok_r(text, "\n", &save); word; word = strtok_r(NULL, "\n", &save)) {
		uint32_t pid;

		/* 0 is a process that this PID name space does not see. */
		if (parse_u32(word, &pid) == 0 && pid > 0 && !fn((pid_t)pid, data))
			return false;
	}
	return true;
}

static bool each_pid_below(int fd, int depth, bool (*fn)(pid_t pid, void *data), void *data)
{
	DIR *dir CLEANUP_DIR = NULL;
	struct dirent *entry;
	bool go_on = true;

	if (dir_open_at(fd, ".", &dir) < 0)
		return true;
	while (go_on && (entry = readdir(dir))) {
		int child CLEANUP_FD
		= -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0)
			go_on = each_pid(child, depth + 1, fn, data);
	}
	return go_on;
}

static bool each_pid(int fd, int depth, bool (*fn)(pid_t pid, void *data), void *data)
{
	if (!each_own_pid(fd, fn, data))
		return false;
	return depth >= MAX_DEPTH || each_pid_below(fd, depth, fn, data);
}

bool cgroup_walk(int fd, bool (*fn)(pid_t pid, void *data), void *data)
{
	return each_pid(fd, 0, fn, data);
}
