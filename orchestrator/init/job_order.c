/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Edges between jobs. Starts follow After= and Before=, stops the reverse of it; a start waits for a stop that is ordered
 * against it either way. Since an edge that closes a circle is never made, the jobs are always a DAG, and the depth-first
 * search below ends. It is bounded by the number of jobs: a mark for each visited one would be needed only if the same
 * job were reached on very many ways, which a search that stops at its first hit meets rarely; so the depth is limited
 * instead, and an edge whose harmlessness can't be shown within it is not made.
 */

#define SEARCH_MAX_STEPS 20000

static bool reaches(const struct job *from, const struct job *to, unsigned int *steps)
{
	if (from == to || *steps >= SEARCH_MAX_STEPS)
		return true;
	(*steps)++;
	for (size_t i = 0; i < from->n_waits; i++)
		if (reaches(from->waits[i], to, steps))
			return true;
	return false;
}

/* Of a target that thousands come before, the other side's list is the short one. */
static bool waits_for(const struct job *job, const struct job *before)
{
	bool backwards = before->n_waiters < job->n_waits;
	struct job *const *list = backwards ? before->waiters : job->waits;
	size_t n = backwards ? before->n_waiters : job->n_waits;

	for (size_t i = 0; i < n; i++)
		if (list[i] == (backwards ? job : before))
			return true;
	return false;
}

static int add(struct job ***list, size_t *n, struct job *job)
{
	struct job **bigger = *list;

	if ((*n & (*n - 1)) == 0) /* 0, 1, 2, 4 …: it is full */
		bigger = realloc(*list, MAX(*n * 2, (size_t)1) * sizeof(struct job *));
	if (!bigger)
		return -ENOMEM;
	bigger[(*n)++] = job;
	*list = bigger;
	return 0;
}

static void take_out(struct job **list, size_t *n, const struct job *job)
{
	for (size_t i = 0; i < *n; i++) {
		if (list[i] != job)
			continue;
		list[i] = list[--*n];
		return;
	}
}

int job_add_wait(struct job *job, struct job *before)
{
	unsigned int steps = 0;
	int r;

	/* What nobody waits for closes no circle. */
	if (job == before || waits_for(job, before) ||
	    (job->n_waiters > 0 && reaches(before, job, &steps)))
		return 0;
	r = add(&job->waits, &job->n_waits, before);
	if (r < 0)
		return r;
	r = add(&before->waiters, &before->n_waiters, job);
	if (r < 0)
		job->n_waits--;
	return r;
}

void job_forget_waits_for(struct job *job)
{
	for (size_t i = 0; i < job->n_waits; i++)
		take_out(job->waits[i]->waiters, &job->waits[i]->n_waiters, job);
	for (size_t i = 0; i < job->n_waiters; i++)
		take_out(job->waiters[i]->waits, &job->waiters[i]->n_waits, job);
	job->n_waits = job->n_waiters = 0;
}

static bool stops(const struct job *job)
{
	return job->kind == JOB_STOP || job->kind == JOB_RESTART;
}

/* Must @first be through before @second begins? */
static bool comes_first(const struct job *first, const struct job *second)
{
	const struct definition_words *a = &first->service->definition->service;
	const struct definition_words *b = &second->service->definition->service;

	if (stops(first) && stops(second))
		return depend_is_before(b, a);
	if (stops(first) != stops(second) && first->kind == JOB_STOP)
		return depend_is_before(a, b) || depend_is_before(b, a);
	if (second->kind == JOB_STOP)
		return false;
	return depend_is_before(a, b);
}

struct ordering {
	struct job_queue *queue;
	struct job *job;
};

static int order_two(struct job *other, void *data)
{
	struct job *job = ((struct ordering *)data)->job;

	if (other == job || !other->service || other->state == JOB_LOADING)
		return 0;
	if (job->plan != 0 && job->plan == other->plan)
		return 0;
	if (job->state == JOB_WAITING && comes_first(other, job))
		return job_add_wait(job, other);
	if (other->state == JOB_WAITING && comes_first(job, other))
		return job_add_wait(other, job);
	return 0;
}

static int order_by_list(struct ordering *ordering, const struct wire_list *list)
{
	const struct job_host *host = &ordering->queue->host;
	const char *name = NULL;
	int r = 0;

	while (r == 0 && (name = wire_list_next(list, name))) {
		const struct service *service = host->find(name, host->data);
		struct job *other = service ? job_find(ordering->queue, service->name) : NULL;

		if (other)
			r = order_two(other, ordering);
	}
	return r;
}

/* Those that its own words name, and those whose words name it: all others have no order to it. */
int job_order_among(struct job_queue *queue, struct job *job)
{
	const struct definition_words *words = &job->service->definition->service;
	struct ordering ordering = { queue, job };
	const char *alias = NULL;
	int r;

	r = order_by_list(&ordering, &words->after);
	if (r == 0)
		r = order_by_list(&ordering, &words->before);
	if (r == 0 && words->type == TABLE_TYPE_TARGET) {
		r = order_by_list(&ordering, &words->requires);
		if (r == 0)
			r = order_by_list(&ordering, &words->wants);
		if (r == 0)
			r = order_by_list(&ordering, &words->rare->binds_to);
	}
	if (r == 0)
		r = job_index_each(&queue->index, words->name, order_two, &ordering);
	while (r == 0 && (alias = wire_list_next(&words->rare->aliases, alias)))
		r = job_index_each(&queue->index, alias, order_two, &ordering);
	return r;
}
