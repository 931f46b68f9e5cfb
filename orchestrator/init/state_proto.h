/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * The manager's state over an exec: MANAGER, EVENT…, then for each service SERVICE, its definition (table.h's SERVICE, EXEC…, SOCKET…,
 * whose opcodes are all below these) and its LISTEN, STORED, REASON, MEMBER; SCOPE with MEMBER; JOB…; END. Descriptors are
 * numbers that are open in the new program, -1 for none; deadlines are CLOCK_MONOTONIC, 0 for none.
 */
#define STATE_VERSION 4

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
};

enum state_service_flag {
	STATE_SERVICE_STOP_WANTED = 1,
	STATE_SERVICE_RESTART_WANTED = 2,
	STATE_SERVICE_MAIN_GONE = 4,
	STATE_SERVICE_PRESTART = 8,
	STATE_SERVICE_CONDITIONS_MET = 16,
};

enum state_scope_flag {
	STATE_SCOPE_ABANDONED = 1,
	STATE_SCOPE_STOPPING = 2,
};

struct state_manager {
	uint32_t version;
	const char *program; /* EARLY_VERSION: another program's enums may differ */
	int32_t control_fd;
	uint32_t streams;
	uint32_t last_job;
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
	int32_t main_pipe;
	int32_t control_pid;
	int32_t control_pipe;
	uint32_t nth;
	int32_t exit_code;
	int32_t exit_status;
	int32_t notify_fd;
	int32_t output_read;
	int32_t output_write;
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
	int32_t ready_fd;
	uint64_t watchdog_span_us;
	uint32_t background; /* enum background_kind; the gate itself is open after an exec */
	const char *failure; /* "": none */
	uint64_t failure_us;
	uint64_t failure_run_us;
};

struct state_listen {
	const char *address;
	const char *name;
	int32_t fd;
};

struct state_stored {
	const char *name;
	int32_t fd;
};

struct state_reason {
	uint64_t t_us;
	const char *text;
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
	const char *name;
	const char *why;
};

extern const struct wire_protocol manager_state_protocol;
