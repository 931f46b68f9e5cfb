/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/log.h"
#include "early/strv.h"

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
	[JOB_DONE] = "done",
	[JOB_FAILED] = "failed",
	[JOB_CANCELED] = "canceled",
	[JOB_TIMEOUT] = "timeout",
	[JOB_DEPENDENCY] = "dependency",
	[JOB_SKIPPED] = "skipped",
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
}

static struct job *job_free(struct job_queue *queue, struct job *job)
{
	list_remove(&job->link);
	queue->n_jobs--;
	free(job->name);
	free(job->why);
	free(job->waits);
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
	struct job *job;

	list_for_each (job, &queue->jobs, link)
		if (strcmp(job->name, name) == 0)
			return job;
	return NULL;
}

struct job *job_find_id(struct job_queue *queue, uint32_t id)
{
	struct job *job;

	list_for_each (job, &queue->jobs, link)
		if (job->id == id)
			return job;
	return NULL;
}

static int job_new(struct job_queue *queue, enum job_kind kind, const char *name, const char *why,
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
	queue->n_jobs++;
	if (!job->name || !job->why) {
		job_free(queue, job);
		return -ENOMEM;
	}
	queue->last_id = queue->last_id == UINT32_MAX ? 1 : queue->last_id + 1;
	job->id = queue->last_id;
	*ret = job;
	return 0;
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
	const struct table_service *words, *other;

	if (!job->service || !service || job->kind == JOB_STOP)
		return false;
	words = &job->service->definition->service;
	other = &service->definition->service;
	return depend_lists(&words->requires, other) || depend_lists(&words->binds_to, other);
}

static void doom_dependents(struct job_queue *queue, const struct job *job)
{
	struct job *other;

	list_for_each (other, &queue->jobs, link)
		if (job->kind != JOB_STOP && other != job && other->state == JOB_WAITING &&
		    requires(other, job->service))
			other->doomed = true;
}

void job_finish(struct job_queue *queue, struct job *job, enum job_result result)
{
	job_forget_waits_for(queue, job);
	if (result == JOB_FAILED || result == JOB_TIMEOUT || result == JOB_DEPENDENCY)
		doom_dependents(queue, job);
	queue->host.done(job, result, queue->host.data);
	job_free(queue, job);
	queue->host.wake(queue->host.data);
}

/* --- making --- */

/* Does a job for @kind find its wish already among @old's? */
static bool is_covered(const struct job *old, enum job_kind kind)
{
	if (old->kind == kind)
		return true;
	return (kind == JOB_START && old->kind == JOB_RESTART) ||
	       (kind == JOB_RELOAD && old->kind != JOB_STOP);
}

/* The unit's job for @kind: the one it has, or a new one in place of an opposite one. */
static int obtain(struct job_queue *queue, enum job_kind kind, struct service *service,
		  const char *why, struct job **ret)
{
	struct job *old = job_find(queue, service->name);
	int r;

	if (old && is_covered(old, kind)) {
		if (old->state == JOB_LOADING) { /* somebody else's load was quicker */
			old->service = service;
			old->state = JOB_WAITING;
		}
		*ret = old;
		return 0;
	}
	if (old && kind == JOB_STOP)
		doom_dependents(queue, old); /* what waits for it to come up waits in vain */
	if (old)
		job_finish(queue, old, JOB_CANCELED);
	r = job_new(queue, kind, service->name, why, ret);
	if (r < 0)
		return r;
	(*ret)->service = service;
	(*ret)->state = JOB_WAITING;
	return 0;
}

/* The job that asked early-load becomes the real one and keeps its id. */
static int obtain_first(struct job_queue *queue, enum job_kind kind, struct service *service,
			const char *why, struct job *loading, struct job **ret)
{
	char *name;

	if (!loading)
		return obtain(queue, kind, service, why, ret);
	if (strcmp(loading->name, service->name) != 0) { /* it was asked for by an alias */
		struct job *other = job_find(queue, service->name);

		if (other)
			job_finish(queue, other, JOB_CANCELED);
		name = strdup(service->name);
		if (!name)
			return -ENOMEM;
		free(loading->name);
		loading->name = name;
	}
	loading->service = service;
	loading->state = JOB_WAITING;
	*ret = loading;
	return 0;
}

static bool can_start(const struct service *service)
{
	return service && service->definition->service.load_state == TABLE_LOAD_LOADED;
}

static bool must_be_known(const char *name)
{
	size_t len = strlen(name);

	/* Mounts, slices, devices and sockets are other parts' matter: none of them stops a start. */
	return (len > 8 && strcmp(name + len - 8, ".service") == 0) ||
	       (len > 7 && strcmp(name + len - 7, ".target") == 0);
}

static bool list_is_startable(struct job_queue *queue, const struct wire_list *list)
{
	const char *name = NULL;

	while ((name = wire_list_next(list, name)))
		if (must_be_known(name) && !can_start(queue->host.find(name, queue->host.data)))
			return false;
	return true;
}

static void doom_if_unmet(struct job_queue *queue, struct job *job)
{
	const struct table_service *words = &job->service->definition->service;

	if (!list_is_startable(queue, &words->requires) ||
	    !list_is_startable(queue, &words->binds_to))
		job->doomed = true;
}

/* What @service says it can't run beside stops, and it waits for that. */
static int stop_conflicts(struct job_queue *queue, struct job *job)
{
	const struct wire_list *list = &job->service->definition->service.conflicts;
	const char *name = NULL;
	int r = 0;

	while (r == 0 && (name = wire_list_next(list, name))) {
		struct service *other = queue->host.find(name, queue->host.data);
		struct job *stop;

		if (!other || other == job->service || service_state_is_inactive(other->state))
			continue;
		stop = job_find(queue, other->name);
		if (stop && stop->kind != JOB_STOP)
			continue; /* somebody wants it now: the last word is not ours */
		r = obtain(queue, JOB_STOP, other, "conflicts with what was started", &stop);
		if (r == 0)
			r = job_add_wait(job, stop);
	}
	return r;
}

static const struct table_service *find_words(const char *name, void *data)
{
	struct job_queue *queue = data;
	struct service *service = queue->host.find(name, queue->host.data);

	/* What can't be started is as good as unknown here, apart from what was asked for. */
	return service ? &service->definition->service : NULL;
}

static int make_plan(struct job_queue *queue, struct service *service, struct depend_plan *ret)
{
	struct depend_source source = { find_words, queue };

	return depend_plan(ret, &source, service->name);
}

int job_missing(struct job_queue *queue, struct service *service, char ***ret)
{
	struct depend_plan plan;
	char **missing = NULL;
	int r = make_plan(queue, service, &plan);

	if (r < 0)
		return r;
	for (char **name = plan.missing; name && *name && r == 0; name++)
		if (must_be_known(*name))
			r = strv_append(&missing, *name);
	depend_plan_done(&plan);
	if (r < 0) {
		strv_free(missing);
		return r;
	}
	*ret = missing;
	return 0;
}

static int start_item(struct job_queue *queue, const struct depend_item *item,
		      const struct service *asked, struct job **ret)
{
	struct service *service = queue->host.find(item->service->name, queue->host.data);
	char why[300];
	int r;

	*ret = NULL;
	if (!can_start(service) || service_state_is_active(service->state))
		return 0;
	snprintf(why, sizeof(why), "%s by %s", item->required ? "required" : "wanted",
		 asked->name);
	r = obtain(queue, JOB_START, service, why, ret);
	if (r == 0)
		service_add_reason(service, why);
	return r;
}

static int start_items(struct job_queue *queue, const struct depend_plan *plan, struct job *first,
		       struct job **jobs)
{
	int r = 0;

	for (size_t i = 0; i < plan->n_items && r == 0; i++) {
		if (plan->items[i].service == &first->service->definition->service)
			jobs[i] = first;
		else
			r = start_item(queue, &plan->items[i], first->service, &jobs[i]);
		if (r == 0 && jobs[i]) {
			jobs[i]->plan = queue->last_plan;
			doom_if_unmet(queue, jobs[i]);
			r = stop_conflicts(queue, jobs[i]);
		}
	}
	return r;
}

static int add_plan_edges(const struct depend_plan *plan, struct job **jobs)
{
	int r = 0;

	for (size_t i = 0; i < plan->n_items; i++)
		for (size_t k = 0; k < plan->items[i].n_waits && r == 0; k++) {
			struct job *job = jobs[i], *before = jobs[plan->items[i].waits[k]];

			if (job && before && job->state == JOB_WAITING)
				r = job_add_wait(job, before);
		}
	return r;
}

static int enqueue_start(struct job_queue *queue, struct job *first, char ***reports)
{
	struct depend_plan plan = { 0 };
	struct job **jobs = NULL;
	int r;

	r = make_plan(queue, first->service, &plan);
	if (r < 0)
		return r;
	queue->last_plan++;
	jobs = calloc(plan.n_items, sizeof(struct job *));
	r = jobs ? start_items(queue, &plan, first, jobs) : -ENOMEM;
	if (r == 0)
		r = add_plan_edges(&plan, jobs);
	for (size_t i = 0; i < plan.n_items && r == 0; i++)
		if (jobs[i])
			r = job_order_among(queue, jobs[i]);
	for (char **line = plan.reports; reports && line && *line && r == 0; line++)
		r = strv_append(reports, *line);
	free(jobs);
	depend_plan_done(&plan);
	return r;
}

static bool hangs_on(const struct service *service, const struct service *other)
{
	const struct table_service *words = &service->definition->service;

	return depend_lists(&words->requires, &other->definition->service) ||
	       depend_lists(&words->binds_to, &other->definition->service);
}

/* Everything that requires it, whatever the depth: the list of jobs is walked while it grows. */
static int enqueue_dependents(struct job_queue *queue, struct job *first)
{
	struct job *job;
	int r = 0;

	for (job = first; r == 0 && &job->link != &queue->jobs;
	     job = container_of(job->link.next, struct job, link)) {
		struct service *service;

		if (!job->service || job->kind != first->kind)
			continue;
		list_for_each (service, queue->services, link) {
			struct job *dependent;

			if (r < 0 || service_state_is_inactive(service->state) ||
			    !hangs_on(service, job->service) || service == job->service)
				continue;
			r = obtain(queue, first->kind, service, first->why, &dependent);
			if (r == 0)
				r = job_order_among(queue, dependent);
		}
	}
	return r < 0 ? r : job_order_among(queue, first);
}

int job_enqueue(struct job_queue *queue, enum job_kind kind, struct service *service,
		const char *why, struct job *loading, char ***reports, uint32_t *ret_id)
{
	struct job *job;
	int r;

	r = obtain_first(queue, kind, service, why, loading, &job);
	if (r < 0)
		return r;
	service_add_reason(service, why);
	switch (job->kind) {
	case JOB_START:
		r = enqueue_start(queue, job, reports);
		break;
	case JOB_STOP:
	case JOB_RESTART:
		r = enqueue_dependents(queue, job);
		break;
	case JOB_RELOAD:
		break;
	}
	if (r < 0 && !loading)
		job_finish(queue, job, JOB_FAILED);
	if (r < 0)
		return r;
	*ret_id = job->id;
	queue->host.wake(queue->host.data);
	return 0;
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
	/* It may have come and gone within the call. */
	job->came_up |= service_state_is_active(job->service->state);
}

static void run_stop(struct job_queue *queue, struct job *job)
{
	if (service_stop(job->service) == -EALREADY)
		job_finish(queue, job, JOB_DONE);
	else
		job->state = JOB_RUNNING;
}

static void run_restart(struct job *job)
{
	job->state = JOB_RUNNING;
	if (service_stop(job->service) == 0)
		job->service->restart_wanted = true;
}

static void run_reload(struct job_queue *queue, struct job *job)
{
	if (service_reload(job->service) < 0)
		job_finish(queue, job, JOB_FAILED);
	else
		job->state = JOB_RUNNING;
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
		run_restart(job);
		break;
	case JOB_RELOAD:
		run_reload(queue, job);
		break;
	}
}

void job_state_changed(struct job_queue *queue, struct service *service)
{
	struct job *job = job_find(queue, service->name);

	if (job && job->state == JOB_RUNNING && service_state_is_active(service->state))
		job->came_up = true;
	queue->host.wake(queue->host.data);
}

/* Stopped: now the second half, after those that it comes after. */
static void turn_around(struct job_queue *queue, struct job *job)
{
	job->kind = JOB_START;
	job->state = JOB_WAITING;
	job->came_up = false;
	job_forget_waits_for(queue, job);
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
		else if (rests || (service->state == SERVICE_AUTO_RESTART &&
				   !service->prestart_pending))
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
		if (service->state == SERVICE_RELOAD)
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
	struct job *job;
	bool changed = true;

	/* Any step may end other jobs, so begin anew after each; every change brings a job nearer to its end. */
	while (changed) {
		changed = false;
		list_for_each (job, &queue->jobs, link) {
			changed = turn_one(queue, job);
			if (changed)
				break;
		}
	}
}
