/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "open_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "settings.h"

/* What a socket is of nobody says: the first kind that it takes. */
static int connect_to(const char *path)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
	    sizeof(address.sun_path))
		return -ENAMETOOLONG;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		int fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0);
		int r;

		if (fd < 0)
			return -errno;
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		r = -errno;
		fd_close(fd);
		if (r != -EPROTOTYPE)
			return r;
	}
	return -EPROTOTYPE;
}

static int open_file(const char *path, const char *mode)
{
	int flags = strcmp(mode, "read-only") == 0 ? O_RDONLY : O_RDWR;
	struct stat st;
	int fd;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISSOCK(st.st_mode))
		return connect_to(path);
	if (strcmp(mode, "append") == 0)
		flags |= O_APPEND;
	else if (strcmp(mode, "truncate") == 0)
		flags |= O_TRUNC;
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* Takes @fd over. */
static int place(int fd, int at)
{
	int r = 0;

	if (fd != at) {
		r = dup2(fd, at) < 0 ? -errno : 0;
		fd_close(fd);
	} else if (fcntl(fd, F_SETFD, 0) < 0) {
		r = -errno;
	}
	return r;
}

/* "MODE GRACEFUL NAME PATH", as early-load writes it. 1: it is not there, and need not be. */
static int open_one(const char *value, int at, struct strbuf *names, struct failure *failure)
{
	char mode[16], graceful[16], name[256];
	int begin = 0, fd, r;

	if (sscanf(value, "%15s %15s %255s %n", mode, graceful, name, &begin) < 3 ||
	    value[begin] != '/')
		return failure_set(failure, STEP_FDS, -EINVAL, "OpenFile=%s", value);
	fd = open_file(value + begin, mode);
	if (fd < 0 && strcmp(graceful, "graceful") == 0)
		return 1;
	r = fd < 0 ? fd : place(fd, at);
	if (r < 0)
		return failure_set(failure, STEP_FDS, r, "cannot open OpenFile=%s", value + begin);
	strbuf_printf(names, "%s%s", names->len ? ":" : "", name);
	return 0;
}

int open_files(const struct wire_list *settings, int first, uint32_t *ret_n, char **ret_names,
	       struct failure *failure)
{
	struct strbuf names CLEANUP_STRBUF = STRBUF_INIT;
	uint32_t n = 0;

	for (const char *value = settings_next(settings, "OpenFile", NULL); value;
	     value = settings_next(settings, "OpenFile", value)) {
		int r = open_one(value, first + (int)n, &names, failure);

		if (r < 0)
			return r;
		n += r == 0;
	}
	if (strbuf_error(&names) < 0)
		return failure_set(failure, STEP_MEMORY, -ENOMEM, "no memory");
	*ret_n = n;
	*ret_names = n > 0 ? strbuf_take(&names) : NULL;
	return 0;
}
