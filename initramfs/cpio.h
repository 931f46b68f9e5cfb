/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct strbuf;

/* Writer of "newc" archives, the format that the kernel unpacks. Owner and group are always root. */
struct cpio {
	struct strbuf *out;
	uint32_t mtime;
	uint32_t next_inode;
};

void cpio_init(struct cpio *cpio, struct strbuf *out, uint32_t mtime);

/* One member. @data is a file's contents or a link's target; @major and @minor are a device's. -EFBIG from 4 GiB on. */
int cpio_add(struct cpio *cpio, const char *path, uint32_t mode, const void *data, size_t len,
	     uint32_t major, uint32_t minor);

/* The trailer, and zeros up to a whole block. */
int cpio_finish(struct cpio *cpio);
