/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "surface.h"

/* Is a picture of more than one colour? Pure. */

/* True when more than 0.3 % of the samples differ from the most frequent colour. */
bool sample_is_picture(const uint32_t *samples, size_t n_samples);

/* A grid over the surface, the colours without the unused byte. Returns the number of samples, at most @max. */
#define SAMPLE_COLUMNS 128
#define SAMPLE_ROWS 96
size_t sample_grid(const struct surface *surface, uint32_t *samples, size_t max);
