/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Worker threads around the plan. One lock guards the plan; finit_module() runs outside of it. The kernel links modules one
 * after the other under its own lock but copies them, verifies them and runs their init functions (which is where
 * drivers probe) in parallel, and that is where the time goes.
 *
 * Who waits for the end polls idle_fd: it becomes readable when the plan has nothing left. Uevents of a driver's probe are
 * in the netlink socket before its finit_module() returns, so "idle, and the socket is empty" means that nothing more will
 * come from here.
 */
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/module.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/strbuf.h"

#include "modlist.h"
#include "phase.h"
#include "words.h"

/* More than the longest chain of modules that a display needs: its devices have to appear meanwhile. */
#define POOL_BUS_LEAD_BYTES (64 * 1024 * 1024)

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);

	return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static int load(struct pool *pool, const struct modlist_module *module)
{
	CLEANUP_STRBUF
	struct strbuf parameters = STRBUF_INIT;
	CLEANUP_FD
	int fd = -1;
	int flags = ends_with(module->path, ".ko") ? 0 : MODULE_INIT_COMPRESSED_FILE;

	if (words_is_blacklisted(pool->words, module->name))
		return -ECANCELED;
	strbuf_puts(&parameters, module->options);
	words_add_parameters(pool->words, module->name, &parameters);
	if (phase_is_passive(module->path))
		strbuf_printf(&parameters, "%sasync_probe", parameters.len ? " " : "");
	if (strbuf_error(&parameters) < 0)
		return -ENOMEM;
	fd = openat(pool->modules_fd, module->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, parameters.len ? parameters.data : "", flags) < 0 &&
	    errno != EEXIST)
		return -errno;
	return 0;
}

static const char *explain(int error)
{
	switch (-error) {
	case ECANCELED:
		return "it is blacklisted on the kernel's command line";
	case ENOEXEC:
		return "it is not for this kernel";
	case EKEYREJECTED:
		return "its signature is not valid";
	case ENODEV:
		return "its device is not there";
	case EOPNOTSUPP:
		return "this kernel does not unpack modules";
	}
	return strerror(-error);
}

static void say(const struct pool *pool, const struct modlist_module *module, int error,
		uint64_t start_us)
{
	uint64_t took_us = clock_monotonic_us() - start_us;

	if (error >= 0 || error == -ECANCELED)
		log_debug("%s: %s, from %llu us on for %llu us", module->name,
			  error < 0 ? explain(error) : "loaded",
			  (unsigned long long)(start_us - pool->start_us),
			  (unsigned long long)took_us);
	else
		log_error("cannot load %s (%s): %s", module->name, module->path, explain(error));
}

static void tell_idle(struct pool *pool)
{
	const uint64_t one = 1;

	/* The counter cannot overflow, and there is nobody else to tell. */
	(void)!write(pool->idle_fd, &one, sizeof(one));
}

static void *work(void *data)
{
	struct pool *pool = data;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stop) {
		size_t index = plan_next(&pool->plan);
		const struct modlist_module *module;
		uint64_t start_us;
		int r;

		if (index == MODLIST_NONE) {
			if (plan_is_idle(&pool->plan))
				tell_idle(pool);
			pthread_cond_wait(&pool->work, &pool->lock);
			continue;
		}
		module = &pool->plan.list->modules[index];
		pthread_mutex_unlock(&pool->lock);
		start_us = clock_monotonic_us();
		r = load(pool, module);
		say(pool, module, r, start_us);
		pthread_mutex_lock(&pool->lock);
		plan_finish(&pool->plan, index, r);
		pthread_cond_broadcast(&pool->work);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static unsigned int count_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 2;
	return (unsigned int)CPU_COUNT(&set);
}

static int start_threads(struct pool *pool, unsigned int spare)
{
	unsigned int wanted = MIN(count_cpus() + spare, (unsigned int)POOL_MAX_THREADS);

	while (pool->n_threads < wanted) {
		int error = pthread_create(&pool->threads[pool->n_threads], NULL, work, pool);

		/* One is enough to get on. */
		if (error != 0)
			return pool->n_threads > 0 ? 0 : -error;
		pool->n_threads++;
	}
	return 0;
}

int pool_init(struct pool *pool, const struct modlist *list, const struct words *words,
	      int modules_fd, unsigned int spare)
{
	int r;

	*pool = (struct pool){ .words = words,
			       .modules_fd = modules_fd,
			       .idle_fd = -1,
			       .start_us = clock_monotonic_us() };
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	r = plan_init(&pool->plan, list);
	if (r >= 0) {
		pool->idle_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		r = pool->idle_fd < 0 ? -errno : start_threads(pool, spare);
	}
	if (r < 0)
		pool_done(pool);
	return r;
}

void pool_done(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (; pool->n_threads > 0; pool->n_threads--)
		pthread_join(pool->threads[pool->n_threads - 1], NULL);
	pool->idle_fd = fd_close(pool->idle_fd);
	plan_done(&pool->plan);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
}

void pool_set_loaded(struct pool *pool, size_t module)
{
	pthread_mutex_lock(&pool->lock);
	plan_set_loaded(&pool->plan, module);
	pthread_mutex_unlock(&pool->lock);
}

void pool_want(struct pool *pool, size_t module)
{
	const char *path = pool->plan.list->modules[module].path;
	uint64_t lead = phase_is_bus(path) ? POOL_BUS_LEAD_BYTES : 0;

	pthread_mutex_lock(&pool->lock);
	if (plan_want(&pool->plan, module, lead))
		pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

bool pool_is_idle(struct pool *pool)
{
	bool idle;

	pthread_mutex_lock(&pool->lock);
	idle = plan_is_idle(&pool->plan);
	pthread_mutex_unlock(&pool->lock);
	return idle;
}
