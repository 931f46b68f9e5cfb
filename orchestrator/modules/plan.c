/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants: a module is in the queue once, from the moment that it leaves PLAN_IDLE by plan_want(); its state only ever
 * moves on. n_open counts WANTED and RUNNING, so "idle" is n_open == 0.
 *
 * Hard needs must be done before; a failed one fails the module too. Soft ones ("before") are waited for, whatever becomes
 * of them. Soft needs may form a ring: when nothing runs and nothing could start, the soft ones no longer count; if even
 * then nothing can start, the ring is one of hard needs and its first module fails with -ELOOP.
 */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>

#include "modlist.h"

int plan_init(struct plan *plan, const struct modlist *list)
{
	*plan = (struct plan){ .list = list };
	plan->entries = calloc(list->n_modules + 1, sizeof(*plan->entries));
	plan->queue = calloc(list->n_modules + 1, sizeof(*plan->queue));
	if (plan->entries && plan->queue)
		return 0;
	plan_done(plan);
	return -ENOMEM;
}

void plan_done(struct plan *plan)
{
	free(plan->entries);
	free(plan->queue);
	*plan = (struct plan){ 0 };
}

void plan_set_loaded(struct plan *plan, size_t module)
{
	if (plan->entries[module].state == PLAN_IDLE)
		plan->entries[module].state = PLAN_DONE;
}

static void fail(struct plan *plan, size_t module, int error, size_t culprit)
{
	plan->entries[module] = (struct plan_entry){
		.state = PLAN_FAILED,
		.error = error,
		.culprit = culprit,
	};
}

void plan_forbid(struct plan *plan, size_t module, int error)
{
	if (plan->entries[module].state == PLAN_IDLE)
		fail(plan, module, error, MODLIST_NONE);
}

static bool enqueue(struct plan *plan, size_t module)
{
	if (plan->entries[module].state != PLAN_IDLE)
		return false;
	plan->entries[module].state = PLAN_WANTED;
	plan->queue[plan->n_queue++] = module;
	plan->n_open++;
	return true;
}

static void enqueue_all(struct plan *plan, const struct modlist_relation *relation)
{
	for (uint32_t i = 0; i < relation->count; i++)
		(void)enqueue(plan, plan->list->related[relation->first + i]);
}

bool plan_want(struct plan *plan, size_t module)
{
	size_t at = plan->n_queue;

	if (!enqueue(plan, module))
		return false;
	for (; at < plan->n_queue; at++) {
		const struct modlist_module *next = &plan->list->modules[plan->queue[at]];

		enqueue_all(plan, &next->needs);
		enqueue_all(plan, &next->before);
		enqueue_all(plan, &next->after);
	}
	return true;
}

/* Fails @module if one of its needs failed; true if all of them are done. */
static bool needs_are_met(struct plan *plan, size_t module)
{
	const struct modlist_relation *needs = &plan->list->modules[module].needs;
	bool met = true;

	for (uint32_t i = 0; i < needs->count; i++) {
		size_t need = plan->list->related[needs->first + i];

		if (plan->entries[need].state == PLAN_FAILED) {
			fail(plan, module, plan->entries[need].error, need);
			plan->n_open--;
			return false;
		}
		met = met && plan->entries[need].state == PLAN_DONE;
	}
	return met;
}

static bool soft_needs_are_over(const struct plan *plan, size_t module)
{
	const struct modlist_relation *before = &plan->list->modules[module].before;

	for (uint32_t i = 0; i < before->count; i++) {
		enum plan_state state = plan->entries[plan->list->related[before->first + i]].state;

		if (state == PLAN_WANTED || state == PLAN_RUNNING)
			return false;
	}
	return true;
}

static size_t pick(struct plan *plan, bool heed_soft)
{
	for (size_t i = 0; i < plan->n_queue; i++) {
		size_t module = plan->queue[i];

		if (plan->entries[module].state != PLAN_WANTED || !needs_are_met(plan, module))
			continue;
		if (heed_soft && !soft_needs_are_over(plan, module))
			continue;
		plan->entries[module].state = PLAN_RUNNING;
		plan->n_running++;
		return module;
	}
	return MODLIST_NONE;
}

static void break_ring(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_queue; i++) {
		if (plan->entries[plan->queue[i]].state == PLAN_WANTED) {
			fail(plan, plan->queue[i], -ELOOP, MODLIST_NONE);
			plan->n_open--;
			return;
		}
	}
}

size_t plan_next(struct plan *plan)
{
	for (;;) {
		size_t open = plan->n_open;
		size_t module = pick(plan, true);

		if (module != MODLIST_NONE || plan->n_running > 0 || plan->n_open == 0)
			return module;
		if (plan->n_open < open)
			continue; /* failures may have ended others' waits */
		module = pick(plan, false);
		if (module != MODLIST_NONE)
			return module;
		break_ring(plan);
	}
}

void plan_finish(struct plan *plan, size_t module, int error)
{
	plan->n_running--;
	plan->n_open--;
	if (error < 0)
		fail(plan, module, error, MODLIST_NONE);
	else
		plan->entries[module].state = PLAN_DONE;
}

bool plan_is_idle(const struct plan *plan)
{
	return plan->n_open == 0;
}
