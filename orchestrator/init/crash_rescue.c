/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a PID 1 that cannot go on: a shell on each console of the kernel, again and again. It runs in the handler of the crash, so
 * what crash.c's essay says holds here as well.
 *
 * A console may be invisible and deaf: the VT in graphics mode, its keyboard switched off (a compositor's is), its switches
 * left to a process, fbcon kept from painting by who is master of the display. PID 1 holds a duplicate of the splash's DRM file, and a
 * master is the open file, so it can be dropped here. The watchdog is disarmed: nobody feeds it any more, and it would reset the
 * machine under the person in the shell. All other descriptors are closed, so that helpers with a link end.
 */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "early/macros.h"

#define PAUSE_S 3
#define MAX_CONSOLES 4
#define CONSOLES "/sys/class/tty/console/active"
#define SCREEN "/dev/tty1"
#define DRM_DROP_MASTER _IO('d', 0x1f) /* as in display.c */

struct console {
	char path[32];
	pid_t pid; /* 0: no shell there */
};

static struct {
	struct console list[MAX_CONSOLES];
	size_t n;
} consoles;

static bool begins_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* By its name: looking at the file itself may take a server's answer. */
static void let_go(int fd)
{
	char link[32] = "/proc/self/fd/", name[32] = { 0 }, digits[12];
	size_t at = sizeof(digits) - 1;
	int rest = fd;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	memcpy(link + strlen(link), digits + at, sizeof(digits) - at);
	if (readlink(link, name, sizeof(name) - 1) < 0)
		return;
	if (begins_with(name, "/dev/dri/"))
		(void)ioctl(fd, DRM_DROP_MASTER, 0);
	else if (begins_with(name, "/dev/watchdog"))
		(void)!write(fd, "V", 1); /* a driver that can't be disarmed goes on */
}

/* The screen's VT shows text and hears keys, whoever had it. */
static void show_screen(void)
{
	static const struct vt_mode automatic = { .mode = VT_AUTO };
	int tty = open(SCREEN, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (tty < 0)
		return; /* a machine without VTs */
	(void)ioctl(tty, VT_SETMODE, &automatic);
	(void)ioctl(tty, KDSKBMODE, K_UNICODE);
	(void)ioctl(tty, KDSETMODE, KD_TEXT);
	(void)ioctl(tty, VT_ACTIVATE, 1);
	(void)close(tty);
}

/*
 * Once more after the end of a process: if that was the splash, or a compositor, the kernel has turned off the screen with its framebuffer.
 * Text mode over text mode does nothing.
 */
static void redraw_screen(void)
{
	int tty = open(SCREEN, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (tty < 0)
		return;
	(void)ioctl(tty, KDSETMODE, KD_GRAPHICS);
	(void)ioctl(tty, KDSETMODE, KD_TEXT);
	(void)close(tty);
}

static void add_console(const char *name, size_t len)
{
	struct console *console = &consoles.list[consoles.n];
	const char *path = &SCREEN[strlen("/dev/")];

	if (consoles.n == MAX_CONSOLES || len == 0 ||
	    strlen("/dev/") + len >= sizeof(console->path))
		return;
	if (len == 4 && memcmp(name, "tty0", 4) == 0) /* whichever VT is in front */
		len = strlen(path);
	else
		path = name;
	memcpy(console->path, "/dev/", strlen("/dev/"));
	memcpy(console->path + strlen("/dev/"), path, len);
	consoles.n++;
}

static void find_consoles(void)
{
	char names[128];
	int fd = open(CONSOLES, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, names, sizeof(names) - 1);

	if (fd >= 0)
		(void)close(fd);
	names[MAX(n, 0)] = '\0';
	for (const char *at = names; *at; at += strspn(at, " \n")) {
		size_t len = strcspn(at, " \n");

		add_console(at, len);
		at += len;
	}
	if (consoles.n == 0)
		add_console("console", strlen("console"));
}

CRASH_HANDLER_FN static _Noreturn void run_shell(const char *path)
{
	static char *const environment[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"TERM=linux", (char *)"HOME=/root", NULL
	};
	static char *const sulogin[] = { (char *)"sulogin", (char *)"--force", NULL };
	static char *const shell[] = { (char *)"sh", NULL };
	sigset_t none;
	int tty;

	(void)close_range(0, ~0U, 0);
	(void)setsid();
	tty = open(path, O_RDWR); /* it may wait for a line */
	if (tty < 0)
		tty = open("/dev/console", O_RDWR);
	(void)ioctl(tty, TIOCSCTTY, 1);
	(void)dup2(tty, 1);
	(void)dup2(tty, 2);
	for (int signo = 1; signo < NSIG; signo++)
		(void)signal(signo, SIG_DFL); /* KILL and STOP refuse */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execve("/sbin/sulogin", sulogin, environment);
	(void)execve("/bin/sh", shell, environment);
	(void)execve("/bin/busybox", shell, environment);
	_exit(203);
}

/* False if one could not be forked. */
CRASH_HANDLER_FN static bool start_shells(void)
{
	bool all = true;

	for (size_t i = 0; i < consoles.n; i++) {
		struct console *console = &consoles.list[i];

		if (console->pid > 0)
			continue;
		console->pid = _Fork();
		if (console->pid == 0)
			run_shell(console->path);
		if (console->pid < 0) {
			console->pid = 0;
			all = false;
		}
	}
	return all;
}

/* Until a shell has ended; without waiting if @options say so. */
static void reap(int options)
{
	bool ours = false;

	while (!ours) {
		pid_t pid = waitpid(-1, NULL, options);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			return;
		for (size_t i = 0; i < consoles.n; i++) {
			if (consoles.list[i].pid != pid)
				continue;
			consoles.list[i].pid = 0;
			ours = true;
		}
		if (!ours)
			redraw_screen();
	}
}

_Noreturn void crash_rescue(void)
{
	const struct timespec pause = { .tv_sec = PAUSE_S };

	/* Ctrl-Alt-Del is the way out: nobody listens to SIGINT any more. */
	(void)reboot(RB_ENABLE_CAD);
	crash_each_open(let_go);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	show_screen();
	find_consoles();
	for (;;) {
		reap(start_shells() ? 0 : WNOHANG); /* no fork: soon again */
		(void)nanosleep(&pause, NULL);
	}
}
