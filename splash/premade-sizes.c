/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "premade.h"

const uint8_t premade_scales[PREMADE_SCALES] = { 5, 8, 11, 15, 20 };

/* Text does not shrink in proportion: below 12 pixels nobody reads it. */
const uint8_t premade_font_sizes[PREMADE_FONTS] = { 12, 15, 20, 27, 36, 48 };
