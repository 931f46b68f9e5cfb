/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "execs_pipe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/proto/execs.h"

/*
 * One message at most comes, and it is shorter than a pipe's atomic write, but it is read as if it could come in pieces. What
 * cannot be understood counts as "executed": the process's own end will tell the rest.
 */

static void take_message(struct execs_pipe *pipe, uint16_t opcode, uint32_t len)
{
	struct execs_failed failed;
	struct execs_skipped skipped;

	if (opcode == EXECS_FAILED &&
	    wire_unpack(&execs_protocol, pipe->buf, len, opcode, &failed, sizeof(failed)) == 0) {
		pipe->outcome = EXECS_OUTCOME_FAILED;
		pipe->error = failed.error;
		/* Of a user or a group that is not there the detail says all. */
		bool detailed = failed.error == -ESRCH && failed.detail[0];

		snprintf(pipe->text, sizeof(pipe->text), "%s: %s%s%s", failed.step,
			 detailed ? "" : strerror(failed.error < 0 ? -failed.error : failed.error),
			 failed.detail[0] && !detailed ? ": " : "", failed.detail);
	} else if (opcode == EXECS_SKIPPED && wire_unpack(&execs_protocol, pipe->buf, len, opcode,
							  &skipped, sizeof(skipped)) == 0) {
		pipe->outcome = EXECS_OUTCOME_SKIPPED;
		snprintf(pipe->text, sizeof(pipe->text), "%s", skipped.condition);
	}
}

/* Reads on; true when the outcome is known. */
static bool read_more(struct execs_pipe *pipe)
{
	for (;;) {
		ssize_t n = read(pipe->fd, pipe->buf + pipe->len, sizeof(pipe->buf) - pipe->len);
		uint16_t opcode;
		uint32_t len;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0) {
			pipe->outcome = EXECS_EXECUTED;
			return true;
		}
		pipe->len += (uint32_t)n;
		if (wire_peek(pipe->buf, pipe->len, &opcode, &len) == 0 && len <= pipe->len) {
			take_message(pipe, opcode, len);
			if (pipe->outcome == EXECS_PENDING)
				pipe->outcome = EXECS_EXECUTED;
			return true;
		}
	}
}

static void handle_readable(struct loop_source *source, uint32_t events)
{
	struct execs_pipe *pipe = container_of(source, struct execs_pipe, source);

	if (!read_more(pipe))
		return;
	execs_pipe_close(pipe);
	if (pipe->fn)
		pipe->fn(pipe);
}

int execs_pipe_open(struct execs_pipe *pipe, struct loop *loop, int fd, execs_pipe_fn fn)
{
	int r;

	*pipe = (struct execs_pipe){ .fd = fd, .fn = fn };
	r = fd_set_nonblock(fd, true);
	if (r == 0)
		r = loop_add(loop, &pipe->source, fd, EPOLLIN, handle_readable);
	if (r < 0)
		pipe->fd = fd_close(pipe->fd);
	return r;
}

void execs_pipe_drain(struct execs_pipe *pipe)
{
	if (pipe->fd < 0 || pipe->outcome != EXECS_PENDING)
		return;
	/* A child of the process may still hold the other end: then nothing was said, and nothing will be. */
	if (!read_more(pipe))
		pipe->outcome = EXECS_EXECUTED;
	execs_pipe_close(pipe);
}

void execs_pipe_close(struct execs_pipe *pipe)
{
	loop_remove(&pipe->source);
	pipe->fd = fd_close(pipe->fd);
}
