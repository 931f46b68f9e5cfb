/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stands in for PID 1: starts early-disks with a link on descriptor 3, gives it one order, and prints each answer as a line
 * until the order ends. Exit 0 only if it ended in what is no FAILED.
 *
 *	disks-order EARLY-DISKS [OPTION…] -- root SPEC TYPE FLAGS TARGET WAIT_MS MODE | check MODE | write | separate PATH…
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/channel.h"
#include "early/fd.h"
#include "early/proto/disks.h"

#define ANSWER_TIMEOUT_MS 120000

static int send_separate(int fd, char **paths)
{
	struct disks_separate order = { .check = DISKS_CHECK_AUTO };
	char *data = NULL;
	int r = wire_list_from_strv(paths, &order.paths, &data);

	if (r == 0)
		r = channel_send_sync(fd, &disks_protocol, DISKS_SEPARATE, &order);
	free(data);
	return r;
}

static void print_list(const char *name, const struct wire_list *list)
{
	for (const char *at = NULL; (at = wire_list_next(list, at));)
		printf("%s %s\n", name, at);
}

static int send_order(int fd, int argc, char **argv)
{
	if (argc == 7 && strcmp(argv[0], "root") == 0)
		return channel_send_sync(fd, &disks_protocol, DISKS_ROOT,
					 &(struct disks_root){
						 .spec = argv[1],
						 .fstype = argv[2],
						 .flags = argv[3],
						 .target = argv[4],
						 .wait_ms = (uint32_t)strtoul(argv[5], NULL, 10),
						 .check = (uint32_t)strtoul(argv[6], NULL, 10),
					 });
	if (argc == 2 && strcmp(argv[0], "check") == 0)
		return channel_send_sync(
			fd, &disks_protocol, DISKS_CHECK,
			&(struct disks_check){ .check = (uint32_t)strtoul(argv[1], NULL, 10) });
	if (argc == 1 && strcmp(argv[0], "write") == 0)
		return channel_send_sync(fd, &disks_protocol, DISKS_WRITE, NULL);
	if (argc >= 2 && strcmp(argv[0], "separate") == 0)
		return send_separate(fd, argv + 1);
	return -EINVAL;
}

/* Prints one answer; 1 if the order has ended well, -ECANCELED if not, 0 if it goes on. */
static int print_answer(const void *buf, size_t len, uint16_t opcode)
{
	union {
		struct disks_mounted mounted;
		struct disks_progress progress;
		struct disks_checked checked;
		struct disks_ready ready;
		struct disks_failed failed;
	} value;
	int r = wire_unpack(&disks_protocol, buf, len, opcode, &value, sizeof(value));

	if (r < 0)
		return r;
	switch (opcode) {
	case DISKS_PROGRESS:
		printf("PROGRESS %u %s\n", value.progress.percent, value.progress.what);
		return 0;
	case DISKS_WRITABLE:
		printf("WRITABLE\n");
		return 0;
	case DISKS_MOUNTED:
		printf("MOUNTED %s %s\n", value.mounted.device, value.mounted.fstype);
		print_list("LOCAL", &value.mounted.local);
		print_list("NETWORK", &value.mounted.network);
		if (value.mounted.overlays_given)
			printf("OVERLAYS %s\n", value.mounted.overlays);
		return 1;
	case DISKS_CHECKED:
		printf("CHECKED %u %s\n", value.checked.verdict, value.checked.text);
		return 1;
	case DISKS_READY:
		printf("READY%s\n", value.ready.root_read_only ? " root read-only" : "");
		return 1;
	case DISKS_FAILED:
		printf("FAILED %s\nWHY %s\nADVICE %s\n", value.failed.what, value.failed.why,
		       value.failed.advice);
		return -ECANCELED;
	default:
		return -EPROTO;
	}
}

static int read_answers(int fd)
{
	static char buf[WIRE_MAX_MESSAGE];
	int r = 0;

	while (r == 0) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		uint16_t opcode;

		if (poll(&ready, 1, ANSWER_TIMEOUT_MS) != 1)
			return -ETIMEDOUT;
		r = channel_receive_sync(fd, buf, sizeof(buf), &opcode);
		if (r == 0)
			return -ECONNRESET;
		if (r > 0)
			r = print_answer(buf, (size_t)r, opcode);
		fflush(stdout);
	}
	return r;
}

static pid_t start(char **argv, int link)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (link == CHANNEL_HELPER_FD)
		fd_set_cloexec(link, false);
	else if (dup2(link, CHANNEL_HELPER_FD) < 0)
		_exit(127);
	execv(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	int ours, theirs, order = 1, r, status;
	pid_t pid;

	while (order < argc && strcmp(argv[order], "--") != 0)
		order++;
	if (order < 2 || order >= argc || channel_pair(&ours, &theirs) < 0)
		return 2;
	argv[order++] = NULL;
	pid = start(argv + 1, theirs);
	fd_close(theirs);
	r = send_order(ours, argc - order, argv + order);
	if (r >= 0)
		r = read_answers(ours);
	fd_close(ours);
	if (r < 0 && r != -ECANCELED)
		printf("BROKEN %s\n", strerror(-r));

	/* The link's end must end it. */
	alarm(120);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		printf("BROKEN early-disks ended with status %x\n", (unsigned int)status);
		return 2;
	}
	return r < 0 ? 1 : 0;
}
