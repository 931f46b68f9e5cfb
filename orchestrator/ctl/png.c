/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cairo, and the two dozen libraries that it brings, are loaded when a picture is drawn: every other command begins without them,
 * and a machine without a screen need not have them.
 */
#include "png.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "early/proc.h"
#include "png_draw.h"

#define PLUGIN "earlyctl-png.so"

typedef int draw_function(const struct layout *layout, struct strbuf *out);

static const char *missing;

/* In a build directory it is beside the program. It stays open: what fontconfig keeps is for the life of a process. */
static draw_function *open_plugin(void)
{
	char path[PATH_MAX];
	void *plugin;

	if (proc_beside(PLUGIN, path, sizeof(path)) == 0 && access(path, F_OK) == 0)
		plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	else
		plugin = dlopen(EARLY_LIBEXECDIR "/" PLUGIN, RTLD_NOW | RTLD_LOCAL);
	return plugin ? (draw_function *)dlsym(plugin, PNG_DRAW_SYMBOL) : NULL;
}

int png_write(const struct layout *layout, struct strbuf *out)
{
	draw_function *draw = open_plugin();

	if (draw)
		return draw(layout, out);
	missing = dlerror();
	return -ELIBACC;
}

const char *png_error(int error)
{
	return error == -ELIBACC && missing ? missing : strerror(-error);
}
