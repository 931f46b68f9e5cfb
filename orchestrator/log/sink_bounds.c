/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bound of all files together. It looks into the directory only when the bytes written since the last look could have passed the
 * limit, so that it costs nothing per line; an eighth is freed at once for the same reason. Files of an early-log before this one
 * count, too.
 */
#include "sink_bounds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/dir.h"
#include "early/fd.h"
#include "early/macros.h"

#define ENTRY_NAME_SIZE 256

struct entry {
	char name[ENTRY_NAME_SIZE];
	size_t stem_len; /* the name's length without .log or .log.1 */
	bool is_old; /* .log.1 */
	uint64_t size;
	struct timespec changed;
};

struct entries {
	struct entry *items;
	size_t n, room;
	uint64_t use;
};

size_t sink_count_lines(int dir_fd, const char *file_name)
{
	static char buf[64 * 1024];
	int fd CLEANUP_FD
	= openat(dir_fd, file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	size_t lines = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		for (const char *at = buf; (at = memchr(at, '\n', (size_t)(buf + n - at))); at++)
			lines++;
	return lines;
}

static bool ends_in(const char *name, const char *suffix, size_t *ret_stem_len)
{
	size_t len = strlen(name), n = strlen(suffix);

	if (len <= n || strcmp(name + len - n, suffix) != 0)
		return false;
	*ret_stem_len = len - n;
	return true;
}

static int add_entry(struct entries *entries, int dir_fd, const char *name)
{
	struct entry entry = { .stem_len = 0 };
	struct stat st;

	if (name[0] == '.' || strlen(name) >= sizeof(entry.name))
		return 0;
	entry.is_old = ends_in(name, ".log.1", &entry.stem_len);
	if (!entry.is_old && !ends_in(name, ".log", &entry.stem_len))
		return 0;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (entries->n == entries->room) {
		size_t room = entries->room ? 2 * entries->room : 64;
		struct entry *items = realloc(entries->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		entries->items = items;
		entries->room = room;
	}
	memcpy(entry.name, name, strlen(name) + 1);
	entry.size = (uint64_t)st.st_size;
	entry.changed = st.st_mtim;
	entries->use += entry.size;
	entries->items[entries->n++] = entry;
	return 0;
}

static int read_entries(struct entries *entries, int dir_fd)
{
	CLEANUP_DIR
	DIR *dir = NULL;
	struct dirent *dirent;
	int r = dir_open_at(dir_fd, ".", &dir);

	while (r == 0 && (dirent = readdir(dir)))
		r = add_entry(entries, dir_fd, dirent->d_name);
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	if (one->is_old != other->is_old)
		return one->is_old ? -1 : 1;
	if (one->changed.tv_sec != other->changed.tv_sec)
		return one->changed.tv_sec < other->changed.tv_sec ? -1 : 1;
	if (one->changed.tv_nsec != other->changed.tv_nsec)
		return one->changed.tv_nsec < other->changed.tv_nsec ? -1 : 1;
	return strcmp(one->name, other->name);
}

static bool is_kept(const struct entry *entry, const char *keep)
{
	return !entry->is_old && strlen(keep) == entry->stem_len &&
	       memcmp(entry->name, keep, entry->stem_len) == 0;
}

static void remove_entry(struct sink *sink, const struct entry *entry)
{
	char stem[ENTRY_NAME_SIZE];
	size_t lines = sink->tells_dropped ? sink_count_lines(sink->dir_fd, entry->name) : 0;

	if (unlinkat(sink->dir_fd, entry->name, 0) < 0)
		return; /* the next one, then */
	sink->dropped.lines += lines;
	sink->use -= entry->size;
	if (entry->is_old)
		return;
	memcpy(stem, entry->name, entry->stem_len);
	stem[entry->stem_len] = '\0';
	sink_forget(sink, stem);
}

void sink_make_room(struct sink *sink, const char *keep, size_t len)
{
	struct entries entries = { .n = 0 };
	uint64_t wanted = sink->use_max - sink->use_max / 8;

	if (read_entries(&entries, sink->dir_fd) < 0) {
		free(entries.items);
		return; /* out of memory or descriptors: the next line tries again */
	}
	sink->use = entries.use;
	if (entries.n > 0 && sink->use + len > sink->use_max) {
		qsort(entries.items, entries.n, sizeof(*entries.items), compare);
		for (size_t i = 0; i < entries.n && sink->use + len > wanted; i++)
			if (!is_kept(&entries.items[i], keep))
				remove_entry(sink, &entries.items[i]);
	}
	free(entries.items);
}
