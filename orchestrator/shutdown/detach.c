/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Swap files and partitions, loop devices, device-mapper volumes: while one is in use the file system or disk beneath is too.
 * Loop devices and volumes that are still in use refuse; the caller tries again after the next round of umounts. The
 * device-mapper is asked by its ioctl, not by its tools, which would wait for a udev that is gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/swap.h>

#include "detach.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "timed.h"

#define SWAPS_MAX (1024 * 1024)
#define IOCTL_TIMEOUT_MS 5000

static int run_swapoff(void *data)
{
	return swapoff(data) < 0 ? -errno : 0;
}

static void swap_off(char *line, uint64_t deadline_us)
{
	uint64_t now_us = clock_monotonic_us();
	int r;

	line[strcspn(line, " \t")] = '\0';
	if (line[0] != '/' || now_us >= deadline_us)
		return;
	r = timed_run(run_swapoff, line, (uint32_t)((deadline_us - now_us) / USEC_PER_MSEC));
	if (r < 0)
		log_warning_errno(r, "swap on %s stays in use", line);
}

void detach_swap(uint32_t timeout_ms)
{
	CLEANUP(free_charp)
	char *text = NULL;
	uint64_t deadline_us = clock_monotonic_us() + timeout_ms * USEC_PER_MSEC;
	char *rest = NULL;

	if (fs_read_file_at(AT_FDCWD, "/proc/swaps", SWAPS_MAX, &text, NULL) < 0)
		return; /* a kernel without swap */
	/* The first line is the heading, which begins with no slash. */
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		swap_off(line, deadline_us);
}

/* Calls @take with the name of each block device that begins with @prefix. */
static void for_each_block(const char *prefix, void (*take)(const char *name))
{
	struct dirent *entry;
	DIR *dir = opendir("/sys/block");

	if (!dir)
		return; /* no sysfs: nothing can be known */
	while ((entry = readdir(dir)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			take(entry->d_name);
	closedir(dir);
}

static int run_loop_clear(void *data)
{
	CLEANUP_FD
	int fd = open(data, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return ioctl(fd, LOOP_CLR_FD, 0) < 0 && errno != ENXIO ? -errno : 0;
}

static void take_loop(const char *name)
{
	char path[300];
	int r;

	snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", name);
	if (!fs_exists_at(AT_FDCWD, path))
		return;
	snprintf(path, sizeof(path), "/dev/%s", name);
	r = timed_run(run_loop_clear, path, IOCTL_TIMEOUT_MS);
	if (r < 0)
		log_warning_errno(r, "%s cannot be detached", path);
}

void detach_loops(void)
{
	for_each_block("loop", take_loop);
}

static int run_dm_remove(void *data)
{
	CLEANUP_FD
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	struct dm_ioctl request = {
		.version = { DM_VERSION_MAJOR, 0, 0 },
		.data_size = sizeof(request),
		.data_start = sizeof(request),
	};

	if (fd < 0)
		return -errno;
	snprintf(request.name, sizeof(request.name), "%s", (const char *)data);
	return ioctl(fd, DM_DEV_REMOVE, &request) < 0 ? -errno : 0;
}

static void take_volume(const char *name)
{
	CLEANUP(free_charp)
	char *dm_name = NULL;
	char path[300];
	int r;

	snprintf(path, sizeof(path), "/sys/block/%s/dm/name", name);
	if (fs_read_line_at(AT_FDCWD, path, &dm_name) < 0)
		return;
	r = timed_run(run_dm_remove, dm_name, IOCTL_TIMEOUT_MS);
	if (r < 0)
		log_debug("volume %s stays: %s", dm_name, strerror(-r));
}

void detach_device_mapper(void)
{
	for_each_block("dm-", take_volume);
}
