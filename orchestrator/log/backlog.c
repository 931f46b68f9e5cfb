/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file is mapped, with its blocks allocated beforehand (a full /run would be a SIGBUS otherwise). "head" and "tail" count bytes
 * since the beginning and never wrap; an entry is there when the tail is behind it, which is the last thing to be written: an
 * early-log that is killed in the middle leaves the ring as it was before. One early-log at a time has it.
 */
#include "backlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"

#define MAGIC 0x3162656c79737931ULL /* of this layout */

struct backlog_map {
	uint64_t magic;
	_Atomic uint64_t head;
	_Atomic uint64_t tail;
	_Atomic uint64_t dropped;
	char bytes[BACKLOG_SIZE];
};

struct entry_head {
	uint32_t len;
	int32_t pid;
	uint32_t uid;
	uint32_t gid;
};

static uint64_t entry_size(size_t len)
{
	return sizeof(struct entry_head) + len;
}

static void copy_in(struct backlog_map *map, uint64_t at, const void *from, size_t len)
{
	size_t offset = at % BACKLOG_SIZE;
	size_t first = MIN(len, BACKLOG_SIZE - offset);

	memcpy(map->bytes + offset, from, first);
	memcpy(map->bytes, (const char *)from + first, len - first);
}

static void copy_out(const struct backlog_map *map, uint64_t at, void *to, size_t len)
{
	size_t offset = at % BACKLOG_SIZE;
	size_t first = MIN(len, BACKLOG_SIZE - offset);

	memcpy(to, map->bytes + offset, first);
	memcpy((char *)to + first, map->bytes, len - first);
}

/* Every entry from the head on must end where the next one begins. */
static bool is_sound(const struct backlog_map *map)
{
	uint64_t at = map->head, tail = map->tail;
	struct entry_head head;

	if (map->magic != MAGIC || at > tail || tail - at > BACKLOG_SIZE)
		return false;
	while (at < tail) {
		if (tail - at < sizeof(head))
			return false;
		copy_out(map, at, &head, sizeof(head));
		if (head.len > BACKLOG_ENTRY_MAX || entry_size(head.len) > tail - at)
			return false;
		at += entry_size(head.len);
	}
	return true;
}

int backlog_init(struct backlog *backlog, int dir_fd)
{
	int fd CLEANUP_FD
	= openat(dir_fd, BACKLOG_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	void *map;
	int r;

	backlog->map = NULL;
	if (fd < 0)
		return -errno;
	r = posix_fallocate(fd, 0, sizeof(struct backlog_map));
	if (r > 0)
		return -r;
	map = mmap(NULL, sizeof(struct backlog_map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	backlog->map = map;
	if (!is_sound(backlog->map)) {
		backlog->map->head = backlog->map->tail = backlog->map->dropped = 0;
		backlog->map->magic = MAGIC;
	}
	return 0;
}

void backlog_done(struct backlog *backlog)
{
	if (backlog->map)
		(void)munmap(backlog->map, sizeof(*backlog->map)); /* of ours: it can't fail */
	backlog->map = NULL;
}

static void drop_oldest(struct backlog_map *map)
{
	struct entry_head head;

	copy_out(map, map->head, &head, sizeof(head));
	map->head += entry_size(head.len);
	map->dropped++;
}

void backlog_add(struct backlog *backlog, const struct ucred *sender, const char *bytes, size_t len)
{
	struct backlog_map *map = backlog->map;
	size_t kept = MIN(len, (size_t)BACKLOG_ENTRY_MAX);
	struct entry_head head = {
		.len = (uint32_t)kept,
		.pid = sender->pid,
		.uid = sender->uid,
		.gid = sender->gid,
	};

	if (!map)
		return;
	while (map->tail + entry_size(head.len) - map->head > BACKLOG_SIZE)
		drop_oldest(map);
	copy_in(map, map->tail, &head, sizeof(head));
	copy_in(map, map->tail + sizeof(head), bytes, head.len);
	map->tail += entry_size(head.len);
}

ssize_t backlog_oldest(const struct backlog *backlog, struct ucred *ret_sender, char *buf)
{
	const struct backlog_map *map = backlog->map;
	struct entry_head head;

	if (!map || map->head == map->tail)
		return -ENOENT;
	copy_out(map, map->head, &head, sizeof(head));
	copy_out(map, map->head + sizeof(head), buf, head.len);
	*ret_sender = (struct ucred){ .pid = head.pid, .uid = head.uid, .gid = head.gid };
	return (ssize_t)head.len;
}

void backlog_remove(struct backlog *backlog, size_t len)
{
	backlog->map->head += entry_size(len);
}

void backlog_restore(struct backlog *backlog, size_t len)
{
	backlog->map->head -= entry_size(len);
}

uint64_t backlog_take_dropped(struct backlog *backlog)
{
	return backlog->map ? atomic_exchange(&backlog->map->dropped, 0) : 0;
}
