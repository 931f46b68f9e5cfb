/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Consoles may block for ever (flow control), so only children open them. PID 1 learns their names from
 * /sys/class/tty/console/active, which never waits.
 *
 * A shell that ends is started again, whatever its status says: a person left it, or there is nobody behind that console
 * (yet), or it can't run. Each that ended at once makes the pause before the next longer, so that none of this becomes a
 * loop that fills the console.
 */
#include "rescue.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"

#define PAUSE_US (2 * USEC_PER_SEC)
#define PAUSE_MAX_US (64 * USEC_PER_SEC)
#define SHORT_US (10 * USEC_PER_SEC)
#define EXIT_NO_TTY 1
#define COMMANDS "/run/early/bin" /* of the initramfs */

static void start_shell(struct rescue_shell *shell);

/* In the child: a line-disciplined terminal as 0, 1 and 2 of a session of its own. */
static void open_terminal(const char *tty)
{
	struct termios mode;
	sigset_t none;
	int fd;

	/* It may wait for a person for days, with no exec that would close them: links, sockets, the display. */
	(void)close_range(3, ~0U, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	fd = open(tty, O_RDWR | O_NOCTTY);
	if (fd < 0)
		_exit(EXIT_NO_TTY);
	(void)ioctl(fd, TIOCSCTTY, 1);
	(void)dup2(fd, 0);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	if (fd > 2)
		(void)close(fd);
	if (tcgetattr(0, &mode) == 0) {
		mode.c_iflag |= ICRNL;
		mode.c_oflag |= OPOST | ONLCR;
		mode.c_lflag |= ICANON | ECHO | ECHOE | ISIG;
		(void)tcsetattr(0, TCSANOW, &mode);
	}
}

uint64_t rescue_pause_us(unsigned int n_short)
{
	uint64_t pause_us = PAUSE_US;

	while (n_short-- > 1 && pause_us < PAUSE_MAX_US)
		pause_us *= 2;
	return pause_us;
}

/* A command of busybox's name that does here what that does under its own init: it asks PID 1 by a signal. */
static void add_power_command(const char *name, int signo)
{
	char path[sizeof(COMMANDS) + 16];
	int fd;

	(void)snprintf(path, sizeof(path), COMMANDS "/%s", name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (fd < 0)
		return; /* Ctrl-Alt-Del is left */
	dprintf(fd, "#!" COMMANDS "/sh\nkill -%d 1\n", signo);
	(void)close(fd);
}

static void add_power_commands(void)
{
	(void)fs_mkdir_p_at(AT_FDCWD, COMMANDS, 0755);
	add_power_command("reboot", SIGINT);
	add_power_command("poweroff", SIGRTMIN + 4);
	add_power_command("halt", SIGRTMIN + 3);
}

/*
 * In the child. sulogin asks for root's password; without it, or in the initramfs, a plain shell. Where root has none because the
 * account is locked (Debian's installer does that if the first user may use sudo) there is nothing to ask for: --force
 * gives the shell, as the installer arranges for systemd's rescue there.
 *
 * The initramfs has busybox alone, without the links by which its commands are found; it makes them itself.
 */
static _Noreturn void run_shell(bool in_initramfs)
{
	static char *const environment[] = { (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/"
						     "sbin:/usr/bin:/sbin:/bin:" COMMANDS,
					     (char *)"TERM=linux", (char *)"HOME=/root",
					     (char *)"PS1=(early) # ", NULL };
	static char *const sulogin[] = { (char *)"sulogin", (char *)"--force", NULL };
	static char *const plain[] = { (char *)"sh", NULL };
	static char *const with_commands[] = { (char *)"sh", (char *)"-c",
					       (char *)"busybox --install -s " COMMANDS
						       " 2>/dev/null\n"
						       "[ -x /bin/sh ] && exec /bin/sh\n"
						       "exec busybox sh",
					       NULL };

	if (in_initramfs) {
		add_power_commands();
	} else {
		(void)execve("/sbin/sulogin", sulogin, environment);
		(void)execve("/usr/sbin/sulogin", sulogin, environment);
	}
	(void)execve("/bin/sh", in_initramfs ? with_commands : plain, environment);
	(void)execve("/bin/busybox", in_initramfs ? with_commands : plain, environment);
	dprintf(2, "there is no shell here: %s\n", strerrordesc_np(errno));
	_exit(203);
}

/* In the child: ends when Enter was pressed on the screen's terminal. */
static void wait_for_enter(void)
{
	char byte;

	while (read(0, &byte, 1) == 1) {
		if (byte == '\n')
			_exit(0);
	}
	_exit(EXIT_NO_TTY);
}

static void handle_again(struct loop_timer *timer)
{
	start_shell(container_of(timer, struct rescue_shell, again));
}

static void start_later(struct rescue_shell *shell)
{
	uint64_t now_us = clock_monotonic_us();
	uint64_t pause_us;

	shell->n_short = now_us - shell->started_us < SHORT_US ? shell->n_short + 1 : 0;
	pause_us = rescue_pause_us(shell->n_short);
	log_debug("the next rescue shell on %s comes in %llu s", shell->tty,
		  (unsigned long long)(pause_us / USEC_PER_SEC));
	(void)loop_timer_start(shell->rescue->loop, &shell->again, now_us + pause_us, handle_again);
}

static void handle_end(struct loop_child *child, const siginfo_t *info)
{
	struct rescue_shell *shell = container_of(child, struct rescue_shell, child);

	if (shell->on_screen && info->si_code == CLD_EXITED && info->si_status == 0) {
		shell->on_screen = false;
		shell->rescue->on_enter(shell->rescue);
		start_shell(shell);
		return;
	}
	log_debug("the rescue shell on %s has ended", shell->tty);
	start_later(shell);
}

/* In the child. */
static void say_again(unsigned int n_short)
{
	dprintf(2,
		"\r\n*** Early: a new shell; the last one ended at once. If it does so again, the "
		"next "
		"comes after %u s.\r\n"
		"*** The way out: reboot or poweroff in the shell, or Ctrl-Alt-Del on the "
		"keyboard.\r\n",
		(unsigned int)(rescue_pause_us(n_short + 1) / USEC_PER_SEC));
}

static void start_shell(struct rescue_shell *shell)
{
	pid_t pid = fork();
	int r;

	if (pid == 0) {
		open_terminal(shell->tty);
		if (shell->on_screen)
			wait_for_enter();
		if (shell->n_short > 0)
			say_again(shell->n_short);
		run_shell(shell->rescue->in_initramfs);
	}
	r = pid < 0 ? -errno : 0;
	shell->started_us = clock_monotonic_us();
	if (r == 0)
		r = loop_child_watch(shell->rescue->loop, &shell->child, pid, handle_end);
	if (r == 0)
		return;
	log_errno(r, "cannot start a rescue shell");
	start_later(shell); /* there may be room for a process or memory by then */
}

static void say(const char *tty, const char *what, const char *why, const char *advice)
{
	pid_t pid = fork();

	if (pid != 0)
		return; /* a stranger that the loop reaps */

	(void)close_range(3, ~0U, 0); /* the console may block for ever */

	int fd = open(tty, O_WRONLY | O_NOCTTY);

	if (fd >= 0)
		dprintf(fd,
			"\r\n*** Early: %s\r\n***   why: %s\r\n***   what to do: %s\r\n"
			"*** A rescue shell follows.\r\n",
			what, why, advice);
	_exit(0);
}

static void add_console(struct rescue *rescue, const char *name)
{
	struct rescue_shell *shell;

	if (rescue->n_shells == RESCUE_MAX_CONSOLES)
		return;
	shell = &rescue->shells[rescue->n_shells++];
	shell->rescue = rescue;
	/* tty0 is whichever VT is in front; the picture is on the first. */
	shell->on_screen = strcmp(name, "tty0") == 0;
	(void)snprintf(shell->tty, sizeof(shell->tty), "/dev/%s", shell->on_screen ? "tty1" : name);
}

/* Reaped by a program that crashed before it could say so? */
static bool is_our_child(pid_t pid)
{
	siginfo_t info;

	return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void rescue_adopt(struct rescue *rescue, struct loop *loop, const char *tty, pid_t pid,
		  bool on_screen, unsigned int n_short)
{
	struct rescue_shell *shell;

	rescue->loop = loop;
	if (rescue->n_shells == RESCUE_MAX_CONSOLES)
		return;
	shell = &rescue->shells[rescue->n_shells++];
	*shell = (struct rescue_shell){ .rescue = rescue,
					.on_screen = on_screen,
					.n_short = n_short,
					.started_us = clock_monotonic_us() };
	(void)snprintf(shell->tty, sizeof(shell->tty), "%s", tty);
	if (!is_our_child(pid) || loop_child_watch(loop, &shell->child, pid, handle_end) < 0)
		start_later(shell);
}

static void find_consoles(struct rescue *rescue)
{
	CLEANUP(free_charp)
	char *line = NULL;
	char *at = NULL;

	if (fs_read_line_at(AT_FDCWD,
			    rescue->console_list ? rescue->console_list
						 : "/sys/class/tty/console/active",
			    &line) < 0) {
		add_console(rescue, "console");
		return;
	}
	for (char *name = strtok_r(line, " ", &at); name; name = strtok_r(NULL, " ", &at))
		add_console(rescue, name);
}

void rescue_start(struct rescue *rescue, struct loop *loop, const char *what, const char *why,
		  const char *advice)
{
	bool first = rescue->n_shells == 0;

	log_error("%s: %s; %s", what, why, advice);
	rescue->loop = loop;
	if (first)
		find_consoles(rescue);
	for (unsigned int i = 0; i < rescue->n_shells; i++) {
		if (!rescue->shells[i].on_screen)
			say(rescue->shells[i].tty, what, why, advice);
		if (first)
			start_shell(&rescue->shells[i]);
	}
}
