/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control_answer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "early/cause.h"
#include "early/channel.h"
#include "early/proto/control.h"

#include "depend.h"
#include "manager_internal.h"

/* Sending to a client that hung up fails with -ENOTCONN; its end is told by the channel, so results are not looked at. */

void control_answer_done(struct channel *channel, int error, const char *text)
{
	struct control_done done = { error, text };

	(void)channel_send(channel, CONTROL_DONE, &done);
}

/* A time of CLOCK_BOOTTIME as people count it. */
static uint64_t people_us(struct manager *manager, uint64_t t_us)
{
	uint64_t zero_us = manager_zero_us(manager);

	return t_us > zero_us ? t_us - zero_us : 0;
}

static void fill(struct control_service *ret, struct manager *manager,
		 const struct manager_unit *unit)
{
	*ret = (struct control_service){
		.name = unit->name,
		.description = unit->description,
		.load_state = unit->load_state,
		.active_state = unit->active_state,
		.sub_state = unit->sub_state,
		.stage = unit->stage,
		.path = unit->path,
		.cgroup = unit->cgroup,
		.result = unit->result,
		.why = "",
		.main_pid = unit->main_pid > 0 ? (uint32_t)unit->main_pid : 0,
		.since_us = people_us(manager, unit->since_us),
		.detail = unit->detail,
		.remarks = unit->remarks,
		.type = "",
		.failure = "",
		.loop = "",
	};
}

/* Their lists alone can be longer than a message. */
static void send_service(struct channel *channel, struct control_service *message)
{
	static const struct wire_list none;

	if (channel_send(channel, CONTROL_SERVICE, message) != -EMSGSIZE)
		return;
	message->requires = message->binds_to = message->wants = message->after = none;
	(void)channel_send(channel, CONTROL_SERVICE, message);
}

static void fill_failure(struct control_service *ret, struct manager *manager,
			 const struct service *service)
{
	ret->run_us = people_us(manager, service->run_us);
	ret->loop = service_loop(service);
	if (!service->failure)
		return;
	ret->failure = service->failure;
	ret->failure_us = people_us(manager, service->failure_us);
	ret->failure_run_us = people_us(manager, service->failure_run_us);
}

static void fill_service(struct control_service *ret, const struct service *service)
{
	const struct definition_words *words = &service->definition->service;

	ret->why = service_last_reason(service);
	ret->control_pid = (uint32_t)service_control_pid(service);
	ret->exit_status = service->exit_status;
	ret->restarts = service->restarts;
	ret->type = definition_type_name(words->type);
	ret->requires = words->requires;
	ret->binds_to = words->rare->binds_to;
	ret->wants = words->wants;
	ret->after = words->after;
	ret->changed_us = words->changed_us;
}

static void fill_timer(struct control_service *ret, const struct timer *timer)
{
	struct timer_facts facts;

	timer_describe(timer, &facts);
	ret->type = "timer";
	ret->triggers = facts.unit;
	ret->next_us = facts.next_us;
	ret->last_us = facts.last_us;
}

/* Files of the kernel's memory: reading them can't block. */
static void fill_resources(struct control_service *ret, const struct cgroup *group)
{
	uint64_t tasks;

	(void)cgroup_number(group, "memory.current", &ret->memory_bytes); /* stays 0 */
	if (cgroup_number(group, "pids.current", &tasks) == 0)
		ret->tasks = (uint32_t)MIN(tasks, UINT32_MAX);
}

void control_answer_service(struct channel *channel, struct manager *manager,
			    const struct service *service, bool closely)
{
	struct control_service message;
	struct manager_unit unit;

	manager_describe(service, &unit);
	fill(&message, manager, &unit);
	fill_service(&message, service);
	if (service->times)
		fill_timer(&message, service->times);
	fill_failure(&message, manager, service);
	if (closely)
		fill_resources(&message, &service->group);
	send_service(channel, &message);
}

void control_answer_scope(struct channel *channel, struct manager *manager,
			  const struct scope *scope)
{
	struct control_service message;
	struct manager_unit unit;

	manager_describe_scope(scope, &unit);
	fill(&message, manager, &unit);
	(void)channel_send(channel, CONTROL_SERVICE, &message);
}

/* A unit may say it firmly in two ways. */
static const char *firm_directive(const struct definition_words *words,
				  const struct service *service)
{
	return depend_lists(&words->rare->binds_to, &service->definition->service) ? "BindsTo="
										   : "Requires=";
}

static void fill_reason(struct control_reason *ret, const struct cause *cause,
			const struct service *service, const struct service *by)
{
	ret->how = cause->how;
	ret->directive = cause->directive;
	ret->object = cause->object;
	ret->unit = cause->unit;
	ret->exe = cause->exe;
	ret->pid = cause->pid;
	ret->uid = cause->uid;
	ret->manifest = by && cause->directive[0] ? by->definition->service.path : "";
	if (by && strcmp(cause->directive, "Requires=") == 0)
		ret->directive = firm_directive(&by->definition->service, service);
	if (strcmp(cause->directive, "BusName=") == 0)
		ret->object = service->definition->service.rare->bus_name;
}

void control_answer_reasons(struct channel *channel, struct manager *manager,
			    const struct service *service)
{
	for (size_t i = service->n_reasons; i-- > 0;) {
		struct control_reason reason = { people_us(manager, service->reasons[i].t_us),
						 .text = service->reasons[i].text };
		char buf[CAUSE_MAX];
		struct cause cause;

		cause_parse(reason.text, buf, &cause);
		fill_reason(&reason, &cause, service,
			    cause.unit[0] ? manager_find(manager, cause.unit) : service);
		(void)channel_send(channel, CONTROL_REASON, &reason);
	}
}

void control_answer_list(struct channel *channel, struct manager *manager)
{
	struct service *service;
	struct scope *scope;

	list_for_each (service, &manager->services, link)
		control_answer_service(channel, manager, service, false);
	list_for_each (scope, &manager->scopes, link)
		control_answer_scope(channel, manager, scope);
}

static void say(struct channel *channel, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void say(struct channel *channel, const char *fmt, ...)
{
	char text[300];
	struct control_text message = { text };
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void)channel_send(channel, CONTROL_TEXT, &message);
}

static void say_line(void *to, const char *text)
{
	say(to, "%s", text);
}

static void say_milestone(struct channel *channel, struct manager *manager, const char *name)
{
	uint64_t when_us = timeline_when(&manager->timeline, name);
	uint64_t t_us = people_us(manager, when_us);

	if (when_us > 0)
		say(channel, "%s after %llu.%03llu s", name, (unsigned long long)(t_us / 1000000),
		    (unsigned long long)(t_us / 1000 % 1000));
}

void control_answer_machine(struct channel *channel, struct manager *manager)
{
	static const char *const milestones[] = { "first-frame", "greeter", "merged", "complete" };
	size_t n_active = 0, n_failed = 0;
	struct service *service;

	list_for_each (service, &manager->services, link) {
		n_active += service_state_is_active(service->state);
		if (service->state != SERVICE_FAILED)
			continue;
		n_failed++;
		control_answer_service(channel, manager, service, false);
	}
	say(channel, "early-init %s%s", EARLY_VERSION,
	    manager->options.container ? " (container)" : "");
	say(channel, "%zu units, %zu active, %zu failed, %zu jobs, %zu scopes", manager->n_services,
	    n_active, n_failed, manager->jobs.n_jobs, manager->n_scopes);
	for (size_t i = 0; i < ARRAY_SIZE(milestones); i++)
		say_milestone(channel, manager, milestones[i]);
	if (manager->options.status)
		manager->options.status(manager->options.data, say_line, channel);
}

void control_answer_timeline(struct channel *channel, struct manager *manager)
{
	for (size_t i = 0; i < manager->timeline.n_events; i++) {
		const struct timeline_event *event = &manager->timeline.events[i];
		char buf[TIMELINE_NAME_MAX];
		struct control_event message = { timeline_event_name(event, buf),
						 people_us(manager, event->t_us),
						 event->why ? event->why : "" };

		(void)channel_send(channel, CONTROL_EVENT, &message);
	}
}
