/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "failure.h"

#include <json-c/json.h>
#include <stdint.h>
#include <string.h>

#include "answer.h"
#include "early/strbuf.h"
#include "style.h"

static bool is(struct json_object *service, const char *field, const char *value)
{
	return strcmp(answer_text(service, field), value) == 0;
}

static bool has_failed(struct json_object *service)
{
	return is(service, "active_state", "failed") || !is(service, "result", "success");
}

/* Whatever it did since, a later good start or stop makes an old failure uninteresting here; `status` still has it. */
static bool is_the_last_word(struct json_object *service)
{
	if (!*answer_text(service, "failure"))
		return false;
	if (is(service, "active_state", "active"))
		return answer_number(service, "restarts") > 0;
	return answer_number(service, "failure_us") >= answer_number(service, "since_us");
}

bool failure_is_there(struct json_object *service)
{
	return has_failed(service) || *answer_text(service, "loop") || is_the_last_word(service);
}

static double seconds(struct json_object *service, const char *field)
{
	return (double)answer_number(service, field) / 1000000.0;
}

static void put_state(struct json_object *service, const struct style *style, struct strbuf *out)
{
	const char *detail = answer_text(service, "detail");

	style_put(style, out, TONE_BAD, answer_text(service, "name"));
	strbuf_printf(out, " %s %.6f s after the start: %s%s%s\n",
		      is(service, "active_state", "failed") ? "failed"
		      : is(service, "result", "condition")
			      ? "was not started"
			      : "had a failure; its state changed last",
		      seconds(service, "since_us"), answer_text(service, "result"),
		      *detail ? ": " : "", detail);
}

void failure_put(struct json_object *service, const struct style *style, struct strbuf *out)
{
	const char *failure = answer_text(service, "failure");
	long long restarts = answer_number(service, "restarts");

	if (has_failed(service))
		put_state(service, style, out);
	if (*failure && !(has_failed(service) && is(service, "detail", failure)))
		strbuf_printf(out, "Its last failure, %.6f s after the start: %s\n",
			      seconds(service, "failure_us"), failure);
	if (restarts > 0)
		strbuf_printf(out, "It was started again by itself %lld time%s.\n", restarts,
			      restarts == 1 ? "" : "s");
	if (*answer_text(service, "loop")) {
		strbuf_puts(out, "It ");
		style_put(style, out, TONE_BAD, answer_text(service, "loop"));
		strbuf_puts(out, ".\n");
	}
}

void failure_keep_words(struct json_object *service, struct log_lines *lines, size_t n)
{
	long long begin_us = answer_number(service, "run_us");
	long long end_us = INT64_MAX;
	size_t kept = 0;

	if (*answer_text(service, "failure")) {
		/* A run that came after it has words of its own. */
		if (begin_us > answer_number(service, "failure_us"))
			end_us = begin_us;
		begin_us = answer_number(service, "failure_run_us");
	}
	for (size_t i = 0; i < lines->n; i++)
		if ((long long)lines->lines[i].t_us >= begin_us &&
		    (long long)lines->lines[i].t_us < end_us)
			lines->lines[kept++] = lines->lines[i];
	lines->n = kept;
	log_lines_keep(lines, n);
}
