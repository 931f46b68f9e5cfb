/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine's part of the image, and going on from it: after a crash, and by `earlyctl daemon-reexec` on purpose. Every helper is
 * taken over with its link, so an order under way, a merge, the picture and a login go on; a planned exec then replaces
 * early-log and early-bus, whose programs may be new ones.
 *
 * It is small, so each turn of the loop packs it and compares: nothing of the boot has to remember to say that it changed.
 * That begins with stage 2: stage 1 has no services that could go on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "boot.h"
#include "crash.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/strbuf.h"
#include "state_proto.h"

#define N_FLAGS 23

enum helper_kind {
	HELPER_SPLASH,
	HELPER_LOG,
	HELPER_BUS,
	HELPER_DISKS,
};

/* The flags by their bits: the order is a part of STATE_VERSION. */
static bool *flag(struct boot *boot, unsigned int nth)
{
	bool *const flags[] = {
		&boot->units_loaded,        &boot->login_ready,
		&boot->display_manager_ran, &boot->after_greeter,
		&boot->check_started,       &boot->root_checked,
		&boot->root_needs_reboot,   &boot->write_started,
		&boot->root_writable,       &boot->writable,
		&boot->login_failure_told,  &boot->display.framed,
		&boot->unions.merge_wanted, &boot->unions.keep,
		&boot->unions.told_mounted, &boot->unions.told_merged,
		&boot->unions.told_gone,    &boot->bus.ready,
		&boot->bus.wanted,          &boot->seat_awaited,
		&boot->rest_loaded,         &boot->greeter_fails,
		&boot->display.released,
	};

	_Static_assert(ARRAY_SIZE(flags) == N_FLAGS, "each has its bit");
	return flags[nth];
}

/* --- saving --- */

static uint32_t flags_of(struct boot *boot)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; i < N_FLAGS; i++)
		if (*flag(boot, i))
			bits |= 1U << i;
	return bits;
}

static void save_helper(enum helper_kind kind, const struct helper *helper, uint32_t order,
			state_put_fn put, void *to)
{
	const struct state_helper message = {
		.kind = kind,
		.pid = helper->child.pid,
		.link_fd = state_fd(channel_is_open(&helper->channel) ? helper->channel.fd : -1),
		.order = order,
	};

	if (helper_is_running(helper))
		put(STATE_HELPER, &message, to);
}

static void save_machine(struct boot *boot, state_put_fn put, void *to)
{
	char *scopes[BOOT_MAX_GREETER_SCOPES + 1] = { NULL };
	struct state_machine message = {
		.flags = flags_of(boot),
		.separate = boot->separate,
		.power = boot->power,
		.owner = boot->display.owner,
		.drm_fd = state_fd(boot->display.drm_fd),
		.percent = boot->display.percent,
		.caption = boot->display.caption,
		.display_manager = boot->display_manager,
		.display_manager_deaths = boot->display_manager_deaths,
		.greeter_failures = boot->greeter_failures,
		.login_failure = boot->login_failure,
		.next_scope_job = boot->bus.next_scope_job,
		.watchdog_us = boot->config.watchdog_us,
		.watchdog_device = boot->config.watchdog_device,
	};
	char *list CLEANUP(free_charp)
	= NULL;
	size_t n = 0;

	for (size_t i = 0; i < BOOT_MAX_GREETER_SCOPES; i++)
		if (boot->greeter_scopes[i][0])
			scopes[n++] = boot->greeter_scopes[i];
	(void)wire_list_from_strv(scopes, &message.greeter_scopes, &list); /* no memory: none */
	put(STATE_MACHINE, &message, to);
}

struct sink {
	state_put_fn put;
	void *to;
};

static void save_forward(const struct bus_forward *forward, bool power, void *data)
{
	const struct state_forward message = { forward->job, power, forward->unit };
	const struct sink *sink = data;

	sink->put(STATE_FORWARD, &message, sink->to);
}

static void save_load(const struct bus_pending_load *load, void *data)
{
	const struct state_load message = { load->cookie, load->unit };
	const struct sink *sink = data;

	sink->put(STATE_LOAD, &message, sink->to);
}

static void save_kept(const char *name, int fd, void *data)
{
	const struct state_kept_fd message = { name, state_fd(fd) };
	const struct sink *sink = data;

	sink->put(STATE_KEPT_FD, &message, sink->to);
}

static void save_page(const struct display *display, state_put_fn put, void *to)
{
	const struct state_page message = {
		.kind = display->page_kind,
		.title = display->page_title,
		.text = display->page_text,
	};

	if (display->page_kind != SPLASH_KIND_PROGRESS)
		put(STATE_PAGE, &message, to);
}

static void save_rescue(const struct rescue *rescue, state_put_fn put, void *to)
{
	for (unsigned int i = 0; i < rescue->n_shells; i++) {
		const struct rescue_shell *shell = &rescue->shells[i];
		const struct state_rescue message = {
			.tty = shell->tty,
			.pid = shell->child.loop ? shell->child.pid : 0,
			.on_screen = shell->on_screen,
			.n_short = shell->n_short,
		};

		put(STATE_RESCUE, &message, to);
	}
}

static void save_parts(struct boot *boot, state_put_fn put, void *to)
{
	struct sink sink = { put, to };

	save_machine(boot, put, to);
	save_page(&boot->display, put, to);
	save_rescue(&boot->rescue, put, to);
	bus_link_each_forward(&boot->bus, save_forward, &sink);
	bus_link_each_load(&boot->bus, save_load, &sink);
	save_helper(HELPER_SPLASH, &boot->display.splash, 0, put, to);
	save_helper(HELPER_LOG, &boot->log, 0, put, to);
	save_helper(HELPER_BUS, &boot->bus.helper, 0, put, to);
	save_helper(HELPER_DISKS, &boot->storage.disks, boot->storage.order, put, to);
	for (uint32_t i = 0; i < boot->unions.n_mounts; i++) {
		const struct union_mount *mount = &boot->unions.mounts[i];
		const struct state_overlay message = {
			.path = mount->path,
			.state = mount->state,
			.stays = mount->stays,
			.pid = helper_is_running(&mount->helper) ? mount->helper.child.pid : 0,
			.link_fd = state_fd(channel_is_open(&mount->helper.channel)
						    ? mount->helper.channel.fd
						    : -1),
			.n_restarts = mount->n_restarts,
		};

		put(STATE_OVERLAY, &message, to);
	}
}

/* What early-log keeps may be hundreds of descriptors: they are written only when they changed. */
void boot_image_put(state_put_fn put, void *to, bool whole, void *data)
{
	struct boot *boot = data;
	struct sink sink = { put, to };

	save_parts(boot, put, to);
	if (!whole && !boot->log_keep.unsaved)
		return;
	put(STATE_KEPT, NULL, to);
	log_keep_each(&boot->log_keep, save_kept, &sink);
	boot->log_keep.unsaved = false; /* if it cannot be saved, the next one is a whole */
}

static void put_bytes(uint16_t opcode, const void *value, void *to)
{
	char buf[4096];
	int len = wire_pack(&manager_state_protocol, opcode, value, buf, sizeof(buf));

	if (len > 0 && len <= (int)sizeof(buf))
		strbuf_add(to, buf, (size_t)len);
}

/* Before the loop sleeps. */
static void handle_sleep(void *data)
{
	struct boot *boot = data;
	struct strbuf now = STRBUF_INIT;

	save_parts(boot, put_bytes, &now);
	if (!boot->log_keep.unsaved && strbuf_error(&now) == 0 && now.len == boot->saved.len &&
	    memcmp(now.data, boot->saved.data, now.len) == 0) {
		strbuf_done(&now);
		crash_children_are_known(); /* early-modules and its like: nobody starts them again */
		return;
	}
	strbuf_done(&boot->saved);
	boot->saved = now;
	(void)manager_save(boot->manager); /* it has logged */
}

void boot_image_keep(struct boot *boot)
{
	static char program[] = BOOT_PROGRAM;
	static char *const argv[] = { program, NULL };
	int r = image_init(&boot->image);

	if (r < 0) {
		log_errno(r, "cannot keep the state for a crash");
		return;
	}
	manager_keep_image(boot->manager, &boot->image);
	crash_arm(&boot->image, argv);
	loop_set_sleep_fn(boot->loop, handle_sleep, boot);
}

/* --- taking over --- */

static void take_machine(struct boot *boot, const struct state_machine *message)
{
	size_t n = 0;

	for (unsigned int i = 0; i < N_FLAGS; i++)
		*flag(boot, i) = message->flags & (1U << i);
	if (boot->display.released)
		boot->display.enabled = false;
	boot->separate = message->separate <= BOOT_SEPARATE_FAILED ? message->separate
								   : BOOT_SEPARATE_NONE;
	boot->power = message->power <= BOOT_POWER_HALT ? message->power : BOOT_POWER_NONE;
	boot->display.owner = message->owner <= DISPLAY_GREETER ? message->owner : DISPLAY_GREETER;
	boot->display.drm_fd = state_fd_take(message->drm_fd);
	display_progress(&boot->display, message->percent, message->caption);
	(void)snprintf(boot->display_manager, sizeof(boot->display_manager), "%s",
		       message->display_manager);
	boot->display_manager_deaths = message->display_manager_deaths;
	boot->greeter_failures = message->greeter_failures;
	(void)snprintf(boot->login_failure, sizeof(boot->login_failure), "%s",
		       message->login_failure);
	boot->bus.next_scope_job = message->next_scope_job;
	boot->config.watchdog_us = message->watchdog_us;
	(void)snprintf(boot->config.watchdog_device, sizeof(boot->config.watchdog_device), "%s",
		       message->watchdog_device);
	for (const char *name = wire_list_next(&message->greeter_scopes, NULL);
	     name && n < BOOT_MAX_GREETER_SCOPES;
	     name = wire_list_next(&message->greeter_scopes, name))
		(void)snprintf(boot->greeter_scopes[n++], sizeof(boot->greeter_scopes[0]), "%s",
			       name);
}

static void take_helper(struct boot *boot, const struct state_helper *message)
{
	int link_fd = state_fd_take(message->link_fd);
	int r = -EPROTO;

	switch (message->kind) {
	case HELPER_SPLASH:
		r = display_adopt(&boot->display, message->pid, link_fd);
		break;
	case HELPER_LOG:
		r = boot_log_adopt(boot, message->pid, link_fd);
		break;
	case HELPER_BUS:
		r = bus_link_adopt(&boot->bus, message->pid, link_fd);
		break;
	case HELPER_DISKS:
		r = storage_adopt(&boot->storage, (uint16_t)message->order, message->pid, link_fd);
		break;
	}
	if (r < 0)
		log_warning_errno(r, "lost helper %u over the exec", message->kind);
}

static void take_overlay(struct boot *boot, const struct state_overlay *message)
{
	int r = message->state > UNION_LEFT_OUT
			? -EPROTO
			: unions_adopt(&boot->unions, boot->loop, message->path, message->state,
				       message->pid, state_fd_take(message->link_fd));
	struct union_mount *mount;

	if (r < 0) {
		log_warning_errno(r, "lost the overlay on %s over the exec", message->path);
		return;
	}
	mount = &boot->unions.mounts[boot->unions.n_mounts - 1];
	mount->stays = message->stays != 0;
	mount->n_restarts = message->n_restarts;
}

static void take_page(struct display *display, const struct state_page *message)
{
	display->page_kind = message->kind;
	(void)snprintf(display->page_title, sizeof(display->page_title), "%s", message->title);
	(void)snprintf(display->page_text, sizeof(display->page_text), "%s", message->text);
}

static void take_forward(struct bus_link *bus, const struct state_forward *message)
{
	bus_link_adopt_forward(bus, message->job, message->unit, message->power != 0);
}

static void take_load(struct bus_link *bus, const struct state_load *message)
{
	bus_link_adopt_load(bus, message->cookie, message->unit);
}

static void take_kept(struct log_keep *keep, const struct state_kept_fd *message)
{
	int fd = state_fd_take(message->fd);

	if (fd >= 0 && log_keep_adopt(keep, message->name, fd) < 0)
		log_warning("early-log: a descriptor is not kept over the exec");
}

static void take_rescue(struct boot *boot, const struct state_rescue *message)
{
	rescue_adopt(&boot->rescue, boot->loop, message->tty, message->pid, message->on_screen != 0,
		     message->n_short);
}

void boot_image_take(uint16_t opcode, const void *value, void *data)
{
	struct boot *boot = data;

	if (opcode == STATE_MACHINE)
		take_machine(data, value);
	else if (opcode == STATE_HELPER)
		take_helper(data, value);
	else if (opcode == STATE_OVERLAY)
		take_overlay(data, value);
	else if (opcode == STATE_PAGE)
		take_page(&boot->display, value);
	else if (opcode == STATE_RESCUE)
		take_rescue(boot, value);
	else if (opcode == STATE_FORWARD)
		take_forward(&boot->bus, value);
	else if (opcode == STATE_LOAD)
		take_load(&boot->bus, value);
	else if (opcode == STATE_KEPT_FD)
		take_kept(&boot->log_keep, value);
}

/* What a planned exec replaces; their ends start the next ones. */
static void replace_helpers(struct boot *boot)
{
	helper_finish(&boot->log);
	helper_finish(&boot->bus.helper);
}

int boot_image_read(struct boot *boot, const struct crash_state *state)
{
	int r = manager_read_image(boot->manager, state->fds, state->crashed_us > 0);

	crash_close_strays();
	if (r == 0 && state->crashed_us == 0)
		replace_helpers(boot);
	return r;
}
