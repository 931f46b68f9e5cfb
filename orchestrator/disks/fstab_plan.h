/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What of fstab is ours, and in which order. Pure. */

struct fstab_entry {
	char *source; /* as written: "UUID=…", "/dev/…", "tmpfs" */
	char *target; /* "none" for swap */
	char *type;
	char *options;
	int passno;
	bool failed; /* set by whoever mounts */
};

struct fstab {
	struct fstab_entry *entries;
	size_t n_entries;
};

enum fstab_class {
	FSTAB_ROOT,
	FSTAB_SWAP,
	FSTAB_LOCAL, /* mounted at boot */
	FSTAB_NETWORK, /* left to whoever brings the network up */
	FSTAB_NOT_AT_BOOT, /* noauto, an automount, or no mount at all */
};

enum fstab_class fstab_classify(const struct fstab_entry *entry);

/* Is the option there? *ret_value (may be NULL) points behind its '=' or at its end, up to the next comma. */
bool fstab_option(const struct fstab_entry *entry, const char *name, const char **ret_value);

/* Does its source name a block device (and not "tmpfs", a directory to bind …)? */
bool fstab_has_device(const struct fstab_entry *entry);

/* How long its device may take: x-systemd.device-timeout=, else 0 with nofail, else @default_us. */
uint64_t fstab_device_timeout_us(const struct fstab_entry *entry, uint64_t default_us);

/* Moves what lies beneath another entry's target behind it; all else stays in the order of the file. */
void fstab_sort(struct fstab *fstab);

/*
 * Leaves the root and what mounting at, above or beneath @paths takes: those entries, and those that a bind of them comes from.
 * Returns whether the root has to be writable: one of the paths itself lies on it.
 */
bool fstab_keep_separate(struct fstab *fstab, char *const *paths);

/* Is @path the directory @above, or beneath it? */
bool fstab_path_is_beneath(const char *path, const char *above);

void fstab_done(struct fstab *fstab);
