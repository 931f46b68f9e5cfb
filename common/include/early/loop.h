/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "early/list.h"

/*
 * Event loop: level-triggered epoll with sources embedded in their owners. Callbacks settle their own errors; only
 * loop_exit() stops the loop. Any callback may remove and free any source, its own included: removal blanks what is left
 * of the batch under dispatch.
 */
struct loop;

int loop_new(struct loop **ret_loop);
struct loop *loop_free(struct loop *loop);

/* Dispatches until loop_exit(); returns its code, or negative errno if epoll itself failed. */
int loop_run(struct loop *loop);
void loop_exit(struct loop *loop, int code);

/* One turn: waits at most @timeout_ms (-1: no limit) and dispatches what is there. */
int loop_turn(struct loop *loop, int timeout_ms);

/* --- descriptors --- */
struct loop_source;
typedef void (*loop_fn)(struct loop_source *source, uint32_t events);

struct loop_source {
	struct loop *loop; /* NULL: not added */
	loop_fn fn;
	int fd; /* the owner's, never closed here */
};

/* @events: EPOLLIN, EPOLLOUT … */
int loop_add(struct loop *loop, struct loop_source *source, int fd, uint32_t events, loop_fn fn);
int loop_modify(struct loop_source *source, uint32_t events);

/* Idempotent. Must come before the descriptor is closed. */
void loop_remove(struct loop_source *source);

/* --- timers: absolute deadlines of CLOCK_MONOTONIC, one timerfd --- */
struct loop_timer;
typedef void (*loop_timer_fn)(struct loop_timer *timer);

struct loop_timer {
	struct list link; /* loop::timers; zeroed memory is fine before the first start */
	struct loop *loop; /* NULL: not armed */
	loop_timer_fn fn;
	uint64_t deadline_us;
};

/* Arms or re-arms. Fires once, not before @deadline_us. */
int loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t deadline_us,
		     loop_timer_fn fn);
void loop_timer_stop(struct loop_timer *timer);

/* --- signals: blocked in this process and read from one signalfd --- */
struct loop_signal_info {
	int signo;
	pid_t pid;
	uid_t uid;
	int value;
};

typedef void (*loop_signal_fn)(const struct loop_signal_info *info, void *data);

/* One handler for each signal; a second call replaces it. */
int loop_signal(struct loop *loop, int signo, loop_signal_fn fn, void *data);

/* --- children --- */
struct loop_child;
typedef void (*loop_child_fn)(struct loop_child *child, const siginfo_t *info);

struct loop_child {
	struct list
		link; /* loop::children, by its pid; zeroed memory is fine before the first watch */
	struct loop *loop; /* NULL: not watched */
	pid_t pid;
	loop_child_fn fn;
	/* Or NULL. The owner's: a watch leaves it as it is. */
	void (*ending)(struct loop_child *child);
};

/*
 * Reaping: after loop_reap_children() one waitid loop collects every child, strangers included. @fn runs after
 * its child was reaped and is no longer watched; @ending before both, while the pid is still the child's, and may end the watch.
 */
int loop_reap_children(struct loop *loop);
int loop_child_watch(struct loop *loop, struct loop_child *child, pid_t pid, loop_child_fn fn);
void loop_child_unwatch(struct loop_child *child);

/* Called in every turn after the hooks, right before the loop sleeps. */
void loop_set_sleep_fn(struct loop *loop, void (*fn)(void *data), void *data);

/* Called for each reaped child that nobody watched (debugging, tests); NULL for none. */
void loop_set_stranger_fn(struct loop *loop, void (*fn)(const siginfo_t *info, void *data),
			  void *data);

/* --- before sleep: called once before the loop sleeps next, for flushing --- */
struct loop_hook;
typedef void (*loop_hook_fn)(struct loop_hook *hook);

struct loop_hook {
	struct list
		link; /* loop::hooks or loop::settled; zeroed memory is fine before the first schedule */
	struct loop *loop; /* NULL: not scheduled */
	loop_hook_fn fn;
};

void loop_hook_schedule(struct loop *loop, struct loop_hook *hook, loop_hook_fn fn);
void loop_hook_cancel(struct loop_hook *hook);

/*
 * --- settled: called once, after the function of loop_set_sleep_fn, when all that this turn has done is saved ---
 * loop_settle() does so at once, for a program that saves and then executes another.
 */
void loop_hook_settled(struct loop *loop, struct loop_hook *hook, loop_hook_fn fn);
void loop_settle(struct loop *loop);

/*
 * Closes the socket @fd when this turn is settled, for it may be needed by who goes on after a crash; at once if too many wait. Its first
 * @n_heard messages were handled already.
 */
void loop_close_settled(struct loop *loop, int fd, uint32_t n_heard);
