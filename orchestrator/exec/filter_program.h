/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "early/macros.h"

/*
 * A program for the kernel's filter machine that answers by the number of a system call alone: a search tree of ranges for each
 * architecture. Pure.
 */

struct filter_call {
	uint32_t number;
	uint32_t action; /* SECCOMP_RET_… */
};

struct filter_program {
	struct sock_filter *code;
	size_t len;
	size_t size;
	int error; /* the first one: later additions do nothing */
};

void filter_program_done(struct filter_program *program);
#define CLEANUP_FILTER_PROGRAM CLEANUP(filter_program_done)

/*
 * What architecture @arch (AUDIT_ARCH_…) is answered; @calls are sorted here, of two for one number the first holds, and any other
 * number gets @other. Each architecture once.
 */
void filter_program_add(struct filter_program *program, uint32_t arch, struct filter_call *calls,
			size_t n_calls, uint32_t other);

/* All other architectures pass. 0, -ENOMEM, or -E2BIG for more than the kernel takes. */
int filter_program_finish(struct filter_program *program);
