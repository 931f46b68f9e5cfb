/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task.h"

struct device;
struct report;

/* Resuming a hibernated machine. Comes before any mount: the image's file systems are mounted already, in the image. */
struct resume {
	struct task task;
	struct report *report;
	char *node;
	char *sys;
	uint64_t offset; /* in pages, for a swap file */
	uint32_t major;
	uint32_t minor;
	void (*on_done)(struct resume *resume);
	void *data;
};

/* Can this kernel resume, and is it this machine's habit? 0 or -EOPNOTSUPP. */
int resume_is_possible(const char *sys);

/* Does @device hold an image at @offset pages? Reads one page. */
bool resume_has_image(const struct device *device, uint64_t offset);

/*
 * Makes a swap space or file at @path that holds an image into plain swap space again. 1 if it did hold one, 0 if not; -EBADMSG if what to put
 * back is not there. Blocks.
 */
int resume_forget_image(const char *path);

/*
 * Hands @device to the kernel; once for each @resume. If all is well this is the end of this system; @on_done means that the image could not be
 * used, and that mounting is safe now.
 */
int resume_start(struct resume *resume, struct loop *loop, struct report *report, const char *sys,
		 const struct device *device, uint64_t offset,
		 void (*on_done)(struct resume *resume), void *data);
void resume_done(struct resume *resume);

/* Pure: the last bytes of the first page of a hibernated swap space. */
bool resume_is_signature(const void *page, size_t page_size);
