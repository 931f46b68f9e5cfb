/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * After an upgrade the program on the disk may be of another STATE_VERSION, may lack a library that is not there yet, or be none at
 * all. As PID 1 it would find that out too late: nobody is left then who knows the services. So a child asks it first.
 */
#include "reexec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/parse.h"

#include "crash.h"
#include "manager.h"
#include "spawn.h"
#include "state_proto.h"

#define PAUSE_US (20 * USEC_PER_MSEC)
#define EXIT_ANOTHER_STATE 1

static void refuse(struct reexec *reexec, int error, const char *text)
{
	log_warning("not executed anew: %s", text);
	manager_verb_done(reexec->manager, CONTROL_VERB_DAEMON_REEXEC, error, text);
}

static void handle_pause(struct loop_timer *timer)
{
	struct reexec *reexec = container_of(timer, struct reexec, timer);
	int r = manager_save(reexec->manager);

	if (r == 0) {
		loop_settle(reexec->loop); /* what was read is in it */
		r = crash_exec_anew();
	}
	log_warning_errno(r, "cannot execute %s anew, going on", reexec->path);
}

static void handle_deadline(struct loop_timer *timer)
{
	struct reexec *reexec = container_of(timer, struct reexec, timer);
	char text[512];

	(void)kill(reexec->child.pid, SIGKILL); /* watched, so not reaped yet */
	loop_child_unwatch(&reexec->child);
	(void)snprintf(text, sizeof(text), "%s does not say whether it can take over",
		       reexec->path);
	refuse(reexec, -ETIMEDOUT, text);
}

static void handle_answer(struct loop_child *child, const siginfo_t *info)
{
	struct reexec *reexec = container_of(child, struct reexec, child);
	char text[512];
	int r;

	if (info->si_code == CLD_EXITED && info->si_status == 0) {
		r = loop_timer_start(reexec->loop, &reexec->timer, clock_monotonic_us() + PAUSE_US,
				     handle_pause);
		manager_verb_done(reexec->manager, CONTROL_VERB_DAEMON_REEXEC, r,
				  r < 0 ? strerrordesc_np(-r) : "");
		return;
	}
	loop_timer_stop(&reexec->timer);
	if (info->si_code == CLD_EXITED && info->si_status == EXIT_ANOTHER_STATE)
		(void)snprintf(text, sizeof(text),
			       "%s is of a version that cannot take over; it is used from the next "
			       "boot on",
			       reexec->path);
	else
		(void)snprintf(text, sizeof(text), "%s cannot be executed (%s %d)", reexec->path,
			       info->si_code == CLD_EXITED ? "status" : "signal", info->si_status);
	refuse(reexec, -ENOEXEC, text);
}

static int ask(struct reexec *reexec)
{
	char question[32];
	char *argv[] = { (char *)reexec->path, question, NULL };
	char *envp[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	const struct spawn what = {
		.program = reexec->path,
		.argv = argv,
		.envp = envp,
		.output_fd = -1,
		.status_fd = -1,
		.place_fd = -1,
	};
	pid_t pid;
	int r;

	(void)snprintf(question, sizeof(question), REEXEC_QUESTION "%u", STATE_VERSION);
	r = spawn(&what, &pid);
	if (r < 0)
		return r;
	r = loop_child_watch(reexec->loop, &reexec->child, pid, handle_answer);
	if (r == 0)
		r = loop_timer_start(reexec->loop, &reexec->timer,
				     clock_monotonic_us() + REEXEC_DEADLINE_US, handle_deadline);
	if (r < 0) {
		loop_child_unwatch(&reexec->child);
		(void)kill(pid, SIGKILL); /* the loop reaps it as a stranger */
	}
	return r;
}

int reexec_start(struct reexec *reexec)
{
	int r;

	if (reexec->child.loop || reexec->timer.loop)
		return -EINPROGRESS;
	r = ask(reexec);
	return r < 0 ? r : -EINPROGRESS;
}

int reexec_answer(int argc, char *const *argv)
{
	uint32_t version;

	if (argc != 2 || strncmp(argv[1], REEXEC_QUESTION, strlen(REEXEC_QUESTION)) != 0)
		return -1;
	if (parse_u32(argv[1] + strlen(REEXEC_QUESTION), &version) < 0)
		return 2;
	return version == STATE_VERSION ? 0 : EXIT_ANOTHER_STATE;
}

void reexec_init(struct reexec *reexec, struct loop *loop, struct manager *manager,
		 const char *path)
{
	*reexec = (struct reexec){ .loop = loop, .manager = manager, .path = path };
}

void reexec_done(struct reexec *reexec)
{
	loop_timer_stop(&reexec->timer);
	loop_child_unwatch(&reexec->child);
}
