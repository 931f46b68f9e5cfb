/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/nametable.h"
#include "job.h"

/*
 * Without it each new job would be compared with all others, once for its name and once for its order: a thousand starts at once
 * would be a million comparisons. Both tables are chains of what lies in the jobs themselves, so that nothing can fail when a job
 * goes. They grow with the number of jobs; where there is no memory for that the chains get longer.
 */

#define MIN_SIZE 64

static size_t slot_of(const struct job_index *index, uint64_t hash)
{
	return (size_t)hash & (index->size - 1);
}

static void link_name(struct job_index *index, struct job *job)
{
	struct job **slot = &index->names[slot_of(index, job->name_hash)];

	job->next_name = *slot;
	*slot = job;
}

static void link_mentions(struct job_index *index, struct job *job)
{
	for (size_t i = 0; i < job->n_mentions; i++) {
		struct job_mention *mention = &job->mentions[i];
		struct job_mention **slot = &index->mentions[slot_of(index, mention->hash)];

		mention->next = *slot;
		*slot = mention;
	}
}

static void unlink_name(struct job_index *index, struct job *job)
{
	struct job **at = &index->names[slot_of(index, job->name_hash)];

	while (*at != job)
		at = &(*at)->next_name;
	*at = job->next_name;
}

static void unlink_mentions(struct job_index *index, struct job *job)
{
	for (size_t i = 0; i < job->n_mentions; i++) {
		struct job_mention *mention = &job->mentions[i];
		struct job_mention **at = &index->mentions[slot_of(index, mention->hash)];

		while (*at != mention)
			at = &(*at)->next;
		*at = mention->next;
	}
}

static int resize(struct job_index *index, size_t size)
{
	struct job_index bigger = {
		.names = calloc(size, sizeof(*bigger.names)),
		.mentions = calloc(size, sizeof(*bigger.mentions)),
		.size = size,
		.n_jobs = index->n_jobs,
	};

	if (!bigger.names || !bigger.mentions) {
		free(bigger.names);
		free(bigger.mentions);
		return -ENOMEM;
	}
	for (size_t i = 0; i < index->size; i++) {
		struct job *job, *next;

		for (job = index->names[i]; job; job = next) {
			next = job->next_name;
			link_name(&bigger, job);
			link_mentions(&bigger, job);
		}
	}
	free(index->names);
	free(index->mentions);
	*index = bigger;
	return 0;
}

int job_index_add(struct job_index *index, struct job *job)
{
	if (index->size == 0) {
		int r = resize(index, MIN_SIZE);

		if (r < 0)
			return r;
	} else if (index->n_jobs >= index->size) {
		(void)resize(index, index->size * 2); /* no memory: slower */
	}
	job->name_hash = nametable_hash(job->name);
	link_name(index, job);
	job->indexed = true;
	index->n_jobs++;
	return 0;
}

void job_index_remove(struct job_index *index, struct job *job)
{
	if (!job->indexed)
		return;
	unlink_name(index, job);
	unlink_mentions(index, job);
	free(job->mentions);
	job->mentions = NULL;
	job->n_mentions = 0;
	job->indexed = false;
	if (--index->n_jobs > 0)
		return;
	free(index->names);
	free(index->mentions);
	*index = (struct job_index){ 0 };
}

struct job *job_index_find(const struct job_index *index, const char *name)
{
	uint64_t hash = nametable_hash(name);
	struct job *job;

	if (index->size == 0)
		return NULL;
	for (job = index->names[slot_of(index, hash)]; job; job = job->next_name)
		if (job->name_hash == hash && strcmp(job->name, name) == 0)
			return job;
	return NULL;
}

/* --- who names whom --- */

static size_t length(const struct wire_list *list)
{
	const char *name = NULL;
	size_t n = 0;

	while ((name = wire_list_next(list, name)))
		n++;
	return n;
}

/* What depend_is_before() looks at. */
static size_t lists_of(const struct definition_words *words, const struct wire_list *ret[5])
{
	size_t n = 0;

	ret[n++] = &words->after;
	ret[n++] = &words->before;
	if (words->type != TABLE_TYPE_TARGET)
		return n;
	ret[n++] = &words->requires;
	ret[n++] = &words->wants;
	ret[n++] = &words->rare->binds_to;
	return n;
}

int job_index_mentions(struct job_index *index, struct job *job)
{
	const struct wire_list *lists[5];
	size_t n_lists = lists_of(&job->service->definition->service, lists), n = 0;
	struct job_mention *mentions = NULL;

	for (size_t i = 0; i < n_lists; i++)
		n += length(lists[i]);
	if (n > 0) {
		mentions = calloc(n, sizeof(*mentions));
		if (!mentions)
			return -ENOMEM;
	}
	unlink_mentions(index, job);
	free(job->mentions);
	job->mentions = mentions;
	job->n_mentions = 0;
	for (size_t i = 0; i < n_lists; i++) {
		const char *name = NULL;

		while (job->n_mentions < n && (name = wire_list_next(lists[i], name)))
			mentions[job->n_mentions++] = (struct job_mention){
				.job = job,
				.hash = nametable_hash(name),
			};
	}
	link_mentions(index, job);
	return 0;
}

int job_index_each(const struct job_index *index, const char *name,
		   int (*fn)(struct job *job, void *data), void *data)
{
	uint64_t hash = nametable_hash(name);
	struct job_mention *mention;
	int r = 0;

	if (index->size == 0)
		return 0;
	for (mention = index->mentions[slot_of(index, hash)]; mention && r == 0;
	     mention = mention->next)
		if (mention->hash == hash)
			r = fn(mention->job, data);
	return r;
}
