/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

enum shutdown_verb {
	SHUTDOWN_POWEROFF,
	SHUTDOWN_REBOOT,
	SHUTDOWN_HALT,
};

int shutdown_parse_verb(const char *word, enum shutdown_verb *ret_verb);

/* Is this PID name space the machine's own? In any other, nothing of the machine is touched. */
bool shutdown_owns_machine(void);

/*
 * The first half, on the old root: ends processes, detaches unions and swap, goes to the RAM root and executes itself.
 * 0: that could not be done, the second half follows here. Negative errno: the mounts are not ours, nothing may be unmounted.
 */
int shutdown_leave_root(const char *verb, bool owns_machine);

/* The second half: unmounts everything and calls reboot(2). Returns only if that fails (a container that may not). */
int shutdown_finish(enum shutdown_verb verb, bool owns_machine);

/* Its last step alone. */
int shutdown_switch_off(enum shutdown_verb verb);

/* What would be done now, on stdout. */
int shutdown_print_plan(void);
