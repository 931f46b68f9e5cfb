/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

#include "early/dir.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"

#include "text.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_FILE_MAX (1024 * 1024)
#define CGROUP_DEPTH_MAX 16

int process_parse_cgroup(const char *text, char **ret_cgroup)
{
	while (strncmp(text, "0::", 3) != 0) {
		text = strchr(text, '\n');
		if (text == NULL)
			return -ENODATA;
		text++;
	}
	return text_copy_start(text + 3, strcspn(text + 3, "\n"), ret_cgroup);
}

int process_get_cgroup(pid_t pid, char **ret_cgroup)
{
	CLEANUP(free_charp)
	char *text = NULL;
	char path[64];
	size_t len;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	r = fs_read_file_at(AT_FDCWD, path, CGROUP_FILE_MAX, &text, &len);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	return process_parse_cgroup(text, ret_cgroup);
}

static int visit_processes(int dir_fd, const char *cgroup, process_fn fn, void *data)
{
	CLEANUP(free_charp)
	char *text = NULL;
	CLEANUP_STRV char **pids = NULL;
	size_t len;
	int r = fs_read_file_at(dir_fd, "cgroup.procs", CGROUP_FILE_MAX, &text, &len);

	if (r < 0)
		return 0; /* gone, or a threaded cgroup */
	r = strv_split(text, "\n", &pids);
	for (size_t i = 0; r >= 0 && i < strv_length(pids); i++) {
		CLEANUP(free_charp)
		char *comm = NULL;
		char path[64];
		uint32_t pid;

		if (parse_u32(pids[i], &pid) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%u/comm", pid);
		if (fs_read_line_at(AT_FDCWD, path, &comm) < 0)
			continue; /* ended meanwhile */
		r = fn(cgroup, pid, comm, data);
	}
	return r;
}

static int walk(int dir_fd, const char *cgroup, int depth, process_fn fn, void *data)
{
	int r = visit_processes(dir_fd, cgroup, fn, data);
	struct dirent *entry;
	CLEANUP_DIR
	DIR *dir = NULL;

	if (r < 0 || depth >= CGROUP_DEPTH_MAX)
		return r;
	if (dir_open_at(dir_fd, ".", &dir) < 0)
		return r; /* gone */
	while (r >= 0 && (entry = readdir(dir)) != NULL) {
		CLEANUP_STRBUF struct strbuf below = STRBUF_INIT;
		CLEANUP_FD
		int fd = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		fd = openat(dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		strbuf_printf(&below, "%s/%s", cgroup, entry->d_name);
		r = strbuf_error(&below);
		if (r >= 0)
			r = walk(fd, below.data, depth + 1, fn, data);
	}
	return r;
}

/* An open cgroup, or negative errno. */
static int open_cgroup(const char *cgroup)
{
	char path[512];
	int fd;

	if (cgroup[0] != '/')
		return -ENOENT;
	if (snprintf(path, sizeof(path), CGROUP_ROOT "%s", cgroup) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int process_walk_cgroup(const char *cgroup, process_fn fn, void *data)
{
	CLEANUP_FD
	int fd = open_cgroup(cgroup);

	return fd < 0 ? 0 : walk(fd, cgroup, 0, fn, data);
}

uint64_t process_read_cgroup_number(const char *cgroup, const char *file)
{
	CLEANUP_FD
	int fd = open_cgroup(cgroup);
	CLEANUP(free_charp)
	char *line = NULL;
	uint64_t number;

	if (fd < 0 || fs_read_line_at(fd, file, &line) < 0 || parse_u64(line, &number) < 0)
		return UINT64_MAX;
	return number;
}

int process_kill(pid_t pid, const char *cgroup, int signo)
{
	CLEANUP(free_charp)
	char *actual = NULL;
	CLEANUP_FD
	int fd = -1;
	size_t len = strlen(cgroup);
	int r;

	fd = pidfd_open(pid, 0);
	if (fd < 0)
		return -errno;
	/* Looked at behind the pidfd: what is in the group now is what the signal reaches. */
	r = process_get_cgroup(pid, &actual);
	if (r < 0)
		return r;
	if (len == 0 || strncmp(actual, cgroup, len) != 0 ||
	    (actual[len] != '\0' && actual[len] != '/'))
		return -ESRCH;
	return pidfd_send_signal(fd, signo, NULL, 0) < 0 ? -errno : 0;
}
