/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The RAM root: the old root can be unmounted only when nobody stands on it. A tmpfs holds nothing but mount points; the
 * program itself runs from a memfd. It is linked statically, so no library of the old root stays mapped.
 *
 * pivot_root refuses shared mounts, so everything is made private first. On the kernel's own first root (an early-init that
 * never left the initramfs) it is impossible: there is no disk beneath to be unmounted then.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "ram_root.h"

/* Directories that are there, or can be made, on any machine. */
static const char *const places[] = { "/run/early/shutdown", "/mnt", "/tmp", "/run" };

static int mount_tmpfs(const char **ret_place)
{
	int r = -ENOENT;

	(void)fs_mkdir_p_at(AT_FDCWD, places[0], 0755); /* else one of the others */
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (mount("tmpfs", places[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m") ==
		    0) {
			*ret_place = places[i];
			return 0;
		}
		r = -errno;
	}
	return r;
}

static int fill(void)
{
	static const char *const moved[] = { "/dev", "/sys", "/proc" };

	if (mkdir("oldroot", 0700) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(moved); i++) {
		if (mkdir(moved[i] + 1, 0755) < 0)
			return -errno;
		/* One that is not mounted is not missed, but /proc is. */
		if (mount(moved[i], moved[i] + 1, NULL, MS_MOVE, NULL) < 0)
			log_debug("cannot move %s: %m", moved[i]);
	}
	return 0;
}

/* Puts back what fill() may have moved. */
static void empty(void)
{
	static const char *const moved[] = { "proc", "sys", "dev" };
	static const char *const back[] = { "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < ARRAY_SIZE(moved); i++)
		(void)mount(moved[i], back[i], NULL, MS_MOVE,
			    NULL); /* it may never have been moved */
}

int ram_root_enter(void)
{
	const char *place = NULL;
	int r;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	r = mount_tmpfs(&place);
	if (r < 0)
		return r;
	if (chdir(place) < 0)
		return -errno;
	r = fill();
	if (r == 0 && syscall(SYS_pivot_root, ".", "oldroot") < 0)
		r = -errno;
	if (r < 0) {
		empty();
		return chdir("/") < 0 ? -errno : r;
	}
	if (chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

int ram_root_execute_self(char *const *argv)
{
	CLEANUP_FD
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	CLEANUP_FD
	int memory = -1;
	int r;

	if (self < 0)
		return -errno;
	r = fd_new_memfd("early-shutdown", &memory);
	if (r == 0)
		r = fd_copy(self, memory);
	if (r < 0)
		return r;
	(void)fexecve(memory, argv, (char *const[]){ NULL });
	return -errno;
}
