/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "loader.h"

/* Adds the addresses of the .socket units that belong to a stock service, or that Sockets= names. */
int sockets_attach(struct loader *loader, struct service *service, enum unit_family family);

/* Name of the socket unit that belongs to @service and is enabled (in sockets.target.wants), or NULL in *ret_name. */
int sockets_find_enabled(struct loader *loader, const struct service *service, bool *ret_enabled);
