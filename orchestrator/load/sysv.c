/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SysV scripts. A script for which there is no unit is read for its LSB head and becomes the text of a unit, which then goes the way
 * of all units: drop-ins apply to it, and it is verified like one. Facilities become the targets that stand for them; a name in
 * Provides: is another name of the service. As with systemd the script's daemon is found by its "# pidfile:" line, or else the
 * service counts as up once the script has ended well.
 */
#include "sysv.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "early/macros.h"
#include "early/strv.h"

#define HEAD_BEGIN "### BEGIN INIT INFO"
#define HEAD_END "### END INIT INFO"

static const struct {
	const char *facility;
	const char *target; /* NULL: is there from the start */
} facilities[] = {
	{ "$local_fs", NULL },
	{ "$network", "network-online.target" },
	{ "$named", "nss-lookup.target" },
	{ "$portmap", "rpcbind.target" },
	{ "$remote_fs", "remote-fs.target" },
	{ "$syslog", NULL },
	{ "$time", "time-sync.target" },
	{ "$all", NULL },
};

/* What belongs to the boot and the end of a SysV machine, not to services. */
static const char *const no_services[] = { "rc",          "rcS",      "rc.local", "README",
					   "skeleton",    "halt",     "reboot",   "single",
					   "killprocs",   "sendsigs", "umountfs", "umountroot",
					   "umountnfs.sh" };

bool sysv_is_script_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(no_services); i++)
		if (strcmp(no_services[i], name) == 0)
			return false;
	return *name && *name != '.' && strchr(name, '@') == NULL;
}

/* --- the head --- */

/* The value of a line "# Key: value"; false if the line is another. */
static bool read_field(const char *line, size_t len, const char *key, const char **ret_value,
		       size_t *ret_len)
{
	size_t key_len = strlen(key);

	if (len < 2 || line[0] != '#')
		return false;
	for (line++, len--; len > 0 && isblank((unsigned char)*line); line++, len--)
		;
	if (len <= key_len || strncasecmp(line, key, key_len) != 0 || line[key_len] != ':')
		return false;
	line += key_len + 1;
	len -= key_len + 1;
	for (; len > 0 && isblank((unsigned char)*line); line++, len--)
		;
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		len--;
	*ret_value = line;
	*ret_len = len;
	return true;
}

/* The value of @key between @text and @end, copied; NULL in *ret_value for none. */
static int find_field(const char *text, const char *end, const char *key, char **ret_value)
{
	*ret_value = NULL;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((newline ? newline : end) - text);
		const char *value;

		if (read_field(text, len, key, &value, &len)) {
			*ret_value = strndup(value, len);
			return *ret_value ? 0 : -ENOMEM;
		}
		text = newline ? newline + 1 : end;
	}
	return 0;
}

static bool is_name(const char *word)
{
	for (; *word; word++)
		if (!isalnum((unsigned char)*word) && !strchr("-_.+", *word))
			return false;
	return true;
}

static void put_dependency(struct strbuf *unit, const char *key, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(facilities); i++) {
		if (strcmp(facilities[i].facility, word) != 0)
			continue;
		if (facilities[i].target)
			strbuf_printf(unit, "%s=%s\n", key, facilities[i].target);
		return;
	}
	if (word[0] != '$' && word[0] != '+' && is_name(word))
		strbuf_printf(unit, "%s=%s.service\n", key, word);
}

static int put_dependencies(const char *head, const char *end, const char *field, const char *key,
			    struct strbuf *unit)
{
	char *value CLEANUP(free_charp)
	= NULL;
	char **words CLEANUP_STRV = NULL;
	int r = find_field(head, end, field, &value);

	if (r == 0 && value)
		r = strv_split(value, " \t", &words);
	for (size_t i = 0; r == 0 && words && words[i]; i++)
		put_dependency(unit, key, words[i]);
	return r;
}

static int put_provides(const char *path, const char *head, const char *end, struct strbuf *unit)
{
	const char *own = strrchr(path, '/') + 1;
	char *value CLEANUP(free_charp)
	= NULL;
	char **words CLEANUP_STRV = NULL;
	int r = find_field(head, end, "Provides", &value);

	if (r == 0 && value)
		r = strv_split(value, " \t", &words);
	strbuf_puts(unit, "[Install]\n");
	for (size_t i = 0; r == 0 && words && words[i]; i++)
		if (words[i][0] != '$' && is_name(words[i]) && strcmp(words[i], own) != 0)
			strbuf_printf(unit, "Alias=%s.service\n", words[i]);
	return r;
}

/* --- the unit --- */

static int put_service(const char *path, const char *text, struct strbuf *unit)
{
	char *pid_file CLEANUP(free_charp)
	= NULL;
	int r = find_field(text, text + strlen(text), "pidfile", &pid_file);

	if (r < 0)
		return r;
	strbuf_printf(unit,
		      "[Service]\nType=forking\nRestart=no\nTimeoutSec=5min\nIgnoreSIGPIPE=no\n"
		      "KillMode=process\nSuccessExitStatus=5 6\n"
		      "ExecStart=%s start\nExecStop=%s stop\n",
		      path, path);
	if (pid_file && pid_file[0] == '/')
		strbuf_printf(unit, "PIDFile=%s\n", pid_file);
	else
		strbuf_puts(unit, "RemainAfterExit=yes\n");
	if (strstr(text, "|reload") || strstr(text, "reload)") || strstr(text, "reload|"))
		strbuf_printf(unit, "ExecReload=%s reload\n", path);
	return 0;
}

static void put_description(const char *path, const char *description, struct strbuf *unit)
{
	const char *from = description ? description : strrchr(path, '/') + 1;

	strbuf_puts(unit, "[Unit]\nDescription=");
	for (; *from;
	     from++) /* a specifier is none here, and a backslash must not continue the line */
		strbuf_puts(unit, *from == '%' ? "%%" : (char[]){ *from == '\\' ? '/' : *from, 0 });
	strbuf_putc(unit, '\n');
}

int sysv_unit(const char *path, const char *text, struct strbuf *unit)
{
	const char *head = strstr(text, HEAD_BEGIN);
	const char *end = head ? strstr(head, HEAD_END) : NULL;
	char *description CLEANUP(free_charp)
	= NULL;
	int r;

	if (!end)
		head = end = text;
	r = find_field(head, end, "Short-Description", &description);
	if (r < 0)
		return r;
	put_description(path, description, unit);
	r = put_dependencies(head, end, "Required-Start", "After", unit);
	if (r == 0)
		r = put_dependencies(head, end, "Should-Start", "After", unit);
	if (r == 0)
		r = put_dependencies(head, end, "X-Start-Before", "Before", unit);
	if (r == 0)
		r = put_service(path, text, unit);
	if (r == 0)
		r = put_provides(path, head, end, unit);
	return r < 0 ? r : strbuf_error(unit);
}
