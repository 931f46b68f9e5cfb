/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Conditions about the system: its release, its firmware, what it was given, how busy it is. Arguments as those of condition_machine.h. */
bool system_os_release(int root_fd, const char *expressions);
bool system_firmware(int root_fd, const char *kind);
bool system_credential(int root_fd, const char *name);
bool system_cpu_pressure(int root_fd, const char *threshold);
bool system_io_pressure(int root_fd, const char *threshold);
bool system_memory_pressure(int root_fd, const char *threshold);
