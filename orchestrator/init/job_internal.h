/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* Between job.c (the life of jobs) and job_make.c (making them). */

int job_new(struct job_queue *queue, enum job_kind kind, const char *name, const char *why,
	    struct job **ret);

/* Jobs that wait to start something that requires @job's unit will end as "dependency". */
void job_doom_dependents(struct job_queue *queue, const struct job *job);
