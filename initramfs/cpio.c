/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cpio.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "early/strbuf.h"

#define CPIO_BLOCK 512
#define CPIO_MAX_NAME 4096 /* the kernel's limit, its NUL included */

static void pad(struct strbuf *out, size_t unit)
{
	static const char zeros[CPIO_BLOCK];

	strbuf_add(out, zeros, (unit - out->len % unit) % unit);
}

static int add_member(struct cpio *cpio, const char *path, uint32_t mode, uint32_t inode,
		      const void *data, size_t len, uint32_t major, uint32_t minor)
{
	size_t name_len = strlen(path) + 1;

	if (len > UINT32_MAX)
		return -EFBIG;
	if (name_len > CPIO_MAX_NAME)
		return -ENAMETOOLONG;
	strbuf_printf(cpio->out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		      inode, mode, 0, 0, S_ISDIR(mode) ? 2 : 1, cpio->mtime, (uint32_t)len, 0, 0,
		      major, minor, (uint32_t)name_len, 0);
	strbuf_add(cpio->out, path, name_len);
	pad(cpio->out, 4);
	if (len > 0)
		strbuf_add(cpio->out, data, len);
	pad(cpio->out, 4);
	return strbuf_error(cpio->out);
}

void cpio_init(struct cpio *cpio, struct strbuf *out, uint32_t mtime)
{
	*cpio = (struct cpio){ .out = out, .mtime = mtime, .next_inode = 1 };
}

int cpio_add(struct cpio *cpio, const char *path, uint32_t mode, const void *data, size_t len,
	     uint32_t major, uint32_t minor)
{
	return add_member(cpio, path, mode, cpio->next_inode++, data, len, major, minor);
}

int cpio_finish(struct cpio *cpio)
{
	int r = add_member(cpio, "TRAILER!!!", 0, 0, NULL, 0, 0, 0);

	pad(cpio->out, CPIO_BLOCK);
	return r < 0 ? r : strbuf_error(cpio->out);
}
