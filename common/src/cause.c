/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The line is taken apart from its end: what a process is called is the least trusted part of it (its name may hold anything, " by "
 * as well), so the parentheses are found first, and the executable begins at the first " by /" or " by " before them.
 */
#include "early/cause.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "early/macros.h"

static const struct {
	const char *words;
	const char *directive;
} by_unit[] = {
	{ "required by ", "Requires=" },
	{ "wanted by ", "Wants=" },
};

static const struct {
	const char *words;
	const char *directive;
} by_end[] = {
	{ " failed", "OnFailure=" },
	{ " ended", "OnSuccess=" },
};

void cause_of_process(struct strbuf *out, const char *how, const char *exe, uint32_t pid,
		      uint32_t uid)
{
	strbuf_puts(out, how);
	if (exe[0])
		strbuf_puts(out, " by ");
	for (; *exe; exe++) /* what stands there is anybody's choice, and goes to a terminal */
		strbuf_putc(out, (unsigned char)*exe < 0x20 || *exe == 0x7f ? '?' : *exe);
	if (pid > 0)
		strbuf_printf(out, " (pid %u, uid %u)", pid, uid);
	else
		strbuf_printf(out, " (uid %u)", uid);
}

/* "(pid 12, uid 0)" or "(uid 0)", and nothing behind it. */
static bool parse_ids(const char *text, struct cause *cause)
{
	unsigned int pid = 0, uid = 0;
	int end = 0;

	if (sscanf(text, "(pid %u, uid %u)%n", &pid, &uid, &end) < 2 || end == 0) {
		pid = 0;
		if (sscanf(text, "(uid %u)%n", &uid, &end) < 1 || end == 0)
			return false;
	}
	if (text[end] != '\0')
		return false;
	cause->pid = pid;
	cause->uid = uid;
	return true;
}

/* Cuts the process off the end of @text; what is left says how. */
static void take_process(char *text, struct cause *cause)
{
	char *ids = strrchr(text, '(');
	char *by;

	if (!ids || ids == text || ids[-1] != ' ' || !parse_ids(ids, cause))
		return;
	ids[-1] = '\0';
	by = strstr(text, " by ");
	if (!by)
		return;
	*by = '\0';
	cause->exe = by + strlen(" by ");
}

/* "ListenStream=/run/x", "Stage=display: and more": a directive is letters up to "=". */
static void take_directive(char *text, struct cause *cause, char *directive, size_t size)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	if (len == 0 || text[len] != '=' || len + 2 > size || text[0] < 'A' || text[0] > 'Z')
		return;
	memcpy(directive, text, len + 1);
	directive[len + 1] = '\0';
	cause->directive = directive;
	cause->object = text + len + 1;
	cause->how = "";
	text = strstr(text + len + 1, ": ");
	if (text)
		*text = '\0';
}

/* "b.timer: OnBootSec=5s, 2026-…": the date behind the last comma is for people only. */
static void take_timer(char *text, struct cause *cause, char *directive, size_t size)
{
	char *words = strstr(text, ": ");
	char *date = words ? strrchr(words, ',') : NULL;

	cause->unit = text;
	if (!words)
		return;
	*words = '\0';
	if (date)
		*date = '\0';
	take_directive(words + strlen(": "), cause, directive, size);
}

/* "b.service failed": one word before. */
static bool take_end(char *text, struct cause *cause)
{
	char *blank = strchr(text, ' ');

	if (!blank || blank == text)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(by_end); i++) {
		if (strcmp(blank, by_end[i].words) != 0)
			continue;
		*blank = '\0';
		cause->unit = text;
		cause->directive = by_end[i].directive;
		return true;
	}
	return false;
}

void cause_parse(const char *text, char buf[static CAUSE_MAX], struct cause *ret_cause)
{
	enum { DIRECTIVE_SIZE = 64 };
	struct cause cause = { "", "", "", "", "", 0, CAUSE_NO_UID };
	char *line = buf + DIRECTIVE_SIZE;

	(void)snprintf(line, CAUSE_MAX - DIRECTIVE_SIZE, "%s", text);
	*ret_cause = cause;
	for (size_t i = 0; i < ARRAY_SIZE(by_unit); i++) {
		size_t len = strlen(by_unit[i].words);

		if (strncmp(line, by_unit[i].words, len) != 0 || !line[len])
			continue;
		ret_cause->unit = line + len;
		ret_cause->directive = by_unit[i].directive;
		return;
	}
	if (strncmp(line, CAUSE_TIMER, strlen(CAUSE_TIMER)) == 0) {
		take_timer(line + strlen(CAUSE_TIMER), ret_cause, buf, DIRECTIVE_SIZE);
		return;
	}
	if (strncmp(line, CAUSE_BUS_CALL, strlen(CAUSE_BUS_CALL)) == 0) {
		ret_cause->directive = "BusName=";
		return;
	}
	if (take_end(line, ret_cause))
		return;
	cause.how = line;
	take_process(line, &cause);
	take_directive(line, &cause, buf, DIRECTIVE_SIZE);
	if (cause.uid == CAUSE_NO_UID)
		cause.how = ""; /* the text itself says it */
	*ret_cause = cause;
}
