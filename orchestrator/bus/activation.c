/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One activation for each ActivationRequest: asked, then queued, then gone. It ends with the first of: the job is done
 * (the service takes its name itself, which is all that the bus waits for), the job failed or was refused, the deadline passed. Every end
 * but the first is told to the bus by ActivationFailure, so that the caller gets an error at once instead of a timeout.
 */
#include "activation.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/cause.h"
#include "early/clock.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/proto/bus.h"

#include "bus.h"
#include "call.h"
#include "errors.h"
#include "iface.h"
#include "jobs.h"
#include "object_path.h"
#include "unit_name.h"
#include "utf8.h"

#define ACTIVATOR_INTERFACE "org.freedesktop.systemd1.Activator"
#define WHY CAUSE_BUS_CALL " (ActivationRequest of the D-Bus daemon)"

struct activation {
	struct list link; /* bus::activations */
	struct bus *bus;
	char *unit;
	struct request request;
	struct loop_timer timer;
	uint32_t job; /* 0: not queued yet */
};

static void activation_free(struct activation *activation)
{
	request_cancel(&activation->request);
	loop_timer_stop(&activation->timer);
	list_remove(&activation->link);
	free(activation->unit);
	free(activation);
}

static void PRINTF_LIKE(4, 5)
	send_failure(struct bus *bus, const char *unit, const char *error, const char *fmt, ...)
{
	DBusMessage *signal = dbus_message_new_signal(MANAGER_PATH, ACTIVATOR_INTERFACE,
						      "ActivationFailure");
	char buf[256], *text = buf;
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	utf8_make_valid(text);
	log_warning("activation of %s: %s", unit, text);
	if (signal != NULL &&
	    (!dbus_message_set_destination(signal, DBUS_SERVICE_DBUS) ||
	     !dbus_message_append_args(signal, DBUS_TYPE_STRING, &unit, DBUS_TYPE_STRING, &error,
				       DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID))) {
		dbus_message_unref(signal);
		signal = NULL;
	}
	bus_send(bus, signal);
}

static void refuse(struct activation *activation, int error)
{
	const char *unit = activation->unit;
	char buf[64];

	if (error == -ENOENT)
		send_failure(activation->bus, unit, ERROR_NO_SUCH_UNIT, "Unit %s not found.", unit);
	else if (error == -ERFKILL)
		send_failure(activation->bus, unit, ERROR_UNIT_MASKED, "Unit %s is masked.", unit);
	else if (error == -EBADRQC)
		send_failure(activation->bus, unit, ERROR_ONLY_BY_DEPENDENCY,
			     "Operation refused, %s may be requested by dependency only.", unit);
	else
		send_failure(activation->bus, unit, error_name(error, buf, sizeof(buf)),
			     "PID 1 refused to start %s: %s.", unit, strerror(-error));
}

static void handle_queued(struct request *request, const struct answer *answer)
{
	struct activation *activation = container_of(request, struct activation, request);
	const char *result;

	if (answer->error == -EALREADY) {
		activation_free(activation);
		return;
	}
	if (answer->error < 0) {
		refuse(activation, answer->error);
		activation_free(activation);
		return;
	}
	activation->job = answer->job;
	result = jobs_take_early_end(activation->bus, answer->job);
	if (result != NULL)
		activation_job_done(activation->bus, answer->job, result);
}

static void handle_deadline(struct loop_timer *timer)
{
	struct activation *activation = container_of(timer, struct activation, timer);

	send_failure(activation->bus, activation->unit, DBUS_ERROR_TIMED_OUT,
		     "%s did not start within %llu s.", activation->unit,
		     (unsigned long long)(activation->bus->activation_timeout_us / USEC_PER_SEC));
	activation_free(activation);
}

static int activation_new(struct bus *bus, const char *unit)
{
	struct activation *activation = calloc(1, sizeof(*activation));
	int r;

	if (activation == NULL)
		return -ENOMEM;
	list_init(&activation->link);
	activation->bus = bus;
	activation->unit = strdup(unit);
	if (activation->unit == NULL) {
		activation_free(activation);
		return -ENOMEM;
	}
	r = loop_timer_start(bus->loop, &activation->timer,
			     clock_monotonic_us() + bus->activation_timeout_us, handle_deadline);
	if (r >= 0)
		r = request_job(bus, &activation->request, BUS_VERB_START, unit, WHY,
				handle_queued);
	if (r < 0) {
		activation_free(activation);
		return r;
	}
	list_append(&bus->activations, &activation->link);
	return 0;
}

void activation_request(struct bus *bus, DBusMessage *signal)
{
	const char *unit;
	char buf[64];
	int r;

	if (!dbus_message_get_args(signal, NULL, DBUS_TYPE_STRING, &unit, DBUS_TYPE_INVALID)) {
		log_warning("the bus sent an ActivationRequest without a unit's name, ignored");
		return;
	}
	if (!unit_name_is_valid(unit)) {
		send_failure(bus, unit, DBUS_ERROR_INVALID_ARGS, "Unit name %s is not valid.",
			     unit);
		return;
	}
	r = activation_new(bus, unit);
	if (r < 0)
		send_failure(bus, unit, error_name(r, buf, sizeof(buf)),
			     "PID 1 cannot be asked to start %s: %s.", unit, strerror(-r));
}

void activation_job_done(struct bus *bus, uint32_t job, const char *result)
{
	struct activation *activation, *next;

	list_for_each_safe (activation, next, &bus->activations, link) {
		if (activation->job != job)
			continue;
		if (strcmp(result, "done") != 0)
			send_failure(bus, activation->unit, DBUS_ERROR_SPAWN_FAILED,
				     "%s could not be started: its job ended with \"%s\".",
				     activation->unit, result);
		activation_free(activation);
	}
}

void activation_done(struct bus *bus)
{
	struct activation *activation, *next;

	list_for_each_safe (activation, next, &bus->activations, link)
		activation_free(activation);
}
