/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a service sees of the file systems. A path's canonical form is absolute, without "//", "/." or a slash at its end; ".." is
 * refused as systemd does, because what it means depends on the moment.
 */
#include "directive_settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/strv.h"
#include "settings.h"
#include "words.h"

/* Adds the parts of @text (@len bytes), each with a slash in front, to @out. */
static int put_parts(struct strbuf *out, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		size_t part = strcspn(text, "/");

		part = part > (size_t)(end - text) ? (size_t)(end - text) : part;
		if (part == 2 && strncmp(text, "..", 2) == 0)
			return -EINVAL;
		if (part > 0 && !(part == 1 && *text == '.')) {
			strbuf_putc(out, '/');
			strbuf_add(out, text, part);
		}
		text += part + 1;
	}
	return 0;
}

static int put_path(struct strbuf *out, const char *path, size_t len)
{
	size_t before = out->len;
	int r = len > 0 && *path == '/' ? put_parts(out, path, len) : -EINVAL;

	if (r == 0 && out->len == before)
		strbuf_putc(out, '/');
	return r;
}

/* Splits and expands; calls @take for each word. */
static int for_words(const struct apply *apply, const char *value,
		     int (*take)(const struct apply *apply, const char *word))
{
	char **words CLEANUP_STRV = NULL;
	int r = words_split(value, false, &words);

	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		char *word CLEANUP(free_charp)
		= NULL;

		r = apply_expand(apply, words[i], &word);
		if (r == 0)
			r = take(apply, word);
	}
	return r;
}

static int add(const struct apply *apply, struct strbuf *value)
{
	int r = strbuf_error(value);

	return r < 0 ? r : settings_add(apply->service, apply->directive->key, value->data);
}

/* --- ReadWritePaths= and its like: "[-][+]/path" --- */

static int take_path(const struct apply *apply, const char *word)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	const char *path = word + strspn(word, "-+");

	strbuf_add(&out, word, (size_t)(path - word));
	if (path - word > 2 || put_path(&out, path, strlen(path)) < 0)
		return apply_refuse(apply, "\"%s\" is no absolute path without \"..\"", word);
	return add(apply, &out);
}

/* The keys' names of before systemd 231. */
static int take_old_path(const struct apply *apply, const char *word)
{
	static const char *const names[][2] = {
		{ "ReadWriteDirectories", "ReadWritePaths" },
		{ "ReadOnlyDirectories", "ReadOnlyPaths" },
		{ "InaccessibleDirectories", "InaccessiblePaths" },
	};
	struct directive renamed = *apply->directive;
	struct apply copy = *apply;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i][0], renamed.key) == 0)
			renamed.key = names[i][1];
	copy.directive = &renamed;
	if (!word) {
		settings_drop(apply->service, renamed.key);
		return 0;
	}
	return take_path(&copy, word);
}

int apply_setting_paths(const struct apply *apply, const char *value)
{
	return *value ? for_words(apply, value, take_old_path) : take_old_path(apply, NULL);
}

/* --- BindPaths=, BindReadOnlyPaths=: "[-]/source:/target:rbind|norbind" --- */

/* The length of a field that ends with a colon; "\:" belongs to it. */
static size_t field_length(const char *text)
{
	size_t len = 0;

	while (text[len] && text[len] != ':')
		len += text[len] == '\\' && text[len + 1] ? 2 : 1;
	return len;
}

static int put_bind(struct strbuf *out, const char *word)
{
	const char *source = *word == '-' ? word + 1 : word;
	size_t source_len = field_length(source);
	const char *target = source[source_len] ? source + source_len + 1 : source;
	size_t target_len = field_length(target);
	const char *option = target == source || !target[target_len] ? "rbind"
								     : target + target_len + 1;

	if (*word == '-')
		strbuf_putc(out, '-');
	if (target_len == 0) {
		target = source;
		target_len = source_len;
	}
	/* a colon within would need its own quoting in the canonical form; nobody has one */
	if (memchr(source, '\\', source_len) || memchr(target, '\\', target_len))
		return -EINVAL;
	if (strcmp(option, "rbind") != 0 && strcmp(option, "norbind") != 0)
		return -EINVAL;
	if (put_path(out, source, source_len) < 0)
		return -EINVAL;
	strbuf_putc(out, ':');
	if (put_path(out, target, target_len) < 0)
		return -EINVAL;
	strbuf_printf(out, ":%s", option);
	return 0;
}

static int take_bind(const struct apply *apply, const char *word)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;

	if (put_bind(&out, word) < 0)
		return apply_refuse(apply, "\"%s\" is not [-]/SOURCE[:/TARGET[:rbind|norbind]]",
				    word);
	return add(apply, &out);
}

int apply_setting_binds(const struct apply *apply, const char *value)
{
	if (*value)
		return for_words(apply, value, take_bind);
	settings_drop(apply->service, apply->directive->key);
	return 0;
}

/* --- TemporaryFileSystem=: "/path:options" --- */

static int take_tmpfs(const struct apply *apply, const char *word)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	size_t len = strcspn(word, ":");

	if (put_path(&out, word, len) < 0)
		return apply_refuse(apply, "\"%s\" is no absolute path without \"..\"", word);
	strbuf_printf(&out, ":%s", word[len] ? word + len + 1 : "");
	return add(apply, &out);
}

int apply_setting_tmpfs(const struct apply *apply, const char *value)
{
	if (*value)
		return for_words(apply, value, take_tmpfs);
	settings_drop(apply->service, apply->directive->key);
	return 0;
}

/* --- StateDirectory= and the others: "name[:link]" below a directory that is known --- */

static int put_directory(struct strbuf *out, const char *text, size_t len)
{
	struct strbuf parts CLEANUP_STRBUF = STRBUF_INIT;
	int r = len > 0 && *text != '/' ? put_parts(&parts, text, len) : -EINVAL;

	if (r < 0 || parts.len == 0)
		return -EINVAL;
	strbuf_puts(out, parts.data + 1);
	return strbuf_error(&parts);
}

static int put_directory_and_link(const struct apply *apply, const char *word, struct strbuf *out)
{
	size_t len = strcspn(word, ":");
	int r = put_directory(out, word, len);

	if (r == 0 && word[len]) {
		strbuf_putc(out, ':');
		r = put_directory(out, word + len + 1, strlen(word + len + 1));
	}
	if (r == -EINVAL)
		return apply_refuse(apply, "\"%s\" is no relative path without \"..\"", word);
	return r < 0 ? r : strbuf_error(out);
}

static int take_directory(const struct apply *apply, const char *word)
{
	char ***list = (char ***)((char *)apply->service + apply->directive->offset);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	int r = put_directory_and_link(apply, word, &out);

	return r < 0 ? r : strv_append(list, out.data);
}

int apply_directories(const struct apply *apply, const char *value)
{
	char ***list = (char ***)((char *)apply->service + apply->directive->offset);

	if (*value)
		return for_words(apply, value, take_directory);
	strv_free(*list);
	*list = NULL;
	return 0;
}

static int take_setting_directory(const struct apply *apply, const char *word)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	int r = put_directory_and_link(apply, word, &out);

	return r < 0 ? r : add(apply, &out);
}

int apply_setting_directories(const struct apply *apply, const char *value)
{
	if (*value)
		return for_words(apply, value, take_setting_directory);
	settings_drop(apply->service, apply->directive->key);
	return 0;
}
