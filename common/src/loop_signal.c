/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "early/fd.h"
#include "loop_internal.h"

static void handle_signals(struct loop_source *source, uint32_t events)
{
	struct loop *loop = source->loop;
	struct signalfd_siginfo info;

	if (read(source->fd, &info, sizeof(info)) != sizeof(info) ||
	    info.ssi_signo >= LOOP_SIGNALS || !loop->signal_handlers[info.ssi_signo].fn)
		return;

	struct loop_signal_info view = {
		.signo = (int)info.ssi_signo,
		.pid = (pid_t)info.ssi_pid,
		.uid = info.ssi_uid,
		.value = info.ssi_int,
	};

	loop->signal_handlers[info.ssi_signo].fn(&view, loop->signal_handlers[info.ssi_signo].data);
}

int loop_signal(struct loop *loop, int signo, loop_signal_fn fn, void *data)
{
	int fd, r;

	if (signo <= 0 || signo >= LOOP_SIGNALS)
		return -EINVAL;
	(void)sigaddset(&loop->signals, signo);
	if (sigprocmask(SIG_BLOCK, &loop->signals, NULL) < 0)
		return -errno;
	fd = signalfd(loop->signal_fd, &loop->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	loop->signal_fd = fd;
	if (!loop->signal_source.loop) {
		r = loop_add(loop, &loop->signal_source, fd, EPOLLIN, handle_signals);
		if (r < 0) {
			loop->signal_fd = fd_close(fd);
			return r;
		}
	}
	loop->signal_handlers[signo].fn = fn;
	loop->signal_handlers[signo].data = data;
	return 0;
}

void loop_signals_done(struct loop *loop)
{
	loop_remove(&loop->signal_source);
	loop->signal_fd = fd_close(loop->signal_fd);
}
