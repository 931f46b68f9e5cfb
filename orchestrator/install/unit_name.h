/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Names of units: what is one, what kind, which one a cgroup belongs to. Pure. */

#define UNIT_NAME_MAX 255

/* ".service", ".scope" … within @name, or NULL when it ends in none of systemd's suffixes. */
const char *unit_name_suffix(const char *name);

bool unit_name_has_suffix(const char *name, const char *suffix);

/* A whole name of a unit, templates ("x@.service") included. */
bool unit_name_is_valid(const char *name);
bool unit_name_is_template(const char *name);

/* "getty@.service" of "getty@tty1.service"; -ENOENT when it is no instance. Free *ret_template. */
int unit_name_template(const char *name, char **ret_template);

/* What stands between "@" and the suffix; -ENOENT when it is no instance. Free *ret_instance. */
int unit_name_instance(const char *name, char **ret_instance);

/*
 * The unit that a process in @cgroup ("/user.slice/user-1.slice/session-1.scope/x") belongs to: the outermost one that is
 * no slice, else the innermost slice, "-.slice" for the root. Free *ret_unit.
 */
int unit_name_from_cgroup(const char *cgroup, char **ret_unit);

/* @name or one of @aliases fits one of the shell @patterns; no patterns fit all. */
bool unit_name_matches(const char *name, char *const *aliases, char *const *patterns);
