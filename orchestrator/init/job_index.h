/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "definition.h"

struct job;

/* A name that some job's unit orders itself by. */
struct job_mention {
	struct job_mention *next; /* of the same slot */
	struct job *job;
	uint64_t hash;
};

/* Jobs by the names of their units, and by the names that those units order themselves by. */
struct job_index {
	struct job **names;
	struct job_mention **mentions;
	size_t size; /* of both: a power of two, or 0 */
	size_t n_jobs;
};

/* 0 or -ENOMEM: then nothing is changed. */
int job_index_add(struct job_index *index, struct job *job);

/* Idempotent; the last one takes the tables along. */
void job_index_remove(struct job_index *index, struct job *job);

struct job *job_index_find(const struct job_index *index, const char *name);

/* What @job's unit says of others is known, or has changed. 0 or -ENOMEM: then it is as before. */
int job_index_mentions(struct job_index *index, struct job *job);

/* Calls @fn with each job whose unit may order itself by @name, and perhaps with others, until it returns an error. */
int job_index_each(const struct job_index *index, const char *name,
		   int (*fn)(struct job *job, void *data), void *data);
