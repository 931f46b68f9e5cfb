/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In the handler nothing of the heap, the loop or the log is used: only system calls, static memory and the descriptors'
 * numbers of the image. It runs on a stack of its own, for the other may be what overflowed.
 *
 * Every descriptor goes over the exec. The handler can't know which of them belong to the state; the next program does, and
 * closes the others.
 *
 * The backtrace is what on the stack looks like an address of the program: a few too many rather than the unwinder, which
 * takes locks and memory. `addr2line -e early-init` takes the offsets.
 */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/macros.h"
#include "early/parse.h"

#include "image.h"

#define STACK_BYTES (64 * 1024)
#define MAX_WORDS 64
#define MAX_FRAMES 12
#define SCAN_WORDS 512
#define MAX_UNBORN 32

extern const char __executable_start[], etext[];
extern void *__libc_stack_end;

static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

static struct {
	bool container;
	bool armed;
	uint64_t again_us; /* two crashes within it are one too many */
	const struct image *image;
	char *argv[MAX_WORDS + 2];
	size_t n_words;
	char option[80];
	uint64_t crashed_us; /* of the program before; 0: it did not */
	bool dropped; /* and it dropped a message for that */
	int unborn[MAX_UNBORN]; /* pids of children that are not yet in the image; 0: none */
	int message_fd; /* whose message is under dispatch; 0: none */
	uint32_t message_nth;
	char stack[STACK_BYTES] __attribute__((aligned(16)));
} crash;

/* --- words without stdio --- */

struct line {
	char text[400];
	size_t len;
};

static void add_text(struct line *line, const char *text)
{
	while (*text && line->len < sizeof(line->text) - 1)
		line->text[line->len++] = *text++;
	line->text[line->len] = '\0';
}

static void add_number(struct line *line, uint64_t value, unsigned int base)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value > 0);
	add_text(line, digits + at);
}

static void say(struct line *line)
{
	int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	add_text(line, "\n");
	if (kmsg >= 0 && !crash.container)
		(void)!write(kmsg, line->text, line->len);
	else
		(void)!write(STDERR_FILENO, line->text + 3, line->len - 3);
	if (kmsg >= 0)
		(void)close(kmsg);
}

static void begin(struct line *line)
{
	line->len = 0;
	add_text(line, "<2>early-init: "); /* a container's stderr takes no level */
}

/* --- what happened --- */

static uintptr_t instruction_of(const ucontext_t *context)
{
#if defined(__x86_64__)
	return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return (uintptr_t)context->uc_mcontext.pc;
#else
	return 0;
#endif
}

static uintptr_t stack_of(const ucontext_t *context)
{
#if defined(__x86_64__)
	return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
	return (uintptr_t)context->uc_mcontext.sp;
#else
	return 0;
#endif
}

static bool is_code(uintptr_t address)
{
	return address >= (uintptr_t)__executable_start && address < (uintptr_t)etext;
}

/* Reads beneath the crash by the kernel, which refuses instead of crashing again. */
static size_t read_stack(uintptr_t from, uintptr_t *words, size_t n_words)
{
	uintptr_t end = (uintptr_t)__libc_stack_end;
	size_t n = from < end ? (end - from) / sizeof(*words) : 0;
	int pipes[2];
	ssize_t got = 0;

	n = MIN(n, n_words);
	if (n == 0 || pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
		return 0;
	/* The bare call: a sanitizer would look at each word of the stack first. */
	if (syscall(SYS_write, pipes[1], from, n * sizeof(*words)) > 0)
		got = read(pipes[0], words, n * sizeof(*words));
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	return got > 0 ? (size_t)got / sizeof(*words) : 0;
}

static void say_where(const ucontext_t *context)
{
	static uintptr_t words[SCAN_WORDS];
	uintptr_t at = instruction_of(context);
	size_t n = read_stack(stack_of(context), words, SCAN_WORDS), frames = 0;
	struct line line;

	begin(&line);
	add_text(&line, "at 0x");
	add_number(&line, is_code(at) ? at - (uintptr_t)__executable_start : at, 16);
	add_text(&line, is_code(at) ? ", called from" : " (not our code), called from");
	for (size_t i = 0; i < n && frames < MAX_FRAMES; i++) {
		if (!is_code(words[i]))
			continue;
		add_text(&line, " 0x");
		add_number(&line, words[i] - (uintptr_t)__executable_start, 16);
		frames++;
	}
	say(&line);
}

static void say_what(int signo, const siginfo_t *info)
{
	const char *name = sigabbrev_np(signo);
	struct line line;

	begin(&line);
	add_text(&line, "PID 1 crashed: SIG");
	add_text(&line, name ? name : "?");
	if (info->si_code > 0) {
		add_text(&line, ", address 0x");
		add_number(&line, (uintptr_t)info->si_addr, 16);
	} else {
		add_text(&line, ", sent by pid ");
		add_number(&line, (uint64_t)info->si_pid, 10);
	}
	say(&line);
}

static void say_next(const char *what)
{
	struct line line;

	begin(&line);
	add_text(&line, what);
	say(&line);
}

/* --- the descriptors --- */

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static int number_of(const char *name)
{
	int n = 0;

	if (name[0] < '0' || name[0] > '9')
		return -1;
	for (; *name >= '0' && *name <= '9'; name++)
		n = n * 10 + (*name - '0');
	return n;
}

/* Every open descriptor above 2, but the one that lists them. Without /proc: the first few thousand. */
void crash_each_open(void (*fn)(int fd))
{
	static char buf[4096] __attribute__((aligned(8)));
	int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	if (dir < 0) {
		for (int fd = STDERR_FILENO + 1; fd < 4096; fd++)
			fn(fd);
		return;
	}
	while ((n = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			const struct entry *entry = (const void *)(buf + at);
			int fd = number_of(entry->name);

			if (fd > STDERR_FILENO && fd != dir)
				fn(fd);
			at += entry->reclen;
		}
	}
	(void)close(dir);
}

static void keep_over_exec(int fd)
{
	(void)fcntl(fd, F_SETFD, 0);
}

static void close_stray(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags >= 0 && !(flags & FD_CLOEXEC))
		(void)close(fd);
}

void crash_close_strays(void)
{
	crash_each_open(close_stray);
}

/* --- the next program --- */

static int execute(uint64_t now_us, bool dropped)
{
	struct line option = { .len = 0 };

	add_text(&option, "--state=");
	add_number(&option, (uint64_t)crash.image->fds[0], 10);
	add_text(&option, ",");
	add_number(&option, (uint64_t)crash.image->fds[1], 10);
	if (now_us > 0) {
		add_text(&option, ",");
		add_number(&option, now_us, 10);
	}
	if (dropped)
		add_text(&option, ",1");
	memcpy(crash.option, option.text, MIN(option.len + 1, sizeof(crash.option)));
	crash.argv[crash.n_words] = crash.option;
	crash.argv[crash.n_words + 1] = NULL;
	crash_each_open(keep_over_exec);
	/* After a crash the same program: it knows the state, and what is on the disk may be another one, or hang. */
	if (now_us > 0)
		(void)execv("/proc/self/exe", crash.argv);
	if (crash.argv[0][0] == '/')
		(void)execv(crash.argv[0], crash.argv);
	(void)execv("/proc/self/exe", crash.argv);
	return -errno;
}

int crash_exec_anew(void)
{
	int r;

	if (!crash.armed)
		return -EOPNOTSUPP;
	r = execute(0, false);
	(void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	return r;
}

void crash_arm(const struct image *image, char *const *argv)
{
	crash.n_words = 0;
	for (; *argv && crash.n_words < MAX_WORDS; argv++)
		if (strncmp(*argv, "--state=", strlen("--state=")) != 0)
			crash.argv[crash.n_words++] = *argv;
	crash.image = image;
	crash_children_are_known(); /* nobody starts again what was there before */
	crash.armed = !*argv && crash.n_words > 0;
}

int crash_parse(const char *text, struct crash_state *ret)
{
	struct crash_state state = { { -1, -1 }, 0 };
	unsigned long long values[4] = { 0 };
	char *end;
	size_t n = 0;

	do {
		errno = 0;
		values[n++] = strtoull(text, &end, 10);
		if (end == text || errno != 0 || text[0] < '0' || text[0] > '9')
			return -EINVAL;
		text = end + 1;
	} while (*end == ',' && n < ARRAY_SIZE(values));
	if (*end || n < 2 || values[0] > INT32_MAX || values[1] > INT32_MAX ||
	    values[0] <= STDERR_FILENO || values[1] <= STDERR_FILENO)
		return -EINVAL;
	state.fds[0] = (int)values[0];
	state.fds[1] = (int)values[1];
	state.crashed_us = values[2];
	crash.crashed_us = state.crashed_us;
	crash.dropped = values[3] != 0;
	*ret = state;
	return 0;
}

/* --- the handler --- */

/* A child that has not yet executed anything dies as if there were no handler. */
CRASH_HANDLER_FN static void die_in_child(int signo)
{
	sigset_t set;

	(void)signal(signo, SIG_DFL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, signo);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(signo);
	_exit(128 + signo);
}

int *crash_expect_child(void)
{
	size_t i = 0;

	while (i < MAX_UNBORN - 1 && crash.unborn[i] != 0)
		i++;
	crash.unborn[i] = 0;
	return &crash.unborn[i];
}

void crash_children_are_known(void)
{
	memset(crash.unborn, 0, sizeof(crash.unborn));
}

void crash_note_message(int fd, uint32_t nth)
{
	crash.message_fd = MAX(fd, 0);
	crash.message_nth = nth;
}

/* Only if they are children indeed: what crashed may have written anywhere. */
static void kill_unborn(void)
{
	siginfo_t info;

	for (size_t i = 0; i < MAX_UNBORN; i++)
		if (crash.unborn[i] > 1 &&
		    waitid(P_PID, (id_t)crash.unborn[i], &info, WEXITED | WNOHANG | WNOWAIT) == 0)
			(void)kill(crash.unborn[i], SIGKILL);
}

/* The second crash in a short time was by a message as well, most likely by the same. False: there is none. */
static bool drop_message(void)
{
	if (crash.message_fd <= STDERR_FILENO || crash.dropped)
		return false;
	say_next("a message may be the cause: it is dropped");
	for (uint32_t i = 0; i < crash.message_nth; i++)
		(void)recv(crash.message_fd, NULL, 0, MSG_DONTWAIT);
	return true;
}

CRASH_HANDLER_FN static void handle_crash(int signo, siginfo_t *info, void *context)
{
	uint64_t now_us = clock_monotonic_us();
	bool again = crash.crashed_us > 0 && now_us - crash.crashed_us < crash.again_us;
	bool dropped = false;

	if (getpid() != 1)
		die_in_child(signo);
	say_what(signo, info);
	say_where(context);
	if (crash.armed && again && drop_message()) {
		dropped = true;
		again = false;
	}
	if (crash.armed && !again) {
		kill_unborn();
		say_next("executing itself anew; services go on");
		(void)execute(now_us, dropped);
		say_next("that failed");
	}
	if (crash.container) {
		say_next(again ? "that is the second crash in a short time: the container ends"
			       : "there is no state to go on with: the container ends");
		_exit(128 + signo);
	}
	say_next(again ? "that is the second crash in a short time: rescue shell on the console; "
			 "Ctrl-Alt-Del reboots"
		       : "there is no state to go on with: rescue shell on the console; "
			 "Ctrl-Alt-Del reboots");
	crash_rescue();
}

void crash_set_again_us(uint64_t again_us)
{
	crash.again_us = again_us;
}

void crash_init(bool container)
{
	const stack_t stack = { .ss_sp = crash.stack, .ss_size = sizeof(crash.stack) };
	struct sigaction action = {
		.sa_sigaction = handle_crash,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	sigset_t set;

	crash.container = container;
	(void)prctl(PR_SET_NAME, "early-init"); /* not "exe", by which it may have been executed */
	crash.again_us = CRASH_AGAIN_US;
	if (getpid() != 1)
		return;
	(void)sigaltstack(&stack, NULL);
	(void)sigfillset(&action.sa_mask);
	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		(void)sigaction(signals[i], &action, NULL);
		(void)sigaddset(&set, signals[i]);
	}
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL); /* blocked since the handler's exec */
}
