/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/*
 * Users that exist while their service is known, for DynamicUser=. Their numbers are of the range that systemd keeps for this; who has
 * which is in /run/early/dynamic-uid, as links direct:NAME -> number and direct:number -> NAME.
 */

/* The name that unit @unit gives its user if it has no User=. @buf has room for 32 characters. */
void dynamic_user_name(const char *unit, char *buf);

/* The user's number, the same for all commands of a service. -EAGAIN: none is left. */
int dynamic_user_allocate(const char *name, uid_t *ret_uid);

void dynamic_user_release(const char *name);
