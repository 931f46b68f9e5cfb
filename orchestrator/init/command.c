/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"
#include "early/proto/execs.h"
#include "early/strbuf.h"
#include "early/strv.h"

#include "run_variables.h"
#include "service_internal.h"
#include "spawn.h"

/*
 * What a command gets
 *
 * Environment: a PATH, the manifest's words where there is no early-exec to see to them, and what PID 1 alone knows: NOTIFY_SOCKET,
 * WATCHDOG_USEC, MAINPID, what the run is and came from (run_variables.c), LISTEN_FDS and LISTEN_FDNAMES.
 *
 * Descriptors: only the main command gets the sockets and the stored descriptors, from 3 on. Through early-exec they come
 * after its own two (3: memfd, 4: pipe), that is from 5 on; early-exec moves them to 3 and adds LISTEN_PID.
 */

/* Tells early-exec that the run has begun: a condition that its own ExecStartPre= changes must not end it. */
#define CONDITIONS_MET "EARLY_CONDITIONS=met"
#define PATH_VARIABLE "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct order {
	struct service *service;
	const struct definition_exec *exec;
	char **environment;
	int fds[SPAWN_MAX_FDS];
	size_t n_fds;
	size_t n_listen; /* of them for LISTEN_FDS */
	int ready_write; /* for ReadyFd=; -1: none */
	int memfd;
	int pipe_read;
	int pipe_write;
};

static bool is_main(const struct order *order)
{
	return order->exec->exec.phase == TABLE_PHASE_START;
}

bool command_needs_exec(const struct service *service, const struct definition_exec *exec)
{
	return (service->definition->service.flags & TABLE_FLAG_NEEDS_EXEC) ||
	       (exec->exec.flags & TABLE_EXEC_HAS_VARIABLES);
}

static int add_name(struct strbuf *names, const char *name)
{
	if (names->len > 0)
		strbuf_putc(names, ':');
	strbuf_puts(names, name);
	return strbuf_error(names);
}

static int add_listen_fd(struct order *order, struct strbuf *names, const char *name, int fd)
{
	if (order->n_fds == SPAWN_MAX_FDS)
		return -E2BIG;
	order->fds[order->n_fds++] = fd;
	order->n_listen++;
	return add_name(names, name);
}

/* As the manifest says, whatever the run before made of it. What a service stored stays as it is. */
static void set_blocking(const struct service *service, int fd)
{
	bool on = service->definition->service.flags & TABLE_FLAG_NON_BLOCKING;
	int flags = fcntl(fd, F_GETFL);
	int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;

	if (flags >= 0 && wanted != flags)
		(void)fcntl(fd, F_SETFL, wanted); /* cannot fail on an open one */
}

static int add_listen_fds(struct order *order)
{
	struct service *service = order->service;
	struct strbuf names CLEANUP_STRBUF = STRBUF_INIT;
	struct service_stored_fd *stored;
	int r = 0;

	for (size_t i = 0; i < service->listen.n_sockets; i++)
		set_blocking(service, service->listen.sockets[i].fd);
	for (size_t i = 0; i < service->listen.n_sockets && r == 0; i++)
		r = add_listen_fd(order, &names, service->listen.sockets[i].name,
				  service->listen.sockets[i].fd);
	list_for_each (stored, &service->stored_fds, link)
		if (r == 0)
			r = add_listen_fd(order, &names, stored->name, stored->fd);
	if (r < 0 || order->n_listen == 0)
		return r;
	r = strv_appendf(&order->environment, "LISTEN_FDS=%zu", order->n_listen);
	if (r == 0)
		r = strv_appendf(&order->environment, "LISTEN_FDNAMES=%s", names.data);
	return r;
}

/* The rung of OnGiveUp= that it stands on has an environment of its own. */
static int add_software(struct order *order)
{
	const struct service *service = order->service;
	const struct definition_words *words = NULL;
	const char *word = NULL;
	int r = 0;

	if (service->software && service->host->words)
		words = service->host->words(service->software, service->host->data);
	while (words && r == 0 && (word = wire_list_next(&words->environment, word)))
		r = strv_set_variable(&order->environment, word);
	return r;
}

static int add_own_words(struct order *order)
{
	const struct definition_words *words = &order->service->definition->service;
	const char *word = NULL;
	int r;

	r = strv_append(&order->environment, PATH_VARIABLE);
	while (r == 0 && (word = wire_list_next(&words->environment, word)))
		r = strv_set_variable(&order->environment, word);
	return r;
}

static int add_knowledge(struct order *order)
{
	struct service *service = order->service;
	uint64_t watchdog_us = service->definition->service.rare->watchdog_us;
	enum table_phase phase = order->exec->exec.phase;
	int r = 0;

	if (notify_fd(service->notify) >= 0)
		r = strv_appendf(&order->environment, "NOTIFY_SOCKET=%s", service->notify->path);
	if (r == 0 && is_main(order) && watchdog_us > 0 && watchdog_us != UINT64_MAX)
		r = strv_appendf(&order->environment, "WATCHDOG_USEC=%" PRIu64, watchdog_us);
	if (r == 0 && service->main.pid > 0)
		r = strv_appendf(&order->environment, "MAINPID=%d", (int)service->main.pid);
	return r < 0 ? r : run_variables_add(service, phase, &order->environment);
}

/* Into @buf of WIRE_MAX_MESSAGE bytes; returns how many they are. */
static int pack_context(struct order *order, char *const *overlaid, char *buf)
{
	struct execs_context context = { .cgroup = order->service->group.path };
	char *environment_data CLEANUP(free_charp)
	= NULL;
	char *overlaid_data CLEANUP(free_charp)
	= NULL;
	int r;

	r = wire_list_from_strv(order->environment, &context.environment, &environment_data);
	if (r == 0)
		r = wire_list_from_strv(overlaid, &context.overlaid, &overlaid_data);
	return r < 0 ? r
		     : wire_pack(&execs_protocol, EXECS_CONTEXT, &context, buf, WIRE_MAX_MESSAGE);
}

/* The memfd of execs.h. */
static int write_context(struct order *order)
{
	const struct service_host *host = order->service->host;
	const struct definition_part *exec = &order->exec->message;
	char **overlaid CLEANUP_STRV = NULL;
	char *buf CLEANUP(free_charp)
	= malloc(WIRE_MAX_MESSAGE);
	int r = host->overlaid ? host->overlaid(&overlaid, host->data) : 0;

	if (!buf)
		return -ENOMEM;
	if (r == 0)
		r = fd_new_memfd("early-exec", &order->memfd);
	if (r == 0)
		r = pack_context(order, overlaid, buf);
	if (r > 0)
		r = fd_write_all(order->memfd, buf, (size_t)r);
	if (r == 0)
		r = definition_pack_service(order->service->definition, buf, WIRE_MAX_MESSAGE);
	if (r > 0)
		r = fd_write_all(order->memfd, buf, (size_t)r);
	if (r == 0)
		r = fd_write_all(order->memfd, exec->data, exec->len);
	if (r == 0 && lseek(order->memfd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : fd_seal(order->memfd);
}

static int open_ready_fd(struct order *order)
{
	struct service *service = order->service;

	if (order->n_fds == SPAWN_MAX_FDS)
		return -E2BIG;
	/* That number is a socket's. */
	if ((size_t)service->definition->service.ready_fd < SPAWN_FIRST_FD + order->n_listen)
		return -EADDRINUSE;
	return service_ready_open(service, &order->ready_write);
}

static int open_pipe(struct order *order)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	order->pipe_read = ends[0];
	order->pipe_write = ends[1];
	return 0;
}

static int spawn_by_exec(struct order *order, struct spawn *what, pid_t *ret_pid)
{
	struct service *service = order->service;
	char *argv[] = { (char *)"early-exec", (char *)service->name, NULL };
	char *envp[] = { (char *)PATH_VARIABLE, NULL };
	int r;

	r = write_context(order);
	if (r < 0)
		return r;
	order->fds[0] = order->memfd;
	order->fds[1] = order->pipe_write;
	what->program = service->host->exec_path;
	what->argv = argv;
	what->envp = envp;
	if (order->ready_write >= 0) /* behind the sockets: early-exec puts it where it belongs */
		order->fds[order->n_fds++] = order->ready_write;
	what->fds = order->fds;
	what->n_fds = order->n_fds;
	return spawn(what, ret_pid);
}

static int spawn_directly(struct order *order, struct spawn *what, pid_t *ret_pid)
{
	const struct service *service = order->service;
	char **argv CLEANUP_STRV = NULL;
	int r;

	r = wire_list_to_strv(&order->exec->exec.argv, &argv);
	if (r < 0)
		return r;
	what->program = order->exec->exec.program;
	what->argv = argv;
	what->envp = order->environment;
	what->fds = order->fds + 2;
	what->n_fds = order->n_fds - 2;
	what->listen_pid = order->n_listen > 0;
	what->place_fd = order->ready_write;
	what->place_at = service->definition->service.ready_fd;
	return spawn(what, ret_pid);
}

static int run(struct order *order, pid_t *ret_pid)
{
	struct service *service = order->service;
	bool by_exec = command_needs_exec(service, order->exec);
	struct spawn what = {
		.group = &service->group,
		.output_fd = service_output(service),
		.place_fd = -1,
		.keep_sigpipe = service->definition->service.flags & TABLE_FLAG_KEEP_SIGPIPE,
	};
	int r = 0;

	if (!by_exec)
		r = add_own_words(order);
	else if (service->conditions_met)
		r = strv_append(&order->environment, CONDITIONS_MET);
	if (r == 0)
		r = add_software(order);
	if (r == 0)
		r = add_knowledge(order);
	order->n_fds = 2; /* room for early-exec's own */
	if (r == 0 && is_main(order))
		r = add_listen_fds(order);
	if (r == 0 && is_main(order) && service_awaits_ready_fd(service))
		r = open_ready_fd(order);
	if (r == 0)
		r = open_pipe(order);
	if (r < 0)
		return r;
	what.status_fd = order->pipe_write;
	return by_exec ? spawn_by_exec(order, &what, ret_pid)
		       : spawn_directly(order, &what, ret_pid);
}

static void order_done(struct order *order)
{
	strv_free(order->environment);
	fd_close(order->memfd);
	fd_close(order->pipe_read);
	fd_close(order->pipe_write);
	fd_close(order->ready_write);
}

int command_run(struct service *service, struct service_process *process,
		const struct definition_exec *exec, loop_child_fn fn, execs_pipe_fn pipe_fn)
{
	struct order order CLEANUP(order_done) = {
		.service = service,
		.exec = exec,
		.memfd = -1,
		.pipe_read = -1,
		.pipe_write = -1,
		.ready_write = -1,
	};
	pid_t pid = 0;
	int r;

	r = run(&order, &pid);
	if (r < 0)
		return r;
	process->service = service;
	process->pid = pid;
	if (service->background == BACKGROUND_PROCESSES)
		background_process(pid); /* by us: a raise must not come before it */
	r = execs_pipe_open(&process->pipe, service->host->loop, TAKE_FD(order.pipe_read), pipe_fn);
	if (r == 0)
		r = loop_child_watch(service->host->loop, &process->child, pid, fn);
	if (r < 0) {
		(void)kill(pid, SIGKILL); /* never to run unwatched */
		command_forget(process);
	}
	return r;
}

void command_forget(struct service_process *process)
{
	if (!process)
		return;
	loop_child_unwatch(&process->child);
	execs_pipe_close(&process->pipe);
	process->pid = 0;
}
