/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "early/loop.h"

/*
 * The way out for a person: a shell on every console of the kernel. On a serial line at once; on the screen's VT, where
 * the picture says what failed, after the Enter key.
 */
#define RESCUE_MAX_CONSOLES 4

struct rescue;

/* How long to wait before the next shell after @n_short in a row that ended at once. */
uint64_t rescue_pause_us(unsigned int n_short);

struct rescue_shell {
	struct rescue *rescue;
	struct loop_child child;
	struct loop_timer again;
	uint64_t started_us; /* CLOCK_MONOTONIC */
	unsigned int n_short; /* in a row; how many ended before anybody could have used them */
	char tty[32];
	bool on_screen; /* waits for Enter first */
};

struct rescue {
	struct loop *loop;
	struct rescue_shell shells[RESCUE_MAX_CONSOLES];
	unsigned int n_shells;
	const char *console_list; /* a file; NULL: /sys/class/tty/console/active */
	bool in_initramfs; /* a plain shell; in the real root one that asks for root's password */
	/* Somebody wants the text console of the screen. */
	void (*on_enter)(struct rescue *rescue);
	void *data;
};

/* A shell, or who waits for Enter, of a program before; @pid 0, or a dead one: the next comes after a pause. */
void rescue_adopt(struct rescue *rescue, struct loop *loop, const char *tty, pid_t pid,
		  bool on_screen, unsigned int n_short);

/* Writes @what, @why and @advice to every console and starts the shells. A second call only writes. */
void rescue_start(struct rescue *rescue, struct loop *loop, const char *what, const char *why,
		  const char *advice);
