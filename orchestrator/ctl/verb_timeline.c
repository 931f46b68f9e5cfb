/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The boot's events as text, as timeline.json, or as a picture. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/strbuf.h"
#include "layout.h"
#include "png.h"
#include "svg.h"
#include "timeline_file.h"
#include "verbs.h"

static void put_text(struct strbuf *out, struct json_object *events)
{
	for (size_t i = 0; i < json_object_array_length(events); i++) {
		struct json_object *event = json_object_array_get_idx(events, i);
		const char *why = answer_text(event, "why");

		strbuf_printf(out, "%12.6f s  %s%s%s\n",
			      (double)answer_number(event, "t_us") / 1000000.0,
			      answer_text(event, "name"), *why ? "  because: " : "", why);
	}
}

static void put_json(struct strbuf *out, struct json_object *events)
{
	struct json_object *object = json_object_new_object();
	struct utsname name;
	char *boot_id CLEANUP(free_charp)
	= NULL;

	if (fs_read_line_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot_id) < 0)
		boot_id = NULL; /* a container without /proc */
	(void)uname(&name); /* cannot fail with a valid pointer */
	json_object_object_add(object, "boot_id", json_object_new_string(boot_id ? boot_id : ""));
	json_object_object_add(object, "kernel", json_object_new_string(name.release));
	json_object_object_add(object, "events", json_object_get(events));
	strbuf_puts(out, json_object_to_json_string_ext(
				 object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						 JSON_C_TO_STRING_NOSLASHESCAPE));
	strbuf_putc(out, '\n');
	json_object_put(object);
}

static int put_picture(struct strbuf *out, struct json_object *events, bool png)
{
	size_t n = json_object_array_length(events);
	struct layout_event *list = calloc(n + 1, sizeof(*list));
	struct layout layout;
	int r;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct json_object *event = json_object_array_get_idx(events, i);

		list[i] = (struct layout_event){ answer_text(event, "name"),
						 (uint64_t)answer_number(event, "t_us"),
						 answer_text(event, "why") };
	}
	r = layout_make(list, n, &layout);
	free(list);
	if (r < 0)
		return r;
	if (png)
		r = png_write(&layout, out);
	else
		svg_write(&layout, out);
	layout_done(&layout);
	return r;
}

static int write_out(const struct settings *settings, const struct strbuf *out)
{
	int fd CLEANUP_FD
	= -1;
	int r;

	if (settings->output)
		fd = open(settings->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	else
		fd = dup(STDOUT_FILENO);
	r = fd < 0 ? -errno : fd_write_all(fd, out->data, out->len);
	if (r == 0)
		return EXIT_DONE;
	fprintf(stderr, "earlyctl: cannot write %s: %s\n",
		settings->output ? settings->output : "the timeline", strerror(-r));
	return EXIT_FAILED;
}

static int show(const struct settings *settings, struct json_object *events)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	int r = 0;

	if (settings->svg || settings->png)
		r = put_picture(&out, events, settings->png);
	else if (settings->json)
		put_json(&out, events);
	else
		put_text(&out, events);
	if (r == 0)
		r = strbuf_error(&out);
	if (r < 0) {
		fprintf(stderr, "earlyctl: cannot draw the timeline: %s\n", png_error(r));
		return EXIT_FAILED;
	}
	return write_out(settings, &out);
}

/* What contradicts itself, or makes no sense. */
static int check_settings(const struct settings *settings)
{
	if (settings->json + settings->svg + settings->png > 1) {
		fputs("earlyctl: --json, --svg and --png exclude each other\n", stderr);
		return EXIT_USAGE;
	}
	if (settings->png && !settings->output && isatty(STDOUT_FILENO)) {
		fputs("earlyctl: a PNG is nothing for a terminal: name a file by -o FILE\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (settings->json && settings->input) {
		fputs("earlyctl: --input is for text and pictures: the file is JSON already\n",
		      stderr);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

int verb_timeline(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	struct answer answer;
	int code = check_settings(settings);

	if (code != EXIT_DONE)
		return code;
	if (answer_init(&answer) < 0) {
		fputs("earlyctl: no memory\n", stderr);
		return EXIT_FAILED;
	}
	if (settings->input)
		code = timeline_read(settings->input, answer.events);
	else
		code = client_ask(settings->control, CONTROL_VERB_TIMELINE, "", answer_take,
				  &answer);
	if (code == EXIT_DONE)
		code = show(settings, answer.events);
	answer_done(&answer);
	return code;
}
