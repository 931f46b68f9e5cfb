/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

struct loop;
struct manager;
struct outputs;

/*
 * The link to early-log: starts it with its channel at descriptor 3, gives it the streams of all services, and starts it again
 * with the same streams when it ends. Its lines' times count from @zero_us (CLOCK_BOOTTIME).
 */
int outputs_new(struct outputs **ret, struct loop *loop, struct manager *manager,
		const char *program, const char *run_dir, uint64_t zero_us);
struct outputs *outputs_free(struct outputs *outputs);

/* The disks are there: write to them from now on. Remembered for a new early-log. */
void outputs_flush(struct outputs *outputs);
