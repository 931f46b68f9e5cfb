/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"

#include "command.h"
#include "service_internal.h"
#include "state_proto.h"

/*
 * Commands of the phases, one after the other, and what the end of a process means.
 *
 * `main` is the process that is the service; `control` is a command of a phase, and also the command of a forking service,
 * which ends when the daemon it leaves behind is up.
 */

#define SPAWN_RETRY_US (50 * USEC_PER_MSEC) /* doubled five times */
#define SPAWN_RETRIES_MAX 30 /* most of a minute */

static void handle_main_exit(struct loop_child *child, const siginfo_t *info);
static void handle_control_exit(struct loop_child *child, const siginfo_t *info);

static bool is_type(const struct service *service, enum table_type type)
{
	return service->definition->service.type == type;
}

static const struct {
	enum service_state state;
	enum table_phase phase;
} phases[] = {
	{ SERVICE_CONDITION, TABLE_PHASE_CONDITION },
	{ SERVICE_START_PRE, TABLE_PHASE_START_PRE },
	{ SERVICE_START, TABLE_PHASE_START },
	{ SERVICE_START_POST, TABLE_PHASE_START_POST },
	{ SERVICE_RELOAD, TABLE_PHASE_RELOAD },
	{ SERVICE_STOP, TABLE_PHASE_STOP },
	{ SERVICE_STOP_POST, TABLE_PHASE_STOP_POST },
};

static const struct definition_exec *next_command(const struct service *service)
{
	for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
		if (phases[i].state == service->state)
			return definition_exec(service->definition, phases[i].phase, service->nth);
	return NULL;
}

/* Nobody else tells when such a service is up than its own exec. */
static bool exec_is_ready(const struct service *service)
{
	if (service_awaits_ready_fd(service))
		return false;
	if (is_type(service, TABLE_TYPE_EXEC))
		return true;
	/* With a condition it may turn out not to be started at all. */
	return (is_type(service, TABLE_TYPE_SIMPLE) || is_type(service, TABLE_TYPE_IDLE)) &&
	       service->definition->service.conditions.len > 0;
}

static bool spawn_is_ready(const struct service *service)
{
	return (is_type(service, TABLE_TYPE_SIMPLE) || is_type(service, TABLE_TYPE_IDLE)) &&
	       !service_awaits_ready_fd(service) && !exec_is_ready(service);
}

static void handle_pipe(struct execs_pipe *pipe)
{
	struct service_process *process = container_of(pipe, struct service_process, pipe);
	struct service *service = process->service;

	service->conditions_met |= pipe->outcome == EXECS_EXECUTED;
	service->host->changed(service, service->host->data);
	/* FAILED and SKIPPED are followed by the process's end, which says the rest. */
	if (pipe->outcome != EXECS_EXECUTED || process != &service->main)
		return;
	if (service->state == SERVICE_START && exec_is_ready(service))
		service_dispatch(service, SERVICE_EVENT_READY);
}

static void run_next(struct service *service);

static void handle_spawn_retry(struct loop_timer *timer)
{
	run_next(container_of(timer, struct service, again));
}

/*
 * There is no process left to be had (a fork bomb, a limit): that passes, and the service is not at fault. The deadline of the
 * state goes on meanwhile.
 */
static bool retry_later(struct service *service)
{
	uint32_t n = service->n_spawn_retries;

	if (n >= SPAWN_RETRIES_MAX)
		return false;
	if (n == 0)
		log_warning("%s: no process can be made (too many run?), trying again for a while",
			    service->name);
	service->n_spawn_retries++;
	return loop_timer_start(service->host->loop, &service->again,
				clock_monotonic_us() + (SPAWN_RETRY_US << MIN(n, 5U)),
				handle_spawn_retry) == 0;
}

static void run_command(struct service *service, const struct definition_exec *exec, bool as_main)
{
	int r = as_main ? 0 : service_need_control(service);
	struct service_process *process = as_main ? &service->main : service->control;

	command_forget(process);
	if (r == 0)
		r = command_run(service, process, exec,
				as_main ? handle_main_exit : handle_control_exit, handle_pipe);
	if (r == -EAGAIN && retry_later(service))
		return;
	service->n_spawn_retries = 0;
	if (r < 0) {
		service_fail(service, VERDICT_RESOURCES, "cannot start %s: %s", exec->exec.program,
			     strerror(-r));
		service_dispatch(service, SERVICE_EVENT_PHASE_FAILED);
		return;
	}
	/* On the same processor as PID 1 what comes again goes first, not what is left to do here about its end. */
	if (as_main && service->restarts > 0)
		(void)sched_yield();
	service->host->changed(service, service->host->data);
	if (as_main && spawn_is_ready(service))
		service_dispatch(service, SERVICE_EVENT_READY);
	/* Saved at once, and with what followed at once: until then a crash kills the child. */
	if (service->host->spawned)
		service->host->spawned(service, service->host->data);
}

static void run_next(struct service *service)
{
	const struct definition_exec *exec = next_command(service);
	bool starts = service->state == SERVICE_START;

	if (exec) {
		if (starts)
			service->main_gone = false;
		run_command(service, exec, starts && !is_type(service, TABLE_TYPE_FORKING));
	} else if (!starts) {
		service_dispatch(service, SERVICE_EVENT_PHASE_DONE);
	} else if (service_is_target(service) || is_type(service, TABLE_TYPE_ONESHOT)) {
		service_dispatch(service, SERVICE_EVENT_READY);
	} else {
		service_fail(service, VERDICT_RESOURCES, "has no ExecStart=");
		service_dispatch(service, SERVICE_EVENT_PHASE_FAILED);
	}
}

void service_run_phase(struct service *service)
{
	service->nth = 0;
	run_next(service);
}

void service_settle(struct service *service)
{
	const struct definition_words *words = &service->definition->service;
	bool unknown_main = is_type(service, TABLE_TYPE_FORKING) && service->main.pid == 0 &&
			    !service->main_gone;

	if ((service->state != SERVICE_RUNNING && service->state != SERVICE_STOPPING) ||
	    service_is_target(service))
		return;
	if ((words->flags & TABLE_FLAG_EXIT_CGROUP) && !cgroup_is_empty(&service->group))
		return;
	if (unknown_main && !cgroup_is_empty(&service->group))
		return;
	if (service->main.pid > 0)
		return;
	if (service->result != VERDICT_SUCCESS)
		service_dispatch(service, SERVICE_EVENT_MAIN_FAILED);
	else if (words->flags & TABLE_FLAG_REMAIN_AFTER_EXIT)
		service_dispatch(service, SERVICE_EVENT_MAIN_REMAINS);
	else
		service_dispatch(service, SERVICE_EVENT_MAIN_GONE);
}

/* --- how a process ended --- */

static void fail_by_end(struct service *service, enum verdict_result result, const char *what,
			const struct service_process *process, const siginfo_t *info)
{
	const struct execs_pipe *pipe = &process->pipe;
	const char *said = service->error_text ? service->error_text : "";
	const char *mark = service->error_text ? ": " : "";

	/* Nothing else of early-exec is cancelled. */
	if (pipe->outcome == EXECS_OUTCOME_FAILED && pipe->error == -ECANCELED)
		service_fail(service, VERDICT_ASSERT, "%s", execs_pipe_text(pipe));
	else if (pipe->outcome == EXECS_OUTCOME_FAILED)
		service_fail(service, result, "%s: %s", what, execs_pipe_text(pipe));
	else if (info->si_code == CLD_EXITED)
		service_fail(service, result, "%s ended with exit status %d%s%s", what,
			     info->si_status, mark, said);
	else
		service_fail(service, result, "%s was ended by signal %d (%s)%s%s%s", what,
			     info->si_status, strsignal(info->si_status),
			     info->si_code == CLD_DUMPED ? " and dumped core" : "", mark, said);
}

static bool skip(struct service *service, const struct service_process *process)
{
	if (process->pipe.outcome != EXECS_OUTCOME_SKIPPED)
		return false;
	service_fail(service, VERDICT_CONDITION, "condition not met: %s",
		     execs_pipe_text(&process->pipe));
	service_dispatch(service, SERVICE_EVENT_SKIPPED);
	return true;
}

static bool ignores_failure(const struct service *service)
{
	const struct definition_exec *exec = next_command(service);

	return exec && (exec->exec.flags & TABLE_EXEC_IGNORE_FAILURE);
}

/* --- the main process --- */

static void main_ended_in_start(struct service *service, bool failed)
{
	if (failed) {
		service_dispatch(service, SERVICE_EVENT_MAIN_FAILED);
	} else if (is_type(service, TABLE_TYPE_ONESHOT)) {
		service->nth++;
		run_next(service);
	} else if (exec_is_ready(service)) {
		service_dispatch(service, SERVICE_EVENT_READY);
	} else {
		service_fail(service, VERDICT_PROTOCOL, "ended before it said that it is ready");
		service_dispatch(service, SERVICE_EVENT_MAIN_FAILED);
	}
}

static void main_ended(struct service *service, bool failed)
{
	switch (service->state) {
	case SERVICE_START:
		main_ended_in_start(service, failed);
		return;
	case SERVICE_RUNNING:
	case SERVICE_STOPPING:
		service_settle(service);
		return;
	case SERVICE_RELOAD_SIGNAL:
	case SERVICE_RELOAD_NOTIFY:
		service_dispatch(service,
				 failed ? SERVICE_EVENT_MAIN_FAILED : SERVICE_EVENT_MAIN_GONE);
		return;
	case SERVICE_START_POST:
	case SERVICE_RELOAD:
		/* A good end is seen when the phase is through. */
		if (failed)
			service_dispatch(service, SERVICE_EVENT_MAIN_FAILED);
		return;
	default:
		service_check_empty(service);
	}
}

static void handle_main_exit(struct loop_child *child, const siginfo_t *info)
{
	struct service_process *process = container_of(child, struct service_process, child);
	struct service *service = process->service;
	enum verdict_result result;

	cgroup_tree_reaped(service->host->cgroups, info->si_pid);
	execs_pipe_drain(&process->pipe);
	process->pid = 0;
	service->conditions_met |= process->pipe.outcome == EXECS_EXECUTED;
	service->main_gone = true;
	service->exit_code = info->si_code;
	service->exit_status = info->si_status;
	service->host->changed(service, service->host->data);
	if (skip(service, process))
		return;
	result = verdict_process(&service->definition->service, info->si_code, info->si_status);
	if (service->state == SERVICE_START && ignores_failure(service))
		result = VERDICT_SUCCESS;
	if (result != VERDICT_SUCCESS)
		fail_by_end(service, result, "main process", process, info);
	main_ended(service, result != VERDICT_SUCCESS);
}

static void main_vanished(struct service *service);

/* It runs, or is not reaped yet: then its pid is nobody else's. */
static bool is_child(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* The end of a main process that is somebody else's child: how it ended, only its parent knows. */
static void handle_stranger_gone(struct loop_source *source, uint32_t events)
{
	struct service *service = container_of(source, struct service_watch, stranger)->service;
	pid_t gone = service->main.pid;

	notify_drain(service->notify);
	if (service->main.pid > 0 && service->main.pid != gone)
		return; /* it named another */
	service_forget_stranger(service);
	if (service->main.pid > 0 && !is_child(service->main.pid)) /* that one is reaped */
		main_vanished(service);
}

/* Takes @pidfd. -1: it is gone, or a kernel without; then its group's end tells. */
static void watch_stranger(struct service *service, int pidfd)
{
	struct service_watch *watch;
	int r = -ENOMEM;

	service_forget_stranger(service);
	service->main_pidfd = pidfd;
	if (pidfd < 0)
		return;
	watch = service_need_watch(service);
	if (watch)
		r = loop_add(service->host->loop, &watch->stranger, pidfd, EPOLLIN,
			     handle_stranger_gone);
	if (r == 0)
		return;
	log_warning_errno(r, "%s: cannot watch process %d", service->name, (int)service->main.pid);
	service_forget_stranger(service); /* then its group's end tells */
}

void service_forget_stranger(struct service *service)
{
	if (service->watch)
		loop_remove(&service->watch->stranger);
	service->main_pidfd = fd_close(service->main_pidfd);
}

void service_watch_main(struct service *service, pid_t pid)
{
	struct service_process *process = &service->main;
	int r;

	if (pid <= 1 || pid == process->pid)
		return;
	command_forget(process);
	process->pid = pid;
	process->service = service;
	service->main_gone = false;
	r = loop_child_watch(service->host->loop, &process->child, pid, handle_main_exit);
	if (r < 0)
		log_warning_errno(r, "%s: cannot watch main process %d", service->name, (int)pid);
	watch_stranger(service, is_child(pid) ? -1 : pidfd_open(pid, 0));
	service->host->changed(service, service->host->data);
}

/* --- commands of phases --- */

static void forking_is_up(struct service *service)
{
	bool guess = !(service->definition->service.flags & TABLE_FLAG_NO_GUESS_MAIN_PID);

	if (service->main.pid == 0 && service_has_pid_file(service)) {
		service_look_for_main(service);
		return;
	}
	if (service->main.pid == 0 && guess)
		service_watch_main(service, cgroup_only_pid(&service->group, 0));
	service_dispatch(service, SERVICE_EVENT_READY);
}

static void control_succeeded(struct service *service)
{
	service->nth++;
	if (service->state == SERVICE_START && !next_command(service))
		forking_is_up(service);
	else
		run_next(service);
}

static void control_failed(struct service *service, const struct service_process *process,
			   const siginfo_t *info)
{
	enum verdict_result result = info->si_code == CLD_EXITED   ? VERDICT_EXIT_CODE
				     : info->si_code == CLD_DUMPED ? VERDICT_CORE_DUMP
								   : VERDICT_SIGNAL;
	char what[64];

	snprintf(what, sizeof(what), "command of %s", service_sub_state_name(service->state));
	if (service->state == SERVICE_CONDITION && info->si_code == CLD_EXITED &&
	    info->si_status < 255 && process->pipe.outcome != EXECS_OUTCOME_FAILED) {
		service_fail(service, VERDICT_CONDITION, "ExecCondition= said no (%d)",
			     info->si_status);
		service_dispatch(service, SERVICE_EVENT_SKIPPED);
		return;
	}
	if (service->state == SERVICE_RELOAD)
		log_warning("%s: reload failed", service->name);
	else
		fail_by_end(service, result, what, process, info);
	service_dispatch(service, SERVICE_EVENT_PHASE_FAILED);
}

static bool is_stopping(enum service_state state)
{
	return state == SERVICE_STOP || state == SERVICE_STOP_POST || state == SERVICE_RELOAD;
}

static void handle_control_exit(struct loop_child *child, const siginfo_t *info)
{
	struct service_process *process = container_of(child, struct service_process, child);
	struct service *service = process->service;
	bool good = info->si_code == CLD_EXITED && info->si_status == 0;

	cgroup_tree_reaped(service->host->cgroups, info->si_pid);
	execs_pipe_drain(&process->pipe);
	process->pid = 0;
	service->conditions_met |= process->pipe.outcome == EXECS_EXECUTED;
	service->host->changed(service, service->host->data);
	if (!is_stopping(service->state) && skip(service, process))
		return;
	if (good || ignores_failure(service))
		control_succeeded(service);
	else
		control_failed(service, process, info);
}

/* --- after the last process --- */

static void handle_clean_exit(struct loop_child *child, const siginfo_t *info)
{
	struct service_process *process = container_of(child, struct service_process, child);
	struct service *service = process->service;

	cgroup_tree_reaped(service->host->cgroups, info->si_pid);
	execs_pipe_drain(&process->pipe);
	process->pid = 0;
	service->host->changed(service, service->host->data);
	service_check_empty(service); /* what it could not take away is left */
}

static void handle_clean_pipe(struct execs_pipe *pipe)
{
	(void)pipe; /* it says nothing */
}

bool service_run_clean(struct service *service)
{
	const struct definition_exec *exec = definition_exec(service->definition, TABLE_PHASE_CLEAN,
							     0);
	int r;

	if (!exec || service->cleaned)
		return false;
	service->cleaned = true;
	command_forget(service->control);
	r = service_need_control(service);
	if (r == 0)
		r = command_run(service, service->control, exec, handle_clean_exit,
				handle_clean_pipe);
	if (r < 0) {
		log_warning_errno(r, "%s: cannot clean up after it", service->name);
		return false;
	}
	if (service->host->spawned)
		service->host->spawned(service, service->host->data);
	service->host->changed(service, service->host->data);
	return true;
}

/* --- the group --- */

static void main_vanished(struct service *service)
{
	command_forget(&service->main);
	service->main_gone = true;
	service->host->changed(service, service->host->data);
	main_ended(service, false);
}

void service_handle_empty(struct cgroup *group)
{
	struct service *service = group->data;

	if (service->main.pid > 0 && service->main_pidfd < 0 && !is_child(service->main.pid))
		main_vanished(service);
	else if (service->state == SERVICE_RUNNING || service->state == SERVICE_STOPPING)
		service_settle(service);
	else
		service_check_empty(service);
}

/* --- after an exec --- */

static void resume_pipe(struct service *service, struct service_process *process, uint64_t saved,
			execs_pipe_fn fn)
{
	int fd = state_fd_take(saved);
	int r = fd < 0 ? 0 : execs_pipe_open(&process->pipe, service->host->loop, fd, fn);

	if (r < 0)
		log_warning_errno(r, "%s: lost what is said of its start", service->name);
}

static void resume_process(struct service *service, struct service_process *process, pid_t pid,
			   loop_child_fn fn)
{
	siginfo_t gone = { .si_code = CLD_EXITED };

	if (pid <= 0)
		return;
	process->pid = pid;
	if (loop_child_watch(service->host->loop, &process->child, pid, fn) < 0)
		log_warning("%s: cannot watch process %d", service->name, (int)pid);
	if (is_child(pid) || (process == &service->main && service->main_pidfd >= 0))
		return;
	/* A stranger for which there was no descriptor: the kernel says whose it is. */
	if (process == &service->main && cgroup_tree_is_real(service->host->cgroups) &&
	    cgroup_contains(&service->group, pid)) {
		watch_stranger(service, pidfd_open(pid, 0));
		return;
	}
	/* Reaped by somebody between the two programs: how it ended nobody knows. */
	loop_child_unwatch(&process->child);
	gone.si_pid = pid;
	fn(&process->child, &gone);
}

/* What followed from a process and was not yet there when the program ended: nobody else tells. */
static void resume_start(struct service *service, const struct state_service *state)
{
	if (service->state != SERVICE_START || (state->flags & STATE_SERVICE_SPAWN_RETRY))
		return;
	if (service->main.pid > 0 && spawn_is_ready(service))
		service_dispatch(service, SERVICE_EVENT_READY);
	else if (is_type(service, TABLE_TYPE_FORKING) && state->control_pid == 0)
		forking_is_up(service);
}

void service_resume_processes(struct service *service, const struct state_service *state)
{
	bool cleans = service->state == SERVICE_FINAL_SIGKILL && service->cleaned;

	if (cgroup_tree_is_real(service->host->cgroups) && service->group.fd >= 0)
		cgroup_entered(&service->group);
	if (!service->host->gated)
		service_raise(service);
	resume_pipe(service, &service->main, state->main_pipe, handle_pipe);
	if (service->control)
		resume_pipe(service, service->control, state->control_pipe,
			    cleans ? handle_clean_pipe : handle_pipe);
	watch_stranger(service, state_fd_take(state->main_pidfd));
	resume_process(service, &service->main, state->main_pid, handle_main_exit);
	if (service->control)
		resume_process(service, service->control, state->control_pid,
			       cleans ? handle_clean_exit : handle_control_exit);
	if (state->flags & STATE_SERVICE_SPAWN_RETRY)
		(void)retry_later(service); /* then its deadline ends it */
	resume_start(service, state);
	service_check_empty(service);
}
