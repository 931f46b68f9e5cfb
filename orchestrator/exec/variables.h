/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Environments as arrays of "NAME=value". Pure. */

int variables_set_value(char ***variables, const char *name, const char *value);

/* The value of a name of @len characters, or NULL. */
const char *variables_get(char *const *variables, const char *name, size_t len);

/* Takes "NAME", or "NAME=value" if it is just that, away. */
void variables_unset(char **variables, const char *what);

/* Adds the assignments of an environment file's text (systemd's syntax; lines that are no assignment are left out). */
int variables_read(char ***variables, const char *text);

/*
 * Expands $NAME and ${NAME} in the arguments behind argv[0], as systemd does: $NAME that is a word of its own becomes as many
 * words as its value has, ${NAME} is replaced within its word, $$ is a dollar sign, an unset variable is empty.
 */
int variables_expand(char *const *argv, char *const *variables, char ***ret_argv);
