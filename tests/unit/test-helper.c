/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* helper.c: the last words of a process that is dead already, and owners that let go while they hear them. */
#include "helper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/proto/disks.h"
#include "early_test.h"

#define WORDS 5

struct owner {
	struct loop *loop;
	struct helper helper;
	unsigned int words;
	unsigned int deaths;
	unsigned int release_at; /* the word after which it lets go; 0: never */
	int status;
};

static void on_message(struct helper *helper, struct channel_message *message)
{
	struct owner *owner = helper->data;

	assert_int_equal(owner->deaths, 0);
	assert_int_equal(message->opcode, DISKS_PROGRESS);
	if (++owner->words == owner->release_at)
		(void)fd_close(helper_release(helper));
}

static void on_exit_told(struct helper *helper, int status)
{
	struct owner *owner = helper->data;

	owner->deaths++;
	owner->status = status;
}

static const struct helper_spec *spec_of(struct owner *owner)
{
	static struct helper_spec spec;

	spec = (struct helper_spec){ .name = "talker",
				     .protocol = &disks_protocol,
				     .on_message = on_message,
				     .on_exit = on_exit_told,
				     .data = owner };
	return &spec;
}

/* A process that says all it has to say and is dead before anybody listens. */
static pid_t talk_and_die(int link_fd)
{
	static const struct disks_progress progress = { .percent = 1, .what = "word" };
	siginfo_t info;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < WORDS; i++)
			(void)channel_send_sync(link_fd, &disks_protocol, DISKS_PROGRESS,
						&progress);
		_exit(3);
	}
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	return pid;
}

static void live(struct owner *owner)
{
	int ours, theirs;
	pid_t pid;

	assert_int_equal(loop_new(&owner->loop), 0);
	assert_int_equal(channel_pair(&ours, &theirs), 0);
	pid = talk_and_die(theirs);
	fd_close(theirs);
	assert_int_equal(helper_adopt(&owner->helper, owner->loop, spec_of(owner), pid, ours), 0);
	assert_int_equal(loop_reap_children(owner->loop), 0); /* it is dead: told at once */
	for (int i = 0; i < WORDS; i++)
		assert_int_equal(loop_turn(owner->loop, 0), 0);
	(void)fd_close(helper_release(&owner->helper));
	loop_free(owner->loop);
}

TEST(last_words_come_before_the_death)
{
	struct owner owner = { 0 };

	live(&owner);
	assert_int_equal(owner.words, WORDS);
	assert_int_equal(owner.deaths, 1);
	assert_int_equal(WEXITSTATUS(owner.status), 3);
}

TEST(an_owner_that_lets_go_hears_no_more)
{
	struct owner owner = { .release_at = 2 };

	live(&owner);
	assert_int_equal(owner.words, 2);
	assert_int_equal(owner.deaths, 0);
}

/* By the program before, which crashed before it could say so. */
TEST(one_that_was_reaped_already)
{
	struct owner owner = { 0 };
	int ours, theirs;
	pid_t pid;

	assert_int_equal(loop_new(&owner.loop), 0);
	assert_int_equal(channel_pair(&ours, &theirs), 0);
	pid = talk_and_die(theirs);
	fd_close(theirs);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(helper_adopt(&owner.helper, owner.loop, spec_of(&owner), pid, ours), 0);
	assert_int_equal(owner.deaths, 0); /* not from within */
	for (int i = 0; i < 100 && owner.deaths == 0; i++)
		assert_int_equal(loop_turn(owner.loop, 10), 0);
	assert_int_equal(owner.words, WORDS);
	assert_int_equal(owner.deaths, 1);
	assert_false(helper_is_running(&owner.helper));
	loop_free(owner.loop);
}

TEST_MAIN(cmocka_unit_test(last_words_come_before_the_death),
	  cmocka_unit_test(an_owner_that_lets_go_hears_no_more),
	  cmocka_unit_test(one_that_was_reaped_already))
