/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Object paths of units and jobs, in systemd's escape. Pure. 0 or negative errno. */

#define MANAGER_PATH "/org/freedesktop/systemd1"
#define UNIT_PATH_PREFIX MANAGER_PATH "/unit/"
#define JOB_PATH_PREFIX MANAGER_PATH "/job/"

/* "/org/freedesktop/systemd1/unit/" and the escaped name. Free *ret_path. */
int unit_path_new(const char *unit, char **ret_path);

/* -ENOENT: not below the prefix; -EINVAL: no name comes out of it. Free *ret_unit. */
int unit_path_parse(const char *path, char **ret_unit);

int job_path_new(uint32_t job, char **ret_path);

/* -ENOENT: not below the prefix; -EINVAL: no number, or zero. */
int job_path_parse(const char *path, uint32_t *ret_job);
