/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log_boot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "early/clock.h"
#include "early/macros.h"

#define MARK "[    0.000000] info early-log: boot "

static struct log_boot *add(struct log_boots *boots, const char *id, uint64_t began_us)
{
	struct log_boot *boot = calloc(1, sizeof(*boot));

	if (!boot)
		return NULL;
	(void)snprintf(boot->id, sizeof(boot->id), "%s", id);
	boot->began_us = began_us;
	boot->next = boots->first;
	boots->first = boot;
	return boot;
}

int log_boots_init(struct log_boots *boots, const char *id, uint64_t began_us, uint64_t now_us,
		   uint64_t same_us)
{
	*boots = (struct log_boots){ .now_us = now_us, .same_us = same_us };
	boots->current = add(boots, id, began_us);
	return boots->current ? 0 : -ENOMEM;
}

void log_boots_done(struct log_boots *boots)
{
	for (struct log_boot *boot = boots->first, *next; boot; boot = next) {
		next = boot->next;
		free(boot);
	}
	*boots = (struct log_boots){ 0 };
}

/* "ID began at 2025-01-02T03:04:05.000006Z" */
static bool parse(const char *text, char *id, uint64_t *ret_began_us)
{
	char when[24];
	unsigned int micros;
	struct tm tm = { .tm_sec = 0 };
	const char *rest;

	if (sscanf(text, "%39s began at %23[0-9T:-].%6uZ", id, when, &micros) != 3)
		return false;
	rest = strptime(when, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest || *rest)
		return false;
	*ret_began_us = (uint64_t)timegm(&tm) * USEC_PER_SEC + micros;
	return true;
}

bool log_boot_is_mark(const char *text, size_t len)
{
	return len >= strlen(MARK) && memcmp(text, MARK, strlen(MARK)) == 0;
}

int log_boots_read(struct log_boots *boots, const char *text, size_t len, struct log_boot **ret)
{
	char line[128] = "", id[LOG_BOOT_ID_SIZE];
	uint64_t began_us;

	*ret = NULL;
	if (!log_boot_is_mark(text, len))
		return 0;
	memcpy(line, text + strlen(MARK), MIN(len - strlen(MARK), sizeof(line) - 1));
	line[strcspn(line, "\n")] = '\0';
	if (!parse(line, id, &began_us))
		return 0;
	for (struct log_boot *boot = boots->first; boot; boot = boot->next) {
		uint64_t apart_us = boot->began_us > began_us ? boot->began_us - began_us
							      : began_us - boot->began_us;

		if (strcmp(boot->id, id) == 0 && apart_us <= boots->same_us) {
			*ret = boot;
			return 0;
		}
	}
	*ret = add(boots, id, began_us);
	return *ret ? 0 : -ENOMEM;
}

size_t log_boot_next_mark(const char *text, size_t len, size_t from)
{
	while (from < len) {
		const char *mark = memmem(text + from, len - from, MARK, strlen(MARK));

		if (!mark)
			return len;
		from = (size_t)(mark - text);
		if (from == 0 || text[from - 1] == '\n')
			return from;
		from++;
	}
	return len;
}
