/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What everybody on the bus hears. Those about units only once somebody subscribed. */

struct bus;
struct job;
struct unit;

void signal_job_new(struct bus *bus, const struct job *job);
void signal_job_removed(struct bus *bus, uint32_t job, const char *unit, const char *result);
void signal_unit_new(struct bus *bus, const struct unit *unit);
void signal_unit_removed(struct bus *bus, const char *unit);
void signal_reloading(struct bus *bus, bool active);
void signal_unit_files_changed(struct bus *bus);

/* PropertiesChanged with what @changes (enum unit_change) touch. */
void signal_unit_changed(struct bus *bus, struct unit *unit, int changes);

/* The property Job of a unit. */
void signal_unit_job(struct bus *bus, struct unit *unit);
