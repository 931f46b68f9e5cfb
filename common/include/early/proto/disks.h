/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * PID 1 <-> early-disks.
 *
 * Each run of early-disks gets one order: ROOT in stage 1; SEPARATE if need be, CHECK, then WRITE, in stage 2. It reports progress meanwhile and ends
 * when its link closes.
 */

enum disks_opcode {
	DISKS_ROOT =
		1, /* to disks: find the root, repair it if its superblock says so, mount it read-only */
	DISKS_CHECK =
		2, /* to disks: check what is due beneath the read-only root, check and repair the other disks of fstab */
	DISKS_WRITE =
		3, /* to disks: root read-write with fstab's options, then mount the other local file systems of fstab */
	DISKS_MOUNTED = 4, /* to PID 1: the root is mounted */
	DISKS_PROGRESS = 5, /* to PID 1 */
	DISKS_CHECKED = 6, /* to PID 1: end of CHECK; or of SEPARATE, if the root needs a repair */
	DISKS_READY =
		7, /* to PID 1: end of WRITE: every local file system is mounted, root is read-write (or stays read-only on purpose); end of SEPARATE */
	DISKS_FAILED = 8, /* to PID 1: the order could not be carried out */
	DISKS_SEPARATE =
		9, /* to disks: check and mount what fstab has at, above or beneath some paths; if one of them lies on the root, make that writable */
	DISKS_WRITABLE =
		10, /* to PID 1, within WRITE: root is read-write; the other file systems follow, then READY */
};

enum disks_check_mode {
	DISKS_CHECK_AUTO = 0,
	DISKS_CHECK_FORCE = 1,
	DISKS_CHECK_SKIP = 2,
};

enum disks_verdict {
	DISKS_VERDICT_CLEAN = 0, /* or nothing was due */
	DISKS_VERDICT_REPAIRED = 1, /* another disk than the root was repaired */
	DISKS_VERDICT_REBOOT =
		2, /* the root needs a repair before it is mounted: stay on the overlay, ask for a reboot */
};

struct disks_root {
	const char *spec; /* root=: UUID=, LABEL=, PARTUUID=, PARTLABEL=, /dev path */
	const char *fstype; /* rootfstype=, may be empty */
	const char *flags; /* rootflags=, may be empty */
	const char *target; /* where to mount, an existing directory */
	uint32_t wait_ms; /* how long the device may take to appear */
	uint32_t check; /* enum disks_check_mode */
};

struct disks_check {
	uint32_t check; /* enum disks_check_mode */
};

struct disks_separate {
	struct wire_list paths;
	uint32_t check; /* enum disks_check_mode */
};

struct disks_mounted {
	uint64_t t_us; /* CLOCK_BOOTTIME */
	const char *device;
	const char *fstype;
	struct wire_list local; /* where the root's fstab mounts something of its own at boot */
	struct wire_list network; /* the same, when there is a network */
	const char *overlays; /* where the root's early.conf wants overlays, with blanks between */
	uint32_t overlays_given; /* 1: it does say, even if it is that there are none */
};

struct disks_progress {
	uint32_t percent; /* 0 to 100 */
	const char *what;
};

struct disks_checked {
	uint64_t t_us;
	uint32_t verdict; /* enum disks_verdict */
	const char *text; /* one line, what was found */
};

struct disks_ready {
	uint64_t t_us;
	uint32_t root_read_only; /* 1: fstab wants it so */
};

struct disks_failed {
	const char *what;
	const char *why;
	const char *advice; /* what a person can do */
};

extern const struct wire_protocol disks_protocol;
