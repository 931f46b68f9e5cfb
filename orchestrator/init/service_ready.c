/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "early/fd.h"

#include "service_internal.h"

/*
 * s6's readiness (ReadyFd=): a pipe whose write end the main process has at a number of its own; a line on it says that the service
 * is up. What comes after the first newline does not matter, and an end of file without one says nothing: the main process's end
 * tells how that went.
 */

bool service_awaits_ready_fd(const struct service *service)
{
	return service->definition->service.ready_fd > 0;
}

void service_ready_close(struct service *service)
{
	if (service->watch)
		loop_remove(&service->watch->ready);
	service->ready_fd = fd_close(service->ready_fd);
}

static void handle_readable(struct loop_source *source, uint32_t events)
{
	struct service *service = container_of(source, struct service_watch, ready)->service;
	char buf[256];
	ssize_t n = read(service->ready_fd, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && !memchr(buf, '\n', (size_t)n))
		return;
	service_ready_close(service);
	if (n > 0)
		service_dispatch(service, SERVICE_EVENT_READY);
}

int service_ready_adopt(struct service *service, int fd)
{
	struct service_watch *watch = service_need_watch(service);
	int r;

	service_ready_close(service);
	service->ready_fd = fd;
	r = watch ? fd_set_nonblock(fd, true) : -ENOMEM;
	if (r == 0)
		r = loop_add(service->host->loop, &watch->ready, fd, EPOLLIN, handle_readable);
	if (r < 0)
		service_ready_close(service);
	return r;
}

int service_ready_open(struct service *service, int *ret_write)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = service_ready_adopt(service, ends[0]);
	if (r < 0) {
		fd_close(ends[1]);
		return r;
	}
	*ret_write = ends[1];
	return 0;
}
