/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of the machine while an overlay is not merged yet: PID 1's own code in a PID name space, with a process in
 * early-overlay's place that merges as each case says. A shell script takes early-shutdown's place.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early_test.h"

#define PATIENCE_US (5 * USEC_PER_SEC)
#define STEPS 12
/* All steps take longer than the patience, one by far not. */
#define STEP_US (700 * USEC_PER_MSEC)
#define READING_US (3 * USEC_PER_SEC) /* what boot_power.c leaves for the page */

enum way {
	WAY_SLOW, /* a file at a time, and then it is done */
	WAY_STILL, /* the same number over and over, for ever */
	WAY_SYNC, /* the same number, but the disk is written to; and then it is done */
	WAY_STAYS, /* a file at a time, but then it can't be unmounted */
	WAY_FAILS, /* at once */
	WAY_DIES, /* at once, and cannot be mounted again */
};

/* What else there is. */
enum beside {
	BESIDE_NOTHING,
	BESIDE_FAILURE, /* another overlay's merge fails */
	BESIDE_DEATH, /* another overlay's daemon dies */
	BESIDE_SEPARATE, /* disks that the login waits for come too late, or fail */
};

static char dir[] = "/tmp/early-power-XXXXXX";

static const char *path_of(const char *name)
{
	static char paths[6][128];
	static unsigned int n;
	char *path = paths[n++ % 6];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void write_text(const char *name, const char *text, mode_t mode)
{
	CLEANUP_FD
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void write_vmstat(unsigned int step)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "nr_dirty 7\nnr_written %u\nnr_end 0\n",
		       1000 + step * DISK_PULSE_MIN_PAGES);
	write_text("vmstat", text, 0644);
}

/* early-overlay's place. */
static void merge(int fd, enum way way)
{
	struct overlay_progress progress = { .files_done = 1, .files_total = STEPS };
	const struct overlay_merged merged = { .t_us = 1, .files = STEPS };
	const struct overlay_gone gone = { .t_us = 2 };
	const struct overlay_stays stays = { 2, "it is busy", "wait" };
	char buf[4096];
	uint16_t opcode;

	if (channel_receive_sync(fd, buf, sizeof(buf), &opcode) <= 0 || opcode != OVERLAY_MERGE)
		_exit(1);
	for (unsigned int i = 0; i < STEPS || way == WAY_STILL; i++) {
		if (way == WAY_SLOW || way == WAY_STAYS)
			progress.files_done = i;
		if (way == WAY_SYNC)
			write_vmstat(i);
		if (channel_send_sync(fd, &overlay_protocol, OVERLAY_PROGRESS, &progress) < 0)
			_exit(1);
		(void)usleep(STEP_US);
	}
	(void)channel_send_sync(fd, &overlay_protocol, OVERLAY_MERGED, &merged);
	if (way == WAY_STAYS) {
		(void)channel_send_sync(fd, &overlay_protocol, OVERLAY_STAYS, &stays);
		(void)channel_receive_sync(fd, buf, sizeof(buf), &opcode);
	}
	(void)channel_send_sync(fd, &overlay_protocol, OVERLAY_GONE, &gone);
	_exit(0);
}

/* Beside another: one that cannot be merged. */
static void fail_to_merge(int fd)
{
	const struct overlay_failed failed = { "/lib/big", "no space left", "make some" };
	char buf[4096];
	uint16_t opcode;

	if (channel_receive_sync(fd, buf, sizeof(buf), &opcode) <= 0 ||
	    channel_send_sync(fd, &overlay_protocol, OVERLAY_FAILED, &failed) < 0)
		_exit(1);
	(void)channel_receive_sync(fd, buf, sizeof(buf), &opcode);
	_exit(0);
}

static void start_union(struct boot *boot, const char *path, enum way way)
{
	int ours, theirs;
	pid_t pid;

	if (channel_pair(&ours, &theirs) < 0)
		_exit(14);
	pid = fork();
	if (pid == 0) {
		(void)close(ours);
		if (way == WAY_FAILS)
			fail_to_merge(theirs);
		if (way == WAY_DIES)
			_exit(1);
		merge(theirs, way);
	}
	(void)close(theirs);
	if (unions_adopt(&boot->unions, boot->loop, path, UNION_MOUNTED, pid, ours) < 0)
		_exit(12);
}

/* PID 1 of the name space; never returns. */
static void run_pid_1(enum way way, enum beside beside)
{
	static struct boot boot;
	struct manager_options options = { .container = true, .run_dir = path_of("run") };
	const struct disks_ready ready = { .t_us = 1 };
	const struct disks_failed failed = { "/home cannot be mounted", "no such disk", "look" };

	log_init("early-init", LOG_SINK_STDERR, LOG_LEVEL_INFO);
	if (getpid() != 1 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0 ||
	    mount(path_of("vmstat"), "/proc/vmstat", NULL, MS_BIND, NULL) < 0)
		_exit(10);
	if (loop_new(&boot.loop) < 0 || manager_new(&boot.manager, boot.loop, &options) < 0)
		_exit(11);
	display_init(&boot.display, boot.loop, false);
	storage_init(&boot.storage, boot.loop);
	bus_link_init(&boot.bus, boot.loop, boot.manager);
	boot_real_connect(&boot);
	boot.check_started = boot.root_checked = boot.write_started = true;
	boot.merge_patience_us = PATIENCE_US;
	boot.shutdown = path_of("shutdown");
	boot.rescue.console_list = path_of("no-consoles");
	start_union(&boot, "/nowhere", way);
	if (beside == BESIDE_FAILURE)
		start_union(&boot, "/full", WAY_FAILS);
	if (beside == BESIDE_DEATH)
		start_union(&boot, "/full", WAY_DIES);
	if (loop_reap_children(boot.loop) < 0)
		_exit(12);
	if (beside == BESIDE_SEPARATE) {
		boot.separate = BOOT_SEPARATE_WAITING;
		boot.units_loaded = true;
	}
	boot_power(&boot, BOOT_POWER_OFF);
	if (beside == BESIDE_SEPARATE) {
		boot.storage.on_ready(&boot.storage, DISKS_SEPARATE, &ready);
		boot.separate = BOOT_SEPARATE_WAITING;
		boot.storage.on_failed(&boot.storage, DISKS_SEPARATE, &failed);
	}
	for (int i = 0; i < 10; i++) /* the services are stopped; the root is not writable yet */
		(void)loop_turn(boot.loop, 10);
	boot.storage.on_writable(&boot.storage);
	(void)loop_run(boot.loop);
	_exit(13);
}

static void run_case(enum way way, enum beside beside, uint64_t *ret_us, char **ret_log)
{
	uint64_t start_us = clock_monotonic_us();
	int status;
	pid_t pid;

	write_vmstat(0);
	(void)unlink(path_of("ended"));
	pid = fork();
	if (pid == 0) {
		int fd = open(path_of("log"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

		(void)dup2(fd, STDERR_FILENO);
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
			_exit(20);
		pid = fork();
		if (pid == 0)
			run_pid_1(way, beside);
		_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
									   : 21);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*ret_us = clock_monotonic_us() - start_us;
	{
		CLEANUP_FD
		int fd = open(path_of("log"), O_RDONLY | O_CLOEXEC);
		size_t len;

		assert_int_equal(fd_read_all(fd, 1024 * 1024, ret_log, &len), 0);
	}
	if (status != 0 || access(path_of("ended"), F_OK) < 0)
		fail_msg("status %d; %s", status, *ret_log);
}

TEST(a_merge_that_goes_on_is_waited_for)
{
	char *log;
	uint64_t us;

	run_case(WAY_SLOW, BESIDE_NOTHING, &us, &log);
	assert_null(strstr(log, "stood still"));
	assert_true(us >= STEPS * STEP_US);
	free(log);
}

TEST(a_merge_that_stands_still_is_given_up_and_that_is_said)
{
	char *log;
	uint64_t us;

	run_case(WAY_STILL, BESIDE_NOTHING, &us, &log);
	assert_non_null(strstr(log, "stood still at 8 %"));
	assert_true(us >= PATIENCE_US + READING_US);
	/* And not after the patience that a machine has. */
	assert_true(us < PATIENCE_US + READING_US + 40 * USEC_PER_SEC);
	free(log);
}

TEST(a_disk_that_is_still_written_to_is_waited_for)
{
	char *log;
	uint64_t us;

	run_case(WAY_SYNC, BESIDE_NOTHING, &us, &log);
	assert_null(strstr(log, "stood still"));
	assert_true(us >= STEPS * STEP_US);
	free(log);
}

static void expect_end_after_failure(enum way way)
{
	char *log;
	uint64_t us;

	run_case(way, BESIDE_FAILURE, &us, &log);
	if (!strstr(log, "The overlay on /full could not be merged: /full/lib/big: no space left"))
		fail_msg("the failure was not told: %s", log);
	if (strstr(log, "stood still"))
		fail_msg("it waited for what had failed: %s", log);
	assert_true(us >= STEPS * STEP_US + READING_US);
	free(log);
}

TEST(one_that_failed_is_not_waited_for_when_the_others_are_gone)
{
	expect_end_after_failure(WAY_SLOW);
}

TEST(one_that_failed_is_not_waited_for_when_the_others_stay)
{
	expect_end_after_failure(WAY_STAYS);
}

/* Not "could not be merged": nobody had come to that. */
TEST(one_that_cannot_be_mounted_again_is_told_as_such)
{
	char *log;
	uint64_t us;

	run_case(WAY_SLOW, BESIDE_DEATH, &us, &log);
	if (!strstr(log, "The overlay on /full could not be mounted again: "))
		fail_msg("the failure was not told: %s", log);
	free(log);
}

TEST(a_boot_does_not_go_on_when_the_machine_is_to_end)
{
	char *log;
	uint64_t us;

	run_case(WAY_SLOW, BESIDE_SEPARATE, &us, &log);
	if (strstr(log, "display manager"))
		fail_msg("the display was to be started: %s", log);
	if (strstr(log, "cannot be mounted"))
		fail_msg("a page about disks that nobody waits for any more: %s", log);
	free(log);
}

static int set_up(void **state)
{
	char script[256];

	assert_non_null(mkdtemp(dir));
	assert_int_equal(mkdir(path_of("run"), 0755), 0);
	(void)snprintf(script, sizeof(script), "#!/bin/sh\n[ \"$1\" = poweroff ] && : > %s\n",
		       path_of("ended"));
	write_text("shutdown", script, 0755);
	write_text("no-consoles", "", 0644);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "shutdown", "ended", "log", "vmstat", "no-consoles" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlink(path_of(names[i]));
	(void)rmdir(path_of("run"));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_merge_that_goes_on_is_waited_for),
		cmocka_unit_test(a_merge_that_stands_still_is_given_up_and_that_is_said),
		cmocka_unit_test(a_disk_that_is_still_written_to_is_waited_for),
		cmocka_unit_test(one_that_failed_is_not_waited_for_when_the_others_are_gone),
		cmocka_unit_test(one_that_failed_is_not_waited_for_when_the_others_stay),
		cmocka_unit_test(one_that_cannot_be_mounted_again_is_told_as_such),
		cmocka_unit_test(a_boot_does_not_go_on_when_the_machine_is_to_end),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
