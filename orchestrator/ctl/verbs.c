/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs that order something, and names. */
#include "verbs.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "client.h"
#include "early/macros.h"
#include "stale.h"

const char *verb_unit_name(const char *name)
{
	static const char *const suffixes[] = { ".service", ".target", ".socket", ".scope",
						".slice",   ".mount",  ".timer",  ".automount",
						".swap",    ".device", ".path",   ".snapshot" };
	static char buf[256];
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		if (len > n && strcmp(name + len - n, suffixes[i]) == 0)
			return name;
	}
	(void)snprintf(buf, sizeof(buf), "%s.service", name);
	return buf;
}

char *verb_run_dir(const struct settings *settings)
{
	const char *slash = strrchr(settings->control, '/');

	return slash ? strndup(settings->control, (size_t)(slash - settings->control))
		     : strdup(".");
}

/* --- orders --- */

/* What became of it, for --json. */
static void print_order(const char *verb, const char *name, int code, const struct answer *answer)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "verb", json_object_new_string(verb));
	if (*name)
		json_object_object_add(object, "name", json_object_new_string(name));
	json_object_object_add(object, "exit_code", json_object_new_int(code));
	json_object_object_add(object, "text", json_object_get(answer->lines));
	if (answer->error)
		json_object_object_add(object, "error", json_object_get(answer->error));
	answer_print_json(object);
	json_object_put(object);
}

static int order(void *target, enum control_verb verb, const char *word, const char *name)
{
	const struct settings *settings = target;
	struct answer answer;
	int code = answer_ask(&answer, settings->control, verb, name);
	size_t n = answer.lines ? json_object_array_length(answer.lines) : 0;

	if (settings->json)
		print_order(word, name, code, &answer);
	for (size_t i = 0; !settings->json && i < n; i++)
		puts(json_object_get_string(json_object_array_get_idx(answer.lines, i)));
	if (*name && code != EXIT_NO_SERVICE)
		stale_warn_of(settings, name);
	answer_done(&answer);
	return code;
}

/* One after the other, also after one that failed; the first failure is what the whole is. */
static int order_each(void *target, enum control_verb verb, const char *word, int n, char **names)
{
	int first = EXIT_DONE;

	for (int i = 0; i < n; i++) {
		int code = order(target, verb, word, verb_unit_name(names[i]));

		if (first == EXIT_DONE)
			first = code;
	}
	return first;
}

int verb_start(void *target, int argc, char **argv)
{
	return order_each(target, CONTROL_VERB_START, "start", argc, argv);
}

int verb_stop(void *target, int argc, char **argv)
{
	return order_each(target, CONTROL_VERB_STOP, "stop", argc, argv);
}

int verb_restart(void *target, int argc, char **argv)
{
	return order_each(target, CONTROL_VERB_RESTART, "restart", argc, argv);
}

int verb_reload(void *target, int argc, char **argv)
{
	return order_each(target, CONTROL_VERB_RELOAD, "reload", argc, argv);
}

int verb_poweroff(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_POWEROFF, "poweroff", "");
}

int verb_reboot(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_REBOOT, "reboot", "");
}

int verb_halt(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_HALT, "halt", "");
}

int verb_rescue(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_RESCUE, "rescue", "");
}

int verb_merge(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_MERGE, "merge", "");
}

int verb_daemon_reexec(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_DAEMON_REEXEC, "daemon-reexec", "");
}

int verb_daemon_reload(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_DAEMON_RELOAD, "daemon-reload", "");
}
