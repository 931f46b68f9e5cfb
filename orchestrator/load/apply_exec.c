/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command lines.
 *
 * A command line may hold several commands (" ; "), each with prefixes before its program. Whether $VARIABLES are in it is decided
 * here: without any, "$$" is resolved at once and PID 1 can execute the words as they are; with one, the words go to early-exec as
 * they were written.
 */
#include "directive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/fs.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "words.h"

/* Where systemd looks for a program that is named without a path. */
static const char *const search_path[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					   "/usr/bin",        "/sbin",          "/bin" };

struct prefixes {
	uint32_t flags;
	bool own_argv0; /* @ */
};

static const char *read_prefixes(const char *word, struct prefixes *ret_prefixes)
{
	struct prefixes prefixes = { 0 };

	for (;; word++) {
		if (*word == '-')
			prefixes.flags |= TABLE_EXEC_IGNORE_FAILURE;
		else if (*word == '+')
			prefixes.flags |= TABLE_EXEC_FULL_PRIVILEGE;
		else if (word[0] == '!' && word[1] == '!')
			word++; /* only for kernels without ambient capabilities */
		else if (*word == '!')
			prefixes.flags |= TABLE_EXEC_KEEP_IDENTITY;
		else if (*word == ':')
			prefixes.flags |= TABLE_EXEC_NO_ENVIRONMENT;
		else if (*word == '@')
			prefixes.own_argv0 = true;
		else
			break;
	}
	*ret_prefixes = prefixes;
	return word;
}

/* The absolute path of a program; one that is nowhere keeps the directory that most programs are in. */
static int find_program(const struct apply *apply, const char *name, char **ret_path)
{
	char *const *own = apply->service->search_path;
	size_t n = own ? strv_length(own) : ARRAY_SIZE(search_path);
	struct strbuf fallback = STRBUF_INIT;
	char *found;

	for (size_t i = 0; name[0] != '/' && i < n; i++) {
		struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;

		strbuf_printf(&path, "%s/%s", own ? own[i] : search_path[i], name);
		if (strbuf_error(&path) < 0)
			return -ENOMEM;
		if (fs_exists_at(apply->root_fd, path.data + 1)) {
			*ret_path = strbuf_take(&path);
			return 0;
		}
	}
	if (name[0] != '/')
		strbuf_printf(&fallback, "%s/", own ? own[0] : "/usr/bin");
	strbuf_puts(&fallback, name);
	found = strbuf_take(&fallback);
	if (!found)
		return -ENOMEM;
	*ret_path = found;
	return 0;
}

static bool has_variable(const char *word)
{
	for (; *word; word++) {
		if (word[0] != '$')
			continue;
		if (word[1] != '$')
			return word[1] != '\0';
		word++;
	}
	return false;
}

/* "$$" is a dollar sign where nothing else is expanded any more. */
static void halve_dollars(char *word)
{
	char *out = word;

	for (; *word; word++) {
		*out++ = *word;
		if (word[0] == '$' && word[1] == '$')
			word++;
	}
	*out = '\0';
}

static void settle_variables(char **argv, uint32_t *flags)
{
	if (*flags & TABLE_EXEC_NO_ENVIRONMENT)
		return;
	for (size_t i = 1; argv[0] && argv[i]; i++)
		if (has_variable(argv[i]))
			*flags |= TABLE_EXEC_HAS_VARIABLES;
	for (size_t i = 1; argv[0] && !(*flags & TABLE_EXEC_HAS_VARIABLES) && argv[i]; i++)
		halve_dollars(argv[i]);
}

/* One command: @words begin with the program and its prefixes. */
static int add_command(const struct apply *apply, char **words)
{
	char **argv CLEANUP_STRV = NULL;
	char *program CLEANUP(free_charp)
	= NULL;
	char *name CLEANUP(free_charp)
	= NULL;
	struct prefixes prefixes;
	const char *rest = read_prefixes(words[0], &prefixes);
	int r = apply_expand(apply, rest, &name);

	if (r < 0)
		return r;
	if (!*name || (strchr(name, '/') && name[0] != '/'))
		return apply_refuse(apply, "\"%s\" is neither a path nor a name of a program",
				    name);
	if (prefixes.own_argv0 && !words[1])
		return apply_refuse(apply,
				    "after @ a second word is needed: the program's argv[0]");
	r = find_program(apply, name, &program);
	if (r == 0 && !prefixes.own_argv0)
		r = strv_append(&argv, name);
	for (size_t i = 1; r == 0 && words[i]; i++) {
		char *word = NULL;

		r = apply_expand(apply, words[i], &word);
		if (r == 0)
			r = strv_consume(&argv, word);
	}
	if (r < 0)
		return r;
	settle_variables(argv, &prefixes.flags);
	return service_add_exec(apply->service, apply->directive->arg, prefixes.flags,
				TAKE_PTR(program), TAKE_PTR(argv));
}

/* Comes before all command lines, wherever it stands: see directive.c. */
int apply_search_path(const struct apply *apply, const char *value)
{
	char ***list = &apply->service->search_path;
	char **words CLEANUP_STRV = NULL;
	int r = strv_split(value, ":", &words);

	if (!*value) {
		strv_free(*list);
		*list = NULL;
	}
	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		char *path = NULL;

		r = apply_expand(apply, words[i], &path);
		if (r == 0 && path[0] != '/') {
			(void)apply_refuse(apply, "\"%s\" is no absolute path", path);
			free(path);
		} else if (r == 0) {
			r = strv_consume(list, path);
		}
	}
	return r;
}

int apply_exec(const struct apply *apply, const char *value)
{
	if (!*value) {
		service_drop_execs(apply->service, apply->directive->arg);
		return 0;
	}
	while (*value) {
		char **words CLEANUP_STRV = NULL;
		int r = words_split_command(&value, &words);

		if (r < 0)
			return r;
		if (!words)
			continue;
		r = add_command(apply, words);
		if (r < 0)
			return r;
	}
	return 0;
}
