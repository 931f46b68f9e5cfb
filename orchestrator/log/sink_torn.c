/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sink_torn.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/dir.h"
#include "early/fd.h"
#include "sink.h"

static void end_line(int dir_fd, const char *name)
{
	struct stat st;
	char last;
	int fd CLEANUP_FD
	= openat(dir_fd, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n')
		(void)!write(fd, "\n", 1); /* without space nothing follows either */
}

void sink_end_torn(struct sink *sink)
{
	CLEANUP_DIR
	DIR *dir = NULL;
	const struct dirent *dirent;

	if (dir_open_at(sink->dir_fd, ".", &dir) < 0)
		return; /* it only looks worse */
	while ((dirent = readdir(dir))) {
		size_t len = strlen(dirent->d_name);

		if (len > strlen(".log") &&
		    strcmp(dirent->d_name + len - strlen(".log"), ".log") == 0)
			end_line(sink->dir_fd, dirent->d_name);
	}
}
