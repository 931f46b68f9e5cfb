/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "early/log.h"
#include "early/strv.h"

#include "control_words.h"
#include "job_order.h"
#include "manager_internal.h"
#include "state_proto.h"

/* Asking for jobs: of units that are known, and of those that early-load has to look for first. */

static void handle_loaded(struct manager *manager, int error, void *data);

static void ask_for(struct manager *manager, struct job *job, char *const *names)
{
	int r;

	job->loads++;
	r = manager_load(manager, names, handle_loaded, (void *)(uintptr_t)job->id);
	if (r < 0) {
		log_warning_errno(r, "cannot ask early-load for %s", job->name);
		job_finish(&manager->jobs, job, JOB_FAILED);
	}
}

/* The names that nobody has asked for yet. */
static int still_unknown(struct manager *manager, struct service *service, char ***ret)
{
	char **missing CLEANUP_STRV = NULL;
	char **unknown = NULL;
	int r = job_missing(&manager->jobs, service, &missing);

	for (char **name = missing; name && *name && r == 0; name++)
		if (!strv_contains(manager->not_found, *name))
			r = strv_append(&unknown, *name);
	if (r < 0)
		strv_free(unknown);
	else
		*ret = unknown;
	return r;
}

/* Broken cycles: in the log of the unit whose start met them, too. */
static void tell_reports(struct manager *manager, const struct service *service, char **reports)
{
	for (char **line = reports; line && *line; line++) {
		log_warning("%s", *line);
		MANAGER_TELL(manager, remark, service->name, *line);
	}
	strv_free(reports);
}

static int enqueue(struct manager *manager, enum job_kind kind, struct service *service,
		   const char *why, struct job *loading, uint32_t *ret_id)
{
	char **reports = NULL;
	int r;

	r = job_enqueue(&manager->jobs, kind, service, why, loading, &reports, ret_id);
	tell_reports(manager, service, reports);
	return r;
}

static bool refuses_order(const struct service *service, enum manager_verb verb)
{
	const uint32_t start = TABLE_FLAG_REFUSE_MANUAL_START;
	const uint32_t stop = TABLE_FLAG_REFUSE_MANUAL_STOP;
	uint32_t mask = start | stop; /* of a restart */

	if (verb == MANAGER_VERB_START)
		mask = start;
	else if (verb == MANAGER_VERB_STOP)
		mask = stop;
	else if (verb == MANAGER_VERB_RELOAD)
		mask = 0;
	return service && (service->definition->service.flags & mask);
}

static void explain_load(struct job *job, const struct service *service)
{
	if (!service || service->definition->service.load_state == TABLE_LOAD_NOT_FOUND)
		job_explain(job, -ENOENT, "no such unit");
	else if (service->definition->service.load_state == TABLE_LOAD_MASKED)
		job_explain(job, -ERFKILL, "the unit is masked");
	else
		job_explain(job, -EBADMSG, "its manifest has an error; see status");
}

/* Goes on with a job as far as the table knows: asks early-load again, or makes it a real one. */
static void resume(struct manager *manager, struct job *job)
{
	struct service *service = manager_find(manager, job->name);
	char **unknown CLEANUP_STRV = NULL;
	uint32_t id;
	int r = 0;

	if (!service || service->definition->service.load_state != TABLE_LOAD_LOADED) {
		explain_load(job, service);
		job_finish(&manager->jobs, job, JOB_FAILED);
		return;
	}
	if (job->ordered && refuses_order(service, MANAGER_VERB_START)) {
		job_explain(job, -EBADRQC, "%s", control_explain(-EBADRQC));
		job_finish(&manager->jobs, job, JOB_FAILED);
		return;
	}
	if (job->kind == JOB_START && job->loads < MANAGER_MAX_LOADS_PER_JOB)
		r = still_unknown(manager, service, &unknown);
	if (r == 0 && unknown) {
		ask_for(manager, job, unknown);
		return;
	}
	if (r == 0)
		r = enqueue(manager, job->kind, service, job->why, job, &id);
	if (r < 0)
		job_finish(&manager->jobs, job, JOB_FAILED);
}

static void handle_loaded(struct manager *manager, int error, void *data)
{
	struct job *job = job_find_id(&manager->jobs, (uint32_t)(uintptr_t)data);

	if (job && job->state == JOB_LOADING) /* it may have been canceled meanwhile */
		resume(manager, job);
}

int manager_restore_job(struct manager *manager, const struct state_job *state)
{
	uint32_t last_id = manager->jobs.last_id;
	struct service *service = manager_find(manager, state->name);
	char *names[] = { (char *)state->name, NULL };
	struct job *job;
	int r;

	if (state->kind > JOB_RELOAD)
		return -EPROTO;
	if (job_find(&manager->jobs, state->name))
		return -EEXIST;
	r = job_new_loading(&manager->jobs, state->kind, state->name, state->why, &job);
	if (r < 0)
		return r;
	job->id = state->id;
	job->ordered = state->flags & STATE_JOB_ORDERED;
	manager->jobs.last_id = last_id;
	/* What hangs on it was not yet known. */
	if (!service || (state->flags & STATE_JOB_LOADING)) {
		ask_for(manager, job, names);
		return 0;
	}
	r = job_set_service(&manager->jobs, job, service);
	if (r < 0) {
		job_finish(&manager->jobs, job, JOB_FAILED);
		return r;
	}
	if (state->flags & STATE_JOB_RUNNING)
		job->state = JOB_RUNNING;
	job->came_up = state->flags & STATE_JOB_CAME_UP;
	job->doomed = state->flags & STATE_JOB_DOOMED;
	if (state->error < 0 || state->detail[0])
		job_explain(job, state->error, "%s", state->detail);
	return job_order_among(&manager->jobs, job);
}

static int start_by_loading(struct manager *manager, enum job_kind kind, const char *name,
			    const char *why, char *const *names, uint32_t *ret_id)
{
	struct job *job = job_find(&manager->jobs, name);
	int r = 0;

	if (!job) {
		r = job_new_loading(&manager->jobs, kind, name, why, &job);
		if (r < 0)
			return r;
		*ret_id = job->id;
		ask_for(manager, job, names);
		return 0;
	}
	*ret_id = job->id;
	return r;
}

static int start_unknown(struct manager *manager, enum job_kind kind, const char *name,
			 const char *why, uint32_t *ret_id)
{
	char *names[] = { (char *)name, NULL };

	if (kind == JOB_STOP)
		return -EALREADY;
	if (strv_contains(manager->not_found, name))
		return -ENOENT;
	return start_by_loading(manager, kind, name, why, names, ret_id);
}

static int start_known(struct manager *manager, struct service *service, const char *why,
		       uint32_t *ret_id)
{
	char **unknown CLEANUP_STRV = NULL;
	struct job *job = job_find(&manager->jobs, service->name);
	int r;

	if (!job && service_state_is_active(service->state))
		return -EALREADY;
	r = still_unknown(manager, service, &unknown);
	if (r < 0)
		return r;
	if (unknown && !job)
		return start_by_loading(manager, JOB_START, service->name, why, unknown, ret_id);
	return enqueue(manager, JOB_START, service, why, NULL, ret_id);
}

static int kind_of(const struct service *service, enum manager_verb verb, enum job_kind *ret)
{
	bool rests = service_state_is_inactive(service->state) && !service->prestart_pending;

	switch (verb) {
	case MANAGER_VERB_START:
		*ret = JOB_START;
		return 0;
	case MANAGER_VERB_STOP:
		*ret = JOB_STOP;
		return 0;
	case MANAGER_VERB_RESTART:
		*ret = rests ? JOB_START : JOB_RESTART;
		return 0;
	case MANAGER_VERB_TRY_RESTART:
		*ret = JOB_RESTART;
		return rests ? -EALREADY : 0;
	case MANAGER_VERB_RELOAD:
		*ret = JOB_RELOAD;
		return service_can_reload(service) ||
				       service->definition->service.rare->reload_to.len > 0
			       ? 0
			       : -ENOTSUP;
	case MANAGER_VERB_RELOAD_OR_RESTART:
		if (rests)
			*ret = JOB_START;
		else
			*ret = service_can_reload(service) ? JOB_RELOAD : JOB_RESTART;
		return 0;
	}
	return -EINVAL;
}

static int job_for_service(struct manager *manager, struct service *service, enum manager_verb verb,
			   const char *why, uint32_t *ret_id)
{
	uint32_t load = service->definition->service.load_state;
	enum job_kind kind;
	int r;

	r = kind_of(service, verb, &kind);
	if (r < 0)
		return r;
	if (kind == JOB_STOP && !job_find(&manager->jobs, service->name) &&
	    service_state_is_inactive(service->state) && !service->prestart_pending)
		return -EALREADY;
	if (kind != JOB_STOP && manager->stopping)
		return -ESHUTDOWN;
	if (kind != JOB_STOP && load != TABLE_LOAD_LOADED)
		return load == TABLE_LOAD_MASKED  ? -ERFKILL
		       : load == TABLE_LOAD_ERROR ? -EBADMSG
						  : -ENOENT;
	if (kind == JOB_START)
		return start_known(manager, service, why, ret_id);
	return enqueue(manager, kind, service, why, NULL, ret_id);
}

static int job_for_scope(struct manager *manager, struct scope *scope, enum manager_verb verb,
			 uint32_t *ret_id)
{
	return verb == MANAGER_VERB_STOP ? manager_scope_stop(manager, scope, ret_id) : -EALREADY;
}

int manager_job(struct manager *manager, enum manager_verb verb, const char *name, const char *why,
		uint32_t *ret_job)
{
	struct service *service;
	struct scope *scope;
	uint32_t id = 0;
	int r;

	if (!definition_name_is_valid(name))
		return -EINVAL;
	service = manager_find(manager, name);
	scope = service ? NULL : manager_find_scope(manager, name);
	if (service)
		r = job_for_service(manager, service, verb, why, &id);
	else if (scope)
		r = job_for_scope(manager, scope, verb, &id);
	else if (manager->stopping)
		r = -ESHUTDOWN;
	else
		r = start_unknown(manager, verb == MANAGER_VERB_STOP ? JOB_STOP : JOB_START, name,
				  why, &id);
	if (r == 0 && ret_job)
		*ret_job = id;
	return r;
}

int manager_order(struct manager *manager, enum manager_verb verb, const char *name,
		  const char *why, uint32_t *ret_job)
{
	bool wanted = job_find(&manager->jobs, name);
	uint32_t id = 0;
	struct job *job;
	int r;

	if (refuses_order(manager_find(manager, name), verb))
		return -EBADRQC;
	r = manager_job(manager, verb, name, why, &id);
	job = r == 0 && !wanted ? job_find_id(&manager->jobs, id) : NULL;
	/* It is looked at when its unit is known. What others want already stays theirs. */
	if (job && job->state == JOB_LOADING)
		job->ordered = true;
	if (r == 0)
		*ret_job = id;
	return r;
}

int manager_start_unit(struct manager *manager, const char *name, const char *why,
		       uint32_t *ret_job)
{
	return manager_job(manager, MANAGER_VERB_START, name, why, ret_job);
}

int manager_stop_unit(struct manager *manager, const char *name, const char *why, uint32_t *ret_job)
{
	return manager_job(manager, MANAGER_VERB_STOP, name, why, ret_job);
}

int manager_restart_unit(struct manager *manager, const char *name, const char *why,
			 uint32_t *ret_job)
{
	return manager_job(manager, MANAGER_VERB_RESTART, name, why, ret_job);
}

int manager_start_stage(struct manager *manager, enum table_stage stage, const char *why)
{
	struct service *service;
	char line[300];
	int n_jobs = 0;

	/* What is enabled has no Stage= in its manifest. */
	(void)snprintf(line, sizeof(line), "Stage=%s: %s", definition_stage_name(stage), why);
	if (stage != TABLE_STAGE_GREETER)
		why = line;
	/* A start adds no service before the loop turns, so the list stands still. */
	list_for_each (service, &manager->services, link) {
		const struct definition_words *words = &service->definition->service;
		int r;

		if (words->stage != stage || words->load_state != TABLE_LOAD_LOADED)
			continue;
		r = manager_start_unit(manager, service->name, why, NULL);
		if (r == 0)
			n_jobs++;
		else if (r != -EALREADY)
			log_warning_errno(r, "cannot start %s", service->name);
	}
	return n_jobs;
}
