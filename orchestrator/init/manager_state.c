/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/strbuf.h"

#include "crash.h"
#include "manager_internal.h"
#include "state_proto.h"

/*
 * Writing the state. The reader is state_read.c. Nothing is taken apart here: if the exec fails, manager_serialize_undo() makes
 * the descriptors close-on-exec again and all goes on as before.
 */

#define RETRY_US (1 * USEC_PER_SEC)
#define MAX_TEXT 4096 /* of what a person reads only */
#define MOST_BYTES 4096 /* of nearly every message */

struct writer {
	struct strbuf *out;
	int error; /* the first one */
	bool too_long; /* a message since begin_unit() */
	size_t few_len; /* of @out: what is in every change */
	char small[MOST_BYTES];
	char *big; /* of WIRE_MAX_MESSAGE; NULL: not needed yet */
};

/* Room for any message; NULL: there is no memory. */
static char *big_one(struct writer *writer)
{
	if (!writer->big)
		writer->big = malloc(WIRE_MAX_MESSAGE);
	return writer->big;
}

static int pack(struct writer *writer, uint16_t opcode, const void *value, const char **ret)
{
	int len = wire_pack(&manager_state_protocol, opcode, value, writer->small, MOST_BYTES);

	*ret = writer->small;
	if (len != -EMSGSIZE)
		return len;
	*ret = big_one(writer);
	return *ret ? wire_pack(&manager_state_protocol, opcode, value, writer->big,
				WIRE_MAX_MESSAGE)
		    : -ENOMEM;
}

static int pack_definition(struct writer *writer, const struct definition *definition,
			   const char **ret)
{
	int len = definition_pack_service(definition, writer->small, MOST_BYTES);

	*ret = writer->small;
	if (len != -EMSGSIZE)
		return len;
	*ret = big_one(writer);
	return *ret ? definition_pack_service(definition, writer->big, WIRE_MAX_MESSAGE) : -ENOMEM;
}

static void put(struct writer *writer, uint16_t opcode, const void *value)
{
	const char *buf;
	int len;

	if (writer->error < 0)
		return;
	len = pack(writer, opcode, value, &buf);
	if (len == -EMSGSIZE)
		writer->too_long = true; /* it is left out, and not all the others for it */
	else if (len < 0)
		writer->error = len;
	else
		strbuf_add(writer->out, buf, (size_t)len);
}

/* What follows a message belongs to it, so without the first nothing of a unit is written. */
static size_t begin_unit(struct writer *writer)
{
	writer->too_long = false;
	return writer->out->len;
}

static void end_unit(struct writer *writer, size_t begin, const char *name)
{
	const struct state_gone gone = { .name = name };

	if (!writer->too_long)
		return;
	log_debug("%s: too long for the state that follows a crash", name);
	writer->out->len = begin;
	put(writer, STATE_GONE, &gone); /* what there was before is no longer true */
}

typedef void (*fd_fn)(int fd, void *data);

static void each_fd_of(const struct service *service, fd_fn fn, void *data)
{
	const struct service_stored_fd *stored;

	fn(service->main.pipe.fd, data);
	fn(service->main_pidfd, data);
	fn(service_control_pipe(service), data);
	fn(notify_fd(service->notify), data);
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
	       (service->again.loop && service->n_spawn_retries ? STATE_SERVICE_SPAWN_RETRY : 0) |
	       (service->cleaned ? STATE_SERVICE_CLEANED : 0) |
	       (service->wished ? STATE_SERVICE_WISHED : 0) |
	       (service->relations_due ? STATE_SERVICE_RELATIONS_DUE : 0) |
	       (service->awaits_idle ? STATE_SERVICE_AWAITS_IDLE : 0) |
	       (service->awaits_software ? STATE_SERVICE_AWAITS_SOFTWARE : 0) |
	       (service->group.killed ? STATE_SERVICE_GROUP_KILLED : 0) |
	       (service->climbs ? STATE_SERVICE_CLIMBS : 0);
}

static void put_definition(struct writer *writer, const struct definition *definition)
{
	const char *buf;
	int len = pack_definition(writer, definition, &buf);

	if (len < 0) {
		writer->error = writer->error < 0 ? writer->error : len;
		return;
	}
	strbuf_add(writer->out, buf, (size_t)len);
	strbuf_add(writer->out, definition->others, definition->n_others);
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
		.main_pipe = state_fd(service->main.pipe.fd),
		.control_pid = service_control_pid(service),
		.control_pipe = state_fd(service_control_pipe(service)),
		.nth = service->nth,
		.exit_code = service->exit_code,
		.exit_status = service->exit_status,
		.notify_fd = state_fd(notify_fd(service->notify)),
		.output_read = service->output_read >= 0 ? service->output_saved : STATE_NO_FD,
		.output_write = state_fd_twin(service->output_saved, service->output_write),
		.status_text = service->status_text,
		.detail = service->detail,
		.deadline_us = service->timer.loop ? service->timer.deadline_us : 0,
		.watchdog_us = service_watchdog_deadline(service),
		.window_us = service->backoff.window_us,
		.starts = service->backoff.starts,
		.quick_deaths = service->backoff.quick_deaths,
		.forgiven_us = service->backoff.forgiven_us,
		.loop = service->backoff.loop,
		.rung = service->rung,
		.software = service->software ? service->software : "",
		.ready_fd = state_fd(service->ready_fd),
		.watchdog_span_us = service->watchdog_span_us,
		.background = service->background,
		.error_text = service->error_text,
		.spawn_retries = service->n_spawn_retries,
		.failure = service->failure ? service->failure : "",
		.failure_us = service->failure_us,
		.failure_run_us = service->failure_run_us,
		.run_us = service->run_us,
		.main_pidfd = state_fd(service->main_pidfd),
		.run_id_high = service->run_id[0],
		.run_id_low = service->run_id[1],
	};

	put(writer, STATE_SERVICE, &message);
	put_definition(writer, service->definition);
}

static void put_members(struct writer *writer, const struct cgroup *group)
{
	for (size_t i = 0; i < group->processes.n_members; i++) {
		struct state_member member = { group->processes.members[i].pid };

		put(writer, STATE_MEMBER, &member);
	}
}

/* What is executed is said by the end of its pipe: that is known anyway. */
static void put_said(struct writer *writer, const struct service_process *process, bool of_control)
{
	const struct execs_pipe *pipe = &process->pipe;
	const struct state_said message = { of_control, pipe->outcome, pipe->error,
					    execs_pipe_text(pipe) };

	if (process->pid > 0 &&
	    (pipe->outcome == EXECS_OUTCOME_FAILED || pipe->outcome == EXECS_OUTCOME_SKIPPED))
		put(writer, STATE_SAID, &message);
}

static void put_timer(struct writer *writer, const struct service *service)
{
	struct state_timer message;

	if (!service->times)
		return;
	timer_save(service->times, &message);
	put(writer, STATE_TIMER, &message);
}

static void put_service(struct writer *writer, const struct service *service)
{
	const struct service_stored_fd *stored;
	size_t begin = begin_unit(writer);

	put_service_itself(writer, service);
	put_said(writer, &service->main, false);
	if (service->control)
		put_said(writer, service->control, true);
	for (size_t i = 0; i < service->listen.n_sockets; i++) {
		const struct listen_socket *sock = &service->listen.sockets[i];
		struct state_listen message = { sock->address, sock->name, state_fd(sock->fd) };

		put(writer, STATE_LISTEN, &message);
	}
	list_for_each (stored, &service->stored_fds, link) {
		struct state_stored message = { stored->name, state_fd(stored->fd),
						stored->source.loop != NULL };

		put(writer, STATE_STORED, &message);
	}
	for (size_t i = 0; i < service->n_reasons; i++) {
		struct state_reason message = { service->reasons[i].t_us,
						service->reasons[i].text };

		put(writer, STATE_REASON, &message);
	}
	put_members(writer, &service->group);
	put_timer(writer, service);
	end_unit(writer, begin, service->name);
}

/* The slice is the directory that it lies in. */
static void put_scope(struct writer *writer, const struct scope *scope)
{
	struct state_scope message = {
		.name = scope->name,
		.slice = "-.slice",
		.description = strlen(scope->description) <= MAX_TEXT ? scope->description
								      : scope->name,
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
		.control_fd = manager->control ? manager->control_saved : STATE_NO_FD,
		.streams = manager->host.streams,
		.last_job = manager->jobs.last_id,
		.stopping = manager->stopping,
		.gated = manager->host.gated,
	};

	put(writer, STATE_MANAGER, &message);
}

static void put_event(struct writer *writer, const struct timeline_event *event)
{
	char buf[TIMELINE_NAME_MAX];
	struct state_event message = { timeline_event_name(event, buf), event->t_us, event->why };

	put(writer, STATE_EVENT, &message);
}

/* The last @n: events are only ever appended. */
static void put_events(struct writer *writer, const struct timeline *timeline, size_t n)
{
	for (size_t i = n < timeline->n_events ? timeline->n_events - n : 0; i < timeline->n_events;
	     i++)
		put_event(writer, &timeline->events[i]);
}

static uint32_t job_flags(const struct job *job)
{
	return (job->state == JOB_LOADING ? STATE_JOB_LOADING : 0) |
	       (job->state == JOB_RUNNING ? STATE_JOB_RUNNING : 0) |
	       (job->came_up ? STATE_JOB_CAME_UP : 0) | (job->doomed ? STATE_JOB_DOOMED : 0) |
	       (job->ordered ? STATE_JOB_ORDERED : 0);
}

static void put_job(struct writer *writer, const struct job *job)
{
	const struct state_job message = {
		.id = job->id,
		.kind = job->kind,
		.flags = job_flags(job),
		.error = job->error,
		.name = job->name,
		.why = strlen(job->why) <= MAX_TEXT ? job->why : "",
		.detail = job->detail,
	};

	put(writer, STATE_JOB, &message);
}

static void put_ended(struct writer *writer, const struct ended_job *ended)
{
	const struct state_ended message = {
		.id = ended->id,
		.result = ended->result,
		.error = ended->error,
		.name = ended->name,
		.detail = ended->detail,
	};

	put(writer, STATE_ENDED, &message);
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
static void put_few(struct writer *writer, struct manager *manager, bool whole)
{
	struct ended_job *ended;
	struct scope *scope;

	put_manager(writer, manager);
	list_for_each (scope, &manager->scopes, link)
		put_scope(writer, scope);
	list_for_each (ended, &manager->ended, link)
		put_ended(writer, ended);
	control_each_client(manager->control, put_client, writer);
	if (manager->image && manager->options.save)
		manager->options.save(put_other, writer, whole, manager->options.data);
}

static void put_all(struct writer *writer, struct manager *manager)
{
	struct service *service;
	struct job *job;

	put_few(writer, manager, true);
	put_events(writer, &manager->timeline, manager->timeline.n_events);
	list_for_each (service, &manager->services, link)
		put_service(writer, service);
	list_for_each (job, &manager->jobs.jobs, link)
		put_job(writer, job);
}

static void put_changes(struct writer *writer, struct manager *manager)
{
	struct service *service;
	struct job *job;

	put_few(writer, manager, false);
	writer->few_len = writer->out->len;
	strbuf_add(writer->out, manager->gone.data, manager->gone.len);
	put_events(writer, &manager->timeline, manager->timeline.n_unsaved);
	list_for_each (service, &manager->unsaved, unsaved_link)
		put_service(writer, service);
	list_for_each (job, &manager->jobs.unsaved, unsaved_link)
		put_job(writer, job);
}

/* @ret_few_len: how much of it is in every change; may be NULL. */
static int serialize(struct manager *manager, void (*fn)(struct writer *, struct manager *),
		     struct strbuf *out, size_t *ret_few_len)
{
	struct writer writer = { .out = out };

	fn(&writer, manager);
	free(writer.big);
	if (ret_few_len)
		*ret_few_len = writer.few_len;
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

/* A look at all processes has changed what some groups hold; one that a spawn has changed is known. */
static void note_groups(struct manager *manager)
{
	struct service *service;

	if (!cgroup_tree_take_changed(manager->cgroups))
		return;
	list_for_each (service, &manager->services, link)
		if (service->group.processes.changed)
			manager_note_unsaved(manager, service);
}

static void note_saved(struct manager *manager)
{
	struct service *service;
	struct job *job;

	while ((service = list_first(&manager->unsaved, struct service, unsaved_link))) {
		list_remove(&service->unsaved_link);
		service->group.processes.changed = false;
	}
	while ((job = list_first(&manager->jobs.unsaved, struct job, unsaved_link)))
		list_remove(&job->unsaved_link);
	manager->timeline.n_unsaved = 0;
	strbuf_reset(&manager->gone);
}

/* Nothing but what is in every change, and that as it was: the image says it already. */
static bool says_nothing(struct manager *manager, const struct strbuf *out, size_t few_len)
{
	struct strbuf *few = &manager->saved_few;
	bool same = strbuf_error(few) == 0 && few->len == few_len &&
		    memcmp(few->data, out->data, few_len) == 0;

	if (!same) {
		strbuf_reset(few);
		strbuf_add(few, out->data, few_len);
	}
	return same && out->len == few_len;
}

static int save_changes(struct manager *manager, struct strbuf *out)
{
	size_t few_len;
	int r = serialize(manager, put_changes, out, &few_len);

	if (r == 0 && !says_nothing(manager, out, few_len))
		return image_add(manager->image, out->data, out->len);
	if (r < 0)
		image_empty(manager->image);
	return r;
}

static int save_whole(struct manager *manager, struct strbuf *out)
{
	int r = serialize(manager, put_all, out, NULL);

	strbuf_reset(&manager->saved_few);
	if (r == 0)
		return image_replace(manager->image, out->data, out->len);
	image_empty(manager->image);
	return r;
}

static void handle_retry(struct loop_timer *timer)
{
	(void)manager_save(container_of(timer, struct manager, save_retry)); /* it has logged */
}

int manager_save(struct manager *manager)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	bool whole;
	int r;

	if (!manager->image)
		return -EOPNOTSUPP;
	note_groups(manager);
	whole = image_wants_whole(manager->image) || strbuf_error(&manager->gone) < 0;
	r = whole ? save_whole(manager, &out) : save_changes(manager, &out);
	if (r == 0) {
		note_saved(manager);
		crash_children_are_known();
	}
	if (r < 0 && !manager->save_failed)
		log_warning_errno(r, "the state for a crash cannot be kept; a crash now would end "
				     "in the rescue shell");
	else if (r == 0 && manager->save_failed)
		log_info("the state for a crash is kept again");
	manager->save_failed = r < 0;
	if (r < 0)
		(void)loop_timer_start(manager->loop, &manager->save_retry,
				       clock_monotonic_us() + RETRY_US, handle_retry);
	else
		loop_timer_stop(&manager->save_retry);
	return r;
}

void manager_keep_image(struct manager *manager, struct image *image)
{
	manager->image = image;
	(void)manager_save(manager); /* it has logged */
}

/* --- on demand --- */

int manager_serialize(struct manager *manager, int fd)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	bool on = false;
	int r = serialize(manager, put_all, &out, NULL);

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
