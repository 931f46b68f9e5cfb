/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One display manager for the screen, of however many a machine has. Which one is said first of all by the name display-manager.service:
 * an alias that Debian's packages, `systemctl enable` or an administrator give to one unit; a mask says none. Without it the file
 * /etc/X11/default-display-manager says it (with the path of a program, of whose last part Debian's packages make that alias), and
 * without that it is the first manifest with Seat=seat0.
 */
#include "seats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"

#define DISPLAY_SEAT "seat0"
#define DISPLAY_MANAGER "display-manager.service"
#define DEFAULT_FILE "/etc/X11/default-display-manager"

/* A link that outlived its package is there, but cannot be read. */
static bool is_there(const struct unit_index *index, const struct unit_place *place)
{
	char *text CLEANUP(free_charp)
	= NULL;
	size_t len;

	return place->path && unit_index_read(index->root_fd, place->path, &text, &len) == 0;
}

static int is_known(const struct unit_index *index, const char *name, bool *ret_known)
{
	struct unit_place place;
	int r = unit_index_resolve(index, name, UNIT_FAMILY_ANY, &place);

	if (r < 0)
		return r;
	*ret_known = place.masked || is_there(index, &place);
	unit_place_done(&place);
	return 0;
}

/* "/usr/sbin/lightdm" -> lightdm.service; no text: no such file. */
static int default_unit(const struct unit_index *index, struct strbuf *unit)
{
	char *text CLEANUP(free_charp)
	= NULL;
	const char *slash;
	size_t len;
	int r = unit_index_read(index->root_fd, DEFAULT_FILE, &text, &len);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	text[strcspn(text, " \t\r\n")] = '\0';
	slash = strrchr(text, '/');
	strbuf_printf(unit, "%s.service", slash ? slash + 1 : text);
	return strbuf_error(unit);
}

int seats_add_alias(struct unit_index *index)
{
	struct strbuf unit CLEANUP_STRBUF = STRBUF_INIT;
	bool known = false;
	int r = is_known(index, DISPLAY_MANAGER, &known);

	if (r < 0 || known)
		return r;
	r = default_unit(index, &unit);
	if (r < 0 || !unit_name_is_valid(unit.data ? unit.data : ""))
		return r;
	r = is_known(index, unit.data, &known);
	return r < 0 || !known ? r : unit_index_add_alias(index, DISPLAY_MANAGER, unit.data);
}

static bool may_have_seat(const struct service *service)
{
	return service->fields.load_state == TABLE_LOAD_LOADED && service->seat &&
	       strcmp(service->seat, DISPLAY_SEAT) == 0;
}

static int load_chosen(struct loader *loader, const struct service **ret_chosen, bool *ret_masked)
{
	const struct service *service;
	struct unit_place place;
	int r = unit_index_resolve(&loader->index, DISPLAY_MANAGER, UNIT_FAMILY_ANY, &place);

	if (r < 0)
		return r;
	*ret_masked = place.masked;
	if (place.path && !place.masked)
		r = loader_load(loader, DISPLAY_MANAGER);
	service = r == 0 ? loader_find(loader, place.name) : NULL;
	*ret_chosen = service && may_have_seat(service) ? service : NULL;
	unit_place_done(&place);
	return r;
}

static void leave_to_demand(struct service *service)
{
	service->fields.stage = TABLE_STAGE_DEMAND;
	free(service->seat);
	service->seat = NULL;
}

int seats_settle(struct loader *loader)
{
	const struct service *chosen = NULL;
	bool masked = false;
	int r = load_chosen(loader, &chosen, &masked);

	for (size_t i = 0; r == 0 && i < loader->n_services; i++) {
		struct service *service = loader->services[i];

		if (!may_have_seat(service))
			continue;
		if (!chosen && !masked)
			chosen = service;
		if (service != chosen)
			leave_to_demand(service);
	}
	return r;
}
