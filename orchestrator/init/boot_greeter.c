/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The greeter's sessions. A display manager that died leaves them behind: they hold the seat, the VT and master, so they are killed
 * before the next one starts.
 *
 * And one whose greeter dies lives on: gdm tries its Xorg in the place of Wayland, which is worth waiting for, and after that shows a
 * page that says something has gone wrong, or nothing at all, for ever. That is a rung of the ladder (OnGiveUp=), as its own death would
 * be.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "early/clock.h"
#include "early/fs.h"
#include "early/log.h"

#define SCOPE_DEADLINE_US (3 * USEC_PER_SEC)
#define FRAME_DEADLINE_US (2 * USEC_PER_SEC)
#define FIRST_PERSON_UID 1000
#define MAX_FAILURES 2 /* by Wayland, by Xorg */

static void remember_scope(struct boot *boot, const char *unit)
{
	for (size_t i = 0; i < BOOT_MAX_GREETER_SCOPES; i++) {
		if (boot->greeter_scopes[i][0])
			continue;
		(void)snprintf(boot->greeter_scopes[i], sizeof(boot->greeter_scopes[i]), "%s",
			       unit);
		return;
	}
}

/* "user-101.slice" of a system account: a person's session is never killed for its display manager's sake. */
static bool is_greeter_slice(const char *slice)
{
	unsigned int uid;

	return sscanf(slice, "user-%u.slice", &uid) == 1 && uid < FIRST_PERSON_UID;
}

static void handle_session(struct bus_link *bus, const char *unit, const char *slice)
{
	struct boot *boot = bus->data;

	display_hand_over(&boot->display);
	if (is_greeter_slice(slice))
		remember_scope(boot, unit);
}

bool boot_greeter_is_there(const struct boot *boot)
{
	for (size_t i = 0; i < BOOT_MAX_GREETER_SCOPES; i++) {
		if (boot->greeter_scopes[i][0])
			return true;
	}
	return false;
}

static void handle_frame_deadline(struct loop_timer *timer)
{
	boot_greeter_framed(container_of(timer, struct boot, scope_deadline));
}

bool boot_greeter_await_frame(struct boot *boot)
{
	struct manager_unit unit;

	boot->frame_awaited = boot->display.enabled && boot->display.owner == DISPLAY_SPLASH &&
			      manager_unit(boot->manager, boot->display_manager, &unit) &&
			      unit.screen_at_start &&
			      loop_timer_start(boot->loop, &boot->scope_deadline,
					       clock_monotonic_us() + FRAME_DEADLINE_US,
					       handle_frame_deadline) >= 0;
	return boot->frame_awaited;
}

void boot_greeter_framed(struct boot *boot)
{
	if (!boot->frame_awaited)
		return;
	boot->frame_awaited = false;
	loop_timer_stop(&boot->scope_deadline);
	manager_prestart_done(boot->manager, boot->display_manager);
}

/* The seat is free: the picture is ours again, and the display manager may start, if it does. */
static void go_on(struct boot *boot)
{
	loop_timer_stop(&boot->scope_deadline);
	boot->seat_awaited = false;
	display_take(&boot->display);
	if (boot->login_failure[0])
		boot_real_tell_login_failure(boot);
	else
		display_progress(&boot->display, 50, "Starting the login again");
	if (!boot_greeter_await_frame(boot))
		manager_prestart_done(boot->manager, boot->display_manager);
}

static void handle_scope_deadline(struct loop_timer *timer)
{
	go_on(container_of(timer, struct boot, scope_deadline));
}

static void await_seat(struct boot *boot)
{
	boot->frame_awaited = false;
	boot->seat_awaited = loop_timer_start(boot->loop, &boot->scope_deadline,
					      clock_monotonic_us() + SCOPE_DEADLINE_US,
					      handle_scope_deadline) >= 0;
}

bool boot_greeter_clear(struct boot *boot)
{
	boot->greeter_failures = 0;
	for (size_t i = 0; i < BOOT_MAX_GREETER_SCOPES; i++) {
		if (boot->greeter_scopes[i][0])
			(void)manager_scope_kill(boot->manager, boot->greeter_scopes[i]);
	}
	if (!boot_greeter_is_there(boot)) {
		display_take(&boot->display);
		return false;
	}
	await_seat(boot);
	return boot->seat_awaited;
}

void boot_greeter_go_on(struct boot *boot)
{
	for (size_t i = 0; i < BOOT_MAX_GREETER_SCOPES; i++) {
		struct manager_unit unit;

		if (!manager_unit(boot->manager, boot->greeter_scopes[i], &unit))
			boot->greeter_scopes[i][0] = '\0';
	}
	if (boot->seat_awaited && boot_greeter_is_there(boot))
		await_seat(boot);
	else if (boot->seat_awaited)
		go_on(boot);
	else
		manager_prestart_done(boot->manager, boot->display_manager);
}

/* --- a greeter that fails --- */

static void climb(struct boot *boot)
{
	int r;

	boot->greeter_failures = 0;
	boot->greeter_fails = true;
	log_warning(BOOT_GREETER_FAILS, boot->display_manager);
	r = manager_climb(boot->manager, boot->display_manager);
	if (r < 0)
		log_errno(r, "cannot restart %s", boot->display_manager);
}

/* Nobody has seen anything of it, and the display manager did not end it by its own end. */
static void greeter_ended(struct boot *boot)
{
	if (!boot->display.enabled || boot->display.owner != DISPLAY_HANDED || boot->seat_awaited ||
	    boot->power != BOOT_POWER_NONE)
		return;
	log_warning("the greeter of %s ended before it showed anything", boot->display_manager);
	if (!boot_greeter_is_there(boot))
		display_take(&boot->display); /* until the next one */
	if (++boot->greeter_failures >= MAX_FAILURES)
		climb(boot);
}

static void handle_unit_gone(struct manager_listener *listener, const char *name)
{
	struct boot *boot = container_of(listener, struct boot, listener);
	bool was_greeter = false;

	for (size_t i = 0; i < BOOT_MAX_GREETER_SCOPES; i++) {
		if (strcmp(boot->greeter_scopes[i], name) != 0)
			continue;
		boot->greeter_scopes[i][0] = '\0';
		was_greeter = true;
	}
	if (was_greeter)
		greeter_ended(boot);
	if (boot->seat_awaited && !boot_greeter_is_there(boot))
		go_on(boot);
}

/* What a session manager shows in the place of a desktop that crashes (names as the kernel cuts them). */
static bool is_failure_page(pid_t pid, void *data)
{
	static const char *const pages[] = { "gnome-session-f" };
	CLEANUP(free_charp)
	char *name = NULL;
	char path[32];
	bool *found = data;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (fs_read_line_at(AT_FDCWD, path, &name) < 0)
		return true; /* it has just ended */
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		*found |= strcmp(name, pages[i]) == 0;
	return !*found;
}

bool boot_greeter_is_failure_page(struct boot *boot)
{
	bool found = false;

	for (size_t i = 0; i < BOOT_MAX_GREETER_SCOPES && !found; i++) {
		if (boot->greeter_scopes[i][0])
			manager_scope_each(boot->manager, boot->greeter_scopes[i], is_failure_page,
					   &found);
	}
	if (found)
		climb(boot);
	return found;
}

void boot_greeter_connect(struct boot *boot)
{
	boot->bus.on_session = handle_session;
	boot->listener.unit_gone = handle_unit_gone;
}
