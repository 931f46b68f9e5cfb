/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of the machine, as PID 1.
 *
 * Two halves with an exec between them:
 *	on the old root		SIGTERM, SIGKILL to all but storage daemons ('@'); unions detached and their daemons ended;
 *				swap off; pivot to a tmpfs; this program again, from memory
 *	in the RAM root		umount in rounds, loop devices and volumes between them; storage daemons ended; once more;
 *				what is left made read-only; sync; reboot(2)
 *
 * Every step has a deadline, and none is a condition for the next: whatever hangs, the machine goes off in the end. What did
 * not go away is one line each in the kernel's log.
 *
 * In a PID name space of its own (container mode, tests) only what belongs to it is touched: a private copy of the mount
 * tree is taken first, no superblock is made read-only (it may be the host's), and swap, loop devices and volumes are left.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "detach.h"
#include "early/clock.h"
#include "early/log.h"
#include "early/macros.h"
#include "processes.h"
#include "ram_root.h"
#include "shutdown.h"
#include "timed.h"
#include "umounts.h"
#include "unions.h"

#define TERM_TIMEOUT_MS 5000
#define KILL_TIMEOUT_MS 3000
#define UNION_TIMEOUT_MS 2000
#define SWAP_TIMEOUT_MS 20000
#define SYNC_TIMEOUT_MS 30000
#define UMOUNT_TIMEOUT_US (60 * USEC_PER_SEC)
#define REMOUNT_TIMEOUT_US (30 * USEC_PER_SEC)
#define INITIAL_PID_NAMESPACE 0xEFFFFFFC /* PROC_PID_INIT_INO, fixed by the kernel */

static const struct {
	const char *word;
	int command;
} verbs[] = {
	[SHUTDOWN_POWEROFF] = { "poweroff", RB_POWER_OFF },
	[SHUTDOWN_REBOOT] = { "reboot", RB_AUTOBOOT },
	[SHUTDOWN_HALT] = { "halt", RB_HALT_SYSTEM },
};

int shutdown_parse_verb(const char *word, enum shutdown_verb *ret_verb)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(word, verbs[i].word) == 0) {
			*ret_verb = (enum shutdown_verb)i;
			return 0;
		}
	return -EINVAL;
}

bool shutdown_owns_machine(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == INITIAL_PID_NAMESPACE;
}

static int run_sync(void *data)
{
	sync();
	return 0;
}

static void sync_all(void)
{
	int r = timed_run(run_sync, NULL, SYNC_TIMEOUT_MS);

	if (r < 0)
		log_warning_errno(r, "not everything could be written to the disks");
}

static void end_processes(void)
{
	if (processes_end(PROCESSES_ORDINARY, SIGTERM, TERM_TIMEOUT_MS) == 0)
		return;
	if (processes_end(PROCESSES_ORDINARY, SIGKILL, KILL_TIMEOUT_MS) < 0)
		log_warning("some processes do not go, even killed");
}

static void end_unions(void)
{
	umounts_detach_unions();
	if (processes_end(PROCESSES_UNIONS, 0, UNION_TIMEOUT_MS) == 0)
		return;
	log_warning("early-overlay still serves something: ended");
	(void)processes_end(PROCESSES_UNIONS, SIGKILL, KILL_TIMEOUT_MS); /* umount says the rest */
}

static void let_go_of_descriptors(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i < 3; i++)
		(void)dup2(fd, i); /* the log has its own descriptor */
	if (fd > 2)
		close(fd);
}

int shutdown_leave_root(const char *verb, bool owns_machine)
{
	char *argv[] = { (char *)"early-shutdown", (char *)"--in-ram", (char *)verb, NULL };
	int r;

	if (owns_machine) {
		(void)reboot(RB_DISABLE_CAD); /* Ctrl-Alt-Del must not cut this short */
		let_go_of_descriptors();
	} else if (unshare(CLONE_NEWNS) < 0) {
		r = log_warning_errno(-errno,
				      "no mount name space of its own: nothing is unmounted");
		end_processes();
		return r;
	}
	unions_warn();
	end_processes();
	end_unions();
	sync_all();
	if (owns_machine)
		detach_swap(SWAP_TIMEOUT_MS);
	r = ram_root_enter();
	if (r < 0) {
		log_warning_errno(r, "no root in memory; the old one is made read-only at the end");
		return 0;
	}
	r = ram_root_execute_self(argv);
	log_warning_errno(r, "early-shutdown cannot be executed from memory; it goes on as it is");
	return 0;
}

static void take_everything_down(bool owns_machine)
{
	uint64_t deadline_us = clock_monotonic_us() + UMOUNT_TIMEOUT_US;
	size_t left = umounts_all(deadline_us);

	if (owns_machine) {
		detach_loops();
		detach_device_mapper();
	}
	if (processes_end(PROCESSES_ALL, SIGTERM, UNION_TIMEOUT_MS) < 0)
		(void)processes_end(PROCESSES_ALL, SIGKILL,
				    KILL_TIMEOUT_MS); /* umount says the rest */
	if (left > 0)
		left = umounts_all(deadline_us);
	if (owns_machine) {
		detach_loops();
		umounts_remount_read_only(clock_monotonic_us() + REMOUNT_TIMEOUT_US);
	}
	if (left > 0)
		log_warning("%zu mounts are still in use", left);
	else
		log_info("everything is unmounted");
}

int shutdown_finish(enum shutdown_verb verb, bool owns_machine)
{
	take_everything_down(owns_machine);
	return shutdown_switch_off(verb);
}

int shutdown_switch_off(enum shutdown_verb verb)
{
	sync_all();
	log_info("%s", verbs[verb].word);
	(void)reboot(verbs[verb].command);
	return log_errno(-errno, "the kernel refuses to %s", verbs[verb].word);
}

int shutdown_print_plan(void)
{
	struct processes processes;
	int r = processes_read(&processes);

	if (r < 0)
		return r;
	for (size_t i = 0; i < processes.n; i++)
		printf("%s %d %s\n", processes.list[i].spared ? "spare" : "end",
		       processes.list[i].pid, processes.list[i].name);
	processes_done(&processes);
	return umounts_print_plan();
}
