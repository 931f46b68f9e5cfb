/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk_pulse.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "early/fd.h"
#include "early/macros.h"

#define VMSTAT_MAX (64 * 1024)
#define COUNTER "\nnr_written "

bool disk_pulse_moved(struct disk_pulse *pulse, const char *path)
{
	CLEANUP_FD
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(free_charp)
	char *text = NULL;
	const char *at;
	uint64_t n_pages;
	bool moved;
	size_t len;

	if (fd < 0 || fd_read_all(fd, VMSTAT_MAX, &text, &len) < 0)
		return false;
	at = strstr(text, COUNTER);
	if (!at)
		return false;
	n_pages = strtoull(at + strlen(COUNTER), NULL, 10);
	moved = n_pages - pulse->n_pages >= DISK_PULSE_MIN_PAGES;
	pulse->n_pages = n_pages;
	return moved;
}
