/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "identity.h"
#include "request.h"
#include "steps.h"

/*
 * LoadCredential= and SetCredential=: files below /run/credentials/NAME, a file system in memory that only the service's user may read.
 * They are put together by the first command of a start and are there until the service is over.
 */

/* *ret_path is NULL if the unit has none; otherwise the directory, which is in @variables, too. Free it. */
int credentials_make(const struct request *request, const struct identity *identity,
		     char **ret_path, char ***variables, struct failure *failure);

void credentials_remove(const char *unit);
