/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bus_link.h"
#include "cmdline.h"
#include "config.h"
#include "disk_pulse.h"
#include "display.h"
#include "early/loop.h"
#include "early/strbuf.h"
#include "helper.h"
#include "image.h"
#include "log_keep.h"
#include "manager.h"
#include "reexec.h"
#include "rescue.h"
#include "storage.h"
#include "survivors.h"
#include "unions.h"
#include "watchdog.h"

/*
 * A machine's boot: what PID 1 is between the kernel's start and `complete`, and again at its end. Stage 1 (boot_early.c)
 * runs from the initramfs, stage 2 (boot_real.c) from the real root; the state goes from one to the other by
 * boot_state.c. One object for the whole program; nothing here is ever freed.
 */
#define BOOT_MAX_GREETER_SCOPES 8
#define BOOT_SYSROOT "/sysroot"
#define BOOT_PROGRAM EARLY_SBINDIR "/early-init"

enum boot_power {
	BOOT_POWER_NONE,
	BOOT_POWER_OFF,
	BOOT_POWER_REBOOT,
	BOOT_POWER_HALT,
};

/* Disks of fstab that lie where an overlay would have been; the display's units wait for them. */
enum boot_separate {
	BOOT_SEPARATE_NONE, /* there are none, or they are mounted */
	BOOT_SEPARATE_WAITING,
	BOOT_SEPARATE_FAILED, /* a person has to see to it */
};

struct boot {
	struct loop *loop;
	struct manager *manager;
	struct manager_listener listener;
	struct cmdline cmdline;
	struct display display;
	struct unions unions;
	struct storage storage;
	struct rescue rescue;
	struct bus_link bus;
	struct helper log;
	struct loop_timer log_retry;
	struct log_keep log_keep; /* what the next early-log gets */
	struct helper modules[3]; /* phases that may overlap */
	struct loop_timer deadline; /* stage 1: no frame; stage 2: no greeter */

	struct config config; /* of early.conf */
	struct watchdog watchdog;
	struct image image; /* of stage 2 */
	struct strbuf saved; /* boot_image.c's part of it */
	struct reexec reexec;
	struct survivors survivors;

	/* stage 1 */
	bool storage_started;

	/* stage 2 */
	bool units_loaded;
	enum boot_separate separate;
	bool login_ready; /* logind has its name */
	bool display_manager_ran;
	bool after_greeter; /* the greeter is there, or was given up */
	bool rest_loaded; /* what is enabled was read, and starts */
	bool check_started;
	bool root_checked; /* CHECKED came */
	bool root_needs_reboot;
	bool write_started;
	bool root_writable; /* it is; other disks may still be mounted */
	bool writable;
	uint32_t disks_percent; /* of the last progress */
	bool login_failure_told; /* until the display manager runs again */
	char login_failure[400]; /* why; "": none */
	uint32_t display_manager_deaths; /* since the last greeter */
	char display_manager[256]; /* the unit of the seat */
	char greeter_scopes[BOOT_MAX_GREETER_SCOPES][128]; /* "": free */
	bool seat_awaited; /* the display manager may start when those are gone */
	bool frame_awaited; /* it may start when our picture is on the screen again */
	struct loop_timer scope_deadline; /* of either */
	bool greeter_fails; /* that is why the display manager was last restarted */
	uint32_t
		greeter_failures; /* its sessions that ended unseen since the display manager's start */

	/* the end */
	enum boot_power power;
	struct loop_timer power_deadline;
	uint64_t
		merge_patience_us; /* a merge that stands still for so long is given up; 0: the usual */
	bool merge_awaited; /* nothing but the disks is waited for */
	bool merge_given_up; /* and that is on the screen, for a moment */
	struct disk_pulse disk_pulse;
	const char *shutdown; /* the program at the end; NULL: early-shutdown */
	struct loop_timer give_up; /* OnGiveUp=reboot */
	struct loop_child last_sync; /* without early-shutdown */
};

/* Runs as the machine's PID 1; returns only an exit code that nobody can use. */
int boot_main(int argc, char **argv);

void boot_early_start(struct boot *boot);
/* For a person in the initramfs: keyboards, and all disks, also those that come later. */
void boot_early_serve_rescue(struct boot *boot);
void boot_real_start(struct boot *boot);
/* As unions_leave_out(), of where the kernel line or early.conf wants overlays. */
void boot_real_leave_out_unions(struct boot *boot);

/* Ends what a program of another version left running, while the watchdog is fed and earlyctl is heard; then a plain start. */
void boot_real_start_over(struct boot *boot);

/* Starts the display's units once both the units are known and the disks are there that they may need. */
void boot_real_maybe_display(struct boot *boot);
/* The page and the rescue shell, once the greeter's sessions have let the screen go. */
void boot_real_tell_login_failure(struct boot *boot);
void boot_real_start_stage(struct boot *boot, enum table_stage stage, const char *why);

/* boot_separate.c: before the display, what fstab has where overlays were left out; and what came of it. */
void boot_separate_start(struct boot *boot);
void boot_separate_ready(struct boot *boot, uint64_t t_us);
void boot_separate_failed(struct boot *boot, const struct disks_failed *failed);
/* It will not come: the display waits for a person. */
void boot_separate_stop(struct boot *boot);

/* boot_unions.c: takes care of what the overlays report; and keeps them, with a root that is read-only on purpose. */
void boot_unions_connect(struct boot *boot);
void boot_unions_keep(struct boot *boot);

#define BOOT_GREETER_FAILS "%s runs, but its greeter does not come up"

/* boot_greeter.c: kills the greeter's sessions. True: they have yet to go, and the display manager waits for it (manager_prestart_done). */
bool boot_greeter_clear(struct boot *boot);
/* Are there sessions of it? */
bool boot_greeter_is_there(const struct boot *boot);
/* A display manager that takes the screen at its start gets it when our picture is there: black until then would be black until its own. */
bool boot_greeter_await_frame(struct boot *boot);
void boot_greeter_framed(struct boot *boot);
/* After an exec: the display manager's start, or its end, may have been waiting for the sessions to go. */
void boot_greeter_go_on(struct boot *boot);
/* Is what has come onto the screen a page that says that the greeter failed? The ladder has been climbed then. */
bool boot_greeter_is_failure_page(struct boot *boot);
void boot_greeter_connect(struct boot *boot);

/* boot_log.c: early-log, and what it hears of services. */
void boot_log_connect(struct boot *boot);
void boot_log_start(struct boot *boot);
int boot_log_adopt(struct boot *boot, pid_t pid, int link_fd);

/* Who hears of what in stage 2: the callbacks of all parts. */
void boot_real_connect(struct boot *boot);

/* What waits for the greeter waits no longer. Idempotent. */
void boot_real_go_on(struct boot *boot);

/* The disks may be written to as soon as both the check and the display allow it. */
void boot_real_maybe_write(struct boot *boot);

/*
 * Says that something failed and what to do: on the screen (unless somebody else owns it), on every console, in the log;
 * and opens the rescue shells.
 */
void boot_fail(struct boot *boot, const char *what, const char *why, const char *advice);

/* What "poweroff.target" and its like ask for; BOOT_POWER_NONE: it is another unit. */
enum boot_power boot_power_of(const char *unit);

/* Stops, merges, and hands the machine to early-shutdown. The first call counts. */
void boot_power(struct boot *boot, enum boot_power power);

/* A step of the merge has ended, well or not. Does nothing unless the machine is at its end. */
void boot_power_step(struct boot *boot);

/* The disks or a merge are further than before. Does nothing unless the machine is at its end. */
void boot_power_progress(struct boot *boot);

/* The root can be written to. At its end the machine waits for no other disk. */
void boot_power_writable(struct boot *boot);

/*
 * boot_image.c: the machine's part of the state that follows a crash or `earlyctl daemon-reexec`. From keep() on it is there; read() takes over
 * what the program before left.
 */
struct crash_state;
void boot_image_put(state_put_fn put, void *to, bool whole, void *data);
void boot_image_take(uint16_t opcode, const void *value, void *data);
void boot_image_keep(struct boot *boot);
int boot_image_read(struct boot *boot, const struct crash_state *state);

/* Goes on where the program before was; the state was read. */
void boot_real_go_on_with_state(struct boot *boot, bool crashed);

/* Writes the state to a memfd whose descriptors survive an exec; and takes it over on the other side. */
int boot_state_write(struct boot *boot, int *ret_fd);
int boot_state_read(struct boot *boot, int fd);
