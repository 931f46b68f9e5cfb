/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "early/list.h"
#include "early/strbuf.h"
#include "node.h"

struct overlay;

/*
 * The merge: the upper layer is brought into the real directory while the union is in use, then every node and handle is
 * backed by the real tree. Runs in a thread of its own that holds no lock.
 */
struct merge_result {
	uint64_t files;
	uint64_t bytes;
	uint64_t conflicts;
	char *path; /* where it failed, beneath the union's root */
	const char *advice;
};

struct merge_progress {
	atomic_uint_fast64_t files_done;
	atomic_uint_fast64_t files_total;
};

/* Drops the kernel's pages of a node; dirty ones come back as writes. */
typedef void (*merge_inval_fn)(void *data, struct node *node);

/*
 * 0, or negative errno: then the union is as it was, the real directory has nothing half written, and the merge can be asked
 * for again. @real_fd: a private clone of the real directory.
 */
int merge_run(struct overlay *overlay, int real_fd, merge_inval_fn inval, void *inval_data,
	      struct merge_progress *progress, struct merge_result *ret_result);
void merge_result_done(struct merge_result *result);

/* Drops what the kernel has cached of all nodes (of those open for writing only, if @writers_only). No lock may be held. */
void merge_inval_all(struct overlay *overlay, bool writers_only, merge_inval_fn inval, void *data);

/* --- between merge.c and apply.c --- */

/* A file that was copied into the staging directory while the union was in use. */
struct staged {
	struct list link; /* merge::staged */
	struct node *node; /* pinned */
	char name[24];
};

struct merge {
	struct overlay *overlay;
	int real_fd;
	int staging_fd;
	struct list staged; /* staged::link */
	struct list removals; /* removals.h */
	struct list exchanges; /* exchanges.h */
	bool keep_staging; /* it holds what redo.c needs, or the only copy of something */
	uint64_t next_name;
	struct merge_progress *progress;
	struct merge_result *result;
	struct strbuf path; /* of what is being worked on */
	bool hides_all; /* an opaque directory is being worked on: whatever the real one has, the union hides */
};

void merge_next_name(struct merge *merge, char *name, size_t size);
/* Remembers the path at the first failure; returns @r. */
int merge_failed(struct merge *merge, const char *text, int r);
size_t merge_path_push(struct merge *merge, const char *text);
void merge_path_pop(struct merge *merge, size_t len);

/* A full copy of the upper file in the staging directory, with everything but its times. */
int apply_stage_file(struct merge *merge, struct node *node, const char *name);

/* With the gate held for writing: everything into place. Nodes get their next_fd. */
int apply_all(struct merge *merge);
