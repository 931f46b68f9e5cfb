/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "loader.h"

/* A stock .socket, .path or .timer unit. */
struct trigger {
	struct service *unit;
	struct diags diags; /* what is wrong with it; handed on once, with its first use */
	bool enabled;
};

void trigger_free(struct trigger *trigger);

/* Adds what the socket and path units hold that belong to a stock service, or that Sockets= names. Timers are units of their own. */
int triggers_attach(struct loader *loader, struct service *service, enum unit_family family);

/* Whether a unit that starts @service is enabled. */
int triggers_find_enabled(struct loader *loader, const struct service *service, bool *ret_enabled);

/* Whether a timer in the directories of Early's own manifests starts @service. */
int triggers_find_timer(struct loader *loader, const struct service *service, bool *ret_found);

/* The remarks about the unit @name, if it is a trigger, join the loader's. */
int triggers_tell(struct loader *loader, const char *name);
