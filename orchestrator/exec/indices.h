/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Sets of CPUs and of memory nodes, as "0-3,7". Pure. */
#define INDICES_MAX 8192

struct indices {
	uint64_t bits[INDICES_MAX / 64];
};

/* Adds what @text says. -EINVAL, -ERANGE. */
int indices_add(struct indices *set, const char *text);
bool indices_has(const struct indices *set, uint32_t index);
