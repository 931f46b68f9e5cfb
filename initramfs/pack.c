/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pack.h"

#include <errno.h>
#include <lz4hc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "early/macros.h"
#include "early/strbuf.h"

#define LZ4_LEGACY_MAGIC 0x184C2102U
#define LZ4_LEGACY_BLOCK (8 * 1024 * 1024) /* fixed by the format */
#define ZSTD_LEVEL 19
#define ZSTD_WINDOW_LOG 22 /* the kernel refuses more than 23 */

int pack_parse(const char *text, enum pack_method *ret)
{
	static const char *const names[] = {
		[PACK_NONE] = "none",
		[PACK_LZ4] = "lz4",
		[PACK_ZSTD] = "zstd",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = (enum pack_method)i;
			return 0;
		}
	}
	return -EINVAL;
}

static void add_le32(struct strbuf *out, uint32_t value)
{
	const unsigned char bytes[] = { value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff,
					value >> 24 & 0xff };

	strbuf_add(out, bytes, sizeof(bytes));
}

static int add_lz4(const char *data, size_t len, struct strbuf *out)
{
	int bound = LZ4_compressBound(LZ4_LEGACY_BLOCK);
	CLEANUP(free_charp)
	char *block = malloc((size_t)bound);

	if (!block)
		return -ENOMEM;
	add_le32(out, LZ4_LEGACY_MAGIC);
	for (size_t at = 0; at < len; at += LZ4_LEGACY_BLOCK) {
		int part = (int)MIN(len - at, (size_t)LZ4_LEGACY_BLOCK);
		int packed = LZ4_compress_HC(data + at, block, part, bound, LZ4HC_CLEVEL_MAX);

		if (packed <= 0)
			return -EIO;
		add_le32(out, (uint32_t)packed);
		strbuf_add(out, block, (size_t)packed);
	}
	return strbuf_error(out);
}

static void free_context(ZSTD_CCtx **context)
{
	ZSTD_freeCCtx(*context);
}

static int add_zstd(const char *data, size_t len, struct strbuf *out)
{
	CLEANUP(free_context)
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t bound = ZSTD_compressBound(len);
	CLEANUP(free_charp)
	char *packed = malloc(bound);
	size_t n;

	if (!context || !packed)
		return -ENOMEM;
	if (ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, ZSTD_WINDOW_LOG)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)))
		return -EIO;
	n = ZSTD_compress2(context, packed, bound, data, len);
	if (ZSTD_isError(n))
		return -EIO;
	strbuf_add(out, packed, n);
	return strbuf_error(out);
}

int pack_add(enum pack_method method, const void *data, size_t len, struct strbuf *out)
{
	switch (method) {
	case PACK_NONE:
		strbuf_add(out, data, len);
		return strbuf_error(out);
	case PACK_LZ4:
		return add_lz4(data, len, out);
	case PACK_ZSTD:
		return add_zstd(data, len, out);
	}
	return -EINVAL;
}
