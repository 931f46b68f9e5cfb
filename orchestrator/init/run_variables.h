/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "early/proto/table.h"

struct service;

/* A new run's id, as a random UUID. */
void run_variables_new_id(uint64_t id[static 2]);

/*
 * Adds to *environment what systemd.exec(5) says that a command of @phase is told of its run: INVOCATION_ID; for commands that stop it the
 * result; what triggered it, a timer, or a service by OnFailure= or OnSuccess=.
 */
int run_variables_add(const struct service *service, enum table_phase phase, char ***environment);
