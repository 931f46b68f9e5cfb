/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* What the merge does with one name: a pure decision from what the upper layer and the real directory have there. */
enum plan_kind {
	PLAN_KIND_NOTHING,
	PLAN_KIND_FILE, /* anything that is no directory */
	PLAN_KIND_DIR,
	PLAN_KIND_WHITEOUT, /* upper only */
};

struct plan_input {
	enum plan_kind upper;
	enum plan_kind real;
	bool expected; /* the real object is the one that the union hides, or one that an earlier try has put there */
	bool opaque; /* the upper directory hides what a lower one has */
	bool shared; /* the upper file stands for a real inode that has other names: these must see the change too */
	bool placed; /* the same upper file has already been placed under another name */
};

enum plan_step {
	PLAN_NOTHING,
	PLAN_REPLACE, /* put together beside it, then rename over the name */
	PLAN_LINK, /* another name of what was placed */
	PLAN_REWRITE, /* new bytes into the real inode */
	PLAN_MAKE_DIR,
	PLAN_MERGE_DIR, /* both are directories */
};

struct plan {
	bool conflict; /* is counted */
	bool set_aside; /* the real object is kept under another name */
	bool remove; /* the real object goes, with all beneath it */
	bool clear; /* of the real directory, what the upper has not goes */
	enum plan_step step;
};

struct plan plan_decide(const struct plan_input *input);
