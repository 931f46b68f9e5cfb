/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "answer.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>

#include "show.h"

int answer_init(struct answer *answer)
{
	*answer = (struct answer){
		json_object_new_array(),
		json_object_new_array(),
		json_object_new_array(),
		json_object_new_array(),
		NULL,
	};
	if (answer->services && answer->events && answer->reasons && answer->lines)
		return 0;
	answer_done(answer);
	return -ENOMEM;
}

void answer_done(struct answer *answer)
{
	json_object_put(answer->services);
	json_object_put(answer->events);
	json_object_put(answer->reasons);
	json_object_put(answer->lines);
	json_object_put(answer->error);
	*answer = (struct answer){ 0 };
}

static void set_text(struct json_object *object, const char *name, const char *value)
{
	json_object_object_add(object, name, json_object_new_string(value ? value : ""));
}

static void set_number(struct json_object *object, const char *name, int64_t value)
{
	json_object_object_add(object, name, json_object_new_int64(value));
}

static void set_list(struct json_object *object, const char *name, const struct wire_list *list)
{
	struct json_object *array = json_object_new_array();
	const char *item = NULL;

	while ((item = wire_list_next(list, item)))
		json_object_array_add(array, json_object_new_string(item));
	json_object_object_add(object, name, array);
}

static struct json_object *service_object(const struct control_service *service)
{
	struct json_object *object = json_object_new_object();

	set_text(object, "name", service->name);
	set_text(object, "description", service->description);
	set_text(object, "load_state", service->load_state);
	set_text(object, "active_state", service->active_state);
	set_text(object, "sub_state", service->sub_state);
	set_text(object, "stage", service->stage);
	set_text(object, "path", service->path);
	set_text(object, "cgroup", service->cgroup);
	set_text(object, "result", service->result);
	set_text(object, "why", service->why);
	set_number(object, "main_pid", service->main_pid);
	set_number(object, "control_pid", service->control_pid);
	set_number(object, "exit_status", service->exit_status);
	set_number(object, "restarts", service->restarts);
	set_number(object, "since_us", (int64_t)service->since_us);
	set_text(object, "detail", service->detail);
	set_number(object, "remarks", service->remarks);
	set_text(object, "type", service->type);
	set_text(object, "failure", service->failure);
	set_number(object, "failure_us", (int64_t)service->failure_us);
	set_number(object, "failure_run_us", (int64_t)service->failure_run_us);
	set_number(object, "run_us", (int64_t)service->run_us);
	set_text(object, "loop", service->loop);
	if (service->changed_us > 0)
		set_number(object, "changed_us", (int64_t)service->changed_us);
	if (service->memory_bytes > 0)
		set_number(object, "memory_bytes", (int64_t)service->memory_bytes);
	if (service->tasks > 0)
		set_number(object, "tasks", service->tasks);
	if (*service->triggers) {
		set_text(object, "triggers", service->triggers);
		set_number(object, "next_us", (int64_t)service->next_us);
		set_number(object, "last_us", (int64_t)service->last_us);
	}
	set_list(object, "requires", &service->requires);
	set_list(object, "binds_to", &service->binds_to);
	set_list(object, "wants", &service->wants);
	set_list(object, "after", &service->after);
	return object;
}

static struct json_object *event_object(const struct control_event *event)
{
	struct json_object *object = json_object_new_object();

	set_text(object, "name", event->name);
	set_number(object, "t_us", (int64_t)event->t_us);
	if (*event->why)
		set_text(object, "why", event->why);
	return object;
}

static void set_some(struct json_object *object, const char *name, const char *value)
{
	if (*value)
		set_text(object, name, value);
}

static struct json_object *reason_object(const struct control_reason *reason)
{
	struct json_object *object = json_object_new_object();
	char user[64];

	set_number(object, "t_us", (int64_t)reason->t_us);
	set_text(object, "text", reason->text);
	set_some(object, "how", reason->how);
	set_some(object, "directive", reason->directive);
	set_some(object, "object", reason->object);
	set_some(object, "unit", reason->unit);
	set_some(object, "manifest", reason->manifest);
	set_some(object, "exe", reason->exe);
	if (reason->pid > 0)
		set_number(object, "pid", reason->pid);
	if (reason->uid != UINT32_MAX) {
		show_user(reason->uid, user, sizeof(user));
		set_number(object, "uid", reason->uid);
		set_text(object, "user", user);
	}
	return object;
}

void answer_take(enum control_opcode opcode, const void *value, void *data)
{
	struct answer *answer = data;
	const struct control_text *text = value;
	const struct control_done *done = value;

	switch (opcode) {
	case CONTROL_SERVICE:
		json_object_array_add(answer->services, service_object(value));
		break;
	case CONTROL_EVENT:
		json_object_array_add(answer->events, event_object(value));
		break;
	case CONTROL_REASON:
		json_object_array_add(answer->reasons, reason_object(value));
		break;
	case CONTROL_TEXT:
		json_object_array_add(answer->lines, json_object_new_string(text->text));
		break;
	case CONTROL_DONE:
		if (done->error != 0 && !answer->error)
			answer->error = json_object_new_string(done->text);
		break;
	case CONTROL_REQUEST:
		break;
	}
}

void answer_print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_SPACED |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
}

const char *answer_text(struct json_object *object, const char *name)
{
	struct json_object *member = json_object_object_get(object, name);

	return member ? json_object_get_string(member) : "";
}

long long answer_number(struct json_object *object, const char *name)
{
	return json_object_get_int64(json_object_object_get(object, name));
}

int answer_ask(struct answer *answer, const char *control, enum control_verb verb, const char *name)
{
	if (answer_init(answer) == 0)
		return client_ask(control, verb, name, answer_take, answer);
	fputs("earlyctl: no memory\n", stderr);
	return EXIT_FAILED;
}

int answer_ask_quietly(struct answer *answer, const char *control, enum control_verb verb,
		       const char *name)
{
	if (answer_init(answer) < 0)
		return EXIT_FAILED;
	return client_try(control, verb, name, answer_take, answer);
}
