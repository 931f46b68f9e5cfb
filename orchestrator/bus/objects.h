/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "iface.h"

/* The tree of objects: which kind a path is, which interfaces a kind has. */

/* -ENOENT when nothing can be at @path. *ret_unit (free) is set for units. */
int object_parse(const char *path, enum object_kind *ret_kind, char **ret_unit, uint32_t *ret_job);

/* The @i-th interface of an object, the standard ones included; NULL behind the last. */
const struct iface *object_iface(enum object_kind kind, const char *unit, size_t i);

/* @iface NULL: the first interface that has the method. */
const struct method *object_find_method(enum object_kind kind, const char *unit, const char *iface,
					const char *member, const struct iface **ret_iface);

/* False for interfaces that do not look at the unit itself (Introspectable, Peer). */
bool object_needs_unit(const struct iface *iface);
