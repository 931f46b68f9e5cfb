/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

struct strbuf;

/* The forms that the kernel unpacks. */
enum pack_method {
	PACK_NONE,
	PACK_LZ4, /* its legacy framing, the only one that the kernel reads */
	PACK_ZSTD,
};

int pack_parse(const char *text, enum pack_method *ret);

/* Appends the packed @data to @out. */
int pack_add(enum pack_method method, const void *data, size_t len, struct strbuf *out);
