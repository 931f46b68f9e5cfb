/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct json_object;

/* Adds the events of a timeline.json to @ret_events, an array. An exit code, after a message. */
int timeline_read(const char *path, struct json_object *ret_events);
