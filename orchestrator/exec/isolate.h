/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "directories.h"
#include "request.h"
#include "steps.h"

/* The name spaces of a service. */

/* Network, IPC and host name, then the mounts and the root. Commands of a running service join its main process's network and IPC. */
int isolate_enter(const struct request *request, const struct directories *directories,
		  const char *credentials, struct failure *failure);

/* PrivateUsers=, after the mounts and before the user changes: the users @identity and root keep their numbers, all others are nobody. */
int isolate_users(const struct wire_list *settings, const struct identity *identity,
		  struct failure *failure);
