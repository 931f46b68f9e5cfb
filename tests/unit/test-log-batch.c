/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-log: what it has read and not written when it is killed, in the file that outlives it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "batch.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/macros.h"
#include "inputs_internal.h"
#include "intake.h"
#include "log_dir.h"
#include "log_life.h"
#include "sink.h"

static const struct batch_origin origin = {
	.id = 7, .level = 6, .is_prefixed = true, .service = "a.service", .identifier = "me"
};

TEST(judgement_of_a_mark)
{
	static const struct {
		uint64_t placed, written, number;
		bool is_found;
		uint64_t size;
		enum sink_mark_verdict verdict;
	} cases[] = {
		{ 5, 4, 5, true, 100, SINK_MARK_MISSING }, /* nothing of it */
		{ 5, 4, 5, true, 101, SINK_MARK_TORN },
		{ 5, 4, 5, true, 149, SINK_MARK_TORN },
		{ 5, 4, 5, true, 150, SINK_MARK_WHOLE },
		{ 5, 4, 5, true, 99, SINK_MARK_MISSING }, /* somebody cut it */
		{ 5, 4, 5, false, 150, SINK_MARK_MISSING },
		{ 5, 5, 5, false, 0, SINK_MARK_WHOLE },
		{ 4, 4, 5, true, 150, SINK_MARK_MISSING }, /* the mark is of the line before */
		{ 0, 0, 5, true, 150, SINK_MARK_MISSING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sink_mark mark = { .offset = 100,
					  .len = 50,
					  .placed = cases[i].placed,
					  .written = cases[i].written };

		assert_int_equal(
			sink_mark_judge(&mark, cases[i].number, cases[i].is_found, cases[i].size),
			cases[i].verdict);
	}
}

static void take_all(struct batch *batch, char *collected)
{
	struct line line;

	while (batch_next(batch, &line)) {
		strncat(collected, line.text, line.len);
		strcat(collected, "|");
		batch_take(batch, &line);
	}
}

TEST(lines_in_any_pieces)
{
	static const char text[] = "one\n\ntwo\nrest";
	static struct batch batch;

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		char rest[sizeof(text)], collected[64] = "";
		const char *left;
		size_t len = 0;

		for (size_t i = 0; i < strlen(text); i += piece) {
			size_t n = MIN(piece, strlen(text) - i);

			batch_begin(&batch, &origin, rest, len);
			memcpy(batch_room(&batch), text + i, n);
			batch_add(&batch, n);
			take_all(&batch, collected);
			len = batch_left(&batch, &left);
			memcpy(rest, left, len);
			batch_end(&batch);
		}
		batch_begin(&batch, &origin, rest, len);
		batch_set_last(&batch);
		take_all(&batch, collected);
		batch_end(&batch);
		assert_string_equal(collected, "one||two|rest|");
	}
}

TEST(numbers_of_lines_never_come_again)
{
	static struct batch batch;
	uint64_t last = 0;

	for (int i = 0; i < 3; i++) {
		struct line line;

		batch_begin(&batch, &origin, "a\nb\nc", i == 1 ? 0 : 5);
		do {
			bool is_line = batch_next(&batch, &line);

			assert_true(batch.mark.number > last);
			last = batch.mark.number;
			if (!is_line)
				break;
			batch_take(&batch, &line);
		} while (true);
		batch_end(&batch);
	}
}

TEST(a_read_that_was_not_noted)
{
	static struct batch batch;
	char collected[64] = "";

	batch_begin(&batch, &origin, "be", 2);
	memcpy(batch_room(&batch), "gun\nand more", 12);
	assert_true(batch_recover(&batch));
	take_all(&batch, collected);
	assert_string_equal(collected, "begun|");
	batch_set_last(&batch);
	take_all(&batch, collected);
	assert_string_equal(collected, "begun|and more|");
}

TEST(no_batch_of_ours)
{
	static struct batch good, bad;

	batch_begin(&good, &origin, "text", 4);
	for (int i = 0; i < 7; i++) {
		memcpy(&bad, &good, sizeof(bad));
		assert_true(batch_recover(&bad));
		switch (i) {
		case 0:
			bad.is_active = 2;
			break;
		case 1:
			bad.begin = 5;
			break;
		case 2:
			bad.end = sizeof(bad.bytes) + 1;
			break;
		case 3:
			bad.is_last = 2;
			break;
		case 4:
			memset(bad.origin.service, 'x', sizeof(bad.origin.service));
			break;
		case 5:
			bad.origin.service[0] = '\0';
			break;
		case 6:
			bad.origin.level = 8;
			break;
		}
		assert_false(batch_recover(&bad));
		assert_int_equal(bad.is_active, 0);
		assert_int_equal(bad.end, 0);
	}
}

static int open_dir(void)
{
	int fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void keep(struct intake *intake, const char *text)
{
	struct batch_rest *rest = intake_new(intake, &origin);

	assert_non_null(rest);
	memcpy(rest->text, text, strlen(text));
	sink_mark_publish(&rest->len, strlen(text));
}

TEST(a_rest_is_found_again)
{
	struct batch_origin other = origin;
	struct intake intake;
	struct batch_rest *rest;
	int dir_fd;

	make_dir();
	dir_fd = open_dir();
	intake_init(&intake);
	assert_int_equal(intake_open(&intake, dir_fd), 0);
	keep(&intake, "begun");
	keep(&intake, "of another");
	intake_done(&intake);
	assert_int_equal(intake_open(&intake, dir_fd), 0);
	other.id++;
	assert_null(intake_take(&intake, &other));
	other = origin;
	strcpy(other.service, "b.service");
	assert_null(intake_take(&intake, &other)); /* the same number, of another boot */
	rest = intake_take(&intake, &origin);
	assert_non_null(rest);
	assert_memory_equal(rest->text, "begun", 5);
	assert_true(intake_leave(&intake, rest));
	assert_ptr_equal(intake_take(&intake, &origin), rest);
	intake_drop(&intake, rest);
	assert_non_null(intake_take(&intake, NULL));
	assert_null(intake_take(&intake, NULL));
	assert_ptr_equal(intake_new(&intake, &origin), rest); /* free again */
	intake_done(&intake);
	close(dir_fd);
	remove_dir();
}

TEST(a_file_that_is_none_of_ours)
{
	static char junk[3 * sizeof(struct batch)];
	struct intake intake;
	struct stat st;
	int dir_fd, fd;

	make_dir();
	dir_fd = open_dir();
	memset(junk, 'j', sizeof(junk));
	intake_init(&intake);
	for (size_t size = 0; size < sizeof(junk); size += 1234) {
		fd = openat(dir_fd, INTAKE_FILE, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(fd_write_all(fd, junk, size), 0);
		close(fd);
		assert_int_equal(intake_open(&intake, dir_fd), 0);
		assert_false(intake.batch->is_active);
		assert_null(intake_take(&intake, NULL));
		keep(&intake, "begun");
		intake_done(&intake);
		/* cut behind the head: what is missing is empty */
		fd = openat(dir_fd, INTAKE_FILE, O_WRONLY);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(ftruncate(fd, st.st_size - (off_t)sizeof(struct batch_rest)), 0);
		close(fd);
		assert_int_equal(intake_open(&intake, dir_fd), 0);
		keep(&intake, "begun");
		intake_done(&intake);
	}
	assert_int_equal(unlinkat(dir_fd, INTAKE_FILE, 0), 0);
	assert_int_equal(mkdirat(dir_fd, INTAKE_FILE, 0700), 0);
	assert_true(intake_open(&intake, dir_fd) < 0);
	assert_non_null(intake.batch);
	close(dir_fd);
	remove_dir();
}

/* No room is a limit here: the same error at the same place. */
TEST(without_room_it_works_on)
{
	struct rlimit before, limit;
	struct batch_rest *rest;
	struct intake intake;
	int dir_fd;

	make_dir();
	dir_fd = open_dir();
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){ .rlim_cur = 1000, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	intake_init(&intake);
	assert_int_equal(intake_open(&intake, dir_fd), -EFBIG);
	rest = intake_new(&intake, &origin);
	assert_non_null(rest);
	assert_false(intake_leave(&intake, rest));
	intake_drop(&intake, rest);
	limit.rlim_cur = sizeof(struct batch) + sizeof(struct batch_rest) + 1000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(intake_open(&intake, dir_fd), 0);
	keep(&intake, "begun");
	rest = intake_new(&intake, &origin);
	assert_false(intake_leave(&intake, rest));
	intake_drop(&intake, rest);
	intake_done(&intake);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	close(dir_fd);
	remove_dir();
}

TEST(one_at_a_time)
{
	struct intake intake;
	int dir_fd, ready[2];
	char byte;
	pid_t pid;

	make_dir();
	dir_fd = open_dir();
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	intake_init(&intake);
	if (pid == 0) {
		if (intake_open(&intake, dir_fd) == 0 && write(ready[1], "", 1) == 1)
			(void)pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(intake_open(&intake, dir_fd), -EBUSY);
	assert_null(intake.map);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(intake_open(&intake, dir_fd), 0); /* it waits for it */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	intake_done(&intake);
	close(ready[0]);
	close(ready[1]);
	close(dir_fd);
	remove_dir();
}

/* --- a connection, which early-init hands over before it says that it has handed over all --- */

static void restore(struct life *life, const struct kept *kept, int fd)
{
	assert_int_equal(loop_new(&life->loop), 0);
	assert_int_equal(sink_init(&life->sink, dir_path, 1000), 0);
	inputs_init(&life->inputs, life->loop, &life->sink);
	inputs_open_intake(&life->inputs);
	assert_int_equal(input_stream_restore(&life->inputs, kept, "its name",
					      fcntl(fd, F_DUPFD_CLOEXEC, 0)),
			 0);
	inputs_recover(&life->inputs);
}

TEST(a_connection_goes_on_in_the_midst_of_its_line)
{
	static struct life life;
	const struct kept kept = { .is_connection = true,
				   .pid = 9,
				   .level = 4,
				   .name = "b.service",
				   .identifier = "holder" };
	int ends[2], status;
	char *text;
	pid_t pid;

	make_dir();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(fd_write_all(ends[1], "whole\nha", 8), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		restore(&life, &kept, ends[0]);
		(void)loop_turn(life.loop, 1000);
		_exit(0); /* as if killed */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	restore(&life, &kept, ends[0]);
	assert_int_equal(fd_write_all(ends[1], "lf\n", 3), 0);
	life_end(&life);
	text = read_back("b.service.log");
	assert_non_null(strstr(text, " warning holder[9]: whole\n"));
	assert_non_null(strstr(text, " warning holder[9]: half\n"));
	free(text);
	close(ends[0]);
	close(ends[1]);
	remove_dir();
}

/* Its service is gone, with its pipe. */
TEST(a_rest_that_nobody_asks_for)
{
	static struct life life = { .rests_us = USEC_PER_SEC };
	struct intake intake;
	int dir_fd, ends[2];
	char *text;

	make_dir();
	dir_fd = open_dir();
	intake_init(&intake);
	assert_int_equal(intake_open(&intake, dir_fd), 0);
	keep(&intake, "its last word");
	intake_done(&intake);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(life_begin(&life, ends[0]));
	for (int i = 0; i < 30 && faccessat(dir_fd, "a.service.log", F_OK, 0) < 0; i++)
		assert_true(loop_turn(life.loop, 200) >= 0);
	text = read_back("a.service.log");
	assert_non_null(strstr(text, " info me: its last word\n"));
	free(text);
	life_end(&life);
	close(ends[0]);
	close(ends[1]);
	close(dir_fd);
	remove_dir();
}

/* Not of a service's pipe, so nobody knows where it is to go on. */
TEST(what_is_torn_ends_its_line)
{
	static struct life life;
	int dir_fd, ends[2], fd;
	char *text;

	make_dir();
	dir_fd = open_dir();
	fd = openat(dir_fd, "a.service.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_all(fd, "tor", 3), 0);
	close(fd);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(ends[1], "next\n", 5), 0);
	for (int i = 0; i < 2; i++) {
		assert_true(life_begin(&life, ends[0]));
		life_end(&life);
	}
	text = read_back("a.service.log");
	assert_memory_equal(text, "tor\n[", 5);
	assert_string_equal(text + strlen(text) - 10, "info next\n");
	free(text);
	close(ends[0]);
	close(ends[1]);
	close(dir_fd);
	remove_dir();
}

TEST_MAIN(cmocka_unit_test(judgement_of_a_mark), cmocka_unit_test(lines_in_any_pieces),
	  cmocka_unit_test(numbers_of_lines_never_come_again),
	  cmocka_unit_test(a_read_that_was_not_noted), cmocka_unit_test(no_batch_of_ours),
	  cmocka_unit_test(a_rest_is_found_again), cmocka_unit_test(a_file_that_is_none_of_ours),
	  cmocka_unit_test(without_room_it_works_on), cmocka_unit_test(one_at_a_time),
	  cmocka_unit_test(a_connection_goes_on_in_the_midst_of_its_line),
	  cmocka_unit_test(a_rest_that_nobody_asks_for),
	  cmocka_unit_test(what_is_torn_ends_its_line))
