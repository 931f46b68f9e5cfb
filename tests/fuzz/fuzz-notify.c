/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages on the notify socket of a service that a manager runs: the first byte is about the service; then each message is a byte about
 * its sender and its descriptors, and its text up to a byte 0xff.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "early/log.h"
#include "machine.h"
#include "manager_internal.h"
#include "service_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct manager_options options = { .container = true, .run_dir = "/nowhere" };

static void put(struct strbuf *bytes, uint16_t opcode, const void *value)
{
	char buf[2048];
	int len = wire_pack(&table_protocol, opcode, value, buf, sizeof(buf));

	if (len < 0 || (size_t)len > sizeof(buf))
		abort();
	strbuf_add(bytes, buf, (size_t)len);
}

static struct service *add_service(struct manager *manager, uint8_t about)
{
	static const char argv[] = "/bin/true";
	const struct table_service words = {
		.name = "fuzz.service",
		.type = about & 3 ? TABLE_TYPE_NOTIFY : TABLE_TYPE_NOTIFY_RELOAD,
		.notify_access = (about >> 2) % (TABLE_NOTIFY_ALL + 1),
		.watchdog_us = about & 32 ? 1000000 : 0,
		.restart = about & 64 ? TABLE_RESTART_ALWAYS : TABLE_RESTART_NO,
		.start_timeout_us = UINT64_MAX,
	};
	const struct table_exec exec = { .phase = TABLE_PHASE_START,
					 .program = argv,
					 .argv = { argv, sizeof(argv) } };
	struct strbuf bytes CLEANUP_STRBUF = STRBUF_INIT;
	struct definition *definition;

	put(&bytes, TABLE_SERVICE, &words);
	put(&bytes, TABLE_EXEC, &exec);
	if (definition_new(&definition, bytes.data, bytes.len) < 0 ||
	    manager_add_definition(manager, definition) < 0)
		abort();
	return manager_find(manager, words.name);
}

/* The other end of the service's socket, which has no name here. */
static int connect_to(const struct service *service)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(addr.sun_family);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || syscall(SYS_bind, notify_fd(service->notify), &addr, len) < 0)
		abort();
	len = sizeof(addr);
	if (getsockname(notify_fd(service->notify), (struct sockaddr *)&addr, &len) < 0 ||
	    connect(fd, (struct sockaddr *)&addr, len) < 0)
		abort();
	return fd;
}

static void send_message(int fd, size_t n_fds, const uint8_t *text, size_t len)
{
	static const int fds[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
	union {
		char buf[CMSG_SPACE(sizeof(fds))];
		struct cmsghdr align;
	} control = { .align = { CMSG_LEN(n_fds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (void *)text, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds > 0) {
		memcpy(CMSG_DATA(&control.align), fds, n_fds * sizeof(int));
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	}
	(void)sendmsg(fd, &msg, 0); /* longer than a socket takes: nothing comes */
}

/* @about: how many descriptors, which process, which user, and what is asked of the service behind it. */
static void say(struct loop *loop, int fd, struct service *service, uint8_t about,
		const uint8_t *text, size_t len)
{
	machine_set_peer(about & 4 ? getpid() : service->main.pid, about & 8 ? 7 : 0);
	send_message(fd, about & 3, text, len);
	machine_turn(loop);
	if (about & 16)
		(void)service_reload(service); /* refused in most states */
	if (about & 32)
		(void)service_stop(service); /* likewise */
	machine_turn(loop);
	if (service->state >= SERVICE_STATE_COUNT ||
	    service->n_stored_fds > SERVICE_MAX_STORED_FDS ||
	    (notify_fd(service->notify) < 0 && service_state_is_active(service->state)))
		abort();
}

static void say_all(struct loop *loop, struct service *service, const uint8_t *data, size_t size)
{
	int fd;

	if (notify_fd(service->notify) < 0)
		return;
	fd = connect_to(service);
	while (size > 0) {
		const uint8_t *end = memchr(data + 1, 0xff, size - 1);
		size_t len = end ? (size_t)(end - data) : size;

		say(loop, fd, service, data[0], data + 1, len - 1);
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manager *manager;
	struct service *service;
	struct loop *loop;

	if (size < 1)
		return 0;
	log_set_max_level(LOG_LEVEL_ERROR);
	machine_begin(NULL, 0);
	if (loop_new(&loop) < 0 || loop_reap_children(loop) < 0 ||
	    manager_new(&manager, loop, &options) < 0)
		abort();
	service = add_service(manager, data[0]);
	if (service_start(service) < 0)
		abort();
	machine_turn(loop);
	say_all(loop, service, data + 1, size - 1);
	manager_free(manager);
	loop_free(loop);
	machine_check_fds();
	return 0;
}
