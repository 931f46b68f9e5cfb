/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct json_object;
struct settings;

/*
 * Says on stderr if the files of @service, of an answer to `status`, are newer than what early-init read of them, or gone. What
 * cannot be seen from here, as the root of a container, is not spoken of.
 */
void stale_warn(const struct settings *settings, struct json_object *service);

/* The same for a unit by its name, which early-init is asked for. */
void stale_warn_of(const struct settings *settings, const char *name);
