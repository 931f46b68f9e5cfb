/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "early/proto/control.h"

#define CONTROL_PATH "/run/early/control"

/* Exit codes: an interface (DESIGN 4.6). */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_PERMITTED = 3,
	EXIT_NO_SERVICE = 4,
};

/* Connects to a socket of messages. 0 or negative errno. */
int client_connect(const char *path, int *ret_fd);

/* Called for each message of an answer, CONTROL_DONE the last; @value is the opcode's struct and lives for the call only. */
typedef void (*client_fn)(enum control_opcode opcode, const void *value, void *data);

/*
 * Asks early-init at @path and calls @fn for what it says. Returns an exit code, after a message on stderr if it is not
 * EXIT_DONE.
 */
int client_ask(const char *path, enum control_verb verb, const char *name, client_fn fn,
	       void *data);

/* The same without a message about early-init's refusal, or that it is not there. */
int client_try(const char *path, enum control_verb verb, const char *name, client_fn fn,
	       void *data);

int client_exit_code(int error);
