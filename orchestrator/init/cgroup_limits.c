/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/parse.h"

#include "limit_line.h"

/*
 * Limits of groups
 *
 * A file of a controller is in a group only if each group above it has the controller in its cgroup.subtree_control; they are asked
 * for from the root down, and only those that a manifest needs, because each costs something. All files here are the kernel's own
 * (cgroup2, /proc, /sys, and /dev, a devtmpfs), so that nothing blocks on a disk. A device is looked up at the start of the service: its
 * number may be another after each boot. The kernel takes limits for whole disks only, so a partition stands for its disk.
 */

static const char *const known_controllers[] = { "cpu", "cpuset", "io", "memory", "pids" };

/* True the first time only: a machine without a controller is told of it once, not by every service. */
static bool is_news(const char *controller)
{
	static bool told[ARRAY_SIZE(known_controllers)];

	for (size_t i = 0; i < ARRAY_SIZE(known_controllers); i++) {
		if (strcmp(known_controllers[i], controller) != 0)
			continue;
		if (told[i])
			return false;
		told[i] = true;
	}
	return true;
}

static int enable_in(int fd, const char *controller)
{
	char *have CLEANUP(free_charp)
	= NULL;
	char text[24];
	size_t len;
	int r = fs_read_file_at(fd, "cgroup.subtree_control", 4096, &have, &len);

	if (r < 0)
		return r;
	for (char *save = NULL, *word = strtok_r(have, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save))
		if (strcmp(word, controller) == 0)
			return 0;
	snprintf(text, sizeof(text), "+%s", controller);
	return fs_write_at(fd, "cgroup.subtree_control", text);
}

/* In the root and in every group above @path. */
static int enable(struct cgroup_tree *tree, const char *path, const char *controller)
{
	char above[PATH_MAX];
	int r = enable_in(cgroup_tree_root(tree), controller);

	for (const char *slash = strchr(path + 1, '/'); r == 0 && slash;
	     slash = strchr(slash + 1, '/')) {
		int fd CLEANUP_FD
		= -1;

		if ((size_t)(slash - path) >= sizeof(above))
			return -ENAMETOOLONG;
		snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
		fd = openat(cgroup_tree_root(tree), above + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : enable_in(fd, controller);
	}
	if (r < 0 && is_news(controller))
		log_warning_errno(r, "no control of \"%s\" for %s and others", controller, path);
	return r;
}

void cgroup_enable(struct cgroup_tree *tree, const char *path, const struct wire_list *controllers)
{
	const char *name = NULL;

	if (!cgroup_tree_is_real(tree))
		return;
	while ((name = wire_list_next(controllers, name)))
		(void)enable(tree, path, name); /* told there; the group goes without it */
}

/* --- what shares are of, and devices --- */

static uint64_t read_number(const char *path)
{
	char *line CLEANUP(free_charp)
	= NULL;
	uint64_t number;

	if (fs_read_line_at(AT_FDCWD, path, &line) < 0 || parse_u64(line, &number) < 0)
		return UINT32_MAX;
	return number;
}

static void look_at_machine(struct limit_machine *machine)
{
	struct sysinfo info = { 0 };

	(void)sysinfo(&info); /* cannot fail with a valid pointer */
	machine->memory_bytes = (uint64_t)info.totalram * info.mem_unit;
	machine->tasks = MIN(read_number("/proc/sys/kernel/pid_max"),
			     read_number("/proc/sys/kernel/threads-max"));
}

/* "8:0 " for /dev/sda1 and /dev/sda. */
static int device_text(const struct limit_line *line, char *buf, size_t size)
{
	char path[PATH_MAX];
	char sys[128];
	char *number CLEANUP(free_charp)
	= NULL;
	struct stat st;
	int r;

	if (line->device_len >= sizeof(path) || strncmp(line->device, "/dev/", 5) != 0)
		return -ENODEV;
	snprintf(path, sizeof(path), "%.*s", (int)line->device_len, line->device);
	if (strstr(path, "/../") || stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
		return -ENODEV;
	snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u/partition", major(st.st_rdev),
		 minor(st.st_rdev));
	if (!fs_exists_at(AT_FDCWD, sys)) {
		snprintf(buf, size, "%u:%u ", major(st.st_rdev), minor(st.st_rdev));
		return 0;
	}
	snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u/../dev", major(st.st_rdev),
		 minor(st.st_rdev));
	r = fs_read_line_at(AT_FDCWD, sys, &number);
	if (r < 0)
		return r;
	snprintf(buf, size, "%s ", number);
	return 0;
}

/* --- the files --- */

/* Kernels with only the bfq scheduler have the weight under its name. */
static int write_limit(int fd, const struct limit_line *line, const char *text)
{
	int r = fs_write_at(fd, line->file, text);

	if (r == -ENOENT && strcmp(line->file, "io.weight") == 0)
		r = fs_write_at(fd, "io.bfq.weight", text);
	return r;
}

static int limit(struct cgroup_tree *tree, int fd, const char *path, const char *entry,
		 const struct limit_machine *machine)
{
	struct limit_line line;
	char device[64] = "";
	char text[256];
	int r = limit_line_parse(entry, &line);

	if (r == 0 && line.device)
		r = device_text(&line, device, sizeof(device));
	if (r == 0)
		r = limit_line_text(&line, machine, device, text, sizeof(text));
	if (r < 0)
		return r;
	if (enable(tree, path, line.controller) < 0)
		return 0; /* told there */
	return write_limit(fd, &line, text);
}

void cgroup_limit(struct cgroup_tree *tree, const char *path, const struct wire_list *limits)
{
	struct limit_machine machine;
	const char *entry = NULL;
	int fd CLEANUP_FD
	= -1;

	if (limits->len == 0 || !cgroup_tree_is_real(tree))
		return;
	fd = openat(cgroup_tree_root(tree), path + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		log_warning_errno(-errno, "cannot limit group %s", path);
		return;
	}
	look_at_machine(&machine);
	while ((entry = wire_list_next(limits, entry))) {
		int r = limit(tree, fd, path, entry, &machine);

		if (r < 0)
			log_warning_errno(r, "%s: cannot set %s", path, entry);
	}
}

int cgroup_number(const struct cgroup *group, const char *file, uint64_t *ret_value)
{
	char *line CLEANUP(free_charp)
	= NULL;
	int r;

	if (group->fd < 0)
		return -ENOENT;
	r = fs_read_line_at(group->fd, file, &line);
	return r < 0 ? r : parse_u64(line, ret_value);
}
