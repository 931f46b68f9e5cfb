/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "modprobe_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "early/fs.h"
#include "early/log.h"
#include "early/strbuf.h"
#include "early/strv.h"

#include "roots.h"

#define CONF_MAX_BYTES (256 * 1024)

const char *const *modprobe_conf_dirs(void)
{
	static const char *const dirs[] = { "/etc/modprobe.d", "/usr/local/lib/modprobe.d",
					    "/lib/modprobe.d", NULL };

	return dirs;
}

void modprobe_conf_done(struct modprobe_conf *conf)
{
	strv_free(TAKE_PTR(conf->options));
	strv_free(TAKE_PTR(conf->blacklist));
}

/* The kernel's spelling. */
static void normalise(char *name)
{
	for (; *name; name++) {
		if (*name == '-')
			*name = '_';
	}
}

static int parse_line(struct modprobe_conf *conf, char *line)
{
	char *word = strtok_r(line, " \t", &line);
	char *name = word ? strtok_r(NULL, " \t", &line) : NULL;
	int r = 0;

	if (!name || word[0] == '#')
		return 0;
	normalise(name);
	if (strcmp(word, "blacklist") == 0) {
		r = strv_append(&conf->blacklist, name);
	} else if (strcmp(word, "options") == 0) {
		r = strv_append(&conf->options, name);
		if (r >= 0)
			r = strv_append(&conf->options, line ? line + strspn(line, " \t") : "");
	}
	return r;
}

int modprobe_conf_parse(struct modprobe_conf *conf, char *text)
{
	int r = 0;

	/* A backslash continues the line. */
	for (char *at = strstr(text, "\\\n"); at; at = strstr(at, "\\\n"))
		at[0] = at[1] = ' ';
	while (text && r >= 0) {
		char *end = strchr(text, '\n');

		if (end)
			*end++ = '\0';
		r = parse_line(conf, text);
		text = end;
	}
	return r;
}

static int read_file(struct modprobe_conf *conf, const struct roots *roots, const char *path)
{
	CLEANUP_FOUND
	struct roots_found file = { 0 };
	CLEANUP(free_charp)
	char *text = NULL;
	size_t len;
	int r;

	r = roots_find(roots, path, NULL, &file);
	if (r == -ENOENT)
		return 0; /* a link to nowhere */
	if (r >= 0)
		r = fs_read_file_at(AT_FDCWD, file.host, CONF_MAX_BYTES, &text, &len);
	if (r >= 0)
		r = modprobe_conf_parse(conf, text);
	if (r < 0)
		return log_errno(r, "cannot read %s", path);
	return 0;
}

int modprobe_conf_read(struct modprobe_conf *conf, const struct roots *roots)
{
	CLEANUP_STRV
	char **seen = NULL;
	int r = 0;

	for (const char *const *dir = modprobe_conf_dirs(); *dir && r >= 0; dir++) {
		CLEANUP_STRV
		char **names = NULL;

		r = roots_list(roots, *dir, &names);
		for (size_t i = 0; r >= 0 && i < strv_length(names); i++) {
			CLEANUP_STRBUF
			struct strbuf path = STRBUF_INIT;

			if (fnmatch("*.conf", names[i], 0) != 0 || strv_contains(seen, names[i]))
				continue;
			strbuf_printf(&path, "%s/%s", *dir, names[i]);
			r = strbuf_error(&path);
			if (r >= 0)
				r = strv_append(&seen, names[i]);
			if (r >= 0)
				r = read_file(conf, roots, path.data);
		}
	}
	return r;
}

bool modprobe_conf_is_blacklisted(const struct modprobe_conf *conf, const char *module)
{
	return strv_contains(conf->blacklist, module);
}

int modprobe_conf_options(const struct modprobe_conf *conf, const char *module, char **ret)
{
	CLEANUP_STRBUF
	struct strbuf all = STRBUF_INIT;

	for (size_t i = 0; i + 1 < strv_length(conf->options); i += 2) {
		if (strcmp(conf->options[i], module) == 0)
			strbuf_printf(&all, "%s%s", all.len ? " " : "", conf->options[i + 1]);
	}
	if (strbuf_error(&all) < 0)
		return -ENOMEM;
	*ret = all.len ? strbuf_take(&all) : NULL;
	return 0;
}
