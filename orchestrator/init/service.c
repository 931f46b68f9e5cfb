/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"

#include "scope.h"
#include "service_internal.h"
#include "shared_text.h"
#include "state_fd.h"

/*
 * A service: what it is, and what may be asked of it. What follows from an event is service_state.c's table, performed by
 * service_step.c; its processes are service_run.c's. Nothing here waits; every request ends in a step of the table or is
 * refused, and may be made twice.
 */

#define PRESTART_DEADLINE_US (10 * USEC_PER_SEC)
#define IDLE_DEADLINE_US (5 * USEC_PER_SEC) /* systemd's */

static int init_group(struct service *service)
{
	char *path CLEANUP(free_charp)
	= NULL;
	const char *slice = service->definition->service.slice;
	int r = scope_path(slice[0] ? slice : "system.slice", service->name, &path);

	if (r < 0)
		return r;
	return cgroup_init(&service->group, service->host->cgroups, path, service_handle_empty,
			   service);
}

int service_new(struct service **ret, const struct service_host *host,
		struct definition *definition)
{
	struct service *service = calloc(1, sizeof(*service));
	int r;

	if (!service)
		return -ENOMEM;
	service->host = host;
	service->definition = definition_ref(definition);
	service->main.service = service;
	service->main.child.ending = service_hear_last_words;
	service->main.pipe.fd = -1;
	service->group.fd = service->ready_fd = -1;
	service->main_pidfd = -1;
	service->output_read = service->output_write = -1;
	list_init(&service->link);
	list_init(&service->unsaved_link);
	list_init(&service->touched_link);
	list_init(&service->stored_fds);
	service->name = shared_text_own(definition->service.name);
	r = service->name ? init_group(service) : -ENOMEM;
	if (r < 0) {
		service_free(service);
		return r;
	}
	*ret = service;
	return 0;
}

struct service_watch *service_need_watch(struct service *service)
{
	if (!service->watch)
		service->watch = calloc(1, sizeof(*service->watch));
	if (service->watch)
		service->watch->service = service;
	return service->watch;
}

int service_need_control(struct service *service)
{
	if (service->control)
		return 0;
	service->control = calloc(1, sizeof(*service->control));
	if (!service->control)
		return -ENOMEM;
	service->control->service = service;
	service->control->child.ending = service_hear_last_words;
	service->control->pipe.fd = -1;
	return 0;
}

pid_t service_control_pid(const struct service *service)
{
	return service->control ? service->control->pid : 0;
}

int service_control_pipe(const struct service *service)
{
	return service->control ? service->control->pipe.fd : -1;
}

static void process_done(struct service_process *process)
{
	if (!process)
		return;
	loop_child_unwatch(&process->child);
	execs_pipe_done(&process->pipe);
}

struct service *service_free(struct service *service)
{
	if (!service)
		return NULL;
	list_remove(&service->link);
	list_remove(&service->unsaved_link);
	list_remove(&service->touched_link);
	process_done(&service->main);
	process_done(service->control);
	free(service->control);
	loop_timer_stop(&service->timer);
	loop_timer_stop(&service->again);
	service_ready_close(service);
	service_forget_stranger(service);
	service_stop_watchdog(service);
	free(service->watch);
	notify_close(service->notify);
	free(service->notify);
	listen_close(&service->listen);
	service_drop_stored_fds(service);
	cgroup_done(&service->group);
	fd_close(service->output_read);
	fd_close(service->output_write);
	for (size_t i = 0; i < service->n_reasons; i++)
		shared_text_free(service->reasons[i].text);
	if (service->reasons != &service->first_reason)
		free(service->reasons);
	definition_unref(service->definition);
	free(service->software);
	free(service->error_text);
	free(service->status_text);
	free(service->detail);
	free(service->failure);
	shared_text_free(service->name);
	free(service);
	return NULL;
}

int service_set_definition(struct service *service, struct definition *definition)
{
	bool found = definition->service.load_state != TABLE_LOAD_NOT_FOUND;
	struct definition *taken = definition;
	int r = 0;

	if (!found && !service_state_is_inactive(service->state)) {
		r = definition_new_gone(&taken, service->definition);
		definition_unref(definition);
	}
	if (r < 0)
		return r;
	definition_unref(service->definition);
	service->definition = taken;
	service->host->changed(service, service->host->data);
	return 0;
}

bool service_is_target(const struct service *service)
{
	return service->definition->service.type == TABLE_TYPE_TARGET;
}

bool service_is_starting(const struct service *service)
{
	return service->prestart_pending ||
	       (service->state >= SERVICE_CONDITION && service->state <= SERVICE_START_POST);
}

/* --- start --- */

static void handle_prestart_deadline(struct loop_timer *timer)
{
	struct service *service = container_of(timer, struct service, timer);

	if (!service->awaits_idle)
		log_warning("%s: nobody said in time that it may start, starting it",
			    service->name);
	service_prestart_done(service);
}

static bool may_start_now(struct service *service)
{
	const struct definition_words *words = &service->definition->service;

	return backoff_start(&service->backoff, clock_monotonic_us(), words->start_limit_burst,
			     words->start_limit_interval_us);
}

void service_begin(struct service *service)
{
	const struct definition_words *words = &service->definition->service;

	if (!may_start_now(service) &&
	    !(service->state == SERVICE_AUTO_RESTART && service_give_up(service))) {
		service->result = VERDICT_SUCCESS;
		service_fail(service, VERDICT_START_LIMIT, "started too often (%u times)",
			     words->start_limit_burst);
		service_dispatch(service, SERVICE_EVENT_RESTART_REFUSED);
		return;
	}
	if (service_waits_for_software(service))
		return;
	if (!service->host->prestart(service, service->host->data)) {
		service_dispatch(service, SERVICE_EVENT_START);
		return;
	}
	service->prestart_pending = true;
	(void)loop_timer_start(service->host->loop, &service->timer,
			       clock_monotonic_us() + (service->awaits_idle ? IDLE_DEADLINE_US
									    : PRESTART_DEADLINE_US),
			       handle_prestart_deadline); /* the answer comes without it as well */
	service->host->changed(service, service->host->data);
}

void service_resume_prestart(struct service *service, uint64_t deadline_us)
{
	if (deadline_us == 0 || loop_timer_start(service->host->loop, &service->timer, deadline_us,
						 handle_prestart_deadline) < 0)
		service_prestart_done(service);
}

void service_prestart_done(struct service *service)
{
	if (!service->prestart_pending)
		return;
	service->prestart_pending = service->awaits_idle = false;
	loop_timer_stop(&service->timer);
	service_dispatch(service, SERVICE_EVENT_START);
}

static bool may_start(enum service_state state)
{
	return service_state_is_inactive(state) || state == SERVICE_AUTO_RESTART;
}

int service_start(struct service *service)
{
	if (service_state_is_active(service->state) || service_is_starting(service))
		return -EALREADY;
	if (!may_start(service->state))
		return -EBUSY;
	service->stop_wanted = service->restart_wanted = false;
	loop_timer_stop(&service->timer);
	if (service->state != SERVICE_AUTO_RESTART) {
		service_climb_down(service);
		service->restarts = 0;
	}
	service_begin(service);
	return 0;
}

/* --- stop, reload --- */

int service_stop(struct service *service)
{
	if (service->prestart_pending) {
		service->prestart_pending = false;
		loop_timer_stop(&service->timer);
		service->host->changed(service, service->host->data);
	}
	if (service_state_is_inactive(service->state))
		return -EALREADY;
	service->stop_wanted = true;
	service_dispatch(service, SERVICE_EVENT_STOP);
	return 0;
}

bool service_can_reload(const struct service *service)
{
	return definition_exec(service->definition, TABLE_PHASE_RELOAD, 0) ||
	       service->definition->service.type == TABLE_TYPE_NOTIFY_RELOAD;
}

int service_reload(struct service *service)
{
	bool commands = definition_exec(service->definition, TABLE_PHASE_RELOAD, 0);

	if (!service_can_reload(service))
		return -ENOTSUP;
	if (service->state != SERVICE_RUNNING && service->state != SERVICE_EXITED)
		return -EBUSY;
	service_dispatch(service, commands ? SERVICE_EVENT_RELOAD : SERVICE_EVENT_RELOAD_BY_SIGNAL);
	return 0;
}

void service_owner_changed(struct service *service, pid_t pid)
{
	if (service->definition->service.type != TABLE_TYPE_DBUS)
		return;
	if (pid > 0)
		service_dispatch(service, SERVICE_EVENT_READY);
}

int service_kill(struct service *service, int signo)
{
	if (service->main.pid > 0 && !cgroup_contains(&service->group, service->main.pid))
		(void)kill(service->main.pid, signo); /* moved away by itself, or gone */
	return cgroup_kill(&service->group, signo, 0);
}

void service_reset_failed(struct service *service)
{
	backoff_reset(&service->backoff);
	if (service_state_is_inactive(service->state))
		service_climb_down(service);
	service->restarts = 0;
	service->host->changed(service, service->host->data);
	if (service->state != SERVICE_FAILED)
		return;
	service->state = SERVICE_DEAD;
	service->result = VERDICT_SUCCESS;
	service->since_us = clock_boottime_us();
	service->host->state_changed(service, SERVICE_FAILED, service->host->data);
}

/* --- reasons, output, descriptors --- */

/* Room for one more at the end. */
static int make_room(struct service *service)
{
	struct service_reason *old = service->reasons, *reasons = &service->first_reason;

	if (service->n_reasons == SERVICE_MAX_REASONS) {
		shared_text_free(service->reasons[0].text);
		memmove(&service->reasons[0], &service->reasons[1],
			(SERVICE_MAX_REASONS - 1) * sizeof(service->reasons[0]));
		service->n_reasons--;
		return 0;
	}
	if (old)
		reasons = reallocarray(old == &service->first_reason ? NULL : old,
				       service->n_reasons + 1, sizeof(*reasons));
	if (!reasons)
		return -ENOMEM;
	if (old == &service->first_reason)
		reasons[0] = *old;
	service->reasons = reasons;
	return 0;
}

void service_add_reason(struct service *service, const char *why)
{
	const char *text;

	if (!why || !why[0])
		return;
	text = shared_text_new(why);
	if (!text || make_room(service) < 0) {
		shared_text_free(text);
		return;
	}
	service->reasons[service->n_reasons++] = (struct service_reason){ clock_boottime_us(),
									  text };
}

const char *service_last_reason(const struct service *service)
{
	return service->n_reasons > 0 ? service->reasons[service->n_reasons - 1].text : "";
}

void service_fail(struct service *service, enum verdict_result result, const char *fmt, ...)
{
	char text[512];
	va_list args;

	if (service->result != VERDICT_SUCCESS)
		return;
	service->result = result;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	free(service->detail);
	service->detail = strdup(text);
	if (result != VERDICT_CONDITION && result != VERDICT_START_LIMIT)
		service_note_failure(service, true, "%s", text);
	if (result != VERDICT_CONDITION)
		log_warning("%s: %s", service->name, text);
}

int service_output(struct service *service)
{
	int ends[2];

	if (!service->host->streams)
		return -1;
	if (service->output_write >= 0)
		return service->output_write;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	/* Only the read end: a writer expects its stdout to take all it gets. */
	(void)fd_set_nonblock(ends[0], true);
	service->output_read = ends[0];
	service->output_write = ends[1];
	service->output_saved = state_fd(ends[0]);
	service->host->stream(service, service->host->data);
	return service->output_write;
}
