/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words come one for each entry, a "~" in front of those of a line that began with one. The first word decides what the list is. In a
 * list that allows, "~" takes away, and so does the other way round; with an error number ("~@mount:EPERM" in a list that allows) the name
 * stays, with that error. A list that allows begins with @default, without which no program starts.
 */
#include "syscall_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/syscall_groups.h"
#include "settings.h"

void syscall_list_done(struct syscall_list *list)
{
	free(list->entries);
	*list = (struct syscall_list){ 0 };
}

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = strncmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* Where @name is, or where it belongs. */
static size_t position(const struct syscall_list *list, const char *name, size_t len)
{
	size_t low = 0;
	size_t high = list->n_entries;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct syscall_entry *entry = &list->entries[middle];

		if (compare(entry->name, entry->len, name, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct syscall_entry *syscall_list_find(const struct syscall_list *list, const char *name,
					      size_t len)
{
	size_t i = position(list, name, len);

	if (!list->entries || i == list->n_entries ||
	    compare(list->entries[i].name, list->entries[i].len, name, len) != 0)
		return NULL;
	return &list->entries[i];
}

static int put(struct syscall_list *list, const char *name, size_t len, int error)
{
	size_t i = position(list, name, len);
	struct syscall_entry *entries;

	if (syscall_list_find(list, name, len)) {
		list->entries[i].error = error;
		return 0;
	}
	entries = reallocarray(list->entries, list->n_entries + 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	list->entries = entries;
	memmove(&entries[i + 1], &entries[i], (list->n_entries - i) * sizeof(*entries));
	entries[i] = (struct syscall_entry){ name, len, error };
	list->n_entries++;
	return 0;
}

static void take(struct syscall_list *list, const char *name, size_t len)
{
	size_t i = position(list, name, len);

	if (!syscall_list_find(list, name, len))
		return;
	list->n_entries--;
	memmove(&list->entries[i], &list->entries[i + 1],
		(list->n_entries - i) * sizeof(list->entries[0]));
}

struct word {
	bool adds;
	int error;
};

static int apply_name(struct syscall_list *list, const char *name, size_t len,
		      const struct word *word, int depth);

static int apply_group(struct syscall_list *list, const char *name, size_t len,
		       const struct word *word, int depth)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	const char *members = NULL;
	const char *member;
	size_t member_len;
	int r;

	strbuf_add(&text, name, len);
	r = strbuf_error(&text);
	if (r == 0)
		members = syscall_group_members(text.data);
	if (r == 0 && (!members || depth == 0))
		r = -EINVAL;
	while (r == 0 && (member = syscall_group_next(&members, &member_len)))
		r = apply_name(list, member, member_len, word, depth - 1);
	return r;
}

static int apply_name(struct syscall_list *list, const char *name, size_t len,
		      const struct word *word, int depth)
{
	if (len == 0)
		return 0;
	if (*name == '@')
		return apply_group(list, name, len, word, depth);
	if (word->adds || word->error != SYSCALL_DEFAULT)
		return put(list, name, len, word->error);
	take(list, name, len);
	return 0;
}

static int read_error(const char *text)
{
	long number;

	if (strcmp(text, "kill") == 0)
		return SYSCALL_KILL;
	number = strtol(text, NULL, 10);
	return number >= 0 && number <= 4095 ? (int)number : SYSCALL_KILL;
}

static int apply_word(struct syscall_list *list, const char *text)
{
	bool inverted = *text == '~';
	const char *name = text + inverted;
	size_t len = strcspn(name, ":");
	struct word word = {
		.adds = inverted != list->allows,
		.error = name[len] ? read_error(name + len + 1) : SYSCALL_DEFAULT,
	};

	return apply_name(list, name, len, &word, 4);
}

int syscall_list_read(const struct wire_list *settings, const char *key,
		      struct syscall_list *ret_list)
{
	bool has_default = strcmp(key, "SystemCallFilter") == 0; /* nothing of it is to be logged */
	struct syscall_list list CLEANUP_SYSCALL_LIST = { 0 };
	int r = 0;

	for (const char *value = settings_next(settings, key, NULL); r == 0 && value;
	     value = settings_next(settings, key, value)) {
		if (!list.given) {
			list.given = true;
			list.allows = *value != '~';
			r = list.allows && has_default ? apply_word(&list, "@default") : 0;
		}
		if (r == 0)
			r = apply_word(&list, value);
	}
	if (r < 0)
		return r;
	*ret_list = list;
	list = (struct syscall_list){ 0 };
	return 0;
}
