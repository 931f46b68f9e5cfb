/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's main thread: an event loop over the link to PID 1, the control socket, signals, the merge's reports and the end
 * of the FUSE connection. It never touches the union, so it can't wait for itself.
 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ctlsock.h"
#include "early/channel.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/loop.h"
#include "early/proto/overlay.h"
#include "job.h"
#include "options.h"
#include "overlay.h"
#include "session.h"
#include "setup.h"

#define END_GRACE_US (1 * USEC_PER_SEC)

struct daemon {
	const struct options *options;
	struct loop *loop;
	struct overlay overlay;
	struct session *session;
	struct job *job;
	struct ctlsock *ctlsock;
	struct channel link;
	struct loop_source ended; /* the connection's end */
	struct loop_timer grace;
	char *lower_data; /* of the last status */
	char last_error[256];
	struct merge_result merged; /* its counts */
	int ended_fd;
	bool has_ended; /* the connection has, but a merge still reports */
};

/* --- the merge's reports --- */

static void send_link(struct daemon *daemon, uint16_t opcode, const void *value)
{
	if (channel_is_open(&daemon->link))
		(void)channel_send(&daemon->link, opcode, value); /* handle_link_close tells */
}

static void on_progress(void *data, uint64_t done, uint64_t total)
{
	struct daemon *daemon = data;
	struct overlay_progress progress = { .files_done = done, .files_total = total };
	struct overlayctl_progress ctl = { .files_done = done, .files_total = total };

	send_link(daemon, OVERLAY_PROGRESS, &progress);
	ctlsock_progress(daemon->ctlsock, &ctl);
}

static void on_merged(void *data, const struct merge_result *result)
{
	struct daemon *daemon = data;
	struct overlay_merged merged = {
		.t_us = clock_boottime_us(),
		.files = result->files,
		.bytes = result->bytes,
		.conflicts = result->conflicts,
	};

	daemon->merged.files = result->files;
	daemon->merged.bytes = result->bytes;
	daemon->merged.conflicts = result->conflicts;
	log_info("%s: %llu files merged, %llu conflicts", daemon->options->mountpoint,
		 (unsigned long long)result->files, (unsigned long long)result->conflicts);
	send_link(daemon, OVERLAY_MERGED, &merged);
}

static void on_gone(void *data, uint64_t handles)
{
	struct daemon *daemon = data;
	struct overlay_gone gone = { .t_us = clock_boottime_us(), .handles = handles };
	struct overlayctl_done done = {
		.files = daemon->merged.files,
		.bytes = daemon->merged.bytes,
		.conflicts = daemon->merged.conflicts,
		.handles = handles,
	};

	daemon->last_error[0] = '\0';
	send_link(daemon, OVERLAY_GONE, &gone);
	ctlsock_done(daemon->ctlsock, &done);
	if (daemon->has_ended)
		loop_exit(daemon->loop, 0);
}

static void on_stays(void *data, int error)
{
	struct daemon *daemon = data;
	struct overlay_stays stays = {
		.t_us = clock_boottime_us(),
		.why = strerror(-error),
		.advice = "everything is on the disk, and what is written goes there too; unmount "
			  "it by hand (umount -l), or ask for the merge again",
	};
	struct overlayctl_done done = {
		.error = error,
		.path = daemon->options->mountpoint,
		.why = stays.why,
		.advice = stays.advice,
		.files = daemon->merged.files,
		.bytes = daemon->merged.bytes,
		.conflicts = daemon->merged.conflicts,
		.handles = atomic_load(&daemon->overlay.n_handles),
	};

	snprintf(daemon->last_error, sizeof(daemon->last_error), "unmount: %s; %s", stays.why,
		 stays.advice);
	log_errno(error, "all is merged, but %s can't be unmounted: it is served on",
		  daemon->options->mountpoint);
	send_link(daemon, OVERLAY_STAYS, &stays);
	ctlsock_done(daemon->ctlsock, &done);
	if (daemon->has_ended)
		loop_exit(daemon->loop, 0);
}

static void on_failed(void *data, int error, const struct merge_result *result)
{
	struct daemon *daemon = data;
	const char *path = result->path ? result->path : "/";
	const char *advice = result->advice ? result->advice : "try again";
	struct overlay_failed failed = { .path = path, .why = strerror(-error), .advice = advice };
	struct overlayctl_done done = {
		.error = error,
		.path = path,
		.why = strerror(-error),
		.advice = advice,
	};

	snprintf(daemon->last_error, sizeof(daemon->last_error), "%s: %s; %s", path,
		 strerror(-error), advice);
	log_warning("%s is not merged: %s", daemon->options->mountpoint, daemon->last_error);
	send_link(daemon, OVERLAY_FAILED, &failed);
	ctlsock_done(daemon->ctlsock, &done);
	if (daemon->has_ended)
		loop_exit(daemon->loop, 0);
}

static const struct job_events job_events = { on_merged, on_gone, on_stays, on_failed,
					      on_progress };

/* --- requests --- */

static int start_merge(void *data, const char *into)
{
	struct daemon *daemon = data;

	return job_start(daemon->job, into);
}

static uint32_t state_of(const struct daemon *daemon)
{
	switch (job_state(daemon->job)) {
	case JOB_IDLE:
		return OVERLAYCTL_STATE_UNION;
	case JOB_RUNNING:
		return OVERLAYCTL_STATE_MERGING;
	case JOB_MERGED:
		return OVERLAYCTL_STATE_MERGED;
	case JOB_GONE:
		return OVERLAYCTL_STATE_GONE;
	}
	return OVERLAYCTL_STATE_UNION;
}

static void fill_status(void *data, struct overlayctl_status *status)
{
	struct daemon *daemon = data;
	const struct options *options = daemon->options;
	struct statvfs st;

	free(daemon->lower_data);
	daemon->lower_data = NULL;
	status->mountpoint = options->mountpoint;
	status->source = options->source;
	status->state = state_of(daemon);
	status->pid = (uint32_t)getpid();
	/* Out of memory: the list stays empty. */
	(void)wire_list_from_strv(options->lower, &status->lower, &daemon->lower_data);
	status->upper = options->tmpfs_size ? "tmpfs" : options->upper;
	status->handles = atomic_load(&daemon->overlay.n_handles);
	status->nodes = daemon->overlay.table.n_nodes;
	if (daemon->overlay.upper_fd >= 0 && fstatvfs(daemon->overlay.upper_fd, &st) == 0) {
		status->upper_total_bytes = (uint64_t)st.f_blocks * st.f_frsize;
		status->upper_bytes = (uint64_t)(st.f_blocks - st.f_bfree) * st.f_frsize;
	}
	status->sticky = job_sticky(daemon->job);
	status->last_error = daemon->last_error;
}

static int get_layers(void *data, int *ret_upper, const int **ret_lower, size_t *ret_n_lower)
{
	const struct daemon *daemon = data;

	if (job_state(daemon->job) != JOB_IDLE)
		return -EALREADY;
	if (daemon->overlay.upper_fd < 0)
		return -EROFS;
	*ret_upper = daemon->overlay.upper_fd;
	*ret_lower = daemon->overlay.lower_fds;
	*ret_n_lower = (size_t)daemon->overlay.n_lower;
	return 0;
}

static const struct ctlsock_ops ctlsock_ops = { fill_status, start_merge, get_layers };

static void handle_link_message(struct channel *channel, struct channel_message *message)
{
	struct daemon *daemon = channel->data;
	struct overlay_merge merge;
	struct merge_result why = { 0 };
	int r;

	if (message->opcode != OVERLAY_MERGE ||
	    channel_unpack(channel, message, &merge, sizeof(merge)) < 0) {
		log_warning("PID 1 sent a message that is none for us (%u)", message->opcode);
		return;
	}
	r = start_merge(daemon, merge.into);
	if (r < 0 && r != -EBUSY && r != -EALREADY)
		on_failed(daemon, r, &why);
}

static void handle_link_close(struct channel *channel, int error)
{
	log_info("the link to PID 1 is closed; the union is served on");
}

static void handle_grace(struct loop_timer *timer)
{
	struct daemon *daemon = container_of(timer, struct daemon, grace);

	loop_exit(daemon->loop, 0);
}

static void handle_signal(const struct loop_signal_info *info, void *data)
{
	struct daemon *daemon = data;

	if (job_state(daemon->job) != JOB_GONE)
		(void)session_detach(daemon->session); /* may be unmounted already */
	(void)loop_timer_start(daemon->loop, &daemon->grace, clock_monotonic_us() + END_GRACE_US,
			       handle_grace);
}

static void handle_ended(struct loop_source *source, uint32_t events)
{
	struct daemon *daemon = container_of(source, struct daemon, ended);

	/* The union went with its mount: whoever waits for the merge is told first. */
	loop_remove(source);
	daemon->has_ended = true;
	if (job_state(daemon->job) != JOB_RUNNING)
		loop_exit(daemon->loop, 0);
}

/* --- start --- */

static void raise_limits(void)
{
	struct rlimit limit = { 1024 * 1024, 1024 * 1024 };

	/* One descriptor for each file that the kernel knows. */
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* what there is must do */
}

static int start_loop(struct daemon *daemon)
{
	int r = loop_new(&daemon->loop);

	if (r == 0)
		r = loop_signal(daemon->loop, SIGTERM, handle_signal, daemon);
	if (r == 0)
		r = loop_signal(daemon->loop, SIGINT, handle_signal, daemon);
	if (r < 0)
		return log_errno(r, "cannot make the event loop");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN); /* a terminal's end is not the union's */
	daemon->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (daemon->ended_fd < 0)
		return log_errno(-errno, "cannot make an eventfd");
	r = loop_add(daemon->loop, &daemon->ended, daemon->ended_fd, EPOLLIN, handle_ended);
	return r < 0 ? log_errno(r, "cannot watch the connection") : 0;
}

static int start_session(struct daemon *daemon)
{
	const struct options *options = daemon->options;
	const char *source = options->fsname ? options->fsname : options->source;
	int r = session_new(&daemon->overlay, options->mountpoint,
			    source ? source : "early-overlay", options->mount_flags,
			    &daemon->session);

	if (r < 0)
		return log_errno(r, "cannot mount on %s", options->mountpoint);
	r = job_new(daemon->loop, &daemon->overlay, daemon->session, options->mountpoint,
		    &job_events, daemon, &daemon->job);
	if (r == 0)
		r = session_start(daemon->session, daemon->ended_fd);
	if (r < 0) {
		(void)session_detach(daemon->session);
		return log_errno(r, "cannot serve %s", options->mountpoint);
	}
	return 0;
}

/* In the background: whoever started us goes on, and nothing of theirs is held any more. */
static void announce(int ready_fd)
{
	log_init("early-overlay", LOG_SINK_KMSG, LOG_LEVEL_INFO);
	(void)dup2(STDIN_FILENO, STDERR_FILENO); /* /dev/null by now */
	(void)!write(ready_fd, "1", 1); /* the parent may be gone */
}

static int start_peers(struct daemon *daemon, int ready_fd)
{
	struct overlay_mounted mounted = { .t_us = clock_boottime_us() };
	int r = ctlsock_new(daemon->loop, daemon->options->run_dir, daemon->options->mountpoint,
			    &ctlsock_ops, daemon, &daemon->ctlsock);

	if (r == 0 && daemon->options->link_fd >= 0)
		r = channel_init(&daemon->link, daemon->loop, daemon->options->link_fd,
				 &overlay_protocol, handle_link_message, handle_link_close, daemon);
	if (r < 0) {
		(void)session_detach(daemon->session);
		return log_errno(r, "cannot open the control socket or the link");
	}
	send_link(daemon, OVERLAY_MOUNTED, &mounted);
	if (ready_fd >= 0)
		announce(ready_fd);
	return 0;
}

int daemon_run(const struct options *options, int ready_fd)
{
	static struct daemon daemon; /* threads use it until the process ends */
	int r;

	daemon.options = options;
	daemon.ended_fd = -1;
	daemon.link.fd = -1;
	umask(0);
	raise_limits();
	/* Its end would take every open file of /var with it, and free next to nothing. Not ours to raise without rights. */
	if (options->link_fd >= 0)
		(void)fs_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000");
	r = overlay_init(&daemon.overlay);
	if (r < 0)
		(void)log_errno(r, "cannot make the node table");
	if (r == 0)
		r = setup_layers(&daemon.overlay, options);
	if (r == 0)
		r = start_loop(&daemon);
	if (r == 0)
		r = start_session(&daemon);
	if (r == 0)
		r = start_peers(&daemon, ready_fd);
	if (r < 0)
		return 1;
	r = loop_run(daemon.loop);
	ctlsock_free(daemon.ctlsock);
	return r < 0 ? 1 : r;
}
