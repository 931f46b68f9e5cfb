/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct kernel_words;
struct loop;
struct report;
struct write_order;

/* The order WRITE: DISKS_WRITABLE when the root is (if fstab wants that); ends in DISKS_READY or (the root stays read-only) DISKS_FAILED, after which @on_end is called once. */
int write_order_start(struct write_order **ret_order, struct loop *loop, struct report *report,
		      const struct kernel_words *words, const char *root,
		      void (*on_end)(void *data), void *data);
struct write_order *write_order_free(struct write_order *order);
