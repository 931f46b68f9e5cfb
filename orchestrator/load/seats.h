/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "loader.h"

/* Makes the alias display-manager.service if nothing but /etc/X11/default-display-manager says who it is. */
int seats_add_alias(struct unit_index *index);

/* Which of a seat's display managers starts; the others only on demand. Loads the one that Debian has chosen. */
int seats_settle(struct loader *loader);
