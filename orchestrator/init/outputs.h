/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct loop;
struct manager;
struct outputs;

/*
 * The link to early-log: starts it with its channel at descriptor 3, gives it the streams of all services, and starts it again
 * with the same streams when it ends.
 */
int outputs_new(struct outputs **ret, struct loop *loop, struct manager *manager,
		const char *program, const char *run_dir);
struct outputs *outputs_free(struct outputs *outputs);

/* The disks are there: write to them from now on. Remembered for a new early-log. */
void outputs_flush(struct outputs *outputs);
