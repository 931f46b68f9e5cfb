/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct bus;

/* The link to PID 1: what comes over it goes into the mirror, onto the bus, and to whoever asked. */

/* Takes @fd over. */
int link_init(struct bus *bus, int fd);

/* The name is ours: says so, and asks for the mark behind which the mirror is whole. */
void link_ready(struct bus *bus);
