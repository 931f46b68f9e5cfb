/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "directive.h"

/*
 * Handlers of the keys that become entries of the settings (settings.h) under their own names. An empty value takes the key's
 * entries away.
 */

enum setting_choice {
	CHOICE_PROTECT_SYSTEM,
	CHOICE_PROTECT_HOME,
	CHOICE_PROTECT_PROC,
	CHOICE_PROC_SUBSET,
	CHOICE_KEYRING_MODE,
	CHOICE_MOUNT_FLAGS,
	CHOICE_SCHEDULING_POLICY,
	CHOICE_NUMA_POLICY,
	CHOICE_UTMP_MODE,
};

enum setting_range {
	RANGE_SCHEDULING_PRIORITY,
	RANGE_IO_PRIORITY,
	RANGE_TTY_SIZE,
};

/* apply_settings.c: one value */
int apply_setting_bool(const struct apply *apply, const char *value); /* arg 1: "no" counts, too */
int apply_setting_choice(const struct apply *apply, const char *value); /* enum setting_choice */
int apply_setting_number(const struct apply *apply, const char *value); /* enum setting_range */
int apply_setting_mode(const struct apply *apply, const char *value);
int apply_setting_text(const struct apply *apply, const char *value);
int apply_setting_path(const struct apply *apply, const char *value);
int apply_setting_io_class(const struct apply *apply, const char *value);
int apply_setting_nanoseconds(const struct apply *apply, const char *value);
int apply_setting_personality(const struct apply *apply, const char *value);
int apply_setting_secure_bits(const struct apply *apply, const char *value);
int apply_setting_coredump_filter(const struct apply *apply, const char *value);
int apply_setting_cpus(const struct apply *apply, const char *value);
int apply_setting_nodes(const struct apply *apply, const char *value);

/* apply_paths.c: what a service sees of the file systems */
int apply_setting_paths(const struct apply *apply, const char *value);
int apply_setting_binds(const struct apply *apply, const char *value);
int apply_setting_tmpfs(const struct apply *apply, const char *value);
int apply_setting_directories(const struct apply *apply, const char *value);
int apply_directories(const struct apply *apply, const char *value); /* into a list of its own */

/* apply_filters.c: what a service may ask of the kernel */
int apply_setting_syscalls(const struct apply *apply, const char *value);
int apply_setting_errno(const struct apply *apply, const char *value);
int apply_setting_architectures(const struct apply *apply, const char *value);
int apply_setting_families(const struct apply *apply, const char *value);
int apply_setting_namespaces(const struct apply *apply, const char *value);

/* apply_data.c: what is handed over */
int apply_setting_input_text(const struct apply *apply, const char *value);
int apply_setting_input_data(const struct apply *apply, const char *value);
int apply_setting_load_credential(const struct apply *apply, const char *value);
int apply_setting_open_file(const struct apply *apply, const char *value);
int apply_setting_set_credential(const struct apply *apply, const char *value);
