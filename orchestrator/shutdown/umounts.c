/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each umount is a child with a deadline: a FUSE daemon that hangs or a server that is gone must cost seconds, not the
 * shutdown. What does not come off in time is detached lazily.
 *
 * A umount that succeeds says little: a clone of the mount elsewhere (a name space, a detached tree) keeps the file system
 * in use and dirty. So the superblock itself is set read-only where anything is left: fspick reaches it through any of its
 * mounts, while mount(2) with MS_REMOUNT is the fallback of kernels before 5.2.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "mount_plan.h"
#include "timed.h"
#include "umounts.h"

#define MOUNTINFO_MAX (16 * 1024 * 1024)
#define UMOUNT_TIMEOUT_MS 10000
#define REMOUNT_TIMEOUT_MS 10000
#define MAX_ROUNDS 20

static int read_plan(struct mount_plan *ret_plan)
{
	CLEANUP(free_charp)
	char *text = NULL;
	size_t bad = 0;
	int r = fs_read_file_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL);

	if (r < 0)
		return r;
	r = mount_plan_make(text, ret_plan, &bad);
	if (r == 0 && bad > 0)
		log_warning("%zu lines of mountinfo cannot be read", bad);
	return r;
}

static uint32_t time_left_ms(uint64_t deadline_us, uint32_t at_most_ms)
{
	uint64_t now_us = clock_monotonic_us();

	if (now_us >= deadline_us)
		return 0;
	return (uint32_t)MIN((deadline_us - now_us) / USEC_PER_MSEC, (uint64_t)at_most_ms);
}

struct umount_one {
	const char *target;
	int flags;
};

static int run_umount(void *data)
{
	const struct umount_one *one = data;

	return umount2(one->target, one->flags | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

/* Returns 1 if it is gone. */
static int take_off(const struct mount_step *step, uint64_t deadline_us)
{
	struct umount_one one = {
		.target = step->target,
		.flags = step->action == MOUNT_ACTION_DETACH ? MNT_DETACH : 0,
	};
	int r = timed_run(run_umount, &one, time_left_ms(deadline_us, UMOUNT_TIMEOUT_MS));

	if (r == -ETIMEDOUT && one.flags == 0) {
		log_warning("%s (%s) does not let itself be unmounted: detached", step->target,
			    step->type);
		one.flags = MNT_DETACH;
		r = timed_run(run_umount, &one, time_left_ms(deadline_us, UMOUNT_TIMEOUT_MS));
	}
	if (r < 0)
		log_debug("cannot unmount %s: %s", step->target, strerror(-r));
	return r == 0;
}

void umounts_detach_unions(void)
{
	struct mount_plan plan = { NULL, 0 };
	struct umount_one one = { .flags = MNT_DETACH };
	int r = read_plan(&plan);

	if (r < 0)
		log_errno(r, "cannot read what is mounted");
	for (size_t i = 0; i < plan.n_steps; i++) {
		if (!plan.steps[i].is_union)
			continue;
		one.target = plan.steps[i].target;
		r = timed_run(run_umount, &one, UMOUNT_TIMEOUT_MS);
		if (r < 0)
			log_warning_errno(r, "the overlay on %s cannot be detached", one.target);
	}
	mount_plan_done(&plan);
}

static size_t umount_round(const struct mount_plan *plan, uint64_t deadline_us)
{
	size_t gone = 0;

	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].action != MOUNT_ACTION_KEEP && time_left_ms(deadline_us, 1) > 0)
			gone += (size_t)take_off(&plan->steps[i], deadline_us);
	return gone;
}

/* Returns how many it got rid of, 0 also when that cannot be known; *ret_left: how many there were. */
static size_t read_and_umount(uint64_t deadline_us, bool take, size_t *ret_left)
{
	struct mount_plan plan = { NULL, 0 };
	size_t gone = 0;
	int r = read_plan(&plan);

	if (r < 0) {
		log_errno(r, "cannot read what is mounted");
		*ret_left = 1; /* the root at least */
		return 0;
	}
	*ret_left = mount_plan_count(&plan);
	if (take)
		gone = umount_round(&plan, deadline_us);
	mount_plan_done(&plan);
	return gone;
}

size_t umounts_all(uint64_t deadline_us)
{
	size_t left = 0;
	int round = 0;

	while (round < MAX_ROUNDS && read_and_umount(deadline_us, true, &left) > 0)
		round++;
	(void)read_and_umount(deadline_us, false, &left); /* only counts */
	return left;
}

/* --- read-only --- */

int umounts_make_superblock_read_only(const char *target)
{
	CLEANUP_FD
	int fd = fspick(AT_FDCWD, target, FSPICK_CLOEXEC | FSPICK_NO_AUTOMOUNT);
	int r = 0;

	if (fd < 0 || fsconfig(fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
	    fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r < 0 && mount(NULL, target, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0)
		return 0;
	return r;
}

static int run_read_only(void *data)
{
	return umounts_make_superblock_read_only(data);
}

void umounts_remount_read_only(uint64_t deadline_us)
{
	struct mount_plan plan = { NULL, 0 };
	int r = read_plan(&plan);

	if (r < 0)
		log_errno(r, "cannot read what is still mounted");
	for (size_t i = 0; i < plan.n_steps; i++) {
		struct mount_step *step = &plan.steps[i];

		if (step->super_read_only ||
		    (step->action == MOUNT_ACTION_KEEP && strcmp(step->target, "/") != 0))
			continue;
		r = timed_run(run_read_only, step->target,
			      time_left_ms(deadline_us, REMOUNT_TIMEOUT_MS));
		if (r < 0)
			log_warning_errno(r,
					  "%s (%s) is still mounted and cannot be made read-only",
					  step->target, step->type);
		else if (step->action != MOUNT_ACTION_KEEP)
			log_info("%s (%s) is in use: made read-only", step->target, step->type);
	}
	mount_plan_done(&plan);
}

int umounts_print_plan(void)
{
	static const char *const words[] = {
		[MOUNT_ACTION_KEEP] = "keep",
		[MOUNT_ACTION_UMOUNT] = "umount",
		[MOUNT_ACTION_DETACH] = "detach",
	};
	struct mount_plan plan = { NULL, 0 };
	int r = read_plan(&plan);

	for (size_t i = 0; r == 0 && i < plan.n_steps; i++)
		printf("%s %s (%s)\n", words[plan.steps[i].action], plan.steps[i].target,
		       plan.steps[i].type);
	mount_plan_done(&plan);
	return r;
}
