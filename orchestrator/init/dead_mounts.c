/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dead_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"

#define MOUNTINFO_MAX (16 * 1024 * 1024)
#define TARGET_FIELD 4
#define MAX_ROUNDS 64 /* mounts upon mounts */

static bool is_octal(const char *at)
{
	return at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' &&
	       at[3] >= '0' && at[3] <= '7';
}

/* "\040" is a space. False if it does not fit. */
static bool unescape(const char *from, size_t len, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (n + 1 >= size)
			return false;
		if (len - i >= 4 && is_octal(from + i)) {
			to[n++] = (char)((from[i + 1] - '0') * 64 + (from[i + 2] - '0') * 8 +
					 (from[i + 3] - '0'));
			i += 3;
		} else {
			to[n++] = from[i];
		}
	}
	to[n] = '\0';
	return true;
}

static bool is_beneath(const char *path, const char *above)
{
	size_t len = strlen(above);

	return strncmp(path, above, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* ID PARENT NUMBER ROOT TARGET OPTIONS [TAG…] - TYPE SOURCE OPTIONS */
static bool parse_target(const char *line, size_t len, char *target, size_t size)
{
	const char *at = line;

	for (int field = 0; field < TARGET_FIELD; field++) {
		at = memchr(at, ' ', (size_t)(line + len - at));
		if (!at)
			return false;
		at++;
	}
	return unescape(at, strcspn(at, " \n"), target, size);
}

static bool is_ours(const char *line, size_t len)
{
	static const char type[] = " - fuse.early-overlay ";

	return memmem(line, len, type, sizeof(type) - 1) != NULL;
}

static bool parse_line(const char *line, size_t len, char *target, size_t size)
{
	return is_ours(line, len) && parse_target(line, len, target, size);
}

bool dead_mounts_is_on_top(const char *text, const char *path)
{
	char target[PATH_MAX];
	bool ours = false;

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (parse_target(text, len, target, sizeof(target)) && strcmp(target, path) == 0)
			ours = is_ours(text, len);
		text += len + (text[len] == '\n');
	}
	return ours;
}

bool dead_mounts_next(const char **text, const char *path, char *target, size_t size)
{
	while (**text) {
		const char *line = *text;
		size_t len = strcspn(line, "\n");

		*text += len + (line[len] == '\n');
		if (parse_line(line, len, target, size) && is_beneath(target, path))
			return true;
	}
	return false;
}

static bool is_dead(const char *target)
{
	struct stat st;

	return stat(target, &st) < 0 && (errno == ENOTCONN || errno == ECONNABORTED);
}

int dead_mounts_detach_top(const char *path)
{
	CLEANUP(free_charp)
	char *text = NULL;
	int r = fs_read_file_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL);

	if (r == 0 && dead_mounts_is_on_top(text, path) &&
	    umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		r = -errno;
	return r < 0 ? log_errno(r, "cannot detach the dead overlay on %s", path) : 0;
}

/* One round: 1 if something was detached. */
static int detach_some(const char *path)
{
	CLEANUP(free_charp)
	char *text = NULL;
	char target[PATH_MAX];
	const char *at;
	int r = fs_read_file_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL);
	int done = 0;

	if (r < 0)
		return log_errno(r, "cannot look for dead overlays beneath %s", path);
	at = text;
	while (dead_mounts_next(&at, path, target, sizeof(target))) {
		if (!is_dead(target))
			continue;
		if (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
			log_errno(-errno, "cannot detach the dead overlay on %s", target);
			continue;
		}
		log_warning("%s is the disk's again: what served it has ended", target);
		done = 1;
	}
	return done;
}

int dead_mounts_detach(const char *path)
{
	int r = 1;

	for (int i = 0; r > 0 && i < MAX_ROUNDS; i++)
		r = detach_some(path);
	return r < 0 ? r : 0;
}
