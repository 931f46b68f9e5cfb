/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clients of the control socket of a manager with a few units. The first byte says how many bytes follow about the fates of processes
 * (machine.h); then come steps: a byte about what is done and by whom, and what that needs.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"
#include "machine.h"
#include "manager_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_CLIENTS 4
#define LIST(text)                                                                                 \
	{                                                                                          \
		text "\0", sizeof(text) + 1                                                        \
	}

static const struct table_service units[] = {
	{ .name = "main.service",
	  .restart = TABLE_RESTART_ALWAYS,
	  .requires = LIST("once.service"),
	  .after = LIST("once.service") },
	{ .name = "once.service", .type = TABLE_TYPE_ONESHOT, .on_failure = LIST("all.target") },
	{ .name = "forks.service", .type = TABLE_TYPE_FORKING, .conflicts = LIST("main.service") },
	{ .name = "notify.service", .type = TABLE_TYPE_NOTIFY, .part_of = LIST("main.service") },
	{ .name = "idle.service", .type = TABLE_TYPE_IDLE, .aliases = LIST("alias.service") },
	{ .name = "all.target",
	  .type = TABLE_TYPE_TARGET,
	  .wants = LIST("main.service\0idle.service\0none.service") },
	{ .name = "masked.service", .load_state = TABLE_LOAD_MASKED },
	{ .name = "broken.service", .load_state = TABLE_LOAD_ERROR, .load_error = "x:1: no" },
};
static const enum table_phase phases[] = { TABLE_PHASE_START_PRE, TABLE_PHASE_START,
					   TABLE_PHASE_RELOAD, TABLE_PHASE_STOP };
static struct {
	int fd;
	unsigned int awaited; /* ends of requests that may come */
} clients[N_CLIENTS];
static struct sockaddr_un addr;
static socklen_t addr_len;
static enum control_verb pending; /* STATUS: none */

static void put(struct strbuf *bytes, const struct wire_protocol *protocol, uint16_t opcode,
		const void *value)
{
	char buf[2048];
	int len = wire_pack(protocol, opcode, value, buf, sizeof(buf));

	if (len < 0 || (size_t)len > sizeof(buf))
		abort();
	strbuf_add(bytes, buf, (size_t)len);
}

static void add_unit(struct manager *manager, const struct table_service *words)
{
	struct strbuf bytes CLEANUP_STRBUF = STRBUF_INIT;
	struct definition *definition;

	put(&bytes, &table_protocol, TABLE_SERVICE, words);
	for (size_t i = 0; words->type != TABLE_TYPE_TARGET && i < ARRAY_SIZE(phases); i++) {
		const struct table_exec exec = { .phase = phases[i],
						 .program = "/bin/true",
						 .argv = { "true", sizeof("true") } };

		put(&bytes, &table_protocol, TABLE_EXEC, &exec);
	}
	if (definition_new(&definition, bytes.data, bytes.len) < 0 ||
	    manager_add_definition(manager, definition) < 0)
		abort();
}

static int do_verb(struct manager *manager, enum control_verb verb, const char *name, void *data)
{
	if (verb == CONTROL_VERB_MERGE)
		return -EBUSY;
	if (verb != CONTROL_VERB_DAEMON_REEXEC)
		return 0;
	pending = verb;
	return -EINPROGRESS;
}

static void open_control(struct manager *manager)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	addr_len = sizeof(addr.sun_family);
	/* The kernel chooses a name that is no path. */
	if (fd < 0 || syscall(SYS_bind, fd, &addr, addr_len) < 0 || listen(fd, 8) < 0)
		abort();
	addr_len = sizeof(addr);
	if (getsockname(fd, (struct sockaddr *)&addr, &addr_len) < 0 ||
	    control_new_from_fd(&manager->control, manager, fd) < 0)
		abort();
}

static void hang_up(size_t i)
{
	clients[i].fd = fd_close(clients[i].fd);
	clients[i].awaited = 0;
}

static void connect_client(struct loop *loop, size_t i, uid_t uid)
{
	hang_up(i);
	machine_set_peer(getpid(), uid);
	clients[i].fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (clients[i].fd < 0 || connect(clients[i].fd, (struct sockaddr *)&addr, addr_len) < 0)
		abort();
	machine_turn(loop); /* who it is is asked when it is let in */
}

/* Each message is one of the protocol, and each end one of a request. */
static void read_answers(size_t i)
{
	static char buf[WIRE_MAX_MESSAGE];
	uint16_t opcode;
	uint32_t len;
	ssize_t n;

	while (clients[i].fd >= 0 && (n = recv(clients[i].fd, buf, sizeof(buf), 0)) > 0) {
		if (wire_peek(buf, (size_t)n, &opcode, &len) < 0 || len != (size_t)n ||
		    !wire_find(&control_protocol, opcode))
			abort();
		if (opcode == CONTROL_DONE && clients[i].awaited-- == 0)
			abort();
	}
}

struct steps {
	const uint8_t *data;
	size_t size;
};

static uint8_t next_byte(struct steps *steps)
{
	if (steps->size == 0)
		return 0;
	steps->size--;
	return *steps->data++;
}

/* As many bytes as the next one says, or all that are left. */
static const char *next_bytes(struct steps *steps, size_t *ret_len)
{
	size_t len = next_byte(steps);
	const char *bytes = (const char *)steps->data;

	*ret_len = MIN(len, steps->size);
	steps->data += *ret_len;
	steps->size -= *ret_len;
	return bytes;
}

static void send_bytes(size_t i, const void *bytes, size_t len)
{
	if (clients[i].fd >= 0 && send(clients[i].fd, bytes, len, MSG_NOSIGNAL) >= 0)
		clients[i].awaited++;
}

static void request(struct steps *steps, size_t i)
{
	struct strbuf bytes CLEANUP_STRBUF = STRBUF_INIT;
	struct control_request message = { .verb = next_byte(steps) };
	char name[256];
	size_t len;
	const char *text = next_bytes(steps, &len);

	memcpy(name, text, len);
	name[len] = '\0';
	message.name = name;
	put(&bytes, &control_protocol, CONTROL_REQUEST, &message);
	send_bytes(i, bytes.data, bytes.len);
}

static void step(struct loop *loop, struct steps *steps)
{
	uint8_t what = next_byte(steps);
	size_t i = (what >> 3) % N_CLIENTS, len;
	const char *bytes;

	switch (what % 8) {
	case 0:
		connect_client(loop, i, what & 64 ? 7 : 0);
		break;
	case 1:
		hang_up(i);
		break;
	case 2:
		machine_end(machine_process(), next_byte(steps));
		break;
	case 3:
		bytes = next_bytes(steps, &len);
		send_bytes(i, bytes, len);
		break;
	default:
		request(steps, i);
	}
	if (what & 128)
		return; /* all of it in one turn with the next step */
	machine_turn(loop);
	for (i = 0; i < N_CLIENTS; i++)
		read_answers(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct manager_options options = { .container = true,
							.run_dir = "/nowhere",
							.verb = do_verb };
	struct steps steps = { data, size };
	struct manager *manager;
	struct loop *loop;
	size_t n_fates;
	const char *fates = next_bytes(&steps, &n_fates);

	log_set_max_level(LOG_LEVEL_ERROR);
	machine_begin((const uint8_t *)fates, n_fates);
	pending = CONTROL_VERB_STATUS;
	if (loop_new(&loop) < 0 || loop_reap_children(loop) < 0 ||
	    manager_new(&manager, loop, &options) < 0)
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		add_unit(manager, &units[i]);
	open_control(manager);
	for (size_t i = 0; i < N_CLIENTS; i++)
		clients[i].fd = -1;
	connect_client(loop, 0, 0);
	while (steps.size > 0)
		step(loop, &steps);
	if (pending != CONTROL_VERB_STATUS)
		manager_verb_done(manager, pending, 0, "");
	machine_turn(loop);
	for (size_t i = 0; i < N_CLIENTS; i++) {
		read_answers(i);
		hang_up(i);
	}
	manager_free(manager);
	loop_free(loop);
	machine_check_fds();
	return 0;
}
