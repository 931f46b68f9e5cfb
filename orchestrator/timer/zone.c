/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The local zone is a link, and whoever changes it makes another one and renames it. So the directory is watched, for the link's
 * own inode says nothing of that.
 */
#include "zone.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "early/fd.h"

static bool names_it(const struct zone *zone, const char *buf, size_t len)
{
	bool found = false;

	while (len >= sizeof(struct inotify_event)) {
		struct inotify_event event;
		size_t size;

		memcpy(&event, buf, sizeof(event));
		size = sizeof(event) + event.len;
		if (size > len)
			break;
		/* After an overflow nobody knows. */
		found |= (event.mask & IN_Q_OVERFLOW) ||
			 (event.len > 0 && strcmp(buf + sizeof(event), zone->name) == 0);
		buf += size;
		len -= size;
	}
	return found;
}

static void handle_events(struct loop_source *source, uint32_t events)
{
	struct zone *zone = container_of(source, struct zone, source);
	char buf[4096];
	ssize_t n = read(zone->fd, buf, sizeof(buf));

	if (n > 0 && names_it(zone, buf, (size_t)n))
		zone->changed(zone);
}

int zone_watch(struct zone *zone, struct loop *loop, const char *dir, const char *name,
	       void (*changed)(struct zone *zone))
{
	int r;

	zone->name = name;
	zone->changed = changed;
	zone->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (zone->fd < 0)
		return -errno;
	r = inotify_add_watch(zone->fd, dir,
			      IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_DELETE | IN_ONLYDIR);
	r = r < 0 ? -errno : loop_add(loop, &zone->source, zone->fd, EPOLLIN, handle_events);
	if (r < 0)
		zone_done(zone);
	return r;
}

void zone_done(struct zone *zone)
{
	loop_remove(&zone->source);
	zone->fd = fd_close(zone->fd);
}
