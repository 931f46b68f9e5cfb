/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Uevents. The socket is opened before the first look at sysfs, so that no device can appear unseen between the two.
 * Only the kernel (port 0) is believed: any process may send to the group.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"
#include "hotplug.h"

#define KERNEL_GROUP 1
#define RECEIVE_BUFFER (4 * 1024 * 1024)
#define UEVENT_MAX 8192 /* UEVENT_BUFFER_SIZE and its header are less */

const char *hotplug_parse(const char *message, size_t len)
{
	const char *name = NULL, *end = message + len;
	bool is_block = false;

	if (len == 0 || message[len - 1] != '\0')
		return NULL;
	for (const char *field = message; field < end; field += strlen(field) + 1) {
		if (strcmp(field, "SUBSYSTEM=block") == 0)
			is_block = true;
		else if (strncmp(field, "DEVNAME=", 8) == 0)
			name = field + 8;
	}
	return is_block ? name : NULL;
}

/* Returns 1 if something was reported, 0 if not, -EAGAIN when nothing is left. */
static int receive_one(struct hotplug *hotplug)
{
	char message[UEVENT_MAX];
	struct sockaddr_nl sender = { .nl_family = 0 };
	socklen_t sender_len = sizeof(sender);
	const char *name;
	ssize_t len = recvfrom(hotplug->fd, message, sizeof(message), MSG_DONTWAIT,
			       (struct sockaddr *)&sender, &sender_len);

	if (len < 0 && errno == ENOBUFS) {
		hotplug->on_device(hotplug, NULL);
		return 1;
	}
	if (len < 0)
		return errno == EINTR ? 0 : -EAGAIN;
	if (sender.nl_pid != 0)
		return 0;
	name = hotplug_parse(message, (size_t)len);
	if (!name)
		return 0;
	hotplug->on_device(hotplug, name);
	return 1;
}

static void handle_uevent(struct loop_source *source, uint32_t events)
{
	struct hotplug *hotplug = container_of(source, struct hotplug, source);
	bool changed = false;
	int r;

	while ((r = receive_one(hotplug)) >= 0)
		changed |= r > 0;
	if (changed)
		hotplug->on_settled(hotplug);
}

int hotplug_start(struct hotplug *hotplug, struct loop *loop)
{
	CLEANUP_FD
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	int size = RECEIVE_BUFFER, r;

	if (fd < 0)
		return -errno;
	/* A burst of a thousand devices must fit; without the privilege the default has to do. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	r = loop_add(loop, &hotplug->source, fd, EPOLLIN, handle_uevent);
	if (r < 0)
		return r;
	hotplug->fd = TAKE_FD(fd);
	return 0;
}

void hotplug_stop(struct hotplug *hotplug)
{
	if (!hotplug->source.loop)
		return;
	loop_remove(&hotplug->source);
	hotplug->fd = fd_close(hotplug->fd);
}
