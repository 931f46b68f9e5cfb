/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "Something is on the screen" decided by a grid of pixels: a compositor's first frames are often one plain colour, perhaps
 * with a pointer on it, and that is not what a user calls the greeter. On a grid of 128 by 96 the
 * threshold is 36 samples: a pointer of 24 by 24 pixels has 9 on a screen of 1024 by 768, gdm's greeter with one user
 * (a clock, an avatar, a name on one grey) has about 90.
 */
#include "sample.h"

#include "early/macros.h"

/*
 * A colour that nearly all of the samples have is a majority, and a majority survives when every sample is paired off against one of
 * another colour; so one pass finds the only candidate and one more counts it.
 */
bool sample_is_picture(const uint32_t *samples, size_t n_samples)
{
	uint32_t candidate = 0;
	size_t lead = 0, others = 0;

	for (size_t i = 0; i < n_samples; i++) {
		if (lead == 0)
			candidate = samples[i];
		if (samples[i] == candidate)
			lead++;
		else
			lead--;
	}
	for (size_t i = 0; i < n_samples; i++)
		others += samples[i] != candidate;
	return others * 1000 > n_samples * 3;
}

size_t sample_grid(const struct surface *surface, uint32_t *samples, size_t max)
{
	const uint32_t columns = MIN(surface->width, (uint32_t)SAMPLE_COLUMNS);
	const uint32_t rows = MIN(surface->height, (uint32_t)SAMPLE_ROWS);
	size_t n = 0;

	for (uint32_t row = 0; row < rows; row++) {
		const uint32_t *line = surface_row(
			surface, (uint32_t)((row * 2ULL + 1) * surface->height / (rows * 2)));

		for (uint32_t column = 0; column < columns && n < max; column++)
			samples[n++] = line[(column * 2ULL + 1) * surface->width / (columns * 2)] &
				       0xffffff;
	}
	return n;
}
