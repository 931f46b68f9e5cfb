/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "surface.h"

/* Writes the surface as a PNG. */
int render_png(const struct surface *surface, const char *path);
