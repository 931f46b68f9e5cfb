/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dbus/dbus.h>

/* Who owns which well-known name, told to PID 1 (Type=dbus) by OWNER; and callers who left the bus. */

struct bus;

/* Asks for all names that there are already. */
int owner_ask_all(struct bus *bus);

/* The bus's signal NameOwnerChanged. */
void owner_changed(struct bus *bus, DBusMessage *signal);
void owner_done(struct bus *bus);
