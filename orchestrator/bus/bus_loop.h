/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dbus/dbus.h>

#include "early/loop.h"

/* A libdbus connection driven by the common event loop. */

struct bus_loop;

/* @connection must outlive it. Dispatching happens in a hook before the loop sleeps, never inside a libdbus callback. */
int bus_loop_new(struct loop *loop, DBusConnection *connection, struct bus_loop **ret_bus_loop);
struct bus_loop *bus_loop_free(struct bus_loop *bus_loop);
