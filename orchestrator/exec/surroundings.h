/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "identity.h"
#include "request.h"
#include "steps.h"

/* What a program finds when it starts: descriptors 0 to 2, limits, working directory, its cgroup. */

int surroundings_set_streams(const struct table_service *service, struct failure *failure);
int surroundings_set_limits(const struct table_service *service, struct failure *failure);

/* Hands a delegated cgroup over to the user. */
int surroundings_give_cgroup(const char *cgroup, const struct identity *identity,
			     struct failure *failure);

int surroundings_set_working_directory(const struct table_service *service,
				       const struct identity *identity, struct failure *failure);
