/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mirror of PID 1's units. A few hundred units at most, looked up by a walk over the list: a call costs microseconds,
 * and PID 1's order of units is kept. A text that did not change keeps its memory.
 */
#include "mirror.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strv.h"

#include "text.h"

void mirror_init(struct mirror *mirror)
{
	list_init(&mirror->units);
	list_init(&mirror->jobs);
	mirror->n_units = 0;
	mirror->n_jobs = 0;
}

void mirror_done(struct mirror *mirror)
{
	struct unit *unit, *next_unit;
	struct job *job, *next_job;

	list_for_each_safe (unit, next_unit, &mirror->units, link)
		mirror_remove(mirror, unit);
	list_for_each_safe (job, next_job, &mirror->jobs, link)
		mirror_remove_job(mirror, job);
}

struct unit *unit_free(struct unit *unit)
{
	if (unit == NULL)
		return NULL;
	free(unit->name);
	free(unit->description);
	free(unit->load_state);
	free(unit->active_state);
	free(unit->sub_state);
	free(unit->path);
	free(unit->cgroup);
	strv_free(unit->aliases);
	free(unit);
	return NULL;
}

void unit_freep(struct unit **unit)
{
	*unit = unit_free(*unit);
}

/* 1: changed, 0: it was the same. */
static int replace(char **text, const char *value)
{
	char *copy;

	if (*text != NULL && strcmp(*text, value) == 0)
		return 0;
	copy = strdup(value);
	if (copy == NULL)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 1;
}

/* Which change a difference in a text field means. */
struct text_field {
	char **text;
	const char *value;
	enum unit_change change;
};

static int unit_apply(struct unit *unit, const struct bus_unit *message)
{
	const struct text_field fields[] = {
		{ &unit->name, message->unit, UNIT_CHANGE_OTHER },
		{ &unit->description, message->description, UNIT_CHANGE_OTHER },
		{ &unit->load_state, message->load_state, UNIT_CHANGE_STATE },
		{ &unit->active_state, message->active_state, UNIT_CHANGE_STATE },
		{ &unit->sub_state, message->sub_state, UNIT_CHANGE_STATE },
		{ &unit->path, message->path, UNIT_CHANGE_OTHER },
		{ &unit->cgroup, message->cgroup, UNIT_CHANGE_PROCESS },
	};
	int changes = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		int r = replace(fields[i].text, fields[i].value);

		if (r < 0)
			return r;
		if (r > 0)
			changes |= (int)fields[i].change;
	}
	if (unit->main_pid != message->main_pid)
		changes |= UNIT_CHANGE_PROCESS;
	unit->main_pid = message->main_pid;
	unit->special = false;
	return changes;
}

int unit_new(const struct bus_unit *message, struct unit **ret_unit)
{
	CLEANUP(unit_freep)
	struct unit *unit = calloc(1, sizeof(*unit));
	int r;

	if (unit == NULL)
		return -ENOMEM;
	list_init(&unit->link);
	r = unit_apply(unit, message);
	if (r < 0)
		return r;
	*ret_unit = TAKE_PTR(unit);
	return 0;
}

struct unit *mirror_find(const struct mirror *mirror, const char *name)
{
	struct unit *unit;

	list_for_each (unit, &mirror->units, link) {
		if (strcmp(unit->name, name) == 0)
			return unit;
	}
	list_for_each (unit, &mirror->units, link) {
		if (strv_contains(unit->aliases, name))
			return unit;
	}
	return NULL;
}

static bool is_up(const char *active_state)
{
	return strcmp(active_state, "active") == 0 || strcmp(active_state, "reloading") == 0;
}

static bool is_down(const char *active_state)
{
	return strcmp(active_state, "inactive") == 0 || strcmp(active_state, "failed") == 0;
}

static void set_times(struct unit_times *times, const char *before, const char *after,
		      const uint64_t now_us[2])
{
	for (int clock = 0; clock < 2; clock++) {
		if (strcmp(before, after) != 0)
			times->state_change_us[clock] = now_us[clock];
		if (is_down(before) && !is_down(after))
			times->inactive_exit_us[clock] = now_us[clock];
		if (!is_down(before) && is_down(after))
			times->inactive_enter_us[clock] = now_us[clock];
		if (!is_up(before) && is_up(after))
			times->active_enter_us[clock] = now_us[clock];
		if (is_up(before) && !is_up(after))
			times->active_exit_us[clock] = now_us[clock];
	}
}

/* The unit itself, not one that has @name as an alias: that name is now a unit of its own. */
static struct unit *find_own(const struct mirror *mirror, const char *name)
{
	struct unit *unit = mirror_find(mirror, name);

	return unit != NULL && strcmp(unit->name, name) == 0 ? unit : NULL;
}

int mirror_update(struct mirror *mirror, const struct bus_unit *message, const uint64_t now_us[2],
		  struct unit **ret_unit)
{
	struct unit *unit = find_own(mirror, message->unit);
	CLEANUP(free_charp)
	char *before = NULL;
	bool is_new = unit == NULL;
	int changes, r;

	if (is_new) {
		r = unit_new(message, &unit);
		if (r < 0)
			return r;
		list_append(&mirror->units, &unit->link);
		mirror->n_units++;
		*ret_unit = unit;
		return UNIT_CHANGE_NEW | UNIT_CHANGE_STATE;
	}
	r = text_copy(unit->active_state, &before);
	if (r < 0)
		return r;
	changes = unit_apply(unit, message);
	if (changes < 0)
		return changes;
	if (changes & UNIT_CHANGE_STATE)
		set_times(&unit->times, before, unit->active_state, now_us);
	*ret_unit = unit;
	return changes;
}

int mirror_add_special(struct mirror *mirror, const char *name, const char *description)
{
	const struct bus_unit message = {
		.unit = name,
		.description = description,
		.load_state = "loaded",
		.active_state = "inactive",
		.sub_state = "dead",
		.path = "",
		.cgroup = "",
	};
	struct unit *unit;
	int r;

	r = unit_new(&message, &unit);
	if (r < 0)
		return r;
	unit->special = true;
	list_append(&mirror->units, &unit->link);
	mirror->n_units++;
	return 0;
}

int mirror_add_alias(struct unit *unit, const char *alias)
{
	if (strcmp(unit->name, alias) == 0 || strv_contains(unit->aliases, alias))
		return 0;
	return strv_append(&unit->aliases, alias);
}

void mirror_forget_aliases(struct mirror *mirror)
{
	struct unit *unit;

	list_for_each (unit, &mirror->units, link) {
		strv_free(unit->aliases);
		unit->aliases = NULL;
	}
}

void mirror_remove(struct mirror *mirror, struct unit *unit)
{
	list_remove(&unit->link);
	mirror->n_units--;
	unit_free(unit);
}

uint32_t mirror_count_failed(const struct mirror *mirror)
{
	const struct unit *unit;
	uint32_t failed = 0;

	list_for_each (unit, &mirror->units, link)
		failed += strcmp(unit->active_state, "failed") == 0 ? 1 : 0;
	return failed;
}

int mirror_add_job(struct mirror *mirror, uint32_t id, const char *unit, const char *type,
		   struct job **ret_job)
{
	struct job *job = mirror_find_job(mirror, id);

	/* A second caller is told the id of a job that is there already. */
	if (job != NULL) {
		*ret_job = job;
		return 0;
	}
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return -ENOMEM;
	job->unit = strdup(unit);
	if (job->unit == NULL) {
		free(job);
		return -ENOMEM;
	}
	job->id = id;
	job->type = type;
	list_append(&mirror->jobs, &job->link);
	mirror->n_jobs++;
	*ret_job = job;
	return 1;
}

struct job *mirror_find_job(const struct mirror *mirror, uint32_t id)
{
	struct job *job;

	list_for_each (job, &mirror->jobs, link) {
		if (job->id == id)
			return job;
	}
	return NULL;
}

struct job *mirror_find_job_of(const struct mirror *mirror, const struct unit *unit)
{
	struct job *job;

	list_for_each (job, &mirror->jobs, link) {
		if (strcmp(job->unit, unit->name) == 0 || strv_contains(unit->aliases, job->unit))
			return job;
	}
	return NULL;
}

void mirror_remove_job(struct mirror *mirror, struct job *job)
{
	list_remove(&job->link);
	mirror->n_jobs--;
	free(job->unit);
	free(job);
}
