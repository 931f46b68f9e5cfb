/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int proc_beside(const char *name, char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);
	size_t need = strlen(name) + 1;
	char *slash;

	if (len < 0)
		return -errno;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash + 1 - path) + need > size)
		return -ENAMETOOLONG;
	memcpy(slash + 1, name, need);
	return 0;
}
