/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reader of modules.list. One pass counts lines, so that each array is allocated once; a second one cuts the text in place
 * and fills them; a third turns the names of relations into indexes, which needs all modules to be known. Modules come
 * sorted by name, so that a name is found by bisection; a list that is not sorted is refused, not repaired.
 */
#include "modlist.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "early/parse.h"

#include "glob.h"

#define MODLIST_HEADER "early-modules 1 "
#define MODLIST_MAX_MODULES 16384
#define MODLIST_MAX_ALIASES (256 * 1024)
#define MODLIST_MAX_RELATED (1024 * 1024)

static int complain(struct modlist_complaint *complaint, unsigned int line, const char *why)
{
	complaint->line = line;
	complaint->why = why;
	return -EBADMSG;
}

static size_t count_words(const char *text)
{
	size_t n = 0;

	for (; *text && *text != '\n'; text++)
		n += *text == ' ';
	return n;
}

struct counts {
	size_t modules;
	size_t aliases;
	size_t related;
};

static struct counts count_lines(const char *text)
{
	struct counts counts = { 0 };

	while (text) {
		if (text[0] == 'm')
			counts.modules++;
		else if (text[0] == 'a')
			counts.aliases++;
		else if (text[0] == 'd' || text[0] == 'p' || text[0] == 'q')
			counts.related += count_words(text);
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return counts;
}

static int allocate(struct modlist *list, struct modlist_complaint *complaint)
{
	struct counts counts = count_lines(list->text);

	if (counts.modules > MODLIST_MAX_MODULES || counts.aliases > MODLIST_MAX_ALIASES ||
	    counts.related > MODLIST_MAX_RELATED)
		return complain(complaint, 1, "it is larger than a list can be");
	list->modules = calloc(counts.modules + 1, sizeof(*list->modules));
	list->aliases = calloc(counts.aliases + 1, sizeof(*list->aliases));
	list->related = calloc(counts.related + 1, sizeof(*list->related));
	return list->modules && list->aliases && list->related ? 0 : -ENOMEM;
}

static int read_module(struct modlist *list, char *words, struct modlist_complaint *complaint,
		       unsigned int line)
{
	struct modlist_module *module = &list->modules[list->n_modules];
	const char *name = strsep(&words, " ");
	const char *bytes = strsep(&words, " ");
	const char *path = words;

	*module = (struct modlist_module){ .name = name, .path = path, .options = "" };
	if (!name[0] || !bytes || !path || !path[0])
		return complain(complaint, line, "a module needs a name, a size and a path");
	if (parse_u32(bytes, &module->bytes) < 0)
		return complain(complaint, line, "the size of the module is no number");
	if (strstr(path, "..") || path[0] == '/')
		return complain(complaint, line, "the path leads out of the module directory");
	if (list->n_modules > 0 && strcmp(module[-1].name, name) >= 0)
		return complain(complaint, line, "modules are not sorted by name");
	list->n_modules++;
	return 0;
}

static int read_line(struct modlist *list, char *text, struct modlist_complaint *complaint,
		     unsigned int line)
{
	struct modlist_module *module = list->n_modules > 0 ? &list->modules[list->n_modules - 1]
							    : NULL;

	if (text[0] == '\0')
		return 0;
	if (text[1] != ' ' || !text[2])
		return complain(complaint, line, "a line is a letter, a space and words");
	if (text[0] == 'm')
		return read_module(list, text + 2, complaint, line);
	if (!module)
		return complain(complaint, line, "a line before the first module");
	switch (text[0]) {
	case 'd':
		module->needs.names = text + 2;
		return 0;
	case 'p':
		module->before.names = text + 2;
		return 0;
	case 'q':
		module->after.names = text + 2;
		return 0;
	case 'o':
		module->options = text + 2;
		return 0;
	case 'a':
		list->aliases[list->n_aliases++] = (struct modlist_alias){
			.pattern = text + 2,
			.module = (uint32_t)list->n_modules - 1,
		};
		return 0;
	}
	return complain(complaint, line, "unknown letter");
}

static int read_lines(struct modlist *list, struct modlist_complaint *complaint)
{
	unsigned int number = 1;
	char *text = list->text;
	char *end;
	int r = 0;

	if (strncmp(text, MODLIST_HEADER, strlen(MODLIST_HEADER)) != 0)
		return complain(complaint, 1, "it does not begin with \"" MODLIST_HEADER "\"");
	end = strchr(text, '\n');
	if (!end)
		return complain(complaint, 1, "it has one line only");
	*end = '\0';
	list->version = text + strlen(MODLIST_HEADER);
	if (!list->version[0] || strchr(list->version, '/'))
		return complain(complaint, 1, "this is no version of a kernel");
	for (text = end + 1; text && r >= 0; text = end) {
		end = strchr(text, '\n');
		if (end)
			*end++ = '\0';
		r = read_line(list, text, complaint, ++number);
	}
	return r;
}

/* @hard: every name must be in the list. */
static int relate(struct modlist *list, struct modlist_relation *relation, bool hard,
		  struct modlist_complaint *complaint)
{
	char *names = (char *)relation->names;

	relation->first = (uint32_t)list->n_related;
	while (names) {
		char *name = strsep(&names, " ");
		size_t index = modlist_find(list, name);

		if (index == MODLIST_NONE && hard)
			return complain(complaint, 0, "a module needs one that is not listed");
		if (index == MODLIST_NONE)
			continue;
		list->related[list->n_related++] = (uint32_t)index;
		relation->count++;
	}
	return 0;
}

static int relate_all(struct modlist *list, struct modlist_complaint *complaint)
{
	for (size_t i = 0; i < list->n_modules; i++) {
		struct modlist_module *module = &list->modules[i];
		int r = relate(list, &module->needs, true, complaint);

		if (r >= 0)
			r = relate(list, &module->before, false, complaint);
		if (r >= 0)
			r = relate(list, &module->after, false, complaint);
		if (r < 0)
			return r;
	}
	return 0;
}

int modlist_read(struct modlist *list, char *text, struct modlist_complaint *ret_complaint)
{
	int r;

	*list = (struct modlist){ .text = text };
	*ret_complaint = (struct modlist_complaint){ .why = "no memory" };
	r = allocate(list, ret_complaint);
	if (r >= 0)
		r = read_lines(list, ret_complaint);
	if (r >= 0)
		r = relate_all(list, ret_complaint);
	if (r < 0)
		modlist_done(list);
	return r;
}

void modlist_done(struct modlist *list)
{
	free(list->text);
	free(list->modules);
	free(list->aliases);
	free(list->related);
	*list = (struct modlist){ 0 };
}

size_t modlist_find(const struct modlist *list, const char *name)
{
	size_t low = 0;
	size_t high = list->n_modules;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(list->modules[middle].name, name);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return MODLIST_NONE;
}

size_t modlist_match(const struct modlist *list, const char *text, size_t from, size_t *ret_next)
{
	for (size_t i = from; i < list->n_aliases; i++) {
		if (!glob_match(list->aliases[i].pattern, text))
			continue;
		*ret_next = i + 1;
		return list->aliases[i].module;
	}
	*ret_next = list->n_aliases;
	return MODLIST_NONE;
}
