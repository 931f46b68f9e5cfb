/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end: services stop, what is still in memory goes to the disk, early-shutdown takes PID 1's place. Each step has a
 * deadline, so that a machine that was told to end does end; what could not be saved is said on the screen and the console.
 *
 * The merge's deadline is one of standing still, not of time in all: gigabytes for a slow disk take as long as they take, and
 * to cut them short loses them. It begins anew whenever a merge or the disks report something new, and while the kernel
 * still writes pages (a large file, a sync). Of the disks only the root's matters now: as soon as that can be written to,
 * the others are no longer waited for.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "boot.h"
#include "early/clock.h"
#include "early/log.h"

#define STOP_DEADLINE_US (20 * USEC_PER_SEC)
#define MERGE_PATIENCE_US (60 * USEC_PER_SEC)
#define FAILED_DEADLINE_US (3 * USEC_PER_SEC) /* after a failed merge: time to read why */
#define SYNC_DEADLINE_US (10 * USEC_PER_SEC)
#define SHUTDOWN EARLY_LIBEXECDIR "/early-shutdown"

static const char *verb_name(enum boot_power power)
{
	switch (power) {
	case BOOT_POWER_REBOOT:
		return "reboot";
	case BOOT_POWER_HALT:
		return "halt";
	case BOOT_POWER_OFF:
	case BOOT_POWER_NONE:
		break;
	}
	return "poweroff";
}

enum boot_power boot_power_of(const char *unit)
{
	static const struct {
		const char *unit;
		enum boot_power power;
	} targets[] = {
		{ "poweroff.target", BOOT_POWER_OFF },
		{ "reboot.target", BOOT_POWER_REBOOT },
		{ "halt.target", BOOT_POWER_HALT },
		{ "ctrl-alt-del.target", BOOT_POWER_REBOOT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		if (strcmp(unit, targets[i].unit) == 0)
			return targets[i].power;
	}
	return BOOT_POWER_NONE;
}

static void switch_off(struct boot *boot)
{
	int command = boot->power == BOOT_POWER_REBOOT ? RB_AUTOBOOT
		      : boot->power == BOOT_POWER_HALT ? RB_HALT_SYSTEM
						       : RB_POWER_OFF;
	int r;

	(void)reboot(command);
	r = -errno;
	boot_fail(boot, "The machine cannot be shut down", strerrordesc_np(-r),
		  "In the shell: sync; umount -a; then switch it off.");
}

static void handle_synced(struct loop_child *child, const siginfo_t *info)
{
	switch_off(container_of(child, struct boot, last_sync));
}

static void handle_sync_deadline(struct loop_timer *timer)
{
	struct boot *boot = container_of(timer, struct boot, power_deadline);

	loop_child_unwatch(&boot->last_sync);
	switch_off(boot);
}

/* Without early-shutdown (there is none in the initramfs): what runs is asked to end, and the disks get what they wait for. */
static void end_plainly(struct boot *boot)
{
	pid_t pid;

	storage_cancel(&boot->storage);
	(void)kill(-1, SIGTERM); /* e2fsck ends at a safe place */
	(void)loop_timer_start(boot->loop, &boot->power_deadline,
			       clock_monotonic_us() + SYNC_DEADLINE_US, handle_sync_deadline);
	pid = fork();
	if (pid == 0) {
		(void)close_range(3, ~0U, 0);
		(void)sleep(1); /* nobody but us waits for those that were asked */
		sync();
		_exit(0);
	}
	if (pid < 0 || loop_child_watch(boot->loop, &boot->last_sync, pid, handle_synced) < 0)
		switch_off(boot);
}

static void hand_over(struct boot *boot)
{
	static char *const environment[] = { (char *)"TERM=linux", NULL };
	char *const argv[] = { (char *)"early-shutdown", (char *)verb_name(boot->power), NULL };

	watchdog_stop(&boot->watchdog);
	(void)execve(boot->shutdown ? boot->shutdown : SHUTDOWN, argv, environment);
	if (!boot->rescue.in_initramfs)
		log_errno(-errno, "cannot execute " SHUTDOWN);
	end_plainly(boot);
}

static void handle_deadline(struct loop_timer *timer);

static void wait_until(struct boot *boot, uint64_t span_us)
{
	(void)loop_timer_start(
		boot->loop, &boot->power_deadline, clock_monotonic_us() + span_us,
		handle_deadline); /* fails never: it is armed already, or memory of its own */
}

static void wait_on(struct boot *boot)
{
	boot->merge_given_up = false;
	(void)disk_pulse_moved(&boot->disk_pulse, "/proc/vmstat"); /* from here on */
	wait_until(boot, boot->merge_patience_us ? boot->merge_patience_us : MERGE_PATIENCE_US);
}

static void give_up(struct boot *boot)
{
	static const char what[] = "Not all that was written could be saved";
	char why[300];

	(void)snprintf(why, sizeof(why),
		       "%s stood still at %u %%. What was written to the overlays since the boot "
		       "and is not on the disk yet is lost.",
		       boot->root_writable ? "The merge into the disk" : "Making the disk writable",
		       boot->root_writable ? unions_percent(&boot->unions) : 0);
	log_error("%s: %s", what, why);
	display_page(&boot->display, SPLASH_KIND_FAILURE, what, why);
	boot->merge_given_up = true;
	wait_until(boot, FAILED_DEADLINE_US);
}

static void handle_deadline(struct loop_timer *timer)
{
	struct boot *boot = container_of(timer, struct boot, power_deadline);

	if (!boot->merge_given_up && disk_pulse_moved(&boot->disk_pulse, "/proc/vmstat"))
		wait_on(boot);
	else if (!boot->merge_given_up)
		give_up(boot);
	else
		hand_over(boot);
}

void boot_power_progress(struct boot *boot)
{
	if (!boot->merge_awaited)
		return;
	if (boot->merge_given_up)
		display_page(&boot->display, SPLASH_KIND_PROGRESS, "", "");
	display_progress(&boot->display, unions_percent(&boot->unions),
			 "Saving what was written since the boot");
	wait_on(boot);
}

void boot_power_writable(struct boot *boot)
{
	if (!boot->merge_awaited || boot->writable)
		return;
	storage_cancel(&boot->storage);
	boot->writable = true;
	boot_power_progress(boot);
	unions_merge(&boot->unions);
}

static void await_merge(struct boot *boot)
{
	boot->merge_awaited = true;
	boot->after_greeter = true;
	wait_on(boot);
	/* There is no time for a check that is only due: writing waits for it, and so would the merge. */
	if (!boot->root_checked)
		storage_cancel(&boot->storage);
	boot->root_checked = true;
	if (boot->root_writable)
		boot_power_writable(boot);
	boot_real_maybe_write(boot);
}

static void merge_then_end(struct boot *boot)
{
	bool hopeless = boot->root_needs_reboot;

	if (!unions_are_settled(&boot->unions) && !hopeless) {
		if (!boot->merge_awaited)
			await_merge(boot);
		return;
	}
	if (boot->unions.keep)
		log_warning("/etc/fstab has the root read-only: what the overlays hold is dropped");
	if (hopeless)
		log_error("the root needs a repair: what was written since the boot is not saved");
	hand_over(boot);
}

static void handle_stopped(struct manager *manager, void *data)
{
	struct boot *boot = data;

	bus_link_stop(&boot->bus);
	merge_then_end(boot);
}

void boot_power_step(struct boot *boot)
{
	if (!boot->merge_awaited)
		return;
	if (unions_are_settled(&boot->unions)) {
		merge_then_end(boot);
	} else if (!unions_are_merging(&boot->unions)) {
		boot->merge_given_up = true; /* the failure is on the screen */
		wait_until(boot, FAILED_DEADLINE_US);
	}
}

void boot_power(struct boot *boot, enum boot_power power)
{
	int r;

	if (boot->power != BOOT_POWER_NONE)
		return; /* an impatient second one must not cut the merge short */
	boot->power = power;
	log_info("%s", verb_name(power));
	display_take(&boot->display);
	display_progress(&boot->display, 100,
			 power == BOOT_POWER_REBOOT ? "Restarting" : "Shutting down");
	if (!boot->bus.manager) { /* stage 1: nothing runs yet */
		hand_over(boot);
		return;
	}
	r = manager_stop_all(boot->manager, verb_name(power),
			     clock_monotonic_us() + STOP_DEADLINE_US, handle_stopped, boot);
	if (r < 0)
		handle_stopped(boot->manager, boot);
}
