/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GENERATIONS_NAME_SIZE 256

/*
 * Which of NAME.log and NAME.log.1 in @dir_fd is the file @id (of file_id.h): its name and size. 0, or -ENOENT if neither is, also
 * for 0.
 */
int generations_find(int dir_fd, const char *name, uint64_t id, char *ret_name, uint64_t *ret_size);
