/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/strv.h"

#include "job_internal.h"
#include "job_order.h"

/*
 * Making jobs: what is asked for, and all that hangs on it. A start pulls in what its plan (depend.c) says and stops what it
 * conflicts with; a stop or restart takes along what requires the unit.
 */

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
		*ret = old;
		/* Somebody else's load was quicker. */
		return old->state == JOB_LOADING ? job_set_service(queue, old, service) : 0;
	}
	if (old && kind == JOB_STOP)
		job_doom_dependents(queue, old); /* what waits for it to come up waits in vain */
	if (old)
		job_finish(queue, old, JOB_CANCELED);
	r = job_new(queue, kind, service->name, why, ret);
	if (r < 0)
		return r;
	r = job_set_service(queue, *ret, service);
	if (r < 0)
		job_finish(queue, *ret, JOB_FAILED);
	return r;
}

/* The job that asked early-load becomes the real one and keeps its id. */
static int obtain_first(struct job_queue *queue, enum job_kind kind, struct service *service,
			const char *why, struct job *loading, struct job **ret)
{
	int r;

	if (!loading)
		return obtain(queue, kind, service, why, ret);
	if (strcmp(loading->name, service->name) != 0) { /* it was asked for by an alias */
		struct job *other = job_find(queue, service->name);

		if (other)
			job_finish(queue, other, JOB_CANCELED);
		r = job_rename(queue, loading, service->name);
		if (r < 0)
			return r;
	}
	*ret = loading;
	return job_set_service(queue, loading, service);
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

/* Why a service can't be started, in words that follow its name. */
static const char *lack_of(const struct service *service)
{
	if (!service || service->definition->service.load_state == TABLE_LOAD_NOT_FOUND)
		return "and there is no such unit";
	return service->definition->service.load_state == TABLE_LOAD_MASKED
		       ? "which is masked"
		       : "whose manifest has an error";
}

static void doom_for_list(struct job_queue *queue, struct job *job, const struct wire_list *list)
{
	const char *name = NULL;

	while ((name = wire_list_next(list, name))) {
		const struct service *other = queue->host.find(name, queue->host.data);

		if (!must_be_known(name) || can_start(other))
			continue;
		job->doomed = true;
		job_note(queue, job);
		job_explain(job, 0, "it requires %s, %s", name, lack_of(other));
	}
}

/* Requisite=: what it names is there already, or on its way. */
static void doom_unless_up(struct job_queue *queue, struct job *job, const struct wire_list *list)
{
	const char *name = NULL;

	while ((name = wire_list_next(list, name))) {
		const struct service *other = queue->host.find(name, queue->host.data);

		if (!must_be_known(name) ||
		    (other && (service_state_is_active(other->state) ||
			       service_is_starting(other) || job_find(queue, other->name))))
			continue;
		job->doomed = true;
		job_note(queue, job);
		job_explain(job, 0, "it starts only beside %s, which is not up", name);
	}
}

static void doom_if_unmet(struct job_queue *queue, struct job *job)
{
	const struct definition_words *words = &job->service->definition->service;

	doom_for_list(queue, job, &words->requires);
	doom_for_list(queue, job, &words->rare->binds_to);
	doom_unless_up(queue, job, &words->rare->requisite);
}

static int enqueue_dependents(struct job_queue *queue, struct job *first);

/* The start that was asked for is not ended by what it pulls in. */
static void yield_to_anchor(struct job_queue *queue, struct job *job)
{
	job->doomed = true;
	job_note(queue, job);
	job_explain(job, 0, "it conflicts with %s, which is being started", queue->anchor->name);
}

/*
 * @other, beside which @job's unit can't run, stops, and what requires it; the job waits for that. A start of it that is under way is
 * canceled: of two that are asked for at once the later one wins.
 */
static int stop_other(struct job_queue *queue, struct job *job, struct service *other)
{
	struct job *old, *stop;
	char why[300];
	int r;

	if (!other || other == job->service)
		return 0;
	old = job_find(queue, other->name);
	if (service_state_is_inactive(other->state) && (!old || old->kind == JOB_STOP))
		return 0;
	if (old && old == queue->anchor) {
		yield_to_anchor(queue, job);
		return 0;
	}
	snprintf(why, sizeof(why), "conflicts with %s, which was started", job->name);
	r = obtain(queue, JOB_STOP, other, why, &stop);
	if (r == 0)
		r = enqueue_dependents(queue, stop);
	if (r < 0)
		return r;
	service_add_reason(other, why);
	return job_add_wait(job, stop);
}

/* Conflicts= holds both ways, whichever of the two has it. */
static int stop_conflicts(struct job_queue *queue, struct job *job)
{
	const struct definition_words *words = &job->service->definition->service;
	struct service *other;
	const char *name = NULL;
	int r = 0;

	while (r == 0 && !job->doomed && (name = wire_list_next(&words->conflicts, name)))
		r = stop_other(queue, job, queue->host.find(name, queue->host.data));
	if (!queue->has_conflicts)
		return r;
	list_for_each (other, queue->services, link)
		if (r == 0 && !job->doomed &&
		    depend_lists(&other->definition->service.conflicts, words))
			r = stop_other(queue, job, other);
	return r;
}

static const struct definition_words *find_words(const char *name, void *data)
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

static bool lists_firmly(const struct definition_words *words,
			 const struct definition_words *service)
{
	return depend_lists(&words->requires, service) ||
	       depend_lists(&words->rare->binds_to, service);
}

/* Who in the plan names it: the unit that was asked for, or else one that requires it, or one that wants it. */
static const struct definition_words *find_wisher(const struct depend_plan *plan,
						  const struct definition_words *service,
						  const struct definition_words *asked)
{
	const struct definition_words *wisher = NULL;

	if (lists_firmly(asked, service) || depend_lists(&asked->wants, service))
		return asked;
	for (size_t i = 0; i < plan->n_items; i++) {
		const struct definition_words *other = plan->items[i].service;

		if (lists_firmly(other, service))
			return other;
		if (!wisher && depend_lists(&other->wants, service))
			wisher = other;
	}
	return wisher ? wisher : asked;
}

static int start_item(struct job_queue *queue, const struct depend_plan *plan,
		      const struct depend_item *item, const struct service *asked, struct job **ret)
{
	struct service *service = queue->host.find(item->service->name, queue->host.data);
	const struct definition_words *wisher = find_wisher(plan, item->service,
							    &asked->definition->service);
	char why[300];
	int r;

	*ret = NULL;
	if (!can_start(service) || service_state_is_active(service->state))
		return 0;
	snprintf(why, sizeof(why), "%s by %s",
		 lists_firmly(wisher, item->service) ? "required" : "wanted", wisher->name);
	r = obtain(queue, JOB_START, service, why, ret);
	if (r == 0)
		service_add_reason(service, why);
	return r;
}

static bool is_urgent(const struct depend_item *item)
{
	uint32_t stage = item->service->stage;

	return item->required || stage == TABLE_STAGE_SPLASH || stage == TABLE_STAGE_DISPLAY;
}

static void note_wish(struct job_queue *queue, const struct depend_item *item, bool wished)
{
	struct service *service = queue->host.find(item->service->name, queue->host.data);
	const struct job *job;

	if (!service)
		return;
	if (!wished) {
		service_raise(service);
		return;
	}
	job = job_find(queue, service->name);
	if (service_state_is_inactive(service->state) && (!job || job->kind == JOB_STOP))
		service->wished = true;
}

/*
 * What nobody needs to start may run in the background until the greeter stands. What comes before something that is needed is needed as
 * well: the plan is in its order, so one pass from its end finds all of it.
 */
static int note_wishes(struct job_queue *queue, const struct depend_plan *plan)
{
	bool *urgent = calloc(plan->n_items, sizeof(*urgent));

	if (!urgent)
		return -ENOMEM;
	for (size_t i = plan->n_items; i-- > 0;) {
		const struct depend_item *item = &plan->items[i];

		urgent[i] |= is_urgent(item);
		for (size_t k = 0; urgent[i] && k < item->n_waits; k++)
			urgent[item->waits[k].index] = true;
	}
	for (size_t i = 0; i < plan->n_items; i++)
		note_wish(queue, &plan->items[i], !urgent[i]);
	free(urgent);
	return 0;
}

static int start_one(struct job_queue *queue, const struct depend_plan *plan,
		     const struct depend_item *item, struct job *first)
{
	struct job *job = first;
	int r = 0;

	if (item->service != &first->service->definition->service)
		r = start_item(queue, plan, item, first->service, &job);
	if (r < 0 || !job)
		return r;
	job->plan = queue->last_plan;
	doom_if_unmet(queue, job);
	return job->doomed ? 0 : stop_conflicts(queue, job); /* what will not start stops nobody */
}

/* The jobs of the plan, once none of it can cancel another one any more. */
static void find_jobs(struct job_queue *queue, const struct depend_plan *plan, struct job **jobs)
{
	for (size_t i = 0; i < plan->n_items; i++) {
		struct job *job = job_find(queue, plan->items[i].service->name);

		jobs[i] = job && job->plan == queue->last_plan ? job : NULL;
	}
}

static void doom_for_stops(struct job_queue *queue, struct job *job, const struct wire_list *list)
{
	const char *name = NULL;

	while ((name = wire_list_next(list, name))) {
		const struct service *other = queue->host.find(name, queue->host.data);
		const struct job *stop = other ? job_find(queue, other->name) : NULL;

		if (!stop || stop->kind != JOB_STOP)
			continue;
		job->doomed = true;
		job_note(queue, job);
		job_explain(job, 0, "it requires %s, which %s", name, stop->why);
	}
}

/* The plan starts what it requires; what stops all the same was in conflict with another unit of the plan. */
static void doom_if_stopped(struct job_queue *queue, struct job *job)
{
	const struct definition_words *words = &job->service->definition->service;

	if (job->state != JOB_WAITING)
		return;
	doom_for_stops(queue, job, &words->requires);
	doom_for_stops(queue, job, &words->rare->binds_to);
}

static int start_items(struct job_queue *queue, const struct depend_plan *plan, struct job *first,
		       struct job **jobs)
{
	int r = note_wishes(queue, plan);

	queue->anchor = first;
	for (size_t i = 0; i < plan->n_items && r == 0; i++)
		r = start_one(queue, plan, &plan->items[i], first);
	queue->anchor = NULL;
	find_jobs(queue, plan, jobs);
	for (size_t i = 0; i < plan->n_items; i++)
		if (jobs[i])
			doom_if_stopped(queue, jobs[i]);
	return r;
}

static int add_plan_edges(const struct depend_plan *plan, struct job **jobs)
{
	int r = 0;

	for (size_t i = 0; i < plan->n_items; i++)
		for (size_t k = 0; k < plan->items[i].n_waits && r == 0; k++) {
			struct job *job = jobs[i], *before = jobs[plan->items[i].waits[k].index];

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

/* Does a job of @kind for @other take @service along? */
static bool hangs_on(const struct service *service, const struct service *other, enum job_kind kind)
{
	const struct definition_words *words = &service->definition->service;
	const struct definition_words *others = &other->definition->service;

	if (kind == JOB_RELOAD)
		return service_can_reload(service) &&
		       (depend_lists(&words->rare->reload_from, others) ||
			depend_lists(&others->rare->reload_to, words));
	return depend_lists(&words->requires, others) ||
	       depend_lists(&words->rare->binds_to, others) ||
	       depend_lists(&words->rare->requisite, others) ||
	       depend_lists(&words->rare->part_of, others) ||
	       (kind == JOB_STOP && (depend_lists(&others->rare->stop_to, words) ||
				     depend_lists(&words->rare->stop_from, others)));
}

/* Everything that hangs on it, whatever the depth: the list of jobs is walked while it grows. */
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
			    !hangs_on(service, job->service, first->kind) ||
			    service == job->service ||
			    (queue->anchor && service == queue->anchor->service))
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
	case JOB_RELOAD:
		r = enqueue_dependents(queue, job);
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
