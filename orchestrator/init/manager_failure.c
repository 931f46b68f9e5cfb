/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who looks for the cause of a failure looks into the service's log and asks `why`: both get it in words, also for what is no failure of
 * a run (a start limit, a requirement that cannot be met).
 */
#include <stdlib.h>
#include <string.h>

#include "manager_internal.h"
#include "shared_text.h"

/* Told before the loop sleeps, after what comes again at once has been started: whom it wakes would have the processor first. */
struct remark {
	struct list link; /* manager::remarks */
	const char *unit; /* held */
	char text[];
};

static void add_remark(struct manager *manager, const struct service *service, const char *text)
{
	size_t size = strlen(text) + 1;
	struct remark *remark = malloc(sizeof(*remark) + size);

	if (!remark) {
		MANAGER_TELL(manager, remark, service->name, text);
		return;
	}
	remark->unit = shared_text_hold(service->name);
	memcpy(remark->text, text, size);
	list_append(&manager->remarks, &remark->link);
	manager_wake(manager);
}

static void remark_free(struct remark *remark)
{
	list_remove(&remark->link);
	shared_text_free(remark->unit);
	free(remark);
}

void failure_tell_remarks(struct manager *manager)
{
	struct remark *remark;

	while ((remark = list_first(&manager->remarks, struct remark, link))) {
		MANAGER_TELL(manager, remark, remark->unit, remark->text);
		remark_free(remark);
	}
}

void failure_forget_remarks(struct manager *manager)
{
	struct remark *remark, *next;

	list_for_each_safe (remark, next, &manager->remarks, link)
		remark_free(remark);
}

void failure_remark(struct manager *manager, const struct service *service, enum service_state old)
{
	bool refused = old == SERVICE_AUTO_RESTART && service->state == SERVICE_FAILED;

	if (service->result == VERDICT_SUCCESS || service->result == VERDICT_CONDITION ||
	    !service->detail)
		return;
	if (refused || (!manager_is_rest(old) && manager_is_rest(service->state)))
		add_remark(manager, service, service->detail);
}

static void note_refusal(struct manager *manager, struct service *service, const char *detail)
{
	service_note_failure(service, false, "could not be started: %s", detail);
	if (service->failure)
		add_remark(manager, service, service->failure);
}

const char *failure_of_job(struct manager *manager, const struct job *job, enum job_result result)
{
	struct service *service = manager_find(manager, job->name);

	if (job->kind == JOB_STOP || (result != JOB_FAILED && result != JOB_DEPENDENCY))
		return job->detail;
	if (job->detail && service && service_state_is_inactive(service->state))
		note_refusal(manager, service, job->detail);
	if (!job->detail && service && service->result != VERDICT_SUCCESS)
		return service->detail;
	return job->detail;
}
