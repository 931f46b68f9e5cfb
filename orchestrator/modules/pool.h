/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/macros.h"

#include "plan.h"

struct modlist;
struct words;

#define POOL_MAX_THREADS 16

/* Threads that load what a plan wants. */
struct pool {
	struct plan plan; /* under @lock */
	const struct words *words;
	int modules_fd; /* /lib/modules/VERSION */
	int idle_fd; /* eventfd: the plan became idle */
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t threads[POOL_MAX_THREADS];
	unsigned int n_threads;
	uint64_t start_us; /* CLOCK_MONOTONIC, what times in the log count from */
	bool stop;
};

/*
 * @list, @words and @modules_fd must live as long. As many threads as there are CPUs, and @spare more, for drivers that sleep
 * while their hardware answers.
 */
int pool_init(struct pool *pool, const struct modlist *list, const struct words *words,
	      int modules_fd, unsigned int spare);

/* Waits for the threads. */
void pool_done(struct pool *pool);

void pool_set_loaded(struct pool *pool, size_t module);

/* Wants a module, and what it needs; buses first, because devices appear behind them. */
void pool_want(struct pool *pool, size_t module);

bool pool_is_idle(struct pool *pool);
