/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two boots milestone by milestone: when each came, and in what ratio. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "client.h"
#include "columns.h"
#include "early/macros.h"
#include "show.h"
#include "timeline_file.h"
#include "verbs.h"

static bool is_milestone(const char *name)
{
	return strncmp(name, "service:", strlen("service:")) != 0;
}

/* When @name was first; -1 never. */
static long long when(struct json_object *events, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(events); i++) {
		struct json_object *event = json_object_array_get_idx(events, i);

		if (strcmp(answer_text(event, "name"), name) == 0)
			return answer_number(event, "t_us");
	}
	return -1;
}

static bool has_row(struct json_object *rows, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(rows); i++)
		if (strcmp(answer_text(json_object_array_get_idx(rows, i), "name"), name) == 0)
			return true;
	return false;
}

static void add_row(struct json_object *rows, const char *name, long long a_us, long long b_us)
{
	struct json_object *row = json_object_new_object();

	json_object_object_add(row, "name", json_object_new_string(name));
	if (a_us >= 0)
		json_object_object_add(row, "a_us", json_object_new_int64(a_us));
	if (b_us >= 0)
		json_object_object_add(row, "b_us", json_object_new_int64(b_us));
	if (a_us > 0 && b_us >= 0)
		json_object_object_add(row, "ratio",
				       json_object_new_double((double)b_us / (double)a_us));
	json_object_array_add(rows, row);
}

/* In @a's order; what only @b has comes behind. */
static struct json_object *make_rows(struct json_object *a, struct json_object *b)
{
	struct json_object *const sides[] = { a, b };
	struct json_object *rows = json_object_new_array();

	for (size_t side = 0; side < ARRAY_SIZE(sides); side++) {
		for (size_t i = 0; i < json_object_array_length(sides[side]); i++) {
			const char *name = answer_text(json_object_array_get_idx(sides[side], i),
						       "name");

			if (is_milestone(name) && !has_row(rows, name))
				add_row(rows, name, when(a, name), when(b, name));
		}
	}
	return rows;
}

static void add_seconds(struct columns *columns, struct json_object *row, const char *field)
{
	char text[64] = "-";

	if (json_object_object_get_ex(row, field, NULL))
		(void)snprintf(text, sizeof(text), "%.3f s",
			       (double)answer_number(row, field) / 1000000.0);
	columns_add(columns, TONE_PLAIN, text);
}

static void add_ratio(struct columns *columns, struct json_object *row)
{
	struct json_object *ratio = NULL;
	char text[64] = "-";
	double value = 1;

	if (json_object_object_get_ex(row, "ratio", &ratio)) {
		value = json_object_get_double(ratio);
		(void)snprintf(text, sizeof(text), "%.2f", value);
	}
	columns_add(columns, value < 0.95 ? TONE_GOOD : value > 1.05 ? TONE_BAD : TONE_PLAIN, text);
}

static int print_rows(const struct settings *settings, struct json_object *rows, const char *a,
		      const char *b)
{
	static const char *const titles[] = { "MILESTONE", "A", "B", "B/A" };
	struct style style = style_of_stdout(settings->color);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	struct columns columns;
	int r;

	strbuf_printf(&out, "A: %s\nB: %s\n\n", a, b); /* paths are too long for titles */
	columns_init(&columns, ARRAY_SIZE(titles));
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		columns_add(&columns, TONE_STRONG, titles[i]);
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		columns_add(&columns, TONE_PLAIN, answer_text(row, "name"));
		add_seconds(&columns, row, "a_us");
		add_seconds(&columns, row, "b_us");
		add_ratio(&columns, row);
	}
	r = columns_put(&columns, &style, &out);
	columns_done(&columns);
	if (r == 0)
		return show_out(&out);
	fputs("earlyctl: no memory\n", stderr);
	return EXIT_FAILED;
}

static int print(const struct settings *settings, struct json_object *rows, const char *a,
		 const char *b)
{
	struct json_object *object;

	if (!settings->json)
		return print_rows(settings, rows, a, b);
	object = json_object_new_object();
	json_object_object_add(object, "a", json_object_new_string(a));
	json_object_object_add(object, "b", json_object_new_string(b));
	json_object_object_add(object, "milestones", json_object_get(rows));
	answer_print_json(object);
	json_object_put(object);
	return EXIT_DONE;
}

int verb_compare(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	struct json_object *a = json_object_new_array(), *rows = NULL;
	struct answer answer;
	int code = EXIT_FAILED;

	if (answer_init(&answer) == 0)
		code = timeline_read(argv[0], a);
	if (code == EXIT_DONE && argc > 1)
		code = timeline_read(argv[1], answer.events);
	else if (code == EXIT_DONE)
		code = client_ask(settings->control, CONTROL_VERB_TIMELINE, "", answer_take,
				  &answer);
	if (code == EXIT_DONE) {
		rows = make_rows(a, answer.events);
		code = print(settings, rows, argv[0], argc > 1 ? argv[1] : "this boot");
	}
	json_object_put(rows);
	json_object_put(a);
	answer_done(&answer);
	return code;
}
