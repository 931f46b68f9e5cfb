/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "early/fd.h"
#include "early/log.h"

#include "service_internal.h"

/*
 * Descriptors that PID 1 keeps for a service over its restarts (FDSTORE=1). One whose other end is gone is of no use to anybody and is
 * dropped, unless FDPOLL=0 says that the service knows better. What can't be watched (a regular file) is kept.
 */

#define FD_NAME_MAX 255

static void drop(struct service_stored_fd *stored)
{
	list_remove(&stored->link);
	loop_remove(&stored->source);
	fd_close(stored->fd);
	stored->service->n_stored_fds--;
	free(stored->name);
	free(stored);
}

static void handle_hangup(struct loop_source *source, uint32_t events)
{
	struct service_stored_fd *stored = container_of(source, struct service_stored_fd, source);

	if (!(events & (EPOLLHUP | EPOLLERR)))
		return;
	log_debug("%s: stored descriptor %s is of no use any more", stored->service->name,
		  stored->name);
	stored->service->host->changed(stored->service, stored->service->host->data);
	drop(stored);
}

void service_store_fd(struct service *service, const char *name, int fd, bool polled)
{
	struct service_stored_fd *stored = calloc(1, sizeof(*stored));

	if (stored)
		stored->name = strdup(name);
	if (!stored || !stored->name) {
		free(stored);
		fd_close(fd);
		return;
	}
	stored->fd = fd;
	stored->service = service;
	list_append(&service->stored_fds, &stored->link);
	service->n_stored_fds++;
	service->host->changed(service, service->host->data);
	if (polled) /* EPERM: a file, which never hangs up */
		(void)loop_add(service->host->loop, &stored->source, fd, 0, handle_hangup);
}

void service_drop_stored_fds(struct service *service)
{
	struct service_stored_fd *stored, *next;

	list_for_each_safe (stored, next, &service->stored_fds, link)
		drop(stored);
}

static bool fd_name_is_valid(const char *name)
{
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c == ':' || *c == 0x7f)
			return false;
	return name[0] != '\0';
}

static void get_fd_name(const struct notify_message *message, char *buf, size_t size)
{
	if (!notify_get(message->text, "FDNAME", buf, size) || !fd_name_is_valid(buf))
		strcpy(buf, "stored");
}

static bool says(const struct notify_message *message, const char *key, const char *word)
{
	char value[8];

	return notify_get(message->text, key, value, sizeof(value)) && strcmp(value, word) == 0;
}

static void store(struct service *service, const struct notify_message *message)
{
	bool polled = !says(message, "FDPOLL", "0");
	char name[FD_NAME_MAX + 1];

	get_fd_name(message, name, sizeof(name));
	for (size_t i = 0; i < message->n_fds; i++) {
		if (service->n_stored_fds >= SERVICE_MAX_STORED_FDS) {
			log_warning("%s: stores too many descriptors, dropped one", service->name);
			return;
		}
		service_store_fd(service, name, TAKE_FD(message->fds[i]), polled);
	}
}

static void remove_named(struct service *service, const struct notify_message *message)
{
	char name[FD_NAME_MAX + 1];
	struct service_stored_fd *stored, *next;

	get_fd_name(message, name, sizeof(name));
	service->host->changed(service, service->host->data);
	list_for_each_safe (stored, next, &service->stored_fds, link)
		if (strcmp(stored->name, name) == 0)
			drop(stored);
}

void service_take_fds(struct service *service, const struct notify_message *message)
{
	if (says(message, "FDSTOREREMOVE", "1"))
		remove_named(service, message);
	else if (says(message, "FDSTORE", "1"))
		store(service, message);
}
