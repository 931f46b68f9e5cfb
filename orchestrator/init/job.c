/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/log.h"

#include "job_internal.h"
#include "job_order.h"

/*
 * The life of a job
 *
 *	loading -> waiting -> running -> told and freed
 *
 * A job waits for others by an edge for each; job_order.c makes no edge that would close a circle, so something can always
 * run. State changes of services are only noted where they happen; everything is drawn from them in job_queue_turn(), which
 * the manager calls before the loop sleeps: so no callback ever runs within a service's step.
 */

static const char *const result_names[] = {
	[JOB_DONE] = "done",       [JOB_FAILED] = "failed",         [JOB_CANCELED] = "canceled",
	[JOB_TIMEOUT] = "timeout", [JOB_DEPENDENCY] = "dependency", [JOB_SKIPPED] = "skipped",
};

const char *job_result_name(enum job_result result)
{
	return result < ARRAY_SIZE(result_names) ? result_names[result] : "failed";
}

void job_queue_init(struct job_queue *queue, const struct job_host *host, struct list *services,
		    size_t max_jobs)
{
	*queue = (struct job_queue){ .host = *host, .services = services, .max_jobs = max_jobs };
	list_init(&queue->jobs);
	list_init(&queue->unsaved);
}

static struct job *job_free(struct job_queue *queue, struct job *job)
{
	if (queue->cursor == &job->link)
		queue->cursor = job->link.next;
	list_remove(&job->link);
	list_remove(&job->unsaved_link);
	job_index_remove(&queue->index, job);
	queue->n_jobs--;
	free(job->name);
	free(job->why);
	free(job->waits);
	free(job->waiters);
	free(job->detail);
	free(job);
	return NULL;
}

void job_queue_done(struct job_queue *queue)
{
	struct job *job, *next;

	list_for_each_safe (job, next, &queue->jobs, link)
		job_free(queue, job);
}

struct job *job_find(struct job_queue *queue, const char *name)
{
	return job_index_find(&queue->index, name);
}

struct job *job_find_id(struct job_queue *queue, uint32_t id)
{
	struct job *job;

	list_for_each (job, &queue->jobs, link)
		if (job->id == id)
			return job;
	return NULL;
}

int job_new(struct job_queue *queue, enum job_kind kind, const char *name, const char *why,
	    struct job **ret)
{
	struct job *job;

	if (queue->n_jobs >= queue->max_jobs)
		return -EAGAIN;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->kind = kind;
	job->name = strdup(name);
	job->why = strdup(why ? why : "");
	list_append(&queue->jobs, &job->link);
	list_append(&queue->unsaved, &job->unsaved_link);
	queue->n_jobs++;
	if (!job->name || !job->why || job_index_add(&queue->index, job) < 0) {
		job_free(queue, job);
		return -ENOMEM;
	}
	queue->last_id = queue->last_id == UINT32_MAX ? 1 : queue->last_id + 1;
	job->id = queue->last_id;
	*ret = job;
	return 0;
}

void job_note(struct job_queue *queue, struct job *job)
{
	if (list_empty(&job->unsaved_link))
		list_append(&queue->unsaved, &job->unsaved_link);
}

int job_set_service(struct job_queue *queue, struct job *job, struct service *service)
{
	job->service = service;
	job->state = JOB_WAITING;
	job_note(queue, job);
	return job_index_mentions(&queue->index, job);
}

int job_rename(struct job_queue *queue, struct job *job, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	job_index_remove(&queue->index, job);
	free(job->name);
	job->name = copy;
	job_note(queue, job);
	return job_index_add(&queue->index, job);
}

void job_words_changed(struct job_queue *queue, struct service *service)
{
	struct job *job = job_find(queue, service->name);

	if (job && job->service)
		(void)job_index_mentions(&queue->index,
					 job); /* no memory: it is ordered by the old words */
}

int job_new_loading(struct job_queue *queue, enum job_kind kind, const char *name, const char *why,
		    struct job **ret)
{
	int r = job_new(queue, kind, name, why, ret);

	if (r == 0)
		(*ret)->state = JOB_LOADING;
	return r;
}

/* --- ends --- */

static bool requires(const struct job *job, const struct service *service)
{
	const struct definition_words *words, *other;

	if (!job->service || !service || job->kind == JOB_STOP)
		return false;
	words = &job->service->definition->service;
	other = &service->definition->service;
	return depend_lists(&words->requires, other) || depend_lists(&words->rare->binds_to, other);
}

void job_explain(struct job *job, int error, const char *fmt, ...)
{
	va_list args;

	if (job->detail)
		return;
	job->error = error;
	va_start(args, fmt);
	if (vasprintf(&job->detail, fmt, args) < 0)
		job->detail = NULL;
	va_end(args);
}

void job_doom_dependents(struct job_queue *queue, const struct job *job)
{
	struct job *other;

	list_for_each (other, &queue->jobs, link)
		if (job->kind != JOB_STOP && other != job && other->state == JOB_WAITING &&
		    requires(other, job->service)) {
			other->doomed = true;
			job_note(queue, other);
			job_explain(other, 0, "it requires %s%s%s", job->name,
				    job->detail ? ": " : ", which could not be started",
				    job->detail ? job->detail : "");
		}
}

void job_finish(struct job_queue *queue, struct job *job, enum job_result result)
{
	job_forget_waits_for(job);
	if (result == JOB_FAILED || result == JOB_TIMEOUT || result == JOB_DEPENDENCY)
		job_doom_dependents(queue, job);
	queue->host.done(job, result, queue->host.data);
	job_free(queue, job);
	queue->host.wake(queue->host.data);
}

void job_cancel_starts(struct job_queue *queue)
{
	struct job *job, *next;

	list_for_each_safe (job, next, &queue->jobs, link)
		if (job->kind != JOB_STOP)
			job_finish(queue, job, JOB_CANCELED);
}

/* --- running --- */

static enum job_result result_of_start(const struct service *service)
{
	switch (service->result) {
	case VERDICT_SUCCESS:
		return service->stop_wanted ? JOB_CANCELED : JOB_DONE;
	case VERDICT_CONDITION:
		return JOB_SKIPPED;
	case VERDICT_TIMEOUT:
		return JOB_TIMEOUT;
	default:
		return JOB_FAILED;
	}
}

static void run_start(struct job_queue *queue, struct job *job)
{
	int r = service_start(job->service);

	if (r == -EBUSY)
		return; /* still stopping: its end brings us here again */
	if (r == -EALREADY && service_state_is_active(job->service->state)) {
		job_finish(queue, job, JOB_DONE);
		return;
	}
	job->state = JOB_RUNNING;
	job_note(queue, job);
	/* It may have come and gone within the call. */
	job->came_up |= service_state_is_active(job->service->state);
}

static void run_stop(struct job_queue *queue, struct job *job)
{
	if (service_stop(job->service) == -EALREADY) {
		job_finish(queue, job, JOB_DONE);
		return;
	}
	job->state = JOB_RUNNING;
	job_note(queue, job);
}

static void run_restart(struct job_queue *queue, struct job *job)
{
	job->state = JOB_RUNNING;
	job_note(queue, job);
	job->service->restart_wanted = true; /* before: the stop's first signal depends on it */
	if (service_stop(job->service) < 0)
		job->service->restart_wanted = false;
}

static void run_reload(struct job_queue *queue, struct job *job)
{
	int r;

	job->state = JOB_RUNNING; /* before: it is saved with the process that reloads */
	job_note(queue, job);
	r = service_reload(job->service);
	if (r == -ENOTSUP && job->service->definition->service.rare->reload_to.len > 0)
		job_finish(queue, job, JOB_DONE); /* the others' reloads were its own */
	else if (r < 0)
		job_finish(queue, job, JOB_FAILED);
}

static void run(struct job_queue *queue, struct job *job)
{
	switch (job->kind) {
	case JOB_START:
		run_start(queue, job);
		break;
	case JOB_STOP:
		run_stop(queue, job);
		break;
	case JOB_RESTART:
		run_restart(queue, job);
		break;
	case JOB_RELOAD:
		run_reload(queue, job);
		break;
	}
}

void job_state_changed(struct job_queue *queue, struct service *service)
{
	struct job *job = job_find(queue, service->name);

	if (job && job->state == JOB_RUNNING && service_state_is_active(service->state)) {
		job->came_up = true;
		job_note(queue, job);
	}
	queue->host.wake(queue->host.data);
}

/* Stopped: now the second half, after those that it comes after. */
static void turn_around(struct job_queue *queue, struct job *job)
{
	job->kind = JOB_START;
	job->state = JOB_WAITING;
	job->came_up = false;
	job_note(queue, job);
	job_forget_waits_for(job);
	if (job_order_among(queue, job) < 0)
		log_warning("%s: starts again without waiting for others", job->name);
}

/* True if the list of jobs changed. */
static bool check_running(struct job_queue *queue, struct job *job)
{
	const struct service *service = job->service;
	bool rests = service_state_is_inactive(service->state) && !service->prestart_pending;

	switch (job->kind) {
	case JOB_START:
		if (job->came_up)
			job_finish(queue, job, JOB_DONE);
		else if (rests ||
			 (service->state == SERVICE_AUTO_RESTART && !service->prestart_pending))
			job_finish(queue, job, result_of_start(service));
		else
			return false;
		return true;
	case JOB_STOP:
		if (!rests)
			return false;
		job_finish(queue, job, JOB_DONE);
		return true;
	case JOB_RESTART:
		if (!rests)
			return false;
		turn_around(queue, job);
		return true;
	case JOB_RELOAD:
		if (service_state_is_reload(service->state))
			return false;
		job_finish(queue, job,
			   service_state_is_active(service->state) ? JOB_DONE : JOB_FAILED);
		return true;
	}
	return false;
}

static bool turn_one(struct job_queue *queue, struct job *job)
{
	size_t n_jobs = queue->n_jobs;
	enum job_state state = job->state;

	if (state == JOB_LOADING)
		return false;
	if (state == JOB_RUNNING)
		return check_running(queue, job);
	if (job->doomed) {
		job_finish(queue, job, JOB_DEPENDENCY);
		return true;
	}
	if (job->n_waits > 0)
		return false;
	run(queue, job);
	return queue->n_jobs != n_jobs || job->state != state;
}

void job_queue_turn(struct job_queue *queue)
{
	bool changed = true;

	/* Every change brings a job nearer to its end. A step may end any job: job_free() keeps the cursor off what is gone. */
	while (changed) {
		changed = false;
		for (struct list *link = queue->jobs.next; link != &queue->jobs;
		     link = queue->cursor) {
			queue->cursor = link->next;
			changed |= turn_one(queue, container_of(link, struct job, link));
		}
	}
	queue->cursor = NULL;
}
