/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call.h"

/* Handlers that the manager (unit by its name) and a unit's object share. method::number is an enum bus_verb for the first two. */

enum call_result handle_unit_job(struct call *call, struct unit *unit);
enum call_result handle_unit_reload_or_try(struct call *call, struct unit *unit);
enum call_result handle_unit_kill(struct call *call, struct unit *unit);
enum call_result handle_unit_reset_failed(struct call *call, struct unit *unit);
enum call_result handle_unit_abandon(struct call *call, struct unit *unit);
enum call_result handle_unit_processes(struct call *call, struct unit *unit);

/* Answers with NotSupported: what PID 1 has no way to do. method::out is irrelevant. */
enum call_result handle_unsupported(struct call *call, struct unit *unit);

/* "replace", "fail" … */
bool unit_job_mode_is_valid(const char *mode);
