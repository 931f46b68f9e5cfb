/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"

#include "manager_internal.h"
#include "service_internal.h"
#include "state_collapse.h"
#include "state_proto.h"

/*
 * Reading the state
 *
 * It comes from the same program a moment ago, but a descriptor that is taken over twice or a truncated file would be as bad as from
 * anybody else: each message is unpacked by the wire code, enums are checked, and what can't be understood is left out with
 * a warning, for a service less is better than a PID 1 less. Only the header decides whether anything is read at all.
 *
 * A service is made when its whole definition was gathered, that is at the first message that belongs to something else. What follows
 * for it from its processes comes last of all, when its sockets, its members and the jobs for it are there as well.
 */

#define STATE_MAX_BYTES (64 * 1024 * 1024)

struct made {
	struct service *service;
	struct state_service message;
};

struct reader {
	struct manager *manager;
	struct made *made;
	size_t n_made;
	size_t size_made;
	const char *data;
	size_t len;
	struct state_service message; /* of the service that is being gathered; name NULL: none */
	const char *definition; /* its first byte */
	size_t definition_len;
	struct service *service; /* the last one made */
	struct cgroup *group; /* of the last service or scope */
	bool crashed;
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
	int ready_fd = state_fd_take(message->ready_fd);
	int fd = state_fd_take(message->notify_fd);
	char path[512];

	service->output_read = state_fd_take(message->output_read);
	service->output_saved = message->output_read;
	service->output_write = state_fd_take(message->output_write);
	if (ready_fd >= 0 && service_ready_adopt(service, ready_fd) < 0)
		log_warning("%s: lost the pipe of its readiness", service->name);
	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "%s/notify/%s", service->host->run_dir, service->name);
	if (notify_new(&service->notify, service) < 0) {
		fd_close(fd);
		log_warning("%s: lost its notify socket", service->name);
	} else if (notify_adopt(service->notify, service->host->loop, fd, path,
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
	service->awaits_idle = message->flags & STATE_SERVICE_AWAITS_IDLE;
	service->climbs = message->flags & STATE_SERVICE_CLIMBS;
	service->cleaned = message->flags & STATE_SERVICE_CLEANED;
	service->wished = message->flags & STATE_SERVICE_WISHED;
	service->relations_due = message->flags & STATE_SERVICE_RELATIONS_DUE;
	service->group.killed = message->flags & STATE_SERVICE_GROUP_KILLED;
	service->n_spawn_retries = message->spawn_retries;
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
	service->run_us = message->run_us;
	service->run_id[0] = message->run_id_high;
	service->run_id[1] = message->run_id_low;
	if (copy_text(&service->status_text, message->status_text) < 0 ||
	    copy_text(&service->detail, message->detail) < 0 ||
	    copy_text(&service->error_text, message->error_text) < 0 ||
	    copy_text(&service->failure, message->failure) < 0 ||
	    copy_text(&service->software, message->software) < 0)
		log_warning("%s: no memory for its words", service->name);
	/* Without the name nobody can be waited for, and the pause ends at its deadline. */
	service->awaits_software = service->software &&
				   (message->flags & STATE_SERVICE_AWAITS_SOFTWARE);
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
	if (r == 0 && message->control_pid > 0)
		r = service_need_control(service);
	if (r < 0)
		return r;
	take_values(service, message);
	reader->manager->idle_due |= service->awaits_idle;
	reader->manager->relations_due |= service->relations_due;
	take_fds(service, message);
	reader->service = service;
	reader->group = &service->group;
	if (!service_state_is_inactive(service->state) && !service_is_target(service))
		(void)cgroup_make(&service->group); /* it is there */
	return 0;
}

/* A service that had no chance to tell PID 1 that it lives gets a new one. */
static void resume(struct made *made)
{
	struct state_service *message = &made->message;

	if (message->watchdog_us > 0)
		message->watchdog_us = MAX(message->watchdog_us,
					   clock_monotonic_us() + made->service->watchdog_span_us);
	service_resume(made->service, message);
}

static int note_made(struct reader *reader)
{
	if (reader->n_made == reader->size_made) {
		size_t size = reader->size_made ? reader->size_made * 2 : 64;
		struct made *made = reallocarray(reader->made, size, sizeof(*made));

		if (!made)
			return -ENOMEM;
		reader->made = made;
		reader->size_made = size;
	}
	reader->made[reader->n_made++] = (struct made){ reader->service, reader->message };
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
	if (r == 0)
		r = note_made(reader);
	if (r < 0)
		log_warning_errno(r, "lost %s over the exec", reader->message.name);
	reader->message.name = NULL;
}

/* --- the other messages --- */

static void take_said(struct reader *reader, const void *value)
{
	const struct state_said *message = value;
	struct service *service = reader->service;
	struct execs_pipe *pipe;

	if (!service ||
	    (message->outcome != EXECS_OUTCOME_FAILED && message->outcome != EXECS_OUTCOME_SKIPPED))
		return;
	if (message->of_control && !service->control)
		return;
	pipe = message->of_control ? &service->control->pipe : &service->main.pipe;
	execs_pipe_set(pipe, message->outcome, message->error, message->text);
}

static void take_listen(struct reader *reader, const void *value)
{
	const struct state_listen *message = value;
	int fd = reader->service ? state_fd_take(message->fd) : -1;

	if (fd >= 0)
		(void)listen_adopt(&reader->service->listen, message->address, message->name,
				   fd); /* closes it if it fails */
}

static void take_stored(struct reader *reader, const void *value)
{
	const struct state_stored *message = value;
	int fd = reader->service ? state_fd_take(message->fd) : -1;

	if (fd >= 0)
		service_store_fd(reader->service, message->name, fd, message->polled != 0);
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

static void take_timer(struct reader *reader, const void *value)
{
	if (!reader->service || !reader->service->times)
		return;
	timer_restore(reader->service->times, value);
	timers_note_change(&reader->manager->timers);
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
	int r = manager_restore_job(reader->manager, message);

	if (r < 0)
		log_warning_errno(r, "lost the job for %s over the exec", message->name);
}

static void take_ended(struct reader *reader, const void *value)
{
	const struct state_ended *message = value;

	if (message->result <= JOB_SKIPPED)
		manager_job_ended(reader->manager, message->id, message->name, message->result,
				  message->error, message->detail[0] ? message->detail : NULL);
}

static void take_client(struct reader *reader, const void *value)
{
	const struct state_client *message = value;

	if (reader->manager->control)
		control_adopt_client(reader->manager->control, message, reader->crashed);
}

static void take_other(struct reader *reader, uint16_t opcode, const void *value)
{
	const struct manager_options *options = &reader->manager->options;

	if (options->take)
		options->take(opcode, value, options->data);
}

static const struct {
	uint16_t opcode;
	void (*take)(struct reader *reader, const void *value);
} takers[] = {
	{ STATE_EVENT, take_event },   { STATE_LISTEN, take_listen }, { STATE_STORED, take_stored },
	{ STATE_REASON, take_reason }, { STATE_MEMBER, take_member }, { STATE_SCOPE, take_scope },
	{ STATE_JOB, take_job },       { STATE_CLIENT, take_client }, { STATE_SAID, take_said },
	{ STATE_ENDED, take_ended },   { STATE_TIMER, take_timer },
};

union any_state {
	struct state_event event;
	struct state_listen listen;
	struct state_stored stored;
	struct state_reason reason;
	struct state_member member;
	struct state_scope scope;
	struct state_job job;
	struct state_client client;
	struct state_machine machine;
	struct state_helper helper;
	struct state_overlay overlay;
	struct state_said said;
	struct state_ended ended;
	struct state_page page;
	struct state_forward forward;
	struct state_load load;
	struct state_kept_fd kept_fd;
	struct state_timer timer;
};

static void take(struct reader *reader, uint16_t opcode, const void *data, uint32_t len)
{
	union any_state value;

	if (opcode >= STATE_MACHINE) {
		if (wire_unpack(&manager_state_protocol, data, len, opcode, &value,
				sizeof(value)) == 0)
			take_other(reader, opcode, &value);
		return;
	}
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
	if (ret->version != STATE_VERSION)
		return -EPROTO;
	if (strcmp(ret->program, EARLY_VERSION) != 0)
		log_info("taking over from early-init %s", ret->program);
	reader->data += len;
	reader->len -= len;
	return 0;
}

static int read_state(struct reader *reader)
{
	struct manager *manager = reader->manager;
	struct state_manager header;
	int r, control_fd;

	r = read_header(reader, &header);
	if (r < 0)
		return r;
	manager->host.streams = header.streams;
	manager->jobs.last_id = header.last_job;
	manager->stopping = header.stopping != 0;
	manager->host.gated = header.gated != 0;
	control_fd = state_fd_take(header.control_fd);
	if (control_fd >= 0)
		r = control_new_from_fd(&manager->control, manager, control_fd);
	manager->control_saved = header.control_fd;
	if (r < 0)
		log_warning_errno(r, "lost the control socket");
	do {
		r = read_one(reader);
	} while (r == 0);
	if (r < 0)
		return r;
	for (size_t i = 0; i < reader->n_made; i++)
		resume(&reader->made[i]);
	manager_wake(manager);
	return 0;
}

/* Only of the version that we know are the fields of all else: it stands first. */
static int check_version(const char *bytes, size_t n_bytes)
{
	const unsigned char *at = (const unsigned char *)bytes + WIRE_HEADER_SIZE;
	uint16_t opcode;
	uint32_t len, version;

	if (wire_peek(bytes, n_bytes, &opcode, &len) < 0 || opcode != STATE_MANAGER ||
	    n_bytes < WIRE_HEADER_SIZE + sizeof(version))
		return -EPROTO;
	version = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
	return version == STATE_VERSION ? 0 : -EPROTONOSUPPORT;
}

static int read_bytes(struct manager *manager, const char *bytes, size_t n_bytes, bool crashed)
{
	struct reader reader = { .manager = manager, .crashed = crashed };
	char *state CLEANUP(free_charp)
	= NULL;
	int r = check_version(bytes, n_bytes);

	if (r == 0)
		r = state_collapse(bytes, n_bytes, &state, &reader.len);
	if (r < 0)
		return r;
	reader.data = state;
	r = read_state(&reader);
	free(reader.made);
	return r;
}

int manager_deserialize(struct manager *manager, int fd)
{
	char *bytes CLEANUP(free_charp)
	= NULL;
	size_t n_bytes;
	int r = fd_read_all(fd, STATE_MAX_BYTES, &bytes, &n_bytes);

	return r < 0 ? r : read_bytes(manager, bytes, n_bytes, false);
}

int manager_read_image(struct manager *manager, const int fds[2], bool crashed)
{
	char *bytes CLEANUP(free_charp)
	= NULL;
	size_t n_bytes;
	int r = image_read(fds, &bytes, &n_bytes);

	return r < 0 ? r : read_bytes(manager, bytes, n_bytes, crashed);
}
