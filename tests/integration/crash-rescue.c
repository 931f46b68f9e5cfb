/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A PID 1 that crashes without a state to go on with: a shell on each console, a screen that shows text and hears keys, no
 * master of the display, no watchdog. In a name space of its own with pseudo terminals as consoles; what is asked of the VT and
 * the display is noted instead of done.
 */
#include "crash.h"

#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early_test.h"

static char dir[] = "/tmp/early-crash-rescue-XXXXXX";
static int masters[2], link_fd;
static pid_t outer;

/* In place of the C library's: the kinds that matter are written to a file. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	unsigned long arg;
	char text[128] = "", name[64] = "", path[64];

	va_start(args, request);
	arg = va_arg(args, unsigned long);
	va_end(args);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)!readlink(path, name, sizeof(name) - 1);
	if (request == KDSETMODE)
		(void)snprintf(text, sizeof(text), "%s KDSETMODE %lu\n", name, arg);
	else if (request == KDSKBMODE)
		(void)snprintf(text, sizeof(text), "%s KDSKBMODE %lu\n", name, arg);
	else if (request == VT_SETMODE)
		(void)snprintf(text, sizeof(text), "%s VT_SETMODE %d\n", name,
			       ((const struct vt_mode *)arg)->mode);
	else if (request == VT_ACTIVATE)
		(void)snprintf(text, sizeof(text), "%s VT_ACTIVATE %lu\n", name, arg);
	else if (request == _IO('d', 0x1f))
		(void)snprintf(text, sizeof(text), "%s DROP_MASTER\n", name);
	else
		return (int)syscall(SYS_ioctl, fd, request, arg);
	(void)snprintf(path, sizeof(path), "%s/calls", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	(void)!write(fd, text, strlen(text));
	(void)close(fd);
	return 0;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	char path[128];
	int fd CLEANUP_FD
	= -1;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static int bind_file(const char *from, const char *to)
{
	return mount(from, to, NULL, MS_BIND, NULL);
}

static int touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 ? -1 : close(fd);
}

/* In the child of the new name spaces. Never returns. */
static void be_pid_1(char *const *slaves)
{
	char path[128];

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0)
		_exit(101);
	(void)snprintf(path, sizeof(path), "%s/active", dir);
	if (bind_file(path, "/sys/class/tty/console/active") < 0)
		_exit(102);
	(void)snprintf(path, sizeof(path), "%s/sulogin", dir);
	if (bind_file(path, "/sbin/sulogin") < 0)
		_exit(103);
	(void)snprintf(path, sizeof(path), "%s/dev", dir);
	if (mkdir(path, 0755) < 0 || mount("tmpfs", path, "tmpfs", 0, NULL) < 0 ||
	    chdir(path) < 0 || touch("tty1") < 0 || bind_file(slaves[0], "tty1") < 0 ||
	    touch("ttyS9") < 0 || bind_file(slaves[1], "ttyS9") < 0 || touch("null") < 0 ||
	    bind_file("/dev/null", "null") < 0 || mkdir("dri", 0755) < 0 ||
	    touch("dri/card0") < 0 || touch("watchdog0") < 0)
		_exit(104);
	(void)snprintf(path, sizeof(path), "%s/watchdog", dir);
	if (bind_file(path, "watchdog0") < 0 ||
	    mount(".", "/dev", NULL, MS_BIND | MS_REC, NULL) < 0)
		_exit(105);
	/* Without CLOEXEC the shells would have them. */
	if (open("/dev/dri/card0", O_RDWR) < 0 || open("/dev/watchdog0", O_WRONLY | O_APPEND) < 0)
		_exit(106);
	if (fork() == 0) {
		(void)snprintf(path, sizeof(path), "%s/splash", dir);
		(void)close(open(path, O_RDONLY | O_CLOEXEC)); /* waits for the test */
		_exit(0);
	}
	crash_init(false);
	(void)raise(SIGSEGV);
	_exit(107);
}

static int open_pty(char **ret_slave)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(grantpt(fd), 0);
	assert_int_equal(unlockpt(fd), 0);
	*ret_slave = strdup(ptsname(fd));
	return fd;
}

static int set_up(void **state)
{
	char *slaves[2];
	char path[128];
	int ends[2];

	assert_non_null(mkdtemp(dir));
	write_file("active", "ttyS9 tty0\n", 0644);
	write_file("watchdog", "", 0644);
	write_file("calls", "", 0644);
	(void)snprintf(path, sizeof(path), "%s/splash", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	write_file("sulogin", "#!/bin/sh\necho shell-$((40+2))\nread line\necho got-$line\n", 0755);
	masters[0] = open_pty(&slaves[0]);
	masters[1] = open_pty(&slaves[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	link_fd = ends[0];
	outer = fork();
	if (outer == 0) {
		(void)close(link_fd);
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
			_exit(100);
		if (fork() == 0)
			be_pid_1(slaves);
		(void)close(ends[1]);
		(void)wait(NULL);
		_exit(0);
	}
	(void)close(ends[1]);
	free(slaves[0]);
	free(slaves[1]);
	return 0;
}

static int tear_down(void **state)
{
	char command[64], text[16] = "";
	int children;

	(void)snprintf(command, sizeof(command), "/proc/%d/task/%d/children", outer, outer);
	children = open(command, O_RDONLY | O_CLOEXEC);
	(void)!read(children, text, sizeof(text) - 1);
	(void)close(children);
	if (atoi(text) > 1)
		(void)kill(atoi(text), SIGKILL); /* the name space's PID 1, and with it all in it */
	(void)waitpid(outer, NULL, 0);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static bool expect(int fd, const char *words)
{
	uint64_t end_us = clock_monotonic_us() + 120 * USEC_PER_SEC;
	char seen[512] = "";
	size_t len = 0;

	while (!strstr(seen, words) && clock_monotonic_us() < end_us && len < sizeof(seen) - 1) {
		struct pollfd poll_fd = { fd, POLLIN, 0 };
		ssize_t n;

		if (poll(&poll_fd, 1, 100) <= 0 || !(poll_fd.revents & POLLIN)) {
			(void)usleep(10000);
			continue;
		}
		n = read(fd, seen + len, sizeof(seen) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
		seen[len] = '\0';
	}
	return strstr(seen, words) != NULL;
}

static void read_back(const char *name, char *text, size_t size)
{
	char path[128];
	int fd;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	(void)close(fd);
}

TEST(each_console_has_a_shell_that_comes_again)
{
	for (int i = 0; i < 2; i++) {
		assert_true(expect(masters[i], "shell-42"));
		assert_int_equal(write(masters[i], "word\n", 5), 5);
		assert_true(expect(masters[i], "got-word"));
		assert_true(expect(masters[i], "shell-42"));
	}
}

TEST(the_screen_shows_text_and_hears_keys)
{
	char calls[512];

	read_back("calls", calls, sizeof(calls));
	assert_non_null(strstr(calls, "/dev/tty1 VT_SETMODE 0\n")); /* VT_AUTO */
	assert_non_null(strstr(calls, "/dev/tty1 KDSKBMODE 3\n")); /* K_UNICODE */
	assert_non_null(strstr(calls, "/dev/tty1 KDSETMODE 0\n")); /* KD_TEXT */
	assert_non_null(strstr(calls, "/dev/tty1 VT_ACTIVATE 1\n"));
	assert_non_null(strstr(calls, "/dev/dri/card0 DROP_MASTER\n"));
}

static unsigned int count_text_modes(void)
{
	char calls[1024];
	unsigned int n = 0;

	read_back("calls", calls, sizeof(calls));
	for (const char *at = calls; (at = strstr(at, "/dev/tty1 KDSETMODE 0\n")); at++)
		n++;
	return n;
}

/* What the kernel shows goes dark with the framebuffer of the process that has ended. */
TEST(the_screen_shows_text_once_more_after_the_end_of_the_splash)
{
	unsigned int before = count_text_modes();
	uint64_t end_us = clock_monotonic_us() + 120 * USEC_PER_SEC;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/splash", dir);
	(void)close(open(path, O_WRONLY | O_CLOEXEC));
	while (count_text_modes() == before && clock_monotonic_us() < end_us)
		(void)usleep(10000);
	assert_int_equal(count_text_modes(), before + 1);
}

TEST(the_watchdog_is_disarmed)
{
	char text[16];

	read_back("watchdog", text, sizeof(text));
	assert_string_equal(text, "V");
}

TEST(links_of_helpers_are_closed)
{
	struct pollfd poll_fd = { link_fd, POLLIN, 0 };

	assert_int_equal(poll(&poll_fd, 1, 120000), 1);
	assert_true(poll_fd.revents & POLLHUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_console_has_a_shell_that_comes_again),
		cmocka_unit_test(the_screen_shows_text_and_hears_keys),
		cmocka_unit_test(the_screen_shows_text_once_more_after_the_end_of_the_splash),
		cmocka_unit_test(the_watchdog_is_disarmed),
		cmocka_unit_test(links_of_helpers_are_closed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
