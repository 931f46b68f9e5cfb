/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 2, in the real root: the display first, then the disks, then everything else.
 *
 *	disks of fstab in the place of overlays (SEPARATE) --.
 *	manifests --> units of Stage=display --> early-bus as soon as the message bus runs --> display manager --> greeter
 *	display manager started: CHECK (idle)      greeter and CHECK: WRITE --> merge --> overlays gone --> complete
 *
 * The screen changes hands at one known moment: when logind asks for the scope of a session, and before it is granted. A display
 * manager that starts its X server before that (ScreenAtStart=) has it from its own start on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "boot.h"
#include "config.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/proto/logs.h"
#include "early/settings.h"
#include "hostname.h"
#include "kernel_settings.h"
#include "ladder.h"
#include "run_dirs.h"
#include "timeline.h"

#define GREETER_DEADLINE_US (300 * USEC_PER_SEC)
#define MAX_DISPLAY_MANAGER_DEATHS 3
#define LOGIND_NAME "org.freedesktop.login1"
#define BUS_UNIT "dbus.service"

/* --- disks --- */

void boot_real_start_stage(struct boot *boot, enum table_stage stage, const char *why)
{
	int r = boot->power == BOOT_POWER_NONE ? manager_start_stage(boot->manager, stage, why) : 0;

	if (r < 0)
		log_errno(r, "cannot start what was to start now (%s)", why);
}

static void handle_all_loaded(struct manager *manager, int error, void *data)
{
	struct boot *boot = data;

	if (error < 0)
		log_errno(error, "the units could not all be read");
	boot->rest_loaded = true;
	boot_real_start_stage(boot, TABLE_STAGE_GREETER, "enabled; started after the greeter");
}

/* All stock units are read only now: it takes a second that the greeter had better use for. */
static void start_rest(struct boot *boot)
{
	int r = manager_load(boot->manager, NULL, handle_all_loaded, boot);

	if (r < 0)
		handle_all_loaded(boot->manager, r, boot);
}

void boot_real_maybe_write(struct boot *boot)
{
	if (!boot->after_greeter || !boot->root_checked || boot->root_needs_reboot)
		return;
	if (boot->writable) {
		unions_merge(&boot->unions);
		return;
	}
	if (boot->write_started)
		return;
	boot->write_started = true;
	storage_write(&boot->storage);
}

static void handle_disks_progress(struct storage *storage, const struct disks_progress *progress)
{
	struct boot *boot = storage->data;

	if (storage->order == DISKS_SEPARATE)
		display_progress(&boot->display, 30 + progress->percent / 5, progress->what);
	log_debug("disks: %s: %u %%", progress->what, progress->percent);
	/* The words alone ("no answer for 30 s") are no progress. */
	if (progress->percent != boot->disks_percent)
		boot_power_progress(boot);
	boot->disks_percent = progress->percent;
}

static void handle_writable(struct storage *storage)
{
	struct boot *boot = storage->data;

	boot->root_writable = true;
	boot_power_writable(boot);
}

static void handle_checked(struct storage *storage, const struct disks_checked *checked)
{
	struct boot *boot = storage->data;

	manager_event(boot->manager, "fsck", checked->t_us, checked->text);
	boot->root_checked = true;
	if (checked->verdict == DISKS_VERDICT_REBOOT) {
		boot->root_needs_reboot = true;
		boot_separate_stop(boot);
		boot_fail(boot, "The root file system needs a repair", checked->text,
			  "Reboot: it is repaired before it is mounted. Until then everything that "
			  "is written stays in memory.");
	}
	boot_real_maybe_write(boot);
}

static void handle_ready(struct storage *storage, uint16_t order, const struct disks_ready *ready)
{
	struct boot *boot = storage->data;

	if (order == DISKS_SEPARATE) {
		boot_separate_ready(boot, ready->t_us);
		return;
	}
	boot->root_writable = !ready->root_read_only;
	boot->writable = true;
	manager_event(boot->manager, "disks", ready->t_us,
		      ready->root_read_only ? "the root stays read-only, as /etc/fstab says"
					    : NULL);
	boot_real_start_stage(boot, TABLE_STAGE_DISKS, "the disks are ready");
	boot_power_progress(boot);
	if (ready->root_read_only)
		boot_unions_keep(boot);
	else
		unions_merge(&boot->unions);
}

static void handle_disks_failed(struct storage *storage, uint16_t order,
				const struct disks_failed *failed)
{
	struct boot *boot = storage->data;

	if (order == DISKS_SEPARATE) {
		boot_separate_failed(boot, failed);
		return;
	}
	boot_fail(boot, failed->what, failed->why, failed->advice);
	if (order == DISKS_CHECK) {
		boot->root_checked = true; /* unknown is no reason to keep the disk read-only */
		boot_real_maybe_write(boot);
	} else {
		boot->write_started = false;
		boot_power_step(boot);
	}
}

/* --- the screen and its display manager --- */

static void start_check(struct boot *boot)
{
	if (boot->check_started)
		return;
	boot->check_started = true;
	storage_check(&boot->storage, boot->cmdline.fsck);
}

void boot_real_go_on(struct boot *boot)
{
	if (boot->after_greeter || boot->separate == BOOT_SEPARATE_WAITING ||
	    boot->power != BOOT_POWER_NONE)
		return;
	boot->after_greeter = true;
	loop_timer_stop(&boot->deadline);
	manager_gate(boot->manager, false);
	start_rest(boot);
	start_check(boot); /* no display manager has run: nothing else would begin the writing */
	boot_real_maybe_write(boot);
}

static void handle_frame(struct display *display, uint64_t t_us, const char *device)
{
	struct boot *boot = display->data;

	if (!timeline_when(manager_timeline(boot->manager), "first-frame"))
		manager_event(boot->manager, "first-frame", t_us, device);
	boot_greeter_framed(boot);
}

static void handle_greeter(struct display *display, uint64_t t_us)
{
	struct boot *boot = display->data;

	if (boot_greeter_is_failure_page(boot))
		return;
	manager_event(boot->manager, "greeter", t_us, NULL);
	boot->display_manager_deaths = 0;
	boot->greeter_fails = false;
	boot_real_go_on(boot);
}

static void handle_splash_failed(struct display *display, const char *why)
{
	log_warning("no picture: %s", why);
}

static void handle_greeter_deadline(struct loop_timer *timer)
{
	struct boot *boot = container_of(timer, struct boot, deadline);

	log_warning("no greeter is there yet; the boot goes on without it");
	boot_real_go_on(boot);
}

static void display_manager_fails(struct boot *boot, const struct manager_unit *unit)
{
	char why[512];

	(void)snprintf(why, sizeof(why), "%s failed %u times before its greeter was there (%s).",
		       unit->name, boot->display_manager_deaths,
		       unit->detail[0] ? unit->detail : unit->result);
	boot->display.owner = DISPLAY_SPLASH;
	/* One with rungs is still tried in other ways; login_failed() tells the end of them. */
	if (unit->on_give_up[0])
		log_warning("%s", why);
	else
		boot_fail(boot, "The login does not start", why,
			  "In the shell, `earlyctl log` with that name shows its last words; "
			  "install or repair it. It is tried again meanwhile.");
	/* The rest of the machine need not wait any longer; not from within a service's start. */
	(void)loop_timer_start(boot->loop, &boot->deadline, 0, handle_greeter_deadline);
}

static bool handle_prestart(struct manager_listener *listener, const struct manager_unit *unit,
			    bool restart)
{
	struct boot *boot = container_of(listener, struct boot, listener);

	if (strcmp(unit->name, boot->display_manager) != 0 || boot->power != BOOT_POWER_NONE)
		return false;
	/* The first start, but for a fall-back's: there may be the sessions of the one whose place it takes. */
	if (!restart)
		return boot_greeter_is_there(boot) && boot_greeter_clear(boot);
	if (++boot->display_manager_deaths == MAX_DISPLAY_MANAGER_DEATHS)
		display_manager_fails(boot, unit);
	return boot_greeter_clear(boot) || boot_greeter_await_frame(boot);
}

/* For good: nothing will try again by itself. A picture that says "Starting the login" would stay for ever. */
static void login_failed(struct boot *boot, const char *why)
{
	if (boot->power != BOOT_POWER_NONE || boot->login_failure_told)
		return;
	boot->login_failure_told = true;
	(void)snprintf(boot->login_failure, sizeof(boot->login_failure), "%s", why);
	if (!boot_greeter_clear(boot))
		boot_real_tell_login_failure(boot);
}

void boot_real_tell_login_failure(struct boot *boot)
{
	boot_fail(boot, "The login does not start", boot->login_failure,
		  "`earlyctl status` and `earlyctl log` with the name of the display manager "
		  "show more; `earlyctl start` with it tries again.");
	boot_real_go_on(boot);
}

static void handle_give_up(struct loop_timer *timer)
{
	boot_power(container_of(timer, struct boot, give_up), BOOT_POWER_REBOOT);
}

/* Another greeter takes the place of the display manager: the screen is handed to it as to the first one. */
static void take_fallback(struct boot *boot, const struct manager_unit *unit, const char *name)
{
	if (strcmp(unit->name, boot->display_manager) != 0)
		return;
	log_warning("%s in the place of %s", name, unit->name);
	(void)snprintf(boot->display_manager, sizeof(boot->display_manager), "%s", name);
	boot->display_manager_deaths = 0;
	display_take(&boot->display);
}

static void handle_gave_up(struct manager_listener *listener, const struct manager_unit *unit,
			   const struct ladder_rung *rung)
{
	struct boot *boot = container_of(listener, struct boot, listener);
	char what[300];

	(void)snprintf(what, sizeof(what), "%s fails again and again", unit->name);
	switch (rung->kind) {
	case LADDER_SOFTWARE:
		log_warning("%s: again, with the settings of %s", what, rung->unit);
		break;
	case LADDER_FALLBACK:
		take_fallback(boot, unit, rung->unit);
		break;
	case LADDER_DIAGNOSE:
		/* The display manager's end is told by login_failed(), which takes the screen as well. */
		if (strcmp(unit->name, boot->display_manager) != 0)
			boot_fail(boot, what, "It was started too often (OnGiveUp=diagnose).",
				  "`earlyctl log` with its name shows why.");
		break;
	case LADDER_REBOOT:
		/* Not from within a service's start: the stop would free the job that is being run. */
		(void)loop_timer_start(boot->loop, &boot->give_up, 0, handle_give_up);
		break;
	}
}

static void handle_job_done(struct manager_listener *listener, uint32_t job, const char *unit,
			    const char *result)
{
	struct boot *boot = container_of(listener, struct boot, listener);
	struct manager_unit now;
	char why[400];

	if (strcmp(unit, boot->display_manager) != 0 ||
	    (strcmp(result, "failed") != 0 && strcmp(result, "timeout") != 0 &&
	     strcmp(result, "dependency") != 0))
		return;
	if (manager_unit(boot->manager, unit, &now) && strcmp(now.active_state, "activating") == 0)
		return; /* it is started again by itself */
	(void)snprintf(why, sizeof(why), "Starting %s ended with: %s.", unit, result);
	login_failed(boot, why);
}

static void display_manager_runs(struct boot *boot, const struct manager_unit *unit)
{
	if (!boot->display_manager_ran)
		manager_event(boot->manager, "display-manager", 0, boot->display_manager);
	boot->display_manager_ran = true;
	display_progress(&boot->display, 60, "Starting the login");
	if (unit->screen_at_start && strcmp(unit->active_state, "deactivating") != 0)
		display_hand_over_vt(&boot->display);
	start_check(boot);
}

static void handle_unit_changed(struct manager_listener *listener, const struct manager_unit *unit)
{
	struct boot *boot = container_of(listener, struct boot, listener);
	char why[400];

	if (strcmp(unit->name, BUS_UNIT) == 0 && strcmp(unit->active_state, "active") == 0)
		bus_link_start(&boot->bus);
	if (strcmp(unit->name, boot->display_manager) != 0)
		return;
	if (unit->main_pid > 0)
		display_manager_runs(boot, unit);
	if (strcmp(unit->active_state, "active") == 0) {
		boot->login_failure_told = false;
		boot->login_failure[0] = '\0';
	} else if (strcmp(unit->active_state, "failed") == 0) {
		if (boot->greeter_fails)
			(void)snprintf(why, sizeof(why), BOOT_GREETER_FAILS, unit->name);
		else
			(void)snprintf(why, sizeof(why), "%s: %s", unit->name,
				       unit->detail[0] ? unit->detail : "It is not tried again.");
		login_failed(boot, why);
	}
}

/* --- the message bus --- */

static void maybe_bus(struct boot *boot)
{
	if (boot->bus.ready && boot->login_ready &&
	    !timeline_when(manager_timeline(boot->manager), "bus"))
		manager_event(boot->manager, "bus", 0, NULL);
}

static void handle_bus_ready(struct bus_link *bus)
{
	maybe_bus(bus->data);
}

static void handle_owner(struct bus_link *bus, const char *name, pid_t pid)
{
	struct boot *boot = bus->data;

	if (strcmp(name, LOGIND_NAME) != 0)
		return;
	boot->login_ready = pid > 0;
	maybe_bus(boot);
}

static bool is_power_unit(const char *unit)
{
	return boot_power_of(unit) != BOOT_POWER_NONE;
}

static void handle_power_unit(struct bus_link *bus, const char *unit)
{
	boot_power(bus->data, boot_power_of(unit));
}

/* --- start --- */

/*
 * By PID 1 itself, like /etc/hostname: at the start of stage 2, when nothing is mounted yet but the root and the overlays whose
 * daemons have just answered; and at a planned re-exec, where a child has opened /etc/ld.so.cache on the same file system a
 * moment ago (reexec.c), and PID 1's own exec after it. Never after a crash.
 */
static void read_config(struct boot *boot)
{
	int r = config_read(&boot->config, SETTINGS_FILE);

	if (r < 0)
		log_warning_errno(r, "cannot read " SETTINGS_FILE);
}

/* At the start of stage 2, as read_config(). */
void boot_real_leave_out_unions(struct boot *boot)
{
	struct overlay_paths said;

	if (!boot->cmdline.unions.given && overlay_paths_read("/", &said) == 0 && said.given)
		boot->cmdline.unions = said;
	unions_leave_out(&boot->unions, boot->loop, &boot->cmdline.unions);
}

static void start_watchdog(struct boot *boot)
{
	const struct config *config = &boot->config;
	int r;

	if (boot->watchdog.loop)
		return;
	watchdog_init(&boot->watchdog);
	if (config->watchdog_us == 0)
		return;
	r = watchdog_start(&boot->watchdog, boot->loop, config->watchdog_device,
			   config->watchdog_us);
	if (r < 0)
		log_warning_errno(r, "cannot open the watchdog %s", config->watchdog_device);
}

static void find_display_manager(const struct manager_unit *unit, void *data)
{
	struct boot *boot = data;

	if (unit->seat && unit->seat[0] && !boot->display_manager[0] &&
	    strcmp(unit->load_state, "loaded") == 0)
		(void)snprintf(boot->display_manager, sizeof(boot->display_manager), "%s",
			       unit->name);
}

void boot_real_maybe_display(struct boot *boot)
{
	int r;

	if (!boot->units_loaded || boot->separate != BOOT_SEPARATE_NONE ||
	    boot->power != BOOT_POWER_NONE)
		return;
	(void)loop_timer_start(boot->loop, &boot->deadline,
			       clock_monotonic_us() + GREETER_DEADLINE_US, handle_greeter_deadline);
	if (!boot->display_manager[0]) {
		boot_fail(boot, "There is no display manager",
			  "Neither display-manager.service nor a manifest with Seat=seat0 could be "
			  "loaded (is one installed, as gdm3 or lightdm?).",
			  "Install one in the rescue shell (apt install gdm3), or boot with "
			  "early.stock.");
		boot_real_go_on(boot);
		return;
	}
	display_progress(&boot->display, 40, "Starting the login");
	manager_gate(boot->manager, true);
	r = manager_start_stage(boot->manager, TABLE_STAGE_DISPLAY, "on the way to the login");
	if (r < 0)
		boot_fail(boot, "The login cannot be started", strerrordesc_np(-r),
			  "Boot with early.stock.");
}

static void handle_loaded(struct manager *manager, int error, void *data)
{
	struct boot *boot = data;

	if (error < 0)
		log_errno(error, "the manifests could not all be read");
	manager_each_unit(manager, find_display_manager, boot);
	boot_real_start_stage(boot, TABLE_STAGE_SPLASH, "as early as possible");
	boot->units_loaded = true;
	boot_real_maybe_display(boot);
}

void boot_real_connect(struct boot *boot)
{
	boot->display.on_frame = handle_frame;
	boot->display.on_greeter = handle_greeter;
	boot->display.on_failed = handle_splash_failed;
	boot->display.data = boot;
	boot_unions_connect(boot);
	boot->storage.on_progress = handle_disks_progress;
	boot->storage.on_checked = handle_checked;
	boot->storage.on_writable = handle_writable;
	boot->storage.on_ready = handle_ready;
	boot->storage.on_failed = handle_disks_failed;
	boot->storage.data = boot;
	boot->bus.on_ready = handle_bus_ready;
	boot_greeter_connect(boot);
	boot->bus.is_power = is_power_unit;
	boot->bus.on_power = handle_power_unit;
	boot->bus.on_owner = handle_owner;
	boot->bus.data = boot;
	boot->listener.unit_changed = handle_unit_changed;
	boot->listener.job_done = handle_job_done;
	boot->listener.gave_up = handle_gave_up;
	boot->listener.prestart = handle_prestart;
	boot_log_connect(boot);
}

void boot_real_start(struct boot *boot)
{
	int r;

	manager_event(boot->manager, "switch-root", 0, NULL);
	boot_separate_start(boot);
	r = manager_load_manifests(boot->manager, handle_loaded, boot);
	if (r < 0)
		handle_loaded(boot->manager, r, boot);
	run_dirs_make();
	kernel_settings_apply();
	hostname_set();
	boot_log_start(boot);
	display_start(&boot->display);
	r = manager_open_control(boot->manager);
	if (r < 0)
		log_errno(r, "cannot open the control socket; earlyctl will not work");
	read_config(boot);
	start_watchdog(boot);
	boot_image_keep(boot);
}

static void handle_survivors_gone(struct survivors *survivors)
{
	struct boot *boot = container_of(survivors, struct boot, survivors);

	manager_hold_loads(boot->manager, false);
	if (boot->power != BOOT_POWER_NONE)
		return;
	boot_real_leave_out_unions(boot);
	boot_real_start(boot);
}

void boot_real_start_over(struct boot *boot)
{
	int r = manager_open_control(boot->manager);

	if (r < 0)
		log_errno(r, "cannot open the control socket yet");
	read_config(boot);
	start_watchdog(boot);
	manager_hold_loads(boot->manager, true);
	survivors_end(&boot->survivors, boot->loop, handle_survivors_gone);
}

/*
 * What was under way goes on by itself: jobs, helpers, orders. What hung on a timer or on an answer that nobody keeps is asked
 * for again; all of it may be asked for twice.
 */
void boot_real_go_on_with_state(struct boot *boot, bool crashed)
{
	enum boot_power power = boot->power;

	log_info(crashed ? "went on after a crash" : "re-executed");
	/* Not from a disk that may be what hangs: what early.conf said is in the state. */
	if (!crashed)
		read_config(boot);
	start_watchdog(boot);
	if (!helper_is_running(&boot->log))
		boot_log_start(boot);
	if (boot->bus.wanted)
		bus_link_start(&boot->bus);
	if (!helper_is_running(&boot->display.splash) && boot->display.owner != DISPLAY_GREETER)
		display_start(&boot->display);
	if (!boot->units_loaded && manager_load_manifests(boot->manager, handle_loaded, boot) < 0)
		handle_loaded(boot->manager, -ENOMEM, boot);
	else if (!boot->after_greeter)
		(void)loop_timer_start(boot->loop, &boot->deadline,
				       clock_monotonic_us() + GREETER_DEADLINE_US,
				       handle_greeter_deadline);
	boot_greeter_go_on(boot);
	if (boot->after_greeter && !boot->rest_loaded)
		start_rest(boot);
	boot_real_maybe_write(boot);
	boot->power = BOOT_POWER_NONE;
	if (power != BOOT_POWER_NONE)
		boot_power(boot, power);
}
