/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "aside.h"
#include "merge.h"

struct loop;
struct session;

/*
 * The merge as the event loop sees it: a thread that runs at most one at a time, and callbacks in the loop's thread.
 */
struct job_events {
	void (*merged)(void *data, const struct merge_result *result);
	void (*gone)(void *data, uint64_t handles);
	/* All is merged, but the union could not be unmounted; job_start() tries that again. */
	void (*stays)(void *data, int error);
	void (*failed)(void *data, int error, const struct merge_result *result);
	void (*progress)(void *data, uint64_t done, uint64_t total);
};

enum job_state { JOB_IDLE, JOB_RUNNING, JOB_MERGED, JOB_GONE };

struct job;

int job_new(struct loop *loop, struct overlay *overlay, struct session *session,
	    const char *mountpoint, const struct job_events *events, void *data,
	    struct job **ret_job);

/*
 * @into NULL or empty: what lies beneath the mount point. -EBUSY while one runs, -EALREADY after it. In the state JOB_MERGED
 * only the unmount is tried again, and @into is that of the merge.
 */
int job_start(struct job *job, const char *into);
enum job_state job_state(const struct job *job);
unsigned int job_sticky(const struct job *job);
