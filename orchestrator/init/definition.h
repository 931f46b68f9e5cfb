/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/macros.h"
#include "early/proto/table.h"

/*
 * What a manifest says about one unit, as early-load wrote it: an immutable copy of its messages. All text and lists point
 * into that copy. early-exec gets the very same bytes. There may be thousands: all of one is one piece of memory, only what
 * PID 1 reads itself is unpacked, and of SERVICE, which says little in many fields, only what it does say is kept.
 */

/* Some bytes: one whole message. */
struct definition_part {
	const void *data;
	size_t len;
};

struct definition_exec {
	struct table_exec exec;
	struct definition_part message;
};

/* What PID 1 reads of SERVICE: table_service's fields in less room, each of the same meaning. First what few units have. */
struct definition_rare {
	const char *load_error;
	const char *bus_name;
	const char *seat;
	const char *on_give_up;
	const char *pid_file;
	uint64_t restart_max_delay_us;
	uint64_t abort_timeout_us;
	uint64_t watchdog_us;
	uint64_t runtime_max_us;
	struct wire_list aliases;
	struct wire_list success_codes;
	struct wire_list restart_prevent_codes;
	struct wire_list restart_force_codes;
	struct wire_list binds_to;
	struct wire_list requisite;
	struct wire_list part_of;
	struct wire_list stop_to;
	struct wire_list stop_from;
	struct wire_list reload_to;
	struct wire_list reload_from;
	struct wire_list on_failure;
	struct wire_list on_success;
	struct wire_list upholds;
	struct wire_list delegate;
	struct wire_list devices;
	struct wire_list addresses;
};

/* That of a unit with nothing of it. */
extern const struct definition_rare definition_no_rare;

struct definition_words {
	const struct definition_rare *rare; /* never NULL */
	const char *name;
	const char *description;
	const char *path;
	const char *slice;
	uint64_t restart_us;
	uint64_t start_timeout_us;
	uint64_t stop_timeout_us;
	uint64_t start_limit_interval_us;
	uint64_t changed_us;
	uint32_t flags;
	uint32_t start_limit_burst;
	uint32_t restart_steps;
	uint32_t remarks;
	uint8_t load_state;
	uint8_t type;
	uint8_t stage;
	uint8_t restart;
	uint8_t kill_mode;
	uint8_t notify_access;
	uint8_t start_failure_mode;
	uint8_t stop_failure_mode;
	uint8_t failure_action;
	uint8_t success_action;
	uint8_t kill_signal;
	uint8_t restart_kill_signal;
	uint8_t final_kill_signal;
	uint8_t watchdog_signal;
	uint8_t reload_signal;
	uint8_t ready_fd;
	struct wire_list after;
	struct wire_list before;
	struct wire_list requires;
	struct wire_list wants;
	struct wire_list conflicts;
	struct wire_list conditions;
	struct wire_list environment;
	struct wire_list cgroup;
};

struct definition {
	struct definition_words service;
	struct definition_exec *execs; /* in the manifest's order, all phases */
	struct table_socket *sockets;
	struct table_path *paths;
	struct table_timer *timers;
	char *squeezed; /* SERVICE, by wire_squeeze() */
	char *others; /* the other messages */
	uint32_t n_squeezed;
	uint32_t n_others;
	uint8_t n_execs;
	uint8_t n_sockets;
	uint8_t n_paths;
	uint8_t n_timers;
	unsigned int refs;
};

/*
 * Makes a definition of the messages SERVICE, then EXEC, SOCKET, PATH and TIMER, at @bytes (copied). -EPROTO for anything else, for values
 * that are none of their enum's and for a name that is no unit's.
 */
int definition_new(struct definition **ret, const void *bytes, size_t len);
struct definition *definition_ref(struct definition *definition);
struct definition *definition_unref(struct definition *definition);
void definition_unrefp(struct definition **definition);
#define CLEANUP_DEFINITION CLEANUP(definition_unrefp)

/* A unit that nothing describes: not-found, no commands. */
int definition_new_missing(struct definition **ret, const char *name);

/* As @old says, for what still runs, but its manifest is gone: not-found, never started again. */
int definition_new_gone(struct definition **ret, const struct definition *old);

/* SERVICE as it came. Returns the bytes needed; more than @size means that nothing was written. */
int definition_pack_service(const struct definition *definition, void *buf, size_t size);

/* The @nth command of @phase, or NULL. */
const struct definition_exec *definition_exec(const struct definition *definition,
					      enum table_phase phase, size_t nth);

/* A name that can be a unit's: a suffix, no slash, no control character, at most 255 bytes. */
bool definition_name_is_valid(const char *name);

/* loaded, not-found, masked, error; and demand, splash, display … */
const char *definition_load_state_name(enum table_load load);
const char *definition_stage_name(enum table_stage stage);
const char *definition_type_name(enum table_type type);
