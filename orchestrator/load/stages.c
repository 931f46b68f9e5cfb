/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a unit starts that does not say so. An Early manifest that nothing starts on demand is there to run: it starts after the
 * greeter. A stock unit does so only if the distribution enabled it. Demand is an address, a path, a time, or a name that the D-Bus
 * daemon may ask for (a file in its system-services); a BusName= alone is none, NetworkManager has one and must run unasked.
 */
#include "stages.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "early/dir.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "sysv.h"
#include "timers.h"
#include "triggers.h"

#define BUS_SERVICES "usr/share/dbus-1/system-services"

/*
 * Enabled on a stock boot, but Early does their work, or it would come too late or to nobody (a question on the console, partitions). The
 * login of a console comes when somebody goes there, and the display has the first one.
 */
static const char *const replaced[] = {
	"systemd-journald.service",
	"systemd-journal-flush.service",
	"systemd-update-utmp.service",
	"systemd-update-utmp-runlevel.service",
	"plymouth-start.service",
	"plymouth-quit.service",
	"plymouth-quit-wait.service",
	"plymouth-read-write.service",
	"systemd-remount-fs.service",
	"systemd-fsck-root.service",
	"systemd-tmpfiles-setup.service",
	"systemd-udev-trigger.service",
	"systemd-udev-settle.service",
	"display-manager.service",
	"kmod-static-nodes.service",
	"systemd-tmpfiles-setup-dev.service",
	"systemd-firstboot.service",
	"systemd-repart.service",
	"systemd-pcrphase.service",
	"systemd-pcrphase-sysinit.service",
	"getty.target",
};

static bool is_replaced(const struct service *service)
{
	for (size_t i = 0; i < ARRAY_SIZE(replaced); i++)
		if (strcmp(service->name, replaced[i]) == 0 ||
		    strv_contains(service->aliases, replaced[i]))
			return true;
	return false;
}

static bool is_bus_activated(const struct loader *loader, const struct service *service)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;

	if (!service->bus_name)
		return false;
	strbuf_printf(&path, BUS_SERVICES "/%s.service", service->bus_name);
	return strbuf_error(&path) == 0 && fs_exists_at(loader->index.root_fd, path.data);
}

int stages_default(struct loader *loader, struct service *service, enum unit_family family)
{
	bool timed = false;
	int r;

	if (timers_is_timer(service->name)) {
		if (family == UNIT_FAMILY_EARLY && !service->stage_given)
			service->fields.stage = TABLE_STAGE_GREETER;
		return 0;
	}
	if (service->stage_given || family != UNIT_FAMILY_EARLY ||
	    service->fields.type == TABLE_TYPE_TARGET || strchr(service->name, '@') ||
	    activation_is_there(&service->activation) || is_bus_activated(loader, service))
		return 0;
	r = triggers_find_timer(loader, service, &timed);
	if (r == 0 && !timed)
		service->fields.stage = TABLE_STAGE_GREETER;
	return r;
}

static struct service *find_loaded(const struct loader *loader, const char *name)
{
	for (size_t i = 0; i < loader->n_services; i++) {
		struct service *service = loader->services[i];

		if (strcmp(service->name, name) == 0 || strv_contains(service->aliases, name))
			return service;
	}
	return NULL;
}

static int mark_timer(struct loader *loader, const char *name)
{
	struct service *timer;
	int r;

	if (!timers_is_timer(name) || unit_name_is_template(name))
		return 0;
	r = loader_load(loader, name);
	timer = r == 0 ? find_loaded(loader, name) : NULL;
	if (timer && !timer->stage_given && timer->fields.load_state == TABLE_LOAD_LOADED)
		timer->fields.stage = TABLE_STAGE_GREETER;
	return r;
}

static bool may_be_enabled(const char *name)
{
	const char *suffix = unit_name_suffix(name);

	return (strcmp(suffix, ".service") == 0 || strcmp(suffix, ".target") == 0) &&
	       !unit_name_is_template(name);
}

/* A target brings along what it wants, unless it is known by its name only. */
static int mark(struct loader *loader, const char *name)
{
	struct service *service;
	bool triggered = false;
	int r;

	if (!may_be_enabled(name))
		return 0;
	r = loader_load(loader, name);
	service = r == 0 ? find_loaded(loader, name) : NULL;
	if (r < 0 || !service)
		return r;
	if (service->stage_given || service->fields.load_state != TABLE_LOAD_LOADED ||
	    !service->path || is_replaced(service) || is_bus_activated(loader, service))
		return 0;
	r = triggers_find_enabled(loader, service, &triggered);
	if (r == 0 && !triggered)
		service->fields.stage = TABLE_STAGE_GREETER;
	return r;
}

static int mark_script(struct loader *loader, const char *name)
{
	struct service *service;
	int r = unit_name_is_valid(name) ? loader_load(loader, name) : 0;

	service = r == 0 ? find_loaded(loader, name) : NULL;
	if (service && loader_is_script(service) && !service->stage_given &&
	    service->fields.load_state == TABLE_LOAD_LOADED)
		service->fields.stage = TABLE_STAGE_GREETER;
	return r;
}

/* Scripts that update-rc.d has linked into the runlevel of a stock boot: S01foo. Those with a unit are enabled by it alone. */
static int mark_scripts(struct loader *loader)
{
	DIR *dir CLEANUP_DIR = NULL;
	struct dirent *entry;
	int r = 0;

	if (dir_open_at(loader->index.root_fd, "etc/rc5.d", &dir) < 0)
		return 0; /* no such runlevel, or no memory: no script is enabled */
	while (r == 0 && (entry = readdir(dir))) {
		struct strbuf name CLEANUP_STRBUF = STRBUF_INIT;
		const char *text = entry->d_name;

		if (text[0] != 'S' || !isdigit((unsigned char)text[1]) ||
		    !isdigit((unsigned char)text[2]) || !sysv_is_script_name(text + 3))
			continue;
		strbuf_printf(&name, "%s.service", text + 3);
		r = strbuf_error(&name);
		if (r == 0)
			r = mark_script(loader, name.data);
	}
	return r;
}

static int mark_all(struct loader *loader, const char *target, const char *suffix, bool timers_only)
{
	char **names CLEANUP_STRV = NULL;
	int r = unit_index_links(&loader->index, target, suffix, &names);

	for (size_t i = 0; r == 0 && names && names[i]; i++)
		r = timers_is_timer(names[i]) ? mark_timer(loader, names[i])
		    : timers_only             ? 0
					      : mark(loader, names[i]);
	return r;
}

int loader_mark_enabled(struct loader *loader)
{
	static const char *const targets[] = { "default.target", "graphical.target",
					       "multi-user.target", "sysinit.target",
					       "basic.target" };
	int r = mark_all(loader, "timers.target", ".wants", true);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(targets); i++) {
		r = mark_all(loader, targets[i], ".wants", false);
		if (r == 0)
			r = mark_all(loader, targets[i], ".requires", false);
	}
	if (r < 0)
		return r;
	return loader->own_imports ? 0 : mark_scripts(loader);
}
