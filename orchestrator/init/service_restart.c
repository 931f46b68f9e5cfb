/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "early/clock.h"
#include "early/log.h"

#include "ladder.h"
#include "service_internal.h"

/*
 * What follows when a service ended by itself and is to run again: how long it waits (backoff.c), whether that is a loop, and which
 * rung of OnGiveUp= comes next (ladder.c). A rung that lets it run again begins a new count.
 */

static bool is_limited(const struct definition_words *words)
{
	return words->start_limit_burst > 0 && words->start_limit_interval_us > 0;
}

uint64_t service_restart_delay(const struct service *service)
{
	const struct definition_words *words = &service->definition->service;
	const struct backoff_words pause = {
		.given = words->flags & TABLE_FLAG_RESTART_SEC,
		.limited = is_limited(words),
		.restart_us = words->restart_us,
		.steps = words->restart_steps,
		.max_delay_us = words->rare->restart_max_delay_us,
	};

	if (service->awaits_software)
		return SERVICE_SOFTWARE_DEADLINE_US;
	return backoff_delay(&service->backoff, &pause);
}

bool service_give_up(struct service *service)
{
	struct ladder_rung rung;

	while (ladder_rung(service->definition->service.rare->on_give_up, service->rung, &rung)) {
		enum service_gave_up outcome;

		service->rung++;
		outcome = service->host->gave_up(service, &rung, service->host->data);
		if (outcome == SERVICE_GAVE_UP_AGAIN)
			backoff_reset(&service->backoff);
		if (outcome != SERVICE_GAVE_UP_NEXT)
			return outcome == SERVICE_GAVE_UP_AGAIN;
	}
	return false;
}

bool service_comes_again(struct service *service)
{
	const struct definition_words *words = &service->definition->service;
	enum backoff_loop old = service->backoff.loop;
	bool climbs = service->climbs;
	uint64_t now_us = clock_monotonic_us();
	enum backoff_loop loop = backoff_death(&service->backoff, now_us,
					       now_us - service->started_us);

	service->climbs = false;
	service_note_end(service);
	if (loop != BACKOFF_LOOP_NONE && old == BACKOFF_LOOP_NONE) {
		log_warning("%s: %s", service->name, backoff_loop_name(loop));
		service->host->loops(service, loop, service->host->data);
	}
	if (!words->rare->on_give_up[0] || (!climbs && !ladder_climbs(loop, is_limited(words))))
		return true;
	if (service_give_up(service))
		return true;
	service_fail(service, VERDICT_START_LIMIT, "%s",
		     climbs ? "it runs, but does not do what it is for" : backoff_loop_name(loop));
	return false;
}

int service_climb(struct service *service)
{
	if (service->main.pid <= 0)
		return -ESRCH;
	service->climbs = true;
	service->host->changed(service, service->host->data);
	return kill(service->main.pid, SIGKILL) < 0 ? -errno : 0;
}

void service_climb_down(struct service *service)
{
	service->rung = 0;
	service->backoff.quick_deaths = 0;
	service->backoff.forgiven_us = 0;
	service->backoff.loop = BACKOFF_LOOP_NONE;
	service->climbs = false;
	service->awaits_software = false;
	free(service->software);
	service->software = NULL;
}

static void handle_software_deadline(struct loop_timer *timer)
{
	service_software_ready(container_of(timer, struct service, timer));
}

bool service_waits_for_software(struct service *service)
{
	return service->awaits_software &&
	       loop_timer_start(service->host->loop, &service->timer,
				clock_monotonic_us() + SERVICE_SOFTWARE_DEADLINE_US,
				handle_software_deadline) >= 0;
}

void service_software_ready(struct service *service)
{
	if (!service->awaits_software)
		return;
	service->awaits_software = false;
	if (service->state != SERVICE_AUTO_RESTART || service->prestart_pending)
		return;
	loop_timer_stop(&service->timer);
	service_begin(service);
}
