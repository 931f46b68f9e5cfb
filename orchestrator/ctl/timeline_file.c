/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timeline_file.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "early/fs.h"
#include "early/macros.h"

#define TIMELINE_FILE_MAX (64 * 1024 * 1024)

static bool is_event(struct json_object *event)
{
	return json_object_is_type(event, json_type_object) &&
	       json_object_is_type(json_object_object_get(event, "name"), json_type_string) &&
	       json_object_is_type(json_object_object_get(event, "t_us"), json_type_int) &&
	       answer_number(event, "t_us") >= 0;
}

struct entry {
	long long t_us;
	size_t at; /* in the file */
	struct json_object *event;
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->t_us == y->t_us)
		return x->at < y->at ? -1 : 1;
	return x->t_us < y->t_us ? -1 : 1;
}

/* Adds them in the order of time; a file may have been put together of several, or by hand. */
static void add_sorted(struct json_object *events, struct json_object *ret_events)
{
	size_t n = json_object_array_length(events);
	struct entry *entries = calloc(n + 1, sizeof(*entries));

	for (size_t i = 0; entries && i < n; i++) {
		struct json_object *event = json_object_array_get_idx(events, i);

		entries[i] = (struct entry){ answer_number(event, "t_us"), i, event };
	}
	if (entries)
		qsort(entries, n, sizeof(*entries), compare);
	for (size_t i = 0; i < n; i++)
		json_object_array_add(
			ret_events,
			json_object_get(entries ? entries[i].event
						: json_object_array_get_idx(events, i)));
	free(entries);
}

/* json-c's own words are of its functions. */
static int read_json(const char *path, struct json_object **ret)
{
	char *text CLEANUP(free_charp)
	= NULL;
	size_t len = 0;
	int r = fs_read_file_at(AT_FDCWD, path, TIMELINE_FILE_MAX, &text, &len);

	if (r < 0) {
		fprintf(stderr, "earlyctl: cannot read %s: %s\n", path, strerror(-r));
		return r;
	}
	*ret = json_tokener_parse(text);
	if (*ret)
		return 0;
	fprintf(stderr, "earlyctl: cannot read %s: it is not JSON, or not all of it\n", path);
	return -EBADMSG;
}

int timeline_read(const char *path, struct json_object *ret_events)
{
	struct json_object *file = NULL, *events;
	int r = read_json(path, &file);
	bool good;

	if (r < 0)
		return EXIT_FAILED;
	events = json_object_object_get(file, "events");
	good = json_object_is_type(events, json_type_array);
	for (size_t i = 0; good && i < json_object_array_length(events); i++)
		good = is_event(json_object_array_get_idx(events, i));
	if (good)
		add_sorted(events, ret_events);
	else
		fprintf(stderr,
			"earlyctl: %s is no timeline: \"events\" with \"name\" and \"t_us\" are "
			"needed, as `earlyctl timeline --json` writes them\n",
			path);
	json_object_put(file);
	return good ? EXIT_DONE : EXIT_FAILED;
}
