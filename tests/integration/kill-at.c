/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into early-log: points of its life are counted in a file that the test maps (EARLY_TEST_KILL), and at the one numbered
 * `kill_at` it is killed. A point is before and behind each call that changes something outside of the process, or reads from
 * there; and in the midst of a write, half of which has come to the file then. The writer of the archive is left in peace.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((typeof(&(name)))dlsym(RTLD_NEXT, #name))

struct control {
	uint64_t count;
	uint64_t kill_at; /* 0: never */
};

static struct control *control;
static pid_t owner;

static int is_archive(void)
{
	char line[4096];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		(void)close(fd);
	return len <= 0 || memmem(line, (size_t)len, "--archive", sizeof("--archive")) != NULL;
}

__attribute__((constructor)) static void find_control(void)
{
	const char *path = getenv("EARLY_TEST_KILL");
	int fd = path && !is_archive() ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (map == MAP_FAILED)
		abort();
	owner = getpid();
	control = map;
}

static int is_next(void)
{
	return control && getpid() == owner && ++control->count == control->kill_at;
}

static void die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

static void point(void)
{
	int error = errno;

	if (is_next())
		die();
	errno = error;
}

/* The symbol may have another name than the function (large files), so that it is asked for by its own. */
#define WRAP(type, name, symbol, parameters, arguments)                                            \
	type name parameters                                                                       \
	{                                                                                          \
		type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, symbol);             \
		type result;                                                                       \
                                                                                                   \
		point();                                                                           \
		result = real arguments;                                                           \
		point();                                                                           \
		return result;                                                                     \
	}

WRAP(ssize_t, read, "read", (int fd, void *buf, size_t size), (fd, buf, size))
WRAP(ssize_t, pread, "pread64", (int fd, void *buf, size_t size, off_t at), (fd, buf, size, at))
WRAP(ssize_t, pwrite, "pwrite64", (int fd, const void *buf, size_t size, off_t at),
     (fd, buf, size, at))
WRAP(int, renameat, "renameat", (int old_fd, const char *old, int new_fd, const char *new),
     (old_fd, old, new_fd, new))
WRAP(int, ftruncate, "ftruncate64", (int fd, off_t size), (fd, size))
WRAP(int, posix_fallocate, "posix_fallocate64", (int fd, off_t at, off_t size), (fd, at, size))
WRAP(int, statx, "statx",
     (int fd, const char *restrict path, int flags, unsigned int mask, struct statx *restrict st),
     (fd, path, flags, mask, st))
WRAP(int, epoll_wait, "epoll_wait", (int fd, struct epoll_event *events, int max, int timeout),
     (fd, events, max, timeout))
WRAP(ssize_t, recvmsg, "recvmsg", (int fd, struct msghdr *message, int flags), (fd, message, flags))
WRAP(int, unlinkat, "unlinkat", (int fd, const char *path, int flags), (fd, path, flags))

ssize_t write(int fd, const void *buf, size_t size)
{
	ssize_t result;

	point();
	if (size > 1 && is_next()) {
		(void)!REAL(write)(fd, buf, size / 2);
		die();
	}
	result = REAL(write)(fd, buf, size);
	point();
	return result;
}
