/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "background.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup_limits.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/parse.h"

/*
 * Until the greeter stands, what the way to it merely wishes for runs behind what it needs. With cgroup v2's processor controller that is
 * cpu.idle and io.weight of the group, and raising it is one write for all its processes. Without, each process gets the
 * idle class as soon as it is made and hands it on to its children, and raising goes through all tasks: twice, for one may have been born meanwhile. One that
 * a program chose by itself (SCHED_FIFO, a nice value) is left alone.
 */

#define RAISE_PASSES 2

static const char controllers[] = "cpu\0io";

static bool put(const struct cgroup *group, const char *file, const char *value)
{
	return fs_write_at(group->fd, file, value) == 0;
}

enum background_kind background_enter(struct cgroup *group)
{
	const struct wire_list list = { controllers, sizeof(controllers) };

	if (group->fd < 0)
		return BACKGROUND_PROCESSES;
	if (faccessat(group->fd, "cpu.idle", W_OK, 0) < 0)
		cgroup_enable(group->tree, group->path, &list);
	if (!put(group, "cpu.idle", "1"))
		return BACKGROUND_PROCESSES;
	(void)put(group, "io.weight", "1"); /* a kernel without: the processor is most of it */
	return BACKGROUND_GROUP;
}

static int set_ioprio(pid_t pid, int ioclass)
{
	return (int)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, IOPRIO_PRIO_VALUE(ioclass, 0));
}

void background_process(pid_t pid)
{
	const struct sched_param param = { 0 };

	(void)sched_setscheduler(pid, SCHED_IDLE, &param); /* not allowed: runs as others do */
	(void)set_ioprio(pid, IOPRIO_CLASS_IDLE);
}

static void raise_task(pid_t pid)
{
	const struct sched_param param = { 0 };

	if (sched_getscheduler(pid) != SCHED_IDLE)
		return;
	(void)sched_setscheduler(pid, SCHED_OTHER, &param); /* gone: needs nothing any more */
	(void)set_ioprio(pid, IOPRIO_CLASS_NONE);
}

static bool raise_process(pid_t pid, void *data)
{
	char path[64];
	struct dirent *entry;
	uint32_t task;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir) {
		raise_task(pid);
		return true;
	}
	while ((entry = readdir(dir)))
		if (parse_u32(entry->d_name, &task) == 0)
			raise_task((pid_t)task);
	closedir(dir);
	return true;
}

void background_raise(struct cgroup *group, enum background_kind kind)
{
	switch (kind) {
	case BACKGROUND_NONE:
		break;
	case BACKGROUND_GROUP:
		(void)put(group, "cpu.idle", "0");
		(void)put(group, "io.weight", "default 100");
		break;
	case BACKGROUND_PROCESSES:
		for (int i = 0; i < RAISE_PASSES; i++)
			cgroup_each(group, raise_process, NULL);
		break;
	}
}
