/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"
#include "state_fd.h"

/*
 * The manager's state over an exec: MANAGER, EVENT…, then for each service SERVICE, its definition (table.h's SERVICE, EXEC…, SOCKET…,
 * whose opcodes are all below these) and its SAID, LISTEN, STORED, REASON, MEMBER, TIMER; SCOPE with MEMBER; JOB…; CLIENT…; ENDED…; END. Changes of
 * it come as MANAGER and what is different, and GONE for what is no more (state_collapse.h). Descriptors are state_fd.h's; deadlines are
 * CLOCK_MONOTONIC, 0 for none.
 */
#define STATE_VERSION 8U

enum state_opcode {
	STATE_MANAGER = 64,
	STATE_EVENT = 65,
	STATE_SERVICE = 66,
	STATE_LISTEN = 67,
	STATE_STORED = 68,
	STATE_REASON = 69,
	STATE_MEMBER = 70, /* a process of the unit before it, where there are no cgroups */
	STATE_SCOPE = 71,
	STATE_JOB = 72,
	STATE_END = 73,
	STATE_CLIENT = 74, /* of the control socket */
	STATE_GONE = 75, /* a service, or a job */
	STATE_SAID = 76, /* what became of an exec: it failed or was skipped */
	STATE_ENDED = 77, /* a job whose end was not yet told */
	STATE_TIMER = 78, /* of the .timer before it */
	STATE_MACHINE = 128, /* of a boot (boot_image.c), as all above */
	STATE_HELPER = 129,
	STATE_OVERLAY = 130,
	STATE_PAGE = 131, /* on the screen, instead of progress */
	STATE_FORWARD =
		132, /* a job that early-bus knows by another name, or its job for the end of the machine */
	STATE_LOAD = 133, /* of a unit that early-bus waits for */
	STATE_KEPT =
		134, /* what is kept for early-log, all of it: the names and descriptors come as KEPT_FD */
	STATE_KEPT_FD = 135,
	STATE_RESCUE = 136, /* a rescue shell, or who waits for Enter */
};

enum state_service_flag {
	STATE_SERVICE_STOP_WANTED = 1,
	STATE_SERVICE_RESTART_WANTED = 2,
	STATE_SERVICE_MAIN_GONE = 4,
	STATE_SERVICE_PRESTART = 8,
	STATE_SERVICE_CONDITIONS_MET = 16,
	STATE_SERVICE_SPAWN_RETRY = 32,
	STATE_SERVICE_CLEANED = 64,
	STATE_SERVICE_WISHED = 128,
	STATE_SERVICE_RELATIONS_DUE = 256,
	STATE_SERVICE_AWAITS_IDLE = 512,
	STATE_SERVICE_AWAITS_SOFTWARE = 1024,
	STATE_SERVICE_GROUP_KILLED = 2048,
	STATE_SERVICE_CLIMBS = 4096,
};

enum state_job_flag {
	STATE_JOB_LOADING = 1,
	STATE_JOB_CAME_UP = 2,
	STATE_JOB_DOOMED = 4,
	STATE_JOB_RUNNING = 8,
	STATE_JOB_ORDERED = 16,
};

enum state_client_flag {
	STATE_CLIENT_BUSY = 1,
	STATE_CLIENT_BEHIND = 2, /* a part of an answer waits in memory: it can't be kept */
};

enum state_scope_flag {
	STATE_SCOPE_ABANDONED = 1,
	STATE_SCOPE_STOPPING = 2,
};

struct state_manager {
	uint32_t version;
	const char *program; /* EARLY_VERSION; another one may read it, STATE_VERSION decides */
	uint64_t control_fd;
	uint32_t streams;
	uint32_t last_job;
	uint32_t stopping; /* everything is being stopped */
	uint32_t gated; /* manager_gate */
};

struct state_event {
	const char *name;
	uint64_t t_us;
	const char *why;
};

struct state_service {
	const char *name;
	uint32_t state;
	uint32_t result;
	uint32_t flags;
	uint64_t since_us;
	uint64_t started_us;
	uint32_t restarts;
	int32_t main_pid;
	uint64_t main_pipe;
	int32_t control_pid;
	uint64_t control_pipe;
	uint32_t nth;
	int32_t exit_code;
	int32_t exit_status;
	uint64_t notify_fd;
	uint64_t output_read;
	uint64_t output_write;
	const char *status_text;
	const char *detail;
	uint64_t deadline_us;
	uint64_t watchdog_us;
	uint64_t window_us;
	uint32_t starts;
	uint32_t quick_deaths;
	uint64_t forgiven_us;
	uint32_t loop;
	uint32_t rung;
	const char *software; /* "": none */
	uint64_t ready_fd;
	uint64_t watchdog_span_us;
	uint32_t background; /* enum background_kind */
	const char *error_text; /* "": none */
	uint32_t spawn_retries;
	const char *failure; /* "": none */
	uint64_t failure_us;
	uint64_t failure_run_us;
	uint64_t run_us;
	uint64_t main_pidfd; /* a main process that is not our child: its pid says nothing */
	uint64_t run_id_high;
	uint64_t run_id_low;
};

struct state_said {
	uint32_t of_control; /* otherwise of the main process */
	uint32_t outcome; /* enum execs_outcome */
	int32_t error;
	const char *text;
};

struct state_listen {
	const char *address;
	const char *name;
	uint64_t fd;
};

struct state_stored {
	const char *name;
	uint64_t fd;
	uint32_t polled;
};

struct state_reason {
	uint64_t t_us;
	const char *text;
};

enum state_timer_flag {
	STATE_TIMER_RUNNING = 1,
	STATE_TIMER_STAMP_KNOWN = 2,
	STATE_TIMER_STAMP_DUE = 4,
};

struct state_clocks {
	uint64_t realtime_us;
	uint64_t monotonic_us;
	uint64_t boottime_us;
};

/* struct timer_past, and what early-timer was asked. */
struct state_timer {
	struct state_clocks activated;
	struct state_clocks elapsed;
	struct state_clocks unit_started;
	struct state_clocks unit_ended;
	struct state_clocks origin_boot;
	struct state_clocks origin_startup;
	uint64_t ready_us;
	uint64_t random_us;
	uint32_t flags; /* enum state_timer_flag */
};

struct state_member {
	int32_t pid;
};

struct state_scope {
	const char *name;
	const char *slice;
	const char *description;
	uint64_t since_us;
	uint32_t flags;
	uint32_t stop_job; /* 0: none; its deadline begins anew */
};

struct state_job {
	uint32_t id;
	uint32_t kind;
	uint32_t flags;
	int32_t error;
	const char *name;
	const char *why;
	const char *detail; /* "": none */
};

struct state_ended {
	uint32_t id;
	uint32_t result; /* enum job_result */
	int32_t error;
	const char *name;
	const char *detail; /* "": none */
};

struct state_client {
	uint64_t fd;
	uint32_t flags;
	uint32_t verb;
	uint32_t job; /* whose end it awaits; 0: none */
	const char *name;
};

struct state_gone {
	const char *name; /* of the service; "": it is the job */
	uint32_t job;
};

struct state_machine {
	uint32_t flags; /* boot_image.c */
	uint32_t separate; /* enum boot_separate */
	uint32_t power; /* enum boot_power */
	uint32_t owner; /* enum display_owner */
	uint64_t drm_fd;
	uint32_t percent;
	const char *caption;
	const char *display_manager;
	uint32_t display_manager_deaths;
	uint32_t greeter_failures;
	const char *login_failure;
	uint32_t next_scope_job;
	struct wire_list greeter_scopes;
	uint64_t watchdog_us; /* of early.conf */
	const char *watchdog_device;
};

struct state_helper {
	uint32_t kind;
	int32_t pid;
	uint64_t link_fd;
	uint32_t order; /* of early-disks */
};

struct state_overlay {
	const char *path;
	uint32_t state; /* enum union_state */
	uint32_t stays;
	int32_t pid; /* 0: its daemon has ended */
	uint64_t link_fd;
	uint32_t n_restarts;
};

struct state_page {
	uint32_t kind; /* enum splash_kind */
	const char *title;
	const char *text;
};

struct state_forward {
	uint32_t job;
	uint32_t power; /* it is the one for the end of the machine */
	const char *unit;
};

struct state_load {
	uint32_t cookie;
	const char *unit;
};

struct state_kept_fd {
	const char *name;
	uint64_t fd;
};

struct state_rescue {
	const char *tty;
	int32_t pid; /* 0: the next one is waited for */
	uint32_t on_screen;
	uint32_t n_short;
};

extern const struct wire_protocol manager_state_protocol;
