/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "activation.h"
#include "early/macros.h"
#include "early/proto/table.h"

/*
 * One unit as it is read from its files: table_service's counterpart that owns its text. The directive table refers to the members
 * by offset.
 */
struct exec_line {
	uint32_t phase; /* enum table_phase */
	uint32_t flags; /* enum table_exec_flag */
	char *program;
	char **argv;
};

struct service {
	struct table_service
		fields; /* numbers only; its text and lists are filled in from below when it is written */
	char *name;
	char *description;
	char *path;
	char *load_error;
	char *bus_name;
	char *slice;
	char *seat;
	char *on_give_up;
	char *pid_file;
	char *user;
	char *group;
	char *pam_name;
	char *working_directory;
	char *root_directory;
	char *standard_input;
	char *standard_output;
	char *standard_error;
	char *tty_path;
	char **aliases;
	char **success_codes;
	char **restart_prevent_codes;
	char **restart_force_codes;
	char **after;
	char **before;
	char **requires;
	char **wants;
	char **conflicts;
	char **binds_to;
	char **requisite;
	char **part_of;
	char **stop_to;
	char **stop_from;
	char **reload_to;
	char **reload_from;
	char **on_failure;
	char **on_success;
	char **conditions;
	char **supplementary_groups;
	char **search_path; /* ExecSearchPath= */
	char **environment;
	char **environment_files;
	char **pass_environment;
	char **unset_environment;
	char **runtime_directory;
	char **state_directory;
	char **cache_directory;
	char **logs_directory;
	char **limits;
	char **capabilities;
	char **ambient_capabilities;
	char **settings; /* settings.h */
	char **cgroup;
	char **delegate;
	char **devices;
	char **addresses;
	char **upholds;
	uint64_t cpu_quota_us; /* of each second; UINT64_MAX: none */
	uint64_t cpu_period_us; /* 0: the default */
	const char *device_policy; /* NULL: auto */
	struct exec_line *execs;
	size_t n_execs;
	struct activation activation;
	char **socket_units; /* [Service] Sockets= */
	bool sockets_given; /* Sockets= was written, be it empty */
	char **wanted_by; /* [Install] WantedBy= and RequiredBy= */
	char **install_aliases; /* [Install] Alias= */
	bool type_given;
	bool stage_given;
	bool permissions_start_only; /* the other commands are root's */
	bool has_nice; /* Nice= was given: early-exec has to run, also for 0 */
	bool has_umask;
	bool has_oom_score_adjust;
	bool has_capabilities;
};

int service_new(const char *name, struct service **ret_service);
struct service *service_free(struct service *service);
void service_freep(struct service **service);
#define CLEANUP_SERVICE CLEANUP(service_freep)

/* Appends a command; @program and @argv are taken over, also on failure. */
int service_add_exec(struct service *service, uint32_t phase, uint32_t flags, char *program,
		     char **argv);
void service_drop_execs(struct service *service, uint32_t phase);

/* Sets the type where none is written, the derived flags and what depends on other keys; @error (may be NULL) says what is wrong. */
int service_finish(struct service *service, const char **ret_error);

/* True if the unit can only be started through early-exec. */
bool service_needs_exec(const struct service *service);
