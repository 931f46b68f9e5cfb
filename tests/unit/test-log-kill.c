/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * early-log, killed between any two instructions.
 *
 * What a killed early-log leaves is its files and what is in its pipe. So one is stepped through, and wherever it might be killed its
 * successor is started, with the same pipe and the same files; then the one goes on, with all of that as it was before.
 * At the beginning, at the end, and before it, one is killed indeed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "intake.h"
#include "log_dir.h"
#include "log_life.h"

#define KILLS 50 /* EARLY_TEST_KILLS: another number */

/* What is stepped through lies between the two stops. */
static void live(int fd)
{
	static struct life life;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || !life_begin(&life, fd))
		_exit(2);
	(void)raise(SIGSTOP);
	(void)loop_turn(life.loop, 1000);
	(void)raise(SIGSTOP);
	_exit(3);
}

/* One early-log that is stepped through, with its directory and its pipe. */
struct stepped {
	pid_t pid;
	int ends[2];
	unsigned long n_steps;
	bool has_ended; /* it did all that it had to do */
};

/* Both on one processor: a step is two switches between them, and waking another processor takes longer than those. */
static void stay_here(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	assert_true(cpu >= 0);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void stepped_begin(struct stepped *stepped)
{
	static const char text[] = "one\ntwo\nthree\nfo";
	int status;

	make_dir();
	stepped->n_steps = 0;
	stepped->has_ended = false;
	assert_int_equal(pipe2(stepped->ends, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(stepped->ends[1], text, strlen(text)), 0);
	stepped->pid = fork();
	assert_true(stepped->pid >= 0);
	if (stepped->pid == 0)
		live(stepped->ends[0]);
	assert_int_equal(waitpid(stepped->pid, &status, 0), stepped->pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
}

/* Until @n_steps are done in all, or it ends. */
static void stepped_go(struct stepped *stepped, unsigned long n_steps)
{
	int status;

	while (stepped->n_steps < n_steps && !stepped->has_ended) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, stepped->pid, NULL, NULL), 0);
		assert_int_equal(waitpid(stepped->pid, &status, 0), stepped->pid);
		assert_true(WIFSTOPPED(status));
		stepped->has_ended = WSTOPSIG(status) == SIGSTOP;
		stepped->n_steps++;
	}
}

static void check_lines(const char *text, unsigned long n_steps)
{
	static const char *const lines[] = { "one", "two", "three", "four", "five" };
	const char *at = text;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *end = strchrnul(at, '\n');
		char line[64];

		(void)snprintf(line, sizeof(line), "] info %s", lines[i]);
		if (*end == '\0' || (size_t)(end - at) < strlen(line) ||
		    strncmp(end - strlen(line), line, strlen(line)) != 0)
			fail_msg("killed after %lu steps: no \"%s\" in its place:\n%s", n_steps,
				 lines[i], text);
		at = end + 1;
	}
	if (*at)
		fail_msg("killed after %lu steps: something twice:\n%s", n_steps, text);
}

static void check_successor(const struct stepped *stepped)
{
	static const char text[] = "ur\nfive\n";
	static struct life life;
	char *written;

	assert_true(life_begin(&life, stepped->ends[0]));
	assert_int_equal(fd_write_all(stepped->ends[1], text, strlen(text)), 0);
	life_end(&life);
	written = read_back("a.service.log");
	assert_non_null(written);
	check_lines(written, stepped->n_steps);
	free(written);
}

/* Returns how much is in the pipe, which stays there. */
static size_t look_into(const int ends[2], char *bytes, size_t size)
{
	int copy[2];
	ssize_t n;

	assert_int_equal(pipe2(copy, O_CLOEXEC), 0);
	n = tee(ends[0], copy[1], size, SPLICE_F_NONBLOCK);
	if (n < 0)
		assert_int_equal(errno, EAGAIN); /* it is empty */
	else
		assert_int_equal(read(copy[0], bytes, size), n);
	close(copy[0]);
	close(copy[1]);
	return n < 0 ? 0 : (size_t)n;
}

/* Its files with another lock: the log itself, which is known by its inode, and a copy of the other file. */
static void link_files(const char *from, const char *to)
{
	char command[256];

	(void)snprintf(command, sizeof(command),
		       "cp -al %s/. %s && cp --remove-destination %s/" INTAKE_FILE " %s", from, to,
		       from, to);
	assert_int_equal(system(command), 0);
}

static void write_anew(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_int_equal(fd_write_all(fd, bytes, len), 0);
	close(fd);
}

/* As if it were killed here. It stands still meanwhile, and sees nothing of it. */
static void check_here(const struct stepped *stepped)
{
	char its_dir[sizeof(dir_path)], its_log[128], in_pipe[64], *in_log = NULL;
	size_t pipe_len = look_into(stepped->ends, in_pipe, sizeof(in_pipe)), log_len;

	memcpy(its_dir, dir_path, sizeof(its_dir));
	(void)snprintf(its_log, sizeof(its_log), "%s/a.service.log", its_dir);
	(void)fs_read_file_at(AT_FDCWD, its_log, 4096, &in_log,
			      &log_len); /* or there is none yet */
	make_dir();
	link_files(its_dir, dir_path);
	check_successor(stepped);
	remove_dir();
	memcpy(dir_path, its_dir, sizeof(dir_path));
	if (in_log)
		write_anew(its_log, in_log, log_len);
	free(in_log);
	assert_int_equal(fd_write_all(stepped->ends[1], in_pipe, pipe_len), 0);
}

/* Here it is killed. */
static void stepped_end(struct stepped *stepped)
{
	assert_int_equal(kill(stepped->pid, SIGKILL), 0);
	assert_int_equal(waitpid(stepped->pid, NULL, 0), stepped->pid);
	check_successor(stepped);
	close(stepped->ends[0]);
	close(stepped->ends[1]);
	remove_dir();
}

TEST(killed_between_any_two_instructions)
{
	const char *wanted = getenv("EARLY_TEST_KILLS");
	unsigned long n_kills = wanted ? strtoul(wanted, NULL, 10) : KILLS, n_steps;
	struct stepped stepped;

	stay_here();
	/* At once. After this, what each process does only once is done here, so that its children have as many steps as one another. */
	stepped_begin(&stepped);
	stepped_end(&stepped);
	stepped_begin(&stepped);
	stepped_go(&stepped, -1UL);
	n_steps = stepped.n_steps;
	assert_true(n_steps > 1000);
	stepped_end(&stepped);

	stepped_begin(&stepped);
	for (unsigned long i = 0; i < n_kills; i++) {
		stepped_go(&stepped, i * n_steps / n_kills);
		check_here(&stepped);
	}
	stepped_end(&stepped);
	print_message("%lu steps, killed at %lu of them\n", n_steps, n_kills);
}

TEST_MAIN(cmocka_unit_test(killed_between_any_two_instructions))
