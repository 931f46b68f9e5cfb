/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Sets of processes, for a machine without cgroup v2: who descends from whom, by /proc/PID/stat (which never blocks). */
#define PROCSET_MAX 4096 /* of one set */

struct procset_process {
	pid_t pid;
	pid_t ppid;
	pid_t session;
	uint64_t start; /* since boot, in ticks: tells a reused pid */
};

/* A process of a set. */
struct procset_member {
	pid_t pid;
	uint64_t start; /* 0: not yet seen in /proc */
};

struct procset {
	struct procset_member *members;
	size_t n_members;
	size_t size;
	bool changed; /* since its owner wrote it down */
};

/* All living processes (zombies are dead). Free *ret. @proc_fd: of /proc. */
int procset_scan(int proc_fd, struct procset_process **ret, size_t *ret_n);

/* One of them; -ENOENT or -ESRCH: it is dead. */
int procset_read(int proc_fd, pid_t pid, struct procset_process *ret);
/* What such a negative number says nothing about: memory or descriptors were short. */
bool procset_is_unknown(int r);

/* This process's own, zombies as well. Free *ret. -ENOENT: a kernel that does not tell. */
int procset_children(int proc_fd, pid_t **ret, size_t *ret_n);

/* One line of /proc/PID/stat; -ESRCH for a zombie, -EINVAL. Pure. */
int procset_parse_stat(const char *line, struct procset_process *ret);

int procset_add(struct procset *set, pid_t pid);
void procset_remove(struct procset *set, pid_t pid);
bool procset_has(const struct procset *set, pid_t pid);
void procset_done(struct procset *set);

/* Forgets the dead and takes in every descendant, by parent or by session. Pure. */
int procset_refresh(struct procset *set, const struct procset_process *processes, size_t n);
