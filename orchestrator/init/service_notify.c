/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/parse.h"

#include "service_internal.h"

/*
 * What a service says on its notify socket. Who may speak is NotifyAccess=: its main process; its commands as
 * well; or every process of its group, and root, whose short-lived helpers (systemd-notify) are dead when their message is read.
 */

enum table_notify service_notify_access(const struct service *service)
{
	const struct definition_words *words = &service->definition->service;

	if (words->notify_access != TABLE_NOTIFY_DEFAULT)
		return words->notify_access;
	return words->type == TABLE_TYPE_NOTIFY || words->type == TABLE_TYPE_NOTIFY_RELOAD ||
			       words->rare->watchdog_us > 0
		       ? TABLE_NOTIFY_MAIN
		       : TABLE_NOTIFY_NONE;
}

bool service_awaits_notify(const struct service *service)
{
	uint32_t type = service->definition->service.type;

	return type == TABLE_TYPE_NOTIFY || type == TABLE_TYPE_NOTIFY_RELOAD;
}

static bool may_speak(struct service *service, const struct notify_message *message)
{
	bool main = message->pid == service->main.pid;
	bool control = message->pid == service_control_pid(service);

	switch (service_notify_access(service)) {
	case TABLE_NOTIFY_MAIN:
		return main;
	case TABLE_NOTIFY_EXEC:
		return main || control;
	case TABLE_NOTIFY_ALL:
		return main || control || message->uid == 0 ||
		       cgroup_contains(&service->group, message->pid);
	case TABLE_NOTIFY_DEFAULT:
	case TABLE_NOTIFY_NONE:
		break;
	}
	return false;
}

static void take_main_pid(struct service *service, const struct notify_message *message)
{
	char value[32];
	uint32_t pid;

	if (!notify_get(message->text, "MAINPID", value, sizeof(value)))
		return;
	/* Root may name any process, others one of the service itself. */
	if (parse_u32(value, &pid) < 0 || pid <= 1 || pid > INT32_MAX ||
	    (message->uid != 0 && !cgroup_contains(&service->group, (pid_t)pid))) {
		log_warning("%s: refused MAINPID=%s", service->name, value);
		return;
	}
	service_watch_main(service, (pid_t)pid);
}

static void take_status(struct service *service, const struct notify_message *message)
{
	char value[512];
	char *copy;

	if (!notify_get(message->text, "STATUS", value, sizeof(value)))
		return;
	copy = strdup(value);
	if (!copy)
		return;
	free(service->status_text);
	service->status_text = copy;
	service->host->changed(service, service->host->data);
}

static void take_watchdog(struct service *service, const struct notify_message *message)
{
	char value[32];

	if (!notify_get(message->text, "WATCHDOG", value, sizeof(value)))
		return;
	if (strcmp(value, "1") == 0) {
		if (service_watchdog_deadline(service))
			service_pet_watchdog(service);
	} else if (strcmp(value, "trigger") == 0) {
		service_fail(service, VERDICT_WATCHDOG, "asked for its watchdog by itself");
		service_dispatch(service, SERVICE_EVENT_WATCHDOG);
	}
}

static void take_watchdog_span(struct service *service, const struct notify_message *message)
{
	char value[32];
	uint64_t span_us;

	if (!notify_get(message->text, "WATCHDOG_USEC", value, sizeof(value)) ||
	    parse_u64(value, &span_us) < 0)
		return;
	service->watchdog_span_us = span_us;
	service->host->changed(service, service->host->data);
	if (span_us > 0)
		service_pet_watchdog(service);
	else
		service_stop_watchdog(service);
}

/* The state's deadline is at least so far away from now on. */
static void take_extension(struct service *service, const struct notify_message *message)
{
	char value[32];
	uint64_t span_us, now_us = clock_monotonic_us();

	if (!notify_get(message->text, "EXTEND_TIMEOUT_USEC", value, sizeof(value)) ||
	    parse_u64(value, &span_us) < 0 || span_us > UINT64_MAX - now_us)
		return;
	if (service->state == SERVICE_AUTO_RESTART || !service->timer.loop ||
	    service->timer.deadline_us >= now_us + span_us)
		return;
	(void)loop_timer_start(service->host->loop, &service->timer, now_us + span_us,
			       service->timer.fn); /* the old deadline holds */
	service->host->changed(service, service->host->data);
}

static bool says(const struct notify_message *message, const char *key)
{
	char value[8];

	return notify_get(message->text, key, value, sizeof(value)) && strcmp(value, "1") == 0;
}

/* What it says of its own failure is told with how it ended. */
static void take_error(struct service *service, const struct notify_message *message)
{
	char value[256], text[320] = "";
	uint32_t number;

	if (notify_get(message->text, "ERRNO", value, sizeof(value)) &&
	    parse_u32(value, &number) == 0 && number > 0 && number < 4096)
		snprintf(text, sizeof(text), "%s", strerror((int)number));
	else if (notify_get(message->text, "BUSERROR", value, sizeof(value)) && value[0])
		snprintf(text, sizeof(text), "%s", value);
	else if (notify_get(message->text, "EXIT_STATUS", value, sizeof(value)) && value[0])
		snprintf(text, sizeof(text), "exit status %s", value);
	if (!text[0])
		return;
	free(service->error_text);
	service->error_text = strdup(text);
	service->host->changed(service, service->host->data);
}

static void take_state(struct service *service, const struct notify_message *message)
{
	bool ready = says(message, "READY") && service_awaits_notify(service);

	/* The newer of two lines in one message is the one that ends something. */
	if (says(message, "STOPPING"))
		service_dispatch(service, SERVICE_EVENT_STOPPING);
	else if (says(message, "RELOADING") && !ready)
		service_dispatch(service, SERVICE_EVENT_RELOADING);
	else if (ready)
		service_dispatch(service, SERVICE_EVENT_READY);
}

/* BARRIER=1 brings a descriptor, which is closed with the others of the message: that is the whole answer. */
void service_handle_notify(struct notify *notify, const struct notify_message *message)
{
	struct service *service = notify->data;

	if (!may_speak(service, message)) {
		log_debug("%s: notification of process %d refused", service->name,
			  (int)message->pid);
		return;
	}
	take_main_pid(service, message);
	take_status(service, message);
	take_error(service, message);
	service_take_fds(service, message);
	take_watchdog_span(service, message);
	take_watchdog(service, message);
	take_extension(service, message);
	take_state(service, message);
}

/* Its end and what it said before may be found in one turn of the loop, in either order: only before its end may it speak. */
void service_hear_last_words(struct loop_child *child)
{
	notify_drain(container_of(child, struct service_process, child)->service->notify);
}
