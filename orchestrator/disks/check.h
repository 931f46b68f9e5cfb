/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/proto/disks.h"

struct check_order;
struct kernel_words;
struct loop;
struct report;

/*
 * The order CHECK: ends in DISKS_CHECKED, after which @on_end is called once. With @paths (copied), the first half of SEPARATE:
 * only what fstab_keep_separate() leaves is checked, and nothing is reported.
 */
int check_order_start(struct check_order **ret_order, struct loop *loop, struct report *report,
		      const struct disks_check *wanted, const struct kernel_words *words,
		      const char *root, char *const *paths, void (*on_end)(void *data), void *data);
enum disks_verdict check_order_verdict(const struct check_order *order);
/* What was found, in words; valid as long as the order. */
const char *check_order_text(const struct check_order *order);
struct check_order *check_order_free(struct check_order *order);
