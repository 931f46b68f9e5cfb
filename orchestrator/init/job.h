/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/list.h"
#include "early/macros.h"

#include "job_index.h"
#include "service.h"

/* What somebody wants to become of a unit. One job for each unit at most; a later wish takes the place of an opposite one. */

enum job_kind {
	JOB_START,
	JOB_STOP,
	JOB_RESTART, /* stops; becomes a START then */
	JOB_RELOAD,
};

enum job_state {
	JOB_LOADING, /* early-load was asked; the queue leaves it alone */
	JOB_WAITING, /* for its turn */
	JOB_RUNNING,
};

enum job_result {
	JOB_DONE,
	JOB_FAILED,
	JOB_CANCELED,
	JOB_TIMEOUT,
	JOB_DEPENDENCY,
	JOB_SKIPPED,
};

struct job {
	struct list link; /* job_queue::jobs */
	struct list
		unsaved_link; /* job_queue::unsaved, while something changed since it was written to the image */
	uint32_t id;
	enum job_kind kind;
	enum job_state state;
	char *name;
	char *why;
	struct service *service; /* NULL while it is not known */
	struct job **waits; /* jobs that come first */
	size_t n_waits;
	struct job **waiters; /* jobs that have it among their waits */
	size_t n_waiters;
	uint32_t
		plan; /* the start that made it; its edges to others of that start are the plan's */
	bool came_up; /* the service was active since it runs */
	bool doomed; /* something it requires can't be had */
	bool ordered; /* by a person, and its unit was not yet known then */
	unsigned int loads; /* how often early-load was asked */
	int error; /* negative: why it can't be had, where a number says it (-ENOENT) */
	char *detail; /* what was missing, in words; may be NULL */

	/* job_index.c */
	bool indexed;
	uint64_t name_hash;
	struct job *next_name;
	struct job_mention *mentions;
	size_t n_mentions;
};

struct job_queue;

struct job_host {
	struct service *(*find)(const char *name, void *data);
	void (*done)(const struct job *job, enum job_result result, void *data);
	void (*wake)(void *data); /* job_queue_turn() soon, please */
	void *data;
};

struct job_queue {
	struct list jobs; /* job::link */
	struct list unsaved; /* job::unsaved_link */
	struct job_index index;
	struct list *cursor; /* where job_queue_turn() goes on; NULL: it does not run */
	struct list *services; /* service::link, the manager's */
	struct job *anchor; /* the start whose plan is being made; NULL: none is */
	struct job_host host;
	size_t n_jobs;
	size_t max_jobs;
	bool has_conflicts; /* some unit has Conflicts=: a start looks at all for those that name it */
	uint32_t last_id;
	uint32_t last_plan;
};

void job_queue_init(struct job_queue *queue, const struct job_host *host, struct list *services,
		    size_t max_jobs);
void job_queue_done(struct job_queue *queue);

struct job *job_find(struct job_queue *queue, const char *name);
struct job *job_find_id(struct job_queue *queue, uint32_t id);

/* A job whose unit is not yet known, or whose dependencies are not. */
int job_new_loading(struct job_queue *queue, enum job_kind kind, const char *name, const char *why,
		    struct job **ret);

/*
 * Makes the jobs for @kind of @service and all that hangs on it. @loading: the job of job_new_loading that becomes this
 * one, or NULL. @reports gets lines on broken cycles, may be NULL. -EAGAIN: too many jobs.
 */
int job_enqueue(struct job_queue *queue, enum job_kind kind, struct service *service,
		const char *why, struct job *loading, char ***reports, uint32_t *ret_id);

/* Something of it changed that outlives a crash. */
void job_note(struct job_queue *queue, struct job *job);

/* Its unit is known, and it waits. 0 or -ENOMEM. */
int job_set_service(struct job_queue *queue, struct job *job, struct service *service);

/* Another name of its unit. 0 or -ENOMEM: it keeps the old one. */
int job_rename(struct job_queue *queue, struct job *job, const char *name);

/* Ends it: told, removed, and what required it ends with it. */
void job_finish(struct job_queue *queue, struct job *job, enum job_result result);

/* Says why it will fail; the first word counts. */
void job_explain(struct job *job, int error, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Everything but stops: the machine goes down. */
void job_cancel_starts(struct job_queue *queue);

/* A unit's words changed. */
void job_words_changed(struct job_queue *queue, struct service *service);

/* Call at once for each change of a service's state. */
void job_state_changed(struct job_queue *queue, struct service *service);

/* Ends what has ended and starts what may start. Before the loop sleeps, after any change. */
void job_queue_turn(struct job_queue *queue);

/* The names that a start of @service needs and nobody knows; services and targets only. Free with strv_free. */
int job_missing(struct job_queue *queue, struct service *service, char ***ret);

const char *job_result_name(enum job_result result);
