/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "early/fs.h"
#include "early/macros.h"

void proc_name(uint32_t pid, char *buf, size_t size)
{
	char path[sizeof("/proc/4294967295/comm")];
	char *comm CLEANUP(free_charp)
	= NULL;
	ssize_t len;

	buf[0] = '\0';
	if (pid == 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	len = readlink(path, buf, size - 1);
	buf[len > 0 ? len : 0] = '\0';
	if (len > 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	if (fs_read_line_at(AT_FDCWD, path, &comm) >= 0)
		(void)snprintf(buf, size, "%s", comm);
}
