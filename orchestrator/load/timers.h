/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "loader.h"

/* Units of type timer: a file's, or what a manifest says about times. */

bool timers_is_timer(const char *name);

/* What else a timer unit needs that was read from its file. -EINVAL and *ret_error: it cannot be used. */
int timers_finish(struct loader *loader, struct service *service, const char **ret_error);

/*
 * A timer with conditions is started as a service is whose only command is one that succeeds: early-exec looks at them before that. After
 * everything else.
 */
int timers_add_conditions(struct service *timer);

/* The timer of an Early manifest with OnCalendar= and the like in [Activate]: NAME.timer, without a file of its own. */
int timers_make(struct loader *loader, struct service *service);

/* Loads the manifest that may make the timer @name. */
int timers_load_maker(struct loader *loader, const char *name);
