/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "loader.h"
#include "unit_file.h"

/*
 * What `verify` asks beside the syntax, as remarks of DIAG_FAULT: a manifest may be good, and name what is not there. Nothing of it
 * matters to the table: at a start what is missing may be there.
 */

/* Programs, users and groups, and required units, that @service names by @lines. 0 or -ENOMEM. */
int check_names(struct loader *loader, const struct service *service,
		const struct unit_lines *lines);

/* Circles of After= and Before= among the loaded units. 0 or -ENOMEM. */
int check_order(struct loader *loader);

/*
 * The same for the few units of @loader and what they wait for: @probe, which has loaded the same, loads that as well and is of no use
 * for anything else then. 0 or negative errno.
 */
int check_order_around(struct loader *loader, struct loader *probe);
