/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-timer's parts: calendars in other zones, stamps, the watch over the local zone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "early_test.h"
#include "moments.h"
#include "stamps.h"
#include "zone.h"

#define SEC 1000000ULL
#define NOON 1717243200ULL * SEC /* 2024-06-01 12:00:00 UTC */

static char dir[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test-timer-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void check_next(const char *list, size_t len, uint64_t expected_us, uint32_t expected_which)
{
	const struct wire_list calendars = { list, (uint32_t)len };
	uint64_t at_us;
	uint32_t which;

	moments_next(&calendars, NOON, &at_us, &which);
	if (at_us != expected_us || which != expected_which)
		fail_msg("%s: %llu of %u", list, (unsigned long long)at_us, which);
}

#define NEXT(list, at_us, which) check_next(list "\0", sizeof(list "\0") - 1, at_us, which)

TEST(zones)
{
	NEXT("*-*-* 13:00:00 UTC", NOON + 3600 * SEC, 0);
	NEXT("*-*-* 22:00:00 Asia/Tokyo", NOON + 3600 * SEC, 0); /* nine hours ahead */
	NEXT("*-*-* 15:00:00 Europe/Berlin", NOON + 3600 * SEC, 0); /* two, in summer */
	NEXT("*-01-01 13:00:00 Europe/Berlin", 1735732800ULL * SEC, 0); /* one, in winter */
	NEXT("*-*-* 13:00:00 UTC\0*-*-* 14:30:00 Europe/Berlin", NOON + 1800 * SEC, 1);
	NEXT("2020-01-01 00:00:00 UTC", UINT64_MAX, 0);
	NEXT("nonsense\0*-*-* 13:00:00 UTC", NOON + 3600 * SEC, 1);
	NEXT("", UINT64_MAX, 0);
	assert_null(getenv("TZ"));
}

TEST(stamps)
{
	char own[96], foreign[96], path[128];
	const struct stamps stamps = { own, foreign };
	struct timespec times[2] = { { .tv_sec = 2000 }, { .tv_sec = 2000 } };
	uint64_t at_us = 7;
	FILE *file;

	(void)snprintf(own, sizeof(own), "%s/a/own", dir);
	(void)snprintf(foreign, sizeof(foreign), "%s/foreign", dir);
	assert_int_equal(stamps_read(&stamps, "a.timer", &at_us), -ENOENT);
	assert_int_equal(at_us, 7);
	assert_int_equal(stamps_write(&stamps, "a.timer", 1234567890), 0);
	assert_int_equal(stamps_read(&stamps, "a.timer", &at_us), 0);
	assert_int_equal(at_us, 1234567890);
	/* the other init's, if it is newer */
	assert_int_equal(mkdir(foreign, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/stamp-a.timer", foreign);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(futimens(fileno(file), times), 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(stamps_read(&stamps, "a.timer", &at_us), 0);
	assert_int_equal(at_us, 2000 * SEC);
	assert_int_equal(stamps_write(&stamps, "a.timer", 3000 * SEC), 0);
	assert_int_equal(stamps_read(&stamps, "a.timer", &at_us), 0);
	assert_int_equal(at_us, 3000 * SEC);
	assert_int_equal(stamps_write(&stamps, "../a.timer", 1), -EINVAL);
	assert_int_equal(stamps_write(&stamps, "", 1), -EINVAL);
	assert_int_equal(stamps_read(&stamps, "x/y", &at_us), -EINVAL);
}

static unsigned int n_changes;

static void handle_change(struct zone *zone)
{
	n_changes++;
}

static void touch(const char *name)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

TEST(zone_changes)
{
	struct zone zone = { .fd = -1 };
	struct loop *loop = NULL;
	char from[128], to[128];

	n_changes = 0;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(zone_watch(&zone, loop, dir, "localtime", handle_change), 0);
	touch("hostname");
	assert_true(loop_turn(loop, 0) >= 0);
	assert_int_equal(n_changes, 0);
	touch("new");
	(void)snprintf(from, sizeof(from), "%s/new", dir);
	(void)snprintf(to, sizeof(to), "%s/localtime", dir);
	assert_int_equal(rename(from, to), 0);
	assert_true(loop_turn(loop, 0) >= 0);
	assert_int_equal(n_changes, 1);
	zone_done(&zone);
	assert_int_equal(zone_watch(&zone, loop, to, "localtime", handle_change), -ENOTDIR);
	assert_int_equal(zone.fd, -1);
	loop_free(loop);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

TEST_MAIN(cmocka_unit_test(zones), IN_DIR(stamps), IN_DIR(zone_changes))
