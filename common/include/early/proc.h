/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * What process @pid executes: the file, or its short name where that can't be read, or "" if it is gone (or @pid is 0). Cannot block.
 */
void proc_name(uint32_t pid, char *buf, size_t size);

/* The path of the file @name beside what this process executes, as plug-ins are. -ENAMETOOLONG, or what readlink() says. */
int proc_beside(const char *name, char *path, size_t size);
