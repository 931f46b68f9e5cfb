/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Conditions about the machine. Each takes the root below which files are looked up, and the condition's argument. */
bool machine_architecture(int root_fd, const char *name);
bool machine_ac_power(int root_fd, const char *value);
bool machine_capability(int root_fd, const char *name);
bool machine_environment(int root_fd, const char *assignment);
bool machine_needs_update(int root_fd, const char *path);
bool machine_memory(int root_fd, const char *bound);
bool machine_cpus(int root_fd, const char *bound);
bool machine_cpu_feature(int root_fd, const char *name);
bool machine_controllers(int root_fd, const char *names);
bool machine_kernel_version(int root_fd, const char *patterns);

/* "[<|<=|=|!=|>=|>]NUMBER" or a size; without an operator at least that much. Pure. */
bool machine_is_within(const char *bound, uint64_t number);
