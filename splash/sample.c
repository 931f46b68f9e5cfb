/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "Something is on the screen" decided by a grid of pixels: a compositor's first frames are often one plain colour, perhaps
 * with a pointer on it, and that is not what a user calls the greeter. A grid of 96 by 72 finds a box that covers 1 % of
 * the screen by some 70 samples, and a pointer of 24 by 24 pixels by fewer than the threshold.
 */
#include "sample.h"

#include <stdlib.h>

#include "early/macros.h"

static int compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

bool sample_is_picture(uint32_t *samples, size_t n_samples)
{
	size_t run = 0, longest = 0;

	qsort(samples, n_samples, sizeof(*samples), compare);
	for (size_t i = 0; i < n_samples; i++) {
		run = i > 0 && samples[i] == samples[i - 1] ? run + 1 : 1;
		longest = MAX(longest, run);
	}
	return (n_samples - longest) * 100 > n_samples;
}

size_t sample_grid(const struct surface *surface, uint32_t *samples, size_t max)
{
	const uint32_t columns = MIN(surface->width, (uint32_t)SAMPLE_COLUMNS);
	const uint32_t rows = MIN(surface->height, (uint32_t)SAMPLE_ROWS);
	size_t n = 0;

	for (uint32_t row = 0; row < rows; row++) {
		const uint32_t *line =
			surface_row(surface, (uint32_t)((row * 2ULL + 1) * surface->height / (rows * 2)));

		for (uint32_t column = 0; column < columns && n < max; column++)
			samples[n++] = line[(column * 2ULL + 1) * surface->width / (columns * 2)] &
				       0xffffff;
	}
	return n;
}
