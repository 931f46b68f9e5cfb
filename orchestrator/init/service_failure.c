/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"

#include "service_internal.h"

/*
 * What is remembered of the last failure. `detail` and `result` are of one run and go with the next start; a service that comes up again
 * and again would never show why. This stays until the next failure, and a start limit does not cover the death that led to it.
 */

void service_note_failure(struct service *service, bool of_run, const char *fmt, ...)
{
	char text[512];
	va_list args;
	char *copy;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	copy = strdup(text);
	if (!copy)
		return; /* the log has it */
	free(service->failure);
	service->failure = copy;
	service->failure_us = clock_boottime_us();
	service->failure_run_us = of_run ? service->run_us : service->failure_us;
}

void service_note_end(struct service *service)
{
	if (service->result != VERDICT_SUCCESS)
		return; /* noted with the failure */
	if (service->exit_code == 0)
		service_note_failure(service, true, "it ended by itself");
	else
		service_note_failure(service, true, "main process ended with exit status %d",
				     service->exit_status);
}

const char *service_loop(const struct service *service)
{
	uint64_t past_us = clock_monotonic_us() - service->started_us;
	bool runs = service_state_is_active(service->state) || service_is_starting(service);

	return backoff_loop_name(backoff_loop_now(&service->backoff, runs ? past_us : 0));
}
