/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmdline.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "early/kernel_line.h"
#include "early/macros.h"
#include "early/parse.h"

static void complain(struct cmdline *cmdline, const char *word)
{
	size_t len = strlen(cmdline->complaints);

	(void)snprintf(cmdline->complaints + len, sizeof(cmdline->complaints) - len, "%s%s",
		       len ? " " : "", word); /* a list that is cut is still a warning */
}

static int take_text(char *to, const char *value)
{
	size_t len = strlen(value);

	if (len >= CMDLINE_VALUE_MAX)
		return -1;
	memcpy(to, value, len + 1);
	return 0;
}

static int take_root(struct cmdline *cmdline, const char *value)
{
	return take_text(cmdline->root, value);
}

static int take_rootfstype(struct cmdline *cmdline, const char *value)
{
	return take_text(cmdline->rootfstype, value);
}

static int take_rootflags(struct cmdline *cmdline, const char *value)
{
	return take_text(cmdline->rootflags, value);
}

static int take_rootdelay(struct cmdline *cmdline, const char *value)
{
	uint32_t seconds;

	if (parse_u32(value, &seconds) < 0)
		return -1;
	cmdline->root_wait_ms = MAX(cmdline->root_wait_ms, (uint64_t)seconds * 1000);
	return 0;
}

static int take_rootwait(struct cmdline *cmdline, const char *value)
{
	cmdline->root_wait_ms = CMDLINE_ROOT_WAIT_FOREVER_MS;
	return 0;
}

static int take_splash(struct cmdline *cmdline, const char *value)
{
	return parse_bool(value, &cmdline->splash);
}

static int take_fsck(struct cmdline *cmdline, const char *value)
{
	if (strcmp(value, "auto") == 0)
		cmdline->fsck = DISKS_CHECK_AUTO;
	else if (strcmp(value, "force") == 0)
		cmdline->fsck = DISKS_CHECK_FORCE;
	else if (strcmp(value, "skip") == 0)
		cmdline->fsck = DISKS_CHECK_SKIP;
	else
		return -1;
	return 0;
}

static int take_unions(struct cmdline *cmdline, const char *value)
{
	return overlay_paths_parse(value, ",", &cmdline->unions);
}

static int take_debug(struct cmdline *cmdline, const char *value)
{
	cmdline->debug = true;
	return 0;
}

static int take_rescue(struct cmdline *cmdline, const char *value)
{
	cmdline->rescue = true;
	return 0;
}

static int take_init(struct cmdline *cmdline, const char *value)
{
	if (value[0] != '/' || strlen(value) >= sizeof(cmdline->init))
		return -1;
	(void)snprintf(cmdline->init, sizeof(cmdline->init), "%s", value);
	return 0;
}

static int take_stock(struct cmdline *cmdline, const char *value)
{
	cmdline->stock = true;
	return 0;
}

static int take_unit(struct cmdline *cmdline, const char *value)
{
	if (strcmp(value, "rescue.target") == 0 || strcmp(value, "emergency.target") == 0)
		cmdline->rescue = true;
	else if (strcmp(value, "graphical.target") != 0 && strcmp(value, "default.target") != 0)
		return -1;
	return 0;
}

/* early-load heeds it; here what no unit can be called is told. */
static int take_mask(struct cmdline *cmdline, const char *value)
{
	return value[0] && !strchr(value, '/') ? 0 : -1;
}

struct word {
	const char *name; /* with "=" if it wants a value */
	int (*take)(struct cmdline *cmdline, const char *value);
};

static const struct word words[] = {
	{ "root=", take_root },
	{ "rootfstype=", take_rootfstype },
	{ "rootflags=", take_rootflags },
	{ "rootdelay=", take_rootdelay },
	{ "rootwait", take_rootwait },
	{ "fsck.mode=", take_fsck },
	{ "early.fsck=", take_fsck },
	{ "early.splash=", take_splash },
	{ "early.overlay=", take_unions },
	{ "early.debug", take_debug },
	{ "early.rescue", take_rescue },
	{ "early.stock", take_stock },
	{ "init=", take_init },
	{ "systemd.unit=", take_unit },
	{ "systemd.mask=", take_mask },
	{ "rescue", take_rescue },
	{ "emergency", take_rescue },
	{ "single", take_rescue },
	{ "1", take_rescue },
};

static void take_word(struct cmdline *cmdline, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t len = strlen(words[i].name);
		bool with_value = words[i].name[len - 1] == '=';

		if (with_value ? strncmp(text, words[i].name, len) != 0
			       : strcmp(text, words[i].name) != 0)
			continue;
		if (words[i].take(cmdline, text + len) < 0)
			complain(cmdline, text);
		return;
	}
	/* All other words are the kernel's, a module's or somebody else's, except for misspelt ones of our own. */
	if (strncmp(text, "early.", 6) == 0)
		complain(cmdline, text);
}

void cmdline_parse(struct cmdline *ret_cmdline, const char *text)
{
	char word[2 * CMDLINE_VALUE_MAX];
	const char *next;
	size_t len;

	*ret_cmdline = (struct cmdline){
		.root_wait_ms = CMDLINE_ROOT_WAIT_MS,
		.splash = true,
		.fsck = DISKS_CHECK_AUTO,
		.unions = { .paths = { "/var", "/home" }, .n = 2 },
	};
	while ((next = kernel_line_next(&text, &len)) != NULL) {
		if (kernel_line_unquote(next, len, word, sizeof(word)) >= sizeof(word))
			complain(ret_cmdline, word);
		else if (strcmp(word, "--") == 0)
			break; /* the rest is init's arguments */
		else
			take_word(ret_cmdline, word);
	}
}
