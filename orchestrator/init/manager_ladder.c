/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "early/log.h"

#include "ladder.h"
#include "manager_internal.h"

/* What the manager does for a service that ends again and again: the units of its rungs. */

static bool is_settled(struct manager *manager, const char *name)
{
	struct service *service = manager_find(manager, name);

	return !job_find(&manager->jobs, name) && (!service || !service_is_starting(service));
}

static enum service_gave_up render_by_software(struct manager *manager, struct service *service,
					       const char *unit)
{
	char why[300];
	int r;

	snprintf(why, sizeof(why), "%s ends again and again", service->name);
	r = manager_start_unit(manager, unit, why, NULL);
	if (r < 0 && r != -EALREADY) {
		log_warning_errno(r, "cannot start %s", unit);
		return SERVICE_GAVE_UP_NEXT;
	}
	service->software = strdup(unit);
	if (!service->software)
		return SERVICE_GAVE_UP_NEXT;
	service->awaits_software = !is_settled(manager, unit);
	manager_unit_event(manager, service, TIMELINE_SOFTWARE_RENDERING, why);
	return SERVICE_GAVE_UP_AGAIN;
}

static enum service_gave_up fall_back(struct manager *manager, struct service *service,
				      const char *unit)
{
	char why[300];
	int r;

	snprintf(why, sizeof(why), "%s gave up", service->name);
	r = manager_start_unit(manager, unit, why, NULL);
	if (r == 0 || r == -EALREADY)
		return SERVICE_GAVE_UP;
	log_warning_errno(r, "cannot start %s", unit);
	return SERVICE_GAVE_UP_NEXT;
}

enum service_gave_up manager_gave_up(struct service *service, const struct ladder_rung *rung,
				     void *data)
{
	struct manager *manager = data;
	enum service_gave_up outcome = SERVICE_GAVE_UP;
	struct manager_unit unit;

	if (rung->kind == LADDER_SOFTWARE)
		outcome = render_by_software(manager, service, rung->unit);
	else if (rung->kind == LADDER_FALLBACK)
		outcome = fall_back(manager, service, rung->unit);
	if (outcome == SERVICE_GAVE_UP_NEXT)
		return outcome;
	manager_describe(service, &unit);
	MANAGER_TELL(manager, gave_up, &unit, rung);
	return outcome;
}

void manager_loops(struct service *service, enum backoff_loop loop, void *data)
{
	struct manager *manager = data;

	manager_unit_event(manager, service, TIMELINE_CRASH_LOOP, backoff_loop_name(loop));
	MANAGER_TELL(manager, remark, service->name, backoff_loop_name(loop));
}

void manager_release_waiting(struct manager *manager)
{
	struct service *service;

	list_for_each (service, &manager->services, link)
		if (service->awaits_software && is_settled(manager, service->software))
			service_software_ready(service);
}
