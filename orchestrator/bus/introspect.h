/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "iface.h"

/* The XML of org.freedesktop.DBus.Introspectable, made from the tables. Free *ret_xml. */
int introspect(struct bus *bus, enum object_kind kind, const char *unit, const char *path,
	       char **ret_xml);
