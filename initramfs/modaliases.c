/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "modaliases.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>

#include "early/fs.h"
#include "early/strbuf.h"
#include "early/strv.h"

int modaliases_read(const char *sysfs, char ***ret_aliases)
{
	CLEANUP_STRBUF
	struct strbuf pattern = STRBUF_INIT;
	CLEANUP_STRV
	char **aliases = NULL;
	glob_t paths = { 0 };
	int r;

	strbuf_printf(&pattern, "%s/bus/*/devices/*/modalias", sysfs);
	r = strbuf_error(&pattern);
	if (r < 0)
		return r;
	r = glob(pattern.data, 0, NULL, &paths);
	if (r == GLOB_NOSPACE)
		return -ENOMEM;
	if (r != 0)
		return -ENOENT;
	r = 0;
	for (size_t i = 0; r >= 0 && i < paths.gl_pathc; i++) {
		CLEANUP(free_charp)
		char *alias = NULL;

		/* A device may go meanwhile, and some have an empty alias. */
		if (fs_read_line_at(AT_FDCWD, paths.gl_pathv[i], &alias) < 0 || !alias[0])
			continue;
		if (!strv_contains(aliases, alias))
			r = strv_append(&aliases, alias);
	}
	globfree(&paths);
	if (r < 0)
		return r;
	*ret_aliases = TAKE_PTR(aliases);
	return 0;
}
