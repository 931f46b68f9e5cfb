/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A timer is a unit of its own, as it is for systemd: it is enabled, started and stopped apart from what it starts. PID 1 gets it as
 * a target with TIMER lines. What an Early manifest says about times is its service's own word, so a timer of the same name is made
 * of it, which is there as long as the manifest is; it wins over a stock timer of that name.
 */
#include "timers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/calendar.h"
#include "early/fs.h"
#include "early/strbuf.h"
#include "early/strv.h"

#define ZONES "usr/share/zoneinfo"

bool timers_is_timer(const char *name)
{
	return strcmp(unit_name_suffix(name), ".timer") == 0;
}

/* a.timer and ".service": a.service. */
static char *other_unit(const char *name, const char *suffix)
{
	struct strbuf other = STRBUF_INIT;

	strbuf_printf(&other, "%.*s%s", (int)(strlen(name) - strlen(unit_name_suffix(name))), name,
		      suffix);
	return strbuf_take(&other);
}

/* One that is not there is told; its moments never come. */
static int check_zone(struct loader *loader, const struct service *service, const char *text)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	struct calendar calendar;
	int r = calendar_parse(text, &calendar);

	if (r < 0 || !calendar.zone[0] || strcmp(calendar.zone, "UTC") == 0)
		return r;
	strbuf_printf(&path, ZONES "/%s", calendar.zone);
	if (strbuf_error(&path) < 0)
		return -ENOMEM;
	if (!fs_exists_at(loader->index.root_fd, path.data))
		diags_add(&loader->diags, service->path, 0, DIAG_WARNING, "OnCalendar",
			  "there is no time zone %s in /" ZONES ": its moments do not come",
			  calendar.zone);
	return 0;
}

static int check_zones(struct loader *loader, const struct service *service)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < service->activation.n_timers; i++)
		if (service->activation.timers[i].calendar)
			r = check_zone(loader, service, service->activation.timers[i].calendar);
	return r;
}

int timers_finish(struct loader *loader, struct service *service, const char **ret_error)
{
	struct activation *activation = &service->activation;

	if (activation->n_timers == 0) {
		*ret_error = "no line of [Timer] says when it elapses: OnCalendar=, OnBootSec= or "
			     "the like is needed";
		return -EINVAL;
	}
	if (!activation->unit)
		activation->unit = other_unit(service->name, ".service");
	if (!activation->unit)
		return -ENOMEM;
	if (!unit_name_is_valid(activation->unit) || timers_is_timer(activation->unit)) {
		*ret_error = "Unit= names nothing that a timer can start";
		return -EINVAL;
	}
	return check_zones(loader, service);
}

int timers_add_conditions(struct service *timer)
{
	char *program;
	char **argv = NULL;
	int r;

	if (!timer->conditions)
		return 0;
	program = strdup("/bin/true");
	r = strv_append(&argv, "true");
	if (!program || r < 0) {
		free(program);
		strv_free(argv);
		return -ENOMEM;
	}
	timer->fields.type = TABLE_TYPE_ONESHOT;
	timer->fields.flags |= TABLE_FLAG_REMAIN_AFTER_EXIT;
	return service_add_exec(timer, TABLE_PHASE_CONDITION, TABLE_EXEC_FULL_PRIVILEGE, program,
				argv);
}

/* --- of a manifest --- */

static int fill(struct service *timer, const struct service *service)
{
	struct strbuf description = STRBUF_INIT;

	timer->fields.type = TABLE_TYPE_TARGET;
	timer->fields.start_timeout_us = UINT64_MAX;
	timer->fields.stage = TABLE_STAGE_GREETER;
	strbuf_printf(&description, "Times of %s", service->name);
	timer->description = strbuf_take(&description);
	timer->path = service->path ? strdup(service->path) : NULL;
	timer->activation.unit = strdup(service->name);
	if (!timer->description || !timer->activation.unit || (service->path && !timer->path))
		return -ENOMEM;
	for (size_t i = 0; i < service->activation.n_timers; i++) {
		const struct timer_line *line = &service->activation.timers[i];
		int r = activation_add_timer(&timer->activation, line->kind, line->span_us,
					     line->calendar, line->options);

		if (r < 0)
			return r;
	}
	return 0;
}

int timers_make(struct loader *loader, struct service *service)
{
	struct service *timer CLEANUP_SERVICE = NULL;
	char *name CLEANUP(free_charp)
	= other_unit(service->name, ".timer");
	int r = name ? service_new(name, &timer) : -ENOMEM;

	if (r == 0)
		r = check_zones(loader, service);
	if (r == 0)
		r = fill(timer, service);
	if (r == 0)
		r = loader_keep(loader, timer);
	if (r == 0)
		(void)TAKE_PTR(timer); /* the loader's now */
	return r;
}

int timers_load_maker(struct loader *loader, const char *name)
{
	char *service CLEANUP(free_charp)
	= other_unit(name, ".service");
	struct unit_place place;
	bool is_early;
	int r;

	if (!service)
		return -ENOMEM;
	if (!unit_name_is_valid(service))
		return 0;
	r = unit_index_resolve(&loader->index, service, UNIT_FAMILY_ANY, &place);
	if (r < 0)
		return r;
	is_early = place.path && !place.masked && place.family == UNIT_FAMILY_EARLY;
	unit_place_done(&place);
	return is_early ? loader_load(loader, service) : 0;
}
