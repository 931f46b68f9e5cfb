/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/parse.h"

#include "cgroup_devices.h"
#include "cgroup_limits.h"
#include "cgroup_network.h"
#include "command.h"
#include "run_variables.h"
#include "service_internal.h"
#include "state_proto.h"

/*
 * The shell of the table: performs what a step says, in the order of the action bits. A step may lead to the next one at once (a
 * phase without commands, a group without processes), so dispatch calls itself, at most once for each state on the way; loops
 * go through a timer.
 */

/* --- timers --- */

static enum service_event timeout_event(const struct service *service)
{
	static const enum service_event events[] = {
		[TABLE_FAILURE_TERMINATE] = SERVICE_EVENT_TIMEOUT,
		[TABLE_FAILURE_ABORT] = SERVICE_EVENT_TIMEOUT_ABORT,
		[TABLE_FAILURE_KILL] = SERVICE_EVENT_TIMEOUT_KILL,
	};
	const struct definition_words *words = &service->definition->service;

	if (service_is_starting(service))
		return events[words->start_failure_mode];
	if (service->state == SERVICE_STOP || service->state == SERVICE_STOP_SIGTERM)
		return events[words->stop_failure_mode];
	return SERVICE_EVENT_TIMEOUT;
}

static void handle_timeout(struct loop_timer *timer)
{
	struct service *service = container_of(timer, struct service, timer);

	if (service->state == SERVICE_AUTO_RESTART) {
		service->awaits_software = false;
		service_begin(service);
		return;
	}
	if (service->state == SERVICE_FINAL_SIGKILL)
		log_warning("%s: processes are left that cannot be killed", service->name);
	else if (service_state_is_reload(service->state))
		log_warning("%s: reload took too long", service->name);
	else if (service->state == SERVICE_RUNNING)
		service_fail(service, VERDICT_TIMEOUT, "ran for longer than RuntimeMaxSec=");
	else
		service_fail(service, VERDICT_TIMEOUT, "took too long in state %s",
			     service_sub_state_name(service->state));
	service_dispatch(service, timeout_event(service));
}

void service_restart_due(struct service *service)
{
	if (service->state != SERVICE_AUTO_RESTART || service->prestart_pending ||
	    !service->timer.loop || service->timer.deadline_us > clock_monotonic_us())
		return;
	loop_timer_stop(&service->timer);
	handle_timeout(&service->timer);
}

static void arm(struct service *service, uint64_t span_us)
{
	uint64_t now_us = clock_monotonic_us();
	int r;

	if (span_us == PARSE_INFINITY || span_us > UINT64_MAX - now_us)
		return;
	r = loop_timer_start(service->host->loop, &service->timer, now_us + span_us,
			     handle_timeout);
	if (r < 0)
		log_warning_errno(r, "%s: cannot set a deadline", service->name);
}

static void handle_watchdog(struct loop_timer *timer)
{
	struct service *service = container_of(timer, struct service_watch, alive)->service;

	service_fail(service, VERDICT_WATCHDOG, "gave no sign of life within WatchdogSec=");
	service_dispatch(service, SERVICE_EVENT_WATCHDOG);
}

/* Without memory or a timer it is merely not watched. */
static void await_life(struct service *service, uint64_t deadline_us)
{
	struct service_watch *watch = service_need_watch(service);

	if (watch)
		(void)loop_timer_start(service->host->loop, &watch->alive, deadline_us,
				       handle_watchdog);
}

void service_pet_watchdog(struct service *service)
{
	uint64_t span_us = service->watchdog_span_us;
	uint64_t now_us = clock_monotonic_us();

	if (span_us > 0 && span_us <= UINT64_MAX - now_us)
		await_life(service, now_us + span_us);
}

void service_stop_watchdog(struct service *service)
{
	if (service->watch)
		loop_timer_stop(&service->watch->alive);
}

uint64_t service_watchdog_deadline(const struct service *service)
{
	const struct loop_timer *alive = service->watch ? &service->watch->alive : NULL;

	return alive && alive->loop ? alive->deadline_us : 0;
}

static uint64_t stop_timeout(const struct definition_words *words, bool aborted)
{
	if (aborted && words->rare->abort_timeout_us > 0)
		return words->rare->abort_timeout_us;
	return words->stop_timeout_us > 0 ? words->stop_timeout_us : PARSE_INFINITY;
}

/* RuntimeMaxSec= counts from the start, however often it was reloaded since. */
static void arm_runtime(struct service *service)
{
	uint64_t max_us = service->definition->service.rare->runtime_max_us;
	uint64_t past_us = clock_monotonic_us() - service->started_us;

	if (max_us > 0 && service->state == SERVICE_RUNNING)
		arm(service, max_us > past_us ? max_us - past_us : 1);
}

static void set_timer(struct service *service, uint32_t actions)
{
	const struct definition_words *words = &service->definition->service;

	if (actions & SERVICE_ACTION_TIME_START)
		arm(service,
		    words->start_timeout_us > 0 ? words->start_timeout_us : PARSE_INFINITY);
	if (actions & SERVICE_ACTION_TIME_STOP)
		arm(service, stop_timeout(words, actions & SERVICE_ACTION_KILL_ABORT));
	if (actions & SERVICE_ACTION_TIME_REST)
		arm(service, SERVICE_REST_DEADLINE_US);
	if (actions & SERVICE_ACTION_TIME_RESTART)
		arm(service, service_restart_delay(service));
	arm_runtime(service);
}

void service_resume(struct service *service, const struct state_service *state)
{
	struct loop *loop = service->host->loop;

	if (service->prestart_pending)
		service_resume_prestart(service, state->deadline_us);
	else if (state->deadline_us > 0)
		(void)loop_timer_start(loop, &service->timer, state->deadline_us,
				       handle_timeout); /* then it has no deadline */
	if (state->watchdog_us > 0)
		await_life(service, state->watchdog_us);
	service_resume_processes(service, state);
}

/* --- a new run --- */

/* A user manager's group is the user's: its uid is its instance name. */
static void delegate(struct service *service)
{
	uint32_t uid = 0;
	char digits[16];
	int r;

	if (sscanf(service->name, "user@%15[0-9].service", digits) == 1)
		(void)parse_u32(digits, &uid); /* out of range: stays root's */
	r = cgroup_delegate(&service->group, uid, uid);
	if (r < 0)
		log_warning_errno(r, "%s: cannot delegate its group", service->name);
}

/* Limits of the slices that it lies in: /a.slice/a-b.slice/x.service. */
static void limit_slices(struct service *service)
{
	const char *path = service->group.path;

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *slice_path CLEANUP(free_charp)
		= strndup(path, (size_t)(slash - path));
		const struct definition_words *words = NULL;

		if (slice_path && service->host->words)
			words = service->host->words(strrchr(slice_path, '/') + 1,
						     service->host->data);
		if (words)
			cgroup_limit(service->host->cgroups, slice_path, &words->cgroup);
	}
}

static void make_group(struct service *service)
{
	const struct definition_words *words = &service->definition->service;
	bool is_new = service->group.fd < 0;
	int r = cgroup_make(&service->group);

	if (r < 0) {
		log_warning_errno(r, "%s: cannot make its group", service->name);
		return;
	}
	limit_slices(service);
	cgroup_limit(service->host->cgroups, service->group.path, &words->cgroup);
	if (is_new) { /* what goes wrong is told there */
		(void)cgroup_restrict_devices(&service->group, &words->rare->devices);
		(void)cgroup_restrict_network(&service->group, &words->rare->addresses);
	}
	if (service->host->gated && service->wished)
		service->background = background_enter(&service->group);
	if (words->flags & TABLE_FLAG_DELEGATE) {
		cgroup_enable(service->host->cgroups, service->group.path, &words->rare->delegate);
		delegate(service);
	}
}

void service_raise(struct service *service)
{
	service->wished = false;
	if (service->background == BACKGROUND_NONE)
		return;
	background_raise(&service->group, service->background);
	service->background = BACKGROUND_NONE;
	/* What its manifest says of weights was overwritten. */
	cgroup_limit(service->host->cgroups, service->group.path,
		     &service->definition->service.cgroup);
}

static void prepare(struct service *service)
{
	int r;

	make_group(service);
	if (service_notify_access(service) != TABLE_NOTIFY_NONE) {
		r = service->notify ? 0 : notify_new(&service->notify, service);
		if (r == 0)
			r = notify_open(service->notify, service->host->loop,
					service->host->run_dir, service->name,
					service_handle_notify);
		if (r < 0)
			log_warning_errno(r, "%s: cannot make its notify socket", service->name);
	}
	if (service->definition->service.flags & TABLE_FLAG_LISTEN_FDS)
		(void)listen_open(
			&service->listen, service->definition,
			service->host->run_dir); /* logged there; the service may bind by itself */
}

static char *free_text(char *text)
{
	free(text);
	return NULL;
}

static void clear(struct service *service)
{
	service->result = VERDICT_SUCCESS;
	service->stop_wanted = service->restart_wanted = false;
	service->main_gone = service->conditions_met = service->cleaned = false;
	service->exit_code = service->exit_status = 0;
	service->watchdog_span_us = service->definition->service.rare->watchdog_us;
	service->error_text = free_text(service->error_text);
	service->started_us = clock_monotonic_us();
	service->run_us = clock_boottime_us();
	run_variables_new_id(service->run_id);
	free(service->detail);
	free(service->status_text);
	service->detail = service->status_text = NULL;
	if (!service_is_target(service))
		prepare(service);
}

/* --- ends --- */

static bool spares_rest(const struct service *service)
{
	uint32_t mode = service->definition->service.kill_mode;

	return mode == TABLE_KILL_PROCESS || mode == TABLE_KILL_NONE;
}

static void kill_main(struct service *service, int signo)
{
	if (service->main.pid > 0)
		(void)kill(service->main.pid, signo); /* gone: its end is on its way */
}

static void terminate(struct service *service)
{
	const struct definition_words *words = &service->definition->service;
	bool group = words->kill_mode == TABLE_KILL_CONTROL_GROUP;
	int signo = words->kill_signal ? words->kill_signal : SIGTERM;

	if (service->restart_wanted && words->restart_kill_signal)
		signo = words->restart_kill_signal;

	if (words->kill_mode == TABLE_KILL_NONE)
		return;
	kill_main(service, signo);
	if (group)
		(void)cgroup_kill(&service->group, signo, service->main.pid);
	if (words->flags & TABLE_FLAG_SEND_SIGHUP) {
		kill_main(service, SIGHUP);
		if (group)
			(void)cgroup_kill(&service->group, SIGHUP, service->main.pid);
	}
	/* One that is stopped would never see it. */
	kill_main(service, SIGCONT);
	if (group)
		(void)cgroup_kill(&service->group, SIGCONT, service->main.pid);
}

static void abort_main(struct service *service)
{
	int signo = service->definition->service.watchdog_signal;

	kill_main(service, signo ? signo : SIGABRT);
	if (!spares_rest(service))
		(void)cgroup_kill(&service->group, SIGTERM, service->main.pid);
}

static int final_signal(const struct service *service)
{
	int signo = service->definition->service.final_kill_signal;

	return signo ? signo : SIGKILL;
}

static void kill_hard(struct service *service)
{
	const struct definition_words *words = &service->definition->service;

	if (words->kill_mode == TABLE_KILL_NONE || (words->flags & TABLE_FLAG_SEND_SIGKILL_NO))
		return;
	kill_main(service, final_signal(service));
	if (!spares_rest(service))
		(void)cgroup_kill(&service->group, final_signal(service), 0);
}

static void kill_rest(struct service *service)
{
	const struct definition_words *words = &service->definition->service;

	if (spares_rest(service) || (words->flags & TABLE_FLAG_SEND_SIGKILL_NO))
		return;
	kill_main(service, final_signal(service));
	(void)cgroup_kill(&service->group, final_signal(service), 0);
}

static void signal_reload(struct service *service)
{
	int signo = service->definition->service.reload_signal;

	kill_main(service, signo ? signo : SIGHUP);
}

static bool awaits_end(uint32_t actions)
{
	return actions & (SERVICE_ACTION_KILL_MAIN_AND_GROUP | SERVICE_ACTION_KILL_ABORT |
			  SERVICE_ACTION_KILL_HARD | SERVICE_ACTION_KILL_REST);
}

static void kill_processes(struct service *service, uint32_t actions)
{
	if (awaits_end(actions))
		cgroup_look(&service->group);
	if ((actions & SERVICE_ACTION_KILL_CONTROL) && service_control_pid(service) > 0) {
		(void)kill(service->control->pid, SIGKILL); /* gone: its end no longer matters */
		command_forget(service->control);
	}
	if (actions & SERVICE_ACTION_KILL_MAIN_AND_GROUP)
		terminate(service);
	if (actions & SERVICE_ACTION_KILL_HARD)
		kill_hard(service);
	if (actions & SERVICE_ACTION_KILL_ABORT)
		abort_main(service);
	if (actions & SERVICE_ACTION_KILL_REST)
		kill_rest(service);
}

/* A main process that is not our child (MAINPID= of a grandchild) ends without our hearing of it. */
static bool main_is_left(const struct service *service)
{
	if (service->main.pid <= 0)
		return false;
	return kill(service->main.pid, 0) == 0 || errno != ESRCH;
}

static bool awaits_group(const struct service *service)
{
	switch (service->definition->service.kill_mode) {
	case TABLE_KILL_CONTROL_GROUP:
		return true;
	case TABLE_KILL_MIXED:
		return service->state != SERVICE_STOP_SIGTERM &&
		       service->state != SERVICE_STOP_ABORT;
	}
	return false;
}

/* What forked away is known only when the one that died is gone: it gets what the others got. */
static void terminate_adopted(struct service *service)
{
	bool adopted = service->group.adopted;

	service->group.adopted = false;
	if (adopted && service->state == SERVICE_STOP_SIGTERM)
		terminate(service);
}

void service_check_empty(struct service *service)
{
	bool none = service->definition->service.kill_mode == TABLE_KILL_NONE;

	if (service->state != SERVICE_STOP_SIGTERM && service->state != SERVICE_STOP_ABORT &&
	    service->state != SERVICE_STOP_SIGKILL && service->state != SERVICE_FINAL_SIGKILL)
		return;
	terminate_adopted(service);
	if (!none && (main_is_left(service) || service_control_pid(service) > 0))
		return;
	if (!none && awaits_group(service) && !cgroup_is_empty(&service->group))
		return;
	service_dispatch(service, SERVICE_EVENT_EMPTY);
}

static enum service_event verdict(struct service *service)
{
	const struct definition_words *words = &service->definition->service;

	if (service->result == VERDICT_CONDITION)
		return SERVICE_EVENT_END_DEAD;
	if (!service->stop_wanted &&
	    verdict_restarts(words, service->result, service->exit_code, service->exit_status) &&
	    service_comes_again(service))
		return SERVICE_EVENT_END_RESTART;
	return service->result == VERDICT_SUCCESS ? SERVICE_EVENT_END_DEAD
						  : SERVICE_EVENT_END_FAILED;
}

/*
 * A service that starts again keeps what it made. One that some process of it is left of is not cleaned up after: that process may use
 * it.
 */
static bool clean(struct service *service, enum service_event event)
{
	if (event == SERVICE_EVENT_END_RESTART || service->restart_wanted ||
	    service->result == VERDICT_CONDITION || !cgroup_is_empty(&service->group) ||
	    !service_run_clean(service))
		return false;
	arm(service, SERVICE_REST_DEADLINE_US);
	return true;
}

static void decide(struct service *service)
{
	enum service_event event = verdict(service);

	if (!clean(service, event))
		service_dispatch(service, event);
}

static void lay_to_rest(struct service *service)
{
	command_forget(&service->main);
	command_forget(service->control);
	service_ready_close(service);
	service_forget_stranger(service);
	service->background = BACKGROUND_NONE; /* the group's end, or the next start, sees to it */
	service_stop_watchdog(service);
	if (service->state == SERVICE_AUTO_RESTART) {
		service->restarts++;
		return;
	}
	if (!service->restart_wanted)
		service_drop_stored_fds(service);
	notify_close(service->notify);
	cgroup_remove(&service->group);
}

/* --- the step --- */

static bool is_rest(enum service_state state)
{
	return service_state_is_inactive(state) || state == SERVICE_AUTO_RESTART;
}

static void enter(struct service *service, enum service_state next)
{
	enum service_state old = service->state;

	loop_timer_stop(&service->timer);
	loop_timer_stop(&service->again);
	service->n_spawn_retries = 0; /* they are of one command */
	if (strcmp(service_active_state_name(old), service_active_state_name(next)) != 0)
		service->since_us = clock_boottime_us();
	service->state = next;
	if (is_rest(next) && !service_state_is_inactive(old))
		lay_to_rest(service);
	if (next == SERVICE_START_POST) /* the start has a time of its own */
		service_pet_watchdog(service);
	if (next == SERVICE_STOP || next == SERVICE_STOP_SIGTERM || next == SERVICE_STOP_ABORT ||
	    next == SERVICE_STOP_SIGKILL)
		service_stop_watchdog(service);
	if (old != next)
		service->host->state_changed(service, old, service->host->data);
}

void service_dispatch(struct service *service, enum service_event event)
{
	struct service_step step = service_step(service->state, event);

	if (!step.taken)
		return;
	log_debug("%s: %s, %s -> %s", service->name, service_event_name(event),
		  service_sub_state_name(service->state), service_sub_state_name(step.next));
	if (step.actions & SERVICE_ACTION_CLEAR)
		clear(service);
	enter(service, step.next);
	set_timer(service, step.actions);
	kill_processes(service, step.actions);
	if (step.actions & SERVICE_ACTION_SIGNAL_RELOAD)
		signal_reload(service);
	if (step.actions & SERVICE_ACTION_RUN)
		service_run_phase(service);
	else if (step.actions & SERVICE_ACTION_VERDICT)
		decide(service);
	else if (step.actions & SERVICE_ACTION_SETTLE)
		service_settle(service);
	else if (awaits_end(step.actions))
		service_check_empty(service);
}
