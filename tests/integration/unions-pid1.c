/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PID 1's side of one union (orchestrator/init/unions.c) as a process of its own: starts early-overlay with a link, says what it
 * hears of it, and does what it is told by its standard input.
 *
 *	unions-pid1 EARLY-OVERLAY PATH OPTIONS [ARGUMENT…]
 *	in: merge · state        out: pid N · merged · gone · stays WHY · failed WHY · state NAME
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "early/channel.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "unions.h"

static struct unions unions;
static struct loop *loop;
static struct loop_source input;

static void handle_merged(struct unions *all, uint64_t t_us)
{
	puts("merged");
}

static void handle_gone(struct unions *all, uint64_t t_us)
{
	puts("gone");
}

static void handle_stays(struct unions *all, const char *path, const char *why, const char *advice)
{
	printf("stays %s\n", why);
}

static void handle_failed(struct union_mount *mount, const char *why, const char *advice)
{
	printf("failed %s\n", why);
}

static void handle_input(struct loop_source *source, uint32_t events)
{
	char line[64];
	ssize_t n = read(source->fd, line, sizeof(line) - 1);

	if (n <= 0) {
		loop_exit(loop, 0);
		return;
	}
	line[n] = '\0';
	if (strcmp(line, "merge\n") == 0)
		unions_merge(&unions);
	else if (strcmp(line, "state\n") == 0)
		printf("state %s%s\n", union_state_name(unions.mounts[0].state),
		       unions_are_settled(&unions) ? " settled" : "");
	else
		abort();
}

static pid_t start(char **argv, int link)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (link == CHANNEL_HELPER_FD)
		(void)fd_set_cloexec(link, false);
	else if (dup2(link, CHANNEL_HELPER_FD) < 0)
		_exit(127);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	(void)execv(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	int ours, theirs;
	pid_t pid;

	if (argc < 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_init("unions-pid1", getenv("UNIONS_PID1_KMSG") ? LOG_SINK_KMSG : LOG_SINK_STDERR,
		 LOG_LEVEL_INFO);
	unions.on_merged = handle_merged;
	unions.on_gone = handle_gone;
	unions.on_stays = handle_stays;
	unions.on_failed = handle_failed;
	if (channel_pair(&ours, &theirs) < 0 || loop_new(&loop) < 0)
		return 1;
	pid = start(argv + 1, theirs);
	fd_close(theirs);
	if (pid < 0 || unions_adopt(&unions, loop, argv[2], UNION_MOUNTED, pid, ours) < 0 ||
	    loop_add(loop, &input, STDIN_FILENO, EPOLLIN, handle_input) < 0 ||
	    loop_reap_children(loop) < 0)
		return 1;
	printf("pid %d\n", (int)pid);
	return loop_run(loop) < 0;
}
