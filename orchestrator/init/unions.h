/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cmdline.h"
#include "early/loop.h"
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
};

struct unions;

struct union_mount {
	struct unions *unions;
	struct helper helper;
	enum union_state state;
	uint32_t n_restarts; /* of a daemon that died */
	char path[CMDLINE_VALUE_MAX];
};

struct unions {
	struct loop *loop;
	struct union_mount mounts[CMDLINE_MAX_UNIONS];
	uint32_t n_mounts;
	bool merge_wanted;
	bool told_mounted;
	bool told_merged;
	bool told_gone;
	/* Each once, when it holds for all (those that failed to mount left out). */
	void (*on_mounted)(struct unions *unions);
	void (*on_merged)(struct unions *unions, uint64_t t_us);
	void (*on_gone)(struct unions *unions, uint64_t t_us);
	/* A mount or a merge failed; a merge may be asked for again. */
	void (*on_failed)(struct unions *unions, const char *path, const char *why,
			  const char *advice);
	void *data;
};

/* Callbacks are set by the caller before. With no path, on_mounted comes from within. */
void unions_start(struct unions *unions, struct loop *loop, const struct cmdline *cmdline);

/* Brings all into the real file system. Idempotent. */
void unions_merge(struct unions *unions);

bool unions_all_gone(const struct unions *unions);
bool unions_are_merging(const struct unions *unions);

/* Adds the paths whose overlays are there or to come: below them no service may get a mount of its own. */
int unions_list_overlaid(const struct unions *unions, char ***paths);

const char *union_state_name(enum union_state state);

/* Takes over a daemon that the program before an exec started. */
int unions_adopt(struct unions *unions, struct loop *loop, const char *path, enum union_state state,
		 pid_t pid, int link_fd);

/*
 * At the start of stage 2, when the state of stage 1 cannot be used: overlays that nobody has a link to would never be merged.
 * Nothing has been written to them yet, so they are taken away and made again.
 */
void unions_start_anew(struct unions *unions, struct loop *loop, const struct cmdline *cmdline);
