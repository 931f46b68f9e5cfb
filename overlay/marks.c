/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "marks.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define OVERLAY_PREFIX "trusted.overlay."
#define EARLY_PREFIX "trusted.early."
#define USER_PREFIX "user."
#define CONFLICT_SUFFIX ".early-conflict"

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool marks_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool marks_is_opaque(const char *value, size_t len)
{
	return len == 1 && value[0] == 'y';
}

bool marks_is_private_xattr(const char *name)
{
	return has_prefix(name, OVERLAY_PREFIX) || has_prefix(name, EARLY_PREFIX);
}

bool marks_is_hidden_name(const char *name)
{
	return strcmp(name, MARKS_STAGING) == 0;
}

static bool join(const char *a, const char *b, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s%s", a, b);

	return n >= 0 && (size_t)n < size && n <= NAME_MAX;
}

bool marks_xattr_to_upper(const char *name, bool upper_takes_user, char *buf, size_t size)
{
	if (!upper_takes_user && has_prefix(name, USER_PREFIX))
		return join(MARKS_USER, name + strlen(USER_PREFIX), buf, size);
	return join("", name, buf, size);
}

bool marks_xattr_from_upper(const char *name, char *buf, size_t size)
{
	if (has_prefix(name, MARKS_USER))
		return join(USER_PREFIX, name + strlen(MARKS_USER), buf, size);
	return join("", name, buf, size);
}

struct marks_stamp marks_stamp_of(const struct stat *st)
{
	return (struct marks_stamp){
		.ino = st->st_ino,
		.size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
		.mtime_ns = (uint64_t)st->st_mtim.tv_sec * 1000000000ULL +
			    (uint64_t)st->st_mtim.tv_nsec,
	};
}

bool marks_stamp_equal(const struct marks_stamp *a, const struct marks_stamp *b)
{
	return a->ino == b->ino && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

uint64_t marks_ino(enum marks_layer layer, uint64_t ino)
{
	switch (layer) {
	case MARKS_LAYER_LOWER:
		return ino;
	case MARKS_LAYER_UPPER:
		return ino | 1ULL << 62;
	case MARKS_LAYER_REAL:
		return ino | 1ULL << 61;
	case MARKS_LAYER_OTHER:
		return ino | 3ULL << 61;
	}
	return ino;
}

bool marks_conflict_name(const char *name, unsigned int n, char *buf, size_t size)
{
	char suffix[32];
	int room, len;

	if (n == 0)
		snprintf(suffix, sizeof(suffix), "%s", CONFLICT_SUFFIX);
	else
		snprintf(suffix, sizeof(suffix), "%s-%u", CONFLICT_SUFFIX, n);
	room = NAME_MAX - (int)strlen(suffix);
	len = snprintf(buf, size, "%.*s%s", room, name, suffix);
	return len >= 0 && (size_t)len < size;
}
