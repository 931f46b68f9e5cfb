/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/wire.h"

/* Capabilities by name, without libcap. */

/*
 * The set that a list of words describes: names add, "~NAME" takes away (a list that begins so starts from all), "none" and "all". -EINVAL for
 * a name that is none.
 */
int capability_parse(const struct wire_list *words, uint64_t *ret_set);

/* Takes all others from the bounding set. */
int capability_limit(uint64_t set);

/* SecureBits=, and with @keep_capabilities that a change of the user leaves the permitted ones. */
int capability_set_secure_bits(unsigned int bits, bool keep_capabilities);
int capability_raise_ambient(uint64_t set);

/* True with CAP_SYS_ADMIN, without which a filter needs no_new_privs. */
bool capability_may_administrate(void);
