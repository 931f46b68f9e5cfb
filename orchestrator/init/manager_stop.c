/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager_internal.h"

#include <signal.h>

#include "early/log.h"

/* The end of all: everything is stopped, and who asked for it is told when nothing runs any more, or at the deadline. */

static bool all_stopped(struct manager *manager)
{
	struct service *service;

	list_for_each (service, &manager->services, link)
		if (!service_state_is_inactive(service->state) && !service_is_target(service))
			return false;
	return true;
}

static void finish_stopping(struct manager *manager)
{
	void (*fn)(struct manager *, void *) = manager->stopped_fn;

	manager->stopped_fn = NULL;
	loop_timer_stop(&manager->stop_deadline);
	if (fn)
		fn(manager, manager->stopped_data);
}

void manager_settle_stop(struct manager *manager)
{
	if (manager->stopped_fn && all_stopped(manager))
		finish_stopping(manager);
}

bool manager_is_stopping(struct manager *manager)
{
	return manager->stopping;
}

static void handle_stop_deadline(struct loop_timer *timer)
{
	struct manager *manager = container_of(timer, struct manager, stop_deadline);

	log_warning("not all services stopped in time");
	finish_stopping(manager);
}

int manager_stop_all(struct manager *manager, const char *why, uint64_t deadline_us,
		     void (*fn)(struct manager *manager, void *data), void *data)
{
	struct service *service;
	struct scope *scope;
	uint32_t id;

	manager->stopping = true;
	manager->stopped_fn = fn;
	manager->stopped_data = data;
	job_cancel_starts(&manager->jobs);
	list_for_each (scope, &manager->scopes, link)
		(void)cgroup_kill(&scope->group, SIGTERM, 0); /* what stays is the shutdown's */
	list_for_each (service, &manager->services, link)
		if (!service_state_is_inactive(service->state) || service->prestart_pending) {
			int r = job_enqueue(&manager->jobs, JOB_STOP, service, why, NULL, NULL,
					    &id);

			if (r < 0)
				log_warning_errno(r, "cannot stop %s", service->name);
		}
	manager_wake(manager);
	return loop_timer_start(manager->loop, &manager->stop_deadline, deadline_us,
				handle_stop_deadline);
}
