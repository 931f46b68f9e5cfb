/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "execs_pipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/proto/execs.h"

/*
 * One message at most comes, in one write that is shorter than a pipe's atomic one: it is read whole or not at all, and a service
 * keeps no buffer for it. What cannot be understood counts as "executed": the process's own end will tell the rest.
 */

#define MAX_MESSAGE 1024
#define MAX_TEXT 256

void execs_pipe_set(struct execs_pipe *pipe, enum execs_outcome outcome, int32_t error,
		    const char *text)
{
	free(pipe->text);
	pipe->outcome = outcome;
	pipe->error = error;
	pipe->text = strndup(text, MAX_TEXT - 1);
}

const char *execs_pipe_text(const struct execs_pipe *pipe)
{
	return pipe->text ? pipe->text : "";
}

static void take_failed(struct execs_pipe *pipe, const struct execs_failed *failed)
{
	/* Of a user or a group that is not there the detail says all. */
	bool detailed = failed->error == -ESRCH && failed->detail[0];
	char text[MAX_TEXT];

	snprintf(text, sizeof(text), "%s: %s%s%s", failed->step,
		 detailed ? "" : strerror(failed->error < 0 ? -failed->error : failed->error),
		 failed->detail[0] && !detailed ? ": " : "", failed->detail);
	execs_pipe_set(pipe, EXECS_OUTCOME_FAILED, failed->error, text);
}

static void take_message(struct execs_pipe *pipe, const char *buf, size_t len)
{
	struct execs_failed failed;
	struct execs_skipped skipped;

	pipe->outcome = EXECS_EXECUTED;
	if (wire_unpack(&execs_protocol, buf, len, EXECS_FAILED, &failed, sizeof(failed)) == 0)
		take_failed(pipe, &failed);
	else if (wire_unpack(&execs_protocol, buf, len, EXECS_SKIPPED, &skipped, sizeof(skipped)) ==
		 0)
		execs_pipe_set(pipe, EXECS_OUTCOME_SKIPPED, 0, skipped.condition);
}

/* True when the outcome is known. */
static bool read_outcome(struct execs_pipe *pipe)
{
	char buf[MAX_MESSAGE];
	ssize_t n;

	do {
		n = read(pipe->fd, buf, sizeof(buf));
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	take_message(pipe, buf, n > 0 ? (size_t)n : 0);
	return true;
}

static void handle_readable(struct loop_source *source, uint32_t events)
{
	struct execs_pipe *pipe = container_of(source, struct execs_pipe, source);

	if (!read_outcome(pipe))
		return;
	execs_pipe_close(pipe);
	if (pipe->fn)
		pipe->fn(pipe);
}

int execs_pipe_open(struct execs_pipe *pipe, struct loop *loop, int fd, execs_pipe_fn fn)
{
	int r;

	execs_pipe_done(pipe);
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
	if (!read_outcome(pipe))
		pipe->outcome = EXECS_EXECUTED;
	execs_pipe_close(pipe);
}

void execs_pipe_close(struct execs_pipe *pipe)
{
	loop_remove(&pipe->source);
	pipe->fd = fd_close(pipe->fd);
}

void execs_pipe_done(struct execs_pipe *pipe)
{
	execs_pipe_close(pipe);
	free(pipe->text);
	pipe->text = NULL;
}
