/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants: a module is in the queue once, from the moment that it leaves PLAN_IDLE by plan_want(); its state only ever
 * moves on. n_open counts WANTED and RUNNING, so "idle" is n_open == 0.
 *
 * Hard needs must be done before; a failed one fails the module too. Soft ones ("before") are waited for, whatever becomes
 * of them. Soft needs may form a ring: when nothing runs and nothing could start, the soft ones no longer count; if even
 * then nothing can start, the ring is one of hard needs and its first module fails with -ELOOP.
 *
 * Of several that could start, the one goes first that begins the longest chain: its own bytes and those of the modules
 * that wait for it, one after the other. (drm, then its helpers, then the driver, is the chain that a picture waits for.)
 */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>

#include "modlist.h"

#define PLAN_MAX_ROUNDS 8

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
	plan->entries[module].state = PLAN_FAILED;
	plan->entries[module].error = error;
	plan->entries[module].culprit = culprit;
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

/* Lets the work that waits for @relation's modules count for them; true if that changed one. */
static bool pass_work_on(struct plan *plan, const struct modlist_relation *relation, uint64_t work)
{
	bool changed = false;

	for (uint32_t i = 0; i < relation->count; i++) {
		size_t index = plan->list->related[relation->first + i];
		uint64_t chain = plan->list->modules[index].bytes + work;

		if (plan->entries[index].work < chain) {
			plan->entries[index].work = chain;
			changed = true;
		}
	}
	return changed;
}

/* Needs are behind what needs them in the queue, mostly; a few rounds do for the rest, and rings end with them. */
static void weigh(struct plan *plan, size_t from)
{
	bool changed = true;

	for (unsigned int round = 0; changed && round < PLAN_MAX_ROUNDS; round++) {
		changed = false;
		for (size_t i = from; i < plan->n_queue; i++) {
			size_t index = plan->queue[i];
			const struct modlist_module *module = &plan->list->modules[index];
			struct plan_entry *entry = &plan->entries[index];

			entry->work = MAX(entry->work, (uint64_t)module->bytes);
			changed |= pass_work_on(plan, &module->needs, entry->work);
			changed |= pass_work_on(plan, &module->before, entry->work);
		}
	}
}

bool plan_want(struct plan *plan, size_t module, uint64_t lead)
{
	size_t from = plan->n_queue;

	if (!enqueue(plan, module))
		return false;
	plan->entries[module].work = plan->list->modules[module].bytes + lead;
	for (size_t at = from; at < plan->n_queue; at++) {
		const struct modlist_module *next = &plan->list->modules[plan->queue[at]];

		enqueue_all(plan, &next->needs);
		enqueue_all(plan, &next->before);
		enqueue_all(plan, &next->after);
	}
	weigh(plan, from);
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
	size_t best = MODLIST_NONE;

	for (size_t i = 0; i < plan->n_queue; i++) {
		size_t module = plan->queue[i];

		if (plan->entries[module].state != PLAN_WANTED || !needs_are_met(plan, module))
			continue;
		if (heed_soft && !soft_needs_are_over(plan, module))
			continue;
		if (best == MODLIST_NONE || plan->entries[module].work > plan->entries[best].work)
			best = module;
	}
	if (best != MODLIST_NONE) {
		plan->entries[best].state = PLAN_RUNNING;
		plan->n_running++;
	}
	return best;
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
