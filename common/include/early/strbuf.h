/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "early/macros.h"

/*
 * Growing text buffer, always NUL-terminated once anything was added. The first failed allocation is remembered:
 * further additions do nothing and strbuf_error() says -ENOMEM, so callers check once at the end.
 */
struct strbuf {
	char *data;
	size_t len;
	size_t size;
	int error;
};

#define STRBUF_INIT                                                                                \
	{                                                                                          \
		NULL, 0, 0, 0                                                                      \
	}

void strbuf_done(struct strbuf *buf);
#define CLEANUP_STRBUF CLEANUP(strbuf_done)

void strbuf_reset(struct strbuf *buf);
int strbuf_error(const struct strbuf *buf);
void strbuf_add(struct strbuf *buf, const void *data, size_t len);
void strbuf_puts(struct strbuf *buf, const char *text);
void strbuf_putc(struct strbuf *buf, char c);
void strbuf_printf(struct strbuf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strbuf_vprintf(struct strbuf *buf, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/* Hands the text over ("" if nothing was added); NULL after a failed allocation. The buffer is empty afterwards. */
char *strbuf_take(struct strbuf *buf);
