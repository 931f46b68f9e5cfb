/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs that ask early-init and print what it says, for people or as JSON. */
#include "verbs.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "client.h"
#include "early/macros.h"

const char *verb_unit_name(const char *name)
{
	static const char *const suffixes[] = { ".service", ".target", ".socket",
						".scope",   ".slice",  ".mount" };
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

/* Asks and collects; an exit code. */
static int ask(const struct settings *settings, enum control_verb verb, const char *name,
	       struct answer *answer)
{
	if (answer_init(answer) < 0) {
		fputs("earlyctl: no memory\n", stderr);
		return EXIT_FAILED;
	}
	return client_ask(settings->control, verb, name, answer_take, answer);
}

static void print_lines(struct json_object *lines)
{
	for (size_t i = 0; i < json_object_array_length(lines); i++)
		puts(json_object_get_string(json_object_array_get_idx(lines, i)));
}

/* --- list --- */

static void print_row(struct json_object *service)
{
	printf("%-36.36s %-12s %-14s %-9s %s\n", answer_text(service, "name"),
	       answer_text(service, "active_state"), answer_text(service, "sub_state"),
	       answer_text(service, "stage"), answer_text(service, "description"));
}

static void print_table(struct json_object *services)
{
	printf("%-36s %-12s %-14s %-9s %s\n", "NAME", "ACTIVE", "SUB", "STAGE", "DESCRIPTION");
	for (size_t i = 0; i < json_object_array_length(services); i++)
		print_row(json_object_array_get_idx(services, i));
}

int verb_list(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	struct answer answer;
	int code = ask(settings, CONTROL_VERB_LIST, "", &answer);

	if (code == EXIT_DONE && settings->json)
		answer_print_json(answer.services);
	else if (code == EXIT_DONE)
		print_table(answer.services);
	answer_done(&answer);
	return code;
}

/* --- status --- */

static void print_pair(const char *title, const char *value)
{
	if (*value)
		printf("  %10s: %s\n", title, value);
}

/* What early-load said about the manifest when it was read; which lines they are is said by its reader again. */
static void print_remarks(struct json_object *service)
{
	long long n = answer_number(service, "remarks");

	if (n > 0)
		printf("  %10s: %lld line%s of its manifest %s not honoured: earlyctl verify %s\n",
		       "remarks", n, n == 1 ? "" : "s", n == 1 ? "is" : "are",
		       answer_text(service, "path"));
}

static void print_service(struct json_object *service)
{
	char state[128];
	char number[64];

	printf("%s - %s\n", answer_text(service, "name"), answer_text(service, "description"));
	(void)snprintf(state, sizeof(state), "%s (%s)", answer_text(service, "active_state"),
		       answer_text(service, "sub_state"));
	print_pair("state", state);
	(void)snprintf(number, sizeof(number), "%.3f s after the start",
		       (double)answer_number(service, "since_us") / 1000000.0);
	print_pair("since", answer_number(service, "since_us") ? number : "");
	print_pair("why", answer_text(service, "why"));
	print_pair("loaded", answer_text(service, "load_state"));
	print_pair("manifest", answer_text(service, "path"));
	print_pair("stage", answer_text(service, "stage"));
	print_pair("cgroup", answer_text(service, "cgroup"));
	(void)snprintf(number, sizeof(number), "%lld", answer_number(service, "main_pid"));
	print_pair("main pid", answer_number(service, "main_pid") ? number : "");
	(void)snprintf(number, sizeof(number), "%lld", answer_number(service, "restarts"));
	print_pair("restarts", answer_number(service, "restarts") ? number : "");
	if (strcmp(answer_text(service, "result"), "success") != 0)
		print_pair("result", answer_text(service, "result"));
	print_pair("detail", answer_text(service, "detail"));
	print_remarks(service);
}

static void print_status(const struct settings *settings, const struct answer *answer, bool one)
{
	struct json_object *object;

	if (!settings->json) {
		print_lines(answer->lines);
		for (size_t i = 0; i < json_object_array_length(answer->services); i++)
			print_service(json_object_array_get_idx(answer->services, i));
		return;
	}
	if (one && json_object_array_length(answer->services) == 1) {
		answer_print_json(json_object_array_get_idx(answer->services, 0));
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "services", json_object_get(answer->services));
	json_object_object_add(object, "text", json_object_get(answer->lines));
	answer_print_json(object);
	json_object_put(object);
}

int verb_status(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	struct answer answer;
	int code = ask(settings, CONTROL_VERB_STATUS, argc > 0 ? verb_unit_name(argv[0]) : "",
		       &answer);

	if (code == EXIT_DONE)
		print_status(settings, &answer, argc > 0);
	answer_done(&answer);
	return code;
}

/* --- why --- */

static void print_reasons(const struct settings *settings, const char *name,
			  struct json_object *reasons)
{
	struct json_object *object;

	if (settings->json) {
		object = json_object_new_object();
		json_object_object_add(object, "name", json_object_new_string(name));
		json_object_object_add(object, "reasons", json_object_get(reasons));
		answer_print_json(object);
		json_object_put(object);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(reasons); i++) {
		struct json_object *reason = json_object_array_get_idx(reasons, i);

		printf("%12.6f s  %s\n", (double)answer_number(reason, "t_us") / 1000000.0,
		       answer_text(reason, "text"));
	}
}

int verb_why(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	const char *name = verb_unit_name(argv[0]);
	struct answer answer;
	int code = ask(settings, CONTROL_VERB_WHY, name, &answer);

	if (code == EXIT_DONE)
		print_reasons(settings, name, answer.reasons);
	answer_done(&answer);
	return code;
}

/* --- orders --- */

static int order(void *target, enum control_verb verb, const char *name)
{
	const struct settings *settings = target;
	struct answer answer;
	int code = ask(settings, verb, name, &answer);

	print_lines(answer.lines);
	answer_done(&answer);
	return code;
}

int verb_start(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_START, verb_unit_name(argv[0]));
}

int verb_stop(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_STOP, verb_unit_name(argv[0]));
}

int verb_restart(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_RESTART, verb_unit_name(argv[0]));
}

int verb_reload(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_RELOAD, verb_unit_name(argv[0]));
}

int verb_poweroff(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_POWEROFF, "");
}

int verb_reboot(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_REBOOT, "");
}

int verb_halt(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_HALT, "");
}

int verb_rescue(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_RESCUE, "");
}

int verb_merge(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_MERGE, "");
}

int verb_daemon_reexec(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_DAEMON_REEXEC, "");
}

int verb_daemon_reload(void *target, int argc, char **argv)
{
	return order(target, CONTROL_VERB_DAEMON_RELOAD, "");
}
