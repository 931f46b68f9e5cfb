/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line. An option of overlayfs that would change what people see must never be dropped in silence: each one
 * stands in the table below with what becomes of it. Values that ask for what this daemon does anyway are taken; those
 * that ask for more are refused by name. Words of fstab that mean something only to mount(8) are passed over.
 */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "early/macros.h"
#include "early/opts.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

#define DEFAULT_RUN_DIR "/run/early"

enum option_kind {
	OPTION_FLAG_SET, /* a mount flag */
	OPTION_FLAG_CLEAR,
	OPTION_IGNORED, /* means something to mount(8) only, or is always so here */
	OPTION_VALUES, /* taken if the value is in the list */
	OPTION_REFUSED,
	OPTION_LOWER,
	OPTION_LOWER_APPEND,
	OPTION_TEXT, /* stored at an offset */
	OPTION_LINK_FD,
	OPTION_TMPFS,
	OPTION_VOLATILE,
};

struct option_rule {
	const char *name;
	enum option_kind kind;
	unsigned long flag; /* MS_*, or offset of the text */
	const char *values; /* space-separated; or the reason of a refusal */
};

static const struct option_rule rules[] = {
	{ "lowerdir", OPTION_LOWER, 0, NULL },
	{ "lowerdir+", OPTION_LOWER_APPEND, 0, NULL },
	{ "upperdir", OPTION_TEXT, offsetof(struct options, upper), NULL },
	{ "workdir", OPTION_TEXT, offsetof(struct options, work), NULL },
	{ "fsname", OPTION_TEXT, offsetof(struct options, fsname), NULL },
	{ "run", OPTION_TEXT, offsetof(struct options, run_dir), NULL },
	{ "upper_tmpfs", OPTION_TMPFS, 0, NULL },
	{ "link_fd", OPTION_LINK_FD, 0, NULL },
	{ "volatile", OPTION_VOLATILE, 0, NULL },

	{ "redirect_dir", OPTION_VALUES, 0, "off nofollow" },
	{ "index", OPTION_VALUES, 0, "off" },
	{ "metacopy", OPTION_VALUES, 0, "off" },
	{ "nfs_export", OPTION_VALUES, 0, "off" },
	{ "xino", OPTION_VALUES, 0, "on off auto" },
	{ "uuid", OPTION_VALUES, 0, "off null auto" },
	{ "verity", OPTION_VALUES, 0, "off" },
	{ "datadir+", OPTION_REFUSED, 0, "data-only layers are not supported; use lowerdir+" },
	{ "userxattr", OPTION_REFUSED, 0, "marks are kept in trusted.overlay.*; leave it out" },
	{ "override_creds", OPTION_REFUSED, 0, "the daemon's own rights are used; leave it out" },

	{ "ro", OPTION_FLAG_SET, MS_RDONLY, NULL },
	{ "rw", OPTION_FLAG_CLEAR, MS_RDONLY, NULL },
	{ "nosuid", OPTION_FLAG_SET, MS_NOSUID, NULL },
	{ "suid", OPTION_FLAG_CLEAR, MS_NOSUID, NULL },
	{ "nodev", OPTION_FLAG_SET, MS_NODEV, NULL },
	{ "dev", OPTION_FLAG_CLEAR, MS_NODEV, NULL },
	{ "noexec", OPTION_FLAG_SET, MS_NOEXEC, NULL },
	{ "exec", OPTION_FLAG_CLEAR, MS_NOEXEC, NULL },
	{ "noatime", OPTION_FLAG_SET, MS_NOATIME, NULL },
	{ "atime", OPTION_FLAG_CLEAR, MS_NOATIME, NULL },
	{ "nodiratime", OPTION_FLAG_SET, MS_NODIRATIME, NULL },
	{ "diratime", OPTION_FLAG_CLEAR, MS_NODIRATIME, NULL },
	{ "relatime", OPTION_FLAG_SET, MS_RELATIME, NULL },
	{ "norelatime", OPTION_FLAG_CLEAR, MS_RELATIME, NULL },
	{ "strictatime", OPTION_FLAG_SET, MS_STRICTATIME, NULL },
	{ "sync", OPTION_FLAG_SET, MS_SYNCHRONOUS, NULL },
	{ "async", OPTION_FLAG_CLEAR, MS_SYNCHRONOUS, NULL },
	{ "dirsync", OPTION_FLAG_SET, MS_DIRSYNC, NULL },
	{ "nosymfollow", OPTION_FLAG_SET, MS_NOSYMFOLLOW, NULL },

	{ "defaults", OPTION_IGNORED, 0, NULL },
	{ "auto", OPTION_IGNORED, 0, NULL },
	{ "noauto", OPTION_IGNORED, 0, NULL },
	{ "nofail", OPTION_IGNORED, 0, NULL },
	{ "_netdev", OPTION_IGNORED, 0, NULL },
	{ "nouser", OPTION_IGNORED, 0, NULL },
	{ "default_permissions", OPTION_IGNORED, 0, NULL },
	{ "allow_other", OPTION_IGNORED, 0, NULL },
};

void options_init(struct options *options)
{
	memset(options, 0, sizeof(*options));
	options->link_fd = -1;
}

void options_done(struct options *options)
{
	free(options->source);
	free(options->mountpoint);
	strv_free(options->lower);
	free(options->upper);
	free(options->work);
	free(options->fsname);
	free(options->run_dir);
	free(options->tmpfs_size);
	options_init(options);
}

static int refuse(char **ret_why, const char *fmt, ...) PRINTF_LIKE(2, 3);

static int refuse(char **ret_why, const char *fmt, ...)
{
	struct strbuf buf = STRBUF_INIT;
	va_list args;

	va_start(args, fmt);
	strbuf_vprintf(&buf, fmt, args);
	va_end(args);
	*ret_why = strbuf_take(&buf);
	return *ret_why ? -EINVAL : -ENOMEM;
}

static int set_text(char **target, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*target);
	*target = copy;
	return 0;
}

/* Copies up to an unescaped @separator; a backslash takes the next character as it is. Returns what follows, or NULL at the end. */
static const char *take_part(const char *text, char separator, bool unescape, struct strbuf *part)
{
	for (; *text; text++) {
		if (*text == '\\' && text[1]) {
			if (!unescape || text[1] != separator)
				strbuf_putc(part, '\\');
			strbuf_putc(part, *++text);
		} else if (*text == separator) {
			return text + 1;
		} else {
			strbuf_putc(part, *text);
		}
	}
	return NULL;
}

static int add_lower(struct options *options, const char *value, char **ret_why)
{
	if (!*value)
		return refuse(ret_why, "lowerdir has an empty part; name a directory");
	if (strv_length(options->lower) >= OPTIONS_MAX_LOWER)
		return refuse(ret_why, "more than %d lower directories", OPTIONS_MAX_LOWER);
	return strv_append(&options->lower, value);
}

static int split_lower(struct options *options, const char *value, char **ret_why)
{
	int r = 0;

	strv_free(options->lower);
	options->lower = NULL;
	while (value && r == 0) {
		CLEANUP_STRBUF struct strbuf part = STRBUF_INIT;

		value = take_part(value, ':', true, &part);
		r = strbuf_error(&part);
		if (r == 0)
			r = add_lower(options, part.data ? part.data : "", ret_why);
	}
	return r;
}

static bool listed(const char *values, const char *value)
{
	size_t len = strlen(value);

	for (const char *at = values; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, value, len) == 0 && (at[len] == ' ' || at[len] == '\0'))
			return len > 0;
	}
	return false;
}

static int apply_link_fd(struct options *options, const char *value, char **ret_why)
{
	int32_t fd;

	if (parse_i32(value, &fd) < 0 || fd < 0)
		return refuse(ret_why, "link_fd=%s is no descriptor's number", value);
	options->link_fd = fd;
	return 0;
}

static int apply_rule(struct options *options, const struct option_rule *rule, const char *value,
		      char **ret_why)
{
	bool wants_value = rule->kind == OPTION_LOWER || rule->kind == OPTION_LOWER_APPEND ||
			   rule->kind == OPTION_TEXT || rule->kind == OPTION_LINK_FD ||
			   rule->kind == OPTION_VALUES;

	if (wants_value && (!value || !*value))
		return refuse(ret_why, "%s needs a value: %s=…", rule->name, rule->name);
	switch (rule->kind) {
	case OPTION_FLAG_SET:
		options->mount_flags |= rule->flag;
		return 0;
	case OPTION_FLAG_CLEAR:
		options->mount_flags &= ~rule->flag;
		return 0;
	case OPTION_IGNORED:
		return 0;
	case OPTION_VALUES:
		if (listed(rule->values, value))
			return 0;
		return refuse(ret_why, "%s=%s is not supported; possible here: %s", rule->name,
			      value, rule->values);
	case OPTION_REFUSED:
		return refuse(ret_why, "%s is refused: %s", rule->name, rule->values);
	case OPTION_LOWER:
		return split_lower(options, value, ret_why);
	case OPTION_LOWER_APPEND:
		return add_lower(options, value, ret_why);
	case OPTION_TEXT:
		return set_text((char **)((char *)options + rule->flag), value);
	case OPTION_LINK_FD:
		return apply_link_fd(options, value, ret_why);
	case OPTION_TMPFS:
		return set_text(&options->tmpfs_size, value && *value ? value : "50%");
	case OPTION_VOLATILE:
		options->volatile_upper = true;
		return 0;
	}
	return -EINVAL;
}

static int apply_option(struct options *options, char *option, char **ret_why)
{
	char *value = strchr(option, '=');

	if (value)
		*value++ = '\0';
	if (strncmp(option, "x-", 2) == 0 || strcmp(option, "comment") == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (strcmp(rules[i].name, option) == 0)
			return apply_rule(options, &rules[i], value, ret_why);
	}
	return refuse(ret_why, "unknown option \"%s\"; early-overlay --help lists what is taken",
		      option);
}

int options_parse_list(struct options *options, const char *text, char **ret_why)
{
	int r = 0;

	*ret_why = NULL;
	while (text && r == 0) {
		CLEANUP_STRBUF struct strbuf part = STRBUF_INIT;

		text = take_part(text, ',', true, &part);
		r = strbuf_error(&part);
		if (r == 0 && part.len > 0)
			r = apply_option(options, part.data, ret_why);
	}
	return r;
}

int options_check(const struct options *options, char **ret_why)
{
	*ret_why = NULL;
	if (!options->mountpoint)
		return refuse(ret_why,
			      "no mount point; usage: early-overlay [SOURCE] MOUNTPOINT -o …");
	if (strv_length(options->lower) == 0)
		return refuse(ret_why, "no lower directory; add -o lowerdir=DIR[:DIR…]");
	if (options->tmpfs_size && (options->upper || options->work))
		return refuse(ret_why,
			      "upper_tmpfs excludes upperdir and workdir; give one of them");
	if (options->upper && !options->work)
		return refuse(ret_why,
			      "upperdir needs a workdir on the same file system; add workdir=DIR");
	if (options->work && !options->upper)
		return refuse(ret_why, "workdir without upperdir; add upperdir=DIR");
	return 0;
}

int options_socket_name(const char *mountpoint, char **ret_name)
{
	CLEANUP_STRBUF struct strbuf buf = STRBUF_INIT;

	while (*mountpoint == '/')
		mountpoint++;
	for (const char *at = mountpoint; *at; at++) {
		if (*at == '-' || *at == '\\')
			strbuf_printf(&buf, "\\x%02x", *at);
		else if (*at != '/')
			strbuf_putc(&buf, *at);
		else if (at[1] && at[1] != '/')
			strbuf_putc(&buf, '-');
	}
	if (buf.len == 0)
		strbuf_putc(&buf, '-');
	if (strbuf_error(&buf) < 0)
		return strbuf_error(&buf);
	*ret_name = strbuf_take(&buf);
	return 0;
}

static int apply_list(void *target, const char *value)
{
	CLEANUP(free_charp)
	char *why = NULL;
	int r = options_parse_list(target, value, &why);

	if (r < 0)
		fprintf(stderr, "early-overlay: %s\n", why ? why : strerror(-r));
	return r;
}

static int apply_foreground(void *target, const char *value)
{
	((struct options *)target)->foreground = true;
	return 0;
}

static int apply_debug(void *target, const char *value)
{
	((struct options *)target)->debug = true;
	return 0;
}

static int apply_help(void *target, const char *value)
{
	((struct options *)target)->help = true;
	return 0;
}

static int apply_run(void *target, const char *value)
{
	return set_text(&((struct options *)target)->run_dir, value);
}

static const struct opt command_line[] = {
	{ 'o', "options", "LIST", "mount options, as overlayfs has them", apply_list },
	{ 'f', "foreground", NULL, "stay in the foreground", apply_foreground },
	{ 'd', "debug", NULL, "log debug lines", apply_debug },
	{ 0, "run", "DIR", "where the control socket lies (" DEFAULT_RUN_DIR ")", apply_run },
	{ 'h', "help", NULL, "show this help", apply_help },
};

void options_print_help(void)
{
	printf("Usage: early-overlay [SOURCE] MOUNTPOINT -o "
	       "lowerdir=A[:B…],upperdir=U,workdir=W[,…]\n\n");
	opts_print_help(stdout, command_line, ARRAY_SIZE(command_line));
	printf("\nMount options:\n");
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].kind == OPTION_IGNORED || rules[i].kind == OPTION_REFUSED)
			continue;
		printf("  %s", rules[i].name);
		if (rules[i].kind == OPTION_VALUES)
			printf("=%s", rules[i].values);
		printf("\n");
	}
	printf("  upper_tmpfs[=SIZE] makes a private tmpfs the upper layer (50%% of the memory at "
	       "most)\n");
}

static int take_operands(struct options *options, int n, char **operands)
{
	if (n > 2) {
		fprintf(stderr, "early-overlay: too many operands; give [SOURCE] MOUNTPOINT\n");
		return -EINVAL;
	}
	if (n == 2 && set_text(&options->source, operands[0]) < 0)
		return -ENOMEM;
	if (n > 0 && set_text(&options->mountpoint, operands[n - 1]) < 0)
		return -ENOMEM;
	return 0;
}

int options_parse(struct options *options, int argc, char **argv)
{
	CLEANUP(free_charp)
	char *why = NULL;
	int r = opts_parse(command_line, ARRAY_SIZE(command_line), options, argc, argv);

	if (r < 0)
		return r;
	if (options->help)
		return 0;
	r = take_operands(options, r, argv + 1);
	if (r < 0)
		return r;
	if (!options->run_dir && set_text(&options->run_dir, DEFAULT_RUN_DIR) < 0)
		return -ENOMEM;
	r = options_check(options, &why);
	if (r < 0)
		fprintf(stderr, "early-overlay: %s\n", why ? why : strerror(-r));
	else if (!options->upper && !options->tmpfs_size)
		options->mount_flags |= MS_RDONLY;
	return r;
}
