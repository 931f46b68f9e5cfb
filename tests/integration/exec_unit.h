/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../unit/early_test.h"
#include "early/proto/execs.h"
#include "early/proto/table.h"

/* The real early-exec, given orders as PID 1 gives them. Tests that use it run as root, because changing users is its business. */

extern const char *exec_unit_program; /* early-exec's path, from the command line */
extern const char *exec_unit_probe; /* exec-probe's: $PROBE in the scripts */

extern const char *exec_unit_work; /* a directory for units' files */

/* Takes both from the command line; false after a word about how it is to be. */
bool exec_unit_begin(int argc, char **argv);

struct outcome {
	int code; /* 128 and the signal if one ended it */
	char output[8192]; /* stdout and stderr */
	uint16_t answer; /* opcode, 0: none */
	struct execs_failed failed;
	struct execs_skipped skipped;
	char report[4096];
};

struct wire_list words(const char *text, size_t len);
#define WORDS(text) words(text, sizeof(text))

extern const struct table_service plain;

void run_order(const struct table_service *service, const struct execs_context *context,
	       const struct table_exec *exec, struct outcome *outcome);
void run_script(const struct table_service *service, const char *script, struct outcome *outcome);

/*
 * A unit's [Service] lines through early-load and early-exec: @script is what /bin/sh is to run. Fails the test if a line is not
 * honoured. @context may be NULL.
 */
void run_unit(const char *lines, const char *script, const struct execs_context *context,
	      struct outcome *outcome);

/* With flags of the command (enum table_exec_flag). */
void run_unit_with_flags(const char *lines, const char *script, uint32_t flags,
			 struct outcome *outcome);

/* The same in a mount name space of its own, whose /tmp, /run, /var/lib, /var/tmp, /var/cache, /home and /root are empty file systems. */
void run_unit_apart(const char *lines, const char *script, const struct execs_context *context,
		    struct outcome *outcome);

/* What PID 1 has done after the last process of a service (TABLE_PHASE_CLEAN). */
void clean_unit(const char *lines, struct outcome *outcome);

/* Enters such a name space: for a child only. */
void enter_empty_machine(void);

/* Every test has a test.service: who cleans up after it meets another test's, unless its directories are its own. After exec_unit_begin(). */
void exec_unit_hide_the_others(void);

#define assert_said(outcome, text)                                                                 \
	do {                                                                                       \
		if (!strstr((outcome).output, text))                                               \
			fail_msg("\"%s\" is not in:\n%s", text, (outcome).output);                 \
	} while (0)
