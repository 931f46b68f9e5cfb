/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/strbuf.h"
#include "layout.h"

/* The plug-in's face. It is built, installed and replaced together with earlyctl: the version tells only one that was left behind. */
#define PNG_DRAW_SYMBOL "png_draw_1"
#define png_draw png_draw_1

/* A layout as PNG bytes, drawn with cairo. -ENOMEM or -EIO. */
int png_draw(const struct layout *layout, struct strbuf *out);
