/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inotify on /dev for fb0 and the dri directory, then on /dev/dri for the cards. What an event says is not looked at: it only
 * means "look again", so events that are lost or come twice do no harm.
 */
#include "nodes.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "early/fd.h"

#define CARDS_MAX 16
#define EVENTS (IN_CREATE | IN_MOVED_TO)

static int watch(struct nodes *nodes, const char *path)
{
	char full[4096];
	int wd;

	if (snprintf(full, sizeof(full), "%s%s", nodes->root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	wd = inotify_add_watch(nodes->fd, full, EVENTS | IN_ONLYDIR);
	return wd < 0 ? -errno : wd;
}

static void handle_event(struct loop_source *source, uint32_t events)
{
	struct nodes *nodes = container_of(source, struct nodes, source);
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(nodes->fd, buf, sizeof(buf)) > 0)
		;
	/* again each time: adding an existing watch changes nothing, and the directory may have been made anew */
	nodes->dri_watch = watch(nodes, "/dev/dri");
	nodes->on_change(nodes);
}

int nodes_init(struct nodes *nodes, struct loop *loop, const char *root,
	       void (*on_change)(struct nodes *nodes))
{
	int r;

	*nodes = (struct nodes){ .root = root, .dri_watch = -1, .on_change = on_change };
	nodes->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (nodes->fd < 0)
		return -errno;
	r = watch(nodes, "/dev");
	if (r >= 0)
		r = loop_add(loop, &nodes->source, nodes->fd, EPOLLIN, handle_event);
	if (r < 0) {
		nodes_done(nodes);
		return r;
	}
	nodes->dri_watch = watch(nodes, "/dev/dri");
	return 0;
}

void nodes_done(struct nodes *nodes)
{
	loop_remove(&nodes->source);
	nodes->fd = fd_close(nodes->fd);
}

size_t nodes_list_cards(const char *root, char (*paths)[NODE_PATH_MAX], size_t max)
{
	size_t n = 0;

	for (unsigned int i = 0; i < CARDS_MAX && n < max; i++) {
		if (snprintf(paths[n], NODE_PATH_MAX, "%s/dev/dri/card%u", root, i) >=
		    NODE_PATH_MAX)
			continue;
		if (access(paths[n], F_OK) == 0)
			n++;
	}
	return n;
}

bool nodes_fb_is_drm(const char *root)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/sys/class/graphics/fb0/device/drm", root) >=
	    (int)sizeof(path))
		return false;
	return access(path, F_OK) == 0;
}
