/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A job's life on the bus: the answer with its path, JobNew, and JobRemoved at its end, in this order, because callers learn
 * the path from the answer and then wait for the signal. "Nothing to do" from PID 1 is answered as a job that is done
 * already; its id comes from a range of our own, so that it meets none of PID 1's. PID 1 may also end a job before it has told us that
 * it queued it: such ends are remembered for a while and told again behind the answer.
 */
#include "jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/log.h"
#include "early/macros.h"

#include "bus.h"
#include "client.h"
#include "iface.h"
#include "object_path.h"
#include "signals.h"

#define LOCAL_JOBS 0x80000000U

const char *jobs_type(int verb)
{
	switch ((enum bus_verb)verb) {
	case BUS_VERB_START:
		return "start";
	case BUS_VERB_STOP:
		return "stop";
	case BUS_VERB_RESTART:
		return "restart";
	case BUS_VERB_TRY_RESTART:
		return "try-restart";
	case BUS_VERB_RELOAD:
		return "reload";
	case BUS_VERB_RELOAD_OR_RESTART:
		return "reload-or-start";
	case BUS_VERB_RELOAD_MANIFESTS:
	case BUS_VERB_RESET_FAILED:
		return "nop";
	}
	return "nop";
}

const char *jobs_result(const char *text)
{
	static const char *const results[] = { "done",    "failed",     "canceled",
					       "timeout", "dependency", "skipped" };

	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		if (strcmp(results[i], text) == 0)
			return results[i];
	}
	return NULL;
}

static void remember_end(struct bus *bus, uint32_t id, const char *result)
{
	bus->early_ends[bus->next_early_end++ % BUS_EARLY_ENDS] =
		(struct early_end){ .job = id, .result = result };
}

const char *jobs_take_early_end(struct bus *bus, uint32_t id)
{
	for (size_t i = 0; i < BUS_EARLY_ENDS; i++) {
		if (bus->early_ends[i].job != id)
			continue;
		bus->early_ends[i].job = 0;
		return bus->early_ends[i].result;
	}
	return NULL;
}

static enum call_result refuse(struct call *call, int error)
{
	const char *unit = call->job_unit;

	switch (error) {
	case -ENOENT:
		return call_fail(call, ERROR_NO_SUCH_UNIT, "Unit %s not found.", unit);
	case -ERFKILL:
		return call_fail(call, ERROR_UNIT_MASKED, "Unit %s is masked.", unit);
	case -EBADRQC:
		return call_fail(call, ERROR_ONLY_BY_DEPENDENCY,
				 "Operation refused, unit %s may be requested by dependency only "
				 "(it is configured to refuse manual start/stop).",
				 unit);
	case -EOPNOTSUPP:
		return call_fail(call, ERROR_JOB_NOT_APPLICABLE,
				 "Job type %s is not applicable for unit %s.",
				 jobs_type(call->verb), unit);
	case -EEXIST:
		return call_fail(call, ERROR_UNIT_EXISTS,
				 "Unit %s was already loaded or has a fragment file.", unit);
	case -ESRCH:
		return call_fail(call, ERROR_NO_SUCH_PROCESS,
				 "A process for %s does not exist any more.", unit);
	case -ETIMEDOUT:
		return call_fail(call, DBUS_ERROR_TIMEOUT, "PID 1 did not answer in time about %s.",
				 unit);
	}
	return call_fail_errno(call, error, "PID 1 refused to %s %s: %s.", jobs_type(call->verb),
			       unit, strerror(-error));
}

/* The answer with the path, then JobNew. */
static void announce(struct call *call, uint32_t id)
{
	struct bus *bus = call->bus;
	CLEANUP(free_charp)
	char *path = NULL;
	struct job *job = NULL;
	struct unit *unit;
	int r = job_path_new(id, &path);

	if (r >= 0)
		r = mirror_add_job(&bus->mirror, id, call->job_unit, jobs_type(call->verb), &job);
	if (r < 0) {
		/* The job runs, but its path cannot be told. */
		call_fail_errno(call, r, "Out of memory");
		return;
	}
	call_reply(call, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID);
	if (r == 0)
		return;
	signal_job_new(bus, job);
	unit = mirror_find(&bus->mirror, call->job_unit);
	if (unit != NULL)
		signal_unit_job(bus, unit);
}

static uint32_t next_local_job(struct bus *bus)
{
	bus->last_local_job = (bus->last_local_job + 1) & ~LOCAL_JOBS;
	return bus->last_local_job | LOCAL_JOBS;
}

static void handle_queued(struct request *request, const struct answer *answer)
{
	struct call *call = container_of(request, struct call, request);
	struct bus *bus = call->bus;
	const char *result = NULL;
	uint32_t id = answer->job;

	if (answer->error < 0 && answer->error != -EALREADY) {
		refuse(call, answer->error);
		call_free(call);
		return;
	}
	if (answer->error == -EALREADY) {
		id = next_local_job(bus);
		result = "done";
	} else {
		result = jobs_take_early_end(bus, id);
	}
	announce(call, id);
	if (result != NULL)
		jobs_finish(bus, id, call->job_unit, result);
	call_free(call);
}

static void handle_queued_silent(struct request *request, const struct answer *answer)
{
	struct call *call = container_of(request, struct call, request);

	if (answer->error < 0 && answer->error != -EALREADY)
		refuse(call, answer->error);
	else
		call_reply_empty(call);
	call_free(call);
}

static void finish_reload(struct call *call, const char *result)
{
	signal_reloading(call->bus, false);
	mirror_forget_aliases(&call->bus->mirror);
	if (strcmp(result, "done") == 0)
		call_reply_empty(call);
	else
		call_fail(call, DBUS_ERROR_FAILED, "The manifests could not be read again: %s.",
			  result);
	call_free(call);
}

static void handle_queued_reload(struct request *request, const struct answer *answer)
{
	struct call *call = container_of(request, struct call, request);
	const char *result;

	if (answer->error == -EALREADY) {
		finish_reload(call, "done");
		return;
	}
	if (answer->error < 0) {
		finish_reload(call, strerror(-answer->error));
		return;
	}
	result = jobs_take_early_end(call->bus, answer->job);
	if (result != NULL) {
		finish_reload(call, result);
		return;
	}
	call->job = answer->job;
	(void)call_park(call, &call->bus->finishing);
}

static enum call_result ask(struct call *call, enum bus_verb verb, const char *unit, request_fn fn)
{
	const struct client *client = client_find(call->bus,
						  dbus_message_get_sender(call->message));
	CLEANUP(free_charp)
	char *why = NULL;
	int r;

	call->verb = (int)verb;
	call->job_unit = strdup(unit);
	if (call->job_unit == NULL)
		return call_fail(call, DBUS_ERROR_NO_MEMORY, "Out of memory");
	r = client_describe(client, call->method->name, &why);
	if (r >= 0)
		r = request_job(call->bus, &call->request, verb, unit, why, fn);
	if (r < 0)
		return refuse(call, r);
	return CALL_KEPT;
}

enum call_result jobs_start(struct call *call, enum bus_verb verb, const char *unit)
{
	return ask(call, verb, unit, handle_queued);
}

enum call_result jobs_start_silent(struct call *call, enum bus_verb verb, const char *unit)
{
	return ask(call, verb, unit, handle_queued_silent);
}

enum call_result jobs_start_and_wait(struct call *call, enum bus_verb verb, const char *unit)
{
	enum call_result result;

	signal_reloading(call->bus, true);
	result = ask(call, verb, unit, handle_queued_reload);
	if (result != CALL_KEPT)
		signal_reloading(call->bus, false);
	return result;
}

enum call_result jobs_start_scope(struct call *call, const char *unit, const char *slice,
				  const char *description, char *const *pids)
{
	int r;

	call->verb = BUS_VERB_START;
	call->job_unit = strdup(unit);
	if (call->job_unit == NULL)
		return call_fail(call, DBUS_ERROR_NO_MEMORY, "Out of memory");
	r = request_scope(call->bus, &call->request, unit, slice, description, pids, handle_queued);
	if (r < 0)
		return refuse(call, r);
	return CALL_KEPT;
}

void jobs_finish(struct bus *bus, uint32_t id, const char *unit_name, const char *result)
{
	struct job *job = mirror_find_job(&bus->mirror, id);
	struct unit *unit = mirror_find(&bus->mirror, unit_name);
	struct call *call, *next;
	bool known = job != NULL;

	list_for_each_safe (call, next, &bus->finishing, link) {
		if (call->job != id)
			continue;
		known = true;
		finish_reload(call, result);
	}
	if (job != NULL)
		mirror_remove_job(&bus->mirror, job);
	if (!known)
		remember_end(bus, id, result);
	/* Manager.Reload is no unit's job. */
	if (*unit_name == '\0')
		return;
	signal_job_removed(bus, id, unit_name, result);
	if (unit != NULL)
		signal_unit_job(bus, unit);
}
