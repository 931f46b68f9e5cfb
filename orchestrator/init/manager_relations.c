/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "early/clock.h"
#include "early/log.h"

#include "depend.h"

/*
 * What the life of one unit means for others, apart from jobs that spread (job_make.c)
 *
 * BindsTo= ends with what it is bound to, however that ended; Upholds= starts again what ended; StopWhenUnneeded= ends when the last
 * one that pulled it in has ended; OnFailure= and OnSuccess= start others. A change is noted where it happens and looked at before
 * the loop sleeps, so a unit that ends and starts within one turn has done nothing to others. Only a unit that went down makes
 * us look through all others: starts stay cheap.
 */

static bool has_list(const struct wire_list *list, const struct definition_words *words)
{
	return list->len > 0 && depend_lists(list, words);
}

static void ask(struct manager *manager, bool start, const char *name, const char *why)
{
	int r = start ? manager_start_unit(manager, name, why, NULL)
		      : manager_stop_unit(manager, name, why, NULL);

	if (r < 0 && r != -EALREADY)
		log_warning_errno(r, "%s: cannot %s %s", why, start ? "start" : "stop", name);
}

static void stop_bound(struct manager *manager, const struct service *gone)
{
	struct service *service;
	char why[300];

	snprintf(why, sizeof(why), "bound to %s, which ended", gone->name);
	list_for_each (service, &manager->services, link)
		if (!service_state_is_inactive(service->state) &&
		    has_list(&service->definition->service.rare->binds_to,
			     &gone->definition->service) &&
		    !job_find(&manager->jobs, service->name))
			ask(manager, false, service->name, why);
}

/* --- Upholds= --- */

/* What can't be held up is not tried for ever. */
static bool may_be_held_up(struct manager *manager, struct service *service)
{
	uint64_t now_us = clock_monotonic_us();

	if (service->result == VERDICT_START_LIMIT)
		return false;
	manager_note_unsaved(manager, service);
	return backoff_death(&service->backoff, now_us, now_us - service->started_us) ==
	       BACKOFF_LOOP_NONE;
}

static void uphold_again(struct manager *manager, struct service *gone)
{
	struct service *service;
	char why[300];

	list_for_each (service, &manager->services, link) {
		if (!service_state_is_active(service->state) ||
		    !has_list(&service->definition->service.rare->upholds,
			      &gone->definition->service))
			continue;
		snprintf(why, sizeof(why), "upheld by %s", service->name);
		if (may_be_held_up(manager, gone))
			ask(manager, true, gone->name, why);
		else
			log_warning("%s: %s is not started again, it ends again and again",
				    service->name, gone->name);
		return;
	}
}

static void uphold(struct manager *manager, const struct service *service)
{
	const char *name = NULL;
	char why[300];

	snprintf(why, sizeof(why), "upheld by %s", service->name);
	while ((name = wire_list_next(&service->definition->service.rare->upholds, name)))
		ask(manager, true, name, why);
}

/* --- StopWhenUnneeded= --- */

static bool pulls_in(const struct service *service, const struct definition_words *other)
{
	const struct definition_words *words = &service->definition->service;

	return has_list(&words->requires, other) || has_list(&words->wants, other) ||
	       has_list(&words->rare->binds_to, other) ||
	       has_list(&words->rare->requisite, other) || has_list(&words->rare->upholds, other);
}

static bool is_needed(struct manager *manager, const struct service *service)
{
	struct service *other;

	list_for_each (other, &manager->services, link) {
		const struct job *job;

		if (other == service || !pulls_in(other, &service->definition->service))
			continue;
		job = job_find(&manager->jobs, other->name);
		if (!service_state_is_inactive(other->state) || (job && job->kind != JOB_STOP))
			return true;
	}
	return false;
}

static void stop_unneeded(struct manager *manager, const struct wire_list *list)
{
	const char *name = NULL;

	while ((name = wire_list_next(list, name))) {
		struct service *service = manager_find(manager, name);

		if (service &&
		    (service->definition->service.flags & TABLE_FLAG_STOP_WHEN_UNNEEDED) &&
		    !service_state_is_inactive(service->state) &&
		    !job_find(&manager->jobs, service->name) && !is_needed(manager, service))
			ask(manager, false, service->name, "nobody needs it any more");
	}
}

static void went_down(struct manager *manager, struct service *service)
{
	const struct definition_words *words = &service->definition->service;

	if (job_find(&manager->jobs, service->name))
		return; /* on its way up again, or its stop takes along what it should */
	stop_bound(manager, service);
	uphold_again(manager, service);
	stop_unneeded(manager, &words->requires);
	stop_unneeded(manager, &words->wants);
	stop_unneeded(manager, &words->rare->binds_to);
	stop_unneeded(manager, &words->rare->requisite);
	stop_unneeded(manager, &words->rare->upholds);
}

/* --- FailureAction=, SuccessAction= --- */

static const char *action_name(enum table_action action)
{
	static const char *const names[] = { "none", "reboot", "poweroff", "halt", "exit" };

	return names[action];
}

/* The first word counts: the machine ends once. */
static void note_action(struct manager *manager, const struct service *service, bool failed)
{
	const struct definition_words *words = &service->definition->service;
	enum table_action action = failed ? words->failure_action : words->success_action;

	if (action == TABLE_ACTION_NONE || manager->action_due != TABLE_ACTION_NONE)
		return;
	manager->action_due = (uint8_t)action;
	(void)snprintf(manager->action_unit, sizeof(manager->action_unit), "%s", service->name);
	manager_wake(manager);
}

/* Not within a service's step, which all this ends. */
static void take_action(struct manager *manager)
{
	enum table_action action = manager->action_due;
	enum control_verb verb = action == TABLE_ACTION_REBOOT ? CONTROL_VERB_REBOOT
				 : action == TABLE_ACTION_HALT ? CONTROL_VERB_HALT
							       : CONTROL_VERB_POWEROFF;
	char text[400];
	int r = -EOPNOTSUPP;

	manager->action_due = TABLE_ACTION_NONE;
	(void)snprintf(text, sizeof(text), "%s ended: FailureAction= or SuccessAction= is %s",
		       manager->action_unit, action_name(action));
	log_info("%s", text);
	MANAGER_TELL(manager, remark, manager->action_unit, text);
	if (manager->options.verb)
		r = manager->options.verb(manager, verb,
					  action == TABLE_ACTION_EXIT ? manager->action_unit : "",
					  manager->options.data);
	if (r < 0)
		log_warning_errno(r, "%s: cannot do that", manager->action_unit);
}

void relations_settle(struct manager *manager)
{
	struct service *service;

	if (manager->action_due != TABLE_ACTION_NONE && !manager->stopping)
		take_action(manager);
	if (!manager->relations_due || manager->stopping)
		return;
	manager->relations_due = false;
	/* Who noted it has touched it. What is asked here touches others, which come behind. */
	list_for_each (service, &manager->touched, touched_link) {
		if (!service->relations_due)
			continue;
		service->relations_due = false;
		if (service_state_is_active(service->state))
			uphold(manager, service);
		else if (service_state_is_inactive(service->state))
			went_down(manager, service);
	}
}

/* OnFailure=, OnSuccess=: whether a life ended well is known when it rests, not when it starts again by itself. */
static void start_successors(struct manager *manager, const struct service *service)
{
	const struct definition_words *words = &service->definition->service;
	bool failed = service->state == SERVICE_FAILED;
	const struct wire_list *list = failed ? &words->rare->on_failure : &words->rare->on_success;
	const char *name = NULL;
	char why[300];

	if (service->restart_wanted || manager->stopping ||
	    (!failed && service->result != VERDICT_SUCCESS))
		return;
	note_action(manager, service, failed);
	snprintf(why, sizeof(why), "%s %s", service->name, failed ? "failed" : "ended");
	while ((name = wire_list_next(list, name)))
		ask(manager, true, name, why);
}

int manager_exit_status(struct manager *manager, const char *name)
{
	const struct service *service = manager_find(manager, name);

	if (!service || service->exit_code == 0)
		return 0;
	return service->exit_code == CLD_EXITED ? service->exit_status : 255;
}

void relations_note(struct manager *manager, struct service *service, enum service_state old)
{
	bool rests = service_state_is_inactive(service->state);

	if (rests || (service_state_is_active(service->state) && !service_state_is_active(old)))
		service->relations_due = manager->relations_due = true; /* and it is touched */
	if (!rests || old == SERVICE_FAILED)
		return;
	/* From dead to failed: a start that was refused. */
	if (service_state_is_inactive(old) && service->state != SERVICE_FAILED)
		return;
	start_successors(manager, service);
}
