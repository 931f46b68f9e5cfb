/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/*
 * What a table of early-load --notes says about its units, as the contract's object: units, units_refused, directives, refused,
 * and masked. @named: each was asked for, so one that is not there is refused. NULL if it is no whole table. Free with
 * json_object_put. Pure.
 */
struct json_object *verify_judge(const void *table, size_t len, bool named);
