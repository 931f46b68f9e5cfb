/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "depend.h"
#include "job.h"

/* Which job waits for which. */

/* @job waits for @before, unless that would close a circle (then nothing is changed). */
int job_add_wait(struct job *job, struct job *before);

/* Nobody waits for @job any more, and it waits for nobody. */
void job_forget_waits_for(struct job *job);

/* Makes @job wait for the others that come before it, and those that come after it and have not begun wait for it. */
int job_order_among(struct job_queue *queue, struct job *job);
