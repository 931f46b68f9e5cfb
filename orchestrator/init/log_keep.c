/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log_keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/fd.h"
#include "early/log.h"
#include "early/proto/logs.h"

struct log_keep_fd {
	struct list link; /* log_keep::fds */
	char *name;
	int fd;
};

void log_keep_init(struct log_keep *keep)
{
	list_init(&keep->fds);
	keep->n_fds = 0;
	keep->unsaved = false;
}

static void forget(struct log_keep *keep, struct log_keep_fd *kept)
{
	list_remove(&kept->link);
	keep->n_fds--;
	keep->unsaved = true;
	fd_close(kept->fd);
	free(kept->name);
	free(kept);
}

void log_keep_done(struct log_keep *keep)
{
	struct log_keep_fd *kept, *next;

	list_for_each_safe (kept, next, &keep->fds, link)
		forget(keep, kept);
}

static void drop(struct log_keep *keep, const char *name)
{
	struct log_keep_fd *kept, *next;

	list_for_each_safe (kept, next, &keep->fds, link)
		if (strcmp(kept->name, name) == 0)
			forget(keep, kept);
}

/* A second one of a name replaces the first. */
int log_keep_adopt(struct log_keep *keep, const char *name, int fd)
{
	struct log_keep_fd *kept = NULL;

	drop(keep, name);
	if (keep->n_fds < LOGS_KEEP_MAX)
		kept = calloc(1, sizeof(*kept));
	if (kept)
		kept->name = strdup(name);
	if (!kept || !kept->name) {
		free(kept);
		fd_close(fd);
		return keep->n_fds < LOGS_KEEP_MAX ? -ENOMEM : -EMFILE;
	}
	kept->fd = fd;
	list_append(&keep->fds, &kept->link);
	keep->n_fds++;
	keep->unsaved = true;
	return 0;
}

void log_keep_each(const struct log_keep *keep, void (*fn)(const char *name, int fd, void *data),
		   void *data)
{
	const struct log_keep_fd *kept;

	list_for_each (kept, &keep->fds, link)
		fn(kept->name, kept->fd, data);
}

void log_keep_take(struct log_keep *keep, struct channel *channel, struct channel_message *message)
{
	struct logs_kept kept;
	int r;

	if (message->opcode != LOGS_KEEP && message->opcode != LOGS_DROP) {
		log_warning("early-log sent an unexpected message %d", message->opcode);
		return;
	}
	r = channel_unpack(channel, message, &kept, sizeof(kept));
	if (r == 0 && message->opcode == LOGS_KEEP && message->n_fds != 1)
		r = -EPROTO;
	else if (r == 0 && message->opcode == LOGS_KEEP)
		r = log_keep_adopt(keep, kept.name, TAKE_FD(message->fds[0]));
	else if (r == 0)
		drop(keep, kept.name);
	if (r < 0)
		log_debug("early-log: a descriptor is not kept: %s", strerror(-r));
}

void log_keep_hand_over(struct log_keep *keep, struct channel *channel)
{
	struct log_keep_fd *kept;

	list_for_each (kept, &keep->fds, link) {
		const struct logs_kept name = { kept->name };

		if (channel_send_fds(channel, LOGS_KEPT, &name, &kept->fd, 1) < 0)
			log_warning("early-log does not take what was kept for it");
	}
	(void)channel_send(channel, LOGS_LISTEN, NULL); /* its end is told */
}
