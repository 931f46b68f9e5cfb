/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/strbuf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strbuf_done(struct strbuf *buf)
{
	free(buf->data);
	*buf = (struct strbuf)STRBUF_INIT;
}

void strbuf_reset(struct strbuf *buf)
{
	buf->len = 0;
	buf->error = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

int strbuf_error(const struct strbuf *buf)
{
	return buf->error;
}

/* Room for @more bytes and the NUL. */
static int reserve(struct strbuf *buf, size_t more)
{
	size_t needed = buf->len + more + 1, size = buf->size ? buf->size : 64;
	char *moved;

	if (buf->error)
		return buf->error;
	if (more > SIZE_MAX / 4 || needed > SIZE_MAX / 4)
		return buf->error = -ENOMEM;
	while (size < needed)
		size *= 2;
	if (size == buf->size)
		return 0;
	moved = realloc(buf->data, size);
	if (!moved)
		return buf->error = -ENOMEM;
	buf->data = moved;
	buf->size = size;
	return 0;
}

void strbuf_add(struct strbuf *buf, const void *data, size_t len)
{
	if (reserve(buf, len) < 0)
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void strbuf_puts(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_putc(struct strbuf *buf, char c)
{
	strbuf_add(buf, &c, 1);
}

void strbuf_vprintf(struct strbuf *buf, const char *fmt, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		buf->error = -EINVAL;
		return;
	}
	if (reserve(buf, (size_t)n) < 0)
		return;
	(void)vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, args);
	buf->len += (size_t)n;
}

void strbuf_printf(struct strbuf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	strbuf_vprintf(buf, fmt, args);
	va_end(args);
}

char *strbuf_take(struct strbuf *buf)
{
	char *text;

	strbuf_add(buf, "", 0);
	if (buf->error) {
		strbuf_done(buf);
		return NULL;
	}
	text = TAKE_PTR(buf->data);
	strbuf_done(buf);
	return text;
}
