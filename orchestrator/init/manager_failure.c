/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who looks for the cause of a failure looks into the service's log and asks `why`: both get it in words, also for what is no failure of
 * a run (a start limit, a requirement that cannot be met).
 */
#include "manager_internal.h"

void failure_remark(struct manager *manager, const struct service *service, enum service_state old)
{
	bool refused = old == SERVICE_AUTO_RESTART && service->state == SERVICE_FAILED;

	if (service->result == VERDICT_SUCCESS || service->result == VERDICT_CONDITION ||
	    !service->detail)
		return;
	if (refused || (!manager_is_rest(old) && manager_is_rest(service->state)))
		MANAGER_TELL(manager, remark, service->name, service->detail);
}

static void note_refusal(struct manager *manager, struct service *service, const char *detail)
{
	service_note_failure(service, false, "could not be started: %s", detail);
	if (service->failure)
		MANAGER_TELL(manager, remark, service->name, service->failure);
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
