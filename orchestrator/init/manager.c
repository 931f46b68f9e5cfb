/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "early/clock.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/strv.h"

#include "memory.h"
#include "shared_text.h"
#include "spawn.h"
#include "state_fd.h"

#define MANY_JOBS 32
#define GIVE_BACK_US (1 * USEC_PER_SEC) /* by then what they started has executed something */

/*
 * The manager
 *
 * Services, scopes and jobs change whenever the loop dispatches something. What they do is noted at once (timeline, `touched`, `unsaved`), and
 * told once, before the loop sleeps: the hook lets the jobs take their turn, tells the listeners, and frees what nobody
 * needs any more. So a listener may call any function of manager.h, and no service is ever freed beneath its own step.
 */

/* --- what services tell --- */

static void note_event(struct service *service, enum service_state old, struct manager *manager)
{
	enum timeline_what what;
	const char *why = NULL;

	if (manager_is_rest(old) && !manager_is_rest(service->state)) {
		what = TIMELINE_START;
		why = old == SERVICE_AUTO_RESTART ? "started again by itself"
						  : service_last_reason(service);
	} else if (!service_state_is_active(old) && service_state_is_active(service->state)) {
		what = TIMELINE_READY;
	} else if (!manager_is_rest(old) && manager_is_rest(service->state)) {
		what = TIMELINE_STOP;
		why = service->detail ? service->detail : verdict_name(service->result);
	} else {
		return;
	}
	manager_unit_event(manager, service, what, why);
}

static void handle_state_changed(struct service *service, enum service_state old, void *data)
{
	struct manager *manager = data;

	manager_note(manager, service);
	note_event(service, old, manager);
	failure_remark(manager, service, old);
	job_state_changed(&manager->jobs, service);
	timers_note_state(&manager->timers, service, manager_is_rest(old),
			  manager_is_rest(service->state));
	relations_note(manager, service, old);
	manager_wake(manager);
}

static void handle_changed(struct service *service, void *data)
{
	manager_note(data, service);
	manager_wake(data);
}

/* What waits for others waits for one that runs, or for an idle one. */
static bool others_start(const struct manager *manager)
{
	const struct job *job;

	list_for_each (job, &manager->jobs.jobs, link)
		if (job->n_waits == 0 && job->service &&
		    job->service->definition->service.type != TABLE_TYPE_IDLE)
			return true;
	return false;
}

/* Type=idle comes when nothing else is to be done, or when that takes too long. */
static bool waits_for_idle(struct manager *manager, struct service *service)
{
	service->awaits_idle = service->definition->service.type == TABLE_TYPE_IDLE &&
			       others_start(manager);
	manager->idle_due |= service->awaits_idle;
	return service->awaits_idle;
}

static void release_idle(struct manager *manager)
{
	struct service *service;

	if (!manager->idle_due || others_start(manager))
		return;
	manager->idle_due = false;
	list_for_each (service, &manager->services, link)
		if (service->awaits_idle)
			service_prestart_done(service);
}

/* A crash in what is left of this turn must not forget the process: the service would run twice. */
static void handle_spawned(struct service *service, void *data)
{
	manager_note_unsaved(data, service);
	(void)manager_save(data); /* it has logged */
}

static bool handle_prestart(struct service *service, void *data)
{
	struct manager *manager = data;
	struct manager_listener *listener, *next;
	struct manager_unit unit;
	bool delayed = waits_for_idle(manager, service);

	manager_describe(service, &unit);
	list_for_each_safe (listener, next, &manager->listeners, link)
		if (listener->prestart &&
		    listener->prestart(listener, &unit, service->state == SERVICE_AUTO_RESTART))
			delayed = true;
	return delayed;
}

static void handle_stream(struct service *service, void *data)
{
	struct manager *manager = data;

	manager_note_unsaved(manager, service);
	MANAGER_TELL(manager, stream, service->name, service->output_read);
}

static const struct definition_words *find_words(const char *name, void *data)
{
	struct service *service = manager_find(data, name);

	return service ? &service->definition->service : NULL;
}

/* --- jobs --- */

static struct service *find_for_jobs(const char *name, void *data)
{
	return manager_find(data, name);
}

static void ended_free(struct ended_job *ended)
{
	free(ended->name);
	free(ended->detail);
	free(ended);
}

static void tell_without_memory(struct manager *manager, uint32_t id, enum job_result result)
{
	manager_wake(manager);
	if (manager->n_nameless == MANAGER_MAX_NAMELESS) {
		log_warning("no memory to tell the end of job %u", id);
		return;
	}
	manager->nameless[manager->n_nameless].id = id;
	manager->nameless[manager->n_nameless++].result = result;
}

void manager_job_ended(struct manager *manager, uint32_t id, const char *name,
		       enum job_result result, int error, const char *detail)
{
	struct ended_job *ended = calloc(1, sizeof(*ended));

	if (ended)
		ended->name = strdup(name);
	if (!ended || !ended->name) {
		free(ended);
		tell_without_memory(manager, id, result);
		return;
	}
	ended->id = id;
	ended->result = result;
	ended->error = error;
	ended->detail = detail ? strdup(detail) : NULL; /* without memory: fewer words */
	list_append(&manager->ended, &ended->link);
	manager_wake(manager);
}

static void handle_job_done(const struct job *job, enum job_result result, void *data)
{
	struct manager *manager = data;

	manager_forget(manager, "", job->id);
	manager_job_ended(manager, job->id, job->name, result, job->error,
			  failure_of_job(manager, job, result));
}

static void wake_for_jobs(void *data)
{
	manager_wake(data);
}

static void tell_ended(struct manager *manager)
{
	struct ended_job *ended;

	while (manager->n_nameless > 0) {
		size_t last = --manager->n_nameless;

		MANAGER_TELL(manager, job_done, manager->nameless[last].id, "",
			     job_result_name(manager->nameless[last].result));
	}
	while ((ended = list_first(&manager->ended, struct ended_job, link))) {
		list_remove(&ended->link);
		manager->telling = ended;
		MANAGER_TELL(manager, job_done, ended->id, ended->name,
			     job_result_name(ended->result));
		manager->telling = NULL;
		ended_free(ended);
	}
}

const char *manager_job_failure(struct manager *manager, int *ret_error)
{
	const struct ended_job *ended = manager->telling;

	*ret_error = ended ? ended->error : 0;
	return ended && ended->detail ? ended->detail : "";
}

/* --- the hook --- */

static void tell_touched(struct manager *manager)
{
	struct list due = LIST_INIT(due);
	struct service *service;

	while ((service = list_first(&manager->touched, struct service, touched_link))) {
		list_remove(&service->touched_link);
		list_append(&due, &service->touched_link);
	}
	/* A listener may touch any service, which is told in the next run; none is freed before collect_garbage(). */
	while ((service = list_first(&due, struct service, touched_link))) {
		struct manager_unit unit;

		list_remove(&service->touched_link);
		manager_describe(service, &unit);
		MANAGER_TELL(manager, unit_changed, &unit);
	}
}

/* Units that their manifest left, once they rest. */
static void collect_garbage(struct manager *manager)
{
	struct service *service, *next;

	if (!manager->garbage_due)
		return;
	manager->garbage_due = false;
	list_for_each_safe (service, next, &manager->services, link) {
		const char *name;

		if (service->definition->service.load_state != TABLE_LOAD_NOT_FOUND)
			continue;
		manager->garbage_due = true; /* until none of them is left */
		if (!service_state_is_inactive(service->state) || service->prestart_pending ||
		    job_find(&manager->jobs, service->name))
			continue;
		manager_names_forget(manager);
		name = shared_text_hold(service->name);
		manager->n_services--;
		timer_free(service->times);
		service_free(service);
		manager_forget(manager, name, 0);
		MANAGER_TELL(manager, unit_gone, name);
		shared_text_free(name);
	}
}

static void handle_give_back(struct loop_timer *timer)
{
	struct manager *manager = container_of(timer, struct manager, give_back);

	manager->given_back = manager->jobs.last_id;
	spawn_collect(SIZE_MAX);
	memory_give_back();
}

/* What many jobs took is given back a while after the last of them is done. */
static void give_back_memory(struct manager *manager)
{
	spawn_collect(SPAWN_COLLECT_FEW);
	if (manager->jobs.n_jobs == 0 && manager->jobs.last_id - manager->given_back >= MANY_JOBS &&
	    !manager->give_back.loop)
		(void)loop_timer_start(manager->loop, &manager->give_back,
				       clock_monotonic_us() + GIVE_BACK_US,
				       handle_give_back); /* without it some memory is kept */
}

/*
 * First of all, and not in the next turn by their timers: until then who hears of their end would have the processor. Not one for which
 * there is a job: the same turn may have asked for its stop.
 */
static void restart_due(struct manager *manager)
{
	struct service *service;

	list_for_each (service, &manager->touched, touched_link) /* it only grows */
		if (service->state == SERVICE_AUTO_RESTART &&
		    !job_find(&manager->jobs, service->name))
			service_restart_due(service);
}

static void handle_hook(struct loop_hook *hook)
{
	struct manager *manager = container_of(hook, struct manager, hook);

	restart_due(manager);
	manager_release_waiting(manager);
	timers_settle(&manager->timers);
	job_queue_turn(&manager->jobs);
	relations_settle(manager);
	release_idle(manager);
	failure_tell_remarks(manager);
	tell_touched(manager);
	tell_ended(manager);
	collect_garbage(manager);
	manager_settle_stop(manager);
	(void)manager_save(manager); /* it has logged */
	give_back_memory(manager);
}

void manager_wake(struct manager *manager)
{
	loop_hook_schedule(manager->loop, &manager->hook, handle_hook);
}

/* --- coming and going --- */

static void handle_stranger(const siginfo_t *info, void *data)
{
	struct manager *manager = data;

	cgroup_tree_reaped(manager->cgroups, info->si_pid);
	manager_wake(manager); /* some service may have one process more */
}

static int list_overlaid(char ***paths, void *data)
{
	struct manager *manager = data;

	return manager->options.overlaid ? manager->options.overlaid(paths, manager->options.data)
					 : 0;
}

static int copy_options(struct manager *manager, const struct manager_options *options)
{
	int r = 0;

	manager->options = *options;
	manager->run_dir = strdup(options->run_dir ? options->run_dir : "/run/early");
	manager->load_path = strdup(options->load_path ? options->load_path
						       : EARLY_LIBEXECDIR "/early-load");
	manager->exec_path = strdup(options->exec_path ? options->exec_path
						       : EARLY_LIBEXECDIR "/early-exec");
	manager->timer_path = strdup(options->timer_path ? options->timer_path
							 : EARLY_LIBEXECDIR "/early-timer");
	manager->timers.link.program = manager->timer_path;
	for (char *const *dir = options->service_dirs; dir && *dir && r == 0; dir++)
		r = strv_append(&manager->service_dirs, *dir);
	manager->options.run_dir = manager->run_dir;
	manager->options.service_dirs = manager->service_dirs;
	if (!manager->run_dir || !manager->load_path || !manager->exec_path || !manager->timer_path)
		return -ENOMEM;
	return r;
}

static void init_parts(struct manager *manager)
{
	const struct job_host job_host = {
		.find = find_for_jobs,
		.done = handle_job_done,
		.wake = wake_for_jobs,
		.data = manager,
	};

	manager->host = (struct service_host){
		.loop = manager->loop,
		.state_changed = handle_state_changed,
		.changed = handle_changed,
		.spawned = handle_spawned,
		.prestart = handle_prestart,
		.gave_up = manager_gave_up,
		.loops = manager_loops,
		.words = find_words,
		.find = find_for_jobs,
		.stream = handle_stream,
		.overlaid = list_overlaid,
		.data = manager,
	};
	list_init(&manager->services);
	list_init(&manager->touched);
	list_init(&manager->remarks);
	list_init(&manager->unsaved);
	list_init(&manager->scopes);
	list_init(&manager->ended);
	list_init(&manager->listeners);
	timeline_init(&manager->timeline);
	job_queue_init(&manager->jobs, &job_host, &manager->services, MANAGER_MAX_JOBS);
	loader_init(&manager->loader, manager);
	timers_init(&manager->timers, manager);
}

/* A few descriptors for each service, and what services store: the kernel's 1024 are soon used up. */
static void raise_limit(void)
{
	struct rlimit limit = { SPAWN_NOFILE_HARD, SPAWN_NOFILE_HARD };

	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	/* In a container that may not raise the hard one. */
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* up to the hard one is always allowed */
}

int manager_new(struct manager **ret, struct loop *loop, const struct manager_options *options)
{
	struct manager *manager = calloc(1, sizeof(*manager));
	int r;

	if (!manager)
		return -ENOMEM;
	manager->loop = loop;
	raise_limit();
	init_parts(manager);
	r = copy_options(manager, options);
	if (r == 0)
		r = cgroup_tree_new(&manager->cgroups, loop, options->cgroup_root);
	if (r < 0) {
		manager_free(manager);
		return r;
	}
	manager->host.cgroups = manager->cgroups;
	manager->host.run_dir = manager->run_dir;
	manager->host.exec_path = manager->exec_path;
	loop_set_stranger_fn(loop, handle_stranger, manager);
	*ret = manager;
	return 0;
}

struct manager *manager_free(struct manager *manager)
{
	struct service *service, *next_service;
	struct scope *scope, *next_scope;
	struct ended_job *ended, *next_ended;

	if (!manager)
		return NULL;
	loop_set_stranger_fn(manager->loop, NULL, NULL);
	control_free(manager->control);
	loader_done(&manager->loader);
	job_queue_done(&manager->jobs);
	timers_done(&manager->timers);
	list_for_each_safe (service, next_service, &manager->services, link)
		service_free(service);
	list_for_each_safe (scope, next_scope, &manager->scopes, link)
		scope_free(scope);
	list_for_each_safe (ended, next_ended, &manager->ended, link)
		ended_free(ended);
	failure_forget_remarks(manager);
	manager_names_forget(manager);
	strbuf_done(&manager->gone);
	strbuf_done(&manager->saved_few);
	timeline_done(&manager->timeline);
	loop_timer_stop(&manager->save_retry);
	loop_timer_stop(&manager->give_back);
	loop_hook_cancel(&manager->hook);
	loop_timer_stop(&manager->stop_deadline);
	cgroup_tree_free(manager->cgroups);
	strv_free(manager->service_dirs);
	strv_free(manager->not_found);
	free(manager->run_dir);
	free(manager->load_path);
	free(manager->exec_path);
	free(manager->timer_path);
	free(manager);
	return NULL;
}

void manager_listen(struct manager *manager, struct manager_listener *listener)
{
	list_append(&manager->listeners, &listener->link);
}

void manager_unlisten(struct manager_listener *listener)
{
	if (listener->link.next)
		list_remove(&listener->link);
}

int manager_open_control(struct manager *manager)
{
	char path[512];
	int r;

	if (manager->control)
		return 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/notify", manager->run_dir) >= sizeof(path))
		return -ENAMETOOLONG;
	r = fs_mkdir_p_at(AT_FDCWD, path, 0755);
	if (r < 0)
		return r;
	r = control_new(&manager->control, manager);
	manager->control_saved = state_fd(control_fd(manager->control));
	return r;
}

void manager_set_streams(struct manager *manager, bool on)
{
	manager->host.streams = on;
}

void manager_each_stream(struct manager *manager, struct manager_listener *listener)
{
	struct service *service;

	list_for_each (service, &manager->services, link)
		if (service->output_read >= 0 && listener->stream)
			listener->stream(listener, service->name, service->output_read);
}

/* --- timeline --- */

struct timeline *manager_timeline(struct manager *manager)
{
	return &manager->timeline;
}

uint64_t manager_zero_us(struct manager *manager)
{
	return manager->options.container ? timeline_when(&manager->timeline, "init") : 0;
}

static void tell_event(struct manager *manager, int error, const char *name, uint64_t t_us,
		       const char *why)
{
	if (error < 0)
		log_warning("no memory for event %s", name);
	manager_wake(manager);
	MANAGER_TELL(manager, event, name, t_us, why ? why : "");
}

void manager_event(struct manager *manager, const char *name, uint64_t t_us, const char *why)
{
	if (t_us == 0)
		t_us = clock_boottime_us();
	tell_event(manager, timeline_add(&manager->timeline, name, t_us, why), name, t_us, why);
}

void manager_unit_event(struct manager *manager, struct service *service, enum timeline_what what,
			const char *why)
{
	const struct timeline_event event = { clock_boottime_us(), what, service->name, why };
	char buf[TIMELINE_NAME_MAX];

	tell_event(manager,
		   timeline_add_of_unit(&manager->timeline, event.name, what, event.t_us, why),
		   timeline_event_name(&event, buf), event.t_us, why);
}

void manager_verb_done(struct manager *manager, enum control_verb verb, int error, const char *text)
{
	if (manager->control)
		control_verb_done(manager->control, verb, error, text);
}
