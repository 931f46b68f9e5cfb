/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/list.h"
#include "early/proto/bus.h"

/*
 * What early-bus knows of PID 1's units and jobs. Pure: it is fed with messages and a time, and says what changed.
 */

/* When a unit was seen to change; 0: not since early-bus runs. */
struct unit_times {
	uint64_t state_change_us[2]; /* [0] CLOCK_REALTIME, [1] CLOCK_MONOTONIC */
	uint64_t inactive_exit_us[2];
	uint64_t active_enter_us[2];
	uint64_t active_exit_us[2];
	uint64_t inactive_enter_us[2];
};

struct unit {
	struct list link; /* mirror::units */
	char *name;
	char *description;
	char *load_state;
	char *active_state;
	char *sub_state;
	char *path;
	char *cgroup;
	char **aliases; /* other names under which it was asked for */
	uint32_t main_pid;
	bool special; /* seeded by name; PID 1 has said nothing of it yet */
	struct unit_times times;
};

struct job {
	struct list link; /* mirror::jobs */
	uint32_t id;
	char *unit;
	const char *type; /* literal: "start" … */
};

struct mirror {
	struct list units; /* unit::link */
	struct list jobs; /* job::link */
	uint32_t n_units;
	uint32_t n_jobs;
};

enum unit_change {
	UNIT_CHANGE_NEW = 1,
	UNIT_CHANGE_STATE = 2, /* load, active or sub state */
	UNIT_CHANGE_PROCESS = 4, /* main pid or cgroup */
	UNIT_CHANGE_OTHER = 8,
};

void mirror_init(struct mirror *mirror);
void mirror_done(struct mirror *mirror);

/* A unit outside any mirror, from a message; unit_free() it. */
int unit_new(const struct bus_unit *message, struct unit **ret_unit);
struct unit *unit_free(struct unit *unit);
void unit_freep(struct unit **unit);

/* By name or alias; NULL if there is none. */
struct unit *mirror_find(const struct mirror *mirror, const char *name);

/* Takes a message over. Positive (enum unit_change, or-ed) when something changed. @now_us: realtime, monotonic; 0: unknown. */
int mirror_update(struct mirror *mirror, const struct bus_unit *message, const uint64_t now_us[2],
		  struct unit **ret_unit);

/* A target that is there by its name only, until PID 1 says otherwise. */
int mirror_add_special(struct mirror *mirror, const char *name, const char *description);

int mirror_add_alias(struct unit *unit, const char *alias);
void mirror_forget_aliases(struct mirror *mirror);
void mirror_remove(struct mirror *mirror, struct unit *unit);
uint32_t mirror_count_failed(const struct mirror *mirror);

int mirror_add_job(struct mirror *mirror, uint32_t id, const char *unit, const char *type,
		   struct job **ret_job);
struct job *mirror_find_job(const struct mirror *mirror, uint32_t id);
struct job *mirror_find_job_of(const struct mirror *mirror, const struct unit *unit);
void mirror_remove_job(struct mirror *mirror, struct job *job);
