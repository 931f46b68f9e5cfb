/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "procset.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/dir.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"

/*
 * Without cgroups a service is what was started for it and what descends from that: children by their parent, and what left
 * its parent behind by its session. A process that did both (the classic daemon) becomes PID 1's child when its parent
 * dies; cgroup.c finds it at that moment. One that does all of it within one tick of somebody else's death could be
 * counted to the wrong service: that is why a machine has cgroups, and only containers come here.
 */

#define CHILDREN_MAX_BYTES (1 << 20)
#define FIRST_SIZE 256

int procset_parse_stat(const char *line, struct procset_process *ret)
{
	const char *rest = strrchr(line, ')'); /* a name may hold anything, ')' included */
	struct procset_process process = { 0 };
	int pid, ppid, session;
	char state;

	if (!rest || sscanf(line, "%d", &pid) != 1)
		return -EINVAL;
	/* 3 state, 4 ppid, 5 pgrp, 6 session … 22 starttime */
	if (sscanf(rest + 1,
		   " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%" SCNu64,
		   &state, &ppid, &session, &process.start) != 4)
		return -EINVAL;
	if (state == 'Z' || state == 'X')
		return -ESRCH;
	process.pid = pid;
	process.ppid = ppid;
	process.session = session;
	*ret = process;
	return 0;
}

static int read_one(int proc_fd, const char *name, struct procset_process *ret)
{
	char *line CLEANUP(free_charp)
	= NULL;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "%.20s/stat", name);
	r = fs_read_line_at(proc_fd, path, &line);
	if (r < 0)
		return r;
	return procset_parse_stat(line, ret);
}

/* One that could not be read for want of memory or descriptors is not dead. */
bool procset_is_unknown(int r)
{
	return r < 0 && r != -ENOENT && r != -ESRCH && r != -EINVAL;
}

static int grow(struct procset_process **processes, size_t *size)
{
	struct procset_process *more = reallocarray(*processes, *size * 2, sizeof(*more));

	if (!more)
		return -ENOMEM;
	*processes = more;
	*size *= 2;
	return 0;
}

int procset_read(int proc_fd, pid_t pid, struct procset_process *ret)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)pid);
	return read_one(proc_fd, name, ret);
}

static int parse_pids(const char *text, pid_t **ret, size_t *ret_n)
{
	size_t n = 0;
	pid_t *pids;

	for (const char *c = text; *c; c++)
		n += *c == ' '; /* there is one behind each */
	pids = calloc(n + 1, sizeof(*pids));
	if (!pids)
		return -ENOMEM;
	*ret_n = 0;
	for (char *end; *ret_n < n; text = end) {
		long pid = strtol(text, &end, 10);

		if (end == text || pid <= 0)
			break;
		pids[(*ret_n)++] = (pid_t)pid;
	}
	*ret = pids;
	return 0;
}

int procset_children(int proc_fd, pid_t **ret, size_t *ret_n)
{
	char path[64];
	char *text CLEANUP(free_charp)
	= NULL;
	int fd CLEANUP_FD
	= -1;
	size_t len;
	int r;

	snprintf(path, sizeof(path), "self/task/%d/children", (int)getpid());
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fd_read_all(fd, CHILDREN_MAX_BYTES, &text, &len);
	return r < 0 ? r : parse_pids(text, ret, ret_n);
}

int procset_scan(int proc_fd, struct procset_process **ret, size_t *ret_n)
{
	struct procset_process *processes;
	struct dirent *entry;
	size_t n = 0, size = FIRST_SIZE;
	DIR *dir CLEANUP_DIR = NULL;
	int r = dir_open_at(proc_fd, ".", &dir);

	if (r < 0)
		return r;
	processes = calloc(size, sizeof(*processes));
	while (processes && !procset_is_unknown(r) && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (n == size)
			r = grow(&processes, &size);
		if (r == -ENOMEM)
			break;
		r = read_one(proc_fd, entry->d_name, &processes[n]);
		n += r == 0;
	}
	if (!processes || procset_is_unknown(r)) {
		r = processes ? r : -ENOMEM;
		free(processes);
		return r;
	}
	*ret = processes;
	*ret_n = n;
	return 0;
}

static struct procset_member *find(const struct procset *set, pid_t pid)
{
	for (size_t i = 0; i < set->n_members; i++)
		if (set->members[i].pid == pid)
			return &set->members[i];
	return NULL;
}

bool procset_has(const struct procset *set, pid_t pid)
{
	return find(set, pid) != NULL;
}

static int add(struct procset *set, pid_t pid, uint64_t start)
{
	if (set->n_members == set->size) {
		size_t size = set->size ? set->size * 2 : 2;
		struct procset_member *members;

		if (size > PROCSET_MAX)
			return -E2BIG;
		members = realloc(set->members, size * sizeof(*members));
		if (!members)
			return -ENOMEM;
		set->members = members;
		set->size = size;
	}
	set->members[set->n_members++] = (struct procset_member){ pid, start };
	set->changed = true;
	return 0;
}

int procset_add(struct procset *set, pid_t pid)
{
	struct procset_member *member = find(set, pid);

	if (!member)
		return add(set, pid, 0);
	member->start = 0;
	return 0;
}

void procset_remove(struct procset *set, pid_t pid)
{
	struct procset_member *member = find(set, pid);

	if (!member)
		return;
	*member = set->members[--set->n_members];
	set->changed = true;
}

void procset_done(struct procset *set)
{
	free(set->members);
	*set = (struct procset){ 0 };
}

static const struct procset_process *find_process(const struct procset_process *processes, size_t n,
						  pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	return NULL;
}

static void forget_dead(struct procset *set, const struct procset_process *processes, size_t n)
{
	for (size_t i = 0; i < set->n_members;) {
		struct procset_member *member = &set->members[i];
		const struct procset_process *process = find_process(processes, n, member->pid);

		if (process && member->start == 0)
			member->start = process->start;
		if (process && member->start == process->start) {
			i++;
			continue;
		}
		*member = set->members[--set->n_members];
		set->changed = true;
	}
}

int procset_refresh(struct procset *set, const struct procset_process *processes, size_t n)
{
	bool grown = true;

	/* Sessions first: the dead are what tells whose a session is. */
	for (size_t i = 0; i < n; i++) {
		const struct procset_process *process = &processes[i];
		int r;

		if (process->session <= 1 || procset_has(set, process->pid) ||
		    !procset_has(set, process->session))
			continue;
		r = add(set, process->pid, process->start);
		if (r < 0)
			return r;
	}
	forget_dead(set, processes, n);
	while (grown) {
		grown = false;
		for (size_t i = 0; i < n; i++) {
			const struct procset_process *process = &processes[i];
			int r;

			if (procset_has(set, process->pid) || !procset_has(set, process->ppid))
				continue;
			r = add(set, process->pid, process->start);
			if (r < 0)
				return r;
			grown = true;
		}
	}
	return 0;
}
