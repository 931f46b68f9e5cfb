/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run_variables.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "early/cause.h"
#include "early/clock.h"
#include "early/strv.h"

#include "service_internal.h"
#include "timer.h"

/*
 * What a run is told of itself and of what led to it
 *
 * Who triggered it is the newest of its reasons, which are kept anyway, also over an exec: nothing more is stored for a service.
 * What that one's run came to is with the one itself for as long as it rests; of one that has started again meanwhile nothing is said.
 */

void run_variables_new_id(uint64_t id[static 2])
{
	/* Never waits, also before the kernel has gathered its randomness: it has to differ, not to be a secret. */
	if (getrandom(id, 2 * sizeof(*id), GRND_INSECURE) != (ssize_t)(2 * sizeof(*id))) {
		id[0] = clock_monotonic_us();
		id[1] = clock_boottime_us() * 0x9e3779b97f4a7c15ULL;
	}
	id[0] = (id[0] & ~0xf000ULL) | 0x4000; /* version 4 */
	id[1] = (id[1] & ~(3ULL << 62)) | 2ULL << 62;
}

static int add_id(const struct service *service, const char *name, char ***environment)
{
	return strv_appendf(environment, "%s=%016" PRIx64 "%016" PRIx64, name, service->run_id[0],
			    service->run_id[1]);
}

static const char *exit_code_name(int code)
{
	return code == CLD_EXITED ? "exited" : code == CLD_DUMPED ? "dumped" : "killed";
}

static int add_exit_status(const struct service *service, const char *prefix, char ***environment)
{
	const char *name = service->exit_code == CLD_EXITED ? NULL
							    : sigabbrev_np(service->exit_status);

	if (name)
		return strv_appendf(environment, "%sEXIT_STATUS=%s", prefix, name);
	if (service->exit_code != CLD_EXITED && service->exit_status >= SIGRTMIN)
		return strv_appendf(environment, "%sEXIT_STATUS=RTMIN+%d", prefix,
				    service->exit_status - SIGRTMIN);
	return strv_appendf(environment, "%sEXIT_STATUS=%d", prefix, service->exit_status);
}

/* @prefix is "MONITOR_" where it is another one's result. */
static int add_result(const struct service *service, const char *prefix, char ***environment)
{
	int r = strv_appendf(environment, "%sSERVICE_RESULT=%s", prefix,
			     verdict_name(service->result));

	if (r < 0 || service->exit_code == 0)
		return r;
	r = strv_appendf(environment, "%sEXIT_CODE=%s", prefix, exit_code_name(service->exit_code));
	return r < 0 ? r : add_exit_status(service, prefix, environment);
}

static int add_monitored(const struct service *other, char ***environment)
{
	int r;

	if (service_is_target(other) || !service_state_is_inactive(other->state))
		return 0;
	r = add_result(other, "MONITOR_", environment);
	if (r == 0)
		r = strv_appendf(environment, "MONITOR_UNIT=%s", other->name);
	return r < 0 || other->run_us == 0 ? r
					   : add_id(other, "MONITOR_INVOCATION_ID", environment);
}

static int add_timer(const struct service *other, char ***environment)
{
	const struct timer_clocks *elapsed = other->times ? &other->times->past.elapsed : NULL;
	int r = strv_appendf(environment, "TRIGGER_UNIT=%s", other->name);

	if (r == 0 && elapsed && elapsed->realtime_us > 0)
		r = strv_appendf(environment, "TRIGGER_TIMER_REALTIME_USEC=%" PRIu64,
				 elapsed->realtime_us);
	if (r == 0 && elapsed && elapsed->monotonic_us > 0)
		r = strv_appendf(environment, "TRIGGER_TIMER_MONOTONIC_USEC=%" PRIu64,
				 elapsed->monotonic_us);
	return r;
}

static int add_trigger(const struct service *service, enum table_phase phase, char ***environment)
{
	const char *reason = service_last_reason(service);
	const struct service *other = NULL;
	char buf[CAUSE_MAX];
	struct cause cause;

	cause_parse(reason, buf, &cause);
	if (cause.unit[0] && service->host->find)
		other = service->host->find(cause.unit, service->host->data);
	if (!other)
		return 0;
	if (strncmp(reason, CAUSE_TIMER, strlen(CAUSE_TIMER)) == 0)
		return add_timer(other, environment);
	if ((phase == TABLE_PHASE_START || phase == TABLE_PHASE_START_PRE) &&
	    (strcmp(cause.directive, "OnFailure=") == 0 ||
	     strcmp(cause.directive, "OnSuccess=") == 0))
		return add_monitored(other, environment);
	return 0;
}

int run_variables_add(const struct service *service, enum table_phase phase, char ***environment)
{
	int r = add_id(service, "INVOCATION_ID", environment);

	if (r == 0 && (phase == TABLE_PHASE_STOP || phase == TABLE_PHASE_STOP_POST))
		r = add_result(service, "", environment);
	if (r == 0 && phase != TABLE_PHASE_CLEAN)
		r = add_trigger(service, phase, environment);
	return r;
}
