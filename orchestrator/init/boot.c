/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine's PID 1: what both stages share. `early-init` without options is stage 1; `early-init --state=FD` is stage 2,
 * executed by stage 1 from the real root with its state in a memfd. Without a state in a real root (executed by hand, or
 * after a state of another version) it is a plain start that finds what it can.
 */
#include "boot.h"
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/parse.h"
#include "mounts.h"

#define STATE_OPTION "--state="

static void read_cmdline(struct boot *boot)
{
	CLEANUP(free_charp)
	char *text = NULL;
	int r = fs_read_line_at(AT_FDCWD, "/proc/cmdline", &text);

	if (r < 0)
		log_errno(r, "cannot read /proc/cmdline");
	cmdline_parse(&boot->cmdline, text ? text : "");
	if (boot->cmdline.debug)
		log_set_max_level(LOG_LEVEL_DEBUG);
	if (boot->cmdline.complaints[0])
		log_warning("kernel command line: not understood: %s", boot->cmdline.complaints);
}

/* Keyboard and other signals that mean "end". */
static void handle_power_signal(const struct loop_signal_info *info, void *data)
{
	struct boot *boot = data;

	if (info->signo == SIGINT || info->signo == SIGRTMIN + 5)
		boot_power(boot, BOOT_POWER_REBOOT);
	else if (info->signo == SIGRTMIN + 3)
		boot_power(boot, BOOT_POWER_HALT);
	else
		boot_power(boot, BOOT_POWER_OFF);
}

/* As with systemd: a person or a package's script that knows PID 1 by nothing but its number. */
static void handle_reexec_signal(const struct loop_signal_info *info, void *data)
{
	struct boot *boot = data;
	int r = boot->survivors.ending ? -EBUSY : reexec_start(&boot->reexec);

	if (r != -EINPROGRESS)
		log_errno(r, "cannot execute early-init anew");
}

static int watch_signals(struct boot *boot)
{
	const int signals[] = { SIGINT, SIGPWR, SIGRTMIN + 3, SIGRTMIN + 4, SIGRTMIN + 5 };
	int r = loop_reap_children(boot->loop);

	/* Ctrl-Alt-Del becomes SIGINT instead of a reset in the middle of a merge. */
	(void)reboot(RB_DISABLE_CAD);
	for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
		r = loop_signal(boot->loop, signals[i], handle_power_signal, boot);
	if (r >= 0)
		r = loop_signal(boot->loop, SIGTERM, handle_reexec_signal, boot);
	(void)signal(SIGPIPE, SIG_IGN);
	return r;
}

static int handle_verb(struct manager *manager, enum control_verb verb, const char *name,
		       void *data)
{
	struct boot *boot = data;
	bool early = boot->survivors.ending; /* what is started now would be ended with them */

	switch (verb) {
	case CONTROL_VERB_POWEROFF:
		boot_power(boot, BOOT_POWER_OFF);
		return 0;
	case CONTROL_VERB_REBOOT:
		boot_power(boot, BOOT_POWER_REBOOT);
		return 0;
	case CONTROL_VERB_HALT:
		boot_power(boot, BOOT_POWER_HALT);
		return 0;
	case CONTROL_VERB_DAEMON_REEXEC:
		return early ? -EBUSY : reexec_start(&boot->reexec);
	case CONTROL_VERB_MERGE:
		if (early)
			return -EBUSY;
		boot_real_go_on(boot);
		boot_real_maybe_write(boot);
		return 0;
	case CONTROL_VERB_RESCUE:
		if (early)
			return -EBUSY;
		boot_fail(boot, "Rescue", "root asked for a rescue shell (earlyctl rescue).",
			  "Nothing was stopped; leave the shell when you are done.");
		return 0;
	case CONTROL_VERB_STATUS:
	case CONTROL_VERB_LIST:
	case CONTROL_VERB_START:
	case CONTROL_VERB_STOP:
	case CONTROL_VERB_RESTART:
	case CONTROL_VERB_RELOAD:
	case CONTROL_VERB_WHY:
	case CONTROL_VERB_TIMELINE:
	case CONTROL_VERB_DAEMON_RELOAD:
		break;
	}
	return -EOPNOTSUPP;
}

static void say_union(const struct union_mount *mount, void (*say)(void *to, const char *text),
		      void *to)
{
	char text[CMDLINE_VALUE_MAX + 200];
	const char *more = "";

	if (mount->state == UNION_LEFT_OUT)
		more = ": /etc/fstab mounts a file system of its own, for which the login waits";
	else if (mount->state == UNION_MOUNTED && mount->unions->keep)
		more = ", until the machine is switched off, and is dropped then: /etc/fstab has "
		       "the root read-only";
	else if (mount->stays)
		more = ", all of it is on the disk, but it cannot be unmounted";
	(void)snprintf(text, sizeof(text), "overlay on %s: %s%s", mount->path,
		       union_state_name(mount->state), more);
	say(to, text);
}

static void handle_status(void *data, void (*say)(void *to, const char *text), void *to)
{
	struct boot *boot = data;

	for (uint32_t i = 0; i < boot->unions.n_mounts; i++)
		say_union(&boot->unions.mounts[i], say, to);
}

static void handle_rescue_enter(struct rescue *rescue)
{
	struct boot *boot = rescue->data;

	display_text_console(&boot->display);
}

void boot_fail(struct boot *boot, const char *what, const char *why, const char *advice)
{
	char text[900];

	(void)snprintf(text, sizeof(text),
		       "%s\n\nWhat to do: %s\n\nPress Enter for a rescue shell.", why, advice);
	if (boot->display.owner == DISPLAY_SPLASH)
		display_page(&boot->display, SPLASH_KIND_FAILURE, what, text);
	if (boot->rescue.in_initramfs)
		boot_early_serve_rescue(boot);
	rescue_start(&boot->rescue, boot->loop, what, why, advice);
}

static int list_overlaid(char ***paths, void *data)
{
	const struct boot *boot = data;

	return unions_list_overlaid(&boot->unions, paths);
}

static int init(struct boot *boot)
{
	const struct manager_options options = {
		.cmdline = "/proc/cmdline",
		.cgroup_root = "/sys/fs/cgroup",
		.verb = handle_verb,
		.overlaid = list_overlaid,
		.status = handle_status,
		.save = boot_image_put,
		.take = boot_image_take,
		.data = boot,
	};
	int r = loop_new(&boot->loop);

	if (r >= 0)
		r = manager_new(&boot->manager, boot->loop, &options);
	if (r < 0)
		return r;
	boot->rescue.on_enter = handle_rescue_enter;
	boot->rescue.data = boot;
	display_init(&boot->display, boot->loop, boot->cmdline.splash);
	storage_init(&boot->storage, boot->loop);
	log_keep_init(&boot->log_keep);
	reexec_init(&boot->reexec, boot->loop, boot->manager, BOOT_PROGRAM);
	return 0;
}

/* Nothing else is left to do: a PID 1 that returns is a kernel panic. */
static _Noreturn void freeze(void)
{
	log_error("PID 1 cannot go on; the machine stands still");
	for (;;)
		(void)pause();
}

/* What an earlier program of this machine left: stage 1 (`--state=FD`), or one of stage 2 (`--state=A,B[,T]`). */
enum past {
	PAST_NONE,
	PAST_STAGE_1,
	PAST_STAGE_2,
	PAST_ENDED, /* it could not be read: nothing may run any more */
};

static enum past find_past(int argc, char **argv, uint32_t *ret_fd, struct crash_state *ret_state)
{
	if (argc < 2 || strncmp(argv[1], STATE_OPTION, strlen(STATE_OPTION)) != 0)
		return PAST_NONE;
	if (parse_u32(argv[1] + strlen(STATE_OPTION), ret_fd) == 0)
		return PAST_STAGE_1;
	return crash_parse(argv[1] + strlen(STATE_OPTION), ret_state) == 0 ? PAST_STAGE_2
									   : PAST_NONE;
}

static void connect_parts(struct boot *boot)
{
	boot_real_connect(boot);
	bus_link_init(&boot->bus, boot->loop, boot->manager);
	manager_listen(boot->manager, &boot->listener);
}

/*
 * Nothing may be started a second time that already runs: without a state only a person can go on. One of another version, which no
 * re-exec leads to (reexec.h), is like none, but it is no sign of damage: everything is ended and started again.
 */
static enum past read_image(struct boot *boot, const struct crash_state *state)
{
	int r;

	connect_parts(boot);
	r = boot_image_read(boot, state);
	if (r == 0)
		return PAST_STAGE_2;
	if (r == -EPROTONOSUPPORT) {
		log_errno(r, "PID 1 was executed anew, but its state is of another version: all "
			     "that runs is ended, and a plain start follows");
		return PAST_ENDED;
	}
	log_errno(r, "PID 1 was executed anew, but its state cannot be read; rescue shell on the "
		     "console, Ctrl-Alt-Del reboots");
	crash_rescue();
}

int boot_main(int argc, char **argv)
{
	static struct boot boot; /* zeroed, and too large for a stack */
	struct crash_state state;
	uint32_t state_fd = 0;
	enum past past = find_past(argc, argv, &state_fd, &state);
	int r;

	if (getpid() != 1) {
		fprintf(stderr, "early-init: this is PID 1's program; earlyctl talks to it, and "
				"`early-init --container` runs it in a PID name space\n");
		return 2;
	}
	mounts_make_api();
	(void)mounts_open_standard_fds();
	(void)fs_write_at(AT_FDCWD, "/proc/sys/kernel/printk_devkmsg", "on\n");
	log_init("early-init", LOG_SINK_KMSG, LOG_LEVEL_INFO);
	read_cmdline(&boot);
	r = init(&boot);
	if (r < 0) {
		log_errno(r, "cannot set up PID 1");
		freeze();
	}
	if (past == PAST_STAGE_2)
		past = read_image(&boot, &state);
	if (past == PAST_STAGE_1) {
		r = boot_state_read(&boot, (int)state_fd);
		if (r < 0) {
			log_errno(r, "the state of stage 1 cannot be used; a plain start");
			boot_real_leave_out_unions(&boot);
		}
		connect_parts(&boot);
	}
	/* Only now: a child that ended between the two programs has its owner again. */
	r = watch_signals(&boot);
	if (r < 0) {
		log_errno(r, "cannot watch signals");
		freeze();
	}
	if (past == PAST_STAGE_2) {
		boot_real_go_on_with_state(&boot, state.crashed_us > 0);
		boot_image_keep(&boot);
	} else if (past == PAST_ENDED) {
		boot_real_start_over(&boot);
	} else if (past == PAST_STAGE_1)
		boot_real_start(&boot);
	else
		boot_early_start(&boot);
	r = loop_run(boot.loop);
	log_errno(r < 0 ? r : -EIO, "the event loop ended");
	freeze();
}
