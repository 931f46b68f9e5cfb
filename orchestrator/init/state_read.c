/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"

#include "manager_internal.h"
#include "service_internal.h"
#include "state_proto.h"

/*
 * Reading the state
 *
 * It comes from the same program a moment ago, but a descriptor that is taken over twice or a truncated file would be as bad as from
 * anybody else: each message is unpacked by the wire code, enums are checked, and what can't be understood is left out with
 * a warning, for a service less is better than a PID 1 less. Only the header decides whether anything is read at all.
 *
 * A service is made when its whole definition was gathered, that is at the first message that belongs to something else.
 */

#define STATE_MAX_BYTES (64 * 1024 * 1024)

struct reader {
	struct manager *manager;
	const char *data;
	size_t len;
	struct state_service message; /* of the service that is being gathered; name NULL: none */
	const char *definition; /* its first byte */
	size_t definition_len;
	struct service *service; /* the last one made */
	struct cgroup *group; /* of the last service or scope */
};

static bool is_definition(uint16_t opcode)
{
	return opcode < STATE_MANAGER;
}

/* --- services --- */

static int copy_text(char **text, const char *from)
{
	*text = from[0] ? strdup(from) : NULL;
	return from[0] && !*text ? -ENOMEM : 0;
}

static void take_fds(struct service *service, const struct state_service *message)
{
	char path[512];

	service->output_read = message->output_read;
	service->output_write = message->output_write;
	if (service->output_read >= 0)
		(void)fd_set_cloexec(service->output_read, true); /* open, so it can't fail */
	if (service->output_write >= 0)
		(void)fd_set_cloexec(service->output_write, true); /* open, so it can't fail */
	if (message->ready_fd >= 0) {
		(void)fd_set_cloexec(message->ready_fd, true); /* open, so it can't fail */
		if (service_ready_adopt(service, message->ready_fd) < 0)
			log_warning("%s: lost the pipe of its readiness", service->name);
	}
	if (message->notify_fd < 0)
		return;
	snprintf(path, sizeof(path), "%s/notify/%s", service->host->run_dir, service->name);
	if (notify_adopt(&service->notify, service->host->loop, message->notify_fd, path,
			 service_handle_notify) < 0)
		log_warning("%s: lost its notify socket", service->name);
}

static void take_values(struct service *service, const struct state_service *message)
{
	service->state = message->state;
	service->result = message->result;
	service->since_us = message->since_us;
	service->started_us = message->started_us;
	service->restarts = message->restarts;
	service->nth = message->nth;
	service->exit_code = message->exit_code;
	service->exit_status = message->exit_status;
	service->stop_wanted = message->flags & STATE_SERVICE_STOP_WANTED;
	service->restart_wanted = message->flags & STATE_SERVICE_RESTART_WANTED;
	service->main_gone = message->flags & STATE_SERVICE_MAIN_GONE;
	service->conditions_met = message->flags & STATE_SERVICE_CONDITIONS_MET;
	service->prestart_pending = message->flags & STATE_SERVICE_PRESTART;
	service->backoff = (struct backoff){
		.window_us = message->window_us,
		.starts = message->starts,
		.quick_deaths = message->quick_deaths,
		.forgiven_us = message->forgiven_us,
		.loop = message->loop,
	};
	service->rung = message->rung;
	service->watchdog_span_us = message->watchdog_span_us;
	service->background = message->background;
	service->failure_us = message->failure_us;
	service->failure_run_us = message->failure_run_us;
	if (copy_text(&service->status_text, message->status_text) < 0 ||
	    copy_text(&service->detail, message->detail) < 0 ||
	    copy_text(&service->failure, message->failure) < 0 ||
	    copy_text(&service->software, message->software) < 0)
		log_warning("%s: no memory for its words", service->name);
}

static int make_service(struct reader *reader)
{
	const struct state_service *message = &reader->message;
	struct definition *definition CLEANUP_DEFINITION = NULL;
	struct service *service;
	int r;

	if (message->state >= SERVICE_STATE_COUNT || message->result >= VERDICT_RESULT_COUNT ||
	    message->background > BACKGROUND_PROCESSES || message->loop > BACKOFF_LOOP_SLOW)
		return -EPROTO;
	r = definition_new(&definition, reader->definition, reader->definition_len);
	if (r < 0)
		return r;
	if (manager_find(reader->manager, definition->service.name))
		return -EEXIST;
	r = manager_add_service(reader->manager, definition, &service);
	if (r < 0)
		return r;
	take_values(service, message);
	take_fds(service, message);
	reader->service = service;
	reader->group = &service->group;
	if (!service_state_is_inactive(service->state) && !service_is_target(service))
		(void)cgroup_make(&service->group); /* it is there */
	return 0;
}

static void flush(struct reader *reader)
{
	int r;

	if (!reader->message.name)
		return;
	reader->service = NULL;
	reader->group = NULL;
	r = make_service(reader);
	if (r < 0)
		log_warning_errno(r, "lost %s over the exec", reader->message.name);
	else
		service_resume(reader->service, &reader->message);
	reader->message.name = NULL;
}

/* --- the other messages --- */

static void take_listen(struct reader *reader, const void *value)
{
	const struct state_listen *message = value;

	if (reader->service)
		(void)listen_adopt(&reader->service->listen, message->address, message->name,
				   message->fd); /* closes it if it fails */
}

static void take_stored(struct reader *reader, const void *value)
{
	const struct state_stored *message = value;

	if (reader->service && fd_set_cloexec(message->fd, true) == 0)
		service_store_fd(reader->service, message->name, message->fd, true);
}

static void take_reason(struct reader *reader, const void *value)
{
	const struct state_reason *message = value;
	struct service *service = reader->service;

	if (!service)
		return;
	service_add_reason(service, message->text);
	if (service->n_reasons > 0)
		service->reasons[service->n_reasons - 1].t_us = message->t_us;
}

static void take_member(struct reader *reader, const void *value)
{
	const struct state_member *message = value;

	if (reader->group && !cgroup_tree_is_real(reader->manager->cgroups))
		(void)cgroup_add(reader->group, message->pid); /* no memory: not followed */
}

static void take_scope(struct reader *reader, const void *value)
{
	const struct state_scope *message = value;
	struct scope *scope;
	int r;

	reader->service = NULL;
	reader->group = NULL;
	r = manager_add_scope(reader->manager, message->name, message->slice, message->description,
			      &scope);
	if (r < 0) {
		log_warning_errno(r, "lost %s over the exec", message->name);
		return;
	}
	scope->since_us = message->since_us;
	scope->abandoned = message->flags & STATE_SCOPE_ABANDONED;
	scope->stopping = message->flags & STATE_SCOPE_STOPPING;
	reader->group = &scope->group;
	scope->stop_job = message->stop_job;
	if (scope->stop_job != 0)
		(void)manager_scope_stop(reader->manager, scope,
					 &scope->stop_job); /* then it has no deadline */
	if (cgroup_tree_is_real(reader->manager->cgroups))
		cgroup_entered(&scope->group);
}

static void take_event(struct reader *reader, const void *value)
{
	const struct state_event *message = value;

	(void)timeline_add(&reader->manager->timeline, message->name, message->t_us,
			   message->why); /* no memory: one event less */
}

static void take_job(struct reader *reader, const void *value)
{
	const struct state_job *message = value;
	int r = message->kind > JOB_RELOAD
			? -EPROTO
			: manager_restore_job(reader->manager, message->id, message->kind,
					      message->name, message->why);

	if (r < 0)
		log_warning_errno(r, "lost the job for %s over the exec", message->name);
}

static const struct {
	uint16_t opcode;
	void (*take)(struct reader *reader, const void *value);
} takers[] = {
	{ STATE_EVENT, take_event },   { STATE_LISTEN, take_listen }, { STATE_STORED, take_stored },
	{ STATE_REASON, take_reason }, { STATE_MEMBER, take_member }, { STATE_SCOPE, take_scope },
	{ STATE_JOB, take_job },
};

union any_state {
	struct state_event event;
	struct state_listen listen;
	struct state_stored stored;
	struct state_reason reason;
	struct state_member member;
	struct state_scope scope;
	struct state_job job;
};

static void take(struct reader *reader, uint16_t opcode, const void *data, uint32_t len)
{
	union any_state value;

	for (size_t i = 0; i < ARRAY_SIZE(takers); i++) {
		if (takers[i].opcode != opcode)
			continue;
		if (wire_unpack(&manager_state_protocol, data, len, opcode, &value,
				sizeof(value)) == 0)
			takers[i].take(reader, &value);
		return;
	}
}

/* One message; 1 at the end. */
static int read_one(struct reader *reader)
{
	const char *data = reader->data;
	uint16_t opcode;
	uint32_t len;

	if (wire_peek(data, reader->len, &opcode, &len) < 0 || len > reader->len)
		return -EPROTO;
	reader->data += len;
	reader->len -= len;
	if (is_definition(opcode)) {
		if (!reader->definition)
			reader->definition = data;
		reader->definition_len = (size_t)(reader->data - reader->definition);
		return 0;
	}
	flush(reader);
	if (opcode == STATE_END)
		return 1;
	if (opcode != STATE_SERVICE) {
		take(reader, opcode, data, len);
		return 0;
	}
	reader->definition = NULL;
	reader->definition_len = 0;
	if (wire_unpack(&manager_state_protocol, data, len, opcode, &reader->message,
			sizeof(reader->message)) < 0)
		return -EPROTO;
	return 0;
}

static int read_header(struct reader *reader, struct state_manager *ret)
{
	uint16_t opcode;
	uint32_t len;

	if (wire_peek(reader->data, reader->len, &opcode, &len) < 0 || len > reader->len ||
	    opcode != STATE_MANAGER ||
	    wire_unpack(&manager_state_protocol, reader->data, len, opcode, ret, sizeof(*ret)) < 0)
		return -EPROTO;
	if (ret->version != STATE_VERSION || strcmp(ret->program, EARLY_VERSION) != 0)
		return -EPROTO;
	reader->data += len;
	reader->len -= len;
	return 0;
}

static int read_state(struct reader *reader)
{
	struct manager *manager = reader->manager;
	struct state_manager header;
	int r;

	r = read_header(reader, &header);
	if (r < 0)
		return r;
	manager->host.streams = header.streams;
	manager->jobs.last_id = header.last_job;
	do {
		r = read_one(reader);
	} while (r == 0);
	if (r < 0)
		return r;
	if (header.control_fd >= 0 && !manager->control)
		r = control_new_from_fd(&manager->control, manager, header.control_fd);
	manager_wake(manager);
	return r < 0 ? r : 0;
}

int manager_deserialize(struct manager *manager, int fd)
{
	struct reader reader = { .manager = manager };
	char *data CLEANUP(free_charp)
	= NULL;
	int r;

	r = fd_read_all(fd, STATE_MAX_BYTES, &data, &reader.len);
	if (r < 0)
		return r;
	reader.data = data;
	return read_state(&reader);
}
