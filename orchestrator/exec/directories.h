/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/proto/table.h"
#include "identity.h"
#include "sandbox.h"
#include "steps.h"

/* The directories that a service calls its own: RuntimeDirectory=, StateDirectory= and the others. */

struct directories {
	struct sandbox_directory *items;
	size_t n_items;
};

void directories_done(struct directories *directories);

/* Makes them and hands them to the service's user; RUNTIME_DIRECTORY and the others are added to @variables. */
int directories_make(const struct table_service *service, const struct identity *identity,
		     const struct wire_list *overlaid, struct directories *directories,
		     char ***variables, struct failure *failure);

/* What goes when the service is over: RuntimeDirectory=, unless it is to be kept. */
void directories_clean(const struct table_service *service);
