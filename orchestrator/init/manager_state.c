/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"

#include "manager_internal.h"
#include "state_proto.h"

/*
 * Writing the state. The reader is state_read.c. Nothing is taken apart here: if the exec fails, manager_serialize_undo() makes
 * the descriptors close-on-exec again and all goes on as before.
 */

struct writer {
	int fd;
	int error; /* the first one */
	char *buf;
};

static void put(struct writer *writer, uint16_t opcode, const void *value)
{
	int len;

	if (writer->error < 0)
		return;
	len = wire_pack(&manager_state_protocol, opcode, value, writer->buf, WIRE_MAX_MESSAGE);
	writer->error = len < 0 ? len : fd_write_all(writer->fd, writer->buf, (size_t)len);
}

typedef void (*fd_fn)(int fd, void *data);

static void each_fd_of(const struct service *service, fd_fn fn, void *data)
{
	const struct service_stored_fd *stored;

	fn(service->main.pipe.fd, data);
	fn(service->control.pipe.fd, data);
	fn(service->notify.fd, data);
	fn(service->ready_fd, data);
	fn(service->output_read, data);
	fn(service->output_write, data);
	for (size_t i = 0; i < service->listen.n_sockets; i++)
		fn(service->listen.sockets[i].fd, data);
	list_for_each (stored, &service->stored_fds, link)
		fn(stored->fd, data);
}

static void each_fd(struct manager *manager, fd_fn fn, void *data)
{
	struct service *service;

	fn(control_fd(manager->control), data);
	list_for_each (service, &manager->services, link)
		each_fd_of(service, fn, data);
}

static void set_cloexec(int fd, void *data)
{
	bool *on = data;

	if (fd >= 0)
		(void)fd_set_cloexec(fd, *on); /* it is open, so it can't fail */
}

static uint32_t flags_of(const struct service *service)
{
	return (service->stop_wanted ? STATE_SERVICE_STOP_WANTED : 0) |
	       (service->restart_wanted ? STATE_SERVICE_RESTART_WANTED : 0) |
	       (service->main_gone ? STATE_SERVICE_MAIN_GONE : 0) |
	       (service->prestart_pending ? STATE_SERVICE_PRESTART : 0) |
	       (service->conditions_met ? STATE_SERVICE_CONDITIONS_MET : 0);
}

static void put_service_itself(struct writer *writer, const struct service *service)
{
	const struct state_service message = {
		.name = service->name,
		.state = service->state,
		.result = service->result,
		.flags = flags_of(service),
		.since_us = service->since_us,
		.started_us = service->started_us,
		.restarts = service->restarts,
		.main_pid = service->main.pid,
		.main_pipe = service->main.pipe.fd,
		.control_pid = service->control.pid,
		.control_pipe = service->control.pipe.fd,
		.nth = (uint32_t)service->nth,
		.exit_code = service->exit_code,
		.exit_status = service->exit_status,
		.notify_fd = service->notify.fd,
		.output_read = service->output_read,
		.output_write = service->output_write,
		.status_text = service->status_text,
		.detail = service->detail,
		.deadline_us = service->timer.loop ? service->timer.deadline_us : 0,
		.watchdog_us = service->watchdog.loop ? service->watchdog.deadline_us : 0,
		.window_us = service->backoff.window_us,
		.starts = service->backoff.starts,
		.quick_deaths = service->backoff.quick_deaths,
		.forgiven_us = service->backoff.forgiven_us,
		.loop = service->backoff.loop,
		.rung = service->rung,
		.software = service->software ? service->software : "",
		.ready_fd = service->ready_fd,
		.watchdog_span_us = service->watchdog_span_us,
		.background = service->background,
		.failure = service->failure ? service->failure : "",
		.failure_us = service->failure_us,
		.failure_run_us = service->failure_run_us,
	};

	put(writer, STATE_SERVICE, &message);
	if (writer->error == 0)
		writer->error = fd_write_all(writer->fd, service->definition->bytes,
					     service->definition->n_bytes);
}

static void put_members(struct writer *writer, const struct cgroup *group)
{
	for (size_t i = 0; i < group->processes.n_members; i++) {
		struct state_member member = { group->processes.members[i].pid };

		put(writer, STATE_MEMBER, &member);
	}
}

static void put_service(struct writer *writer, const struct service *service)
{
	const struct service_stored_fd *stored;

	put_service_itself(writer, service);
	for (size_t i = 0; i < service->listen.n_sockets; i++) {
		const struct listen_socket *sock = &service->listen.sockets[i];
		struct state_listen message = { sock->address, sock->name, sock->fd };

		put(writer, STATE_LISTEN, &message);
	}
	list_for_each (stored, &service->stored_fds, link) {
		struct state_stored message = { stored->name, stored->fd };

		put(writer, STATE_STORED, &message);
	}
	for (size_t i = 0; i < service->n_reasons; i++) {
		struct state_reason message = { service->reasons[i].t_us,
						service->reasons[i].text };

		put(writer, STATE_REASON, &message);
	}
	put_members(writer, &service->group);
}

/* The slice is the directory that it lies in. */
static void put_scope(struct writer *writer, const struct scope *scope)
{
	struct state_scope message = {
		.name = scope->name,
		.slice = "-.slice",
		.description = scope->description,
		.since_us = scope->since_us,
		.flags = (scope->abandoned ? STATE_SCOPE_ABANDONED : 0) |
			 (scope->stopping ? STATE_SCOPE_STOPPING : 0),
		.stop_job = scope->stop_job,
	};
	char *path CLEANUP(free_charp)
	= strdup(scope->group.path);
	char *slash = path ? strrchr(path, '/') : NULL;

	if (!slash) {
		writer->error = -ENOMEM;
		return;
	}
	*slash = '\0';
	slash = strrchr(path, '/');
	if (slash)
		message.slice = slash + 1;
	put(writer, STATE_SCOPE, &message);
	put_members(writer, &scope->group);
}

static void put_manager(struct writer *writer, const struct manager *manager)
{
	const struct state_manager message = {
		.version = STATE_VERSION,
		.program = EARLY_VERSION,
		.control_fd = control_fd(manager->control),
		.streams = manager->host.streams,
		.last_job = manager->jobs.last_id,
	};

	put(writer, STATE_MANAGER, &message);
}

static void put_all(struct writer *writer, struct manager *manager)
{
	struct timeline_event *event;
	struct service *service;
	struct scope *scope;
	struct job *job;

	put_manager(writer, manager);
	list_for_each (event, &manager->timeline.events, link) {
		struct state_event message = { event->name, event->t_us, event->why };

		put(writer, STATE_EVENT, &message);
	}
	list_for_each (service, &manager->services, link)
		put_service(writer, service);
	list_for_each (scope, &manager->scopes, link)
		put_scope(writer, scope);
	list_for_each (job, &manager->jobs.jobs, link) {
		struct state_job message = { job->id, job->kind, job->name, job->why };

		put(writer, STATE_JOB, &message);
	}
	put(writer, STATE_END, NULL);
}

int manager_serialize(struct manager *manager, int fd)
{
	struct writer writer = { .fd = fd, .buf = malloc(WIRE_MAX_MESSAGE) };
	bool on = false;

	if (!writer.buf)
		return -ENOMEM;
	put_all(&writer, manager);
	free(writer.buf);
	if (writer.error < 0)
		return writer.error;
	each_fd(manager, set_cloexec, &on);
	return 0;
}

void manager_serialize_undo(struct manager *manager)
{
	bool on = true;

	each_fd(manager, set_cloexec, &on);
}
