/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * PID 1 <-> early-bus.
 *
 * early-bus mirrors the units (UNIT, UNIT_GONE), so that it answers every D-Bus call at once, and turns calls into jobs. A job's
 * cookie is early-bus's, its id is PID 1's and survives early-bus.
 */

enum bus_opcode {
	BUS_READY = 1, /* to PID 1: connected, org.freedesktop.systemd1 is ours */
	BUS_JOB = 2, /* to PID 1: answered by QUEUED with the same cookie */
	BUS_SCOPE = 3, /* to PID 1: StartTransientUnit of a scope; answered by QUEUED */
	BUS_ABANDON = 4, /* to PID 1 */
	BUS_KILL = 5, /* to PID 1 */
	BUS_OWNER = 6, /* to PID 1: a well-known name got (pid > 0) or lost (0) its owner */
	BUS_LOAD =
		7, /* to PID 1: somebody asks for a unit that early-bus does not mirror; answered by UNIT (LoadState not-found if there is none) */
	BUS_QUEUED = 8, /* to bus */
	BUS_DONE = 9, /* to bus: a job ended */
	BUS_UNIT = 10, /* to bus: a unit is known, or changed */
	BUS_UNIT_GONE = 11, /* to bus */
};

enum bus_verb {
	BUS_VERB_START = 0,
	BUS_VERB_STOP = 1,
	BUS_VERB_RESTART = 2,
	BUS_VERB_TRY_RESTART = 3,
	BUS_VERB_RELOAD = 4,
	BUS_VERB_RELOAD_OR_RESTART = 5,
	BUS_VERB_RELOAD_MANIFESTS = 6, /* Manager.Reload; unit is empty */
	BUS_VERB_RESET_FAILED =
		7, /* a failed unit becomes inactive, its start limit begins anew. Answered by QUEUED -EALREADY */
};

struct bus_job {
	uint32_t cookie;
	uint32_t verb; /* enum bus_verb */
	const char *unit;
	const char *
		why; /* for `earlyctl why`: "bus name org.freedesktop.UPower, asked for by :1.7 (gdm3)" */
};

struct bus_scope {
	uint32_t cookie;
	const char *unit;
	const char *slice;
	const char *description;
	struct wire_list pids; /* decimal */
};

struct bus_abandon {
	const char *unit;
};

struct bus_kill {
	const char *unit;
	int32_t signo;
};

struct bus_owner {
	const char *name;
	uint32_t pid;
};

struct bus_load {
	uint32_t cookie;
	const char *unit;
};

struct bus_queued {
	uint32_t cookie;
	uint32_t job; /* 0: refused */
	int32_t error; /* negative errno when refused: -ENOENT no such unit, -ERFKILL masked, -EALREADY nothing to do (answer as done) */
};

struct bus_done {
	uint32_t job;
	const char *unit;
	const char *result; /* done, failed, canceled, timeout, dependency, skipped */
};

struct bus_unit {
	const char *unit;
	const char *description;
	const char *load_state; /* loaded, not-found, masked, error */
	const char *active_state;
	const char *sub_state;
	const char *path; /* manifest's file */
	const char *cgroup; /* /system.slice/NAME.service */
	uint32_t main_pid;
	uint32_t cookie; /* 0, or that of LOAD */
};

struct bus_unit_gone {
	const char *unit;
};

extern const struct wire_protocol bus_protocol;
