/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "style.h"

struct json_object;

/* What needs what, and what started what, from the services of an answer. Pure. */

/*
 * Text: below each unit what its manifest requires and wants, then below each what it started, and at the roots why. @name: from
 * that unit on only; NULL: all. False: there is no such unit.
 */
bool tree_put(struct json_object *services, const char *name, const struct style *style,
	      struct strbuf *out);

/*
 * {"needs": [{"name", "active_state", "requires", "wants"}], "started": [{"name", "by", "why"}]}, of @name and what hangs on it, or of all;
 * free with json_object_put. NULL: there is no such unit.
 */
struct json_object *tree_json(struct json_object *services, const char *name);
