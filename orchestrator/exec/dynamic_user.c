/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first candidate is a hash of the name, so that a service mostly finds its files its own from boot to boot. There is no lock
 * that is held while the service runs, as systemd's PID 1 holds one: the links say who has a number until the service is cleaned up
 * after, and a lock on the directory keeps two starts apart.
 */
#include "dynamic_user.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/parse.h"

#define DIRECTORY "/run/early/dynamic-uid"
#define FIRST 61184
#define LAST 65519
#define TRIES 128

/* FNV-1a */
static uint64_t hash(const char *text, uint64_t value)
{
	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return value;
}

static uint64_t hash_name(const char *text)
{
	return hash(text, UINT64_C(14695981039346656037));
}

static bool is_name(const char *text, size_t len)
{
	if (len == 0 || len > 31 || !(isalpha((unsigned char)*text) || *text == '_'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
			return false;
	return true;
}

void dynamic_user_name(const char *unit, char *buf)
{
	const char *dot = strrchr(unit, '.');
	size_t len = dot ? (size_t)(dot - unit) : strlen(unit);

	if (is_name(unit, len))
		(void)snprintf(buf, 32, "%.*s", (int)len, unit);
	else
		(void)snprintf(buf, 32, "_du%016llx", (unsigned long long)hash_name(unit));
}

static int open_locked(void)
{
	int fd;
	int r = fs_mkdir_p_at(AT_FDCWD, DIRECTORY, 0755);

	if (r < 0)
		return r;
	fd = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0) {
		if (errno == EINTR)
			continue;
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int read_link(int dir, const char *key, char *value, size_t size)
{
	char link[64];
	ssize_t len;

	(void)snprintf(link, sizeof(link), "direct:%s", key);
	len = readlinkat(dir, link, value, size - 1);
	if (len < 0)
		return -errno;
	value[len] = '\0';
	return 0;
}

static int put_link(int dir, const char *key, const char *value)
{
	char link[64];

	(void)snprintf(link, sizeof(link), "direct:%s", key);
	return symlinkat(value, dir, link) < 0 ? -errno : 0;
}

static void drop_link(int dir, const char *key)
{
	char link[64];

	(void)snprintf(link, sizeof(link), "direct:%s", key);
	(void)unlinkat(dir, link, 0); /* one that is not there is dropped */
}

static int find_own(int dir, const char *name, uid_t *ret_uid)
{
	char value[16];
	uint32_t uid;
	int r = read_link(dir, name, value, sizeof(value));

	if (r < 0)
		return r;
	if (parse_u32(value, &uid) < 0 || uid < FIRST || uid > LAST)
		return -ENOENT;
	*ret_uid = uid;
	return 0;
}

static int take_free(int dir, const char *name, uid_t *ret_uid)
{
	uint64_t value = hash_name(name);

	for (int i = 0; i < TRIES; i++, value = hash(name, value)) {
		uid_t uid = (uid_t)(FIRST + value % (LAST - FIRST + 1));
		char number[16];
		char owner[64];
		int r;

		(void)snprintf(number, sizeof(number), "%u", uid);
		if (read_link(dir, number, owner, sizeof(owner)) == 0 || getpwuid(uid) ||
		    getgrgid(uid))
			continue;
		drop_link(dir, name); /* of a number that was none */
		r = put_link(dir, number, name);
		if (r == 0)
			r = put_link(dir, name, number);
		if (r == 0)
			*ret_uid = uid;
		return r;
	}
	return -EAGAIN;
}

int dynamic_user_allocate(const char *name, uid_t *ret_uid)
{
	int dir CLEANUP_FD
	= open_locked();
	int r;

	if (dir < 0)
		return dir;
	if (!is_name(name, strlen(name)))
		return -EINVAL;
	r = find_own(dir, name, ret_uid);
	return r < 0 ? take_free(dir, name, ret_uid) : 0;
}

void dynamic_user_release(const char *name)
{
	int dir CLEANUP_FD
	= open_locked();
	char number[16];
	uid_t uid;

	if (dir < 0 || find_own(dir, name, &uid) < 0)
		return;
	(void)snprintf(number, sizeof(number), "%u", uid);
	drop_link(dir, number);
	drop_link(dir, name);
}
