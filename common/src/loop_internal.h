/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "early/loop.h"

#define LOOP_BATCH 32
#define LOOP_SIGNALS 65
#define LOOP_CLOSING 64

struct loop {
	int epoll_fd;
	bool exiting;
	int exit_code;
	struct epoll_event batch[LOOP_BATCH]; /* under dispatch; data.ptr NULL: removed meanwhile */
	int batch_len;
	struct list hooks; /* loop_hook::link */
	struct list settled; /* loop_hook::link */
	int closing[LOOP_CLOSING];
	size_t n_closing;

	/* loop_timer.c */
	struct list timers; /* loop_timer::link, earliest first */
	struct loop_source timer_source;
	int timer_fd;

	/* loop_signal.c */
	struct loop_source signal_source;
	int signal_fd;
	sigset_t signals;
	struct {
		loop_signal_fn fn;
		void *data;
	} signal_handlers[LOOP_SIGNALS];

	/* loop_child.c */
	struct list children; /* loop_child::link */
	void (*sleep_fn)(void *data);
	void *sleep_data;
	void (*stranger_fn)(const siginfo_t *info, void *data);
	void *stranger_data;
};

void loop_timers_done(struct loop *loop);
void loop_signals_done(struct loop *loop);
void loop_children_done(struct loop *loop);
