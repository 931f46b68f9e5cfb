/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"
#include "early/strbuf.h"

#include "manager_internal.h"
#include "state_proto.h"

/*
 * Writing the state. The reader is state_read.c. Nothing is taken apart here: if the exec fails, manager_serialize_undo() makes
 * the descriptors close-on-exec again and all goes on as before.
 */

struct writer {
	struct strbuf *out;
	int error; /* the first one */
	char *buf;
};

static void put(struct writer *writer, uint16_t opcode, const void *value)
{
	int len;

	if (writer->error < 0)
		return;
	len = wire_pack(&manager_state_protocol, opcode, value, writer->buf, WIRE_MAX_MESSAGE);
	if (len < 0)
		writer->error = len;
	else
		strbuf_add(writer->out, writer->buf, (size_t)len);
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
	       (service->conditions_met ? STATE_SERVICE_CONDITIONS_MET : 0) |
	       (service->spawn_retry.loop ? STATE_SERVICE_SPAWN_RETRY : 0);
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
	};

	put(writer, STATE_SERVICE, &message);
	strbuf_add(writer->out, service->definition->bytes, service->definition->n_bytes);
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
		.stopping = manager->stopping,
	};

	put(writer, STATE_MANAGER, &message);
}

static void put_event(struct writer *writer, const struct timeline_event *event)
{
	struct state_event message = { event->name, event->t_us, event->why };

	put(writer, STATE_EVENT, &message);
}

static void put_job(struct writer *writer, const struct job *job)
{
	struct state_job message = { job->id, job->kind, job->name, job->why };

	put(writer, STATE_JOB, &message);
}

static void put_client(const struct state_client *client, void *data)
{
	put(data, STATE_CLIENT, client);
}

static void put_other(uint16_t opcode, const void *value, void *data)
{
	put(data, opcode, value);
}

/* What is in every change: there are few of them, and that is simpler than to follow them. */
static void put_few(struct writer *writer, struct manager *manager)
{
	struct scope *scope;

	put_manager(writer, manager);
	list_for_each (scope, &manager->scopes, link)
		put_scope(writer, scope);
	control_each_client(manager->control, put_client, writer);
	if (manager->options.save)
		manager->options.save(put_other, writer, manager->options.data);
}

static void put_all(struct writer *writer, struct manager *manager)
{
	struct timeline_event *event;
	struct service *service;
	struct job *job;

	put_few(writer, manager);
	list_for_each (event, &manager->timeline.events, link)
		put_event(writer, event);
	list_for_each (service, &manager->services, link)
		put_service(writer, service);
	list_for_each (job, &manager->jobs.jobs, link)
		put_job(writer, job);
}

/* The end of the list: events are only ever appended. */
static void put_new_events(struct writer *writer, const struct timeline *timeline)
{
	const struct list *at = &timeline->events;

	for (size_t i = 0; i < timeline->n_unsaved && at->prev != &timeline->events; i++)
		at = at->prev;
	for (; at != &timeline->events; at = at->next)
		put_event(writer, container_of(at, struct timeline_event, link));
}

static void put_changes(struct writer *writer, struct manager *manager)
{
	struct service *service;
	struct job *job;

	put_few(writer, manager);
	strbuf_add(writer->out, manager->gone.data, manager->gone.len);
	if (manager->timeline.n_unsaved > 0)
		put_new_events(writer, &manager->timeline);
	list_for_each (service, &manager->services, link)
		if (service->unsaved)
			put_service(writer, service);
	list_for_each (job, &manager->jobs.jobs, link)
		if (job->saved_as != (uint32_t)job->kind + 1)
			put_job(writer, job);
}

static int serialize(struct manager *manager, void (*fn)(struct writer *, struct manager *),
		     struct strbuf *out)
{
	struct writer writer = { .out = out, .buf = malloc(WIRE_MAX_MESSAGE) };

	if (!writer.buf)
		return -ENOMEM;
	fn(&writer, manager);
	free(writer.buf);
	return writer.error < 0 ? writer.error : strbuf_error(out);
}

/* --- before the loop sleeps --- */

void manager_forget(struct manager *manager, const char *service, uint32_t job)
{
	const struct state_gone message = { service, job };
	char buf[1024];
	int len = wire_pack(&manager_state_protocol, STATE_GONE, &message, buf, sizeof(buf));

	if (manager->image && len > 0 && len <= (int)sizeof(buf))
		strbuf_add(&manager->gone, buf, (size_t)len);
}

static void note_saved(struct manager *manager)
{
	struct service *service;
	struct job *job;

	list_for_each (service, &manager->services, link)
		service->unsaved = false;
	list_for_each (job, &manager->jobs.jobs, link)
		job->saved_as = (uint32_t)job->kind + 1;
	manager->timeline.n_unsaved = 0;
	strbuf_reset(&manager->gone);
}

void manager_save(struct manager *manager)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	bool whole;
	int r;

	if (!manager->image)
		return;
	whole = image_wants_whole(manager->image) || strbuf_error(&manager->gone) < 0;
	r = serialize(manager, whole ? put_all : put_changes, &out);
	if (r < 0)
		image_empty(manager->image);
	else if (whole)
		r = image_replace(manager->image, out.data, out.len);
	else
		r = image_add(manager->image, out.data, out.len);
	if (r == 0)
		note_saved(manager);
	if (r < 0 && !manager->save_failed)
		log_warning_errno(r, "the state for a crash cannot be kept; a crash now would end "
				     "in the rescue shell");
	else if (r == 0 && manager->save_failed)
		log_info("the state for a crash is kept again");
	manager->save_failed = r < 0;
}

void manager_keep_image(struct manager *manager, struct image *image)
{
	manager->image = image;
	manager_save(manager);
}

/* --- on demand --- */

int manager_serialize(struct manager *manager, int fd)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	bool on = false;
	int r = serialize(manager, put_all, &out);

	if (r == 0)
		r = fd_write_all(fd, out.data, out.len);
	if (r == 0)
		each_fd(manager, set_cloexec, &on);
	return r;
}

void manager_serialize_undo(struct manager *manager)
{
	bool on = true;

	each_fd(manager, set_cloexec, &on);
}
