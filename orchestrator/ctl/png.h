/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/strbuf.h"
#include "layout.h"

/* A layout as PNG bytes, drawn with cairo. -ENOMEM or -EIO. */
int png_write(const struct layout *layout, struct strbuf *out);
