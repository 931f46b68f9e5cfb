/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names are systemd's (/tmp/systemd-private-BOOT-NAME-XXXXXX/tmp), because systemd-tmpfiles' own settings spare what is called so while
 * the boot is this one and take it away in the next.
 */
#include "private_tmp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fs.h"
#include "early/strbuf.h"
#include "remove_tree.h"

#define LINKS "/run/early/private"

static int link_path(const char *name, const char *where, struct strbuf *out)
{
	strbuf_printf(out, LINKS "/%s.%s", name, strcmp(where, "/tmp") == 0 ? "tmp" : "var-tmp");
	return strbuf_error(out);
}

/* The boot's id without its hyphens. */
static int boot_id(struct strbuf *out)
{
	char *line CLEANUP(free_charp)
	= NULL;
	int r = fs_read_line_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &line);

	for (const char *c = line; r == 0 && *c; c++)
		if (*c != '-')
			strbuf_putc(out, *c);
	return r < 0 ? r : strbuf_error(out);
}

/* Where the link says, if that is still root's directory. */
static int read_link(const char *link, struct strbuf *out)
{
	char target[512];
	ssize_t len = readlink(link, target, sizeof(target) - 1);
	struct stat st;

	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (lstat(target, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0)
		return -ENOENT;
	strbuf_puts(out, target);
	return strbuf_error(out);
}

static int add_random(struct strbuf *out)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	unsigned char bytes[6];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		strbuf_putc(out, letters[bytes[i] % (sizeof(letters) - 1)]);
	return strbuf_error(out);
}

/* The link comes first: whoever is killed between the two leaves a link to nothing, which the next run and the clean-up take for what it is. */
static int make_directory(const char *path, const char *link)
{
	struct strbuf inner CLEANUP_STRBUF = STRBUF_INIT;
	mode_t mask;
	int r;

	strbuf_printf(&inner, "%s/tmp", path);
	r = strbuf_error(&inner);
	if (r == 0)
		r = fs_mkdir_p_at(AT_FDCWD, LINKS, 0700);
	if (r < 0)
		return r;
	if (unlink(link) < 0 && errno != ENOENT) /* it is of a directory that is gone */
		return -errno;
	if (symlink(path, link) < 0 || mkdir(path, 0700) < 0)
		return -errno;
	mask = umask(0);
	if (mkdir(inner.data, 01777) < 0)
		r = -errno;
	umask(mask);
	return r;
}

static int make(const char *name, const char *where, const char *link, struct strbuf *out)
{
	int r;

	do {
		strbuf_reset(out);
		strbuf_printf(out, "%s/systemd-private-", where);
		r = boot_id(out);
		strbuf_printf(out, "-%s-", name);
		if (r == 0)
			r = add_random(out);
		if (r == 0)
			r = make_directory(out->data, link);
	} while (r == -EEXIST);
	return r;
}

int private_tmp_make(const char *name, const char *where, char **ret_path)
{
	struct strbuf link CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	int r = link_path(name, where, &link);

	if (r < 0)
		return r;
	r = read_link(link.data, &path);
	if (r < 0) {
		strbuf_reset(&path);
		r = make(name, where, link.data, &path);
	}
	if (r < 0)
		return r;
	strbuf_puts(&path, "/tmp");
	*ret_path = strbuf_take(&path);
	return *ret_path ? 0 : -ENOMEM;
}

void private_tmp_remove(const char *name)
{
	static const char *const wheres[] = { "/tmp", "/var/tmp" };

	for (size_t i = 0; i < 2; i++) {
		struct strbuf link CLEANUP_STRBUF = STRBUF_INIT;
		struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;

		if (link_path(name, wheres[i], &link) < 0 || read_link(link.data, &path) < 0)
			continue;
		if (remove_tree(path.data) == 0)
			(void)unlink(link.data);
	}
}
