/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The real early-splash with a link to it, in a mount name space whose /dev is empty: no screen, no VT of the host's. What it
 * draws on real devices is seen in the emulated machine only. argv[1] is the executable.
 */
#include "../unit/early_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/channel.h"
#include "early/clock.h"
#include "early/proto/splash.h"

static const char *program;

struct peer {
	struct loop *loop;
	struct channel link;
	pid_t pid;
	unsigned int frames, failures, dropped, others;
	char why[128];
	bool closed;
};

static void handle_message(struct channel *link, struct channel_message *message)
{
	struct peer *peer = link->data;
	struct splash_failed failed;

	switch (message->opcode) {
	case SPLASH_FRAME:
		peer->frames++;
		break;
	case SPLASH_FAILED:
		assert_int_equal(channel_unpack(link, message, &failed, sizeof(failed)), 0);
		snprintf(peer->why, sizeof(peer->why), "%s", failed.why);
		peer->failures++;
		break;
	case SPLASH_MASTER_DROPPED:
		peer->dropped++;
		break;
	default:
		peer->others++;
	}
}

static void handle_close(struct channel *link, int error)
{
	((struct peer *)link->data)->closed = true;
}

static void peer_start(struct peer *peer)
{
	int ours, theirs;

	*peer = (struct peer){ 0 };
	assert_int_equal(loop_new(&peer->loop), 0);
	assert_int_equal(channel_pair(&ours, &theirs), 0);
	assert_int_equal(channel_init(&peer->link, peer->loop, ours, &splash_protocol,
				      handle_message, handle_close, peer),
			 0);
	peer->pid = fork();
	assert_true(peer->pid >= 0);
	if (peer->pid == 0) {
		if (theirs == CHANNEL_HELPER_FD)
			fcntl(theirs, F_SETFD, 0);
		else
			dup2(theirs, CHANNEL_HELPER_FD);
		execl(program, "early-splash", NULL);
		_exit(127);
	}
	close(theirs);
}

#define PATIENCE_MS 120000

static void peer_wait(struct peer *peer, const unsigned int *counter, unsigned int value,
		      unsigned int timeout_ms)
{
	const uint64_t end = clock_monotonic_us() + timeout_ms * USEC_PER_MSEC;

	while ((!counter || *counter < value) && !peer->closed && clock_monotonic_us() < end)
		assert_true(loop_turn(peer->loop, 50) >= 0);
}

static int peer_stop(struct peer *peer)
{
	int status;

	channel_close(&peer->link);
	loop_free(peer->loop);
	assert_int_equal(waitpid(peer->pid, &status, 0), peer->pid);
	return status;
}

static void touch(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

TEST(waits_without_a_device_and_quits)
{
	const struct splash_progress progress = { 30, "caption" };
	const struct splash_message page = { SPLASH_KIND_FAILURE, "title", "text" };
	const struct splash_message unknown = { 77, "", "" };
	const struct splash_offer_vt offers[] = { { 7 }, { 0 }, { 1000 }, { 7 } }; /* no VT here */
	struct peer peer;

	peer_start(&peer);
	assert_int_equal(channel_send(&peer.link, SPLASH_PROGRESS, &progress), 0);
	assert_int_equal(channel_send(&peer.link, SPLASH_MESSAGE, &page), 0);
	assert_int_equal(channel_send(&peer.link, SPLASH_MESSAGE, &unknown), 0);
	assert_int_equal(channel_send(&peer.link, SPLASH_ADOPT, NULL), 0); /* no descriptor */
	assert_int_equal(channel_send(&peer.link, SPLASH_TAKE, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(offers); i++)
		assert_int_equal(channel_send(&peer.link, SPLASH_OFFER_VT, &offers[i]), 0);
	assert_int_equal(channel_send(&peer.link, SPLASH_DROP_MASTER, NULL), 0);
	peer_wait(&peer, &peer.dropped, 1, PATIENCE_MS);
	assert_int_equal(peer.dropped, 1);
	assert_int_equal(peer.frames + peer.failures + peer.others, 0);
	assert_int_equal(channel_send(&peer.link, SPLASH_QUIT, NULL), 0);
	peer_wait(&peer, NULL, 0, PATIENCE_MS);
	assert_true(peer.closed);
	assert_int_equal(peer_stop(&peer), 0);
}

TEST(ends_with_the_link)
{
	struct peer peer;

	peer_start(&peer);
	peer_wait(&peer, NULL, 0, 200);
	assert_false(peer.closed);
	assert_int_equal(peer_stop(&peer), 0);
}

TEST(names_a_device_that_does_not_work)
{
	struct peer peer;

	peer_start(&peer);
	peer_wait(&peer, NULL, 0, 200);
	assert_int_equal(mkdir("/dev/dri", 0755), 0);
	touch("/dev/dri/card0");
	peer_wait(&peer, &peer.failures, 1, PATIENCE_MS);
	assert_int_equal(peer.failures, 1);
	assert_non_null(strstr(peer.why, "/dev/dri/card0: "));
	peer_wait(&peer, NULL, 0, 700); /* said once, not with each attempt */
	assert_int_equal(peer.failures, 1);
	assert_int_equal(peer.frames, 0);
	assert_int_equal(peer_stop(&peer), 0);
}

static void enter_namespace(void)
{
	if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("dev", "/dev", "tmpfs", 0, NULL) < 0) {
		perror("test-splash-link: cannot make a /dev of its own");
		exit(EXIT_FAILURE);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_without_a_device_and_quits),
		cmocka_unit_test(ends_with_the_link),
		cmocka_unit_test(names_a_device_that_does_not_work),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test-splash-link EARLY-SPLASH\n");
		return EXIT_FAILURE;
	}
	program = argv[1];
	enter_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
