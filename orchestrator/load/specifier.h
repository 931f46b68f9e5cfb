/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* What %-specifiers stand for in one unit. Names of the host may be NULL: their specifiers are then refused. */
struct specifiers {
	const char *name; /* foo@bar.service */
	const char *host_name;
	const char *machine_id;
	const char *boot_id;
	const char *kernel; /* uname -r */
	const char *architecture;
	const char *pretty_host;
	const char *image_version; /* these and the next of os-release; "" if it has none */
	const char *build_id;
	const char *image_id;
	const char *os_id;
	const char *version_id;
	const char *variant_id;
	const char *path; /* of the unit's file; NULL: none */
};

/*
 * Replaces the specifiers in @text. -EINVAL for one whose value is not to be had; *ret_bad (may be NULL)
 * is then its letter. Letters that systemd does not know stay as they are.
 */
int specifiers_expand(const struct specifiers *specifiers, const char *text, char **ret_text,
		      char *ret_bad);

/* --- names of units --- */

/* The instance ("bar" of foo@bar.service, may be ""), or -ENOENT for a name without @. */
int unit_name_instance(const char *name, char **ret_instance);

/* foo@.service for foo@bar.service; -ENOENT if @name is no instance. */
int unit_name_template(const char *name, char **ret_template);

bool unit_name_is_template(const char *name);

/* foo@bar.service for foo@.service and "bar". */
int unit_name_instantiate(const char *template_name, const char *instance, char **ret_name);

/* Something before a suffix that systemd knows, without slashes. */
bool unit_name_is_valid(const char *name);

/* ".service" of any valid name, "" otherwise. */
const char *unit_name_suffix(const char *name);
