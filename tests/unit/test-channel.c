/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/proto/splash.h"
#include "early_test.h"

struct peer {
	struct channel channel;
	int messages;
	int closes;
	int close_error;
	uint32_t last_percent;
	int fd;
	bool free_in_callback;
};

static void on_message(struct channel *channel, struct channel_message *message)
{
	struct peer *peer = channel->data;
	struct splash_progress progress;

	peer->messages++;
	if (message->opcode == SPLASH_PROGRESS) {
		assert_int_equal(channel_unpack(channel, message, &progress, sizeof(progress)), 0);
		peer->last_percent = progress.percent;
	}
	if (message->n_fds > 0)
		peer->fd = TAKE_FD(message->fds[0]);
	if (peer->free_in_callback)
		channel_close(channel);
}

static void on_close(struct channel *channel, int error)
{
	struct peer *peer = channel->data;

	peer->closes++;
	peer->close_error = error;
}

static void peers_init(struct loop **loop, struct peer *a, struct peer *b)
{
	int fds[2];

	assert_int_equal(loop_new(loop), 0);
	assert_int_equal(channel_pair(&fds[0], &fds[1]), 0);
	*a = *b = (struct peer){ .fd = -1 };
	assert_int_equal(
		channel_init(&a->channel, *loop, fds[0], &splash_protocol, on_message, on_close, a),
		0);
	assert_int_equal(
		channel_init(&b->channel, *loop, fds[1], &splash_protocol, on_message, on_close, b),
		0);
}

static void peers_done(struct loop *loop, struct peer *a, struct peer *b)
{
	channel_close(&a->channel);
	channel_close(&b->channel);
	fd_close(b->fd);
	loop_free(loop);
}

TEST(messages_and_descriptors_arrive)
{
	struct splash_progress progress = { .percent = 40, .caption = "checking" };
	int pipe_fds[2];
	struct peer a, b;
	struct loop *loop;
	char byte;

	peers_init(&loop, &a, &b);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(channel_send_fds(&a.channel, SPLASH_PROGRESS, &progress, &pipe_fds[0], 1),
			 0);
	assert_int_equal(loop_turn(loop, 1000), 0);
	assert_int_equal(b.messages, 1);
	assert_int_equal(b.last_percent, 40);
	assert_int_equal(write(pipe_fds[1], "z", 1), 1);
	assert_int_equal(read(b.fd, &byte, 1), 1);
	assert_int_equal(byte, 'z');
	assert_true(fcntl(b.fd, F_GETFD) & FD_CLOEXEC);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	peers_done(loop, &a, &b);
}

TEST(what_does_not_fit_is_queued_in_order)
{
	struct splash_progress progress = { .caption = "x" };
	struct peer a, b;
	struct loop *loop;

	peers_init(&loop, &a, &b);
	for (progress.percent = 1; progress.percent <= 2000; progress.percent++)
		assert_int_equal(channel_send(&a.channel, SPLASH_PROGRESS, &progress), 0);
	assert_true(a.channel.queued_bytes > 0);
	for (int i = 0; i < 10000 && b.messages < 2000; i++)
		assert_int_equal(loop_turn(loop, 100), 0);
	assert_int_equal(b.messages, 2000);
	assert_int_equal(b.last_percent, 2000);
	assert_int_equal(a.channel.queued_bytes, 0);
	peers_done(loop, &a, &b);
}

TEST(a_peer_that_never_reads_is_given_up)
{
	struct splash_message message = { .title = "t" };
	struct peer a, b;
	struct loop *loop;
	char *text = calloc(1, 60001);
	int r = 0;

	memset(text, 'x', 60000);
	message.text = text;
	peers_init(&loop, &a, &b);
	for (int i = 0; i < 100 && r == 0; i++)
		r = channel_send(&a.channel, SPLASH_MESSAGE, &message);
	assert_int_equal(r, -ENOBUFS);
	for (int i = 0; i < 100 && !a.closes; i++)
		assert_int_equal(loop_turn(loop, 100), 0);
	assert_int_equal(a.closes, 1);
	free(text);
	peers_done(loop, &a, &b);
}

TEST(end_of_file_closes_once)
{
	struct peer a, b;
	struct loop *loop;

	peers_init(&loop, &a, &b);
	channel_close(&a.channel);
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_turn(loop, 10), 0);
	assert_int_equal(b.closes, 1);
	assert_int_equal(b.close_error, 0);
	assert_false(channel_is_open(&b.channel));
	assert_int_equal(channel_send(&b.channel, SPLASH_QUIT, NULL), -ENOTCONN);
	peers_done(loop, &a, &b);
}

TEST(garbage_closes)
{
	static const struct {
		const char *data;
		size_t len;
	} cases[] = {
		{ "x", 1 },
		{ "\x08\0\0\0\x01\0\xff\x7f", 8 }, /* unknown opcode */
		{ "\x09\0\0\0\x01\0\x06\0", 8 }, /* longer than it is */
		{ "\x08\0\0\0\x02\0\x06\0", 8 }, /* another version */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peer a, b;
		struct loop *loop;

		peers_init(&loop, &a, &b);
		assert_int_equal(send(a.channel.fd, cases[i].data, cases[i].len, 0), cases[i].len);
		assert_int_equal(loop_turn(loop, 1000), 0);
		assert_int_equal(b.messages, 0);
		assert_int_equal(b.closes, 1);
		assert_int_equal(b.close_error, -EPROTO);
		peers_done(loop, &a, &b);
	}
}

TEST(a_callback_may_close)
{
	struct peer a, b;
	struct loop *loop;

	peers_init(&loop, &a, &b);
	b.free_in_callback = true;
	assert_int_equal(channel_send(&a.channel, SPLASH_QUIT, NULL), 0);
	assert_int_equal(channel_send(&a.channel, SPLASH_QUIT, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_turn(loop, 10), 0);
	assert_int_equal(b.messages, 1);
	assert_int_equal(b.closes, 0);
	peers_done(loop, &a, &b);
}

/* A message that is handled but still in the socket would make of the close an error for its sender. */
TEST(one_that_closes_over_the_last_message_ends_well)
{
	struct peer a, b;
	struct loop *loop;

	peers_init(&loop, &a, &b);
	channel_keep_unread(&b.channel);
	b.free_in_callback = true;
	assert_int_equal(channel_send(&a.channel, SPLASH_QUIT, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_turn(loop, 10), 0);
	assert_int_equal(b.messages, 1);
	assert_int_equal(a.closes, 1);
	assert_int_equal(a.close_error, 0);
	peers_done(loop, &a, &b);
}

TEST_MAIN(cmocka_unit_test(messages_and_descriptors_arrive),
	  cmocka_unit_test(what_does_not_fit_is_queued_in_order),
	  cmocka_unit_test(a_peer_that_never_reads_is_given_up),
	  cmocka_unit_test(end_of_file_closes_once), cmocka_unit_test(garbage_closes),
	  cmocka_unit_test(a_callback_may_close),
	  cmocka_unit_test(one_that_closes_over_the_last_message_ends_well))
