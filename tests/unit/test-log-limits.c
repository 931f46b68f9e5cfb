/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-log: settings, the rate of messages, the backlog for a syslog daemon. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backlog.h"
#include "conf.h"
#include "early/fd.h"
#include "early/macros.h"
#include "log_dir.h"
#include "rate.h"

static char faults[4096];

static void note_fault(unsigned int line, const char *text, void *data)
{
	size_t len = strlen(faults);

	(void)data;
	(void)snprintf(faults + len, sizeof(faults) - len, "%u: %s\n", line, text);
}

static void parse(struct conf *conf, const char *text)
{
	char *copy CLEANUP(free_charp)
	= strdup(text);

	conf_init(conf);
	faults[0] = '\0';
	conf_parse(conf, copy, note_fault, NULL);
}

TEST(settings)
{
	struct conf conf;

	parse(&conf, "MaxUse=1K\n[Overlay]\nMaxUse=no\n[Log]\n# a word\n  MaxUse = 500M "
		     "\nMaxFileSize=1M\n"
		     "MaxMemory=64K\nRateLimitBurst=0\nRateLimitIntervalSec=1min\nX-mine=1\n");
	assert_string_equal(faults, "");
	assert_int_equal(conf.max_use, 500 << 20);
	assert_int_equal(conf.max_file_size, 1 << 20);
	assert_int_equal(conf.max_memory, 64 << 10);
	assert_int_equal(conf.rate_burst, 0);
	assert_int_equal(conf.rate_interval_us, 60000000);
	parse(&conf,
	      "[Log]\nMaxUse=1K\nMaxFileSize=much\nMaxmemory=1M\nwords\nRateLimitIntervalSec=0");
	assert_string_equal(
		faults,
		"2: MaxUse=1K is not a size of at least 64K, as 500M; the default stands\n"
		"3: MaxFileSize=much is not a size of at least 64K, as 16M; the default stands\n"
		"4: there is no setting Maxmemory= in [Log] (see early-log(8)); it is passed over\n"
		"5: this is neither a [Section] nor NAME=VALUE; it is passed over\n"
		"6: RateLimitIntervalSec=0 is not a time, as 10s; the default stands\n");
	assert_int_equal(conf.max_use, 0);
	assert_int_equal(conf.max_file_size, 16 << 20);
}

static uint32_t told;
static char storm_name[] = "a.service";

static void note_told(const char *name, uint32_t dropped, void *data)
{
	assert_string_equal(name, data);
	told += dropped;
}

TEST(a_storm_is_cut_and_told_once)
{
	struct rate rate = { .burst = 10, .interval_us = 1000 };
	int taken = 0;

	for (int i = 0; i < 25; i++)
		taken += rate_take(&rate, "a.service", 5000 + (uint64_t)i);
	assert_int_equal(taken, 10);
	assert_true(rate_take(&rate, "b.service", 5030));
	told = 0;
	assert_int_equal(rate_tell(&rate, 5500, note_told, storm_name), 6000);
	assert_int_equal(told, 0);
	assert_int_equal(rate_tell(&rate, 6000, note_told, storm_name), 0);
	assert_int_equal(told, 15);
	assert_int_equal(rate_tell(&rate, 9000, note_told, storm_name), 0);
	assert_int_equal(told, 15);
	assert_true(rate_take(&rate, "a.service", 6001));
}

TEST(the_backlog_is_bounded_and_survives)
{
	static char buf[BACKLOG_ENTRY_MAX], text[1000];
	struct backlog backlog;
	struct ucred sender = { 7, 8, 9 };
	int dir_fd, n = 0;

	make_dir();
	dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(backlog_init(&backlog, dir_fd), 0);
	assert_int_equal(backlog_oldest(&backlog, &sender, buf), -ENOENT);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		backlog_add(&backlog, &sender, text, sizeof(text));
	}
	backlog_done(&backlog); /* and another early-log */
	assert_int_equal(backlog_init(&backlog, dir_fd), 0);
	assert_int_equal(backlog_oldest(&backlog, &sender, buf), sizeof(text));
	assert_int_equal(sender.pid, 7);
	n = atoi(buf);
	assert_int_equal(backlog_take_dropped(&backlog), n);
	for (; backlog_oldest(&backlog, &sender, buf) > 0; n++) {
		assert_int_equal(atoi(buf), n);
		backlog_remove(&backlog, sizeof(text));
	}
	assert_int_equal(n, 3000);
	backlog_restore(&backlog, sizeof(text));
	assert_int_equal(backlog_oldest(&backlog, &sender, buf), sizeof(text));
	backlog_done(&backlog);
	close(dir_fd);
	remove_dir();
}

TEST_MAIN(cmocka_unit_test(settings), cmocka_unit_test(a_storm_is_cut_and_told_once),
	  cmocka_unit_test(the_backlog_is_bounded_and_survives))
