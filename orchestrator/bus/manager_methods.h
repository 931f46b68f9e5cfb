/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call.h"
#include "iface.h"

/* What stands behind the manager's tables in manager.c. */

/* manager_list.c: questions about units and jobs */
enum call_result handle_get_unit(struct call *call, struct unit *unit);
enum call_result handle_get_unit_by_pid(struct call *call, struct unit *unit);
enum call_result handle_list_units(struct call *call, struct unit *unit);
enum call_result handle_list_units_filtered(struct call *call, struct unit *unit);
enum call_result handle_list_units_by_patterns(struct call *call, struct unit *unit);
enum call_result handle_list_units_by_names(struct call *call, struct unit *unit);
enum call_result handle_get_job(struct call *call, struct unit *unit);
enum call_result handle_list_jobs(struct call *call, struct unit *unit);

/* manager_scope.c */
enum call_result handle_start_transient(struct call *call, struct unit *unit);

/* manager_files.c: unit files and their links */
enum call_result handle_list_unit_files(struct call *call, struct unit *unit);
enum call_result handle_list_unit_files_by_patterns(struct call *call, struct unit *unit);
enum call_result handle_unit_file_state(struct call *call, struct unit *unit);
enum call_result handle_default_target(struct call *call, struct unit *unit);
enum call_result handle_set_default_target(struct call *call, struct unit *unit);
/* method::number is an enum file_operation. */
enum call_result handle_change_unit_files(struct call *call, struct unit *unit);

enum file_operation {
	FILES_ENABLE,
	FILES_REENABLE,
	FILES_DISABLE,
	FILES_MASK,
	FILES_UNMASK,
	FILES_PRESET,
};

/* manager_properties.c */
extern const struct property manager_properties[];
