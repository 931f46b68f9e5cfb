/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why a service runs, or why it does not: the newest reason first, each with what is behind it, down to where it began (a manifest's
 * own words or a process); for a failed one what went wrong, and the end of what it said.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "client.h"
#include "early/strbuf.h"
#include "failure.h"
#include "log_files.h"
#include "show.h"
#include "stale.h"
#include "style.h"
#include "verbs.h"

#define CHAIN_MAX 16
#define LOG_LINES 10
#define LOG_LINES_READ 1000 /* among which those of the run that failed are looked for */

/* --- the chain: who started that which started it --- */

/* The newest of @reasons that was there at @t_us. */
static struct json_object *reason_before(struct json_object *reasons, long long t_us)
{
	size_t n = json_object_array_length(reasons);

	for (size_t i = 0; i < n; i++) {
		struct json_object *reason = json_object_array_get_idx(reasons, i);

		if (answer_number(reason, "t_us") <= t_us)
			return json_object_get(reason);
	}
	return n > 0 ? json_object_get(json_object_array_get_idx(reasons, n - 1)) : NULL;
}

/* Puts why the unit behind @reason was started as its "because", and goes on with that; a circle of units ends by CHAIN_MAX. */
static void follow_chain(const struct settings *settings, struct json_object *reason)
{
	for (int i = 0; i < CHAIN_MAX; i++) {
		const char *unit = answer_text(reason, "unit");
		struct json_object *next;
		struct answer answer;

		if (!*unit)
			return;
		/* What is gone by now ends the chain without a word. */
		(void)answer_ask_quietly(&answer, settings->control, CONTROL_VERB_WHY, unit);
		next = answer.reasons ? reason_before(answer.reasons, answer_number(reason, "t_us"))
				      : NULL;
		answer_done(&answer);
		if (!next)
			return;
		json_object_object_add(reason, "because", next);
		reason = next;
	}
}

static void put_place(struct json_object *reason, struct strbuf *out)
{
	const char *directive = answer_text(reason, "directive");
	const char *manifest = answer_text(reason, "manifest");

	if (*directive && strcmp(directive, "Wants=") == 0)
		strbuf_printf(out, "  [Wants= in %s, or a link in %s.wants]", manifest,
			      answer_text(reason, "unit"));
	else if (*directive && *manifest)
		strbuf_printf(out, "  [%s%s in %s]", directive, answer_text(reason, "object"),
			      manifest);
	if (*answer_text(reason, "user"))
		strbuf_printf(out, "  [user %s]", answer_text(reason, "user"));
}

static void put_reason(const struct style *style, struct json_object *reason, int depth,
		       struct strbuf *out)
{
	struct json_object *because = NULL;

	strbuf_printf(out, "%12.6f s  %*s%s", (double)answer_number(reason, "t_us") / 1000000.0,
		      2 * depth, "", depth > 0 ? "because " : "");
	if (depth > 0)
		strbuf_printf(out, "%s: ", answer_text(reason, "of"));
	style_put(style, out, depth > 0 ? TONE_PLAIN : TONE_STRONG, answer_text(reason, "text"));
	style_begin(style, out, TONE_FAINT);
	put_place(reason, out);
	style_end(style, out, TONE_FAINT);
	strbuf_putc(out, '\n');
	if (json_object_object_get_ex(reason, "because", &because) && depth < CHAIN_MAX) {
		json_object_object_add(because, "of",
				       json_object_new_string(answer_text(reason, "unit")));
		put_reason(style, because, depth + 1, out);
	}
}

/* --- a failure --- */

/* What it said in the run that failed. */
static int read_words(const struct settings *settings, struct json_object *service,
		      struct log_files *files)
{
	int r = log_files_read_end(files, settings, answer_text(service, "name"), LOG_LINES_READ);

	if (r == 0)
		failure_keep_words(service, &files->lines, LOG_LINES);
	return r;
}

static void put_log(const struct settings *settings, const struct style *style,
		    struct json_object *service, struct strbuf *out)
{
	struct log_files files;

	if (read_words(settings, service, &files) < 0)
		return; /* it said nothing */
	if (files.lines.n > 0)
		strbuf_printf(out, "The end of its log (earlyctl log %s):\n",
			      answer_text(service, "name"));
	for (size_t i = 0; i < files.lines.n; i++) {
		strbuf_puts(out, "    ");
		log_line_put(&files.lines.lines[i], style, false, out);
	}
	log_files_done(&files);
}

static void put_rest(struct json_object *service, struct strbuf *out)
{
	const char *error = answer_text(service, "load_state");

	if (strcmp(error, "loaded") != 0)
		strbuf_printf(out, "It cannot be started: its manifest is %s.\n", error);
	else
		strbuf_puts(out, "Nobody has asked for it since the start.\n");
}

static int print_text(const struct settings *settings, struct json_object *service,
		      struct json_object *reasons)
{
	struct style style = style_of_stdout(settings->color);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	const char *active = answer_text(service, "active_state");

	style_put(&style, &out, TONE_STRONG, answer_text(service, "name"));
	strbuf_puts(&out, " is ");
	style_put(&style, &out, style_state_tone(active), active);
	strbuf_printf(&out, " (%s)%s\n", answer_text(service, "sub_state"),
		      json_object_array_length(reasons) ? "; who wanted what, newest first:" : "");
	for (size_t i = 0; i < json_object_array_length(reasons); i++)
		put_reason(&style, json_object_array_get_idx(reasons, i), 0, &out);
	if (json_object_array_length(reasons) == 0)
		put_rest(service, &out);
	if (failure_is_there(service)) {
		failure_put(service, &style, &out);
		put_log(settings, &style, service, &out);
	}
	return show_out(&out);
}

/* --- JSON --- */

static struct json_object *log_array(const struct settings *settings, struct json_object *service)
{
	struct json_object *array = json_object_new_array();
	struct log_files files;

	if (read_words(settings, service, &files) < 0)
		return array;
	for (size_t i = 0; i < files.lines.n; i++)
		json_object_array_add(array,
				      json_object_new_string_len(files.lines.lines[i].text,
								 (int)files.lines.lines[i].len));
	log_files_done(&files);
	return array;
}

static int print_json(const struct settings *settings, struct json_object *service,
		      struct json_object *reasons)
{
	static const char *const copied[] = { "name",   "active_state", "sub_state",
					      "result", "detail",       "loop" };
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		json_object_object_add(object, copied[i],
				       json_object_new_string(answer_text(service, copied[i])));
	json_object_object_add(object, "reasons", json_object_get(reasons));
	if (*answer_text(service, "failure")) {
		json_object_object_add(object, "failure",
				       json_object_new_string(answer_text(service, "failure")));
		json_object_object_add(object, "failure_us",
				       json_object_new_int64(answer_number(service, "failure_us")));
	}
	json_object_object_add(object, "restarts",
			       json_object_new_int64(answer_number(service, "restarts")));
	if (failure_is_there(service))
		json_object_object_add(object, "log", log_array(settings, service));
	answer_print_json(object);
	json_object_put(object);
	return EXIT_DONE;
}

int verb_why(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	const char *name = verb_unit_name(argv[0]);
	struct answer status = { 0 }, why;
	struct json_object *service;
	int code = answer_ask(&why, settings->control, CONTROL_VERB_WHY, name);

	if (code == EXIT_DONE)
		code = answer_ask(&status, settings->control, CONTROL_VERB_STATUS, name);
	if (code == EXIT_DONE) {
		service = json_object_array_get_idx(status.services, 0);
		for (size_t i = 0; i < json_object_array_length(why.reasons); i++)
			follow_chain(settings, json_object_array_get_idx(why.reasons, i));
		code = settings->json ? print_json(settings, service, why.reasons)
				      : print_text(settings, service, why.reasons);
		stale_warn(settings, service);
	}
	answer_done(&status);
	answer_done(&why);
	return code;
}
