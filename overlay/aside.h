/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

struct overlay;
struct session;

/*
 * Stepping aside after the merge: path look-ups go to the real directory, except in directories where something in use can't
 * go with them (a bound socket, a FIFO, a shared mapping, a database under lock). Those are bound over the real ones, still
 * served, until that use ends.
 */
struct aside {
	struct overlay *overlay;
	struct session *session;
	const char *mountpoint;
	const char *into; /* the real directory, if it is not what lies beneath the mount point */
	atomic_uint n_sticky;
	bool placed; /* into is beneath the union, or in its place */
	bool detached; /* the union is unmounted */
};

/*
 * Unmounts the union. No lock may be held. 0 or negative errno: the union is served on, and the next call goes on where this
 * one stopped.
 */
int aside_step(struct aside *aside);

/* Takes the bound directories away one by one, as they fall out of use. Returns when there is none. */
void aside_watch(struct aside *aside);
