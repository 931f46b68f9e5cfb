/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-log: pipes, sockets, connections. */
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
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "inputs.h"
#include "log_dir.h"
#include "sink.h"

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

TEST_MAIN(cmocka_unit_test(pipes_and_their_end), cmocka_unit_test(connections_are_bounded),
	  cmocka_unit_test(sockets_of_syslog_and_the_journal))
