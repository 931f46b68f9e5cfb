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
#define LOOP_ARMED_UNKNOWN UINT64_MAX
#define LOOP_CHILD_BUCKETS 64 /* pids follow one another: their lowest bits spread well */

struct loop {
	int epoll_fd;
	bool exiting;
	int exit_code;
	struct epoll_event batch[LOOP_BATCH]; /* under dispatch; data.ptr NULL: removed meanwhile */
	int batch_len;
	struct list hooks; /* loop_hook::link */
	struct list settled; /* loop_hook::link */
	struct {
		int fd;
		uint32_t n_heard;
	} closing[LOOP_CLOSING];
	size_t n_closing;

	/* loop_timer.c */
	struct list timers; /* loop_timer::link, earliest first */
	struct loop_source timer_source;
	int timer_fd;
	uint64_t armed_us; /* what timer_fd is set to; 0: nothing, LOOP_ARMED_UNKNOWN: it fired */

	/* loop_signal.c */
	struct loop_source signal_source;
	int signal_fd;
	sigset_t signals;
	struct {
		loop_signal_fn fn;
		void *data;
	} signal_handlers[LOOP_SIGNALS];

	/* loop_child.c */
	struct list children[LOOP_CHILD_BUCKETS]; /* loop_child::link, by the pid */
	void (*sleep_fn)(void *data);
	void *sleep_data;
	void (*stranger_fn)(const siginfo_t *info, void *data);
	void *stranger_data;
};

bool loop_timers_due(const struct loop *loop);
/* Calls those that are due. */
void loop_timers_run(struct loop *loop);
/* Before the loop sleeps: sets timer_fd, if it is set to something else. */
void loop_timers_arm(struct loop *loop);
void loop_timers_done(struct loop *loop);
void loop_signals_done(struct loop *loop);
void loop_children_init(struct loop *loop);
void loop_children_done(struct loop *loop);
