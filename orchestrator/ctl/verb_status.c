/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine, or one service. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "client.h"
#include "early/strbuf.h"
#include "show.h"
#include "stale.h"
#include "style.h"
#include "verbs.h"

static void put_pair(struct strbuf *out, const char *title, const char *value)
{
	if (*value)
		strbuf_printf(out, "  %10s: %s\n", title, value);
}

static void put_state(const struct style *style, struct json_object *service, struct strbuf *out)
{
	const char *active = answer_text(service, "active_state");

	strbuf_printf(out, "  %10s: ", "state");
	style_put(style, out, style_state_tone(active), active);
	strbuf_printf(out, " (%s)\n", answer_text(service, "sub_state"));
}

/* What early-load said about the manifest when it was read; which lines they are is said by its reader again. */
static void put_remarks(struct json_object *service, struct strbuf *out)
{
	long long n = answer_number(service, "remarks");

	if (n > 0)
		strbuf_printf(
			out,
			"  %10s: %lld line%s of its manifest %s not honoured: earlyctl verify "
			"%s\n",
			"remarks", n, n == 1 ? "" : "s", n == 1 ? "is" : "are",
			answer_text(service, "path"));
}

static void put_numbers(struct json_object *service, struct strbuf *out)
{
	static const struct {
		const char *title;
		const char *field;
	} numbers[] = {
		{ "main pid", "main_pid" },
		{ "tasks", "tasks" },
		{ "restarts", "restarts" },
	};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		(void)snprintf(text, sizeof(text), "%lld",
			       answer_number(service, numbers[i].field));
		put_pair(out, numbers[i].title, strcmp(text, "0") == 0 ? "" : text);
	}
	show_bytes((uint64_t)answer_number(service, "memory_bytes"), text, sizeof(text));
	put_pair(out, "memory", answer_number(service, "memory_bytes") ? text : "");
}

static void put_moment(struct json_object *service, const char *title, const char *field,
		       struct strbuf *out)
{
	uint64_t us = (uint64_t)answer_number(service, field);
	char date[64], distance[64];

	if (us == 0)
		return;
	show_date(us, date, sizeof(date));
	show_distance(us, distance, sizeof(distance));
	strbuf_printf(out, "  %10s: %s (%s)\n", title, date, distance);
}

static void put_timer(struct json_object *service, struct strbuf *out)
{
	put_pair(out, "starts", answer_text(service, "triggers"));
	put_moment(service, "next", "next_us", out);
	put_moment(service, "last", "last_us", out);
}

/* The last failure stays when the service runs again. */
static void put_failure(const struct style *style, struct json_object *service, struct strbuf *out)
{
	const char *failure = answer_text(service, "failure");
	const char *detail = answer_text(service, "detail");

	if (strcmp(detail, failure) != 0)
		put_pair(out, "detail", detail);
	if (*failure)
		strbuf_printf(out, "  %10s: %s, %.3f s after the start\n", "failure", failure,
			      (double)answer_number(service, "failure_us") / 1000000.0);
	if (!*answer_text(service, "loop"))
		return;
	strbuf_printf(out, "  %10s: ", "loop");
	style_put(style, out, TONE_BAD, answer_text(service, "loop"));
	strbuf_putc(out, '\n');
}

static void put_service(const struct style *style, struct json_object *service, struct strbuf *out)
{
	char since[64];

	style_put(style, out, TONE_STRONG, answer_text(service, "name"));
	if (*answer_text(service, "description"))
		strbuf_printf(out, " - %s", answer_text(service, "description"));
	strbuf_putc(out, '\n');
	put_state(style, service, out);
	(void)snprintf(since, sizeof(since), "%.3f s after the start",
		       (double)answer_number(service, "since_us") / 1000000.0);
	put_pair(out, "since", answer_number(service, "since_us") ? since : "");
	put_pair(out, "why", answer_text(service, "why"));
	put_pair(out, "loaded", answer_text(service, "load_state"));
	put_pair(out, "manifest", answer_text(service, "path"));
	put_pair(out, "type", answer_text(service, "type"));
	put_pair(out, "stage", answer_text(service, "stage"));
	put_pair(out, "cgroup", answer_text(service, "cgroup"));
	put_numbers(service, out);
	put_timer(service, out);
	if (strcmp(answer_text(service, "result"), "success") != 0)
		put_pair(out, "result", answer_text(service, "result"));
	put_failure(style, service, out);
	put_remarks(service, out);
}

static int print_text(const struct settings *settings, const struct answer *answer)
{
	struct style style = style_of_stdout(settings->color);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;

	for (size_t i = 0; i < json_object_array_length(answer->lines); i++)
		strbuf_printf(&out, "%s\n",
			      json_object_get_string(json_object_array_get_idx(answer->lines, i)));
	for (size_t i = 0; i < json_object_array_length(answer->services); i++)
		put_service(&style, json_object_array_get_idx(answer->services, i), &out);
	return show_out(&out);
}

static int print_json(const struct answer *answer, bool one)
{
	struct json_object *object;

	if (one && json_object_array_length(answer->services) == 1) {
		answer_print_json(json_object_array_get_idx(answer->services, 0));
		return EXIT_DONE;
	}
	object = json_object_new_object();
	json_object_object_add(object, "services", json_object_get(answer->services));
	json_object_object_add(object, "text", json_object_get(answer->lines));
	answer_print_json(object);
	json_object_put(object);
	return EXIT_DONE;
}

int verb_status(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	struct answer answer;
	int code = answer_ask(&answer, settings->control, CONTROL_VERB_STATUS,
			      argc > 0 ? verb_unit_name(argv[0]) : "");

	if (code == EXIT_DONE)
		code = settings->json ? print_json(&answer, argc > 0)
				      : print_text(settings, &answer);
	if (code == EXIT_DONE && argc > 0 && json_object_array_length(answer.services) == 1)
		stale_warn(settings, json_object_array_get_idx(answer.services, 0));
	answer_done(&answer);
	return code;
}
