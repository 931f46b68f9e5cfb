/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host, as far as unit files may ask for it: uname, machine-id, boot id, os-release and the pretty name of machine-info. */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/arch.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "words.h"

#define FILE_MAX (64 * 1024)

int host_find_value(const char *text, const char *key, char **ret_value)
{
	size_t len = strlen(key);
	struct strbuf value = STRBUF_INIT;
	char **words CLEANUP_STRV = NULL;
	char *result;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		char *copy CLEANUP(free_charp)
		= NULL;

		line += *line == '\n';
		if (strncmp(line, key, len) != 0 || line[len] != '=')
			continue;
		copy = strndup(line + len + 1, strcspn(line + len + 1, "\n"));
		if (!copy)
			return -ENOMEM;
		if (words_split(copy, true, &words) == 0 && words)
			strbuf_puts(&value, words[0]);
		break;
	}
	result = strbuf_take(&value);
	if (!result)
		return -ENOMEM;
	*ret_value = result;
	return 0;
}

static void strip_dashes(char *text)
{
	char *out = text;

	for (; text && *text; text++)
		if (*text != '-')
			*out++ = *text;
	if (out)
		*out = '\0';
}

static char *read_text(int root_fd, const char *path)
{
	char *text = NULL;
	size_t len;

	return fs_read_file_at(root_fd, path, FILE_MAX, &text, &len) < 0 ? NULL : text;
}

static int read_os_release(struct host *host, int root_fd)
{
	const struct {
		const char *key;
		char **member;
	} values[] = {
		{ "IMAGE_VERSION", &host->image_version }, { "BUILD_ID", &host->build_id },
		{ "IMAGE_ID", &host->image_id },           { "ID", &host->os_id },
		{ "VERSION_ID", &host->version_id },       { "VARIANT_ID", &host->variant_id },
	};
	char *text CLEANUP(free_charp)
	= read_text(root_fd, "etc/os-release");
	int r = 0;

	if (!text)
		text = read_text(root_fd, "usr/lib/os-release");
	for (size_t i = 0; r == 0 && text && i < ARRAY_SIZE(values); i++)
		r = host_find_value(text, values[i].key, values[i].member);
	return r;
}

static int read_pretty_name(struct host *host, int root_fd)
{
	char *text CLEANUP(free_charp)
	= read_text(root_fd, "etc/machine-info");
	int r = text ? host_find_value(text, "PRETTY_HOSTNAME", &host->pretty_host) : 0;

	if (r == 0 && (!host->pretty_host || !*host->pretty_host)) {
		free(host->pretty_host);
		host->pretty_host = strdup(host->uname.nodename);
		r = host->pretty_host ? 0 : -ENOMEM;
	}
	return r;
}

int host_read(struct host *host, int root_fd)
{
	int r;

	*host = (struct host){ 0 };
	(void)uname(&host->uname); /* cannot fail with a valid pointer */
	if (fs_read_line_at(root_fd, "etc/machine-id", &host->machine_id) < 0)
		host->machine_id = NULL;
	if (fs_read_line_at(root_fd, "proc/sys/kernel/random/boot_id", &host->boot_id) < 0)
		host->boot_id = NULL;
	strip_dashes(host->boot_id);
	r = read_os_release(host, root_fd);
	return r < 0 ? r : read_pretty_name(host, root_fd);
}

void host_done(struct host *host)
{
	free(host->machine_id);
	free(host->boot_id);
	free(host->pretty_host);
	free(host->image_version);
	free(host->build_id);
	free(host->image_id);
	free(host->os_id);
	free(host->version_id);
	free(host->variant_id);
	*host = (struct host){ 0 };
}

struct specifiers host_specifiers(const struct host *host)
{
	return (struct specifiers){
		.host_name = host->uname.nodename,
		.machine_id = host->machine_id,
		.boot_id = host->boot_id,
		.kernel = host->uname.release,
		.architecture = arch_name(host->uname.machine),
		.pretty_host = host->pretty_host,
		.image_version = host->image_version,
		.build_id = host->build_id,
		.image_id = host->image_id,
		.os_id = host->os_id,
		.version_id = host->version_id,
		.variant_id = host->variant_id,
	};
}
