/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "definition.h"
#include "service.h"

/* One command line of a service's manifest as a process: directly, or by early-exec. */

/* Starts it; @process is watched with @fn, its pipe with @pipe_fn. */
int command_run(struct service *service, struct service_process *process,
		const struct definition_exec *exec, loop_child_fn fn, execs_pipe_fn pipe_fn);

/* Unwatches and forgets; the process itself is left alone. */
void command_forget(struct service_process *process);

/* Would it go through early-exec? */
bool command_needs_exec(const struct service *service, const struct definition_exec *exec);
