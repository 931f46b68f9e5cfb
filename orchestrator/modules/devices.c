/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "early/dir.h"
#include "early/fd.h"

#include "uevent.h"

#define DEVICES_BUFFER_BYTES (4 * 1024 * 1024)
#define DEVICES_MAX_MODALIAS 4096

/* Devices come and go, and not each has a modalias: what cannot be read is not there. */
static void read_device(int bus_fd, const char *name, devices_fn fn, void *data)
{
	char text[DEVICES_MAX_MODALIAS];
	CLEANUP_FD
	int fd = -1;
	ssize_t len;

	if ((size_t)snprintf(text, sizeof(text), "%s/modalias", name) >= sizeof(text))
		return;
	fd = openat(bus_fd, text, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (text[0])
		fn(text, data);
}

static void scan_bus(int buses_fd, const char *bus, devices_fn fn, void *data)
{
	CLEANUP_DIR
	DIR *dir = NULL;
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/devices", bus);
	if (dir_open_at(buses_fd, path, &dir) < 0)
		return;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		if (entry->d_name[0] != '.')
			read_device(dirfd(dir), entry->d_name, fn, data);
	}
}

int devices_scan(int root_fd, enum phase phase, devices_fn fn, void *data)
{
	CLEANUP_DIR
	DIR *buses = NULL;
	int r = dir_open_at(root_fd, "sys/bus", &buses);

	if (r < 0)
		return r;
	/* First, because the picture hangs on it. */
	scan_bus(dirfd(buses), "pci", fn, data);
	for (struct dirent *entry = readdir(buses); entry; entry = readdir(buses)) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "pci") != 0 &&
		    phase_reads_bus(phase, entry->d_name))
			scan_bus(dirfd(buses), entry->d_name, fn, data);
	}
	return 0;
}

int devices_listen(int *ret_fd)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	const int size = DEVICES_BUFFER_BYTES;
	CLEANUP_FD
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	/* A smaller buffer works too: lost messages are noticed. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int devices_receive(int fd, devices_fn fn, void *data)
{
	for (;;) {
		struct sockaddr_nl sender = { 0 };
		socklen_t sender_len = sizeof(sender);
		char message[8192];
		ssize_t len = recvfrom(fd, message, sizeof(message), 0, (struct sockaddr *)&sender,
				       &sender_len);
		const char *modalias;

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (sender.nl_pid != 0) /* not the kernel */
			continue;
		modalias = uevent_new_modalias(message, (size_t)len);
		if (modalias)
			fn(modalias, data);
	}
}
