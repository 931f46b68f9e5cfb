/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroup.h"
#include "control.h"
#include "early/nametable.h"
#include "early/strbuf.h"
#include "image.h"
#include "job.h"
#include "manager.h"
#include "scope.h"
#include "service.h"
#include "timeline.h"
#include "timer.h"

/* Between manager.c, manager_load.c, manager_unit.c and manager_state.c; nobody else includes it. */
#define MANAGER_MAX_LOAD_REQUESTS 1024
#define MANAGER_MAX_NOT_FOUND 4096
#define MANAGER_MAX_LOADS_PER_JOB 4
#define MANAGER_MAX_NAMELESS 64

/* A job that ended and whose end was not yet told. */
struct ended_job {
	struct list link; /* manager::ended */
	uint32_t id;
	enum job_result result;
	int error; /* of struct job */
	char *name;
	char *detail; /* may be NULL */
};

enum load_what {
	LOAD_ALL, /* Early's manifests and all stock units */
	LOAD_MANIFESTS, /* Early's manifests and what they pull in */
	LOAD_NAMES,
};

/* Who waits for early-load. */
struct load_request {
	struct list link; /* loader::waiting or loader::running */
	enum load_what what;
	char **names; /* NULL: all */
	manager_loaded_fn fn;
	void *data;
};

/* early-load: one runs at a time, the wishes of the meantime go into the next run. */
#define LOADER_MAX_TOLD 1024

struct loader {
	struct list waiting; /* load_request::link */
	struct list running; /* load_request::link */
	size_t n_requests;
	struct loop_child child;
	struct loop_timer deadline;
	struct manager *manager;
	pid_t pid; /* 0: none runs */
	int fd; /* the table's memfd */
	bool timed_out;
	bool held; /* requests wait */
	uint64_t *told; /* hashes of remarks, a ring of LOADER_MAX_TOLD; NULL: there was none yet */
	size_t n_told;
	bool told_all; /* since the first LOAD_ALL */
};

struct manager {
	struct loop *loop;
	struct manager_options options; /* copies of its own */
	char *run_dir;
	char **service_dirs;
	char *load_path;
	char *exec_path;
	char *timer_path;

	struct cgroup_tree *cgroups;
	struct service_host host;
	struct list services; /* service::link */
	struct list touched; /* service::touched_link */
	struct list remarks; /* of manager_failure.c, not yet told */
	struct list unsaved; /* service::unsaved_link */
	size_t n_services;
	struct nametable names; /* of services; empty: to be made anew (manager_find.c) */
	struct nametable aliases; /* other names that they have */
	bool aliases_known;
	struct list scopes; /* scope::link */
	size_t n_scopes;
	struct job_queue jobs;
	struct list ended; /* ended_job::link */
	/* Ends for which there was no memory: told without a name. */
	struct {
		uint32_t id;
		enum job_result result;
	} nameless[MANAGER_MAX_NAMELESS];
	size_t n_nameless;
	const struct ended_job *telling; /* while the listeners hear of it */
	struct timeline timeline;
	struct control *control; /* NULL: not open */
	uint64_t control_saved; /* state_fd() of its socket */
	struct loader loader;
	struct timers timers;
	char **not_found; /* names that early-load does not know either */
	struct list listeners; /* manager_listener::link */
	struct loop_hook hook;

	uint32_t given_back; /* the last job before memory was given back */
	struct loop_timer give_back;
	bool relations_due; /* of some service */
	bool garbage_due; /* some unit is in no manifest any more */
	bool idle_due; /* some Type=idle waits for the others */
	uint8_t action_due; /* enum table_action: what a unit's end means for the machine */
	char action_unit[256]; /* that unit */
	struct image *image; /* the state for the program that follows a crash; NULL: not kept */
	struct strbuf saved_few; /* what was in the last change and is in every one */
	struct strbuf gone; /* GONE messages since it was saved */
	bool save_failed;
	struct loop_timer save_retry; /* then; nothing else may happen that would lead to a save */

	bool stopping; /* no start any more */
	struct loop_timer stop_deadline;
	void (*stopped_fn)(struct manager *manager, void *data);
	void *stopped_data;
};

/* A service's state changed; and what follows for others, before the loop sleeps. */
void relations_note(struct manager *manager, struct service *service, enum service_state old);
void relations_settle(struct manager *manager);

/* Something of it changed since it was written to the image. */
static inline void manager_note_unsaved(struct manager *manager, struct service *service)
{
	if (list_empty(&service->unsaved_link))
		list_append(&manager->unsaved, &service->unsaved_link);
}

/* The same, since the listeners were told of it. */
static inline void manager_note_touched(struct manager *manager, struct service *service)
{
	if (list_empty(&service->touched_link))
		list_append(&manager->touched, &service->touched_link);
}

/* Something of a unit that belongs in the timeline, now. Tells the listeners. */
void manager_unit_event(struct manager *manager, struct service *service, enum timeline_what what,
			const char *why);

static inline void manager_note(struct manager *manager, struct service *service)
{
	manager_note_unsaved(manager, service);
	manager_note_touched(manager, service);
}

/* Nothing of it runs, or not until a pause is over. */
static inline bool manager_is_rest(enum service_state state)
{
	return service_state_is_inactive(state) || state == SERVICE_AUTO_RESTART;
}

/* A service's state changed: a failure goes into its log. */
void failure_remark(struct manager *manager, const struct service *service, enum service_state old);
void failure_tell_remarks(struct manager *manager);
void failure_forget_remarks(struct manager *manager);

/* Why a job failed, in words, or NULL; a start that was not even tried is noted with its service. */
const char *failure_of_job(struct manager *manager, const struct job *job, enum job_result result);

struct service *manager_find(struct manager *manager, const char *name);
/* A unit is new; one is about to go; one gets other words. */
void manager_names_add(struct manager *manager, struct service *service);
void manager_names_forget(struct manager *manager);
void manager_aliases_forget(struct manager *manager);
struct scope *manager_find_scope(struct manager *manager, const char *name);
int manager_add_definition(struct manager *manager, struct definition *definition);
int manager_add_service(struct manager *manager, struct definition *definition,
			struct service **ret);
void manager_wake(struct manager *manager);

void manager_describe(const struct service *service, struct manager_unit *ret);
void manager_describe_scope(const struct scope *scope, struct manager_unit *ret);

/* A job that was under way before an exec; its id is kept. */
struct state_job;
int manager_restore_job(struct manager *manager, const struct state_job *state);

/* A service (job 0) or a job (service "") is no more. */
void manager_forget(struct manager *manager, const char *service, uint32_t job);

/* Of a unit or a scope, and not yet at its end. */
bool manager_has_job(struct manager *manager, uint32_t id);

void loader_init(struct loader *loader, struct manager *manager);
void loader_done(struct loader *loader);

/* A job ended: told before the loop sleeps. @error and @detail say why it failed; 0 and NULL: nothing to say. */
void manager_job_ended(struct manager *manager, uint32_t id, const char *name,
		       enum job_result result, int error, const char *detail);

/* SIGTERM, SIGHUP, and SIGKILL after a while; the job is done when the scope is gone. */
int manager_scope_stop(struct manager *manager, struct scope *scope, uint32_t *ret_job);

int manager_add_scope(struct manager *manager, const char *name, const char *slice,
		      const char *description, struct scope **ret);

#define MANAGER_TELL(manager, function, ...)                                                       \
	do {                                                                                       \
		struct manager_listener *listener_, *next_;                                        \
		list_for_each_safe (listener_, next_, &(manager)->listeners, link)                 \
			if (listener_->function)                                                   \
				listener_->function(listener_, __VA_ARGS__);                       \
	} while (0)

/* manager_ladder.c: a service's callbacks (service.h), with the manager as data. */
enum service_gave_up manager_gave_up(struct service *service, const struct ladder_rung *rung,
				     void *data);
void manager_loops(struct service *service, enum backoff_loop loop, void *data);
/* Services whose rung's unit has come up, or failed: they run in any case. */
void manager_release_waiting(struct manager *manager);

/* manager_stop.c: tells who wanted all stopped, if nothing runs any more. */
void manager_settle_stop(struct manager *manager);
