/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cmdline.h"
#include "early/loop.h"
#include "early/proto/disks.h"
#include "helper.h"

/* The disks as PID 1 sees them: one order at a time for early-disks, which is started for each and ends after it. */
struct storage {
	struct loop *loop;
	struct helper disks;
	uint16_t
		order; /* DISKS_ROOT, DISKS_SEPARATE, DISKS_CHECK, DISKS_WRITE; 0: none under way */
	void (*on_mounted)(struct storage *storage, const struct disks_mounted *mounted);
	void (*on_progress)(struct storage *storage, const struct disks_progress *progress);
	void (*on_checked)(struct storage *storage, const struct disks_checked *checked);
	void (*on_writable)(struct storage *storage); /* the root is; WRITE goes on */
	/* @order: DISKS_WRITE or DISKS_SEPARATE. */
	void (*on_ready)(struct storage *storage, uint16_t order, const struct disks_ready *ready);
	void (*on_failed)(struct storage *storage, uint16_t order,
			  const struct disks_failed *failed);
	void *data;
};

/* Callbacks and data are set by the caller before. A failure to start comes by on_failed, from within. */
void storage_init(struct storage *storage, struct loop *loop);
/* Takes over an early-disks that works on @order for the program before an exec. @link_fd is taken over. */
int storage_adopt(struct storage *storage, uint16_t order, pid_t pid, int link_fd);

void storage_find_root(struct storage *storage, const struct cmdline *cmdline, const char *target);
/* Mounts what fstab has at those paths, checked if due, before all else. */
void storage_separate(struct storage *storage, const struct wire_list *paths,
		      enum disks_check_mode check);
void storage_check(struct storage *storage, enum disks_check_mode check);
void storage_write(struct storage *storage);

/* Ends the order that is under way, by its link; nothing is called for it any more. */
void storage_cancel(struct storage *storage);
