/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "answer.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>

int answer_init(struct answer *answer)
{
	*answer = (struct answer){
		json_object_new_array(),
		json_object_new_array(),
		json_object_new_array(),
		json_object_new_array(),
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

static struct json_object *reason_object(const struct control_reason *reason)
{
	struct json_object *object = json_object_new_object();

	set_number(object, "t_us", (int64_t)reason->t_us);
	set_text(object, "text", reason->text);
	return object;
}

void answer_take(enum control_opcode opcode, const void *value, void *data)
{
	struct answer *answer = data;
	const struct control_text *text = value;

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
	case CONTROL_REQUEST:
	case CONTROL_DONE:
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
