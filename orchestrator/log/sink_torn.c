/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sink_torn.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	int fd = openat(sink->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *dirent;

	if (!dir) {
		fd_close(fd);
		return; /* it only looks worse */
	}
	while ((dirent = readdir(dir))) {
		size_t len = strlen(dirent->d_name);

		if (len > strlen(".log") &&
		    strcmp(dirent->d_name + len - strlen(".log"), ".log") == 0)
			end_line(sink->dir_fd, dirent->d_name);
	}
	closedir(dir);
}
