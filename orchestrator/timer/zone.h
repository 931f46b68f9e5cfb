/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/loop.h"

/* Tells when /etc/localtime is replaced. */
struct zone {
	struct loop_source source;
	int fd; /* inotify */
	const char *name; /* of the file in the directory */
	void (*changed)(struct zone *zone);
};

/* @dir/@name is watched. The strings are not copied. */
int zone_watch(struct zone *zone, struct loop *loop, const char *dir, const char *name,
	       void (*changed)(struct zone *zone));
void zone_done(struct zone *zone);
