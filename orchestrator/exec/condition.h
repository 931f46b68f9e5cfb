/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "early/wire.h"

/*
 * Conditions as early-load writes them: "path-exists:[|][!]ARGUMENT", with "assert-" in front for those whose failure is an
 * error. All must hold; of those with | one is enough.
 */
enum condition_verdict {
	CONDITION_MET = 0,
	CONDITION_SKIP = 1, /* *ret_culprit was not met */
	CONDITION_FAIL = 2, /* … and was an assertion */
};

/* Paths are looked up below @root_fd (or from the root for AT_FDCWD). */
enum condition_verdict condition_check(const struct wire_list *conditions, int root_fd,
				       const char **ret_culprit);

/* The word of a kernel command line; "NAME" also matches NAME=anything. Pure. */
bool condition_has_word(const char *command_line, const char *word);
