/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "check_plan.h"

#define KERNEL_WORD_MAX 256

/* What early-disks itself reads from the kernel command line; the rest comes with the orders. */
struct kernel_words {
	enum disks_check_mode mode; /* fsck.mode=, early.fsck= */
	enum check_repair repair; /* fsck.repair= */
	char resume[KERNEL_WORD_MAX]; /* resume=; empty: not given */
	uint64_t resume_offset; /* resume_offset=, in pages */
	bool no_resume; /* noresume */
	bool root_writable; /* rw, and no ro behind it */
};

/* Pure. The last of a repeated word counts; a value that is none is logged and passed over. */
void kernel_words_parse(const char *cmdline, struct kernel_words *ret_words);

/* From /proc/cmdline; the defaults if it cannot be read. */
void kernel_words_read(struct kernel_words *ret_words);
