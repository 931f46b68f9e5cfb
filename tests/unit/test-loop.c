/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early_test.h"

struct owner {
	struct loop_source source;
	int pipe[2];
	int calls;
	struct owner *victim;
};

static void owner_init(struct owner *owner, struct loop *loop, loop_fn fn)
{
	*owner = (struct owner){ .calls = 0 };
	assert_int_equal(pipe(owner->pipe), 0);
	assert_int_equal(write(owner->pipe[1], "x", 1), 1);
	assert_int_equal(loop_add(loop, &owner->source, owner->pipe[0], EPOLLIN, fn), 0);
}

static void owner_done(struct owner *owner)
{
	loop_remove(&owner->source);
	close(owner->pipe[0]);
	close(owner->pipe[1]);
}

static void handle_and_remove_victim(struct loop_source *source, uint32_t events)
{
	struct owner *owner = container_of(source, struct owner, source);

	owner->calls++;
	loop_remove(&owner->victim->source);
}

TEST(removal_blanks_the_batch)
{
	struct loop *loop;
	struct owner a, b;

	assert_int_equal(loop_new(&loop), 0);
	owner_init(&a, loop, handle_and_remove_victim);
	owner_init(&b, loop, handle_and_remove_victim);
	a.victim = &b;
	b.victim = &a;
	assert_int_equal(loop_turn(loop, 1000), 0); /* both are ready in one batch */
	assert_int_equal(a.calls + b.calls, 1);
	owner_done(&a);
	owner_done(&b);
	loop_free(loop);
}

struct ticker {
	struct loop_timer timer;
	struct loop *loop;
	int *order;
	int number;
};

static void handle_tick(struct loop_timer *timer)
{
	struct ticker *ticker = container_of(timer, struct ticker, timer);

	*ticker->order = *ticker->order * 10 + ticker->number;
	if (ticker->number == 3)
		loop_exit(ticker->loop, 7);
}

TEST(timers_fire_in_order)
{
	uint64_t now = clock_monotonic_us();
	struct ticker t[4] = { 0 };
	struct loop *loop;
	int order = 0;

	assert_int_equal(loop_new(&loop), 0);
	for (int i = 0; i < 4; i++) {
		t[i].loop = loop;
		t[i].order = &order;
		t[i].number = i + 1;
	}
	assert_int_equal(loop_timer_start(loop, &t[2].timer, now + 20000, handle_tick), 0);
	assert_int_equal(loop_timer_start(loop, &t[0].timer, now, handle_tick), 0);
	assert_int_equal(loop_timer_start(loop, &t[1].timer, now + 90000000, handle_tick), 0);
	assert_int_equal(loop_timer_start(loop, &t[3].timer, now + 5000, handle_tick), 0);
	assert_int_equal(loop_timer_start(loop, &t[1].timer, now + 10000, handle_tick), 0);
	loop_timer_stop(&t[3].timer);
	loop_timer_stop(&t[3].timer);
	assert_int_equal(loop_run(loop), 7);
	assert_int_equal(order, 123);
	loop_free(loop);
}

/* A deadline that is over comes in the same turn, but after what came before it; one that was taken back never comes. */
struct race {
	struct owner owner;
	struct loop_timer timer;
	int n_read;
	int read_first; /* how many before the timer; -1: it did not come yet */
};

static void handle_race_read(struct loop_source *source, uint32_t events)
{
	struct race *race = container_of(source, struct race, owner.source);
	char c;

	assert_int_equal(read(source->fd, &c, 1), 1);
	race->n_read++;
}

static void handle_race_timer(struct loop_timer *timer)
{
	struct race *race = container_of(timer, struct race, timer);

	race->read_first = race->n_read;
}

TEST(a_deadline_that_is_over_needs_no_wake_up)
{
	struct race race = { .read_first = -1 };
	struct loop_timer other = { 0 };
	struct loop *loop;
	int ends[2];

	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(loop_add(loop, &race.owner.source, ends[0], EPOLLIN, handle_race_read), 0);
	assert_int_equal(
		loop_timer_start(loop, &race.timer, clock_monotonic_us(), handle_race_timer), 0);
	assert_int_equal(loop_timer_start(loop, &other, 1, handle_tick), 0);
	loop_timer_stop(&other);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(race.read_first, 1);
	loop_remove(&race.owner.source);
	close(ends[0]);
	close(ends[1]);
	loop_free(loop);
}

struct reaper {
	struct loop_child child;
	struct loop *loop;
	int status;
	int strangers;
};

static void maybe_exit(struct reaper *reaper)
{
	if (reaper->strangers == 3 && reaper->status == 42)
		loop_exit(reaper->loop, 0);
}

static void handle_child(struct loop_child *child, const siginfo_t *info)
{
	struct reaper *reaper = container_of(child, struct reaper, child);

	assert_null(child->loop);
	reaper->status = info->si_status;
	maybe_exit(reaper);
}

static void handle_stranger(const siginfo_t *info, void *data)
{
	struct reaper *reaper = data;

	reaper->strangers++;
	maybe_exit(reaper);
}

TEST(children_and_strangers_are_reaped)
{
	struct reaper reaper = { .status = -1 };
	struct loop *loop;

	assert_int_equal(loop_new(&loop), 0);
	reaper.loop = loop;
	loop_set_stranger_fn(loop, handle_stranger, &reaper);
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(i == 0 ? 42 : 1);
		assert_true(pid > 0);
		if (i == 0)
			assert_int_equal(loop_child_watch(loop, &reaper.child, pid, handle_child),
					 0);
	}
	assert_int_equal(loop_reap_children(loop), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	loop_free(loop);
}

/* The pid is still its own then; and the owner may let go of it. */
struct dying {
	struct reaper reaper;
	bool lets_go;
	int heard;
};

static void handle_ending(struct loop_child *child)
{
	struct dying *dying = container_of(child, struct dying, reaper.child);

	assert_int_equal(kill(child->pid, 0), 0);
	dying->heard++;
	if (dying->lets_go)
		loop_child_unwatch(child);
}

TEST(last_words_are_heard_before_the_end)
{
	for (int i = 0; i < 2; i++) {
		struct dying dying = { .reaper.status = -1, .lets_go = i == 1 };
		struct loop *loop;
		pid_t pid = fork();

		if (pid == 0)
			_exit(42);
		assert_true(pid > 0);
		assert_int_equal(loop_new(&loop), 0);
		dying.reaper.child.ending = handle_ending;
		assert_int_equal(loop_child_watch(loop, &dying.reaper.child, pid, handle_child), 0);
		dying.reaper.loop = loop;
		assert_int_equal(loop_reap_children(loop), 0);
		while (waitpid(pid, NULL, WNOHANG) == 0 || dying.heard == 0)
			assert_int_equal(loop_turn(loop, 100), 0);
		assert_int_equal(dying.heard, 1);
		assert_int_equal(dying.reaper.status, i == 1 ? -1 : 42);
		loop_free(loop);
	}
}

struct flusher {
	struct loop_hook hook;
	int calls;
};

static void handle_hook(struct loop_hook *hook)
{
	container_of(hook, struct flusher, hook)->calls++;
}

TEST(hooks_run_once_before_sleep)
{
	struct flusher flusher = { .calls = 0 };
	struct loop *loop;

	assert_int_equal(loop_new(&loop), 0);
	loop_hook_schedule(loop, &flusher.hook, handle_hook);
	loop_hook_schedule(loop, &flusher.hook, handle_hook);
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(flusher.calls, 1);
	loop_free(loop);
}

TEST_MAIN(cmocka_unit_test(removal_blanks_the_batch), cmocka_unit_test(timers_fire_in_order),
	  cmocka_unit_test(a_deadline_that_is_over_needs_no_wake_up),
	  cmocka_unit_test(children_and_strangers_are_reaped),
	  cmocka_unit_test(last_words_are_heard_before_the_end),
	  cmocka_unit_test(hooks_run_once_before_sleep))
