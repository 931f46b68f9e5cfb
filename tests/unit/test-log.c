/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "archive.h"
#include "backlog.h"
#include "conf.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early_test.h"
#include "inputs.h"
#include "kept.h"
#include "kmsg.h"
#include "lines.h"
#include "message.h"
#include "rate.h"
#include "record.h"
#include "sink.h"

static char dir_path[64];

static void make_dir(void)
{
	(void)snprintf(dir_path, sizeof(dir_path), "/tmp/test-log-XXXXXX");
	assert_non_null(mkdtemp(dir_path));
}

static void remove_dir(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", dir_path);
	assert_int_equal(system(command), 0);
}

/* The text of a file below the test's directory. Free it. */
static char *read_back(const char *name)
{
	char path[256];
	char *text = NULL;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", dir_path, name);
	assert_int_equal(fs_read_file_at(AT_FDCWD, path, 1 << 24, &text, &len), 0);
	return text;
}

TEST(levels)
{
	static const struct {
		const char *text;
		int level;
		const char *rest;
	} cases[] = {
		{ "<3>bad", 3, "bad" },      { "<30>daemon info", 6, "daemon info" },
		{ "plain", 6, "plain" },     { "<>x", 6, "<>x" },
		{ "<9999>x", 6, "<9999>x" }, { "<3", 6, "<3" },
		{ "<x>y", 6, "<x>y" },       { "<191>top", 7, "top" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		size_t len = strlen(text);

		assert_int_equal(message_take_level(&text, &len, 6), cases[i].level);
		assert_string_equal(text, cases[i].rest);
		assert_int_equal(len, strlen(cases[i].rest));
	}
}

TEST(syslog_datagrams)
{
	static const struct {
		const char *data;
		const char *identifier;
		pid_t pid;
		int level;
		const char *text;
	} cases[] = {
		{ "<29>Nov 20 09:00:00 dbus-daemon[412]: up", "dbus-daemon", 412, 5, "up" },
		{ "<11>sudo: no", "sudo", 0, 3, "no" },
		{ "<6>no tag here", NULL, 0, 6, "no tag here" },
		{ "<6>broken[12 x", NULL, 0, 6, "broken[12 x" },
		{ "", NULL, 0, 6, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char data[128];
		struct message message;

		(void)snprintf(data, sizeof(data), "%s", cases[i].data);
		message_parse_syslog(data, strlen(data), &message);
		if (cases[i].identifier)
			assert_string_equal(message.identifier, cases[i].identifier);
		else
			assert_null(message.identifier);
		assert_int_equal(message.pid, cases[i].pid);
		assert_int_equal(message.level, cases[i].level);
		assert_int_equal(message.len, strlen(cases[i].text));
		assert_memory_equal(message.text, cases[i].text, message.len);
	}
}

TEST(native_datagrams)
{
	char simple[64] = "PRIORITY=3\nMESSAGE=hello\nSYSLOG_IDENTIFIER=me\n";
	char binary[64] = "MESSAGE\n\x05\0\0\0\0\0\0\0a\nb\nc\nPRIORITY=4";
	char overlong[64] = "MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff"
			    "abc\n";
	char none[32] = "PRIORITY=3\n";
	struct message message;

	assert_true(message_parse_native(simple, strlen(simple), &message));
	assert_int_equal(message.level, 3);
	assert_string_equal(message.text, "hello");
	assert_string_equal(message.identifier, "me");
	assert_true(message_parse_native(binary, 8 + 8 + 6 + 10, &message));
	assert_int_equal(message.level, 4);
	assert_int_equal(message.len, 5);
	assert_memory_equal(message.text, "a\nb\nc", 5);
	assert_false(message_parse_native(overlong, 20, &message));
	assert_false(message_parse_native(none, strlen(none), &message));
}

TEST(services_of_cgroups)
{
	char service[] = "0::/system.slice/gdm.service\n";
	char scope[] = "0::/user.slice/user-101.slice/session-c1.scope\n";
	char below[] = "0::/user.slice/user-0.slice/user@0.service/app.slice/x.service\n";
	char none[] = "0::/\n";

	assert_string_equal(message_service_of_cgroup(service), "gdm.service");
	assert_string_equal(message_service_of_cgroup(scope), "session-c1.scope");
	assert_string_equal(message_service_of_cgroup(below), "user@0.service");
	assert_null(message_service_of_cgroup(none));
}

static char collected[65536];

static void collect(const char *text, size_t len, void *data)
{
	(void)data;
	strncat(collected, text, len);
	strcat(collected, "|");
}

TEST(lines_in_any_pieces)
{
	const char text[] = "one\n\ntwo\nrest";

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct lines lines = { .len = 0 };

		collected[0] = '\0';
		for (size_t i = 0; i < strlen(text); i += piece)
			lines_feed(&lines, text + i, MIN(piece, strlen(text) - i), collect, NULL);
		lines_finish(&lines, collect, NULL);
		assert_string_equal(collected, "one||two|rest|");
	}
}

TEST(long_lines_come_in_pieces)
{
	static struct lines lines;
	static char text[2 * LINES_BUFFER_SIZE + 10];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	collected[0] = '\0';
	lines_feed(&lines, text, sizeof(text), collect, NULL);
	assert_int_equal(strlen(collected), sizeof(text) - 1 + 3);
	assert_int_equal(lines.len, 0);
}

TEST(record_lines)
{
	char buf[256];
	struct record record = {
		"a.service", "me", 7, 3, 12345678, "one\n\033[2Jtwo\n", 12, false
	};
	size_t len = record_format(&record, buf, sizeof(buf));

	buf[len] = '\0';
	assert_string_equal(buf,
			    "[   12.345678] err me[7]: one\n[   12.345678] err me[7]: ?[2Jtwo\n");
	assert_int_equal(record_format(&record, buf, 3),
			 len); /* the length that is needed, nothing beyond the buffer */
}

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

TEST(pipes_and_their_end)
{
	struct loop *loop;
	struct sink sink;
	struct inputs inputs;
	int ends[2];
	char *text;

	make_dir();
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(sink_init(&sink, dir_path, 1000), 0);
	inputs_init(&inputs, loop, &sink);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(inputs_add_service(&inputs, "a.service", ends[0]), 0);
	assert_int_equal(fd_write_all(ends[1], "<3>first\nsec", 12), 0);
	assert_true(loop_turn(loop, 1000) >= 0);
	close(ends[1]);
	assert_true(loop_turn(loop, 1000) >= 0);
	assert_true(list_empty(&inputs.streams));
	text = read_back("a.service.log");
	assert_non_null(strstr(text, " err first\n"));
	assert_non_null(strstr(text, " info sec\n"));
	free(text);
	inputs_done(&inputs);
	sink_done(&sink);
	loop_free(loop);
	remove_dir();
}

static int connect_to(const char *name, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	assert_true(fd >= 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/journal/%s", dir_path, name);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void send_memfd(int socket_fd, bool sealed)
{
	int fd;
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct msghdr message = { .msg_control = control.buf,
				  .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

	assert_int_equal(fd_new_memfd("message", &fd), 0);
	assert_int_equal(fd_write_all(fd, sealed ? "MESSAGE=by memfd\n" : "MESSAGE=unsealed\n", 17),
			 0);
	if (sealed)
		assert_int_equal(fd_seal(fd), 0);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	assert_int_equal(sendmsg(socket_fd, &message, 0), 0);
	close(fd);
}

/* Anybody may connect: the pipes of services must not lose their descriptors to it. */
TEST(connections_are_bounded)
{
	struct loop *loop;
	struct sink sink;
	struct inputs inputs;
	char journal[96], dev_log[96];
	int fds[300];

	make_dir();
	(void)snprintf(journal, sizeof(journal), "%s/journal", dir_path);
	(void)snprintf(dev_log, sizeof(dev_log), "%s/log", dir_path);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(sink_init(&sink, dir_path, 10000), 0);
	inputs_init(&inputs, loop, &sink);
	assert_int_equal(inputs_listen(&inputs, journal, dev_log), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = connect_to("stdout", SOCK_STREAM);
		assert_true(loop_turn(loop, 200) >= 0);
	}
	assert_int_equal(inputs.n_connections, 256);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		assert_true(loop_turn(loop, 0) >= 0);
	assert_int_equal(inputs.n_connections, 0);
	inputs_done(&inputs);
	sink_done(&sink);
	loop_free(loop);
	remove_dir();
}

TEST(sockets_of_syslog_and_the_journal)
{
	struct loop *loop;
	struct sink sink;
	struct inputs inputs;
	char journal[96], dev_log[96];
	int syslog_fd, native_fd, stream_fd;
	const char header[] = "teller\n\n5\n1\n0\n0\n0\nby stream\n";
	char *text;

	make_dir();
	(void)snprintf(journal, sizeof(journal), "%s/journal", dir_path);
	(void)snprintf(dev_log, sizeof(dev_log), "%s/log", dir_path);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(sink_init(&sink, dir_path, 10000), 0);
	inputs_init(&inputs, loop, &sink);
	assert_int_equal(inputs_listen(&inputs, journal, dev_log), 0);
	assert_int_equal(access(dev_log, W_OK), 0);
	syslog_fd = connect_to("dev-log", SOCK_DGRAM);
	native_fd = connect_to("socket", SOCK_DGRAM);
	stream_fd = connect_to("stdout", SOCK_STREAM);
	assert_int_equal(send(syslog_fd, "<14>prog: by syslog", 19, 0), 19);
	assert_int_equal(send(native_fd, "MESSAGE=by field\n", 17, 0), 17);
	send_memfd(native_fd, true);
	send_memfd(native_fd, false);
	assert_int_equal(send(stream_fd, header, strlen(header), 0), strlen(header));
	for (int i = 0; i < 4; i++)
		assert_true(loop_turn(loop, 200) >= 0);
	close(syslog_fd);
	close(native_fd);
	close(stream_fd);
	inputs_done(&inputs);
	sink_done(&sink);
	loop_free(loop);
	{
		char command[160];

		/* which file it is depends on the cgroup that the test itself runs in */
		(void)snprintf(command, sizeof(command), "cat %s/*.log >%s/all", dir_path,
			       dir_path);
		assert_int_equal(system(command), 0);
	}
	text = read_back("all");
	assert_non_null(strstr(text, "info prog["));
	assert_non_null(strstr(text, "by syslog"));
	assert_non_null(strstr(text, "by field"));
	assert_non_null(strstr(text, "by memfd"));
	assert_null(strstr(text, "unsealed"));
	assert_non_null(strstr(text, "notice teller["));
	free(text);
	remove_dir();
}

static char faults[4096];

static void note_fault(unsigned int line, const char *text, void *data)
{
	size_t len = strlen(faults);

	(void)data;
	(void)snprintf(faults + len, sizeof(faults) - len, "%u: %s\n", line, text);
}

TEST(settings)
{
	struct conf conf;

	conf_init(&conf);
	faults[0] = '\0';
	conf_parse(&conf,
		   "MaxUse=1K\n[Overlay]\nMaxUse=no\n[Log]\n# a word\n  MaxUse = 500M "
		   "\nMaxFileSize=1M\n"
		   "MaxMemory=64K\nRateLimitBurst=0\nRateLimitIntervalSec=1min\nX-mine=1\n",
		   note_fault, NULL);
	assert_string_equal(faults, "");
	assert_int_equal(conf.max_use, 500 << 20);
	assert_int_equal(conf.max_file_size, 1 << 20);
	assert_int_equal(conf.max_memory, 64 << 10);
	assert_int_equal(conf.rate_burst, 0);
	assert_int_equal(conf.rate_interval_us, 60000000);
	conf_init(&conf);
	conf_parse(
		&conf,
		"[Log]\nMaxUse=1K\nMaxFileSize=much\nMaxmemory=1M\nwords\nRateLimitIntervalSec=0",
		note_fault, NULL);
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

TEST(records_of_the_kernel)
{
	struct kmsg_record record;
	static const char whole[] = "165,339,5140900,-;Linux version; 6.1\n SUBSYSTEM=acpi\n";

	assert_true(kmsg_parse(whole, strlen(whole), &record));
	assert_int_equal(record.level, 5);
	assert_int_equal(record.facility, 20);
	assert_int_equal(record.sequence, 339);
	assert_int_equal(record.t_us, 5140900);
	assert_int_equal(record.len, strlen("Linux version; 6.1"));
	assert_false(kmsg_parse("6,1", 3, &record));
	assert_false(kmsg_parse("x,1,2,-;t", 9, &record));
	assert_false(kmsg_parse(";t", 2, &record));
	assert_true(kmsg_parse("6,1,2;t", 7, &record));
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

TEST(what_is_kept_comes_back)
{
	struct kept kept = { true, 17, 412, 5, true, "a.service", "me" }, back;
	char text[KEPT_TEXT_SIZE];

	assert_true(kept_format(&kept, text, sizeof(text)));
	assert_true(kept_parse(text, &back));
	assert_memory_equal(&kept, &back, sizeof(kept));
	assert_false(kept_parse("connection\n17\n412\n8\n1\na.service\nme", &back));
	assert_false(kept_parse("other\n17\n412\n5\n1\na.service\nme", &back));
	assert_false(kept_parse("socket\n17\n412\n5\n1\na.service", &back));
	assert_false(kept_parse("", &back));
}

TEST_MAIN(cmocka_unit_test(settings), cmocka_unit_test(a_storm_is_cut_and_told_once),
	  cmocka_unit_test(records_of_the_kernel),
	  cmocka_unit_test(the_backlog_is_bounded_and_survives),
	  cmocka_unit_test(what_is_kept_comes_back), cmocka_unit_test(levels),
	  cmocka_unit_test(syslog_datagrams), cmocka_unit_test(native_datagrams),
	  cmocka_unit_test(services_of_cgroups), cmocka_unit_test(lines_in_any_pieces),
	  cmocka_unit_test(long_lines_come_in_pieces), cmocka_unit_test(record_lines),
	  cmocka_unit_test(files_are_bounded), cmocka_unit_test(open_files_are_bounded),
	  cmocka_unit_test(all_files_together_are_bounded),
	  cmocka_unit_test(dropped_lines_are_counted), cmocka_unit_test(long_texts_are_not_cut),
	  cmocka_unit_test(connections_are_bounded), cmocka_unit_test(pipes_and_their_end),
	  cmocka_unit_test(sockets_of_syslog_and_the_journal))
