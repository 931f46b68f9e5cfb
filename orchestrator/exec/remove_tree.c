/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remove_tree.h"

#include <errno.h>
#include <fts.h>
#include <stddef.h>
#include <unistd.h>

/* FTS_NOCHDIR is left out: fts then goes by descriptors, and nobody can put a link in its way. */
int remove_tree(const char *path)
{
	char *paths[] = { (char *)path, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOSTAT, NULL);
	FTSENT *entry;
	int r = 0;

	if (!fts)
		return -errno;
	while ((entry = fts_read(fts))) {
		if (entry->fts_info == FTS_D)
			continue;
		if (entry->fts_info == FTS_DP ? rmdir(entry->fts_accpath) < 0
					      : unlink(entry->fts_accpath) < 0)
			r = errno == ENOENT ? r : -errno;
	}
	if (fts_close(fts) < 0 && r == 0)
		r = -errno;
	return r;
}
