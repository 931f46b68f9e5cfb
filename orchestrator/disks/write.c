/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order WRITE: the root read-write with fstab's options, then the rest of fstab. And the second half of SEPARATE, which is
 * the same for a few paths, without which nobody may log in: there a disk that is missing is waited for longer, and ends it.
 *
 * The remount is of the superblock, and so of every copy of the root's mount at once (see mount_root.c). Without it nothing
 * else makes sense and the order fails; everything after it is reported and passed over, because one lost data disk is no
 * reason to keep a machine from its user. Entries are taken in fstab's order, parents first; each waits for its device, all
 * from the same start, so that three missing disks cost the time of one. What is left to others is said: network file
 * systems, noauto.
 *
 * A device whose superblock still records errors (the check before could not repair it, or was left out) is mounted
 * read-only: its files can be read, and nothing makes it worse.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "early/clock.h"
#include "early/log.h"
#include "early/macros.h"
#include "fstab.h"
#include "hotplug.h"
#include "kernel_words.h"
#include "mount_fstab.h"
#include "repair.h"
#include "report.h"
#include "spec.h"
#include "write.h"

#define DEVICE_TIMEOUT_US (10 * USEC_PER_SEC)
#define SEPARATE_TIMEOUT_US (30 * USEC_PER_SEC)
#define DEVICE_TIMEOUT_MAX_US (90 * USEC_PER_SEC)
#define SLOW_MS 15000
#define FAILED_MAX 512
#define GIVE_UP_AFTER 6 /* slow warnings: a mount that does not end is left behind */

struct write_order {
	struct loop *loop;
	struct report *report;
	struct kernel_words words;
	const char *root;
	struct devices devices;
	struct hotplug hotplug;
	struct loop_timer wait_timer;
	struct fstab fstab;
	struct mounts mounts;
	struct task task;
	struct mount_fstab mount; /* what the task does */
	char *node; /* of mount */
	size_t at; /* entry under way */
	uint64_t start_us;
	bool separate; /* for SEPARATE */
	bool needs_root; /* to be writable */
	bool root_read_only; /* fstab wants it */
	bool has_failed; /* SEPARATE: the first that could not be mounted; told even without memory */
	char failed[FAILED_MAX];
	char failed_why[FAILED_MAX];
	bool waiting; /* for the device of that entry; no task runs */
	void (*on_end)(void *data);
	void *data;
};

struct write_order *write_order_free(struct write_order *order)
{
	if (!order)
		return NULL;
	hotplug_stop(&order->hotplug);
	loop_timer_stop(&order->wait_timer);
	task_abandon(&order->task);
	mounts_done(&order->mounts);
	fstab_done(&order->fstab);
	devices_done(&order->devices);
	free(order->node);
	free(order);
	return NULL;
}

static void finish(struct write_order *order)
{
	hotplug_stop(&order->hotplug);
	loop_timer_stop(&order->wait_timer);
	if (order->has_failed)
		report_failed(order->report, order->failed, order->failed_why,
			      "Connect or repair the disk (e2fsck -f), or correct its line in "
			      "/etc/fstab, "
			      "where nofail boots without it (mount -o remount,rw / first); then: "
			      "earlyctl reboot");
	else
		report_ready(order->report, order->root_read_only);
	order->on_end(order->data);
}

static void take_entries(struct write_order *order);
static void handle_wait_over(struct loop_timer *timer);

static struct fstab_entry *current(struct write_order *order)
{
	return &order->fstab.entries[order->at];
}

static void entry_failed(struct write_order *order, const char *why)
{
	struct fstab_entry *entry = current(order);
	const char *name = strcmp(entry->type, "swap") == 0 ? entry->source : entry->target;

	entry->failed = true;
	if (fstab_option(entry, "nofail", NULL))
		report_progress(order->report, 0, "%s is left out (nofail): %s", name, why);
	else
		report_trouble(order->report, "FAILED to mount %s (%s): %s", name, entry->source,
			       why);
	if (!order->separate || order->has_failed || fstab_option(entry, "nofail", NULL))
		return;
	order->has_failed = true;
	(void)snprintf(order->failed, sizeof(order->failed), "%s (%s) cannot be mounted", name,
		       entry->source);
	(void)snprintf(order->failed_why, sizeof(order->failed_why), "%s", why);
}

static void handle_slow(struct task *task)
{
	struct write_order *order = container_of(task, struct write_order, task);
	struct fstab_entry *entry = current(order);

	report_progress(order->report, 0, "mounting %s: no answer from %s for %u s", entry->target,
			entry->source, task->slow_count * SLOW_MS / 1000);
	if (task->slow_count < GIVE_UP_AFTER)
		return;
	task_abandon(task);
	entry_failed(order, "the disk does not answer; it is no longer waited for");
	order->at++;
	take_entries(order);
}

static void handle_entry_done(struct task *task, int exit_code)
{
	struct write_order *order = container_of(task, struct write_order, task);

	const char *line = task_last_line(task);

	if (exit_code != 0) {
		entry_failed(order, line[0] ? line : "the mounting process died");
	} else {
		/* Mount helpers chatter; what ours says counts. */
		if (line[0] && fstab_classify(current(order)) == FSTAB_SWAP)
			report_trouble(order->report, "%s", line);
		log_info("%s is mounted (%s)", current(order)->target, current(order)->source);
	}
	order->at++;
	take_entries(order);
}

static bool has_recorded_errors(const struct write_order *order, const struct device *device)
{
	enum ext_super_fault fault;
	struct ext_super super;

	return order->words.mode != DISKS_CHECK_SKIP && device->type &&
	       strncmp(device->type, "ext", 3) == 0 &&
	       repair_read_super(device->node, &fault, &super) == 0 && fault == EXT_SUPER_OK &&
	       super.error_state;
}

static int start_entry(struct write_order *order, const struct device *device)
{
	struct fstab_entry *entry = current(order);
	bool is_swap = fstab_classify(entry) == FSTAB_SWAP;

	free(order->node);
	order->node = device ? strdup(device->node) : NULL;
	if (device && !order->node)
		return -ENOMEM;
	order->mount = (struct mount_fstab){
		.entry = entry,
		.node = order->node,
		.root = order->root,
		.read_only = device && !is_swap && has_recorded_errors(order, device),
	};
	if (order->mount.read_only)
		report_trouble(
			order->report,
			"%s (%s) is mounted read-only: its superblock records errors; unmount it "
			"and run e2fsck -f %s",
			entry->target, device->node, device->node);
	return task_start(&order->task, order->loop,
			  &(struct task_spec){
				  .what = "mounting",
				  .run = is_swap ? mount_fstab_swapon : mount_fstab_mount,
				  .data = &order->mount,
				  .on_slow = handle_slow,
				  .slow_ms = SLOW_MS,
				  .on_done = handle_entry_done,
			  });
}

/* Why an entry is not ours to mount now, or NULL. "" says nothing to anybody. */
static const char *reason_to_pass(struct write_order *order, const struct fstab_entry *entry)
{
	CLEANUP(free_charp)
	char *path = NULL;
	struct mount_info info;

	switch (fstab_classify(entry)) {
	case FSTAB_ROOT:
	case FSTAB_NOT_AT_BOOT:
		return "";
	case FSTAB_NETWORK:
		return "it needs the network";
	case FSTAB_SWAP:
		return NULL;
	case FSTAB_LOCAL:
		break;
	}
	if (asprintf(&path, "%s%s", strcmp(order->root, "/") == 0 ? "" : order->root,
		     entry->target) < 0 ||
	    !mounts_find(&order->mounts, path, &info))
		return NULL;
	if (strcmp(info.type, "fuse.early-overlay") == 0) {
		report_trouble(order->report,
			       "%s (%s) is not mounted: a transient overlay lies on it (is it "
			       "reached by a symbolic link?); mount it once that is gone",
			       entry->target, entry->source);
	}
	return "";
}

static const struct fstab_entry *failed_parent(struct write_order *order,
					       const struct fstab_entry *entry)
{
	for (size_t i = 0; i < order->at; i++) {
		const struct fstab_entry *other = &order->fstab.entries[i];

		if (other->failed && other->target[0] == '/' &&
		    fstab_path_is_beneath(entry->target, other->target))
			return other;
	}
	return NULL;
}

/* Waits until the entry's device may be given up. Returns 1 if so, 0 if its time is over. */
static int wait_for_device(struct write_order *order, const struct fstab_entry *entry)
{
	/* A span of hours, or for ever, is not a boot's. */
	uint64_t timeout_us = fstab_device_timeout_us(entry, order->separate ? SEPARATE_TIMEOUT_US
									     : DEVICE_TIMEOUT_US);
	uint64_t deadline_us = order->start_us + MIN(timeout_us, DEVICE_TIMEOUT_MAX_US);

	if (clock_monotonic_us() >= deadline_us ||
	    loop_timer_start(order->loop, &order->wait_timer, deadline_us, handle_wait_over) < 0)
		return 0;
	order->waiting = true;
	report_progress(order->report, 0, "waiting for %s (%s)", entry->source, entry->target);
	return 1;
}

/* -EINVAL with *ret_why: the source names no block device. */
static int find_device(struct write_order *order, const struct fstab_entry *entry,
		       struct device **ret_device, const char **ret_why)
{
	CLEANUP_SPEC struct spec spec = { .value = NULL };
	int r = spec_parse(entry->source, &spec, ret_why);

	if (r < 0)
		return r;
	*ret_device = devices_find(&order->devices, &spec);
	return 0;
}

/* Returns 1 if the entry takes time, 0 if the next may be taken. */
static int take_entry(struct write_order *order)
{
	struct fstab_entry *entry = current(order);
	const char *why = reason_to_pass(order, entry);
	struct device *device = NULL;
	int r;

	if (why) {
		if (why[0])
			log_info("%s is left out: %s", entry->target, why);
		return 0;
	}
	if (failed_parent(order, entry)) {
		entry_failed(order, "what it lies beneath is not mounted");
		return 0;
	}
	if (fstab_has_device(entry)) {
		r = find_device(order, entry, &device, &why);
		if (r == 0 && !device) {
			if (wait_for_device(order, entry))
				return 1;
			why = "its device did not appear";
		}
		if (r < 0 || !device) {
			entry_failed(order, why ? why : strerror(-r));
			return 0;
		}
	}
	r = start_entry(order, device);
	if (r < 0)
		entry_failed(order, strerror(-r));
	return r == 0;
}

static void take_entries(struct write_order *order)
{
	order->waiting = false;
	loop_timer_stop(&order->wait_timer);
	for (; order->at < order->fstab.n_entries; order->at++)
		if (take_entry(order) > 0)
			return;
	finish(order);
}

static void handle_wait_over(struct loop_timer *timer)
{
	take_entries(container_of(timer, struct write_order, wait_timer));
}

static void handle_device(struct hotplug *hotplug, const char *name)
{
	struct write_order *order = container_of(hotplug, struct write_order, hotplug);

	if (name)
		devices_forget(&order->devices, name);
}

static void scan(struct write_order *order)
{
	int r = devices_scan(&order->devices, "/sys", true);

	if (r < 0)
		log_warning_errno(r, "cannot list the block devices");
}

static void handle_settled(struct hotplug *hotplug)
{
	struct write_order *order = container_of(hotplug, struct write_order, hotplug);

	scan(order);
	if (order->waiting)
		take_entries(order);
}

static void begin_others(struct write_order *order)
{
	int r;

	order->start_us = clock_monotonic_us();
	r = hotplug_start(&order->hotplug, order->loop);
	if (r < 0)
		log_warning_errno(r, "no uevents: a disk that appears late is not mounted");
	scan(order);
	take_entries(order);
}

/* --- the root --- */

static void fail(struct write_order *order, const char *why)
{
	report_failed(
		order->report, "the root cannot be made writable", why,
		"The system goes on in memory and loses what is written when it is switched off. "
		"Look at the root's options in /etc/fstab and at the disk's health; then: mount -o "
		"remount,rw /");
	order->on_end(order->data);
}

static void handle_remounted(struct task *task, int exit_code)
{
	struct write_order *order = container_of(task, struct write_order, task);
	const char *line = task_last_line(task);

	if (exit_code != 0) {
		fail(order, line[0] ? line : "the mounting process died");
		return;
	}
	if (line[0])
		report_trouble(order->report, "%s", line);
	report_writable(order->report);
	begin_others(order);
}

static void handle_remount_slow(struct task *task)
{
	struct write_order *order = container_of(task, struct write_order, task);

	report_progress(order->report, 0,
			"making the root writable: no answer from the disk for %u s",
			task->slow_count * SLOW_MS / 1000);
}

static const struct fstab_entry *root_entry(const struct fstab *fstab)
{
	for (size_t i = 0; i < fstab->n_entries; i++)
		if (fstab_classify(&fstab->entries[i]) == FSTAB_ROOT)
			return &fstab->entries[i];
	return NULL;
}

static int begin(struct write_order *order, char *const *paths)
{
	int r = mounts_read(&order->mounts);

	if (r == 0)
		r = fstab_read(&order->fstab, order->root);
	if (r < 0)
		return r;
	order->needs_root = !paths || fstab_keep_separate(&order->fstab, paths);
	order->mount = (struct mount_fstab){
		.entry = root_entry(&order->fstab),
		.root = order->root,
	};
	order->root_read_only = order->mount.entry && !order->words.root_writable &&
				fstab_option(order->mount.entry, "ro", NULL);
	if (order->root_read_only)
		log_info("the root stays read-only, as /etc/fstab says");
	if (order->root_read_only || !order->needs_root) {
		begin_others(order);
		return 0;
	}
	report_progress(order->report, 0, "making the root writable");
	return task_start(&order->task, order->loop,
			  &(struct task_spec){
				  .what = "making the root writable",
				  .run = mount_fstab_remount_root,
				  .data = &order->mount,
				  .on_slow = handle_remount_slow,
				  .slow_ms = SLOW_MS,
				  .on_done = handle_remounted,
			  });
}

int write_order_start(struct write_order **ret_order, struct loop *loop, struct report *report,
		      const struct kernel_words *words, const char *root, char *const *paths,
		      void (*on_end)(void *data), void *data)
{
	struct write_order *order = calloc(1, sizeof(*order));
	int r;

	if (!order)
		return -ENOMEM;
	devices_init(&order->devices);
	order->loop = loop;
	order->report = report;
	order->words = *words;
	order->root = root;
	order->on_end = on_end;
	order->data = data;
	order->hotplug.fd = -1;
	order->hotplug.on_device = handle_device;
	order->hotplug.on_settled = handle_settled;
	*ret_order = order;
	order->separate = paths != NULL;
	r = begin(order, paths);
	if (r < 0)
		fail(order, strerror(-r));
	return 0;
}
