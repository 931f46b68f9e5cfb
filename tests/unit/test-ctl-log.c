/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One text of the disk's and memory's logs, and the boots that they are of. */
#include "early_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/macros.h"
#include "early/strbuf.h"
#include "log_boot.h"
#include "log_join.h"
#include "log_tail.h"
#include "log_text.h"

#define A "[    1.000000] info a\n"
#define B "[    2.000000] info b\n"
#define C "[    2.000000] info c\n"
#define D "[    3.000000] info d\n"

static void check_join(const char *disk, const char *memory, bool is_joined, const char *wanted)
{
	struct log_join join = log_join(disk, strlen(disk), memory, strlen(memory));
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;

	strbuf_add(&text, disk, join.disk_len);
	strbuf_puts(&text, memory + join.memory_at);
	assert_string_equal(text.data, wanted);
	assert_int_equal(join.is_joined, is_joined);
}

TEST(disk_and_memory_are_one_text)
{
	static const struct {
		const char *disk, *memory;
		bool is_joined;
		const char *wanted;
	} rows[] = {
		{ "", "", false, "" },
		{ "", A B, false, A B },
		{ A B, "", false, A B },
		{ A, A B, true, A B },
		{ A B, A B, true, A B },
		{ A B D, D, true, A B D },
		{ A B, B C D, true, A B C D },
		{ A, B, false, A B }, /* the disk is far behind */
		/* equal lines: what stands before them tells */
		{ A A, A A A, true, A A A },
		{ B A A, A A A B, true, B A A A B },
		{ A B B, A B B B, true, A B B B },
		{ A B C B, B C B D, true, A B C B D },
		/* torn */
		{ A "[    2.0000", A B, true, A B },
		{ "[", A B, true, A B },
		{ A "[    2.0000", A, true, A "[    2.0000" },
		{ A "[    2.0000", A "[    2.000000] in", true, A "[    2.000000] in" },
		{ A, "[    1.000000] in", false, A "[    1.000000] in" },
		/* what memory did not take */
		{ A B, A, true, A B },
		{ A B, A D, true, A B D },
		{ A C, A B D, true, A C B D },
		{ A B C, A B D, true, A B C D },
		{ A B D, B, true, A B D },
		{ B D, A, false, B D A },
		/* lines without a time */
		{ A "more\n", A "more\n" B, true, A "more\n" B },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_join(rows[i].disk, rows[i].memory, rows[i].is_joined, rows[i].wanted);
}

/* Whatever memory still has, and however much of it is on the disk: the text is the whole one. */
TEST(any_two_parts_are_the_whole)
{
	static const char *const kinds[] = { A, B, C, D };
	unsigned int seed = 7;

	for (int round = 0; round < 2000; round++) {
		struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
		size_t n = 1 + (size_t)(rand_r(&seed) % 12), kind = 0, line = strlen(A);
		size_t on_disk, from;
		char *disk;

		for (size_t i = 0; i < n; i++) {
			kind = MIN(kind + (size_t)(rand_r(&seed) % 2), ARRAY_SIZE(kinds) - 1);
			strbuf_puts(&text, kinds[kind]);
		}
		on_disk = (size_t)rand_r(&seed) % (text.len + 1);
		/* Memory begins with what the disk has, before the whole lines' end. */
		from = (size_t)rand_r(&seed) % (on_disk / line + 1) * line;
		if (on_disk % line > 0 && from + line > on_disk)
			from = 0;
		disk = strndup(text.data, on_disk);
		assert_non_null(disk);
		/* If it begins among equal lines nobody can say which of them. */
		if (from == 0)
			check_join(disk, text.data, on_disk > 0, text.data);
		else if (memcmp(text.data + from - line, text.data + from, line) != 0)
			check_join(disk, text.data + from, from < on_disk, text.data);
		free(disk);
	}
}

#define MARK(id, time) "[    0.000000] info early-log: boot " id " began at " time "\n"

static struct log_boot *read_mark(struct log_boots *boots, const char *text)
{
	struct log_boot *boot;

	assert_int_equal(log_boots_read(boots, text, strlen(text), &boot), 0);
	return boot;
}

TEST(boots_are_told_apart)
{
	struct log_boots boots;
	struct log_boot *old;

	assert_int_equal(log_boots_init(&boots, "this", 5000000, 9000000, 1000000), 0);
	old = read_mark(&boots, MARK("old", "2001-09-09T01:46:40.000007Z"));
	assert_non_null(old);
	assert_int_equal(old->began_us, 1000000000000007);
	assert_ptr_equal(read_mark(&boots, MARK("old", "2001-09-09T01:46:40.900000Z")), old);
	assert_ptr_not_equal(read_mark(&boots, MARK("old", "2001-09-09T01:46:45.000000Z")), old);
	assert_ptr_equal(read_mark(&boots, MARK("this", "1970-01-01T00:00:04.000000Z")),
			 boots.current);
	assert_ptr_not_equal(read_mark(&boots, MARK("this", "1970-01-01T00:00:03.999999Z")),
			     boots.current);
	log_boots_done(&boots);
}

TEST(only_a_boots_line_says_one)
{
	static const char *const texts[] = {
		"",
		A,
		MARK("x", ""),
		MARK("x", "2001-09-09T01:46:40Z"),
		MARK("x", "yesterday"),
		MARK("x", "2001-99-09T01:46:40.000007Z"),
		MARK("a b", "2001-09-09T01:46:40.000007Z"),
		"[    1.000000] info " MARK("x", "2001-09-09T01:46:40.000007Z"),
	};
	struct log_boots boots;

	assert_int_equal(log_boots_init(&boots, "this", 0, 0, UINT64_MAX), 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_null(read_mark(&boots, texts[i]));
	log_boots_done(&boots);
}

TEST(a_boot_begins_at_the_beginning_of_a_line)
{
	static const char text[] = A "[ 9.000000] info " MARK("x", "t") B MARK("y", "t") D;
	size_t at = log_boot_next_mark(text, strlen(text), 0);

	assert_int_equal(strncmp(text + at, MARK("y", "t"), strlen(MARK("y", "t"))), 0);
	assert_int_equal(log_boot_next_mark(text, strlen(text), at), at);
	assert_int_equal(log_boot_next_mark(text, strlen(text), at + 1), strlen(text));
}

TEST(lines_are_selected_by_boot_and_time)
{
	struct log_boot old = { .began_us = 1000000 }, this = { .began_us = 100000000 };
	struct log_lines lines = { 0 };

	assert_int_equal(log_lines_add(&lines, "x", NULL, A, strlen(A)), 0);
	assert_int_equal(log_lines_add(&lines, "x", &this, A "more\n" D, strlen(A "more\n" D)), 0);
	assert_int_equal(log_lines_add(&lines, "x", &old, B, strlen(B)), 0);
	log_lines_select(&lines, NULL, 0);
	assert_int_equal(lines.n, 5);
	log_lines_sort(&lines);
	assert_null(lines.lines[0].boot);
	assert_ptr_equal(lines.lines[1].boot, &old);
	log_lines_select(&lines, NULL, 3000000);
	assert_int_equal(lines.n, 4); /* of no known boot is older than any time */
	log_lines_select(&lines, &this, 0);
	assert_int_equal(lines.n, 3);
	log_lines_select(&lines, NULL, 101000001);
	assert_int_equal(lines.n, 1);
	log_lines_done(&lines);
}

static void put(const char *file, const char *mode, const char *text)
{
	FILE *stream = fopen(file, mode);

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static void check_tail(struct log_tail *tail, const char *wanted)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;

	assert_int_equal(log_tail_read(tail, ".", &text), 0);
	assert_string_equal(text.data ? text.data : "", wanted);
}

/* The number of its inode is not given out again while it has another name. */
static void rotate(const char *kept_as)
{
	assert_int_equal(link("x.log.1", kept_as), 0);
	assert_int_equal(rename("x.log", "x.log.1"), 0);
}

TEST(a_file_is_followed_across_rotations)
{
	char dir[] = "/tmp/test-ctl-log-XXXXXX";
	struct strbuf old CLEANUP_STRBUF = STRBUF_INIT;
	struct log_tail tail;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(log_tail_init(&tail, "x"), 0);
	assert_int_equal(log_tail_open(&tail, ".", &old), -ENOENT);
	check_tail(&tail, "");
	put("x.log.1", "w", "old\n");
	put("x.log", "w", "1\n2");
	assert_int_equal(log_tail_open(&tail, ".", &old), 0);
	assert_string_equal(old.data, "old\n");
	check_tail(&tail, "1\n");
	put("x.log", "a", " whole\n");
	check_tail(&tail, "2 whole\n");
	/* what came before the rotation, and a file that nobody saw as the newest */
	put("x.log", "a", "3\n");
	rotate("first");
	put("x.log", "w", "4\n");
	rotate("second");
	put("x.log", "w", "5\n");
	check_tail(&tail, "3\n4\n5\n");
	/* one that made room, and came anew: the older one beside it was read */
	assert_int_equal(unlink("x.log"), 0);
	check_tail(&tail, "");
	put("x.log", "w", "6\n");
	check_tail(&tail, "6\n");
	log_tail_done(&tail);
	assert_int_equal(unlink("x.log"), 0);
	assert_int_equal(unlink("x.log.1"), 0);
	assert_int_equal(unlink("first"), 0);
	assert_int_equal(unlink("second"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(dir), 0);
}

TEST_MAIN(cmocka_unit_test(disk_and_memory_are_one_text),
	  cmocka_unit_test(any_two_parts_are_the_whole), cmocka_unit_test(boots_are_told_apart),
	  cmocka_unit_test(only_a_boots_line_says_one),
	  cmocka_unit_test(a_boot_begins_at_the_beginning_of_a_line),
	  cmocka_unit_test(lines_are_selected_by_boot_and_time),
	  cmocka_unit_test(a_file_is_followed_across_rotations))
