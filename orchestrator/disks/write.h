/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct kernel_words;
struct loop;
struct report;
struct write_order;

/*
 * The order WRITE: DISKS_WRITABLE when the root is (if fstab wants that); ends in DISKS_READY or (the root cannot be made writable)
 * DISKS_FAILED, after which @on_end is called once. With @paths (copied), the second half of SEPARATE: only what
 * fstab_keep_separate() leaves is mounted, and one that is not, and is not nofail, is a failure.
 */
int write_order_start(struct write_order **ret_order, struct loop *loop, struct report *report,
		      const struct kernel_words *words, const char *root, char *const *paths,
		      void (*on_end)(void *data), void *data);
struct write_order *write_order_free(struct write_order *order);
