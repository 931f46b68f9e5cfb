/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include "early/fd.h"
#include "early_test.h"

static void make_pipe(int ends[2])
{
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

/* As it would be on the other side of an exec. */
static void inherit(int fd)
{
	assert_int_equal(fd_set_cloexec(fd, false), 0);
}

TEST(it_is_taken_once_and_close_on_exec_again)
{
	int ends[2];
	uint64_t saved;

	make_pipe(ends);
	saved = state_fd(ends[0]);
	inherit(ends[0]);
	assert_int_equal(state_fd_take(saved), ends[0]);
	assert_int_equal(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(state_fd_take(saved), -1);
	close(ends[0]);
	close(ends[1]);
}

TEST(none)
{
	assert_true(state_fd(-1) == STATE_NO_FD);
	assert_int_equal(state_fd_take(STATE_NO_FD), -1);
}

TEST(the_other_end_of_a_pipe_has_the_same_trace)
{
	int ends[2];

	make_pipe(ends);
	assert_true(state_fd_twin(state_fd(ends[0]), ends[1]) == state_fd(ends[1]));
	assert_true(state_fd_twin(state_fd(ends[0]), -1) == STATE_NO_FD);
	assert_true(state_fd_twin(STATE_NO_FD, ends[1]) == STATE_NO_FD);
	close(ends[0]);
	close(ends[1]);
}

TEST(one_of_this_program_is_not_taken)
{
	int ends[2];

	make_pipe(ends);
	assert_int_equal(state_fd_take(state_fd(ends[0])), -1);
	close(ends[0]);
	close(ends[1]);
}

TEST(another_file_of_that_number_is_not_taken)
{
	int ends[2], others[2];
	uint64_t saved;

	make_pipe(ends);
	make_pipe(others);
	saved = state_fd(ends[0]);
	assert_int_equal(dup3(others[0], ends[0], O_CLOEXEC), ends[0]);
	inherit(ends[0]);
	assert_int_equal(state_fd_take(saved), -1);
	close(ends[0]);
	assert_int_equal(state_fd_take(saved), -1);
	close(ends[1]);
	close(others[0]);
	close(others[1]);
}

TEST_MAIN(cmocka_unit_test(it_is_taken_once_and_close_on_exec_again), cmocka_unit_test(none),
	  cmocka_unit_test(the_other_end_of_a_pipe_has_the_same_trace),
	  cmocka_unit_test(one_of_this_program_is_not_taken),
	  cmocka_unit_test(another_file_of_that_number_is_not_taken))
