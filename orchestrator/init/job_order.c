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

static bool waits_for(const struct job *job, const struct job *before)
{
	for (size_t i = 0; i < job->n_waits; i++)
		if (job->waits[i] == before)
			return true;
	return false;
}

int job_add_wait(struct job *job, struct job *before)
{
	unsigned int steps = 0;
	struct job **waits;

	if (waits_for(job, before) || reaches(before, job, &steps))
		return 0;
	waits = realloc(job->waits, (job->n_waits + 1) * sizeof(struct job *));
	if (!waits)
		return -ENOMEM;
	job->waits = waits;
	job->waits[job->n_waits++] = before;
	return 0;
}

static void remove_wait(struct job *job, const struct job *before)
{
	for (size_t i = 0; i < job->n_waits; i++) {
		if (job->waits[i] != before)
			continue;
		job->waits[i] = job->waits[--job->n_waits];
		return;
	}
}

void job_forget_waits_for(struct job_queue *queue, struct job *job)
{
	struct job *other;

	list_for_each (other, &queue->jobs, link)
		remove_wait(other, job);
	job->n_waits = 0;
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

int job_order_among(struct job_queue *queue, struct job *job)
{
	struct job *other;
	int r = 0;

	list_for_each (other, &queue->jobs, link) {
		if (r < 0 || other == job || !other->service || other->state == JOB_LOADING)
			continue;
		if (job->plan != 0 && job->plan == other->plan)
			continue;
		if (job->state == JOB_WAITING && comes_first(other, job))
			r = job_add_wait(job, other);
		else if (other->state == JOB_WAITING && comes_first(job, other))
			r = job_add_wait(other, job);
	}
	return r;
}
