/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-log: the files, and their bounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "log_dir.h"
#include "record.h"
#include "sink.h"

static void say(struct sink *sink, const char *service, const char *text)
{
	struct record record = { service, NULL, 0, 6, 0, text, strlen(text), false };

	sink_write(sink, &record);
}

TEST(files_are_bounded)
{
	struct sink sink;
	char *new_text, *old_text;

	make_dir();
	assert_int_equal(sink_init(&sink, dir_path, 100), 0);
	for (int i = 0; i < 20; i++)
		say(&sink, "a.service", "0123456789");
	say(&sink, "../../evil", "stays here");
	sink_done(&sink);
	new_text = read_back("a.service.log");
	old_text = read_back("a.service.log.1");
	assert_true(strlen(new_text) > 0 && strlen(new_text) <= 100);
	assert_true(strlen(old_text) > 0 && strlen(old_text) <= 100);
	free(new_text);
	free(old_text);
	free(read_back("-.-..-evil.log"));
	remove_dir();
}

/* Open files are bounded; what the closed ones hold stays, and they go on when their name comes again. */
TEST(open_files_are_bounded)
{
	struct sink sink;
	char name[32];
	char *first;

	make_dir();
	assert_int_equal(sink_init(&sink, dir_path, 10000), 0);
	for (int i = 0; i < SINK_MAX_FILES + 5; i++) {
		(void)snprintf(name, sizeof(name), "session-%d.scope", i);
		assert_int_equal(sink_append(&sink, name, "x\n", 2), 0);
	}
	assert_int_equal(sink.n_files, SINK_MAX_FILES);
	assert_int_equal(sink_append(&sink, "session-0.scope", "y\n", 2), 0);
	first = read_back("session-0.scope.log");
	assert_string_equal(first, "x\ny\n");
	free(first);
	sink_done(&sink);
	remove_dir();
}

TEST(all_files_together_are_bounded)
{
	struct sink sink;
	char name[128];
	char *text;

	make_dir();
	assert_int_equal(sink_init(&sink, dir_path, 1000), 0);
	sink.use_max = 8000;
	sink.tells_dropped = true;
	for (int i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof(name), "s%02d.service", i);
		for (int j = 0; j < 15; j++)
			say(&sink, name, "0123456789");
		assert_true(sink.use <= sink.use_max);
	}
	text = read_back("s39.service.log"); /* whose turn it was stays */
	free(text);
	(void)snprintf(name, sizeof(name), "%s/s00.service.log", dir_path);
	assert_int_equal(access(name, F_OK), -1);
	text = read_back("early-log.log");
	assert_non_null(strstr(text, "warning early-log: up to "));
	assert_non_null(strstr(text, " older lines were dropped"));
	free(text);
	sink_done(&sink);
	remove_dir();
}

TEST(dropped_lines_are_counted)
{
	struct sink sink;
	char *text;

	make_dir();
	assert_int_equal(sink_init(&sink, dir_path, 320), 0);
	sink.tells_dropped = true;
	for (int i = 0; i < 21; i++) /* "[    0.000000] info 0123456789\n": ten in a file */
		say(&sink, "a.service", "0123456789");
	text = read_back("a.service.log");
	assert_non_null(strstr(text, "warning early-log: up to 10 older lines were dropped"));
	free(text);
	sink_done(&sink);
	remove_dir();
}

TEST(long_texts_are_not_cut)
{
	static char long_text[50000];
	struct sink sink;
	char *text;
	size_t seen = 0;

	make_dir();
	memset(long_text, 'x', sizeof(long_text) - 1);
	for (size_t i = 200; i < 20000; i += 3)
		long_text[i] = '\n';
	assert_int_equal(sink_init(&sink, dir_path, 10 << 20), 0);
	say(&sink, "a.service", long_text);
	text = read_back("a.service.log");
	for (const char *at = text; *at; at++)
		seen += *at == 'x';
	assert_int_equal(seen, sizeof(long_text) - 1 - 6600);
	free(text);
	sink_done(&sink);
	remove_dir();
}

TEST_MAIN(cmocka_unit_test(files_are_bounded), cmocka_unit_test(open_files_are_bounded),
	  cmocka_unit_test(all_files_together_are_bounded),
	  cmocka_unit_test(dropped_lines_are_counted), cmocka_unit_test(long_texts_are_not_cut))
