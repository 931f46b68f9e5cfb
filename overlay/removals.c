/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "removals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "early/fd.h"
#include "early/macros.h"
#include "layer.h"

struct removal {
	struct list link; /* merge::removals */
	int dirfd;
	char *name;
	char *path; /* for people */
};

static struct removal *removal_free(struct removal *removal)
{
	if (!removal)
		return NULL;
	fd_close(removal->dirfd);
	free(removal->name);
	free(removal->path);
	free(removal);
	return NULL;
}

int removals_add(struct list *removals, int dirfd, const char *name, const char *path)
{
	struct removal *removal = calloc(1, sizeof(*removal));
	int r;

	if (!removal)
		return -ENOMEM;
	removal->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	r = removal->dirfd < 0 ? -errno : 0;
	removal->name = strdup(name);
	removal->path = strdup(path);
	if (r == 0 && (!removal->name || !removal->path))
		r = -ENOMEM;
	if (r < 0) {
		removal_free(removal);
		return r;
	}
	list_append(removals, &removal->link);
	return 0;
}

int removals_perform(struct list *removals, char **ret_path)
{
	int r = 0;

	while (r == 0 && !list_empty(removals)) {
		struct removal *removal = list_first(removals, struct removal, link);

		r = layer_remove_tree(removal->dirfd, removal->name);
		if (r < 0)
			*ret_path = TAKE_PTR(removal->path);
		list_remove(&removal->link);
		removal_free(removal);
	}
	return r;
}

void removals_done(struct list *removals)
{
	while (!list_empty(removals)) {
		struct removal *removal = list_first(removals, struct removal, link);

		list_remove(&removal->link);
		removal_free(removal);
	}
}
