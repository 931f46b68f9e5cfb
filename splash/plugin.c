/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>

#include "early/log.h"
#include "early/proc.h"

static int load(struct plugin *plugin)
{
	char path[PATH_MAX];
	void *handle;
	int r;

	r = proc_beside("early-splash-canvas.so", path, sizeof(path)); /* installed or not */
	if (r < 0)
		return log_warning_errno(r, "cannot tell where the canvas plug-in is");
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		log_warning("characters beyond ASCII are shown as '?': %s", dlerror());
		return -ENOENT;
	}
	plugin->api = dlsym(handle, PLUGIN_SYMBOL);
	if (!plugin->api || plugin->api->version != PLUGIN_VERSION) {
		log_warning("%s is of another version of Early; install both anew", path);
		plugin->api = NULL;
		dlclose(handle);
		return -EPROTO;
	}
	return 0;
}

int plugin_get_without_font(const struct plugin **ret_plugin)
{
	static struct plugin plugin;
	static bool tried;
	static int result;

	if (!tried) {
		tried = true;
		result = load(&plugin);
		if (result == 0 && plugin.api->open(SPLASH_FONT, &plugin.canvas) < 0)
			log_warning(
				"characters beyond ASCII are shown as '?': cannot use the font %s",
				SPLASH_FONT);
	}
	if (result < 0)
		return result;
	*ret_plugin = &plugin;
	return 0;
}

int plugin_get(const struct plugin **ret_plugin)
{
	const struct plugin *plugin;
	int r = plugin_get_without_font(&plugin);

	if (r < 0)
		return r;
	if (!plugin->canvas)
		return -ENOENT;
	*ret_plugin = plugin;
	return 0;
}
