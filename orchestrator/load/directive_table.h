/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "directive.h"

/* The parts of the table of directives that directive_table.c puts together, and the reasons that several of them give. */

struct directive_group {
	const struct directive *items;
	size_t n_items;
};

extern const struct directive_group directive_group_exec; /* directive_exec.c */
extern const struct directive_group directive_group_resource; /* directive_resource.c */
/* directive_activation.c */
extern const struct directive_group directive_group_socket;
extern const struct directive_group directive_group_path;
extern const struct directive_group directive_group_timer;
extern const struct directive_group directive_group_activate;

#define later "not supported yet"
