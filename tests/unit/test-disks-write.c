/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order WRITE when there is no memory: a disk without which nobody may log in is missed all the same. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory;

static char *scarce_strdup(const char *text)
{
	return no_memory ? NULL : strdup(text);
}

static int scarce_asprintf(char **ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int scarce_asprintf(char **ret, const char *fmt, ...)
{
	va_list args;
	int r;

	if (no_memory)
		return -1;
	va_start(args, fmt);
	r = vasprintf(ret, fmt, args);
	va_end(args);
	return r;
}

#undef strdup
#define strdup scarce_strdup
#undef asprintf
#define asprintf scarce_asprintf
#include "../../orchestrator/disks/write.c"

#include "early_test.h"

/* What PID 1 is told. */
static char told_failed[512], told_why[512];
static bool told_ready, has_ended;

void report_progress(struct report *report, uint32_t percent, const char *fmt, ...)
{
}

void report_trouble(struct report *report, const char *fmt, ...)
{
}

void report_writable(struct report *report)
{
}

void report_failed(struct report *report, const char *what, const char *why, const char *advice)
{
	(void)snprintf(told_failed, sizeof(told_failed), "%s", what);
	(void)snprintf(told_why, sizeof(told_why), "%s", why);
}

void report_ready(struct report *report, bool root_read_only)
{
	told_ready = true;
}

static void handle_end(void *data)
{
	has_ended = true;
}

static void fail_second(char *options, bool separate)
{
	struct fstab_entry entries[] = {
		{ .source = (char[]){ "/dev/sda1" },
		  .target = (char[]){ "/" },
		  .type = (char[]){ "ext4" },
		  .options = (char[]){ "defaults" } },
		{ .source = (char[]){ "/dev/sdb1" },
		  .target = (char[]){ "/home" },
		  .type = (char[]){ "ext4" },
		  .options = options },
		{ .source = (char[]){ "/dev/sdc1" },
		  .target = (char[]){ "/var" },
		  .type = (char[]){ "ext4" },
		  .options = options },
	};
	struct write_order order = {
		.fstab = { .entries = entries, .n_entries = ARRAY_SIZE(entries) },
		.hotplug = { .fd = -1 },
		.separate = separate,
		.on_end = handle_end,
		.at = 1,
	};

	told_failed[0] = told_why[0] = '\0';
	told_ready = has_ended = false;
	entry_failed(&order, "no medium");
	order.at = 2;
	entry_failed(&order, "too late");
	finish(&order);
	assert_true(has_ended);
}

TEST(the_first_disk_that_is_missing_is_named)
{
	fail_second((char[]){ "defaults" }, true);
	assert_false(told_ready);
	assert_string_equal(told_failed, "/home (/dev/sdb1) cannot be mounted");
	assert_string_equal(told_why, "no medium");
}

TEST(without_memory_it_is_missed_too)
{
	no_memory = true;
	fail_second((char[]){ "defaults" }, true);
	no_memory = false;
	assert_false(told_ready);
	assert_string_equal(told_failed, "/home (/dev/sdb1) cannot be mounted");
}

TEST(others_keep_nobody_from_the_login)
{
	fail_second((char[]){ "nofail" }, true);
	assert_true(told_ready);
	fail_second((char[]){ "defaults" }, false);
	assert_true(told_ready);
}

TEST_MAIN(cmocka_unit_test(the_first_disk_that_is_missing_is_named),
	  cmocka_unit_test(without_memory_it_is_missed_too),
	  cmocka_unit_test(others_keep_nobody_from_the_login))
