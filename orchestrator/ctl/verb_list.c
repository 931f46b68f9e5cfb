/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All services as a table, with one of the timers behind it, and as the tree of what needs what. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "client.h"
#include "columns.h"
#include "early/strbuf.h"
#include "show.h"
#include "tree.h"
#include "verbs.h"

static void add_row(struct columns *columns, struct json_object *service)
{
	const char *active = answer_text(service, "active_state");
	bool loops = *answer_text(service, "loop");
	char sub_state[64];

	(void)snprintf(sub_state, sizeof(sub_state), "%s%s", answer_text(service, "sub_state"),
		       loops ? " (loops)" : "");
	columns_add(columns, TONE_PLAIN, answer_text(service, "name"));
	columns_add(columns, loops ? TONE_BAD : style_state_tone(active), active);
	columns_add(columns, TONE_PLAIN, sub_state);
	columns_add(columns, TONE_PLAIN, answer_text(service, "stage"));
	columns_add(columns, TONE_FAINT, answer_text(service, "description"));
}

static bool is_active_timer(struct json_object *service)
{
	return *answer_text(service, "triggers") &&
	       strcmp(answer_text(service, "active_state"), "active") == 0;
}

static void add_timer(struct columns *columns, struct json_object *service)
{
	uint64_t next_us = (uint64_t)answer_number(service, "next_us");
	uint64_t last_us = (uint64_t)answer_number(service, "last_us");
	char text[64];

	show_date(next_us, text, sizeof(text));
	columns_add(columns, TONE_PLAIN, text);
	show_distance(next_us, text, sizeof(text));
	columns_add(columns, TONE_PLAIN, text);
	show_date(last_us, text, sizeof(text));
	columns_add(columns, TONE_PLAIN, text);
	show_distance(last_us, text, sizeof(text));
	columns_add(columns, TONE_PLAIN, text);
	columns_add(columns, TONE_PLAIN, answer_text(service, "name"));
	columns_add(columns, TONE_PLAIN, answer_text(service, "triggers"));
}

static int put_table(const char *const *titles, size_t n_titles, struct json_object *services,
		     bool (*wanted)(struct json_object *service),
		     void (*add)(struct columns *columns, struct json_object *service),
		     const struct style *style, struct strbuf *out)
{
	struct columns columns;
	int r;

	columns_init(&columns, n_titles);
	for (size_t i = 0; i < n_titles; i++)
		columns_add(&columns, TONE_STRONG, titles[i]);
	for (size_t i = 0; i < json_object_array_length(services); i++)
		if (!wanted || wanted(json_object_array_get_idx(services, i)))
			add(&columns, json_object_array_get_idx(services, i));
	r = columns_put(&columns, style, out);
	columns_done(&columns);
	return r;
}

static bool has_timers(struct json_object *services)
{
	for (size_t i = 0; i < json_object_array_length(services); i++)
		if (is_active_timer(json_object_array_get_idx(services, i)))
			return true;
	return false;
}

static int print_table(const struct settings *settings, struct json_object *services)
{
	static const char *const titles[] = { "NAME", "ACTIVE", "SUB", "STAGE", "DESCRIPTION" };
	static const char *const timer_titles[] = { "NEXT",   "LEFT",  "LAST",
						    "PASSED", "TIMER", "STARTS" };
	struct style style = style_of_stdout(settings->color);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	int r = put_table(titles, ARRAY_SIZE(titles), services, NULL, add_row, &style, &out);

	if (r == 0 && has_timers(services)) {
		strbuf_putc(&out, '\n');
		r = put_table(timer_titles, ARRAY_SIZE(timer_titles), services, is_active_timer,
			      add_timer, &style, &out);
	}
	if (r == 0)
		return show_out(&out);
	fputs("earlyctl: no memory\n", stderr);
	return EXIT_FAILED;
}

static int compare_names(const void *a, const void *b)
{
	struct json_object *const *x = a, *const *y = b;

	return strcmp(answer_text(*x, "name"), answer_text(*y, "name"));
}

int verb_list(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	struct answer answer;
	int code = answer_ask(&answer, settings->control, CONTROL_VERB_LIST, "");

	if (code == EXIT_DONE)
		json_object_array_sort(answer.services, compare_names);
	if (code == EXIT_DONE && settings->json)
		answer_print_json(answer.services);
	else if (code == EXIT_DONE)
		code = print_table(settings, answer.services);
	answer_done(&answer);
	return code;
}

static int print_tree(const struct settings *settings, struct json_object *services,
		      const char *name)
{
	struct style style = style_of_stdout(settings->color);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	struct json_object *object = settings->json ? tree_json(services, name) : NULL;

	if (object) {
		answer_print_json(object);
		json_object_put(object);
		return EXIT_DONE;
	}
	if (!settings->json && tree_put(services, name, &style, &out))
		return show_out(&out);
	fprintf(stderr, "earlyctl: %s is not among the services that are known\n", name);
	return EXIT_NO_SERVICE;
}

int verb_tree(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	struct answer answer;
	int code = answer_ask(&answer, settings->control, CONTROL_VERB_LIST, "");

	if (code == EXIT_DONE)
		code = print_tree(settings, answer.services,
				  argc > 0 ? verb_unit_name(argv[0]) : NULL);
	answer_done(&answer);
	return code;
}
