/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into early-init: the allocations of PID 1 are counted in a file that the test maps (EARLY_TEST_MALLOC), and those
 * from `fail_at` on, `n_fail` of them, have no memory. Children of PID 1 always have.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
	uint64_t count;
	uint64_t fail_at; /* 0: never */
	uint64_t n_fail;
	uint64_t failed;
};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static struct control *control;

__attribute__((constructor)) static void find_control(void)
{
	const char *path = getenv("EARLY_TEST_MALLOC");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		control = map;
	(void)close(fd);
}

static int fails(void)
{
	uint64_t nth;

	if (!control || getpid() != 1)
		return 0;
	nth = ++control->count;
	if (control->fail_at == 0 || nth < control->fail_at ||
	    nth >= control->fail_at + control->n_fail)
		return 0;
	control->failed++;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}
