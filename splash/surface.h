/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Memory that is painted: XRGB8888 in the machine's byte order, @stride in bytes. The memory is its owner's. */
struct surface {
	uint32_t width;
	uint32_t height;
	uint32_t stride;
	uint8_t *data;
};

struct rect {
	int x;
	int y;
	int width;
	int height;
};

/* What a paint touched, for the flush; few and coarse on purpose. */
#define DAMAGE_MAX 4
struct damage {
	unsigned int n_rects;
	struct rect rects[DAMAGE_MAX];
};

static inline uint32_t *surface_row(const struct surface *surface, uint32_t y)
{
	return (uint32_t *)(void *)(surface->data + (uint64_t)y * surface->stride);
}
