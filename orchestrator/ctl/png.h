/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/strbuf.h"
#include "layout.h"

/* A layout as PNG bytes. -ENOMEM, -EIO, or -ELIBACC: what draws it, or a library of that, is missing. */
int png_write(const struct layout *layout, struct strbuf *out);

/* What that error of png_write() means: of -ELIBACC which file is missing. */
const char *png_error(int error);
