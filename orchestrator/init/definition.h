/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/macros.h"
#include "early/proto/table.h"

/*
 * What a manifest says about one unit, as early-load wrote it: an immutable copy of its messages. All text and lists point
 * into that copy. early-exec gets the very same bytes.
 */

/* Some bytes of a definition: one whole message. */
struct definition_part {
	const void *data;
	size_t len;
};

struct definition_exec {
	struct table_exec exec;
	struct definition_part message;
};

struct definition {
	struct table_service service;
	struct definition_part message; /* of service */
	struct definition_exec *execs; /* in the manifest's order, all phases */
	size_t n_execs;
	struct table_socket *sockets;
	size_t n_sockets;
	struct table_path *paths;
	size_t n_paths;
	struct table_timer *timers;
	size_t n_timers;
	void *bytes;
	size_t n_bytes;
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

/* The @nth command of @phase, or NULL. */
const struct definition_exec *definition_exec(const struct definition *definition,
					      enum table_phase phase, size_t nth);

/* A name that can be a unit's: a suffix, no slash, no control character, at most 255 bytes. */
bool definition_name_is_valid(const char *name);

/* loaded, not-found, masked, error; and demand, splash, display … */
const char *definition_load_state_name(enum table_load load);
const char *definition_stage_name(enum table_stage stage);
const char *definition_type_name(enum table_type type);
