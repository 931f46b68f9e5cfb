/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "options.h"

/* The killing spree of a shutdown spares who is named so: it serves files to others. */
static void mark_as_storage(char *name)
{
	name[0] = '@';
}

static int make_absolute(struct options *options)
{
	char *path = realpath(options->mountpoint, NULL);

	if (!path)
		return log_errno(-errno, "mount point %s", options->mountpoint);
	free(options->mountpoint);
	options->mountpoint = path;
	return 0;
}

/* The parent's part: its exit code says whether the union is mounted. */
static int wait_for_child(pid_t pid, int fd)
{
	int status;
	char byte;

	if (read(fd, &byte, 1) == 1)
		return 0;
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status))
		return WEXITSTATUS(status);
	return 1;
}

static void leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid(); /* fails only for a group's leader, which a child is not */
	if (fd < 0)
		return;
	(void)dup2(fd, STDIN_FILENO);
	(void)dup2(fd, STDOUT_FILENO);
	if (fd > STDERR_FILENO)
		fd_close(fd);
}

/* Standard error is kept until the union is mounted: daemon_run lets it go. */
static int run_in_background(const struct options *options)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		(void)log_errno(-errno, "cannot make a pipe");
		return 1;
	}
	pid = fork();
	if (pid < 0) {
		(void)log_errno(-errno, "cannot fork");
		return 1;
	}
	if (pid > 0) {
		fd_close(ends[1]);
		return wait_for_child(pid, ends[0]);
	}
	fd_close(ends[0]);
	leave_terminal();
	return daemon_run(options, ends[1]);
}

int main(int argc, char **argv)
{
	struct options options;
	int r;

	options_init(&options);
	log_init("early-overlay", LOG_SINK_STDERR, LOG_LEVEL_INFO);
	if (options_parse(&options, argc, argv) < 0) {
		options_done(&options);
		return 2;
	}
	if (options.help) {
		options_print_help();
		options_done(&options);
		return 0;
	}
	if (options.debug)
		log_set_max_level(LOG_LEVEL_DEBUG);
	if (make_absolute(&options) < 0) {
		options_done(&options);
		return 1;
	}
	mark_as_storage(argv[0]);
	/* With a link somebody supervises this very process. */
	if (options.foreground || options.link_fd >= 0)
		r = daemon_run(&options, -1);
	else
		r = run_in_background(&options);
	_exit(r); /* threads may still be at work: nothing is torn down beneath them */
}
