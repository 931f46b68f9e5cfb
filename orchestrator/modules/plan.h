/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/macros.h"

struct modlist;

/*
 * Which module is loaded next: a pure record of what is wanted, running and done. Whoever runs it (several threads under
 * one lock) takes modules by plan_next() and reports each by plan_finish().
 */
enum plan_state {
	PLAN_IDLE,
	PLAN_WANTED, /* waits for what it needs */
	PLAN_RUNNING,
	PLAN_DONE,
	PLAN_FAILED,
};

struct plan_entry {
	enum plan_state state;
	int error; /* negative errno of a failed one */
	uint64_t work; /* bytes of the longest chain of wanted modules that begins here */
	size_t culprit; /* the module whose failure made this one fail, or MODLIST_NONE */
};

struct plan {
	const struct modlist *list;
	struct plan_entry *entries; /* one for each module */
	size_t *queue; /* modules in the order in which they came to be wanted */
	size_t n_queue;
	size_t n_open; /* wanted or running */
	size_t n_running;
};

int plan_init(struct plan *plan, const struct modlist *list);
void plan_done(struct plan *plan);
#define CLEANUP_PLAN CLEANUP(plan_done)

/* Notes that a module was there before. Only while it is idle. */
void plan_set_loaded(struct plan *plan, size_t module);

/* Notes that a module must not be loaded (@error says why); those that need it will fail. Only while it is idle. */
void plan_forbid(struct plan *plan, size_t module, int error);

/*
 * Wants @module and what it needs. @lead counts as bytes that wait for it besides the modules that do. False if nothing new was
 * to be done.
 */
bool plan_want(struct plan *plan, size_t module, uint64_t lead);

/* The module whose needs are met and on which most hangs, now running; or MODLIST_NONE: all is done, or others must finish first. */
size_t plan_next(struct plan *plan);

void plan_finish(struct plan *plan, size_t module, int error);

/* Nothing is wanted or running. */
bool plan_is_idle(const struct plan *plan);
