/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into early-overlay: writes the calls that decide what a power cut leaves, in their order, to the file named by
 * EARLY_OVERLAY_CALLS. A line is the call, then names without their directories:
 *
 *	write NAME · sync NAME · syncfs · rename OLD NEW · unlink NAME · accept
 *
 * With EARLY_OVERLAY_LINGERS a thread that has answered is slow to go on: whoever got the answer is done before it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

struct fuse_req;

#define EXPORT __attribute__((visibility("default")))
#define REAL(name) ((typeof(&(name)))dlsym(RTLD_NEXT, #name))

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *fmt, ...)
{
	static int log_fd = -1;
	const char *log = getenv("EARLY_OVERLAY_CALLS");
	char line[2 * NAME_MAX + 32];
	va_list args;
	int len;

	if (!log)
		return;
	if (log_fd < 0)
		log_fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	va_start(args, fmt);
	len = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (len <= 0 || len >= (int)sizeof(line) || write(log_fd, line, (size_t)len) != len)
		abort();
}

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void note_fd(const char *call, int fd)
{
	char link[32], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = '\0';
	if (strstr(path, "/.early-merge/"))
		note("%s %s\n", call, base(path));
}

EXPORT ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t offset)
{
	note_fd("write", fd);
	return REAL(pwrite64)(fd, buf, len, offset);
}

EXPORT int ftruncate64(int fd, off64_t length)
{
	note_fd("write", fd);
	return REAL(ftruncate64)(fd, length);
}

EXPORT int fsync(int fd)
{
	int r = REAL(fsync)(fd);

	note_fd("sync", fd);
	return r;
}

EXPORT int fdatasync(int fd)
{
	int r = REAL(fdatasync)(fd);

	note_fd("sync", fd);
	return r;
}

EXPORT int syncfs(int fd)
{
	int r = REAL(syncfs)(fd);

	note("syncfs\n");
	return r;
}

/* While the file named by EARLY_OVERLAY_DIES is there, names can't be exchanged, and the daemon is killed before anything is named "dir". */
static bool is_to_die(void)
{
	const char *flag = getenv("EARLY_OVERLAY_DIES");

	return flag && access(flag, F_OK) == 0;
}

static void die_at(const char *new_name)
{
	if (strcmp(base(new_name), "dir") == 0 && is_to_die())
		(void)kill(getpid(), SIGKILL);
}

/*
 * While DIR/NAME is there, DIR being named by EARLY_OVERLAY_STALLS, the first thread that has opened something called NAME makes
 * DIR/NAME.reached and goes no further; for DIR/NAME.rename one that is about to rename something so.
 */
static void stall(const char *name)
{
	const char *dir = getenv("EARLY_OVERLAY_STALLS");
	char flag[PATH_MAX], reached[PATH_MAX + 16];
	int fd;

	if (!dir || name[0] == '.' || strchr(name, '/'))
		return;
	(void)snprintf(flag, sizeof(flag), "%s/%s", dir, name);
	(void)snprintf(reached, sizeof(reached), "%s.reached", flag);
	fd = access(flag, F_OK) == 0 ? open(reached, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
				     : -1;
	if (fd < 0)
		return;
	(void)close(fd);
	while (access(flag, F_OK) == 0)
		usleep(1000);
}

EXPORT int renameat(int old_dir, const char *old_name, int new_dir, const char *new_name)
{
	die_at(new_name);
	note("rename %s %s\n", base(old_name), base(new_name));
	return REAL(renameat)(old_dir, old_name, new_dir, new_name);
}

EXPORT int renameat2(int old_dir, const char *old_name, int new_dir, const char *new_name,
		     unsigned int flags)
{
	char name[NAME_MAX + 16];

	if ((flags & RENAME_EXCHANGE) && is_to_die()) {
		errno = EINVAL;
		return -1;
	}
	die_at(new_name);
	(void)snprintf(name, sizeof(name), "%s.rename", base(new_name));
	stall(name);
	note("rename %s %s\n", base(old_name), base(new_name));
	return REAL(renameat2)(old_dir, old_name, new_dir, new_name, flags);
}

/* While the file named by EARLY_OVERLAY_STAYS is there, nothing can be unmounted. */
EXPORT int umount2(const char *target, int flags)
{
	const char *stays = getenv("EARLY_OVERLAY_STAYS");

	if (stays && access(stays, F_OK) == 0) {
		errno = EPERM;
		return -1;
	}
	return REAL(umount2)(target, flags);
}

EXPORT int openat64(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;
	int fd, error;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	fd = REAL(openat64)(dir, name, flags, mode);
	error = errno;
	stall(name);
	errno = error;
	return fd;
}

/* With EARLY_OVERLAY_CLOCK the time of day was an hour later whenever somebody looked: it is set back all the time. */
EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
	int r = REAL(clock_gettime)(clock, now);

	if (r == 0 && clock == CLOCK_REALTIME && getenv("EARLY_OVERLAY_CLOCK"))
		now->tv_sec += 3600;
	return r;
}

/* With EARLY_OVERLAY_GROWS an attribute grows, and a list of them, between a look at its size and one at itself. */
static ssize_t size_before(ssize_t size, const void *buf)
{
	return size > 0 && !buf && getenv("EARLY_OVERLAY_GROWS") ? size - 1 : size;
}

EXPORT ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	return size_before(REAL(getxattr)(path, name, value, size), value);
}

EXPORT ssize_t listxattr(const char *path, char *list, size_t size)
{
	return size_before(REAL(listxattr)(path, list, size), list);
}

EXPORT int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	note("accept\n");
	return REAL(accept4)(fd, address, size, flags);
}

EXPORT int unlinkat(int dir, const char *name, int flags)
{
	note("unlink %s\n", base(name));
	return REAL(unlinkat)(dir, name, flags);
}

EXPORT int fuse_reply_buf(struct fuse_req *req, const char *buf, size_t size);

EXPORT int fuse_reply_buf(struct fuse_req *req, const char *buf, size_t size)
{
	int r = REAL(fuse_reply_buf)(req, buf, size);

	if (getenv("EARLY_OVERLAY_LINGERS"))
		usleep(300 * 1000);
	return r;
}
