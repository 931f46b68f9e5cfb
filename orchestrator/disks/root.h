/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/proto/disks.h"
#include "kernel_words.h"

struct loop;
struct report;
struct root_order;

/*
 * The order ROOT: ends in DISKS_MOUNTED or DISKS_FAILED, after which @on_end is called once (it may free the order).
 * @words: the kernel command line's; its mode is overruled by the order's. @sys: "/sys"
 * but in tests; lives as long as the order.
 */
int root_order_start(struct root_order **ret_order, struct loop *loop, struct report *report,
		     const struct disks_root *wanted, const struct kernel_words *words,
		     const char *sys, void (*on_end)(void *data), void *data);
struct root_order *root_order_free(struct root_order *order);
