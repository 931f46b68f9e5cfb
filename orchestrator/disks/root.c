/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order ROOT: find the root device, look whether it may be mounted, repair it if not, mount it.
 *
 *	waiting --found--> looking --errors--> repairing --in order--> mounting --> MOUNTED
 *	   |                  |                    |                       |
 *	time out           refused              refused                 refused   --> FAILED
 *
 * Between found and looking a hibernated image is resumed, if there is one: after any mount it would be too late.
 *
 * Waiting costs nothing: uevents wake us, sysfs is looked at before the first and after each. Everything that touches the
 * disk for long is a child. Nothing here destroys anything by itself: a superblock that cannot be right is shown to a
 * person, with the command that would try its backup.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "early/clock.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/overlay_paths.h"
#include "early/settings.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "fstab.h"
#include "hotplug.h"
#include "mount_root.h"
#include "repair.h"
#include "report.h"
#include "resume.h"
#include "root.h"
#include "spec.h"

#define WAIT_FOR_EVER UINT32_MAX /* rootwait */
#define SLOW_MOUNT_MS 10000
#define RESUME_WAIT_MS 5000 /* for the device of resume=, once the root is there */

struct root_order {
	struct loop *loop;
	struct report *report;
	struct devices devices;
	struct hotplug hotplug;
	struct loop_timer wait_timer;
	struct resume resume;
	struct repair repair;
	struct task mount_task;
	struct mount_root mount;
	struct spec spec;
	struct kernel_words words;
	struct spec resume_spec; /* value NULL: resume= was not given */
	char *spec_text;
	char *usage; /* of the root device's content */
	const char *sys;
	char *fstype; /* rootfstype= */
	char *flags; /* rootflags= */
	char *target;
	char *node; /* of the device, once found */
	char *type; /* of its content, by libblkid; NULL: not known */
	char mounted_type[32];
	size_t mounted_type_len;
	uint32_t wait_ms;
	void (*on_end)(void *data);
	void *data;
};

struct root_order *root_order_free(struct root_order *order)
{
	if (!order)
		return NULL;
	hotplug_stop(&order->hotplug);
	loop_timer_stop(&order->wait_timer);
	resume_done(&order->resume);
	repair_done(&order->repair);
	task_abandon(&order->mount_task);
	strv_free(order->mount.types);
	spec_done(&order->spec);
	spec_done(&order->resume_spec);
	devices_done(&order->devices);
	free(order->spec_text);
	free(order->usage);
	free(order->fstype);
	free(order->flags);
	free(order->target);
	free(order->node);
	free(order->type);
	free(order);
	return NULL;
}

static void fail(struct root_order *order, const char *why, const char *advice, const char *fmt,
		 ...) PRINTF_LIKE(4, 5);

static void fail(struct root_order *order, const char *why, const char *advice, const char *fmt,
		 ...)
{
	CLEANUP_STRBUF struct strbuf what = STRBUF_INIT;
	va_list args;

	va_start(args, fmt);
	strbuf_vprintf(&what, fmt, args);
	va_end(args);
	report_failed(order->report, what.data ? what.data : "the root cannot be mounted", why,
		      advice);
	order->on_end(order->data);
}

/* --- mounting --- */

static void handle_mount_type(struct task *task, const char *data, size_t len)
{
	struct root_order *order = container_of(task, struct root_order, mount_task);
	size_t room = sizeof(order->mounted_type) - 1 - order->mounted_type_len;

	len = MIN(len, room);
	memcpy(order->mounted_type + order->mounted_type_len, data, len);
	order->mounted_type_len += len;
}

static void handle_mount_slow(struct task *task)
{
	struct root_order *order = container_of(task, struct root_order, mount_task);

	report_progress(order->report, 0, "mounting %s: no answer from the disk for %u s",
			order->node, task->slow_count * SLOW_MOUNT_MS / 1000);
}

static void tell_mounted(struct root_order *order)
{
	struct fstab fstab = { NULL, 0 };
	struct overlay_paths overlays;
	int r = fstab_read(&fstab, order->target);

	if (r < 0)
		log_errno(r, "%s/etc/fstab cannot be read", order->target);
	r = overlay_paths_read(order->target, &overlays);
	if (r < 0)
		log_warning_errno(r, "%s" SETTINGS_FILE " cannot be read", order->target);
	report_mounted(order->report, order->node, order->mounted_type, &fstab, &overlays);
	fstab_done(&fstab);
	order->on_end(order->data);
}

static void handle_mount_done(struct task *task, int exit_code)
{
	struct root_order *order = container_of(task, struct root_order, mount_task);
	const char *why;

	if (exit_code == 0) {
		tell_mounted(order);
		return;
	}
	why = task_last_line(task);
	fail(order, why[0] ? why : "the mounting process died",
	     "Edit the kernel line at the boot loader: rootfstype= and rootflags= must fit the "
	     "file "
	     "system; early.stock boots the distribution's own init",
	     "the root file system on %s cannot be mounted", order->node);
}

static void start_mount(struct root_order *order)
{
	int r = mount_root_types(order->fstype, order->type, &order->mount.types);

	if (r == 0 && strv_length(order->mount.types) == 0) {
		fail(order, "its content is not known",
		     "If it does hold the root, say its type at the boot loader: rootfstype=ext4. "
		     "A "
		     "damaged ext4 may still have a good backup superblock: e2fsck -b 32768 "
		     "DEVICE, "
		     "from a rescue system",
		     "%s holds no file system that can be recognised", order->node);
		return;
	}
	order->mount.device = order->node;
	order->mount.options = order->flags;
	order->mount.target = order->target;
	order->mount.result_fd = TASK_PROGRESS_FD;
	if (r == 0)
		r = task_start(&order->mount_task, order->loop,
			       &(struct task_spec){
				       .what = "mounting the root",
				       .run = mount_root_run,
				       .data = &order->mount,
				       .on_progress = handle_mount_type,
				       .on_slow = handle_mount_slow,
				       .slow_ms = SLOW_MOUNT_MS,
				       .on_done = handle_mount_done,
			       });
	if (r < 0)
		fail(order, strerror(-r), "The machine has too little memory to go on",
		     "no process could be started to mount %s", order->node);
}

/* --- repairing --- */

static const char backup_advice[] = "Nothing was changed. From a rescue system, try a backup of "
				    "the superblock: e2fsck -b 32768 "
				    "DEVICE (-b 8193 if its blocks have 1 KiB). If the disk is "
				    "failing, copy it first (ddrescue)";

static void handle_repair_done(struct repair *repair, int exit_code);

static void start_repair(struct root_order *order, enum repair_kind kind)
{
	int r = repair_start(&order->repair, order->loop, order->report, order->node, kind, false,
			     handle_repair_done, order);

	if (r < 0)
		fail(order, strerror(-r), "The initramfs is incomplete: make a new one",
		     "e2fsck could not be started for %s", order->node);
}

static void handle_repair_done(struct repair *repair, int exit_code)
{
	struct root_order *order = repair->data;
	enum check_step step = repair->kind == REPAIR_YES ? CHECK_STEP_YES : CHECK_STEP_PREEN;
	const char *why;

	switch (check_plan_next(step, exit_code, order->words.repair)) {
	case CHECK_NEXT_MOUNT:
		log_info("%s is in order again", order->node);
		start_mount(order);
		return;
	case CHECK_NEXT_YES:
		start_repair(order, REPAIR_YES);
		return;
	case CHECK_NEXT_REFUSE:
		break;
	}
	why = task_last_line(&repair->task);
	fail(order, why[0] ? why : "e2fsck was stopped by a signal",
	     step == CHECK_STEP_PREEN
		     ? "To let e2fsck answer yes to every question, boot with fsck.repair=yes on "
		       "the "
		       "kernel line; to look first, run e2fsck by hand from a rescue system"
		     : backup_advice,
	     "the root file system on %s could not be repaired (e2fsck's exit code: %d)",
	     order->node, exit_code);
}

/* --- looking --- */

static void follow_plan(struct root_order *order, const struct check_plan *plan)
{
	switch (plan->action) {
	case CHECK_ACTION_REPAIR:
		log_warning("%s is repaired before it is mounted: %s", order->node, plan->reason);
		start_repair(order, REPAIR_PREEN);
		return;
	case CHECK_ACTION_REFUSE:
		fail(order, plan->reason, backup_advice,
		     "the root file system on %s is damaged, or of another type", order->node);
		return;
	case CHECK_ACTION_MOUNT:
		if (plan->reason)
			report_trouble(order->report,
				       "%s is mounted (read-only) without a repair, although %s%s",
				       order->node, plan->reason,
				       repair_find_e2fsck() ? "" : ": there is no e2fsck here");
		start_mount(order);
		return;
	}
}

static void look_at_ext(struct root_order *order)
{
	struct check_facts facts = {
		.mode = order->words.mode,
		.repair = order->words.repair,
		.have_fsck = repair_find_e2fsck() != NULL,
	};
	struct ext_super super;
	struct check_plan plan;
	int r = repair_read_super(order->node, &facts.fault, &super);

	if (r < 0) {
		fail(order, strerror(-r), "Look at the disk's cable and health (smartctl -a)",
		     "%s cannot be read", order->node);
		return;
	}
	facts.super = &super;
	plan = check_plan_before_mount(&facts);
	follow_plan(order, &plan);
}

/* Content that is known, but is no file system: why it cannot be the root. */
static const char *explain_content(const char *type)
{
	if (strcmp(type, "crypto_LUKS") == 0)
		return "it is encrypted (LUKS), which is not supported yet";
	if (strcmp(type, "LVM2_member") == 0)
		return "it belongs to an LVM volume group: name the volume, "
		       "/dev/mapper/GROUP-VOLUME";
	if (strcmp(type, "linux_raid_member") == 0)
		return "it belongs to a RAID array: name the array, /dev/mdN";
	if (strcmp(type, "swap") == 0)
		return "it is swap space";
	return "it holds no file system";
}

static void look(struct root_order *order)
{
	if (order->usage && strcmp(order->usage, "filesystem") != 0)
		fail(order, explain_content(order->type),
		     "Say at the boot loader where the root is: root=UUID=…",
		     "%s cannot be the root: it holds %s", order->node, order->type);
	else if (strncmp(order->type ? order->type : order->fstype, "ext", 3) == 0)
		look_at_ext(order);
	else
		start_mount(order);
}

/* --- resuming --- */

static void handle_not_resumed(struct resume *resume)
{
	look(resume->data);
}

/* Returns 1 if @device holds an image and the kernel has got it. */
static int try_resume(struct root_order *order, const struct device *device)
{
	int r;

	if (!resume_has_image(device, order->words.resume_offset))
		return 0;
	r = resume_start(&order->resume, order->loop, order->report, order->sys, device,
			 order->words.resume_offset, handle_not_resumed, order);
	return r < 0 ? log_warning_errno(r, "cannot resume from %s", device->node) : 1;
}

/* Without resume= every swap space with an image counts: mounting would destroy what it was made of. */
static int try_resume_from_any(struct root_order *order)
{
	struct device *device;

	list_for_each (device, &order->devices.list, link)
		if (device->type && strcmp(device->type, "swsuspend") == 0 &&
		    try_resume(order, device) > 0)
			return 1;
	return 0;
}

static void stop_waiting(struct root_order *order)
{
	hotplug_stop(&order->hotplug);
	loop_timer_stop(&order->wait_timer);
}

/* Returns 1 if the device of resume= is there; then the order may be gone. */
static int look_for_resume_device(struct root_order *order)
{
	struct device *device = devices_find(&order->devices, &order->resume_spec);

	if (!device)
		return 0;
	stop_waiting(order);
	if (try_resume(order, device) <= 0)
		look(order);
	return 1;
}

static void handle_no_resume_device(struct loop_timer *timer)
{
	struct root_order *order = container_of(timer, struct root_order, wait_timer);

	report_trouble(order->report, "there is no device resume=%s: nothing is resumed",
		       order->words.resume);
	stop_waiting(order);
	look(order);
}

static void wait_for_resume_device(struct root_order *order)
{
	int r = loop_timer_start(order->loop, &order->wait_timer,
				 clock_monotonic_us() + RESUME_WAIT_MS * USEC_PER_MSEC,
				 handle_no_resume_device);

	if (r < 0) {
		log_warning_errno(r, "no timer, so no waiting for resume=%s", order->words.resume);
		stop_waiting(order);
		look(order);
		return;
	}
	report_progress(order->report, 0, "waiting for resume=%s", order->words.resume);
}

static void begin_resume(struct root_order *order)
{
	const char *why = NULL;
	int r;

	if (order->words.no_resume || resume_is_possible(order->sys) < 0) {
		stop_waiting(order);
		look(order);
		return;
	}
	r = devices_scan(&order->devices, order->sys, true);
	if (r < 0)
		log_warning_errno(r, "cannot list the block devices");
	if (order->words.resume[0] &&
	    spec_parse(order->words.resume, &order->resume_spec, &why) == 0) {
		if (!look_for_resume_device(order))
			wait_for_resume_device(order);
		return;
	}
	if (why)
		report_trouble(order->report, "resume=%s names no block device: %s",
			       order->words.resume, why);
	stop_waiting(order);
	if (!try_resume_from_any(order))
		look(order);
}

static void take_device(struct root_order *order, struct device *device)
{
	loop_timer_stop(&order->wait_timer);
	if (!device->content_read)
		device_read_content(device);
	order->node = strdup(device->node);
	if (device->type)
		order->type = strdup(device->type);
	if (device->usage)
		order->usage = strdup(device->usage);
	if (!order->node || (device->type && !order->type) || (device->usage && !order->usage)) {
		stop_waiting(order);
		fail(order, strerror(ENOMEM), "The machine has too little memory to go on",
		     "the root device was found but cannot be used");
		return;
	}
	log_info("root device %s is %s, %s", order->spec_text, order->node,
		 order->type ? order->type : "of unknown content");
	begin_resume(order);
}

/* --- waiting --- */

/* Returns 1 if it was found; then the order may be gone. */
static int look_for_device(struct root_order *order)
{
	struct device *device;
	int r = devices_scan(&order->devices, order->sys, spec_needs_content(&order->spec));

	if (r < 0)
		log_warning_errno(r, "cannot list the block devices");
	device = devices_find(&order->devices, &order->spec);
	if (!device)
		return 0;
	take_device(order, device);
	return 1;
}

static void give_up(struct root_order *order)
{
	CLEANUP_STRBUF struct strbuf why = STRBUF_INIT;
	struct device *device;

	list_for_each (device, &order->devices.list, link)
		if (!device->content_read)
			device_read_content(device);
	strbuf_puts(&why, "the block devices are: ");
	devices_describe(&order->devices, &why);
	fail(order, strbuf_error(&why) ? "out of memory" : why.data,
	     "At the boot loader, edit the kernel line: root=UUID=… of one of these, or "
	     "root=/dev/NAME; "
	     "rootdelay=30 waits longer for a slow disk. If the disk is not among them, the "
	     "initramfs "
	     "lacks its driver: make a new one. early.stock boots the distribution's own init",
	     "root device %s did not appear within %.3g s", order->spec_text,
	     order->wait_ms / 1000.0);
}

static void handle_device(struct hotplug *hotplug, const char *name)
{
	struct root_order *order = container_of(hotplug, struct root_order, hotplug);

	if (name)
		devices_forget(&order->devices, name);
}

static void handle_settled(struct hotplug *hotplug)
{
	struct root_order *order = container_of(hotplug, struct root_order, hotplug);
	int r;

	if (!order->node) {
		(void)look_for_device(order);
		return;
	}
	/* The root is there; what is waited for is the device of resume=. */
	r = devices_scan(&order->devices, order->sys, true);
	if (r < 0)
		log_warning_errno(r, "cannot list the block devices");
	(void)look_for_resume_device(order);
}

static void handle_wait_over(struct loop_timer *timer)
{
	struct root_order *order = container_of(timer, struct root_order, wait_timer);

	hotplug_stop(&order->hotplug);
	if (!look_for_device(order)) /* what a full socket may have swallowed */
		give_up(order);
}

static void start_waiting(struct root_order *order)
{
	int r = 0;

	if (order->wait_ms != WAIT_FOR_EVER)
		r = loop_timer_start(order->loop, &order->wait_timer,
				     clock_monotonic_us() + order->wait_ms * USEC_PER_MSEC,
				     handle_wait_over);
	if (r < 0) {
		log_warning_errno(r, "no timer, so no waiting for the root device");
		give_up(order);
		return;
	}
	report_progress(order->report, 0, "waiting for the root device %s", order->spec_text);
}

static bool link_needs_udev(const struct root_order *order)
{
	return order->spec.kind == SPEC_LINK &&
	       (strstr(order->spec.value, "/by-id/") || strstr(order->spec.value, "/by-path/"));
}

static void begin(struct root_order *order)
{
	const char *why = NULL;
	int r = spec_parse(order->spec_text, &order->spec, &why);

	if (r < 0) {
		fail(order, why ? why : strerror(-r),
		     "At the boot loader, edit the kernel line: root=UUID=…, root=LABEL=…, "
		     "root=PARTUUID=… or root=/dev/NAME",
		     "root=%s names no block device", order->spec_text);
		return;
	}
	r = hotplug_start(&order->hotplug, order->loop);
	if (r < 0)
		log_warning_errno(r,
				  "no uevents: a device that appears late is seen at the deadline");
	if (look_for_device(order))
		return;
	if (link_needs_udev(order))
		fail(order,
		     "names under by-id and by-path are made by udev, which does not run yet",
		     "Name it by its content instead: root=UUID=… (blkid shows it)",
		     "root=%s cannot be found in the initramfs", order->spec_text);
	else
		start_waiting(order);
}

int root_order_start(struct root_order **ret_order, struct loop *loop, struct report *report,
		     const struct disks_root *wanted, const struct kernel_words *words,
		     const char *sys, void (*on_end)(void *data), void *data)
{
	struct root_order *order = calloc(1, sizeof(*order));

	if (!order)
		return -ENOMEM;
	devices_init(&order->devices);
	order->loop = loop;
	order->report = report;
	order->words = *words;
	order->words.mode = (enum disks_check_mode)wanted->check;
	order->wait_ms = wanted->wait_ms;
	order->sys = sys;
	order->on_end = on_end;
	order->data = data;
	order->hotplug.fd = -1;
	order->hotplug.on_device = handle_device;
	order->hotplug.on_settled = handle_settled;
	order->spec_text = strdup(wanted->spec);
	order->fstype = strdup(wanted->fstype);
	order->flags = strdup(wanted->flags);
	order->target = strdup(wanted->target);
	if (!order->spec_text || !order->fstype || !order->flags || !order->target) {
		root_order_free(order);
		return -ENOMEM;
	}
	*ret_order = order;
	begin(order);
	return 0;
}
