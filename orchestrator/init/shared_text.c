/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared_text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"

/* What comes of one cause comes at once, so a few that are remembered do; they are held by those who use them only. */
#define REMEMBERED 4

struct shared_text {
	uint32_t users;
	char text[];
};

static struct shared_text *remembered[REMEMBERED];
static size_t next;

static struct shared_text *head_of(const char *text)
{
	return (struct shared_text *)(void *)((char *)text - offsetof(struct shared_text, text));
}

static struct shared_text *make(const char *text)
{
	size_t size = strlen(text) + 1;
	struct shared_text *shared = malloc(sizeof(*shared) + size);

	if (!shared)
		return NULL;
	shared->users = 1;
	memcpy(shared->text, text, size);
	return shared;
}

const char *shared_text_new(const char *text)
{
	struct shared_text *shared;

	for (size_t i = 0; i < REMEMBERED; i++)
		if (remembered[i] && strcmp(remembered[i]->text, text) == 0)
			return shared_text_hold(remembered[i]->text);
	shared = make(text);
	if (!shared)
		return NULL;
	remembered[next++ % REMEMBERED] = shared;
	return shared->text;
}

const char *shared_text_own(const char *text)
{
	struct shared_text *shared = make(text);

	return shared ? shared->text : NULL;
}

const char *shared_text_hold(const char *shared)
{
	head_of(shared)->users++;
	return shared;
}

void shared_text_free(const char *text)
{
	struct shared_text *shared;

	if (!text)
		return;
	shared = head_of(text);
	if (--shared->users > 0)
		return;
	for (size_t i = 0; i < REMEMBERED; i++)
		if (remembered[i] == shared)
			remembered[i] = NULL;
	free(shared);
}
