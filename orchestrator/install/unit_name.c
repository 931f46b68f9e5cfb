/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit_name.h"

#include <errno.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strv.h"

static const char *const suffixes[] = {
	".service", ".scope", ".target", ".socket", ".slice",     ".mount",
	".timer",   ".path",  ".device", ".swap",   ".automount",
};

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@"

const char *unit_name_suffix(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (strcmp(dot, suffixes[i]) == 0)
			return dot;
	}
	return NULL;
}

bool unit_name_has_suffix(const char *name, const char *suffix)
{
	const char *found = unit_name_suffix(name);

	return found != NULL && strcmp(found, suffix) == 0;
}

bool unit_name_is_valid(const char *name)
{
	const char *suffix = unit_name_suffix(name);

	if (suffix == NULL || suffix == name || name[0] == '@' || strlen(name) > UNIT_NAME_MAX)
		return false;
	return strspn(name, NAME_CHARACTERS) == strlen(name);
}

bool unit_name_is_template(const char *name)
{
	const char *suffix = unit_name_suffix(name);

	return suffix != NULL && suffix > name && suffix[-1] == '@';
}

/* The "@" of an instance's name, or NULL. */
static const char *find_at(const char *name)
{
	const char *suffix = unit_name_suffix(name);
	const char *at = strchr(name, '@');

	if (suffix == NULL || at == NULL || at >= suffix - 1)
		return NULL;
	return at;
}

int unit_name_template(const char *name, char **ret_template)
{
	const char *at = find_at(name);
	const char *suffix = unit_name_suffix(name);
	size_t prefix;
	char *text;

	if (at == NULL)
		return -ENOENT;
	prefix = (size_t)(at - name) + 1;
	text = malloc(prefix + strlen(suffix) + 1);
	if (text == NULL)
		return -ENOMEM;
	memcpy(text, name, prefix);
	strcpy(text + prefix, suffix);
	*ret_template = text;
	return 0;
}

int unit_name_instance(const char *name, char **ret_instance)
{
	const char *at = find_at(name);
	char *text;

	if (at == NULL)
		return -ENOENT;
	text = strndup(at + 1, (size_t)(unit_name_suffix(name) - at) - 1);
	if (text == NULL)
		return -ENOMEM;
	*ret_instance = text;
	return 0;
}

int unit_name_from_cgroup(const char *cgroup, char **ret_unit)
{
	CLEANUP_STRV char **elements = NULL;
	const char *slice = "-.slice";
	char *copy;
	int r;

	if (cgroup[0] != '/')
		return -EINVAL;
	r = strv_split(cgroup, "/", &elements);
	if (r < 0)
		return r;
	for (size_t i = 0; i < strv_length(elements); i++) {
		/* A name that could be taken for one of the kernel's files has a "_" in front. */
		const char *name = elements[i] + (elements[i][0] == '_' ? 1 : 0);

		if (!unit_name_is_valid(name))
			break;
		slice = name;
		if (!unit_name_has_suffix(name, ".slice"))
			break;
	}
	copy = strdup(slice);
	if (copy == NULL)
		return -ENOMEM;
	*ret_unit = copy;
	return 0;
}

bool unit_name_matches(const char *name, char *const *aliases, char *const *patterns)
{
	if (strv_length(patterns) == 0)
		return true;
	for (size_t i = 0; patterns[i] != NULL; i++) {
		if (fnmatch(patterns[i], name, FNM_NOESCAPE) == 0)
			return true;
		for (size_t j = 0; j < strv_length(aliases); j++) {
			if (fnmatch(patterns[i], aliases[j], FNM_NOESCAPE) == 0)
				return true;
		}
	}
	return false;
}
