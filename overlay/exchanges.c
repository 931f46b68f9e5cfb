/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exchanges.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/fd.h"

struct exchange {
	struct list link; /* merge::exchanges */
	int dirfd;
	char *name;
	char *kept;
};

static struct exchange *exchange_free(struct exchange *exchange)
{
	if (!exchange)
		return NULL;
	list_remove(&exchange->link);
	fd_close(exchange->dirfd);
	free(exchange->name);
	free(exchange->kept);
	free(exchange);
	return NULL;
}

int exchanges_add(struct list *exchanges, int dirfd, const char *name, const char *kept)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	int r;

	if (!exchange)
		return -ENOMEM;
	list_init(&exchange->link);
	exchange->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	r = exchange->dirfd < 0 ? -errno : 0;
	exchange->name = strdup(name);
	exchange->kept = strdup(kept);
	if (r == 0 && (!exchange->name || !exchange->kept))
		r = -ENOMEM;
	if (r < 0)
		exchange_free(exchange);
	else
		list_append(exchanges, &exchange->link);
	return r;
}

static int undo(const struct exchange *exchange, int staging_fd)
{
	char new[32];

	if (renameat2(staging_fd, exchange->kept, exchange->dirfd, exchange->name,
		      RENAME_EXCHANGE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* A file system without exchange. */
	(void)snprintf(new, sizeof(new), "%s.undone", exchange->kept);
	if (renameat(exchange->dirfd, exchange->name, staging_fd, new) < 0 && errno != ENOENT)
		return -errno;
	return renameat(staging_fd, exchange->kept, exchange->dirfd, exchange->name) < 0 ? -errno
											 : 0;
}

int exchanges_undo(struct list *exchanges, int staging_fd)
{
	struct exchange *exchange, *next;
	int r = 0;

	list_for_each_safe (exchange, next, exchanges, link) {
		int result = undo(exchange, staging_fd);

		r = r < 0 ? r : result;
		exchange_free(exchange);
	}
	return r;
}

void exchanges_done(struct list *exchanges)
{
	struct exchange *exchange, *next;

	list_for_each_safe (exchange, next, exchanges, link)
		exchange_free(exchange);
}
