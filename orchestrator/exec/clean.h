/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "request.h"

/*
 * After the last process of a service: takes away what its starts made for it (TABLE_PHASE_CLEAN). Nothing here fails: what cannot be
 * taken away is left.
 */
void clean_after(const struct request *request);

/* ipc_clean.c: the IPC objects of a user that has no process any more. */
void ipc_clean(uid_t uid);
