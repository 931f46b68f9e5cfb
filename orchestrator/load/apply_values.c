/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Handlers for keys with one value: text, numbers, times, words out of a fixed choice. An empty value puts the default back
 * where systemd does so. Specifiers are expanded where systemd expands them.
 */
#include "directive.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"

#define MEMBER(apply, type) ((type *)((char *)(apply)->service + (apply)->directive->offset))

int apply_refuse(const struct apply *apply, const char *fmt, ...)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	va_list args;

	va_start(args, fmt);
	strbuf_vprintf(&text, fmt, args);
	va_end(args);
	diags_add(apply->diags, apply->line->file, apply->line->line, DIAG_WARNING,
		  apply->line->key, "%s", text.data ? text.data : "");
	return -EALREADY;
}

int apply_expand(const struct apply *apply, const char *text, char **ret_text)
{
	char bad = 0;
	int r = specifiers_expand(apply->specifiers, text, ret_text, &bad);

	if (r == -EINVAL)
		return apply_refuse(apply, "the specifier %%%c has no value here", bad);
	return r;
}

static void replace(char **member, char *value)
{
	free(*member);
	*member = value;
}

int apply_string(const struct apply *apply, const char *value)
{
	char *text = NULL;
	int r = 0;

	if (*value)
		r = apply_expand(apply, value, &text);
	if (r < 0)
		return r;
	replace(MEMBER(apply, char *), text);
	return 0;
}

int apply_path(const struct apply *apply, const char *value)
{
	const char *path = *value == '-' ? value + 1 : value;

	if (*value && path[0] != '/' && path[0] != '%' && strcmp(path, "~") != 0)
		return apply_refuse(apply, "\"%s\" is no absolute path", value);
	return apply_string(apply, value);
}

int apply_slice(const struct apply *apply, const char *value)
{
	char *name = NULL;
	int r = apply_expand(apply, value, &name);

	if (r < 0)
		return r;
	if (strcmp(unit_name_suffix(name), ".slice") != 0) {
		free(name);
		return -EINVAL;
	}
	replace(&apply->service->slice, name);
	return 0;
}

static void set_flag(const struct apply *apply, uint32_t flag, bool on)
{
	if (on)
		apply->service->fields.flags |= flag;
	else
		apply->service->fields.flags &= ~flag;
}

int apply_flag(const struct apply *apply, const char *value)
{
	bool on;
	int r = parse_bool(value, &on);

	if (r == 0)
		set_flag(apply, apply->directive->arg, on);
	return r;
}

int apply_flag_inverse(const struct apply *apply, const char *value)
{
	bool on;
	int r = parse_bool(value, &on);

	if (r == 0)
		set_flag(apply, apply->directive->arg, !on);
	return r;
}

int apply_span(const struct apply *apply, const char *value)
{
	uint64_t span_us;
	int r = parse_span_us(value, &span_us);

	if (r == 0)
		*MEMBER(apply, uint64_t) = span_us;
	return r;
}

/* TimeoutStartSec=, TimeoutStopSec= (arg 0): zero switches the limit off. TimeoutSec= (arg 1) sets both. */
int apply_timeout_both(const struct apply *apply, const char *value)
{
	uint64_t span_us;
	int r = parse_span_us(value, &span_us);

	if (r < 0)
		return r;
	if (span_us == 0)
		span_us = PARSE_INFINITY;
	*MEMBER(apply, uint64_t) = span_us;
	if (apply->directive->arg)
		apply->service->fields.stop_timeout_us = span_us;
	return 0;
}

int apply_u32(const struct apply *apply, const char *value)
{
	uint32_t number;
	int r = parse_u32(value, &number);

	if (r == 0)
		*MEMBER(apply, uint32_t) = number;
	return r;
}

int apply_mode(const struct apply *apply, const char *value)
{
	uint32_t mode;
	int r = parse_mode(value, &mode);

	if (r == 0)
		*MEMBER(apply, uint32_t) = mode;
	return r;
}

int apply_umask(const struct apply *apply, const char *value)
{
	int r = apply_mode(apply, value);

	if (r == 0)
		apply->service->has_umask = true;
	return r;
}

int apply_nice(const struct apply *apply, const char *value)
{
	int32_t nice;
	int r = parse_i32(value, &nice);

	if (r < 0)
		return r;
	if (nice < -20 || nice > 19)
		return -ERANGE;
	apply->service->fields.nice = nice;
	apply->service->has_nice = true;
	return 0;
}

int apply_oom_score(const struct apply *apply, const char *value)
{
	int32_t score;
	int r = parse_i32(value, &score);

	if (r < 0)
		return r;
	if (score < -1000 || score > 1000)
		return -ERANGE;
	apply->service->fields.oom_score_adjust = score;
	apply->service->has_oom_score_adjust = true;
	return 0;
}

int apply_signal(const struct apply *apply, const char *value)
{
	int signo;
	int r = parse_signal(value, &signo);

	if (r == 0)
		*MEMBER(apply, int32_t) = signo;
	return r;
}

/* --- words out of a choice --- */
struct choice {
	const char *word;
	uint32_t value;
};

static int choose(const struct choice *choices, size_t n, const char *word, uint32_t *ret_value)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(choices[i].word, word) == 0) {
			*ret_value = choices[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

int apply_type(const struct apply *apply, const char *value)
{
	static const struct choice types[] = {
		{ "simple", TABLE_TYPE_SIMPLE },   { "exec", TABLE_TYPE_EXEC },
		{ "forking", TABLE_TYPE_FORKING }, { "oneshot", TABLE_TYPE_ONESHOT },
		{ "notify", TABLE_TYPE_NOTIFY },   { "dbus", TABLE_TYPE_DBUS },
		{ "idle", TABLE_TYPE_IDLE },       { "notify-reload", TABLE_TYPE_NOTIFY_RELOAD },
	};

	apply->service->type_given = true;
	return choose(types, ARRAY_SIZE(types), value, &apply->service->fields.type);
}

int apply_restart(const struct apply *apply, const char *value)
{
	static const struct choice restarts[] = {
		{ "no", TABLE_RESTART_NO },
		{ "on-success", TABLE_RESTART_ON_SUCCESS },
		{ "on-failure", TABLE_RESTART_ON_FAILURE },
		{ "on-abnormal", TABLE_RESTART_ON_ABNORMAL },
		{ "on-watchdog", TABLE_RESTART_ON_WATCHDOG },
		{ "on-abort", TABLE_RESTART_ON_ABORT },
		{ "always", TABLE_RESTART_ALWAYS },
	};

	return choose(restarts, ARRAY_SIZE(restarts), value, &apply->service->fields.restart);
}

int apply_kill_mode(const struct apply *apply, const char *value)
{
	static const struct choice modes[] = {
		{ "control-group", TABLE_KILL_CONTROL_GROUP },
		{ "mixed", TABLE_KILL_MIXED },
		{ "process", TABLE_KILL_PROCESS },
		{ "none", TABLE_KILL_NONE },
	};

	return choose(modes, ARRAY_SIZE(modes), value, &apply->service->fields.kill_mode);
}

/* FailureAction=, SuccessAction=: "-force" is the same here, for the stop of all services has a bound anyway. */
int apply_action(const struct apply *apply, const char *value)
{
	static const struct choice actions[] = {
		{ "", TABLE_ACTION_NONE },
		{ "none", TABLE_ACTION_NONE },
		{ "reboot", TABLE_ACTION_REBOOT },
		{ "reboot-force", TABLE_ACTION_REBOOT },
		{ "poweroff", TABLE_ACTION_POWEROFF },
		{ "poweroff-force", TABLE_ACTION_POWEROFF },
		{ "halt", TABLE_ACTION_HALT },
		{ "halt-force", TABLE_ACTION_HALT },
		{ "exit", TABLE_ACTION_EXIT },
		{ "exit-force", TABLE_ACTION_EXIT },
	};
	static const char *const lossy[] = { "reboot-immediate", "poweroff-immediate",
					     "halt-immediate" };

	for (size_t i = 0; i < ARRAY_SIZE(lossy); i++)
		if (strcmp(value, lossy[i]) == 0)
			return apply_refuse(
				apply,
				"\"%s\" is not done: what is not yet on the disk would be lost",
				value);
	return choose(actions, ARRAY_SIZE(actions), value, MEMBER(apply, uint32_t));
}

/* StartLimitAction=: what is done to the machine. That is the last rung of OnGiveUp= here. */
int apply_no_action(const struct apply *apply, const char *value)
{
	if (!*value || strcmp(value, "none") == 0)
		return 0;
	return apply_refuse(
		apply,
		"\"%s\" is not done: OnGiveUp=reboot in [Early] is for a service without "
		"which the machine is of no use",
		value);
}

/* Units that hang on a service hear of each of its deaths: direct would spare them. */
int apply_restart_mode(const struct apply *apply, const char *value)
{
	if (strcmp(value, "normal") == 0)
		return 0;
	if (strcmp(value, "direct") == 0 || strcmp(value, "debug") == 0)
		return apply_refuse(apply, "\"%s\" is not done: normal is how services restart",
				    value);
	return -EINVAL;
}

/* What a service gets that did not start or stop in time. */
int apply_failure_mode(const struct apply *apply, const char *value)
{
	static const struct choice modes[] = {
		{ "terminate", TABLE_FAILURE_TERMINATE },
		{ "abort", TABLE_FAILURE_ABORT },
		{ "kill", TABLE_FAILURE_KILL },
	};

	return choose(modes, ARRAY_SIZE(modes), value, MEMBER(apply, uint32_t));
}

int apply_exit_type(const struct apply *apply, const char *value)
{
	if (strcmp(value, "main") != 0 && strcmp(value, "cgroup") != 0)
		return -EINVAL;
	set_flag(apply, TABLE_FLAG_EXIT_CGROUP, strcmp(value, "cgroup") == 0);
	return 0;
}

/* Empty: Early's own back-off again. */
int apply_restart_sec(const struct apply *apply, const char *value)
{
	struct table_service *fields = &apply->service->fields;
	uint64_t span_us = 0;
	int r = *value ? parse_span_us(value, &span_us) : 0;

	if (r < 0)
		return r;
	fields->restart_us = span_us;
	set_flag(apply, TABLE_FLAG_RESTART_SEC, *value);
	return 0;
}

/* s6's way: 0 to 2 are its input and output, and what is above 255 is rather a slip than a wish. */
int apply_ready_fd(const struct apply *apply, const char *value)
{
	uint32_t fd;
	int r = parse_u32(value, &fd);

	if (r < 0)
		return r;
	if (fd < 3 || fd > 255)
		return -ERANGE;
	apply->service->fields.ready_fd = (int32_t)fd;
	return 0;
}

int apply_stage(const struct apply *apply, const char *value)
{
	static const struct choice stages[] = {
		{ "splash", TABLE_STAGE_SPLASH }, { "display", TABLE_STAGE_DISPLAY },
		{ "disks", TABLE_STAGE_DISKS },   { "merged", TABLE_STAGE_MERGED },
		{ "demand", TABLE_STAGE_DEMAND }, { "greeter", TABLE_STAGE_GREETER },
	};

	apply->service->stage_given = true;
	return choose(stages, ARRAY_SIZE(stages), value, &apply->service->fields.stage);
}

static bool is_rung(const char *word, size_t len)
{
	static const char *const words[] = { "diagnose", "reboot" };
	static const char *const prefixes[] = { "software:", "fallback:" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == len && strncmp(word, words[i], len) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (len > 9 && strncmp(word, prefixes[i], 9) == 0)
			return true;
	return false;
}

int apply_give_up(const struct apply *apply, const char *value)
{
	for (const char *word = value + strspn(value, " \t"); *word;) {
		size_t len = strcspn(word, " \t");

		if (!is_rung(word, len))
			return -EINVAL;
		word += len;
		word += strspn(word, " \t");
	}
	return apply_string(apply, value);
}

int apply_notify_access(const struct apply *apply, const char *value)
{
	static const struct choice accesses[] = {
		{ "none", TABLE_NOTIFY_NONE },
		{ "main", TABLE_NOTIFY_MAIN },
		{ "exec", TABLE_NOTIFY_EXEC },
		{ "all", TABLE_NOTIFY_ALL },
	};

	return choose(accesses, ARRAY_SIZE(accesses), value, &apply->service->fields.notify_access);
}

int apply_preserve(const struct apply *apply, const char *value)
{
	bool on = true;

	if (strcmp(value, "restart") != 0 && parse_bool(value, &on) < 0)
		return -EINVAL;
	set_flag(apply, TABLE_FLAG_PRESERVE_RUNTIME_DIRECTORY, on);
	return 0;
}

/* StandardInput=, StandardOutput=, StandardError=. What goes to a journal goes to Early's log, which is what is inherited. */
int apply_stream(const struct apply *apply, const char *value)
{
	static const char *const log_words[] = { "journal",        "syslog",
						 "kmsg",           "journal+console",
						 "syslog+console", "kmsg+console",
						 "socket" };
	static const char *const known[] = { "null",    "tty",  "tty-force", "tty-fail",
					     "inherit", "data", "" };
	char **member = MEMBER(apply, char *);
	bool is_input = apply->directive->offset == offsetof(struct service, standard_input);
	const char *word = value;

	for (size_t i = 0; !is_input && i < ARRAY_SIZE(log_words); i++)
		if (strcmp(value, log_words[i]) == 0)
			word = "inherit";
	if (!is_input && strcmp(value, "data") == 0)
		return -EINVAL;
	if (is_input && strcmp(value, "socket") == 0)
		return apply_refuse(apply, "a connection as standard input is not supported yet");
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(word, known[i]) == 0) {
			char *copy = *word ? strdup(word) : NULL;

			if (*word && !copy)
				return -ENOMEM;
			replace(member, copy);
			return 0;
		}
	}
	if (strncmp(word, "file:/", 6) == 0 || strncmp(word, "append:/", 8) == 0 ||
	    strncmp(word, "truncate:/", 10) == 0)
		return apply_string(apply, word);
	return -EINVAL;
}

int apply_bool(const struct apply *apply, const char *value)
{
	return parse_bool(value, MEMBER(apply, bool));
}

int apply_checked_elsewhere(const struct apply *apply, const char *value)
{
	(void)apply; /* Import= and the like were acted upon before any line was applied */
	(void)value;
	return 0;
}
