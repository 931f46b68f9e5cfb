/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/loop.h"
#include "early/overlay_paths.h"
#include "early/proto/disks.h"
#include "early/proto/overlay.h"
#include "helper.h"

/* The transient overlays of a boot: one early-overlay for each path, from their mounts to their merges. */
enum union_state {
	UNION_MOUNTING,
	UNION_MOUNTED,
	UNION_MERGING,
	UNION_MERGED, /* all is in the real directory */
	UNION_GONE, /* and path look-ups reach it */
	UNION_FAILED, /* not mounted: the path is what the root has there */
	UNION_LEFT_OUT, /* fstab mounts something of its own there, which an overlay would hide */
};

struct unions;

struct union_mount {
	struct unions *unions;
	struct helper helper;
	enum union_state state;
	uint32_t n_restarts; /* of a daemon that died */
	bool stays; /* merged, but it could not be unmounted */
	uint64_t files_done; /* of the merge under way */
	uint64_t files_total;
	char path[OVERLAY_PATH_SIZE];
};

struct unions {
	struct loop *loop;
	struct union_mount mounts[OVERLAY_PATHS_MAX];
	uint32_t n_mounts;
	bool merge_wanted;
	bool keep; /* never merged: the root is read-only on purpose */
	bool told_mounted;
	bool told_merged;
	bool told_gone;
	/* Each once, when it holds for all (those that failed to mount left out). */
	void (*on_mounted)(struct unions *unions);
	void (*on_merged)(struct unions *unions, uint64_t t_us);
	void (*on_gone)(struct unions *unions, uint64_t t_us);
	/* All of it is on the disk, but it is still mounted; a merge that is asked for again tries that. */
	void (*on_stays)(struct unions *unions, const char *path, const char *why,
			 const char *advice);
	/* Its merge failed, which may be asked for again; or its mount, then its state says so. */
	void (*on_failed)(struct union_mount *mount, const char *why, const char *advice);
	/* A merge is further than it was; a report of the same as before does not count. May be NULL. */
	void (*on_progress)(struct unions *unions);
	void *data;
};

/*
 * Callbacks are set by the caller before. With no path, on_mounted comes from within. A path that concerns a mount of its own in
 * @root's fstab is left out.
 */
void unions_start(struct unions *unions, struct loop *loop, const struct overlay_paths *paths,
		  const struct disks_mounted *root);

/* Does fstab mount something at, above or beneath @path at boot (from a network: at it)? Pure. */
bool unions_is_separate(const char *path, const struct disks_mounted *root);

/* Some path is left out: what fstab has there must be mounted before anybody needs it. */
bool unions_any_left_out(const struct unions *unions);

/* Brings all into the real file system. Idempotent. */
void unions_merge(struct unions *unions);

/* Nothing is to be waited for: each is gone, or merged and could not go, or all are kept. */
bool unions_are_settled(const struct unions *unions);
bool unions_are_merging(const struct unions *unions);

/* Adds the paths whose overlays are there or to come: below them no service may get a mount of its own. */
int unions_list_overlaid(const struct unions *unions, char ***paths);
/* How far the merges are, all together; 100 as long as nothing is known. */
uint32_t unions_percent(const struct unions *unions);

const char *union_state_name(enum union_state state);

/* Takes over a daemon that the program before an exec started. */
int unions_adopt(struct unions *unions, struct loop *loop, const char *path, enum union_state state,
		 pid_t pid, int link_fd);

/*
 * At the start of stage 2, when the state of stage 1 cannot be used: overlays that nobody has a link to would never be merged,
 * and what fstab says is not known. Nothing has been written to them yet, so they are taken away and all of @paths are left out.
 */
void unions_leave_out(struct unions *unions, struct loop *loop, const struct overlay_paths *paths);
