/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service.h"

/*
 * What early-exec alone reads of a unit: service->settings, a list of "Key=canonical value". A key with one value has one entry at
 * most, a key with several an entry for each, in their order. What is the default has none, so that a unit without entries can be
 * executed by PID 1 itself. tests/unit/test-exec-settings.c has both ends in one table.
 */

/* The value of @key's entry, NULL if there is none. */
const char *settings_get(const struct service *service, const char *key);

/* Takes all entries of @key away. */
void settings_drop(struct service *service, const char *key);

/* Adds an entry; settings_set() replaces what there was. */
int settings_add(struct service *service, const char *key, const char *value);
int settings_set(struct service *service, const char *key, const char *value);
