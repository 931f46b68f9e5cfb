/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rescue shells of rescue.c on a pseudo terminal in a console's place; the one of the real root with a locked root account.
 * Run by init-manager.sh in name spaces of its own.
 */
#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early_test.h"

static char list_path[] = "/tmp/early-rescue-list-XXXXXX";
static char shadow_path[] = "/tmp/early-rescue-shadow-XXXXXX";
static struct loop *loop;
static struct rescue rescue;
static int master;
static char seen[16384];

static void write_file(const char *path, const char *text)
{
	CLEANUP_FD
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static int set_up(void **state)
{
	char name[64];

	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(loop_reap_children(loop), 0);
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	(void)snprintf(name, sizeof(name), "%s\n", ptsname(master) + strlen("/dev/"));
	write_file(list_path, name);
	rescue = (struct rescue){ .console_list = list_path };
	seen[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	for (unsigned int i = 0; i < rescue.n_shells; i++) {
		loop_timer_stop(&rescue.shells[i].again);
		loop_child_unwatch(&rescue.shells[i].child);
	}
	(void)kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	master = fd_close(master);
	loop = loop_free(loop);
	return 0;
}

#define PATIENCE_S 120

/* Waits for words on the console, and forgets what came before them. */
static bool expect_within(const char *words, unsigned int seconds)
{
	uint64_t end_us = clock_monotonic_us() + seconds * USEC_PER_SEC;
	size_t len = strlen(seen);
	char *at;

	while (!(at = strstr(seen, words)) && clock_monotonic_us() < end_us) {
		struct pollfd poll_fd = { master, POLLIN, 0 };
		ssize_t n;

		assert_int_equal(loop_turn(loop, 10), 0);
		if (poll(&poll_fd, 1, 0) <= 0 || !(poll_fd.revents & POLLIN))
			continue;
		n = read(master, seen + len, sizeof(seen) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
		seen[len] = '\0';
	}
	if (at)
		memmove(seen, at + strlen(words), strlen(at + strlen(words)) + 1);
	return at != NULL;
}

static bool expect(const char *words)
{
	return expect_within(words, PATIENCE_S);
}

static void type(const char *text)
{
	assert_int_equal(fd_write_all(master, text, strlen(text)), 0);
}

static void begin(void)
{
	rescue_start(&rescue, loop, "Something failed", "this is why", "do that");
	assert_int_equal(rescue.n_shells, 1);
}

TEST(any_status_brings_another_shell_after_a_pause)
{
	uint64_t before_us;

	rescue.in_initramfs = true;
	begin();
	assert_true(expect("(early) #"));
	type("exit 202\n");
	before_us = clock_monotonic_us();
	assert_true(expect("a new shell"));
	assert_true(clock_monotonic_us() - before_us >= 1 * USEC_PER_SEC);
	assert_true(expect("(early) #"));
	type("exit 1\n");
	before_us = clock_monotonic_us();
	assert_true(expect("a new shell"));
	assert_true(clock_monotonic_us() - before_us >= 3 * USEC_PER_SEC);
}

/* The initramfs has one busybox, and no links to it. */
TEST(the_shell_of_the_initramfs_has_its_commands)
{
	rescue.in_initramfs = true;
	begin();
	assert_true(expect("(early) #"));
	type("PATH=/run/early/bin; ls /run/early/bin\n");
	assert_true(expect("blkid"));
	assert_true(expect("mount"));
	assert_true(expect("(early) #"));
	type("cat /run/early/bin/reboot /run/early/bin/poweroff\n");
	assert_true(expect("kill -2 1"));
	assert_true(expect("kill -38 1"));
}

/* As over an exec: the processes are the same, all that is known of them is what was saved. */
static void adopt(void)
{
	struct rescue_shell *shell = &rescue.shells[0];
	pid_t pid = shell->child.pid;
	bool on_screen = shell->on_screen;
	struct rescue next = { .in_initramfs = true, .on_enter = rescue.on_enter };
	char tty[32];

	(void)snprintf(tty, sizeof(tty), "%s", shell->tty);
	loop_timer_stop(&shell->again);
	loop_child_unwatch(&shell->child);
	rescue = next;
	rescue_adopt(&rescue, loop, tty, pid, on_screen, 0);
	assert_int_equal(rescue.n_shells, 1);
}

TEST(a_shell_of_the_program_before_is_followed_by_another)
{
	rescue.in_initramfs = true;
	begin();
	assert_true(expect("(early) #"));
	adopt();
	type("echo still-$((40+2)); exit 1\n");
	assert_true(expect("still-42"));
	assert_true(expect("a new shell"));
	assert_true(expect("(early) #"));
}

/* The splash, or its failure, is what lets an ordinary boot go on. */
TEST(a_boot_into_the_rescue_shell_goes_no_further)
{
	static const struct manager_options options = { .cmdline = "/proc/cmdline" };
	static struct boot boot; /* too large for a stack */

	boot.loop = loop;
	boot.rescue.console_list = list_path;
	cmdline_parse(&boot.cmdline, "early.rescue root=/dev/early-nonesuch");
	assert_int_equal(manager_new(&boot.manager, loop, &options), 0);
	display_init(&boot.display, loop, false);
	storage_init(&boot.storage, loop);
	boot_early_start(&boot);
	assert_true(expect("(early) #"));
	boot.display.on_frame(&boot.display, 1, "card0");
	boot.display.on_failed(&boot.display, "there is no screen");
	assert_int_equal(boot.storage.order, 0);
	assert_int_equal(boot.rescue.n_shells, 1);
	loop_timer_stop(&boot.rescue.shells[0].again);
	loop_child_unwatch(&boot.rescue.shells[0].child);
	for (size_t i = 0; i < ARRAY_SIZE(boot.modules); i++)
		(void)helper_release(&boot.modules[i]);
	manager_free(boot.manager);
}

static bool entered;

static void handle_enter(struct rescue *from)
{
	entered = true;
}

TEST(who_waited_for_enter_before_still_does)
{
	rescue.in_initramfs = true;
	rescue.on_enter = handle_enter;
	begin();
	loop_child_unwatch(&rescue.shells[0].child);
	(void)kill(rescue.shells[0].child.pid, SIGKILL);
	rescue.n_shells = 0;
	rescue_adopt(&rescue, loop, ptsname(master), 0, true, 0); /* the next waits for Enter */
	for (int i = 0; i < 10 * PATIENCE_S && !rescue.shells[0].child.loop; i++)
		assert_int_equal(loop_turn(loop, 100), 0);
	adopt();
	assert_false(entered);
	assert_int_equal(loop_turn(loop, 200), 0);
	type("\n");
	assert_true(expect("(early) #"));
	assert_true(entered);
}

TEST(a_locked_root_gets_a_shell)
{
	begin();
	bool has_prompt = false;

	if (!expect("Press Enter"))
		fail_msg("the console says: %s", seen);
	/* sulogin throws away what comes before it reads: as anybody would, press it again. */
	for (int i = 0; i < PATIENCE_S && !has_prompt; i++) {
		type("\n");
		has_prompt = expect_within("# ", 1);
	}
	if (!has_prompt)
		fail_msg("the console says: %s", seen);
	type("echo shell-$((40+2))\n");
	if (!expect("shell-42"))
		fail_msg("the console says: %s", seen);
}

/* Never returns. As a user whom the limit of processes holds. */
static void run_without_forks(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NPROC, &limit) < 0 || setresuid(54321, 54321, 54321) < 0)
		_exit(10);
	limit.rlim_cur = 1;
	if (setrlimit(RLIMIT_NPROC, &limit) < 0 || loop_new(&loop) < 0 ||
	    loop_reap_children(loop) < 0)
		_exit(11);
	rescue.in_initramfs = true;
	rescue_start(&rescue, loop, "Something failed", "this is why", "do that");
	if (rescue.n_shells != 1 || rescue.shells[0].child.loop)
		_exit(12); /* it could fork: this shows nothing */
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NPROC, &limit) < 0)
		_exit(13);
	for (int i = 0; i < 10 * PATIENCE_S && !rescue.shells[0].child.loop; i++)
		if (loop_turn(loop, 100) < 0)
			_exit(14);
	_exit(rescue.shells[0].child.loop ? 0 : 15);
}

TEST(a_shell_that_cannot_be_forked_is_tried_again)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		run_without_forks();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

TEST(pauses_grow_and_stay_bounded)
{
	assert_int_equal(rescue_pause_us(0), rescue_pause_us(1));
	assert_int_equal(rescue_pause_us(3), 4 * rescue_pause_us(1));
	assert_int_equal(rescue_pause_us(7), rescue_pause_us(1000000000));
	assert_true(rescue_pause_us(1000000000) <= 64 * USEC_PER_SEC);
}

#define RESCUE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RESCUE_TEST(any_status_brings_another_shell_after_a_pause),
		RESCUE_TEST(the_shell_of_the_initramfs_has_its_commands),
		RESCUE_TEST(a_shell_of_the_program_before_is_followed_by_another),
		RESCUE_TEST(a_boot_into_the_rescue_shell_goes_no_further),
		RESCUE_TEST(who_waited_for_enter_before_still_does),
		RESCUE_TEST(a_locked_root_gets_a_shell),
		RESCUE_TEST(a_shell_that_cannot_be_forked_is_tried_again),
		cmocka_unit_test(pauses_grow_and_stay_bounded),
	};
	int list_fd, shadow_fd, failed;

	if (getpid() != 1) {
		fputs("run by init-manager.sh in a PID name space\n", stderr);
		return 1;
	}
	list_fd = mkstemp(list_path);
	shadow_fd = mkstemp(shadow_path);
	if (list_fd < 0 || shadow_fd < 0 || fchmod(list_fd, 0644) < 0 ||
	    fd_write_all(shadow_fd, "root:*:19000:0:99999:7:::\n", 26) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 ||
	    mount(shadow_path, "/etc/shadow", NULL, MS_BIND, NULL) < 0) {
		perror("rescue-shell: cannot lock root");
		return 1;
	}
	(void)unlink(shadow_path);
	close(list_fd);
	close(shadow_fd);
	log_init("rescue-shell", LOG_SINK_STDERR, LOG_LEVEL_WARNING);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(list_path);
	return failed;
}
