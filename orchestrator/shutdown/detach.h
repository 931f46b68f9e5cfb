/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* What lies beneath mounts, for the whole machine: never to be called in a container. Each logs what stays. */

void detach_swap(uint32_t timeout_ms); /* of all together */
void detach_loops(void);
void detach_device_mapper(void);
