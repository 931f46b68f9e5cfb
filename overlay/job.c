/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/loop.h"
#include "layer.h"
#include "overlay.h"
#include "session.h"

#define PROGRESS_INTERVAL_US (200 * USEC_PER_MSEC)

struct job {
	struct loop *loop;
	struct loop_source source; /* of event_fd */
	struct loop_timer timer; /* progress */
	struct overlay *overlay;
	struct session *session;
	const struct job_events *events;
	void *data;
	const char *mountpoint;
	char *into;
	int event_fd;
	enum job_state state; /* the loop's view */
	bool has_merged; /* the thread's, or the loop's while none runs */
	struct merge_progress progress;
	struct aside aside;

	pthread_mutex_t lock; /* over what the thread reports */
	struct merge_result result;
	int error;
	bool is_merged;
	bool is_gone;
	bool is_staying;
	bool is_failed;
};

static void report(struct job *job, bool *what)
{
	uint64_t one = 1;

	pthread_mutex_lock(&job->lock);
	*what = true;
	pthread_mutex_unlock(&job->lock);
	(void)!write(job->event_fd, &one, sizeof(one)); /* a full counter wakes as well */
}

static void inval(void *data, struct node *node)
{
	session_inval_node(data, node);
}

static int run_merge(struct job *job)
{
	CLEANUP_FD
	int into_fd = -1;
	int real_fd = job->overlay->beneath_fd;
	int r;

	if (job->into) {
		r = layer_clone(job->into, &into_fd);
		if (r < 0) {
			job->result.path = strdup(job->into);
			job->result.advice = "name a directory of a mounted file system";
			return r;
		}
		real_fd = into_fd;
	}
	return merge_run(job->overlay, real_fd, inval, job->session, &job->progress, &job->result);
}

static int merge_once(struct job *job)
{
	int r = job->has_merged ? 0 : run_merge(job);

	if (r < 0 || job->has_merged)
		return r;
	job->has_merged = true;
	report(job, &job->is_merged);
	/* Attributes get their short life before anybody else can write to the files. */
	merge_inval_all(job->overlay, false, inval, job->session);
	return 0;
}

static void *run(void *data)
{
	struct job *job = data;

	job->error = merge_once(job);
	if (job->error < 0) {
		report(job, &job->is_failed);
		return NULL;
	}
	job->error = aside_step(&job->aside);
	if (job->error < 0) {
		report(job, &job->is_staying);
		return NULL;
	}
	report(job, &job->is_gone);
	aside_watch(&job->aside);
	return NULL;
}

static void handle_timer(struct loop_timer *timer)
{
	struct job *job = container_of(timer, struct job, timer);

	if (job->state != JOB_RUNNING)
		return;
	job->events->progress(job->data, atomic_load(&job->progress.files_done),
			      atomic_load(&job->progress.files_total));
	(void)loop_timer_start(job->loop, timer, clock_monotonic_us() + PROGRESS_INTERVAL_US,
			       handle_timer);
}

static void handle_report(struct loop_source *source, uint32_t events)
{
	struct job *job = container_of(source, struct job, source);
	bool merged, gone, stays, failed;
	uint64_t count;

	(void)!read(source->fd, &count, sizeof(count)); /* level-triggered: only to reset it */
	pthread_mutex_lock(&job->lock);
	merged = job->is_merged;
	gone = job->is_gone;
	stays = job->is_staying;
	failed = job->is_failed;
	job->is_merged = job->is_gone = job->is_staying = job->is_failed = false;
	pthread_mutex_unlock(&job->lock);
	if (merged)
		job->events->merged(job->data, &job->result);
	if (gone) {
		job->state = JOB_GONE;
		job->events->gone(job->data, atomic_load(&job->overlay->n_handles));
	}
	if (stays) {
		job->state = JOB_MERGED;
		job->events->stays(job->data, job->error);
	}
	if (failed) {
		job->state = JOB_IDLE;
		job->events->failed(job->data, job->error, &job->result);
	}
}

int job_new(struct loop *loop, struct overlay *overlay, struct session *session,
	    const char *mountpoint, const struct job_events *events, void *data,
	    struct job **ret_job)
{
	struct job *job = calloc(1, sizeof(*job));
	int r;

	if (!job)
		return -ENOMEM;
	job->loop = loop;
	job->overlay = overlay;
	job->session = session;
	job->mountpoint = mountpoint;
	job->events = events;
	job->data = data;
	pthread_mutex_init(&job->lock, NULL);
	job->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = job->event_fd < 0 ? -errno
			      : loop_add(loop, &job->source, job->event_fd, EPOLLIN, handle_report);
	if (r < 0) {
		fd_close(job->event_fd);
		free(job);
		return r;
	}
	*ret_job = job;
	return 0;
}

static int prepare(struct job *job, const char *into)
{
	char *copy = into && *into ? strdup(into) : NULL;

	/* Without the name it would go to the directory beneath. */
	if (into && *into && !copy)
		return -ENOMEM;
	merge_result_done(&job->result);
	free(job->into);
	job->into = copy;
	job->aside = (struct aside){
		.overlay = job->overlay,
		.session = job->session,
		.mountpoint = job->mountpoint,
		.into = job->into,
	};
	return 0;
}

int job_start(struct job *job, const char *into)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	if (job->state == JOB_RUNNING)
		return -EBUSY;
	if (job->state == JOB_GONE)
		return -EALREADY;
	r = job->state == JOB_IDLE ? prepare(job, into) : 0;
	if (r < 0)
		return r;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = -pthread_create(&thread, &attr, run, job);
	pthread_attr_destroy(&attr);
	if (r < 0)
		return r;
	job->state = JOB_RUNNING;
	return loop_timer_start(job->loop, &job->timer, clock_monotonic_us() + PROGRESS_INTERVAL_US,
				handle_timer);
}

enum job_state job_state(const struct job *job)
{
	return job->state;
}

unsigned int job_sticky(const struct job *job)
{
	return atomic_load(&((struct job *)job)->aside.n_sticky);
}
